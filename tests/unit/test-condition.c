// SPDX-License-Identifier: GPL-2.0-only
/*
 * The condition that a place stands under: arms before it, nesting, what is an
 * include guard and what only looks like one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <glib.h>

#include "text/condition.h"

/* The condition at the first "HERE" of @text. */
static void check(const char *text, const char *want)
{
	struct token_list l;
	char *got;

	lex_c(text, strlen(text), &l);
	got = condition_at(&l, strstr(text, "HERE") - text);
	assert_string_equal(got, want);
	g_free(got);
	lex_free(&l);
}

static void test_none(void **state)
{
	check("HERE\n", "");
	check("#ifdef A\n#endif\nHERE\n", "");
}

static void test_arms(void **state)
{
	check("int x;\n#ifdef A\nHERE\n#endif\n", "defined(A)");
	check("int x;\n#ifndef A\nHERE\n#endif\n", "!defined(A)");
	check("int x;\n#ifdef A\n#else\nHERE\n#endif\n", "!defined(A)");
	check("int x;\n#if A > 2\n#else\nHERE\n#endif\n", "!(A > 2)");
	check("int x;\n#if defined(A)\n#elif B || C\nHERE\n#endif\n",
	      "!defined(A) && (B || C)");
	check("int x;\n#if A\n#elif B\n#else\nHERE\n#endif\n", "!A && !B");
	check("int x;\n#if !defined(A)\n#else\nHERE\n#endif\n", "defined(A)");
}

static void test_nested(void **state)
{
	check("int x;\n#ifdef A\n#if B\n#endif\n# if C /* why */ \\\n && D\n"
	      "HERE\n# endif\n#endif\n", "defined(A) && (C && D)");
}

static void test_guard(void **state)
{
	check("/* head */\n#ifndef G_H\n#define G_H\n#ifdef A\nHERE\n#endif\n"
	      "#endif\n", "defined(A)");
	check("#if !defined(G_H)\n#define G_H 1\nHERE\n#endif\n", "");
	/* Not the first, another name, and an arm that is no guard's. */
	check("int x;\n#ifndef G_H\n#define G_H\nHERE\n#endif\n",
	      "!defined(G_H)");
	check("#ifndef G_H\n#define OTHER\nHERE\n#endif\n", "!defined(G_H)");
	check("#ifndef G_H\n#define G_H\n#else\nHERE\n#endif\n", "defined(G_H)");
}

/* What is no directive is none, and too many #endif do no harm. */
static void test_odd(void **state)
{
	check("#endif\n#define X #if\n/*\n#if A\n*/\nHERE\n", "");
	check("int x;\n#if A\n#if B\nHERE", "A && B");
	check("#else\n#elif X\n#if A\n#else\n#if B\n#endif\nHERE", "!A");
}

/* Asking for every place takes no time that is quadratic in the file. */
static void test_many(void **state)
{
	GString *text = g_string_new(NULL);
	struct token_list l;

	for (int i = 0; i < 50000; i++)
		g_string_append_printf(text, "#if A%d\nx\n#endif\n", i);
	lex_c(text->str, text->len, &l);
	for (size_t i = 0; i < l.n; i++) {
		char *cond;

		if (!tok_is(&l, i, "x"))
			continue;
		cond = condition_at(&l, l.v[i].off);
		assert_true(g_str_has_prefix(cond, "A"));
		assert_int_equal(strtoul(cond + 1, NULL, 10), l.v[i].line / 3);
		g_free(cond);
	}
	lex_free(&l);
	g_string_free(text, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_arms),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
