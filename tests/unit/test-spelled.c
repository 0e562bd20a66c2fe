// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy that spells the handle: which places, decided by the cells that read
 * them, and the text of each kind of declaration.
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
#include "convert/handle/spelled.h"
#include "read/values.h"

struct world {
	struct tree tree;
	struct manifest m;
	struct flow flow;
	GPtrArray *sources, *facts, *problems;
	struct edit_set *edits;
	struct spelled *sp;
};

static const struct handle handle = {
	.type = "pgtable_t", .old = "page", .new = "ptdesc",
	.to_old = "ptdesc_page", .to_new = "page_ptdesc",
};

static struct source *source(struct world *w, const char *file,
			     const char *text)
{
	char *path = g_build_filename(w->tree.path, file, NULL);
	char *dir = g_path_get_dirname(path);
	struct source *s;

	assert_int_equal(g_mkdir_with_parents(dir, 0755), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	s = tree_source(&w->tree, file);
	assert_non_null(s);
	g_ptr_array_add(w->sources, s);
	g_unlink(path);
	g_free(dir);
	g_free(path);
	return s;
}

static struct ast_facts *unit(struct world *w, const char *cell, gboolean page,
			      const struct source *reads)
{
	struct ast_facts *a = g_new0(struct ast_facts, 1);
	struct ast_dep *d = g_new0(struct ast_dep, 1);

	a->text = g_strdup(cell);
	a->cell = a->text;
	a->unit = (char *)"unit.c";
	a->decls = g_ptr_array_new();
	a->events = g_ptr_array_new();
	a->funcs = g_ptr_array_new();
	a->typedefs = g_ptr_array_new();
	a->diags = g_ptr_array_new();
	a->skipped = g_ptr_array_new_with_free_func(g_free);
	a->deps = g_ptr_array_new_with_free_func(g_free);
	d->path = reads->file;
	d->walked = TRUE;
	g_ptr_array_add(a->deps, d);
	g_ptr_array_add(w->facts, a);
	if (page)
		g_hash_table_add(w->flow.page_cells, g_strdup(cell));
	return a;
}

static gsize at(const struct source *s, const char *what)
{
	const char *p = strstr(s->text, what);

	assert_non_null(p);
	return p - s->text;
}

/* The unit does not read the text from @from up to @to. */
static void skips(struct ast_facts *a, const struct source *s,
		  const char *from, const char *to)
{
	struct ast_range *r = g_new0(struct ast_range, 1);

	r->file = s->file;
	r->start = at(s, from);
	r->end = at(s, to);
	g_ptr_array_add(a->skipped, r);
}

static void start(struct world *w, const char *policy)
{
	w->sp = spelled_new(&handle, &w->m, policy, &w->flow, w->facts);
}

static void result(struct world *w, const struct source *s, const char *want)
{
	gsize n;
	char *got;

	spelled_edit_uses(w->sp, s, w->edits, w->problems);
	assert_int_equal(w->problems->len, 0);
	if (!edit_of_file(w->edits, s->file)) {
		assert_string_equal(s->text, want);
		return;
	}
	got = edit_apply_text(w->edits, s->file, s->text, s->size, &n);
	assert_non_null(got);
	assert_string_equal(got, want);
	g_free(got);
}

static int setup(void **state)
{
	struct world *w = g_new0(struct world, 1);

	w->tree.path = g_dir_make_tmp("test-spelled-XXXXXX", NULL);
	w->m.keys = g_key_file_new();
	g_key_file_set_string(w->m.keys, "policy spelled", "spell", "arch/;");
	w->flow.page_cells = g_hash_table_new_full(g_str_hash, g_str_equal,
						   g_free, NULL);
	w->flow.typedefs = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, g_free);
	w->sources = g_ptr_array_new_with_free_func((GDestroyNotify)source_free);
	w->facts = g_ptr_array_new_with_free_func((GDestroyNotify)ast_facts_free);
	w->problems = g_ptr_array_new_with_free_func(g_free);
	w->edits = edit_set_new();
	*state = w;
	return w->tree.path ? 0 : -1;
}

