// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comments and documents that a conversion makes untrue: which are converted,
 * which are listed, and which are no matter of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "text/edit.h"
#include "tree/tree.h"
#include "convert/handle/stale.h"

struct world {
	struct tree tree;
	struct manifest m;
	struct flow flow;
	struct stale st;
	struct source *s;
};

static const struct handle handle = {
	.type = "pgtable_t", .old = "page", .new = "ptdesc",
	.to_old = "ptdesc_page", .to_new = "page_ptdesc",
};

static struct source *source(struct world *w, const char *text)
{
	char *path = g_build_filename(w->tree.path, "a.c", NULL);

	source_free(w->s);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	w->s = tree_source(&w->tree, "a.c");
	assert_non_null(w->s);
	g_unlink(path);
	g_free(path);
	return w->s;
}

static gsize at(const struct source *s, const char *what)
{
	const char *p = strstr(s->text, what);

	assert_non_null(p);
	return p - s->text;
}

/* The text from @from up to @to is a function that carries handles. */
static void carries(struct world *w, const char *from, const char *to)
{
	struct flow_func *f = g_new0(struct flow_func, 1);

	f->name = "f";
	f->file = w->s->file;
	f->start = at(w->s, from);
	f->end = at(w->s, to) + strlen(to);
	g_ptr_array_add(w->flow.funcs, f);
}

static void edit(struct world *w, const char *around, const char *old,
		 const char *new_text)
{
	gsize off = at(w->s, around);

	off += strstr(around, old) - around;
	edit_add(w->st.edits, w->s->file, off, old, new_text, "rule");
}

static void comment(struct world *w, const char *old, const char *new_text)
{
	g_key_file_set_string(w->m.keys, "comments", old, new_text);
}

static void result(struct world *w, const char *want)
{
	gsize n;
	char *got;

	stale_source(&w->st, w->s);
	got = edit_apply_text(w->st.edits, w->s->file, w->s->text, w->s->size,
			      &n);
	assert_non_null(got);
	assert_string_equal(got, want);
	g_free(got);
}

static void notes(struct world *w, guint n, guint line, const char *part)
{
	stale_finish(&w->st);
	assert_int_equal(w->st.notes->len, n);
	for (guint i = 0; n && i < w->st.notes->len; i++) {
		const struct note *x = w->st.notes->pdata[i];

		if (x->line == line && strstr(x->text, part))
			return;
	}
	if (n)
		fail_msg("no note of line %u with '%s'", line, part);
}

static int setup(void **state)
{
	struct world *w = g_new0(struct world, 1);

	w->tree.path = g_dir_make_tmp("test-stale-XXXXXX", NULL);
	w->m.keys = g_key_file_new();
	w->flow.funcs = g_ptr_array_new_with_free_func(g_free);
	w->flow.frontier = g_ptr_array_new();
	w->st = (struct stale) {
		&handle, &w->m, &w->flow, edit_set_new(),
		g_ptr_array_new_with_free_func(note_free),
	};
	*state = w;
	return w->tree.path ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;

	source_free(w->s);
	g_rmdir(w->tree.path);
	g_free(w->tree.path);
	g_key_file_free(w->m.keys);
	g_ptr_array_free(w->flow.funcs, TRUE);
	g_ptr_array_free(w->flow.frontier, TRUE);
	g_ptr_array_free(w->st.notes, TRUE);
	edit_set_free(w->st.edits);
	g_free(w);
	return 0;
}

#define UNTOUCHED "/* frees the page of x */\nvoid a(void) { }\n\n"

static void test_converted(void **state)
{
	struct world *w = *state;

	source(w, UNTOUCHED
		"/* frees the\n *   page of y */\n"
		"void b(void)\n{\n\t/* the page of y, xthe page of */\n}\n"
		"/* the page of z */\n");
	comment(w, "the page of", "the table of");
	carries(w, "void b", "xthe page of */\n}\n");
	result(w, UNTOUCHED
		"/* frees the\n *   table of y */\n"
		"void b(void)\n{\n\t/* the table of y, xthe page of */\n}\n"
		"/* the page of z */\n");
	notes(w, 0, 0, NULL);
}

static void test_listed(void **state)
{
	struct world *w = *state;

	source(w, "/* a struct page of x, page->lru */\nvoid a(void) { }\n"
		"/**\n * b - as a: the page table\n * @p: its struct page\n */\n"
		"void b(pgtable_t p)\n{\n\tuse(p->lru);\n"
		"\t/* the list is p->lru */\n\t/* a page table page */\n}\n");
	carries(w, "void b", "a page table page */\n}\n");
	edit(w, "p->lru);", "lru", "pt_list");
	stale_source(&w->st, w->s);
	notes(w, 2, 5, "* @p: its struct page");
	notes(w, 2, 10, "p->lru");
}

