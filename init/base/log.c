#include "base/log.h"

#include "base/clock.h"
#include "base/own.h"
#include "base/sys.h"
#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>

/* One write of at most PIPE_BUF bytes is whole or not at all, and poll() says when a pipe takes that many. */
#define LINE_MAX_BYTES PIPE_BUF

/* The one mutable file-scope state in pm1. */
static struct {
	int fd;
	enum log_level level;
	bool stamp, is_pipe;
	unsigned long lost; /* lines that the sink did not take */
} sink = { .fd = 2, .level = LOG_NOTICE };

void log_setup(int fd, enum log_level level, bool stamp)
{
	struct stat st;

	sink.fd = fd;
	sink.is_pipe = fd >= 0 && sys_fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
	sink.level = level;
	sink.stamp = stamp;
}

enum log_level log_level(void)
{
	return sink.level;
}

static void add_stamp(struct text *t)
{
	time_t now = (time_t)(clock_wall() / USEC_SEC);
	struct tm tm;
	char buf[32];

	if (localtime_r(&now, &tm) && strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm))
		(void)text_addf(t, "%s: ", buf);
}

static bool put(const struct text *t)
{
	struct pollfd p = { .fd = sink.fd, .events = POLLOUT };

	/* We don't own the file description, so it can't be made nonblocking; a reader that never reads must not stop us. */
	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
		return false;
	/* Between the question and the write another writer may take the room: where the kernel can, without waiting (Linux 6.4). */
	ssize_t n = sink.is_pipe ? sys_write_nowait(sink.fd, t->buf, t->len) : -EOPNOTSUPP;
	if (n >= 0 || n == -EAGAIN || n == -EPIPE)
		return n == (ssize_t)t->len;
	return sys_write(sink.fd, t->buf, t->len) == (ssize_t)t->len;
}

static void begin(struct text *t, char *buf, size_t size, enum log_level level)
{
	static const char *const words[] = {
		[LOG_ERROR] = "error: ", [LOG_WARNING] = "warning: ", [LOG_NOTICE] = "", [LOG_INFO] = "", [LOG_DEBUG] = "",
	};

	text_init(t, buf, size);
	if (sink.stamp)
		add_stamp(t);
	(void)text_addf(t, "pm1: %s", words[level]);
}

static void end(struct text *t)
{
	if (t->cut)
		memcpy(t->buf + t->len - 3, "...", 3);
	t->buf[t->len++] = '\n'; /* the buffer is one larger than the text's size */
	t->buf[t->len] = 0;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	char raw[LINE_MAX_BYTES / 2], line[LINE_MAX_BYTES];
	struct text t;
	va_list ap;

	if (level > sink.level || sink.fd < 0)
		return;
	text_init(&t, raw, sizeof(raw));
	va_start(ap, fmt);
	(void)text_vaddf(&t, fmt, ap);
	va_end(ap);

	if (sink.lost) {
		struct text lost;
		begin(&lost, line, sizeof(line) - 2, LOG_WARNING);
		(void)text_addf(&lost, "%lu lines were lost here: nobody took them", sink.lost);
		end(&lost);
		if (!put(&lost)) {
			sink.lost++;
			return;
		}
		sink.lost = 0;
	}
	bool cut = t.cut;
	begin(&t, line, sizeof(line) - 2, level);
	(void)text_add_safe(&t, raw);
	t.cut |= cut;
	end(&t);
	if (!put(&t))
		sink.lost++;
}

const char *err_text(int err)
{
	const char *s = strerrordesc_np(err < 0 ? -err : err);
	return s ? s : "unknown error";
}
