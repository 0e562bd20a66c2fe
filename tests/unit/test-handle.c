// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the driver edits itself: typedefs, declarations in their spellings,
 * names, and macros that carry handles, with the way back from the
 * text that spatch sees to the file.
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
#include "convert/handle/handle.h"

struct world {
	struct tree tree;
	GPtrArray *sources;
	struct edit_set *edits;
	GPtrArray *funcs, *facts;
	GHashTable *symbols;	/* names that are sites */
	struct flow flow;
};

static char *rename_rules[] = { "page=ptdesc", NULL };
static char *retype[] = { "container_of", NULL };
static const struct handle handle = {
	.type = "pgtable_t", .old = "page", .new = "ptdesc",
	.to_old = "ptdesc_page", .to_new = "page_ptdesc",
	.retype = retype, .rename = rename_rules,
};

static struct source *source(struct world *w, const char *file,
			     const char *text)
{
	char *path = g_build_filename(w->tree.path, file, NULL);
	struct source *s;

	assert_true(g_file_set_contents(path, text, -1, NULL));
	s = tree_source(&w->tree, file);
	assert_non_null(s);
	g_ptr_array_add(w->sources, s);
	g_unlink(path);
	g_free(path);
	return s;
}

static gsize at(const struct source *s, const char *what)
{
	const char *p = strstr(s->text, what);

	assert_non_null(p);
	return p - s->text;
}

/* @decl, a place of @s that ends with @name, declares what carries a handle. */
static struct flow_decl *carries(struct world *w, const struct source *s,
				 const char *decl, const char *name,
				 const char *key, gboolean needs_struct)
{
	struct flow_decl *d = g_new0(struct flow_decl, 1);

	d->key = (char *)key;
	d->file = s->file;
	d->name = (char *)name;
	d->start = at(s, decl);
	d->name_off = d->start + strlen(decl) - strlen(name);
	d->needs_struct = needs_struct;
	g_ptr_array_add(w->flow.decls, d);
	return d;
}

static void function(struct world *w, const struct source *s, const char *name)
{
	struct ast_func *f = g_new0(struct ast_func, 1);

	f->name = (char *)name;
	f->file = s->file;
	f->start = 0;
	f->end = s->size;
	f->defined = TRUE;
	g_ptr_array_add(w->funcs, f);
}

static void result(struct world *w, const struct source *s, const char *want)
{
	gsize n;
	char *got = edit_apply_text(w->edits, s->file, s->text, s->size, &n);

	assert_non_null(got);
	assert_string_equal(got, want);
	g_free(got);
}

static void edit_decls(struct world *w, const struct source *s)
{
	handle_edit_decls(&handle, s, &w->flow, w->funcs, w->edits);
}

/* Why @decl, which ends with @name, cannot be rewritten. */
static const char *fixed(const struct source *s, const char *decl,
			 const char *name, const char *key)
{
	struct ast_decl d = {
		.key = (char *)key, .cls = 'P', .file = s->file,
		.name = (char *)name, .start = at(s, decl),
	};

	d.name_off = d.start + strlen(decl) - strlen(name);
	return handle_fixed(&handle, s, &d);
}

static int setup(void **state)
{
	struct world *w = g_new0(struct world, 1);

	w->tree.path = g_dir_make_tmp("test-handle-XXXXXX", NULL);
	w->sources = g_ptr_array_new_with_free_func((GDestroyNotify)source_free);
	w->edits = edit_set_new();
	w->funcs = g_ptr_array_new_with_free_func(g_free);
	w->facts = g_ptr_array_new();
	w->flow.decls = g_ptr_array_new_with_free_func(g_free);
	w->flow.funcs = g_ptr_array_new_with_free_func(g_free);
	w->flow.api = g_hash_table_new(g_str_hash, g_str_equal);
	w->flow.page_cells = g_hash_table_new(g_str_hash, g_str_equal);
	w->flow.yields = g_hash_table_new(g_str_hash, g_str_equal);
	w->symbols = g_hash_table_new(g_str_hash, g_str_equal);
	*state = w;
	return w->tree.path ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;

	g_rmdir(w->tree.path);
	g_free(w->tree.path);
	g_ptr_array_free(w->sources, TRUE);
	edit_set_free(w->edits);
	g_ptr_array_free(w->funcs, TRUE);
	g_ptr_array_free(w->facts, TRUE);
	g_ptr_array_free(w->flow.decls, TRUE);
	g_ptr_array_free(w->flow.funcs, TRUE);
	g_hash_table_destroy(w->flow.api);
	g_hash_table_destroy(w->flow.page_cells);
	g_hash_table_destroy(w->flow.yields);
	g_hash_table_destroy(w->symbols);
	g_free(w);
	return 0;
}

