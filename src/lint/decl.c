// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tree declares.  A semantic patch knows the types of what a function
 * declares itself; here it is told those of what the function calls and names:
 * prototypes, fields and variables, from the text of the file and of the headers
 * that it can see.  Only types that a conversion lists in its lint.ini matter.
 * If one place declares a name in two ways, its type is unknown and nothing is
 * said of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lint/decl.h"
#include "text/source.h"

#define MAX_HEADERS 60000	/* of one folder: a hostile tree */

/* ---- tables ---- */

static void decl_free(gpointer p)
{
	g_free(((struct decl *)p)->text);
	g_free(p);
}

static void strings_free(gpointer p)
{
	g_ptr_array_free(p, TRUE);
}

static struct table *table_new(void)
{
	struct table *t = g_new(struct table, 1);

	t->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 decl_free);
	t->fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  decl_free);
	t->by_field = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    strings_free);
	return t;
}

static void table_free(gpointer p)
{
	struct table *t = p;

	g_hash_table_destroy(t->names);
	g_hash_table_destroy(t->fields);
	g_hash_table_destroy(t->by_field);
	g_free(t);
}

/* Takes @text over. */
void decl_put(GHashTable *to, const char *key, char *text)
{
	struct decl *d = g_hash_table_lookup(to, key);

	if (d) {
		d->unsure |= strcmp(d->text, text) != 0;
		g_free(text);
		return;
	}
	d = g_new0(struct decl, 1);
	d->text = text;
	g_hash_table_insert(to, g_strdup(key), d);
}

void decl_put_field(struct table *t, const char *owner, const char *field,
		      char *text)
{
	char *key = g_strdup_printf("%s %s", owner, field);
	GPtrArray *owners = g_hash_table_lookup(t->by_field, field);

	if (!owners) {
		owners = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(t->by_field, g_strdup(field), owners);
	}
	if (!g_hash_table_contains(t->fields, key))
		g_ptr_array_add(owners, g_strdup(owner));
	decl_put(t->fields, key, text);
	g_free(key);
}

/* ---- words ---- */

static guint32 word_hash(const char *s, gsize len)
{
	guint32 h = 2166136261u;

	for (gsize i = 0; i < len; i++)
		h = (h ^ (guint8)s[i]) * 16777619u;
	return (h ^ h >> 20) % DECL_WORD_BITS;
}

void decl_add_word(struct lint_decls *d, const char *name)
{
	guint32 h = word_hash(name, strlen(name));

	d->words[h / 8] |= 1u << h % 8;
}

gboolean lint_decls_has_word(const struct lint_decls *d, const char *s,
			     gsize size)
{
	const char *end = s + size;

	while (d && s < end) {
		const char *from = s;
		guint32 h;

		if (!source_is_word(*s)) {
			s++;
			continue;
		}
		while (s < end && source_is_word(*s))
			s++;
		h = word_hash(from, s - from);
		if (d->words[h / 8] >> h % 8 & 1)
			return TRUE;
	}
	return FALSE;
}

/* ---- the tree ---- */

static void read_text(struct lint_decls *d, const char *file, char *text,
		      gsize size, struct table *to)
{
	struct lint_view *v = lint_view_new(file, text, size, 1);

	v->whole = TRUE;
	decl_read_view(d, v, to);
	lint_view_free(v);
}

/* A header of the tree, if it has one of the types; no link is followed. */
static void read_header(struct lint_decls *d, int fd, const char *file,
			struct table *to, GString *buf)
{
	struct stat st;
	gsize n = 0;
	gboolean any = FALSE;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    st.st_size <= LINT_TEXT_MAX) {
		ssize_t got = 1;

		g_string_set_size(buf, st.st_size);
		while (n < buf->len && got > 0) {
			got = read(fd, buf->str + n, buf->len - n);
			n += MAX(got, 0);
		}
	}
	for (char **t = d->what->types; *t && !any; t++)
		any = memmem(buf->str, n, *t, strlen(*t)) != NULL;
	if (any)
		read_text(d, file, g_strndup(buf->str, n), n, to);
}

