#include "wire/peek.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static const struct peek_option options[] = {
	{ SOL_SOCKET, SO_RCVBUF, true },
	{ SOL_SOCKET, SO_SNDBUF, true },
	{ SOL_SOCKET, SO_KEEPALIVE, false },
	{ SOL_SOCKET, SO_OOBINLINE, false },
	{ SOL_SOCKET, SO_PRIORITY, false },
	{ SOL_SOCKET, SO_BROADCAST, false },
	{ SOL_SOCKET, SO_RCVLOWAT, false },
	{ SOL_SOCKET, SO_PASSCRED, false },
	{ SOL_SOCKET, SO_TIMESTAMP, false },
	{ SOL_SOCKET, SO_BUSY_POLL, false },
	{ IPPROTO_TCP, TCP_NODELAY, false },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT, false },
	{ IPPROTO_TCP, TCP_FASTOPEN, false },
	{ IPPROTO_TCP, TCP_KEEPIDLE, false },
	{ IPPROTO_TCP, TCP_KEEPINTVL, false },
	{ IPPROTO_TCP, TCP_KEEPCNT, false },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, false },
	{ IPPROTO_TCP, TCP_NOTSENT_LOWAT, false },
	{ IPPROTO_TCP, TCP_SAVE_SYN, false },
	{ IPPROTO_IP, IP_TOS, false },
	{ IPPROTO_IP, IP_TTL, false },
	{ IPPROTO_IP, IP_PKTINFO, false },
	{ IPPROTO_IP, IP_RECVTOS, false },
	{ IPPROTO_IPV6, IPV6_TCLASS, false },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, false },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, false },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS, false },
};
_Static_assert(sizeof(options) / sizeof(options[0]) <= PEEK_OPTIONS_MAX, "a bit for each, and a place");

const struct peek_option *peek_option(size_t i)
{
	return i < sizeof(options) / sizeof(options[0]) ? &options[i] : NULL;
}