static void test_typedef(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "page.h",
		"/* typedef struct page *pgtable_t; */\n"
		"#ifdef A\ntypedef struct page *pgtable_t;\n"
		"#else\ntypedef struct page\t* pgtable_t;\n#endif\n"
		"typedef pte_t *pgtable_t;\n"
		"typedef struct page *token_t;\n"
		"typedef struct ptdesc *pgtable_t;\n");

	assert_true(handle_has_typedef(&handle, s));
	handle_edit_typedefs(&handle, s, w->edits);
	assert_int_equal(edit_count(w->edits), 2);
	result(w, s,
		"/* typedef struct page *pgtable_t; */\n"
		"#ifdef A\ntypedef struct ptdesc *pgtable_t;\n"
		"#else\ntypedef struct ptdesc\t* pgtable_t;\n#endif\n"
		"typedef pte_t *pgtable_t;\n"
		"typedef struct page *token_t;\n"
		"typedef struct ptdesc *pgtable_t;\n");
	s = source(w, "other.h", "typedef pte_t *pgtable_t;\n");
	assert_false(handle_has_typedef(&handle, s));
}

static void test_declarations(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.c",
		"void f(struct page *one, struct page* two, struct page  *);\n"
		"void g(const struct page *three)\n{\n"
		"\tstruct page *four = one;\n"
		"\tstruct page\t*five;\n}\n"
		"struct page *six(void);\n");

	carries(w, s, "struct page *one", "one", "p:c:@F@f#0", FALSE);
	carries(w, s, "struct page* two", "two", "p:c:@F@f#1", FALSE);
	carries(w, s, "struct page  *", "", "p:c:@F@f#2", FALSE);
	carries(w, s, "struct page *four", "four", "v:a.c:4", TRUE);
	carries(w, s, "struct page\t*five", "five", "v:a.c:5", FALSE);
	carries(w, s, "struct page *six", "six", "r:c:@F@six", FALSE);
	edit_decls(w, s);
	result(w, s,
		"void f(pgtable_t one, pgtable_t two, pgtable_t);\n"
		"void g(const struct page *three)\n{\n"
		"\tstruct ptdesc *four = one;\n"
		"\tpgtable_t\tfive;\n}\n"
		"pgtable_t six(void);\n");
}

static void test_follows_another_type(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.c",
		"void f(pgtable_t one)\n{\n\ttypeof(one) two = one;\n}\n");

	carries(w, s, "pgtable_t one", "one", "p:c:@F@f#0", FALSE);
	carries(w, s, "typeof(one) two", "two", "v:a.c:2", FALSE);
	assert_true(handle_follows(&handle, s, w->flow.decls->pdata[1]));
	edit_decls(w, s);
	assert_int_equal(edit_count(w->edits), 0);
}

/* The name stays in its column where tabs lead to it. */
static void test_column(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.h",
		"struct cache {\n\tstruct page\t\t*spare;\n"
		"\tstruct page\t*hot;\n\tstruct page *cold;\n};\n");

	carries(w, s, "struct page\t\t*spare", "spare", "f:c:@S@cache@FI@spare",
		FALSE);
	carries(w, s, "struct page\t*hot", "hot", "f:c:@S@cache@FI@hot", FALSE);
	carries(w, s, "struct page *cold", "cold", "f:c:@S@cache@FI@cold", FALSE);
	edit_decls(w, s);
	result(w, s,
		"struct cache {\n\tpgtable_t\t\tspare;\n"
		"\tpgtable_t\thot;\n\tpgtable_t cold;\n};\n");
}

static void test_together(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.c",
		"void f(void)\n{\n\tstruct page *one, *two;\n}\n");

	assert_non_null(fixed(s, "struct page *one", "one", "v:a.c:1"));
}

static void test_together_second(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.c",
		"void f(void)\n{\n\tstruct page *one, *two;\n}\n");

	assert_non_null(fixed(s, "struct page *one, *two", "two", "v:a.c:2"));
}

static void test_array(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.c",
		"void f(void)\n{\n\tstruct page **one;\n}\n");

	assert_non_null(fixed(s, "struct page **one", "one", "v:a.c:1"));
}

static void test_rename(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.c",
		"void f(pgtable_t h)\n{\n"
		"\tstruct page *page = h;\n\n"
		"\t/* page */\n\tg(page, x->page, y.page, \"page\");\n}\n");

	function(w, s, "f");
	carries(w, s, "struct page *page", "page", "v:a.c:1", TRUE);
	edit_decls(w, s);
	result(w, s,
		"void f(pgtable_t h)\n{\n"
		"\tstruct ptdesc *ptdesc = h;\n\n"
		"\t/* page */\n\tg(ptdesc, x->page, y.page, \"page\");\n}\n");
}

