// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit on hand-written headers and sources: where a table comes from, as
 * far as it can be shown, and what must not pass as shown.  Each cell is read
 * in a child, as in the real thing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "audit/audit.h"
#include "read/cell.h"

static char *dir;
static struct manifest *conv;

static const char manifest[] =
	"[conversion]\nname = mini\nsummary = x\npolicies = handle;\n"
	"[seeds]\ntypes = pgtable_t;\n"
	"[handle]\ntype = pgtable_t\nold = page\nnew = ptdesc\n"
	"[audit]\ninclude = mini.h;\nentry = pte_t\n"
	"table = PTRS_PER_PTE * sizeof(pte_t)\npage = PAGE_SIZE\n"
	"highmem = HIGH\nhighmem-config = HIGHPTE;\n"
	"argument = struct mm_struct *mm\nallocate = pte_alloc_one(mm)\n"
	"same-page = page_address;page_to_virt;\nlook-in = arch/@ARCH@;mm;\n"
	"[audit roles]\nallocate = pte_alloc_one;\nfree = pte_free;\n"
	"deposit = deposit;\n"
	"[audit allocators]\nalloc_pages = 0;1\nget_page = -;-\n"
	"[audit policies]\nhandle = old-pointer;one-a-page;\n"
	"table = kernel-address;\n";

/* What the tests' headers share; the handle's typedef comes between. */
static const char first[] =
	"struct page { void *lru; };\nstruct mm_struct { void *frag; };\n"
	"typedef struct { unsigned long v; } pte_t;\n";
static const char last[] =
	"#define PTRS_PER_PTE 32\n#define PAGE_SIZE 4096ul\n"
	"#define HIGH 2u\n#define NULL ((void *)0)\n"
	"struct page *alloc_pages(unsigned gfp, unsigned order);\n"
	"void *get_page(void);\nvoid *page_address(const struct page *p);\n"
	"void pte_free(struct mm_struct *mm, pgtable_t p);\n";

/* What the handle points to. */
#define PAGE "struct page"
#define PTE "pte_t"

static void put(const char *file, const char *text)
{
	char *path = g_build_filename(dir, "tree", file, NULL);
	char *folder = g_path_get_dirname(path);

	assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	g_free(folder);
	g_free(path);
}

static struct audit a;

/* Read one cell of a tree with this header and this source. */
static const struct audit_cell *audit(const char *header, const char *source)
{
	char *tree_path = g_build_filename(dir, "tree", NULL);
	char *build = g_build_filename(dir, "build", NULL);
	char *include = g_strconcat("-I", tree_path, "/include", NULL);
	char *args[] = { include, (char *)"-std=gnu11", NULL };
	struct tree t = { .path = tree_path, .release = (char *)"1" };
	struct cell_info c = { .name = (char *)"mini/one",
			       .srcarch = (char *)"mini", .ready = TRUE,
			       .build = build, .args = args,
			       .key = (char *)"key" };
	GPtrArray *cells = g_ptr_array_new();
	struct audit_cell *r;

	put("include/mini.h", header);
	put("arch/mini/mm.c", source);
	put("arch/mini/Kconfig", "# first\nconfig HIGHPTE\n\tbool\n");
	g_ptr_array_add(cells, &c);
	assert_int_equal(audit_run(&t, conv, cells, NULL, 1, &a), 0);
	assert_int_equal(a.cells->len, 1);
	r = a.cells->pdata[0];
	g_ptr_array_free(cells, TRUE);
	g_free(include);
	g_free(build);
	g_free(tree_path);
	return r;
}

/* A header of the usual parts, with @to as what the handle points to. */
static char *header(const char *to, const char *more)
{
	return g_strconcat("#ifndef MINI_H\n#define MINI_H\n", first,
			   "typedef ", to, " *pgtable_t;\n", last, more,
			   "#endif\n", NULL);
}

static void check(const char *to, const char *more, const char *source,
		  enum audit_sharing want, gint64 tables)
{
	char *h = header(to, more);
	const struct audit_cell *c = audit(h, source);
	char *text;

	assert_null(c->reason);
	text = audit_sharing_text(c);
	if (c->sharing != want || c->tables != tables)
		print_error("%s\n", text);
	assert_string_equal(audit_sharing_name[c->sharing],
			    audit_sharing_name[want]);
	assert_int_equal(c->tables, tables);
	assert_int_equal(c->table, 256);
	assert_int_equal(c->page, 4096);
	g_free(text);
	g_free(h);
	audit_clear(&a);
}

