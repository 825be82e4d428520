/* host - what services need around them: a loop, a reaper, signals, a logd, and one service of an INI text.
 *
 * A test is a forked process, so all of it may be static. The cgroups are the machine's, or none. */
#ifndef PM1_TESTS_HOST_H
#define PM1_TESTS_HOST_H

#include "base/log.h"
#include "base/own.h"
#include "core/process.h"
#include "core/outputs.h"
#include "loop/signals.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/model/load.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct loop *loop;
static struct signals *signals;
static struct service_host host;
static struct loaded loaded;
static struct service *service;
static sigset_t mask_before;
static unsigned int n_changed, n_ended;

static void host_on_signal(void *ctx, int sig, pid_t from)
{
	(void)ctx;
	(void)from;
	if (sig == SIGCHLD)
		reaper_drain(host.reaper);
}

static void host_on_orphans(void *ctx, size_t n)
{
	(void)ctx;
	(void)n;
	if (service)
		service_check_empty(service);
}

static void host_changed(void *ctx, struct service *s)
{
	(void)ctx;
	(void)s;
	n_changed++;
}

static void host_ended(void *ctx, struct service *s)
{
	(void)ctx;
	(void)s;
	n_ended++;
}

static char host_trouble[256]; /* the last that was told */
static void host_on_trouble(void *ctx, const char *name, const char *path, int error)
{
	(void)ctx;
	snprintf(host_trouble, sizeof(host_trouble), "%s %s: %s", name, path, error ? err_text(error) : "works");
}

/* In a folder of its own, with nothing faked yet. */
static inline void host_begin(void)
{
	folder_enter();
	log_setup(-1, LOG_ERROR, false); /* what is expected to fail would fill the screen */
	cr_assert_not_null(getenv("PM1"), "PM1 is the binary to run as logd: see the Makefile's target unit");
	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	cr_assert_eq(signals_block(&mask_before), 0);
	cr_assert_eq(loop_new(&loop), 0);
	cr_assert_eq(signals_new(loop, host_on_signal, NULL, &signals), 0);
	static char *env[] = { (char *)"PATH=/usr/bin:/bin", NULL };
	host = (struct service_host){ .loop = loop, .mask = &mask_before, .oom_score_adj = INT_MIN, .environ = env, .boot_id = 0xabc,
				      .changed = host_changed, .ended = host_ended };
	cr_assert_eq(reaper_new(host_on_orphans, NULL, &host.reaper), 0);
	struct logpipe_config cfg = { .loop = loop, .reaper = host.reaper, .console_fd = -1, .exe = getenv("PM1"),
				      .trouble = host_on_trouble };
	cr_assert_eq(logpipe_new(&cfg, &host.logs), 0);
	/* No cgroups: kin.h finds the processes. */
	sys_fake_fail_always("open", ENOENT);
	cr_assert_eq(cgroups_open(&host.cgroups), 0);
	sys_fake_reset();
}

/* Whatever a failed test has left running. */
static inline void host_kill_children(void)
{
	char path[64];
	int seen = 1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	while (seen > 0) {
		char *end;
		seen = 0;
		for (const char *p = folder_get(path); *p; p = end + strspn(end, " \n")) {
			pid_t pid = (pid_t)strtol(p, &end, 10);
			if (end == p)
				break;
			seen++;
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
		}
	}
}

static inline void host_done(void)
{
	sys_fake_reset();
	if (service)
		process_kill_all(service);
	service_free(service);
	if (loaded.diag)
		unload(&loaded);
	if (logpipe_pid(host.logs) > 0)
		(void)kill(logpipe_pid(host.logs), SIGKILL);
	host_kill_children();
	logpipe_free(host.logs);
	cgroups_close(host.cgroups);
	reaper_free(host.reaper);
	signals_free(signals);
	loop_free(loop);
	folder_leave();
}

/* The service of a text with one section. */
static inline void host_service(const char *text)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/pm1.ini", folder);
	loaded = (struct loaded){ .diag = diag_new() };
	loaded.r = config_parse(path, text, strlen(text), NULL, loaded.diag, &loaded.c);
	cr_assert_eq(loaded.r, 0, "%s", diag_count(loaded.diag) ? diag_text(loaded.diag, 0) : "");
	cr_assert_eq(service_new(&host, loaded.c.specs[0], 0, 0, &(struct outputs_place){ .log_dir = folder }, &service), 0);
}

/* Runs the loop until the condition holds; Criterion's timeout is the limit. */
#define HOST_UNTIL(condition)                                                                                          \
	do {                                                                                                           \
		while (!(condition))                                                                                   \
			cr_assert_eq(loop_once(loop), 0);                                                              \
	} while (0)

static inline const char *host_last_cause(void)
{
	return service->history_n ? service->history[(service->history_n - 1) % SERVICE_HISTORY].cause : "";
}

static inline bool host_was(enum state state)
{
	for (unsigned int i = 0; i < SERVICE_HISTORY && i < service->history_n; i++)
		if (service->history[i].to == state)
			return true;
	return false;
}

#endif
