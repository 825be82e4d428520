/* check - `pm1 check FILE` and `pm1 help keys`: what pm1 makes of a file, and what a file may hold. */
#ifndef PM1_CHECK_H
#define PM1_CHECK_H

/* pm1 check FILE [--json]. argv[0] is "check". Faults go to stderr, the services to stdout. Returns the exit code: 0, warnings
 * or none; 2, faults, no file or wrong usage; 1, no memory. */
int check_main(int argc, char **argv);

/* pm1 help keys: the table of keys on stdout. 0, or 1 when it can't be written. */
int check_keys_main(int argc, char **argv);

#endif
