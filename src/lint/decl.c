// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tree declares.  A semantic patch knows the types of what a function
 * declares itself; here it is told those of what the function calls and names:
 * prototypes, fields and variables, from the text of the file and of the headers
 * that it can see.  Only the types that a conversion lists in its lint.ini
 * matter, all others are left open.  Nothing is expanded: a macro has the types
 * that lint.ini gives it, which also says what a name is that a tree declares in
 * the old way.  A name that is declared in two ways in one place is
 * unknown, and nothing is said of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lint/lint.h"
#include "text/source.h"

#define OTHER "int"		/* a type that is none of ours */
#define MAX_HEADERS 60000	/* of one folder: a hostile tree */
#define WORD_BITS (1u << 20)

struct decl {
	char *text;		/* "struct page *f(int a0, pgtable_t a1);" */
	gboolean unsure;	/* declared in two ways */
};

/* What one folder declares, or one file. */
struct table {
	GHashTable *names;	/* function or variable -> struct decl */
	GHashTable *fields;	/* "struct field" -> struct decl */
	GHashTable *by_field;	/* field -> GPtrArray of char *, the structs */
};

struct lint_decls {
	const struct lint_declared *what;
	const struct tree *tree;
	GHashTable *dirs;	/* folder -> struct table */
	GHashTable *changed;	/* folder -> struct table: headers of the patch */
	struct table *known;	/* from lint.ini */
	guint8 words[WORD_BITS / 8];	/* hashes of names that carry the type */
};

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
static void put(GHashTable *to, const char *key, char *text)
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

static void put_field(struct table *t, const char *owner, const char *field,
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
	put(t->fields, key, text);
	g_free(key);
}

/* ---- words ---- */

static guint32 word_hash(const char *s, gsize len)
{
	guint32 h = 2166136261u;

	for (gsize i = 0; i < len; i++)
		h = (h ^ (guint8)s[i]) * 16777619u;
	return (h ^ h >> 20) % WORD_BITS;
}

static void add_word(struct lint_decls *d, const char *name)
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

/* ---- reading declarations ---- */

struct reader {
	struct lint_decls *d;
	const struct lint_view *v;
	struct table *to;
};

static gboolean is(const struct reader *r, guint i, const char *s)
{
	return i < r->v->n_sig && tok_is(&r->v->toks, r->v->sig[i], s);
}

static const struct token *tok(const struct reader *r, guint i)
{
	return &r->v->toks.v[r->v->sig[i]];
}

static gboolean is_ident(const struct reader *r, guint i)
{
	return i < r->v->n_sig && tok(r, i)->kind == TOK_IDENT;
}

static char *text_of(const struct reader *r, guint i)
{
	char scratch[256];
	gsize len;
	const char *s = tok_text(&r->v->toks, r->v->sig[i], &len, scratch,
				 sizeof(scratch));

	return g_strndup(s, len);
}

/* Says nothing of the type: "static", "const", "__always_inline". */
static gboolean is_qualifier(const struct reader *r, guint i)
{
	static const char *const words[] = {
		"static", "extern", "inline", "const", "volatile", "noinline",
		"notrace", "asmlinkage", "register",
	};
	const struct token *t = tok(r, i);

	for (guint k = 0; k < G_N_ELEMENTS(words); k++)
		if (is(r, i, words[k]))
			return TRUE;
	return t->kind == TOK_IDENT && t->len > 2 &&
	       !memcmp(r->v->text + t->off, "__", 2);
}

static gboolean is_tag(const struct reader *r, guint i)
{
	return is(r, i, "struct") || is(r, i, "union") || is(r, i, "enum");
}

/* The tokens as a type, "struct page *". */
static char *type_text(const struct reader *r, guint from, guint to)
{
	GString *s = g_string_new(NULL);

	for (guint i = from; i < to; i++) {
		char *t;

		if (is_qualifier(r, i))
			continue;
		t = text_of(r, i);
		if (s->len)
			g_string_append_c(s, ' ');
		g_string_append(s, t);
		g_free(t);
	}
	return g_string_free(s, FALSE);
}

