// SPDX-License-Identifier: GPL-2.0-only
/*
 * Diffs: the text of a few, and for many random pairs of files (seeded) that
 * git apply and patch -p1, where they are installed, make the new text byte
 * for byte, and that no smaller diff exists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "text/patch.h"

static void expect_patch(const char *file, const char *old_text,
			 const char *new_text, const char *want)
{
	GString *out = g_string_new(NULL);

	patch_append(out, file, 0100644, old_text,
		     old_text ? strlen(old_text) : 0, new_text,
		     new_text ? strlen(new_text) : 0, NULL);
	assert_string_equal(out->str, want);
	g_string_free(out, TRUE);
}

static void test_simple(void **state)
{
	expect_patch("mm/a.c", "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
		     "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
		     "diff --git a/mm/a.c b/mm/a.c\n"
		     "--- a/mm/a.c\n+++ b/mm/a.c\n"
		     "@@ -2,7 +2,7 @@\n"
		     " 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

static void test_equal_is_nothing(void **state)
{
	expect_patch("a", "x\n", "x\n", "");
	expect_patch("a", "", "", "");
	expect_patch("a", NULL, NULL, "");
}

static void test_create_and_delete(void **state)
{
	expect_patch("n.h", NULL, "x\n",
		     "diff --git a/n.h b/n.h\nnew file mode 100644\n"
		     "--- /dev/null\n+++ b/n.h\n@@ -0,0 +1 @@\n+x\n");
	expect_patch("n.h", "x\ny\n", NULL,
		     "diff --git a/n.h b/n.h\ndeleted file mode 100644\n"
		     "--- a/n.h\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x\n-y\n");
	expect_patch("n.h", NULL, "",
		     "diff --git a/n.h b/n.h\nnew file mode 100644\n");
	expect_patch("n.h", "", "x\n",
		     "diff --git a/n.h b/n.h\n--- a/n.h\n+++ b/n.h\n"
		     "@@ -0,0 +1 @@\n+x\n");
}

static void test_no_newline(void **state)
{
	expect_patch("a", "x\ny", "x\ny\n",
		     "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n"
		     " x\n-y\n\\ No newline at end of file\n+y\n");
	expect_patch("a", "x\ny", "z\ny",
		     "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n"
		     "-x\n+z\n y\n\\ No newline at end of file\n");
}

static void test_names(void **state)
{
	expect_patch("a b", "x\n", "y\n",
		     "diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n"
		     "@@ -1 +1 @@\n-x\n+y\n");
	expect_patch("q\"\t\303\244\\", "x\n", "y\n",
		     "diff --git \"a/q\\\"\\t\\303\\244\\\\\" "
		     "\"b/q\\\"\\t\\303\\244\\\\\"\n"
		     "--- \"a/q\\\"\\t\\303\\244\\\\\"\n"
		     "+++ \"b/q\\\"\\t\\303\\244\\\\\"\n"
		     "@@ -1 +1 @@\n-x\n+y\n");
}

static void test_function_line(void **state)
{
	expect_patch("a.c",
		     "static int walk(pte_t *ptep)   \n{\n\tint i;\n\n"
		     "again:\n\ta();\n\tb();\n\tc();\n\td();\n}\n",
		     "static int walk(pte_t *ptep)   \n{\n\tint i;\n\n"
		     "again:\n\ta();\n\tb();\n\tc();\n\te();\n}\n",
		     "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n"
		     "@@ -6,5 +6,5 @@ static int walk(pte_t *ptep)\n"
		     " \ta();\n \tb();\n \tc();\n-\td();\n+\te();\n }\n");
}

/* An added function ends where a reader ends it, not in the next one. */
static void test_slide(void **state)
{
	expect_patch("a.c",
		     "int a(void)\n{\n\treturn 1;\n}\n\n"
		     "int c(void)\n{\n\treturn 3;\n}\n",
		     "int a(void)\n{\n\treturn 1;\n}\n\n"
		     "int b(void)\n{\n\treturn 2;\n}\n\n"
		     "int c(void)\n{\n\treturn 3;\n}\n",
		     "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n"
		     "@@ -3,6 +3,11 @@ int a(void)\n"
		     " \treturn 1;\n }\n \n"
		     "+int b(void)\n+{\n+\treturn 2;\n+}\n+\n"
		     " int c(void)\n {\n \treturn 3;\n");
}

