/* A seat is a number that stays; `order` holds the seats whose sockets are in the kernel's group, at the kernel's numbers: who listens is
 * appended, and the last takes the number of one that leaves. A seat whose listening was ended is in no group until listener_mend().
 *
 * Of several that were ended since we looked last, nobody tells which was first, and so which number each of the last ones took. Where that
 * is two or more, their numbers are unsure: the program is right all the same while all of them serve, or none, and else the kernel's hash
 * has to do. An unsure number goes on to the last when its member leaves; it is sure again when only one of them is left. */
#include "os/listener.h"

#include "base/own.h"
#include "base/sys.h"
#include "os/steering.h"
#include "os/unixlisten.h"

#include <errno.h>
#include <poll.h>

struct seat {
	bool used;
	bool serves;
	bool unsure; /* at another's number, perhaps */
	int fd; /* owned; -1 for a shared one */
	uint64_t inode;
};

struct listener {
	struct listen_at at;
	struct listener_options o;
	bool shared; /* the one socket for all */
	int fd; /* it: owned; -1 */
	uint64_t inode;
	struct unixfile file;

	struct seat *seats; /* owned */
	size_t n_seats; /* room */
	size_t n_used;
	unsigned int *order; /* owned; room as seats */
	bool *on; /* likewise: for the program */
	size_t n_order;
	bool steers;
};

int listener_new(const struct listen_at *at, const struct listener_options *o, struct listener **ret)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->at = *at;
	l->o = *o;
	l->shared = o->shared || at->kind == LISTEN_UNIX;
	l->fd = -1;
	*ret = l;
	return 0;
}

const struct listen_at *listener_at(const struct listener *l)
{
	return &l->at;
}

/* By shutdown() the listening ends at once, whoever else holds the socket still: the kernel's numbers are known from then on. */
static void end_socket(const struct listener *l, int *fd)
{
	if (*fd >= 0 && l->at.kind != LISTEN_UDP)
		(void)sys_shutdown(*fd);
	close_fd(fd);
}

static void close_shared(struct listener *l)
{
	if (l->fd >= 0 && l->at.kind == LISTEN_UNIX)
		unixlisten_unlink(&l->at, &l->file);
	end_socket(l, &l->fd);
	l->file = (struct unixfile){ 0 };
}

void listener_free(struct listener *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_seats; i++)
		if (l->seats[i].used)
			end_socket(l, &l->seats[i].fd);
	close_shared(l);
	free(l->seats);
	free(l->order);
	free(l->on);
	free(l);
}

static int set_options(const struct listener *l, int fd, int family, bool group)
{
	int r = 0;

	/* Two UDP sockets that have SO_REUSEADDR may be at one address, and only one of them gets anything. */
	if (l->at.kind == LISTEN_TCP)
		r = sys_sockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0 && group)
		r = sys_sockopt(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	/* Said each time: the default is a sysctl. */
	if (r == 0 && family == AF_INET6)
		r = sys_sockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, l->o.v6only);
	return r;
}

static int bind_there(const struct listener *l, bool group, int *ret)
{
	const struct sockaddr_in every = { .sin_family = AF_INET, .sin_port = l->at.to.in6.sin6_port };
	const struct sockaddr *to = &l->at.to.any;
	socklen_t len = l->at.len;
	int type = l->at.kind == LISTEN_UDP ? SOCK_DGRAM : SOCK_STREAM, family = to->sa_family;
	cleanup_fd int fd = sys_socket(family, type);

	if (fd == -EAFNOSUPPORT && family == AF_INET6 && l->at.any && !l->o.v6only) {
		family = AF_INET;
		to = (const struct sockaddr *)&every;
		len = sizeof(every);
		fd = sys_socket(family, type);
	}
	if (fd < 0)
		return fd;
	if (sys_fd_is_scarce(fd))
		return -EMFILE;
	int r = set_options(l, fd, family, group);
	if (r == 0)
		r = sys_bind(fd, to, len);
	if (r == 0)
		*ret = take_fd(&fd);
	return r;
}

/* Among sockets with SO_REUSEPORT the kernel finds no address taken: one without it is asked first. */
static int probe(const struct listener *l)
{
	cleanup_fd int fd = -1;

	return bind_there(l, false, &fd);
}

