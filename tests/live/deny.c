/* deny SYSCALL[=ERRNO]... -- CMD ARGS... - runs CMD with these system calls refused, as an old kernel (ENOSYS, the default) or a strict
 * seccomp profile (EPERM) does, so that the fallbacks are walked. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int i = 1;

	if (!ctx)
		return 125;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		char *eq = strchr(argv[i], '=');
		int err = ENOSYS;
		if (eq) {
			*eq = 0;
			err = strcmp(eq + 1, "EPERM") == 0 ? EPERM : strcmp(eq + 1, "EINVAL") == 0 ? EINVAL : ENOSYS;
		}
		int nr = seccomp_syscall_resolve_name(argv[i]);
		if (nr == __NR_SCMP_ERROR || seccomp_rule_add(ctx, SCMP_ACT_ERRNO(err), nr, 0) < 0) {
			fprintf(stderr, "deny: no system call '%s'\n", argv[i]);
			return 125;
		}
	}
	if (i + 1 >= argc || seccomp_load(ctx) < 0) {
		fprintf(stderr, "deny: usage: deny SYSCALL[=ERRNO]... -- CMD\n");
		return 125;
	}
	execv(argv[i + 1], argv + i + 1);
	perror("deny: exec");
	return 127;
}