#define DECLARED "pgtable_t pte_alloc_one(struct mm_struct *mm);\n"
#define INCLUDE "#include <mini.h>\n"

/* Through variables, a test, a macro and a helper: fresh on every way. */
static void test_one(void **state)
{
	check(PAGE, "static inline pgtable_t pte_alloc_one(struct mm_struct *mm)\n"
	      "{\n\tstruct page *p = alloc_pages(0, 0);\n\n"
	      "\tif (!p)\n\t\treturn NULL;\n\treturn p;\n}\n",
	      "", AUDIT_ONE, 1);
	check(PTE, DECLARED "#define page_to_virt(p) ((void *)(((p) - (struct page *)0) * PAGE_SIZE))\n"
	      "#define pte_alloc_one(mm) ((pte_t *)table_alloc(mm))\n"
	      "void *table_alloc(struct mm_struct *mm);\n",
	      INCLUDE "static struct page *get(unsigned gfp)\n{\n"
	      "\treturn ({ struct page *r; r = alloc_pages(gfp, 0); r; });\n}\n"
	      "void *table_alloc(struct mm_struct *mm)\n{\n"
	      "\tstruct page *p;\n\n\tif (!(p = get(1)))\n\t\treturn NULL;\n"
	      "\treturn page_to_virt(p);\n}\n", AUDIT_ONE, 1);
}

/* What is kept and given out again is shared, or may be. */
static void test_shared(void **state)
{
	check(PTE, DECLARED, INCLUDE
	      "static struct page *last;\n"
	      "pgtable_t pte_alloc_one(struct mm_struct *mm)\n{\n"
	      "\tunsigned off = 0;\n\n\tif (!last)\n"
	      "\t\treturn get_page();\n"
	      "\twhile (((char *)page_address(last))[off])\n\t\toff += 512;\n"
	      "\treturn page_address(last) + off;\n}\n", AUDIT_SEVERAL, 8);
	/* A list: nothing is known of what is in it. */
	check(PTE, DECLARED, INCLUDE
	      "pgtable_t pte_alloc_one(struct mm_struct *mm)\n{\n"
	      "\tif (mm->frag)\n\t\treturn mm->frag;\n\treturn get_page();\n}\n",
	      AUDIT_UNKNOWN, 0);
	check(PTE, DECLARED, INCLUDE
	      "static unsigned long base;\nstatic int slot(void);\n"
	      "pgtable_t pte_alloc_one(struct mm_struct *mm)\n{\n"
	      "\treturn (pte_t *)(base + slot() * 256);\n}\n",
	      AUDIT_UNKNOWN, 0);
	/* Nobody knows what it does. */
	check(PTE, DECLARED, "", AUDIT_UNKNOWN, 0);
}

static const char frag[] = INCLUDE
	"pgtable_t pte_alloc_one(struct mm_struct *mm)\n{\n"
	"\tvoid *r;\n\n\tif (FRAG_NR != 1) {\n\t\tr = mm->frag;\n"
	"\t\tif (r) {\n\t\t\tmm->frag = r + FRAG_SIZE;\n"
	"\t\t\treturn r;\n\t\t}\n\t}\n\treturn get_page();\n}\n"
	"#ifdef RUN_TIME\nunsigned frag_nr, frag_shift;\n"
	"void init_a(void)\n{\n\tfrag_nr = 1;\n\tfrag_shift = 12;\n}\n"
	"void init_b(void)\n{\n\tfrag_nr = PAGE_SIZE / 256;\n"
	"\tfrag_shift = 8;\n}\n#endif\n";

/* The same code by what constants say, and by what variables will say. */
static void test_constants(void **state)
{
	check(PTE, DECLARED "#define FRAG_NR 1\n#define FRAG_SIZE PAGE_SIZE\n",
	      frag, AUDIT_ONE, 1);
	check(PTE, DECLARED "#define FRAG_NR 4\n#define FRAG_SIZE 1024\n",
	      frag, AUDIT_SEVERAL, 4);
}

