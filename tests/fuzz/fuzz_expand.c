/* Any text with ${} in it (max_len=2048): expanded within its limit or refused with a sentence; and what variables hold never changes
 * where the quotes of a command open and close. */
#include "model/expand.h"

#include "base/own.h"
#include "base/strv.h"
#include "tests/fuzz/must.h"

#include <errno.h>

#define LIMIT 4096

/* The vectors differ in what the variables hold, and are of one shape: no blanks, so one word's part each. */
static char *const tame[] = { (char *)"A=x", (char *)"B=yy", (char *)"HOME=z", (char *)"E=", NULL };
static char *const wild[] = { (char *)"A=\"", (char *)"B='\\", (char *)"HOME=$`\\", (char *)"E=", NULL };

static int expanded(const char *value, enum expand_mode mode, char *const *vars, char **ret)
{
	char *fault = NULL;
	int r = expand(value, mode, vars, LIMIT, ret, &fault);

	must(r == 0 || r == -EINVAL);
	must((r < 0) == (fault != NULL));
	must(r < 0 || strlen(*ret) <= LIMIT);
	free(fault);
	return r;
}

static int split(const char *line, struct strv *ret)
{
	int r = strv_add_words(ret, line);

	must(r == 0 || r == -EINVAL);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *value = strndup((const char *)data, size), *text = NULL, *a = NULL, *b = NULL;
	struct strv words_a = { 0 }, words_b = { 0 };

	must(value);
	if (expanded(value, EXPAND_TEXT, tame, &text) == 0 && !strchr(value, '$'))
		must(strcmp(text, value) == 0);
	int ra = expanded(value, EXPAND_WORDS, tame, &a), rb = expanded(value, EXPAND_WORDS, wild, &b);
	/* A default is the author's own text, and may open a quote or escape what follows. */
	if (ra == 0 && rb == 0 && !strstr(value, ":-")) {
		must(split(a, &words_a) == split(b, &words_b));
		must(words_a.n == words_b.n);
	}
	strv_done(&words_a);
	strv_done(&words_b);
	return 0;
}
