// SPDX-License-Identifier: GPL-2.0-only
/* Where a pattern of an edit stands, and where it does not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "convert/treeedit.h"

static gssize find(const char *text, const char *pattern, gsize *to)
{
	GHashTable *vars = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, g_free);
	gssize at = tree_edit_find(text, 0, pattern, to, vars);

	g_hash_table_destroy(vars);
	return at;
}

static void stands(const char *text, const char *pattern, const char *what)
{
	gsize to;
	gssize at = find(text, pattern, &to);

	assert_true(at >= 0);
	assert_int_equal(to - at, strlen(what));
	assert_memory_equal(text + at, what, to - at);
}

static void nowhere(const char *text, const char *pattern)
{
	gsize to;

	assert_int_equal(find(text, pattern, &to), -1);
}

static void test_blanks(void **state)
{
	stands("x = f(a,\n\t  b);", "f(a, b)", "f(a,\n\t  b)");
	stands("x = f( a , b );", "f(a,b)", "f( a , b )");
	nowhere("x = f(ab);", "f(a b)");
}

static void test_words(void **state)
{
	nowhere("my_op = 1", "op = 1");
	nowhere("op2 = 1", "op = 1");
	nowhere("op = 12", "op = 1");
	stands("my_op; op = 1;", "op = 1;", "op = 1;");
}

static void test_comments(void **state)
{
	stands(" * @op:\tif set,\n *\t\tcalled.\n", "@op: if set, called.",
	       "@op:\tif set,\n *\t\tcalled.");
	/* A dereference is no leader of a comment's line. */
	nowhere("a =\n\t*b;", "a = b;");
	stands("a =\n\t*b;", "a = *b;", "a =\n\t*b;");
}

static void test_variables(void **state)
{
	stands("struct hstate *hs = of(hs);", "struct hstate *$h = of($h);",
	       "struct hstate *hs = of(hs);");
	nowhere("struct hstate *a = of(b);", "struct hstate *$h = of($h);");
	nowhere("f(1 + 2)", "f($x)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blanks),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_variables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
