// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "text/mailread.h"

#define FROM1 "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
#define FROM2 "From me@x Mon Sep 17 00:00:00 2001\n"
#define DIFF "--- a/x\n+++ b/x\n@@ -1 +1 @@ int f(void)\n-a\n+b\n"

static struct pr_set *must_read(const char *text)
{
	struct pr_error err = { 0 };
	struct pr_set *s = mail_read(text, strlen(text), &err);

	if (!s)
		fail_msg("line %u: %s", err.line, err.text);
	return s;
}

static void must_fail(const char *text, guint line, const char *what)
{
	struct pr_error err = { 0 };

	assert_null(mail_read(text, strlen(text), &err));
	assert_int_equal(err.line, line);
	assert_non_null(strstr(err.text, what));
}

static const struct pr_patch *patch(const struct pr_set *s, guint n)
{
	assert_true(n < s->patches->len);
	return s->patches->pdata[n];
}

static const struct pr_file *file(const struct pr_set *s, guint n, guint k)
{
	assert_true(k < patch(s, n)->files->len);
	return patch(s, n)->files->pdata[k];
}

static void an_mbox(void **state)
{
	struct pr_set *s = must_read(
		FROM1 "Subject: [PATCH 1/2] one\n two\nFrom: A <a@b>\n\n"
		"text\n--- not a diff\n---\n"
		"diff --git a/x b/x\n" DIFF "-- \n2.39\n\n"
		FROM2 "Subject: three\n\n"
		"diff --git a/y b/z\nsimilarity index 100%\nrename from y\nrename to z\n");

	assert_int_equal(s->patches->len, 2);
	assert_string_equal(patch(s, 0)->subject, "[PATCH 1/2] one two");
	assert_string_equal(patch(s, 0)->author, "A <a@b>");
	assert_string_equal(patch(s, 0)->commit,
			    "0123456789012345678901234567890123456789");
	assert_string_equal(file(s, 1, 0)->old_path, "y");
	assert_string_equal(file(s, 1, 0)->new_path, "z");
	pr_free(s);
}

/* A sentence is no mail, and "commit" in a message starts no patch. */
static void what_splits(void **state)
{
	struct pr_set *s = must_read(
		FROM1 "Subject: one\n\nFrom here on it is text.\n"
		"commit 0123456789012345678901234567890123456789 upstream.\n"
		"---\n" DIFF);

	assert_int_equal(s->patches->len, 1);
	assert_string_equal(patch(s, 0)->subject, "one");
	pr_free(s);
	s = must_read(DIFF FROM1 "Subject: one\n\n" DIFF);
	assert_int_equal(s->patches->len, 2);
	assert_null(patch(s, 0)->subject);
	pr_free(s);
	/* A diff without a mail, and one with a line of other tools. */
	s = must_read("Index: x\n====\n" DIFF);
	assert_int_equal(s->patches->len, 1);
	pr_free(s);
}

/* Lines of an error are those of the file. */
static void errors(void **state)
{
	must_fail(FROM1 "Subject: one\n\n---\n" DIFF FROM2
		  "Subject: two\n\ntext\n--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-a\n",
		  17, "middle of a hunk");
	must_fail(FROM1 "Subject: one\n\nno diff\n", 4, "no diff");
}

static void mail_of_parts(void **state)
{
	struct pr_set *s = must_read(
		"Subject: x\nMIME-Version: 1.0\n"
		"Content-Type: multipart/mixed; boundary=b\n\n"
		"--b\nContent-Type: text/plain\n\nhi\n"
		"--b\nContent-Type: text/x-diff\n"
		"Content-Transfer-Encoding: quoted-printable\n\n"
		"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b =3D=\n c\n--b--\n");
	const struct pr_hunk *h = pr_hunk_at(file(s, 0, 0), 0);

	assert_int_equal(s->patches->len, 1);
	assert_memory_equal(pr_line_at(s, h, 1)->p, "b = c", 5);
	assert_int_equal(patch(s, 0)->unread->len, 0);
	pr_free(s);
	s = must_read("Subject: x\nMIME-Version: 1.0\n"
		      "Content-Type: multipart/mixed; boundary=b\n\n"
		      "--b\nContent-Type: text/x-diff\n"
		      "Content-Transfer-Encoding: base64\n\nLS0tI\n--b--\n");
	assert_int_equal(patch(s, 0)->files->len, 0);
	assert_int_equal(patch(s, 0)->unread->len, 1);
	pr_free(s);
}

static void flowed(void **state)
{
	/* Stuffed, one line broken; "-- " and an empty line stay. */
	struct pr_set *s = must_read(
		"Subject: x\nContent-Type: text/plain; format=flowed\n\n"
		"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n  a\n  \n-b\n+b is \nlong\n"
		"-- \n2\n");
	const struct pr_hunk *h = pr_hunk_at(file(s, 0, 0), 0);

	assert_memory_equal(pr_line_at(s, h, 0)->p, "a\n", 2);
	assert_memory_equal(pr_line_at(s, h, 3)->p, "b is long\n", 10);
	pr_free(s);
	/* A blank at the end of a line that is whole. */
	s = must_read("Subject: x\nContent-Type: text/plain; format=flowed\n\n"
		      "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-b\n+b \n+c\n");
	h = pr_hunk_at(file(s, 0, 0), 0);
	assert_int_equal(h->n, 3);
	assert_memory_equal(pr_line_at(s, h, 1)->p, "b \n", 3);
	pr_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_mbox),
		cmocka_unit_test(what_splits),
		cmocka_unit_test(errors),
		cmocka_unit_test(mail_of_parts),
		cmocka_unit_test(flowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
