/* events - the changes of state, past and present. */
#include "tools/cli/ask.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"

#include "base/banned.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <time.h>

static void print_event(const struct cli *c, const json_t *e)
{
	char when[32] = "";
	struct tm tm;
	time_t seconds = (time_t)(look_int(e, "time", 0) / 1000);
	if (c->json) {
		out_json(e, false);
		return;
	}
	if (localtime_r(&seconds, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	(void)fprintf(stdout, "%s%s%s  ", c->color ? COLOR_GREY : "", when, c->color ? COLOR_OFF : "");
	out_safe(stdout, look_str(e, "name", "?"));
	(void)fprintf(stdout, " (id %lld)  ", look_int(e, "pm_id", -1));
	out_safe(stdout, look_str(e, "from", "?"));
	if (!look_bool(e, "note")) { /* else something that changed no state */
		(void)fputs(" -> ", stdout);
		out_safe(stdout, look_str(e, "to", "?"));
	}
	if (look_int(e, "pid", 0) > 0)
		(void)fprintf(stdout, "  pid %lld", look_int(e, "pid", 0));
	(void)fputs("  (", stdout);
	out_safe(stdout, look_str(e, "cause", ""));
	(void)fputs(")\n", stdout);
}

struct ordered {
	json_t *event; /* borrowed */
	long long time;
	size_t i;
};

static int by_time(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;
	if (x->time != y->time)
		return (x->time > y->time) - (x->time < y->time);
	return (x->i > y->i) - (x->i < y->i);
}

static void print_events(const struct cli *c, const json_t *events)
{
	size_t n = json_array_size(events), i;
	struct ordered *v = calloc(n + 1, sizeof(*v));
	json_t *e;
	if (!v)
		return;
	json_array_foreach((json_t *)events, i, e)
		v[i] = (struct ordered){ .event = e, .time = look_int(e, "time", 0), .i = i };
	qsort(v, n, sizeof(*v), by_time);
	for (i = 0; i < n; i++)
		print_event(c, v[i].event);
	free(v);
}

struct following {
	struct cli *c;
	int code;
};

static bool on_reply(void *ctx, const struct reply *r)
{
	struct following *f = ctx;
	if (r->error) {
		struct reply copy = { .error = strdup(r->error), .params = json_incref(r->params) };
		f->code = copy.error ? ask_settle(f->c, VERB_EVENTS, &copy) : EXIT_NOT_DONE;
		return false;
	}
	print_events(f->c, look(r->params, "events"));
	return fflush(stdout) == 0;
}

static int follow(struct cli *c, json_t *params)
{
	char buf[2048];
	struct text tried = TEXT_INIT(buf);
	struct client client;
	struct following f = { .c = c };
	int r = client_open(&client, c->socket, &tried);
	if (r < 0) {
		json_decref(params);
		ask_nobody(r, &tried);
		return EXIT_NOT_DONE;
	}
	r = client_stream(&client, VERB_EVENTS, params, on_reply, &f);
	client_close(&client);
	if (r < 0) {
		out_error("events: %s", err_text(r));
		return EXIT_NOT_DONE;
	}
	return f.code;
}

int cmd_events(struct cli *c)
{
	json_t *params = c->given.nwords ? json_pack("{s:o}", "targets", ask_words(c, 0)) : NULL;
	if (options_has(&c->given, "follow"))
		return follow(c, params);
	bool json = c->json;
	struct reply r = { 0 };
	c->json = false; /* a line each, not the reply */
	int code = ask(c, VERB_EVENTS, params, &r);
	c->json = json;
	if (code != EXIT_DONE)
		return code;
	print_events(c, look(r.params, "events"));
	reply_done(&r);
	return code;
}