static void test_hunks_join_and_part(void **state)
{
	GString *a = g_string_new(NULL), *out = g_string_new(NULL);
	struct patch_stat st = { 0 };
	char *old_text, *new_text, *at;
	int i;

	for (i = 0; i < 30; i++)
		g_string_append_printf(a, "line %02d\n", i);
	old_text = g_strdup(a->str);
	a->str[8 * 5] = 'L';
	a->str[8 * 12] = 'L';	/* six lines between: one hunk */
	a->str[8 * 20] = 'L';	/* seven: another */
	new_text = a->str;
	patch_append(out, "f", 0100644, old_text, 240, new_text, 240, &st);
	assert_int_equal(st.files, 1);
	assert_int_equal(st.added, 3);
	assert_int_equal(st.removed, 3);
	at = strstr(out->str, "@@ -3,14 +3,14 @@");
	assert_non_null(at);
	at = strstr(at, "@@ -18,7 +18,7 @@ line 16\n");
	assert_non_null(at);
	g_free(old_text);
	g_string_free(a, TRUE);
	g_string_free(out, TRUE);
}

struct pair {
	char *name;
	GString *a, *b;		/* b NULL: deleted; a NULL: created */
};

/* A line: from few, so that much repeats, or of any bytes. */
static void random_line(GRand *r, GString *s)
{
	static const char *const lines[] = {
		"\n", "{\n", "}\n", "\treturn 0;\n", "\tfoo();\r\n", "int x\n",
		"label:\n", "-- a/x\n", "++ b/x\n", "@@ -1 +1 @@\n", "\\ No\n",
		" \n", "\f\n", "\xff\xfe\n", "diff --git a/x b/x\n",
	};
	int n, i;

	if (g_rand_int_range(r, 0, 8)) {
		g_string_append(s, lines[g_rand_int_range(r, 0,
						G_N_ELEMENTS(lines))]);
		return;
	}
	n = g_rand_int_range(r, 0, 12);
	for (i = 0; i < n; i++) {
		char c = g_rand_int_range(r, 0, 256);

		g_string_append_c(s, c == '\n' ? '\0' : c);
	}
	g_string_append_c(s, '\n');
}

static GPtrArray *random_lines(GRand *r, int n)
{
	GPtrArray *v = g_ptr_array_new();
	int i;

	for (i = 0; i < n; i++) {
		GString *s = g_string_new(NULL);

		random_line(r, s);
		g_ptr_array_add(v, s);
	}
	return v;
}

static GString *join(GRand *r, GPtrArray *v, int rate)
{
	GString *s = g_string_new(NULL);
	guint i;

	for (i = 0; i < v->len; i++) {
		GString *l = v->pdata[i];

		if (rate && !g_rand_int_range(r, 0, rate)) {
			if (g_rand_boolean(r))
				random_line(r, s);
			if (g_rand_boolean(r))
				continue;
		}
		g_string_append_len(s, l->str, l->len);
	}
	if (s->len && !g_rand_int_range(r, 0, 4))
		g_string_truncate(s, s->len - 1);
	return s;
}

static void free_lines(GPtrArray *v)
{
	guint i;

	for (i = 0; i < v->len; i++)
		g_string_free(v->pdata[i], TRUE);
	g_ptr_array_free(v, TRUE);
}

static void split(const GString *s, GPtrArray *out)
{
	gsize i = 0, from = 0;

	for (; i < s->len; i++) {
		if (s->str[i] == '\n' || i + 1 == s->len) {
			g_ptr_array_add(out, g_bytes_new(s->str + from,
							 i + 1 - from));
			from = i + 1;
		}
	}
}

/* Lines in no longest common subsequence of both, the plain way. */
static unsigned smallest_diff(const GString *a, const GString *b)
{
	GPtrArray *x = g_ptr_array_new_with_free_func((GDestroyNotify)
						      g_bytes_unref);
	GPtrArray *y = g_ptr_array_new_with_free_func((GDestroyNotify)
						      g_bytes_unref);
	unsigned *t, w, i, j, d;

	split(a, x);
	split(b, y);
	w = y->len + 1;
	t = g_new0(unsigned, (x->len + 1) * w);
	for (i = 1; i <= x->len; i++) {
		for (j = 1; j <= y->len; j++) {
			unsigned *p = &t[i * w + j];

			if (g_bytes_equal(x->pdata[i - 1], y->pdata[j - 1]))
				*p = p[-(int)w - 1] + 1;
			else
				*p = MAX(p[-1], p[-(int)w]);
		}
	}
	d = x->len + y->len - 2 * t[x->len * w + y->len];
	g_free(t);
	g_ptr_array_free(x, TRUE);
	g_ptr_array_free(y, TRUE);
	return d;
}

static char *make_tree(GPtrArray *pairs)
{
	char *dir = g_dir_make_tmp("treewide-patch-XXXXXX", NULL);
	guint i;

	assert_non_null(dir);
	for (i = 0; i < pairs->len; i++) {
		struct pair *p = pairs->pdata[i];
		char *path = g_build_filename(dir, p->name, NULL);

		if (p->a)
			assert_true(g_file_set_contents(path, p->a->str,
							p->a->len, NULL));
		g_free(path);
	}
	return dir;
}

