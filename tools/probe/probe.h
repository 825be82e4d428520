/* probe - one look at a server: `pm1 health-probe http://127.0.0.1:5000/health`.
 *
 * What pm1 runs for a check that is no command, as the service's user. Prints one line, the reason; ends with 0 (good), 1 (not), 2 (a wrong
 * call). It ends by itself after the seconds given, 30 without; pm1 kills it before. */
#ifndef PM1_PROBE_H
#define PM1_PROBE_H

int probe_main(int argc, char **argv); /* argv[2]: what to ask; argv[3]: how long, "5s" */

#endif
