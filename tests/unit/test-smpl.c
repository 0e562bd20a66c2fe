// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running semantic patches: what matched, what did not (spatch calls a file
 * without the rule's words an error, which it is not), what fails, and the
 * cache of all that.  Runs spatch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "smpl/smpl.h"

#define RULE "@r@\nexpression e;\n@@\n- old_name(e)\n+ new_name(e)\n"
#define MATCHES "int f(void)\n{\n\treturn old_name(1);\n}\n"

static char *dir;

static struct smpl_rule *rule_new(const char *name, const char *text)
{
	struct smpl_rule *r = g_new0(struct smpl_rule, 1);
	char *leaf = g_strconcat(name, ".cocci", NULL);

	r->name = g_strdup(name);
	r->text = g_strdup(text);
	r->path = g_build_filename(dir, leaf, NULL);
	assert_true(g_file_set_contents(r->path, text, -1, NULL));
	g_free(leaf);
	return r;
}

static void rule_free(gpointer p)
{
	struct smpl_rule *r = p;

	g_free(r->name);
	g_free(r->path);
	g_free(r->text);
	g_free(r);
}

/* One rule on one text. */
static struct smpl_job *run(const char *rule, const char *text)
{
	GPtrArray *rules = g_ptr_array_new_with_free_func(rule_free);
	GPtrArray *jobs = g_ptr_array_new();
	struct smpl_job *job = g_new0(struct smpl_job, 1);

	g_ptr_array_add(rules, rule_new("t", rule));
	job->name = g_strdup("f.c");
	job->text = g_strdup(text);
	job->size = strlen(text);
	g_ptr_array_add(jobs, job);
	assert_int_equal(smpl_run(rules, jobs, 1), 0);
	g_ptr_array_free(rules, TRUE);
	g_ptr_array_free(jobs, TRUE);
	return job;
}

static void test_match(void **state)
{
	struct smpl_job *j = run(RULE, MATCHES);

	assert_null(j->steps[0].error);
	assert_non_null(j->steps[0].text);
	assert_non_null(strstr(j->steps[0].text, "return new_name(1);"));
	assert_int_equal(j->unparsed->len, 0);
	smpl_job_free(j, 1);
}

static void test_no_match_is_no_error(void **state)
{
	/* With the rule's word, and without any. */
	const char *texts[] = { "int f(void)\n{\n\treturn old_name;\n}\n",
				"int x;\n" };

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct smpl_job *j = run(RULE, texts[i]);

		assert_null(j->steps[0].error);
		/* spatch may leave a copy. */
		if (j->steps[0].text)
			assert_string_equal(j->steps[0].text, texts[i]);
		smpl_job_free(j, 1);
	}
}

static void test_broken_rule(void **state)
{
	struct smpl_job *j = run("@r@\nno such thing e;\n@@\n- f(e)\n", MATCHES);

	assert_non_null(j->steps[0].error);
	assert_null(j->steps[0].text);
	smpl_job_free(j, 1);
}

static void test_unparsed_lines(void **state)
{
	struct smpl_job *j = run(RULE, "int a;\nint f(void)\n{\n"
				 "\treturn ] old_name(1);\n}\n");

	/* The whole function, not the line at which it stumbles. */
	assert_int_equal(j->unparsed->len, 4);
	for (guint i = 0; i < j->unparsed->len; i++)
		assert_int_equal(g_array_index(j->unparsed, guint, i), 2 + i);
	smpl_job_free(j, 1);
}

static void test_cache(void **state)
{
	struct smpl_job *j = run(RULE, "int g = 1;\n" MATCHES);
	char *cache = g_build_filename(dir, "treewide", "smpl", NULL);
	GDir *d;
	const char *name;

	assert_false(j->cached);
	smpl_job_free(j, 1);
	j = run(RULE, "int g = 1;\n" MATCHES);
	assert_true(j->cached);
	assert_non_null(strstr(j->steps[0].text, "new_name(1)"));
	smpl_job_free(j, 1);

	/* Half an entry is none: it is made anew. */
	d = g_dir_open(cache, 0, NULL);
	assert_non_null(d);
	while ((name = g_dir_read_name(d))) {
		char *p = g_build_filename(cache, name, NULL), *text;
		gsize n;

		assert_true(g_file_get_contents(p, &text, &n, NULL));
		assert_true(g_file_set_contents(p, text, n / 2, NULL));
		g_free(text);
		g_free(p);
	}
	g_dir_close(d);
	j = run(RULE, "int g = 1;\n" MATCHES);
	assert_false(j->cached);
	assert_non_null(strstr(j->steps[0].text, "new_name(1)"));
	smpl_job_free(j, 1);
	g_free(cache);
}

static void remove_all(const char *path)
{
	GDir *d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *p = g_build_filename(path, name, NULL);

		remove_all(p);
		g_free(p);
	}
	if (d)
		g_dir_close(d);
	g_remove(path);
}

static int setup(void **state)
{
	dir = g_dir_make_tmp("test-smpl-XXXXXX", NULL);
	if (!dir)
		return -1;
	/* Before GLib looks: the user's cache is none of ours. */
	return setenv("XDG_CACHE_HOME", dir, 1);
}

static int teardown(void **state)
{
	remove_all(dir);
	g_free(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_no_match_is_no_error),
		cmocka_unit_test(test_broken_rule),
		cmocka_unit_test(test_unparsed_lines),
		cmocka_unit_test(test_cache),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
