/* Any datagram (max_len=4096): what is read of it stays within its limits. */
#include "wire/sdnotify.h"

#include "tests/fuzz/must.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sdnotify m;
	char *text = malloc(size ? size : 1); /* exactly so long: a byte too much is seen */

	must(text != NULL);
	memcpy(text, data, size);
	sdnotify_parse(text, size, &m);
	free(text);
	must(memchr(m.status, 0, sizeof(m.status)) && memchr(m.fdname, 0, sizeof(m.fdname)));
	must(m.main_pid == 0 || m.main_pid > 1);
	must(m.watchdog_usec <= UINT64_MAX / 4 && m.extend_usec <= UINT64_MAX / 4);
	must(!strchr(m.fdname, ':') && !strchr(m.fdname, '\n') && !strchr(m.status, '\n'));
	return 0;
}
