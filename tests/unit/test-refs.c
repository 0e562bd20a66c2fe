// SPDX-License-Identifier: GPL-2.0-only
/*
 * References: small units, and all that is read in them.  Each test compares
 * the whole list, so what is not in it must not be there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/child.h"
#include "read/refs.h"

static char *dir;

static void put_file(const char *name, const char *text)
{
	char *path = g_build_filename(dir, name, NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	g_free(path);
}

static int start(void **state)
{
	dir = g_dir_make_tmp("treewide-refs-XXXXXX", NULL);
	return dir ? 0 : -1;
}

static int stop(void **state)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *path = g_build_filename(dir, name, NULL);

		g_unlink(path);
		g_free(path);
	}
	g_dir_close(d);
	g_rmdir(dir);
	g_clear_pointer(&dir, g_free);
	return 0;
}

struct job {
	const struct refs_request *req;
	const char *out, *after;
	gboolean ok;
};

static int work(guint i, void *data)
{
	const struct job *j = data;

	return refs_read(j->req, j->out, j->after) ? 1 : 0;
}

static void done(guint i, enum child_end end, int status, void *data)
{
	((struct job *)data)->ok = end == CHILD_OK;
}

/* Read "a.c" for @names (separated by spaces); all files here are wanted. */
static struct refs_facts *read_with(const char *names,
				    const struct ast_unsaved *unsaved,
				    guint n_unsaved)
{
	static char *args[] = { (char *)"-Wno-everything",
				(char *)"-std=gnu11", NULL };
	static const struct child_limits limits = { 60, 0 };
	GHashTable *files = g_hash_table_new(g_str_hash, g_str_equal);
	char **v = g_strsplit(names, " ", -1);
	char *out = g_build_filename(dir, "out", NULL);
	struct refs_request req = {
		.tree = dir, .build = "/nowhere", .args = args,
		.unit = "a.c", .cell = "test", .names = v, .files = files,
		.unsaved = unsaved, .n_unsaved = n_unsaved,
	};
	struct job j = { .req = &req };
	struct refs_facts *f;

	if (n_unsaved)
		j.after = out;
	else
		j.out = out;
	g_hash_table_add(files, (gpointer)"a.c");
	g_hash_table_add(files, (gpointer)"a.h");
	assert_int_equal(child_pool(1, 1, &limits, work, done, &j), 0);
	assert_true(j.ok);
	f = refs_load(out);
	assert_non_null(f);
	assert_int_equal(g_unlink(out), 0);
	g_free(out);
	g_strfreev(v);
	g_hash_table_destroy(files);
	return f;
}

/* "3:5 function call"; of a.c unless it says which file. */
static void put_place(GString *s, const struct refs_place *p)
{
	char *path, *text;
	gsize col = 1;

	if (!p->file) {
		g_string_append(s, "-");
		return;
	}
	path = g_build_filename(dir, p->file, NULL);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	for (gsize i = p->off; i && text[i - 1] != '\n'; i--)
		col++;
	if (strcmp(p->file, "a.c"))
		g_string_append_printf(s, "%s:", p->file);
	g_string_append_printf(s, "%u:%u", p->line, (guint)col);
	g_free(text);
	g_free(path);
}

static char *list(const struct refs_facts *f)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < f->refs->len; i++) {
		const struct refs_ref *r = f->refs->pdata[i];

		put_place(s, &r->spelled);
		if (g_strcmp0(r->spelled.file, r->expanded.file) ||
		    r->spelled.off != r->expanded.off) {
			g_string_append(s, "<-");
			put_place(s, &r->expanded);
		}
		g_string_append_printf(s, " %s %s", refs_kind_names[r->kind],
				       refs_use_names[r->use]);
		if (*r->owner)
			g_string_append_printf(s, " of %s", r->owner);
		if (*r->function)
			g_string_append_printf(s, " in %s", r->function);
		g_string_append_c(s, '\n');
	}
	for (guint i = 0; i < f->tokens->len; i++) {
		const struct refs_token *t = f->tokens->pdata[i];

		put_place(s, &t->at);
		g_string_append_printf(s, " %s", refs_other_names[t->why]);
		if (*t->macro)
			g_string_append_printf(s, " by %s", t->macro);
		g_string_append_c(s, '\n');
	}
	return g_string_free(s, FALSE);
}

