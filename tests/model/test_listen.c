/* listen: the words of the key `listen`, and which of them get in each other's way. */
#include "model/listen.h"

#include "base/strv.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>

static struct listen_at parsed(const char *word)
{
	struct listen_at at = { 0 };
	const char *fault = listen_parse(word, &at);

	cr_assert_null(fault, "%s: %s", word, fault);
	return at;
}

Test(listen, every_form_is_known)
{
	static const struct {
		const char *word, *name, *text;
		enum listen_kind kind;
		int family;
		uint16_t port;
		bool any;
	} good[] = {
		{ "tcp:80", "", "tcp:80", LISTEN_TCP, AF_INET6, 80, true },
		{ "tcp:65535", "", "tcp:65535", LISTEN_TCP, AF_INET6, 65535, true },
		{ "udp:53", "", "udp:53", LISTEN_UDP, AF_INET6, 53, true },
		{ "tcp:0.0.0.0:80", "", "tcp:0.0.0.0:80", LISTEN_TCP, AF_INET, 80, false },
		{ "tcp:127.0.0.1:5000", "", "tcp:127.0.0.1:5000", LISTEN_TCP, AF_INET, 5000, false },
		{ "tcp:localhost:5000", "", "tcp:127.0.0.1:5000", LISTEN_TCP, AF_INET, 5000, false },
		{ "udp:localhost:5000", "", "udp:127.0.0.1:5000", LISTEN_UDP, AF_INET, 5000, false },
		{ "tcp:[::]:80", "", "tcp:[::]:80", LISTEN_TCP, AF_INET6, 80, false },
		{ "tcp:[0:0::1]:80", "", "tcp:[::1]:80", LISTEN_TCP, AF_INET6, 80, false },
		{ "udp:[fe80::ABCD]:1", "", "udp:[fe80::abcd]:1", LISTEN_UDP, AF_INET6, 1, false },
		{ "http=tcp:80", "http", "tcp:80", LISTEN_TCP, AF_INET6, 80, true },
		{ "Web_1.a@b-c=tcp:1.2.3.4:80", "Web_1.a@b-c", "tcp:1.2.3.4:80", LISTEN_TCP, AF_INET, 80, false },
		{ "tcp=udp:[::1]:9", "tcp", "udp:[::1]:9", LISTEN_UDP, AF_INET6, 9, false },
		{ "unix:/run/x.sock", "", "unix:/run/x.sock", LISTEN_UNIX, AF_UNIX, 0, false },
		{ "x=unix:/run/a=b:c", "x", "unix:/run/a=b:c", LISTEN_UNIX, AF_UNIX, 0, false },
		{ "unix:/run/a=b", "", "unix:/run/a=b", LISTEN_UNIX, AF_UNIX, 0, false },
		{ "unix:@web", "", "unix:@web", LISTEN_UNIX, AF_UNIX, 0, false },
		{ "unix:@@", "", "unix:@@", LISTEN_UNIX, AF_UNIX, 0, false },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct listen_at at = parsed(good[i].word), again;

		cr_expect_eq(at.kind, good[i].kind, "%s", good[i].word);
		cr_expect_str_eq(at.name, good[i].name);
		cr_expect_str_eq(at.text, good[i].text);
		cr_expect_eq(at.to.any.sa_family, good[i].family, "%s", good[i].word);
		cr_expect_eq(listen_port(&at), good[i].port, "%s", good[i].word);
		cr_expect_eq(at.any, good[i].any, "%s", good[i].word);
		again = parsed(at.text);
		cr_expect(listen_same(&at, &again), "%s read again is another place", at.text);
	}
}

