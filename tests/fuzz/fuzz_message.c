/* Any bytes as a call and as a reply: no crash, and what was taken is encoded and read back the same. */
#include "wire/message.h"

#include "base/banned.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct call c;
	if (message_parse_call(text, size, &c) == 0) {
		require(c.method && json_is_object(c.params));
		char *again = message_call(c.method, json_incref(c.params), c.more);
		require(again);
		struct call d;
		require(message_parse_call(again, strlen(again), &d) == 0);
		require(strcmp(c.method, d.method) == 0 && c.more == d.more);
		call_done(&d);
		free(again);
		call_done(&c);
	}
	struct reply r;
	if (message_parse_reply(text, size, &r) == 0) {
		require(json_is_object(r.params));
		reply_done(&r);
	}
	return 0;
}
