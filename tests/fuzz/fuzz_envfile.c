/* Any bytes as a file of variables (max_len=4096): either faults, or NAME=value entries whose names an environment may hold. */
#include "base/own.h"
#include "model/envfile.h"
#include "model/value.h"
#include "tests/fuzz/must.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag *diag = diag_new();
	struct strv env = { 0 };
	cleanup_free char *text = malloc(size + 1); /* as textfile_read() gives it */

	must(text && diag && strv_add(&env, "HERE=before") == 0);
	memcpy(text, data, size);
	text[size] = 0;
	int r = envfile_parse("some.env", text, size, diag, &env);
	must(r == 0 || r == -EINVAL);
	must((r == 0) == (diag_errors(diag) == 0));
	must(env.n >= 1 && strcmp(env.v[0], "HERE=before") == 0);
	for (size_t i = 0; i < env.n; i++) {
		const char *is = strchr(env.v[i], '=');
		must(is && value_is_env_name(env.v[i], (size_t)(is - env.v[i])));
		must(strlen(is + 1) <= size || i == 0);
	}
	strv_done(&env);
	diag_free(diag);
	return 0;
}
