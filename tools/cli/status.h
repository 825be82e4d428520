/* status - the table of services. */
#ifndef PM1_CLI_STATUS_H
#define PM1_CLI_STATUS_H

#include "base/clock.h"
#include "base/text.h"
#include "tools/cli/command.h"

#include <jansson.h>
#include <stdio.h>

struct status_look {
	bool box, color;
	size_t width; /* columns there are, with `box` */
	usec_t now; /* clock_wall() */
};

/* Prints `services` (a sorted array), with as many columns as fit. 0 or -ENOMEM. */
int status_print(FILE *f, const json_t *services, const struct status_look *how);
/* Asks for all services and prints them: what the acting verbs end with. Says nothing when it can't. */
void status_show_all(struct cli *c);

/* The colour of a status word, or NULL. */
const char *status_color(const char *status);
const char *health_color(const char *health); /* NULL for "-" */
/* "500M hard", "300M soft", "none": the cap in force and how it is enforced. */
void status_cap(struct text *t, const json_t *service);
/* How long the service has been up ("3m 20s"), or "-". */
void status_uptime(struct text *t, const json_t *service, usec_t now);
bool status_is_up(const json_t *service); /* it has a process */

#endif
