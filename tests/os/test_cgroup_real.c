/* The cgroups that this machine has, of whichever version. */
#include "tests/fakes/sys_fake.h"
#include "tests/os/cgroup_fake.h"
#include "tests/os/spawned.h"
#include "tests/skip.h"

static struct cgroups *all;
static struct cgroup *g;

static void begin(void)
{
	folder_enter();
	cr_assert_eq(cgroups_open(&all), 0);
	if (cgroups_kind(all) == CGROUP_NONE) {
		cr_assert_null(getenv("CI"), "CI needs a cgroup that can be written");
		skip_test("no cgroup can be written here");
	}
}

static void done(void)
{
	char base[PATH_MAX];
	bool made = all->base_fd >= 0;

	memcpy(base, all->base, sizeof(base));
	cgroup_free(g);
	cgroups_close(all);
	if (made)
		cr_expect_eq(access(base, F_OK), -1, "%s is left", base);
	folder_leave();
}

TestSuite(cgroup_real, .init = begin, .fini = done);

static struct spawned sleeper(void)
{
	char *argv[] = { "/bin/sleep", "1000", NULL };
	struct spawn_job job = spawned_job(argv);
	struct spawned s;
	enum spawn_stage stage = SPAWN_STAGE_MAX;
	int err = 0;

	job.cgroup = g;
	cr_assert_eq(spawn_start(&job, &s), 0);
	cr_assert_eq(spawned_report(&s, &stage, &err), 1, "%s: %s", spawn_stage_name(stage), strerror(err));
	return s;
}

Test(cgroup_real, a_child_is_born_in_it_and_killed_with_it)
{
	pid_t pids[4];
	int fds[2];

	cr_assert_eq(cgroup_new(all, "web", &all, &g), 0);
	cr_expect_eq(cgroup_owner(g), &all);
	cr_expect_eq(cgroup_join_fds(g, fds, 2), 1);
	cr_expect_eq(cgroup_join_fds(g, fds, 0), 0);
	cr_expect_eq(cgroup_empty(g), 1);
	struct spawned s = sleeper();

	cr_expect_eq(cgroup_empty(g), 0);
	cr_expect_eq(cgroup_pids(g, pids, 4), 1);
	cr_expect_eq(pids[0], s.pid);
	cr_expect_eq(cgroup_kill(g), 0);
	cr_expect_eq(spawned_end(&s), 128 + SIGKILL);
	cr_expect_eq(cgroup_empty(g), 1);
}

Test(cgroup_real, where_clone3_is_refused_the_child_joins_by_itself)
{
	pid_t pids[4];

	cr_assert_eq(cgroup_new(all, "web", NULL, &g), 0);
	sys_fake_fail_always("clone3", ENOSYS);
	struct spawned s = sleeper();

	cr_expect_eq(cgroup_pids(g, pids, 4), 1);
	cr_expect_eq(pids[0], s.pid);
	cr_expect_eq(cgroup_kill(g), 0);
	(void)spawned_end(&s);
}

/* By cgroup.procs each start after a quiet moment took 8 to 13 ms: the kernel waited for an RCU grace period. */
Test(cgroup_real, under_v1_the_child_moves_its_one_thread)
{
	char self[64], path[PATH_MAX];

	if (cgroups_kind(all) != CGROUP_V1)
		skip_test("no v1");
	cr_assert_eq(cgroup_new(all, "web", NULL, &g), 0);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", g->join_fd);
	ssize_t n = readlink(self, path, sizeof(path) - 1);
	cr_assert_gt(n, 6);
	path[n] = '\0';
	cr_expect_str_eq(path + n - 6, "/tasks");
}

Test(cgroup_real, a_cgroup_that_refuses_the_child_is_told)
{
	char *argv[] = { "/bin/true", NULL };
	struct spawn_job job = spawned_job(argv);

	cr_assert_eq(cgroup_new(all, "web", NULL, &g), 0);
	close_fd(&g->join_fd);
	g->join_fd = sys_openat(g->dir_fd, "cgroup.procs", O_RDONLY, 0);
	job.cgroup = g;
	sys_fake_fail_always("clone3", ENOSYS);
	spawned_fails(&job, SPAWN_CGROUP, EBADF, 126);
}

Test(cgroup_real, a_limit_is_set_and_can_be_lifted)
{
	struct cgroup_memory m;
	const char *file = NULL;
	uint64_t got;

	if (!cgroups_has_memory(all))
		skip_test("no memory controller");
	cr_assert_eq(cgroup_new(all, "web", NULL, &g), 0);
	size_t fds = sys_fake_open_fds();
	cr_assert_eq(cgroup_limit_memory(g, 64 << 20, 32 << 20, &file), 0, "%s", file);
	cr_assert_eq(cgroup_read_u64(g, cgroups_kind(all) == CGROUP_V2 ? "memory.max" : "memory.limit_in_bytes", &got), 0);
	cr_expect_eq(got, 64 << 20);
	struct spawned s = sleeper();
	cr_expect_eq(cgroup_memory(g, &m), 0);
	cr_expect_leq(m.working, m.current);
	cr_expect_eq(m.oom_kills, 0);
	cr_assert_eq(cgroup_limit_memory(g, 0, 0, &file), 0, "%s", file);
	cr_assert_eq(cgroup_read_u64(g, cgroups_kind(all) == CGROUP_V2 ? "memory.max" : "memory.limit_in_bytes", &got), 0);
	cr_expect_gt(got, (uint64_t)1 << 50);
	cr_assert_eq(cgroup_kill(g), 0);
	(void)spawned_end(&s);
	if (cgroups_kind(all) == CGROUP_V1)
		cr_expect_eq(sys_fake_open_fds(), fds);
}

Test(cgroup_real, an_empty_folder_of_the_name_is_taken_over_and_a_busy_one_is_not)
{
	struct cgroup *second;

	cr_assert_eq(cgroup_new(all, "web", NULL, &g), 0);
	struct spawned s = sleeper();
	cr_assert_eq(cgroup_new(all, "web", NULL, &second), 0);
	cr_expect_str_neq(second->path, g->path);
	cr_expect_eq(cgroup_empty(second), 1);
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", second->path);
	cgroup_free(second);
	cr_expect_eq(access(path, F_OK), -1);
	cr_assert_eq(mkdir(path, 0755), 0);
	cr_assert_eq(cgroup_new(all, "web", NULL, &second), 0);
	cr_expect_str_eq(second->path, path);
	cgroup_free(second);
	cr_assert_eq(cgroup_kill(g), 0);
	(void)spawned_end(&s);
}
