/* restart - whether, when and how often an ended service starts again.
 *
 * PM2's keys, its faults mended: a run shorter than min_uptime is unstable;
 * max_restarts unstable runs in a row, however long the delays between them, and the
 * service gives up; a stable run clears the count. exp_backoff_restart_delay grows x1.5
 * to 15 s with jitter and beats restart_delay; with neither, a crash loop is still never faster, with jitter too,
 * than a small built-in back-off. Pure: time and chance come as arguments. */
#ifndef PM1_MODEL_RESTART_H
#define PM1_MODEL_RESTART_H

#include "model/spec.h"

#define RESTART_BACKOFF_MAX (15 * USEC_SEC) /* PM2's ceiling (PM2 7.0.4 God/ and our own PM2.md section 3) */

struct restart_track {
	unsigned int unstable; /* unstable runs in a row */
	usec_t last_delay; /* of the growing back-off, without jitter; 0 after a stable run */
};

struct restart_end {
	bool exited; /* else killed by a signal, or failed to start */
	int code; /* exit code */
	bool start_failed; /* exec never happened */
	usec_t uptime;
	uint32_t chance; /* random, for the jitter */
};

enum restart_verdict { RESTART_AGAIN, RESTART_FINAL, RESTART_GIVE_UP };

/* Updates *t and says what to do; *ret_delay is set for RESTART_AGAIN (0: at once). A start that failed for
 * a reason that won't mend itself (`permanent`: ENOENT, EACCES, ENOEXEC, an unknown user) is the caller's to give up at once. */
enum restart_verdict restart_decide(const struct spec *s, struct restart_track *t, const struct restart_end *end,
				    usec_t *ret_delay);
void restart_clear(struct restart_track *t); /* a manual start, restart or reset */

#endif
