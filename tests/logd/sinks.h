/* sinks - what sinks need around them: a loop, slots, what logd says of it, and words for peers of the test's own.
 *
 * A test is a forked process, so all of it may be static. */
#ifndef PM1_TESTS_SINKS_H
#define PM1_TESTS_SINKS_H

#include "base/log.h"
#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"
#include "tests/logd/sinkpeer.h"
#include "tools/logd/sink.h"
#include "tools/logd/sinkqueue.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

#define SLOTS 4
#define FOR_EVER SIZE_MAX

static struct loop *loop;
static struct sinks *sinks;
static struct logslot slots[SLOTS];
static int told; /* what logd says of it */
static char buf[4 * 1024 * 1024];
static char word[128];

static inline void sinks_begin(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	folder_enter();
	told = sys_memfd_create("told", 0);
	log_setup(told, LOG_NOTICE, false);
	cr_assert_eq(loop_new(&loop), 0);
	sinks = sinks_new(loop, slots);
}

static inline void sinks_done(void)
{
	sys_fake_reset();
	sinks_free(sinks);
	loop_free(loop);
	close_fd(&told);
	folder_leave();
}

static inline struct sink *sink_at(const char *kind, const char *path)
{
	(void)text_format(word, sizeof(word), "%s:%s/%s", kind, folder, path);
	struct sink *s = sink_get(sinks, word);
	cr_assert_not_null(s);
	return s;
}

static inline struct sink *sink_on(const char *kind, uint16_t port)
{
	(void)text_format(word, sizeof(word), "%s:127.0.0.1:%u", kind, port);
	struct sink *s = sink_get(sinks, word);
	cr_assert_not_null(s);
	return s;
}

static inline void say_bytes(struct sink *s, uint32_t slot, const char *text, size_t n)
{
	struct line l = { .service = "web", .pid = 12, .time = 1795515072000345, .text = text, .n = n };
	sink_add(s, slot, &l);
}

static inline void say(struct sink *s, const char *text)
{
	say_bytes(s, 0, text, strlen(text));
	sink_flush(s);
}

/* Everything that comes until it ends with this; in buf. */
static inline size_t read_until(int fd, const char *end)
{
	size_t n = 0, len = strlen(end);

	for (;;) {
		n += peer_read(fd, buf + n, sizeof(buf) - n, FOR_EVER, NULL);
		for (size_t i = 0; i < n; i++) /* the journal's lengths */
			buf[i] = buf[i] ? buf[i] : '.';
		if (n >= len && memcmp(buf + n - len, end, len) == 0)
			return n;
		cr_assert_eq(loop_once(loop), 0);
	}
}

static inline size_t count_of(const char *part)
{
	size_t n = 0;

	for (const char *p = buf; (p = strstr(p, part)); p += strlen(part))
		n++;
	return n;
}

static inline const char *said(void)
{
	static char text[8192];
	ssize_t n = pread(told, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return text;
}

static inline void is_settled(uint32_t slot)
{
	while (logslot_sink_waiting(&slots[slot]) > 0)
		cr_assert_eq(loop_once(loop), 0);
}

static inline void accounts(uint32_t slot, uint64_t taken)
{
	cr_expect_eq(slots[slot].sink_taken, taken);
	cr_expect_eq(slots[slot].sink_sent + slots[slot].sink_dropped + logslot_sink_waiting(&slots[slot]), taken);
}

#define JSON(text)                                                                                                                 \
	"{\"time\":\"2026-11-24T10:11:12.000345Z\",\"service\":\"web\",\"instance\":0,\"stream\":\"stdout\",\"pid\":12,"              \
	"\"message\":\"" text "\"}"

/* The next one that connects. */
static inline int accepted(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0)
		cr_assert_eq(loop_once(loop), 0);
	return fd;
}

/* A reader that doesn't read: the memory is bounded, and what has no room is counted, told in its place, and nothing else is lost. */
static inline void slow_reader(struct sink *s, int *fd, int listener)
{
	static char text[1001];
	size_t lines = 4000;

	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 0; i < lines; i++) {
		say_bytes(s, i % 2, text, sizeof(text) - 1);
		if (i % 100 == 0)
			sink_flush(s);
	}
	sink_flush(s);
	if (listener >= 0)
		cr_assert_geq(*fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), 0);
	uint64_t dropped = slots[0].sink_dropped + slots[1].sink_dropped;
	cr_expect_gt(dropped, 0);
	cr_expect_eq(dropped % 1001, 0, "whole lines");
	accounts(0, lines / 2 * 1001);
	accounts(1, lines / 2 * 1001);
	cr_expect_not_null(strstr(said(), "its queue is full; new lines are dropped and counted"), "%s", said());
	/* Now it reads. */
	char note[128];
	(void)text_format(note, sizeof(note), "%llu bytes are missing here: they came faster than they were taken",
			  (unsigned long long)dropped);
	size_t n = 0;
	while (!strstr(n > 4096 ? buf + n - 4096 : buf, note)) {
		size_t got = peer_read(*fd, buf + n, sizeof(buf) - n, 50, NULL);
		n += got;
		if (!got)
			cr_assert_eq(loop_once(loop), 0);
	}
	cr_expect_eq(count_of(text), lines - dropped / 1001);
	is_settled(0);
	is_settled(1);
	cr_expect_eq(slots[0].sink_dropped + slots[1].sink_dropped, dropped);
	/* And it goes on. */
	say(s, "after");
	n = 0;
	while (!strstr(buf, "after")) {
		n = peer_read(*fd, buf, sizeof(buf), FOR_EVER, NULL);
		if (!n)
			cr_assert_eq(loop_once(loop), 0);
	}
}

#endif
