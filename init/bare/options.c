#include "bare/options.h"

#include "base/own.h"
#include "base/parse.h"
#include "base/text.h"

#include <errno.h>
#include <signal.h>

enum bare_as bare_persona(const char *argv0)
{
	const char *slash = strrchr(argv0, '/'), *name = slash ? slash + 1 : argv0;

	if (strcmp(name, "tini") == 0 || strcmp(name, "tini-static") == 0 || strcmp(name, "docker-init") == 0)
		return BARE_TINI;
	return strcmp(name, "dumb-init") == 0 ? BARE_DUMB_INIT : BARE_PM1;
}

#define FLAGS_OF_TINI \
	"  -s            register as a process subreaper (also TINI_SUBREAPER)\n" \
	"  -g            send signals to the child's process group (also TINI_KILL_PROCESS_GROUP)\n" \
	"  -v            say more; up to three times (also TINI_VERBOSITY)\n" \
	"  -w            print a warning when processes are getting reaped\n" \
	"  -p SIGNAL     get SIGNAL when the parent dies\n" \
	"  -e CODE       turn this exit code of the child into 0; may be given several times\n"

const char *bare_usage(enum bare_as as)
{
	if (as == BARE_DUMB_INIT)
		return "Usage: dumb-init [option] command [[arg] ...]\n\n"
		       "  -c, --single-child   Run in single-child mode: signals go to the direct child alone.\n"
		       "  -r, --rewrite s:r    Rewrite received signal s to new signal r before proxying; 0 drops it.\n"
		       "  -v, --verbose        Print debugging information to stderr.\n"
		       "  -h, --help           Print this help message and exit.\n"
		       "  -V, --version        Print the current version and exit.\n";
	if (as == BARE_TINI)
		return "usage: tini [OPTIONS] -- COMMAND [ARGS...]\n\n" FLAGS_OF_TINI "  -h, --version\n";
	return "usage: pm1 [OPTIONS] -- COMMAND [ARGS...]\n\n" FLAGS_OF_TINI
	       "  -r FROM:TO    pass signal FROM on as TO; TO 0 drops it; may be given several times\n"
	       "  -h, --version\n";
}

struct reader {
	int argc;
	char *const *argv;
	int at; /* the next word */
	const char *rest; /* of a word of short flags, NULL: none */
	const char *joined; /* what stands after the '=' of a long flag, NULL: none */
	struct bare_options *o;
	struct text wrong;
};

static enum bare_parsed refuse(struct reader *r, const char *what, const char *value)
{
	(void)text_addf(&r->wrong, "%s: ", what);
	(void)text_add_safe(&r->wrong, value);
	return BARE_WRONG;
}

/* The value of a flag: the rest of its word, or the next word. NULL: there is none. */
static const char *value_of(struct reader *r)
{
	if (r->joined)
		return r->joined;
	if (r->rest && *r->rest) {
		const char *v = r->rest;
		r->rest = NULL;
		return v;
	}
	return r->at < r->argc ? r->argv[r->at++] : NULL;
}

static enum bare_parsed add_rewrite(struct reader *r, const char *value)
{
	char from_text[32];
	const char *colon = value ? strchr(value, ':') : NULL;
	int from, to = 0;

	if (!colon || text_format(from_text, sizeof(from_text), "%.*s", (int)(colon - value), value) < 0 ||
	    parse_signal(from_text, &from) < 0 || from >= BARE_SIGNALS ||
	    (strcmp(colon + 1, "0") != 0 && (parse_signal(colon + 1, &to) < 0 || to >= BARE_SIGNALS)))
		return refuse(r, "-r takes FROM:TO, two signals (TO may be 0), not", value ? value : "nothing");
	r->o->rewrite[from] = (signed char)to;
	return BARE_GO;
}

static enum bare_parsed add_expected(struct reader *r, const char *value)
{
	uint64_t code;

	if (!value || parse_uint(value, 255, &code) < 0)
		return refuse(r, "-e takes an exit code from 0 to 255, not", value ? value : "nothing");
	r->o->expected[code] = true;
	return BARE_GO;
}

static enum bare_parsed set_death_signal(struct reader *r, const char *value)
{
	if (!value || parse_signal(value, &r->o->death_signal) < 0)
		return refuse(r, "-p takes a signal such as SIGTERM, not", value ? value : "nothing");
	return BARE_GO;
}

static enum bare_parsed flag_of_tini(struct reader *r, char flag)
{
	switch (flag) {
	case 's':
		r->o->subreaper = true;
		return BARE_GO;
	case 'g':
		r->o->group = true;
		return BARE_GO;
	case 'v':
		r->o->verbosity++;
		return BARE_GO;
	case 'w':
		r->o->warn_reaped = true;
		return BARE_GO;
	case 'p':
		return set_death_signal(r, value_of(r));
	case 'e':
		return add_expected(r, value_of(r));
	case 'h':
		return BARE_HELP;
	case 'l':
		return BARE_VERSION;
	case 'r':
		if (r->o->as == BARE_PM1)
			return add_rewrite(r, value_of(r));
		break;
	default:
		break;
	}
	return refuse(r, "unknown flag", (char[]){ '-', flag, 0 });
}

