#include "os/watch.h"

#include "tests/fakes/folder.h"
#include "tests/fakes/sys_fake.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct loop *loop;
static struct watch *watch;
static struct ignore ig;
static char seen[65536]; /* " path" of each change, relative to the folder; " ?" for one without a path */
static char trouble[4096];

static void on_change(void *ctx, const char *path)
{
	size_t n = strlen(seen), below = strlen(folder) + 1;
	(void)ctx;
	snprintf(seen + n, sizeof(seen) - n, " %s", path ? path + (strncmp(path, folder, below - 1) ? 0 : below) : "?");
}

static void on_trouble(void *ctx, const char *text)
{
	size_t n = strlen(trouble);
	(void)ctx;
	snprintf(trouble + n, sizeof(trouble) - n, "%s\n", text);
}

static void begin(void)
{
	static const struct strv none;
	folder_enter();
	cr_assert_eq(loop_new(&loop), 0);
	cr_assert_eq(ignore_init(&ig, &none, folder), 0);
}

static void end(void)
{
	sys_fake_reset();
	watch_free(watch);
	ignore_done(&ig);
	loop_free(loop);
	folder_leave();
}

TestSuite(watch, .init = begin, .fini = end, .timeout = 60);

static void settle(void)
{
	while (watch_looks(watch))
		cr_assert_eq(loop_once(loop), 0);
}

static int try_watch(const char *rel, const char *second)
{
	struct strv paths = { 0 };
	(void)strv_addf(&paths, "%s%s%s", folder, *rel ? "/" : "", rel);
	if (second)
		(void)strv_addf(&paths, "%s/%s", folder, second);
	struct watch_config cfg = { .loop = loop, .paths = &paths, .ignore = &ig, .changed = on_change, .trouble = on_trouble };
	int r = watch_new(&cfg, &watch);
	strv_done(&paths);
	return r;
}

static void start(const char *rel)
{
	cr_assert_eq(try_watch(rel, NULL), 0);
	settle();
	cr_assert_str_empty(seen);
}

/* Runs until this change is seen, last or not. */
static void until(const char *part)
{
	while (!strstr(seen, part))
		cr_assert_eq(loop_once(loop), 0);
	settle();
}

/* Exactly what was seen so far, up to a change made to be seen: everything before it has come by then. */
static void only(const char *what)
{
	char all[4096];
	folder_put("w/fence", "x");
	until(" w/fence");
	snprintf(all, sizeof(all), "%s w/fence", what);
	cr_assert_str_eq(seen, all);
	seen[0] = 0;
}

static void sh(const char *fmt, ...)
{
	char command[4096];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	cr_assert_eq(system(command), 0, "%s", command);
}

Test(watch, a_file_that_is_written_and_closed_has_changed)
{
	sh("mkdir -p w/a/b && echo 1 >w/a/b/old");
	start("w");
	sh("echo 2 >w/a/b/old");
	only(" w/a/b/old");
	sh("echo 3 >w/new");
	only(" w/new");
}

Test(watch, a_file_that_is_open_or_read_or_touched_has_not)
{
	sh("mkdir w && echo 1 >w/read");
	start("w");
	int fd = open("w/open.txt", O_WRONLY | O_CREAT, 0644);
	cr_assert_eq(write(fd, "x", 1), 1);
	sh("cat w/read >/dev/null; chmod 600 w/read; mkdir w/empty; rmdir w/empty; mkfifo w/fifo");
	only("");
	close(fd);
	only(" w/open.txt");
}

Test(watch, removed_and_moved_files_have_changed)
{
	sh("mkdir w o && touch w/a w/b o/c o/d");
	start("w");
	sh("rm w/a; mv w/b o/b; mv o/c w/c; ln o/d w/hard; ln -s ../o/d w/soft");
	only(" w/a w/b w/c w/hard w/soft");
}

Test(watch, the_ways_of_editors_are_seen_once_for_each_real_file)
{
	sh("mkdir w && echo 1 >w/x");
	start("w");
	/* vim, by backup: 4913 to try, the file renamed to name~, written anew, the backup removed */
	sh("touch w/4913; rm w/4913; touch w/.x.swp; mv w/x 'w/x~'; echo 2 >w/x; rm 'w/x~' w/.x.swp");
	only(" w/x w/x");
	/* emacs: lock link, auto-save, backup copy, written in place */
	sh("ln -s me@host.1 'w/.#x'; touch 'w/#x#'; cp w/x 'w/x~'; echo 3 >w/x; rm 'w/.#x' 'w/#x#'");
	only(" w/x");
	/* VS Code in place; gedit and sed -i by a temporary file and a rename */
	sh("echo 4 >w/x; echo 5 >w/.goutputstream-ABC; mv w/.goutputstream-ABC w/x; cd w && echo 6 >x.tmp.99 && mv x.tmp.99 x");
	only(" w/x w/x w/x");
	/* JetBrains */
	sh("echo 7 >w/x___jb_tmp___; mv w/x w/x___jb_old___; mv w/x___jb_tmp___ w/x; rm w/x___jb_old___");
	only(" w/x w/x");
}

