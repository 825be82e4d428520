#include "base/places.h"

#include "base/text.h"

#include <errno.h>
#include <sys/types.h>

#define SOCKET_NAME "pm1.sock"

/* A variable that is set, not empty, and (for paths) absolute; the XDG rules say to ignore others. */
static const char *absolute_env(const char *name)
{
	const char *v = getenv(name);
	return v && v[0] == '/' ? v : NULL;
}

int places_socket(uid_t uid, size_t i, char *buf, size_t size)
{
	const char *one = getenv("PM1_SOCKET"), *home = getenv("PM1_HOME"), *run = absolute_env("XDG_RUNTIME_DIR");
	unsigned int u = (unsigned int)uid;

	if (one && one[0])
		return i ? -ENOENT : text_copy(buf, size, one);
	if (home && home[0])
		return i ? -ENOENT : text_format(buf, size, "%s/" SOCKET_NAME, home);
	if (uid == 0)
		i++; /* root has no folder of a session */
	switch (i) {
	case 0:
		return run ? text_format(buf, size, "%s/pm1/" SOCKET_NAME, run) :
			     text_format(buf, size, "/run/user/%u/pm1/" SOCKET_NAME, u);
	case 1:
		/* A user's container has a /run of its own that the user may write. */
		return uid == 0 ? text_copy(buf, size, "/run/pm1/" SOCKET_NAME) :
				  text_format(buf, size, "/run/pm1-%u/" SOCKET_NAME, u);
	case 2:
		return text_format(buf, size, "/tmp/pm1-%u/" SOCKET_NAME, u);
	case 3:
		return text_format(buf, size, "/dev/shm/pm1-%u/" SOCKET_NAME, u);
	case 4:
		return text_format(buf, size, "@pm1-%u", u);
	default:
		return -ENOENT;
	}
}

int places_dump(uid_t uid, char *buf, size_t size)
{
	const char *home = getenv("PM1_HOME"), *state = absolute_env("XDG_STATE_HOME"), *user = absolute_env("HOME");

	if (home && home[0])
		return text_format(buf, size, "%s/dump.json", home);
	if (uid == 0)
		return text_copy(buf, size, "/var/lib/pm1/dump.json");
	if (state)
		return text_format(buf, size, "%s/pm1/dump.json", state);
	return text_format(buf, size, "%s/.local/state/pm1/dump.json", user ? user : "");
}

int places_log_dir(uid_t uid, char *buf, size_t size)
{
	const char *home = getenv("PM1_HOME"), *state = absolute_env("XDG_STATE_HOME"), *user = absolute_env("HOME");
	bool no_home = !user || strcmp(user, "/") == 0; /* "/" is what a container gives a user that it doesn't know */

	if (home && home[0])
		return text_format(buf, size, "%s/logs", home);
	if (uid == 0)
		return text_copy(buf, size, "/var/log/pm1");
	if (state)
		return text_format(buf, size, "%s/pm1/logs", state);
	if (!no_home)
		return text_format(buf, size, "%s/.local/state/pm1/logs", user);
	return text_format(buf, size, "/tmp/pm1-%u/logs", (unsigned int)uid);
}
