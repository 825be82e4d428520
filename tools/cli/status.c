/* status - PM2's columns, as many as the terminal has room for. */
#include "tools/cli/status.h"

#include "base/banned.h"
#include "base/own.h"
#include "tools/cli/ask.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"
#include "tools/cli/table.h"

#include <errno.h>

enum column {
	COLUMN_ID,
	COLUMN_NAME,
	COLUMN_NAMESPACE,
	COLUMN_MODE,
	COLUMN_PID,
	COLUMN_UPTIME,
	COLUMN_RESTARTS,
	COLUMN_STATUS,
	COLUMN_HEALTH, /* only where a service has a check */
	COLUMN_CPU,
	COLUMN_MEM,
	COLUMN_CAP,
	COLUMN_USER,
	COLUMN_MAX,
};

static const char *const titles[] = {
	[COLUMN_ID] = "id",
	[COLUMN_NAME] = "name",
	[COLUMN_NAMESPACE] = "namespace",
	[COLUMN_MODE] = "mode",
	[COLUMN_PID] = "pid",
	[COLUMN_UPTIME] = "uptime",
	[COLUMN_RESTARTS] = "\xe2\x86\xba", /* ↺ */
	[COLUMN_STATUS] = "status",
	[COLUMN_HEALTH] = "health",
	[COLUMN_CPU] = "cpu",
	[COLUMN_MEM] = "mem",
	[COLUMN_CAP] = "cap",
	[COLUMN_USER] = "user",
};
_Static_assert(ARRAY_LEN(titles) == COLUMN_MAX, "a column has no title");

/* From all there is to what must be there: the first set that fits is taken. */
static const enum column wide[] = { COLUMN_ID,	     COLUMN_NAME,     COLUMN_NAMESPACE, COLUMN_MODE, COLUMN_PID,
				    COLUMN_UPTIME,   COLUMN_RESTARTS, COLUMN_STATUS,	COLUMN_HEALTH,
				    COLUMN_CPU,	     COLUMN_MEM,      COLUMN_CAP,	COLUMN_USER };
static const enum column broad[] = { COLUMN_ID,	      COLUMN_NAME,   COLUMN_MODE, COLUMN_PID, COLUMN_UPTIME, COLUMN_RESTARTS,
				     COLUMN_STATUS, COLUMN_HEALTH, COLUMN_CPU,  COLUMN_MEM, COLUMN_CAP };
static const enum column medium[] = { COLUMN_ID,     COLUMN_NAME,   COLUMN_PID, COLUMN_UPTIME, COLUMN_RESTARTS,
				      COLUMN_STATUS, COLUMN_HEALTH, COLUMN_CPU, COLUMN_MEM,    COLUMN_CAP };
static const enum column narrow[] = { COLUMN_ID,     COLUMN_NAME,   COLUMN_MODE, COLUMN_RESTARTS,
				      COLUMN_STATUS, COLUMN_HEALTH, COLUMN_CPU,  COLUMN_MEM };
static const enum column tiny[] = { COLUMN_ID, COLUMN_NAME, COLUMN_STATUS, COLUMN_CPU, COLUMN_MEM };

static const struct {
	const enum column *columns;
	size_t n;
} sets[] = {
	{ wide, ARRAY_LEN(wide) },
	{ broad, ARRAY_LEN(broad) },
	{ medium, ARRAY_LEN(medium) },
	{ narrow, ARRAY_LEN(narrow) },
	{ tiny, ARRAY_LEN(tiny) },
};

const char *status_color(const char *status)
{
	if (strcmp(status, "online") == 0)
		return COLOR_GREEN;
	if (strcmp(status, "stopped") == 0 || strcmp(status, "errored") == 0)
		return COLOR_RED;
	return COLOR_YELLOW;
}

const char *health_color(const char *health)
{
	if (strcmp(health, "healthy") == 0)
		return COLOR_GREEN;
	return strcmp(health, "unhealthy") == 0 ? COLOR_RED : strcmp(health, "-") == 0 ? NULL : COLOR_YELLOW;
}

bool status_is_up(const json_t *service)
{
	return look_int(service, "pid", 0) > 0;
}

void status_uptime(struct text *t, const json_t *service, usec_t now)
{
	long long since = look_int(service, "pm2_env.pm_uptime", 0);
	if (!status_is_up(service) || since <= 0) {
		(void)text_add(t, "-");
		return;
	}
	usec_t start = (usec_t)since * USEC_MS;
	/* The wall clock may have stepped back since. */
	usec_t up = now > start ? now - start : 0;
	(void)text_add_span(t, up < USEC_SEC ? 0 : up / USEC_SEC * USEC_SEC);
}

void status_cap(struct text *t, const json_t *service)
{
	long long hard = look_int(service, "pm1.cap.memory_max", 0);
	long long soft = look_int(service, "pm1.cap.max_memory_restart", 0);
	const char *by = look_str(service, "pm1.cap.by", "none");
	if (hard > 0 && strncmp(by, "cgroup", 6) == 0) {
		(void)text_add_size(t, (unsigned long long)hard);
		(void)text_add(t, " hard");
	} else if (soft > 0) {
		(void)text_add_size(t, (unsigned long long)soft);
		(void)text_add(t, " soft");
	} else if (hard > 0) {
		/* No kernel to hold it: sampling restarts the service, or nothing does. */
		(void)text_add_size(t, (unsigned long long)hard);
		(void)text_add(t, strcmp(by, "none") == 0 ? " not enforced" : " soft");
	} else {
		(void)text_add(t, "none");
	}
}

static void add_number(struct table *t, const json_t *service, const char *path, const char *color)
{
	long long n = look_int(service, path, 0);
	if (strcmp(path, "pid") == 0 && n <= 0)
		table_cell(t, color, "-");
	else
		table_cellf(t, color, "%lld", n);
}

