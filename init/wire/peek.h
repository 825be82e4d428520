/* peek - what `pm1 peek` (tools/peek) tells PID 1 of a socket in another process: one struct, written once.
 *
 * It runs as the user of the process that it looks at, who could write into it: nothing here is to be trusted further than that
 * process itself. Both ends are one binary, or one was replaced meanwhile: then the version differs. */
#ifndef PM1_WIRE_PEEK_H
#define PM1_WIRE_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEEK_VERSION 1
#define PEEK_ADDRESS_MAX 128 /* bytes of a sockaddr; no address is longer */
#define PEEK_OPTIONS_MAX 32

enum peek_kind { PEEK_OTHER, PEEK_TCP, PEEK_UDP, PEEK_UNIX }; /* unix: a stream */
enum peek_known { PEEK_UNKNOWN, PEEK_NO, PEEK_YES };

struct peek_report {
	uint32_t version;
	int32_t error; /* positive errno: it may not be looked at, or is gone; then nothing else counts */
	uint64_t inode; /* of the socket; 0: it is none, and nothing below counts */
	/* The rest only where an address was asked for. */
	uint8_t kind; /* enum peek_kind */
	uint8_t v6only; /* enum peek_known */
	uint8_t nonblocking, cloexec;
	uint8_t in_epoll; /* it is in an epoll set of the process already */
	uint8_t duped; /* another descriptor of the process is the same socket */
	uint8_t optioned; /* `options` were read */
	uint8_t spare;
	uint64_t file; /* unix: the inode of the socket file that is at the path now, 0: none */
	uint32_t address_len; /* 0: it could not be read, or has an impossible length */
	uint8_t address[PEEK_ADDRESS_MAX]; /* a relative path is made absolute, if there is room */
	uint32_t options_set; /* bit i: option i of peek_option() has this value, which is not the one it is born with */
	int32_t options[PEEK_OPTIONS_MAX];
};

struct peek_option {
	int level, name;
	bool doubled; /* is read as twice what was set */
};

/* Those that can be set as well after bind and listen; NULL behind the last. SO_REUSEADDR and SO_REUSEPORT are about bind alone,
 * and IPV6_V6ONLY can't be changed later. */
const struct peek_option *peek_option(size_t i);

#endif
