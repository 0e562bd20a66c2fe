// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of the conversion, which kinds of declarations are meant by them,
 * and whether the new names of a rename are free.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/smpl/shape.h"
#include "smpl/cocci.h"
#include "smpl/made.h"
#include "tree/scan.h"

#define BIT(kind)	(1u << (kind))
#define TAGS	(BIT(REFS_STRUCT) | BIT(REFS_UNION) | BIT(REFS_ENUM))
/* What --rename OLD=NEW means: anything at file scope. */
#define GLOBALS	(BIT(REFS_FUNCTION) | BIT(REFS_MACRO) | BIT(REFS_TYPEDEF) | \
		 BIT(REFS_ENUMERATOR) | BIT(REFS_GLOBAL))

static struct sname *name_get(struct smplc *x, const char *name)
{
	struct sname *n = g_hash_table_lookup(x->names, name);

	if (!n) {
		n = g_new0(struct sname, 1);
		n->name = g_strdup(name);
		g_hash_table_insert(x->names, n->name, n);
	}
	return n;
}

static guint kinds_of_rename(const struct rename *r)
{
	switch (r->kind) {
	case RENAME_MEMBER:
		return BIT(REFS_MEMBER);
	case RENAME_TAG:
		return !strcmp(r->keyword, "struct") ? BIT(REFS_STRUCT) :
		       !strcmp(r->keyword, "union") ? BIT(REFS_UNION) :
						      BIT(REFS_ENUM);
	case RENAME_CONFIG:
		return BIT(REFS_MACRO);
	case RENAME_NAME:
		break;
	}
	return GLOBALS;
}

static guint kinds_of_rule(enum cocci_kind k)
{
	switch (k) {
	case COCCI_CALL:
		return BIT(REFS_FUNCTION) | BIT(REFS_MACRO);
	case COCCI_MEMBER:
		return BIT(REFS_MEMBER);
	case COCCI_TAG:
		return TAGS;
	case COCCI_TYPE:
		return BIT(REFS_TYPEDEF) | BIT(REFS_MACRO);
	case COCCI_NAME:
		return GLOBALS;
	default:
		return 0;
	}
}

/* [smpl] kinds: "name:function", by the words of refs_kind_names. */
static int take_kinds(struct smplc *x)
{
	char **v = manifest_list(x->c->m->keys, "smpl", "kinds");
	int ret = 0;

	for (char **k = v; *k && !ret; k++) {
		char *colon = strchr(*k, ':');
		struct sname *n;
		guint kind;

		for (kind = 0; colon && kind < REFS_N_KINDS; kind++)
			if (!strcmp(refs_kind_names[kind], colon + 1))
				break;
		if (!colon || kind == REFS_N_KINDS) {
			ret = tw_error("%s: [smpl] kinds: '%s' is not NAME:KIND with a KIND such as function, macro, member, struct, typedef or enumerator",
				       x->c->m->name, *k);
			break;
		}
		*colon = '\0';
		n = name_get(x, *k);
		n->kinds |= BIT(kind);
	}
	g_strfreev(v);
	return ret;
}

/* [smpl] also: kinds of text, by the words of site_ctx_name. */
static int take_also(struct smplc *x)
{
	char **v = manifest_list(x->c->m->keys, "smpl", "also");
	int ret = 0;

	for (char **w = v; *w && !ret; w++) {
		guint ctx = 0;

		while (ctx < N_SITE_CTX && strcmp(site_ctx_name[ctx], *w))
			ctx++;
		if (ctx == N_SITE_CTX || ctx <= SITE_DISABLED)
			ret = tw_error("%s: [smpl] also: '%s' is not a kind of text such as comment, string, doc, rust or script",
				       x->c->m->name, *w);
		else
			x->also |= 1u << ctx;
	}
	g_strfreev(v);
	return ret;
}