static void read_folder(struct lint_decls *d, const char *dir, gboolean deep,
			struct table *to)
{
	char *full = g_build_filename(d->tree->path, dir, NULL);
	char *argv[] = { full, NULL };
	FTS *fts = fts_open(argv, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	GString *buf = g_string_new(NULL);
	guint n = 0;
	FTSENT *e;

	while (fts && (e = fts_read(fts)) && n < MAX_HEADERS) {
		int fd;

		if (e->fts_info == FTS_D && e->fts_level && !deep)
			fts_set(fts, e, FTS_SKIP);
		if (e->fts_info == FTS_D || e->fts_info == FTS_DP ||
		    !g_str_has_suffix(e->fts_name, ".h"))
			continue;
		n++;
		fd = open(e->fts_path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
			  O_NONBLOCK);
		if (fd < 0)
			continue;
		read_header(d, fd, e->fts_name, to, buf);
		close(fd);
	}
	if (fts)
		fts_close(fts);
	g_string_free(buf, TRUE);
	g_free(full);
}

/* "arch/@ARCH@/include" for one arch, or for all. */
static void read_look_in(struct lint_decls *d, const char *dir,
			 const char *arch, struct table *to)
{
	char **part = g_strsplit(dir, "@ARCH@", 2);
	char *path = g_build_filename(d->tree->path, part[0], NULL);
	GDir *g = part[1] && !arch ? g_dir_open(path, 0, NULL) : NULL;
	const char *name;

	if (!part[1] || arch) {
		char *one = part[1] ? g_strconcat(part[0], arch, part[1], NULL)
				    : g_strdup(dir);

		read_folder(d, one, TRUE, to);
		g_free(one);
	}
	while (g && (name = g_dir_read_name(g))) {
		char *one = g_strconcat(part[0], name, part[1], NULL);

		read_folder(d, one, TRUE, to);
		g_free(one);
	}
	if (g)
		g_dir_close(g);
	g_free(path);
	g_strfreev(part);
}

static struct table *dir_table(struct lint_decls *d, const char *dir,
			       const char *arch, gboolean look_in)
{
	char *key = g_strdup_printf("%s %s", dir, !look_in ? "." :
				    strstr(dir, "@ARCH@") && arch ? arch : "");
	struct table *t = g_hash_table_lookup(d->dirs, key);

	if (t) {
		g_free(key);
		return t;
	}
	t = table_new();
	g_hash_table_insert(d->dirs, key, t);
	if (look_in)
		read_look_in(d, dir, arch, t);
	else
		read_folder(d, dir, FALSE, t);
	return t;
}

/* Is @dir at or below @top, which may have an @ARCH@ that is @arch or any? */
static gboolean is_below(const char *dir, const char *top, const char *arch)
{
	char **part = g_strsplit(top, "@ARCH@", 2);
	gsize n = strlen(part[0]);
	gboolean yes = !strncmp(dir, part[0], n);

	dir += yes ? n : 0;
	if (yes && part[1]) {
		gsize m = strcspn(dir, "/");

		yes = !arch || (strlen(arch) == m && !strncmp(dir, arch, m));
		dir += m;
		n = strlen(part[1]);
		yes = yes && !strncmp(dir, part[1], n);
		dir += yes ? n : 0;
	}
	g_strfreev(part);
	return yes && (!*dir || *dir == '/');
}

static void add_changed(struct lint_decls *d, const char *own,
			const char *arch, GPtrArray *out)
{
	GList *dirs = g_list_sort(g_hash_table_get_keys(d->changed),
				  (GCompareFunc)strcmp);

	for (GList *l = dirs; l; l = l->next) {
		gboolean yes = !strcmp(l->data, own);

		for (char **t = d->what->look_in; *t && !yes; t++)
			yes = is_below(l->data, *t, arch);
		if (yes)
			g_ptr_array_add(out, g_hash_table_lookup(d->changed,
								 l->data));
	}
	g_list_free(dirs);
}

/* What lint.ini knows, then what @file can see, nearest first; borrowed. */
static GPtrArray *tables_of(struct lint_decls *d, const char *file)
{
	GPtrArray *v = g_ptr_array_new();
	char *arch = source_arch(file), *dir = g_path_get_dirname(file);

	g_ptr_array_add(v, d->known);
	add_changed(d, dir, arch, v);
	g_ptr_array_add(v, dir_table(d, dir, NULL, FALSE));
	for (char **l = d->what->look_in; *l; l++)
		g_ptr_array_add(v, dir_table(d, *l, arch, TRUE));
	g_free(dir);
	g_free(arch);
	return v;
}

static void decls_free(gpointer p)
{
	struct lint_decls *d = p;

	g_hash_table_destroy(d->dirs);
	g_hash_table_destroy(d->changed);
	table_free(d->known);
	g_free(d);
}

GPtrArray *lint_decls_new(const struct lint_rules *r, const struct tree *tree)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(decls_free);

	for (guint i = 0; i < r->declared->len; i++) {
		struct lint_decls *d = g_new0(struct lint_decls, 1);

		d->what = r->declared->pdata[i];
		d->tree = tree;
		d->dirs = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, table_free);
		d->changed = g_hash_table_new_full(g_str_hash, g_str_equal,
						   g_free, table_free);
		d->known = table_new();
		read_text(d, "lint.ini", g_strdup(d->what->known),
			  strlen(d->what->known), d->known);
		g_ptr_array_add(all, d);
	}
	return all;
}

