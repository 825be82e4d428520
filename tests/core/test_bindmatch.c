#include "core/bindmatch.h"

#include "base/own.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>

/* From "tcp 0.0.0.0 80", with "only" for IPV6_V6ONLY; by way of a report, as it comes. */
static struct bind_place place(const char *word)
{
	struct peek_report r = { .version = PEEK_VERSION, .inode = 1, .v6only = PEEK_NO };
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct bind_place p;
	char kind[8] = "", host[64] = "", only[8] = "";
	unsigned int port = 0;

	cr_assert_geq(sscanf(word, "%7s %63s %u %7s", kind, host, &port, only), 3, "%s", word);
	r.kind = strcmp(kind, "tcp") == 0 ? PEEK_TCP : PEEK_UDP;
	r.v6only = only[0] ? PEEK_YES : PEEK_UNKNOWN;
	if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
		four.sin_port = htons((uint16_t)port);
		r.address_len = sizeof(four);
		memcpy(r.address, &four, sizeof(four));
	} else {
		cr_assert_eq(inet_pton(AF_INET6, host, &six.sin6_addr), 1, "%s", word);
		six.sin6_port = htons((uint16_t)port);
		r.address_len = sizeof(six);
		memcpy(r.address, &six, sizeof(six));
	}
	cr_assert(bind_place_of(&r, &p));
	return p;
}

static struct bind_place unix_place(const char *path, size_t n, uint64_t file)
{
	struct peek_report r = { .kind = PEEK_UNIX, .file = file, .address_len = (uint32_t)(sizeof(sa_family_t) + n) };
	struct bind_place p;

	r.address[0] = AF_UNIX;
	memcpy(r.address + sizeof(sa_family_t), path, n);
	cr_assert(bind_place_of(&r, &p));
	return p;
}

Test(bindmatch, each_pair_of_addresses_is_known)
{
	static const struct {
		const char *program, *held;
		enum bind_match match;
	} pairs[] = {
		{ "tcp 0.0.0.0 80", "tcp 0.0.0.0 80", BIND_SAME },
		{ "tcp 0.0.0.0 81", "tcp 0.0.0.0 80", BIND_ELSEWHERE },
		{ "tcp 0.0.0.0 0", "tcp 0.0.0.0 0", BIND_ELSEWHERE },
		{ "udp 0.0.0.0 80", "tcp 0.0.0.0 80", BIND_ELSEWHERE },
		{ "tcp 127.0.0.1 80", "tcp 127.0.0.1 80", BIND_SAME },
		{ "tcp 127.0.0.1 80", "tcp 127.0.0.2 80", BIND_ELSEWHERE },
		{ "tcp 127.0.0.1 80", "tcp 0.0.0.0 80", BIND_CLASH },
		{ "tcp 0.0.0.0 80", "tcp 127.0.0.1 80", BIND_CLASH },
		/* A program of IPv6, and what is held is IPv4. */
		{ "tcp :: 80", "tcp 0.0.0.0 80", BIND_ALIKE },
		{ "tcp :: 80 only", "tcp 0.0.0.0 80", BIND_ELSEWHERE },
		{ "tcp ::ffff:127.0.0.1 80", "tcp 127.0.0.1 80", BIND_ALIKE },
		{ "tcp ::ffff:127.0.0.1 80", "tcp 0.0.0.0 80", BIND_CLASH },
		{ "tcp ::ffff:127.0.0.1 80", "tcp :: 80", BIND_CLASH },
		{ "tcp ::ffff:127.0.0.1 80", "tcp :: 80 only", BIND_ELSEWHERE },
		{ "tcp :: 80", "tcp 127.0.0.1 80", BIND_CLASH },
		{ "tcp ::1 80", "tcp 127.0.0.1 80", BIND_ELSEWHERE },
		{ "tcp ::1 80", "tcp 0.0.0.0 80", BIND_ELSEWHERE },
		{ "udp :: 80", "udp 0.0.0.0 80", BIND_FOREIGN },
		/* The other way round it would get addresses longer than it has room for. */
		{ "tcp 0.0.0.0 80", "tcp :: 80", BIND_FOREIGN },
		{ "tcp 0.0.0.0 80", "tcp :: 80 only", BIND_ELSEWHERE },
		{ "tcp 127.0.0.1 80", "tcp ::ffff:127.0.0.1 80", BIND_FOREIGN },
		{ "tcp 127.0.0.1 80", "tcp :: 80", BIND_CLASH },
		{ "udp 0.0.0.0 80", "udp :: 80", BIND_FOREIGN },
		/* Both IPv6. */
		{ "tcp :: 80", "tcp :: 80", BIND_SAME },
		{ "tcp :: 80 only", "tcp :: 80", BIND_SAME },
		{ "tcp :: 80", "tcp :: 80 only", BIND_SAME },
		{ "tcp ::1 80", "tcp ::1 80", BIND_SAME },
		{ "tcp ::1 80", "tcp :: 80", BIND_CLASH },
		{ "tcp :: 80", "tcp ::1 80", BIND_CLASH },
		{ "tcp ::1 80", "tcp ::2 80", BIND_ELSEWHERE },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct bind_place program = place(pairs[i].program), held = place(pairs[i].held);
		cr_expect_eq(bind_match(&program, &held), pairs[i].match, "%s, held %s: %d", pairs[i].program, pairs[i].held,
			     bind_match(&program, &held));
	}
}

