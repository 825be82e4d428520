/* Any text as a command and as a list (max_len=1024): split into words, which quoted and split again are the same. And as text that
 * somebody sees: what text_add_safe() lets through is text. */
#include "base/own.h"
#include "base/strv.h"
#include "base/text.h"
#include "model/textfile.h"
#include "model/value.h"
#include "tests/fuzz/must.h"

#include <errno.h>

static void check_words(const char *line, int (*split)(struct strv *, const char *))
{
	struct strv words = { 0 }, again = { 0 };

	must(strv_add(&words, "first") == 0);
	int r = split(&words, line);
	must(r == 0 || (r == -EINVAL && words.n == 1));
	must(words.v[words.n] == NULL);
	cleanup_free char *quoted = strv_join_quoted(&words);
	must(quoted && strv_add_words(&again, quoted) == 0 && strv_equal(&words, &again));
	strv_done(&words);
	strv_done(&again);
}

static void check_safe(const char *s, size_t room)
{
	cleanup_free char *buf = malloc(room);
	struct text t;
	const char *what;

	must(buf);
	text_init(&t, buf, room);
	int r = text_add_safe(&t, s);
	must(t.len < room && strlen(buf) == t.len && (r == 0) == !t.cut);
	must(textfile_check(buf, t.len, &what) == t.len && !strpbrk(buf, "\t\n\r"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	cleanup_free char *line = strndup((const char *)data + 1, size - 1);
	must(line);
	check_words(line, strv_add_words);
	check_words(line, value_list);
	check_safe(line, 8 * size + 1);
	check_safe(line, 1 + data[0] % 32);
	value_unquote(line);
	return 0;
}
