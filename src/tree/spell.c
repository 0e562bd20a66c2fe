// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searches the headers of a tree, those of include/ and of each arch.  Words are
 * looked for in the bytes first, and only a file that has one is lexed, so that
 * a search through all headers takes a fraction of a second.
 */
#include <string.h>

#include "base/diag.h"
#include "base/nearest.h"
#include "base/treewide.h"
#include "model/spelling.h"
#include "tree/spell.h"

typedef void (*header_fn)(const char *file, const char *text, gsize size,
			  gpointer data);

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *names_in(const struct tree *t, const char *dir)
{
	char *path = g_build_filename(t->path, dir, NULL);
	GDir *d = g_dir_open(path, 0, NULL);
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (d && (name = g_dir_read_name(d)))
		g_ptr_array_add(v, g_strdup(name));
	if (d)
		g_dir_close(d);
	g_ptr_array_sort(v, by_text);
	g_free(path);
	return v;
}

/* All *.h below @dir, by name; links are not followed.  Their number. */
static guint each_header(const struct tree *t, const char *dir, header_fn fn,
			 gpointer data)
{
	GPtrArray *v = names_in(t, dir);
	guint n = 0;

	for (guint i = 0; i < v->len; i++) {
		char *file = g_build_filename(dir, v->pdata[i], NULL);
		char *path = g_build_filename(t->path, file, NULL);
		gsize size;
		char *text;

		if (g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
			;
		} else if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
			n += each_header(t, file, fn, data);
		} else if (g_str_has_suffix(file, ".h")) {
			text = tree_read(t, file, &size, TRUE);
			if (text) {
				fn(file, text, size, data);
				n++;
			}
			g_free(text);
		}
		g_free(path);
		g_free(file);
	}
	g_ptr_array_free(v, TRUE);
	return n;
}

static guint all_headers(const struct tree *t, header_fn fn, gpointer data)
{
	GPtrArray *archs = names_in(t, "arch");
	guint n = each_header(t, "include", fn, data);

	for (guint i = 0; i < archs->len; i++) {
		char *dir = g_build_filename("arch", archs->pdata[i],
					     "include", NULL);

		n += each_header(t, dir, fn, data);
		g_free(dir);
	}
	g_ptr_array_free(archs, TRUE);
	return n;
}

/* Has the text one of @words (char * set)? */
static gboolean has_word(const char *text, gsize size, GHashTable *words)
{
	char word[80];

	for (gsize i = 0; i < size; ) {
		gsize n = 0;

		while (i + n < size && source_is_word(text[i + n]))
			n++;
		if (n && n < sizeof(word)) {
			memcpy(word, text + i, n);
			word[n] = '\0';
			if (g_hash_table_contains(words, word))
				return TRUE;
		}
		i += MAX(n, 1);
	}
	return FALSE;
}

struct search {
	GHashTable *words;	/* char * set: what is looked for */
	GHashTable *found;	/* the same, owned */
};

static void search_header(const char *file, const char *text, gsize size,
			  gpointer data)
{
	struct search *q = data;
	struct token_list l;

	if (!has_word(text, size, q->words))
		return;
	lex_c(text, size, &l);
	for (gsize i = 0; i < l.n; i++) {
		char *word;

		if (l.v[i].kind != TOK_IDENT)
			continue;
		word = g_strndup(text + l.v[i].off, l.v[i].len);
		if (g_hash_table_contains(q->words, word))
			g_hash_table_add(q->found, word);
		else
			g_free(word);
	}
	lex_free(&l);
}

static GHashTable *search(const struct tree *t, GHashTable *words)
{
	struct search q = {
		.words = words,
		.found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       NULL),
	};

	if (all_headers(t, search_header, &q))
		return q.found;
	tw_error("'%s': no headers in include/ that can be read; name a whole kernel tree",
		 t->path);
	g_hash_table_destroy(q.found);
	return NULL;
}