/* What the rules tell of the kinds of names that the manifest has none for. */
static int take_rule_kinds(struct smplc *x)
{
	for (guint i = 0; i < x->c->m->rules->len; i++) {
		struct cocci *c = cocci_read(x->c->m->rules->pdata[i]);

		if (!c)
			return -1;
		for (guint k = 0; k < c->names->len; k++) {
			const struct cocci_name *from = c->names->pdata[k];
			struct sname *n = g_hash_table_lookup(x->names,
							      from->name);

			if (!n || n->rename)
				continue;
			n->kinds |= kinds_of_rule(from->kind);
			n->words |= from->kind == COCCI_STRING;
		}
		cocci_free(c);
	}
	return 0;
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int smplc_load_names(struct smplc *x)
{
	GKeyFile *k = x->c->m->keys;
	GPtrArray *ask = g_ptr_array_new();
	GHashTableIter it;
	gpointer name;

	x->gone = made_flag(x->c->m, "gone");
	x->renames = made_renames(x->c->m);
	if (!x->renames)
		return -1;
	for (char **s = x->c->m->symbols; *s; s++)
		name_get(x, *s);
	for (char **s = x->c->m->types; *s; s++)
		name_get(x, *s);
	for (guint i = 0; i < x->renames->len; i++) {
		const struct rename *r = x->renames->pdata[i];
		struct sname *n = name_get(x, r->from);

		n->rename = r;
		n->kinds = kinds_of_rename(r);
	}
	x->pure = x->renames->len && g_key_file_has_key(k, "smpl", "made", NULL);
	if (take_also(x) || take_kinds(x) || (!x->pure && take_rule_kinds(x)))
		return -1;
	g_hash_table_iter_init(&it, x->names);
	while (g_hash_table_iter_next(&it, &name, NULL))
		g_ptr_array_add(ask, g_strdup(name));
	for (guint i = 0; i < x->renames->len; i++) {
		const struct rename *r = x->renames->pdata[i];

		if (!g_hash_table_contains(x->names, r->to))
			g_ptr_array_add(ask, g_strdup(r->to));
	}
	g_ptr_array_sort(ask, by_text);
	g_ptr_array_add(ask, NULL);
	x->ask = (char **)g_ptr_array_free(ask, FALSE);
	return 0;
}

static gboolean in_header(const char *file)
{
	return file && g_str_has_suffix(file, ".h");
}

gboolean smplc_is_shared(const struct refs_ref *r)
{
	return in_header(r->declared.file) ||
	       (r->kind != REFS_MACRO && g_str_has_prefix(r->usr, "c:@"));
}

gboolean smplc_means(const struct sname *n, const struct refs_ref *r)
{
	if (n->kinds && !(n->kinds & BIT(r->kind)))
		return FALSE;
	if (!n->kinds && (r->kind == REFS_LOCAL || r->kind == REFS_PARAMETER ||
			  r->kind == REFS_LABEL ||
			  r->kind == REFS_MACRO_PARAMETER))
		return FALSE;
	return !n->rename || n->rename->kind != RENAME_MEMBER ||
	       !strcmp(r->owner, n->rename->owner);
}

/* Is the new name taken? */

struct found { GHashTable *files; };

static int note_file(const struct site *s, void *data)
{
	struct found *f = data;

	if (convert_is_code(s) && source_is_c(s->file))
		g_hash_table_add(f->files, g_strdup(s->file));
	return 0;
}

/* The C files that have one of @names in code, or NULL after a message. */
static GHashTable *files_with(struct smplc *x, char **names)
{
	struct found f = { g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL) };
	struct ledger *l = ledger_create(":memory:");
	char *none[] = { NULL };
	struct scan_request req = {
		.tree = x->c->t->path, .types = none, .symbols = names,
		.jobs = x->c->jobs,
	};
	struct scan_result res = { 0 };

	if (l && !scan_tree(&req, l, &res)) {
		g_ptr_array_free(res.symbols, TRUE);
		ledger_each(l, note_file, &f);
	} else {
		g_clear_pointer(&f.files, g_hash_table_destroy);
	}
	if (l)
		ledger_abandon(l);
	return f.files;
}

/* What stands around a name at file scope or in the body of a type. */
enum around { AROUND_TOP, AROUND_TYPE, AROUND_ENUM, AROUND_CODE };

