#include "base/clock.h"

#include "base/banned.h"

static usec_t now(clockid_t clock)
{
	struct timespec ts;

	/* Can't fail for these two clocks. */
	(void)clock_gettime(clock, &ts);
	return (usec_t)ts.tv_sec * USEC_SEC + (usec_t)ts.tv_nsec / 1000;
}

usec_t clock_mono(void)
{
	return now(CLOCK_MONOTONIC);
}

usec_t clock_wall(void)
{
	return now(CLOCK_REALTIME);
}