GHashTable *spell_find(const struct tree *t, const GPtrArray *spellings,
		       GPtrArray *missing)
{
	GHashTable *words = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTable *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						g_free);
	GHashTable *found;

	for (guint i = 0; i < spellings->len; i++) {
		const struct spelling *s = spellings->pdata[i];

		for (char **w = s->tries; *w; w++)
			g_hash_table_add(words, *w);
	}
	found = g_hash_table_size(words) ? search(t, words) : NULL;
	for (guint i = 0; found && i < spellings->len; i++) {
		const struct spelling *s = spellings->pdata[i];
		char **w = s->tries;

		while (*w && !g_hash_table_contains(found, *w))
			w++;
		if (!*w)
			g_ptr_array_add(missing, (gpointer)s);
		else if (strcmp(*w, s->name))
			g_hash_table_insert(map, g_strdup(s->name),
					    g_strdup(*w));
	}
	if (!found && g_hash_table_size(words))
		g_clear_pointer(&map, g_hash_table_destroy);
	if (found)
		g_hash_table_destroy(found);
	g_hash_table_destroy(words);
	return map;
}

/* ---- the names of a conversion ---- */

/* Add the identifiers of all files below @dir to @words (char *, owned). */
static void words_below(const char *dir, GHashTable *words)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *path = g_build_filename(dir, name, NULL), *text, *p;

		if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
			words_below(path, words);
		} else if (strcmp(name, "spellings.ini") &&
			   g_file_get_contents(path, &text, NULL, NULL)) {
			for (p = text; *p; ) {
				char *end = p;

				while (source_is_word(*end))
					end++;
				if (end > p)
					g_hash_table_add(words,
						g_strndup(p, end - p));
				p = end > p ? end : p + 1;
			}
			g_free(text);
		}
		g_free(path);
	}
	if (d)
		g_dir_close(d);
}

GPtrArray *spell_list(const struct manifest *m)
{
	char *all = g_build_filename(tw_data_dir(), "cocci", "spellings.ini",
				     NULL);
	char *own = g_build_filename(m->dir, "spellings.ini", NULL);
	GPtrArray *v = g_ptr_array_new_with_free_func(spelling_free);
	const char *files[] = { own, all };

	for (guint i = 0; v && i < G_N_ELEMENTS(files); i++) {
		GPtrArray *one = g_file_test(files[i], G_FILE_TEST_EXISTS) ?
				 spelling_load(files[i]) : g_ptr_array_new();

		if (one)
			g_ptr_array_extend_and_steal(v, one);
		else
			g_clear_pointer(&v, g_ptr_array_unref);
	}
	g_free(own);
	g_free(all);
	return v;
}

int spell_conversion(struct manifest *m, const struct tree *t)
{
	GHashTable *words = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, NULL);
	GPtrArray *all = spell_list(m), *missing = g_ptr_array_new();
	GHashTable *map;
	int ret = -1;

	words_below(m->dir, words);
	for (guint i = all ? all->len : 0; i-- > 0; ) {
		const struct spelling *s = all->pdata[i];

		if (!g_hash_table_contains(words, s->name))
			g_ptr_array_remove_index(all, i);
	}
	map = all ? spell_find(t, all, missing) : NULL;
	if (map)
		ret = manifest_respell(m, map);
	g_ptr_array_free(missing, TRUE);
	if (all)
		g_ptr_array_free(all, TRUE);
	g_hash_table_destroy(words);
	return ret;
}

GPtrArray *spell_absent(const struct tree *t, GHashTable *names)
{
	GPtrArray *v = g_ptr_array_new();
	GHashTable *found = search(t, names);
	GHashTableIter it;
	gpointer k;

	g_hash_table_iter_init(&it, names);
	while (found && g_hash_table_iter_next(&it, &k, NULL))
		if (!g_hash_table_contains(found, k))
			g_ptr_array_add(v, k);
	g_ptr_array_sort(v, by_text);
	if (found)
		g_hash_table_destroy(found);
	return v;
}

