#include "wire/message.h"
#include "wire/verbs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse(const char *text, struct call *c)
{
	return message_parse_call(text, strlen(text), c);
}

Test(message, a_call_has_its_method_parameters_and_flags)
{
	struct call c;
	cr_assert_eq(parse("{\"method\":\"io.pm1.Stop\",\"parameters\":{\"targets\":[\"web\"]},\"more\":true}", &c), 0);
	cr_assert_str_eq(c.method, "io.pm1.Stop");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(c.params, "targets"), 0)), "web");
	cr_assert(c.more);
	cr_assert(!c.oneway);
	call_done(&c);
}

Test(message, parameters_left_out_are_an_empty_object)
{
	struct call c;
	cr_assert_eq(parse("{\"method\":\"io.pm1.Ping\"}", &c), 0);
	cr_assert(json_is_object(c.params));
	cr_assert_eq(json_object_size(c.params), 0);
	call_done(&c);
	cr_assert_eq(parse("{\"method\":\"io.pm1.Ping\",\"parameters\":null}", &c), 0);
	cr_assert(json_is_object(c.params));
	call_done(&c);
}

Test(message, members_of_another_version_are_passed_over)
{
	struct call c;
	cr_assert_eq(parse("{\"method\":\"x\",\"colour\":[1,2],\"upgrade\":false}", &c), 0);
	call_done(&c);
}

Test(message, what_is_no_call_is_refused_and_leaves_the_result_alone)
{
	static const char *const bad[] = {
		"", " ", "{", "[]", "17", "\"x\"", "null", "{}", "{\"method\":1}", "{\"method\":\"\"}",
		"{\"method\":\"x\",\"parameters\":[]}", "{\"method\":\"x\",\"parameters\":\"y\"}",
		"{\"method\":\"x\",\"more\":1}", "{\"method\":\"x\",\"oneway\":\"yes\"}",
		"{\"method\":\"x\"} {}", "{\"method\":\"x\",\"method\":\"y\"}",
		"{\"method\":\"\xff\xfe\"}", "{\"method\":\"a\\u0000b\"}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct call c = { .method = (char *)bad };
		cr_assert_eq(parse(bad[i], &c), -EBADMSG, "%s", bad[i]);
		cr_assert_eq(c.method, (char *)bad, "%s", bad[i]);
	}
}

Test(message, nesting_without_end_is_refused)
{
	size_t n = 100000;
	char *deep = malloc(n + 1);
	memset(deep, '[', n);
	deep[n] = '\0';
	struct call c;
	cr_assert_eq(message_parse_call(deep, n, &c), -EBADMSG);
	free(deep);
}

Test(message, a_call_written_is_read_back)
{
	char *text = message_call("io.pm1.List", json_pack("{s:[s]}", "targets", "\xe2\x86\xba \"q\"\n"), true);
	struct call c;
	cr_assert_eq(parse(text, &c), 0);
	cr_assert_str_eq(c.method, "io.pm1.List");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(c.params, "targets"), 0)), "\xe2\x86\xba \"q\"\n");
	cr_assert(c.more);
	call_done(&c);
	free(text);
}

Test(message, a_reply_and_an_error_are_told_apart)
{
	struct reply r;
	char *text = message_reply(json_pack("{s:i}", "pid", 7), true);
	cr_assert_eq(message_parse_reply(text, strlen(text), &r), 0);
	cr_assert_null(r.error);
	cr_assert(r.continues);
	cr_assert_eq(json_integer_value(json_object_get(r.params, "pid")), 7);
	reply_done(&r);
	free(text);

	text = message_error(ERROR_DENIED, json_pack("{s:s}", "method", "io.pm1.Kill"));
	cr_assert_eq(message_parse_reply(text, strlen(text), &r), 0);
	cr_assert_str_eq(r.error, "io.pm1.Denied");
	cr_assert(!r.continues);
	reply_done(&r);
	free(text);
}

Test(message, a_reply_of_nothing_is_an_empty_object)
{
	char *text = message_reply(NULL, false);
	cr_assert_str_eq(text, "{\"parameters\":{}}");
	free(text);
}

Test(message, what_is_no_reply_is_refused)
{
	static const char *const bad[] = { "", "[]", "{\"error\":3}", "{\"parameters\":1}", "{\"continues\":\"\"}" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct reply r;
		cr_assert_eq(message_parse_reply(bad[i], strlen(bad[i]), &r), -EBADMSG, "%s", bad[i]);
	}
}

Test(verbs, each_method_is_found_by_its_name_and_described)
{
	for (int i = 0; i < VERB_MAX; i++) {
		const struct verb_info *v = verb_info((enum verb)i);
		cr_assert_not_null(v->method, "verb %d", i);
		cr_assert_eq(verb_find(v->method), (enum verb)i, "%s", v->method);
		if (strncmp(v->method, "io.pm1.", 7) != 0)
			continue;
		char want[80];
		snprintf(want, sizeof(want), "method %s(", v->method + 7);
		cr_assert_not_null(strstr(verbs_interface, want), "%s is not in the interface text", v->method);
	}
	cr_assert_eq(verb_find("io.pm1.Nope"), VERB_MAX);
}
