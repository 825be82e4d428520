/* Any bytes as a call and as a reply (max_len=4096): no crash, and what was taken is encoded and read back the same. */
#include "wire/message.h"

#include "base/banned.h"
#include "tests/fuzz/must.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct call c;
	if (message_parse_call(text, size, &c) == 0) {
		must(c.method && json_is_object(c.params));
		char *again = message_call(c.method, json_incref(c.params), c.more);
		must(again);
		struct call d;
		must(message_parse_call(again, strlen(again), &d) == 0);
		must(strcmp(c.method, d.method) == 0 && c.more == d.more);
		call_done(&d);
		free(again);
		call_done(&c);
	}
	struct reply r;
	if (message_parse_reply(text, size, &r) == 0) {
		must(json_is_object(r.params));
		reply_done(&r);
	}
	return 0;
}
