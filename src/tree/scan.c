// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks the whole tree and writes every textual occurrence of the symbols to
 * the ledger.  Finding is a search over the bytes, the same for every kind of
 * file, so that nothing hides from it; the lexer is asked afterwards, and only
 * about files with hits, what the text around a hit is.  Nothing of the tree
 * is run, no link is followed and nothing but a regular file is read: what is
 * left out has a row in the ledger that says why.  Names of .git are no part
 * of the tree.  The result does not depend on the number of threads.
 */
#include "tree/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hs/hs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "tree/derive.h"
#include "base/diag.h"
#include "text/lex.h"
#include "tree/wordindex.h"

/* A larger file is not read; the largest of Linux 7.3 has 23 MiB. */
#define MAX_FILE_SIZE	((gsize)32 << 20)
#define TOO_LARGE	"larger than 32 MiB: not read"

/* An index of words does not pay for a tree of fewer files. */
#define INDEX_FILES	1000
/* Names that an index keeps; more start it anew. */
#define INDEX_NAMES	1000

/* How the text of a file is read, by its name. */
enum text_kind { TEXT_C, TEXT_ASM, TEXT_RUST, TEXT_DOC, TEXT_SCRIPT, TEXT_OTHER };

struct hit {
	gsize off;
	guint line, col;
	guint sym;		/* index into words.names */
	guint8 ctx;		/* enum site_ctx */
};

struct file {
	char *path;		/* below its root */
	guint root;
	guint8 kind;		/* enum text_kind */
	guint8 first;		/* names are looked for in it first */
	guint8 has_type;	/* a type was found in it while deriving */
	gsize size;		/* bytes read */
	GArray *hits;		/* struct hit; NULL: none */
	GArray *derived;	/* struct derived; NULL: not looked at */
	char *why;		/* why it could not be read */
	struct word_stat st;	/* as it was when the tree was walked */
	const struct word_file *known;	/* in the index, as it is now; or NULL */
	GArray *words;		/* guint16: into scan.asked; NULL: not read */
};

struct skip { char *path, *why; };

struct root { char *path; int fd; };

/* Words to search for. */
struct words {
	GPtrArray *names;	/* char *, sorted; borrowed */
	GHashTable *index;	/* name -> index + 1 */
	gsize *len;		/* of the names */
	hs_database_t *db;	/* all names, as literals */
};

/* The files that a pass is about. */
enum front { FRONT_ALL, FRONT_FIRST, FRONT_REST };

struct scan {
	const struct scan_request *req;
	GArray *roots;		/* struct root */
	GPtrArray *files;	/* struct file * */
	GArray *skips;		/* struct skip */
	struct words words;
	GHashTable *types;	/* set of char * */
	GHashTable *functions;	/* set of char *: derived functions and macros */
	enum front front;	/* what this pass reads */
	gboolean firsts;	/* there are files to look for names in first */
	int deriving;		/* this pass looks for names, not for sites */
	int again;		/* and only in files known to have a type */
	gint cursor;		/* next file to take, atomic */
	struct word_index *index;	/* of the first root, or NULL */
	guint8 *wanted;		/* by name of the index: does this pass ask for it? */
	gboolean knows;		/* the index knows all names of this pass */
	GPtrArray *asked;	/* char *: those, and what the index keeps */
	guint n_names;		/* the first of them are the pass's own */
	gint reread;		/* files that were read in this pass, atomic */
	guint unread;		/* files and folders that could not be read */
	GHashTable *local;	/* name -> the one .c file that has it, "": everywhere */
};

/* ---- words ---- */

static inline int is_word(int c)
{
	return g_ascii_isalnum(c) || c == '_';
}

/* 0, or -1 after a message. */
static int words_init(struct words *w, GPtrArray *names)
{
	unsigned *flags = g_new0(unsigned, names->len);
	unsigned *ids = g_new(unsigned, names->len);
	hs_compile_error_t *err = NULL;
	int ret = 0;

	memset(w, 0, sizeof(*w));
	w->names = names;
	w->index = g_hash_table_new(g_str_hash, g_str_equal);
	w->len = g_new(gsize, names->len);
	for (guint i = 0; i < names->len; i++) {
		g_hash_table_insert(w->index, names->pdata[i],
				    GUINT_TO_POINTER(i + 1));
		w->len[i] = strlen(names->pdata[i]);
		ids[i] = i;
	}
	if (names->len &&
	    hs_compile_lit_multi((const char *const *)names->pdata, flags, ids,
				 w->len, names->len, HS_MODE_BLOCK, NULL,
				 &w->db, &err) != HS_SUCCESS) {
		ret = tw_error("cannot prepare the search for %u words: %s",
			       names->len, err->message);
		hs_free_compile_error(err);
	}
	g_free(flags);
	g_free(ids);
	return ret;
}

