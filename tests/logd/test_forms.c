/* What stands in a stream's files in each form, and whose it is. */
#include "tests/logd/streams.h"

#include "tests/logd/decode.h"

#include <sys/stat.h>

TestSuite(forms, .init = streams_begin, .fini = streams_done, .timeout = 60);

static struct stream *open_form(enum logwire_form form, const char *format)
{
	struct logwire_packet p = streams_packet(0, "a.log", "", format);
	struct stream *s;

	p.rules.form = form;
	p.rules.instance = 3;
	(void)text_copy(p.name, sizeof(p.name), "web-3");
	s = streams_open_packet(&p);
	stream_begin(s);
	return s;
}

static struct decoded objects(void)
{
	struct decoded d = { 0 };
	const char *text = folder_get("a.log");

	decode_lines(&d, text, strlen(text));
	return d;
}

Test(forms, a_json_line_has_the_service_without_its_instance_and_the_moment_it_came)
{
	struct stream *s = open_form(LOGWIRE_JSON, "");
	usec_t from = clock_wall(), to;
	char early[LINE_TIME_MAX], late[LINE_TIME_MAX];

	slots[0].pid = 77;
	streams_say(0, "one\n");
	cr_assert_eq(loop_once(loop), 0);
	to = clock_wall();
	json_t *o = json_loads(folder_get("a.log"), 0, NULL);
	cr_assert_not_null(o);
	cr_expect_str_eq(json_string_value(json_object_get(o, "service")), "web");
	cr_expect_eq(json_integer_value(json_object_get(o, "instance")), 3);
	cr_expect_eq(json_integer_value(json_object_get(o, "pid")), 77);
	cr_expect_str_eq(json_string_value(json_object_get(o, "stream")), "stdout");
	const char *time = json_string_value(json_object_get(o, "time"));
	cr_expect_geq(strcmp(time, line_time(from, early)), 0, "%s", time);
	cr_expect_leq(strcmp(time, line_time(to, late)), 0, "%s", time);
	json_decref(o);
	stream_free(s);
}