Test(bindmatch, a_link_local_address_is_one_of_its_link)
{
	struct bind_place a = place("tcp fe80::1 80"), b = a;

	a.a.in6.sin6_scope_id = 2;
	b.a.in6.sin6_scope_id = 2;
	cr_expect_eq(bind_match(&a, &b), BIND_SAME);
	b.a.in6.sin6_scope_id = 3;
	cr_expect_neq(bind_match(&a, &b), BIND_SAME);
}

Test(bindmatch, a_path_counts_while_its_file_is_the_held_one)
{
	struct bind_place held = unix_place("/run/x", 7, 5), other = unix_place("/run/y", 7, 0), none = unix_place("/run/x", 6, 0),
			  same = unix_place("/run/x", 6, 5), replaced = unix_place("/run/x", 7, 6), link = unix_place("/var/run/x", 11, 5),
			  name = unix_place("\0x", 2, 0), longer = unix_place("\0x\0", 3, 0), unknown = unix_place("/run/x", 7, 0);

	cr_expect_eq(bind_match(&same, &held), BIND_SAME);
	cr_expect_eq(bind_match(&link, &held), BIND_SAME, "another way to the same file");
	cr_expect_eq(bind_match(&none, &held), BIND_GONE);
	cr_expect_eq(bind_match(&replaced, &held), BIND_GONE);
	cr_expect_eq(bind_match(&unknown, &unknown), BIND_GONE, "no file is no file of ours");
	cr_expect_eq(bind_match(&other, &held), BIND_ELSEWHERE);
	cr_expect_eq(bind_match(&name, &held), BIND_ELSEWHERE);
	cr_expect_eq(bind_match(&name, &name), BIND_SAME);
	cr_expect_eq(bind_match(&longer, &name), BIND_ELSEWHERE, "every byte of a name counts");
}

/* A report comes from a process of the program's user, who can write what he likes. */
Test(bindmatch, an_impossible_report_is_no_place)
{
	struct peek_report good = { .kind = PEEK_TCP, .address_len = sizeof(struct sockaddr_in), .address = { AF_INET } }, r;
	struct bind_place p;

	cr_expect(bind_place_of(&good, &p));
#define BAD(change)                                                                                                    \
	do {                                                                                                           \
		r = good;                                                                                              \
		change;                                                                                                \
		cr_expect(!bind_place_of(&r, &p), #change);                                                            \
	} while (0)
	BAD(r.kind = PEEK_OTHER);
	BAD(r.kind = 200);
	BAD(r.kind = PEEK_UNIX);
	BAD(r.address_len = 0);
	BAD(r.address_len = 3);
	BAD(r.address_len = PEEK_ADDRESS_MAX + 1);
	BAD(r.address_len = UINT32_MAX);
	BAD(r.address[0] = AF_INET6);
	BAD(r.address[0] = AF_NETLINK);
	BAD(r.address[0] = AF_UNIX);
	BAD((r.kind = PEEK_UNIX, r.address[0] = AF_UNIX, r.address_len = sizeof(sa_family_t)));
	BAD((r.kind = PEEK_UNIX, r.address[0] = AF_UNIX, r.address_len = PEEK_ADDRESS_MAX));
}

Test(bindmatch, a_place_is_written_as_the_key_has_it)
{
	char buf[LISTEN_TEXT_MAX];
	struct bind_place p = place("tcp 0.0.0.0 5000");

	cr_expect_str_eq(bind_place_text(&p, buf), "tcp:0.0.0.0:5000");
	p = place("udp ::1 53");
	cr_expect_str_eq(bind_place_text(&p, buf), "udp:[::1]:53");
	p = unix_place("/run/x", 6, 0);
	cr_expect_str_eq(bind_place_text(&p, buf), "unix:/run/x");
	p = unix_place("\0x\ny", 4, 0);
	cr_expect_str_eq(bind_place_text(&p, buf), "unix:@x\\x0ay");
}
