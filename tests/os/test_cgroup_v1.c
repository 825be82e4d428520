#include "tests/fakes/sys_fake.h"
#include "tests/os/cgroup_fake.h"

static struct cgroups all;
static struct cgroup *g;

static const char *const written[] = { "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "cgroup.event_control" };

static void begin(void)
{
	folder_enter();
	all = cgroup_fake_all(&cgroup_v1_ops);
	g = cgroup_fake_new(&all);
	cgroup_fake_blank(written, ARRAY_LEN(written));
	folder_put("memory.usage_in_bytes", "104857600\n");
	folder_put("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
}

static void done(void)
{
	cgroup_free(g);
	close_fd(&all.fd);
	folder_leave();
}

TestSuite(cgroup_v1, .init = begin, .fini = done);

static void ring(int event)
{
	cr_assert_eq(sys_write(event, &(uint64_t){ 1 }, sizeof(uint64_t)), sizeof(uint64_t));
}

Test(cgroup_v1, limits_are_written_and_minus_one_is_none)
{
	const char *file = NULL;

	cr_assert_eq(cgroup_limit_memory(g, 500 << 20, 0, &file), 0, "%s", file);
	cr_expect_str_eq(folder_get("memory.limit_in_bytes"), "524288000");
	cr_expect_str_eq(folder_get("memory.memsw.limit_in_bytes"), "524288000");
	cgroup_fake_blank(written, ARRAY_LEN(written));
	cr_assert_eq(unlink("memory.memsw.limit_in_bytes"), 0);
	cr_assert_eq(cgroup_limit_memory(g, 0, 0, &file), 0, "without swap accounting");
	cr_expect_str_eq(folder_get("memory.limit_in_bytes"), "-1");
	cr_expect_str_eq(folder_get("cgroup.event_control"), "", "no limit, no news");
	cr_expect_eq(g->oom_fd, -1);
}

Test(cgroup_v1, where_no_limit_was_set_none_is_lifted)
{
	const char *file = NULL;

	cr_assert_eq(cgroup_limit_memory(g, 0, 0, &file), 0);
	cr_expect_str_eq(folder_get("memory.limit_in_bytes"), "", "two writes and more that each start would pay for");
	cr_assert_eq(cgroup_limit_memory(g, 0, 400 << 20, &file), 0, "%s", file);
	cr_expect_str_eq(folder_get("memory.limit_in_bytes"), "");
	cr_expect_geq(g->notice_fd, 0, "the notice needs no limit");
}

Test(cgroup_v1, news_is_registered_for_the_kill_and_for_the_threshold)
{
	const char *file = NULL;
	char line[64];

	cr_assert_eq(cgroup_limit_memory(g, 500 << 20, 0, &file), 0);
	snprintf(line, sizeof(line), "%d %d", g->oom_fd, g->oom_control_fd);
	cr_expect_str_eq(folder_get("cgroup.event_control"), line);
	cr_expect_eq(g->notice_fd, -1);
	cr_assert_eq(cgroup_limit_memory(g, 0, 400 << 20, &file), 0);
	snprintf(line, sizeof(line), "%d %d 419430400", g->notice_fd, g->usage_fd);
	cr_expect_str_eq(folder_get("cgroup.event_control"), line);
}

Test(cgroup_v1, an_event_is_news_once)
{
	const char *file;

	cr_assert_eq(cgroup_limit_memory(g, 500 << 20, 400 << 20, &file), 0);
	cr_expect_null(cgroups_next(&all));
	ring(g->oom_fd);
	ring(g->notice_fd);
	cr_expect_eq(cgroups_next(&all), g);
	cr_expect_null(cgroups_next(&all));
	ring(g->notice_fd);
	cr_expect_eq(cgroups_next(&all), g);
}

/* A reload with another limit each time. */
Test(cgroup_v1, a_limit_set_anew_leaves_no_descriptors_of_the_old_one)
{
	const char *file;

	cr_assert_eq(cgroup_limit_memory(g, 500 << 20, 400 << 20, &file), 0);
	size_t fds = sys_fake_open_fds();
	for (int i = 0; i < 5; i++)
		cr_assert_eq(cgroup_limit_memory(g, 300 << 20, 200 << 20, &file), 0);
	cr_expect_eq(sys_fake_open_fds(), fds);
	cr_assert_eq(cgroup_limit_memory(g, 0, 0, &file), 0);
	cr_expect_eq(sys_fake_open_fds(), fds - 4);
}

Test(cgroup_v1, whatever_fails_the_file_is_named_and_nothing_stays_open)
{
	static const char *const calls[] = { "eventfd", "open", "write", "epoll_ctl" };

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		unsigned int failed = 0;
		size_t fds = sys_fake_open_fds();

		for (unsigned int nth = 1; nth < 12; nth++) {
			const char *file = NULL;

			sys_fake_reset();
			sys_fake_fail(calls[i], nth, EMFILE);
			int r = cgroup_limit_memory(g, 500 << 20, 400 << 20, &file);

			cr_expect(r == 0 || r == -EMFILE);
			if (r < 0) {
				failed++;
				cr_expect_not_null(file);
			}
			sys_fake_reset();
			cr_assert_eq(cgroup_limit_memory(g, 0, 0, &file), 0);
			cr_expect_eq(sys_fake_open_fds(), fds, "%s %u", calls[i], nth);
		}
		cr_expect_geq(failed, 2, "%s", calls[i]);
	}
}

Test(cgroup_v1, what_the_kernel_may_drop_is_not_the_services_own)
{
	struct cgroup_memory m;

	folder_put("memory.stat", "cache 62914560\nrss 1\nshmem 20971520\ntotal_cache 9\n");
	folder_put("memory.max_usage_in_bytes", "115343360\n");
	folder_put("memory.failcnt", "5\n");
	cr_assert_eq(cgroup_memory(g, &m), 0);
	cr_expect_eq(m.current, 100 << 20);
	cr_expect_eq(m.working, 60 << 20);
	cr_expect_eq(m.peak, 110 << 20);
	cr_expect_eq(m.max_hits, 5);
	cr_expect_eq(m.oom_kills, 2);
	folder_put("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
	cr_assert_eq(cgroup_memory(g, &m), 0);
	cr_expect_eq(m.oom_kills, 0, "before Linux 4.13");
	cr_assert_eq(unlink("memory.usage_in_bytes"), 0);
	cr_expect_eq(cgroup_memory(g, &m), -ENOENT);
}

Test(cgroup_v1, cpu_time_is_another_hierarchys)
{
	uint64_t usec;

	cr_expect_eq(cgroup_cpu(g, &usec), -ENOTSUP);
	cr_expect_eq(cgroup_dirfd(g), -1, "and no clone3 straight into it");
}