static void add_cell(struct table *t, enum column column, const json_t *s, usec_t now)
{
	char buf[64];
	struct text text = TEXT_INIT(buf);
	const char *status = look_str(s, "pm2_env.status", "?");
	switch (column) {
	case COLUMN_ID:
		add_number(t, s, "pm_id", COLOR_BOLD COLOR_CYAN);
		return;
	case COLUMN_NAME:
		table_cell(t, NULL, look_str(s, "name", "?"));
		return;
	case COLUMN_NAMESPACE:
		table_cell(t, NULL, look_str(s, "pm2_env.namespace", "default"));
		return;
	case COLUMN_MODE: {
		const char *mode = look_str(s, "pm2_env.exec_mode", "?");
		table_cellf(t, NULL, "%.*s", (int)strcspn(mode, "_"), mode);
		return;
	}
	case COLUMN_PID:
		add_number(t, s, "pid", NULL);
		return;
	case COLUMN_UPTIME:
		status_uptime(&text, s, now);
		table_cell(t, NULL, buf);
		return;
	case COLUMN_RESTARTS:
		add_number(t, s, "pm2_env.restart_time", NULL);
		return;
	case COLUMN_STATUS:
		table_cell(t, status_color(status), status);
		return;
	case COLUMN_HEALTH: {
		const char *health = status_is_up(s) ? look_str(s, "pm1.health.state", "-") : "-";
		table_cell(t, health_color(health), health);
		return;
	}
	case COLUMN_CPU: {
		double cpu = look_num(s, "monit.cpu", 0);
		table_cellf(t, NULL, cpu > 0 && cpu < 10 ? "%.1f%%" : "%.0f%%", cpu);
		return;
	}
	case COLUMN_MEM:
		(void)text_add_size(&text, (unsigned long long)look_int(s, "monit.memory", 0));
		table_cell(t, NULL, buf);
		return;
	case COLUMN_CAP:
		status_cap(&text, s);
		table_cell(t, NULL, buf);
		return;
	case COLUMN_USER:
		table_cell(t, NULL, look_str(s, "pm2_env.username", look_str(s, "pm1.user", "-")));
		return;
	case COLUMN_MAX:
		break;
	}
}

static bool has_health(const json_t *services)
{
	size_t i;
	json_t *s;
	json_array_foreach((json_t *)services, i, s)
		if (json_is_object(look(s, "pm1.health")))
			return true;
	return false;
}

static struct table *make(const json_t *services, const enum column *all, size_t n_all, const char **heads, usec_t now)
{
	enum column columns[COLUMN_MAX];
	bool health = has_health(services);
	size_t n = 0;
	for (size_t c = 0; c < n_all; c++)
		if (all[c] != COLUMN_HEALTH || health)
			columns[n++] = all[c];
	for (size_t c = 0; c < n; c++)
		heads[c] = titles[columns[c]];
	struct table *t = table_new(heads, n);
	size_t i;
	json_t *s;
	if (t)
		json_array_foreach((json_t *)services, i, s)
			for (size_t c = 0; c < n; c++)
				add_cell(t, columns[c], s, now);
	return t;
}

int status_print(FILE *f, const json_t *services, const struct status_look *how)
{
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		const char *heads[COLUMN_MAX];
		struct table *t = make(services, sets[i].columns, sets[i].n, heads, how->now);
		if (!t)
			return -ENOMEM;
		if (!how->box || table_width(t) <= how->width || i + 1 == ARRAY_LEN(sets)) {
			int r = table_print(t, f, how->box, how->color);
			table_free(t);
			return r;
		}
		table_free(t);
	}
	return 0;
}

/* Why the errored ones are so, and what the supervisor warns of: on stderr, since a table on stdout may be read by a program. */
static void print_notes(const json_t *services, const json_t *params)
{
	size_t i;
	json_t *s;
	json_array_foreach((json_t *)services, i, s) {
		const char *failure = look_str(s, "pm1.failure", NULL);
		if (failure && strcmp(look_str(s, "pm2_env.status", ""), "errored") == 0)
			out_error("%s: %s", look_str(s, "name", "?"), failure);
	}
	json_array_foreach((json_t *)look(params, "supervisor.warnings"), i, s) {
		if (json_is_string(s))
			out_error("warning: %s", json_string_value(s));
	}
}

static int show(struct cli *c, const json_t *params, bool notes)
{
	json_t *services = look_services(params);
	const struct status_look how = { c->box, c->color, c->width, clock_wall() };
	int r = services ? status_print(stdout, services, &how) : -ENOMEM;
	if (r == 0 && notes) {
		(void)fflush(stdout);
		print_notes(services, params);
	}
	json_decref(services);
	if (r < 0)
		out_error("out of memory");
	return r < 0 ? EXIT_NOT_DONE : EXIT_DONE;
}

void status_show_all(struct cli *c)
{
	char buf[256];
	struct text tried = TEXT_INIT(buf);
	struct client client;
	struct reply r;
	if (c->json || c->silent || client_open(&client, c->socket, &tried) < 0)
		return;
	if (client_call(&client, VERB_LIST, json_pack("{s:b}", "brief", 1), CLIENT_QUICK, &r) == 0) {
		if (!r.error)
			(void)show(c, r.params, false);
		reply_done(&r);
	}
	client_close(&client);
}

int cmd_status(struct cli *c)
{
	struct reply r;
	int code = ask_list(c, !c->json, &r);
	if (code != EXIT_DONE)
		return code;
	if (c->json)
		out_json(r.params, true);
	else if (!c->silent)
		code = show(c, r.params, true);
	reply_done(&r);
	return code;
}
