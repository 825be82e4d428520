/* The keys about held sockets: what they mean together, and what is said of those that mean nothing. */
#include "model/sockets.h"
#include "model/show.h"
#include "tests/model/load.h"

#define WEB "[service:web]\ncommand = true\n"
#define API "[service:api]\ncommand = true\n"

static const struct spec *nth(const struct loaded *l, size_t i)
{
	return l->c.specs[i];
}

static void words_are(const struct strv *v, const char *expected)
{
	char *text = strv_join_quoted(v);

	cr_expect_str_eq(text, expected);
	free(text);
}

Test(listen_keys, nothing_is_held_unless_it_is_asked_for)
{
	struct loaded l = load_good(WEB);
	const struct spec *s = nth(&l, 0);

	cr_expect_eq(s->listen.n, 0);
	cr_expect_eq(s->listen_env.n, 0);
	cr_expect_eq(s->listen_backlog, 4096);
	cr_expect(s->reuse_port);
	cr_expect_not(s->listen_v6only);
	cr_expect_eq(s->listen_mode, -1);
	cr_expect_null(s->listen_owner);
	cr_expect_not(s->listen_adopt);
	cr_expect_eq(s->activation, ACTIVATION_EAGER);
	cr_expect_eq(s->idle_timeout, 0);
	cr_expect_eq(s->exec_mode, EXEC_MODE_AUTO);
	cr_expect_eq(s->reload_batch, 1);
	cr_expect_eq(s->drain_timeout, 5 * USEC_SEC);
	cr_expect_not(spec_is_cluster(s));
	cr_expect_null(s->ready);
	unload(&l);
}

Test(listen_keys, each_key_has_its_field)
{
	struct loaded l = load_good(WEB "listen = http=tcp:80, udp:localhost:53 \"x=unix:run/a b\" unix:@n\n"
				    "listen_env.HTTP_FD = http\nlisten_env.DNS = udp:127.0.0.1:53\nlisten_env.X = unix:run/a b\n"
				    "backlog = 100\nreusePort = no\nv6only = yes\nlistenMode = 0600\nlisten_owner = www:www\n"
				    "listen_adopt = yes\nactivation = on-connect\nidle_timeout = 1m\nexecMode = fork_mode\n"
				    "reload_batch = 3\ndrain_timeout = 0\n");
	const struct spec *s = nth(&l, 0);

	words_are(&s->listen, "http=tcp:80 udp:localhost:53 'x=unix:/srv/app/run/a b' unix:@n");
	words_are(&s->listen_env, "HTTP_FD=http DNS=udp:127.0.0.1:53 'X=unix:/srv/app/run/a b'");
	cr_expect_eq(s->listen_backlog, 100);
	cr_expect_not(s->reuse_port);
	cr_expect(s->listen_v6only);
	cr_expect_eq(s->listen_mode, 0600);
	cr_expect_str_eq(s->listen_owner, "www:www");
	cr_expect(s->listen_adopt);
	cr_expect_eq(s->activation, ACTIVATION_ON_CONNECT);
	cr_expect_eq(s->idle_timeout, USEC_MIN);
	cr_expect_eq(s->exec_mode, EXEC_MODE_FORK);
	cr_expect_eq(s->reload_batch, 3);
	cr_expect_eq(s->drain_timeout, 0);
	unload(&l);
}

