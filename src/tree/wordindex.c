// SPDX-License-Identifier: GPL-2.0-only
/*
 * A binary file for each tree, in the cache: a head, the names, then a record
 * for each file.  It is read in one piece and pointed into.
 */
#include <string.h>
#include <utime.h>
#include <xxhash.h>

#include "base/cachefile.h"
#include "base/treewide.h"
#include "tree/wordindex.h"

#define MAGIC "treewide-words 2"

struct head {
	char magic[16];
	guint32 n_names, n_files;
};

struct record {
	struct word_stat st;
	guint32 n_words, path_len;	/* then the words, then the path and a NUL */
};

static char *index_path(const char *root)
{
	char *name = g_strdup_printf("words-%016" G_GINT64_MODIFIER "x",
				(guint64)XXH3_64bits(root, strlen(root)));
	char *dir = tw_cache_path("scan");
	char *path = g_build_filename(dir, name, NULL);

	g_free(name);
	g_free(dir);
	return path;
}

void word_stat_take(struct word_stat *to, const struct stat *st)
{
	to->size = st->st_size;
	to->mtime = st->st_mtim.tv_sec * 1000000000ll + st->st_mtim.tv_nsec;
	to->ctime = st->st_ctim.tv_sec * 1000000000ll + st->st_ctim.tv_nsec;
	to->ino = st->st_ino;
}

void word_index_free(struct word_index *x)
{
	if (!x)
		return;
	g_ptr_array_free(x->names, TRUE);
	g_array_free(x->files, TRUE);
	g_free(x->blob);
	g_free(x);
}

static gsize padded(gsize n)
{
	return (n + 7) & ~(gsize)7;
}

/* Take the records; FALSE when they do not fill the file exactly. */
static gboolean take_records(struct word_index *x, const struct head *h,
			     const char *p, const char *end)
{
	for (guint32 i = 0; i < h->n_names; i++) {
		const char *nul = memchr(p, '\0', end - p);

		if (!nul)
			return FALSE;
		g_ptr_array_add(x->names, g_strdup(p));
		p = nul + 1;
	}
	p = x->blob + padded(p - x->blob);
	for (guint32 i = 0; i < h->n_files; i++) {
		const struct record *r = (const struct record *)p;
		struct word_file f;
		gsize len;

		if (p > end || (gsize)(end - p) < sizeof(*r))
			return FALSE;
		len = padded(sizeof(*r) + r->n_words * sizeof(guint16) +
			     r->path_len + 1);
		if ((gsize)(end - p) < len)
			return FALSE;
		f.st = r->st;
		f.n = r->n_words;
		f.words = (const guint16 *)(r + 1);
		f.path = (const char *)(f.words + f.n);
		for (guint k = 0; k < f.n; k++)
			if (f.words[k] >= h->n_names)
				return FALSE;
		if (f.path[r->path_len])
			return FALSE;
		g_array_append_val(x->files, f);
		p += len;
	}
	return p == end;
}

struct word_index *word_index_load(const char *root)
{
	struct word_index *x = g_new0(struct word_index, 1);
	char *path = index_path(root);
	struct head h;
	gsize size;

	x->names = g_ptr_array_new_with_free_func(g_free);
	x->files = g_array_new(FALSE, FALSE, sizeof(struct word_file));
	x->blob = cachefile_read(path, &size);
	if (!x->blob || size < sizeof(h))
		goto none;
	memcpy(&h, x->blob, sizeof(h));
	if (memcmp(h.magic, MAGIC, sizeof(h.magic)) ||
	    !take_records(x, &h, x->blob + sizeof(h), x->blob + size))
		goto none;
	utime(path, NULL);	/* used: pruned last */
	g_free(path);
	return x;
none:
	g_free(path);
	word_index_free(x);
	return NULL;
}

const struct word_file *word_index_find(const struct word_index *x,
					const char *path,
					const struct word_stat *st)
{
	guint lo = 0, hi = x->files->len;

	while (lo < hi) {
		guint mid = lo + (hi - lo) / 2;
		const struct word_file *f = &g_array_index(x->files,
						struct word_file, mid);
		int r = strcmp(f->path, path);

		if (!r)
			return !memcmp(&f->st, st, sizeof(*st)) ? f : NULL;
		if (r < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static void pad(GString *s)
{
	while (s->len != padded(s->len))
		g_string_append_c(s, '\0');
}

void word_index_save(const char *root, const GPtrArray *names,
		     const GArray *files)
{
	GString *s = g_string_sized_new(files->len * 96);
	char *path = index_path(root);
	struct head h = { .n_names = names->len, .n_files = files->len };

	memcpy(h.magic, MAGIC, sizeof(h.magic));
	g_string_append_len(s, (char *)&h, sizeof(h));
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];

		g_string_append_len(s, name, strlen(name) + 1);
	}
	pad(s);
	for (guint i = 0; i < files->len; i++) {
		const struct word_file *f = &g_array_index(files,
						struct word_file, i);
		struct record r = { f->st, f->n, strlen(f->path) };

		g_string_append_len(s, (char *)&r, sizeof(r));
		g_string_append_len(s, (char *)f->words,
				    f->n * sizeof(guint16));
		g_string_append_len(s, f->path, r.path_len + 1);
		pad(s);
	}
	cachefile_write(path, s->str, s->len);
	g_string_free(s, TRUE);
	g_free(path);
}
