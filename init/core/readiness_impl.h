/* readiness_impl - the insides of readiness.h, shared by readiness.c (how it comes), notify.c (NOTIFY_SOCKET) and channel.c (a
 * notification descriptor, the channel of a Node program). */
#ifndef PM1_CORE_READINESS_IMPL_H
#define PM1_CORE_READINESS_IMPL_H

#include "core/fdstore.h"
#include "core/readiness.h"
#include "model/ready.h"
#include "os/listening.h"
#include "wire/sdnotify.h"

#include <sys/stat.h>
#include <sys/un.h>

#define CHANNEL_LINE 1024 /* bytes of a line of a channel; longer ones are no word of ours */

struct readiness {
	struct service *service; /* borrowed: its owner */
	struct ready how; /* of this run; its arg points into `text` */
	char *text; /* owned */
	bool awaited; /* between begin and ready */
	char early[SERVICE_CAUSE_MAX]; /* it was ready before its exec was known; "": it wasn't */

	/* NOTIFY_SOCKET */
	int socket; /* owned, -1 */
	struct loop_source *source;
	struct sockaddr_un address;
	bool has_path; /* to be unlinked */
	bool refused; /* a stranger was told of in this run */
	char status[SDNOTIFY_STATUS_MAX * 4 + 1]; /* tamed */
	bool reloading, stopping;
	pid_t next_main; /* named by MAINPID= while its parent still runs, 0 none */
	pid_t ended_main; /* the main of this run that has ended, 0 none */
	usec_t watchdog; /* of this run, 0: none */
	struct loop_timer *dog;
	struct fdstore store;

	/* A descriptor or a channel. */
	int channel; /* owned, -1 */
	struct loop_source *channel_source;
	bool channel_closed; /* by the service, before it was ready */
	bool line_long;
	char line[CHANNEL_LINE];
	size_t line_n;

	/* What is looked for again and again. */
	struct loop_timer *looker;
	usec_t look_for;
	uint64_t before[LISTENING_MAX]; /* sockets that listened there already */
	size_t n_before;
	bool had_file;
	struct stat file;
};

/* It is ready; nothing when that isn't awaited. */
void readiness_reached(struct readiness *rd, const char *cause);

/* notify.c */
int notify_open(struct readiness *rd, struct strv *env);
void notify_close(struct readiness *rd);
void notify_drain(struct readiness *rd); /* takes what is there; bounded */
void notify_pet(struct readiness *rd); /* the watchdog's time begins anew */

/* channel.c */
int channel_open(struct readiness *rd, int *ret_theirs);
void channel_close(struct readiness *rd);
void channel_drain(struct readiness *rd);

#endif