static void words_clear(struct words *w)
{
	if (w->index)
		g_hash_table_destroy(w->index);
	g_free(w->len);
	hs_free_database(w->db);
	memset(w, 0, sizeof(*w));
}

/* The length of a splice that starts at @p. */
static gsize splice_at(const unsigned char *s, gsize n, gsize p)
{
	if (p + 1 < n && s[p] == '\\' && s[p + 1] == '\n')
		return 2;
	if (p + 2 < n && s[p] == '\\' && s[p + 1] == '\r' && s[p + 2] == '\n')
		return 3;
	return 0;
}

/* The length of a splice that ends at @p. */
static gsize splice_before(const unsigned char *s, gsize p)
{
	if (p > 1 && s[p - 1] == '\n' && s[p - 2] == '\\')
		return 2;
	if (p > 2 && s[p - 1] == '\n' && s[p - 2] == '\r' && s[p - 3] == '\\')
		return 3;
	return 0;
}

/* Does the word [p, e) go on to the left or the right, also over splices? */
static int goes_on(const unsigned char *s, gsize n, gsize p, gsize e)
{
	gsize k;

	if ((p && is_word(s[p - 1])) || (e < n && is_word(s[e])))
		return 1;
	while ((k = splice_before(s, p)))
		p -= k;
	while ((k = splice_at(s, n, e)))
		e += k;
	return (p && is_word(s[p - 1])) || (e < n && is_word(s[e]));
}

static void add_hit(GArray **hits, gsize off, guint sym)
{
	struct hit h = { .off = off, .sym = sym };

	if (!*hits)
		*hits = g_array_new(FALSE, FALSE, sizeof(struct hit));
	g_array_append_val(*hits, h);
}

static guint word_lookup(const struct words *w, const char *s)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(w->index, s));
}

/* Words with a splice in them: @p is a splice with word bytes around it. */
static gsize find_spliced(const struct words *w, const unsigned char *s,
			  gsize n, gsize p, GArray **hits)
{
	gsize start = p, k;
	GString *word;
	guint sym;

	for (;;) {
		if (start && is_word(s[start - 1]))
			start--;
		else if ((k = splice_before(s, start)) && start > k &&
			 is_word(s[start - k - 1]))
			start -= k;
		else
			break;
	}
	word = g_string_new(NULL);
	for (p = start; p < n; ) {
		k = splice_at(s, n, p);
		if (!k && !is_word(s[p]))
			break;
		if (!k)
			g_string_append_c(word, s[p]);
		p += k ? k : 1;
	}
	sym = word_lookup(w, word->str);
	if (sym)
		add_hit(hits, start, sym - 1);
	g_string_free(word, TRUE);
	return p;
}

static void find_all_spliced(const struct words *w, const unsigned char *s,
			     gsize n, GArray **hits)
{
	const unsigned char *bs;
	gsize p = 0, q, k;

	while (p < n && (bs = memchr(s + p, '\\', n - p))) {
		p = bs - s;
		for (q = p; (k = splice_at(s, n, q)); q += k)
			;
		if (q > p && p && is_word(s[p - 1]) && q < n && is_word(s[q]))
			p = find_spliced(w, s, n, p, hits);
		else
			p = MAX(q, p + 1);
	}
}

struct search {
	const struct words *w;
	const unsigned char *s;
	gsize n;
	GArray **hits;
};

/* A name stands before @to, maybe as a part of a longer word. */
static int on_match(unsigned id, unsigned long long from,
		    unsigned long long to, unsigned flags, void *data)
{
	struct search *x = data;
	gsize start = to - x->w->len[id];

	if (!goes_on(x->s, x->n, start, to))
		add_hit(x->hits, start, id);
	return 0;
}

