/* Any text as a log_date_format (max_len=300), any time: it is refused or compiled, and a stamp stays in its buffer. */
#include "base/stamp.h"

#include "base/own.h"
#include "tests/fuzz/must.h"

#include <errno.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t wall;

	setenv("TZ", "Europe/Berlin", 1);
	if (size < sizeof(wall))
		return 0;
	memcpy(&wall, data, sizeof(wall));
	cleanup_free char *fmt = strndup((const char *)data + sizeof(wall), size - sizeof(wall));
	/* On the heap, so that a byte too much is seen. */
	cleanup_free char *compiled = malloc(STAMP_MAX), *stamp = malloc(STAMP_MAX), *small = malloc(16);
	must(fmt && compiled && stamp && small);
	int r = stamp_compile(fmt, compiled, STAMP_MAX);
	must(r == 0 || r == -EINVAL || r == -ENOSPC);
	if (r < 0)
		return 0;
	must(strlen(compiled) < STAMP_MAX && (fmt[0] || !compiled[0]));
	size_t n = stamp_format(compiled, wall, stamp, STAMP_MAX);
	must(n < STAMP_MAX);
	must(compiled[0] || n == 0);
	must(stamp_format(compiled, wall, small, 16) < 16);
	return 0;
}
