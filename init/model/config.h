/* config - INI files to specs.
 *
 * inih parses, fed by our own reader that knows line numbers, accepts BOM and CRLF,
 * protects quoted text from inih's inline comments, hands long lines over in continuation
 * pieces (a value of 64 KiB works), and refuses by name what is too long, NUL
 * bytes and broken UTF-8. Sections: [pm1], [defaults] (for the services below it in that
 * file and its includes), [service:NAME], [service:NAME:OVERLAY] in the same file; `include = dir/GLOB` in [pm1] or before any section. Sections and keys
 * beginning with x- are left alone. ${VAR} and ${VAR:-default} expand from the
 * environment given; $$ is a dollar sign. */
#ifndef PM1_MODEL_CONFIG_H
#define PM1_MODEL_CONFIG_H

#include "base/diag.h"
#include "model/spec.h"

#define CONFIG_VALUE_MAX ((size_t)64 * 1024) /* bytes of one value */
#define CONFIG_FILE_MAX ((size_t)16 * 1024 * 1024) /* bytes of one file */
#define CONFIG_INCLUDE_DEPTH 8

struct config {
	struct spec_pm1 pm1;
	bool has_pm1; /* a [pm1] section with at least one key was there */
	struct spec **specs; /* owned references, in file order */
	size_t n;
	char *path; /* absolute path of the top file */
	char *overlay; /* NULL: none was asked for */
};

/* Loads `path` and what it includes. vars may be NULL: none. Collects all faults in diag. Returns 0 (perhaps
 * with warnings), -EINVAL (faults; *ret holds nothing), -ENOENT and other -errno of the top file (also in diag), -ENOMEM. */
int config_load(const char *path, char *const *vars, struct diag *diag, struct config *ret);
/* The same with what the sections [service:NAME:OVERLAY] say laid on top of their services. `overlay` NULL: none; a fault when no
 * section is called so. */
int config_load_overlay(const char *path, const char *overlay, char *const *vars, struct diag *diag, struct config *ret);
/* The same from memory, as if it were the file `path` (includes are looked up beside it). For the fuzzer and tests. */
int config_parse(const char *path, const char *data, size_t n, char *const *vars, struct diag *diag,
		 struct config *ret);
int config_parse_overlay(const char *path, const char *overlay, const char *data, size_t n, char *const *vars, struct diag *diag,
			 struct config *ret);
void config_done(struct config *c);

/* A service from a command line: name (NULL: the basename of argv[0] without extension), argv, cwd, the caller's environment, and options as
 * "key=value" of the keys table. 0 and a reference, -EINVAL (faults in diag), -ENOMEM. */
int config_adhoc(const char *name, char *const *argv, const char *cwd, char *const *env, char *const *options,
		 struct diag *diag, struct spec **ret);

#endif