Test(listen_keys, a_service_with_sockets_is_a_cluster_unless_it_says_otherwise)
{
	static const struct {
		const char *lines;
		bool cluster;
	} cases[] = {
		{ "", false },
		{ "listen = tcp:80\n", true },
		{ "listen = none\n", false },
		{ "exec_mode = cluster\n", true },
		{ "exec_mode = cluster_mode\n", true },
		{ "exec_mode = auto\n", false },
		{ "listen = tcp:80\nexec_mode = auto\n", true },
		{ "listen = tcp:80\nexec_mode = fork\n", false },
		{ "listen = tcp:80\nexec_mode = fork_mode\n", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[128];
		(void)snprintf(text, sizeof(text), WEB "%s", cases[i].lines);
		struct loaded l = load_good(text);
		cr_expect_eq(spec_is_cluster(nth(&l, 0)), cases[i].cluster, "%s", cases[i].lines);
		unload(&l);
	}
}

Test(listen_keys, what_defaults_say_of_sockets_is_for_those_that_have_some)
{
	struct loaded l = load_good("[defaults]\nlisten_backlog = 10\nreuse_port = no\nlisten_adopt = yes\nactivation = on-connect\n"
				    "idle_timeout = 1s\nlisten_env.A = http\nlisten_env.B = http\n" WEB "listen = http=tcp:80\nlisten_env.B =\n" API);

	cr_expect(nth(&l, 0)->listen_adopt);
	cr_expect_eq(nth(&l, 0)->activation, ACTIVATION_ON_CONNECT);
	cr_expect_eq(nth(&l, 0)->idle_timeout, USEC_SEC);
	words_are(&nth(&l, 0)->listen_env, "A=http");
	cr_expect_not(nth(&l, 1)->listen_adopt);
	cr_expect_eq(nth(&l, 1)->activation, ACTIVATION_EAGER);
	cr_expect_eq(nth(&l, 1)->idle_timeout, 0);
	cr_expect_eq(nth(&l, 1)->listen_env.n, 0);
	unload(&l);
}

Test(listen_keys, a_service_without_the_sockets_of_defaults_says_none)
{
	struct loaded l = load_good("[defaults]\nlisten = tcp:80\n" WEB API "listen = none\n");

	words_are(&nth(&l, 0)->listen, "tcp:80");
	cr_expect_eq(nth(&l, 1)->listen.n, 0);
	unload(&l);
}

Test(listen_keys, what_is_off_may_be_said_without_sockets)
{
	struct loaded l = load_good(WEB "listen_adopt = no\nactivation = eager\nidle_timeout = 0\ndrain_timeout = 1s\nreload_batch = 2\n");

	cr_expect_eq(diag_count(l.diag), 0);
	unload(&l);
}

Test(listen_keys, faults_are_told_with_their_line)
{
	static const struct {
		const char *lines, *message;
	} cases[] = {
		{ "listen = 80", ":3: [service:web] listen = 80: '80': an address begins with tcp:, udp: or unix: (allowed: tcp:PORT," },
		{ "listen = tcp:80 none", "'none': an address begins with" },
		{ "listen = tcp:1 tcp:2 tcp:3 tcp:4 tcp:5 tcp:6 tcp:7 tcp:8 tcp:9 tcp:10 tcp:11 tcp:12 tcp:13 tcp:14 tcp:15 tcp:16 tcp:17",
		  "more than 16 addresses" },
		{ "listen = \"tcp:80", "a quote is not closed" },
		{ "listen = tcp:80 a=tcp:80", ":3: [service:web] listen = tcp:80 a=tcp:80: tcp:80 is named twice" },
		{ "listen = tcp:80 tcp:0.0.0.0:80", "one can't listen at tcp:0.0.0.0:80 beside tcp:80 (unless listen_v6only = yes)\n" },
		{ "listen = tcp:80 tcp:[::1]:80", "one can't listen at tcp:[::1]:80 beside tcp:80\n" },
		{ "listen = tcp:[::]:80 tcp:0.0.0.0:80", "beside tcp:[::]:80 (unless listen_v6only = yes)\n" },
		{ "listen = tcp:80\nlisten_env.A = http",
		  ":4: [service:web] listen_env.A = http: no name and no address of `listen` (there are: tcp:80)\n" },
		{ "listen = a=tcp:80 a=tcp:81\nlisten_env.A = a", "several addresses of `listen` have this name: write the address (there are: a, a)\n" },
		{ "listen = tcp:80\nlisten_env.1A = tcp:80", "doesn't begin with a digit" },
		{ "listen = tcp:80\nlisten_env.LISTEN_FDS = tcp:80", "LISTEN_FDS is set for every service with `listen`" },
		{ "listen = tcp:80\nlisten_env.A = tcp:80\nlisten_env.A = tcp:80", "given twice (first in line 4)" },
		{ "listen_env.A = tcp:80", ":3: [service:web] listen_env.A = tcp:80: there is no `listen`" },
		{ "backlog = 9", ":3: [service:web] backlog = 9: there is no `listen`" },
		{ "reuse_port = yes", "there is no `listen`" },
		{ "v6only = yes", "there is no `listen`" },
		{ "listen_mode = 0600", "there is no `listen`" },
		{ "listen_owner = www", "there is no `listen`" },
		{ "listen_adopt = yes", "there is no `listen`" },
		{ "activation = on-connect", "there is no `listen`" },
		{ "listen = none\nlisten_adopt = yes", ":4: [service:web] listen_adopt = yes: there is no `listen`" },
		{ "listen = tcp:80\nidle_timeout = 1s", ":4: [service:web] idle_timeout = 1s: only with activation = on-connect" },
		{ "listen = tcp:80\nactivation = lazy", "unknown (allowed: eager or on-connect)" },
		{ "exec_mode = threads", "unknown (allowed: auto, fork or cluster; PM2's fork_mode and cluster_mode too)" },
		{ "exec_mode = fork_mode=fork", "unknown (allowed: auto" },
		{ "exec_mode = fork_mod", "unknown (allowed: auto" },
		{ "listen_backlog = 0", "out of range" },
		{ "listen_backlog = 65536", "out of range" },
		{ "reload_batch = 0", "out of range" },
		{ "reload_batch = 1025", "out of range" },
		{ "listen = tcp:80\nlisten_owner = a:b:c", "not USER or USER:GROUP" },
		{ "ready = listen", ":3: [service:web] ready = listen: only with `listen` and listen_adopt = yes" },
		{ "listen = tcp:80\nready = listen", "only with `listen` and listen_adopt = yes" },
		{ "listen = udp:80\nlisten_adopt = yes\nready = listen", "nobody listens on udp" },
		{ "listenStream = 80", "unknown key: write listen = tcp:PORT" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[512], all[1024] = "";
		(void)snprintf(text, sizeof(text), WEB "%s\n", cases[i].lines);
		struct loaded l = load(text);
		cr_expect_eq(l.r, -EINVAL, "accepted: %s", cases[i].lines);
		cr_expect_eq(diag_errors(l.diag), 1, "%s: %s", cases[i].lines, diag_count(l.diag) > 1 ? diag_text(l.diag, 1) : "");
		if (diag_count(l.diag))
			(void)snprintf(all, sizeof(all), "%s\n", diag_text(l.diag, 0));
		cr_expect(strstr(all, cases[i].message), "%s: %s", cases[i].lines, all);
		unload(&l);
	}
}

Test(listen_keys, one_wrong_address_is_one_fault)
{
	struct loaded l = load(WEB "listen = tcp:x\nlisten_env.A = http\nlisten_adopt = yes\n");

	cr_expect_eq(l.r, -EINVAL);
	cr_expect_eq(diag_count(l.diag), 1, "%s", diag_text(l.diag, 1));
	unload(&l);
}

Test(listen_keys, both_families_of_a_port_go_together_when_v6only_parts_them)
{
	struct loaded l = load_good(WEB "listen = tcp:0.0.0.0:80 tcp:[::]:80\nlisten_v6only = yes\n");
	struct listen_at at;

	sockets_at(nth(&l, 0), 1, &at);
	cr_expect(at.v6only);
	cr_expect_str_eq(at.text, "tcp:[::]:80");
	unload(&l);
}

Test(listen_keys, permissions_are_for_files_alone)
{
	struct loaded l = load_good(WEB "listen = tcp:80\nlisten_mode = 0600\n" API "listen = unix:/x tcp:81\nlisten_mode = 0600\n");

	cr_expect_eq(diag_count(l.diag), 1);
	cr_expect(says(&l, ":4: warning: [service:web] listen_mode = 0600: only unix sockets have an owner and permissions"));
	unload(&l);
}

Test(listen_keys, an_overlay_moves_a_service_to_another_place)
{
	static const char text[] = WEB "listen = http=tcp:80\nlisten_env.A = http\n[service:web:test]\nlisten = http=tcp:8080\n";
	struct diag *d = diag_new();
	struct config c = { 0 };

	cr_assert_eq(config_parse_overlay("/srv/app/pm1.ini", "test", text, strlen(text), NULL, d, &c), 0);
	words_are(&c.specs[0]->listen, "http=tcp:8080");
	words_are(&c.specs[0]->listen_env, "A=http");
	config_done(&c);
	diag_free(d);
}

/* Readiness. */

Test(listen_keys, an_adopted_service_is_ready_when_it_listens_unless_told_otherwise)
{
	static const struct {
		const char *lines, *ready;
	} cases[] = {
		{ "listen = tcp:80", NULL },
		{ "listen = tcp:80\nlisten_adopt = yes", "listen" },
		{ "listen = unix:/x udp:53\nlisten_adopt = yes", "listen" },
		{ "listen = udp:53\nlisten_adopt = yes", NULL },
		{ "listen = tcp:80\nlisten_adopt = yes\nready = listen", "listen" },
		{ "listen = tcp:80\nlisten_adopt = yes\nready = exec", "exec" },
		{ "listen = tcp:80\nlisten_adopt = yes\nready_log = up", "log:up" },
		{ "listen = tcp:80\nlisten_adopt = yes\nwait_ready = yes", "ipc" },
		{ "listen = tcp:80\nlisten_adopt = yes\nwait_ready = no", "listen" },
		{ "listen = tcp:80\nlisten_adopt = yes\ntype = notify", "notify" },
		{ "listen = tcp:80\nlisten_adopt = yes\ntype = forking", NULL },
		{ "listen = tcp:80\nlisten_adopt = yes\ntype = oneshot", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256];
		(void)snprintf(text, sizeof(text), WEB "%s\n", cases[i].lines);
		struct loaded l = load_good(text);
		const char *ready = nth(&l, 0)->ready;
		cr_expect_str_eq(ready ? ready : "none", cases[i].ready ? cases[i].ready : "none", "%s", cases[i].lines);
		cr_expect_eq(diag_count(l.diag), 0);
		unload(&l);
	}
}

/* Services beside each other. */

Test(listen_keys, two_services_at_one_place_are_a_fault_that_names_both)
{
	static const struct {
		const char *web, *api, *message;
	} cases[] = {
		{ "tcp:0.0.0.0:80", "tcp:81 x=tcp:0.0.0.0:80",
		  "/srv/app/pm1.ini:7: [service:api] listen = tcp:0.0.0.0:80: service web listens there too (/srv/app/pm1.ini:3)" },
		{ "tcp:80", "tcp:127.0.0.1:80",
		  "/srv/app/pm1.ini:7: [service:api] listen = tcp:127.0.0.1:80: service web listens at tcp:80, and one can't beside it "
		  "(/srv/app/pm1.ini:3)" },
		{ "tcp:127.0.0.1:80", "tcp:80",
		  "/srv/app/pm1.ini:7: [service:api] listen = tcp:80: service web listens at tcp:127.0.0.1:80, and one can't beside it "
		  "(/srv/app/pm1.ini:3)" },
		{ "unix:/run/x", "unix:/run/x", "listen = unix:/run/x: service web listens there too" },
		{ "udp:53", "udp:[::1]:53", "listen = udp:[::1]:53: service web listens at udp:53" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256];
		(void)snprintf(text, sizeof(text), WEB "listen = %s\n" API "\nlisten = %s\n", cases[i].web, cases[i].api);
		struct loaded l = load(text);
		cr_expect_eq(l.r, -EINVAL, "%s %s", cases[i].web, cases[i].api);
		cr_expect_eq(diag_count(l.diag), 1, "%s %s", cases[i].web, cases[i].api);
		cr_expect(says(&l, cases[i].message), "%s", diag_count(l.diag) ? diag_text(l.diag, 0) : "nothing");
		unload(&l);
	}
}

Test(listen_keys, services_at_places_of_their_own_go_together)
{
	struct loaded l = load_good(WEB "listen = tcp:127.0.0.1:80 tcp:81 unix:/run/a\n" API
				    "listen = tcp:127.0.0.2:80 udp:81 unix:/run/b unix:@a tcp:[::1]:80\n"
				    "[service:six]\ncommand = true\nlisten = tcp:[::]:82\nlisten_v6only = yes\n"
				    "[service:four]\ncommand = true\nlisten = tcp:0.0.0.0:82\n");

	cr_expect_eq(diag_count(l.diag), 0);
	unload(&l);
}

Test(listen_keys, each_of_many_is_told_once)
{
	char text[4096];
	size_t n = (size_t)snprintf(text, sizeof(text), WEB "listen = tcp:80\n");

	for (int i = 0; i < 20; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[service:s%d]\ncommand = true\nlisten = tcp:127.0.0.%d:80 tcp:9%02d\n", i, i % 5 + 1, i);
	struct loaded l = load(text);
	cr_expect_eq(diag_errors(l.diag), 20);
	for (size_t i = 0; i < diag_count(l.diag); i++)
		cr_expect(strstr(diag_text(l.diag, i), "service web listens at tcp:80"), "%s", diag_text(l.diag, i));
	unload(&l);
}

Test(listen_keys, what_defaults_give_to_two_services_is_told_at_the_second)
{
	struct loaded l = load("[defaults]\nlisten = tcp:80\n" WEB API);

	cr_expect_eq(l.r, -EINVAL);
	cr_expect(says(&l, "/srv/app/pm1.ini:5: [service:api] listen = tcp:80: service web listens there too (/srv/app/pm1.ini:3)"), "%s",
		  diag_text(l.diag, 0));
	unload(&l);
}

Test(listen_keys, a_command_line_has_them_too)
{
	char *const argv[] = { (char *)"/bin/true", NULL };
	char *const good[] = { (char *)"listen=a=tcp:80,unix:x", (char *)"listen_env.A=a", (char *)"listen_adopt=yes", NULL };
	char *const bad[] = { (char *)"listen_adopt=yes", NULL };
	struct diag *d = diag_new();
	struct spec *s = NULL;

	cr_assert_eq(config_adhoc("x", argv, "/srv", NULL, good, d, &s), 0);
	words_are(&s->listen, "a=tcp:80 unix:/srv/x");
	cr_expect_str_eq(s->ready, "listen");
	spec_unref(s);
	cr_expect_eq(config_adhoc("x", argv, "/srv", NULL, bad, d, &s), -EINVAL);
	cr_expect_eq(diag_errors(d), 1);
	diag_free(d);
}

/* As a file would have them. */

Test(listen_keys, they_are_shown_as_they_would_be_written)
{
	static const struct {
		const char *key, *with, *without;
	} cases[] = {
		{ "listen", "a=tcp:80 unix:/x", "none" },
		{ "listen_env.", "N=a M=unix:/x", "none" },
		{ "listen_mode", "0600", "default" },
		{ "listen_owner", "www", "default" },
		{ "exec_mode", "cluster", "auto" },
		{ "activation", "on-connect", "eager" },
		{ "ready", "listen", "exec" },
	};
	struct loaded a = load_good(WEB "listen = a=tcp:80, unix:/x\nlisten_env.N = a\nlisten_env.M = unix:/x\nlisten_mode = 600\n"
				    "listen_owner = www\nlisten_adopt = yes\nexec_mode = cluster_mode\nactivation = on-connect\n"),
		      b = load_good(WEB);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct key *k = NULL;
		for (size_t n = 0; n < keys_count(); n++)
			if (strcmp(keys_at(n)->name, cases[i].key) == 0 && keys_at(n)->place == KEY_IN_SERVICE)
				k = keys_at(n);
		cr_assert_not_null(k, "%s", cases[i].key);
		char *with = show_key(k, nth(&a, 0)), *without = show_key(k, nth(&b, 0));
		cr_expect_str_eq(with, cases[i].with, "%s", cases[i].key);
		cr_expect_str_eq(without, cases[i].without, "%s", cases[i].key);
		free(with);
		free(without);
	}
	unload(&a);
	unload(&b);
}
