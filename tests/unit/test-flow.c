// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flow on facts made by hand: which declarations of the old type carry
 * handles only, which do not and why, and where the frontier is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "convert/handle/flow.h"

#define FN(name, n) "p:c:@F@" name "#" n
#define RET(name) "r:c:@F@" name

struct world {
	GPtrArray *facts;
	const char *open;	/* a function that others mention too */
	const char *fixed;	/* a declaration that cannot be rewritten */
	GHashTable *symbols;	/* names that are sites */
	struct flow *flow;
};

static void decl_free(gpointer p)
{
	struct ast_decl *d = p;

	g_free(d->key);
	g_free(d->file);
	g_free(d->name);
	g_free(d->func);
	g_free(d);
}

static void event_free(gpointer p)
{
	struct ast_event *e = p;

	g_free(e->src);
	g_free(e->dst);
	g_free(e->file);
	g_free(e->xfile);
	g_free(e->xname);
	g_free(e->use);
	g_free(e);
}

static void typedef_free(gpointer p)
{
	struct ast_typedef *t = p;

	g_free(t->name);
	g_free(t->file);
	g_free(t->underlying);
	g_free(t);
}

static void func_free(gpointer p)
{
	struct ast_func *f = p;

	g_free(f->usr);
	g_free(f->name);
	g_free(f->file);
	g_free(f);
}

static void unit_free(gpointer p)
{
	struct ast_facts *a = p;

	g_free(a->cell);
	g_free(a->unit);
	g_ptr_array_free(a->decls, TRUE);
	g_ptr_array_free(a->events, TRUE);
	g_ptr_array_free(a->funcs, TRUE);
	g_ptr_array_free(a->typedefs, TRUE);
	g_ptr_array_free(a->diags, TRUE);
	g_ptr_array_free(a->skipped, TRUE);
	g_ptr_array_free(a->deps, TRUE);
	g_free(a);
}

/* One unit of a cell in which pgtable_t stands for @underlying. */
static struct ast_facts *unit(struct world *w, const char *cell,
			      const char *underlying)
{
	struct ast_facts *a = g_new0(struct ast_facts, 1);
	struct ast_typedef *t = g_new0(struct ast_typedef, 1);

	a->cell = g_strdup(cell);
	a->unit = g_strdup("mm/a.c");
	a->decls = g_ptr_array_new_with_free_func(decl_free);
	a->events = g_ptr_array_new_with_free_func(event_free);
	a->funcs = g_ptr_array_new_with_free_func(func_free);
	a->typedefs = g_ptr_array_new_with_free_func(typedef_free);
	a->diags = g_ptr_array_new();
	a->skipped = g_ptr_array_new();
	a->deps = g_ptr_array_new();
	t->name = g_strdup("pgtable_t");
	t->file = g_strdup_printf("arch/%s/include/asm/page.h", cell);
	t->off = 10;
	t->underlying = g_strdup(underlying);
	g_ptr_array_add(a->typedefs, t);
	g_ptr_array_add(w->facts, a);
	return a;
}

/* A declaration; its place is made of its key so that cells agree on it. */
static void decl(struct ast_facts *a, char cls, const char *key,
		 const char *name)
{
	struct ast_decl *d = g_new0(struct ast_decl, 1);

	d->key = g_strdup(key);
	d->cls = cls;
	d->file = g_strdup("mm/a.c");
	d->start = 10 + g_str_hash(key) % 100000 * 10;
	d->name_off = d->start + 5;
	d->name = g_strdup(name);
	g_ptr_array_add(a->decls, d);
}

/* What was declared last stands in a header. */
static void in_header(struct ast_facts *a)
{
	struct ast_decl *d = a->decls->pdata[a->decls->len - 1];

	g_free(d->file);
	d->file = g_strdup("mm/a.h");
}

