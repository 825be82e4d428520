/* What differs between two specs, and whether that needs a restart. */
#include "tests/model/load.h"
#include "base/text.h"
#include "model/diff.h"
#include "model/show.h"

static struct diff d;

/* "memory_max 100M 200M live" of each key, parted by "; ". */
static const char *differ(const char *old, const char *new)
{
	static char buf[4096];
	struct loaded a = load_good(old), b = load_good(new);
	struct text t = TEXT_INIT(buf);

	diff_done(&d);
	cr_assert_eq(diff_specs(a.c.specs[0], b.c.specs[0], &d), 0);
	for (size_t i = 0; i < d.n; i++)
		(void)text_addf(&t, "%s%s %s %s %s", i ? "; " : "", d.v[i].key, d.v[i].old ? d.v[i].old : "-",
				d.v[i].new ? d.v[i].new : d.v[i].what == DIFF_ADDED ? "added" : d.v[i].what == DIFF_GONE ? "gone" : "changed",
				d.v[i].live ? "live" : "restart");
	unload(&a);
	unload(&b);
	return buf;
}

#define S "[service:s]\ncommand = a b\n"

Test(diff, each_kind_of_key_is_shown_as_it_would_be_written)
{
	static const char *const cases[][2] = {
		{ "memory_max = 100M", "memory_max 0 100M live" },
		{ "memory_max = 1536K", "memory_max 0 1536K live" },
		{ "kill_timeout = 90s", "kill_timeout 5s 90s live" },
		{ "kill_timeout = 2m", "kill_timeout 5s 2m live" },
		{ "kill_timeout = 0.0015s", "kill_timeout 5s 1500us live" },
		{ "stop_signal = INT", "stop_signal SIGTERM SIGINT live" },
		{ "stop_exit_codes = 3 0", "stop_exit_codes none 0 3 live" },
		{ "max_restarts = 0", "max_restarts 16 0 live" },
		{ "autorestart = no", "autorestart yes no live" },
		{ "kill_mode = group", "kill_mode process group live" },
		{ "umask = 27", "umask default 0027 restart" },
		{ "user = nobody", "user default nobody restart" },
		{ "out_file = none", "out_file default none live" },
		{ "after = t", "after none t live" },
		{ "instances = 3", "instances 1 3 live" },
		{ "log_rotate = daily", "log_rotate no daily live" },
		{ "log_rotate = 6h", "log_rotate no 6h live" },
		{ "log_sink = syslog:unix", "log_sink none syslog:unix live" },
		{ "watch = yes", "watch no yes live" },
		{ "watch = /srv/a", "watch no /srv/a live" },
		{ "cwd = /tmp", "cwd /srv/app /tmp restart" },
		{ "exec_start_pre = x", "exec_start_pre default x restart" },
		{ "exec_stop = x", "exec_stop default x live" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char new[256];
		(void)text_format(new, sizeof(new), S "%s\n[service:t]\ncommand = c\n", cases[i][0]);
		cr_expect_str_eq(differ(S, new), cases[i][1], "%s: %s", cases[i][0], differ(S, new));
	}
}

Test(diff, the_same_is_no_difference_however_it_is_written)
{
	cr_expect_str_eq(differ(S "kill_timeout = 5s\nenv.A = 1\n", S "env.A = '1'\nkill_timeout = 5000\n"), "");
	cr_expect_not(d.restart);
}

Test(diff, variables_are_told_by_name_alone)
{
	cr_expect_str_eq(differ(S "env.A = secret\nenv.B = 1\nenv.C = 1\n", S "env.B = 1\nenv.C = other\nenv.D = new\n"),
			 "env.A - gone restart; env.C - changed restart; env.D - added restart");
	cr_expect(d.restart);
}

Test(diff, a_variable_whose_name_begins_as_another_is_another)
{
	cr_expect_str_eq(differ(S "env.AB = 1\n", S "env.A = 1\n"), "env.AB - gone restart; env.A - added restart");
}

Test(diff, one_key_that_needs_a_restart_is_enough_for_one)
{
	cr_expect_str_eq(differ(S, S "kill_timeout = 1s\n"), "kill_timeout 5s 1s live");
	cr_expect_not(d.restart);
	cr_expect_str_eq(differ(S, "[service:s]\ncommand = a c\nkill_timeout = 1s\n"), "command a b a c restart; kill_timeout 5s 1s live");
	cr_expect(d.restart);
}

Test(diff, the_same_line_with_another_variable_in_it_is_another_command)
{
	char *const one[] = { "V=1", NULL }, *const two[] = { "V=2", NULL };
	struct loaded a = load_env("[service:s]\ncommand = a ${V}\n", one), b = load_env("[service:s]\ncommand = a ${V}\n", two);
	struct diff x = { 0 };

	cr_assert_eq(diff_specs(a.c.specs[0], b.c.specs[0], &x), 0);
	cr_assert_eq(x.n, 1);
	cr_expect_str_eq(x.v[0].key, "command");
	cr_expect_str_eq(x.v[0].old, "a 1");
	cr_expect_str_eq(x.v[0].new, "a 2");
	cr_expect(x.restart);
	diff_done(&x);
	unload(&a);
	unload(&b);
}

/* Whatever spec_equal() sees, a diff sees: else a change would be taken over in silence. */
Test(diff, what_is_not_equal_always_differs)
{
	for (size_t i = 0; i < keys_count(); i++)
		cr_expect(show_knows(keys_at(i)) || strncmp(keys_at(i)->name, "env", 3) == 0,
			  "%s: a key of its own kind needs its line in model/show.c", keys_at(i)->name);
}

/* By name, so that a new key is thought about: it restarts unless it stands here. */
Test(diff, the_keys_that_need_no_restart_are_these)
{
	static const char live[] =
		" namespace instances exec_stop exec_stop_post exec_reload requires wants after before conflicts listen_timeout autostart"
		" autorestart critical restart_delay exp_backoff_restart_delay min_uptime max_restarts errored_retry cron_restart schedule timezone max_uptime stop_exit_codes stop_signal kill_timeout"
		" kill_mode max_memory_restart memory_max oom_policy out_file error_file log_file log_date_format log_format log_overflow"
		" log_rate_limit log_owner log_mode log_sink merge_logs log_max_size log_rotate log_keep log_max_age log_total_max log_compress"
		" health liveness readiness health_interval health_timeout health_retries health_start_period watch ignore_watch watch_delay idle_timeout exec_mode"
		" reload_batch drain_timeout exit_when shutdown_timeout restart_rate forward_signals log_console ";

	for (size_t i = 0; i < keys_count(); i++) {
		char word[80];
		(void)text_format(word, sizeof(word), " %s ", keys_at(i)->name);
		cr_expect_eq(keys_at(i)->live, strstr(live, word) != NULL, "%s", keys_at(i)->name);
	}
}

Test(diff, of_pm1_itself_the_live_keys_are_taken_and_the_rest_is_left)
{
	struct loaded a = load_good("[pm1]\nlog_dir = /a\n"),
		      b = load_good("[pm1]\nlog_dir = /b\nshutdown_timeout = 3s\nlog_console = json\nexit_when = never\nforward_signals = USR2\n");
	struct diff x = { 0 };

	cr_assert_eq(diff_pm1(&a.c.pm1, &b.c.pm1, &x), 0);
	cr_expect_eq(x.n, 5);
	cr_expect(x.restart);
	diff_take_live(&x, &b.c.pm1, &a.c.pm1);
	cr_expect_str_eq(a.c.pm1.log_dir, "/a");
	cr_expect_eq(a.c.pm1.shutdown_timeout, 3 * USEC_SEC);
	cr_expect_eq(a.c.pm1.log_console, LOG_CONSOLE_JSON);
	cr_expect(a.c.pm1.log_console_given && a.c.pm1.exit_when_given);
	cr_expect_eq(a.c.pm1.forward_signals, b.c.pm1.forward_signals);
	diff_done(&x);
	diff_done(&d);
	unload(&a);
	unload(&b);
}
