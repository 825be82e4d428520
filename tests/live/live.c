#include "tests/live/live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* For the AddressSanitizer, should it be there: what a test here asks for and is told is never freed, a test is a process. In pm1
 * itself leaks are looked for. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static json_t *last_report;
void (*live_before)(void);

const char *live_env(const char *name)
{
	const char *v = getenv(name);
	cr_assert_not_null(v, "%s is not set: run the tests by `make live`", name);
	return v;
}

static double now(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A tick between two looks at something that tells of no event. */
static void tick(void)
{
	(void)poll(NULL, 0, 10);
}

char *live_path(struct live *l, const char *name)
{
	static char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", l->dir, name);
	return path;
}

static char *replaced(const char *text, const char *from, const char *to)
{
	size_t n = 0, cap = strlen(text) * 4 + 65536;
	char *out = malloc(cap);

	while (*text) {
		if (strncmp(text, from, strlen(from)) == 0) {
			n += (size_t)snprintf(out + n, cap - n, "%s", to);
			text += strlen(from);
		} else {
			out[n++] = *text++;
		}
	}
	out[n] = 0;
	return out;
}

void live_ini(struct live *l, const char *ini)
{
	char *one = replaced(ini, "@PROG@", live_env("PROG")), *two = replaced(one, "@DIR@", l->dir);
	FILE *f = fopen(live_path(l, "pm1.ini"), "we");

	cr_assert_not_null(f);
	(void)fputs(two, f);
	(void)fclose(f);
	free(one);
	free(two);
}

static void in_namespace(int how, const char *dir)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
		_exit(98);
	if (how & LIVE_NO_CGROUP && mount("tmpfs", "/sys/fs/cgroup", "tmpfs", 0, NULL) < 0)
		_exit(97);
	if (how & LIVE_READ_ONLY_LOGS) {
		char logs[256];
		(void)snprintf(logs, sizeof(logs), "%s/logs", dir);
		(void)mkdir(logs, 0755);
		if (mount("tmpfs", logs, "tmpfs", 0, "size=64k") < 0)
			_exit(96);
	}
}

