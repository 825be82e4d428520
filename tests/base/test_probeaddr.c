#include "base/probeaddr.h"

#include "base/banned.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>

static struct probeaddr good(const char *text)
{
	struct probeaddr p = { .n = 9 };
	const char *fault = probeaddr_parse(text, &p);

	cr_assert_null(fault, "%s: %s", text, fault);
	return p;
}

Test(probeaddr, a_url_has_an_address_a_port_and_a_path_of_which_the_last_two_may_be_missing)
{
	static const struct {
		const char *text, *host, *path;
		unsigned int port;
		uint32_t address;
	} cases[] = {
		{ "http://127.0.0.1:5000/health?deep=1", "127.0.0.1:5000", "/health?deep=1", 5000, 0x7f000001 },
		{ "http://10.1.2.3", "10.1.2.3", "", 80, 0x0a010203 },
		{ "http://10.1.2.3/", "10.1.2.3", "/", 80, 0x0a010203 },
		{ "http://1.2.3.4:65535", "1.2.3.4:65535", "", 65535, 0x01020304 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct probeaddr p = good(cases[i].text);
		cr_expect_eq(p.kind, PROBE_HTTP);
		cr_expect_str_eq(p.host, cases[i].host);
		cr_expect_str_eq(p.rest, cases[i].path);
		cr_assert_eq(p.n, 1);
		cr_expect_eq(p.to[0].len, sizeof(struct sockaddr_in));
		cr_expect_eq(p.to[0].a.in.sin_family, AF_INET);
		cr_expect_eq(ntohs(p.to[0].a.in.sin_port), cases[i].port);
		cr_expect_eq(ntohl(p.to[0].a.in.sin_addr.s_addr), cases[i].address);
	}
}

Test(probeaddr, an_ipv6_address_stands_in_brackets)
{
	struct in6_addr expected;
	struct probeaddr url = good("http://[fe80::1:2]:81/x"), plain = good("tcp:[fe80::1:2]:81");

	cr_assert_eq(inet_pton(AF_INET6, "fe80::1:2", &expected), 1);
	cr_expect_str_eq(url.host, "[fe80::1:2]:81");
	cr_expect_eq(plain.kind, PROBE_TCP);
	cr_assert_eq(url.n, 1);
	cr_assert_eq(plain.n, 1);
	cr_expect_eq(url.to[0].len, sizeof(struct sockaddr_in6));
	cr_expect_eq(ntohs(url.to[0].a.in6.sin6_port), 81);
	cr_expect_arr_eq(&url.to[0].a.in6.sin6_addr, &expected, sizeof(expected));
	cr_expect_arr_eq(&plain.to[0].a.in6.sin6_addr, &expected, sizeof(expected));
	cr_expect_eq(ntohs(good("http://[::1]").to[0].a.in6.sin6_port), 80);
}

Test(probeaddr, localhost_is_two_places)
{
	struct probeaddr p = good("tcp:localhost:5000");

	cr_assert_eq(p.n, 2);
	cr_expect_eq(ntohl(p.to[0].a.in.sin_addr.s_addr), 0x7f000001);
	cr_expect(IN6_IS_ADDR_LOOPBACK(&p.to[1].a.in6.sin6_addr));
	cr_expect_eq(ntohs(p.to[0].a.in.sin_port), 5000);
	cr_expect_eq(ntohs(p.to[1].a.in6.sin6_port), 5000);
	cr_expect_str_eq(good("http://localhost:81/").host, "localhost:81");
}

Test(probeaddr, a_command_a_socket_and_none_are_checks_too)
{
	struct probeaddr command = good("exec: pg_isready -q"), unix_ = good("unix:/run/my:sock");

	cr_expect_eq(command.kind, PROBE_EXEC);
	cr_expect_str_eq(command.rest, "pg_isready -q");
	cr_expect_eq(command.n, 0);
	cr_expect_eq(unix_.kind, PROBE_UNIX);
	cr_assert_eq(unix_.n, 1);
	cr_expect_eq(unix_.to[0].a.un.sun_family, AF_UNIX);
	cr_expect_str_eq(unix_.to[0].a.un.sun_path, "/run/my:sock");
	cr_expect_eq(unix_.to[0].len, offsetof(struct sockaddr_un, sun_path) + sizeof("/run/my:sock"));
	cr_expect_eq(good("none").kind, PROBE_NONE);
	cr_expect_eq(good("tcp://127.0.0.1:5").kind, PROBE_TCP);
}

Test(probeaddr, what_is_wrong_is_said_and_nothing_is_stored)
{
	static const struct {
		const char *text, *fault;
	} cases[] = {
		{ "", "unknown kind of check" },
		{ "curl -f x", "unknown kind of check" },
		{ "HTTP://127.0.0.1/", "unknown kind of check" },
		{ "https://127.0.0.1/", "there is no TLS here: write exec: and a program that speaks it, such as curl -fsS" },
		{ "exec:", "the command is missing" },
		{ "exec:  ", "the command is missing" },
		{ "http://", "the address is missing" },
		{ "http:///x", "the address is missing" },
		{ "http://example.org/", "neither a numeric address nor localhost: other names are not looked up here" },
		{ "http://127.1/", "neither a numeric address nor localhost: other names are not looked up here" },
		{ "http://user@127.0.0.1/", "neither a numeric address nor localhost: other names are not looked up here" },
		{ "http://:80/", "neither a numeric address nor localhost: other names are not looked up here" },
		{ "http://127.0.0.1:/x", "the port is a number from 1 to 65535" },
		{ "http://127.0.0.1:0", "the port is a number from 1 to 65535" },
		{ "http://127.0.0.1:65536", "the port is a number from 1 to 65535" },
		{ "http://127.0.0.1:8o", "the port is a number from 1 to 65535" },
		{ "http://::1/", "an IPv6 address stands in brackets, as [::1]:5000" },
		{ "http://[::1/", "the ] after the address is missing" },
		{ "http://[127.0.0.1]/", "not a numeric IPv6 address" },
		{ "http://[::1]80/", "a port, or nothing, follows the address" },
		{ "http://127.0.0.1?x", "a path begins with /" },
		{ "http://127.0.0.1/a b", "blanks and bytes beyond ASCII are written as %XX in a path" },
		{ "http://127.0.0.1/\xc3\xa9", "blanks and bytes beyond ASCII are written as %XX in a path" },
		{ "http://127.0.0.1/a\r\nX: y", "blanks and bytes beyond ASCII are written as %XX in a path" },
		{ "http://1111111111111111111111111111111111111111111111111111111111111111111/", "the address is too long" },
		{ "tcp:127.0.0.1", "the port is missing" },
		{ "tcp:[::1]", "the port is missing" },
		{ "tcp:", "the port is missing" },
		{ "tcp:5000", "the port is missing" },
		{ "unix:", "a socket's path begins with /" },
		{ "unix:run/x", "a socket's path begins with /" },
		{ "unix:/23456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678",
		  "a socket's path is at most 107 bytes" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct probeaddr p = { .n = 7 };
		const char *fault = probeaddr_parse(cases[i].text, &p);
		cr_expect(fault && strcmp(fault, cases[i].fault) == 0, "%s: %s", cases[i].text, fault ? fault : "(accepted)");
		cr_expect_eq(p.n, 7);
	}
}
