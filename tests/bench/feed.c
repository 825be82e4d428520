/* feed LINE MIB - the service whose log is measured: waits for a byte in the FIFO $BENCH_FIFO, writes MIB of lines of LINE bytes
 * (feed.h), as fast as it is let, in writes of 64 KiB, then a line "END", and sleeps. */
#include "feed.h"

static void write_all(const char *p, size_t n)
{
	while (n) {
		ssize_t r = write(STDOUT_FILENO, p, n);
		if (r < 0)
			die("feed: %s", strerror(errno));
		p += r;
		n -= (size_t)r;
	}
}

int main(int argc, char **argv)
{
	static char chunk[FEED_CHUNK];
	size_t line = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	long mib = argc > 2 ? atol(argv[2]) : 0;
	char go;

	if (line < 16 || FEED_CHUNK % line)
		die("feed LINE MIB, with lines that divide %d", FEED_CHUNK);
	prctl(PR_SET_NAME, "feed"); /* also where it was started as ./run */
	feed_lines(chunk, line);
	int fd = open(getenv("BENCH_FIFO"), O_RDONLY | O_CLOEXEC);
	if (read(fd, &go, 1) != 1)
		die("feed: nobody says go");
	for (long i = 0; i < mib * (1048576 / FEED_CHUNK); i++) {
		feed_number(chunk, i);
		write_all(chunk, FEED_CHUNK);
	}
	write_all("END\n", 4);
	for (;;)
		pause();
}
