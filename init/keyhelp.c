#include "keyhelp.h"

#include "base/banned.h"
#include "base/page.h"
#include "base/text.h"
#include "model/keys.h"

static const struct {
	enum key_place place;
	const char *title; /* for a terminal */
	const char *roff; /* for the man page */
} places[] = {
	{ KEY_IN_SERVICE, "[service:NAME], and [defaults] for all services of the file and its includes",
	  "KEYS OF [service:NAME] AND [defaults]" },
	{ KEY_IN_PM1, "[pm1]", "KEYS OF [pm1]" },
};
#define PLACES (sizeof(places) / sizeof(*places))

/* "default 5s; also called x", or "". */
static const char *more_about(const struct key *k, char *buf, size_t size)
{
	struct text t;

	text_init(&t, buf, size);
	if (*k->dflt)
		(void)text_addf(&t, "default %s", k->dflt);
	if (k->aliases)
		(void)text_addf(&t, "%salso called %s", t.len ? "; " : "", k->aliases);
	return buf;
}

static void print_key(FILE *f, const struct key *k)
{
	char buf[512];

	(void)fprintf(f, "  %s%s\n", k->name, keys_is_family(k) ? "NAME" : "");
	page_wrap(f, k->help, 6);
	page_wrap(f, keys_allowed(k, buf, sizeof(buf)), 6);
	if (*more_about(k, buf, sizeof(buf)))
		page_wrap(f, buf, 6);
}

void keyhelp_print(FILE *f)
{
	for (size_t p = 0; p < PLACES; p++) {
		(void)fprintf(f, "%s%s\n", p ? "\n" : "", places[p].title);
		for (size_t i = 0; i < keys_count(); i++)
			if (keys_at(i)->place == places[p].place)
				print_key(f, keys_at(i));
	}
	(void)fputs("\nValues\n", f);
	for (size_t i = 0; keys_quoting[i]; i++)
		page_wrap(f, keys_quoting[i], 2);
}

bool keyhelp_one(FILE *f, const char *name)
{
	bool found = false;

	for (size_t p = 0; p < PLACES; p++) {
		const struct key *k = keys_find(name, places[p].place, NULL);
		if (!k)
			continue;
		(void)fprintf(f, "%s\n", places[p].title);
		print_key(f, k);
		found = true;
	}
	return found;
}

void keyhelp_roff(FILE *f)
{
	char buf[512];

	for (size_t p = 0; p < PLACES; p++) {
		(void)fprintf(f, ".SH %s\n", places[p].roff);
		for (size_t i = 0; i < keys_count(); i++) {
			const struct key *k = keys_at(i);
			if (k->place != places[p].place)
				continue;
			(void)fputs(".TP\n.B ", f);
			page_roff(f, k->name);
			if (keys_is_family(k))
				(void)fputs("\\fINAME\\fP", f);
			(void)fputc('\n', f);
			page_roff_line(f, k->help);
			(void)fputs(".br\n", f);
			page_roff_line(f, keys_allowed(k, buf, sizeof(buf)));
			if (*more_about(k, buf, sizeof(buf))) {
				(void)fputs(".br\n", f);
				page_roff_line(f, buf);
			}
		}
	}
	(void)fputs(".SH VALUES\n", f);
	for (size_t i = 0; keys_quoting[i]; i++) {
		(void)fputs(".IP \\(bu 2\n", f);
		page_roff_line(f, keys_quoting[i]);
	}
}
