// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index of words: what a scan remembers must never hide what changed.
 * The cache is in a temporary folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/ledger.h"
#include "tree/scan.h"
#include "tree/wordindex.h"

#define FILES 1100

static char *dir, *tree;

static void write_file(int i, const char *text)
{
	char *path = g_strdup_printf("%s/f%d.c", tree, i);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	g_free(path);
}

static guint count(const char *symbol)
{
	char *types[] = { (char *)"handle_t", NULL };
	char *symbols[] = { (char *)symbol, NULL };
	struct scan_request req = { .tree = tree, .types = types,
				    .symbols = symbols, .jobs = 2 };
	struct ledger *l = ledger_create(":memory:");
	struct scan_result res;
	guint n;

	assert_int_equal(scan_tree(&req, l, &res), 0);
	n = res.files_with_sites;
	g_ptr_array_free(res.symbols, TRUE);
	ledger_close(l);
	return n;
}

static void test_changes_are_seen(void **state)
{
	for (int i = 0; i < FILES; i++)
		write_file(i, i % 100 ? "int aaaaaaaa;\n" : "handle_t xxxxxxxx;\n");
	assert_int_equal(count("seed_one"), 11);
	/* Old enough to be remembered. */
	g_usleep(1200000);
	assert_int_equal(count("seed_one"), 11);
	assert_int_equal(count("seed_one"), 11);
	/* The same size, another text. */
	write_file(1, "int seed_one;\n");
	write_file(2, "handle_t aaa;\n");
	assert_int_equal(count("seed_one"), 13);
	/* A name that was never asked for. */
	assert_int_equal(count("aaaaaaaa"), FILES - 1);
	/* A name that a file brought, now used by another. */
	write_file(3, "handle_t zz(void);\n");
	write_file(4, "int q = zz + 1;\n");
	assert_int_equal(count("seed_one"), 15);
}

static void test_damage_is_no_index(void **state)
{
	guint16 words[] = { 1 };
	struct word_file f = { .path = "a.c", .n = 1, .words = words };
	GPtrArray *names = g_ptr_array_new();
	GArray *files = g_array_new(FALSE, FALSE, sizeof(f));
	struct word_index *x;
	char *sub, *path, *text;
	const char *name;
	gsize size;
	GDir *d;

	f.st.size = 7;
	g_ptr_array_add(names, (char *)"one");
	g_ptr_array_add(names, (char *)"two");
	g_array_append_val(files, f);
	word_index_save("/some/tree", names, files);
	x = word_index_load("/some/tree");
	assert_non_null(x);
	assert_non_null(word_index_find(x, "a.c", &f.st));
	assert_int_equal(word_index_find(x, "a.c", &f.st)->words[0], 1);
	f.st.mtime++;
	assert_null(word_index_find(x, "a.c", &f.st));
	assert_null(word_index_find(x, "b.c", &f.st));
	word_index_free(x);

	sub = g_build_filename(dir, "treewide", "scan", NULL);
	d = g_dir_open(sub, 0, NULL);
	while ((name = g_dir_read_name(d))) {
		path = g_build_filename(sub, name, NULL);
		assert_true(g_file_get_contents(path, &text, &size, NULL));
		text[size - 3] ^= 1;
		g_file_set_contents(path, text, size, NULL);
		g_free(text);
		g_free(path);
	}
	g_dir_close(d);
	assert_null(word_index_load("/some/tree"));
	assert_null(word_index_load("/no/tree"));
	g_free(sub);
	g_array_free(files, TRUE);
	g_ptr_array_free(names, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_are_seen),
		cmocka_unit_test(test_damage_is_no_index),
	};
	char *cmd;
	int ret;

	dir = g_dir_make_tmp("treewide-words-XXXXXX", NULL);
	tree = g_build_filename(dir, "tree", NULL);
	g_mkdir(tree, 0755);
	g_setenv("XDG_CACHE_HOME", dir, TRUE);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	cmd = g_strdup_printf("rm -rf '%s'", dir);
	if (system(cmd))
		ret = 1;
	g_free(cmd);
	g_free(tree);
	g_free(dir);
	return ret;
}