Test(listen, what_cannot_be_is_refused_in_words)
{
	static const struct {
		const char *word, *part;
	} bad[] = {
		{ "", "begins with tcp:" },
		{ "80", "begins with tcp:" },
		{ "tcp", "begins with tcp:" },
		{ "TCP:80", "begins with tcp:" },
		{ "http:80", "begins with tcp:" },
		{ "x=", "begins with tcp:" },
		{ "a=b=tcp:80", "begins with tcp:" },
		{ "/run/x", "begins with tcp:" },
		{ "=tcp:80", "the name before the = is empty" },
		{ "a/b=tcp:80", "a name is made of" },
		{ "a b=tcp:80", "a name is made of" },
		{ "\xc3\xa4=tcp:80", "a name is made of" },
		{ "12345678901234567890123456789012345678901234567890123456789012345=tcp:80", "longer than 64 bytes" },
		{ "tcp:", "a number from 1 to 65535" },
		{ "tcp:0", "a number from 1 to 65535" },
		{ "tcp:65536", "a number from 1 to 65535" },
		{ "tcp:80x", "a number from 1 to 65535" },
		{ "tcp: 80", "port is missing" },
		{ "tcp:localhost", "port is missing" },
		{ "tcp:[::1]", "port is missing" },
		{ "tcp:[::1]80", "port is missing" },
		{ "tcp:[::1", "the ] after the address is missing" },
		{ "tcp:[", "the ] after the address is missing" },
		{ "tcp:[]:80", "the address is missing" },
		{ "tcp:[1.2.3.4]:80", "not a numeric IPv6 address" },
		{ "tcp:[fe80::1%lo]:80", "not a numeric IPv6 address" },
		{ "tcp:::1:80", "stands in brackets" },
		{ "tcp:::", "stands in brackets" },
		{ "tcp::80", "the address is missing" },
		{ "tcp:1.2.3.4:", "a number from 1 to 65535" },
		{ "tcp:1.2.3.4:0", "a number from 1 to 65535" },
		{ "tcp:1.2.3:80", "names are not looked up here" },
		{ "tcp:example.org:80", "names are not looked up here" },
		{ "tcp:*:80", "names are not looked up here" },
		{ "udp:0123456789012345678901234567890123456789012345678901234567890:1", "the address is too long" },
		{ "unix:", "the path is missing" },
		{ "unix:x.sock", "begins with /" },
		{ "unix:@", "abstract socket is empty" },
		{ "unix:/", "a folder" },
		{ "unix:/run/", "a folder" },
		{ "unix:/run/a\nb", "a control byte" },
		{ "unix:@a\x7f", "a control byte" },
	};
	struct listen_at at;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *fault = listen_parse(bad[i].word, &at);

		cr_assert_not_null(fault, "accepted: %s", bad[i].word);
		cr_expect(strstr(fault, bad[i].part), "%s: %s", bad[i].word, fault);
	}
}

Test(listen, a_failure_leaves_the_result_alone)
{
	struct listen_at at = parsed("a=tcp:80"), before = at;

	cr_expect_not_null(listen_parse("b=unix:", &at));
	cr_expect_eq(memcmp(&at, &before, sizeof(at)), 0);
}

Test(listen, names_and_paths_are_as_long_as_they_may_be)
{
	char word[300];
	struct listen_at at;

	memset(word, 'x', sizeof(word));
	memcpy(word + LISTEN_NAME_MAX, "=tcp:80", sizeof("=tcp:80"));
	at = parsed(word);
	cr_expect_eq(strlen(at.name), LISTEN_NAME_MAX);

	for (int abstract = 0; abstract < 2; abstract++) {
		memset(word, 'x', sizeof(word));
		memcpy(word, abstract ? "unix:@" : "unix:/", 6);
		word[5 + 107] = 0;
		at = parsed(word);
		cr_expect_str_eq(at.text, word);
		cr_expect_eq(at.len, offsetof(struct sockaddr_un, sun_path) + 107 + !abstract);
		cr_expect_eq(at.to.un.sun_path[0], abstract ? 0 : '/');
		word[5 + 107] = 'x';
		word[5 + 108] = 0;
		cr_expect_not_null(listen_parse(word, &at));
	}
}

Test(listen, the_address_is_what_bind_takes)
{
	struct listen_at at = parsed("tcp:1.2.3.4:258");
	static const uint8_t zero[16] = { 0 };

	cr_expect_eq(at.len, sizeof(struct sockaddr_in));
	cr_expect_eq(at.to.in.sin_addr.s_addr, htonl(0x01020304));
	cr_expect_eq(at.to.in.sin_port, htons(258));
	at = parsed("tcp:80");
	cr_expect_eq(at.len, sizeof(struct sockaddr_in6));
	cr_expect_eq(memcmp(&at.to.in6.sin6_addr, zero, sizeof(zero)), 0);
	cr_expect_eq(at.to.in6.sin6_port, htons(80));
}

