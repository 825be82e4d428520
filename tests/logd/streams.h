/* streams - what a stream of logd needs around it, as logd.c makes it; and the other ends of its pipes, as PID 1 keeps them. */
#ifndef PM1_TESTS_STREAMS_H
#define PM1_TESTS_STREAMS_H

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tools/logd/stream.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SLOTS 4

static struct loop *loop;
static struct stream_host host;
static struct logslot *slots; /* SLOTS of them, shared with forked processes as PID 1 shares them with logd */
static int last_trouble = -1; /* the last that was told: an error, 0, or -1 */
static unsigned int n_troubles;

/* PID 1's side of a stream: it keeps both pipes over the death of logd. */
static struct pipes {
	int pipe[2], staging[2];
} pipes[SLOTS];

static void streams_on_trouble(void *ctx, const struct file *f, int error)
{
	(void)ctx;
	(void)f;
	last_trouble = error;
	n_troubles++;
}

static inline void streams_begin(void)
{
	folder_enter();
	setenv("TZ", "UTC", 1);
	log_setup(-1, LOG_ERROR, false);
	slots = mmap(NULL, SLOTS * sizeof(*slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(slots, MAP_FAILED);
	cr_assert_eq(loop_new(&loop), 0);
	host = (struct stream_host){ .null_fd = -1, .loop = loop, .files = files_new(streams_on_trouble, NULL), .slots = slots,
				     .in = malloc(STREAM_PIECE), .out = malloc(STREAM_OUT) };
	cr_assert(host.files && host.in && host.out);
	cr_assert_eq(sys_pipe2(host.scratch, O_NONBLOCK), 0);
	for (int i = 0; i < SLOTS; i++) {
		cr_assert_eq(sys_pipe2(pipes[i].pipe, O_NONBLOCK), 0);
		cr_assert_eq(sys_pipe2(pipes[i].staging, O_NONBLOCK), 0);
	}
}

static inline void streams_done(void)
{
	sys_fake_reset();
	files_free(host.files);
	loop_free(loop);
	free(host.in);
	free(host.out);
	folder_leave();
}

static inline struct logwire_packet streams_packet(uint32_t slot, const char *path, const char *combined, const char *format)
{
	struct logwire_packet p = { .version = LOGWIRE_VERSION, .type = LOGWIRE_OPEN, .slot = slot, .name = "web", .service = "web",
				    .rules = { .uid = LOGWIRE_NOBODY, .gid = LOGWIRE_NOBODY, .friend_uid = LOGWIRE_NOBODY,
					       .mode = LOGWIRE_NOBODY } };

	cr_assert_eq(text_copy(p.path, sizeof(p.path), path), 0);
	cr_assert_eq(text_copy(p.combined, sizeof(p.combined), combined), 0);
	cr_assert_eq(text_copy(p.format, sizeof(p.format), format), 0);
	return p;
}

/* A stream by copies of PID 1's descriptors, not yet begun. */
static inline struct stream *streams_open_packet(const struct logwire_packet *p)
{
	const struct pipes *own = &pipes[p->slot];
	struct stream_fds fds = { { fcntl(own->pipe[0], F_DUPFD_CLOEXEC, 3), fcntl(own->staging[0], F_DUPFD_CLOEXEC, 3),
				    fcntl(own->staging[1], F_DUPFD_CLOEXEC, 3), -1 } };
	struct stream *s = NULL;

	cr_assert_eq(stream_new(&host, p, &fds, &s), 0);
	return s;
}

static inline struct stream *streams_open(uint32_t slot, const char *path, const char *combined, const char *format)
{
	struct logwire_packet p = streams_packet(slot, path, combined, format);

	return streams_open_packet(&p);
}

/* What the service writes. */
static inline void streams_say(uint32_t slot, const char *text)
{
	cr_assert_eq(write(pipes[slot].pipe[1], text, strlen(text)), (ssize_t)strlen(text));
}

#endif