static void check_and_remove_tree(char *dir, GPtrArray *pairs)
{
	guint i;

	for (i = 0; i < pairs->len; i++) {
		struct pair *p = pairs->pdata[i];
		char *path = g_build_filename(dir, p->name, NULL), *got;
		gsize n;

		if (p->b) {
			assert_true(g_file_get_contents(path, &got, &n, NULL));
			if (n != p->b->len || memcmp(got, p->b->str, n))
				fail_msg("%s in %s is not the new text",
					 p->name, dir);
			g_free(got);
			g_remove(path);
		} else {
			assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
		}
		g_free(path);
	}
	assert_int_equal(g_rmdir(dir), 0);
	g_free(dir);
}

static void run_in_tree(char **argv, const char *diff, GPtrArray *pairs)
{
	char *dir, *tool = g_find_program_in_path(argv[0]);
	char *err = NULL;
	int status;

	if (!tool) {
		print_message("%s is not installed: not tried\n", argv[0]);
		return;
	}
	g_free(tool);
	dir = make_tree(pairs);
	assert_true(g_spawn_sync(dir, argv, NULL, G_SPAWN_SEARCH_PATH |
				 G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
				 &err, &status, NULL));
	if (status)
		fail_msg("%s %s in %s: %s", argv[0], diff, dir, err);
	g_free(err);
	check_and_remove_tree(dir, pairs);
}

static void test_random_pairs_apply(void **state)
{
	GRand *r = g_rand_new_with_seed(612);
	GPtrArray *pairs = g_ptr_array_new();
	GString *out = g_string_new(NULL);
	char *diff = NULL;
	char *git[] = { "git", "apply", "--whitespace=nowarn", NULL, NULL };
	char *gnu[] = { "patch", "-s", "-p1", "--binary", "-i", NULL, NULL };
	guint i;
	int fd;

	for (i = 0; i < 1500; i++) {
		GPtrArray *v = random_lines(r, g_rand_int_range(r, 0, 60));
		struct pair *p = g_new0(struct pair, 1);
		struct patch_stat st = { 0 };

		p->name = g_strdup_printf(i % 7 ? "f%u.c" : "f %u\303\244\"\t",
					  i);
		p->a = join(r, v, 0);
		if (i % 11 == 10) {
			free_lines(v);
			v = random_lines(r, g_rand_int_range(r, 0, 60));
		}
		p->b = join(r, v, i % 5 + 2);
		free_lines(v);
		if (i % 50 == 10) {
			g_string_free(p->a, TRUE);
			p->a = NULL;
		} else if (i % 50 == 20) {
			g_string_free(p->b, TRUE);
			p->b = NULL;
		}
		patch_append(out, p->name, 0100644,
			     p->a ? p->a->str : NULL, p->a ? p->a->len : 0,
			     p->b ? p->b->str : NULL, p->b ? p->b->len : 0,
			     &st);
		if (p->a && p->b)
			assert_int_equal(st.added + st.removed,
					 smallest_diff(p->a, p->b));
		g_ptr_array_add(pairs, p);
	}
	fd = g_file_open_tmp("treewide-XXXXXX.diff", &diff, NULL);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, out->str, out->len), out->len);
	close(fd);
	git[3] = diff;
	gnu[5] = diff;
	run_in_tree(git, diff, pairs);
	run_in_tree(gnu, diff, pairs);
	g_remove(diff);
	g_free(diff);
	for (i = 0; i < pairs->len; i++) {
		struct pair *p = pairs->pdata[i];

		g_free(p->name);
		if (p->a)
			g_string_free(p->a, TRUE);
		if (p->b)
			g_string_free(p->b, TRUE);
		g_free(p);
	}
	g_ptr_array_free(pairs, TRUE);
	g_string_free(out, TRUE);
	g_rand_free(r);
}

/* Two big files that share every line, in another order. */
static void test_shuffled_is_bearable(void **state)
{
	GString *a = g_string_new(NULL), *b = g_string_new(NULL);
	GString *out = g_string_new(NULL);
	int i, n = 5003;

	for (i = 0; i < n; i++) {
		g_string_append_printf(a, "line %d\n", i);
		g_string_append_printf(b, "line %d\n", i * 1009 % n);
	}
	patch_append(out, "f", 0100644, a->str, a->len, b->str, b->len, NULL);
	assert_true(out->len > 0);
	g_string_free(a, TRUE);
	g_string_free(b, TRUE);
	g_string_free(out, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_simple),
		cmocka_unit_test(test_equal_is_nothing),
		cmocka_unit_test(test_create_and_delete),
		cmocka_unit_test(test_no_newline),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_function_line),
		cmocka_unit_test(test_slide),
		cmocka_unit_test(test_hunks_join_and_part),
		cmocka_unit_test(test_random_pairs_apply),
		cmocka_unit_test(test_shuffled_is_bearable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
