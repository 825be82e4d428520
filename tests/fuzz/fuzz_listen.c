/* Two words of `listen`, parted by a newline (max_len=512): each is refused or an address that reads back as itself, and what they are to each
 * other doesn't depend on who is asked. */
#include "model/listen.h"

#include "base/own.h"
#include "base/strv.h"
#include "tests/fuzz/must.h"

#include <errno.h>
#include <string.h>

static bool read_one(const char *word, struct listen_at *ret)
{
	struct listen_at again;

	if (listen_parse(word, ret))
		return false;
	must(memchr(ret->name, 0, sizeof(ret->name)) && memchr(ret->text, 0, sizeof(ret->text)));
	must(ret->len > 0 && ret->len <= sizeof(ret->to));
	must((listen_port(ret) == 0) == (ret->kind == LISTEN_UNIX));
	must(!listen_parse(ret->text, &again) && !again.name[0]);
	must(listen_same(ret, &again) && strcmp(ret->text, again.text) == 0);
	must(listen_clash(ret, ret) && listen_order(ret, ret) == 0);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size); /* on the heap, so that a byte too much is seen */
	struct strv words = { 0 };
	struct listen_at a, b;

	must(text != NULL);
	char *second = strchr(text, '\n');
	if (second)
		*second++ = 0;
	bool first = read_one(text, &a);
	if (first && second && read_one(second, &b)) {
		for (int v6only = 0; v6only < 2; v6only++) {
			a.v6only = v6only;
			must(listen_clash(&a, &b) == listen_clash(&b, &a));
			must(!listen_same(&a, &b) || listen_clash(&a, &b));
		}
		int r = listen_order(&a, &b), back = listen_order(&b, &a);
		must((r < 0) == (back > 0) && (r == 0) == (back == 0));
	}
	must(strv_add(&words, text) == 0);
	int i = listen_find(&words, first ? a.text : "tcp:80");
	must(i == (first ? 0 : -ENOENT));
	strv_done(&words);
	return 0;
}
