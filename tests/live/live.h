/* live - a real pm1 for one test: its folder, its output, its socket, its end.
 *
 * live_start() runs `pm1 run` (or any argv) as PID 1 of a new PID and mount namespace, or as an ordinary process; PM1_HOME is
 * a folder of the test's own. Every wait is bounded (LIVE_WAIT seconds) and fails the test with what was seen. */
#ifndef PM1_TESTS_LIVE_H
#define PM1_TESTS_LIVE_H

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#define LIVE_WAIT 60

enum {
	LIVE_PID1 = 1, /* PID 1 of a new namespace; else an ordinary process (pm1 becomes a subreaper) */
	LIVE_NO_CGROUP = 2, /* nothing that looks like a cgroup can be written */
	LIVE_FALLBACKS = 4, /* clone3, pidfd_*, close_range are refused */
	LIVE_READ_ONLY_LOGS = 8, /* the log folder is a tiny tmpfs */
};

struct live {
	pid_t pid;
	int pidfd;
	int out; /* stdout and stderr of pm1, in one pipe */
	char dir[64];
	char *text; /* all of the output so far, NUL-ended */
	size_t len;
	size_t seen; /* how far live_line() has come */
};

/* Called in the process that becomes pm1, right before it does, in the namespaces of the test. NULL: nothing. */
extern void (*live_before)(void);

/* Writes `ini` to DIR/pm1.ini (@PROG@ and @DIR@ are replaced) and runs `pm1 run DIR/pm1.ini`. */
void live_start(struct live *l, int how, const char *ini);
/* The same with another command line after pm1; NULL-ended. No INI is written when ini is NULL. */
void live_exec(struct live *l, int how, const char *ini, const char *const *args);
void live_ini(struct live *l, const char *ini); /* writes it anew */
char *live_path(struct live *l, const char *name); /* DIR/name, in a static buffer */

void live_line(struct live *l, const char *part); /* waits until the output, after what was found before, holds it */
void live_signal(struct live *l, int sig);
int live_end(struct live *l); /* waits for the end: the exit code, or 128 + signal; frees everything */
int live_stop(struct live *l); /* SIGTERM, then live_end() */

/* A call on the control socket. The whole reply {"parameters":...} or {"error":...}; the caller's. */
json_t *live_call(struct live *l, const char *method, const char *params_fmt, ...);
/* A fresh report of one service (borrowed until the next call), or NULL. */
json_t *live_service(struct live *l, const char *name);
/* Waits until pm2_env.status is this. */
void live_status(struct live *l, const char *name, const char *status);
/* Waits until a text of the report is this. */
void live_text_is(struct live *l, const char *name, const char *where, const char *text);
/* Waits until a number of the report ("pm1.cap.oom_kills", "pm2_env.restart_time") is at least `value`. */
void live_number(struct live *l, const char *name, const char *where, json_int_t value);
json_int_t live_get(struct live *l, const char *name, const char *where);
const char *live_text(struct live *l, const char *name, const char *where);

void live_file_has(const char *path, const char *part); /* waits */
void live_file_there(const char *path); /* waits until it is there */
char *live_file(const char *path, size_t *ret_size); /* whole; the caller's */
int live_socket(struct live *l); /* a connected control socket */
/* How many processes whose command line holds `part` are alive (zombies are not) outside of pm1 itself. */
int live_count(struct live *l, const char *part);
void live_count_is(struct live *l, const char *part, int n); /* waits */
void live_no_zombies(struct live *l); /* waits */
const char *live_env(const char *name); /* PM1, PROG, DENY: must be there */

#endif
