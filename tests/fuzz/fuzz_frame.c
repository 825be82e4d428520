/* Any bytes, in pieces whose sizes the input chooses: the messages that come out are the bytes between
 * the NULs, in order, and no buffer passes its limit (max_len=2048). */
#include "wire/frame.h"

#include "base/banned.h"
#include "tests/fuzz/must.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) < 0)
		return 0;
	struct frame_in in;
	frame_in_init(&in, LIMIT);
	size_t given = 0, next = 0; /* next: where in data the next message begins */
	bool dead = false;
	while (given < size && !dead) {
		size_t piece = 1 + data[given] % 48;
		if (piece > size - given)
			piece = size - given;
		must(write(fd[0], data + given, piece) == (ssize_t)piece);
		given += piece;
		for (int r = frame_in_read(&in, fd[1]); r != -EAGAIN; r = frame_in_read(&in, fd[1])) {
			must(in.cap <= LIMIT + 1 && in.len <= in.cap);
			if (r == -EMSGSIZE) {
				dead = true;
				break;
			}
			must(r > 0);
			size_t n;
			for (const char *m = frame_next(&in, &n); m; m = frame_next(&in, &n)) {
				must(n <= LIMIT && strlen(m) == n);
				must(memcmp(m, data + next, n + 1) == 0);
				next += n + 1;
			}
		}
	}
	if (dead) {
		must(size - next > LIMIT);
		must(!memchr(data + next, '\0', LIMIT + 1));
	}
	frame_in_done(&in);
	close(fd[0]);
	close(fd[1]);
	return 0;
}
