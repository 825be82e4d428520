#include "model/keys.h"
#include "tests/model/load.h"

Test(keys, the_table_is_whole)
{
	for (size_t i = 0; i < keys_count(); i++) {
		const struct key *k = keys_at(i);
		char allowed[256];

		cr_expect_not_null(k->name);
		cr_expect_not_null(k->dflt, "%s", k->name);
		cr_expect_not_null(k->help, "%s", k->name);
		cr_expect(strlen(k->help) > 0 && strlen(k->help) < 100, "%s", k->name);
		cr_expect_str_neq(keys_allowed(k, allowed, sizeof(allowed)), "", "%s", k->name);
		cr_expect_eq(k->type == KEY_CUSTOM, k->set != NULL, "%s", k->name);
		cr_expect_eq(k->type == KEY_CHOICE, k->choices != NULL, "%s", k->name);
		cr_expect_eq(keys_find(k->name, k->place, NULL), k, "%s is found as another", k->name);
	}
	cr_expect_null(keys_at(keys_count()));
}

Test(keys, every_default_is_a_value_of_its_own_key)
{
	struct diag *d = diag_new();
	struct where at = { .file = "x.ini", .line = 1 };

	for (size_t i = 0; i < keys_count(); i++) {
		const struct key *k = keys_at(i);
		struct spec *s = spec_new();
		struct spec_pm1 p = { 0 };

		if (*k->dflt)
			cr_expect_eq(keys_set(k->place == KEY_IN_PM1 ? (void *)&p : (void *)s, k->place, &at, "/", k->name, k->dflt, d),
				     0, "%s = %s", k->name, k->dflt);
		spec_unref(s);
		spec_pm1_done(&p);
	}
	cr_expect_eq(diag_errors(d), 0);
	diag_free(d);
}

Test(keys, pm2s_names_are_known)
{
	static const char *const pairs[][2] = {
		{ "script", "command" }, { "exec", "command" }, { "cmd", "command" }, { "error", "error_file" },
		{ "err", "error_file" }, { "err_log", "error_file" }, { "out", "out_file" }, { "output", "out_file" },
		{ "out_log", "out_file" }, { "log", "log_file" }, { "uid", "user" }, { "gid", "group" },
		{ "combine_logs", "merge_logs" }, { "watch_ignore", "ignore_watch" }, { "maxMemoryRestart", "max_memory_restart" },
		{ "expBackoffRestartDelay", "exp_backoff_restart_delay" }, { "errLog", "error_file" },
		{ "instanceVar", "instance_var" }, { "combineLogs", "merge_logs" }, { "cwd", "cwd" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		const struct key *k = keys_find(pairs[i][0], KEY_IN_SERVICE, NULL);

		cr_assert_not_null(k, "%s", pairs[i][0]);
		cr_expect_str_eq(k->name, pairs[i][1]);
	}
	cr_expect_null(keys_find("Command", KEY_IN_PM1, NULL));
	cr_expect_null(keys_find("", KEY_IN_SERVICE, NULL));
	cr_expect_null(keys_find("restart", KEY_IN_SERVICE, NULL));
	cr_expect_null(keys_find("ENV.A", KEY_IN_SERVICE, NULL));
}

Test(keys, no_name_or_alias_means_two_keys)
{
	for (size_t i = 0; i < keys_count(); i++) {
		const char *list = keys_at(i)->aliases;

		while (list && *list) {
			size_t n = strcspn(list, " ");
			char *alias = strndup(list, n);

			cr_expect_eq(keys_find(alias, keys_at(i)->place, NULL), keys_at(i), "%s", alias);
			free(alias);
			list += n + (list[n] == ' ');
		}
	}
}

Test(keys, the_nearest_name_is_of_the_same_place)
{
	cr_expect_str_eq(keys_nearest("comand", KEY_IN_SERVICE), "command");
	cr_expect_str_eq(keys_nearest("restartDealy", KEY_IN_SERVICE), "restart_delay");
	cr_expect_str_eq(keys_nearest("exit_wen", KEY_IN_PM1), "exit_when");
	cr_expect_null(keys_nearest("comand", KEY_IN_PM1));
	cr_expect_not_null(keys_hint("args"));
	cr_expect_null(keys_hint("command"));
}

Test(keys, none_is_no_log)
{
	static const char *const none[] = { "none", "NONE", "NULL", "/dev/null" };

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		char text[100];

		snprintf(text, sizeof(text), "[service:a]\ncommand=x\nout_file=%s\n", none[i]);
		struct loaded l = load_good(text);

		cr_expect_str_eq(l.c.specs[0]->out_file, "");
		unload(&l);
	}
}

Test(keys, lists_are_parted_by_blanks_and_commas)
{
	struct loaded l = load_good("[service:a]\ncommand=x\nstop_exit_codes = 0, 3,7 255\nignore_watch = node_modules, 'a, b' c\\,d\n"
				    "watch = yes\n");
	struct spec *s = l.c.specs[0];

	for (unsigned int i = 0; i < 256; i++)
		cr_expect_eq(s->stop_exit_codes[i], i == 0 || i == 3 || i == 7 || i == 255, "%u", i);
	cr_assert_eq(s->ignore_watch.n, 3);
	cr_expect_str_eq(s->ignore_watch.v[1], "a, b");
	cr_expect_str_eq(s->ignore_watch.v[2], "c,d");
	cr_expect(s->watch);
	cr_expect_eq(s->watch_paths.n, 0);
	unload(&l);
}
