#include "os/proctcp.h"

#include "base/banned.h"

#include <stddef.h>

/* The words of an address are its bytes in memory, read as numbers of this machine. */
static void read_address(const char *hex, uint8_t *ret, size_t n)
{
	for (size_t i = 0; i < n; i += 4) {
		char word[9];
		memcpy(word, hex + 2 * i, 8);
		word[8] = 0;
		uint32_t v = (uint32_t)strtoul(word, NULL, 16);
		memcpy(ret + i, &v, 4);
	}
}

bool proctcp_parse(const char *line, bool six, struct proctcp *ret)
{
	const size_t n = six ? 16 : 4;
	char local[33], remote[33];
	unsigned int local_port, remote_port, state;
	unsigned long long inode;

	if (sscanf(line, " %*d: %32[0-9A-Fa-f]:%x %32[0-9A-Fa-f]:%x %x %*x:%*x %*x:%*x %*x %*u %*d %llu", local, &local_port, remote, &remote_port,
		   &state, &inode) != 6 ||
	    strlen(local) != 2 * n || strlen(remote) != 2 * n)
		return false;
	*ret = (struct proctcp){
		.local_port = (uint16_t)local_port, .remote_port = (uint16_t)remote_port, .state = state, .inode = inode,
	};
	read_address(local, ret->local, n);
	read_address(remote, ret->remote, n);
	return true;
}