static gint by_offset(gconstpointer a, gconstpointer b)
{
	const struct hit *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

/* Every whole-word occurrence, in order, with its line and column. */
static GArray *find_words(const struct words *w, const unsigned char *s,
			  gsize n, hs_scratch_t *scratch)
{
	gsize line_start = 0, p = 0;
	const unsigned char *nl;
	GArray *hits = NULL;
	guint line = 1;

	/* MAX_FILE_SIZE bytes at most: an unsigned will do. */
	if (w->db)
		hs_scan(w->db, (const char *)s, n, 0, scratch, on_match,
			&(struct search){ w, s, n, &hits });
	find_all_spliced(w, s, n, &hits);
	if (!hits)
		return NULL;
	g_array_sort(hits, by_offset);
	for (guint i = 0; i < hits->len; i++) {
		struct hit *h = &g_array_index(hits, struct hit, i);

		while ((nl = memchr(s + p, '\n', h->off - p))) {
			p = nl - s + 1;
			line_start = p;
			line++;
		}
		p = h->off;
		h->line = line;
		h->col = h->off - line_start + 1;
	}
	return hits;
}

/* ---- contexts ---- */

static int has_suffix(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (g_str_has_suffix(s, *list))
			return 1;
	return 0;
}

static enum text_kind text_kind_of(const char *path)
{
	static const char *const c[] = {
		".c", ".h", ".lds", ".lds.S", ".y", ".l", ".inc", ".def",
		".dts", ".dtsi", ".dtso", ".cc", ".cpp", ".hpp", ".c_shipped",
		".h_shipped", NULL
	};
	static const char *const assembly[] = { ".S", ".s", ".asm", NULL };
	static const char *const doc[] = { ".rst", ".txt", ".md", NULL };
	static const char *const script[] = {
		".py", ".sh", ".pl", ".pm", ".awk", ".sed", ".cocci", ".bash",
		".mk", ".tcl", ".gdb", NULL
	};
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	if (g_str_has_prefix(path, "Documentation/") ||
	    g_str_has_prefix(base, "README") || has_suffix(base, doc))
		return TEXT_DOC;
	if (has_suffix(base, c))
		return TEXT_C;
	if (has_suffix(base, assembly))
		return TEXT_ASM;
	if (g_str_has_suffix(base, ".rs"))
		return TEXT_RUST;
	if (has_suffix(base, script) || g_str_has_prefix(base, "Makefile") ||
	    g_str_has_prefix(base, "Kconfig") ||
	    g_str_has_prefix(base, "Kbuild"))
		return TEXT_SCRIPT;
	return TEXT_OTHER;
}

static int is_closed_literal(const struct token_list *l,
			     const struct token *t)
{
	char q = t->kind == TOK_CHAR ? '\'' : '"';
	const char *first = memchr(l->buf + t->off, q, t->len);

	return t->kind == TOK_STRING && !first ? 1 :	/* <header> */
	       first && first < l->buf + t->off + t->len - 1 &&
	       l->buf[t->off + t->len - 1] == q;
}

static enum site_ctx token_site_ctx(const struct token_list *l,
				    const struct token *t, enum text_kind kind)
{
	int literal = (t->kind == TOK_STRING || t->kind == TOK_CHAR) &&
		      is_closed_literal(l, t);

	if (t->kind == TOK_COMMENT)
		return SITE_COMMENT;
	if (kind == TEXT_RUST)
		return literal ? SITE_STRING : SITE_RUST;
	if (literal && t->ctx != CTX_DIRECTIVE)
		return SITE_STRING;
	if (t->disabled)
		return SITE_DISABLED;
	switch (t->ctx) {
	case CTX_DIRECTIVE:
		return SITE_DIRECTIVE;
	case CTX_MACRO_NAME:
	case CTX_MACRO_BODY:
		return SITE_MACRO;
	default:
		return kind == TEXT_ASM ? SITE_ASSEMBLY : SITE_CODE;
	}
}

static void set_contexts(struct file *f, const struct token_list *l)
{
	gsize k = 0;

	for (guint i = 0; i < f->hits->len; i++) {
		struct hit *h = &g_array_index(f->hits, struct hit, i);

		while (l->v[k].off + l->v[k].len <= h->off)
			k++;
		h->ctx = token_site_ctx(l, &l->v[k], f->kind);
	}
}

/* Note which names of the pass and the index @f holds; keep the pass's hits. */
static void keep_words(struct scan *sc, struct file *f)
{
	guint kept = 0;

	f->words = g_array_new(FALSE, FALSE, sizeof(guint16));
	for (guint i = 0; f->hits && i < f->hits->len; i++) {
		struct hit h = g_array_index(f->hits, struct hit, i);
		guint16 w = h.sym;
		guint k = 0;

		while (k < f->words->len &&
		       g_array_index(f->words, guint16, k) != w)
			k++;
		if (k == f->words->len)
			g_array_append_val(f->words, w);
		if (h.sym < sc->n_names)
			g_array_index(f->hits, struct hit, kept++) = h;
	}
	if (f->hits)
		g_array_set_size(f->hits, kept);
	if (!kept && f->hits) {
		g_array_free(f->hits, TRUE);
		f->hits = NULL;
	}
}

/* Does the index tell that none of the pass's names is in @f? */
static gboolean known_clean(const struct scan *sc, const struct file *f)
{
	if (!sc->knows || !f->known)
		return FALSE;
	for (guint i = 0; i < f->known->n; i++)
		if (sc->wanted[f->known->words[i]])
			return FALSE;
	return TRUE;
}

/* In a pass for names and sites at once: may @f declare further names? */
static gboolean has_type(const struct scan *sc, const struct file *f)
{
	if (sc->front == FRONT_REST)
		for (guint i = 0; i < f->hits->len; i++)
			if (g_hash_table_contains(sc->types, sc->words.names->pdata[
					g_array_index(f->hits, struct hit, i).sym]))
				return TRUE;
	return FALSE;
}

static void forget_hits(struct file *f)
{
	if (f->hits)
		g_array_free(f->hits, TRUE);
	f->hits = NULL;
}

/* NULL, or why the text of @f cannot be analysed. */
static char *examine(struct scan *sc, struct file *f, const char *buf,
		     hs_scratch_t *scratch)
{
	static const guint8 plain[] = {
		[TEXT_DOC] = SITE_DOC, [TEXT_SCRIPT] = SITE_SCRIPT,
		[TEXT_OTHER] = SITE_OTHER,
	};
	struct token_list l;
	char *limit;

	f->hits = find_words(&sc->words, (const unsigned char *)buf, f->size,
			     scratch);
	if (!sc->deriving)
		keep_words(sc, f);
	if (!f->hits)
		return NULL;
	if (f->kind == TEXT_DOC || f->kind == TEXT_SCRIPT ||
	    f->kind == TEXT_OTHER) {
		for (guint i = 0; i < f->hits->len; i++)
			g_array_index(f->hits, struct hit, i).ctx =
				plain[f->kind];
		return NULL;
	}
	lex_c(buf, f->size, &l);
	limit = lex_limit_hit(&l);
	if (limit) {
		char *why = g_strconcat(limit, ": not read", NULL);

		g_free(limit);
		forget_hits(f);
		lex_free(&l);
		return why;
	}
	if (f->kind == TEXT_C && (sc->deriving || has_type(sc, f))) {
		f->has_type = 1;
		f->derived = g_array_new(FALSE, FALSE, sizeof(struct derived));
		derive_names(&l, sc->types, sc->functions, f->derived);
	}
	if (!sc->deriving)
		set_contexts(f, &l);
	lex_free(&l);
	return NULL;
}

/* ---- reading ---- */

struct buffer { char *p; gsize cap; };

/* NULL, or why the file could not be read; f->size and @b have its bytes. */
static char *read_file(int root, struct file *f, struct buffer *b)
{
	int fd = openat(root, f->path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
			O_CLOEXEC | O_NOCTTY);
	char *why = NULL;
	struct stat st;
	ssize_t n;

	f->size = 0;
	if (fd < 0)
		return g_strdup_printf("cannot be opened: %s",
				       g_strerror(errno));
	if (fstat(fd, &st)) {
		why = g_strdup_printf("cannot be read: %s", g_strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		why = g_strdup("became something else than a regular file");
	} else if (st.st_size > (off_t)MAX_FILE_SIZE) {
		why = g_strdup(TOO_LARGE);
	}
	while (!why) {
		gsize want = MAX((gsize)st.st_size, f->size) + 1;

		if (b->cap < want || b->cap == f->size) {
			b->cap = MAX(want, f->size * 2);
			b->p = g_realloc(b->p, b->cap);
		}
		n = read(fd, b->p + f->size, b->cap - f->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			why = g_strdup_printf("cannot be read: %s",
					      g_strerror(errno));
		if (n <= 0)
			break;
		f->size += n;
		if (f->size > MAX_FILE_SIZE)
			why = g_strdup(TOO_LARGE);
	}
	close(fd);
	return why;
}

static gpointer worker(gpointer data)
{
	struct scan *sc = data;
	struct buffer b = { NULL, 0 };
	hs_scratch_t *scratch = NULL;
	guint i;

	if (sc->words.db &&
	    hs_alloc_scratch(sc->words.db, &scratch) != HS_SUCCESS)
		g_error("no memory to search for %u words",
			sc->words.names->len);
	while ((i = g_atomic_int_add(&sc->cursor, 1)) < sc->files->len) {
		struct file *f = sc->files->pdata[i];

		if (i % 512 == 0)
			tw_progress(sc->deriving ? "scan: names" :
				    "scan: sites", i, sc->files->len, f->path);
		if (sc->front != FRONT_ALL &&
		    f->first != (sc->front == FRONT_FIRST))
			continue;
		if (sc->deriving && (f->kind != TEXT_C ||
				     (sc->again && !f->has_type)))
			continue;
		g_clear_pointer(&f->why, g_free);
		forget_hits(f);
		if (known_clean(sc, f)) {
			f->size = f->known->st.size;
			continue;
		}
		g_atomic_int_inc(&sc->reread);
		f->why = read_file(g_array_index(sc->roots, struct root,
						 f->root).fd, f, &b);
		if (!f->why)
			f->why = examine(sc, f, b.p, scratch);
		if (sc->deriving)
			forget_hits(f);
	}
	hs_free_scratch(scratch);
	g_free(b.p);
	return NULL;
}

/* What the index knows of @names, and what it is asked to know next. */
static void ask_index(struct scan *sc, GPtrArray *names)
{
	GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);
	guint known = 0;

	g_ptr_array_set_size(sc->asked, 0);
	for (guint i = 0; i < names->len; i++) {
		g_hash_table_add(set, names->pdata[i]);
		g_ptr_array_add(sc->asked, g_strdup(names->pdata[i]));
	}
	sc->n_names = names->len;
	g_clear_pointer(&sc->wanted, g_free);
	if (sc->index) {
		GPtrArray *old = sc->index->names;

		sc->wanted = g_new0(guint8, old->len);
		for (guint i = 0; i < old->len; i++) {
			const char *s = old->pdata[i];

			sc->wanted[i] = g_hash_table_contains(set, s);
			known += sc->wanted[i];
			if (!sc->wanted[i] && old->len < INDEX_NAMES)
				g_ptr_array_add(sc->asked, g_strdup(s));
		}
	}
	sc->knows = known == names->len;
	g_hash_table_destroy(set);
}

/*
 * Keep what the last pass learnt.  A file that changed a moment ago may change
 * again without its times telling, and is left out.
 */
static void keep_index(struct scan *sc, gint64 start)
{
	GHashTable *ids = g_hash_table_new(g_str_hash, g_str_equal);
	GArray *v = g_array_new(FALSE, FALSE, sizeof(struct word_file));
	GPtrArray *mapped = g_ptr_array_new_with_free_func(g_free);
	gint64 young = start * 1000 - 1000000000ll;

	for (guint i = 0; i < sc->asked->len; i++)
		g_hash_table_insert(ids, sc->asked->pdata[i],
				    GUINT_TO_POINTER(i + 1));
	for (guint i = 0; i < sc->files->len; i++) {
		struct file *f = sc->files->pdata[i];
		struct word_file w = { .path = f->path, .st = f->st };

		if (f->root || f->why || f->st.mtime >= young ||
		    f->st.ctime >= young)
			continue;
		if (f->words) {
			w.n = f->words->len;
			w.words = (guint16 *)f->words->data;
		} else if (f->known) {
			guint16 *to = g_new(guint16, f->known->n + 1);

			for (guint k = 0; k < f->known->n; k++) {
				guint id = GPOINTER_TO_UINT(g_hash_table_lookup(
					ids, sc->index->names->pdata[
						f->known->words[k]]));

				if (id)
					to[w.n++] = id - 1;
			}
			w.words = to;
			g_ptr_array_add(mapped, to);
		} else {
			continue;
		}
		g_array_append_val(v, w);
	}
	word_index_save(g_array_index(sc->roots, struct root, 0).path,
			sc->asked, v);
	g_ptr_array_free(mapped, TRUE);
	g_array_free(v, TRUE);
	g_hash_table_destroy(ids);
}

/* One pass over the files of @front, for @names: 0, or -1 after a message. */
static int pass(struct scan *sc, enum front front, GPtrArray *names)
{
	guint n = MAX(sc->req->jobs, 1);
	GThread **threads = g_new(GThread *, n);

	words_clear(&sc->words);
	ask_index(sc, names);
	if (words_init(&sc->words, sc->deriving ? names : sc->asked)) {
		g_free(threads);
		return -1;
	}
	sc->front = front;
	sc->cursor = 0;
	if (sc->deriving)
		sc->reread = 0;
	for (guint i = 0; i < n; i++)
		threads[i] = g_thread_new("scan", worker, sc);
	for (guint i = 0; i < n; i++)
		g_thread_join(threads[i]);
	tw_progress_end();
	g_free(threads);
	return 0;
}

/* ---- walking ---- */

static char *shown_path(const struct scan *sc, guint root, const char *path)
{
	return root ? g_build_filename(g_array_index(sc->roots, struct root,
						     root).path, path, NULL)
		    : g_strdup(path);
}

static void add_skip(struct scan *sc, guint root, const char *path, char *why)
{
	struct skip s = { shown_path(sc, root, path), why };

	g_array_append_val(sc->skips, s);
}

static int is_beneath(const char *path, const char *dir)
{
	gsize n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	return !strncmp(path, dir, n) &&
	       (!path[n] || path[n] == '/' || n == 1);
}

static char *why_link(const struct root *r, const char *path)
{
	char *full = g_build_filename(r->path, path, NULL);
	char target[PATH_MAX], *real, *why;
	ssize_t n = readlink(full, target, sizeof(target) - 1);

	target[MAX(n, 0)] = '\0';
	real = realpath(full, NULL);
	if (!real)
		why = g_strdup_printf(errno == ELOOP ?
				      "symbolic link to %s, in a loop" :
				      errno == ENOENT || errno == ENOTDIR ?
				      "symbolic link to %s, which does not exist" :
				      "symbolic link to %s, which cannot be reached",
				      target);
	else if (is_beneath(real, r->path))
		why = g_strdup_printf("symbolic link to %s, in the tree and scanned there",
				      target);
	else
		why = g_strdup_printf("symbolic link to %s, outside the tree: not followed",
				      target);
	free(real);
	g_free(full);
	return why;
}

static const char *odd_file(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFIFO:
		return "FIFO: not opened";
	case S_IFSOCK:
		return "socket: not opened";
	case S_IFCHR:
	case S_IFBLK:
		return "device: not opened";
	default:
		return "no regular file: not opened";
	}
}

static gboolean is_first(const struct scan *sc, const char *path)
{
	for (char **d = sc->req->first; d && *d; d++)
		if (g_str_has_prefix(path, *d))
			return TRUE;
	return FALSE;
}

/* One directory; its subdirectories are appended to @todo. */
static void walk_dir(struct scan *sc, guint root, const char *dir,
		     GQueue *todo)
{
	const struct root *r = &g_array_index(sc->roots, struct root, root);
	int fd = openat(r->fd, *dir ? dir : ".", O_RDONLY | O_DIRECTORY |
			O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct stat st;

	if (!d) {
		sc->unread++;
		add_skip(sc, root, *dir ? dir : ".",
			 g_strdup_printf("directory cannot be opened: %s",
					 g_strerror(errno)));
		if (fd >= 0)
			close(fd);
		return;
	}
	while (errno = 0, (e = readdir(d))) {
		char *path;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    !strcmp(e->d_name, ".git"))
			continue;
		path = *dir ? g_build_filename(dir, e->d_name, NULL)
			    : g_strdup(e->d_name);
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW)) {
			add_skip(sc, root, path,
				 g_strdup_printf("cannot be examined: %s",
						 g_strerror(errno)));
		} else if (S_ISDIR(st.st_mode)) {
			g_queue_push_tail(todo, path);
			continue;
		} else if (S_ISLNK(st.st_mode)) {
			add_skip(sc, root, path, why_link(r, path));
		} else if (!S_ISREG(st.st_mode)) {
			add_skip(sc, root, path,
				 g_strdup(odd_file(st.st_mode)));
		} else {
			struct file *f = g_new0(struct file, 1);

			f->path = path;
			f->root = root;
			f->kind = text_kind_of(path);
			f->first = !root && is_first(sc, path);
			sc->firsts |= f->first;
			word_stat_take(&f->st, &st);
			g_ptr_array_add(sc->files, f);
			continue;
		}
		g_free(path);
	}
	if (errno)
		add_skip(sc, root, *dir ? dir : ".",
			 g_strdup_printf("directory cannot be read to its end: %s",
					 g_strerror(errno)));
	closedir(d);
}