static void test_run_time(void **state)
{
	char *h = header(PTE, DECLARED "#define RUN_TIME\n"
			 "extern unsigned frag_nr, frag_shift;\n"
			 "#define FRAG_NR frag_nr\n"
			 "#define FRAG_SIZE (1u << frag_shift)\n");
	const struct audit_cell *c = audit(h, frag);
	char *text = audit_sharing_text(c);

	assert_int_equal(c->sharing, AUDIT_RUN_TIME);
	assert_non_null(strstr(text, "by frag_nr; init_a() (arch/mini/mm.c:19): one table a page"));
	assert_non_null(strstr(text, "init_b() (arch/mini/mm.c:24): 16 tables a page, one each 256 bytes"));
	g_free(text);
	audit_clear(&a);
	g_free(h);
}

/* A variable that anything may change decides nothing. */
static void test_state_is_no_constant(void **state)
{
	char *h = header(PTE, DECLARED);
	const struct audit_cell *c = audit(h, INCLUDE
		"static int left;\nstatic void *list;\n"
		"pgtable_t pte_alloc_one(struct mm_struct *mm)\n{\n"
		"\tif (left == 0)\n\t\treturn get_page();\n"
		"\tleft--;\n\treturn list;\n}\n"
		"void more(void)\n{\n\tleft = 5;\n}\n");
	char *text = audit_sharing_text(c);

	assert_int_not_equal(c->sharing, AUDIT_ONE);
	assert_null(strstr(text, "one table a page"));
	g_free(text);
	audit_clear(&a);
	g_free(h);
}

/* Traps for a walk that is too sure of itself. */
static void test_no_false_one(void **state)
{
	/* Assigned behind the test, in a loop. */
	check(PTE, DECLARED, INCLUDE
	      "pgtable_t pte_alloc_one(struct mm_struct *mm)\n{\n"
	      "\tpte_t *p = NULL;\n\n\tfor (;;) {\n\t\tif (p)\n"
	      "\t\t\treturn p;\n\t\tp = mm->frag;\n\t}\n}\n",
	      AUDIT_UNKNOWN, 0);
	/* Through its address. */
	check(PTE, DECLARED, INCLUDE
	      "void take(pte_t **p);\n"
	      "pgtable_t pte_alloc_one(struct mm_struct *mm)\n{\n"
	      "\tpte_t *p = get_page();\n\n\ttake(&p);\n\treturn p;\n}\n",
	      AUDIT_UNKNOWN, 0);
	/* Behind a label, in what a constant seems to rule out. */
	check(PTE, DECLARED, INCLUDE
	      "pgtable_t pte_alloc_one(struct mm_struct *mm)\n{\n"
	      "\tif (mm->frag)\n\t\tgoto reuse;\n\treturn get_page();\n"
	      "\tif (0) {\nreuse:\n\t\treturn mm->frag;\n\t}\n"
	      "\treturn NULL;\n}\n", AUDIT_UNKNOWN, 0);
	/* A pointer that moves on. */
	check(PTE, DECLARED, INCLUDE
	      "pgtable_t pte_alloc_one(struct mm_struct *mm)\n{\n"
	      "\tpte_t *p = get_page();\n\n\tp += 32;\n\treturn p;\n}\n",
	      AUDIT_UNKNOWN, 0);
	/* A recursion ends. */
	check(PTE, DECLARED, INCLUDE
	      "pgtable_t pte_alloc_one(struct mm_struct *mm)\n{\n"
	      "\treturn pte_alloc_one(mm);\n}\n", AUDIT_UNKNOWN, 0);
}

static const char *address_of(const struct audit_cell *c)
{
	return json_string_value(json_object_get(json_object_get(c->facts,
				"kernel_address"), "verdict"));
}

static void check_address(const char *gfp, const char *want, gboolean handle)
{
	char *alloc = g_strdup_printf("extern unsigned user_gfp;\n"
		"static inline pgtable_t get_one(unsigned gfp)\n{\n"
		"\treturn alloc_pages(gfp | 8, 0);\n}\n"
		"static inline pgtable_t pte_alloc_one(struct mm_struct *mm)\n"
		"{\n\tunsigned gfp = %s;\n\n\tgfp &= ~4u;\n"
		"\treturn get_one(gfp);\n}\n", gfp);
	char *h = header(PAGE, alloc);
	const struct audit_cell *c = audit(h, INCLUDE
					   "unsigned user_gfp = 1 | HIGH;\n");
	const struct audit_branch *b = a.branches->pdata[0];

	assert_string_equal(address_of(c), want);
	assert_int_equal(((struct audit_verdict *)b->verdicts->pdata[0])->can,
			 handle);
	/* The arch has the config symbol, and this cell has it not on. */
	assert_false(((struct audit_verdict *)b->verdicts->pdata[1])->can);
	audit_clear(&a);
	g_free(h);
	g_free(alloc);
}

