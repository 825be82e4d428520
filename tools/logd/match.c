#include "tools/logd/match.h"

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"

void match_set(struct match *m, const char *pattern)
{
	if (strcmp(m->pattern, pattern) == 0)
		return;
	if (m->re)
		regfree(m->re);
	free(m->re);
	free(m->line);
	*m = (struct match){ 0 };
	if (!*pattern || text_copy(m->pattern, sizeof(m->pattern), pattern) < 0)
		return;
	m->line = malloc(MATCH_LINE_MAX + 1);
	m->re = m->line ? malloc(sizeof(*m->re)) : NULL;
	if (m->re && regcomp(m->re, pattern, REG_EXTENDED | REG_NOSUB) == 0)
		return;
	log_error("logd: cannot look for '%s': no memory", pattern); /* what is no pattern was refused with the file */
	free(m->re);
	m->re = NULL;
}

uint32_t match_is_armed(const struct match *m, const struct logslot *slot)
{
	uint32_t armed = m->re ? __atomic_load_n(&slot->match_armed, __ATOMIC_ACQUIRE) : 0;

	return armed == slot->match_seen ? 0 : armed;
}

static void keep(struct match *m, const char *p, size_t n)
{
	size_t room = MATCH_LINE_MAX - m->n;

	n = n < room ? n : room;
	memcpy(m->line + m->n, p, n);
	m->n += n;
}

bool match_look(struct match *m, uint32_t run, const char *piece, size_t n)
{
	const char *end = piece + n;
	bool found = false;

	if (m->run != run)
		m->n = 0;
	m->run = run;
	while (piece < end && !found) {
		const char *nl = memchr(piece, '\n', (size_t)(end - piece));
		keep(m, piece, (size_t)((nl ? nl : end) - piece));
		piece = nl ? nl + 1 : end;
		if (!nl)
			break;
		if (m->n && m->line[m->n - 1] == '\r')
			m->n--;
		m->line[m->n] = 0;
		found = regexec(m->re, m->line, 0, NULL, 0) == 0;
		m->n = 0;
	}
	if (found)
		m->n = 0;
	return found;
}
