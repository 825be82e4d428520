/* self - the verbs about the supervisor itself. */
#include "tools/cli/ask.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"

#include "base/banned.h"
#include "base/sys.h"
#include "base/text.h"

int cmd_ping(struct cli *c)
{
	struct reply r;
	int code = ask(c, VERB_PING, NULL, &r);
	if (code != EXIT_DONE)
		return code;
	if (!c->json && !c->silent) {
		(void)fprintf(stdout, "pong (pid %lld, version ", look_int(r.params, "pid", 0));
		out_safe(stdout, look_str(r.params, "version", "?"));
		(void)fputs(")\n", stdout);
	}
	reply_done(&r);
	return code;
}

static int say(struct cli *c, int code, struct reply *reply, const char *done)
{
	struct reply r = *reply;
	if (code != EXIT_DONE)
		return code;
	if (!c->json && !c->silent) {
		size_t i;
		json_t *m;
		json_array_foreach((json_t *)look(r.params, "messages"), i, m) {
			out_safe(stdout, json_is_string(m) ? json_string_value(m) : "?");
			(void)fputc('\n', stdout);
		}
		(void)fprintf(stdout, "%s\n", done);
	}
	reply_done(&r);
	return code;
}

static int do_and_say(struct cli *c, enum verb v, json_t *params, const char *done)
{
	struct reply r = { 0 };
	return say(c, ask(c, v, params, &r), &r, done);
}

/* Done when pm1 itself is gone: its socket, its lock and its PID file may be taken by another at once. */
int cmd_kill(struct cli *c)
{
	char buf[2048];
	struct text tried = TEXT_INIT(buf);
	struct client client;
	struct reply r = { 0 };
	int e = client_open(&client, c->socket, &tried);
	if (e < 0) {
		ask_nobody(e, &tried);
		return EXIT_NOT_DONE;
	}
	int code = ask_over(c, &client, VERB_KILL, NULL, &r);
	if (code == EXIT_DONE)
		client_wait_end(&client, CLIENT_QUICK);
	client_close(&client);
	return say(c, code, &r, "pm1 has stopped its services and is gone");
}

int cmd_reload_logs(struct cli *c)
{
	return do_and_say(c, VERB_REOPEN_LOGS, NULL, "log files opened anew");
}

/* PID 1 of a machine whose INI is missing or broken has no socket yet; it takes signals, and is this very file. */
static bool pid1_is_us(void)
{
	struct stat one, self;

	return geteuid() == 0 && sys_stat("/proc/1/exe", &one) == 0 && sys_stat("/proc/self/exe", &self) == 0 &&
	       one.st_dev == self.st_dev && one.st_ino == self.st_ino;
}

int cmd_power(struct cli *c)
{
	char buf[2048];
	struct text tried = TEXT_INIT(buf);
	struct client client;
	int sig = strcmp(c->command->name, "reboot") == 0 ? SIGTERM :
		  strcmp(c->command->name, "halt") == 0	  ? SIGUSR1 :
							    SIGPWR;
	int r = client_open(&client, c->socket, &tried);

	if (r == 0)
		client_close(&client);
	else if (pid1_is_us() && sys_kill(1, sig) == 0)
		return EXIT_DONE;
	return do_and_say(c, VERB_POWER, json_pack("{s:s}", "action", c->command->name),
			  "the services are stopped; the machine goes down");
}
