/* textfile - see the header. */
#include "model/textfile.h"

#include "base/log.h"
#include "base/own.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>

int textfile_read(const char *path, size_t max, char **ret, size_t *ret_n, struct stat *ret_st)
{
	struct stat st;
	cleanup_fd int fd = sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	cleanup_free char *data = NULL;
	size_t n = 0;
	size_t size;
	int r;

	if (fd < 0)
		return fd;
	r = sys_fstat(fd, &st);
	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (st.st_size > (off_t)max)
		return -EFBIG;

	/* A file of /proc says 0 and a file may grow: read until the end, whatever fstat said. */
	size = (size_t)st.st_size + 4096;
	data = malloc(size);
	if (!data)
		return -ENOMEM;
	for (;;) {
		ssize_t got;

		if (size - n < 2) {
			char *bigger;

			size += size / 2;
			bigger = realloc(data, size);
			if (!bigger)
				return -ENOMEM;
			data = bigger;
		}
		got = sys_read(fd, data + n, size - n - 1);
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		n += (size_t)got;
		if (n > max)
			return -EFBIG;
	}
	data[n] = '\0';
	*ret = take_ptr(&data);
	*ret_n = n;
	if (ret_st)
		*ret_st = st;
	return 0;
}

const char *textfile_fault(int r)
{
	switch (r) {
	case -EFBIG:
		return "the file is too large";
	case -EISDIR:
		return "a folder, not a file";
	case -EINVAL:
		return "not a regular file";
	default:
		return err_text(r);
	}
}

/* The length of the UTF-8 sequence at p (n bytes are there), 0: broken. Overlong forms, surrogates and what is
 * beyond U+10FFFF are broken, as RFC 3629 has it. */
static size_t utf8_len(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : 4;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

size_t textfile_check(const char *data, size_t n, const char **ret_what)
{
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)data[i];
		size_t len = utf8_len((const unsigned char *)data + i, n - i);

		if (c == '\0')
			*ret_what = "a NUL byte";
		else if ((c < 0x20 && c != '\t') || c == 0x7f)
			*ret_what = "a control character";
		else if (len == 0)
			*ret_what = "broken UTF-8";
		else {
			i += len;
			continue;
		}
		return i;
	}
	return n;
}
