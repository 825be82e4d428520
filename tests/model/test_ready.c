#include "model/ready.h"

#include "tests/model/load.h"

#include <sys/socket.h>

static enum ready_kind kind_of(const char *text)
{
	struct ready r;
	const char *fault = ready_parse(text, &r);

	cr_expect_null(fault, "%s: %s", text, fault);
	return r.kind;
}

Test(ready, every_form_is_known)
{
	cr_expect_eq(kind_of(NULL), READY_EXEC);
	cr_expect_eq(kind_of("exec"), READY_EXEC);
	cr_expect_eq(kind_of("notify"), READY_NOTIFY);
	cr_expect_eq(kind_of("ipc"), READY_IPC);
	cr_expect_eq(kind_of("fd:3"), READY_FD);
	cr_expect_eq(kind_of("tcp:1"), READY_TCP);
	cr_expect_eq(kind_of("unix:/run/x"), READY_UNIX);
	cr_expect_eq(kind_of("unix:@x"), READY_UNIX);
	cr_expect_eq(kind_of("file:/run/x"), READY_FILE);
	cr_expect_eq(kind_of("log:^a|b$"), READY_LOG);
	cr_expect_eq(kind_of("listen"), READY_LISTEN);
}

Test(ready, what_cannot_be_is_refused)
{
	static const char *const texts[] = { "",	    "Notify",	  "notify:",	 "fd:",		"fd:2",	       "fd:256",      "fd:x",
					     "tcp:",	    "tcp:0",	  "tcp:65536",	 "tcp:host:80", "tcp::80",     "tcp:::1:80",  "tcp:[::1:80",
					     "tcp:1.2.3:4", "tcp:80:",	  "unix:",	 "unix:@",	"unix:x",      "file:",	      "file:x",
					     "log:",	    "log:(",	  "log:[",	 "tcp:[]:1",	"tcp:[1.2.3.4]:1", "exec:", "tcp: 80",
					     "listen:", "listening" };
	struct ready r;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		cr_expect_not_null(ready_parse(texts[i], &r), "%s", texts[i]);
}

Test(ready, a_path_of_a_socket_and_a_pattern_have_their_limits)
{
	char text[400];
	struct ready r;

	memset(text, 'x', sizeof(text));
	memcpy(text, "unix:/", 6);
	text[5 + 107] = 0;
	cr_expect_null(ready_parse(text, &r));
	text[5 + 107] = 'x';
	text[5 + 108] = 0;
	cr_expect_not_null(ready_parse(text, &r));

	memset(text, 'x', sizeof(text));
	memcpy(text, "log:", 4);
	text[4 + READY_PATTERN_MAX] = 0;
	cr_expect_null(ready_parse(text, &r));
	text[4 + READY_PATTERN_MAX] = 'x';
	text[5 + READY_PATTERN_MAX] = 0;
	cr_expect_not_null(ready_parse(text, &r));
}

Test(ready, an_address_is_read)
{
	struct ready r;

	cr_assert_null(ready_parse("tcp:127.0.0.1:5432", &r));
	cr_expect_eq(r.family, AF_INET);
	cr_expect_eq(r.port, 5432);
	cr_expect_eq(memcmp(r.address, (uint8_t[]){ 127, 0, 0, 1 }, 4), 0);
	cr_assert_null(ready_parse("tcp:[::1]:80", &r));
	cr_expect_eq(r.family, AF_INET6);
	cr_expect_eq(r.address[15], 1);
	cr_assert_null(ready_parse("tcp:80", &r));
	cr_expect_eq(r.family, 0);
}

Test(ready, what_is_waited_for_is_told_to_people)
{
	char buf[READY_TEXT_MAX];
	struct ready r;
	struct text t = TEXT_INIT(buf);

	cr_assert_null(ready_parse("listen", &r));
	ready_text(&r, &t);
	cr_expect_str_eq(buf, "when it listens");
	text_init(&t, buf, sizeof(buf));
	ready_missing(&r, &t);
	cr_expect_str_eq(buf, "it has not listened on what is held for it");
}

