/* answer - one HTTP answer, as its bytes come in. Pure.
 *
 * What our servers send and no more: a status line, headers with Content-Length, a short body. Anything else is a bad answer. */
#ifndef PM1_TESTS_ANSWER_H
#define PM1_TESTS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define ANSWER_MAX 4096 /* bytes, all of it */
#define ANSWER_BODY_MAX 64 /* bytes of the body that are remembered, with NUL */

enum answer_is { ANSWER_MORE, ANSWER_WHOLE, ANSWER_BAD };

struct answer {
	char bytes[ANSWER_MAX + 1];
	size_t n;
	/* Once it is whole. */
	bool last; /* the server closes the connection after it */
	char body[ANSWER_BODY_MAX]; /* up to its first line's end, what can't be printed as '?' */
};

/* Where the next bytes go, and how many there is room for: at least one. */
char *answer_room(struct answer *a, size_t *ret_size);
/* So many have come. */
enum answer_is answer_took(struct answer *a, size_t n);
void answer_begin(struct answer *a);

#endif