/* What is read in @text of the names, line by line, must be @want. */
static void expect(const char *names, const char *text, const char *want)
{
	struct refs_facts *f;
	char *got;

	put_file("a.c", text);
	f = read_with(names, NULL, 0);
	got = list(f);
	assert_string_equal(got, want);
	assert_int_equal(f->diags->len, 0);
	g_free(got);
	refs_facts_free(f);
}

static void test_function(void **state)
{
	expect("del",
	       "int del(int *t);\n"
	       "int del(int *t)\n"
	       "{\n"
	       "	return *t;\n"
	       "}\n"
	       "static int user(int *t)\n"
	       "{\n"
	       "	int (*fn)(int *) = del;\n"
	       "	return del(t) + fn(t) + (*del)(t) + (del)(t);\n"
	       "}\n"
	       "struct ops { int (*del)(int *); };\n"
	       "static const struct ops ops = { .del = &del };\n"
	       "int size = sizeof(del(0));\n"
	       "static __typeof__(del) *other = user;\n",
	       "1:5 function declaration\n"
	       "2:5 function definition in del\n"
	       "8:21 function address in user\n"
	       "9:9 function call in user\n"
	       "9:28 function call in user\n"
	       "9:39 function call in user\n"
	       "11:20 member definition of ops\n"
	       "12:34 member designator of ops\n"
	       "12:41 function address\n"
	       "13:19 function call\n"
	       "14:19 function typeof\n");
}

/* Other things of the name. */
static void test_near_misses(void **state)
{
	expect("del",
	       "int del(int);\n"
	       "struct del { int a; };\n"
	       "struct box { struct del del; };\n"
	       "union u { int del; };\n"
	       "int f(int del)\n"
	       "{\n"
	       "	return del;\n"
	       "}\n"
	       "int g(struct box *b)\n"
	       "{\n"
	       "	int x = del(b->del.a);\n"
	       "	{\n"
	       "		int del = x;\n"
	       "		x = del + ((union u){ 1 }).del;\n"
	       "	}\n"
	       "	if (x)\n"
	       "		goto del;\n"
	       "	x++;\n"
	       "del:\n"
	       "	return x;\n"
	       "}\n"
	       "int h(void)\n"
	       "{\n"
	       "	enum { del, other };\n"
	       "	return del;\n"
	       "}\n"
	       "int k(void)\n"
	       "{\n"
	       "	typedef int del;\n"
	       "	del x = 1;\n"
	       "	return x;\n"
	       "}\n"
	       "#define M(del) ((del) + 1)\n"
	       "int m = M(2);\n"
	       "/* del */ const char *s = \"del\";\n",
	       "1:5 function declaration\n"
	       "2:8 struct definition\n"
	       "3:21 struct type\n"
	       "3:25 member definition of box\n"
	       "4:15 member definition of u\n"
	       "5:11 parameter definition of f in f\n"
	       "7:9 parameter value of f in f\n"
	       "11:10 function call in g\n"
	       "11:17 member access of box in g\n"
	       "13:7 local definition of g in g\n"
	       "14:7 local value of g in g\n"
	       "14:30 member access of u in g\n"
	       "17:8 label goto of g in g\n"
	       "19:1 label definition of g in g\n"
	       "24:9 enumerator definition in h\n"
	       "25:9 enumerator value in h\n"
	       "29:14 typedef definition in k\n"
	       "30:2 typedef type in k\n"
	       "33:11 macro-parameter definition of M\n"
	       "33:18 macro-parameter value of M\n");
}

static void test_types(void **state)
{
	expect("tm kind t_t state",
	       "struct tm;\n"
	       "struct tm { int v; };\n"
	       "enum kind { state = 1, last = state };\n"
	       "typedef struct { struct tm *state; } t_t;\n"
	       "struct tm *f(struct tm *p, enum kind k);\n"
	       "int size = sizeof(struct tm) + sizeof(t_t);\n"
	       "int off = __builtin_offsetof(t_t, state);\n"
	       "int g(void *p)\n"
	       "{\n"
	       "	return ((struct tm *)p)->v + (int)sizeof(*(t_t *)p) +\n"
	       "	       _Generic(p, struct tm *: 1, default: state);\n"
	       "}\n"
	       "__typeof__(struct tm) copy = { 1 };\n"
	       "static int state_of(t_t *t)\n"
	       "{\n"
	       "	return t->state != &copy;\n"
	       "}\n",
	       "1:8 struct declaration\n"
	       "2:8 struct definition\n"
	       "3:6 enum definition\n"
	       "3:13 enumerator definition of kind\n"
	       "3:31 enumerator value of kind\n"
	       "4:25 struct type\n"
	       "4:29 member definition of t_t\n"
	       "4:38 typedef definition\n"
	       "5:8 struct type\n"
	       "5:21 struct type\n"
	       "5:33 enum type\n"
	       "6:26 struct sizeof\n"
	       "6:39 typedef sizeof\n"
	       "7:30 typedef type\n"
	       "7:35 member offsetof of t_t\n"
	       "10:18 struct type in g\n"
	       "10:45 typedef sizeof in g\n"
	       "11:28 struct type in g\n"
	       "11:46 enumerator value of kind in g\n"
	       "13:19 struct typeof\n"
	       "14:21 typedef type in state_of\n"
	       "16:12 member access of t_t in state_of\n");
}

