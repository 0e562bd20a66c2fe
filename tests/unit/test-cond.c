// SPDX-License-Identifier: GPL-2.0-only
/* The condition that a place stands under, as the file writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cond.h"

/* The condition at "@" in @text (which is lexed with it). */
static void expect(const char *text, const char *want)
{
	struct token_list t;
	char *have;

	lex_c(text, strlen(text), &t);
	have = cond_at(&t, strchr(text, '@') - text);
	assert_string_equal(have, want);
	g_free(have);
	lex_free(&t);
}

static void test_none(void **state)
{
	expect("int a;\n@\n", "");
	expect("#if A\n#endif\n@\n", "");
}

static void test_arms(void **state)
{
	expect("#ifdef A\n@\n#endif\n", "A");
	expect("#ifndef A\n@\n#endif\n", "!A");
	expect("#ifdef A\n#else\n@\n#endif\n", "!A");
	expect("#if A\n#elif B > 2\n@\n#else\n#endif\n", "!A && B > 2");
	expect("#if A\n#elif B > 2\n#else\n@\n#endif\n", "!A && !(B > 2)");
	expect("#ifndef A\n#else\n@\n#endif\n", "A");
}

static void test_nested(void **state)
{
	expect("#ifdef A\n# if B || \\\n  C /* why */\n@\n# endif\n#endif\n",
	       "A && (B || C)");
	expect("#if defined(A)\n#else\n@\n#endif\n", "!defined(A)");
}

static void test_guard(void **state)
{
	expect("/* x */\n#ifndef H\n#define H\n@\n#endif\n", "");
	expect("#include <x.h>\n#ifndef H\n#define H 1\n@\n#endif\n", "!H");
}

static void test_own_line(void **state)
{
	expect("#if A\n#if B@\n#endif\n#endif\n", "A && B@");
}

static void test_broken(void **state)
{
	expect("#endif\n#else\n@\n", "");
	expect("#if A\n@", "A");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_arms),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_own_line),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