static gint by_path(gconstpointer a, gconstpointer b)
{
	const struct file *x = *(struct file *const *)a;
	const struct file *y = *(struct file *const *)b;

	if (x->root != y->root)
		return x->root < y->root ? -1 : 1;
	return strcmp(x->path, y->path);
}

static gint by_skip(gconstpointer a, gconstpointer b)
{
	const struct skip *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static void walk(struct scan *sc)
{
	for (guint i = 0; i < sc->roots->len; i++) {
		GQueue todo = G_QUEUE_INIT;
		char *dir;

		g_queue_push_tail(&todo, g_strdup(""));
		while ((dir = g_queue_pop_head(&todo))) {
			walk_dir(sc, i, dir, &todo);
			g_free(dir);
		}
	}
	g_ptr_array_sort(sc->files, by_path);
}

static int add_root(struct scan *sc, const char *path)
{
	struct root r = { .path = realpath(path, NULL) };

	if (r.path)
		r.fd = open(r.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!r.path || r.fd < 0) {
		tw_error("%s: cannot be scanned: %s", path, g_strerror(errno));
		free(r.path);
		return -1;
	}
	for (guint i = 0; i < sc->roots->len; i++) {
		if (is_beneath(r.path, g_array_index(sc->roots, struct root,
						     i).path)) {
			tw_note("%s: scanned already, with %s", path,
				g_array_index(sc->roots, struct root, i).path);
			close(r.fd);
			free(r.path);
			return 0;
		}
	}
	g_array_append_val(sc->roots, r);
	return 0;
}

/* ---- symbols ---- */

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_name(const char *s)
{
	const char *p = s;

	while (is_word((unsigned char)*p))
		p++;
	if (p == s || *p)
		return tw_error("seed '%s': is no identifier of C", s);
	return 0;
}

/* Add a name, unless it is there already. */
static int add_symbol(GHashTable *all, struct ledger *l, const char *name,
		      const char *kind, const char *origin)
{
	if (g_hash_table_contains(all, name))
		return 0;
	g_hash_table_add(all, g_strdup(name));
	return ledger_add_symbol(l, name, kind, origin);
}

/*
 * Take the names that a pass found.  Returns -1 on error, 0 when no other
 * pass is needed, 1 when the files that have a type must be read again, 2
 * when there is a new type to look for everywhere.
 */
/*
 * A field or variable that one .c file alone declares is that file's affair:
 * elsewhere its name is any word ("all").
 */
static void note_local(struct scan *sc, const struct derived *d,
		       const char *file)
{
	gboolean one = (!strcmp(d->kind, "field") ||
			!strcmp(d->kind, "variable")) &&
		       g_str_has_suffix(file, ".c");
	const char *have = g_hash_table_lookup(sc->local, d->name);

	if (!one || (have && strcmp(have, file)))
		file = "";
	g_hash_table_insert(sc->local, g_strdup(d->name), g_strdup(file));
}

static int take_derived(struct scan *sc, GHashTable *all, struct ledger *l)
{
	int ret = 0;

	for (guint i = 0; i < sc->files->len; i++) {
		struct file *f = sc->files->pdata[i];
		char *shown;

		if (!f->derived)
			continue;
		shown = shown_path(sc, f->root, f->path);
		for (guint k = 0; k < f->derived->len; k++) {
			struct derived *d = &g_array_index(f->derived,
							   struct derived, k);
			char *origin = g_strdup_printf("%s:%u", shown,
						       d->line);
			GHashTable *set = !strcmp(d->kind, "type") ?
					  sc->types :
					  !strcmp(d->kind, "function") ||
					  !strcmp(d->kind, "macro") ?
					  sc->functions : NULL;

			if (ret >= 0 && add_symbol(all, l, d->name, d->kind,
						   origin))
				ret = -1;
			note_local(sc, d, shown);
			/* A seed may be such a function or type as well. */
			if (ret >= 0 && set &&
			    g_hash_table_add(set, g_strdup(d->name)))
				ret = MAX(ret, set == sc->types ? 2 : 1);
			g_free(origin);
			g_free(d->name);
		}
		g_free(shown);
		g_array_free(f->derived, TRUE);
		f->derived = NULL;
	}
	return ret;
}

static GPtrArray *sorted_names(GHashTable *set)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter it;
	gpointer key;

	g_hash_table_iter_init(&it, set);
	while (g_hash_table_iter_next(&it, &key, NULL))
		g_ptr_array_add(v, g_strdup(key));
	g_ptr_array_sort(v, by_text);
	return v;
}

