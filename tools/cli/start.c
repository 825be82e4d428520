/* start - files, targets, scripts and command lines, in the order given.
 *
 * When nothing answers, a supervisor is brought up first. If all that it was brought up for has faults
 * it is ended again: a mistake leaves nothing behind. */
#include "tools/cli/ask.h"
#include "tools/cli/launch.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"
#include "tools/cli/spawn.h"
#include "tools/cli/status.h"

#include "base/banned.h"
#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define DEFAULT_FILE "pm1.ini"
#define TRIED_MAX 2048

/* One Start call to be made. */
struct job {
	json_t *params; /* owned until it is sent */
	json_t *instead; /* owned: what to send when there is no such service; may be NULL */
	const char *file; /* owned: the INI file, absolute; NULL: another kind */
};

struct jobs {
	struct job *v; /* owned */
	size_t n;
};

static void jobs_done(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++) {
		json_decref(jobs->v[i].params);
		json_decref(jobs->v[i].instead);
		free((char *)jobs->v[i].file);
	}
	free(jobs->v);
}

static int no_memory(void)
{
	out_error("start: out of memory");
	return EXIT_NOT_DONE;
}

/* {"command": ...} for an argv; takes what argv holds. NULL with the reason told. */
static json_t *command_params(const struct cli *c, struct strv *argv)
{
	struct strv options = { 0 };
	char buf[256] = "";
	struct text fault = TEXT_INIT(buf);
	size_t dropped = 0;
	json_t *params = NULL;
	const char *at = options_get(&c->given, "cwd");
	cleanup_free char *cwd = launch_absolute(at ? at : ".");
	const char *given = options_get(&c->given, "name");
	cleanup_free char *name = given ? strdup(given) : launch_name(argv);
	int r = launch_options(&c->given, &options, &fault);
	if (r == -EINVAL) {
		out_error("start: %s", buf);
	} else if (r < 0 || !name || !cwd) {
		(void)no_memory();
	} else {
		json_t *command = launch_command(name, argv, cwd, environ, &options, &dropped);
		params = command ? json_pack("{s:o}", "command", command) : NULL;
		if (!params)
			out_error("start: the name, an argument or an option isn't UTF-8");
		if (dropped > 0)
			out_error("warning: %zu environment variables aren't UTF-8; leaving them out", dropped);
	}
	strv_done(&options);
	strv_done(argv);
	return params;
}

static json_t *bad_argv(int err, const char *word, struct strv *argv)
{
	strv_done(argv);
	if (err == -EINVAL)
		out_error("start: '%s': a quote is not closed", word);
	else
		(void)no_memory();
	return NULL;
}

/* Appends what stands behind `--`. */
static int add_rest(const struct cli *c, struct strv *argv)
{
	int r = 0;
	for (size_t i = 0; i < c->given.nrest && r == 0; i++)
		r = strv_add(argv, c->given.rest[i]);
	return r;
}

static json_t *script_params(const struct cli *c, const char *path)
{
	struct strv argv = { 0 };
	int r = launch_script(path, options_get(&c->given, "interpreter"), options_get(&c->given, "interpreter-args"), &argv);
	if (r == 0)
		r = add_rest(c, &argv);
	return r < 0 ? bad_argv(r, path, &argv) : command_params(c, &argv);
}

static json_t *line_params(const struct cli *c, const char *line)
{
	struct strv argv = { 0 };
	int r = launch_line(line, &argv);
	if (r == 0)
		r = add_rest(c, &argv);
	return r < 0 ? bad_argv(r, line, &argv) : command_params(c, &argv);
}

static json_t *rest_params(const struct cli *c)
{
	struct strv argv = { 0 };
	int r = add_rest(c, &argv);
	return r < 0 ? bad_argv(r, "", &argv) : command_params(c, &argv);
}

/* What becomes of those of a file that run; NULL: what a start makes of them. */
static const char *running(const struct cli *c)
{
	if (strcmp(c->command->name, "start-or-restart") == 0)
		return "restart";
	return strcmp(c->command->name, "start-or-reload") == 0 ? "reload" : NULL;
}

static bool is_readable(const struct cli *c, const char *path)
{
	cleanup_fd int fd = sys_open(path, O_RDONLY | O_NONBLOCK, 0);
	if (fd >= 0)
		return true;
	out_error("%s: cannot read '%s': %s", c->command->name, path, err_text(fd));
	return false;
}

static bool add_file(const struct cli *c, struct jobs *jobs, const char *path)
{
	const char *option = launch_any_option(&c->given);
	if (option || c->given.has_rest) {
		out_error("%s: %s%s goes with a command, not with the file '%s'; write it there as a key", c->command->name,
			  option ? "--" : "", option ? option : "what stands behind --", path);
		return false;
	}
	if (!is_readable(c, path))
		return false;
	char *absolute = launch_absolute(path);
	json_t *params = absolute ? json_pack("{s:s, s:s*, s:s*}", "file", absolute, "overlay", options_get(&c->given, "env"), "running",
					      running(c)) :
				    NULL;
	if (!params) {
		free(absolute);
		return no_memory(), false;
	}
	jobs->v[jobs->n++] = (struct job){ .params = params, .file = absolute };
	return true;
}