static void test_macros(void **state)
{
	expect("del from",
	       "int del(int *t);\n"
	       "#define from(x) (x)\n"
	       "#define INNER(t) del(from(t))\n"
	       "#define OUTER(t) INNER(t)\n"
	       "#define NOBODY(t) del(t)\n"
	       "#define TWICE(e) ((e) + (e))\n"
	       "#define OBJECT del\n"
	       "int f(int *t)\n"
	       "{\n"
	       "	int a = OUTER(t);\n"
	       "	a += TWICE(del(from(t)));\n"
	       "	return a + OBJECT(t);\n"
	       "}\n"
	       "#ifdef from\n"
	       "int yes;\n"
	       "#endif\n"
	       "#if defined(del) || !defined(from)\n"
	       "int no;\n"
	       "#endif\n"
	       "#undef from\n"
	       "int from = 1;\n",
	       "1:5 function declaration\n"
	       "2:9 macro definition\n"
	       "3:18<-10:10 function call in f\n"
	       "3:22<-10:10 macro expansion in f\n"
	       "7:16<-12:13 function call in f\n"
	       "11:13<-11:7 function call in f\n"
	       "11:17 macro expansion in f\n"
	       "14:8 macro condition\n"
	       "17:13 macro condition\n"
	       "17:30 macro condition\n"
	       "20:8 macro undef\n"
	       "21:5 global definition\n");
}

static void test_no_reference(void **state)
{
	expect("del",
	       "int del(int *t), del_sync(int *t);\n"
	       "#define SYNC(x) x##_sync\n"
	       "#define STR(x) #x\n"
	       "#define STR2(x) STR(x)\n"
	       "#define DROP(x) 0\n"
	       "#define HARD(t) del ## _sync(t)\n"
	       "const char *a = STR(del), *b = STR2(del);\n"
	       "int f(int *t)\n"
	       "{\n"
	       "	return SYNC(del)(t) + DROP(del(t)) + HARD(t);\n"
	       "}\n"
	       "#if 0\n"
	       "int g = del(0);\n"
	       "#ifdef del\n"
	       "#endif\n"
	       "#elif defined(del)\n"
	       "int h = del(0);\n"
	       "#else\n"
	       "int (*k)(int *) = del;\n"
	       "#endif\n",
	       "1:5 function declaration\n"
	       "16:15 macro condition\n"
	       "19:19 function address\n"
	       "6:17 pasted by HARD\n"
	       "7:21 stringified by STR\n"
	       "7:37 stringified by STR2\n"
	       "10:14 pasted by SYNC\n"
	       "10:29 dropped by DROP\n"
	       "13:9 skipped\n"
	       "14:8 skipped\n"
	       "17:9 skipped\n");
}

/* A name that ## makes is a reference, but no token. */
static void test_made_by_paste(void **state)
{
	expect("del_sync",
	       "int del_sync(int *t);\n"
	       "#define SYNC(x) x##_sync\n"
	       "int f(int *t)\n"
	       "{\n"
	       "	int n = del_sync(t);\n"
	       "	return n + SYNC(del)(t);\n"
	       "}\n",
	       "-<-6:13 function call in f\n"
	       "1:5 function declaration\n"
	       "5:10 function call in f\n");
}

