// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fact store: what it takes from the cache holds, what is damaged is made
 * anew and said, and a new kind needs nothing but its functions.  The tree is
 * a header and a unit; the cache is in a temporary folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cachefile.h"
#include "read/facts.h"
#include "read/reading.h"

static char *dir, *tree;
static struct cell_info cell = {
	.name = (char *)"x86/one", .srcarch = (char *)"x86", .ready = TRUE,
	.key = (char *)"0123",
};

static void write_file(const char *name, const char *text)
{
	char *path = g_build_filename(tree, name, NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	g_free(path);
}

static void write_tree(void)
{
	write_file("mm.h", "struct page { int n; };\n"
		   "typedef struct page *handle_t;\n"
		   "handle_t make(void);\n");
	write_file("mm.c", "#include \"mm.h\"\n"
		   "void take(handle_t);\n"
		   "void f(void)\n{\n\thandle_t h = make();\n\ttake(h);\n}\n");
}

/* The values of mm.c as text; *@cached: did they come from the cache? */
static char *read_values(gboolean *cached)
{
	static char *types[] = { (char *)"handle_t", NULL };
	struct fact_unit unit = { &cell, (char *)"mm.c" };
	GPtrArray *units = g_ptr_array_new();
	GHashTable *files = g_hash_table_new(g_str_hash, g_str_equal);
	struct reading r = {
		.tree = tree, .types = types, .old_struct = "page",
		.files = files, .jobs = 1,
	};
	struct reading_result res;
	GString *s = g_string_new(NULL);
	const struct ast_facts *a;

	g_hash_table_add(files, (gpointer)"mm.c");
	g_ptr_array_add(units, &unit);
	assert_int_equal(reading_run(&r, units, &res), 0);
	assert_int_equal(res.failed->len, 0);
	assert_int_equal(res.facts->len, 1);
	*cached = res.cached;
	a = res.facts->pdata[0];
	assert_string_equal(a->cell, "x86/one");
	assert_string_equal(a->unit, "mm.c");
	assert_int_equal(a->deps->len, 2);
	for (guint i = 0; i < a->decls->len; i++) {
		const struct ast_decl *d = a->decls->pdata[i];

		g_string_append_printf(s, "%s %c %s %zu %s\n", d->key, d->cls,
				       d->file, d->name_off, d->func);
	}
	for (guint i = 0; i < a->events->len; i++) {
		const struct ast_event *e = a->events->pdata[i];

		g_string_append_printf(s, "%s > %s %s %zu %u\n", e->src,
				       e->dst, e->file, e->off, e->line);
	}
	g_ptr_array_free(res.facts, TRUE);
	g_ptr_array_free(res.failed, TRUE);
	g_ptr_array_free(units, TRUE);
	g_hash_table_destroy(files);
	return g_string_free(s, FALSE);
}

/* Empty the cache. */
static void clear(void)
{
	char *path = g_build_filename(dir, "treewide", "facts", NULL);
	GDir *d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *p = g_build_filename(path, name, NULL);

		assert_int_equal(g_unlink(p), 0);
		g_free(p);
	}
	if (d)
		g_dir_close(d);
	g_free(path);
}

/* The only entry of the cache; the caller frees the path. */
static char *entry(void)
{
	char *path = g_build_filename(dir, "treewide", "facts", NULL);
	GDir *d = g_dir_open(path, 0, NULL);
	const char *name = d ? g_dir_read_name(d) : NULL;
	char *p;

	assert_non_null(name);
	p = g_build_filename(path, name, NULL);
	assert_null(g_dir_read_name(d));
	g_dir_close(d);
	g_free(path);
	return p;
}

static void test_cache_holds_until_a_file_changes(void **state)
{
	gboolean cached;
	char *first, *again;

	write_tree();
	clear();
	first = read_values(&cached);
	assert_false(cached);
	assert_non_null(strstr(first, "r:c:@F@make > v:mm.c:"));
	assert_non_null(strstr(first, " > p:c:@F@take#0 mm.c "));
	again = read_values(&cached);
	assert_true(cached);
	assert_string_equal(first, again);
	g_free(again);
	write_file("mm.h", "struct page { int n; };\n"
		   "typedef struct page *handle_t;\n"
		   "long make(void);\n");
	again = read_values(&cached);
	assert_false(cached);
	assert_string_not_equal(first, again);
	g_free(again);
	g_free(first);
}

/* ---- damage ---- */

static char *damage(const char *text, gsize size, int how, gsize *n)
{
	char *s = g_malloc(size + 64), *line;

	memcpy(s, text, size);
	*n = size;
	switch (how % 5) {
	case 0:
		*n = 0;
		break;
	case 1:
		*n = size * (how / 5) / 4;
		break;
	case 2:			/* a line is gone */
		line = memchr(s + size * (how / 5) / 5, '\n', size);
		if (line) {
			char *end = memchr(line + 1, '\n',
					   s + size - line - 1);

			end = end ? end : s + size;
			memmove(line, end, s + size - end);
			*n = size - (end - line);
		}
		break;
	case 3:
		s[(size - 1) * (how / 5) / 3] ^= 1 << how % 7;
		break;
	case 4:
		memset(s + size, 'x', 1 + how % 60);
		*n = size + 1 + how % 60;
		break;
	}
	return s;
}

