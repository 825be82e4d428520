/* channel - a notification descriptor as s6 has it, and the channel of a Node program as child_process.fork() makes it.
 *
 * The first is a pipe: a newline says ready, and nothing more is read. The second is a socket on which each line is a JSON text; it is
 * drained as long as the program lives, so that process.send() never waits, and heard for "ready" alone. */
#include "core/readiness_impl.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#define READ_SIZE 4096
#define READS_PER_WAKEUP 16

void channel_close(struct readiness *rd)
{
	loop_remove(&rd->channel_source);
	close_fd(&rd->channel);
	rd->line_n = 0;
	rd->line_long = false;
}

static void hear_newline(struct readiness *rd, const char *p, size_t n)
{
	if (!memchr(p, '\n', n))
		return;
	channel_close(rd);
	readiness_reached(rd, "it wrote a newline to its notification descriptor");
}

static void hear_lines(struct readiness *rd, const char *p, size_t n)
{
	static const char word[] = "\"ready\"";

	for (size_t i = 0; i < n; i++) {
		if (p[i] != '\n') {
			if (rd->line_n < sizeof(rd->line))
				rd->line[rd->line_n++] = p[i];
			else
				rd->line_long = true;
			continue;
		}
		bool said = !rd->line_long && rd->line_n == sizeof(word) - 1 && memcmp(rd->line, word, rd->line_n) == 0;
		rd->line_n = 0;
		rd->line_long = false;
		if (said)
			readiness_reached(rd, "it said process.send('ready')");
	}
}

void channel_drain(struct readiness *rd)
{
	char buf[READ_SIZE], label[SERVICE_LABEL_MAX];

	for (int i = 0; rd->channel >= 0 && i < READS_PER_WAKEUP; i++) {
		ssize_t n = sys_read(rd->channel, buf, sizeof(buf));
		if (n == -EAGAIN)
			return;
		if (n > 0 && rd->how.kind == READY_FD) {
			hear_newline(rd, buf, (size_t)n);
		} else if (n > 0) {
			hear_lines(rd, buf, (size_t)n);
		} else {
			rd->channel_closed = true;
			if (rd->how.kind == READY_FD && rd->service->state == STATE_STARTING)
				log_warning("%s: it closed descriptor %d without a newline: it won't be ready",
					    service_label(rd->service, label, sizeof(label)), rd->how.fd);
			channel_close(rd);
		}
	}
}

static void on_readable(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	channel_drain(ctx);
}

int channel_open(struct readiness *rd, int *ret_theirs)
{
	cleanup_fd int ours = -1;
	cleanup_fd int theirs = -1;
	int pair[2];

	channel_close(rd);
	rd->channel_closed = false;
	int r = rd->how.kind == READY_FD ? sys_pipe2(pair, 0) : sys_socketpair(SOCK_STREAM, pair);
	if (r < 0)
		return r;
	ours = pair[0];
	theirs = pair[1];
	if (sys_fd_is_scarce(ours))
		return -EMFILE;
	r = sys_fcntl(ours, F_SETFL, O_NONBLOCK);
	if (r == 0)
		r = loop_add(rd->service->host->loop, ours, EPOLLIN, LOOP_SPAWN, on_readable, rd, &rd->channel_source);
	if (r < 0)
		return r;
	rd->channel = take_fd(&ours);
	*ret_theirs = take_fd(&theirs);
	return 0;
}
