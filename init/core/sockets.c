#include "core/sockets.h"

#include "base/log.h"
#include "base/own.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/activation.h"
#include "core/binder.h"
#include "core/fdstore.h"
#include "core/held.h"
#include "core/readiness.h"

#include <errno.h>
#include <fcntl.h>

static const char *place_of(const struct service *s, char *buf, size_t size)
{
	if (s->spec->file)
		(void)text_format(buf, size, " (%s: [service:%s] listen)", s->spec->file, s->spec->name);
	else
		(void)text_format(buf, size, " (listen)");
	return buf;
}

void sockets_set(struct service *s, const struct service *sibling)
{
	const struct seat *other = sibling ? sibling->seat : NULL;
	char label[SERVICE_LABEL_MAX], why[SERVICE_FAILURE_MAX], at[SERVICE_FAILURE_MAX];
	struct text t = TEXT_INIT(why);

	if (!s->seat || !seat_fits(s->seat, s->spec))
		activation_down(s); /* the descriptors change; a start follows */
	else
		activation_renew(s);
	if (s->spec->listen.n == 0) { /* the binder stays as long as there are processes that would wait for it */
		seat_free(s->seat);
		s->seat = NULL;
		return;
	}
	int r = s->seat ? seat_change(&s->seat, s->spec, other && seat_fits(other, s->spec) ? other : s->seat) :
			  seat_new(s->spec, other, &s->seat);
	if (r < 0)
		log_error("%s: no memory for its sockets; trying again at its next start", service_label(s, label, sizeof(label)));
	else if (seat_take(s->seat, &t) < 0)
		log_warning("%s: cannot listen on %s%s; trying again when it starts", service_label(s, label, sizeof(label)), why,
			    place_of(s, at, sizeof(at)));
}

void sockets_free(struct service *s)
{
	activation_free(s);
	binder_free(s->binder);
	seat_free(s->seat);
	s->binder = NULL;
	s->seat = NULL;
}

int sockets_prepare(struct service *s)
{
	char at[SERVICE_FAILURE_MAX];
	struct text t = TEXT_INIT(s->failure);

	s->listens = 0;
	binder_free(s->binder);
	s->binder = NULL;
	if (s->spec->listen.n == 0)
		return 0;
	/* For want of memory it may be that of the spec before. */
	int r = s->seat ? seat_change(&s->seat, s->spec, s->seat) : seat_new(s->spec, NULL, &s->seat);
	if (r < 0)
		return r;
	(void)text_add(&t, "cannot listen on ");
	r = seat_take(s->seat, &t);
	if (r < 0)
		(void)text_add(&t, place_of(s, at, sizeof(at)));
	else
		s->failure[0] = 0;
	return r;
}

/* What a program that knows of LISTEN_FDS gets. */
static size_t given(const struct service *s)
{
	return s->spec->listen_adopt ? 0 : seat_count(s->seat);
}

static int give_names(const struct service *s, const struct fdstore *store, struct readiness_gift *g)
{
	size_t n = given(s), size = (n + store->n) * (LISTEN_NAME_MAX + SPEC_NAME_MAX + 256) + 1;
	cleanup_free char *names = malloc(size);
	struct text t;

	if (!names)
		return -ENOMEM;
	text_init(&t, names, size);
	for (size_t i = 0; i < n; i++)
		(void)text_addf(&t, "%s%s", i ? ":" : "", seat_at(s->seat, i)->name[0] ? seat_at(s->seat, i)->name : s->spec->name);
	for (size_t i = 0; i < store->n; i++)
		(void)text_addf(&t, "%s%s", n + i ? ":" : "", store->v[i].name);
	int r = strv_add(&g->env, "LISTEN_PID=" SPAWN_OWN_PID);
	if (r == 0)
		r = strv_addf(&g->env, "LISTEN_FDS=%zu", n + store->n);
	return r < 0 ? r : strv_addf(&g->env, "LISTEN_FDNAMES=%s", names);
}

/* Each variable of listen_env holds the number of the address that it names. */
static int give_numbers(const struct service *s, struct readiness_gift *g)
{
	const struct strv *vars = &s->spec->listen_env;
	int r = 0;

	for (size_t k = 0; r == 0 && k < vars->n; k++) {
		const char *eq = strchr(vars->v[k], '=');
		for (size_t i = 0; eq && i < given(s); i++) {
			const struct listen_at *at = seat_at(s->seat, i);
			if (strcmp(eq + 1, at->text) != 0 && (!at->name[0] || strcmp(eq + 1, at->name) != 0))
				continue;
			r = strv_addf(&g->env, "%.*s=%zu", (int)(eq - vars->v[k]), vars->v[k], 3 + i);
			break;
		}
	}
	return r;
}

