// SPDX-License-Identifier: GPL-2.0-only
/* Names that are looked up in the tree between two rounds of reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

#include "convert/shape.h"

static const struct shape plain = { .name = "plain" };

static void look_up(const char *path, const char *name, int want, guint files)
{
	struct tree t = { .path = (char *)path };
	struct convert_result res;
	struct convert c = { .t = &t, .shape = &plain, .res = &res, .jobs = 1 };

	convert_begin(&c);
	convert_ask(&c, name);
	assert_int_equal(g_hash_table_size(c.look_up), 1);
	assert_int_equal(convert_look_up(&c), want);
	assert_int_equal(g_hash_table_size(c.code_files), files);
	/* It is asked once: no loop, whatever came out. */
	convert_ask(&c, name);
	assert_int_equal(g_hash_table_size(c.look_up), 0);
	convert_end(&c);
	convert_result_clear(&res);
}

static void test_found(void **state)
{
	char *dir = g_dir_make_tmp("treewide-lookup-XXXXXX", NULL);
	char *file = g_build_filename(dir, "a.c", NULL);

	assert_true(g_file_set_contents(file, "int f(void) { return g(); }\n",
					-1, NULL));
	look_up(dir, "g", 1, 1);
	look_up(dir, "absent", 0, 0);
	g_unlink(file);
	g_rmdir(dir);
	g_free(file);
	g_free(dir);
}

/* A scan that fails is an error, not "no files". */
static void test_fails(void **state)
{
	look_up("/nonexistent/tree", "g", -1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
