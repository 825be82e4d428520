/* bindmatch - what the address that a program binds is to one that is held for it. Pure. */
#ifndef PM1_CORE_BINDMATCH_H
#define PM1_CORE_BINDMATCH_H

#include "model/listen.h"
#include "wire/peek.h"

/* The better, the higher. */
enum bind_match {
	BIND_ELSEWHERE, /* nothing to do with it */
	BIND_CLASH, /* while the one is held the other can't be bound: one is a part of the other */
	BIND_FOREIGN, /* the same place, but the held socket would give the program addresses of a family that it doesn't expect */
	BIND_GONE, /* the same path, but its file is not the held socket's: the program has removed that, as most do */
	BIND_ALIKE, /* the same place by another family, which does as well: 0.0.0.0 for a program's [::], as nothing else is held */
	BIND_SAME,
};

struct bind_place {
	enum listen_kind kind;
	bool v6only;
	uint64_t file; /* unix: the inode of the socket file that is there, 0: none */
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		uint8_t bytes[PEEK_ADDRESS_MAX];
	} a;
};

/* False: an address or a kind that is never held. */
bool bind_place_of(const struct peek_report *r, struct bind_place *ret);
enum bind_match bind_match(const struct bind_place *program, const struct bind_place *held);
/* As the key `listen` has it: "tcp:[::]:5000". */
const char *bind_place_text(const struct bind_place *p, char buf[LISTEN_TEXT_MAX]);

#endif
