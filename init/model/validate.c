/* validate - see the header. */
#include "model/validate.h"

#include "base/banned.h"
#include "model/value.h"

void validate_caps(const struct spec *s, struct section *own, struct diag *diag)
{
	struct entry *e = section_find(own, "memory_max");
	struct where at;

	if (!e)
		e = section_find(own, "max_memory_restart");
	if (!e || s->memory_max == 0 || s->max_memory_restart == 0 || s->memory_max > s->max_memory_restart)
		return;
	at = section_where(own, e);
	diag_warn(diag, &at, e->name, e->value,
		  "memory_max is not above max_memory_restart, so the kernel kills before pm1 restarts; using both all the same");
}

void validate_schedule(const struct spec *s, struct section *own, struct diag *diag)
{
	const struct entry *e = section_find(own, "schedule");
	struct where at = section_where(own, e);

	if (s->cron_restart)
		diag_error(diag, &at, "schedule", s->schedule,
			   "cron_restart is given too: one restarts what runs on, the other runs what ends (cron_restart = none)");
	if (s->critical)
		diag_warn(diag, &at, "schedule", s->schedule, "with critical = yes the first run's end is the end of pm1; going on");
}

/* Whether n bytes are a word that only a shell gives a meaning. */
static bool is_operator(const char *word, size_t n)
{
	static const char *const operators[] = { "|", "||", "&&", "&", ">", ">>", "<", "2>", "2>&1", ">/dev/null" };

	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++)
		if (strlen(operators[i]) == n && memcmp(operators[i], word, n) == 0)
			return true;
	return false;
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The first piece of the command that only a shell would understand: *ret_n bytes, or NULL. */
static const char *shell_habit(const char *command, size_t *ret_n)
{
	bool doubled = false; /* inside double quotes */
	bool word_begins = true;

	for (const char *p = command; *p; p++) {
		size_t n = strcspn(p, " \t");

		if (word_begins && !doubled && is_operator(p, n)) {
			*ret_n = n;
			return p;
		}
		word_begins = *p == ' ' || *p == '\t';
		if ((*p == '\\' && p[1]) || (*p == '$' && p[1] == '$')) {
			p++;
		} else if (*p == '"') {
			doubled = !doubled;
		} else if (*p == '\'' && !doubled && value_quote_end(p)) {
			p = value_quote_end(p);
		} else if (*p == '$' && is_name_start(p[1])) {
			*ret_n = 1;
			while (is_name_start(p[*ret_n]) || (p[*ret_n] >= '0' && p[*ret_n] <= '9'))
				(*ret_n)++;
			return p;
		}
	}
	return NULL;
}

void validate_command(const char *command, const struct where *at, const struct entry *e, struct diag *diag)
{
	size_t n = 0;
	const char *habit = shell_habit(command, &n);
	int shown = n > 64 ? 64 : (int)n;

	if (!habit)
		return;
	if (*habit == '$')
		diag_warn(diag, at, e->name, e->value,
			  "without a shell '%.*s' stays as it is (write ${%.*s}, or $$%.*s if it is meant, or shell = yes)",
			  shown, habit, shown - 1, habit + 1, shown - 1, habit + 1);
	else
		diag_warn(diag, at, e->name, e->value,
			  "without a shell '%.*s' is an argument (say shell = yes, or put it in quotes if it is meant)",
			  shown, habit);
}