static enum bare_parsed flag_of_dumb_init(struct reader *r, char flag)
{
	switch (flag) {
	case 'c':
		r->o->setsid = r->o->group = false;
		return BARE_GO;
	case 'r':
		return add_rewrite(r, value_of(r));
	case 'v':
		r->o->verbosity = 3;
		return BARE_GO;
	case 'h':
		return BARE_HELP;
	case 'V':
		return BARE_VERSION;
	default:
		return refuse(r, "unknown flag", (char[]){ '-', flag, 0 });
	}
}

static enum bare_parsed long_flag(struct reader *r, const char *word)
{
	static const struct {
		const char *name;
		char flag;
	} longs[] = { { "--help", 'h' }, { "--version", 'V' }, { "--verbose", 'v' }, { "--single-child", 'c' },
		      { "--rewrite", 'r' } };

	if (strcmp(word, "--version") == 0)
		return BARE_VERSION;
	if (r->o->as != BARE_DUMB_INIT)
		return strcmp(word, "--help") == 0 ? BARE_HELP : refuse(r, "unknown flag", word);
	for (size_t i = 0; i < ARRAY_LEN(longs); i++) {
		size_t n = strlen(longs[i].name);
		if (strncmp(word, longs[i].name, n) != 0 || (word[n] && word[n] != '='))
			continue;
		r->joined = word[n] ? word + n + 1 : NULL;
		if (r->joined && longs[i].flag != 'r') {
			(void)text_addf(&r->wrong, "%s takes no value, not: ", longs[i].name);
			(void)text_add_safe(&r->wrong, r->joined);
			return BARE_WRONG;
		}
		enum bare_parsed p = flag_of_dumb_init(r, longs[i].flag);
		r->joined = NULL;
		return p;
	}
	return refuse(r, "unknown flag", word);
}

static void defaults(struct bare_options *o, const char *argv0, const char *(*env)(const char *name))
{
	const char *slash = strrchr(argv0, '/'), *v;
	uint64_t n;

	*o = (struct bare_options){ .as = bare_persona(argv0), .name = slash ? slash + 1 : argv0, .verbosity = 1 };
	memset(o->rewrite, -1, sizeof(o->rewrite));
	if (o->as == BARE_DUMB_INIT) {
		v = env("DUMB_INIT_SETSID");
		o->setsid = o->group = !(v && strcmp(v, "0") == 0);
		v = env("DUMB_INIT_DEBUG");
		o->verbosity = v && strcmp(v, "1") == 0 ? 3 : 0;
		return;
	}
	/* As tini: present is enough, whatever the value. */
	o->subreaper = env("TINI_SUBREAPER") != NULL;
	o->group = env("TINI_KILL_PROCESS_GROUP") != NULL;
	v = env("TINI_VERBOSITY");
	if (v && parse_uint(v, 3, &n) == 0)
		o->verbosity = (int)n;
	else if (o->as == BARE_PM1)
		o->verbosity = 0;
}

/* In a session of its own a terminal's stops would be ignored (its group is orphaned): dumb-init turns them into STOP, unless told otherwise. */
static void rewrite_stops(struct bare_options *o)
{
	static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < ARRAY_LEN(stops); i++)
		if (o->rewrite[stops[i]] < 0)
			o->rewrite[stops[i]] = SIGSTOP;
}

enum bare_parsed bare_parse(int argc, char *const *argv, const char *(*env)(const char *name), struct bare_options *ret,
			    char *wrong, size_t size)
{
	struct reader r = { .argc = argc, .argv = argv, .at = 1, .o = ret };

	text_init(&r.wrong, wrong, size);
	defaults(ret, argv[0], env);
	while (r.at < argc && argv[r.at][0] == '-' && argv[r.at][1]) {
		const char *word = argv[r.at++];
		enum bare_parsed p = BARE_GO;
		if (strcmp(word, "--") == 0)
			break;
		if (word[1] == '-') {
			p = long_flag(&r, word);
		} else {
			for (r.rest = word + 1; p == BARE_GO && r.rest && *r.rest;) {
				char flag = *r.rest++;
				p = ret->as == BARE_DUMB_INIT ? flag_of_dumb_init(&r, flag) : flag_of_tini(&r, flag);
			}
			r.rest = NULL;
		}
		if (p != BARE_GO)
			return p;
	}
	if (r.at >= argc) {
		(void)text_add(&r.wrong, "no command was given");
		return BARE_WRONG;
	}
	if (ret->setsid)
		rewrite_stops(ret);
	ret->command = argv + r.at;
	return BARE_GO;
}
