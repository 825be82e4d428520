/* requests - what clients ask for, until it is true.
 *
 * Each call of wire/verbs.h becomes an act of the manager at once, and a request that
 * waits: its reply goes out when every service it named is where it was asked to be, or can't get there. */
#ifndef PM1_CONTROL_REQUESTS_H
#define PM1_CONTROL_REQUESTS_H

#include "control/report.h"
#include "control/session.h"
#include "core/manager.h"
#include "os/machine.h"

struct requests;

struct requests_config {
	struct loop *loop;
	struct manager *manager;
	const struct service_host *host;
	const struct report_self *self;
	void *ctx;
	bool (*trusts)(void *ctx, const struct ucred *cred); /* may it change things? */
	/* Ends the machine after the services; NULL: pm1 isn't the init of one. */
	void (*power)(void *ctx, enum machine_end how);
};

int requests_new(const struct requests_config *cfg, struct requests **ret);
void requests_free(struct requests *r);
/* The three things that the outside tells it. */
void requests_called(struct requests *r, struct session *s, struct call *call);
void requests_gone(struct requests *r, struct session *s); /* what it asked for goes on, its requests are forgotten */
void requests_changed(struct requests *r); /* a service changed: look again, once a wakeup */
void requests_noted(struct requests *r, struct service *s, const struct service_event *event); /* tells those who follow */
void requests_down(struct requests *r); /* the shutdown is done: answer those who asked for it */

#endif
