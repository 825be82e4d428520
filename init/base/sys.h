/* sys - the border to the kernel.
 *
 * Each call returns 0 or positive, or -errno; nobody else looks at errno. EINTR
 * is retried here where the call may be repeated. Descriptors are born
 * close-on-exec. Unit tests link tests/fakes/sys_fake.c instead, which is this
 * same code with a switch in each SYS_POINT to make the Nth call fail. */
#ifndef PM1_BASE_SYS_H
#define PM1_BASE_SYS_H

#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>

struct epoll_event;
struct itimerspec;
struct seccomp_notif;
struct seccomp_notif_addfd;
struct seccomp_notif_resp;
struct sock_fprog;

ssize_t sys_read(int fd, void *buf, size_t n);
ssize_t sys_write(int fd, const void *buf, size_t n);
ssize_t sys_writev(int fd, const struct iovec *iov, int n);
ssize_t sys_pread(int fd, void *buf, size_t n, off_t at);
ssize_t sys_pwrite(int fd, const void *buf, size_t n, off_t at);
ssize_t sys_write_nowait(int fd, const void *buf, size_t n); /* a pipe that has no room is -EAGAIN; -EOPNOTSUPP and the like: not here */
/* The whole of buf or an error; for files and blocking pipes only. */
int sys_write_all(int fd, const void *buf, size_t n);
int sys_open(const char *path, int flags, mode_t mode); /* O_CLOEXEC is added */
int sys_openat(int dirfd, const char *path, int flags, mode_t mode);
int sys_close(int fd);
int sys_dup3(int from, int to, int flags);
int sys_fcntl(int fd, int cmd, long arg);
int sys_pipe2(int ret[2], int flags); /* O_CLOEXEC is added */
int sys_memfd_create(const char *name, unsigned int flags);
int sys_ftruncate(int fd, off_t size);
off_t sys_lseek(int fd, off_t at, int whence);
int sys_fstat(int fd, struct stat *ret);
int sys_stat(const char *path, struct stat *ret);
int sys_lstat(const char *path, struct stat *ret);
int sys_mkdir(const char *path, mode_t mode);
/* mkdir -p: parents get 0755, the last one `mode`; an existing directory is fine. */
int sys_mkdir_all(const char *path, mode_t mode);
int sys_realpath(const char *path, char ret[PATH_MAX]); /* without links; the whole must be there */
int sys_fopen(const char *path, FILE **ret); /* for reading; to be closed with fclose() */
int sys_opendir(const char *path, DIR **ret); /* to be closed with closedir() */
int sys_fsync(int fd);
int sys_fchown(int fd, uid_t uid, gid_t gid);
int sys_fchmod(int fd, mode_t mode);
int sys_chown_opened(int fd, uid_t uid, gid_t gid); /* of what was opened with O_PATH */
int sys_punch(int fd, off_t from, off_t n); /* gives the pages back; the size stays */
int sys_birth(int fd, uint64_t *ret_usec); /* when the file was made, wall time; -EOPNOTSUPP: its file system doesn't note it */
int sys_utimens(int fd, const struct stat *from); /* its times of access and change */
int sys_posix_spawn(const char *path, char *const argv[], char *const envp[]); /* nobody waits for it: SIGCHLD is ignored */
void sys_lowest_priority(int nice); /* of the CPU and, where that is done, of the disks */
int sys_chdir(const char *path);
int sys_access(const char *path, int mode); /* by the effective ids */
int sys_unlink(const char *path);
int sys_rmdir(const char *path);
int sys_rename(const char *from, const char *to);
int sys_flock(int fd, int op);
int sys_ioctl(int fd, unsigned long request, void *arg);
int sys_sethostname(const char *name);
int sys_fionread(int fd, size_t *ret); /* bytes waiting */
ssize_t sys_splice(int from, int to, size_t n, unsigned int flags);
ssize_t sys_tee(int from, int to, size_t n, unsigned int flags);
void *sys_mmap_shared(int fd, size_t n); /* NULL on failure */

int sys_epoll_create(void);
int sys_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev);
int sys_epoll_wait(int epfd, struct epoll_event *evs, int n, int timeout_ms); /* -EINTR is handed on */
int sys_signalfd(int fd, const sigset_t *set); /* nonblocking */
int sys_timerfd_create(clockid_t clock); /* nonblocking */
int sys_timerfd_settime(int fd, int flags, const struct itimerspec *its);
int sys_eventfd(void); /* nonblocking */
int sys_inotify_init(void); /* nonblocking */
int sys_inotify_add(int fd, const char *path, uint32_t mask);
int sys_inotify_rm(int fd, int wd);

