#include "base/sinkaddr.h"

#include "base/banned.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>

static struct sinkaddr good(const char *word)
{
	struct sinkaddr a;
	const char *fault = sinkaddr_parse(word, &a);

	cr_assert_null(fault, "%s: %s", word, fault);
	return a;
}

Test(sinkaddr, a_path_is_that_of_a_local_socket_and_may_be_left_out)
{
	static const struct {
		const char *word, *path;
		enum sink_kind kind;
	} cases[] = {
		{ "syslog:unix", "/dev/log", SINK_SYSLOG },
		{ "syslog:unix:/run/my:log", "/run/my:log", SINK_SYSLOG },
		{ "journal", "/run/systemd/journal/socket", SINK_JOURNAL },
		{ "journal:/x", "/x", SINK_JOURNAL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sinkaddr a = good(cases[i].word);
		cr_expect_eq(a.kind, cases[i].kind);
		cr_expect_eq(a.to.any.sa_family, AF_UNIX);
		cr_expect_str_eq(a.to.un.sun_path, cases[i].path);
		cr_expect_eq(a.len, offsetof(struct sockaddr_un, sun_path) + strlen(cases[i].path) + 1);
	}
}

Test(sinkaddr, an_address_is_numeric_with_a_port)
{
	struct sinkaddr four = good("tcp:127.0.0.1:5140"), six = good("udp:[fe80::1:2]:65535");
	struct in6_addr expected;

	cr_expect_eq(four.kind, SINK_TCP);
	cr_expect_eq(four.len, sizeof(struct sockaddr_in));
	cr_expect_eq(four.to.in.sin_addr.s_addr, htonl(0x7f000001));
	cr_expect_eq(four.to.in.sin_port, htons(5140));
	cr_expect_eq(six.kind, SINK_UDP);
	cr_expect_eq(six.len, sizeof(struct sockaddr_in6));
	cr_expect_eq(six.to.in6.sin6_port, htons(65535));
	cr_assert_eq(inet_pton(AF_INET6, "fe80::1:2", &expected), 1);
	cr_expect_arr_eq(&six.to.in6.sin6_addr, &expected, sizeof(expected));
}

Test(sinkaddr, what_is_wrong_is_said_and_nothing_is_stored)
{
	static const struct {
		const char *word, *fault;
	} cases[] = {
		{ "", "unknown kind of sink" },
		{ "syslogd", "unknown kind of sink" },
		{ "http://1.2.3.4", "unknown kind of sink" },
		{ "TCP:1.2.3.4:5", "unknown kind of sink" },
		{ "syslog", "syslog is spoken on this machine alone: syslog:unix, or syslog:unix:/PATH" },
		{ "syslog:udp:1.2.3.4:514", "syslog is spoken on this machine alone: syslog:unix, or syslog:unix:/PATH" },
		{ "syslog:unix:", "a socket's path begins with /" },
		{ "journal:run/socket", "a socket's path begins with /" },
		{ "journal:/2345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567",
		  NULL },
		{ "journal:/23456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678",
		  "a socket's path is at most 107 bytes" },
		{ "tcp:", "the port is missing" },
		{ "tcp:127.0.0.1", "the port is missing" },
		{ "tcp:127.0.0.1:", "the port is a number from 1 to 65535" },
		{ "tcp:127.0.0.1:0", "the port is a number from 1 to 65535" },
		{ "tcp:127.0.0.1:65536", "the port is a number from 1 to 65535" },
		{ "tcp:127.0.0.1:80x", "the port is a number from 1 to 65535" },
		{ "tcp:localhost:80", "not a numeric address: names are not looked up here" },
		{ "tcp:127.1:80", "not a numeric address: names are not looked up here" },
		{ "udp::80", "not a numeric address: names are not looked up here" },
		{ "udp:[]:80", "not a numeric address: names are not looked up here" },
		{ "udp:[1.2.3.4]:80", "not a numeric address: names are not looked up here" },
		{ "udp:[1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111:2222]:80",
		  "not a numeric address: names are not looked up here" },
		{ "tcp:::1:80", "an IPv6 address stands in brackets: tcp:[::1]:5140" },
		{ "tcp:[::1", "the ] after the address is missing" },
		{ "tcp:[::1]", "the port is missing" },
		{ "tcp:[::1]80", "the port is missing" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sinkaddr a = { .len = 7 };
		const char *fault = sinkaddr_parse(cases[i].word, &a);
		if (!cases[i].fault) {
			cr_expect_null(fault, "%s: %s", cases[i].word, fault);
			continue;
		}
		cr_expect(fault && strcmp(fault, cases[i].fault) == 0, "%s: %s", cases[i].word, fault ? fault : "(accepted)");
		cr_expect_eq(a.len, 7);
	}
}

Test(sinkaddr, two_words_for_one_place_are_equal)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{ "syslog:unix", "syslog:unix:/dev/log", true },
		{ "tcp:[::1]:5", "tcp:[0:0:0:0:0:0:0:1]:5", true },
		{ "tcp:127.0.0.1:5", "udp:127.0.0.1:5", false },
		{ "tcp:127.0.0.1:5", "tcp:127.0.0.1:6", false },
		{ "journal:/dev/log", "syslog:unix", false },
		{ "journal:/a", "journal:/b", false },
		{ "journal:/a", "journal:/aa", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sinkaddr a = good(cases[i].a), b = good(cases[i].b);
		cr_expect_eq(sinkaddr_equal(&a, &b), cases[i].equal, "%s %s", cases[i].a, cases[i].b);
	}
}
