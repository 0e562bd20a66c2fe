// SPDX-License-Identifier: GPL-2.0-only
/*
 * Differences in tokens: edits, applied to the old text, give the new text up
 * to white space between tokens, never inside one.  Random token soups, seeded,
 * and the cases by hand that they found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "text/lex.h"
#include "text/tokdiff.h"

static char *apply(const char *old, const char *text)
{
	GPtrArray *d = tokdiff(old, strlen(old), text, strlen(text));
	GString *out = g_string_new(NULL);
	gsize at = 0;

	for (guint i = 0; i < d->len; i++) {
		const struct tokdiff *t = d->pdata[i];

		/* In order, apart from each other, and in both texts. */
		assert_true(t->off >= at);
		assert_true(t->off + t->len <= strlen(old));
		assert_true(t->new_off + t->new_len <= strlen(text));
		g_string_append_len(out, old + at, t->off - at);
		g_string_append(out, t->text);
		at = t->off + t->len;
	}
	g_string_append(out, old + at);
	g_ptr_array_free(d, TRUE);
	return g_string_free(out, FALSE);
}

/* The tokens that count, one a line. */
static char *tokens(const char *text)
{
	GString *out = g_string_new(NULL);
	struct token_list l;

	lex_c(text, strlen(text), &l);
	for (gsize i = 0; i < l.n; i++) {
		const struct token *t = &l.v[i];

		if (t->kind == TOK_SPACE || t->kind == TOK_NEWLINE ||
		    t->kind == TOK_SPLICE)
			continue;
		g_string_append_len(out, text + t->off, t->len);
		g_string_append_c(out, '\n');
	}
	lex_free(&l);
	return g_string_free(out, FALSE);
}

static void check(const char *old, const char *text)
{
	char *got = apply(old, text), *a = tokens(got), *b = tokens(text);

	if (strcmp(a, b))
		print_message("old  <%s>\nnew  <%s>\ngot  <%s>\n", old, text,
			      got);
	assert_string_equal(a, b);
	g_free(a);
	g_free(b);
	g_free(got);
}

static void expect(const char *old, const char *text, const char *want)
{
	char *got = apply(old, text);

	assert_string_equal(got, want);
	g_free(got);
}

static void test_same(void **state)
{
	const char *same[][2] = {
		{ "", "" },
		{ "a = b;\n", "a = b;\n" },
		{ "f(a,\n  b);\n", "f(a, b);" },	/* laid out anew */
		{ "#define X \\\n\ty\n", "#define X y\n" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(same); i++) {
		GPtrArray *d = tokdiff(same[i][0], strlen(same[i][0]),
				       same[i][1], strlen(same[i][1]));

		assert_int_equal(d->len, 0);
		g_ptr_array_free(d, TRUE);
	}
}

static void test_by_hand(void **state)
{
	/* The layout of the old text stays. */
	expect("x = page_address(h);\n", "x = ptdesc_address(h);\n",
	       "x = ptdesc_address(h);\n");
	expect("x = (pte_t *)page_address(h);\n",
	       "x = (pte_t *) ptdesc_address(h);\n",
	       "x = (pte_t *)ptdesc_address(h);\n");
	expect("put(h);\n", "put(ptdesc_page(h));\n",
	       "put(ptdesc_page(h));\n");
	expect("return ptdesc_page(pt);\n", "return pt;\n", "return pt;\n");
	expect("x = (pgtable_t)h;\n", "x = h;\n", "x = h;\n");
	expect("f(&h->lru,\n  struct page, lru);\n",
	       "f(&h->pt_list, struct ptdesc,\n\tpt_list);\n",
	       "f(&h->pt_list,\n  struct ptdesc, pt_list);\n");
	expect("a;\n", "a;\nb;\n", "a; b;\n");
	expect("", "a b", "a b");
	expect("a b", "", "");
}

/* White space inside of a string or a comment is not ours to touch. */
static void test_inside_tokens(void **state)
{
	check("f(a);\n", "f(\"x  y\", a);\n");
	check("f(a);\n", "f(a, \"tab\\\n\there\");\n");
	check("f(a);\n", "/* two\n * lines */\nf(a);\n");
	check("f(a);\n", "f(' ', a);\n");
}

/* What a blank or a line end keeps apart stays apart. */
static void test_apart(void **state)
{
	check("a+b", "a b");
	check("int(x);", "int x;");
	check("a;", "// note\na;");
	check("a; c;", "a; // note\nb; c;");
	check("a;\n", "#include <x.h>\na;\n");
	check("a;\nb;\n", "a;\n#define X 1\nb;\n");
	check("a; // old\nb;\n", "a; b;\n");
	check("a b", "a + +b");
}

static const char *const words[] = {
	"a", "b", "page", "struct", "int", "1", "0x1f", "(", ")", ",", ";",
	"*", "->", ".", "+", "-", "=", "&", "<", ">", "\"x  y\"", "\"\"",
	"'c'", "/* c  d */", "// e\n", "/*\n * f\n */",
};
static const char *const blanks[] = { " ", " ", " ", "", "\n", "\t", "  ",
				      " \\\n", "\n\n\t" };

static char *render(GRand *r, const GArray *v)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < v->len; i++) {
		g_string_append(s, words[g_array_index(v, guint, i)]);
		g_string_append(s, blanks[g_rand_int_range(r, 0,
						G_N_ELEMENTS(blanks))]);
	}
	return g_string_free(s, FALSE);
}

/* The parenthesis of a call stands behind its argument, not at the end. */
static void test_parenthesis(void **state)
{
	const char *old = "a(b(c(h)));", *text = "a(b(c(p(h))));";
	GPtrArray *d = tokdiff(old, strlen(old), text, strlen(text));

	assert_int_equal(d->len, 2);
	assert_int_equal(((struct tokdiff *)d->pdata[1])->off,
			 strchr(old, 'h') + 1 - old);
	g_ptr_array_free(d, TRUE);
	check(old, text);
}

static void test_random(void **state)
{
	for (guint seed = 1; seed <= 4000; seed++) {
		GRand *r = g_rand_new_with_seed(seed);
		GArray *v = g_array_new(FALSE, FALSE, sizeof(guint));
		int n = g_rand_int_range(r, 0, 24);
		char *old, *text;

		for (int i = 0; i < n; i++) {
			guint w = g_rand_int_range(r, 0, G_N_ELEMENTS(words));

			g_array_append_val(v, w);
		}
		old = render(r, v);
		for (int k = g_rand_int_range(r, 0, 5); k > 0; k--) {
			guint w = g_rand_int_range(r, 0, G_N_ELEMENTS(words));
			guint at = v->len ? g_rand_int_range(r, 0, v->len) : 0;

			switch (g_rand_int_range(r, 0, 3)) {
			case 0:
				g_array_insert_val(v, at, w);
				break;
			case 1:
				if (v->len)
					g_array_remove_index(v, at);
				break;
			default:
				if (v->len)
					g_array_index(v, guint, at) = w;
			}
		}
		text = render(r, v);
		check(old, text);
		g_free(old);
		g_free(text);
		g_array_free(v, TRUE);
		g_rand_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_inside_tokens),
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_parenthesis),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
