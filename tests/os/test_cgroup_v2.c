#include "tests/fakes/sys_fake.h"
#include "tests/os/cgroup_fake.h"

static struct cgroups all;
static struct cgroup *g;

static const char *const written[] = { "memory.max", "memory.high", "memory.swap.max", "memory.oom.group" };

static void begin(void)
{
	folder_enter();
	all = cgroup_fake_all(&cgroup_v2_ops);
	g = cgroup_fake_new(&all);
	cgroup_fake_blank(written, ARRAY_LEN(written));
	folder_put("memory.current", "104857600\n");
	folder_put("memory.stat", "anon 1000\nfile 62914560\nshmem 20971520\n");
	folder_put("memory.events", "low 0\nhigh 3\nmax 5\noom 1\noom_kill 2\noom_group_kill 1\n");
}

static void done(void)
{
	cgroup_free(g);
	close_fd(&all.fd);
	folder_leave();
}

TestSuite(cgroup_v2, .init = begin, .fini = done);

Test(cgroup_v2, limits_are_written_and_swap_is_no_way_around)
{
	const char *file = NULL;

	cr_assert_eq(cgroup_limit_memory(g, 500 << 20, 400 << 20, &file), 0, "%s", file);
	cr_expect_str_eq(folder_get("memory.max"), "524288000");
	cr_expect_str_eq(folder_get("memory.high"), "419430400");
	cr_expect_str_eq(folder_get("memory.swap.max"), "0");
	cr_expect_str_eq(folder_get("memory.oom.group"), "1");
	cgroup_fake_blank(written, ARRAY_LEN(written));
	cr_assert_eq(cgroup_limit_memory(g, 0, 0, &file), 0);
	cr_expect_str_eq(folder_get("memory.max"), "max");
	cr_expect_str_eq(folder_get("memory.high"), "max");
	cr_expect_str_eq(folder_get("memory.swap.max"), "max");
	cr_expect_str_eq(folder_get("memory.oom.group"), "1", "killed whole when the machine is out of memory, too");
}

Test(cgroup_v2, one_process_alone_is_killed_where_that_is_asked_for_and_news_come_without_a_limit)
{
	const char *file = NULL;

	cgroup_oom_alone(g, true);
	cr_assert_eq(cgroup_limit_memory(g, 0, 0, &file), 0, "%s", file);
	cr_expect_str_eq(folder_get("memory.oom.group"), "0");
	cr_expect_geq(g->watch, 0);
	cgroup_fake_blank(written, ARRAY_LEN(written));
	cgroup_oom_alone(g, false);
	cr_assert_eq(cgroup_limit_memory(g, 1 << 20, 0, &file), 0, "%s", file);
	cr_expect_str_eq(folder_get("memory.oom.group"), "1");
}

Test(cgroup_v2, kernels_without_swap_or_group_kill_do)
{
	const char *file = NULL;

	cr_assert_eq(unlink("memory.swap.max"), 0);
	cr_assert_eq(unlink("memory.oom.group"), 0);
	cr_expect_eq(cgroup_limit_memory(g, 500 << 20, 0, &file), 0, "%s", file);
}

Test(cgroup_v2, the_file_that_refuses_is_named)
{
	const char *file = NULL;

	sys_fake_fail("write", 1, EBUSY);
	cr_expect_eq(cgroup_limit_memory(g, 1 << 20, 0, &file), -EBUSY);
	cr_expect_str_eq(file, "memory.max");
	cr_assert_eq(unlink("memory.high"), 0);
	cr_expect_eq(cgroup_limit_memory(g, 1 << 20, 0, &file), -ENOENT);
	cr_expect_str_eq(file, "memory.high");
	folder_put("memory.high", "");
	sys_fake_fail("inotify_add", 1, ENOSPC);
	cr_expect_eq(cgroup_limit_memory(g, 1 << 20, 0, &file), -ENOSPC);
	cr_expect_str_eq(file, "memory.events");
	cr_expect_eq(cgroup_limit_memory(g, 1 << 20, 0, &file), 0, "once more, it works");
	all.has_memory = false;
	cr_expect_eq(cgroup_limit_memory(g, 1 << 20, 0, &file), -ENOTSUP);
}

Test(cgroup_v2, what_the_kernel_may_drop_is_not_the_services_own)
{
	struct cgroup_memory m;

	folder_put("memory.peak", "115343360\n");
	cr_assert_eq(cgroup_memory(g, &m), 0);
	cr_expect_eq(m.current, 100 << 20);
	cr_expect_eq(m.working, 60 << 20, "less the cache of 60M, of which 20M are tmpfs and stay");
	cr_expect_eq(m.peak, 110 << 20);
	cr_expect_eq(m.oom_kills, 2);
	cr_expect_eq(m.max_hits, 5);
}

