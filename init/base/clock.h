/* clock - time in microseconds.
 *
 * All delays count on CLOCK_MONOTONIC: they don't run while a laptop sleeps and
 * no step of the wall clock moves them. Wall time is for people alone. */
#ifndef PM1_BASE_CLOCK_H
#define PM1_BASE_CLOCK_H

#include <stdint.h>

typedef uint64_t usec_t;

#define USEC_MS ((usec_t)1000)
#define USEC_SEC ((usec_t)1000000)
#define USEC_MIN (60 * USEC_SEC)
#define USEC_NEVER UINT64_MAX

usec_t clock_mono(void); /* microseconds since boot, never steps */
usec_t clock_wall(void); /* microseconds since 1970, may step */

#endif
