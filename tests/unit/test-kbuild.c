// SPDX-License-Identifier: GPL-2.0-only
/* Flags from Makefiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "read/kbuild.h"

static void put_file(const char *dir, const char *name, const char *text)
{
	char *path = g_build_filename(dir, name, NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	g_free(path);
}

static void remove_all(const char *path)
{
	GDir *d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *file = g_build_filename(path, name, NULL);

		if (g_file_test(file, G_FILE_TEST_IS_DIR))
			remove_all(file);
		g_unlink(file);
		g_free(file);
	}
	if (d)
		g_dir_close(d);
	g_rmdir(path);
}

/* The flags of @file, joined by "|", with "T" for the tree. */
static void expect(const char *tree, const char *file, const char *want)
{
	GPtrArray *v = kbuild_flags(tree, file);
	char *joined, **parts, *got;

	g_ptr_array_add(v, NULL);
	joined = g_strjoinv("|", (char **)v->pdata);
	parts = g_strsplit(joined, tree, -1);
	got = g_strjoinv("T", parts);
	assert_string_equal(got, want);
	g_free(got);
	g_strfreev(parts);
	g_free(joined);
	g_ptr_array_free(v, TRUE);
}

static void test_flags(void **state)
{
	char *tree = g_dir_make_tmp("treewide-kbuild-XXXXXX", NULL);
	char *deep = g_build_filename(tree, "drivers", "a", "deep", NULL);
	GPtrArray *from;

	assert_int_equal(g_mkdir_with_parents(deep, 0755), 0);
	put_file(tree, "Makefile", "ccflags-y += -Itop\n");
	put_file(tree, "drivers/Makefile",
		 "subdir-ccflags-y += -I$(src)/common\n"
		 "ccflags-y += -I$(src)/not-below\n");
	put_file(tree, "drivers/a/Makefile",
		 "BASE := $(srctree)/$(src)/base\n"
		 "ccflags-y := -I $(BASE) \\\n"
		 "\t-I$(src)/.. -I$(unknown)/x -Wall\n"
		 "ccflags-$(CONFIG_A_DEBUG) += -DDEBUG -I$(src)/debug\n"
		 "ccflags-y += -DNAME=\\\"a\\\" -include $(srctree)/inc.h\n"
		 "CFLAGS_x.o = -DX\n"
		 "CFLAGS_deep/z.o = -DZ\n"
		 "CFLAGS_REMOVE_x.o = -DNO\n"
		 "obj-y += x.o\n"
		 "all:\n"
		 "\tccflags-y = -DRECIPE\n"
		 "# ccflags-y += -DCOMMENT\n");
	expect(tree, "drivers/a/x.c",
	       "-I|T/drivers/a/base|-IT/drivers|-IT/drivers/a/debug|"
	       "-DNAME=\"a\"|-include|T/inc.h|-DX|-IT/drivers/common");
	expect(tree, "drivers/a/y.c",
	       "-I|T/drivers/a/base|-IT/drivers|-IT/drivers/a/debug|"
	       "-DNAME=\"a\"|-include|T/inc.h|-IT/drivers/common");
	/* A folder without a Makefile is built by the one above. */
	expect(tree, "drivers/a/deep/z.c",
	       "-I|T/drivers/a/base|-IT/drivers|-IT/drivers/a/debug|"
	       "-DNAME=\"a\"|-include|T/inc.h|-DZ|-IT/drivers/common");
	expect(tree, "drivers/a/x.h", "");
	expect(tree, "top.c", "");
	expect(tree, "/elsewhere/x.c", "");
	put_file(tree, "drivers/a/Kbuild", "ccflags-y += -DKBUILD\n");
	expect(tree, "drivers/a/x.c", "-DKBUILD|-IT/drivers/common");
	from = kbuild_makefiles(tree, "drivers/a/deep/z.c");
	assert_int_equal(from->len, 2);
	assert_string_equal(from->pdata[0], "drivers/a/Kbuild");
	assert_string_equal(from->pdata[1], "drivers/Makefile");
	g_ptr_array_free(from, TRUE);
	remove_all(tree);
	g_free(deep);
	g_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
