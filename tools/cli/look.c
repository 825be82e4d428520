/* look - a dotted path, walked one member a step. */
#include "tools/cli/look.h"

#include "base/banned.h"
#include "base/text.h"

const json_t *look(const json_t *o, const char *path)
{
	while (o && *path) {
		char key[64];
		size_t n = strcspn(path, ".");
		if (text_format(key, sizeof(key), "%.*s", (int)n, path) < 0)
			return NULL;
		o = json_object_get(o, key);
		path += n + (path[n] == '.');
	}
	return json_is_null(o) ? NULL : o;
}

const char *look_str(const json_t *o, const char *path, const char *missing)
{
	const char *s = json_string_value(look(o, path));
	return s ? s : missing;
}

long long look_int(const json_t *o, const char *path, long long missing)
{
	const json_t *v = look(o, path);
	if (json_is_integer(v))
		return json_integer_value(v);
	return json_is_real(v) ? (long long)json_real_value(v) : missing;
}

double look_num(const json_t *o, const char *path, double missing)
{
	const json_t *v = look(o, path);
	return json_is_number(v) ? json_number_value(v) : missing;
}

bool look_bool(const json_t *o, const char *path)
{
	return json_is_true(look(o, path));
}

static int by_name_then_id(const void *pa, const void *pb)
{
	const json_t *a = *(json_t *const *)pa, *b = *(json_t *const *)pb;
	int r = strcmp(look_str(a, "name", ""), look_str(b, "name", ""));
	if (r != 0)
		return r;
	long long x = look_int(a, "pm_id", 0), y = look_int(b, "pm_id", 0);
	return (x > y) - (x < y);
}

json_t *look_services(const json_t *params)
{
	const json_t *services = look(params, "services");
	size_t n = json_array_size(services);
	json_t *sorted = json_array();
	json_t **v = calloc(n + 1, sizeof(*v));
	size_t kept = 0;
	for (size_t i = 0; v && i < n; i++) {
		json_t *s = json_array_get(services, i);
		if (json_is_object(s))
			v[kept++] = s;
	}
	bool ok = sorted && v;
	if (ok)
		qsort(v, kept, sizeof(*v), by_name_then_id);
	for (size_t i = 0; ok && i < kept; i++)
		ok = json_array_append(sorted, v[i]) == 0;
	free(v);
	if (!ok) {
		json_decref(sorted);
		return NULL;
	}
	return sorted;
}
