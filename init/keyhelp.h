/* keyhelp - the pages about the keys of an INI file, made from the table that the parser uses. */
#ifndef PM1_KEYHELP_H
#define PM1_KEYHELP_H

#include <stdbool.h>
#include <stdio.h>

void keyhelp_print(FILE *f); /* all of them, for a terminal */
void keyhelp_roff(FILE *f); /* the same as sections of the man page */
bool keyhelp_one(FILE *f, const char *name); /* those of that name, alias or camelCase form; false: there is none */

#endif