Test(cgroup_v2, numbers_that_cannot_be_read_are_zero_but_the_first_is_needed)
{
	struct cgroup_memory m;

	cr_assert_eq(unlink("memory.stat"), 0);
	cr_assert_eq(unlink("memory.events"), 0);
	cr_assert_eq(cgroup_memory(g, &m), 0);
	cr_expect_eq(m.working, 100 << 20);
	cr_expect_eq(m.peak, 0);
	cr_expect_eq(m.oom_kills, 0);
	folder_put("memory.stat", "file 999999999999\nshmem 5\n");
	cr_assert_eq(cgroup_memory(g, &m), 0);
	cr_expect_eq(m.working, 0, "more cache than all: never below nothing");
	cr_assert_eq(unlink("memory.current"), 0);
	cr_expect_eq(cgroup_memory(g, &m), -ENOENT);
	all.has_memory = false;
	cr_expect_eq(cgroup_memory(g, &m), -ENOTSUP);
	cr_expect_eq(m.current, 0);
}

Test(cgroup_v2, cpu_time_is_read)
{
	uint64_t usec = 7;

	cr_expect_eq(cgroup_cpu(g, &usec), -ENOENT);
	folder_put("cpu.stat", "user_usec 1\nusage_usec 123456\n");
	cr_expect_eq(cgroup_cpu(g, &usec), 0);
	cr_expect_eq(usec, 123456);
	folder_put("cpu.stat", "");
	cr_expect_eq(cgroup_cpu(g, &usec), -ENOENT);
}

Test(cgroup_v2, the_kernel_says_whether_it_is_empty)
{
	folder_put("cgroup.events", "populated 1\nfrozen 0\n");
	folder_put("cgroup.procs", "");
	cr_expect_eq(cgroup_empty(g), 0, "one in a folder below counts");
	folder_put("cgroup.events", "populated 0\nfrozen 0\n");
	cr_expect_eq(cgroup_empty(g), 1);
	sys_fake_fail("open", 1, EMFILE);
	cr_expect_eq(cgroup_empty(g), 1, "then cgroup.procs is asked");
}

Test(cgroup_v2, an_event_is_news_once)
{
	const char *file;

	cr_assert_eq(cgroup_limit_memory(g, 500 << 20, 0, &file), 0);
	cr_expect_null(cgroups_next(&all));
	folder_put("memory.events", "oom_kill 3\n");
	cr_expect_eq(cgroups_next(&all), g);
	cr_expect_null(cgroups_next(&all));
	cr_expect_str_eq(folder_get("memory.high"), "max", "there was no notice to lift");
	cgroup_fake_blank(written, ARRAY_LEN(written));
	cr_assert_eq(cgroup_limit_memory(g, 400 << 20, 0, &file), 0, "a limit that changes watches on");
	folder_put("memory.events", "oom_kill 4\n");
	cr_expect_eq(cgroups_next(&all), g);
}

/* memory.high throttles whoever is above it: by its own memory it is on its way out, and must not be held up. */
Test(cgroup_v2, at_its_notice_the_throttle_is_lifted_but_cache_alone_leaves_it)
{
	const char *file;

	cr_assert_eq(cgroup_limit_memory(g, 0, 100 << 20, &file), 0);
	cgroup_fake_blank(written, ARRAY_LEN(written));
	folder_put("memory.events", "high 4\n");
	cr_expect_eq(cgroups_next(&all), g);
	cr_expect_str_eq(folder_get("memory.high"), "", "60M of its own, the rest is cache");
	folder_put("memory.stat", "file 0\nshmem 0\n");
	folder_put("memory.events", "high 5\n");
	cr_expect_eq(cgroups_next(&all), g);
	cr_expect_str_eq(folder_get("memory.high"), "max");
	cgroup_fake_blank(written, ARRAY_LEN(written));
	folder_put("memory.events", "high 6\n");
	cr_expect_eq(cgroups_next(&all), g);
	cr_expect_str_eq(folder_get("memory.high"), "", "lifted once");
}

Test(cgroup_v2, without_inotify_the_limit_holds_and_there_is_no_news)
{
	const char *file;

	close_fd(&all.fd);
	cr_expect_eq(cgroup_limit_memory(g, 500 << 20, 0, &file), 0);
	cr_expect_str_eq(folder_get("memory.max"), "524288000");
	cr_expect_null(cgroups_next(&all));
}
