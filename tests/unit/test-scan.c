// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scan and ledger on a small tree, written here, that has one of everything
 * that may stop a scanner or hide a site from it.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "tree/scan.h"

static char *root;

static void put_bytes(const char *name, const char *text, gssize n)
{
	char *path = g_build_filename(root, name, NULL);
	char *dir = g_path_get_dirname(path);

	assert_int_equal(g_mkdir_with_parents(dir, 0755), 0);
	assert_true(g_file_set_contents(path, text, n, NULL));
	g_free(dir);
	g_free(path);
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, -1);
}

static void put_link(const char *target, const char *name)
{
	char *path = g_build_filename(root, name, NULL);

	assert_int_equal(symlink(target, path), 0);
	g_free(path);
}

static void remove_all(const char *path)
{
	GDir *d = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL :
		  g_dir_open(path, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *sub = g_build_filename(path, name, NULL);

		remove_all(sub);
		g_free(sub);
	}
	if (d)
		g_dir_close(d);
	g_remove(path);
}

static int setup(void **state)
{
	root = g_dir_make_tmp("treewide-scan-XXXXXX", NULL);
	return root ? 0 : -1;
}

static int teardown(void **state)
{
	remove_all(root);
	g_free(root);
	return 0;
}

static int show_site(const struct site *s, void *data)
{
	g_string_append_printf(data, "%s:%u:%u:%zu %s %s\n", s->file, s->line,
			       s->col, s->off, s->symbol,
			       site_ctx_name[s->ctx]);
	return 0;
}

static int show_symbol(const char *name, const char *kind, const char *origin,
		       guint sites, void *data)
{
	g_string_append_printf(data, "%s %s %s\n", name, kind, origin);
	return 0;
}

static int show_skipped(const char *path, const char *why, void *data)
{
	g_string_append_printf(data, "%s: %s\n", path, why);
	return 0;
}

struct shown { char *sites, *symbols, *skipped; };

static struct shown scan_from(const char *const *first,
			      const char *const *types,
			      const char *const *symbols,
			      const char *const *with, int jobs)
{
	struct scan_request req = {
		.tree = root, .types = (char **)types,
		.symbols = (char **)symbols, .with = (char **)with,
		.first = (char **)first, .jobs = jobs,
	};
	GString *a = g_string_new(NULL), *b = g_string_new(NULL);
	GString *c = g_string_new(NULL);
	struct ledger *l = ledger_create(":memory:");
	struct scan_result res;

	assert_non_null(l);
	assert_int_equal(scan_tree(&req, l, &res), 0);
	assert_int_equal(ledger_each(l, show_site, a), 0);
	assert_int_equal(ledger_each_symbol(l, show_symbol, b), 0);
	assert_int_equal(ledger_each_skipped(l, show_skipped, c), 0);
	g_ptr_array_free(res.symbols, TRUE);
	assert_int_equal(ledger_close(l), 0);
	return (struct shown){ g_string_free(a, FALSE), g_string_free(b, FALSE),
			       g_string_free(c, FALSE) };
}

static struct shown scan(const char *const *types, const char *const *symbols,
			 const char *const *with, int jobs)
{
	return scan_from(NULL, types, symbols, with, jobs);
}

static void shown_free(struct shown *s)
{
	g_free(s->sites);
	g_free(s->symbols);
	g_free(s->skipped);
}

static const char *const old_t[] = { "old_t", NULL };
static const char *const none[] = { NULL };

/* Where names are looked for first changes nothing but the speed. */
static void first_folders(void **state)
{
	static const char *const firsts[][3] = {
		{ "include/" }, { "drivers/" }, { "nowhere/" },
		{ "include/", "lib/" },
	};
	struct shown all, s;

	put("include/a.h", "old_t f(void);\n");
	put("drivers/b.c", "typedef old_t newer_t;\nnewer_t g(void)\n{ return f(); }\n");
	put("drivers/c.c", "newer_t z;\nvoid h(void) { g(); }\n");
	put("lib/d.c", "#define late(x) g2(x)\nvoid g2(newer_t t);\n");
	put("lib/e.c", "struct s { old_t own; } v = { .own = 0 };\n");
	all = scan(old_t, none, none, 1);
	assert_non_null(strstr(all.sites, "drivers/c.c:2:16:26 g code\n"));
	assert_non_null(strstr(all.sites, "lib/d.c:1:17:16 g2 macro\n"));
	for (gsize i = 0; i < G_N_ELEMENTS(firsts); i++) {
		s = scan_from(firsts[i], old_t, none, none, 2);
		assert_string_equal(s.sites, all.sites);
		shown_free(&s);
	}
	shown_free(&all);
}

