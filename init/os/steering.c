/* The program computes a number A below the count of those that serve, and then steps over the others: for each run of members that don't
 * serve, in ascending order, A grows by the run's length if it has reached the run's begin. */
#include "os/steering.h"

#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <linux/filter.h>

#define START_MAX 16 /* instructions before the steps */
#define SPREAD 0x9E3779B1u /* odd, and its bits are well mixed: the upper half of a product depends on every bit of the other factor */
#define VERSION6 6

static const struct sock_filter at_random[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned int)(SKF_AD_OFF + SKF_AD_RANDOM)),
};

/* Where this one is asked, the data begin behind the UDP header, so that the headers have to be found from the network header on. Of an
 * IPv6 source the last word is enough: it holds the part by which machines differ. skb->hash would be shorter, and is 0 on loopback. */
static const struct sock_filter by_sender[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (unsigned int)SKF_NET_OFF),
	BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VERSION6, 4, 0),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned int)(SKF_NET_OFF + 12)),
	BPF_STMT(BPF_MISC | BPF_TAX, 0),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned int)(SKF_NET_OFF + 20)), /* both ports */
	BPF_STMT(BPF_JMP | BPF_JA, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned int)(SKF_NET_OFF + 20)),
	BPF_STMT(BPF_MISC | BPF_TAX, 0),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned int)(SKF_NET_OFF + 40)),
	BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
	BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, SPREAD),
	BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
};
_Static_assert(ARRAY_LEN(by_sender) < START_MAX, "there is room for the start and the division");

int steering_put(int fd, const bool *on, size_t n, bool udp)
{
	size_t serving = 0, runs = 0, len = udp ? ARRAY_LEN(by_sender) : ARRAY_LEN(at_random);

	for (size_t i = 0; i < n; i++) {
		serving += on[i];
		runs += !on[i] && (i == 0 || on[i - 1]);
	}
	if (serving == 0)
		return -EINVAL;
	if (START_MAX + 2 * runs + 1 > BPF_MAXINSNS)
		return -E2BIG;
	cleanup_free struct sock_filter *f = calloc(START_MAX + 2 * runs + 1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	memcpy(f, udp ? by_sender : at_random, len * sizeof(*f));
	f[len++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, (unsigned int)serving);
	for (size_t i = 0; i < n; i++) {
		size_t begin = i;
		while (i < n && !on[i])
			i++;
		if (i == begin)
			continue;
		f[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (unsigned int)begin, 0, 1);
		f[len++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, (unsigned int)(i - begin));
	}
	f[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	const struct sock_fprog program = { .len = (unsigned short)len, .filter = f };
	return sys_reuseport_program(fd, &program);
}

int steering_remove(int fd)
{
	return sys_reuseport_program(fd, NULL);
}