static void test_rename_taken(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.c",
		"void f(pgtable_t h)\n{\n\tint ptdesc = 0;\n"
		"\tstruct page *page = h;\n\n\tg(page, ptdesc);\n}\n");

	function(w, s, "f");
	carries(w, s, "struct page *page", "page", "v:a.c:1", FALSE);
	edit_decls(w, s);
	result(w, s,
		"void f(pgtable_t h)\n{\n\tint ptdesc = 0;\n"
		"\tpgtable_t page = h;\n\n\tg(page, ptdesc);\n}\n");
}

static struct source_macro *macro(const struct source *s, const char *name)
{
	for (guint i = 0; i < s->macros->len; i++) {
		struct source_macro *m = s->macros->pdata[i];

		if (!strcmp(m->name, name))
			return m;
	}
	fail_msg("no macro %s", name);
	return NULL;
}

#define MACROS \
	"#define outer(tlb, x, addr)\t\t\\\n\tmiddle(tlb, (x), addr)\n" \
	"#define middle(t, y, a)\tinner(y, t)\n" \
	"#define inner(table, tlb) do {\t\t\\\n" \
	"\tpagetable_dtor(page_ptdesc(table));\t\\\n} while (0)\n" \
	"#define other(x)\tpage_ptdesc(x)\n" \
	"#define pmd_pgtable(pmd)\tpmd_page(pmd)\n" \
	"#define LIMIT 4\n"

static void test_mark_macros(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.h", MACROS);

	g_hash_table_add(w->flow.api, "outer#1");
	g_hash_table_add(w->symbols, "middle");
	g_hash_table_add(w->symbols, "inner");
	g_hash_table_add(w->flow.yields, "pmd_pgtable");
	handle_mark_macros(w->sources, &w->flow, w->facts, w->symbols,
			   NULL, NULL);
	/* Through the nesting, where the parameters have other names. */
	assert_int_equal(macro(s, "outer")->handles, 1 << 1);
	assert_int_equal(macro(s, "middle")->handles, 1 << 1);
	assert_int_equal(macro(s, "inner")->handles, 1 << 0);
	assert_int_equal(macro(s, "other")->handles, 0);
	assert_int_equal(macro(s, "LIMIT")->handles, 0);
	assert_true(macro(s, "pmd_pgtable")->yields);
	assert_false(macro(s, "outer")->yields);
}

/* Back: a macro that hands its parameter to a function that takes handles. */
static void test_mark_macros_back(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.h",
		"#define free_tlb(tlb, pte, address) ___free_tlb(tlb, pte)\n"
		"#define both(a, b) pte_free(a + b, b)\n");

	g_hash_table_add(w->symbols, "free_tlb");
	g_hash_table_add(w->symbols, "both");
	g_hash_table_add(w->flow.api, "___free_tlb#1");
	g_hash_table_add(w->flow.api, "pte_free#0");
	handle_mark_macros(w->sources, &w->flow, w->facts, w->symbols,
			   NULL, NULL);
	assert_int_equal(macro(s, "free_tlb")->handles, 1 << 1);
	/* A sum is no handle. */
	assert_int_equal(macro(s, "both")->handles, 0);
}

/* A macro that serves others too does not become one of handles. */
static void test_mark_macros_of_others(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.h",
		"#define pte_pfn_of(pte) page_to_pfn(pte)\n"
		"#define page_to_pfn(page) __page_to_pfn(page)\n");

	g_hash_table_add(w->flow.api, "pte_pfn_of#0");
	handle_mark_macros(w->sources, &w->flow, w->facts, w->symbols,
			   NULL, NULL);
	assert_int_equal(macro(s, "pte_pfn_of")->handles, 1);
	assert_int_equal(macro(s, "page_to_pfn")->handles, 0);
}

static void test_with_macros(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.h", MACROS);
	GArray *map = g_array_new(FALSE, FALSE, sizeof(struct shape_piece));
	gsize n;
	char *text;

	g_hash_table_add(w->flow.api, "outer#1");
	g_hash_table_add(w->symbols, "middle");
	g_hash_table_add(w->symbols, "inner");
	g_hash_table_add(w->flow.yields, "pmd_pgtable");
	handle_mark_macros(w->sources, &w->flow, w->facts, w->symbols,
			   NULL, NULL);
	text = handle_with_macros(&handle, s, s->text, s->size, map, &n);
	assert_int_equal(strlen(text), n);
	assert_memory_equal(text, s->text, s->size);
	assert_int_equal(map->len, 4);
	for (guint i = 0; i < map->len; i++) {
		const struct shape_piece *p =
			&g_array_index(map, struct shape_piece, i);

		assert_true(p->at + p->len <= n);
		/* Byte for byte, but for the splices' backslashes. */
		for (gsize k = 0; k < p->len; k++) {
			char was = s->text[p->from + k], is = text[p->at + k];

			assert_true(was == is || (was == '\\' && is == ' '));
		}
	}
	assert_non_null(strstr(text + s->size, "(pgtable_t table, int tlb)"));
	assert_non_null(strstr(text + s->size, "(int tlb, pgtable_t x, int addr)"));
	assert_non_null(strstr(text + s->size, "pgtable_t __treewide_macro_"));
	assert_null(strstr(text + s->size, "page_ptdesc(x)"));
	g_free(text);
	g_array_free(map, TRUE);
}

