/* keyhelp - `pm1 help keys`, made from the table that the parser uses. */
#include "check.h"

#include "base/banned.h"
#include "model/keys.h"

static void print_key(const struct key *k)
{
	char allowed[256];
	bool family = k->name[strlen(k->name) - 1] == '.';

	printf("  %s%s\n      %s\n      %s", k->name, family ? "NAME" : "", k->help,
	       keys_allowed(k, allowed, sizeof(allowed)));
	if (*k->dflt)
		printf("; default %s", k->dflt);
	if (k->aliases)
		printf("; also called %s", k->aliases);
	putchar('\n');
}

static void print_place(const char *title, enum key_place place)
{
	printf("%s\n", title);
	for (size_t i = 0; i < keys_count(); i++)
		if (keys_at(i)->place == place)
			print_key(keys_at(i));
}

int check_keys_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	print_place("[service:NAME], and [defaults] for all services of a file and of those it includes", KEY_IN_SERVICE);
	print_place("\n[pm1]", KEY_IN_PM1);
	printf("\n%s", keys_quoting);
	return fflush(stdout) == 0 ? 0 : 1;
}
