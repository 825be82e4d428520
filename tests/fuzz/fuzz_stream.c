/* Any bytes from two outputs of a service, in pieces whose sizes the input chooses (max_len=4096): each output's file holds exactly
 * what it wrote, a stamp at the head of each line; the combined file and the console hold as much, where a line begins behind half a
 * line of the other output a newline more. */
#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "tests/fuzz/must.h"
#include "tools/logd/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#define STREAMS 2
#define STAMP "[at]" /* PM2's way to write the text "at": a time would differ */
#define STAMPED "at: "

static struct stream_host host;
static struct logslot slots[STREAMS];
static char folder[PATH_MAX];

static struct output {
	int pipe[2], staging[2];
	char path[PATH_MAX + 16];
	struct stream *stream;
	char *wanted; /* what its file must hold */
	size_t n;
	bool midline;
} outputs[STREAMS];

static char combined[PATH_MAX + 16];
static int console[2];
static size_t console_n;

static void on_trouble(void *ctx, const struct file *f, int error)
{
	(void)ctx;
	(void)f;
	must(error == 0);
}

static void remove_files(void)
{
	(void)unlink(outputs[0].path);
	(void)unlink(outputs[1].path);
	(void)unlink(combined);
	(void)rmdir(folder);
}

static void set_up_once(void)
{
	const char *tmp = getenv("TMPDIR");

	if (host.loop)
		return;
	log_setup(-1, LOG_ERROR, false);
	must(text_format(folder, sizeof(folder), "%s/fuzz_stream.XXXXXX", tmp ? tmp : "/tmp") == 0 && mkdtemp(folder));
	(void)text_format(outputs[0].path, sizeof(outputs[0].path), "%s/out", folder);
	(void)text_format(outputs[1].path, sizeof(outputs[1].path), "%s/err", folder);
	(void)text_format(combined, sizeof(combined), "%s/both", folder);
	(void)atexit(remove_files);
	must(loop_new(&host.loop) == 0);
	host.files = files_new(on_trouble, NULL);
	host.slots = slots;
	host.null_fd = -1;
	host.in = malloc(STREAM_PIECE);
	host.out = malloc(STREAM_OUT);
	must(host.files && host.in && host.out && sys_pipe2(host.scratch, O_NONBLOCK) == 0);
	for (int i = 0; i < STREAMS; i++)
		must(sys_pipe2(outputs[i].pipe, O_NONBLOCK) == 0 && sys_pipe2(outputs[i].staging, O_NONBLOCK) == 0);
}

static void open_streams(uint8_t flags)
{
	memset(slots, 0, sizeof(slots));
	console_n = 0;
	if (flags & 4) {
		must(sys_pipe2(console, O_NONBLOCK) == 0);
		must(console_new(host.loop, fcntl(console[1], F_DUPFD_CLOEXEC, 3), &host.console) == 0);
	}
	for (uint32_t i = 0; i < STREAMS; i++) {
		struct output *o = &outputs[i];
		struct logwire_packet p = { .version = LOGWIRE_VERSION, .type = LOGWIRE_OPEN, .slot = i, .name = "web",
					    .service = "web",
					    .rules = { .uid = LOGWIRE_NOBODY, .gid = LOGWIRE_NOBODY, .friend_uid = LOGWIRE_NOBODY,
						       .mode = LOGWIRE_NOBODY,
						       .console = flags >> 2 & 1 ? LOGWIRE_CONSOLE_PREFIX : LOGWIRE_CONSOLE_NONE } };
		must(text_copy(p.path, sizeof(p.path), o->path) == 0);
		if (flags & 1)
			must(text_copy(p.format, sizeof(p.format), STAMP) == 0);
		if (flags & 2)
			must(text_copy(p.combined, sizeof(p.combined), combined) == 0);
		struct stream_fds fds = { { fcntl(o->pipe[0], F_DUPFD_CLOEXEC, 3), fcntl(o->staging[0], F_DUPFD_CLOEXEC, 3),
					    fcntl(o->staging[1], F_DUPFD_CLOEXEC, 3), -1 } };
		must(stream_new(&host, &p, &fds, &o->stream) == 0);
		stream_begin(o->stream);
		o->n = 0;
		o->midline = false;
	}
}

