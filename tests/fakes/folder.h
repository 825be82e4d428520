/* folder - a temporary folder to be in, and files to put there.
 *
 * For a TestSuite's .init and .fini. A test that needs other files at fixed places (/etc/passwd) binds its own over them in a
 * mount namespace of its own; where that isn't allowed the test is skipped. */
#ifndef PM1_TESTS_FOLDER_H
#define PM1_TESTS_FOLDER_H

#include <stddef.h>

extern char folder[64]; /* the absolute path */

void folder_enter(void); /* makes it, and changes into it */
void folder_leave(void); /* removes it with all that is in it */

void folder_put(const char *name, const char *text);
/* The text of a file, in a buffer that the next call overwrites; "" when it can't be read. */
const char *folder_get(const char *name);

/* Puts a file of this text over `path`, for this process and its children alone. */
void folder_cover(const char *path, const char *text);

#endif