static const char *ready_of(struct loaded *l, size_t i)
{
	return l->c.specs[i]->ready ? l->c.specs[i]->ready : "none";
}

Test(ready, all_keys_that_say_it_come_together)
{
	struct loaded l = load_good("[defaults]\nwait_ready = yes\n[service:a]\ncommand = x\n"
				    "[service:b]\ncommand = x\nready = tcp:80\n"
				    "[service:c]\ncommand = x\nready_log = ^up\n"
				    "[service:d]\ncommand = x\nwait_ready = no\n"
				    "[service:e]\ncommand = x\nwaitReady = no\ntype = notify\n"
				    "[service:f]\ncommand = x\nready = file:run/x.pid\n"
				    "[service:g]\ncommand = x\nready = exec\n"
				    "[service:h]\ncommand = x\nready = unix:x.sock\n");

	cr_expect_str_eq(ready_of(&l, 0), "ipc");
	cr_expect_str_eq(ready_of(&l, 1), "tcp:80");
	cr_expect_str_eq(ready_of(&l, 2), "log:^up");
	cr_expect_str_eq(ready_of(&l, 3), "none");
	cr_expect_str_eq(ready_of(&l, 4), "notify");
	cr_expect_str_eq(ready_of(&l, 5), "file:/srv/app/run/x.pid");
	cr_expect_str_eq(ready_of(&l, 6), "exec");
	cr_expect_str_eq(ready_of(&l, 7), "unix:/srv/app/x.sock");
	unload(&l);
}

Test(ready, two_of_them_in_one_place_are_one_too_many)
{
	struct loaded l = load("[service:a]\ncommand = x\nready = tcp:80\nwait_ready = yes\n");

	cr_expect_eq(l.r, 0);
	cr_expect(says(&l, "pm1.ini:4: warning: [service:a] wait_ready = yes: ready says already what makes it ready; ignoring"));
	cr_expect_str_eq(ready_of(&l, 0), "tcp:80");
	unload(&l);
}

Test(ready, faults_are_told_with_their_line)
{
	static const struct {
		const char *lines, *part;
	} cases[] = {
		{ "ready = port:80", "pm1.ini:3: [service:a] ready = port:80: unknown (allowed: exec, notify, fd:N" },
		{ "ready = fd:1", "a descriptor is a number from 3 to 255" },
		{ "ready_log = a(", "no regular expression" },
		{ "notify_access = none\ntype = notify", "notify_access = none takes away the socket" },
		{ "fdstore_max = 4\nready = fd:6", "pm1.ini:4: [service:a] ready = fd:6: descriptors 3 to 6 are those of fdstore_max" },
		{ "watchdog = x", "not a time" },
		{ "fdstore_max = 129", "out of range" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256];
		snprintf(text, sizeof(text), "[service:a]\ncommand = x\n%s\n", cases[i].lines);
		struct loaded l = load(text);
		cr_expect_lt(l.r, 0, "%s", text);
		cr_expect(says(&l, cases[i].part), "%s: %s", text, diag_count(l.diag) ? diag_text(l.diag, 0) : "");
		unload(&l);
	}
}

Test(ready, a_daemon_has_a_way_of_its_own)
{
	struct loaded l = load("[service:a]\ncommand = x\ntype = forking\nready = tcp:80\n");

	cr_expect_eq(l.r, 0);
	cr_expect(says(&l, "a service of type = forking is ready when its daemon is there; ignoring"));
	cr_expect_str_eq(ready_of(&l, 0), "none");
	unload(&l);
}

Test(ready, another_way_is_another_service)
{
	struct loaded a = load_good("[service:a]\ncommand = x\nready = tcp:80\n"), b = load_good("[service:a]\ncommand = x\nready = tcp:81\n");

	cr_expect(!spec_equal(a.c.specs[0], b.c.specs[0]));
	cr_expect(spec_equal(a.c.specs[0], a.c.specs[0]));
	unload(&a);
	unload(&b);
}