static void want(struct output *o, const uint8_t *p, size_t n, bool stamped)
{
	for (size_t i = 0; i < n; i++) {
		if (!o->midline && stamped) {
			memcpy(o->wanted + o->n, STAMPED, strlen(STAMPED));
			o->n += strlen(STAMPED);
		}
		o->wanted[o->n++] = (char)p[i];
		o->midline = p[i] != '\n';
	}
}

static void read_console(void)
{
	char buf[4096];

	for (ssize_t n = 1; host.console && n > 0;) {
		n = read(console[0], buf, sizeof(buf));
		console_n += n > 0 ? (size_t)n : 0;
	}
}

static void check_file(const char *path, const char *wanted, size_t n)
{
	cleanup_fd int fd = sys_open(path, O_RDONLY, 0);
	struct stat st;
	cleanup_free char *got = malloc(n + 1);

	if (fd == -ENOENT) {
		must(n == 0);
		return;
	}
	must(fd >= 0 && got && fstat(fd, &st) == 0 && (size_t)st.st_size == n);
	must(read(fd, got, n) == (ssize_t)n && memcmp(got, wanted, n) == 0);
	must(unlink(path) == 0);
}

static size_t newlines(const char *p, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += p[i] == '\n';
	return count;
}

/* Of both outputs together, n bytes with so many lines. */
static void check_combined(size_t n, size_t lines, bool stamped)
{
	cleanup_fd int fd = sys_open(combined, O_RDONLY, 0);
	struct stat st;

	if (fd == -ENOENT) {
		must(n == 0);
		return;
	}
	must(fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size >= n);
	cleanup_free char *got = malloc((size_t)st.st_size + 1);
	must(got && read(fd, got, (size_t)st.st_size) == st.st_size);
	size_t more = (size_t)st.st_size - n;
	must(newlines(got, (size_t)st.st_size) == lines + more && (stamped || more == 0));
	must(unlink(combined) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t said = 0, lines = 0;

	if (size < 1)
		return 0;
	set_up_once();
	uint8_t flags = data[0];
	open_streams(flags);
	for (int i = 0; i < STREAMS; i++)
		must((outputs[i].wanted = malloc(size * (1 + strlen(STAMPED)))));
	/* A byte says who writes how much of what follows, and whether the rest of a line is waited for. */
	for (size_t at = 1; at < size;) {
		struct output *o = &outputs[data[at] & 1];
		bool drain = data[at] & 2;
		size_t n = data[at] >> 2;
		at++;
		n = n < size - at ? n : size - at;
		must(write(o->pipe[1], data + at, n) == (ssize_t)n);
		want(o, data + at, n, flags & 1);
		at += n;
		said += n;
		if (drain)
			stream_drain(o->stream, false);
		else if (n > 0)
			must(loop_once(host.loop) == 0);
		read_console();
	}
	for (int i = 0; i < STREAMS; i++) {
		stream_drain(outputs[i].stream, false);
		read_console();
		must(slots[i].dropped == 0 && slots[i].console_dropped == 0 && slots[i].phase == LOGSLOT_IDLE);
		stream_free(outputs[i].stream);
		lines += newlines(outputs[i].wanted, outputs[i].n);
	}
	must(slots[0].written + slots[1].written == said);
	if (flags & 2)
		check_combined(outputs[0].n + outputs[1].n, lines, flags & 1);
	for (int i = 0; i < STREAMS; i++) {
		check_file(outputs[i].path, outputs[i].wanted, outputs[i].n);
		free(outputs[i].wanted);
	}
	if (host.console) {
		/* Each line, or part of one, has the name in front, and an end. */
		must(console_n >= said + lines * strlen("web | "));
		console_free(host.console);
		host.console = NULL;
		close_fd(&console[0]);
		close_fd(&console[1]);
	}
	return 0;
}