void live_exec(struct live *l, int how, const char *ini, const char *const *args)
{
	const char *argv[64];
	int n = 0, out[2];

	memset(l, 0, sizeof(*l));
	(void)snprintf(l->dir, sizeof(l->dir), "/tmp/pm1-live-XXXXXX");
	cr_assert_not_null(mkdtemp(l->dir));
	(void)chmod(l->dir, 0755);
	if (ini)
		live_ini(l, ini);
	if (how & LIVE_FALLBACKS) {
		static const char *const deny[] = { "clone3", "pidfd_open", "pidfd_send_signal=EPERM", "close_range", "--" };
		argv[n++] = live_env("DENY");
		for (size_t i = 0; i < sizeof(deny) / sizeof(*deny); i++)
			argv[n++] = deny[i];
	}
	argv[n++] = live_env("PM1");
	for (; *args; args++)
		argv[n++] = replaced(*args, "@DIR@", l->dir);
	argv[n] = NULL;

	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	unsigned long flags = SIGCHLD | (how & (LIVE_PID1 | LIVE_NO_CGROUP | LIVE_READ_ONLY_LOGS) ? CLONE_NEWNS : 0) |
			      (how & LIVE_PID1 ? CLONE_NEWPID : 0);
	l->pid = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
	cr_assert_geq(l->pid, 0, "clone: %s", strerror(errno));
	if (l->pid == 0) {
		/* A test that fails leaves nothing behind. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (flags & CLONE_NEWNS)
			in_namespace(how, l->dir);
		(void)dup2(out[1], 1);
		(void)dup2(out[1], 2);
		(void)setenv("PM1_HOME", l->dir, 1);
		(void)unsetenv("XDG_RUNTIME_DIR");
		if (live_before)
			live_before();
		(void)execv(argv[0], (char **)argv);
		_exit(95);
	}
	(void)close(out[1]);
	l->out = out[0];
	l->pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
	l->text = calloc(1, 1);
}

void live_start(struct live *l, int how, const char *ini)
{
	live_exec(l, how, ini, (const char *[]){ "run", "@DIR@/pm1.ini", NULL });
}

/* Reads what is there within `ms`. False: end of the output. */
static bool read_more(struct live *l, int ms)
{
	struct pollfd p = { .fd = l->out, .events = POLLIN };
	char buf[65536];

	if (poll(&p, 1, ms) <= 0)
		return true;
	ssize_t n = read(l->out, buf, sizeof(buf));
	if (n <= 0)
		return false;
	l->text = realloc(l->text, l->len + (size_t)n + 1);
	memcpy(l->text + l->len, buf, (size_t)n);
	l->len += (size_t)n;
	l->text[l->len] = 0;
	return true;
}

void live_line(struct live *l, const char *part)
{
	double end = now() + LIVE_WAIT;
	char *found;
	bool open = true;

	while (!(found = strstr(l->text + l->seen, part))) {
		cr_assert(open && now() < end, "waited in vain for '%s' in:\n%s", part, l->text);
		open = read_more(l, 200);
	}
	l->seen = (size_t)(found - l->text) + strlen(part);
}

void live_signal(struct live *l, int sig)
{
	cr_assert_eq(kill(l->pid, sig), 0);
}

static int finish(struct live *l)
{
	double end = now() + LIVE_WAIT;
	siginfo_t info = { 0 };

	while (waitid(P_PID, (id_t)l->pid, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0) {
		if (now() > end) {
			(void)kill(l->pid, SIGKILL);
			cr_assert_fail("pm1 did not end; it said:\n%s", l->text);
		}
		(void)read_more(l, 20);
	}
	while (read_more(l, 0)) {
		struct pollfd p = { .fd = l->out, .events = POLLIN };
		if (poll(&p, 1, 0) <= 0)
			break;
	}
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

int live_end(struct live *l)
{
	char command[128];
	int code = finish(l);

	(void)close(l->out);
	(void)close(l->pidfd);
	free(l->text);
	l->text = NULL;
	json_decref(last_report);
	last_report = NULL;
	(void)snprintf(command, sizeof(command), "rm -rf %s", l->dir);
	cr_assert_eq(system(command), 0);
	return code;
}

int live_stop(struct live *l)
{
	live_signal(l, SIGTERM);
	return live_end(l);
}

int live_socket(struct live *l)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	double end = now() + LIVE_WAIT;

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/pm1.sock", l->dir);
	for (;;) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			return fd;
		(void)close(fd);
		(void)read_more(l, 0);
		cr_assert(now() < end, "no control socket; pm1 said:\n%s", l->text);
		tick();
	}
}

json_t *live_call(struct live *l, const char *method, const char *fmt, ...)
{
	char name[64], *params = NULL, *text = NULL, *reply = calloc(1, 1);
	size_t len = 0;
	va_list ap;

	va_start(ap, fmt);
	cr_assert_geq(vasprintf(&params, fmt && *fmt ? fmt : "{}", ap), 0);
	va_end(ap);
	(void)snprintf(name, sizeof(name), "%s%s", strchr(method, '.') ? "" : "io.pm1.", method);
	cr_assert_geq(asprintf(&text, "{\"method\":\"%s\",\"parameters\":%s}", name, params), 0);
	int fd = live_socket(l);
	cr_assert_eq(send(fd, text, strlen(text) + 1, MSG_NOSIGNAL), (ssize_t)strlen(text) + 1);
	double end = now() + LIVE_WAIT;
	while (len == 0 || reply[len - 1]) {
		char buf[65536];
		struct pollfd p = { .fd = fd, .events = POLLIN };
		cr_assert(now() < end, "no reply to %s", text);
		if (poll(&p, 1, 1000) <= 0)
			continue;
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		cr_assert_gt(n, 0, "the socket was closed after %s; pm1 said:\n%s", text, l->text);
		reply = realloc(reply, len + (size_t)n + 1);
		memcpy(reply + len, buf, (size_t)n);
		len += (size_t)n;
	}
	json_t *j = json_loads(reply, 0, NULL);
	cr_assert_not_null(j, "not JSON: %s", reply);
	(void)close(fd);
	free(text);
	free(params);
	free(reply);
	return j;
}

json_t *live_service(struct live *l, const char *name)
{
	size_t i;
	json_t *s, *services;

	json_decref(last_report);
	last_report = live_call(l, "List", "");
	services = json_object_get(json_object_get(last_report, "parameters"), "services");
	json_array_foreach(services, i, s)
		if (strcmp(json_string_value(json_object_get(s, "name")), name) == 0)
			return s;
	return NULL;
}

static json_t *at(json_t *j, const char *where)
{
	char path[128], *save = NULL;

	(void)snprintf(path, sizeof(path), "%s", where);
	for (char *p = strtok_r(path, ".", &save); p && j; p = strtok_r(NULL, ".", &save))
		j = json_is_array(j) ? json_array_get(j, strtoul(p, NULL, 10)) : json_object_get(j, p);
	return j;
}

const char *live_text(struct live *l, const char *name, const char *where)
{
	const char *v = json_string_value(at(live_service(l, name), where));
	return v ? v : "";
}

json_int_t live_get(struct live *l, const char *name, const char *where)
{
	return json_integer_value(at(live_service(l, name), where));
}

void live_text_is(struct live *l, const char *name, const char *where, const char *text)
{
	double end = now() + LIVE_WAIT;

	while (strcmp(live_text(l, name, where), text) != 0) {
		(void)read_more(l, 0);
		cr_assert(now() < end, "%s of %s did not become '%s' but is '%s'; pm1 said:\n%s", where, name, text,
			  live_text(l, name, where), l->text);
		tick();
	}
}

void live_status(struct live *l, const char *name, const char *status)
{
	live_text_is(l, name, "pm2_env.status", status);
}

void live_number(struct live *l, const char *name, const char *where, json_int_t value)
{
	double end = now() + LIVE_WAIT;

	while (live_get(l, name, where) < value) {
		(void)read_more(l, 0);
		cr_assert(now() < end, "%s of %s is %lld, not %lld; pm1 said:\n%s", where, name,
			  (long long)live_get(l, name, where), (long long)value, l->text);
		tick();
	}
}

char *live_file(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 };

	*ret_size = 0;
	if (fd < 0)
		return calloc(1, 1);
	(void)fstat(fd, &st);
	char *buf = malloc((size_t)st.st_size + 1);
	ssize_t n;
	while (*ret_size < (size_t)st.st_size && (n = read(fd, buf + *ret_size, (size_t)st.st_size - *ret_size)) > 0)
		*ret_size += (size_t)n;
	buf[*ret_size] = 0;
	(void)close(fd);
	return buf;
}

void live_file_there(const char *path)
{
	double end = now() + LIVE_WAIT;

	while (access(path, F_OK) < 0) {
		cr_assert(now() < end, "%s is not there", path);
		tick();
	}
}

void live_file_has(const char *path, const char *part)
{
	double end = now() + LIVE_WAIT;

	for (;;) {
		size_t n;
		char *text = live_file(path, &n);
		bool found = memmem(text, n, part, strlen(part));
		cr_assert(found || now() < end, "%s has no '%s' but:\n%s", path, part, text);
		free(text);
		if (found)
			return;
		tick();
	}
}

/* Calls fn for each process, with its stat's state letter and its command line. */
static int count(struct live *l, const char *part, bool zombies)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int n = 0;

	while ((e = readdir(dir))) {
		char path[300], line[4096];
		size_t len = 0;
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (pid <= 0 || pid == l->pid)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		FILE *f = fopen(path, "re");
		if (!f)
			continue;
		len = fread(line, 1, sizeof(line) - 1, f);
		line[len] = 0;
		(void)fclose(f);
		char *paren = strrchr(line, ')');
		char state = paren ? paren[2] : '?';
		int ppid = paren ? (int)strtol(paren + 4, NULL, 10) : 0;
		if (zombies) {
			n += state == 'Z' && ppid == (int)l->pid;
			continue;
		}
		(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
		f = fopen(path, "re");
		if (!f || state == 'Z')
			goto next;
		len = fread(line, 1, sizeof(line) - 1, f);
		for (size_t i = 0; i < len; i++)
			if (!line[i])
				line[i] = ' ';
		line[len] = 0;
		n += strstr(line, part) != NULL;
	next:
		if (f)
			(void)fclose(f);
	}
	(void)closedir(dir);
	return n;
}

int live_count(struct live *l, const char *part)
{
	return count(l, part, false);
}

void live_no_zombies(struct live *l)
{
	double end = now() + LIVE_WAIT;

	for (int n; (n = count(l, "", true)) > 0;) {
		cr_assert(now() < end, "%d zombies stay", n);
		tick();
	}
}

void live_count_is(struct live *l, const char *part, int n)
{
	double end = now() + LIVE_WAIT;

	while (live_count(l, part) != n) {
		cr_assert(now() < end, "%d processes, not %d, have '%s' in their command line", live_count(l, part), n, part);
		tick();
	}
}
