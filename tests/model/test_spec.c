#include "tests/model/load.h"
#include "model/spec.h"

#include <errno.h>

Test(spec, each_key_alone_makes_a_difference)
{
	static const char *const keys[] = {
		"shell=yes",	   "cwd=/x",	   "env.A=1",	     "namespace=n",	 "instances=2",
		"instance_var=I",  "user=u",	   "group=g",	     "umask=077",	 "autostart=no",
		"autorestart=no",  "critical=yes", "restart_delay=1", "min_uptime=2s",	 "exp_backoff_restart_delay=1s",
		"max_restarts=3",  "stop_exit_codes=1", "stop_signal=INT", "kill_timeout=1s", "kill_mode=group",
		"max_memory_restart=1M", "memory_max=1M", "out_file=none", "error_file=e", "log_file=l",
		"log_date_format=%F", "merge_logs=yes", "watch=yes", "watch=a", "ignore_watch=b",
		"watch_delay=1s", "listen=tcp:80", "listen=tcp:80\nlisten_env.A=tcp:80", "exec_mode=cluster", "reload_batch=2",
		"drain_timeout=1s",
	};
	struct loaded a = load_good("[service:s]\ncommand=a\n");

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		char text[200];

		snprintf(text, sizeof(text), "[service:s]\ncommand=a\n%s\n", keys[i]);
		struct loaded b = load_good(text);
		struct loaded c = load_good(text);

		cr_expect(!spec_equal(a.c.specs[0], b.c.specs[0]), "%s", keys[i]);
		cr_expect(spec_equal(b.c.specs[0], c.c.specs[0]), "%s", keys[i]);
		unload(&b);
		unload(&c);
	}
	unload(&a);
}

Test(spec, names_that_would_do_harm_as_paths_or_targets_have_a_fault)
{
	static const char *const bad[] = { "", ".", "..", "-a", ".a", "@a", "a/b", "a b", "a\n", "all", "12", "\xc3\xa4",
					   "a:b", "12345678901234567890123456789012345678901234567890123456789012345" };
	static const char *const good[] = { "a", "_", "web-1", "w@b.c", "1a", "allx",
					    "x234567890123456789012345678901234567890123456789012345678901234" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect_not_null(spec_name_fault(bad[i]), "%s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		cr_expect_null(spec_name_fault(good[i]), "%s", good[i]);
}

static void path_is(struct spec *s, const char *path, const char *kind, const char *expected)
{
	char buf[64];

	cr_assert_eq(spec_log_path(s, 2, path, kind, "/log", buf, sizeof(buf)), 0);
	cr_expect_str_eq(buf, expected);
}

Test(spec, the_instance_stands_before_the_extension_of_the_log)
{
	struct spec s = { .name = (char *)"web", .instances = 3 };

	path_is(&s, "/a.b/web-out.log", "out", "/a.b/web-out-2.log");
	path_is(&s, "/a.b/web", "out", "/a.b/web-2");
	path_is(&s, "/a.b/.web", "out", "/a.b/.web-2");
	path_is(&s, NULL, "error", "/log/web-error-2.log");
	path_is(&s, "", "error", "");
	path_is(&s, NULL, NULL, "");
	s.merge_logs = true;
	path_is(&s, NULL, "out", "/log/web-out.log");
	s.merge_logs = false;
	s.instances = 1;
	path_is(&s, "/x.log", "out", "/x.log");
}

Test(spec, a_log_path_without_room_is_not_cut)
{
	struct spec s = { .name = (char *)"web", .instances = 3 };

	for (size_t size = 1; size < sizeof("/a/web-2.log"); size++) {
		char buf[32];

		cr_expect_eq(spec_log_path(&s, 2, "/a/web.log", "out", "/log", buf, size), -ENOSPC, "%zu", size);
	}
}

Test(spec, references_are_counted)
{
	struct spec *s = spec_new();

	cr_assert_not_null(s);
	cr_expect_eq(spec_ref(s), s);
	spec_unref(s);
	s->name = strdup("still there");
	spec_unref(s);
	spec_unref(NULL);
}
