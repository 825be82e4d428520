/* logd - the process that writes the logs.
 *
 * Entered as `pm1 logd` with its socket at descriptor LOGWIRE_FD. Owns the files and the console; the pipes, the staging
 * pipes and the slots are copies of PID 1's, so that a successor of a killed logd goes on to the byte. Ends when asked to, or when PID 1's
 * end of the socket closes; both times everything that is in the pipes is written first. */
#ifndef PM1_LOGD_LOGD_H
#define PM1_LOGD_LOGD_H

int logd_main(int argc, char **argv);

#endif
