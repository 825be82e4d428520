#include "core/outputs.h"

#include "base/log.h"
#include "base/text.h"
#include "model/ready.h"
#include "os/ids.h"

_Static_assert((int)LOG_ROTATE_HOURLY == (int)LOGWIRE_HOURLY && (int)LOG_ROTATE_DAILY == (int)LOGWIRE_DAILY &&
		       (int)LOG_ROTATE_WEEKLY == (int)LOGWIRE_WEEKLY && (int)LOG_ROTATE_SPAN == (int)LOGWIRE_SPAN &&
		       (int)LOG_FORMAT_PREFIX == (int)LOGWIRE_PREFIX && (int)LOG_FORMAT_JSON == (int)LOGWIRE_JSON &&
		       (int)LOG_OVERFLOW_BLOCK == (int)LOGWIRE_BLOCK && (int)LOG_CONSOLE_RAW == (int)LOGWIRE_CONSOLE_RAW &&
		       (int)LOG_CONSOLE_PREFIX == (int)LOGWIRE_CONSOLE_PREFIX && (int)LOG_CONSOLE_JSON == (int)LOGWIRE_CONSOLE_JSON,
	       "the file's words and the wire's are the same numbers");

/* The number of a name in `key`; LOGWIRE_NOBODY where there's none. A name that isn't known is told, and stands for nobody. */
static void find_ids(const struct service *s, const char *key, const char *user, const char *group, uint32_t *ret_uid, uint32_t *ret_gid)
{
	struct ids ids = { 0 };
	const char *bad = NULL;
	int r = user || group ? ids_resolve(user, group, &ids, &bad) : 0;

	if (r < 0 && ret_gid) /* an unknown user of the service itself is told at its start */
		log_warning("%s: %s: no such %s (%s); the log files stay pm1's", s->spec->name, key, bad ? bad : "user", err_text(r));
	*ret_uid = r == 0 && ids.set_user ? ids.uid : LOGWIRE_NOBODY;
	if (ret_gid)
		*ret_gid = r == 0 && ids.set_group ? ids.gid : LOGWIRE_NOBODY;
}

static void find_owner(const struct service *s, struct logwire_rules *rules)
{
	const char *owner = s->spec->log_owner ? s->spec->log_owner : "", *colon = strchr(owner, ':');
	char user[256];

	(void)text_format(user, sizeof(user), "%.*s", (int)(colon ? (size_t)(colon - owner) : strlen(owner)), owner);
	find_ids(s, "log_owner", user[0] ? user : NULL, colon ? colon + 1 : NULL, &rules->uid, &rules->gid);
	find_ids(s, "user", s->spec->user, NULL, &rules->friend_uid, NULL);
}

static struct logwire_rules rules_of(const struct service *s, const struct outputs_place *place)
{
	const struct spec *spec = s->spec;
	struct logwire_rules rules = {
		.limits = { .max_size = spec->log_max_size,
			    .max_age = (spec->log_max_age + USEC_SEC - 1) / USEC_SEC,
			    .max_total = spec->log_total_max,
			    .span = spec->log_rotate_every / USEC_SEC,
			    .keep = spec->log_keep,
			    .every = (uint32_t)spec->log_rotate,
			    .compress = spec->log_compress },
		.rate = spec->log_rate_limit,
		.form = (uint32_t)spec->log_format,
		.console = place->console,
		.overflow = (uint32_t)spec->log_overflow,
		.instance = s->instance,
		.mode = spec->log_mode < 0 ? LOGWIRE_NOBODY : (uint32_t)spec->log_mode,
	};

	find_owner(s, &rules);
	return rules;
}

static void sink_words(const struct spec *spec, char *buf, size_t size)
{
	struct text t;

	text_init(&t, buf, size);
	for (size_t i = 0; i < spec->log_sink.n; i++)
		(void)text_addf(&t, "%s%s", i ? " " : "", spec->log_sink.v[i]); /* custom_log_sink() sees to it that all have room */
}

static void set_stream(struct service *s, enum logwire_stream stream, struct logstream **slot, const struct outputs_place *place,
		       const struct logwire_rules *rules)
{
	const struct spec *spec = s->spec;
	bool out = stream == LOGWIRE_OUT;
	const char *file = out ? spec->out_file : spec->error_file, *what = out ? "stdout" : "stderr";
	char label[SERVICE_LABEL_MAX], path[LOGWIRE_PATH_MAX], combined[LOGWIRE_PATH_MAX], sink[LOGWIRE_SINK_MAX];

	int r = spec_log_path(spec, s->instance, file, out ? "out" : "error", place->log_dir, path, sizeof(path));
	if (r == 0)
		r = spec_log_path(spec, s->instance, spec->log_file ? spec->log_file : "", "log", place->log_dir, combined,
				  sizeof(combined));
	sink_words(spec, sink, sizeof(sink));
	struct ready how;
	bool by_log = !ready_parse(spec->ready, &how) && how.kind == READY_LOG;
	struct logstream_config c = {
		.stream = stream,
		.name = service_label(s, label, sizeof(label)),
		.service = spec->name,
		.path = path,
		.combined = combined,
		.format = spec->log_date_format ? spec->log_date_format : "",
		.sink = sink,
		.match = by_log ? how.arg : "",
		.rules = *rules,
	};
	if (!file && !place->log_dir[0])
		c.rules.ring = place->ring;
	if (r == 0)
		r = *slot ? logstream_change(*slot, &c) : logpipe_open(s->host->logs, &c, slot);
	if (r < 0)
		log_error("%s: no log for its %s: %s; %s", label, what, err_text(r),
			  *slot ? "keeping the old one" : "it goes to /dev/null");
}

void outputs_set(struct service *s, const struct outputs_place *place)
{
	struct logwire_rules rules = rules_of(s, place);

	set_stream(s, LOGWIRE_OUT, &s->out, place, &rules);
	set_stream(s, LOGWIRE_ERR, &s->err, place, &rules);
}
