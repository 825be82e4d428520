#include "tools/logd/logd.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"
#include "loop/loop.h"
#include "tools/logd/stream.h"
#include "wire/logsocket.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#define SCRATCH_SIZE (1024 * 1024) /* so many pipe places that a staging pipe's content always fits */
#define CONSOLE_LAST_WORDS (500 * USEC_MS)
#define SINKS_LAST_WORDS (500 * USEC_MS)
/* More than PID 1's end of the socket holds: all it has said is heard before a pipe is read, so that it is known who shares a file. */
#define PACKETS_PER_WAKEUP 4096

/* All state of the process. */
struct logd {
	struct loop *loop;
	struct loop_source *source;
	struct stream_host host;
	struct stream **streams; /* by slot, NULL: free */
	uint32_t n; /* places in streams */
	bool begun; /* all streams of a predecessor are known, and what it had in work is completed */
	bool opened; /* streams were opened that aren't read from yet: others of the same file may be in the next packets */
};

static void answer(const struct logwire_packet *p)
{
	/* PID 1 reads these before anything else could fill its socket; a lost TROUBLE is told again by the next change. */
	int r = logsocket_send(LOGWIRE_FD, p, NULL, 0);

	if (r < 0 && r != -EPIPE)
		log_warning("logd: cannot answer: %s", err_text(r));
}

static void on_trouble(void *ctx, const struct file *f, int error)
{
	struct logd *d = ctx;

	for (uint32_t i = 0; i < d->n; i++) {
		if (!d->streams[i] || !stream_has_file(d->streams[i], f))
			continue;
		struct logwire_packet p = { .version = LOGWIRE_VERSION, .type = LOGWIRE_TROUBLE, .slot = i, .error = error };
		(void)text_copy(p.path, sizeof(p.path), file_path(f));
		answer(&p);
	}
}

static void on_matched(void *ctx, uint32_t slot, uint32_t serial)
{
	struct logwire_packet p = { .version = LOGWIRE_VERSION, .type = LOGWIRE_MATCHED, .slot = slot, .token = serial };

	(void)ctx;
	answer(&p);
}

static void drain_all(struct logd *d, bool last)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (d->streams[i])
			stream_drain(d->streams[i], last);
}

/* At most one piece is half done, and it may share a file with any stream: it is completed before anything else is written. */
static void begin(struct logd *d)
{
	if (d->begun)
		return;
	for (uint32_t i = 0; i < d->n; i++)
		if (d->streams[i])
			stream_recover(d->streams[i]);
	d->begun = true;
}

static void end(struct logd *d)
{
	begin(d);
	drain_all(d, true);
	if (d->host.console)
		console_finish(d->host.console, CONSOLE_LAST_WORDS);
	if (d->host.sinks)
		sinks_finish(d->host.sinks, SINKS_LAST_WORDS);
	loop_quit(d->loop, 0);
}

static void hello(struct logd *d, int *fds, size_t n)
{
	if (n >= 1 && !d->host.slots)
		d->host.slots = sys_mmap_shared(fds[0], LOGWIRE_SLOTS_MAX * sizeof(struct logslot));
	if (d->host.slots && !d->host.sinks)
		d->host.sinks = sinks_new(d->loop, d->host.slots);
	if (!d->host.slots || !d->host.sinks)
		loop_quit(d->loop, 1);
	if (n >= 2 && !d->host.console)
		(void)console_new(d->loop, take_fd(&fds[1]), &d->host.console);
}

static int grow(struct logd *d, uint32_t slot)
{
	if (slot >= LOGWIRE_SLOTS_MAX)
		return -EINVAL;
	if (slot < d->n)
		return 0;
	uint32_t n = d->n ? d->n : 16;
	while (n <= slot)
		n *= 2;
	struct stream **v = reallocarray(d->streams, n, sizeof(struct stream *));
	if (!v)
		return -ENOMEM;
	memset(v + d->n, 0, (n - d->n) * sizeof(*v));
	d->streams = v;
	d->n = n;
	return 0;
}

static void open_stream(struct logd *d, const struct logwire_packet *p, int *fds, size_t n)
{
	int r = n >= 3 && d->host.sinks ? grow(d, p->slot) : -EBADMSG;

	if (r == 0 && d->streams[p->slot])
		r = -EEXIST;
	if (r == 0) {
		struct stream_fds all = { { take_fd(&fds[0]), take_fd(&fds[1]), take_fd(&fds[2]), n > 3 ? take_fd(&fds[3]) : -1 } };
		r = stream_new(&d->host, p, &all, &d->streams[p->slot]);
	}
	if (r < 0) {
		log_error("logd: %s: cannot take its stream: %s", p->name, err_text(r));
		return;
	}
	d->opened = true;
}

/* Nothing more is to be heard for now: it is known who shares a file. */
static void begin_opened(struct logd *d)
{
	if (!d->begun || !d->opened)
		return;
	d->opened = false;
	for (uint32_t i = 0; i < d->n; i++)
		if (d->streams[i])
			stream_begin(d->streams[i]);
}

