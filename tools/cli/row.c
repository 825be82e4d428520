/* row - "  label   value", and the values of a report as text. */
#include "tools/cli/row.h"

#include "base/banned.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"

#include <time.h>

#define LABEL_WIDTH 20

void row(const struct cli *c, const char *label, const char *value, const char *color)
{
	if (!value || !value[0])
		return;
	(void)fprintf(stdout, "  %s%-*s%s ", c->color ? COLOR_CYAN : "", LABEL_WIDTH, label, c->color ? COLOR_OFF : "");
	if (color && c->color)
		(void)fputs(color, stdout);
	out_safe(stdout, value);
	(void)fprintf(stdout, "%s\n", color && c->color ? COLOR_OFF : "");
}

void row_str(const struct cli *c, const char *label, const json_t *s, const char *path)
{
	row(c, label, look_str(s, path, NULL), NULL);
}

void row_int(const struct cli *c, const char *label, const json_t *s, const char *path)
{
	char buf[32];
	if (!look(s, path))
		return;
	(void)text_format(buf, sizeof(buf), "%lld", look_int(s, path, 0));
	row(c, label, buf, NULL);
}

void row_bool(const struct cli *c, const char *label, const json_t *s, const char *path)
{
	if (look(s, path))
		row(c, label, look_bool(s, path) ? "yes" : "no", NULL);
}

void row_size(const struct cli *c, const char *label, const json_t *s, const char *path)
{
	char buf[32];
	struct text t = TEXT_INIT(buf);
	long long n = look_int(s, path, 0);
	if (n <= 0)
		return;
	(void)text_add_size(&t, (unsigned long long)n);
	row(c, label, buf, NULL);
}

void row_add_time(struct text *t, long long ms)
{
	struct tm tm;
	char buf[32];
	time_t seconds = (time_t)(ms / 1000);
	if (ms > 0 && localtime_r(&seconds, &tm) && strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		(void)text_add(t, buf);
}

void row_time(const struct cli *c, const char *label, const json_t *s, const char *path)
{
	char buf[64];
	struct text t = TEXT_INIT(buf);
	row_add_time(&t, look_int(s, path, 0));
	row(c, label, buf, NULL);
}
