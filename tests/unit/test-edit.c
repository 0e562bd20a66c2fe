// SPDX-License-Identifier: GPL-2.0-only
/*
 * Edits: merged, sorted and checked against each other and against the text,
 * and the same whatever the order they come in.  Every refusal is tried, and a
 * random property: the new text is what a byte-by-byte replacement makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "text/edit.h"

static const char *read_text(const char *file, gsize *size, void *data)
{
	*size = strlen(data);
	return data;
}

static void expect_text(struct edit_set *s, const char *old_text,
			const char *want)
{
	gsize n;
	char *got = edit_apply_text(s, "f.c", old_text, strlen(old_text), &n);

	if (!want) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_int_equal(n, strlen(want));
	assert_string_equal(got, want);
	g_free(got);
}

static void test_replace_insert_delete(void **state)
{
	struct edit_set *s = edit_set_new();

	edit_add(s, "f.c", 8, "three", "", "r/3");
	edit_add(s, "f.c", 0, "one", "1", "r/1");
	edit_add(s, "f.c", 4, "", "and ", "r/2");
	edit_add(s, "f.c", 13, "", "!", "r/4");
	assert_int_equal(edit_count(s), 4);
	assert_int_equal(edit_check(s, NULL, NULL), 0);
	expect_text(s, "one two three", "1 and two !");
	edit_set_free(s);
}

static void test_no_edits(void **state)
{
	struct edit_set *s = edit_set_new();

	expect_text(s, "text\r\n", "text\r\n");
	expect_text(s, "", "");
	assert_null(edit_of_file(s, "f.c"));
	edit_set_free(s);
}

static void test_same_edit_joins_rules(void **state)
{
	static const char *const order[][4] = {
		{ "b", "a", "c", "a" }, { "a", "c", "b", "b" },
	};
	unsigned i, j;

	for (i = 0; i < 2; i++) {
		struct edit_set *s = edit_set_new();
		const struct edit *e;

		for (j = 0; j < 4; j++)
			edit_add(s, "f.c", 1, "x", "yz", order[i][j]);
		assert_int_equal(edit_count(s), 1);
		e = edit_of_file(s, "f.c")->pdata[0];
		assert_string_equal(e->rule, "a+b+c");
		assert_string_equal(e->file, "f.c");
		assert_int_equal(e->len, 1);
		assert_int_equal(e->new_len, 2);
		assert_int_equal(edit_check(s, NULL, NULL), 0);
		edit_set_free(s);
	}
}

static void test_conflicts(void **state)
{
	char text[] = "aaaa\nbbbb\ncccc\n";
	struct edit_set *s = edit_set_new();

	/* One range, two texts; a range in a range; two insertions. */
	edit_add(s, "f.c", 0, "aa", "x", "one");
	edit_add(s, "f.c", 0, "aa", "y", "two");
	edit_add(s, "f.c", 5, "bbbb", "x", "one");
	edit_add(s, "f.c", 6, "bb", "y", "two");
	edit_add(s, "f.c", 7, "", "z", "three");
	edit_add(s, "f.c", 12, "", "x", "one");
	edit_add(s, "f.c", 12, "", "y", "two");
	/* Side by side is no conflict, in any of the ways. */
	edit_add(s, "g.c", 0, "a", "x", "one");
	edit_add(s, "g.c", 1, "a", "y", "two");
	edit_add(s, "g.c", 1, "", "z", "three");
	edit_add(s, "g.c", 2, "", "z", "three");
	assert_int_equal(edit_check(s, read_text, text), 5);
	expect_text(s, text, NULL);
	edit_set_free(s);

	s = edit_set_new();
	edit_add(s, "f.c", 1, "b", "y", "two");
	edit_add(s, "f.c", 0, "a", "x", "one");
	edit_add(s, "f.c", 1, "", "-", "three");
	edit_add(s, "f.c", 2, "", "+", "three");
	assert_int_equal(edit_check(s, NULL, NULL), 0);
	expect_text(s, "abc", "x-y+c");
	edit_set_free(s);
}

static void test_text_changed(void **state)
{
	struct edit_set *s = edit_set_new();

	edit_add(s, "f.c", 2, "foo", "bar", "r");
	expect_text(s, "  foo;", "  bar;");
	expect_text(s, "  fox;", NULL);
	expect_text(s, "  fo", NULL);
	expect_text(s, "", NULL);
	edit_set_free(s);

	s = edit_set_new();
	edit_add(s, "f.c", 5, "", "x", "r");
	expect_text(s, "four", NULL);
	expect_text(s, "five!", "five!x");
	edit_set_free(s);
}