static int add_seeds(struct scan *sc, GHashTable *all, struct ledger *l)
{
	char **s;

	for (s = sc->req->types; s && *s; s++) {
		if (check_name(*s) || add_symbol(all, l, *s, "type", "seed"))
			return -1;
		g_hash_table_add(sc->types, g_strdup(*s));
	}
	for (s = sc->req->symbols; s && *s; s++)
		if (check_name(*s) || add_symbol(all, l, *s, "symbol", "seed"))
			return -1;
	if (!g_hash_table_size(all))
		return tw_error("nothing to scan for: the conversion has no seeds");
	return 0;
}

/*
 * All names that the files of @front give, to a fixed point: a typedef of a seed
 * type is one more type, and a macro may hand its arguments to a function met
 * later.  0, or -1 after a message.
 */
static int find_names(struct scan *sc, enum front front, GHashTable *all,
		      struct ledger *l)
{
	int more = g_hash_table_size(sc->types) ? 2 : 0;

	sc->deriving = 1;
	while (more > 0) {
		GPtrArray *names = sorted_names(sc->types);

		sc->again = more == 1;
		if (pass(sc, front, names))
			more = -1;
		else
			more = take_derived(sc, all, l);
		g_ptr_array_free(names, TRUE);
	}
	sc->deriving = 0;
	return more;
}

