/* logwire - what PID 1 and logd say to each other, and the memory they share.
 *
 * A SOCK_SEQPACKET pair; one struct a packet, descriptors beside it. PID 1 never waits:
 * a packet that doesn't go out at once is queued, bounded, and logd is replaced when
 * it stays deaf. All state that a successor of a killed logd needs is in
 * the pipes PID 1 keeps and in the slots of a memfd PID 1 keeps (FACTS: the
 * staging pipe). A slot is written by logd alone, but for the pids. */
#ifndef PM1_WIRE_LOGWIRE_H
#define PM1_WIRE_LOGWIRE_H

#include <stdint.h>

#define LOGWIRE_VERSION 5
#define LOGWIRE_PATH_MAX 1024
#define LOGWIRE_FORMAT_MAX 96
#define LOGWIRE_NAME_MAX 80 /* "web-12": name and instance */
#define LOGWIRE_SINK_MAX 512 /* blank-separated words (base/sinkaddr.h) */
#define LOGWIRE_MATCH_MAX 256 /* an extended regular expression */
#define LOGWIRE_FDS_MAX 4
#define LOGWIRE_FD 3 /* logd finds its socket here */
#define LOGWIRE_SLOTS_MAX 20480 /* streams: 10,000 services (SPEC_SERVICES_MAX) and pm1's own log; the memfd is sparse */

enum logwire_type {
	/* PID 1 to logd */
	LOGWIRE_HELLO = 1, /* fds: slots memfd, console (pm1's own stdout; absent: none) */
	LOGWIRE_OPEN, /* a stream: fds: service pipe read end, staging read end, staging write end; its ring, if it has one */
	LOGWIRE_BEGIN, /* every stream that there was is told: half-done pieces can be completed, work begins */
	LOGWIRE_CHANGE, /* other paths or format for a known slot */
	LOGWIRE_CLOSE, /* drain what is there, then forget; answered by CLOSED */
	LOGWIRE_REOPEN, /* all files anew, after an outside rotation */
	LOGWIRE_FLUSH, /* empty the files of a slot */
	LOGWIRE_SYNC, /* drain every pipe until it is empty, then answer SYNCED with the token */
	LOGWIRE_QUIT, /* drain everything, then exit 0 */
	/* logd to PID 1 */
	LOGWIRE_CLOSED = 64,
	LOGWIRE_SYNCED,
	LOGWIRE_MATCHED, /* a line of a slot matched; the token is the slot's match_armed */
	LOGWIRE_TROUBLE, /* a file can't be written (error > 0), or can again (error 0) */
};

enum logwire_stream { LOGWIRE_OUT, LOGWIRE_ERR };

enum logwire_every { LOGWIRE_NEVER, LOGWIRE_HOURLY, LOGWIRE_DAILY, LOGWIRE_WEEKLY, LOGWIRE_SPAN };
enum logwire_form { LOGWIRE_RAW, LOGWIRE_PREFIX, LOGWIRE_JSON };
enum logwire_console { LOGWIRE_CONSOLE_NONE, LOGWIRE_CONSOLE_RAW, LOGWIRE_CONSOLE_PREFIX, LOGWIRE_CONSOLE_JSON };
enum logwire_overflow { LOGWIRE_DROP, LOGWIRE_BLOCK };

/* When a file is rotated, and what becomes of the rotated ones. All zero: never. */
struct logwire_limits {
	uint64_t max_size; /* bytes, 0: any */
	uint64_t max_age; /* of rotated files, in seconds, 0: any */
	uint64_t max_total; /* bytes of all files of a log together, 0: any */
	uint64_t span; /* LOGWIRE_SPAN: seconds from a file's beginning until it is rotated */
	uint32_t keep; /* rotated files, 0: all */
	uint32_t every; /* enum logwire_every */
	uint32_t compress;
	uint32_t spare;
};

#define LOGWIRE_NOBODY UINT32_MAX /* no uid, no gid */