Test(watch, what_is_ignored_is_not_even_entered)
{
	sh("mkdir -p w/node_modules/a/b/c w/.git/objects w/logs w/src");
	start("w");
	size_t n = watch_folders(watch);
	sh("touch w/node_modules/a/x w/.git/index w/logs/x w/out.log w/.env; mkdir -p w/src/node_modules/d; touch w/src/node_modules/d/x");
	sh("rm -r w/node_modules w/.git");
	only("");
	cr_assert_eq(watch_folders(watch), n);
}

Test(watch, new_folders_are_followed_and_what_is_in_them_already_counts)
{
	sh("mkdir w");
	start("w");
	sh("mkdir -p w/a/b/c/d/e && echo 1 >w/a/b/c/d/e/f");
	until(" w/a/b/c/d/e/f");
	/* Found by looking or told by the kernel, or both. */
	seen[0] = 0;
	sh("echo 2 >w/a/b/c/d/e/f; echo 2 >w/a/g");
	until(" w/a/g");
	cr_assert(strstr(seen, " w/a/b/c/d/e/f"));
}

Test(watch, of_many_folders_made_at_once_no_file_is_missed)
{
	sh("mkdir w");
	start("w");
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 200; i++) {
			char name[64];
			snprintf(name, sizeof(name), "w/d%d/e/f", i);
			for (char *p = name + 2; (p = strchr(p, '/')); *p++ = '/') {
				*p = 0;
				(void)mkdir(name, 0755);
			}
			int fd = open(name, O_WRONLY | O_CREAT, 0644);
			close(fd);
		}
		_exit(0);
	}
	for (int i = 0; i < 200; i++) {
		char part[64];
		snprintf(part, sizeof(part), " w/d%d/e/f", i);
		until(part);
	}
}

Test(watch, a_folder_moved_within_is_followed_under_its_new_name)
{
	sh("mkdir -p w/a/b w/c && touch w/a/b/f");
	start("w");
	sh("mv w/a w/c/z");
	until(" w/c/z/b/f");
	cr_assert(strstr(seen, " w/a "));
	seen[0] = 0;
	sh("echo 1 >w/c/z/b/f");
	only(" w/c/z/b/f");
}

Test(watch, a_folder_moved_into_a_new_one_is_followed_too)
{
	sh("mkdir -p w/a/b && touch w/a/b/f");
	start("w");
	sh("mkdir w/new && mv w/a w/new/a");
	until(" w/new/a/b/f");
	seen[0] = 0;
	sh("echo 1 >w/new/a/b/f");
	only(" w/new/a/b/f");
}

Test(watch, a_folder_moved_out_is_let_go)
{
	sh("mkdir -p w/a/b o && touch w/a/b/f");
	start("w");
	size_t n = watch_folders(watch);
	sh("mv w/a o/a; echo 1 >o/a/b/f");
	only(" w/a");
	cr_assert_eq(watch_folders(watch), n - 2);
}

Test(watch, links_to_folders_are_followed_and_loops_end)
{
	sh("mkdir -p w/a o/deep && ln -s ../../w w/a/loop && ln -s ../o w/out && ln -s out w/again && ln -s nowhere w/broken");
	start("w");
	sh("echo 1 >o/deep/f");
	until("/deep/f");
	cr_assert(strcmp(seen, " w/out/deep/f") == 0 || strcmp(seen, " w/again/deep/f") == 0, "%s", seen);
	seen[0] = 0;
	sh("mkdir o2 && touch o2/f && ln -s ../o2 w/later");
	until(" w/later/f");
	seen[0] = 0;
	sh("echo 2 >o2/f");
	only(" w/later/f");
	sh("rm w/later; echo 3 >o2/f");
	only(" w/later");
}

Test(watch, a_watched_folder_that_is_a_link_is_looked_at_anew_when_it_leads_elsewhere)
{
	sh("mkdir -p r1/app r2/app w && touch r1/app/f r2/app/f && ln -s r1 current");
	cr_assert_eq(try_watch("current/app", "w"), 0);
	settle();
	sh("echo 1 >r1/app/f");
	only(" current/app/f");
	sh("ln -s r2 next && mv -T next current");
	until(" current/app");
	seen[0] = 0;
	sh("echo 1 >r1/app/f; echo 2 >r2/app/f");
	only(" current/app/f");
}

Test(watch, a_watched_folder_that_is_removed_and_made_again_is_watched_again)
{
	sh("mkdir -p p/q w && touch p/q/f");
	cr_assert_eq(try_watch("p/q", "w"), 0);
	settle();
	int held = open("p/q", O_RDONLY | O_DIRECTORY); /* as by a service that runs in it: the kernel tells of no end */
	sh("rm -r p");
	until(" p/q/f");
	only(" p/q/f");
	sh("mkdir -p p/q && echo 1 >p/q/g");
	until(" p/q");
	seen[0] = 0;
	sh("echo 2 >p/q/g");
	only(" p/q/g");
	close(held);
	only("");
}

