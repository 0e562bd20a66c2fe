// SPDX-License-Identifier: GPL-2.0-only
/* Names that a tree spells otherwise: found, replaced, missed and guessed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

#include "model/spelling.h"
#include "tree/spell.h"

struct world { char *top; struct tree tree; };

static void put(const char *top, const char *file, const char *text)
{
	char *path = g_build_filename(top, file, NULL);
	char *dir = g_path_get_dirname(path);

	assert_int_equal(g_mkdir_with_parents(dir, 0755), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	g_free(dir);
	g_free(path);
}

static int setup(void **state)
{
	struct world *w = g_new0(struct world, 1);

	w->top = g_dir_make_tmp("tw-spell-XXXXXX", NULL);
	assert_non_null(w->top);
	w->tree.path = w->top;
	put(w->top, "include/linux/a.h",
	    "/* old_question() is what it was called */\n"
	    "static inline int new_question(pte_t pte)\n{\n\treturn 0;\n}\n"
	    "static inline int other(pmd_t pmd)\n{\n\treturn same(pmd);\n}\n"
	    "#define a_macro(x) (x)\n"
	    "void far_away(pte_t *p, unsigned long n);\n");
	put(w->top, "arch/x/include/asm/b.h",
	    "extern struct page *in_arch(const pte_t *ptep, int n);\n");
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char *argv[] = { "rm", "-rf", "--", w->top, NULL };

	g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
		     NULL, NULL, NULL);
	g_free(w->top);
	g_free(w);
	return 0;
}

static GPtrArray *list(struct world *w, const char *text)
{
	char *path = g_build_filename(w->top, "spellings.ini", NULL);
	GPtrArray *v;

	put(w->top, "spellings.ini", text);
	v = spelling_load(path);
	g_free(path);
	return v;
}

static void test_found(void **state)
{
	struct world *w = *state;
	GPtrArray *all = list(w, "[old_question]\n"
		"spellings = old_question;new_question;\n"
		"[a_macro]\nspellings = a_macro;b_macro;\n"
		"[gone]\nspellings = gone;gone_too;\n");
	GPtrArray *missing = g_ptr_array_new();
	GHashTable *map;

	assert_non_null(all);
	map = spell_find(&w->tree, all, missing);
	assert_non_null(map);
	/* A comment is no declaration; what is spelled alike is not in the map. */
	assert_string_equal(g_hash_table_lookup(map, "old_question"),
			    "new_question");
	assert_int_equal(g_hash_table_size(map), 1);
	assert_int_equal(missing->len, 1);
	assert_string_equal(((struct spelling *)missing->pdata[0])->name,
			    "gone");
	g_hash_table_destroy(map);
	g_ptr_array_free(missing, TRUE);
	g_ptr_array_free(all, TRUE);
}

static void test_no_spellings(void **state)
{
	struct world *w = *state;

	assert_null(list(w, "[name]\nfile = include/linux/a.h\n"));
}

static void test_applied(void **state)
{
	GHashTable *map = g_hash_table_new(g_str_hash, g_str_equal);
	char *text;

	g_hash_table_insert(map, "old", "renamed");
	text = spelling_apply(map, "old(x); very_old(old, \"old\"); old2; /* old */");
	assert_string_equal(text, "renamed(x); very_old(renamed, \"renamed\"); old2; /* renamed */");
	g_free(text);
	g_hash_table_destroy(map);
	text = spelling_apply(NULL, "old");
	assert_string_equal(text, "old");
	g_free(text);
}

static void test_absent(void **state)
{
	struct world *w = *state;
	const char *const names[] = { "new_question", "a_macro", "same",
		"old_question", "in_arch", "far_away", NULL };
	GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *gone;

	for (const char *const *n = names; *n; n++)
		g_hash_table_add(set, (gpointer)*n);
	gone = spell_absent(&w->tree, set);
	/* A comment is no code. */
	assert_int_equal(gone->len, 1);
	assert_string_equal(gone->pdata[0], "old_question");
	g_ptr_array_free(gone, TRUE);
	g_hash_table_destroy(set);
}

static void nearest_is(struct world *w, const char *name, const char *declares,
		       const char *want, const char *where)
{
	char *at, *like = spell_nearest(&w->tree, name, declares, &at);

	if (want) {
		assert_non_null(like);
		assert_string_equal(like, want);
		assert_string_equal(at, where);
	} else {
		assert_null(like);
	}
	g_free(like);
	g_free(at);
}

static void test_nearest(void **state)
{
	struct world *w = *state;

	nearest_is(w, "old_question", "static inline int old_question(pte_t x)",
		   "new_question", "include/linux/a.h:2");
	/* Another level's form has other parameters. */
	nearest_is(w, "otter", "int otter(pte_t pte)", NULL, NULL);
	nearest_is(w, "otter", NULL, "other", "include/linux/a.h:6");
	nearest_is(w, "in_an_arch",
		   "struct page *in_an_arch(const pte_t *p, int nr)",
		   "in_arch", "arch/x/include/asm/b.h:1");
	nearest_is(w, "nothing_of_the_kind", NULL, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_spellings, setup, teardown),
		cmocka_unit_test(test_applied),
		cmocka_unit_test_setup_teardown(test_absent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nearest, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