static int open_socket(struct listener *l, int *ret, uint64_t *ret_inode, struct unixfile *ret_file)
{
	cleanup_fd int fd = -1;
	struct stat st = { 0 };
	int r = !l->shared && l->n_used == 0 ? probe(l) : 0;

	if (r < 0)
		return r;
	if (l->at.kind == LISTEN_UNIX) {
		r = unixlisten_open(&l->at, &l->o, &fd, ret_file);
	} else {
		r = bind_there(l, !l->shared, &fd);
		/* Asked here, since listen() has to be the last that can fail: from then on it is in the group. */
		if (r == 0)
			r = sys_fstat(fd, &st);
		if (r == 0 && l->at.kind == LISTEN_TCP)
			r = sys_listen(fd, l->o.backlog);
	}
	if (r == 0 && l->at.kind == LISTEN_UNIX) {
		r = sys_fstat(fd, &st);
		if (r < 0)
			unixlisten_unlink(&l->at, ret_file);
	}
	if (r < 0)
		return r;
	*ret_inode = st.st_ino;
	*ret = take_fd(&fd);
	return 0;
}

static int make_room(struct listener *l)
{
	size_t n = l->n_seats ? 2 * l->n_seats : 4;

	if (l->n_used < l->n_seats)
		return 0;
	struct seat *seats = reallocarray(l->seats, n, sizeof(*seats));
	if (!seats)
		return -ENOMEM;
	l->seats = seats;
	unsigned int *order = reallocarray(l->order, n, sizeof(*order));
	if (!order)
		return -ENOMEM;
	l->order = order;
	bool *on = reallocarray(l->on, n, sizeof(*on));
	if (!on)
		return -ENOMEM;
	l->on = on;
	for (size_t i = l->n_seats; i < n; i++)
		l->seats[i] = (struct seat){ .fd = -1 };
	l->n_seats = n;
	return 0;
}

/* Where the seat is in the group; n_order: it is not. */
static size_t number_of(const struct listener *l, unsigned int seat)
{
	size_t i = 0;

	while (i < l->n_order && l->order[i] != seat)
		i++;
	return i;
}

static void take_number(struct listener *l, unsigned int seat)
{
	size_t i = number_of(l, seat);
	struct seat *last = l->n_order ? &l->seats[l->order[l->n_order - 1]] : NULL;
	size_t unsure = 0;

	if (i == l->n_order)
		return;
	last->unsure |= l->seats[seat].unsure; /* it went to the number of who left, and that isn't known */
	l->order[i] = l->order[--l->n_order];
	for (size_t k = 0; k < l->n_order; k++)
		unsure += l->seats[l->order[k]].unsure;
	for (size_t k = 0; unsure == 1 && k < l->n_order; k++)
		l->seats[l->order[k]].unsure = false;
	l->seats[seat].unsure = false;
}

/* 1, 0, -errno. */
static int listens(int fd)
{
	int yes = 0;
	int r = sys_sockopt_get(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes);

	return r < 0 ? r : yes != 0;
}

/* Takes those out of the order whose listening a program has ended. */
static void renumber(struct listener *l)
{
	size_t live = 0, moved = 0;
	bool unsure = false;

	if (l->at.kind != LISTEN_TCP)
		return;
	for (size_t i = 0; i < l->n_order; i++) {
		const struct seat *s = &l->seats[l->order[i]];
		l->on[i] = listens(s->fd) != 0;
		live += l->on[i];
		unsure |= s->unsure;
	}
	size_t ended = l->n_order - live;
	/* Only those move whose numbers there are no more. */
	for (size_t i = live; i < l->n_order; i++)
		moved += l->on[i];
	unsure &= ended > 1;
	for (size_t i = 0; (unsure || moved > 1) && i < l->n_order; i++)
		l->seats[l->order[i]].unsure |= l->on[i] && (unsure || i >= live);
	/* take_number() moves others: from the end on, those are looked at already. */
	for (size_t i = l->n_order; ended > 0 && i > 0; i--)
		if (!l->on[i - 1])
			take_number(l, l->order[i - 1]);
}

/* The program for l->on; with none on, for all. */
static int put_program(struct listener *l)
{
	size_t unsure = l->n_order;
	bool some = false;

	for (size_t i = 0; i < l->n_order; i++)
		some |= l->on[i];
	for (size_t i = 0; i < l->n_order; i++) {
		l->on[i] |= !some;
		if (!l->seats[l->order[i]].unsure)
			continue;
		if (unsure < i && l->on[unsure] != l->on[i])
			return -ESTALE;
		unsure = i;
	}
	return steering_put(l->seats[l->order[0]].fd, l->on, l->n_order, l->at.kind == LISTEN_UDP);
}

static int steer(struct listener *l)
{
	int r = 0;

	for (size_t i = 0; i < l->n_order; i++)
		l->on[i] = l->seats[l->order[i]].serves;
	if (l->n_order > 0)
		r = put_program(l);
	if (r < 0)
		(void)steering_remove(l->seats[l->order[0]].fd); /* the one before has other numbers */
	l->steers = r == 0;
	return r;
}