/* How a stream is written. No holes: two are compared by memcmp(). */
struct logwire_rules {
	struct logwire_limits limits; /* of both files */
	uint64_t rate; /* bytes a second, 0: any */
	uint64_t ring; /* the path is a memfd's that holds so many bytes of the end; 0: a file */
	uint32_t form; /* enum logwire_form: of the files */
	uint32_t console; /* enum logwire_console */
	uint32_t overflow; /* enum logwire_overflow: when a file takes no more, or it comes faster than the rate */
	uint32_t instance;
	uint32_t uid, gid; /* whose the files are to be; LOGWIRE_NOBODY: as they are made */
	uint32_t friend_uid; /* whose files are taken too, besides pm1's own and root's: the service's user. LOGWIRE_NOBODY: none */
	uint32_t mode; /* of the files; LOGWIRE_NOBODY: 0640 when one is made, else as it is */
};

struct logwire_packet {
	uint32_t version; /* LOGWIRE_VERSION */
	uint32_t type;
	uint32_t slot; /* OPEN, CHANGE, CLOSE, FLUSH, CLOSED, TROUBLE */
	uint32_t stream; /* enum logwire_stream */
	uint64_t token; /* SYNC, SYNCED, MATCHED */
	int32_t error; /* TROUBLE: positive errno, 0 mended. OPEN: what a predecessor told, and has not called mended */
	uint32_t in_combined; /* OPEN: the error is of the combined file */
	struct logwire_rules rules; /* OPEN, CHANGE, as all that follows */
	char name[LOGWIRE_NAME_MAX]; /* "web-2" */
	char service[LOGWIRE_NAME_MAX]; /* "web" */
	char path[LOGWIRE_PATH_MAX]; /* this stream's file, "" none; TROUBLE: the file that failed */
	char combined[LOGWIRE_PATH_MAX]; /* the file of both streams, "" none */
	char format[LOGWIRE_FORMAT_MAX]; /* date stamp in front of each line (base/stamp.h), "" none */
	char sink[LOGWIRE_SINK_MAX]; /* "" none */
	char match[LOGWIRE_MATCH_MAX]; /* a pattern that the slot arms, "" none */
};

/* One stream's mark in the shared memfd. */
enum logslot_phase { LOGSLOT_IDLE, LOGSLOT_WRITE, LOGSLOT_CONSUME };
struct logslot {
	uint32_t phase;
	uint32_t midline; /* the last piece did not end in a newline */
	uint64_t n; /* bytes of the piece in staging */
	uint64_t stamp; /* wall time of the piece, usec, so that a repeat writes the same bytes */
	uint64_t total; /* bytes in staging when the piece was noted: total - FIONREAD tells how much of it is consumed */
	uint64_t path_at; /* where the piece goes in the stream's file */
	uint64_t combined_at;
	uint64_t path_id, combined_id; /* logslot_path_id() of those files, 0 none: a place in one is none in another */
	uint32_t next_midline; /* becomes midline when the piece is consumed */
	int32_t piece_pid; /* who said the piece, noted with it */
	uint64_t written; /* bytes taken from the service in all */
	uint64_t dropped; /* bytes that no file took (full disk) */
	uint64_t console_dropped; /* bytes that the console did not take */
	/* Written by PID 1 at each start of the service: from byte `pid_from` of the stream on it is `pid` that talks. */
	uint64_t pid_from;
	int32_t pid, pid_before;
	/* A line that matches is looked for while PID 1's number is neither 0 nor logd's, from byte pid_from on. */
	uint32_t match_armed; /* PID 1's: another with each start */
	uint32_t match_seen; /* logd's: the last that was found */
	/* Bytes of lines, once for each sink, by what became of them. They only grow, and one store takes each step, so that a
	 * successor knows what a killed logd had in its queues: what is neither sent nor dropped. */
	uint64_t sink_taken;
	uint64_t sink_sent;
	uint64_t sink_dropped;
};

/* Tells one file's path from another (FNV-1a). */
static inline uint64_t logslot_path_id(const char *path)
{
	uint64_t hash = 14695981039346656037u;

	for (const char *p = path; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	return hash;
}

/* Bytes that wait in the queues of sinks. `taken` is read last: it is never behind the others. */
static inline uint64_t logslot_sink_waiting(const struct logslot *s)
{
	uint64_t done = __atomic_load_n(&s->sink_sent, __ATOMIC_ACQUIRE) + __atomic_load_n(&s->sink_dropped, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&s->sink_taken, __ATOMIC_ACQUIRE) - done;
}

#endif
