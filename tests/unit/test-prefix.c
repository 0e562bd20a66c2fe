// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prefixes: which headers are chosen for which units, and that a unit that is
 * read with its prefix says what it says without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/child.h"
#include "base/treewide.h"
#include "read/prefix.h"
#include "read/refs.h"

#define N 8

static char *dir, *args[5];
static const char *units[N] = {
	"0.c", "1.c", "2.c", "3.c", "4.c", "5.c", "6.c", "7.c"
};
static struct cell_info cell;

static void put_file(const char *name, const char *text)
{
	char *path = g_build_filename(dir, name, NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	g_free(path);
}

/* Eight units that include the header "all.h", which includes "base.h". */
static int start(void **state)
{
	dir = g_dir_make_tmp("treewide-prefix-XXXXXX", NULL);
	if (!dir)
		return -1;
	args[0] = (char *)"-Wno-everything";
	args[1] = g_strconcat("-I", dir, NULL);
	cell = (struct cell_info){ .name = (char *)"test",
				   .build = g_build_filename(dir, "build", NULL),
				   .args = args };
	assert_int_equal(g_mkdir(cell.build, 0755), 0);
	put_file("base.h",
		 "#ifndef BASE_H\n#define BASE_H\n"
		 "#ifdef DEBUG\nint debug;\n#endif\n"
		 "#ifndef fmt\n#define fmt(s) s\n#endif\n"
		 "#define CALL(t) del(t)\n"
		 "int del(int *t);\n"
		 "struct box { int del; };\n"
		 "#endif\n");
	put_file("all.h", "#ifndef ALL_H\n#define ALL_H\n"
			  "#include <base.h>\nint all;\n#endif\n");
	put_file("alone.h", "#if 0\n#endif\nint alone;\n");
	for (guint i = 0; i < N; i++)
		put_file(units[i], "#include <all.h>\n"
			 "int f(int *t, struct box *b)\n"
			 "{\n"
			 "	return del(t) + CALL(t) + b->del;\n"
			 "}\n");
	return 0;
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

static int stop(void **state)
{
	remove_all(dir);
	g_clear_pointer(&dir, g_free);
	g_free(args[1]);
	g_free(cell.build);
	return 0;
}

static struct prefix_request request(void)
{
	return (struct prefix_request){ .tree = dir, .cell = &cell,
					.units = units, .n_units = N,
					.jobs = 1 };
}

static void expect_plan(const char *want)
{
	struct prefix_request req = request();
	struct prefix_set *set = prefix_set_new(&req);
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < set->prefixes->len; i++) {
		const struct prefix *p = set->prefixes->pdata[i];
		char *headers = g_strjoinv(" ", p->headers);

		g_string_append_printf(s, "%s:", headers);
		for (guint k = 0; k < p->units->len; k++)
			g_string_append_printf(s, " %s", (char *)
					       p->units->pdata[k]);
		g_string_append_c(s, '\n');
		g_free(headers);
	}
	assert_string_equal(s->str, want);
	g_string_free(s, TRUE);
	prefix_set_free(set);
}

static void test_plan(void **state)
{
	char *sub;

	expect_plan("all.h: 0.c 1.c 2.c 3.c 4.c 5.c 6.c 7.c\n");
	/* A default of a header may be defined before it, or behind. */
	put_file("1.c", "#define fmt(s) #s\n#include <all.h>\n");
	expect_plan("all.h: 0.c 1.c 2.c 3.c 4.c 5.c 6.c 7.c\n");
	/* What a header asks for must be defined before it; this one is not. */
	put_file("1.c", "#include <all.h>\n#define DEBUG\n");
	expect_plan("all.h: 0.c 1.c 2.c 3.c 4.c 5.c 6.c 7.c\n");
	put_file("1.c", "#define DEBUG\n#include <all.h>\n");
	/* Another header, through another one, and none. */
	put_file("2.c", "#include <alone.h>\n");
	put_file("own.h", "#include <all.h>\n");
	put_file("3.c", "#include \"own.h\"\n");
	put_file("4.c", "int none;\n");
	expect_plan("all.h: 0.c 3.c 5.c 6.c 7.c\n");
	/* A Makefile that defines it for one of them. */
	sub = g_build_filename(dir, "sub", NULL);
	assert_int_equal(g_mkdir(sub, 0755), 0);
	g_free(sub);
	put_file("sub/8.c", "#include <all.h>\n");
	put_file("sub/Makefile", "ccflags-y += -DOTHER\n");
	units[1] = "sub/8.c";
	expect_plan("all.h: 0.c sub/8.c 3.c 5.c 6.c 7.c\n");
	put_file("sub/Makefile", "ccflags-y += -DDEBUG\n");
	expect_plan("all.h: 0.c 3.c 5.c 6.c 7.c\n");
	units[1] = "1.c";
}

/* A header that does not compile by itself is not put before a unit. */
static void test_broken_header(void **state)
{
	put_file("all.h", "#include <base.h>\nunknown_t all;\n");
	expect_plan("");
}

struct job {
	const struct refs_request *req;
	const char *out, *after;
	gboolean ok;
};

static int work(guint i, void *data)
{
	const struct job *j = data;

	return refs_read(j->req, j->out, j->after) ? 1 : 0;
}

static void done(guint i, enum child_end end, int status, void *data)
{
	((struct job *)data)->ok = end == CHILD_OK;
}

/* What is read in 0.c, and with what: the text of the records. */
static char *read_unit(const struct prefix_set *before,
		       const struct prefix_set *after,
		       const struct ast_unsaved *unsaved, guint n_unsaved)
{
	static char *names[] = { (char *)"del", (char *)"del2", NULL };
	static const struct child_limits limits = { 60, 0 };
	GHashTable *files = g_hash_table_new(g_str_hash, g_str_equal);
	char *out = g_build_filename(dir, "out", NULL), *text;
	struct refs_request req = {
		.tree = dir, .build = cell.build, .args = args, .unit = "0.c",
		.cell = "test", .names = names, .files = files,
		.unsaved = unsaved, .n_unsaved = n_unsaved,
		.prefix = prefix_for(before, "0.c"),
		.after_prefix = prefix_for(after, "0.c"),
	};
	struct job j = { .req = &req };

	if (n_unsaved)
		j.after = out;
	else
		j.out = out;
	g_hash_table_add(files, (gpointer)"0.c");
	g_hash_table_add(files, (gpointer)"base.h");
	assert_int_equal(child_pool(1, 1, &limits, work, done, &j), 0);
	assert_true(j.ok);
	assert_true(g_file_get_contents(out, &text, NULL, NULL));
	assert_int_equal(g_unlink(out), 0);
	g_free(out);
	g_hash_table_destroy(files);
	return text;
}

/* Lines that start with @kind, those about base.h apart from its macro body. */
static char *lines_of(const char *text, const char *kind)
{
	char **v = g_strsplit(text, "\n", -1);
	GPtrArray *keep = g_ptr_array_new();
	char *joined;

	for (char **l = v; *l; l++)
		if (g_str_has_prefix(*l, kind) &&
		    (!strstr(*l, " file=base.h") || strstr(*l, "use=call")))
			g_ptr_array_add(keep, *l);
	g_ptr_array_add(keep, NULL);
	joined = g_strjoinv("\n", (char **)keep->pdata);
	g_ptr_array_free(keep, TRUE);
	g_strfreev(v);
	return joined;
}

static void expect_same(const char *a, const char *b, const char *kind)
{
	char *x = lines_of(a, kind), *y = lines_of(b, kind);

	assert_string_equal(x, y);
	assert_true(*x || !strcmp(kind, "message"));
	g_free(x);
	g_free(y);
}

static void test_read(void **state)
{
	struct prefix_request req = request();
	struct prefix_set *set = prefix_set_new(&req);
	char *plain = read_unit(NULL, NULL, NULL, 0);
	char *with = read_unit(set, NULL, NULL, 0);

	assert_non_null(prefix_for(set, "0.c"));
	assert_null(prefix_for(set, "8.c"));
	expect_same(plain, with, "ref");
	expect_same(plain, with, "message");
	assert_non_null(strstr(with, "dep file=base.h"));
	assert_non_null(strstr(plain, "use=definition"));
	assert_null(strstr(with, "use=definition"));	/* it has the prefix */
	g_free(plain);
	g_free(with);
	prefix_set_free(set);
}

/* The result has another header: then so must its prefix. */
static void test_after(void **state)
{
	static const char header[] = "#ifndef BASE_H\n#define BASE_H\n"
		"int del2(int *t);\n#define CALL(t) del2(t)\n"
		"struct box { int del2; };\n#endif\n";
	static const char unit[] = "#include <all.h>\n"
		"int f(int *t, struct box *b)\n"
		"{\n"
		"	return del2(t) + CALL(t) + b->del2;\n"
		"}\n";
	const struct ast_unsaved texts[] = {
		{ "base.h", header, strlen(header) },
		{ "0.c", unit, strlen(unit) },
	};
	struct prefix_request req = request();
	struct prefix_set *before = prefix_set_new(&req), *after;
	char *plain, *with, *old;

	req.unsaved = texts;
	req.n_unsaved = 2;
	after = prefix_set_new(&req);
	plain = read_unit(NULL, NULL, texts, 2);
	with = read_unit(NULL, after, texts, 2);
	assert_null(strstr(plain, "\nmessage"));
	expect_same(plain, with, "ref");
	expect_same(plain, with, "message");
	expect_same(plain, with, "dep file=0.c");
	assert_null(strstr(with, "use=definition"));
	/* An error that is not the prefix's is told as it is. */
	old = read_unit(NULL, before, texts, 2);
	assert_non_null(strstr(old, "\nmessage file=0.c line=4"));
	g_free(plain);
	g_free(with);
	g_free(old);
	prefix_set_free(before);
	prefix_set_free(after);
}

/* A unit that declares for itself what the prefix has is read without. */
static void test_declared_twice(void **state)
{
	struct prefix_request req = request();
	struct prefix_set *set = prefix_set_new(&req);
	char *plain, *with;

	put_file("0.c", "struct box { int del; } b;\n"
			"int f(void) { return b.del; }\n");
	plain = read_unit(NULL, NULL, NULL, 0);
	with = read_unit(set, NULL, NULL, 0);
	assert_string_equal(plain, with);
	assert_null(strstr(with, "\nmessage"));
	assert_non_null(strstr(with, "use=access"));
	g_free(plain);
	g_free(with);
	prefix_set_free(set);
}

/* What a killed run left goes; what a living one has stays. */
static void test_folders(void **state)
{
	char *parent = tw_cache_path("prefix");
	char *dead = g_build_filename(parent, "999999999-aaaaaa", NULL);
	char *alive = g_build_filename(parent, "1-aaaaaa", NULL);
	struct prefix_request req = request();

	assert_int_equal(g_mkdir_with_parents(dead, 0755), 0);
	assert_int_equal(g_mkdir_with_parents(alive, 0755), 0);
	prefix_set_free(prefix_set_new(&req));
	assert_false(g_file_test(dead, G_FILE_TEST_EXISTS));
	assert_true(g_file_test(alive, G_FILE_TEST_EXISTS));
	g_free(parent);
	g_free(dead);
	g_free(alive);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
	char *cache = g_dir_make_tmp("treewide-prefix-XXXXXX", NULL);
	int failed;
	const struct CMUnitTest tests[] = {
		TEST(test_plan),
		TEST(test_broken_header),
		TEST(test_read),
		TEST(test_after),
		TEST(test_declared_twice),
		TEST(test_folders),
	};

	g_setenv("XDG_CACHE_HOME", cache, TRUE);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_all(cache);
	g_free(cache);
	return failed;
}
