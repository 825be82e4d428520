/* loader - see the header. */
#include "model/loader.h"

#include "base/banned.h"

#include <errno.h>

/* Room for one more of an array of n: doubles it when it is full. */
static int room(void **v, size_t n, size_t *size, size_t one)
{
	size_t more = *size ? 2 * *size : 16;
	void *bigger;

	if (n < *size)
		return 0;
	bigger = realloc(*v, more * one);
	if (!bigger)
		return -ENOMEM;
	*v = bigger;
	*size = more;
	return 0;
}

int loader_keep_spec(struct loader *l, const char *name, const struct section *s, struct spec *taken)
{
	struct found f = { .spec = taken, .line = s->line };
	void *v = l->found;
	int r = room(&v, l->n_found, &l->size_found, sizeof(*l->found));

	l->found = v;
	if (r < 0) {
		spec_unref(taken);
		return r;
	}
	f.name = strdup(name);
	f.shown = strdup(s->file);
	l->found[l->n_found++] = f; /* owned from here, whole or not */
	return f.name && f.shown ? 0 : -ENOMEM;
}

int loader_keep_patience(struct loader *l, struct section *s, usec_t kill_timeout)
{
	const struct entry *e = section_find(s, "kill_timeout");
	void *v = l->patience;
	struct patience *p;
	int r = e ? room(&v, l->n_patience, &l->size_patience, sizeof(*l->patience)) : 0;

	l->patience = v;
	if (r < 0 || !e)
		return r;
	p = &l->patience[l->n_patience++];
	*p = (struct patience){ .line = e->line, .span = kill_timeout };
	p->file = strdup(s->file);
	p->section = strdup(s->name);
	p->value = strdup(e->value);
	return p->file && p->section && p->value ? 0 : -ENOMEM;
}

int loader_keep_file(struct loader *l, const struct stat *st)
{
	void *v = l->files;
	int r;

	for (size_t i = 0; i < l->n_files; i++)
		if (l->files[i].ino == st->st_ino && l->files[i].dev == st->st_dev)
			return 1;
	r = room(&v, l->n_files, &l->size_files, sizeof(*l->files));
	l->files = v;
	if (r == 0)
		l->files[l->n_files++] = (struct file_id){ .dev = st->st_dev, .ino = st->st_ino };
	return r;
}

void loader_done(struct loader *l)
{
	for (size_t i = 0; i < l->n_found; i++) {
		spec_unref(l->found[i].spec);
		free(l->found[i].name);
		free(l->found[i].shown);
	}
	for (size_t i = 0; i < l->n_patience; i++) {
		free(l->patience[i].file);
		free(l->patience[i].section);
		free(l->patience[i].value);
	}
	strv_done(&l->overlays);
	free(l->found);
	free(l->patience);
	free(l->files);
	spec_pm1_done(&l->pm1);
	*l = (struct loader){ 0 };
}
