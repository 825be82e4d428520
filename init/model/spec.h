/* spec - what the file says of one service, and of pm1 itself.
 *
 * Immutable once loaded, replaced as a whole, and counted: the config that loaded it
 * holds one reference, a service that runs by it another. Values are those of the
 * keys table (keys.h); a key that was not given has its default here. */
#ifndef PM1_MODEL_SPEC_H
#define PM1_MODEL_SPEC_H

#include "base/clock.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Limits, with their reasons next to them. */
#define SPEC_NAME_MAX 64 /* bytes; becomes a part of paths, cgroup names and 40-column tables */
#define SPEC_INSTANCES_MAX 1024 /* of one service */
#define SPEC_SERVICES_MAX 10000 /* instances in all */
#define SPEC_SINKS_MAX 4 /* of one service: together they fit into a packet to logd */

enum log_rotate { LOG_ROTATE_NO, LOG_ROTATE_HOURLY, LOG_ROTATE_DAILY, LOG_ROTATE_WEEKLY, LOG_ROTATE_SPAN };
enum log_format { LOG_FORMAT_RAW, LOG_FORMAT_PREFIX, LOG_FORMAT_JSON, LOG_FORMAT_MAX };
enum log_overflow { LOG_OVERFLOW_DROP, LOG_OVERFLOW_BLOCK, LOG_OVERFLOW_MAX };
enum log_console { LOG_CONSOLE_NONE, LOG_CONSOLE_RAW, LOG_CONSOLE_PREFIX, LOG_CONSOLE_JSON, LOG_CONSOLE_MAX };
enum kill_mode { KILL_MODE_PROCESS, KILL_MODE_GROUP, KILL_MODE_MAX }; /* whom stop_signal goes to first */
enum service_type { TYPE_SIMPLE, TYPE_ONESHOT, TYPE_NOTIFY, TYPE_FORKING, TYPE_MAX };
enum notify_access { NOTIFY_AUTO, NOTIFY_NONE, NOTIFY_MAIN, NOTIFY_ALL, NOTIFY_MAX }; /* who may speak to NOTIFY_SOCKET */
enum exec_mode { EXEC_MODE_AUTO, EXEC_MODE_FORK, EXEC_MODE_CLUSTER, EXEC_MODE_MAX }; /* auto: cluster where `listen` is given */
enum activation_kind { ACTIVATION_EAGER, ACTIVATION_ON_CONNECT, ACTIVATION_MAX };
enum oom_policy { OOM_RESTART, OOM_STOP, OOM_CONTINUE, OOM_MAX };
/* Commands that run around the service's own. */
enum hook_kind { HOOK_START_PRE, HOOK_START_POST, HOOK_STOP, HOOK_STOP_POST, HOOK_RELOAD, HOOK_MAX };
/* Health checks: what follows when one fails is a restart, or is shown alone. */
enum check_kind { CHECK_LIVENESS, CHECK_READINESS, CHECK_MAX };
enum exit_when { EXIT_WHEN_NEVER, EXIT_WHEN_ALL_ENDED, EXIT_WHEN_ANY_FAILED, EXIT_WHEN_MAX };

struct spec {
	unsigned int refs;
	struct spec *base; /* a reference: this is the same but for `instances`, and borrows all its memory; NULL: it is its own */

	char *name; /* spec_name_fault() has none */
	char *ns; /* namespace, "default" */
	char *file; /* where it stands: absolute path of the INI, NULL for a command line */
	unsigned int line; /* of the section header */
	char *overlay; /* its [service:NAME:OVERLAY] that was laid on top, NULL: none */
	char *dir; /* a command line's folder, and its options as key=value: with argv and env_base all it was made of */
	struct strv options;
	unsigned int key_line[128]; /* line where key number i was given, 0: default (keys.h numbers) */

	char *command; /* as written, before ${VAR} */
	bool shell;
	struct strv argv; /* command split, or {"/bin/sh","-c",command} */
	char *cwd; /* absolute */
	struct strv env; /* only what env.NAME and env_file give, in order; pm1's own env is added at spawn */
	struct strv env_base; /* a command-line service: the whole environment of the caller; else empty */
	char *instance_var; /* "NODE_APP_INSTANCE" */
	unsigned int instances; /* 1.. */

	enum service_type type;
	char *pid_file; /* TYPE_FORKING: absolute, NULL: its last process is found without one */
	struct strv requires, wants, after, before, conflicts; /* model/graph.h */
	char *hook[HOOK_MAX]; /* as written; NULL: none. A - in front: its failure is no failure */
	struct strv hook_argv[HOOK_MAX];
	usec_t listen_timeout; /* from the start until it must be ready */
	char *ready; /* model/ready.h has it; what all keys say together, NULL: when it runs */
	char *ready_log; /* as written, as the next: settled into `ready` */
	bool wait_ready;
	enum notify_access notify_access; /* AUTO: ALL where something else asks for the socket, else NONE */
	usec_t watchdog; /* 0: none */
	unsigned int fdstore_max; /* descriptors kept for the next run, 0: none */

	char *health; /* base/probeaddr.h; NULL: none. For both, where they are not given */
	char *check[CHECK_MAX];
	struct strv check_argv[CHECK_MAX]; /* the command of exec:, or pm1's own that asks a server; empty: none */
	usec_t health_interval, health_timeout;
	usec_t health_start_period;
	unsigned int health_retries; /* failures in a row that make it unhealthy */

