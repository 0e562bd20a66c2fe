// SPDX-License-Identifier: GPL-2.0-only
/* src/read/cell.c: which archs of a tree no cell stands for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "read/cell.h"

static void add_arch(const char *tree, const char *name)
{
	char *path = g_build_filename(tree, "arch", name, NULL);

	assert_int_equal(g_mkdir_with_parents(path, 0755), 0);
	g_free(path);
}

static void remove_archs(const char *tree, const char *const *names)
{
	char *top = g_build_filename(tree, "arch", NULL);

	for (; *names; names++) {
		char *path = g_build_filename(top, *names, NULL);

		assert_int_equal(g_remove(path), 0);
		g_free(path);
	}
	g_remove(top);
	g_rmdir(tree);
	g_free(top);
}

static void new_archs_are_found(void **state)
{
	static const char *const all[] = { "old", "zeta", "novel", "Kconfig",
					   NULL };
	char *tree = g_dir_make_tmp("treewide-cell-XXXXXX", NULL);
	char *file = g_build_filename(tree, "arch", "Kconfig", NULL);
	/* A cell that could not be prepared is a cell all the same. */
	struct cell_info cell = { .name = "old/one", .srcarch = "old" };
	GPtrArray *cells = g_ptr_array_new(), *v;

	g_ptr_array_add(cells, &cell);
	for (int i = 0; i < 3; i++)
		add_arch(tree, all[i]);
	assert_true(g_file_set_contents(file, "", 0, NULL));
	v = cells_archs_without(cells, tree);
	assert_non_null(v);
	assert_int_equal(v->len, 2);
	assert_string_equal(v->pdata[0], "novel");
	assert_string_equal(v->pdata[1], "zeta");
	g_ptr_array_free(v, TRUE);
	remove_archs(tree, all);
	assert_null(cells_archs_without(cells, tree));
	g_ptr_array_free(cells, TRUE);
	g_free(file);
	g_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_archs_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
