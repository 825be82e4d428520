#include "tests/reload/scene.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An unstable run is none to pm1 here: twenty of them in a row are what is tested. */
#define INI                                                                                                                                \
	"[pm1]\nlog_console = none\nexit_when = never\n"                                                                                    \
	"[service:web]\nout_file = none\nerror_file = @DIR@/web.log\nmin_uptime = 1ms\nmax_restarts = 0\n"                                    \
	"drain_timeout = %s\n"

static void replace(char *text, size_t size, const char *from, const char *to)
{
	for (char *at; (at = strstr(text, from));) {
		char *rest = strdup(at + strlen(from));
		cr_assert_lt((size_t)snprintf(at, size - (size_t)(at - text), "%s%s", to, rest), size - (size_t)(at - text));
		free(rest);
	}
}

/* How all instances are now. */
static void look(struct scene *s, bool *ret_all_up)
{
	json_t *reply = live_call(&s->l, "List", ""), *v;
	json_t *services = json_object_get(json_object_get(reply, "parameters"), "services");
	size_t i;

	s->n = 0;
	*ret_all_up = true;
	json_array_foreach(services, i, v) {
		json_t *env = json_object_get(v, "pm2_env"), *own = json_object_get(v, "pm1");
		/* It has pm1's socket, and not one of its own. */
		cr_assert(json_is_null(json_object_get(own, "not_adopted")), "%s", json_dumps(own, JSON_INDENT(1)));
		cr_assert_lt(s->n, (size_t)SCENE_INSTANCES_MAX);
		struct run *r = &s->runs[s->n++];
		r->id = json_integer_value(json_object_get(v, "pm_id"));
		r->pid = json_integer_value(json_object_get(v, "pid"));
		r->up = r->pid > 0 && strcmp(json_string_value(json_object_get(env, "status")), "online") == 0;
		*ret_all_up = *ret_all_up && r->up;
	}
	json_decref(reply);
}

static const struct run *by_id(const struct scene *s, json_int_t id)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->runs[i].id == id)
			return &s->runs[i];
	return NULL;
}

/* Until all are up, and the one with this id (-1: none) is another process than `pid`. */
static void wait_up(struct scene *s, json_int_t id, json_int_t pid)
{
	bool up;

	for (;;) {
		look(s, &up);
		const struct run *r = by_id(s, id);
		if (up && (!r || r->pid != pid))
			break;
		live_line(&s->l, "-> online"); /* one that isn't will say so */
	}
}

void scene_start(struct scene *s, const struct program *p, int new, int keep)
{
	char ini[4096], news[16], keeps[16];

	held_network();
	s->program = p;
	s->clients = new + keep;
	(void)snprintf(ini, sizeof(ini), INI "%sinstances = %d\n",
		       p->drain_timeout ? p->drain_timeout : keep ? "300ms" : "5s", p->ini, p->instances ? p->instances : 1);
	replace(ini, sizeof(ini), "@HERE@", live_env("HERE"));
	replace(ini, sizeof(ini), "@BUILT@", live_env("BUILT"));
	live_start(&s->l, LIVE_PID1, ini);
	wait_up(s, -1, 0);
	cr_assert_eq(s->n, (size_t)(p->instances ? p->instances : 1));
	(void)snprintf(news, sizeof(news), "%d", new);
	(void)snprintf(keeps, sizeof(keeps), "%d", keep);
	traffic_start(&s->load, "127.0.0.1", "8080", "--new", news, "--keep", keeps, "--max-seconds", "110", "--pause", "5000");
	traffic_going(&s->load);
}

void scene_renew(struct scene *s, const char *method)
{
	struct run before[SCENE_INSTANCES_MAX];
	size_t n = s->n;

	memcpy(before, s->runs, sizeof(before));
	json_t *reply = live_call(&s->l, method, "{\"targets\":[\"web\"]}");
	cr_assert_null(json_object_get(reply, "error"), "%s: %s", method, json_dumps(reply, JSON_INDENT(1)));
	json_decref(reply);
	wait_up(s, -1, 0);
	cr_assert_eq(s->n, n, "%zu instances, not %zu, after %s", s->n, n, method);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			cr_assert_neq(s->runs[i].pid, before[k].pid, "%s left process %lld", method, (long long)before[k].pid);
	traffic_round(&s->load);
}

void scene_kill(struct scene *s, int round)
{
	struct run victim = s->runs[(size_t)round % s->n];
	json_t *reply = live_call(&s->l, "Signal", "{\"targets\":[\"%lld\"],\"signal\":\"KILL\"}", (long long)victim.id);

	cr_assert_null(json_object_get(reply, "error"), "%s", json_dumps(reply, JSON_INDENT(1)));
	json_decref(reply);
	wait_up(s, victim.id, victim.pid);
	traffic_round(&s->load);
}

json_t *scene_end(struct scene *s)
{
	json_t *report = traffic_end(&s->load);

	cr_assert_eq(live_stop(&s->l), 0);
	return report;
}
