/* dump - the list for programs: jlist, pid, id; and prettylist, the same for people. */
#include "tools/cli/ask.h"
#include "tools/cli/look.h"
#include "tools/cli/out.h"

#include "base/banned.h"

/* The sorted services of a List, owned by the caller; NULL with the exit code in *code. */
static json_t *list(struct cli *c, int *code)
{
	struct reply r;
	*code = ask_list(c, false, &r);
	if (*code != EXIT_DONE)
		return NULL;
	json_t *services = look_services(r.params);
	reply_done(&r);
	if (!services) {
		out_error("out of memory");
		*code = EXIT_NOT_DONE;
	}
	return services;
}

int cmd_jlist(struct cli *c)
{
	int code;
	json_t *services = list(c, &code);
	if (services)
		out_json(services, false);
	json_decref(services);
	return code;
}

static void print_value(const json_t *v, int depth);

static void print_indent(int depth)
{
	(void)fprintf(stdout, "%*s", depth * 2, "");
}

static void print_members(const json_t *o, int depth)
{
	const char *key;
	json_t *v;
	json_object_foreach((json_t *)o, key, v) {
		print_indent(depth);
		out_safe(stdout, key);
		(void)fputs(": ", stdout);
		print_value(v, depth);
	}
}

static void print_items(const json_t *a, int depth)
{
	size_t i;
	json_t *v;
	json_array_foreach((json_t *)a, i, v) {
		print_indent(depth);
		(void)fputs("- ", stdout);
		print_value(v, depth + 1);
	}
}

/* A value and the end of its line; what has parts goes on in deeper lines. */
static void print_value(const json_t *v, int depth)
{
	if (json_is_object(v) || json_is_array(v)) {
		bool empty = json_object_size(v) == 0 && json_array_size(v) == 0;
		(void)fputs(!empty ? "\n" : json_is_object(v) ? "{}\n" : "[]\n", stdout);
		if (json_is_object(v))
			print_members(v, depth + 1);
		else
			print_items(v, depth + 1);
	} else if (json_is_string(v)) {
		out_safe(stdout, json_string_value(v));
		(void)fputc('\n', stdout);
	} else {
		(void)json_dumpf(v, stdout, JSON_ENCODE_ANY);
		(void)fputc('\n', stdout);
	}
}

int cmd_prettylist(struct cli *c)
{
	int code;
	json_t *services = list(c, &code);
	size_t i;
	json_t *s;
	if (services && c->json)
		out_json(services, true);
	else if (services)
		json_array_foreach(services, i, s) {
			out_safe(stdout, look_str(s, "name", "?"));
			(void)fprintf(stdout, " (%lld)\n", look_int(s, "pm_id", -1));
			print_members(s, 1);
		}
	json_decref(services);
	return code;
}

int cmd_pid(struct cli *c)
{
	int code;
	json_t *services = list(c, &code);
	size_t i;
	json_t *s;
	json_t *pids = json_array();
	if (services)
		json_array_foreach(services, i, s) {
			(void)json_array_append_new(pids, json_integer(look_int(s, "pid", 0)));
			if (!c->json)
				(void)fprintf(stdout, "%lld\n", look_int(s, "pid", 0));
		}
	if (services && c->json)
		out_json(pids, false);
	json_decref(pids);
	json_decref(services);
	return code;
}

int cmd_id(struct cli *c)
{
	int code;
	json_t *services = list(c, &code);
	json_t *ids = json_array();
	size_t i;
	json_t *s;
	if (services) {
		json_array_foreach(services, i, s)
			(void)json_array_append_new(ids, json_integer(look_int(s, "pm_id", 0)));
		out_json(ids, false);
	}
	json_decref(ids);
	json_decref(services);
	return code;
}