/* ---- what looks like a declaration ---- */

/* Is the identifier at token @i declared here, not used? */
static gboolean is_declared(const struct token_list *l, gsize i)
{
	gsize p = i ? tok_skip_back(l, i - 1) : SIZE_MAX;

	if (l->v[i].ctx != CTX_CODE || p == SIZE_MAX ||
	    !tok_is(l, tok_skip(l, i + 1), "("))
		return FALSE;
	return tok_is(l, p, "*") || (l->v[p].kind == TOK_IDENT &&
				     !tok_is(l, p, "return") &&
				     !tok_is(l, p, "else"));
}

struct form {
	char *name, *result;
	char *params;		/* the types, joined by ", " */
};

static void form_clear(struct form *f)
{
	g_free(f->name);
	g_free(f->result);
	g_free(f->params);
}

static const char *const not_types[] = {
	"static", "extern", "inline", "__always_inline", "__inline__",
	"noinline", "__must_check", "__init", "__pure", "const", NULL
};

static gboolean names_type(const struct token_list *l, gsize i)
{
	for (const char *const *n = not_types; *n; n++)
		if (tok_is(l, i, *n))
			return FALSE;
	return l->v[i].kind == TOK_IDENT || tok_is(l, i, "*");
}

/* Token @i, if it belongs to a type, onto @out. */
static void put_type(const struct token_list *l, gsize i, GString *out)
{
	if (!names_type(l, i))
		return;
	if (out->len && out->str[out->len - 1] != ' ')
		g_string_append_c(out, ' ');
	g_string_append_len(out, l->buf + l->v[i].off, l->v[i].len);
}

/* The types of the parameters between tokens @open and @close. */
static char *params_of(const struct token_list *l, gsize open, gsize close)
{
	GString *all = g_string_new(NULL);
	gsize from = tok_skip(l, open + 1);

	while (from < close) {
		GString *one = g_string_new(NULL);
		gsize end = from, last = from, words = 0;

		for (; end < close && !tok_is(l, end, ",");
		     end = tok_skip(l, end + 1)) {
			last = end;
			words += names_type(l, end) && !tok_is(l, end, "*");
		}
		/* The last word is the parameter's name, if it has one. */
		for (gsize i = from; i < end; i = tok_skip(l, i + 1))
			if (i != last || words < 2 || tok_is(l, i, "*"))
				put_type(l, i, one);
		if (all->len)
			g_string_append(all, ", ");
		g_string_append(all, one->str);
		g_string_free(one, TRUE);
		from = end < close ? tok_skip(l, end + 1) : close;
	}
	return g_string_free(all, FALSE);
}

/* The function that is declared with its name at token @i; FALSE: none is. */
static gboolean form_at(const struct token_list *l, gsize i, struct form *f)
{
	gsize open = tok_skip(l, i + 1), close = open, p = i;
	GString *result = g_string_new(NULL);

	if (l->v[i].kind != TOK_IDENT || l->v[i].ctx != CTX_CODE ||
	    open >= l->n || !tok_is(l, open, "(") || !is_declared(l, i)) {
		g_string_free(result, TRUE);
		return FALSE;
	}
	while (close < l->n && !tok_is(l, close, ")"))
		close = tok_skip(l, close + 1);
	while (p && (p = tok_skip_back(l, p - 1)) != SIZE_MAX &&
	       l->v[p].ctx == CTX_CODE &&
	       (l->v[p].kind == TOK_IDENT || tok_is(l, p, "*")))
		;
	for (p = p == SIZE_MAX ? tok_skip(l, 0) : tok_skip(l, p + 1);
	     p < i; p = tok_skip(l, p + 1))
		if (l->v[p].ctx == CTX_CODE)
			put_type(l, p, result);
	f->name = g_strndup(l->buf + l->v[i].off, l->v[i].len);
	f->result = g_string_free(result, FALSE);
	f->params = params_of(l, open, MIN(close, l->n));
	return TRUE;
}