static gboolean has(char **list, const char *s)
{
	return g_strv_contains((const char *const *)list, s);
}

/* One of ours; or, for what leads to a field of ours, a struct. */
static gboolean is_ours(const struct reader *r, const char *type)
{
	return has(r->d->what->types, type);
}

static gboolean is_struct(const char *type)
{
	guint spaces = 0;

	if (!g_str_has_prefix(type, "struct ") || strpbrk(type, "([{,"))
		return FALSE;
	for (const char *p = type; *p; p++)
		spaces += *p == ' ';
	return spaces == 1 || (spaces == 2 && g_str_has_suffix(type, " *"));
}

/*
 * "a, *b = x" behind a type's first tokens, in [from, to): each as a field of
 * @owner or, without one, as a variable.  Arrays and functions are left out.
 */
static void take_objects(struct reader *r, guint from, guint to,
			 const char *owner)
{
	guint base = from;

	/* The base type ends before the first star, or the first name. */
	while (base < to && (is_qualifier(r, base) || is_tag(r, base)))
		base++;
	base++;
	while (base < to && is_qualifier(r, base))
		base++;
	for (guint i = base; i < to; ) {
		guint at = i, stop = i;
		char *head, *stars, *type;

		while (stop < to && !is(r, stop, ",")) {
			guint close = is(r, stop, "(") || is(r, stop, "{") ||
				      is(r, stop, "[") ? r->v->close[stop] : 0;

			stop = close > stop ? close : stop + 1;
		}
		while (at < stop && (is(r, at, "*") || is_qualifier(r, at)))
			at++;
		if (is_ident(r, at) && (at + 1 >= stop || is(r, at + 1, "=") ||
					is(r, at + 1, ":") ||
					is_qualifier(r, at + 1))) {
			char *name = text_of(r, at);

			head = type_text(r, from, base);
			stars = type_text(r, i, at);
			type = g_strconcat(head, *stars ? " " : "", stars, NULL);
			if (is_ours(r, type) || (owner && is_struct(type))) {
				char *text = g_strdup_printf("%s %s;", type,
							     name);

				if (has(r->d->what->words, type))
					add_word(r->d, name);
				if (owner)
					put_field(r->to, owner, name, text);
				else
					put(r->to->names, name, text);
			}
			g_free(type);
			g_free(stars);
			g_free(head);
			g_free(name);
		}
		i = stop + 1;
	}
}

/* A struct's body, and those in it: fields of what has no name are its own. */
static void take_struct(struct reader *r, guint from, guint to,
			const char *owner, guint depth)
{
	for (guint i = from; i < to && depth < 8; ) {
		guint stop = i, body = 0;

		for (; stop < to && !is(r, stop, ";"); ) {
			guint close = is(r, stop, "(") || is(r, stop, "{") ||
				      is(r, stop, "[") ? r->v->close[stop] : 0;

			if (is(r, stop, "{") && close && !body)
				body = stop;
			stop = close > stop ? close : stop + 1;
		}
		if (body && is_ident(r, body - 1) && !is_tag(r, body - 1)) {
			char *name = text_of(r, body - 1);

			take_struct(r, body + 1, r->v->close[body] - 1, name,
				    depth + 1);
			g_free(name);
		} else if (body) {
			take_struct(r, body + 1, r->v->close[body] - 1, owner,
				    depth + 1);
		} else {
			take_objects(r, i, stop, owner);
		}
		i = stop + 1;
	}
}

/* One parameter, in [from, to): its type, or what stands for any other. */
static char *param_type(const struct reader *r, guint from, guint to)
{
	guint end = to;
	char *type;

	/* Its name is the last, unless it has none. */
	if (to - from > 1 && is_ident(r, to - 1) && !is_tag(r, to - 2))
		end--;
	type = type_text(r, from, end);
	if (!is_ours(r, type)) {
		g_free(type);
		type = g_strdup(OTHER);
	}
	return type;
}

