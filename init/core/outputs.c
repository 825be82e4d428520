#include "core/outputs.h"

#include "base/log.h"

_Static_assert((int)LOG_ROTATE_HOURLY == (int)LOGWIRE_HOURLY && (int)LOG_ROTATE_DAILY == (int)LOGWIRE_DAILY &&
		       (int)LOG_ROTATE_WEEKLY == (int)LOGWIRE_WEEKLY,
	       "the file's words and the wire's are the same numbers");

static int stream_config(const struct service *s, enum logwire_stream stream, const char *log_dir, bool console,
			 const char *label, char *path, char *combined, struct logstream_config *ret)
{
	const struct spec *spec = s->spec;
	bool out = stream == LOGWIRE_OUT;
	int r = spec_log_path(spec, s->instance, out ? spec->out_file : spec->error_file, out ? "out" : "error", log_dir,
			      path, LOGWIRE_PATH_MAX);
	if (r == 0)
		r = spec_log_path(spec, s->instance, spec->log_file ? spec->log_file : "", "log", log_dir, combined,
				  LOGWIRE_PATH_MAX);
	*ret = (struct logstream_config){
		.stream = stream,
		.name = label,
		.path = path,
		.combined = combined,
		.format = spec->log_date_format ? spec->log_date_format : "",
		.console = console,
		.limits = { .max_size = spec->log_max_size,
			    .max_age = (spec->log_max_age + USEC_SEC - 1) / USEC_SEC,
			    .keep = spec->log_keep,
			    .every = (uint32_t)spec->log_rotate,
			    .compress = spec->log_compress },
	};
	return r;
}

static void set_stream(struct service *s, enum logwire_stream stream, struct logstream **slot, const char *log_dir,
		       bool console)
{
	char label[SERVICE_LABEL_MAX], path[LOGWIRE_PATH_MAX], combined[LOGWIRE_PATH_MAX];
	struct logstream_config c;
	const char *what = stream == LOGWIRE_OUT ? "stdout" : "stderr";

	int r = stream_config(s, stream, log_dir, console, service_label(s, label, sizeof(label)), path, combined, &c);
	if (r == 0)
		r = *slot ? logstream_change(*slot, &c) : logpipe_open(s->host->logs, &c, slot);
	if (r < 0)
		log_error("%s: no log for its %s: %s; %s", label, what, err_text(r),
			  *slot ? "keeping the old one" : "it goes to /dev/null");
}

void outputs_set(struct service *s, const char *log_dir, bool console)
{
	set_stream(s, LOGWIRE_OUT, &s->out, log_dir, console);
	set_stream(s, LOGWIRE_ERR, &s->err, log_dir, console);
}