int sys_socket(int family, int type); /* nonblocking */
int sys_socket_of(int family, int type, int protocol); /* likewise */
int sys_socketpair(int type, int ret[2]); /* AF_UNIX, blocking mode as type says */
int sys_bind(int fd, const struct sockaddr *a, socklen_t n);
int sys_listen(int fd, int backlog);
int sys_accept(int fd); /* nonblocking result */
int sys_connect(int fd, const struct sockaddr *a, socklen_t n);
ssize_t sys_sendmsg(int fd, const struct msghdr *m, int flags); /* MSG_NOSIGNAL is added */
ssize_t sys_recvmsg(int fd, struct msghdr *m, int flags); /* MSG_CMSG_CLOEXEC is added */
int sys_peercred(int fd, struct ucred *ret);
int sys_sock_error(int fd); /* what went wrong since the last question, -errno; 0: nothing */
int sys_sockopt(int fd, int level, int name, int value);
int sys_shutdown(int fd); /* both ways; a TCP socket that listens ends that, for all who hold it */
int sys_poll_now(int fd, short events); /* those of them that are so, and POLLHUP and POLLERR */
/* The classic BPF program of a SO_REUSEPORT group, whichever member it is put on; NULL takes it away. */
int sys_reuseport_program(int fd, const struct sock_fprog *program);
int sys_listen_queue(int fd, size_t *ret); /* TCP: connections that nobody has accepted; 0 unless it listens */
int sys_bind_masked(int fd, const struct sockaddr *a, socklen_t n, mode_t mask); /* the umask for this moment: of a unix socket's file */
int sys_unacked(int fd, size_t *ret); /* TCP: bytes that the other side has not confirmed */
/* Whether a TCP socket is connected to itself: asked for a local port that nobody listens at, the kernel may take that very port for
 * our end, and so both sides agree. */
bool sys_is_own_peer(int fd);
int sys_hostname(char *buf, size_t size);

pid_t sys_fork(void);
/* clone3 with the flags given; cgroup_fd >= 0 adds CLONE_INTO_CGROUP. Returns the
 * pid in the parent with *ret_pidfd set, 0 in the child. -ENOSYS and -EPERM are what old
 * kernels and Docker's seccomp profile say. */
pid_t sys_clone3(uint64_t flags, int cgroup_fd, int *ret_pidfd);
int sys_pidfd_open(pid_t pid);
int sys_pidfd_send_signal(int pidfd, int sig);
int sys_kill(pid_t pid, int sig);
/* waitid(P_ALL or P_PID, WEXITED|WNOHANG|extra). 1: *ret filled; 0: nothing now; -ECHILD. */
int sys_waitid(idtype_t type, id_t id, siginfo_t *ret, int extra);
int sys_sigmask(int how, const sigset_t *set, sigset_t *ret_old);
int sys_close_range(unsigned int from, unsigned int to, unsigned int flags);
int sys_prctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int sys_getrlimit(int what, struct rlimit *ret);
/* Whether this descriptor is one of the last that we may have. Those are for work that gives them back, as starting a process and
 * answering a call: what is held as long as a service is there takes none of them. */
bool sys_fd_is_scarce(int fd);
int sys_same_file(int a, int b); /* 1: both are one open file, 0: they aren't; -EPERM, -ENOSYS: nobody says */
ssize_t sys_readlink(const char *path, char *buf, size_t size); /* ends it with NUL; its length */
int sys_setrlimit(int what, const struct rlimit *r);
int sys_mount(const char *src, const char *dst, const char *type, unsigned long flags, const char *data);
int sys_umount(const char *dst, int flags);
int sys_reboot(int cmd);
int sys_chown(const char *path, uid_t uid, gid_t gid);
int sys_chmod(const char *path, mode_t mode);
/* The ids by which files are looked at, /proc/PID/fd among them; those before are stored. -EPERM: not allowed, and nothing has changed. */
int sys_setfsids(uid_t uid, gid_t gid, uid_t *ret_uid, gid_t *ret_gid);

/* A seccomp filter whose listener tells of system calls. Receiving blocks when nothing was announced (os/notice.h). */
int sys_seccomp(unsigned int op, unsigned int flags, const void *arg);
int sys_notif_recv(int fd, struct seccomp_notif *ret); /* *ret is all zero */
int sys_notif_send(int fd, struct seccomp_notif_resp *answer);
int sys_notif_valid(int fd, uint64_t id); /* 0: it waits still, -ENOENT */
int sys_notif_addfd(int fd, const struct seccomp_notif_addfd *add); /* the number that it has there */
int sys_pidfd_getfd(int pidfd, int fd); /* a copy of another process's descriptor */
ssize_t sys_getxattr(const char *path, const char *name, void *buf, size_t size);
int sys_sockopt_get(int fd, int level, int name, int *ret); /* of options that are a number */

/* Reads a small file whole into buf and ends it with NUL: its length, -EFBIG when it
 * doesn't fit, or another -errno. For /proc, /sys, cgroups. dirfd may be AT_FDCWD. */
ssize_t sys_slurp(int dirfd, const char *path, char *buf, size_t size);
/* Opens, writes the string once, closes. 0 or -errno. */
int sys_spit(int dirfd, const char *path, const char *s);

#endif
