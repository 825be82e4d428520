/* check - `pm1 check FILE`: what pm1 makes of a file. */
#ifndef PM1_CHECK_H
#define PM1_CHECK_H

/* pm1 check FILE [--json]. argv[0] is "check". Faults go to stderr, the services to stdout. Returns the exit code: 0, warnings
 * or none; 2, faults, no file or wrong usage; 1, no memory. */
int check_main(int argc, char **argv);

#endif
