#include "tests/reload/tally.h"

#include <assert.h>
#include <string.h>

static const char *const names[] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_RESET_CONNECT] = "reset_connect",
	[OUTCOME_RESET_BEFORE] = "reset_before",
	[OUTCOME_RESET_MID] = "reset_mid",
	[OUTCOME_CLOSED_BEFORE] = "closed_before",
	[OUTCOME_CLOSED_MID] = "closed_mid",
	[OUTCOME_TIMEOUT_CONNECT] = "timeout_connect",
	[OUTCOME_TIMEOUT_ANSWER] = "timeout_answer",
	[OUTCOME_BAD] = "bad",
	[OUTCOME_STALE] = "stale",
	[OUTCOME_LOCAL] = "local",
};
static_assert(sizeof(names) / sizeof(*names) == OUTCOME_MAX, "each outcome has a name");

/* Small ones are their own bucket; above, TALLY_STEPS buckets for each power of two. */
static size_t bucket_of(uint64_t us)
{
	if (us < TALLY_STEPS)
		return (size_t)us;
	unsigned int power = 63 - (unsigned int)__builtin_clzll(us), base = (unsigned int)__builtin_ctz(TALLY_STEPS);
	return (size_t)(power - base + 1) * TALLY_STEPS + (size_t)((us >> (power - base)) - TALLY_STEPS);
}

/* The highest value of a bucket. */
static uint64_t bucket_top(size_t b)
{
	if (b < TALLY_STEPS)
		return b;
	unsigned int shift = (unsigned int)(b / TALLY_STEPS) - 1;
	return (((uint64_t)(b % TALLY_STEPS) + TALLY_STEPS + 1) << shift) - 1;
}

void tally_ok(struct tally *t, uint64_t us)
{
	t->of[OUTCOME_OK]++;
	t->latency[bucket_of(us)]++;
	if (us > t->max_us)
		t->max_us = us;
}

static uint64_t quantile(const struct tally *t, uint64_t percent)
{
	uint64_t wanted = (t->of[OUTCOME_OK] * percent + 99) / 100, seen = 0;

	for (size_t b = 0; b < sizeof(t->latency) / sizeof(*t->latency); b++) {
		seen += t->latency[b];
		if (seen && seen >= wanted)
			return bucket_top(b) < t->max_us ? bucket_top(b) : t->max_us;
	}
	return 0;
}

uint64_t tally_total(const struct tally *t)
{
	uint64_t n = 0;

	for (int i = 0; i < OUTCOME_MAX; i++)
		n += t->of[i];
	return n;
}

void tally_print(const struct tally *t, FILE *f)
{
	fputc('{', f);
	for (int i = 0; i < OUTCOME_MAX; i++)
		fprintf(f, "\"%s\":%llu,", names[i], (unsigned long long)t->of[i]);
	fprintf(f, "\"failed\":%llu,\"p50\":%llu,\"p99\":%llu,\"max\":%llu}",
		(unsigned long long)(tally_total(t) - t->of[OUTCOME_OK] - t->of[OUTCOME_STALE]), (unsigned long long)quantile(t, 50),
		(unsigned long long)quantile(t, 99), (unsigned long long)t->max_us);
}

void bodies_add(struct bodies *b, const char *text)
{
	size_t i = b->n;

	/* The newest is the likeliest. */
	while (i > 0 && strcmp(b->v[i - 1].text, text) != 0)
		i--;
	if (i > 0) {
		b->v[i - 1].n++;
	} else if (b->n < TALLY_BODIES) {
		(void)snprintf(b->v[b->n].text, sizeof(b->v[b->n].text), "%s", text);
		b->v[b->n++].n = 1;
	} else {
		b->more++;
	}
}

void bodies_print(const struct bodies *b, FILE *f)
{
	fputc('{', f);
	for (size_t i = 0; i < b->n; i++)
		fprintf(f, "%s\"%s\":%llu", i ? "," : "", b->v[i].text, (unsigned long long)b->v[i].n);
	if (b->more)
		fprintf(f, "%s\"(others)\":%llu", b->n ? "," : "", (unsigned long long)b->more);
	fputc('}', f);
}