/* A macro that carries handles, with its comment before and inside. */
static void test_macro(void **state)
{
	struct world *w = *state;
	struct source *s = source(w,
		"int x; /* a struct page */\n\n"
		"/* takes a struct page */\n"
		"#define f(p) g(p)\n"
		"/* this too takes a struct page */\n"
		"#define h(p) g(p)\n");

	((struct source_macro *)s->macros->pdata[0])->handles = 1;
	stale_source(&w->st, s);
	notes(w, 1, 3, "takes a struct page");
}

/* The include is there for what no code names any more. */
static void test_last_use(void **state)
{
	struct world *w = *state;

	source(w, "#include <mm.h>\t/* for struct page */\n"
		"/* in struct page */\nvoid f(struct page *p);\n");
	comment(w, "for struct page", "for struct ptdesc");
	edit(w, "page *p", "page", "ptdesc");
	result(w, "#include <mm.h>\t/* for struct ptdesc */\n"
		"/* in struct page */\nvoid f(struct ptdesc *p);\n");
	notes(w, 1, 2, "no code of the file");
}

static void test_other_uses(void **state)
{
	struct world *w = *state;

	source(w, "#include <mm.h>\t/* for struct page */\n"
		"void f(struct page *p);\nvoid g(struct page *p);\n");
	comment(w, "for struct page", "for struct ptdesc");
	edit(w, "page *p);\nvoid g", "page", "ptdesc");
	result(w, "#include <mm.h>\t/* for struct page */\n"
		"void f(struct ptdesc *p);\nvoid g(struct page *p);\n");
	notes(w, 0, 0, NULL);
}

/* What compiles as before and is another number. */
static void test_size(void **state)
{
	struct world *w = *state;
	struct flow_frontier f = { .file = "a.c", .kind = FLOW_SIZE };

	source(w, UNTOUCHED "int f(pgtable_t h)\n{\n\treturn sizeof(*h);\n}\n");
	f.file = w->s->file;
	f.off = strstr(w->s->text, "h);\n") - w->s->text;
	g_ptr_array_add(w->flow.frontier, &f);
	stale_source(&w->st, w->s);
	notes(w, 1, 6, "takes the size of struct ptdesc now: \"return sizeof");
}

/* The kernel-doc of the new struct; the line ends of what stays are kept. */
static void test_struct(void **state)
{
	struct world *w = *state;

	source(w, "/**\n * @lru: of struct page. For a and\n *       b use.\n */\n"
		"struct ptdesc {\n\tint a;\n};\n"
		"/* For a and b use. */\nstruct other { int b; };\n");
	comment(w, "For a and b use.", "For a and b use, and c.");
	result(w, "/**\n * @lru: of struct page. For a and\n *       b use, and c.\n */\n"
		"struct ptdesc {\n\tint a;\n};\n"
		"/* For a and b use. */\nstruct other { int b; };\n");
	notes(w, 0, 0, NULL);
}

/* No text fits: members that come into use are listed. */
static void test_members(void **state)
{
	struct world *w = *state;

	source(w, "/**\n * @list: For x.\n * @rcu: For y.\n */\n"
		"struct ptdesc {\n\tint list, rcu;\n};\n"
		"int f(struct ptdesc *p) { return p->lru; }\n");
	edit(w, "lru", "lru", "list");
	stale_source(&w->st, w->s);
	notes(w, 1, 2, "@list: For x.");
}

static void test_sites(void **state)
{
	struct world *w = *state;
	const char *text = "one pgtable_t\nparagraph\n\nof pgtable_t and\n"
		"a struct\npage\n\nstruct page /* pgtable_t */ struct page\n";
	struct site s = { .file = "doc.rst", .symbol = "pgtable_t" };

	s.ctx = SITE_DOC;
	s.off = strstr(text, "pgtable_t") - text;
	stale_site(&w->st, &s, text, strlen(text));
	notes(w, 0, 0, NULL);
	s.off = strstr(text, "pgtable_t and") - text;
	stale_site(&w->st, &s, text, strlen(text));
	stale_site(&w->st, &s, text, strlen(text));
	notes(w, 1, 5, "together with pgtable_t");
	s.ctx = SITE_COMMENT;
	s.off = strstr(text, "pgtable_t */") - text;
	stale_site(&w->st, &s, text, strlen(text));
	s.ctx = SITE_CODE;
	s.off = strstr(text, "pgtable_t and") - text;
	stale_site(&w->st, &s, text, strlen(text));
	notes(w, 1, 5, "together with pgtable_t");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_converted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_macro, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_uses, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_struct, setup, teardown),
		cmocka_unit_test_setup_teardown(test_members, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sites, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
