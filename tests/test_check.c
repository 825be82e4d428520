#include "check.h"
#include "keyhelp.h"

#include "base/banned.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <unistd.h>

static char path[64];

static void with_output(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
}

static void put(const char *text)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/pm1-check-XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int check(const char *file, const char *option)
{
	char *argv[] = { (char *)"check", (char *)file, (char *)option, NULL };

	return check_main(option ? 3 : 2, argv);
}

static bool printed(FILE *f, const char *part)
{
	static char all[65536];
	size_t n;

	/* What has been read stays, so that several parts can be looked for. */
	n = strlen(all);
	n += fread(all + n, 1, sizeof(all) - 1 - n, f);
	all[n] = '\0';
	return strstr(all, part) != NULL;
}

TestSuite(check, .init = with_output);

Test(check, a_good_file_shows_what_would_run)
{
	int r;
	FILE *out;

	put("[service:web]\ncommand = node \"a b.js\" ${PM1_TEST:-x}\ncwd = /srv\nuser = www\nmemory_max = 1.5G\nout_file = o.log\n");
	r = check(path, NULL);
	unlink(path);
	cr_expect_eq(r, 0);
	out = cr_get_redirected_stdout();
	cr_expect(printed(out, "runs         node 'a b.js' x\n"));
	cr_expect(printed(out, "in           /srv\n"));
	cr_expect(printed(out, "as           www\n"));
	cr_expect(printed(out, "memory cap   1.5G\n"));
	cr_expect(printed(out, "stdout       /tmp/o.log\n"));
	cr_expect(printed(out, "1 service, no faults\n"));
}

Test(check, faults_are_told_in_the_order_of_lines_and_the_code_is_two)
{
	char text[1024];
	int r;

	put("[service:web]\nkill_timeout = x\nbogus = 1\n");
	r = check(path, NULL);
	unlink(path);
	cr_expect_eq(r, 2);
	snprintf(text, sizeof(text),
		 "%s:1: [service:web] command: missing: what is the service to run?\n"
		 "%s:2: [service:web] kill_timeout = x: not a time (allowed: a time such as 4s, 250ms or 10m; a bare number is "
		 "milliseconds)\n"
		 "%s:3: [service:web] bogus = 1: unknown key (`pm1 help keys` lists them)\n"
		 "%s: 3 faults; nothing would be started\n",
		 path, path, path, path);
	fflush(stderr);
	cr_expect_stderr_eq_str(text);
}

Test(check, warnings_are_no_faults)
{
	int r;

	put("[service:web]\ncommand = a ; b\n");
	r = check(path, NULL);
	unlink(path);
	cr_expect_eq(r, 0);
	fflush(stderr);
	cr_expect(printed(cr_get_redirected_stderr(), ":2: warning: [service:web] command = a:"));
}

Test(check, json_has_the_same)
{
	int r;
	FILE *out;

	put("[service:web]\ncommand = a b\nuser = www\n");
	r = check("--json", path);
	unlink(path);
	cr_expect_eq(r, 0);
	out = cr_get_redirected_stdout();
	cr_expect(printed(out, "\"ok\": true"));
	cr_expect(printed(out, "\"user\": \"www\""));
	cr_expect(printed(out, "\"kill_timeout_ms\": 5000"));
	cr_expect(printed(out, "\"listen\": []"));
	cr_expect(printed(out, "\"exec_mode\": \"fork\""));
	put("[service:web]\n");
	r = check(path, "--json");
	unlink(path);
	cr_expect_eq(r, 2);
	cr_expect(printed(out, "\"ok\": false"));
}

Test(check, sockets_are_shown_and_what_they_cannot_do_is_a_warning)
{
	FILE *out, *err;
	char line[256];
	int r;

	put("[defaults]\nreuse_port = no\n[service:web]\ncommand = a\nlisten = http=tcp:80 unix:/run/x\nlisten_adopt = yes\nreload_batch = 2\n"
	    "[service:plain]\ncommand = a\nlisten = tcp:81\nexec_mode = fork\n"
	    "[service:undrained]\ncommand = a\nlisten = unix:/y\ndrain_timeout = 0\n");
	r = check(path, NULL);
	cr_expect_eq(r, 0);
	fflush(stdout);
	fflush(stderr);
	out = cr_get_redirected_stdout();
	cr_expect(printed(out, "listens at   http=tcp:80 unix:/run/x\n"));
	cr_expect(printed(out, "exec mode    cluster, 2 at a time\n"));
	cr_expect(printed(out, "3 services, no faults"));
	snprintf(line, sizeof(line), "%s:6: warning: [service:web] listen_adopt = yes: where pm1 has no CAP_SYS_ADMIN", path);
	err = cr_get_redirected_stderr();
	cr_expect(printed(err, line));
	snprintf(line, sizeof(line), "%s:5: warning: [service:web] listen = unix:/run/x: unix sockets can't be drained", path);
	cr_expect(printed(err, line));
	cr_expect(printed(err, "[service:web] reuse_port = no: one socket for all can't be drained"));
	cr_expect_not(printed(err, "[service:plain]"));
	cr_expect_not(printed(err, "[service:undrained]"));
	unlink(path);
}

Test(check, a_ready_that_is_true_of_the_held_socket_is_warned_of)
{
	FILE *err;
	int r;

	put("[service:web]\ncommand = a\nlisten = tcp:80\nready = tcp:80\n[service:api]\ncommand = a\nlisten = tcp:81\nready = tcp:82\n"
	    "[service:sock]\ncommand = a\nlisten = unix:/run/a.sock\nready = unix:/run/a.sock\n");
	r = check(path, NULL);
	unlink(path);
	cr_expect_eq(r, 0);
	fflush(stderr);
	err = cr_get_redirected_stderr();
	cr_expect(printed(err, "[service:web] ready = tcp:80: pm1 itself listens there"));
	cr_expect(printed(err, "[service:sock] ready = unix:/run/a.sock: pm1 itself listens there"));
	cr_expect_not(printed(err, "[service:api]"));
}

Test(check, two_services_at_one_place_are_a_fault)
{
	char text[1024];
	int r;

	put("[service:web]\ncommand = a\nlisten = tcp:80\n[service:api]\ncommand = a\nlisten = tcp:80\n");
	r = check(path, NULL);
	unlink(path);
	cr_expect_eq(r, 2);
	snprintf(text, sizeof(text),
		 "%s:6: [service:api] listen = tcp:80: service web listens there too (%s:3)\n%s: 1 fault; nothing would be started\n", path, path,
		 path);
	fflush(stderr);
	cr_expect_stderr_eq_str(text);
}

Test(check, a_missing_file_and_wrong_usage_are_two)
{
	char *none[] = { (char *)"check", NULL };

	cr_expect_eq(check("/nonexistent/pm1.ini", NULL), 2);
	cr_expect_eq(check("a", "b"), 2);
	cr_expect_eq(check("--jsno", "b"), 2);
	cr_expect_eq(check_main(1, none), 2);
	fflush(stderr);
	cr_expect(printed(cr_get_redirected_stderr(), "/nonexistent/pm1.ini: No such file or directory\n"));
}

Test(check, help_keys_names_every_key_with_its_default)
{
	FILE *out;

	keyhelp_print(stdout);
	fflush(stdout);
	out = cr_get_redirected_stdout();
	cr_expect(printed(out, "  env.NAME\n"));
	cr_expect(printed(out, "  listen_env.NAME\n"));
	cr_expect(printed(out, "default 5s"));
	cr_expect(printed(out, "[pm1]\n"));
	cr_expect(printed(out, "A blank followed by ; or # begins a comment"));
}
