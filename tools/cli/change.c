/* change - what a reload changes, and the environment that services get. */
#include "tools/cli/ask.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"

#include "base/banned.h"

static size_t count(const json_t *changes, const char *what)
{
	size_t n = 0, i;
	json_t *c;
	json_array_foreach((json_t *)changes, i, c)
		n += look(c, "name") && strcmp(look_str(c, "what", ""), what) == 0;
	return n;
}

int cmd_reload_config(struct cli *c)
{
	bool dry = strcmp(c->command->name, "diff") == 0 || options_has(&c->given, "dry-run");
	struct reply r = { 0 };
	int code = ask(c, VERB_RELOAD_CONFIG, json_pack("{s:b}", "dry_run", dry), &r);
	if (code != EXIT_DONE)
		return code;
	if (!c->json && !c->silent) {
		size_t i;
		json_t *m;
		const json_t *changes = look(r.params, "changes");
		ask_messages(r.params);
		json_array_foreach((json_t *)look(r.params, "lines"), i, m) {
			out_safe(stdout, json_is_string(m) ? json_string_value(m) : "?");
			(void)fputc('\n', stdout);
		}
		if (json_array_size(changes) == 0)
			(void)fprintf(stdout, "nothing %s\n", dry ? "would change" : "changed");
		else
			(void)fprintf(stdout, "%s: %zu changed, %zu added, %zu removed\n", dry ? "nothing is done yet" : "done",
				      count(changes, "changed"), count(changes, "added"), count(changes, "removed"));
	}
	reply_done(&r);
	return code;
}

int cmd_env(struct cli *c)
{
	struct reply r = { 0 };
	int code = ask(c, VERB_ENV, json_pack("{s:o}", "targets", ask_words(c, 0)), &r);
	if (code != EXIT_DONE)
		return code;
	const json_t *services = look(r.params, "services");
	size_t i, k;
	json_t *s, *v;
	if (!c->json)
		json_array_foreach((json_t *)services, i, s) {
			if (json_array_size(services) > 1) {
				(void)fprintf(stdout, "%s# ", i ? "\n" : "");
				out_safe(stdout, look_str(s, "name", "?"));
				(void)fprintf(stdout, " (id %lld)\n", look_int(s, "pm_id", -1));
			}
			json_array_foreach((json_t *)look(s, "env"), k, v) {
				out_safe(stdout, json_is_string(v) ? json_string_value(v) : "?");
				(void)fputc('\n', stdout);
			}
		}
	reply_done(&r);
	return code;
}