static void close_stream(struct logd *d, const struct logwire_packet *p)
{
	struct logwire_packet closed = { .version = LOGWIRE_VERSION, .type = LOGWIRE_CLOSED, .slot = p->slot };

	if (p->slot < d->n && d->streams[p->slot]) {
		begin(d);
		stream_drain(d->streams[p->slot], true);
		stream_free(d->streams[p->slot]);
		d->streams[p->slot] = NULL;
	}
	answer(&closed);
}

static void handle(struct logd *d, const struct logwire_packet *p, int *fds, size_t n)
{
	struct stream *s = p->slot < d->n ? d->streams[p->slot] : NULL;
	struct logwire_packet synced = { .version = LOGWIRE_VERSION, .type = LOGWIRE_SYNCED, .token = p->token };

	switch (p->type) {
	case LOGWIRE_HELLO:
		hello(d, fds, n);
		break;
	case LOGWIRE_OPEN:
		open_stream(d, p, fds, n);
		break;
	case LOGWIRE_BEGIN:
		begin(d);
		break;
	case LOGWIRE_CHANGE:
		begin(d);
		if (s)
			(void)stream_change(s, p);
		break;
	case LOGWIRE_CLOSE:
		close_stream(d, p);
		break;
	case LOGWIRE_REOPEN:
		begin(d);
		drain_all(d, false);
		files_reopen(d->host.files);
		break;
	case LOGWIRE_FLUSH:
		begin(d);
		if (s)
			stream_flush(s);
		break;
	case LOGWIRE_SYNC:
		begin(d);
		drain_all(d, false);
		answer(&synced);
		break;
	case LOGWIRE_QUIT:
		end(d);
		break;
	default:
		log_error("logd: a packet of unknown type %u; ignoring", p->type);
		break;
	}
}

static void on_packet(void *ctx, int fd, uint32_t events)
{
	struct logd *d = ctx;

	(void)events;
	for (int i = 0; i < PACKETS_PER_WAKEUP; i++) {
		struct logwire_packet p;
		int fds[LOGWIRE_FDS_MAX];
		size_t n = 0;
		int r = logsocket_recv(fd, &p, fds, &n);
		if (r == -EAGAIN) {
			begin_opened(d);
			return;
		}
		if (r == 0) { /* PID 1 is gone: what is in the pipes is written, then we go too */
			end(d);
			return;
		}
		if (r < 0) {
			log_error("logd: bad packet: %s; ignoring", err_text(r));
			continue;
		}
		handle(d, &p, fds, n);
		for (size_t k = 0; k < n; k++)
			close_fd(&fds[k]);
	}
}

static int set_up(struct logd *d)
{
	struct stat st;

	d->host.scratch[0] = d->host.scratch[1] = -1;
	d->host.null_fd = sys_open("/dev/null", O_WRONLY, 0);
	/* In a container without devices somebody may have made a file of that name. */
	if (d->host.null_fd >= 0 && (sys_fstat(d->host.null_fd, &st) < 0 || !S_ISCHR(st.st_mode)))
		close_fd(&d->host.null_fd);
	int r = loop_new(&d->loop);
	if (r == 0)
		r = sys_pipe2(d->host.scratch, O_NONBLOCK);
	if (r == 0)
		r = loop_add(d->loop, LOGWIRE_FD, EPOLLIN, LOOP_SPAWN, on_packet, d, &d->source);
	if (r < 0)
		return r;
	(void)sys_fcntl(d->host.scratch[0], F_SETPIPE_SZ, SCRATCH_SIZE); /* smaller ones only mean smaller pieces */
	d->host.loop = d->loop;
	d->host.matched = on_matched;
	d->host.files = files_new(on_trouble, d);
	d->host.in = malloc(STREAM_PIECE);
	d->host.out = malloc(STREAM_OUT);
	return d->host.files && d->host.in && d->host.out ? 0 : -ENOMEM;
}

static void tear_down(struct logd *d)
{
	for (uint32_t i = 0; i < d->n; i++)
		stream_free(d->streams[i]);
	free(d->streams);
	sinks_free(d->host.sinks);
	console_free(d->host.console);
	files_free(d->host.files);
	loop_free(d->loop);
	close_fd(&d->host.null_fd);
	free(d->host.in);
	free(d->host.out);
}

int logd_main(int argc, char **argv)
{
	struct logd d = { 0 };

	(void)argc;
	(void)argv;
	(void)sys_prctl(PR_SET_NAME, (unsigned long)"pm1-logd", 0, 0, 0);
	(void)signal(SIGCHLD, SIG_IGN); /* nobody waits for those that tidy up */
	(void)sys_fcntl(LOGWIRE_FD, F_SETFD, FD_CLOEXEC); /* and none of them has a word for PID 1 */
	int r = set_up(&d);
	if (r < 0) {
		log_error("logd: cannot start (it is pm1 itself that runs this): %s", err_text(r));
		return 1;
	}
	r = loop_run(d.loop);
	tear_down(&d); /* to its end: what a leak checker then finds was lost on the way */
	return r;
}
