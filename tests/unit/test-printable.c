// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/printable.h"

static void is(char *got, const char *want)
{
	assert_string_equal(got, want);
	g_free(got);
}

static void controls(void **state)
{
	is(printable("a\033[31mred\033[0m"), "a\\x1b[31mred\\x1b[0m");
	is(printable("bell\a, del\177, cr\r"), "bell\\x07, del\\x7f, cr\\x0d");
	/* OSC by ESC and as the C1 control; a title that a terminal takes. */
	is(printable("\033]0;t\033\\"), "\\x1b]0;t\\x1b\\");
	is(printable("\302\2330;t"), "\\u009b0;t");
	is(printable("if (a\342\200\256 }b"), "if (a\\u202e }b");
}

static void what_stays(void **state)
{
	is(printable("J\303\251r\303\264me \342\200\223 \344\270\255"),
	   "J\303\251r\303\264me \342\200\223 \344\270\255");
	is(printable("two\n\tlines"), "two\n\tlines");
	is(printable(NULL), "");
	is(printable("bad \377 byte"), "bad \357\277\275 byte");
}

static void one_line(void **state)
{
	is(printable_line("a\n::error::b\tc"), "a\\n::error::b c");
}

static void printed(void **state)
{
	char buf[64] = "";
	FILE *f = fmemopen(buf, sizeof(buf), "w");

	assert_non_null(f);
	assert_true(printable_print(f, "%s: %u\n", "\033c", 7) >= 0);
	fclose(f);
	assert_string_equal(buf, "\\x1bc: 7\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controls),
		cmocka_unit_test(what_stays),
		cmocka_unit_test(one_line),
		cmocka_unit_test(printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