static void test_yields(void **state)
{
	struct world *w = *state;
	GPtrArray *v;

	source(w, "a.h", MACROS);
	g_hash_table_add(w->flow.yields, "pmd_pgtable");
	g_hash_table_add(w->flow.yields, "pte_alloc_one");
	g_hash_table_add(w->flow.api, "pte_free#1");
	handle_mark_macros(w->sources, &w->flow, w->facts, w->symbols,
			   NULL, NULL);
	v = handle_yields(&w->flow, w->sources);
	assert_int_equal(v->len, 2);
	assert_string_equal(v->pdata[0], "pmd_pgtable");
	assert_string_equal(v->pdata[1], "pte_alloc_one");
	g_ptr_array_free(v, TRUE);
}

/* Another name in one definition and something else in another is no alias. */
static void test_aliases(void **state)
{
	struct world *w = *state;
	static const char *const yes[] = {
		"table_of", "same", "again", "nested",
	};
	static const char *const no[] = {
		"field", "sum", "either", "table_of_not", "empty",
	};
	GHashTable *yields;

	source(w, "a.h",
	       "#define again(p) ((nested(p)))\n"
	       "#define table_of(p) pmd_pgtable(*(p))\n"
	       "#define same pmd_pgtable\n"
	       "#define nested(p) (table_of((p) + 1))\n"
	       "#define field(p) pmd_pgtable(p)->lru\n"
	       "#define sum(p) (pmd_pgtable(p)) + 1\n"
	       "#define either(p) pmd_pgtable(p)\n"
	       "#define table_of_not(p) !pmd_pgtable(p)\n"
	       "#define empty\n");
	source(w, "b.h", "#define either(p) pmd_page(p)\n");
	yields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_hash_table_add(yields, g_strdup("pmd_pgtable"));
	handle_add_aliases(w->sources, yields);
	for (guint i = 0; i < G_N_ELEMENTS(yes); i++)
		assert_true(g_hash_table_contains(yields, yes[i]));
	for (guint i = 0; i < G_N_ELEMENTS(no); i++)
		assert_false(g_hash_table_contains(yields, no[i]));
	g_hash_table_destroy(yields);
}

/* A statement is no value, whatever it is said to give. */
static void test_with_macros_statement(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.h",
		"#define take(a) do {\tpte_free(a); } while (0)\n");
	GArray *map = g_array_new(FALSE, FALSE, sizeof(struct shape_piece));
	gsize n;
	char *text;

	macro(s, "take")->yields = TRUE;
	text = handle_with_macros(&handle, s, s->text, s->size, map, &n);
	assert_null(strstr(text, "return"));
	assert_non_null(strstr(text + s->size, "void __treewide_macro_"));
	g_free(text);
	g_array_free(map, TRUE);
}

/* With an initialiser before the comma: the others would change too. */
static void test_together_initialised(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.c",
		"void f(pgtable_t h)\n{\n\tstruct page *one = h, *two;\n}\n");

	assert_non_null(fixed(s, "struct page *one", "one", "v:a.c:1"));
}

/* Two variables of one name: only the one that carries a handle is renamed. */
static void test_rename_shadowed(void **state)
{
	struct world *w = *state;
	struct source *s = source(w, "a.c",
		"void f(pgtable_t h, struct page *p)\n{\n"
		"\tif (h) {\n\t\tstruct page *page = h;\n\n\t\tg(page);\n"
		"\t} else {\n\t\tstruct page *page = p;\n\n\t\tk(page);\n\t}\n}\n");

	function(w, s, "f");
	carries(w, s, "struct page *page = h", "page", "v:a.c:1", TRUE);
	edit_decls(w, s);
	{
		gsize n;
		char *got = edit_apply_text(w->edits, "a.c", s->text, s->size,
					    &n);

		assert_non_null(strstr(got, "struct page *page = p;"));
		assert_non_null(strstr(got, "k(page);"));
		g_free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		T(test_typedef),
		T(test_declarations),
		T(test_follows_another_type),
		T(test_column),
		T(test_together),
		T(test_together_second),
		T(test_array),
		T(test_rename),
		T(test_rename_taken),
		T(test_mark_macros),
		T(test_mark_macros_back),
		T(test_mark_macros_of_others),
		T(test_with_macros),
		T(test_aliases),
		T(test_with_macros_statement),
		T(test_yields),
		T(test_together_initialised),
		T(test_rename_shadowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
