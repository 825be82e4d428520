#include "os/datagrams.h"

#include "base/banned.h"
#include "base/sys.h"

#include <linux/sockios.h>
#include <poll.h>
#include <time.h>

int datagrams_read(int fd, usec_t *ret)
{
	struct timespec t;
	int r = sys_ioctl(fd, SIOCGSTAMPNS, &t);

	if (r < 0)
		return r;
	*ret = (usec_t)t.tv_sec * USEC_SEC + (usec_t)t.tv_nsec / 1000;
	return 0;
}

int datagrams_wait(int fd)
{
	int r = sys_poll_now(fd, POLLIN);

	return r < 0 ? r : (r & POLLIN) != 0;
}