Test(forms, a_prefix_has_the_time_with_its_zone_the_name_and_the_stream)
{
	struct stream *s = open_form(LOGWIRE_PREFIX, "");
	int year, ms;
	char rest[32];

	streams_say(0, "one\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_assert_eq(sscanf(folder_get("a.log"), "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%3d+00:00 %31[^\n]", &year, &ms, rest), 3, "%s", folder_get("a.log"));
	cr_expect_str_eq(rest, "web-3 out: one");
	stream_free(s);
	(void)unlink("a.log");
	s = open_form(LOGWIRE_PREFIX, "[at]");
	streams_say(0, "two\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_expect_str_eq(folder_get("a.log"), "at web-3 out: two\n", "the service's own stamp");
	stream_free(s);
}

/* The end of a line comes later, and so does that of a character. */
Test(forms, a_line_that_comes_in_parts_is_parts_of_one_line)
{
	struct stream *s = open_form(LOGWIRE_JSON, "");

	streams_say(0, "one\nprompt> ");
	stream_drain(s, false);
	streams_say(0, "yes \xe2\x82");
	stream_drain(s, false);
	streams_say(0, "\xac\nend\n");
	stream_drain(s, false);
	struct decoded d = objects();
	cr_expect_eq(d.objects, 5);
	cr_expect_eq(d.partial, 2);
	cr_expect_eq(d.base64, 2);
	cr_expect_str_eq(d.bytes, "one\nprompt> yes \xe2\x82\xac\nend\n");
	decoded_done(&d);
	stream_free(s);
}

/* As PID 1 notes a restart: all that is in the pipe up to there was said by the old one. */
Test(forms, the_last_words_of_a_process_have_its_pid_and_the_first_of_the_next_have_the_next_one)
{
	static const char *const lasts[] = { "last words\n", "last words", "" };

	for (size_t i = 0; i < ARRAY_LEN(lasts); i++) {
		struct stream *s = open_form(LOGWIRE_JSON, "");
		(void)unlink("a.log");
		slots[0] = (struct logslot){ .pid = 10 };
		streams_say(0, "one\n");
		cr_assert_eq(loop_once(loop), 0);
		streams_say(0, lasts[i]);
		slots[0].pid_before = 10;
		slots[0].pid_from = 4 + strlen(lasts[i]);
		slots[0].pid = 11;
		streams_say(0, "first\nsecond\n");
		stream_drain(s, false);
		const char *text = folder_get("a.log");
		size_t old = 0, new = 0;
		for (const char *p = text; *p; p = strchr(p, '\n') + 1) {
			struct decoded d = { 0 };
			decode_object(&d, p, (size_t)(strchr(p, '\n') - p));
			bool first = d.n > 0 && (strncmp(d.bytes, "first", 5) == 0 || strncmp(d.bytes, "second", 6) == 0);
			cr_expect_eq(d.pid, first ? 11 : 10, "%.*s", (int)strcspn(p, "\n"), p);
			old += !first;
			new += first;
			decoded_done(&d);
		}
		cr_expect_eq(new, 2, "%s", text);
		cr_expect_eq(old, *lasts[i] ? 2 : 1, "%s", text);
		stream_free(s);
	}
}

/* Where calls are refused by a filter: the same, copied. */
Test(forms, without_splice_and_tee_each_form_is_the_same)
{
	static char lines[200000], got[sizeof(lines)];
	static const char *const refused[][2] = { { "splice", "tee" }, { "splice", "splice" }, { "tee", "tee" } };
	uint32_t state = 5;

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		for (enum logwire_form form = LOGWIRE_RAW; form <= LOGWIRE_JSON; form++) {
			struct stream *s = open_form(form, "[at]");
			size_t n = 0;
			(void)unlink("a.log");
			slots[0] = (struct logslot){ 0 };
			sys_fake_fail_always(refused[i][0], EPERM);
			sys_fake_fail_always(refused[i][1], EPERM);
			for (int k = 0; k < 40; k++) {
				char part[4001];
				size_t len = random_next(&state) % 4000;
				for (size_t b = 0; b < len; b++)
					part[b] = random_next(&state) % 60 ? 'x' : '\n';
				part[len] = 0;
				streams_say(0, part);
				memcpy(lines + n, part, len);
				n += len;
				if (k % 3 == 0)
					stream_drain(s, k % 2);
			}
			lines[n++] = '\n';
			streams_say(0, "\n");
			stream_drain(s, false);
			sys_fake_reset();
			stream_free(s);
			host.no_splice = host.no_tee = false;
			cr_assert_eq(slots[0].written, n);
			cr_assert_eq(slots[0].dropped, 0);
			struct stat st;
			cr_assert_eq(stat("a.log", &st), 0);
			cleanup_free char *text = calloc(1, (size_t)st.st_size + 1);
			int fd = open("a.log", O_RDONLY | O_CLOEXEC);
			cr_assert(text && read(fd, text, (size_t)st.st_size) == st.st_size);
			close_fd(&fd);
			size_t m = 0;
			if (form == LOGWIRE_JSON) {
				struct decoded d = { 0 };
				decode_lines(&d, text, (size_t)st.st_size);
				memcpy(got, d.bytes, m = d.n);
				decoded_done(&d);
			} else {
				const char *head = form == LOGWIRE_RAW ? "at: " : "at web-3 out: ";
				for (char *p = text, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
					cr_assert_eq(strncmp(p, head, strlen(head)), 0);
					p += strlen(head);
					memcpy(got + m, p, (size_t)(nl + 1 - p));
					m += (size_t)(nl + 1 - p);
				}
			}
			cr_assert(m == n && memcmp(got, lines, n) == 0, "form %d, %s: %zu bytes of %zu", form, refused[i][0], m, n);
		}
	}
}

Test(forms, a_change_of_mode_holds_from_the_next_line_on)
{
	struct stream *s = open_form(LOGWIRE_RAW, "");
	struct logwire_packet p = streams_packet(0, "a.log", "", "");
	struct stat st;

	streams_say(0, "one\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_assert_eq(stat("a.log", &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0640);
	p.rules.mode = 0604;
	cr_assert_eq(stream_change(s, &p), 0);
	streams_say(0, "two\n");
	cr_assert_eq(loop_once(loop), 0);
	cr_assert_eq(stat("a.log", &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0604);
	cr_expect_str_eq(folder_get("a.log"), "one\ntwo\n");
	stream_free(s);
}

/* What went to the file as it was may have left half a line there, and whatever the slot said of lines is long over. */
Test(forms, another_form_begins_on_a_line_of_its_own)
{
	static const struct {
		enum logwire_form form;
		const char *format, *expected;
	} to[] = { { LOGWIRE_PREFIX, "[at]", "one\nprompt> \nat web out: yes\nat web out: end\n" },
		   { LOGWIRE_RAW, "[at]", "one\nprompt> \nat: yes\nat: end\n" },
		   { LOGWIRE_RAW, "", "one\nprompt> yes\nend\n" } };

	for (size_t i = 0; i < ARRAY_LEN(to); i++) {
		struct logwire_packet p = streams_packet(0, "a.log", "", to[i].format);
		struct stream *s = open_form(LOGWIRE_RAW, "");
		(void)unlink("a.log");
		slots[0] = (struct logslot){ .midline = true };
		streams_say(0, "one\nprompt> ");
		stream_drain(s, false);
		cr_expect_str_eq(folder_get("a.log"), "one\nprompt> ");
		p.rules.form = to[i].form;
		cr_assert_eq(stream_change(s, &p), 0);
		streams_say(0, "yes\nend\n");
		stream_drain(s, false);
		cr_expect_str_eq(folder_get("a.log"), to[i].expected, "%s", folder_get("a.log"));
		stream_free(s);
	}
}

/* A successor that knows nothing of what there was before finds the file as it is. */
Test(forms, json_begins_on_a_line_of_its_own_after_any_form)
{
	static const char *const formats[] = { "", "[at]" }, *const found[] = { "prompt> ", "at: prompt> " };

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		struct stream *s = open_form(LOGWIRE_RAW, formats[i]);
		(void)unlink("a.log");
		slots[0] = (struct logslot){ 0 };
		streams_say(0, "prompt> ");
		stream_drain(s, false);
		stream_free(s);
		cr_expect_str_eq(folder_get("a.log"), found[i]);
		s = open_form(LOGWIRE_JSON, "");
		streams_say(0, "yes\n");
		stream_drain(s, false);
		const char *text = folder_get("a.log"), *nl = strchr(text, '\n');
		cr_assert_not_null(nl);
		cr_expect_eq((size_t)(nl - text), strlen(found[i]), "%s", text);
		json_t *o = json_loads(nl + 1, 0, NULL);
		cr_assert_not_null(o, "%s", text);
		json_decref(o);
		stream_free(s);
	}
}

/* Each stream of a file that several share: its line, and the rest of the other's line behind it. */
Test(forms, a_stamped_line_does_not_go_on_half_a_line_of_another_stream)
{
	struct stream *a = streams_open(0, "a.log", "", "[at]"), *b = streams_open(1, "a.log", "", "[at]");

	stream_begin(a);
	stream_begin(b);
	streams_say(0, "prompt> ");
	stream_drain(a, false);
	streams_say(1, "one\n");
	stream_drain(b, false);
	streams_say(0, "yes\n");
	stream_drain(a, false);
	cr_expect_str_eq(folder_get("a.log"), "at: prompt> \nat: one\nyes\n");
	stream_free(a);
	stream_free(b);
}
