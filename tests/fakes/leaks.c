/* leaks - where the AddressSanitizer, should it be there, looks for leaks: in the process of each test.
 *
 * The process that starts them runs nothing of ours, and what it leaks now and then is Criterion's. A suppression by the library's name
 * would be too much: each test is called from there. */
#include <errno.h>
#include <string.h>

int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return strcmp(program_invocation_short_name, "boxfort-worker") != 0;
}
