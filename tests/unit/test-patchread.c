// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "text/patchread.h"

static struct pr_set *must_read(const char *text)
{
	struct pr_error err = { 0 };
	struct pr_set *s = pr_read(text, strlen(text), 0, &err);

	if (!s)
		fail_msg("line %u: %s", err.line, err.text);
	return s;
}

static void must_fail(const char *text, guint line, const char *what)
{
	struct pr_error err = { 0 };
	struct pr_set *s = pr_read(text, strlen(text), 0, &err);

	assert_null(s);
	assert_int_equal(err.line, line);
	assert_non_null(strstr(err.text, what));
}

static const struct pr_file *file(const struct pr_set *s, guint patch, guint n)
{
	const struct pr_patch *p = s->patches->pdata[patch];

	return p->files->pdata[n];
}

static void lines_and_places(void **state)
{
	struct pr_set *s = must_read("--- a/mm/a.c\t2026\n+++ b/mm/a.c\t2026\n"
				     "@@ -3,2 +3,3 @@ int f(void)\n x\n-y\n+z\n+w\n"
				     "\\ No newline at end of file\n");
	const struct pr_file *f = file(s, 0, 0);
	const struct pr_hunk *h = pr_hunk_at(f, 0);

	assert_string_equal(f->old_path, "mm/a.c");
	assert_string_equal(f->new_path, "mm/a.c");
	assert_int_equal(h->n, 4);
	assert_int_equal(h->new_start, 3);
	assert_int_equal(pr_line_at(s, h, 2)->kind, '+');
	assert_memory_equal(pr_line_at(s, h, 2)->p, "z", 1);
	assert_int_equal(pr_line_at(s, h, 2)->no_eol, 0);
	assert_int_equal(pr_line_at(s, h, 3)->no_eol, 1);
	pr_free(s);
}

static void text_that_looks_like_headers(void **state)
{
	struct pr_set *s = must_read("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n"
				     "--- a/y\n+++ b/y\n @@ -1 +1 @@\n");

	assert_int_equal(((struct pr_patch *)s->patches->pdata[0])->files->len,
			 1);
	pr_free(s);
}

static void created_and_deleted(void **state)
{
	struct pr_set *s = must_read(
		"diff --git a/n b/n\nnew file mode 120000\n--- /dev/null\n+++ b/n\n"
		"@@ -0,0 +1 @@\n+t\n"
		"diff --git a/d b/d\ndeleted file mode 100644\n--- a/d\n+++ /dev/null\n"
		"@@ -1 +0,0 @@\n-t\n");

	assert_null(file(s, 0, 0)->old_path);
	assert_int_equal(file(s, 0, 0)->mode, 0120000);
	assert_null(file(s, 0, 1)->new_path);
	pr_free(s);
}

static void what_mailers_do(void **state)
{
	/* A blank line lost its blank; lines end with CR LF. */
	struct pr_set *s = must_read("--- a/x\r\n+++ b/x\r\n@@ -1,3 +1,3 @@\r\n"
				     " a\r\n\r\n-b\r\n+c\r\n");

	assert_string_equal(file(s, 0, 0)->new_path, "x");
	assert_int_equal(pr_hunk_at(file(s, 0, 0), 0)->n, 4);
	pr_free(s);
}

static void paths(void **state)
{
	const char *why;

	assert_true(pr_path_ok("mm/a b.c", &why));
	assert_true(pr_path_ok("a..b/..c", &why));
	assert_false(pr_path_ok("", &why));
	assert_false(pr_path_ok("/a", &why));
	assert_false(pr_path_ok("a/../b", &why));
	assert_false(pr_path_ok("..", &why));
	assert_false(pr_path_ok("a//b", &why));
	assert_false(pr_path_ok("./a", &why));
	assert_false(pr_path_ok("a/", &why));
	assert_false(pr_path_ok("a/.GIT/hooks", &why));
	assert_false(pr_path_ok("a\nb", &why));
}

static void refused(void **state)
{
	must_fail("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n", 4, "middle");
	must_fail("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n+c\n", 6, "goes on");
	must_fail("--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n+a\n+b\n", 5, "contradict");
	must_fail("--- a/x\n+++ /etc/x\n@@ -1 +1 @@\n-a\n+b\n", 2, "absolute");
	must_fail("words\n", 1, "no diff");
	must_fail("--- a/x\n+++ b/x\n@@ -2 +2 @@\n-a\n+b\n@@ -1 +1 @@\n-a\n+b\n", 6,
		  "overlaps");
}

static void loose(void **state)
{
	static const char text[] = "diff --git a/p b/p\nBinary files a/p and b/p differ\n"
		"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-\xff\n+b\n";
	struct pr_error err = { 0 };
	struct pr_set *s = pr_read(text, strlen(text), PR_LOOSE, &err);

	assert_non_null(s);
	assert_true(file(s, 0, 0)->binary);
	assert_false(file(s, 0, 1)->binary);
	pr_free(s);
	assert_null(pr_read(text, strlen(text), 0, &err));
	assert_int_equal(err.line, 7);
}

static void nothing(void **state)
{
	struct pr_set *s = must_read("");

	assert_int_equal(s->patches->len, 0);
	pr_free(s);
	s = must_read("\n\n");
	assert_int_equal(s->patches->len, 0);
	pr_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_and_places),
		cmocka_unit_test(text_that_looks_like_headers),
		cmocka_unit_test(created_and_deleted),
		cmocka_unit_test(what_mailers_do),
		cmocka_unit_test(paths),
		cmocka_unit_test(refused),
		cmocka_unit_test(loose),
		cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
