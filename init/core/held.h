/* held - the listening sockets that pm1 holds for a service, and each instance's seat at them.
 *
 * They belong to the service's name, not to a process: all its instances share one set, each with a seat of its own (os/listener.h), and
 * a change of configuration keeps what stays the same. A seat outlives the runs of its instance: what comes while nobody runs waits. */
#ifndef PM1_CORE_HELD_H
#define PM1_CORE_HELD_H

#include "model/listen.h"
#include "model/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct text;
struct seat;

/* A place for one more instance. `sibling`: the seat of another of the same name, or the instance's own of before, whose sockets are used
 * again where they fit; NULL: there is none. Nothing is bound yet. 0, -ENOMEM. */
int seat_new(const struct spec *spec, const struct seat *sibling, struct seat **ret);
/* The same instance under a new spec; `sibling` may be *s itself. On failure *s stays as it is. */
int seat_change(struct seat **s, const struct spec *spec, const struct seat *sibling);
void seat_free(struct seat *s); /* leaves; the last one closes the sockets. NULL is fine */
bool seat_fits(const struct seat *s, const struct spec *spec); /* its set is what this spec asks for */

/* Binds what isn't bound yet, and mends what a program has shut. 0, or -errno with the address and the reason in `failure`. */
int seat_take(struct seat *s, struct text *failure);
/* New connections go there, or not (while another seat takes them). */
void seat_serve(struct seat *s, bool on);
bool seat_serves(const struct seat *s);
bool seat_has_company(const struct seat *s); /* another one is in service */
/* Nobody will run in it: what waits in its queues is given up while others serve, which a client that tries again will find. */
void seat_clear(struct seat *s);
void seat_leave(struct seat *s); /* gives up its sockets; seat_take() binds anew */

size_t seat_count(const struct seat *s); /* addresses; 0 for NULL */
const struct listen_at *seat_at(const struct seat *s, size_t i);
int seat_fd(const struct seat *s, size_t i); /* borrowed, -1: not bound */
bool seat_is_alone(const struct seat *s, size_t i); /* nobody else has this very socket */
uint64_t seat_file(const struct seat *s, size_t i); /* the inode of a unix socket's file, 0: there is none */
uint64_t seat_inode(const struct seat *s, size_t i);
bool seat_steers(const struct seat *s); /* every stream can be steered away from it: it can be drained */
size_t seat_waiting(const struct seat *s); /* connections in its queues */

/* The program can't be given sockets in this way: all of them are closed, for every instance, and taken again only for another
 * configuration. */
void seat_refuse(struct seat *s, const char *why);
const char *seat_refused(const struct seat *s); /* why, "": it wasn't */

#endif