static void test_damaged_entries_are_made_anew(void **state)
{
	gboolean cached;
	char *first, *path, *text;
	gsize size;

	write_tree();
	clear();
	first = read_values(&cached);
	path = entry();
	assert_true(g_file_get_contents(path, &text, &size, NULL));
	for (int how = 0; how < 20; how++) {
		gsize n;
		char *bad = damage(text, size, how, &n), *got;

		assert_true(g_file_set_contents(path, bad, n, NULL));
		g_free(bad);
		got = read_values(&cached);
		assert_false(cached);
		assert_string_equal(first, got);
		g_free(got);
		got = read_values(&cached);
		assert_true(cached);
		assert_string_equal(first, got);
		g_free(got);
	}
	g_free(text);
	g_free(path);
	g_free(first);
}

/* Run @what, and return what it says on stderr. */
static char *said(void (*what)(const char *path), const char *path)
{
	char *log = g_build_filename(dir, "log", NULL), *text;
	int old = dup(2), fd = open(log, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(old >= 0 && fd >= 0);
	dup2(fd, 2);
	what(path);
	dup2(old, 2);
	close(old);
	close(fd);
	assert_true(g_file_get_contents(log, &text, NULL, NULL));
	g_unlink(log);
	g_free(log);
	return text;
}

static void read_damaged(const char *path)
{
	assert_null(cachefile_read(path, NULL));
}

static void test_damage_is_said_once_a_folder(void **state)
{
	char *path = g_build_filename(dir, "said", "one", NULL);
	char *other = g_build_filename(dir, "said", "two", NULL), *text;
	static const char binary[] = "a\0b\n";
	gsize size;

	assert_int_equal(cachefile_write(path, binary, sizeof(binary)), 0);
	text = cachefile_read(path, &size);
	assert_non_null(text);
	assert_int_equal(size, sizeof(binary));
	assert_memory_equal(text, binary, size);
	g_free(text);
	assert_int_equal(cachefile_write(path, "", 0), 0);
	text = cachefile_read(path, &size);
	assert_non_null(text);
	assert_int_equal(size, 0);
	g_free(text);
	assert_true(g_file_set_contents(path, "", 0, NULL));
	assert_true(g_file_set_contents(other, "xxh3 0123456789abcdef\n", -1,
					NULL));
	text = said(read_damaged, path);
	assert_non_null(strstr(text, path));
	assert_non_null(strstr(text, "is damaged and is made anew"));
	g_free(text);
	assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	text = said(read_damaged, other);
	assert_string_equal(text, "");
	g_free(text);
	assert_false(g_file_test(other, G_FILE_TEST_EXISTS));
	/* What is not there is not damaged. */
	assert_null(cachefile_read(path, NULL));
	g_free(path);
	g_free(other);
}

/* ---- a kind of the test's own ---- */

struct word { const char *text; guint n; gboolean yes; char c; int what; };
struct word_facts { FACTS_COMMON; GPtrArray *words; };

static const char *const whats[] = { "first", "second" };
static const struct record_field word_fields[] = {
	RECORD_FIELD(word, text), RECORD_FIELD(word, n),
	RECORD_FIELD(word, yes), RECORD_FIELD(word, c),
	RECORD_WORD_FIELD(word, what, whats),
};
static const struct record_type word_type =
	RECORD_TYPE('W', word, word_fields, word_facts, words);
static const struct record_type *const word_types[] = { &word_type };

static void word_key(GString *key, gconstpointer question)
{
	fact_key_put(key, question);
}

static int word_read(struct fact_reader *r)
{
	struct word w = { "tab\t, newline\n, \\, umlaut \xc3\xa4", 7, TRUE,
			  '\t', 1 };

	if (!strcmp(r->question, "abort"))
		abort();
	if (!strcmp(r->question, "fail"))
		return -1;
	assert_non_null(r->tu);
	fact_put(r, &word_type, &w);
	fact_put_once(r, &word_type, &w);
	fact_put_once(r, &word_type, &w);
	w = (struct word) { 0 };
	fact_put_once(r, &word_type, &w);
	return 0;
}

static const struct fact_kind word_kind = {
	.name = "words", .size = sizeof(struct word_facts),
	.types = word_types, .n_types = 1, .limits = { 60, 0 },
	.key = word_key, .read = word_read,
};

static void ask(struct fact_ask *asks, guint n, struct facts_result *res)
{
	struct fact_unit unit = { &cell, (char *)"mm.c" };
	GPtrArray *units = g_ptr_array_new();
	struct facts_query q = {
		.tree = tree, .progress = "read", .jobs = 1, .asks = asks,
		.n_asks = n,
	};

	g_ptr_array_add(units, &unit);
	assert_int_equal(facts_run(&q, units, res), 0);
	g_ptr_array_free(units, TRUE);
}

static void check_words(const struct word_facts *f)
{
	const struct word *w;

	assert_non_null(f);
	assert_int_equal(f->deps->len, 2);
	assert_int_equal(f->words->len, 3);
	w = f->words->pdata[1];
	assert_string_equal(w->text, "tab\t, newline\n, \\, umlaut \xc3\xa4");
	assert_int_equal(w->n, 7);
	assert_true(w->yes);
	assert_int_equal(w->c, '\t');
	assert_int_equal(w->what, 1);
	w = f->words->pdata[2];
	assert_string_equal(w->text, "");
	assert_int_equal(w->c, 0);
	assert_int_equal(w->what, 0);
}

static void asks_free(struct fact_ask *asks, guint n, struct facts_result *res)
{
	for (guint i = 0; i < n; i++) {
		facts_free(asks[i].kind, asks[i].answers->pdata[0]);
		g_ptr_array_free(asks[i].answers, TRUE);
	}
	facts_result_clear(res);
}

static void test_kinds_are_read_together(void **state)
{
	struct fact_ask asks[] = {
		{ &word_kind, (gpointer)"one", NULL },
		{ &word_kind, (gpointer)"two", NULL },
	};
	struct facts_result res;

	write_tree();
	clear();
	ask(asks, 1, &res);
	assert_int_equal(res.cached, 0);
	check_words(asks[0].answers->pdata[0]);
	asks_free(asks, 1, &res);
	ask(asks, 2, &res);	/* one is known */
	assert_int_equal(res.cached, 0);
	check_words(asks[0].answers->pdata[0]);
	check_words(asks[1].answers->pdata[0]);
	asks_free(asks, 2, &res);
	ask(asks, 2, &res);
	assert_int_equal(res.cached, 1);
	check_words(asks[1].answers->pdata[0]);
	asks_free(asks, 2, &res);
}

static void test_a_copy_of_the_tree_finds_the_entries(void **state)
{
	struct fact_ask asks[] = { { &word_kind, (gpointer)"one", NULL } };
	char *first = tree;
	struct facts_result res;

	write_tree();
	clear();
	ask(asks, 1, &res);
	asks_free(asks, 1, &res);
	tree = g_build_filename(dir, "copy", NULL);
	assert_int_equal(g_mkdir(tree, 0755), 0);
	write_tree();
	ask(asks, 1, &res);
	assert_int_equal(res.cached, 1);
	asks_free(asks, 1, &res);
	write_file("mm.h", "struct page;\n");
	ask(asks, 1, &res);
	assert_int_equal(res.cached, 0);
	asks_free(asks, 1, &res);
	g_free(tree);
	tree = first;
}

static void test_a_child_that_fails_costs_its_unit(void **state)
{
	struct fact_ask asks[] = { { &word_kind, (gpointer)"fail", NULL } };
	struct facts_result res;

	write_tree();
	clear();
	ask(asks, 1, &res);
	assert_null(asks[0].answers->pdata[0]);
	assert_string_equal(res.reasons->pdata[0], "failed with status 1");
	asks_free(asks, 1, &res);
	asks[0].question = (gpointer)"abort";
	ask(asks, 1, &res);
	assert_null(asks[0].answers->pdata[0]);
	assert_string_equal(res.reasons->pdata[0], "crashed (signal 6)");
	asks_free(asks, 1, &res);
	/* Nothing that was half done is left. */
	asks[0].question = (gpointer)"one";
	ask(asks, 1, &res);
	check_words(asks[0].answers->pdata[0]);
	asks_free(asks, 1, &res);
	g_free(entry());
}

static int setup(void **state)
{
	dir = g_dir_make_tmp("treewide-facts-XXXXXX", NULL);
	tree = g_build_filename(dir, "tree", NULL);
	cell.build = g_build_filename(dir, "build", NULL);
	cell.args = g_new0(char *, 1);
	g_setenv("XDG_CACHE_HOME", dir, TRUE);
	return g_mkdir(tree, 0755) || g_mkdir(cell.build, 0755) ? -1 : 0;
}

static int teardown(void **state)
{
	char *argv[] = { (char *)"rm", (char *)"-rf", dir, NULL };
	int ret = !g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
				NULL, NULL, NULL, NULL, NULL);

	g_strfreev(cell.args);
	g_free(cell.build);
	g_free(tree);
	g_free(dir);
	return ret;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cache_holds_until_a_file_changes),
		cmocka_unit_test(test_damaged_entries_are_made_anew),
		cmocka_unit_test(test_damage_is_said_once_a_folder),
		cmocka_unit_test(test_kinds_are_read_together),
		cmocka_unit_test(test_a_copy_of_the_tree_finds_the_entries),
		cmocka_unit_test(test_a_child_that_fails_costs_its_unit),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
