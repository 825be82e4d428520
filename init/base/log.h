/* log - what pm1 says of itself, one line a message.
 *
 * Goes to stderr, to a function that main gives (the daemon's own log by way of
 * logd), or on a machine's boot to /dev/kmsg. Never blocks: what the sink doesn't take at once is
 * counted and the count is reported with the next line that gets through.
 * The level and the sink are the one mutable file-scope state in pm1. */
#ifndef PM1_BASE_LOG_H
#define PM1_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

/* Writes "pm1: text\n" to fd. stamp: put the local time in front, as PM2's pm2.log has it. */
void log_setup(int fd, enum log_level level, bool stamp);
enum log_level log_level(void);
void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_msg(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_msg(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_msg(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_msg(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_DEBUG, __VA_ARGS__)

/* The words of an errno, given negative or positive. Static text, no allocation. */
const char *err_text(int err);

#endif