/* A value that comes out of macro @xname. */
static void event_of(struct ast_facts *a, const char *src, const char *dst,
		     const char *xname)
{
	struct ast_event *e = g_new0(struct ast_event, 1);

	e->src = g_strdup(src);
	e->dst = g_strdup(dst);
	e->file = g_strdup("mm/a.c");
	e->off = 1000000 + a->events->len * 10;
	e->line = 100 + a->events->len;
	e->xfile = g_strdup(e->file);
	e->xoff = e->off;
	e->use = g_strdup("");
	e->xname = g_strdup(xname);
	g_ptr_array_add(a->events, e);
}

static void event(struct ast_facts *a, const char *src, const char *dst)
{
	event_of(a, src, dst, "");
}

static void func(struct ast_facts *a, const char *name)
{
	struct ast_func *f = g_new0(struct ast_func, 1);

	f->usr = g_strconcat("c:@F@", name, NULL);
	f->name = g_strdup(name);
	f->file = g_strdup("mm/a.c");
	f->start = 5;
	f->end = 50;
	f->defined = TRUE;
	g_ptr_array_add(a->funcs, f);
}

static char *open_by(const char *name, const char *file, void *data)
{
	const struct world *w = data;

	return g_strcmp0(name, w->open) ? NULL : g_strdup("open");
}

static const char *fixed(const struct ast_decl *d, void *data)
{
	const struct world *w = data;

	return g_strcmp0(d->name, w->fixed) ? NULL : "fixed";
}

static const char *macro_of(const struct ast_decl *d, void *data)
{
	return g_str_has_prefix(d->name, "__") ? "take" : NULL;
}

/* The step about @name in @cell. */
static const struct flow_step *step(const struct flow *f, const char *cell,
				    const char *name)
{
	for (guint i = 0; i < f->steps->len; i++) {
		const struct flow_step *s = f->steps->pdata[i];

		if (!strcmp(s->cell, cell) && !strcmp(s->name, name))
			return s;
	}
	return NULL;
}

static struct flow *flow_of(struct world *w)
{
	static char *retype[] = { "container_of", NULL };
	struct flow_request req = {
		.facts = w->facts, .old_struct = "page", .retype = retype,
		.symbols = w->symbols, .open = open_by, .fixed = fixed,
		.macro = macro_of, .data = w,
	};

	return w->flow = flow_new(&req);
}

static const struct flow_decl *taken(const struct flow *f, const char *name)
{
	for (guint i = 0; i < f->decls->len; i++) {
		const struct flow_decl *d = f->decls->pdata[i];

		if (!strcmp(d->name, name))
			return d;
	}
	return NULL;
}

static guint frontiers(const struct flow *f, enum flow_kind kind)
{
	guint n = 0;

	for (guint i = 0; i < f->frontier->len; i++)
		n += ((struct flow_frontier *)f->frontier->pdata[i])->kind ==
		     kind;
	return n;
}

static int setup(void **state)
{
	struct world *w = g_new0(struct world, 1);

	w->facts = g_ptr_array_new_with_free_func(unit_free);
	w->symbols = g_hash_table_new(g_str_hash, g_str_equal);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	flow_free(w->flow);
	g_ptr_array_free(w->facts, TRUE);
	g_hash_table_destroy(w->symbols);
	g_free(w);
	return 0;
}

static void test_only_handles(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");
	struct flow *f;

	decl(a, 'P', FN("release", "0"), "page");
	decl(a, 'H', "v:mm/a.c:7", "pte");
	func(a, "release");
	func(a, "other");
	event(a, "v:mm/a.c:7", FN("release", "0"));
	event(a, "H", FN("release", "0"));
	event(a, FN("release", "0"), "m:lru");
	f = flow_of(*state);
	assert_non_null(taken(f, "page"));
	assert_true(taken(f, "page")->needs_struct);
	assert_int_equal(f->decls->len, 1);
	assert_int_equal(f->funcs->len, 1);
	assert_string_equal(((struct flow_func *)f->funcs->pdata[0])->name,
			    "release");
	assert_true(g_hash_table_contains(f->api, "release#0"));
	assert_int_equal(frontiers(f, FLOW_MEMBER), 1);
	assert_int_equal(frontiers(f, FLOW_TO_OLD), 0);
}

