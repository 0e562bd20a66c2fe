// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading semantic patches: which names they are about, how they are to be run,
 * and which of their parts would run code.  The forms are those of the kernel's
 * scripts/coccinelle.  Renames as the command line spells them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <glib.h>

#include "smpl/cocci.h"
#include "smpl/rename.h"

/* "name:kind name?" of @text. */
static char *names(const char *text)
{
	static const char letters[] = "cmgtns";
	struct cocci *c = cocci_parse("t.cocci", text);
	GString *s = g_string_new(NULL);

	assert_non_null(c);
	for (guint i = 0; i < c->names->len; i++) {
		const struct cocci_name *n = c->names->pdata[i];

		g_string_append_printf(s, "%s%s:%c%s", i ? " " : "", n->name,
				       letters[n->kind],
				       n->context ? "?" : "");
	}
	cocci_free(c);
	return g_string_free(s, FALSE);
}

static void check(const char *text, const char *want)
{
	char *have = names(text);

	assert_string_equal(have, want);
	g_free(have);
}

static void test_call(void **state)
{
	check("@@\nexpression E;\n@@\n- del_timer(E)\n+ timer_delete(E)\n",
	      "del_timer:c");
	check("@@ expression E, F; @@\n- x = kmalloc(E, GFP_KERNEL);\n"
	      "+ x = kzalloc(E, GFP_KERNEL);\n", "kmalloc:c");
}

static void test_argument(void **state)
{
	check("@@\nexpression a, b;\n@@\n- f(a, b)\n+ f(a)\n", "f:c");
	check("@@\nexpression a, b;\n@@\n f(a\n- , b\n )\n", "f:c?");
}

static void test_kinds(void **state)
{
	check("@@\nstruct pd *x;\nexpression E;\n@@\n- x->remove_new = E;\n"
	      "+ x->remove = E;\n", "remove_new:m");
	check("@@\n@@\n- struct foo\n+ struct bar\n", "foo:g");
	check("@@\ntypedef old_t, new_t;\n@@\n- old_t\n+ new_t\n", "old_t:t");
	check("@@\n@@\n- OLD_FLAG\n+ NEW_FLAG\n", "OLD_FLAG:n");
	check("@@\nexpression E;\n@@\n- E ? \"yes\" : \"no\"\n+ yes_no(E)\n",
	      "no:s yes:s");
}

static void test_sets(void **state)
{
	check("@@\nidentifier f = {a_fn, b_fn};\nexpression E;\n@@\n- f(E)\n+ g(E)\n",
	      "a_fn:c b_fn:c");
	check("@@\nidentifier f =~ \"^(a_fn|b_fn)$\";\nexpression E;\n@@\n- f(E)\n+ g(E)\n",
	      "a_fn:c b_fn:c");
	check("@@\nexpression list[n] es;\ntype T;\nT[] E;\n@@\n- f(es, E)\n+ g(es, E)\n",
	      "f:c");
	check("@@\nexpression E;\n@@\n- \\(f@p\\|g\\)(E)\n+ h(E)\n", "f:c g:c");
}

/* What stands beside the change says what to look for when nothing else does. */
static void test_context(void **state)
{
	check("@@\nexpression E;\n@@\n- if (E != NULL)\n kfree(E);\n",
	      "kfree:c?");
}

static const char modes[] =
	"/// What it does\n// Options: --no-includes --include-headers\n"
	"// Requires: 1.0.4\nvirtual patch\nvirtual context, org\n"
	"@r depends on patch && !org@\nexpression E;\n@@\n- f(E)\n+ g(E)\n"
	"@c depends on context || org@\nexpression E;\nposition p;\n@@\n"
	"* other@p(E)\n"
	"@script:python depends on org@\np << c.p;\n@@\nprint(\"it's\")\n"
	"@script:python@\np << c.p;\n@@\nprint(p)\n"
	"@also depends on r@\nexpression E;\n@@\n- h(E);\n";

static void test_modes(void **state)
{
	struct cocci *c = cocci_parse("t.cocci", modes);

	assert_non_null(c);
	assert_int_equal(c->rules->len, 5);
	assert_int_equal(c->script_line, 0);
	assert_int_equal(c->options->len, 2);
	assert_int_equal(c->virtuals->len, 3);
	assert_true(cocci_changes(c));
	assert_true(cocci_version_ok(c, "1.1.1"));
	assert_true(cocci_version_ok(c, "1.0.4"));
	assert_false(cocci_version_ok(c, "1.0.3"));
	cocci_free(c);
	check(modes, "f:c h:c");
}

static void test_scripts(void **state)
{
	struct cocci *c = cocci_parse("t.cocci",
		"@initialize:python@\n@@\nimport os\n"
		"@@\nexpression E;\n@@\n- f(E)\n+ g(E)\n");

	assert_non_null(c);
	assert_int_equal(c->script_line, 1);
	cocci_free(c);
	c = cocci_parse("t.cocci", "@r@\nposition p : script:python() { ok(p) };\n"
			"expression E;\n@@\n- f@p(E)\n+ g(E)\n");
	assert_int_equal(c->script_line, 1);
	cocci_free(c);
}

static void test_refused(void **state)
{
	assert_null(cocci_parse("t.cocci", "no rule\n"));
	assert_null(cocci_parse("t.cocci", "@r@\nexpression E;\n"));
	assert_null(cocci_parse("t.cocci",
				"// Options: --profile\n@@\n@@\n- f()\n+ g()\n"));
	assert_null(cocci_parse("t.cocci",
				"#spatch -o /etc/passwd\n@@\n@@\n- f()\n+ g()\n"));
}

static void test_rename(void **state)
{
	struct rename *r = rename_parse("struct platform_driver.remove_new=remove");

	assert_non_null(r);
	assert_int_equal(r->kind, RENAME_MEMBER);
	assert_string_equal(r->owner, "platform_driver");
	assert_string_equal(r->from, "remove_new");
	assert_string_equal(r->to, "remove");
	rename_free(r);
	r = rename_parse("struct foo = struct bar");
	assert_int_equal(r->kind, RENAME_TAG);
	assert_string_equal(r->to, "bar");
	rename_free(r);
	r = rename_parse("CONFIG_A=CONFIG_B");
	assert_int_equal(r->kind, RENAME_CONFIG);
	rename_free(r);
	assert_null(rename_parse("a"));
	assert_null(rename_parse("a=a"));
	assert_null(rename_parse("a=b-c"));
	assert_null(rename_parse("s.a=b"));
	assert_null(rename_parse("CONFIG_A=B"));
	assert_null(rename_parse("struct a=union b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_argument),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_rename),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
