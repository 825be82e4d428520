/* service - what the supervisors start: notes when its first instruction ran and who it is in the FIFO $BENCH_FIFO, then sleeps. */
#include "measure.h"

int main(void)
{
	struct note note = { .at = now_ns(), .pid = getpid() };

	prctl(PR_SET_NAME, "service"); /* also where it was started as ./run */
	int fd = open(getenv("BENCH_FIFO"), O_WRONLY | O_CLOEXEC);
	if (write(fd, &note, sizeof(note)) != sizeof(note))
		return 1;
	close(fd);
	for (;;)
		pause();
}
