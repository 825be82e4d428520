#include "supervisor_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/places.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "emergency.h"
#include "model/keys.h"
#include "os/ids.h"
#include "os/machine.h"
#include "prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#define EXIT_CONFIG 2 /* faults in a file; sysexits' 78 is what nobody checks for */
#define MACHINE_INI "/etc/pm1.ini"
static void warn(struct supervisor *sv, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void warn(struct supervisor *sv, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	struct text t = TEXT_INIT(buf);
	(void)text_vaddf(&t, fmt, ap);
	va_end(ap);
	log_warning("%s", buf);
	(void)strv_add(&sv->warnings, buf);
}

static void say_machine(const char *what, int err)
{
	if (err < 0)
		log_warning("%s: %s", what, err_text(err));
	else
		log_notice("%s", what);
}

/* The start. */

/* Prints the faults as they are; a daemon's starter prints them, or gets them again with its first call. */
static void tell_faults(const struct supervisor *sv, const struct diag *diag)
{
	for (size_t i = 0; i < diag_count(diag); i++) {
		if (sv->ready_fd >= 0)
			(void)dprintf(sv->ready_fd, "%s\n", diag_text(diag, i));
		else
			(void)fprintf(stderr, "%s\n", diag_text(diag, i));
	}
}

static int load_config(struct supervisor *sv)
{
	struct diag *diag = diag_new();
	if (!diag)
		return -ENOMEM;
	int r = config_load_overlay(sv->file, sv->overlay, environ, diag, &sv->config);
	tell_faults(sv, diag);
	diag_free(diag);
	return r;
}

static int find_log_dir(struct supervisor *sv)
{
	const char *given = sv->config.pm1.log_dir;
	char ring[32] = "";
	struct text t = TEXT_INIT(ring);
	int r = given ? text_copy(sv->log_dir, sizeof(sv->log_dir), given) :
			places_log_dir(geteuid(), sv->log_dir, sizeof(sv->log_dir));
	if (r < 0)
		return r;
	r = prepare_log_dir(sv->log_dir, given);
	/* Of a folder that was asked for only what can't pass is taken for an answer: what else is wrong with it is told of each file. */
	if (r == 0 || (given && r != -EROFS && r != -EACCES && r != -EPERM))
		return 0;
	(void)text_add_size(&t, sv->config.pm1.log_ring);
	warn(sv, "no log files: %s: %s; %s%s of each stream is kept in memory%s ([pm1] log_dir names another folder)", sv->log_dir,
	     err_text(r), sv->config.pm1.log_ring ? "the last " : "nothing", sv->config.pm1.log_ring ? ring : "",
	     sv->mode == SUPERVISOR_DAEMON ? "" : ", besides the console");
	sv->log_dir[0] = 0;
	return 0;
}

static int open_socket(struct supervisor *sv)
{
	struct server_config cfg = { .loop = sv->loop, .group = (gid_t)-1, .ctx = sv, .called = supervisor_on_called, .gone = supervisor_on_gone };
	char path[PATH_MAX] = "";
	int r = -ENOENT;

	if (sv->config.pm1.control_group) {
		struct ids ids;
		const char *bad;
		r = ids_resolve(NULL, sv->config.pm1.control_group, &ids, &bad);
		if (r == 0)
			cfg.group = ids.gid;
		else
			warn(sv, "control_group = %s: no such group; the socket stays closed to it",
			     sv->config.pm1.control_group);
	}
	int why = -ENOENT;
	for (size_t i = 0;; i++) {
		if (sv->config.pm1.control)
			r = i ? -ENOENT : text_copy(path, sizeof(path), sv->config.pm1.control);
		else
			r = places_socket(geteuid(), i, path, sizeof(path));
		if (r == -ENOENT)
			break;
		cfg.path = path;
		if (r == 0)
			r = server_new(&cfg, &sv->server);
		if (r == 0) {
			(void)text_copy(sv->run_path, sizeof(sv->run_path), path); /* an abstract one is no path, which notify.c sees */
			return 0;
		}
		why = r;
		/* In somebody's terminal, or for a daemon, a second pm1 of the same place is a mistake; PID 1 runs all the same. */
		if (r == -EADDRINUSE && getpid() != 1) {
			log_error("another pm1 owns the control socket %s (see `pm1 status`); PM1_HOME=DIR or [pm1] control makes a "
				  "second one",
				  path);
			return r;
		}
		log_debug("no control socket at %s: %s", path, err_text(r));
	}
	const char *text = why == -EEXIST ? "something that is no socket is there" : err_text(why);
	if (sv->mode == SUPERVISOR_DAEMON) { /* nobody could ask it for anything */
		log_error("no control socket can be made anywhere (%s: %s)", path, text);
		return why;
	}
	warn(sv, "no control socket can be made anywhere (%s: %s); running without one, the verbs will find nothing", path, text);
	return 0;
}

static void write_pid_file(struct supervisor *sv)
{
	char text[16];

	if (!sv->config.pm1.pid_file)
		return;
	(void)text_format(text, sizeof(text), "%d\n", (int)getpid());
	int fd = sys_open(sv->config.pm1.pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0644);
	int r = fd < 0 ? fd : sys_write_all(fd, text, strlen(text));
	close_fd(&fd);
	sv->has_pid_file = r == 0;
	if (r < 0)
		warn(sv, "pid_file %s cannot be written: %s; going on without it", sv->config.pm1.pid_file, err_text(r));
}

static int open_logs(struct supervisor *sv)
{
	bool run = sv->mode != SUPERVISOR_DAEMON;
	struct logpipe_config cfg = {
		.loop = sv->loop,
		.reaper = sv->reaper,
		.console_fd = run ? STDOUT_FILENO : -1,
		.exe = sv->exe,
		.trouble = supervisor_on_log_trouble,
		.ctx = sv,
	};
	int r = logpipe_new(&cfg, &sv->logs);
	if (r < 0 || sv->mode != SUPERVISOR_DAEMON || !sv->log_dir[0])
		return r;

	/* What a daemon says of itself goes into a file as a service's output does. */
	char path[PATH_MAX + 16];
	(void)text_format(path, sizeof(path), "%s/pm1.log", sv->log_dir);
	struct logstream_config own = { .stream = LOGWIRE_ERR, .name = "pm1", .service = "pm1", .path = path, .combined = "",
				       .format = "", .sink = "",
				       .rules = { .uid = LOGWIRE_NOBODY, .gid = LOGWIRE_NOBODY, .friend_uid = LOGWIRE_NOBODY, .mode = LOGWIRE_NOBODY } };
	(void)logpipe_open(sv->logs, &own, &sv->own_log);
	return 0;
}

/* As /etc/passwd calls the user we run as; a container may not know it, then its number. */
static void find_user(struct supervisor *sv)
{
	struct ids ids;
	const char *bad;

	(void)text_format(sv->user, sizeof(sv->user), "%u", (unsigned int)geteuid());
	if (ids_resolve(sv->user, NULL, &ids, &bad) == 0 && ids.name[0])
		(void)text_copy(sv->user, sizeof(sv->user), ids.name);
	sv->host.user = sv->user;
	sv->host.exe = sv->exe;
}

static int wire_up(struct supervisor *sv)
{
	int r = loop_new(&sv->loop);
	if (r == 0)
		r = signals_new(sv->loop, supervisor_on_signal, sv, &sv->signals);
	if (r == 0)
		r = reaper_new(supervisor_on_orphans, sv, &sv->reaper);
	if (r == 0)
		r = cgroups_open(&sv->cgroups);
	if (r == 0)
		r = open_logs(sv);
	if (r < 0)
		return r;

	sv->host.loop = sv->loop;
	sv->host.reaper = sv->reaper;
	sv->host.cgroups = sv->cgroups;
	sv->host.logs = sv->logs;
	sv->host.mask = &sv->mask;
	sv->host.environ = environ;
	sv->host.run_path = sv->run_path;
	find_user(sv);
	if (getrandom(&sv->host.boot_id, sizeof(sv->host.boot_id), GRND_NONBLOCK) < 0)
		sv->host.boot_id = clock_wall() ^ ((uint64_t)getpid() << 40);

	struct manager_config mcfg = {
		.host = sv->host,
		.pm1 = &sv->config.pm1,
		.place = { .log_dir = sv->log_dir,
			   .ring = sv->config.pm1.log_ring },
		.pm1_file = sv->config.path,
		.console = sv->mode == SUPERVISOR_DAEMON ? LOGWIRE_CONSOLE_NONE : LOGWIRE_CONSOLE_PREFIX,
		.exit_when = sv->mode == SUPERVISOR_RUN ? EXIT_WHEN_ALL_ENDED : EXIT_WHEN_NEVER,
		.ctx = sv,
		.changed = supervisor_on_changed,
		.noted = supervisor_on_noted,
		.down = supervisor_on_down,
	};
	r = manager_new(&mcfg, &sv->manager);
	if (r == 0 && cgroups_fd(sv->cgroups) >= 0)
		r = loop_add(sv->loop, cgroups_fd(sv->cgroups), EPOLLIN, LOOP_NORMAL, supervisor_on_cgroup_news, sv, &sv->cgroup_source);
	if (r < 0)
		return r;

	r = open_socket(sv);
	if (r < 0)
		return r;
	static const char *const modes[] = { "run", "daemon", "machine" };
	sv->self = (struct report_self){ .mode = modes[sv->mode],
					 .socket = sv->server ? server_path(sv->server) : NULL,
					 .log_dir = sv->log_dir,
					 .started = clock_mono(),
					 .warnings = &sv->warnings };
	struct requests_config rcfg = { .loop = sv->loop,
					.manager = sv->manager,
					.host = &sv->host,
					.self = &sv->self,
					.ctx = sv,
					.trusts = supervisor_trusts,
					.power = sv->mode == SUPERVISOR_MACHINE ? supervisor_end_machine : NULL };
	return requests_new(&rcfg, &sv->requests);
}

static void unwire(struct supervisor *sv)
{
	requests_free(sv->requests);
	loop_remove(&sv->cgroup_source);
	manager_free(sv->manager);
	logpipe_free(sv->logs);
	cgroups_close(sv->cgroups);
	reaper_free(sv->reaper);
	signals_free(sv->signals);
	if (sv->has_pid_file) /* a second pm1 that was refused leaves the first one's alone */
		(void)sys_unlink(sv->config.pm1.pid_file);
	/* The last of all: who waits on its connection for our end finds nothing of us when that is closed. */
	server_free(sv->server);
	loop_free(sv->loop);
	config_done(&sv->config);
	strv_done(&sv->warnings);
}

static void tell_starter(struct supervisor *sv, const char *text)
{
	if (sv->ready_fd < 0)
		return;
	(void)sys_write_all(sv->ready_fd, text, strlen(text));
	close_fd(&sv->ready_fd);
}

static int read_args(struct supervisor *sv, int argc, char **argv)
{
	if (sv->mode == SUPERVISOR_MACHINE) {
		/* The kernel hands NAME=VALUE words of its command line to init as environment. */
		const char *ini = getenv("PM1_INI");
		sv->file = ini ? ini : MACHINE_INI;
		return 0;
	}
	for (int i = 2; i < argc; i++) {
		uint64_t fd;
		if (sv->mode == SUPERVISOR_DAEMON && strcmp(argv[i], "--ready-fd") == 0 && i + 1 < argc &&
		    parse_uint(argv[i + 1], INT_MAX, &fd) == 0) {
			sv->ready_fd = (int)fd;
			(void)sys_fcntl(sv->ready_fd, F_SETFD, FD_CLOEXEC);
			i++;
		} else if (strcmp(argv[i], "--env") == 0 && i + 1 < argc) {
			sv->overlay = argv[++i];
		} else if (strncmp(argv[i], "--env=", strlen("--env=")) == 0) {
			sv->overlay = argv[i] + strlen("--env=");
		} else if (argv[i][0] == '-' || sv->file) {
			(void)fprintf(stderr, "pm1: %s: what is '%s'? usage: pm1 %s\n", argv[1], argv[i],
				      sv->mode == SUPERVISOR_RUN ? "run [--env NAME] FILE.ini" : "daemon [--env NAME] [FILE.ini]");
			return -EINVAL;
		} else {
			sv->file = argv[i];
		}
	}
	if (sv->mode == SUPERVISOR_RUN && !sv->file) {
		(void)fprintf(stderr, "pm1: run: which file? usage: pm1 run [--env NAME] FILE.ini\n");
		return -EINVAL;
	}
	return 0;
}

static int load_or_mend(struct supervisor *sv)
{
	int r = sv->file ? load_config(sv) : keys_defaults(&sv->config.pm1, KEY_IN_PM1);

	while (r < 0 && sv->mode == SUPERVISOR_MACHINE) {
		enum machine_end how;
		if (emergency_shell(sv->file, &sv->mask, &how))
			(void)machine_end(how, say_machine);
		r = load_config(sv);
	}
	return r;
}

static int start_services(struct supervisor *sv)
{
	if (!sv->file || sv->mode == SUPERVISOR_DAEMON)
		return 0; /* a daemon's starter asks for them over the socket, and waits there */
	struct diag *diag = diag_new();
	int r = diag ? manager_load(sv->manager, &sv->config, LOAD_START, "pm1 starts", NULL, diag) : -ENOMEM;
	if (diag)
		tell_faults(sv, diag);
	diag_free(diag);
	return r;
}

/* From the configuration to the end of the loop. *ret_code is the exit code; 0, or -errno when it never came to the loop. */
static int run_once(struct supervisor *sv, int *ret_code)
{
	bool machine = sv->mode == SUPERVISOR_MACHINE;

	int r = load_or_mend(sv);
	if (r < 0) {
		config_done(&sv->config);
		*ret_code = r == -ENOMEM ? 1 : EXIT_CONFIG;
		return r;
	}
	if (machine) {
		machine_hostname(sv->config.pm1.hostname, say_machine);
		machine_loopback(say_machine);
	}
	if (sv->mode == SUPERVISOR_DAEMON) {
		(void)setsid(); /* fails for a leader: then it is one already */
		prepare_folder(sv->file);
	}
	r = find_log_dir(sv);
	if (r == 0)
		r = wire_up(sv);
	if (r < 0) {
		log_error("cannot start: %s", err_text(r));
		tell_starter(sv, r == -EADDRINUSE ? "taken\n" : err_text(r));
		unwire(sv);
		*ret_code = 1;
		return r;
	}
	if (sv->own_log) /* until here standard error is read by who started us */
		log_setup(logstream_write_fd(sv->own_log), LOG_NOTICE, true);
	write_pid_file(sv);
	if (cgroups_kind(sv->cgroups) == CGROUP_NONE)
		log_notice("no cgroups here (%s): memory is watched by sampling, processes through /proc",
			   cgroups_text(sv->cgroups));
	r = start_services(sv);
	if (r < 0)
		log_error("cannot start the services: %s", err_text(r));
	if (sv->mode == SUPERVISOR_DAEMON)
		prepare_detached();
	/* Children that were ours before this program was: who ended before CHLD was blocked is told by no signal. */
	reaper_drain(sv->reaper);
	tell_starter(sv, "ok\n");
	*ret_code = loop_run(sv->loop);
	unwire(sv);
	return 0;
}

/* Every way out of PID 1 of a machine: it never returns, since the kernel panics when its init ends. */
static _Noreturn void end_machine(enum machine_end how)
{
	for (;;) {
		int r = machine_end(how, say_machine);
		log_error("the machine does not go down: %s; trying again", err_text(r));
		(void)sleep(10); /* nothing else runs any more */
	}
}

static _Noreturn void be_machine(struct supervisor *sv)
{
	struct supervisor blank = *sv;
	enum machine_end how;
	int code;

	while (run_once(sv, &code) < 0) {
		if (emergency_shell(sv->file, &sv->mask, &how))
			end_machine(how);
		*sv = blank;
	}
	end_machine(sv->ending_machine ? sv->how : MACHINE_POWEROFF);
}

int supervisor_main(enum supervisor_mode mode, int argc, char **argv)
{
	struct supervisor sv = { .mode = mode, .ready_fd = -1 };
	int code;

	/* What a starter had blocked is not blocked in services: one that can't hear TERM would only end by KILL. */
	(void)sigemptyset(&sv.mask);
	prepare_children();
	prepare_stdio();
	if (read_args(&sv, argc, argv) < 0)
		return 1;
	log_setup(STDERR_FILENO, LOG_NOTICE, false);
	if (getpid() != 1 && sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		warn(&sv, "cannot become a subreaper: what services leave behind goes to another init");
	if (prepare_nofile(&sv.nofile))
		sv.host.nofile = &sv.nofile;
	if (mode == SUPERVISOR_MACHINE)
		machine_mount_all(say_machine); /* before /proc is read below */
	if (mode == SUPERVISOR_RUN) /* a machine's console is nobody else's; a daemon lets its starter's go */
		log_setup(prepare_console(STDERR_FILENO), LOG_NOTICE, false);
	prepare_exe(sv.exe, sizeof(sv.exe));
	sv.host.oom_score_adj = prepare_oom_score();
	if (mode == SUPERVISOR_MACHINE)
		be_machine(&sv);
	(void)run_once(&sv, &code);
	return code;
}