static void test_also_a_page(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");
	struct flow *f;

	decl(a, 'P', FN("release", "0"), "page");
	decl(a, 'P', "v:mm/a.c:9", "other");
	event(a, "H", FN("release", "0"));
	event(a, "P", "v:mm/a.c:9");
	event(a, "v:mm/a.c:9", FN("release", "0"));
	f = flow_of(*state);
	assert_int_equal(f->decls->len, 0);
	assert_false(step(f, "x86", "page")->handle);
	assert_string_equal(step(f, "x86", "page")->parent, "v:mm/a.c:9");
	assert_false(g_hash_table_contains(f->api, "release#0"));
	/* The handle is bridged where it goes in. */
	assert_int_equal(frontiers(f, FLOW_TO_OLD), 1);
}

static void test_chain(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");
	struct flow *f;

	/* handle -> outer(page) -> inner(page) -> local, and back out */
	decl(a, 'P', FN("outer", "1"), "a");
	decl(a, 'P', FN("inner", "0"), "b");
	decl(a, 'P', "v:mm/a.c:3", "c");
	decl(a, 'P', RET("inner"), "");
	event(a, "H", FN("outer", "1"));
	event(a, FN("outer", "1"), FN("inner", "0"));
	event(a, FN("inner", "0"), "v:mm/a.c:3");
	event(a, "v:mm/a.c:3", RET("inner"));
	f = flow_of(*state);
	assert_int_equal(f->decls->len, 4);
	assert_true(g_hash_table_contains(f->api, "outer#1"));
	assert_true(g_hash_table_contains(f->api, "inner#0"));
	assert_true(g_hash_table_contains(f->api, "inner#r"));
	assert_int_equal(f->frontier->len, 0);
}

static void test_retyped(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");
	struct flow *f;

	/* What container_of() makes is a handle if it becomes one. */
	decl(a, 'P', "v:mm/a.c:3", "good");
	decl(a, 'P', "v:mm/a.c:4", "lonely");
	decl(a, 'P', "v:mm/a.c:5", "cast");
	event(a, "U:container_of", "v:mm/a.c:3");
	event(a, "v:mm/a.c:3", "H");
	event(a, "U:container_of", "v:mm/a.c:4");
	event(a, "v:mm/a.c:4", "P");
	event(a, "U:some_cast", "v:mm/a.c:5");
	event(a, "v:mm/a.c:5", "H");
	f = flow_of(*state);
	assert_non_null(taken(f, "good"));
	assert_true(taken(f, "good")->needs_struct);
	assert_null(taken(f, "lonely"));
	assert_null(taken(f, "cast"));
	assert_int_equal(frontiers(f, FLOW_RETYPE), 1);
	assert_int_equal(frontiers(f, FLOW_TO_NEW), 1);
}

static void test_mutual_recursion(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");
	struct flow *f;

	/* They hold each other up, and no handle is anywhere. */
	decl(a, 'P', FN("ping", "0"), "a");
	decl(a, 'P', FN("pong", "0"), "b");
	event(a, FN("ping", "0"), FN("pong", "0"));
	event(a, FN("pong", "0"), FN("ping", "0"));
	/* The same with a handle that gets in. */
	decl(a, 'P', FN("tick", "0"), "c");
	decl(a, 'P', FN("tock", "0"), "d");
	event(a, FN("tick", "0"), FN("tock", "0"));
	event(a, FN("tock", "0"), FN("tick", "0"));
	event(a, "H", FN("tick", "0"));
	f = flow_of(*state);
	assert_null(taken(f, "a"));
	assert_null(taken(f, "b"));
	assert_non_null(taken(f, "c"));
	assert_non_null(taken(f, "d"));
}