Test(watch, a_missing_path_is_told_and_waited_for)
{
	sh("mkdir w");
	cr_assert_eq(try_watch("a/b", "w"), 0);
	settle();
	cr_assert(strstr(trouble, "/a/b is not there yet; waiting for it"), "%s", trouble);
	sh("mkdir a");
	only("");
	sh("mkdir a/b");
	until(" a/b");
	only(" a/b");
	sh("touch a/b/f");
	only(" a/b/f");
}

Test(watch, a_single_file_is_watched_through_every_way_of_saving)
{
	sh("mkdir w s && echo 1 >s/x.js && echo 1 >s/y.js");
	cr_assert_eq(try_watch("s/x.js", "w"), 0);
	settle();
	sh("echo 2 >s/x.js; echo 2 >s/y.js");
	only(" s/x.js");
	sh("echo 3 >s/tmp; mv s/tmp s/x.js");
	only(" s/x.js");
	sh("rm s/x.js");
	only(" s/x.js");
	sh("echo 4 >s/x.js");
	only(" s/x.js");
}

Test(watch, a_single_file_behind_a_link_is_watched_where_it_lies)
{
	sh("mkdir w real && echo 1 >real/x && echo 1 >real/y && ln -s real/x link");
	cr_assert_eq(try_watch("link", "w"), 0);
	settle();
	sh("echo 2 >real/x");
	only(" link");
	sh("ln -sf real/y link");
	until(" link");
	seen[0] = 0;
	sh("echo 3 >real/x");
	only("");
	sh("echo 3 >real/y");
	only(" link");
}

Test(watch, lost_events_are_one_change_and_a_look_at_everything)
{
	sh("mkdir w");
	start("w");
	/* More than the kernel's queue takes while nobody reads. */
	folder_put("limit", "");
	sh("cat /proc/sys/fs/inotify/max_queued_events >limit");
	/* Of two files in turn: the kernel makes one event of equal ones in a row. */
	for (long left = strtol(folder_get("limit"), NULL, 10); left >= 0; left--) {
		int fd = open(left % 2 ? "w/1.log" : "w/2.log", O_WRONLY | O_CREAT, 0644);
		cr_assert_geq(fd, 0);
		close(fd);
	}
	sh("mkdir -p w/c/d");
	while (!strstr(seen, " ?"))
		cr_assert_eq(loop_once(loop), 0);
	settle();
	cr_assert_str_eq(seen, " ?");
	cr_assert(strstr(trouble, "fs.inotify.max_queued_events"), "%s", trouble);
	seen[0] = 0;
	sh("echo 1 >w/c/d/f");
	only(" w/c/d/f");
}

Test(watch, the_kernels_limit_is_told_once_with_what_raises_it_and_the_rest_is_watched)
{
	sh("mkdir -p w/a/b w/c/d");
	sys_fake_fail("inotify_add", 5, ENOSPC); /* "/", "/tmp", its folder, w: then the first below */
	start("w");
	cr_assert(strstr(trouble, "fs.inotify.max_user_watches") && strstr(trouble, "sysctl"), "%s", trouble);
	cr_assert_eq(strchr(trouble, '\n'), trouble + strlen(trouble) - 1, "%s", trouble);
	only("");
	/* What comes later is tried again. */
	sh("mkdir w/e");
	sh("echo 1 >w/e/f");
	until(" w/e/f");
}

Test(watch, no_more_inotify_is_an_error_with_what_raises_it)
{
	sh("mkdir w");
	size_t fds = sys_fake_open_fds();
	sys_fake_fail("inotify_init", 1, EMFILE);
	cr_assert_eq(try_watch("w", NULL), -EMFILE);
	cr_assert(strstr(trouble, "fs.inotify.max_user_instances") && strstr(trouble, "sysctl"), "%s", trouble);
	cr_assert_eq(sys_fake_open_fds(), fds);
}

Test(watch, a_big_tree_is_looked_at_in_turns)
{
	sh("mkdir w && cd w && seq -f d%%04.0f 1 600 | xargs mkdir && touch d0600/f");
	cr_assert_eq(try_watch("w", NULL), 0);
	unsigned int turns = 0;
	while (watch_looks(watch)) {
		unsigned int before = sys_fake_count("inotify_add");
		cr_assert_eq(loop_once(loop), 0);
		cr_assert_leq(sys_fake_count("inotify_add") - before, 200);
		turns++;
	}
	cr_assert_geq(turns, 3);
	sh("echo 1 >w/d0600/f");
	only(" w/d0600/f");
}

Test(watch, freed_in_the_middle_of_a_look_it_leaves_nothing)
{
	size_t fds = sys_fake_open_fds();
	sh("mkdir w && cd w && seq -f d%%04.0f 1 600 | xargs mkdir");
	cr_assert_eq(try_watch("w", NULL), 0);
	cr_assert_eq(loop_once(loop), 0);
	watch_free(watch);
	watch = NULL;
	cr_assert_leq(sys_fake_open_fds(), fds + 1); /* the loop's timerfd comes with its first timer */
}