struct likeness {
	struct form want;	/* params are NULL if they are not known */
	char *best, *at;
	guint score;		/* of the best; less is nearer */
};

#define WORD	4	/* a word that differs counts as so many letters */
#define FAR	(3 * WORD)

/*
 * How far two names are from each other, if the words of the one, two at least,
 * are in the other, in their order: huge_pte_uffd and huge_pte_uffd_wp by a word.
 * Names begin alike, as a rule.  FAR: neither has all words of the other, or one
 * has many more.
 */
static guint words_apart(const char *a, const char *b)
{
	char **x = g_strsplit(a, "_", -1), **y = g_strsplit(b, "_", -1);
	guint n = g_strv_length(x), m = g_strv_length(y);
	char **less = n < m ? x : y, **more = n < m ? y : x;
	guint apart = MAX(n, m) - MIN(n, m);

	while (*less && *more)
		less += !strcmp(*less, *more++);
	apart = *less || MIN(n, m) < 2 ? FAR :
		apart * WORD + (strcmp(*x, *y) ? 2 : 0);
	g_strfreev(x);
	g_strfreev(y);
	return MIN(apart, FAR);
}

static void offer(struct likeness *k, const char *name, guint score,
		  const char *file, guint line)
{
	if (k->best && score >= k->score)
		return;
	g_free(k->best);
	g_free(k->at);
	k->score = score;
	k->best = g_strdup(name);
	k->at = g_strdup_printf("%s:%u", file, line);
}

/* A function whose parameters are known: it must have those that are wanted. */
static void offer_form(struct likeness *k, const struct form *f,
		       const char *file, guint line)
{
	guint apart = words_apart(f->name, k->want.name), score;

	if (!strcmp(f->name, k->want.name) ||
	    (k->want.params && strcmp(f->params, k->want.params)))
		return;
	score = apart < FAR ? apart :
		FAR + nearest_distance(f->name, k->want.name);
	if (k->want.params && strcmp(f->result, k->want.result))
		score += WORD;
	offer(k, f->name, score, file, line);
}

/* Any other name in code: made by a macro, perhaps, so only its words tell. */
static void offer_word(struct likeness *k, const struct token_list *l, gsize i,
		       const char *file)
{
	char *name = g_strndup(l->buf + l->v[i].off, l->v[i].len);
	guint apart = words_apart(name, k->want.name);

	if (apart && apart < FAR)
		offer(k, name, apart + WORD - 1, file, l->v[i].line);
	g_free(name);
}

static void compare_header(const char *file, const char *text, gsize size,
			   gpointer data)
{
	struct likeness *k = data;
	struct token_list l;

	lex_c(text, size, &l);
	for (gsize i = 0; i < l.n; i++) {
		struct form f;

		if (l.v[i].kind != TOK_IDENT)
			continue;
		if (!form_at(&l, i, &f)) {
			offer_word(k, &l, i, file);
			continue;
		}
		offer_form(k, &f, file, l.v[i].line);
		form_clear(&f);
	}
	lex_free(&l);
}

char *spell_nearest(const struct tree *t, const char *name,
		    const char *declares, char **at)
{
	struct likeness k = { 0 };
	guint far = FAR + MAX(3, strlen(name) / 3);
	struct token_list l;
	gboolean known = FALSE;

	if (declares) {
		lex_c(declares, strlen(declares), &l);
		for (gsize i = 0; i < l.n && !known; i++)
			known = form_at(&l, i, &k.want);
		lex_free(&l);
	}
	g_free(k.want.name);
	k.want.name = g_strdup(name);
	all_headers(t, compare_header, &k);
	form_clear(&k.want);
	/* A name that has little in common is no hint. */
	if (k.best && k.score > far) {
		g_clear_pointer(&k.best, g_free);
		g_clear_pointer(&k.at, g_free);
	}
	*at = k.at;
	return k.best;
}
