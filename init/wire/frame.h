/* frame - NUL-ended messages over a nonblocking stream socket.
 *
 * The varlink framing. Both directions are bounded: a peer that sends a longer message, or
 * doesn't read what it asked for, gets an error and is dropped, never waited for. */
#ifndef PM1_WIRE_FRAME_H
#define PM1_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#define FRAME_IN_MAX (1024 * 1024) /* bytes of one request: an environment fits (ARG_MAX entries are 128 KiB) */
#define FRAME_OUT_MAX (16 * 1024 * 1024) /* bytes waiting for one client: a full list of 10,000 services fits */

struct frame_in {
	char *buf; /* owned */
	size_t len, cap, max;
	size_t taken; /* bytes of buf handed out by frame_next() */
	size_t scanned; /* bytes of buf known to hold no NUL behind `taken`: each byte is looked at once */
};
void frame_in_init(struct frame_in *f, size_t max); /* max: bytes of one message, its NUL not counted */
void frame_in_done(struct frame_in *f); /* leaves it empty and usable */
/* Reads once what is there. Bytes read (>0), 0 at end of file, -EAGAIN, -EMSGSIZE (a message is over max), -ENOMEM,
 * -EBUSY (the buffer is full of whole messages: take them first), or read's error. */
int frame_in_read(struct frame_in *f, int fd);
/* The next whole message, NUL-ended, borrowed until the next frame_in_read(); NULL: none whole yet. */
const char *frame_next(struct frame_in *f, size_t *ret_len);

struct frame_out {
	char *buf; /* owned */
	size_t len, cap, sent, max;
};
void frame_out_init(struct frame_out *f, size_t max);
void frame_out_done(struct frame_out *f); /* leaves it empty and usable */
int frame_out_add(struct frame_out *f, const char *msg); /* copies it with its NUL. 0, -EMSGSIZE (over max), -ENOMEM */
/* Writes once; fd is a socket. 0: all is out; 1: more waits for EPOLLOUT; or write's error. */
int frame_out_flush(struct frame_out *f, int fd);
bool frame_out_empty(const struct frame_out *f);

#endif