static void test_odd_code(void **state)
{
	expect("del",
	       "void del(int *t);\n"
	       "#define CLEANUP(f) __attribute__((__cleanup__(f)))\n"
	       "void f(void)\n"
	       "{\n"
	       "	int a __attribute__((cleanup(del))) = 0;\n"
	       "	int b CLEANUP(del) = 1;\n"
	       "	extern void del(int *);\n"
	       "	void (*table[])(int *) = { [1] = del, del };\n"
	       "	if (table[0] == del)\n"
	       "		({ del(&a); del; })(&b);\n"
	       "	asm(\"\" : : \"i\" (del));\n"
	       "}\n"
	       "int old(del)\n"
	       "int del;\n"
	       "{\n"
	       "	return del;\n"
	       "}\n"
	       "struct s { int len; int v[sizeof(void (*)(int)) + sizeof(&del)]; };\n"
	       "_Static_assert(sizeof(del) == 1, \"del\");\n"
	       "struct t { struct { int del; } in; } t = { .in.del = 3 };\n"
	       "struct t u = { .in = { del: 4 } };\n",
	       "1:6 function declaration\n"
	       "5:31 function attribute in f\n"
	       "6:16 function attribute in f\n"
	       "7:14 function declaration in f\n"
	       "8:35 function address in f\n"
	       "8:40 function address in f\n"
	       "9:18 function address in f\n"
	       "10:6 function call in f\n"
	       "10:15 function address in f\n"
	       "11:18 function address in f\n"
	       "14:5 parameter definition of old in old\n"
	       "16:9 parameter value of old in old\n"
	       "18:59 function sizeof\n"
	       "19:23 function sizeof\n"
	       "20:25 member definition of t\n"
	       "20:48 member designator of t\n"
	       "21:24 member designator of t\n"
	       "13:9 unknown\n");
}

static void test_header(void **state)
{
	put_file("a.h",
		 "static inline int del(int *t)\n"
		 "{\n"
		 "	return *t;\n"
		 "}\n"
		 "static inline int del2(int *t)\n"
		 "{\n"
		 "	return del(t);\n"
		 "}\n"
		 "#define DEL(t) del(t)\n"
		 "#define DEFINE(n) int n(int *t) { return del(t); }\n");
	expect("del",
	       "#include \"a.h\"\n"
	       "int f(int *t)\n"
	       "{\n"
	       "	return DEL(t) + del2(t);\n"
	       "}\n"
	       "DEFINE(g)\n",
	       "a.h:1:19 function definition in del\n"
	       "a.h:7:9 function call in del2\n"
	       "a.h:9:16<-4:9 function call in f\n"
	       "a.h:10:42<-6:1 function call in g\n");
}

static void test_after(void **state)
{
	static const char text[] = "int fresh(void);\n"
				   "int f(void) { gone; return fresh(); }\n";
	const struct ast_unsaved unsaved = { "a.c", text, strlen(text) };
	struct refs_facts *f;
	const struct ast_diag *d;

	put_file("a.c", "int del(void);\nint f(void) { return del(); }\n");
	f = read_with("fresh", &unsaved, 1);
	assert_int_equal(f->refs->len, 2);
	assert_int_equal(f->diags->len, 1);
	d = f->diags->pdata[0];
	assert_string_equal(d->file, "a.c");
	assert_int_equal(d->line, 2);
	assert_non_null(strstr(d->text, "gone"));
	assert_int_equal(f->deps->len, 1);
	refs_facts_free(f);
}

/* A file that is cut short, or of another version, is not facts. */
static void test_damaged(void **state)
{
	static const char whole[] = REFS_MAGIC "\n"
		"unit cell=x file=a.c\n"
		"token name=d why=pasted file=a\\040b.c line=1 off=4\n"
		"end\n";
	char *path = g_build_filename(dir, "facts", NULL);
	struct refs_facts *f;

	put_file("facts", whole);
	f = refs_load(path);
	assert_non_null(f);
	assert_string_equal(((struct refs_token *)f->tokens->pdata[0])->at.file,
			    "a b.c");
	refs_facts_free(f);
	for (gsize n = 0; n < strlen(whole) - 1; n++) {
		assert_true(g_file_set_contents(path, whole, n, NULL));
		assert_null(refs_load(path));
	}
	put_file("facts", "treewide-refs 0\nend\n");
	assert_null(refs_load(path));
	put_file("facts", REFS_MAGIC "\nodd name=d\nend\n");
	assert_null(refs_load(path));
	put_file("facts", REFS_MAGIC "\nref name=d kind=odd use=call\nend\n");
	assert_null(refs_load(path));
	g_free(path);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_function),
		TEST(test_near_misses),
		TEST(test_types),
		TEST(test_macros),
		TEST(test_no_reference),
		TEST(test_made_by_paste),
		TEST(test_odd_code),
		TEST(test_header),
		TEST(test_after),
		TEST(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