int listener_join(struct listener *l, unsigned int *ret_seat)
{
	struct unixfile file = { 0 };
	uint64_t inode = 0;
	int fd = -1;
	unsigned int seat = 0;
	int r = make_room(l);

	if (r < 0)
		return r;
	if (!l->shared || l->fd < 0) {
		r = open_socket(l, &fd, &inode, &file);
		if (r < 0)
			return r;
	}
	while (l->seats[seat].used)
		seat++;
	l->seats[seat] = (struct seat){ .used = true, .fd = -1 };
	l->n_used++;
	if (!l->shared) {
		l->seats[seat].fd = fd;
		l->seats[seat].inode = inode;
		renumber(l);
		l->order[l->n_order++] = seat;
		(void)steer(l);
	} else if (fd >= 0) {
		l->fd = fd;
		l->inode = inode;
		l->file = file;
	}
	*ret_seat = seat;
	return 0;
}

/* Between a member's leaving and the next program its number is the last one's, who may not be in service. So for that moment only those
 * get connections whose number stays, if there are any. */
static void steer_around(struct listener *l, size_t number)
{
	bool some = false;

	for (size_t i = 0; i < l->n_order; i++) {
		l->on[i] = l->seats[l->order[i]].serves && i != number && i != l->n_order - 1;
		some |= l->on[i];
	}
	if (some && l->steers)
		(void)put_program(l);
}

void listener_leave(struct listener *l, unsigned int seat)
{
	if (seat >= l->n_seats || !l->seats[seat].used)
		return;
	if (!l->shared) {
		renumber(l);
		size_t number = number_of(l, seat);
		if (number + 1 < l->n_order)
			steer_around(l, number);
		end_socket(l, &l->seats[seat].fd);
		take_number(l, seat);
	}
	l->seats[seat] = (struct seat){ .fd = -1 };
	l->n_used--;
	if (!l->shared)
		(void)steer(l);
	else if (l->n_used == 0)
		close_shared(l);
}

int listener_serve(struct listener *l, unsigned int seat, bool on)
{
	if (seat >= l->n_seats || !l->seats[seat].used)
		return -EINVAL;
	l->seats[seat].serves = on;
	if (l->shared)
		return 0;
	renumber(l);
	return steer(l);
}

bool listener_steers(const struct listener *l)
{
	return !l->shared && l->n_order > 0 && l->steers;
}

int listener_fd(const struct listener *l, unsigned int seat)
{
	if (seat >= l->n_seats || !l->seats[seat].used)
		return -1;
	return l->shared ? l->fd : l->seats[seat].fd;
}

uint64_t listener_inode(const struct listener *l, unsigned int seat)
{
	if (listener_fd(l, seat) < 0)
		return 0;
	return l->shared ? l->inode : l->seats[seat].inode;
}

uint64_t listener_file(const struct listener *l)
{
	return l->file.ino;
}

/* One that was shut down can't be made to answer again: a new one takes its place. */
static int mend_unix(struct listener *l)
{
	if (l->fd >= 0) {
		int r = sys_poll_now(l->fd, POLLRDHUP);
		if (r < 0 || !(r & (POLLRDHUP | POLLHUP)))
			return r < 0 ? r : 0;
		close_shared(l);
	}
	int r = open_socket(l, &l->fd, &l->inode, &l->file);
	return r < 0 ? r : 1;
}

int listener_mend(struct listener *l, unsigned int seat)
{
	if (seat >= l->n_seats || !l->seats[seat].used)
		return -EBADF;
	if (l->at.kind == LISTEN_UDP)
		return 0;
	if (l->at.kind == LISTEN_UNIX)
		return mend_unix(l);
	int fd = listener_fd(l, seat);
	int did = listens(fd);
	if (did < 0)
		return did;
	if (!l->shared && !did)
		renumber(l);
	/* One that listens still may have got a shorter queue from a listen() of the program. */
	int r = sys_listen(fd, l->o.backlog);
	if (r < 0 || did)
		return r;
	if (!l->shared) {
		l->order[l->n_order++] = seat;
		(void)steer(l);
	}
	return 1;
}

ssize_t listener_waiting(const struct listener *l, unsigned int seat)
{
	int fd = listener_fd(l, seat);
	size_t n = 0;

	if (fd < 0)
		return -EBADF;
	if (l->at.kind == LISTEN_UDP)
		return 0;
	if (l->at.kind == LISTEN_UNIX)
		return unixlisten_waiting(fd, l->inode);
	int r = sys_listen_queue(fd, &n);
	return r < 0 ? r : (ssize_t)n;
}
