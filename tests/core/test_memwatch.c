#include "core/memwatch.h"

#include "tests/core/host.h"
#include "tests/os/cgroup_fake.h"

TestSuite(memwatch, .init = host_begin, .fini = host_done, .timeout = 60);

#define SLEEPER "[service:web]\ncommand = sleep 1000\nrestart_delay = 1ms\n"

static struct cgroups fake, *none; /* none: the host's own */

/* A service in a cgroup of plain files. */
static void in_a_fake_cgroup(void)
{
	static const char *const written[] = { "memory.max", "memory.high", "memory.swap.max", "memory.oom.group" };

	fake = cgroup_fake_all(&cgroup_v2_ops);
	host_service(SLEEPER);
	none = host.cgroups;
	host.cgroups = &fake;
	service->cgroup = cgroup_fake_new(&fake);
	cgroup_fake_blank(written, ARRAY_LEN(written));
	folder_put("memory.current", "1048576\n");
	folder_put("memory.peak", "2097152\n");
	folder_put("memory.events", "oom_kill 5\n");
	folder_put("cgroup.procs", "");
}

/* Given back before the end: a fake is no cgroup to kill a service by. */
static void out_of_it(void)
{
	cgroup_free(service->cgroup);
	service->cgroup = NULL;
	close_fd(&fake.fd);
	host.cgroups = none;
}

Test(memwatch, without_a_limit_nothing_is_sampled)
{
	const char *file = NULL;

	host_service(SLEEPER);
	cr_expect_eq(memwatch_prepare(service, &file), 0);
	cr_expect_null(service->sampler);
	cr_expect_eq(memwatch_by(service), MEMWATCH_NONE);
	memwatch_begin(service);
	memwatch_end(service);
	cr_expect_str_eq(memwatch_by_text(memwatch_by(service)), "none");
}

Test(memwatch, without_a_cgroup_a_limit_is_watched_by_sampling)
{
	const char *file = NULL;

	host_service(SLEEPER);
	service->spec->memory_max = 1 << 30;
	cr_expect_eq(memwatch_prepare(service, &file), 0);
	cr_expect_eq(memwatch_by(service), MEMWATCH_SAMPLING);
	cr_expect_str_eq(memwatch_by_text(memwatch_by(service)), "sampling");
	cr_expect_eq(loop_timer_due(service->sampler), USEC_NEVER, "not before it runs");
	memwatch_begin(service);
	cr_expect_neq(loop_timer_due(service->sampler), USEC_NEVER);
	memwatch_end(service);
	cr_expect_eq(loop_timer_due(service->sampler), USEC_NEVER);
	service->spec->memory_max = 0;
	cr_expect_eq(memwatch_prepare(service, &file), 0);
	cr_expect_null(service->sampler, "another spec, without the limit");
}

Test(memwatch, over_its_limit_by_samples_it_is_restarted)
{
	host_service(SLEEPER);
	service->spec->max_memory_restart = 1024;
	service_start(service, "start");
	HOST_UNTIL(service->runs >= 2);
	cr_expect_geq(service->cap_total, 1);
	cr_expect_eq(strncmp(service->last_kill, "restarted at max_memory_restart (", 33), 0, "%s", service->last_kill);
	cr_expect_not_null(strstr(service->last_kill, "used, limit 1K)"), "%s", service->last_kill);
	cr_expect_gt(service->peak, 1024);
	cr_expect_eq(service->last.code, service->spec->stop_signal, "gracefully");
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
}

Test(memwatch, over_its_cap_by_samples_it_is_killed)
{
	host_service(SLEEPER);
	service->spec->memory_max = 1024;
	service_start(service, "start");
	HOST_UNTIL(service->has_exit);
	cr_expect_eq(service->last.code, SIGKILL);
	cr_expect_not_null(strstr(service->last_kill, "killed at memory_max, seen by sampling"));
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
}

/* Without /proc for a while nothing is known: nobody is killed for it, and the watching goes on. */
Test(memwatch, a_sample_that_cannot_be_taken_is_taken_the_next_time)
{
	host_service(SLEEPER);
	service->spec->memory_max = 1024;
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	sys_fake_fail_always("open", EMFILE);
	unsigned int before = sys_fake_count("open");
	HOST_UNTIL(sys_fake_count("open") > before);
	cr_expect_eq(service->cap_total, 0);
	cr_expect_eq(service->state, STATE_ONLINE);
	sys_fake_reset();
	HOST_UNTIL(service->cap_total > 0);
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
}