/*
 * Find all names and the hits of all files.  The names in some folders first,
 * then sites and names in the rest at once: when that brings no further name,
 * which is the rule, only the former are read again.  Returns the names,
 * sorted, or NULL after a message.
 */
static GPtrArray *find_all(struct scan *sc, GHashTable *all, struct ledger *l)
{
	enum front left = FRONT_ALL;
	GPtrArray *names = NULL;
	guint known;

	if (add_seeds(sc, all, l))
		return NULL;
	if (sc->firsts && g_hash_table_size(sc->types)) {
		if (find_names(sc, FRONT_FIRST, all, l))
			return NULL;
		known = g_hash_table_size(all);
		names = sorted_names(all);
		if (pass(sc, FRONT_REST, names) || take_derived(sc, all, l) < 0)
			goto fail;
		if (g_hash_table_size(all) == known)
			left = FRONT_FIRST;
	}
	if (left == FRONT_ALL) {
		if (find_names(sc, FRONT_ALL, all, l))
			goto fail;
		if (names)
			g_ptr_array_free(names, TRUE);
		names = sorted_names(all);
	}
	if (pass(sc, left, names))
		goto fail;
	return names;
fail:
	if (names)
		g_ptr_array_free(names, TRUE);
	return NULL;
}

/* ---- the ledger ---- */

