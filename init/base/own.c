#include "base/own.h"

#include "base/sys.h"

#include <errno.h>

void close_fd(int *fd)
{
	int keep = errno;

	if (*fd >= 0)
		(void)sys_close(*fd);
	*fd = -1;
	errno = keep;
}
