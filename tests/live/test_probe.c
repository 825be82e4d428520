/* `pm1 health-probe` at servers of many manners. */
#include "tests/live/live.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A listening socket on a free port of the loopback. */
static int listening(int *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&a, n), 0);
	cr_assert_eq(listen(fd, 5), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

/* Runs the probe; its code, and what it said. */
static int probe(const char *what, const char *within, char *said, size_t size)
{
	char line[512];

	(void)snprintf(line, sizeof(line), "'%s' health-probe '%s' %s 2>&1", live_env("PM1"), what, within);
	FILE *f = popen(line, "re");
	cr_assert_not_null(f);
	size_t n = fread(said, 1, size - 1, f);
	said[n] = 0;
	said[strcspn(said, "\n")] = 0;
	int status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* A child that accepts once, reads what is asked into a pipe, says `answer`, and closes. NULL: says nothing for ever. */
static pid_t server(int fd, const char *answer, int asked)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	char buf[4096];
	int c = accept(fd, NULL, NULL);
	ssize_t n = read(c, buf, sizeof(buf));
	if (n > 0)
		(void)!write(asked, buf, (size_t)n);
	if (!answer)
		(void)pause();
	(void)!write(c, answer, strlen(answer));
	_exit(0);
}

static void expect(const char *answer, int code, const char *said_expected, const char *path, const char *asked_expected)
{
	char what[128], said[256], asked[4096] = "";
	int port, p[2], fd = listening(&port);

	cr_assert_eq(pipe(p), 0);
	pid_t pid = server(fd, answer, p[1]);
	(void)snprintf(what, sizeof(what), "http://localhost:%d%s", port, path);
	cr_expect_eq(probe(what, answer ? "50s" : "300ms", said, sizeof(said)), code, "%s", answer ? answer : "silence");
	cr_expect_str_eq(said, said_expected, "%s: %s", answer ? answer : "silence", said);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)close(p[1]);
	cr_expect_gt(read(p[0], asked, sizeof(asked) - 1), 0);
	cr_expect_eq(strncmp(asked, asked_expected, strlen(asked_expected)), 0, "%s", asked);
	(void)snprintf(what, sizeof(what), "\r\nHost: localhost:%d\r\n", port);
	cr_expect_not_null(strstr(asked, what), "%s", asked);
	cr_expect_not_null(strstr(asked, "\r\nConnection: close\r\n"));
	(void)close(p[0]);
	(void)close(fd);
}

Test(probe, the_status_of_an_answer_decides)
{
	expect("HTTP/1.1 200 OK\r\n\r\nfine", 0, "status 200", "/health?x=1", "GET /health?x=1 HTTP/1.1\r\n");
	expect("HTTP/1.0 204\r\n\r\n", 0, "status 204", "", "GET / HTTP/1.1\r\n");
	expect("HTTP/1.1 301 Moved\r\n\r\n", 0, "status 301", "/", "GET / ");
	expect("HTTP/1.1 404 Not Found\r\n\r\n", 1, "status 404", "/", "GET / ");
	expect("HTTP/1.1 503 Busy\r\n\r\n", 1, "status 503", "/", "GET / ");
}

Test(probe, what_is_no_answer_is_said)
{
	expect("220 mail.example ESMTP\r\n", 1, "the answer is not HTTP", "/", "GET / ");
	expect("HTTP/1.1 2000 what\r\n", 1, "the answer is not HTTP", "/", "GET / ");
	expect("HTTP/1.1 2x0 what\r\n", 1, "the answer is not HTTP", "/", "GET / ");
	expect("", 1, "closed without an answer", "/", "GET / ");
	expect(NULL, 1, "connected, but no answer", "/", "GET / ");
}

Test(probe, a_port_is_there_or_not)
{
	char what[128], said[256];
	int port, fd = listening(&port);

	(void)snprintf(what, sizeof(what), "tcp:127.0.0.1:%d", port);
	cr_expect_eq(probe(what, "", said, sizeof(said)), 0);
	cr_expect_str_eq(said, "connected");
	(void)close(fd);
	cr_expect_eq(probe(what, "", said, sizeof(said)), 1);
	cr_expect_str_eq(said, "connect: Connection refused");
	cr_expect_eq(probe("unix:/no/such/socket", "", said, sizeof(said)), 1);
	cr_expect_str_eq(said, "connect: No such file or directory");
}

Test(probe, a_wrong_call_is_told_apart_from_a_sick_server)
{
	char said[256];

	cr_expect_eq(probe("http://example.org/", "", said, sizeof(said)), 2);
	cr_expect_not_null(strstr(said, "other names are not looked up here"));
	cr_expect_eq(probe("exec:true", "", said, sizeof(said)), 2);
	cr_expect_eq(probe("tcp:127.0.0.1:1", "never", said, sizeof(said)), 2);
	cr_expect_not_null(strstr(said, "the time is one such as 5s"));
}
