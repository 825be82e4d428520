/* listen - where pm1 listens for a service: one word of the key `listen`.
 *
 * "tcp:PORT", "tcp:ADDRESS:PORT", "udp:PORT", "udp:ADDRESS:PORT", "unix:/PATH" or "unix:@NAME", each with NAME= in front if it is to have
 * a name in LISTEN_FDNAMES. Addresses are numeric, IPv6 in brackets, or localhost (127.0.0.1); a bare port is every address of both families. */
#ifndef PM1_MODEL_LISTEN_H
#define PM1_MODEL_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct strv;

#define LISTEN_MAX 16 /* addresses of one service */
#define LISTEN_NAME_MAX 64 /* bytes of a name; letters, digits, _ . @ - as a service's */
#define LISTEN_TEXT_MAX 128 /* bytes of an address as it is shown, with NUL */

#define LISTEN_ALLOWED "tcp:PORT, tcp:ADDRESS:PORT, udp: likewise, unix:/PATH or unix:@NAME, each with NAME= in front if it needs a name"

enum listen_kind { LISTEN_TCP, LISTEN_UDP, LISTEN_UNIX }; /* unix: a stream */

struct listen_at {
	enum listen_kind kind;
	char name[LISTEN_NAME_MAX + 1]; /* "": none was given */
	bool any; /* a bare port: [::] for both families, 0.0.0.0 where the kernel has no IPv6 */
	bool v6only; /* [::], and a bare port, leave the addresses of IPv4 alone: the key listen_v6only, so not set by listen_parse() */
	socklen_t len; /* bytes of `to` */
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un; /* abstract: sun_path[0] is 0, and len counts the name */
	} to;
	char text[LISTEN_TEXT_MAX]; /* without the name: "tcp:0.0.0.0:5000" */
};

/* NULL, and the address is stored; or what is wrong, as static text. */
const char *listen_parse(const char *word, struct listen_at *ret);
/* Both are the same place (the name doesn't count), or one can't be listened at beside the other ("tcp:80" and "tcp:0.0.0.0:80"). */
bool listen_clash(const struct listen_at *a, const struct listen_at *b);
bool listen_same(const struct listen_at *a, const struct listen_at *b); /* the very same place, whatever it is called */
/* In which order listen_clash() is looked for among many: those of one kind and port stand together, the wide ones ([::], 0.0.0.0) first,
 * the same place side by side. As strcmp(). */
int listen_order(const struct listen_at *a, const struct listen_at *b);
bool listen_is_wide(const struct listen_at *at); /* it takes every address of a family, or of both */
/* Which of the words of `listen` is meant by a name, or by an address: its index, -ENOENT, -ENOTUNIQ (several have the name). */
int listen_find(const struct strv *words, const char *which);
uint16_t listen_port(const struct listen_at *at); /* 0: a unix socket */

#endif
