/* peek - one look at a socket of another process: `pm1 peek TID FD ADDRESS LEN` before a bind, `pm1 peek TID FD` before a listen.
 *
 * What core/binder.c runs, as the user of that process, so that PID 1 never waits for another's memory. Writes one struct peek_report
 * to stdout; ends with 0, also when what it says is that it may not look. 2: a wrong call. Changes nothing. */
#ifndef PM1_PEEK_H
#define PM1_PEEK_H

int peek_main(int argc, char **argv);

#endif
