/* describe_sockets - the rows about sockets that pm1 holds for a service, and about processes that stand in for one another. */
#include "tools/cli/describe.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"
#include "tools/cli/row.h"

#include "base/banned.h"
#include "base/text.h"

#define ADDRESS_MAX 200 /* bytes that are shown; an address is shorter */

/* "tcp:127.0.0.1:5000 (api), the program listens" */
static void socket_row(const struct cli *c, const json_t *at, bool adopt)
{
	char buf[ADDRESS_MAX + 128];
	struct text t = TEXT_INIT(buf);
	const char *name = look_str(at, "name", NULL);
	bool bound = look_bool(at, "bound");

	(void)text_addf(&t, "%.*s", ADDRESS_MAX, look_str(at, "address", "?"));
	if (name)
		(void)text_addf(&t, " (%.64s)", name);
	(void)text_add(&t, bound ? ", held" : ", not bound");
	if (bound && adopt)
		(void)text_add(&t, look_bool(at, "listened") ? ", the program listens" : ", the program does not listen");
	row(c, "socket", buf, bound ? NULL : COLOR_RED);
}

/* "4711 draining, 3 connections" */
static void other_row(const struct cli *c, const json_t *other)
{
	char buf[128];
	struct text t = TEXT_INIT(buf);
	long long n = look_int(other, "connections", -1);

	(void)text_addf(&t, "%lld %.16s", look_int(other, "pid", 0), look_str(other, "what", "?"));
	if (n >= 0)
		(void)text_addf(&t, ", %lld connection%s", n, n == 1 ? "" : "s");
	row(c, "other process", buf, NULL);
}

void describe_sockets(const struct cli *c, const json_t *s)
{
	const json_t *sockets = look(s, "pm1.sockets");
	bool held = json_array_size(sockets) > 0; /* none is, once adoption was refused */
	size_t i;
	json_t *o;

	json_array_foreach((json_t *)sockets, i, o) {
		socket_row(c, o, look_bool(s, "pm1.listen_adopt"));
	}
	row(c, "not adopted", look_str(s, "pm1.not_adopted", NULL), COLOR_RED);
	if (held) {
		row_int(c, "waiting connections", s, "pm1.waiting_connections");
		row(c, "can be drained", look_bool(s, "pm1.can_drain") ? "yes" : "no", NULL);
	}
	json_array_foreach((json_t *)look(s, "pm1.others"), i, o) {
		other_row(c, o);
	}
	row(c, "reload failed", look_str(s, "pm1.reload_failure", NULL), COLOR_RED);
	if (held || look_int(s, "pm1.connections_cut", 0) > 0)
		row_int(c, "connections cut", s, "pm1.connections_cut");
}