Test(listen, which_addresses_clash)
{
	/* v6only: of both, as the key of a service is for all of its addresses. */
	static const struct {
		const char *a, *b;
		bool clash, clash_v6only;
	} cases[] = {
		{ "tcp:80", "tcp:80", true, true },
		{ "tcp:80", "x=tcp:80", true, true },
		{ "tcp:80", "tcp:81", false, false },
		{ "tcp:80", "udp:80", false, false },
		{ "tcp:80", "tcp:0.0.0.0:80", true, false },
		{ "tcp:80", "tcp:[::]:80", true, true },
		{ "tcp:80", "tcp:127.0.0.1:80", true, false },
		{ "tcp:80", "tcp:[::1]:80", true, true },
		{ "tcp:80", "tcp:127.0.0.1:81", false, false },
		{ "tcp:80", "unix:/80", false, false },
		{ "udp:0.0.0.0:53", "udp:127.0.0.1:53", true, true },
		{ "udp:0.0.0.0:53", "udp:[::1]:53", false, false },
		{ "udp:127.0.0.1:53", "udp:127.0.0.1:53", true, true },
		{ "udp:127.0.0.1:53", "udp:127.0.0.2:53", false, false },
		{ "tcp:[::]:80", "tcp:0.0.0.0:80", true, false },
		{ "tcp:[::]:80", "tcp:127.0.0.1:80", true, false },
		{ "tcp:[::]:80", "tcp:[::1]:80", true, true },
		{ "tcp:[::]:80", "tcp:[::]:80", true, true },
		{ "tcp:[::1]:80", "tcp:127.0.0.1:80", false, false },
		{ "tcp:[::1]:80", "tcp:[0:0::1]:80", true, true },
		{ "tcp:[::ffff:127.0.0.1]:80", "tcp:127.0.0.1:80", true, true },
		{ "tcp:[::ffff:127.0.0.1]:80", "tcp:0.0.0.0:80", true, true },
		{ "tcp:[::ffff:127.0.0.1]:80", "tcp:[::1]:80", false, false },
		{ "tcp:localhost:80", "tcp:127.0.0.1:80", true, true },
		{ "unix:/a", "unix:/a", true, true },
		{ "x=unix:/a", "y=unix:/a", true, true },
		{ "unix:/a", "unix:/b", false, false },
		{ "unix:/a", "unix:/aa", false, false },
		{ "unix:@a", "unix:@a", true, true },
		{ "unix:@a", "unix:@aa", false, false },
		{ "unix:@a", "unix:/a", false, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct listen_at a = parsed(cases[i].a), b = parsed(cases[i].b);

		cr_expect_eq(listen_clash(&a, &b), cases[i].clash, "%s %s", cases[i].a, cases[i].b);
		cr_expect_eq(listen_clash(&b, &a), cases[i].clash, "%s %s", cases[i].b, cases[i].a);
		a.v6only = b.v6only = true;
		cr_expect_eq(listen_clash(&a, &b), cases[i].clash_v6only, "v6only: %s %s", cases[i].a, cases[i].b);
		cr_expect_eq(listen_clash(&b, &a), cases[i].clash_v6only, "v6only: %s %s", cases[i].b, cases[i].a);
	}
}

Test(listen, in_their_order_the_wide_ones_stand_before_those_they_cover)
{
	static const char *const words[] = { "tcp:[::]:80", "tcp:[::1]:80", "tcp:127.0.0.1:80", "tcp:127.0.0.1:81",
					     "udp:0.0.0.0:80", "udp:127.0.0.1:80", "unix:@a", "unix:/aa" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct listen_at a = parsed(words[i]);

		cr_expect_eq(listen_is_wide(&a), i == 0 || i == 4, "%s", words[i]);
		for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++) {
			struct listen_at b = parsed(words[k]);
			int r = listen_order(&a, &b);

			cr_expect_eq((r > 0) - (r < 0), (i > k) - (i < k), "%s %s: %d", words[i], words[k], r);
		}
	}
}

Test(listen, a_word_is_found_by_its_name_or_its_address)
{
	static const struct {
		const char *which;
		int index;
	} cases[] = {
		{ "http", 0 },		   { "tcp:80", 0 },	     { "tcp:127.0.0.1:81", 1 }, { "tcp:localhost:81", 1 },
		{ "unix:/run/x", 2 },	   { "two", -ENOTUNIQ },     { "tcp:82", 3 },		{ "tcp:83", 4 },
		{ "", -ENOENT },	   { "https", -ENOENT },     { "tcp:0.0.0.0:80", -ENOENT }, { "udp:80", -ENOENT },
		{ "http=tcp:80", -ENOENT },
	};
	static char *const list[] = { (char *)"http=tcp:80", (char *)"tcp:127.0.0.1:81", (char *)"unix:/run/x", (char *)"two=tcp:82",
				      (char *)"two=tcp:83", NULL };
	struct strv words = { 0 };

	cr_assert_eq(strv_from(&words, list), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_eq(listen_find(&words, cases[i].which), cases[i].index, "%s", cases[i].which);
	strv_done(&words);
}
