#include "core/cause.h"

#include "base/parse.h"
#include "base/text.h"
#include "core/service_impl.h"

const char *cause_of_exit(const struct service *s, char *buf, size_t size)
{
	char sig[16];

	if (s->start_failed)
		(void)text_format(buf, size, "cannot start: %s", s->failure);
	else if (s->last.exited)
		(void)text_format(buf, size, "exited with code %d", s->last.code);
	else
		(void)text_format(buf, size, "killed by %s%s", signal_text(s->last.code, sig, sizeof(sig)),
				  s->last.core ? ", core dumped" : "");
	return buf;
}

const char *cause_of_step(const struct service *s, enum event event, usec_t delay, char *buf, size_t size)
{
	struct text t;

	text_init(&t, buf, size);
	switch (event) {
	case EVENT_AGAIN:
		(void)text_add(&t, "restart in ");
		(void)text_add_span(&t, delay);
		break;
	case EVENT_GIVE_UP:
		if (s->start_failed)
			(void)text_addf(&t, "cannot start: %s", s->failure);
		else if (service_stays_down(s))
			(void)text_addf(&t, "oom_policy = stop, %s", s->last_kill);
		else if (!s->spec->autorestart) {
			char why[SERVICE_CAUSE_MAX];
			(void)text_addf(&t, "%s", cause_of_exit(s, why, sizeof(why)));
		} else
			(void)text_addf(&t, "gave up after %u unstable runs (max_restarts)", s->track.unstable);
		break;
	case EVENT_WAIT:
		(void)text_addf(&t, "waiting for %s", s->waits_for);
		break;
	case EVENT_COMPLETED:
	case EVENT_EMPTY:
	case EVENT_EXIT:
	case EVENT_FINAL: {
		char why[SERVICE_CAUSE_MAX];
		(void)text_addf(&t, "%s", cause_of_exit(s, why, sizeof(why)));
		break;
	}
	case EVENT_START:
		(void)text_add(&t, s->next_cause);
		break;
	case EVENT_EXEC_FAILED:
		(void)text_addf(&t, "cannot start: %s", s->failure);
		break;
	case EVENT_STOP:
	case EVENT_READY:
	case EVENT_TIMEOUT:
	case EVENT_RETRY:
	case EVENT_MAX:
		(void)text_add(&t, event_name(event));
		break;
	}
	return buf;
}
