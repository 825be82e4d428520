/* Any bytes as a configuration (max_len=16384): it ends, leaks nothing, and either says what is wrong or gives services
 * that keep what spec.h promises. Includes and files of variables find nothing: the folder isn't there. */
#include "base/own.h"
#include "model/config.h"
#include "tests/fuzz/must.h"

#include <errno.h>
#include <stdint.h>

static void check(const struct config *c)
{
	char path[8192];

	for (size_t i = 0; i < c->n; i++) {
		const struct spec *s = c->specs[i];

		must(!spec_name_fault(s->name));
		must(s->argv.n > 0 && s->argv.v[s->argv.n] == NULL);
		must(s->cwd[0] == '/');
		must(s->instances >= 1 && s->instances <= SPEC_INSTANCES_MAX);
		must(spec_equal(s, s));
		must(s->log_date_format != NULL);
		(void)spec_log_path(s, s->instances - 1, s->out_file, "out", "/var/log/pm1", path, sizeof(path));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *const env[] = { (char *)"A=1", (char *)"Q=\"'\\ $x", NULL };
	struct diag *d = diag_new();
	struct config c = { 0 };
	int r = config_parse("/nonexistent/pm1/fuzz.ini", (const char *)data, size, env, d, &c);

	must((r == 0) == (diag_errors(d) == 0));
	must(r == 0 || r == -EINVAL);
	if (r == 0)
		check(&c);
	config_done(&c);
	diag_free(d);
	return 0;
}