static void test_open_world(void **state)
{
	struct world *w = *state;
	struct ast_facts *a = unit(w, "x86", "struct page *");
	struct flow *f;

	w->open = "release";
	decl(a, 'P', FN("release", "0"), "page");
	decl(a, 'P', FN("after", "0"), "next");
	decl(a, 'P', "f:c:@S@s@FI@table", "table");
	decl(a, 'P', "g:c:@cache", "cache");
	event(a, "H", FN("release", "0"));
	event(a, FN("release", "0"), FN("after", "0"));
	event(a, "H", "f:c:@S@s@FI@table");
	event(a, "H", "g:c:@cache");
	f = flow_of(w);
	/* Others may hand it a page, and it hands that on. */
	assert_null(taken(f, "page"));
	assert_null(taken(f, "next"));
	assert_int_equal(frontiers(f, FLOW_TO_OLD), 1);
	/* Every mention of these was read. */
	assert_non_null(taken(f, "table"));
	assert_non_null(taken(f, "cache"));
}

/* A field that code elsewhere may set stays. */
static void test_open_field(void **state)
{
	struct world *w = *state;
	struct ast_facts *a = unit(w, "x86", "struct page *");
	struct flow *f;

	w->open = "table";
	decl(a, 'P', "f:c:@S@s@FI@table", "table");
	event(a, "H", "f:c:@S@s@FI@table");
	in_header(a);
	f = flow_of(w);
	assert_int_equal(f->decls->len, 0);
	assert_int_equal(frontiers(f, FLOW_TO_OLD), 1);
	assert_string_equal(step(f, "x86", "table")->why, "open");
}

/* The variable of a macro's body is everybody's who expands the macro. */
static void test_macro_variable(void **state)
{
	struct world *w = *state;
	struct ast_facts *a = unit(w, "x86", "struct page *");
	struct flow *f;

	decl(a, 'P', "v:mm/a.h:20", "__p");
	decl(a, 'P', "v:mm/a.c:90", "p");
	event(a, "H", "v:mm/a.h:20");
	event(a, "H", "v:mm/a.c:90");
	f = flow_of(w);
	assert_non_null(taken(f, "__p"));
	assert_non_null(taken(f, "p"));
	flow_free(f);
	w->open = "take";
	f = flow_of(w);
	assert_null(taken(f, "__p"));
	assert_string_equal(step(f, "x86", "__p")->why, "open");
	assert_non_null(taken(f, "p"));
}

/* What a .c file declares for itself, nobody else can set: a name is no reach. */
static void test_local_names(void **state)
{
	struct world *w = *state;
	struct ast_facts *a = unit(w, "x86", "struct page *");
	struct flow *f;

	w->open = "spare";
	decl(a, 'P', "f:c:@S@stash@FI@spare", "spare");
	event(a, "H", "f:c:@S@stash@FI@spare");
	decl(a, 'P', "p:c:a.c@F@spare#0", "own");
	event(a, "f:c:@S@stash@FI@spare", "p:c:a.c@F@spare#0");
	decl(a, 'P', "p:c:@F@spare#0", "shared");
	event(a, "f:c:@S@stash@FI@spare", "p:c:@F@spare#0");
	f = flow_of(w);
	assert_non_null(taken(f, "spare"));
	assert_non_null(taken(f, "own"));
	assert_null(taken(f, "shared"));
}

/*
 * A parameter of the API, as another cell spells it: generic code gives it
 * handles, so a page that the arch gives it is what must be bridged.
 */