static void remove_folders(const char *path)
{
	GDir *d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *sub = g_build_filename(path, name, NULL);

		remove_folders(sub);
		g_free(sub);
	}
	if (d)
		g_dir_close(d);
	g_rmdir(path);
}

static int teardown(void **state)
{
	struct world *w = *state;

	spelled_free(w->sp);
	g_ptr_array_free(w->facts, TRUE);
	g_ptr_array_free(w->sources, TRUE);
	g_ptr_array_free(w->problems, TRUE);
	g_hash_table_destroy(w->flow.page_cells);
	g_hash_table_destroy(w->flow.typedefs);
	g_key_file_free(w->m.keys);
	edit_set_free(w->edits);
	remove_folders(w->tree.path);
	g_free(w->tree.path);
	g_free(w);
	return 0;
}

#define USES \
	"static inline pgtable_t\nmake(struct mm_struct *mm);\n" \
	"void f(pgtable_t one, pgtable_t *many, pgtable_t);\n" \
	"struct s {\n\tpgtable_t\t\ta;\n\tpgtable_t\tb;\n" \
	"\tpgtable_t (*fn)(pgtable_t);\n\tpgtable_t v[2], w;\n};\n"

static void test_forms(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "arch/a/mm/a.c", USES
		"void g(int x)\n{\n\tpgtable_t c = h(x, 1), *d, e;\n"
		"\tint n = sizeof(pgtable_t);\n\n"
		"\tuse((pgtable_t)x, x);\n}\n"
		"pgtable_t last(void)\n{\n\tint a, b;\n}\n"
		"#define m(x) do { pgtable_t y = (x); f(y); } while (0)\n");

	unit(w, "a/one", TRUE, s);
	start(w, "spelled");
	result(w, s,
		"static inline struct ptdesc *\nmake(struct mm_struct *mm);\n"
		"void f(struct ptdesc *one, struct ptdesc **many, struct ptdesc *);\n"
		"struct s {\n\tstruct ptdesc\t\t*a;\n\tstruct ptdesc\t*b;\n"
		"\tstruct ptdesc *(*fn)(struct ptdesc *);\n"
		"\tstruct ptdesc *v[2], *w;\n};\n"
		"void g(int x)\n{\n\tstruct ptdesc *c = h(x, 1), **d, *e;\n"
		"\tint n = sizeof(struct ptdesc *);\n\n"
		"\tuse((struct ptdesc *)x, x);\n}\n"
		"struct ptdesc *last(void)\n{\n\tint a, b;\n}\n"
		"#define m(x) do { struct ptdesc *y = (x); f(y); } while (0)\n");
}

/* What only looks like the type, or would mean another thing spelled. */
static void test_near_misses(void **state)
{
	struct world *w = *state;
	const char *text =
		"typedef struct page *pgtable_t;\n"
		"#ifdef B\ntypedef pte_t *pgtable_t;\n#endif\n"
		"/* a pgtable_t */\n"
		"struct pgtable_t { int pgtable_t2; };\n"
		"int f(struct s *x, const pgtable_t a, pgtable_t const b)\n{\n"
		"\treturn x->pgtable_t + x.pgtable_t + strlen(\"pgtable_t\");\n}\n"
		"#ifdef pgtable_t\n#endif\n"
		"#define n(x) x##pgtable_t + pgtable_t##x\n";
	struct source *s = source(w, "arch/a/mm/a.c", text);

	unit(w, "a/one", TRUE, s);
	start(w, "spelled");
	result(w, s, text);
}

static void test_generic_stays(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "mm/a.c", USES);

	unit(w, "a/one", TRUE, s);
	start(w, "spelled");
	result(w, s, USES);
}

static void test_other_policy(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "arch/a/mm/a.c", USES);

	unit(w, "a/one", TRUE, s);
	start(w, "handle");
	result(w, s, USES);
}

