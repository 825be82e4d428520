/* report_sockets - what a report says of the sockets that are held for a service, and of reloads that replace its process. */
#include "control/report.h"

#include "core/drain.h"
#include "core/held.h"
#include "core/sockets.h"
#include "os/listener.h"

static void set(json_t *o, const char *key, json_t *value)
{
	(void)json_object_set_new(o, key, value);
}

static json_t *text_or_null(const char *s)
{
	json_t *j = s && s[0] ? json_string(s) : NULL;

	return j ? j : json_null();
}

static json_t *report_address(const struct service *s, size_t i)
{
	const struct listen_at *at = seat_at(s->seat, i);
	json_t *o = json_object();

	set(o, "address", text_or_null(at->text));
	set(o, "name", text_or_null(at->name));
	set(o, "bound", json_boolean(seat_fd(s->seat, i) >= 0));
	set(o, "listened", json_boolean(s->spec->listen_adopt ? (s->listens & 1u << i) != 0 : s->state == STATE_ONLINE));
	return o;
}

/* The process that is to take its place, and those whose place it has taken. */
static json_t *report_others(const struct manager *m, const struct service *s)
{
	json_t *a = json_array();

	for (size_t i = 0; i < manager_count(m); i++) {
		const struct service *x = manager_at(m, i);
		bool old = x->replaced && x->heir_id == s->id;
		if (x->heir_of != s && !old)
			continue;
		json_t *o = json_object();
		set(o, "pid", json_integer(x->pid));
		set(o, "what", json_string(!old ? "starting" : x->drain && x->state == STATE_ONLINE ? "draining" : "stopping"));
		if (x->drain)
			set(o, "connections", json_integer((json_int_t)drain_left(x->drain)));
		(void)json_array_append_new(a, o);
	}
	return a;
}

void report_sockets(json_t *o, const struct manager *m, const struct service *s)
{
	json_t *others = report_others(m, s);

	set(o, "exec_mode", json_string(spec_is_cluster(s->spec) ? "cluster" : "fork"));
	if (json_array_size(others))
		set(o, "others", others);
	else
		json_decref(others);
	if (s->reloads) {
		set(o, "reload_failure", text_or_null(s->reload_failure));
		set(o, "connections_cut", json_integer((json_int_t)s->cut_total));
	}
	if (s->spec->listen.n == 0)
		return;
	json_t *a = json_array();
	for (size_t i = 0; i < seat_count(s->seat); i++)
		(void)json_array_append_new(a, report_address(s, i));
	set(o, "sockets", a);
	set(o, "listen_adopt", json_boolean(s->spec->listen_adopt));
	set(o, "waiting_connections", json_integer((json_int_t)seat_waiting(s->seat)));
	set(o, "in_service", json_boolean(seat_serves(s->seat)));
	set(o, "can_drain", json_boolean(seat_steers(s->seat)));
	set(o, "not_adopted", text_or_null(seat_refused(s->seat)));
}