static void test_api_parameter(void **state)
{
	struct world *w = *state;
	struct ast_facts *a = unit(w, "x86", "struct page *");
	struct ast_facts *b = unit(w, "s390", "pte_t *");
	struct flow *f;

	decl(a, 'P', FN("populate", "2"), "pte");
	decl(a, 'P', FN("helper", "0"), "any");
	event(a, "H", FN("populate", "2"));
	event(a, "P", FN("populate", "2"));
	event(a, "H", FN("helper", "0"));
	event(a, "P", FN("helper", "0"));
	decl(b, 'H', FN("populate", "2"), "table");
	f = flow_of(w);
	assert_non_null(taken(f, "pte"));
	assert_null(taken(f, "any"));
	assert_int_equal(frontiers(f, FLOW_TO_NEW), 1);
	assert_int_equal(frontiers(f, FLOW_TO_OLD), 1);
}

/* A macro's value: the frontier runs at the macro, not in its body. */
static void test_macro_frontier(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");
	struct ast_event *e;
	struct flow *f;

	decl(a, 'H', "v:mm/a.c:1", "pte");
	event_of(a, "v:mm/a.c:1", "m:lru", "pmd_huge_pte");
	e = a->events->pdata[0];
	e->out = TRUE;
	e->xoff = 77;
	event(a, "v:mm/a.c:1", "P");
	e = a->events->pdata[1];
	g_free(e->use);
	e->use = g_strdup("free_it");
	f = flow_of(*state);
	assert_int_equal(f->frontier->len, 2);
	for (guint i = 0; i < 2; i++) {
		const struct flow_frontier *x = f->frontier->pdata[i];

		if (x->kind == FLOW_MEMBER)
			assert_int_equal(x->off, 77);
		else
			assert_string_equal(x->macro, "free_it");
	}
}

static void test_address_taken(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");

	decl(a, 'P', "v:mm/a.c:3", "page");
	event(a, "H", "v:mm/a.c:3");
	event(a, "v:mm/a.c:3", "A");
	assert_null(taken(flow_of(*state), "page"));
}

/* Called through a pointer, by whoever. */
static void test_function_address_taken(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");

	decl(a, 'P', FN("release", "0"), "page");
	event(a, "H", FN("release", "0"));
	event(a, RET("release"), "A");
	assert_null(taken(flow_of(*state), "page"));
}

/* pmd_pgtable() is pmd_page(): a macro of the API gives a handle. */
static void test_macro_yields(void **state)
{
	struct world *w = *state;
	struct ast_facts *a = unit(w, "x86", "struct page *");
	struct flow *f;

	g_hash_table_add(w->symbols, "pmd_pgtable");
	decl(a, 'H', "v:mm/a.c:1", "pte");
	decl(a, 'P', "v:mm/a.c:2", "table");
	decl(a, 'P', "v:mm/a.c:3", "page");
	event_of(a, "P", "v:mm/a.c:1", "pmd_pgtable");
	event_of(a, "P", "v:mm/a.c:2", "pmd_pgtable");
	event_of(a, "P", "v:mm/a.c:3", "pmd_page");
	f = flow_of(w);
	assert_true(g_hash_table_contains(f->yields, "pmd_pgtable"));
	assert_false(g_hash_table_contains(f->yields, "pmd_page"));
	assert_non_null(taken(f, "table"));
	assert_null(taken(f, "page"));
}

static void test_cells_disagree(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");
	struct ast_facts *b = unit(*state, "arm64", "struct page *");
	struct flow *f;

	decl(a, 'P', FN("release", "0"), "page");
	event(a, "H", FN("release", "0"));
	decl(b, 'P', FN("release", "0"), "page");
	event(b, "P", FN("release", "0"));
	f = flow_of(*state);
	assert_int_equal(f->decls->len, 0);
	/* It stays in both, and the handle is bridged in one. */
	assert_int_equal(frontiers(f, FLOW_TO_OLD), 1);
	assert_non_null(strstr(step(f, "x86", "page")->why, "some cells"));
}

