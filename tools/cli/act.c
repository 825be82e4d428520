/* act - the verbs that name targets and change something.
 *
 * Each call answers when what was asked for is true; then the table of all services is shown, as PM2 does. */
#include "tools/cli/ask.h"
#include "tools/cli/launch.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"
#include "tools/cli/status.h"

#include "base/banned.h"
#include "base/parse.h"

#include <unistd.h>

static int act(struct cli *c, enum verb v, json_t *params)
{
	struct reply r = { 0 };
	int code = ask(c, v, params, &r);
	if (code == EXIT_DONE)
		ask_messages(r.params);
	reply_done(&r);
	status_show_all(c);
	return code;
}

static int on_targets(struct cli *c, enum verb v)
{
	return act(c, v, json_pack("{s:o}", "targets", ask_words(c, 0)));
}

int cmd_stop(struct cli *c)
{
	return on_targets(c, VERB_STOP);
}

int cmd_restart(struct cli *c)
{
	size_t dropped = 0;
	if (!options_has(&c->given, "update-env"))
		return on_targets(c, VERB_RESTART);
	json_t *env = launch_env(environ, &dropped);
	if (dropped > 0)
		out_error("warning: %zu environment variables aren't UTF-8; leaving them out", dropped);
	return act(c, VERB_RESTART, json_pack("{s:o, s:o}", "targets", ask_words(c, 0), "update_env", env));
}

int cmd_reload(struct cli *c)
{
	return act(c, VERB_RELOAD,
		   json_pack("{s:o, s:b}", "targets", ask_words(c, 0), "rolling", options_has(&c->given, "rolling")));
}

int cmd_delete(struct cli *c)
{
	return on_targets(c, VERB_DELETE);
}

int cmd_reset(struct cli *c)
{
	return on_targets(c, VERB_RESET);
}

int cmd_flush(struct cli *c)
{
	struct reply r = { 0 };
	int code = ask(c, VERB_FLUSH, c->given.nwords ? json_pack("{s:o}", "targets", ask_words(c, 0)) : NULL, &r);
	size_t i;
	json_t *s;
	if (code == EXIT_DONE && !c->json && !c->silent)
		json_array_foreach((json_t *)look(r.params, "services"), i, s) {
			(void)fputs("emptied the logs of ", stdout);
			out_safe(stdout, look_str(s, "name", "?"));
			(void)fprintf(stdout, " (%lld)\n", look_int(s, "pm_id", -1));
		}
	reply_done(&r);
	return code;
}

int cmd_scale(struct cli *c)
{
	return act(c, VERB_SCALE, json_pack("{s:s, s:s}", "target", c->given.words[0], "to", c->given.words[1]));
}

int cmd_send_signal(struct cli *c)
{
	int sig;
	if (parse_signal(c->given.words[0], &sig) < 0) {
		out_error("unknown signal '%s' (such as TERM, SIGHUP or 15)", c->given.words[0]);
		return EXIT_NOT_DONE;
	}
	return act(c, VERB_SIGNAL, json_pack("{s:s, s:o}", "signal", c->given.words[0], "targets", ask_words(c, 1)));
}