#define ARMS \
	"#ifndef A_H\n#define A_H\n" \
	"#ifdef SUN\nvoid sun(pgtable_t x);\n" \
	"#else\nvoid other(pgtable_t x);\n#endif\n" \
	"void both(pgtable_t x);\n" \
	"#ifdef NOBODY\nvoid nobody(pgtable_t x);\n#endif\n" \
	"#endif\n"

/* An arch with two kinds of handles: only what the page cells alone read. */
static void test_two_shapes(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "arch/a/include/asm/a.h", ARMS);
	struct ast_facts *sun = unit(w, "a/sun", TRUE, s);
	struct ast_facts *other = unit(w, "a/other", FALSE, s);

	skips(sun, s, "#else", "#endif\nvoid both");
	skips(other, s, "#ifdef SUN", "#else");
	skips(sun, s, "#ifdef NOBODY", "#endif\n#endif");
	skips(other, s, "#ifdef NOBODY", "#endif\n#endif");
	/* Included a second time: that hides nothing. */
	skips(sun, s, "#ifndef", "#endif\n#endif");
	start(w, "spelled");
	result(w, s,
		"#ifndef A_H\n#define A_H\n"
		"#ifdef SUN\nvoid sun(struct ptdesc *x);\n"
		"#else\nvoid other(pgtable_t x);\n#endif\n"
		"void both(pgtable_t x);\n"
		"#ifdef NOBODY\nvoid nobody(pgtable_t x);\n#endif\n"
		"#endif\n");
}

/* One kind of handle: what no cell reads is of that kind, too. */
static void test_unread_arm(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "arch/a/include/asm/a.h",
		"#ifdef NOBODY\nvoid nobody(pgtable_t x);\n#endif\n");

	skips(unit(w, "a/sun", TRUE, s), s, "void", "#endif");
	start(w, "spelled");
	result(w, s,
	       "#ifdef NOBODY\nvoid nobody(struct ptdesc *x);\n#endif\n");
}

/* No cell of the arch at all: text does not tell how many kinds there are. */
static void test_unread_arch(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "arch/b/mm/b.c", "void f(pgtable_t x);\n");

	unit(w, "a/one", TRUE, source(w, "arch/a/mm/a.c", "int x;\n"));
	start(w, "spelled");
	result(w, s, "void f(pgtable_t x);\n");
}

/* A declaration of the old type that carries a handle is spelled at once. */
static void test_declarations(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "arch/a/mm/a.c",
		"void f(struct page *x, pgtable_t y);\n");
	struct source *g = source(w, "mm/g.c", "void f(struct page *x);\n");
	struct edit_set *decls = edit_set_new();

	unit(w, "a/one", TRUE, s);
	unit(w, "a/one", TRUE, g);
	start(w, "spelled");
	edit_add(decls, s->file, at(s, "struct page"), "struct page *",
		 "pgtable_t ", "driver/declaration");
	edit_add(decls, g->file, at(g, "struct page"), "struct page *",
		 "pgtable_t ", "driver/declaration");
	spelled_add_decls(w->sp, s, edit_of_file(decls, s->file), w->edits);
	spelled_add_decls(w->sp, g, edit_of_file(decls, g->file), w->edits);
	result(w, s, "void f(struct ptdesc *x, struct ptdesc *y);\n");
	result(w, g, "void f(pgtable_t x);\n");
	edit_set_free(decls);
}

/* What a rule takes away is not spelled. */
static void test_edited(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "arch/a/mm/a.c",
		"#define g(x) ((pgtable_t) page(x))\n");

	unit(w, "a/one", TRUE, s);
	start(w, "spelled");
	edit_add(w->edits, s->file, at(s, "((pg"), "((pgtable_t) page(x))",
		 "page_ptdesc(page(x))", "rule");
	result(w, s, "#define g(x) page_ptdesc(page(x))\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_near_misses, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_generic_stays, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_other_policy, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_two_shapes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_unread_arm, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_unread_arch, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_declarations, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_edited, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