static void test_cells_agree(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");
	struct ast_facts *b = unit(*state, "arm64", "struct page *");
	struct flow *f;

	for (int i = 0; i < 2; i++) {
		decl(i ? a : b, 'P', FN("release", "0"), "page");
		event(i ? a : b, "H", FN("release", "0"));
	}
	f = flow_of(*state);
	assert_int_equal(f->decls->len, 1);
	assert_int_equal(taken(f, "page")->cells->len, 2);
}

/* What cannot be rewritten stays, and what depends on it. */
static void test_fixed(void **state)
{
	struct world *w = *state;
	struct ast_facts *a = unit(w, "x86", "struct page *");
	struct flow *f;

	w->fixed = "table";
	decl(a, 'P', "v:mm/a.c:3", "table");
	decl(a, 'P', "v:mm/a.c:4", "next");
	event(a, "H", "v:mm/a.c:3");
	event(a, "v:mm/a.c:3", "v:mm/a.c:4");
	f = flow_of(w);
	assert_int_equal(f->decls->len, 0);
	assert_int_equal(frontiers(f, FLOW_TO_OLD), 1);
	assert_string_equal(step(f, "x86", "table")->why, "fixed");
}

/* Each step names the one before, down to a handle. */
static void test_steps(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");
	struct flow *f;

	decl(a, 'H', "v:mm/a.c:1", "pte");
	decl(a, 'P', "v:mm/a.c:3", "table");
	decl(a, 'P', "v:mm/a.c:4", "next");
	event(a, "v:mm/a.c:3", "v:mm/a.c:4");
	event(a, "v:mm/a.c:1", "v:mm/a.c:3");
	f = flow_of(*state);
	assert_int_equal(f->decls->len, 2);
	assert_true(step(f, "x86", "next")->handle);
	assert_string_equal(step(f, "x86", "next")->parent, "v:mm/a.c:3");
	assert_string_equal(step(f, "x86", "table")->parent, "v:mm/a.c:1");
	assert_null(step(f, "x86", "pte"));
}

static void test_shared_cell(void **state)
{
	struct ast_facts *a = unit(*state, "s390", "pte_t *");
	struct flow *f;

	/* A pointer to a page is none of its business there. */
	decl(a, 'H', FN("pte_free", "1"), "pte");
	event(a, "H", FN("pte_free", "1"));
	event(a, FN("pte_free", "1"), "X");
	f = flow_of(*state);
	assert_int_equal(g_hash_table_size(f->page_cells), 0);
	assert_int_equal(f->decls->len, 0);
	assert_int_equal(f->frontier->len, 0);
	assert_true(g_hash_table_contains(f->api, "pte_free#1"));
	assert_string_equal(g_hash_table_lookup(f->typedefs,
				"arch/s390/include/asm/page.h:10"), "pte_t *");
}

static void test_void_pointer(void **state)
{
	struct ast_facts *a = unit(*state, "x86", "struct page *");
	struct flow *f;

	/* tlb_remove_table(tlb, void *table) makes a page of it. */
	decl(a, 'O', FN("remove", "1"), "table");
	decl(a, 'P', "v:mm/a.c:3", "page");
	event(a, "H", FN("remove", "1"));
	event(a, FN("remove", "1"), "v:mm/a.c:3");
	f = flow_of(*state);
	assert_null(taken(f, "page"));
	assert_int_equal(frontiers(f, FLOW_TO_OLD), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		T(test_only_handles),
		T(test_also_a_page),
		T(test_chain),
		T(test_retyped),
		T(test_mutual_recursion),
		T(test_open_world),
		T(test_open_field),
		T(test_macro_variable),
		T(test_local_names),
		T(test_api_parameter),
		T(test_macro_frontier),
		T(test_address_taken),
		T(test_function_address_taken),
		T(test_macro_yields),
		T(test_cells_disagree),
		T(test_cells_agree),
		T(test_fixed),
		T(test_steps),
		T(test_shared_cell),
		T(test_void_pointer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
