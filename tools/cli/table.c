/* table - cells are kept until the widths of all are known. */
#include "tools/cli/table.h"

#include "base/banned.h"
#include "base/own.h"
#include "tools/cli/out.h"

#include <errno.h>
#include <stdarg.h>

struct cell {
	char *text; /* owned */
	const char *color;
};

struct table {
	const char *const *heads;
	size_t ncols;
	struct cell *cells; /* owned, row by row */
	size_t n, cap;
	bool failed; /* a cell is missing */
};

struct table *table_new(const char *const *heads, size_t ncols)
{
	struct table *t = calloc(1, sizeof(*t));
	if (t) {
		t->heads = heads;
		t->ncols = ncols;
	}
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
}

void table_cell(struct table *t, const char *color, const char *text)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;
		struct cell *bigger = reallocarray(t->cells, cap, sizeof(*bigger));
		if (!bigger) {
			t->failed = true;
			return;
		}
		t->cells = bigger;
		t->cap = cap;
	}
	char *safe = out_safe_dup(text);
	if (!safe) {
		t->failed = true;
		return;
	}
	t->cells[t->n++] = (struct cell){ safe, color };
}

void table_cellf(struct table *t, const char *color, const char *fmt, ...)
{
	cleanup_free char *text = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL;
		t->failed = true;
		return;
	}
	table_cell(t, color, text);
}

static size_t cell_width(const struct table *t, size_t i, bool box)
{
	size_t w = out_width(t->cells[i].text);
	return box && w > TABLE_CELL_MAX ? TABLE_CELL_MAX : w;
}

static size_t column_width(const struct table *t, size_t col, bool box)
{
	size_t width = out_width(t->heads[col]);
	for (size_t i = col; i < t->n; i += t->ncols) {
		size_t w = cell_width(t, i, box);
		if (w > width)
			width = w;
	}
	return width;
}

size_t table_width(const struct table *t)
{
	size_t sum = 1; /* the left line; each column has two blanks and a line */
	for (size_t c = 0; c < t->ncols; c++)
		sum += column_width(t, c, true) + 3;
	return sum;
}

static void repeat(FILE *f, const char *s, size_t n)
{
	while (n--)
		(void)fputs(s, f);
}

static void print_rule(const size_t *widths, size_t ncols, FILE *f, const char *left, const char *mid, const char *right)
{
	for (size_t c = 0; c < ncols; c++) {
		(void)fputs(c == 0 ? left : mid, f);
		repeat(f, "\xe2\x94\x80", widths[c] + 2); /* ─ */
	}
	(void)fprintf(f, "%s\n", right);
}

/* The text, cut to `width` columns with an ellipsis, and padded to it. */
static void print_padded(FILE *f, const char *s, size_t width, const char *color, bool pad)
{
	size_t w = out_width(s);
	bool cut = w > width;
	if (color)
		(void)fputs(color, f);
	if (!cut) {
		(void)fputs(s, f);
	} else {
		size_t left = width - 1;
		const char *p = s;
		for (; *p && left; left--)
			for (p++; ((unsigned char)*p & 0xc0) == 0x80; p++)
				;
		(void)fwrite(s, 1, (size_t)(p - s), f);
		(void)fputs("\xe2\x80\xa6", f); /* … */
		w = width;
	}
	if (color)
		(void)fputs(COLOR_OFF, f);
	if (pad)
		repeat(f, " ", width - w);
}

static void print_row(const struct table *t, const size_t *widths, FILE *f, const struct cell *row, bool box, bool color)
{
	for (size_t c = 0; c < t->ncols; c++) {
		const char *text = row ? row[c].text : t->heads[c];
		const char *shade = !color ? NULL : row ? row[c].color : box ? COLOR_BOLD COLOR_CYAN : NULL;
		if (box)
			(void)fputs(c == 0 ? "\xe2\x94\x82 " : " \xe2\x94\x82 ", f); /* │ */
		else if (c > 0)
			(void)fputs("  ", f);
		print_padded(f, text, widths[c], shade, box || c + 1 < t->ncols);
	}
	(void)fputs(box ? " \xe2\x94\x82\n" : "\n", f);
}

int table_print(const struct table *t, FILE *f, bool box, bool color)
{
	cleanup_free size_t *widths = calloc(t->ncols, sizeof(*widths));
	if (t->failed || !widths)
		return -ENOMEM;
	for (size_t c = 0; c < t->ncols; c++)
		widths[c] = column_width(t, c, box);
	if (box)
		print_rule(widths, t->ncols, f, "\xe2\x94\x8c", "\xe2\x94\xac", "\xe2\x94\x90"); /* ┌ ┬ ┐ */
	print_row(t, widths, f, NULL, box, color);
	if (box)
		print_rule(widths, t->ncols, f, "\xe2\x94\x9c", "\xe2\x94\xbc", "\xe2\x94\xa4"); /* ├ ┼ ┤ */
	for (size_t i = 0; i + t->ncols <= t->n; i += t->ncols)
		print_row(t, widths, f, &t->cells[i], box, color);
	if (box)
		print_rule(widths, t->ncols, f, "\xe2\x94\x94", "\xe2\x94\xb4", "\xe2\x94\x98"); /* └ ┴ ┘ */
	return 0;
}