Test(memwatch, the_kernel_is_told_the_limits)
{
	const char *file = NULL;

	in_a_fake_cgroup();
	service->spec->memory_max = 500 << 20;
	service->spec->max_memory_restart = 400 << 20;
	cr_expect_eq(memwatch_prepare(service, &file), 0);
	cr_expect_eq(memwatch_by(service), MEMWATCH_V2);
	cr_expect_str_eq(memwatch_by_text(memwatch_by(service)), "cgroup v2");
	cr_expect_null(service->sampler);
	cr_expect_str_eq(folder_get("memory.max"), "524288000");
	cr_expect_str_eq(folder_get("memory.high"), "419430400");
	out_of_it();
}

Test(memwatch, what_the_kernel_refuses_is_named_and_watched_by_sampling)
{
	const char *file = NULL;

	in_a_fake_cgroup();
	service->spec->memory_max = 500 << 20;
	cr_assert_eq(unlink("memory.max"), 0);
	cr_expect_eq(memwatch_prepare(service, &file), -ENOENT);
	cr_expect_str_eq(file, "memory.max");
	cr_expect_eq(memwatch_by(service), MEMWATCH_SAMPLING);
	service->spec->memory_max = 0;
	cr_expect_eq(memwatch_prepare(service, &file), 0, "without a limit nobody misses the file");
	out_of_it();
}

/* The kernel's number goes on over restarts: only that it rose is news. */
Test(memwatch, a_kill_by_the_kernel_is_told_once)
{
	const char *file = NULL;

	in_a_fake_cgroup();
	service->spec->memory_max = 2 << 20;
	cr_assert_eq(memwatch_prepare(service, &file), 0);
	memwatch_news(service);
	cr_expect_eq(service->oom_total, 0, "those 5 were before");
	folder_put("memory.events", "oom_kill 8\n");
	memwatch_news(service);
	memwatch_news(service);
	memwatch_end(service);
	cr_expect_eq(service->oom_total, 1);
	cr_expect_str_eq(service->last_kill, "killed by the kernel's OOM killer at memory_max (2M used, limit 2M)");
	cr_expect_eq(service->peak, 2 << 20);
	service->spec->memory_max = 0;
	folder_put("memory.events", "oom_kill 9\n");
	memwatch_end(service);
	cr_expect_eq(service->oom_total, 2);
	cr_expect_eq(strncmp(service->last_kill, "killed by the kernel's OOM killer: the machine or the container is out of memory", 80), 0,
		     "%s", service->last_kill);
	cr_expect_null(strstr(service->last_kill, "limit"));
	out_of_it();
}

Test(memwatch, at_its_limit_by_the_kernels_word_it_is_restarted_and_cache_alone_is_no_reason)
{
	in_a_fake_cgroup();
	out_of_it(); /* started outside, as nothing can be put into a fake */
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	fake = cgroup_fake_all(&cgroup_v2_ops);
	host.cgroups = &fake;
	service->cgroup = cgroup_fake_new(&fake);
	service->spec->max_memory_restart = 100 << 20;
	folder_put("memory.current", "104857600\n");
	folder_put("memory.stat", "file 62914560\nshmem 0\n");
	memwatch_news(service);
	cr_expect_eq(service->state, STATE_ONLINE);
	folder_put("memory.stat", "file 0\nshmem 0\n");
	memwatch_news(service);
	cr_expect_eq(service->state, STATE_STOPPING);
	cr_expect_eq(service->cap_total, 1);
	cr_expect_str_eq(service->last_kill, "restarted at max_memory_restart (100M used, limit 100M)");
	memwatch_news(service);
	cr_expect_eq(service->cap_total, 1, "one that is on its way down is not restarted again");
	cgroup_free(service->cgroup);
	service->cgroup = NULL;
	close_fd(&fake.fd);
	host.cgroups = none;
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
}

Test(memwatch, a_look_is_zero_when_nothing_runs)
{
	struct memwatch_now now = { 7, 7 };

	host_service(SLEEPER);
	memwatch_look(service, &now);
	cr_expect_eq(now.memory, 0);
	cr_expect_eq(now.cpu_usec, 0);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	memwatch_look(service, &now);
	cr_expect_gt(now.memory, 0);
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
}