static void test_bytes(void **state)
{
	static const char text[] = "a\0b\r\n\xff\xfe foo\0";
	static const char want[] = "a\0b\r\n\xff\xfe quux\0";
	struct edit_set *s = edit_set_new();
	gsize n;
	char *got;

	edit_add(s, "f.c", 8, "foo", "quux", "r");
	got = edit_apply_text(s, "f.c", text, sizeof(text), &n);
	assert_non_null(got);
	assert_int_equal(n, sizeof(want));
	assert_memory_equal(got, want, n);
	g_free(got);
	edit_set_free(s);
}

static void test_files_sorted(void **state)
{
	struct edit_set *s = edit_set_new();
	GPtrArray *v;

	edit_add(s, "mm/z.c", 0, "a", "b", "r");
	edit_add(s, "arch/a.h", 0, "a", "b", "r");
	edit_add(s, "mm/b.c", 0, "a", "b", "r");
	v = edit_files(s);
	assert_int_equal(v->len, 3);
	assert_string_equal(v->pdata[0], "arch/a.h");
	assert_string_equal(v->pdata[1], "mm/b.c");
	assert_string_equal(v->pdata[2], "mm/z.c");
	g_ptr_array_free(v, TRUE);
	edit_set_free(s);
}

/* Every byte gets a replacement or none; edits come in random order. */
static void test_random_order(void **state)
{
	GRand *r = g_rand_new_with_seed(20240);
	int round, i, n;

	for (round = 0; round < 500; round++) {
		struct edit_set *s = edit_set_new();
		GString *want = g_string_new(NULL);
		char text[65], *subst[64];
		int order[64];

		n = g_rand_int_range(r, 1, 64);
		for (i = 0; i < n; i++) {
			text[i] = g_rand_int_range(r, 'a', 'd');
			subst[i] = NULL;
			order[i] = i;
			if (g_rand_boolean(r))
				subst[i] = g_strndup("XYZ",
						g_rand_int_range(r, 0, 4));
			g_string_append_len(want, subst[i] ? subst[i] :
					    &text[i], subst[i] ?
					    strlen(subst[i]) : 1);
		}
		text[n] = '\0';
		for (i = n - 1; i > 0; i--) {
			int j = g_rand_int_range(r, 0, i + 1), t = order[i];

			order[i] = order[j];
			order[j] = t;
		}
		for (i = 0; i < n; i++) {
			char old_text[2] = { text[order[i]], '\0' };

			if (subst[order[i]])
				edit_add(s, "f.c", order[i], old_text,
					 subst[order[i]], "r");
		}
		assert_int_equal(edit_check(s, NULL, NULL), 0);
		expect_text(s, text, want->str);
		for (i = 0; i < n; i++)
			g_free(subst[i]);
		g_string_free(want, TRUE);
		edit_set_free(s);
	}
	g_rand_free(r);
}

static void test_replace_and_touch(void **state)
{
	struct edit_set *s = edit_set_new();
	GString *rules = g_string_new(NULL);

	edit_replace(s, "f.c", "one two three", 4, 7, "2", "r/2");
	edit_replace(s, "f.c", "one two three", 13, 13, "!", "r/3");
	expect_text(s, "one two three", "one 2 three!");
	/* The bytes beside an edit are not it, those behind an insertion are. */
	assert_false(edit_touches(s, "f.c", 0, 4, NULL));
	assert_false(edit_touches(s, "f.c", 7, 8, NULL));
	assert_false(edit_touches(s, "g.c", 4, 7, NULL));
	assert_true(edit_touches(s, "f.c", 3, 5, NULL));
	assert_false(edit_touches(s, "f.c", 8, 13, NULL));
	assert_true(edit_touches(s, "f.c", 13, 14, rules));
	assert_string_equal(rules->str, "r/3");
	g_string_truncate(rules, 0);
	assert_true(edit_touches(s, "f.c", 0, 13, rules));
	assert_string_equal(rules->str, "r/2");
	assert_true(edit_touches(s, "f.c", 6, 14, rules));
	assert_string_equal(rules->str, "r/2+r/2+r/3");
	g_string_free(rules, TRUE);
	edit_set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replace_insert_delete),
		cmocka_unit_test(test_no_edits),
		cmocka_unit_test(test_same_edit_joins_rules),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_text_changed),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_files_sorted),
		cmocka_unit_test(test_random_order),
		cmocka_unit_test(test_replace_and_touch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