static int write_file(struct scan *sc, struct file *f, GPtrArray *names,
		      struct ledger *l, gboolean *any)
{
	char *shown = shown_path(sc, f->root, f->path);
	int ret = 0;

	for (guint i = 0; !ret && i < f->hits->len; i++) {
		const struct hit *h = &g_array_index(f->hits, struct hit, i);
		const char *only = g_hash_table_lookup(sc->local,
						names->pdata[h->sym]);
		struct site s = {
			.file = shown, .line = h->line, .col = h->col,
			.off = h->off, .symbol = names->pdata[h->sym],
			.ctx = h->ctx, .fate = FATE_UNRESOLVED,
		};

		if (only && *only && strcmp(only, shown))
			continue;
		ret = ledger_add(l, &s);
		*any = TRUE;
	}
	g_free(shown);
	return ret;
}

static int write_all(struct scan *sc, GPtrArray *names, struct ledger *l,
		     struct scan_result *res)
{
	for (guint i = 0; i < sc->files->len; i++) {
		struct file *f = sc->files->pdata[i];
		gboolean any;

		res->files++;
		res->bytes += f->size;
		if (f->why) {
			sc->unread++;
			add_skip(sc, f->root, f->path,
				 g_steal_pointer(&f->why));
		}
		if (!f->hits)
			continue;
		any = FALSE;
		if (write_file(sc, f, names, l, &any))
			return -1;
		res->files_with_sites += any;
	}
	g_array_sort(sc->skips, by_skip);
	for (guint i = 0; i < sc->skips->len; i++) {
		const struct skip *s = &g_array_index(sc->skips, struct skip,
						      i);

		if (ledger_add_skipped(l, s->path, s->why))
			return -1;
	}
	res->skipped = sc->skips->len;
	res->unread = sc->unread;
	return 0;
}