/* "TYPE name(params)", the name at @at. */
static void take_function(struct reader *r, guint from, guint at)
{
	guint close = r->v->close[at + 1], n = 0;
	char *type = type_text(r, from, at), *name = text_of(r, at);
	gboolean any = is_ours(r, type), carries = has(r->d->what->words, type);
	GString *s = g_string_new(NULL);

	g_string_printf(s, "%s %s(", any || is_struct(type) ? type : OTHER,
			name);
	for (guint i = at + 2; i < close; n++) {
		guint stop = i;
		char *p;

		while (stop < close - 1 && !is(r, stop, ",")) {
			guint end = is(r, stop, "(") || is(r, stop, "[") ?
				    r->v->close[stop] : 0;

			stop = end > stop ? end : stop + 1;
		}
		if (stop == i || is(r, i, "...") ||
		    (is(r, i, "void") && stop == i + 1))
			break;
		p = param_type(r, i, stop);
		g_string_append_printf(s, "%s%s a%u", n ? ", " : "", p, n);
		any |= is_ours(r, p);
		carries |= has(r->d->what->words, p);
		g_free(p);
		i = stop + 1;
	}
	g_string_append(s, ");");
	if (carries)
		add_word(r->d, name);
	if (any)
		put(r->to->names, name, g_string_free(s, FALSE));
	else
		g_string_free(s, TRUE);
	g_free(name);
	g_free(type);
}

/* A declaration at file scope, in [from, to), without its body. */
static void take_declaration(struct reader *r, guint from, guint to)
{
	guint i = from;

	if (is(r, from, "typedef") || from == to)
		return;
	/* A hunk may begin in a body: what stands there declares nothing. */
	if (!r->v->whole && tok(r, from)->col != 1)
		return;
	while (i < to && !is(r, i, "=")) {
		guint close;

		if (!is(r, i, "(")) {
			i++;
			continue;
		}
		close = r->v->close[i];
		/* A pointer to a function is left out, too. */
		if (!close || close > to || is(r, i + 1, "*"))
			return;
		/* A macro before the type, not a function. */
		if (i <= from + 1 || !is_ident(r, i - 1) ||
		    is(r, i - 1, "__attribute__")) {
			if (i <= from + 1 || is(r, i - 1, "__attribute__")) {
				if (i <= from + 1)
					from = close;
				i = close;
				continue;
			}
			return;
		}
		take_function(r, from, i - 1);
		return;
	}
	if (r->v->whole)
		take_objects(r, from, i, NULL);
}

/* All that stands at file scope. */
static void read_view(struct lint_decls *d, struct lint_view *v,
		      struct table *to)
{
	struct reader r = { d, v, to };
	guint from = 0;

	lint_view_lex(v);
	for (guint i = 0; i < v->n_sig; ) {
		guint close = v->close[i];

		if (tok(&r, i)->ctx != CTX_CODE) {
			from = ++i;
		} else if (is(&r, i, ";")) {
			take_declaration(&r, from, i);
			from = ++i;
		} else if (is(&r, i, "{")) {
			if (i > from + 1 && is_ident(&r, i - 1) &&
			    (is(&r, i - 2, "struct") || is(&r, i - 2, "union"))) {
				char *name = text_of(&r, i - 1);

				if (close)
					take_struct(&r, i + 1, close - 1, name,
						    0);
				g_free(name);
			} else if (i > from && !is(&r, i - 1, "=")) {
				take_declaration(&r, from, i);
			}
			i = close > i ? close : i + 1;
			/* "struct s { ... } x;": x is left out. */
			from = i;
		} else if (is(&r, i, "}")) {
			from = ++i;
		} else {
			i = close > i ? close : i + 1;
		}
	}
}

/* ---- the tree ---- */

static void read_text(struct lint_decls *d, const char *file, char *text,
		      gsize size, struct table *to)
{
	struct lint_view *v = lint_view_new(file, text, size, 1);

	v->whole = TRUE;
	read_view(d, v, to);
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
		read_view(d, v, t);
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
			read_view(d, v, own);
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

	read_view(d, v, own);
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
