#include "tests/reload/answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *answer_room(struct answer *a, size_t *ret_size)
{
	/* An answer that has no more room was found bad by answer_took(). */
	*ret_size = ANSWER_MAX - a->n;
	return a->bytes + a->n;
}

void answer_begin(struct answer *a)
{
	a->n = 0;
}

/* The value of a header, or NULL. `head` ends at the empty line. */
static const char *header(const char *head, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = strstr(head, "\r\n"); line && strncmp(line, "\r\n\r\n", 4) != 0; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, n) == 0 && line[n] == ':')
			return line + n + 1 + strspn(line + n + 1, " \t");
	}
	return NULL;
}

enum answer_is answer_took(struct answer *a, size_t n)
{
	a->n += n;
	a->bytes[a->n] = 0;
	const char *end = strstr(a->bytes, "\r\n\r\n");

	if (!end)
		return a->n < ANSWER_MAX && !memchr(a->bytes, 0, a->n) ? ANSWER_MORE : ANSWER_BAD;
	if (strncmp(a->bytes, "HTTP/1.1 200 ", 13) != 0 && strncmp(a->bytes, "HTTP/1.0 200 ", 13) != 0)
		return ANSWER_BAD;
	const char *length = header(a->bytes, "Content-Length"), *connection = header(a->bytes, "Connection"), *body = end + 4;
	char *rest;
	unsigned long size = length ? strtoul(length, &rest, 10) : 0;
	if (!length || rest == length || *rest != '\r' || size > ANSWER_MAX - (size_t)(body - a->bytes))
		return ANSWER_BAD;
	size_t come = a->n - (size_t)(body - a->bytes);
	if (come != size)
		return come < size ? ANSWER_MORE : ANSWER_BAD;
	a->last = connection ? strncasecmp(connection, "close", 5) == 0 : a->bytes[7] == '0';
	size_t i = 0;
	for (; i < size && i + 1 < sizeof(a->body) && body[i] != '\n'; i++)
		a->body[i] = body[i];
	for (size_t k = 0; k < i; k++)
		if (a->body[k] < ' ' || a->body[k] > '~' || a->body[k] == '"' || a->body[k] == '\\')
			a->body[k] = '?';
	a->body[i] = 0;
	return ANSWER_WHOLE;
}