/* What one .c file alone declares is no word of the others. */
static void local_names(void **state)
{
	struct shown s;

	put("a.c", "struct s { old_t *all, *both; };\nvoid f(struct s *s) { s->all = 0; }\n");
	put("b.c", "/* all of both */\nint all, both;\n");
	put("c.h", "struct t { old_t both; };\n");
	s = scan(old_t, none, none, 1);
	assert_non_null(strstr(s.sites, "a.c:1:19:18 all code\n"));
	assert_non_null(strstr(s.sites, "a.c:2:26:58 all code\n"));
	assert_null(strstr(s.sites, "b.c:1:4:3 all"));
	assert_null(strstr(s.sites, "b.c:2:5:22 all"));
	/* A header's is: anyone may include it. */
	assert_non_null(strstr(s.sites, "both comment\n"));
	shown_free(&s);
}

static void contexts(void **state)
{
	static const char nul[] = "a\0old_t\0\xff old_t";
	struct shown s, again;

	put("a.c", "old_t a;\n"
		   "#define M(x) ((old_t)x) /* old_t */\n"
		   "#ifdef old_t\n#endif\n"
		   "#if 0\nold_t dead;\n#endif\n"
		   "char *s = \"old_t, old_t\"; xold_t old_tx; $old_t\n");
	put("b.S", "\tmov old_t, r1 // old_t\n/* it isn't */ old_t 'old_t\n");
	put("c.rs", "fn f<'a>(x: &'a old_t) {} // old_t\n");
	put("Documentation/d.rst", "about ``old_t`` and old_ts\n");
	put("e.py", "print('old_t')\n");
	put("Makefile", "x := old_t");
	put(".git/x.c", "old_t");
	put_bytes("f.bin", nul, sizeof(nul) - 1);
	s = scan(none, old_t, none, 1);
	assert_string_equal(s.sites,
		"Documentation/d.rst:1:9:8 old_t doc\n"
		"Makefile:1:6:5 old_t script\n"
		"a.c:1:1:0 old_t code\n"
		"a.c:2:16:24 old_t macro\n"
		"a.c:2:28:36 old_t comment\n"
		"a.c:3:8:52 old_t directive\n"
		"a.c:6:1:71 old_t disabled\n"
		"a.c:8:12:101 old_t string\n"
		"a.c:8:19:108 old_t string\n"
		"a.c:8:43:132 old_t code\n"
		"b.S:1:6:5 old_t assembly\n"
		"b.S:1:19:18 old_t comment\n"
		"b.S:2:16:39 old_t assembly\n"
		"b.S:2:23:46 old_t assembly\n"
		"c.rs:1:17:16 old_t rust\n"
		"c.rs:1:30:29 old_t comment\n"
		"e.py:1:8:7 old_t script\n"
		"f.bin:1:3:2 old_t other\n"
		"f.bin:1:11:10 old_t other\n");
	assert_string_equal(s.symbols, "old_t symbol seed\n");
	assert_string_equal(s.skipped, "");
	again = scan(none, old_t, none, 7);
	assert_string_equal(s.sites, again.sites);
	shown_free(&again);
	shown_free(&s);
}

static void splices(void **state)
{
	static const char *const ab[] = { "ab", NULL };
	struct shown s;

	put("a.c", "old\\\n_t x; old_t\\\ny; z\\\nold_t; old\\\r\n\\\n_t\\\n;\n"
		   "old_\\ \nt old_t\\\n = old_\\");
	s = scan(none, old_t, none, 1);
	assert_string_equal(s.sites,
		"a.c:1:1:0 old_t code\n"
		"a.c:4:8:31 old_t code\n"
		"a.c:9:3:54 old_t code\n");
	shown_free(&s);
	/* Names too short for the fast search. */
	put("a.c", "a\\\nb ab abc cab ab");
	s = scan(none, ab, none, 1);
	assert_string_equal(s.sites, "a.c:1:1:0 ab code\n"
		"a.c:2:3:5 ab code\na.c:2:14:16 ab code\n");
	shown_free(&s);
}