void lint_decls_change(const GPtrArray *all, const char *file,
		       const char *text, gsize size)
{
	char *dir = g_path_get_dirname(file);

	for (guint i = 0; i < all->len; i++) {
		struct lint_decls *d = all->pdata[i];
		struct table *t = g_hash_table_lookup(d->changed, dir);
		struct lint_view *v = lint_view_new(file, g_strndup(text, size),
						    size, 1);

		if (!t) {
			t = table_new();
			g_hash_table_insert(d->changed, g_strdup(dir), t);
		}
		decl_read_view(d, v, t);
		lint_view_free(v);
	}
	g_free(dir);
}

struct lint_decls *lint_decls_of(const GPtrArray *all,
				 const struct lint_rule *rule)
{
	for (guint i = 0; all && rule->told && i < all->len; i++) {
		struct lint_decls *d = all->pdata[i];
		gsize n = strlen(d->what->conversion);

		if (!strncmp(rule->id, d->what->conversion, n) &&
		    rule->id[n] == '/')
			return d;
	}
	return NULL;
}

void lint_decls_look(struct lint_decls *d, struct lint_view *v)
{
	struct table *own;

	if (v->looked)
		return;
	v->looked = TRUE;
	own = table_new();
	g_ptr_array_free(tables_of(d, v->file), TRUE);
	for (char **w = d->what->words; *w; w++)
		if (memmem(v->text, v->size, *w, strlen(*w))) {
			decl_read_view(d, v, own);
			break;
		}
	table_free(own);
}

gboolean lint_rule_wants(const struct lint_rule *rule, struct lint_view *v,
			 const GPtrArray *decls)
{
	struct lint_decls *d = lint_decls_of(decls, rule);

	if (!lint_globs_match(rule->files, v->file))
		return FALSE;
	/* Also where a word is there: others of the file's may stand alone. */
	if (d && v->whole)
		lint_decls_look(d, v);
	return lint_view_has(v, rule->needs) ||
	       (d && lint_decls_has_word(d, v->text, v->size));
}

/* ---- what a text is told ---- */

/* The names in a text, sorted, each once. */
static GList *names_in(const char *s, gsize size)
{
	GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);
	const char *end = s + size;
	GList *list, *out = NULL;

	while (s < end) {
		const char *from = s;

		while (s < end && source_is_word(*s))
			s++;
		if (s > from && !g_ascii_isdigit(*from))
			g_hash_table_add(seen, g_strndup(from, s - from));
		if (s == from)
			s++;
	}
	list = g_hash_table_get_keys(seen);
	for (GList *l = list; l; l = l->next)
		out = g_list_prepend(out, g_strdup(l->data));
	g_list_free(list);
	g_hash_table_destroy(seen);
	return g_list_sort(out, (GCompareFunc)strcmp);
}

static void tell_fields(const GPtrArray *tables, const char *field,
			GHashTable *structs)
{
	for (guint i = 0; i < tables->len; i++) {
		struct table *t = tables->pdata[i];
		GPtrArray *owners = g_hash_table_lookup(t->by_field, field);

		for (guint k = 0; owners && k < owners->len; k++) {
			const char *owner = owners->pdata[k];
			char *key = g_strdup_printf("%s %s", owner, field);
			struct decl *d = g_hash_table_lookup(t->fields, key);
			GString *s = g_hash_table_lookup(structs, owner);

			g_free(key);
			if (d->unsure)
				continue;
			if (!s) {
				s = g_string_new(NULL);
				g_hash_table_insert(structs, g_strdup(owner), s);
			}
			if (!strstr(s->str, d->text))
				g_string_append_printf(s, " %s", d->text);
		}
	}
}

static void gstring_free(gpointer p)
{
	g_string_free(p, TRUE);
}

char *lint_decls_for(struct lint_decls *d, struct lint_view *v,
		     const char *text, gsize size)
{
	GPtrArray *tables = tables_of(d, v->file);
	struct table *own = table_new();
	GList *names = names_in(text, size), *owners;
	GHashTable *structs = g_hash_table_new_full(g_str_hash, g_str_equal,
						    g_free, gstring_free);
	GString *out = g_string_new(NULL);

	decl_read_view(d, v, own);
	g_ptr_array_insert(tables, 1, own);
	for (GList *n = names; n; n = n->next) {
		struct decl *found = NULL;

		for (guint i = 0; i < tables->len && !found; i++)
			found = g_hash_table_lookup(((struct table *)
					tables->pdata[i])->names, n->data);
		if (found && !found->unsure)
			g_string_append_printf(out, "%s ", found->text);
		tell_fields(tables, n->data, structs);
	}
	owners = g_list_sort(g_hash_table_get_keys(structs),
			     (GCompareFunc)strcmp);
	for (GList *o = owners; o; o = o->next)
		g_string_append_printf(out, "struct %s {%s }; ",
			(char *)o->data,
			((GString *)g_hash_table_lookup(structs,
							o->data))->str);
	g_list_free(owners);
	g_list_free_full(names, g_free);
	g_hash_table_destroy(structs);
	g_ptr_array_free(tables, TRUE);
	table_free(own);
	return g_string_free(out, FALSE);
}