static void test_address(void **state)
{
	check_address("1", "always", TRUE);
	check_address("1 | HIGH", "may lack", TRUE);
	check_address("mm ? HIGH : 0", "may lack", TRUE);
	check_address("(1 | HIGH) & ~HIGH", "always", TRUE);
	check_address("*(unsigned *)mm", "unknown", TRUE);
}

/* The rest of a cell: definition, roles, what else carries the type. */
static void test_facts(void **state)
{
	char *h = header(PAGE, DECLARED
		"#define deposit deposit\nvoid deposit(pgtable_t t);\n"
		"pgtable_t other_one(int i);\n"
		"#define pte_free(mm, p) do { } while (0)\n#undef pte_free\n");
	const struct audit_cell *c = audit(h, INCLUDE
		"void deposit(pgtable_t t)\n{\n}\n");
	json_t *roles = json_object_get(c->facts, "roles"), *o;

	assert_string_equal(c->is, "struct page *");
	assert_string_equal(c->points_to, "old");
	assert_string_equal(c->file, "include/mini.h");
	assert_int_equal(c->line, 6);
	assert_string_equal(c->condition, "");
	o = json_array_get(json_object_get(roles, "deposit"), 0);
	assert_string_equal(json_string_value(json_object_get(o, "file")),
			    "arch/mini/mm.c");
	assert_true(json_is_true(json_object_get(o, "own")));
	o = json_array_get(json_object_get(roles, "free"), 0);
	assert_string_equal(json_string_value(json_object_get(o, "kind")),
			    "function");
	assert_true(json_is_true(json_object_get(o, "declared_only")));
	o = json_object_get(c->facts, "others");
	assert_int_equal(json_array_size(o), 1);
	assert_string_equal(json_string_value(json_object_get(
			json_array_get(o, 0), "name")), "other_one");
	audit_clear(&a);
	g_free(h);
}

/* Read again only when a file has changed; not read is said. */
static void test_cache(void **state)
{
	char *h = header(PAGE, DECLARED);
	const struct audit_cell *c;

	audit(h, INCLUDE "\n");
	audit_clear(&a);
	audit(h, INCLUDE "\n");
	assert_int_equal(a.cached, 1);
	audit_clear(&a);
	/* A source that was looked through, and says nothing new. */
	audit(h, INCLUDE "int f(void);\n");
	assert_int_equal(a.cached, 1);
	audit_clear(&a);
	/* It was not read then, but is what was looked for. */
	c = audit(h, INCLUDE "pgtable_t pte_alloc_one(struct mm_struct *mm)\n"
		  "{\n\treturn alloc_pages(0, 0);\n}\n");
	assert_int_equal(a.cached, 0);
	assert_int_equal(c->sharing, AUDIT_ONE);
	audit_clear(&a);
	g_free(h);
	assert_non_null(audit("struct page;\n", "")->reason);
	assert_null(audit_find(&a, "mini/one"));
	audit_clear(&a);
}

static int set_up(void **state)
{
	char *ini;

	dir = g_dir_make_tmp("treewide-audit-XXXXXX", NULL);
	ini = g_build_filename(dir, "build", NULL);
	g_mkdir_with_parents(ini, 0755);
	g_free(ini);
	g_setenv("XDG_CACHE_HOME", dir, TRUE);
	ini = g_build_filename(dir, "conv", NULL);
	g_mkdir_with_parents(ini, 0755);
	g_free(ini);
	ini = g_build_filename(dir, "conv", "manifest.ini", NULL);
	g_file_set_contents(ini, manifest, -1, NULL);
	g_free(ini);
	ini = g_build_filename(dir, "conv", NULL);
	conv = manifest_load(ini);
	g_free(ini);
	return conv ? 0 : -1;
}

static int tear_down(void **state)
{
	char *argv[] = { (char *)"rm", (char *)"-rf", dir, NULL };

	manifest_free(conv);
	g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
		     NULL, NULL, NULL);
	g_free(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_run_time),
		cmocka_unit_test(test_state_is_no_constant),
		cmocka_unit_test(test_no_false_one),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_cache),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
