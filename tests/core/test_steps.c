/* The steps of a service's life when one is cut short, fails, or leaves something behind. */
#include "tests/core/host.h"

#include "os/kin.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

TestSuite(steps, .init = host_begin, .fini = host_done, .timeout = 60);

static bool nothing_left(void)
{
	pid_t pids[8];

	reaper_drain(host.reaper);
	return kin_find(0, service->mark, pids, 8) == 0;
}

/* The report of its exec is written, and nobody has read it. */
static void report_is_there(void)
{
	struct pollfd p = { .fd = service->status_fd, .events = POLLIN };

	cr_assert_eq(poll(&p, 1, 30000), 1);
}

static void gate_is_read(const char *name)
{
	cr_assert_eq(close(open(name, O_WRONLY | O_CLOEXEC)), 0);
}

/* It may fail, so the program's turn comes; but not when that isn't wanted any more. */
Test(steps, a_stop_before_it_is_known_that_start_pre_has_failed_is_a_stop)
{
	host_service("[service:web]\ncommand = sh -c 'echo > ran; exec sleep 1000'\nexec_start_pre = -/no/such\nkill_timeout = 1h\n");
	service_start(service, "start");
	report_is_there();
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
	cr_expect(!service->main_ran);
	cr_expect_neq(access("ran", F_OK), 0);
	cr_expect(nothing_left());
}

Test(steps, why_it_failed_is_told_also_after_its_stop_post)
{
	static const char *const posts[] = { "true", "/no/such" };

	cr_assert_eq(mkfifo("gate", 0600), 0);
	for (size_t i = 0; i < ARRAY_LEN(posts); i++) {
		char text[256];
		snprintf(text, sizeof(text), "[service:web]\ntype = forking\ncommand = sh -c 'read x < gate &'\npid_file = /no/such\n"
			 "max_restarts = 1\nexec_stop_post = %s\n", posts[i]);
		host_service(text);
		service_start(service, "start");
		HOST_UNTIL(service->pid == 0);
		cr_assert_eq(service->state, STATE_STARTING);
		gate_is_read("gate");
		HOST_UNTIL(service->state == STATE_ERRORED);
		cr_expect_str_eq(service->failure, "it left no daemon behind", "%s: '%s'", posts[i], service->failure);
		cr_expect_str_eq(host_last_cause(), "cannot start: it left no daemon behind", "%s: '%s'", posts[i], host_last_cause());
		service_free(service);
		service = NULL;
		unload(&loaded);
		loaded.diag = NULL;
	}
}

Test(steps, a_stop_post_that_cannot_be_forked_is_no_failure_of_the_service)
{
	host_service("[service:web]\ncommand = sleep 1000\nexec_stop_post = true\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	sys_fake_fail_always("clone3", EAGAIN);
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
	sys_fake_reset();
	cr_expect_str_eq(service->failure, "", "%s", service->failure);
}

/* listen_timeout is for the start; what it leaves behind has kill_timeout. */
Test(steps, what_a_failed_start_leaves_behind_is_killed_in_time)
{
	cr_assert_eq(mkfifo("gate", 0600), 0);
	host_service("[service:web]\ncommand = sleep 1000\nexec_start_pre = sh -c '(trap \"\" TERM; read x < gate; read x < gate) & read x < gate; exit 1'\n"
		     "listen_timeout = 1h\nkill_timeout = 20ms\nmax_restarts = 1\n");
	service_start(service, "start");
	gate_is_read("gate");
	HOST_UNTIL(service->state == STATE_ERRORED || (gate_is_read("gate"), false));
	cr_expect(nothing_left());
}

Test(steps, what_start_pre_leaves_behind_goes_when_the_program_cannot_be_run)
{
	host_service("[service:web]\ncommand = /no/such\nexec_start_pre = sh -c 'sleep 1000 & :'\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ERRORED);
	cr_expect(nothing_left());
	cr_expect(strstr(service->failure, "exec '/no/such'"), "%s", service->failure);
}

/* Its end can't be waited for when it waits in the kernel itself. */
Test(steps, a_stop_command_that_does_not_die_does_not_keep_the_signal_back)
{
	host_service("[service:web]\ncommand = sleep 1000\nexec_stop = sleep 1000\nkill_timeout = 20ms\n");
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	sys_fake_fail_always("kill", EPERM);
	service_stop(service, "stop");
	HOST_UNTIL(service->pid == 0);
	sys_fake_reset();
	HOST_UNTIL(service_at_rest(service));
}

/* A pid_file is the service's to write: what stands there must not hold up PID 1. */
Test(steps, a_pid_file_that_is_a_fifo_is_no_trap)
{
	cr_assert_eq(mkfifo("web.pid", 0600), 0);
	char text[256];
	snprintf(text, sizeof(text), "[service:web]\ntype = forking\ncommand = sh -c 'sleep 1000 & :'\npid_file = %s/web.pid\n"
		 "listen_timeout = 100ms\nmax_restarts = 1\n", folder);
	host_service(text);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ERRORED);
	cr_expect(strstr(service->failure, "not ready after listen_timeout"), "%s", service->failure);
	cr_expect(nothing_left());
}

/* Of a daemon that has forked twice the leader of its group is gone. */
Test(steps, the_group_of_a_daemon_is_signalled_also_without_its_leader)
{
	char text[256];
	snprintf(text, sizeof(text), "[service:web]\ntype = forking\ncommand = setsid sh -c 'sleep 1000 & echo $! > web.pid'\n"
		 "pid_file = %s/web.pid\nkill_mode = group\nkill_timeout = 1h\n", folder);
	host_service(text);
	service_start(service, "start");
	HOST_UNTIL(service->state == STATE_ONLINE);
	cr_assert_neq(getpgid(service->pid), service->pid);
	service_stop(service, "stop");
	HOST_UNTIL(service_at_rest(service));
	cr_expect(nothing_left());
}
