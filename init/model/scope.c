#include "model/scope.h"

int scope_apply(const struct scope *scope, struct spec *s, struct diag *diag)
{
	int r;

	if (!scope)
		return 0;
	r = scope_apply(scope->up, s, diag);
	if (r < 0 || !scope->defaults)
		return r;
	return section_apply(scope->defaults, s, KEY_IN_SERVICE, diag);
}

struct entry *scope_find(const struct scope *scope, struct section *own, const char *key, struct section **ret_section)
{
	struct entry *e = own ? section_find(own, key) : NULL;

	*ret_section = own;
	for (; !e && scope; scope = scope->up) {
		e = scope->defaults ? section_find(scope->defaults, key) : NULL;
		*ret_section = scope->defaults;
	}
	return e;
}
