/* What doesn't depend on the version: where a cgroup is found, and which processes are in it. */
#include "tests/fakes/sys_fake.h"
#include "tests/os/cgroup_fake.h"
#include "tests/os/spawned.h"
#include "tests/skip.h"

#include <sys/file.h>

TestSuite(cgroup, .init = folder_enter, .fini = folder_leave);

/* Mounts and the own place of a machine that isn't this one. @ is the test's folder. */
static void machine(const char *mounts, const char *own)
{
	char text[2048];
	size_t n = 0;

	for (const char *p = mounts; *p; p++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s", *p == '@' ? (int)sizeof(folder) : 1, *p == '@' ? folder : p);
	folder_cover("/proc/self/mountinfo", text);
	folder_cover("/proc/self/cgroup", own);
}

#define DISK "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
#define V2 "30 22 0:26 / @ rw,nosuid shared:4 master:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V2_READ_ONLY "30 22 0:26 / @ ro,nosuid - cgroup2 cgroup2 rw\n"
#define V1_MEMORY "33 30 0:29 / @/v1 rw - cgroup cgroup rw,memory\n"

static void own_procs(void)
{
	char text[32];

	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	folder_put("cgroup.procs", text);
}

Test(cgroup, a_mount_is_found_by_its_type_and_controller)
{
	struct cgroup_mount m;

	machine(DISK "31 30 0:27 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n"
		     "torn line\n32 30 0:28 / /sys/fs/cgroup/memoryless rw - cgroup cgroup rw,memoryless\n"
		     "33 30 0:29 /docker/abc /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
		     "34 30 0:30 / /sys/fs/cgroup/unified rodent,ro - cgroup2 none rw\n",
		"0::/\n");
	cr_assert_eq(cgroup_find_mount("cgroup", "memory", &m), 0);
	cr_expect_str_eq(m.root, "/docker/abc");
	cr_expect_str_eq(m.at, "/sys/fs/cgroup/memory");
	cr_expect(!m.read_only);
	cr_assert_eq(cgroup_find_mount("cgroup", "cpuacct", &m), 0);
	cr_expect_str_eq(m.at, "/sys/fs/cgroup/cpu");
	cr_expect(m.read_only);
	cr_assert_eq(cgroup_find_mount("cgroup2", NULL, &m), 0);
	cr_expect_str_eq(m.at, "/sys/fs/cgroup/unified");
	cr_expect(!m.read_only, "'ro' is the first option or none");
	cr_expect_eq(cgroup_find_mount("cgroup", "pids", &m), -ENOENT);
	sys_fake_fail("open", 1, ENOENT);
	cr_expect_eq(cgroup_find_mount("cgroup2", NULL, &m), -ENOENT, "no /proc");
}

Test(cgroup, the_own_path_is_found_by_controller)
{
	char path[64];

	folder_cover("/proc/self/cgroup", "9:name=systemd:/a\n4:memory:/m:n\n3:cpu,cpuacct:/c\nbroken\n0::/u/v\n");
	cr_assert_eq(cgroup_own_path("", path, sizeof(path)), 0);
	cr_expect_str_eq(path, "/u/v");
	cr_assert_eq(cgroup_own_path("memory", path, sizeof(path)), 0);
	cr_expect_str_eq(path, "/m:n");
	cr_assert_eq(cgroup_own_path("cpuacct", path, sizeof(path)), 0);
	cr_expect_str_eq(path, "/c");
	cr_expect_eq(cgroup_own_path("pids", path, sizeof(path)), -ENOENT);
	cr_expect_eq(cgroup_own_path("", path, 4), -ENOSPC);
}

Test(cgroup, the_own_folder_is_the_path_less_the_mounts_root)
{
	static const struct {
		const char *root, *own, *expected;
	} cases[] = {
		{ "/", "/", "/cg" },
		{ "/", "/a/b", "/cg/a/b" },
		{ "/docker/abc", "/docker/abc", "/cg" },
		{ "/docker/abc", "/docker/abc/d", "/cg/d" },
		{ "/docker/abc", "/docker/abcdef", NULL },
		{ "/docker/abc", "/docker", NULL },
		{ "/docker/abc", "/", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cgroup_mount m = { .at = "/cg" };
		char buf[64] = "";

		snprintf(m.root, sizeof(m.root), "%s", cases[i].root);
		int r = cgroup_own_folder(&m, cases[i].own, buf, sizeof(buf));
		cr_expect_eq(r, cases[i].expected ? 0 : -ENOENT, "%s in %s", cases[i].own, cases[i].root);
		if (cases[i].expected)
			cr_expect_str_eq(buf, cases[i].expected);
	}
}

Test(cgroup, a_field_is_found_by_its_whole_name)
{
	uint64_t v = 7;

	cr_expect_eq(cgroup_field("file_mapped 1\nfile 23\nshmem 4\n", "file", &v), 0);
	cr_expect_eq(v, 23);
	cr_expect_eq(cgroup_field("file 1", "shmem", &v), -ENOENT);
	cr_expect_eq(cgroup_field("", "file", &v), -ENOENT);
	cr_expect_eq(cgroup_field("xfile 9\nfile\n", "file", &v), -ENOENT);
	cr_expect_eq(v, 23, "the result is untouched");
}

Test(cgroup, a_number_is_read_whole_and_max_is_the_highest)
{
	struct cgroups c = cgroup_fake_all(&cgroup_v2_ops);
	struct cgroup *g = cgroup_fake_new(&c);
	uint64_t v = 7;

	folder_put("n", "4096\n");
	folder_put("max", "max\n");
	folder_put("bad", "12x\n");
	cr_expect_eq(cgroup_read_u64(g, "n", &v), 0);
	cr_expect_eq(v, 4096);
	cr_expect_eq(cgroup_read_u64(g, "max", &v), 0);
	cr_expect_eq(v, UINT64_MAX);
	cr_expect_eq(cgroup_read_u64(g, "bad", &v), -EINVAL);
	cr_expect_eq(cgroup_read_u64(g, "none", &v), -ENOENT);
	cgroup_free(g);
	close_fd(&c.fd);
}

Test(cgroup, without_any_mount_it_is_none_and_says_why)
{
	struct cgroups *c;
	struct cgroup *g;

	machine(DISK, "0::/\n");
	cr_assert_eq(cgroups_open(&c), 0);
	cr_expect_eq(cgroups_kind(c), CGROUP_NONE);
	cr_expect(!cgroups_has_memory(c));
	cr_expect_eq(cgroups_fd(c), -1);
	cr_expect_null(cgroups_next(c));
	cr_expect_str_eq(cgroups_text(c), "none: cgroup v2 is not mounted; cgroup v1 has no memory controller mounted");
	cr_expect_eq(cgroup_new(c, "web", NULL, &g), -ENOTSUP);
	cr_expect_null(c->first);
	cgroups_close(c);
}

Test(cgroup, a_read_only_mount_is_none_and_says_where)
{
	struct cgroups *c;
	char expected[256];

	machine(DISK V2_READ_ONLY, "0::/\n");
	cr_assert_eq(cgroups_open(&c), 0);
	cr_expect_eq(cgroups_kind(c), CGROUP_NONE);
	snprintf(expected, sizeof(expected), "none: cgroup v2 at %s is mounted read-only; cgroup v1 has no memory controller mounted", folder);
	cr_expect_str_eq(cgroups_text(c), expected);
	cgroups_close(c);
}

/* Alone in its cgroup, as under a systemd unit with Delegate=yes: pm1 goes into a leaf, and the rest is the services'. */
Test(cgroup, alone_in_its_own_pm1_moves_into_a_leaf_and_back)
{
	struct cgroups *c;
	char text[256], pid[32];

	machine(DISK V2, "0::/\n");
	own_procs();
	folder_put("cgroup.events", "populated 1\n");
	folder_put("cgroup.controllers", "cpuset cpu io memory\n");
	folder_put("cgroup.subtree_control", "");
	cr_assert_eq(mkdir("pm1-init", 0755), 0);
	folder_put("pm1-init/cgroup.procs", "");
	cr_assert_eq(cgroups_open(&c), 0);
	cr_expect_eq(cgroups_kind(c), CGROUP_V2, "%s", cgroups_text(c));
	cr_expect(cgroups_has_memory(c));
	snprintf(text, sizeof(text), "cgroup v2 at %s", folder);
	cr_expect_str_eq(cgroups_text(c), text);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	cr_expect_str_eq(folder_get("pm1-init/cgroup.procs"), pid);
	cr_expect_str_eq(folder_get("cgroup.subtree_control"), "+cpuory", "memory, and cpu after it, in one plain file");
	cgroups_close(c);
	cr_expect_eq(folder_get("cgroup.procs")[0], '0', "pm1 has gone back");
}

Test(cgroup, a_leaf_that_cannot_be_entered_is_taken_away_again)
{
	struct cgroups *c;

	machine(DISK V2, "0::/\n");
	own_procs();
	folder_put("cgroup.events", "populated 1\n");
	cr_assert_eq(cgroups_open(&c), 0);
	cr_expect_eq(cgroups_kind(c), CGROUP_NONE);
	cr_expect_not_null(strstr(cgroups_text(c), "No such file or directory"));
	cr_expect_eq(access("pm1-init", F_OK), -1);
	cgroups_close(c);
	cr_expect_neq(folder_get("cgroup.procs")[0], '0');
}

/* v2 without the memory controller gives way to a v1 that has it: pm1 doesn't stay in the leaf it made there. */
Test(cgroup, a_v2_that_gives_way_to_v1_is_left_as_it_was)
{
	struct cgroups *c;

	machine(DISK V2 V1_MEMORY, "4:memory:/\n0::/\n");
	own_procs();
	cr_assert_eq(mkdir("v1", 0755), 0);
	cr_assert_eq(mkdir("pm1-init", 0755), 0);
	folder_put("pm1-init/cgroup.procs", "");
	folder_put("cgroup.events", "populated 1\n");
	size_t fds = sys_fake_open_fds();

	cr_assert_eq(cgroups_open(&c), 0);
	cr_expect_eq(cgroups_kind(c), CGROUP_V1, "%s", cgroups_text(c));
	cr_expect_eq(folder_get("cgroup.procs")[0], '0', "pm1 has gone back");
	cgroups_close(c);
	cr_expect_eq(sys_fake_open_fds(), fds);
}

Test(cgroup, shared_with_others_root_makes_a_folder_at_the_top_and_nobody_else_does)
{
	struct cgroups *c;
	char expected[128];

	if (geteuid() != 0)
		skip_test("needs root");
	machine(DISK V2, "0::/session\n");
	cr_assert_eq(mkdir("session", 0755), 0);
	folder_put("session/cgroup.events", "populated 1\n");
	folder_put("session/cgroup.procs", "1\n2\n");
	cr_assert_eq(cgroups_open(&c), 0);
	cr_expect_eq(cgroups_kind(c), CGROUP_V2);
	cr_expect(!cgroups_has_memory(c));
	snprintf(expected, sizeof(expected), "cgroup v2 at %s/pm1-%d-", folder, (int)getpid());
	cr_expect_eq(strncmp(cgroups_text(c), expected, strlen(expected)), 0, "%s", cgroups_text(c));
	cr_expect_not_null(strstr(cgroups_text(c), "(no memory controller)"));
	char base[sizeof(c->base)];
	memcpy(base, c->base, sizeof(base));
	cr_expect_eq(access(base, F_OK), 0);
	cgroups_close(c);
	cr_expect_eq(access(base, F_OK), -1);

	cr_assert_eq(chmod(".", 0755), 0);
	cr_assert_eq(seteuid(65534), 0);
	cr_assert_eq(cgroups_open(&c), 0);
	cr_assert_eq(seteuid(0), 0);
	cr_expect_eq(cgroups_kind(c), CGROUP_NONE);
	cr_expect_not_null(strstr(cgroups_text(c), "shared with other processes, and only root may make another"), "%s", cgroups_text(c));
	cgroups_close(c);
}

/* What a crashed pm1 left has no lock; another's that lives has. */
Test(cgroup, stale_folders_are_cleared_away_and_living_ones_are_not)
{
	struct cgroups c = { .fd = -1, .base_fd = -1 };

	cr_assert_eq(mkdir("pm1-7-00000001", 0755), 0);
	cr_assert_eq(mkdir("pm1-7-00000001/web", 0755), 0);
	cr_assert_eq(mkdir("pm1-8-00000002", 0755), 0);
	cr_assert_eq(mkdir("pm1-8-00000002/web", 0755), 0);
	cr_assert_eq(mkdir("other", 0755), 0);
	int lock = sys_open("pm1-8-00000002", O_RDONLY | O_DIRECTORY, 0);
	cr_assert_eq(sys_flock(lock, LOCK_EX), 0);
	cr_assert_eq(cgroup_make_base(&c, folder), 0);
	cr_expect_eq(access("pm1-7-00000001", F_OK), -1);
	cr_expect_eq(access("pm1-8-00000002/web", F_OK), 0);
	cr_expect_eq(access("other", F_OK), 0);
	cr_expect_eq(access(c.base, F_OK), 0);
	close_fd(&lock);
	close_fd(&c.base_fd);
}

Test(cgroup, whatever_fails_in_making_a_base_leaves_nothing_open)
{
	static const char *const calls[] = { "mkdir", "open", "flock", "fstat", "stat" };

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct cgroups c = { .fd = -1, .base_fd = -1 };
		size_t fds = sys_fake_open_fds();

		sys_fake_reset();
		sys_fake_fail_always(calls[i], EIO);
		cr_expect_lt(cgroup_make_base(&c, folder), 0, "%s", calls[i]);
		cr_expect_lt(c.base_fd, 0, "%s", calls[i]);
		if (strcmp(calls[i], "open") == 0)
			cr_expect_neq(rmdir(c.base), 0, "the folder stays behind");
		cr_expect_eq(sys_fake_open_fds(), fds, "%s", calls[i]);
	}
	sys_fake_reset();
	struct cgroups c = { .fd = -1, .base_fd = -1 };
	cr_expect_eq(cgroup_make_base(&c, "/there/is/no/such"), -ENOENT);
}

/* An empty folder, as on a file system that isn't the kernel's, has no cgroup.procs: refused, and gone again. */
Test(cgroup, one_that_cannot_be_entered_is_taken_away_again)
{
	struct cgroups c = cgroup_fake_all(&cgroup_v2_ops);
	struct cgroup *g;
	size_t fds = sys_fake_open_fds();

	cr_expect_eq(cgroup_new(&c, "web", NULL, &g), -ENOENT);
	cr_expect_eq(access("web", F_OK), -1);
	sys_fake_fail("open", 1, EMFILE);
	cr_expect_eq(cgroup_new(&c, "web", NULL, &g), -EMFILE);
	cr_expect_eq(access("web", F_OK), -1);
	sys_fake_fail("mkdir", 1, ENOSPC);
	cr_expect_eq(cgroup_new(&c, "web", NULL, &g), -ENOSPC, "cgroup.max.descendants");
	cr_expect_null(c.first);
	cr_expect_eq(sys_fake_open_fds(), fds);
	/* Sixteen names that are all in use. */
	sys_fake_fail_always("mkdir", EEXIST);
	sys_fake_fail_always("rmdir", EBUSY);
	cr_expect_eq(cgroup_new(&c, "web", NULL, &g), -EBUSY);
	close_fd(&c.fd);
}

Test(cgroup, its_processes_are_those_that_live)
{
	struct cgroups c = cgroup_fake_all(&cgroup_v1_ops);
	struct cgroup *g = cgroup_fake_new(&c);
	char *argv[] = { "/bin/true", NULL }, text[128];
	struct spawn_job job = spawned_job(argv);
	struct spawned s;
	siginfo_t info;
	pid_t pids[4];

	cr_assert_eq(spawn_start(&job, &s), 0);
	cr_assert_eq(waitid(P_PID, (id_t)s.pid, &info, WEXITED | WNOWAIT), 0);
	/* 0: one of an outer PID namespace. */
	snprintf(text, sizeof(text), "0\n%d\n%d\n", (int)s.pid, (int)getpid());
	folder_put("cgroup.procs", text);
	cr_expect_eq(cgroup_pids(g, pids, 4), 1);
	cr_expect_eq(pids[0], getpid());
	cr_expect_eq(cgroup_pids(g, pids, 1), 2, "all are counted, also those there is no room for");
	cr_expect_eq(cgroup_empty(g), 0);
	snprintf(text, sizeof(text), "%d\n", (int)s.pid);
	folder_put("cgroup.procs", text);
	cr_expect_eq(cgroup_empty(g), 1, "a zombie is nobody");
	(void)spawned_end(&s);
	folder_put("cgroup.procs", "");
	cr_expect_eq(cgroup_empty(g), 1);
	sys_fake_fail("open", 1, EMFILE);
	cr_expect_eq(cgroup_empty(g), -EMFILE);
	cgroup_free(g);
	close_fd(&c.fd);
}

Test(cgroup, without_a_kill_file_they_are_killed_one_by_one)
{
	struct cgroups c = cgroup_fake_all(&cgroup_v2_ops);
	struct cgroup *g = cgroup_fake_new(&c);
	char *argv[] = { "/bin/sleep", "1000", NULL }, text[64];
	struct spawn_job job = spawned_job(argv);
	struct spawned a, b;

	cr_assert_eq(spawn_start(&job, &a), 0);
	cr_assert_eq(spawn_start(&job, &b), 0);
	snprintf(text, sizeof(text), "%d\n%d\n", (int)a.pid, (int)b.pid);
	folder_put("cgroup.procs", text);
	cr_expect_eq(cgroup_kill(g), 0);
	cr_expect_eq(spawned_end(&a), 128 + SIGKILL);
	cr_expect_eq(spawned_end(&b), 128 + SIGKILL);
	folder_put("cgroup.kill", "");
	cr_expect_eq(cgroup_kill(g), 0);
	cr_expect_str_eq(folder_get("cgroup.kill"), "1");
	cgroup_free(g);
	close_fd(&c.fd);
}