	bool autostart;
	bool autorestart;
	bool critical;
	usec_t restart_delay;
	usec_t exp_backoff_restart_delay; /* 0: off */
	usec_t min_uptime;
	unsigned int max_restarts; /* unstable runs in a row; 0: no limit */
	usec_t errored_retry; /* 0: errored is for good */
	uint8_t stop_exit_codes[256]; /* 1: this code is final */
	int stop_signal;
	usec_t kill_timeout;
	enum kill_mode kill_mode;

	char *cron_restart; /* when it restarts, as in cron.h; NULL: never */
	char *schedule; /* when it starts; NULL: with pm1 */
	char *timezone; /* of both, as zone_load() takes it; NULL: pm1's own */
	usec_t max_uptime; /* 0: any */

	uint64_t max_memory_restart; /* bytes, 0: none */
	uint64_t memory_max; /* bytes, 0: none */
	enum oom_policy oom_policy;

	char *user; /* name or number, NULL: as pm1 */
	char *group;
	int umask; /* -1: as pm1 */

	char *out_file; /* absolute path, %n the name, %i the instance, %% a %; "" means none; NULL means the default under log_dir */
	char *error_file;
	char *log_file; /* combined; NULL or "" means none */
	char *log_date_format; /* strftime or PM2's tokens as written, "" means no stamp */
	uint64_t log_max_size; /* bytes, 0: no rotation by size */
	usec_t log_max_age; /* of rotated files, 0: any */
	unsigned int log_keep; /* rotated files of each, 0: all */
	enum log_rotate log_rotate;
	usec_t log_rotate_every; /* LOG_ROTATE_SPAN */
	uint64_t log_total_max; /* bytes of a log's files together, 0: any */
	enum log_format log_format;
	enum log_overflow log_overflow;
	uint64_t log_rate_limit; /* bytes a second, 0: any */
	char *log_owner; /* USER or USER:GROUP, NULL: as pm1 */
	struct strv log_sink; /* words of base/sinkaddr.h, SPEC_SINKS_MAX at most, no place twice */
	int log_mode; /* of the files, -1: not given */
	bool log_compress;
	bool merge_logs; /* no instance suffix */

	bool watch;
	struct strv watch_paths; /* absolute; none: cwd */
	struct strv ignore_watch; /* rules of ignore.h */
	usec_t watch_delay; /* 0: a short one of core/watcher.h */

	struct strv listen; /* words of listen.h, LISTEN_MAX at most, no two that clash */
	struct strv listen_env; /* NAME=WORD: the variable that holds the number of the descriptor of that word of `listen` */
	unsigned int listen_backlog;
	bool reuse_port; /* each instance has a socket of its own, and can be drained */
	bool listen_v6only;
	int listen_mode; /* of unix sockets, -1: not given */
	char *listen_owner; /* of unix sockets, USER or USER:GROUP, NULL: as pm1 */
	bool listen_adopt; /* for programs that know nothing of LISTEN_FDS */
	enum activation_kind activation;
	usec_t idle_timeout; /* without a connection, 0: any; activation = on-connect alone */
	enum exec_mode exec_mode;
	unsigned int reload_batch; /* so many instances of it are replaced at a time */
	usec_t drain_timeout; /* how long connections of the old process may go on */
};

struct spec_pm1 {
	enum exit_when exit_when;
	bool exit_when_given;
	char *control; /* socket path, NULL: places.h */
	char *control_group;
	char *log_dir; /* NULL: places.h */
	char *pid_file;
	char *hostname; /* a machine's boot only */
	usec_t shutdown_timeout;
	unsigned int restart_rate; /* automatic restarts a second of all services together, 0: any */
	uint64_t forward_signals; /* bit n: signal n is passed on to all services */
	enum log_console log_console; /* copy to pm1's stdout */
	bool log_console_given;
	uint64_t log_ring; /* bytes kept in memory of each stream where no log file can be written; 0: none */
};

/* All zero but the reference of the caller and the modes; keys_defaults() fills in the rest. NULL: no memory. */
struct spec *spec_new(void);
struct spec *spec_ref(struct spec *s);
void spec_unref(struct spec *s); /* NULL is fine */
/* The same with another number of instances; NULL: no memory. */
struct spec *spec_scaled(struct spec *s, unsigned int instances);
/* How many instances the file asks for, whatever it was scaled to since. */
unsigned int spec_instances_given(const struct spec *s);
void spec_pm1_done(struct spec_pm1 *p);

/* What is wrong with a service's name, or NULL. A name is up to SPEC_NAME_MAX of [A-Za-z0-9_.@-], begins with a
 * letter, digit or _, and is neither a bare number (an id) nor "all". Static text. */
const char *spec_name_fault(const char *name);

/* The check as it is written, from its own key or from `health`; NULL: none. */
const char *spec_check(const struct spec *s, enum check_kind k);
const char *spec_check_key(enum check_kind k); /* "liveness" */
bool spec_check_is_one(const struct spec *s); /* both are the same: one check serves */

/* The key of a hook: "exec_start_pre". */
const char *spec_hook_key(enum hook_kind h);

/* A reload starts the new process before the old one is stopped: exec_mode = cluster, or auto with `listen`. */
bool spec_is_cluster(const struct spec *s);

/* Whether a running service of `a` may go on as `b`: every key equal. */
bool spec_equal(const struct spec *a, const struct spec *b);

/* The path with -INSTANCE put before its extension when the service has several and doesn't merge
 * ("a/web-out.log" -> "a/web-out-2.log") and the path has no %i of its own, `default_kind` ("out", "error") naming the default file under log_dir
 * when path is NULL (log_dir "": there is none). Writes "" for none. 0 or -ENOSPC. */
int spec_log_path(const struct spec *s, unsigned int instance, const char *path, const char *default_kind,
		  const char *log_dir, char *buf, size_t size);

#endif