static void free_file(gpointer p)
{
	struct file *f = p;

	forget_hits(f);
	if (f->words)
		g_array_free(f->words, TRUE);
	g_free(f->path);
	g_free(f->why);
	g_free(f);
}

static void free_skip(gpointer p)
{
	struct skip *s = p;

	g_free(s->path);
	g_free(s->why);
}

static void free_root(gpointer p)
{
	struct root *r = p;

	close(r->fd);
	free(r->path);
}

static guint64 manifest(const struct scan *sc)
{
	XXH3_state_t *h = XXH3_createState();
	guint64 m;

	XXH3_64bits_reset(h);
	for (guint i = 0; i < sc->files->len; i++) {
		const struct file *f = sc->files->pdata[i];

		XXH3_64bits_update(h, f->path, strlen(f->path) + 1);
		XXH3_64bits_update(h, &f->st, sizeof(f->st));
	}
	m = XXH3_64bits_digest(h);
	XXH3_freeState(h);
	return m;
}

static void use_index(struct scan *sc)
{
	if (sc->files->len < INDEX_FILES)
		return;
	sc->index = word_index_load(g_array_index(sc->roots, struct root,
						  0).path);
	for (guint i = 0; sc->index && i < sc->files->len; i++) {
		struct file *f = sc->files->pdata[i];

		if (!f->root)
			f->known = word_index_find(sc->index, f->path, &f->st);
	}
}

int scan_tree(const struct scan_request *req, struct ledger *l,
	      struct scan_result *res)
{
	struct scan sc = {
		.req = req,
		.roots = g_array_new(FALSE, FALSE, sizeof(struct root)),
		.files = g_ptr_array_new_with_free_func(free_file),
		.skips = g_array_new(FALSE, FALSE, sizeof(struct skip)),
		.types = g_hash_table_new_full(g_str_hash, g_str_equal,
					       g_free, NULL),
		.functions = g_hash_table_new_full(g_str_hash, g_str_equal,
						   g_free, NULL),
		.local = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       g_free),
	};
	GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, NULL);
	gint64 start = g_get_real_time();
	int ret = -1;
	char **w;

	memset(res, 0, sizeof(*res));
	sc.asked = g_ptr_array_new_with_free_func(g_free);
	g_array_set_clear_func(sc.roots, free_root);
	g_array_set_clear_func(sc.skips, free_skip);
	if (add_root(&sc, req->tree))
		goto out;
	for (w = req->with; w && *w; w++)
		if (add_root(&sc, *w))
			goto out;
	walk(&sc);
	use_index(&sc);
	res->manifest = manifest(&sc);
	res->symbols = find_all(&sc, all, l);
	if (!res->symbols)
		goto out;
	if (sc.files->len >= INDEX_FILES &&
	    (!sc.knows || 10 * sc.reread > (gint)sc.files->len))
		keep_index(&sc, start);
	ret = write_all(&sc, res->symbols, l, res);
	if (ret) {
		g_ptr_array_free(res->symbols, TRUE);
		res->symbols = NULL;
	}
out:
	g_hash_table_destroy(all);
	words_clear(&sc.words);
	word_index_free(sc.index);
	g_free(sc.wanted);
	g_ptr_array_free(sc.asked, TRUE);
	g_hash_table_destroy(sc.types);
	g_hash_table_destroy(sc.functions);
	g_hash_table_destroy(sc.local);
	g_array_free(sc.skips, TRUE);
	g_ptr_array_free(sc.files, TRUE);
	g_array_free(sc.roots, TRUE);
	return ret;
}