int sockets_give(const struct service *s, const struct fdstore *store, struct readiness_gift *g)
{
	static const struct fdstore none;
	size_t n = given(s);
	int r = 0;

	store = store ? store : &none;
	if (n + store->n == 0)
		return 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		int fd = seat_fd(s->seat, i);
		/* Blocking, as systemd gives them, whatever the one before has made of it: the mode belongs to the socket, not to the process.
		 * So a process that shares it, and waits in poll, may not be made to wait in accept. */
		if (seat_is_alone(s->seat, i))
			(void)sys_fcntl(fd, F_SETFL, O_RDWR);
		r = readiness_gift_fd(g, fd, 3 + (int)i);
	}
	for (size_t i = 0; r == 0 && i < store->n; i++)
		r = readiness_gift_fd(g, store->v[i].fd, 3 + (int)(n + i));
	if (r == 0)
		r = give_names(s, store, g);
	return r < 0 ? r : give_numbers(s, g);
}

/* Programs that know nothing of it. */

bool sockets_adopts(const struct service *s)
{
	return s->spec->listen_adopt && seat_count(s->seat) > 0;
}

static size_t on_targets(void *ctx, struct binder_target *ret)
{
	const struct service *s = ctx;
	size_t n = seat_count(s->seat);

	for (size_t i = 0; i < n; i++)
		ret[i] = (struct binder_target){ .at = seat_at(s->seat, i), .fd = seat_fd(s->seat, i), .inode = seat_inode(s->seat, i),
						  .file = seat_file(s->seat, i) };
	return n;
}

static void on_bound(void *ctx, size_t target)
{
	(void)ctx; /* it isn't there yet: what listens is */
	(void)target;
}

static void on_listens(void *ctx, size_t target)
{
	struct service *s = ctx;

	s->listens |= 1u << target;
	readiness_listens(s);
}

static void on_refused(void *ctx, const char *why)
{
	struct service *s = ctx;
	char label[SERVICE_LABEL_MAX], note[SERVICE_CAUSE_MAX];

	if (text_format(note, sizeof(note), "not adopted: %s", why) < 0)
		(void)text_format(note, sizeof(note), "not adopted: %.60s...", why);
	if (s->heir_of || seat_has_company(s->seat)) { /* others listen there, and the reason may pass */
		service_fail(s, note);
		return;
	}
	log_warning("%s: listen_adopt: %s; it binds by itself, and no socket is held for it", service_label(s, label, sizeof(label)), why);
	activation_down(s); /* its descriptors would keep the address */
	seat_refuse(s->seat, why);
	service_note(s, note);
	readiness_listens(s);
}

void sockets_spawned(struct service *s, int adopt_fd)
{
	char label[SERVICE_LABEL_MAX];
	struct binder_config cfg = {
		.loop = s->host->loop,
		.reaper = s->host->reaper,
		.exe = s->host->exe,
		.label = service_label(s, label, sizeof(label)),
		.ctx = s,
		.targets = on_targets,
		.bound = on_bound,
		.listens = on_listens,
		.refused = on_refused,
	};

	if (adopt_fd < 0)
		return;
	int r = binder_new(&cfg, adopt_fd, &s->binder);
	if (r < 0) /* its bind fails, and so it does: the next run may find more */
		log_error("%s: listen_adopt: %s; its bind will fail", label, err_text(r));
}

static bool must_listen(const struct service *s, size_t i)
{
	return seat_at(s->seat, i)->kind != LISTEN_UDP;
}

bool sockets_all_listen(const struct service *s)
{
	for (size_t i = 0; i < seat_count(s->seat); i++)
		if (must_listen(s, i) && !(s->listens & 1u << i))
			return false;
	return true;
}

void sockets_missing(const struct service *s, struct text *t)
{
	for (size_t i = 0, n = 0; i < seat_count(s->seat); i++)
		if (must_listen(s, i) && !(s->listens & 1u << i))
			(void)text_addf(t, "%s%s", n++ ? ", " : "", seat_at(s->seat, i)->text);
}

/* In and out of service. */

void sockets_up(struct service *s)
{
	if (s->seat && !s->heir_of && !s->replaced)
		seat_serve(s->seat, true);
	activation_up(s);
}

void sockets_down(struct service *s)
{
	activation_down(s);
	if (seat_serves(s->seat))
		seat_serve(s->seat, false);
}

void sockets_rest(struct service *s)
{
	binder_free(s->binder);
	s->binder = NULL;
	activation_rest(s);
	if (s->spec->activation == ACTIVATION_EAGER)
		seat_clear(s->seat);
}

bool sockets_can_overlap(const struct service *s)
{
	return s->spec->listen.n == 0 || seat_count(s->seat) > 0;
}
