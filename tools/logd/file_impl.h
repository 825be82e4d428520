/* file_impl - the insides of file.h, shared by file.c (opening and writing) and file_limits.c (when it is rotated). */
#ifndef PM1_LOGD_FILE_IMPL_H
#define PM1_LOGD_FILE_IMPL_H

#include "base/clock.h"
#include "tools/logd/file.h"
#include "tools/logd/times.h"

struct file {
	struct files *all; /* borrowed */
	struct file *next;
	char *path; /* owned */
	unsigned int refs;
	int fd; /* owned, -1: not open */
	int error; /* positive: the last write failed with it */
	uint64_t dropped; /* since then */
	uint64_t limited; /* dropped for their rate, and not told yet */
	struct logwire_rules rules;
	usec_t next_at; /* wall time at which its hour, day or week is over */
	usec_t retry_at; /* monotonic: a rotation failed, and is not tried before */
	struct times_writer times;
	bool tidied; /* the old ones were looked at once */
	bool memory; /* fd is a memfd: rules.ring bytes of the end are kept */
	uint64_t begins; /* ... before this nothing is */
};

void file_note_opened(struct file *f); /* when it is to be rotated by its age */

#endif