/* A plain word: a service, or else a program in PATH, which PM2 would run. */
static bool add_word(const struct cli *c, struct jobs *jobs, const char *word)
{
	bool meant_as_program = launch_any_option(&c->given) || c->given.has_rest;
	bool program = launch_in_path(word);
	if (meant_as_program && !program) {
		out_error("start: '%s' is neither a file here nor a program in PATH", word);
		return false;
	}
	struct job job = { 0 };
	if (program && !(job.instead = script_params(c, word)))
		return false;
	if (meant_as_program)
		job.params = take_ptr(&job.instead);
	else
		job.params = json_pack("{s:[s]}", "targets", word);
	if (!job.params) {
		json_decref(job.instead);
		out_error("start: no service '%s'", word);
		return false;
	}
	jobs->v[jobs->n++] = job;
	return true;
}

static bool add_job(const struct cli *c, struct jobs *jobs, const char *word)
{
	json_t *params = NULL;
	if (options_has(&c->given, "env") && launch_kind(word) != LAUNCH_FILE) {
		out_error("start: --env chooses an overlay of an INI file, and '%s' is none", word);
		return false;
	}
	switch (launch_kind(word)) {
	case LAUNCH_TARGET:
		return add_word(c, jobs, word);
	case LAUNCH_FILE:
		return add_file(c, jobs, word);
	case LAUNCH_SCRIPT:
		if (is_readable(c, word))
			params = script_params(c, word);
		break;
	case LAUNCH_LINE:
		params = line_params(c, word);
		break;
	}
	if (params)
		jobs->v[jobs->n++] = (struct job){ .params = params };
	return params != NULL;
}

/* All jobs, or false with the reason told: nothing is asked for then. */
static bool plan(const struct cli *c, struct jobs *jobs)
{
	const struct options *o = &c->given;
	jobs->v = calloc(o->nwords + 1, sizeof(*jobs->v));
	if (!jobs->v)
		return no_memory(), false;
	if (o->nwords > 1 && options_has(o, "name")) {
		out_error("start: one name for %zu services; a command line stands behind `--'", o->nwords);
		return false;
	}
	if (running(c))
		return add_file(c, jobs, o->nwords ? o->words[0] : DEFAULT_FILE);
	if (o->nwords == 0 && o->nrest > 0) {
		json_t *params = rest_params(c);
		jobs->v[jobs->n] = (struct job){ .params = params };
		jobs->n += params != NULL;
		return params != NULL;
	}
	if (o->nwords == 0 && access(DEFAULT_FILE, F_OK) == 0)
		return add_file(c, jobs, DEFAULT_FILE);
	if (o->nwords == 0) {
		out_error("usage: pm1 %s %s", c->command->name, c->command->args);
		return false;
	}
	for (size_t i = 0; i < o->nwords; i++)
		if (!add_job(c, jobs, o->words[i]))
			return false;
	return true;
}

/* Sends one job; the exit code. */
static int send_job(struct cli *c, struct client *to, struct job *job)
{
	struct reply r;
	int code = ask_raw(c, to, VERB_START, take_ptr(&job->params), &r);
	if (code == EXIT_DONE && r.error && job->instead && strcmp(r.error, ERROR_NO_SUCH_SERVICE) == 0) {
		reply_done(&r);
		code = ask_raw(c, to, VERB_START, take_ptr(&job->instead), &r);
	}
	if (code != EXIT_DONE)
		return code;
	code = ask_settle(c, VERB_START, &r);
	if (code != EXIT_DONE)
		return code;
	ask_messages(r.params);
	reply_done(&r);
	return EXIT_DONE;
}

/* Without a supervisor there is no service: what is only a name can't be started. */
static bool only_new_ones(struct jobs *jobs, const struct text *tried)
{
	for (size_t i = 0; i < jobs->n; i++) {
		struct job *job = &jobs->v[i];
		if (!look(job->params, "targets"))
			continue;
		if (!job->instead) {
			ask_nobody(-ENOENT, tried);
			return false;
		}
		json_decref(job->params);
		job->params = take_ptr(&job->instead);
	}
	return true;
}

/* Connects, to a supervisor brought up for it when there is none (*ret_fresh). */
static int connect_or_spawn(struct cli *c, struct jobs *jobs, struct client *client, bool *ret_fresh)
{
	char buf[TRIED_MAX];
	struct text tried = TEXT_INIT(buf);
	int r = client_open(client, c->socket, &tried);
	if (r == 0)
		return EXIT_DONE;
	if (r != -ENOENT) {
		ask_nobody(r, &tried);
		return EXIT_NOT_DONE;
	}
	if (!only_new_ones(jobs, &tried))
		return EXIT_NOT_DONE;
	return spawn_connect(c, jobs->v[0].file, jobs->v[0].file ? options_get(&c->given, "env") : NULL, client, ret_fresh);
}

static void end_again(struct client *client)
{
	struct reply r;
	if (client_call(client, VERB_KILL, NULL, CLIENT_QUICK, &r) == 0)
		reply_done(&r);
}

int cmd_start(struct cli *c)
{
	struct jobs jobs = { 0 };
	struct client client = { .fd = -1 };
	bool fresh = false;
	int code = plan(c, &jobs) ? connect_or_spawn(c, &jobs, &client, &fresh) : EXIT_NOT_DONE;
	if (code == EXIT_DONE) {
		size_t refused = 0;
		for (size_t i = 0; i < jobs.n; i++) {
			int one = send_job(c, &client, &jobs.v[i]);
			refused += one == EXIT_BAD_CONFIG;
			if (one > code)
				code = one;
		}
		bool useless = fresh && refused == jobs.n;
		if (useless)
			end_again(&client);
		client_close(&client);
		if (!useless)
			status_show_all(c);
	}
	jobs_done(&jobs);
	return code;
}
