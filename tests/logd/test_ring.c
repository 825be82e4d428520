/* A log that is kept in memory, where no file can be written: the last of it, in a memfd that PID 1 has. */
#include "tests/logd/streams.h"

#include <sys/stat.h>

#define RING 16384
#define PATH "/proc/1/fd/9" /* as it is told; nobody opens it */

static int ring = -1;

static void begin(void)
{
	streams_begin();
	ring = sys_memfd_create("log", 0);
	cr_assert_geq(ring, 0);
}

static void done(void)
{
	close_fd(&ring);
	streams_done();
}

TestSuite(ring, .init = begin, .fini = done, .timeout = 60);

static struct stream *open_ring(const char *format, enum logwire_form form)
{
	struct logwire_packet p = streams_packet(0, PATH, "", format);
	const struct pipes *own = &pipes[0];
	struct stream_fds fds = { { fcntl(own->pipe[0], F_DUPFD_CLOEXEC, 3), fcntl(own->staging[0], F_DUPFD_CLOEXEC, 3),
				    fcntl(own->staging[1], F_DUPFD_CLOEXEC, 3), fcntl(ring, F_DUPFD_CLOEXEC, 3) } };
	struct stream *s = NULL;

	p.rules.ring = RING;
	p.rules.form = form;
	cr_assert_eq(stream_new(&host, &p, &fds, &s), 0);
	stream_recover(s);
	stream_begin(s);
	return s;
}

static unsigned int next_line;

static void say_until(struct stream *s, unsigned int last)
{
	char line[32];

	while (next_line < last) {
		cr_assert_geq(text_format(line, sizeof(line), "line %u\n", next_line++), 0);
		streams_say(0, line);
		if (next_line % 64 == 0)
			stream_drain(s, false);
	}
	stream_drain(s, false);
}

static off_t first_byte(void)
{
	return lseek(ring, 0, SEEK_DATA);
}

static off_t size(void)
{
	return lseek(ring, 0, SEEK_END);
}

/* From its first whole line on it is what was said last. */
static void ends_with_what_was_said_last(const char *head)
{
	off_t from = first_byte(), n = size() - from;
	cleanup_free char *buf = calloc(1, (size_t)n + 1);
	char *p;
	unsigned int line;

	cr_assert(buf && pread(ring, buf, (size_t)n, from) == n);
	p = from > 0 ? strchr(buf, '\n') + 1 : buf;
	cr_assert_eq(strncmp(p, head, strlen(head)), 0, "%s", p);
	cr_assert_eq(sscanf(p + strlen(head), "line %u", &line), 1, "%s", p);
	for (; *p; line++) {
		char wanted[64];
		cr_assert_geq(text_format(wanted, sizeof(wanted), "%sline %u\n", head, line), 0);
		cr_assert_eq(strncmp(p, wanted, strlen(wanted)), 0, "%s instead of %s", p, wanted);
		p += strlen(wanted);
	}
	cr_assert_eq(line, next_line);
}

/* Its memory, in bytes. */
static off_t kept(void)
{
	struct stat st;

	cr_assert_eq(fstat(ring, &st), 0);
	return st.st_blocks * 512;
}

Test(ring, it_keeps_the_last_bytes_and_not_much_more)
{
	static const char *const formats[] = { "", "[at]" }; /* by splice, by pieces */

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		struct stream *s = open_ring(formats[i], LOGWIRE_RAW);
		cr_assert_eq(ftruncate(ring, 0), 0);
		next_line = 0;
		say_until(s, 100);
		cr_expect_eq(first_byte(), 0, "all of it");
		ends_with_what_was_said_last(*formats[i] ? "at: " : "");
		for (unsigned int n = 1000; n <= 20000; n += 1000) {
			say_until(s, n);
			cr_assert_leq(kept(), RING + RING / 4 + 3 * 4096, "after %u lines: %lld bytes", n, (long long)kept());
			if (size() > RING)
				cr_assert_geq(size() - first_byte(), RING, "after %u lines", n);
		}
		cr_expect_gt(first_byte(), 0);
		ends_with_what_was_said_last(*formats[i] ? "at: " : "");
		cr_expect_eq(slots[0].dropped, 0);
		stream_free(s);
	}
	cr_expect_eq(access(PATH, F_OK), -1);
	cr_expect_eq(n_troubles, 0);
}

Test(ring, a_successor_goes_on_in_it)
{
	struct stream *s = open_ring("", LOGWIRE_RAW);

	say_until(s, 10000);
	stream_free(s);
	s = open_ring("", LOGWIRE_RAW);
	say_until(s, 10050);
	ends_with_what_was_said_last("");
	say_until(s, 20000);
	cr_expect_leq(kept(), RING + RING / 4 + 3 * 4096, "%lld bytes", (long long)kept());
	ends_with_what_was_said_last("");
	stream_free(s);
}

Test(ring, a_flush_empties_it_and_it_goes_on)
{
	struct stream *s = open_ring("", LOGWIRE_RAW);

	say_until(s, 10000);
	stream_flush(s);
	cr_expect_eq(size(), 0);
	cr_expect_eq(kept(), 0);
	say_until(s, 20000);
	cr_expect_leq(kept(), RING + RING / 4 + 3 * 4096, "%lld bytes", (long long)kept());
	ends_with_what_was_said_last("");
	stream_free(s);
}

Test(ring, a_reopening_leaves_it_alone)
{
	struct stream *s = open_ring("", LOGWIRE_RAW);

	say_until(s, 10);
	files_reopen(host.files);
	say_until(s, 20);
	ends_with_what_was_said_last("");
	cr_expect_eq(first_byte(), 0);
	cr_expect_eq(n_troubles, 0);
	stream_free(s);
}

Test(ring, it_is_never_rotated)
{
	struct logwire_packet p = streams_packet(0, PATH, "", "");
	struct stream *s = open_ring("", LOGWIRE_RAW);

	p.rules.ring = RING;
	p.rules.limits = (struct logwire_limits){ .max_size = 100, .every = LOGWIRE_SPAN, .span = 1, .keep = 1 };
	cr_assert_eq(stream_change(s, &p), 0);
	say_until(s, 200);
	ends_with_what_was_said_last("");
	cr_expect_eq(first_byte(), 0);
	cr_expect_eq(n_troubles, 0);
	stream_free(s);
}

/* A reload gives the service a file, or its folder can be written since. */
Test(ring, when_there_is_a_file_what_comes_goes_there)
{
	struct logwire_packet p = streams_packet(0, "a.log", "", "");
	struct stream *s = open_ring("", LOGWIRE_RAW);

	say_until(s, 3);
	cr_assert_eq(stream_change(s, &p), 0);
	off_t before = size();
	streams_say(0, "to the file\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "to the file\n");
	cr_expect_eq(size(), before);
	stream_free(s);
}
