/* supervisor_events - what signals to pm1 mean, and what the parts tell each other while it runs. */
#include "supervisor_impl.h"

#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "wire/logsocket.h"

#include <unistd.h>

/* From the last service's end to the end of logd: what is still in the pipes must reach a disk. */
#define LOGS_END_MAX (2 * USEC_SEC)

/* Signals to pm1. */

static void log_line(void *ctx, const char *text)
{
	(void)ctx;
	log_notice("reload: %s", text);
}

static void reload(struct supervisor *sv)
{
	struct changes changes = { 0 };
	struct diag *diag = diag_new();
	if (!diag)
		return;
	int r = manager_reload(sv->manager, "reload by SIGHUP", false, diag, &changes);
	for (size_t i = 0; i < diag_count(diag); i++)
		log_msg(diag_level(diag, i) == DIAG_ERROR ? LOG_ERROR : LOG_WARNING, "%s", diag_text(diag, i));
	changes_tell(&changes, log_line, NULL);
	changes_done(&changes);
	if (r < 0)
		log_error("reload: the files have faults; nothing is changed");
	diag_free(diag);
}

void supervisor_end_machine(void *ctx, enum machine_end how)
{
	static const char *const words[] = { "poweroff", "reboot", "halt" };
	struct supervisor *sv = ctx;

	sv->ending_machine = true;
	sv->how = how;
	manager_shutdown(sv->manager, 0, words[how]);
}

static void on_machine_signal(struct supervisor *sv, int sig)
{
	/* busybox init's and sysvinit's meanings: ctrl-alt-del comes as INT, a power failure as PWR. */
	if (sig == SIGINT || sig == SIGTERM)
		supervisor_end_machine(sv, MACHINE_REBOOT);
	else if (sig == SIGPWR || sig == SIGUSR2)
		supervisor_end_machine(sv, MACHINE_POWEROFF);
}

void supervisor_on_signal(void *ctx, int sig, pid_t from)
{
	struct supervisor *sv = ctx;
	char name[16], cause[64];

	(void)from;
	switch (sig) {
	case SIGCHLD:
		reaper_drain(sv->reaper);
		return;
	case SIGHUP:
		reload(sv);
		return;
	case SIGUSR1:
		log_notice("SIGUSR1: opening the log files anew");
		logpipe_reopen(sv->logs);
		return;
	case SIGTERM:
	case SIGINT:
	case SIGQUIT:
		if (sv->mode == SUPERVISOR_MACHINE)
			break;
		(void)text_format(cause, sizeof(cause), "%s", signal_text(sig, name, sizeof(name)));
		manager_shutdown(sv->manager, 0, cause);
		return;
	default:
		break;
	}
	if (sv->mode == SUPERVISOR_MACHINE)
		on_machine_signal(sv, sig);
	if (sig < 64 && (sv->config.pm1.forward_signals & (UINT64_C(1) << sig)))
		manager_signal_all(sv->manager, sig);
}

/* News from below. */

void supervisor_on_orphans(void *ctx, size_t n)
{
	struct supervisor *sv = ctx;

	(void)n;
	if (sv->manager)
		manager_orphans(sv->manager);
}

void supervisor_on_cgroup_news(void *ctx, int fd, uint32_t events)
{
	struct supervisor *sv = ctx;

	(void)fd;
	(void)events;
	manager_news(sv->manager);
}

void supervisor_on_log_trouble(void *ctx, const char *name, const char *path, int error)
{
	(void)ctx;
	if (error)
		log_error("%s: cannot write its log %s: %s; until that is mended what it says is dropped and counted, or waits (log_overflow)", name, path,
			  logsocket_trouble_text(error));
	else
		log_notice("%s: its log %s can be written again", name, path);
}

void supervisor_on_changed(void *ctx)
{
	struct supervisor *sv = ctx;

	if (sv->requests)
		requests_changed(sv->requests);
}

void supervisor_on_noted(void *ctx, struct service *s, const struct service_event *e)
{
	struct supervisor *sv = ctx;

	if (sv->requests)
		requests_noted(sv->requests, s, e);
}

static void on_logs_ended(void *ctx, bool ok)
{
	struct supervisor *sv = ctx;

	if (!ok)
		log_warning("logd did not end in time; the last lines may be missing");
	loop_quit(sv->loop, sv->code);
}

void supervisor_on_down(void *ctx, int code)
{
	struct supervisor *sv = ctx;

	sv->code = code;
	requests_down(sv->requests);
	log_notice("all services are down; exit code %d", code);
	/* The final words go to stderr from here: the own log ends with logd. */
	if (sv->own_log)
		log_setup(STDERR_FILENO, log_level(), true);
	if (logpipe_quit(sv->logs, LOGS_END_MAX, on_logs_ended, sv) < 0)
		loop_quit(sv->loop, code);
}

bool supervisor_trusts(void *ctx, const struct ucred *cred)
{
	struct supervisor *sv = ctx;
	return server_trusts(sv->server, cred);
}

void supervisor_on_called(void *ctx, struct session *s, struct call *call)
{
	struct supervisor *sv = ctx;
	requests_called(sv->requests, s, call);
}

void supervisor_on_gone(void *ctx, struct session *s)
{
	struct supervisor *sv = ctx;
	requests_gone(sv->requests, s);
}
