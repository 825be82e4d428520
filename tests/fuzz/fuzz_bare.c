/* Any words as the command line of a bare init (max_len=512): a command, or one line that says what is wrong.
 *
 * The input is NUL-parted words, argv[0] first; the first byte says which variables the environment has, the last word is their value. */
#include "bare/options.h"

#include "base/own.h"
#include "model/textfile.h"
#include "tests/fuzz/must.h"

#include <signal.h>

#define WORDS_MAX 64

static const char *value;
static unsigned int given;

static const char *env(const char *name)
{
	static const char *const names[] = { "TINI_SUBREAPER", "TINI_KILL_PROCESS_GROUP", "TINI_VERBOSITY", "DUMB_INIT_SETSID",
					     "DUMB_INIT_DEBUG" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return given & (1U << i) ? value : NULL;
	must(false);
}

static void check(const struct bare_options *o, enum bare_parsed p, char *const *argv, int argc, const char *wrong)
{
	const char *what;

	must(o->as == bare_persona(argv[0]) && o->name && !strchr(o->name, '/'));
	must((p == BARE_WRONG) == (wrong[0] != 0));
	must(textfile_check(wrong, strlen(wrong), &what) == strlen(wrong) && !strchr(wrong, '\n'));
	if (p != BARE_GO)
		return;
	must(o->command > argv && o->command < argv + argc && o->command[0]);
	must(o->death_signal >= 0 && o->death_signal <= SIGRTMAX);
	must(o->verbosity >= 0);
	for (size_t i = 0; i < BARE_SIGNALS; i++)
		must(o->rewrite[i] >= -1 && o->rewrite[i] < BARE_SIGNALS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[WORDS_MAX + 1] = { NULL };
	int argc = 0;

	if (size < 1)
		return 0;
	given = data[0];
	cleanup_free char *words = malloc(size), *wrong = malloc(96);
	must(words && wrong);
	memcpy(words, data + 1, size - 1);
	words[size - 1] = 0;
	for (char *w = words; w < words + size && argc < WORDS_MAX; w += strlen(w) + 1)
		argv[argc++] = w;
	value = argv[argc - 1];
	struct bare_options o;
	enum bare_parsed p = bare_parse(argc, argv, env, &o, wrong, 96);
	check(&o, p, argv, argc, wrong);
	must(bare_usage(o.as));
	return 0;
}