static void derived(void **state)
{
	static const char *const fn[] = { "f", NULL };
	struct shown s;

	put("a.h", "typedef int *old_t;\n"
		   "typedef old_t alias_t;\n"
		   "static inline old_t *ret_fn(int a)\n"
		   "{\n\told_t local = (old_t)cast_fn(a);\n\treturn local;\n}\n"
		   "void par_fn(struct mm *mm,\n\t    old_t param);\n"
		   "extern int\n(*ptr_var)(old_t);\n"
		   "struct s {\n\told_t field1, *field2;\n\tunion {\n"
		   "\t\tint (*op_field)(int, old_t);\n\t};\n\tint other;\n};\n"
		   "#define MACRO(x) ((old_t)(x))\n"
		   "#define WRAP(...) hooks(ret_fn(__VA_ARGS__))\n"
		   "#define UNRELATED(x) (ret_fn(x))\n"
		   "DEFINE_THING(old_t, thing);\n"
		   "static DEFINE_THING(old_t, thing);\n"
		   "int y = sizeof(old_t);\n"
		   "alias_t alias_fn(void);\n"
		   "old_t global;\n");
	put("b.c", "#ifdef X\nstatic int odd(void) {\n#else\n"
		   "static int odd(int x) {\n#endif\n\told_t local2;\n"
		   "#ifdef Y\n\tif (a) {\n#endif\n}\n"
		   "old_t __init\nafter_fn(void)\n{\n}\n"
		   "#if 0\nold_t dead_fn(void);\n#endif\n"
		   "int __attribute__((pure)) attr_fn(old_t x);\n");
	put("Documentation/x.c", "old_t doc_fn(void);\n");
	s = scan(old_t, none, none, 2);
	assert_string_equal(s.symbols,
		"MACRO macro a.h:19\n"
		"WRAP macro a.h:20\n"
		"after_fn function b.c:12\n"
		"alias_fn function a.h:25\n"
		"alias_t type a.h:2\n"
		"attr_fn function b.c:18\n"
		"field1 field a.h:13\n"
		"field2 field a.h:13\n"
		"global variable a.h:26\n"
		"old_t type seed\n"
		"op_field field a.h:15\n"
		"par_fn function a.h:8\n"
		"ptr_var variable a.h:11\n"
		"ret_fn function a.h:3\n");
	shown_free(&s);
	/* A seed that is such a function has its wrappers too. */
	put("a.h", "#define w(...) f(__VA_ARGS__)\nold_t f(int x);\n");
	put("b.c", "");
	s = scan(old_t, fn, none, 2);
	assert_string_equal(s.symbols, "f symbol seed\nold_t type seed\n"
			    "w macro a.h:1\n");
	shown_free(&s);
}

static void odd_files(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char *fifo = g_build_filename(root, "fifo", NULL);
	char *closed = g_build_filename(root, "closed.c", NULL);
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);
	const char *expected =
		"dangling: symbolic link to nowhere, which does not exist\n"
		"fifo: FIFO: not opened\n"
		"inside: symbolic link to dir, in the tree and scanned there\n"
		"loop: symbolic link to loop, in a loop\n"
		"outside: symbolic link to /, outside the tree: not followed\n"
		"sock: socket: not opened\n"
		"up: symbolic link to .., outside the tree: not followed\n";
	char cwd[PATH_MAX];
	struct shown s;

	put("dir/\xff\xfe.c", "old_t");
	put("closed.c", "old_t");
	assert_int_equal(mkfifo(fifo, 0644), 0);
	g_strlcpy(addr.sun_path, "sock", sizeof(addr.sun_path));
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(root), 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(chdir(cwd), 0);
	put_link("nowhere", "dangling");
	put_link("loop", "loop");
	put_link("dir", "inside");
	put_link("..", "up");
	put_link("/", "outside");
	assert_int_equal(chmod(closed, 0), 0);
	s = scan(none, old_t, none, 2);
	/* Root may read everything. */
	if (geteuid()) {
		assert_string_equal(s.sites, "dir/\xff\xfe.c:1:1:0 old_t code\n");
		assert_true(g_str_has_prefix(s.skipped,
			"closed.c: cannot be opened: "));
	} else {
		assert_string_equal(s.sites, "closed.c:1:1:0 old_t code\n"
				    "dir/\xff\xfe.c:1:1:0 old_t code\n");
		assert_string_equal(s.skipped, expected);
	}
	shown_free(&s);
	close(sock);
	g_free(fifo);
	g_free(closed);
}