struct walk {
	const struct source *s;
	const struct rename *r;
	GArray *stack;		/* enum around, one for each '{' that is open */
	GArray *owned;		/* gboolean: the '{' of the rename's struct */
	int parens;
	gboolean is_static;	/* since the last ';' or '}' at file scope */
};

static enum around around(const struct walk *w)
{
	return w->stack->len ? g_array_index(w->stack, enum around,
					     w->stack->len - 1) : AROUND_TOP;
}

/* Arms of #if may each have a brace: one in the first column begins anew. */
static void close_all(struct walk *w)
{
	g_array_set_size(w->stack, 0);
	g_array_set_size(w->owned, 0);
	w->parens = 0;
}

/* The '{' at token @i: of what? */
static void open_brace(struct walk *w, gsize i)
{
	gsize p = source_prev(w->s, i), pp = source_prev(w->s, p);
	enum around a = AROUND_CODE;
	gboolean own = FALSE, type = FALSE, list = FALSE;

	if (p != SIZE_MAX) {
		type = source_is(w->s, p, "struct") || source_is(w->s, p, "union");
		list = source_is(w->s, p, "enum");
	}
	if (!type && !list && pp != SIZE_MAX) {
		type = source_is(w->s, pp, "struct") ||
		       source_is(w->s, pp, "union");
		list = source_is(w->s, pp, "enum");
		own = type && w->r->owner && source_is(w->s, p, w->r->owner);
	}
	if (around(w) != AROUND_CODE)
		a = list ? AROUND_ENUM : type ? AROUND_TYPE : AROUND_CODE;
	/* 'extern "C" {' and the like do not occur in the kernel. */
	g_array_append_val(w->stack, a);
	g_array_append_val(w->owned, own);
}

static gboolean in_owner(const struct walk *w)
{
	for (guint i = 0; i < w->owned->len; i++)
		if (g_array_index(w->owned, gboolean, i))
			return TRUE;
	return FALSE;
}

static const char *const not_types[] = {
	"return", "goto", "else", "case", "do", NULL
};

/* Is the name at token @i being declared, so that it is taken? */
static gboolean declares(const struct walk *w, gsize i)
{
	const struct source *s = w->s;
	gsize p = source_prev(s, i), n = source_next(s, i);
	gboolean word = p != SIZE_MAX && (s->toks.v[p].kind == TOK_IDENT ||
					  source_is(s, p, "*"));
	char *before;
	gboolean keyword;

	switch (w->r->kind) {
	case RENAME_CONFIG:
		return FALSE;
	case RENAME_MEMBER:
		return in_owner(w) && around(w) == AROUND_TYPE &&
		       (source_is(s, n, ";") || source_is(s, n, "[") ||
			source_is(s, n, ",") || source_is(s, n, ":") ||
			source_is(s, n, ")"));
	case RENAME_TAG:
		return p != SIZE_MAX && source_is(s, p, w->r->keyword) &&
		       source_is(s, n, "{");
	case RENAME_NAME:
		break;
	}
	if (s->toks.v[i].ctx == CTX_MACRO_NAME)
		return p != SIZE_MAX && source_is(s, p, "define");
	if (s->toks.v[i].ctx != CTX_CODE || s->toks.v[i].disabled)
		return FALSE;
	if (around(w) == AROUND_ENUM)
		return p != SIZE_MAX && (source_is(s, p, "{") ||
					 source_is(s, p, ","));
	if (around(w) != AROUND_TOP || !word || w->parens)
		return FALSE;
	before = source_word(s, p);
	keyword = g_strv_contains(not_types, before) ||
		  !strcmp(before, "struct") || !strcmp(before, "union") ||
		  !strcmp(before, "enum");
	g_free(before);
	return !keyword && (source_is(s, n, "(") || source_is(s, n, ";") ||
			    source_is(s, n, "=") || source_is(s, n, "["));
}

