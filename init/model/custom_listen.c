/* custom_listen - see the header. What two addresses mean to each other is told when all keys are read (sockets.c). */
#include "model/custom_listen.h"

#include "base/own.h"
#include "model/listen.h"
#include "model/value.h"

#include <errno.h>

/* "unix:run/x.sock" with its path made absolute, as those of other keys are; any other word as it is. malloc'ed, or NULL. */
static char *absolute(const char *word, const char *base_dir)
{
	static const char unix_[] = "unix:";
	const char *kind = word + strcspn(word, "=:");
	char *text = NULL;

	kind = *kind == '=' ? kind + 1 : word;
	const char *path = kind + strlen(unix_);
	if (strncmp(kind, unix_, strlen(unix_)) != 0 || *path == '@' || value_path_fault(path))
		return strdup(word);
	cleanup_free char *whole = value_path(base_dir, path);
	return whole && asprintf(&text, "%.*s%s", (int)(path - word), word, whole) >= 0 ? text : NULL;
}

/* The words into `ret`. -EINVAL: reported. */
static int take_words(const struct strv *words, const struct key_input *in, struct strv *ret)
{
	if (words->n == 1 && strcasecmp(words->v[0], "none") == 0)
		return 0;
	if (words->n > LISTEN_MAX) {
		diag_error(in->diag, in->at, in->name, in->value, "more than %d addresses", LISTEN_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < words->n; i++) {
		struct listen_at at;
		char *word = absolute(words->v[i], in->base_dir);
		const char *complaint = word ? listen_parse(word, &at) : NULL;
		int r = strv_take(ret, word);
		if (r < 0)
			return r;
		if (complaint) {
			diag_error(in->diag, in->at, in->name, in->value, "'%.60s': %s (allowed: " LISTEN_ALLOWED ")", words->v[i],
				   complaint);
			return -EINVAL;
		}
	}
	return 0;
}

int custom_listen(void *target, const struct key_input *in)
{
	struct spec *s = target;
	struct strv words = { 0 }, taken = { 0 };
	int r = value_list(&words, in->value);

	if (r == -EINVAL)
		diag_error(in->diag, in->at, in->name, in->value, "a quote is not closed, or \\ stands at the end");
	if (r == 0)
		r = take_words(&words, in, &taken);
	strv_done(&words);
	if (r < 0) {
		strv_done(&taken);
		return r;
	}
	strv_done(&s->listen);
	s->listen = taken;
	return 0;
}

int custom_listen_env(void *target, const struct key_input *in)
{
	static const char *const own[] = { "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES" };
	struct spec *s = target;
	const char *name = in->name + strlen("listen_env.");

	if (!value_is_env_name(name, strlen(name))) {
		diag_error(in->diag, in->at, in->name, in->value,
			   "a variable's name is made of letters, digits and _, and doesn't begin with a digit");
		return -EINVAL;
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		if (strcmp(name, own[i]) != 0)
			continue;
		diag_error(in->diag, in->at, in->name, in->value, "%s is set for every service with `listen`", name);
		return -EINVAL;
	}
	cleanup_free char *word = absolute(in->value, in->base_dir);
	return word ? strv_addf(&s->listen_env, "%s=%s", name, word) : -ENOMEM;
}