/* A path longer than the kernel takes at once is said, not lost. */
static void deep(void **state)
{
	char name[201], cwd[PATH_MAX];
	struct shown s;

	memset(name, 'd', 200);
	name[200] = '\0';
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(root), 0);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(mkdir(name, 0755), 0);
		assert_int_equal(chdir(name), 0);
	}
	s = scan(none, old_t, none, 1);
	assert_non_null(strstr(s.skipped, "directory cannot be opened: "));
	shown_free(&s);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(chdir(".."), 0);
		assert_int_equal(rmdir(name), 0);
	}
	assert_int_equal(chdir(cwd), 0);
}

static void with_folders(void **state)
{
	char *real = g_canonicalize_filename(root, NULL);
	char *sub = g_build_filename(real, "sub", NULL), *want;
	char *other = g_dir_make_tmp("treewide-with-XXXXXX", NULL);
	const char *with[] = { sub, other, NULL };
	char *file = g_build_filename(other, "m.c", NULL);
	struct shown s;

	put("sub/a.c", "old_t");
	assert_true(g_file_set_contents(file, "\nold_t", -1, NULL));
	s = scan(none, old_t, with, 1);
	want = g_strdup_printf("%s:2:1:1 old_t code\nsub/a.c:1:1:0 old_t code\n",
			       file);
	assert_string_equal(s.sites, want);
	shown_free(&s);
	remove_all(other);
	g_free(want);
	g_free(file);
	g_free(other);
	g_free(sub);
	g_free(real);
}

static int convert_site(const struct site *s, void *data)
{
	return ledger_set_fate(data, s->id, FATE_KEPT, "a reason", NULL);
}

static int check_kept(const struct site *s, void *data)
{
	assert_int_equal(s->fate, FATE_KEPT);
	assert_string_equal(s->reason, "a reason");
	assert_null(s->evidence);
	return 7;
}

static void ledger_files(void **state)
{
	char *path = g_build_filename(root, "l.sqlite", NULL), *v;
	struct site s = { .file = "a.c", .line = 1, .col = 2, .off = 1,
			  .symbol = "old_t", .ctx = SITE_CODE };
	struct ledger *l = ledger_create(path);

	assert_non_null(l);
	assert_int_equal(ledger_add(l, &s), 0);
	assert_int_equal(ledger_set_meta(l, "k", "v"), 0);
	assert_int_equal(ledger_set_fate(l, s.id + 1, FATE_KEPT, "x", NULL), -1);
	assert_int_equal(ledger_close(l), 0);

	/* An open that is given up changes nothing. */
	l = ledger_open(path);
	assert_int_equal(ledger_set_meta(l, "k", "other"), 0);
	ledger_abandon(l);
	l = ledger_open(path);
	v = ledger_get_meta(l, "k");
	assert_string_equal(v, "v");
	g_free(v);
	assert_int_equal(ledger_each(l, convert_site, l), 0);
	assert_int_equal(ledger_each(l, check_kept, NULL), 7);
	assert_int_equal(ledger_close(l), 0);

	/* Replaced as a whole. */
	l = ledger_create(path);
	assert_int_equal(ledger_each(l, check_kept, NULL), 0);
	assert_int_equal(ledger_close(l), 0);

	/* What is no ledger is neither replaced nor opened. */
	assert_true(g_file_set_contents(path, "precious", -1, NULL));
	assert_null(ledger_create(path));
	assert_null(ledger_open(path));
	assert_true(g_file_get_contents(path, &v, NULL, NULL));
	assert_string_equal(v, "precious");
	g_free(v);
	g_unlink(path);
	assert_null(ledger_open(path));
	g_free(path);
}

static void bad_seeds(void **state)
{
	static const char *const odd[] = { "a b", NULL };
	struct ledger *l = ledger_create(":memory:");
	struct scan_request req = { .tree = root, .types = (char **)odd,
				    .jobs = 1 };
	struct scan_result res;

	assert_int_equal(scan_tree(&req, l, &res), -1);
	req.types = NULL;
	assert_int_equal(scan_tree(&req, l, &res), -1);
	req.symbols = (char **)old_t;
	req.tree = "/nonexistent/tree";
	assert_int_equal(scan_tree(&req, l, &res), -1);
	ledger_close(l);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(first_folders),
		T(local_names),
		T(contexts), T(splices), T(derived), T(odd_files), T(deep),
		T(with_folders), T(ledger_files), T(bad_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
