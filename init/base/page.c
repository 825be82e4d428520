#include "base/page.h"

#include "base/banned.h"

#include <stdbool.h>

#define ROFF_WIDTH 60 /* before escapes, which make it longer */

/* `at` columns of the first line are there already. */
static void wrap_from(FILE *f, size_t at, const char *s, size_t indent)
{
	bool begun = false; /* a word stands in this line */

	for (; *s; begun = true) {
		size_t n = strcspn(s, " ");
		if (begun && at + 1 + n > PAGE_WIDTH) {
			(void)fputc('\n', f);
			at = 0;
			begun = false;
		}
		if (at < indent)
			at += (size_t)fprintf(f, "%*s", (int)(indent - at), "");
		at += (size_t)fprintf(f, "%s%.*s", begun ? " " : "", (int)n, s);
		s += n + (s[n] == ' ');
	}
	(void)fputc('\n', f);
}

void page_wrap(FILE *f, const char *s, size_t indent)
{
	wrap_from(f, 0, s, indent);
}

void page_wrap_labelled(FILE *f, const char *label, const char *s, size_t indent)
{
	size_t at = (size_t)fprintf(f, "  %s", label);

	if (at + 1 > indent) { /* too long for the column: the text begins below it */
		(void)fputc('\n', f);
		at = 0;
	}
	wrap_from(f, at, s, indent);
}

static void roff_char(FILE *f, char c)
{
	static const struct {
		char c;
		const char *roff;
	} escapes[] = {
		{ '\\', "\\e" },	{ '-', "\\-" },	  { '`', "\\(ga" }, { '\'', "\\(aq" },
		{ '"', "\\(dq" }, /* a plain one would end a macro's argument */
		{ '~', "\\(ti" }, { '^', "\\(ha" },
	};

	for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++) {
		if (escapes[i].c == c) {
			(void)fputs(escapes[i].roff, f);
			return;
		}
	}
	(void)fputc(c, f);
}

/* A request begins with these, where a line does. Quotes are escaped anyway. */
static void roff_begin(FILE *f, char c)
{
	if (c == '.')
		(void)fputs("\\&", f);
}

void page_roff(FILE *f, const char *s)
{
	for (roff_begin(f, *s); *s; s++)
		roff_char(f, *s);
}

void page_roff_line(FILE *f, const char *s)
{
	size_t at = 0;
	char last = 0;

	for (roff_begin(f, *s); *s; last = *s++) {
		/* roff fills lines itself; in the source they stay short, as mandoc -Tlint wants them. */
		if (*s == ' ' && at + strcspn(s + 1, " ") >= ROFF_WIDTH) {
			(void)fputc('\n', f);
			roff_begin(f, s[1]);
			at = 0;
			continue;
		}
		roff_char(f, *s);
		at++;
	}
	(void)fputs(last == '.' ? "\n" : ".\n", f);
}
