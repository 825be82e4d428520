/* Servers of all kinds under fifty clients, reloaded, restarted and killed twenty times each.
 *
 * What must hold: nobody is ever refused or left waiting. A reload fails no request that has a connection of its own, and for a program
 * that drains none of those on kept connections either. A restart or a kill cuts what the dead process had accepted, at most one request
 * of each client a time. */
#include "tests/reload/scene.h"


#define TIMES 20
#define KEPT_TIMES 5 /* each cuts the same clients at the same point */
#define NEVER "refused", "reset_connect", "timeout_connect", "timeout_answer", "bad", "local"

#define ADOPT "listen_adopt = yes\n"
#define HELD "listen = tcp:127.0.0.1:8080\n"

static const struct program c_adopted = { .ini = HELD ADOPT "command = @BUILT@/plain 8080\n" };
static const struct program c_given = { .ini = HELD "command = @BUILT@/plain --listen-fds\n" };
/* They need no time of pm1's for what they do themselves. */
static const struct program c_drains = { .ini = HELD ADOPT "command = @BUILT@/plain --drain 8080\n", .drains = true, .drain_timeout = "0" };
static const struct program c_given_drains = { .ini = HELD "command = @BUILT@/plain --listen-fds --drain\n", .drains = true };
static const struct program go = { .ini = HELD ADOPT "command = @BUILT@/go-plain 127.0.0.1:8080\n" };
static const struct program node = { .ini = HELD ADOPT "command = node @HERE@/node-plain.js 8080 127.0.0.1\n" };
static const struct program node_drains = {
	.ini = HELD ADOPT "command = node @HERE@/node-drain.js 8080 127.0.0.1\n",
	.drains = true,
	.drain_timeout = "0",
};
static const struct program node_slow = { .ini = HELD ADOPT "command = node @HERE@/node-slow.js 8080 127.0.0.1\n" };
/* As `server.listen(PORT)` does it: every address of both families. */
static const struct program node_2 = { .ini = "listen = tcp:8080\n" ADOPT "command = node @HERE@/node-plain.js 8080\n", .instances = 2 };
static const struct program node_4 = { .ini = "listen = tcp:8080\n" ADOPT "command = node @HERE@/node-plain.js 8080\n", .instances = 4 };
static const struct program python = {
	.ini = HELD ADOPT "command = /usr/bin/python3 -m http.server 8080 --bind 127.0.0.1\ncwd = @HERE@/www\n",
	.nameless = true,
};
static const struct program nginx = { .ini = HELD ADOPT "command = nginx -p @DIR@ -e stderr -c @HERE@/nginx.conf\n" };

static void held(const struct scene *s, json_t *j, int times)
{
	static const char *const kinds[] = { "new", "keep" };
	size_t bodies = traffic_bodies(j);

	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(traffic_count(j, kinds[i], NEVER), 0, "%s", traffic_text(j));
	/* Each process has been heard. */
	if (!s->program->nameless)
		cr_assert_geq(bodies, (size_t)times + 1, "%zu: %s", bodies, traffic_text(j));
}

static void reloads(const struct program *p, int new, int keep)
{
	static struct scene s;

	scene_start(&s, p, new, keep);
	for (int i = 0; i < TIMES; i++)
		scene_renew(&s, "Reload");
	json_t *j = scene_end(&s);
	held(&s, j, TIMES);
	cr_assert_eq(traffic_count(j, "new", "failed", "stale"), 0, "%s", traffic_text(j));
	if (p->drains)
		cr_assert_eq(traffic_count(j, "keep", "failed", "stale"), 0, "%s", traffic_text(j));
}

/* What ends a process cuts at most what each client was at. */
static void cut(const struct scene *s, json_t *j)
{
	held(s, j, TIMES);
	cr_assert_leq(traffic_count(j, "new", "failed", "stale") + traffic_count(j, "keep", "failed", "stale"),
		      (json_int_t)TIMES * s->clients, "%s", traffic_text(j));
}

static void restarts(const struct program *p, int new, int keep)
{
	static struct scene s;

	scene_start(&s, p, new, keep);
	for (int i = 0; i < TIMES; i++)
		scene_renew(&s, "Restart");
	cut(&s, scene_end(&s));
}

static void kills(const struct program *p, int new, int keep)
{
	static struct scene s;

	scene_start(&s, p, new, keep);
	for (int i = 0; i < TIMES; i++)
		scene_kill(&s, i);
	cut(&s, scene_end(&s));
}

#define RELOADS(program, new, keep)                                                                                                        \
	Test(program, twenty_reloads_drop_nothing)                                                                                         \
	{                                                                                                                                  \
		reloads(&(program), new, keep);                                                                                            \
	}

#define RESTARTS_AND_KILLS(program, new, keep)                                                                                             \
	Test(program, twenty_restarts_refuse_nobody)                                                                                       \
	{                                                                                                                                  \
		restarts(&(program), new, keep);                                                                                           \
	}                                                                                                                                  \
	Test(program, twenty_kills_refuse_nobody)                                                                                          \
	{                                                                                                                                  \
		kills(&(program), new, keep);                                                                                              \
	}

/* Clients that stay are cut after drain_timeout; none of them is refused, or kept waiting. */
static void reloads_of_kept(const struct program *p)
{
	static struct scene s;

	scene_start(&s, p, 25, 25);
	for (int i = 0; i < KEPT_TIMES; i++)
		scene_renew(&s, "Reload");
	held(&s, scene_end(&s), KEPT_TIMES);
}

#define KEPT(program)                                                                                                                      \
	Test(program, reloads_refuse_no_client_that_stays)                                                                                 \
	{                                                                                                                                  \
		reloads_of_kept(&(program));                                                                                               \
	}

/* A program that dies at its stop signal can't be rid of connections that are kept: there the clients have new ones. */
#define DIES(program)                                                                                                                      \
	RELOADS(program, 50, 0)                                                                                                            \
	KEPT(program)                                                                                                                      \
	RESTARTS_AND_KILLS(program, 25, 25)

#define DRAINS(program)                                                                                                                    \
	RELOADS(program, 25, 25)                                                                                                           \
	RESTARTS_AND_KILLS(program, 25, 25)

DIES(c_adopted)
DIES(c_given)
DIES(go)
DIES(node)
DIES(node_2)
DIES(node_4)
DIES(nginx)
DIES(python)
RELOADS(node_slow, 50, 0)
DRAINS(c_drains)
DRAINS(node_drains)
DRAINS(c_given_drains)