/* The token that declares @name as a thing of @r's kind in @s, or SIZE_MAX. */
static gsize declaration(const struct source *s, const struct rename *r,
			 const char *name, gboolean *is_private)
{
	struct walk w = {
		.s = s, .r = r,
		.stack = g_array_new(FALSE, FALSE, sizeof(enum around)),
		.owned = g_array_new(FALSE, FALSE, sizeof(gboolean)),
	};
	gsize found = SIZE_MAX;

	*is_private = FALSE;
	for (gsize i = tok_skip(&s->toks, 0); i < s->toks.n;
	     i = source_next(s, i)) {
		gboolean code = s->toks.v[i].ctx == CTX_CODE;

		if (s->toks.v[i].kind == TOK_IDENT && source_is(s, i, name) &&
		    declares(&w, i)) {
			found = i;
			*is_private = (w.is_static || !code) &&
				      !in_header(s->file);
			if (!*is_private)
				break;
		}
		if (!code)
			continue;
		if (s->toks.v[i].col == 1 &&
		    (source_is(s, i, "{") || source_is(s, i, "}")))
			close_all(&w);
		if (source_is(s, i, "{"))
			open_brace(&w, i);
		else if (source_is(s, i, "}") && w.stack->len) {
			g_array_set_size(w.stack, w.stack->len - 1);
			g_array_set_size(w.owned, w.owned->len - 1);
			w.parens = 0;
		} else if (source_is(s, i, "(") && !w.stack->len) {
			w.parens++;
		} else if (source_is(s, i, ")") && !w.stack->len) {
			w.parens -= w.parens > 0;
		}
		if (w.stack->len)
			continue;
		if (source_is(s, i, "static"))
			w.is_static = TRUE;
		else if (source_is(s, i, ";") || source_is(s, i, "}"))
			w.is_static = FALSE;
	}
	g_array_free(w.stack, TRUE);
	g_array_free(w.owned, TRUE);
	return found;
}

/*
 * Is the old name declared somewhere?  After a conversion it is not, and the new
 * one is.
 */
static gboolean old_is_declared(struct smplc *x, const struct rename *r)
{
	gboolean found = FALSE;

	for (guint i = 0; i < x->files->len && !found; i++) {
		const struct sfile *f = x->files->pdata[i];
		struct source *s;
		gboolean is_private;

		if (!f->code)
			continue;
		s = tree_source(x->c->t, f->name);
		found = s && declaration(s, r, r->from, &is_private) !=
			     SIZE_MAX && !is_private;
		source_free(s);
	}
	return found;
}

static int check_file(struct smplc *x, const char *file, GPtrArray *also)
{
	struct source *s = tree_source(x->c->t, file);
	int ret = 0;

	for (guint i = 0; s && i < x->renames->len && !ret; i++) {
		const struct rename *r = x->renames->pdata[i];
		gboolean is_private;
		gsize at = declaration(s, r, r->to, &is_private);

		if (at == SIZE_MAX)
			continue;
		if (!is_private && old_is_declared(x, r))
			ret = tw_error_at(file, s->toks.v[at].line,
				s->toks.v[at].col,
				"'%s' is declared here already, so that renaming '%s' would declare it twice; remove one of the two first, or convert the uses with a semantic patch",
				r->to, r->spec);
		else if (is_private)
			g_ptr_array_add(also, g_strdup(file));
		else	/* it was renamed: what is private is another one */
			name_get(x, r->from)->shared = TRUE;
	}
	source_free(s);
	return ret;
}

int smplc_check_new_names(struct smplc *x, GPtrArray *also)
{
	GPtrArray *to = g_ptr_array_new();
	GHashTable *files;
	GList *names;
	int ret = 0;

	for (guint i = 0; i < x->renames->len; i++) {
		const struct rename *r = x->renames->pdata[i];

		/* A folder's rules may say what to do with the old declaration. */
		if (x->pure)
			g_ptr_array_add(to, r->to);
	}
	g_ptr_array_add(to, NULL);
	if (to->len < 2) {
		g_ptr_array_free(to, TRUE);
		return 0;
	}
	files = files_with(x, (char **)to->pdata);
	g_ptr_array_free(to, TRUE);
	if (!files)
		return -1;
	names = g_list_sort(g_hash_table_get_keys(files),
			    (GCompareFunc)strcmp);
	for (GList *n = names; n && !ret; n = n->next)
		ret = check_file(x, n->data, also);
	g_list_free(names);
	g_hash_table_destroy(files);
	return ret;
}
