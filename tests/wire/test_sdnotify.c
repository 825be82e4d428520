#include "wire/sdnotify.h"

#include <criterion/criterion.h>
#include <string.h>

static struct sdnotify m;

static void said(const char *text)
{
	sdnotify_parse(text, strlen(text), &m);
}

Test(sdnotify, all_that_is_known_is_read)
{
	said("READY=1\nRELOADING=1\nSTOPPING=1\nSTATUS=3 of 4=x\nMAINPID=42\nWATCHDOG=1\nWATCHDOG_USEC=9\nEXTEND_TIMEOUT_USEC=7\nFDSTORE=1\n"
	     "FDNAME=a b\nFDSTOREREMOVE=1\nBARRIER=1\nERRNO=2\nX_OWN=1\n");
	cr_expect(m.ready && m.reloading && m.stopping && m.watchdog && m.fdstore && m.fdstore_remove && m.barrier && m.has_status);
	cr_expect(!m.watchdog_trigger);
	cr_expect_str_eq(m.status, "3 of 4=x");
	cr_expect_eq(m.main_pid, 42);
	cr_expect_eq(m.watchdog_usec, 9);
	cr_expect_eq(m.extend_usec, 7);
	cr_expect_str_eq(m.fdname, "a b");
	cr_expect_null(m.bad);
}

Test(sdnotify, what_cannot_be_is_passed_over_and_named)
{
	static const char *const texts[] = { "READY=0", "READY=1 ", "READY=yes", "MAINPID=1", "MAINPID=-5", "MAINPID=99999999999", "WATCHDOG=2",
					     "WATCHDOG_USEC=-1", "WATCHDOG_USEC=18446744073709551615", "FDNAME=", "FDNAME=a:b", "FDNAME=\x7f",
					     "FDNAME=\xc3\xa4", "EXTEND_TIMEOUT_USEC=" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		said(texts[i]);
		cr_expect_not_null(m.bad, "%s", texts[i]);
		cr_expect(!m.ready && !m.main_pid && !m.watchdog && !m.watchdog_usec && !m.extend_usec && !m.fdname[0], "%s", texts[i]);
	}
}

Test(sdnotify, lines_without_a_name_mean_nothing)
{
	said("READY\n\n=1\nready=1\n READY=1\nREADY =1");
	cr_expect(!m.ready);
	cr_expect_null(m.bad);
}

Test(sdnotify, the_text_ends_at_a_nul_or_with_its_bytes)
{
	sdnotify_parse("READY=1\0STOPPING=1", 18, &m);
	cr_expect(m.ready && !m.stopping);
	sdnotify_parse("READY=1", 6, &m);
	cr_expect(!m.ready);
	sdnotify_parse("", 0, &m);
	cr_expect(!m.ready);
}

Test(sdnotify, a_long_status_is_cut_and_a_long_name_is_none)
{
	char text[SDNOTIFY_MAX];

	memset(text, 'x', sizeof(text));
	memcpy(text, "STATUS=", 7);
	sdnotify_parse(text, sizeof(text), &m);
	cr_expect_eq(strlen(m.status), SDNOTIFY_STATUS_MAX - 1);
	memcpy(text, "FDNAME=", 7);
	sdnotify_parse(text, 7 + SDNOTIFY_FDNAME_MAX, &m);
	cr_expect_eq(strlen(m.fdname), SDNOTIFY_FDNAME_MAX);
	sdnotify_parse(text, 8 + SDNOTIFY_FDNAME_MAX, &m);
	cr_expect_str_eq(m.fdname, "");
}

Test(sdnotify, a_watchdog_may_be_triggered)
{
	said("WATCHDOG=trigger");
	cr_expect(m.watchdog_trigger && !m.watchdog);
}
