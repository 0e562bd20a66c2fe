// SPDX-License-Identifier: GPL-2.0-only
/*
 * Works on the tokens of the file as it is in the tree.  The semantic patches
 * ran on a text with the handle type everywhere, since they match on it: what
 * is spelled is decided for the edits that go into the result only.
 *
 * "const pgtable_t" is a constant pointer, and "const struct ptdesc *" is not:
 * a qualified use keeps the type.
 */
#include <string.h>

#include "read/ast.h"
#include "read/seen.h"
#include "convert/handle/spelled.h"

#define TAB 8
#define RULE "driver/spelled"

struct spelled {
	const struct handle *h;
	const struct flow *flow;
	char **folders;		/* "arch/"; NULL: nothing is spelled */
	struct seen *seen;
	GHashTable *mixed;	/* archs with a cell of another handle: char * set */
	GHashTable *read;	/* archs with any cell that read a file of theirs */
};

/* Which archs have a cell with another kind of handle, by the files they read. */
static void note_archs(struct spelled *sp, const GPtrArray *facts)
{
	for (guint i = 0; i < facts->len; i++) {
		const struct ast_facts *a = facts->pdata[i];
		gboolean page = g_hash_table_contains(sp->flow->page_cells,
						      a->cell);

		for (guint k = 0; k < a->deps->len; k++) {
			const struct ast_dep *d = a->deps->pdata[k];
			char *arch = source_arch(d->path);

			if (!arch)
				continue;
			if (!page)
				g_hash_table_add(sp->mixed, g_strdup(arch));
			g_hash_table_add(sp->read, arch);
		}
	}
}

struct spelled *spelled_new(const struct handle *h, const struct manifest *m,
			    const char *policy, const struct flow *flow,
			    const GPtrArray *facts)
{
	struct spelled *sp = g_new0(struct spelled, 1);
	char *group = g_strdup_printf("policy %s", policy ? policy : "");

	sp->h = h;
	sp->flow = flow;
	sp->mixed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  NULL);
	sp->read = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 NULL);
	sp->folders = g_key_file_get_string_list(m->keys, group, "spell", NULL,
						 NULL);
	if (sp->folders) {
		sp->seen = seen_of_values(facts);
		note_archs(sp, facts);
	}
	g_free(group);
	return sp;
}

void spelled_free(struct spelled *sp)
{
	if (!sp)
		return;
	g_strfreev(sp->folders);
	seen_free(sp->seen);
	g_hash_table_destroy(sp->mixed);
	g_hash_table_destroy(sp->read);
	g_free(sp);
}

static gboolean in_folders(const struct spelled *sp, const char *file)
{
	for (char **f = sp->folders; f && *f; f++)
		if (g_str_has_prefix(file, *f))
			return TRUE;
	return FALSE;
}

gboolean spelled_at(const struct spelled *sp, const struct source *s,
		    gsize off)
{
	gboolean yes = TRUE;
	GPtrArray *cells;

	if (!in_folders(sp, s->file))
		return FALSE;
	cells = seen_cells(sp->seen, s, off);
	for (guint i = 0; i < cells->len; i++)
		if (!g_hash_table_contains(sp->flow->page_cells,
					   cells->pdata[i]))
			yes = FALSE;
	/* Nobody reads it: only an arch with one kind of handle is sure. */
	if (!cells->len)
		yes = s->arch && g_hash_table_contains(sp->read, s->arch) &&
		      !g_hash_table_contains(sp->mixed, s->arch);
	g_ptr_array_free(cells, TRUE);
	return yes;
}

static gboolean covered(const GPtrArray *edits, gsize from, gsize to)
{
	for (guint i = 0; edits && i < edits->len; i++) {
		const struct edit *e = edits->pdata[i];

		if (e->off < to && from < e->off + e->len)
			return TRUE;
	}
	return FALSE;
}

static void add(struct edit_set *out, const struct source *s, gsize from,
		gsize to, const char *new_text)
{
	edit_replace(out, s->file, s->text, from, to, new_text, RULE);
}

void spelled_add_decls(const struct spelled *sp, const struct source *s,
		       const GPtrArray *decls, struct edit_set *out)
{
	for (guint i = 0; decls && i < decls->len; i++) {
		const struct edit *e = decls->pdata[i];
		gsize tok = source_token_at(s, e->off);
		gboolean whole = g_str_has_prefix(e->new_text, sp->h->type) &&
				 source_is(s, tok, "struct");

		if (whole && spelled_at(sp, s, e->off)) {
			/* "struct OLD *": only the name changes. */
			gsize name = source_next(s, tok);

			add(out, s, s->toks.v[name].off, source_end(s, name),
			    sp->h->new);
		} else {
			edit_add(out, e->file, e->off, e->old_text, e->new_text,
				 e->rule);
		}
	}
}

/* The typedef itself: its name is no use of it. */
static gboolean names_typedef(const struct spelled *sp, const struct source *s,
			      gsize i)
{
	char *place = g_strdup_printf("%s:%" G_GSIZE_FORMAT, s->file,
				      s->toks.v[i].off);
	gboolean yes = g_hash_table_contains(sp->flow->typedefs, place);

	g_free(place);
	/* In an arm that no cell reads there is only the text. */
	for (gsize k = i; !yes && (k = source_prev(s, k)) != SIZE_MAX; ) {
		if (source_is(s, k, ";") || source_is(s, k, "{") || source_is(s, k, "}") ||
		    source_is(s, k, "("))
			break;
		yes = source_is(s, k, "typedef") && k != source_prev(s, i);
	}
	return yes;
}

/* Is the token the type, and not a member, a tag or half a name? */
static gboolean is_use(const struct spelled *sp, const struct source *s,
		       gsize i)
{
	static const char *const before[] = {
		".", "->", "struct", "union", "enum", "goto", "#", "##",
	};
	gsize p = source_prev(s, i), n = source_next(s, i);

	if (s->toks.v[i].kind != TOK_IDENT || !source_is(s, i, sp->h->type) ||
	    (s->toks.v[i].ctx != CTX_CODE &&
	     s->toks.v[i].ctx != CTX_MACRO_BODY))
		return FALSE;
	for (guint k = 0; k < G_N_ELEMENTS(before); k++)
		if (p != SIZE_MAX && source_is(s, p, before[k]))
			return FALSE;
	return !source_is(s, n, "##") && !names_typedef(sp, s, i);
}

static gboolean is_qualifier(const struct source *s, gsize i)
{
	static const char *const q[] = {
		"const", "volatile", "restrict", "__restrict", "__rcu",
	};

	for (guint k = 0; i != SIZE_MAX && k < G_N_ELEMENTS(q); k++)
		if (source_is(s, i, q[k]))
			return TRUE;
	return FALSE;
}

/*
 * The commas that part further variables of the declaration whose type is token
 * @i, as token indices; empty for a parameter, a cast, or one variable.
 */
static GArray *declarator_commas(const struct source *s, gsize i)
{
	GArray *v = g_array_new(FALSE, FALSE, sizeof(gsize));
	uint8_t ctx = s->toks.v[i].ctx;
	int depth = 0;

	for (i = source_next(s, i); i < s->toks.n; i = source_next(s, i)) {
		if (s->toks.v[i].ctx != ctx)
			break;
		if (source_is(s, i, "{") && !depth) {
			gsize p = source_prev(s, i);

			if (p != SIZE_MAX && !source_is(s, p, "="))
				break;	/* a function's body */
		}
		if (source_is(s, i, "(") || source_is(s, i, "{") || source_is(s, i, "["))
			depth++;
		else if (source_is(s, i, ")") || source_is(s, i, "}") || source_is(s, i, "]"))
			depth--;
		if (!depth && source_is(s, i, ";"))
			return v;
		if (depth < 0)
			break;
		if (!depth && source_is(s, i, ","))
			g_array_append_val(v, i);
	}
	g_array_set_size(v, 0);
	return v;
}

/* The column (0-based) of byte @off. */
static gsize column(const struct source *s, gsize off)
{
	gsize start = off, col = 0;

	while (start && s->text[start - 1] != '\n')
		start--;
	for (; start < off; start++)
		col += s->text[start] == '\t' ? TAB - col % TAB : 1;
	return col;
}

/*
 * The text for the type, and in *@to the end of what it replaces.  A name that
 * tabs put into a column stays there as far as the longer type leaves room.
 */
static char *spelling(const struct spelled *sp, const struct source *s,
		      gsize i, gsize *to)
{
	GString *text = g_string_new("struct ");
	gsize k = i + 1, col, want;

	g_string_append(text, sp->h->new);
	*to = source_end(s, i);
	if (k + 1 < s->toks.n && s->toks.v[k].kind == TOK_SPACE &&
	    (s->toks.v[k + 1].kind == TOK_IDENT || source_is(s, k + 1, "*") ||
	     source_is(s, k + 1, "("))) {
		*to = source_end(s, k);
		if (memchr(s->text + s->toks.v[k].off, '\t',
			   s->toks.v[k].len)) {
			col = column(s, s->toks.v[i].off) + text->len;
			want = column(s, *to);
			if (col < want) {
				for (; col < want; col += TAB - col % TAB)
					g_string_append_c(text, '\t');
				g_string_append_c(text, '*');
				return g_string_free(text, FALSE);
			}
		}
	}
	g_string_append(text, " *");
	return g_string_free(text, FALSE);
}

static void problem(GPtrArray *problems, const struct source *s, gsize off,
		    const char *why)
{
	g_ptr_array_add(problems, g_strdup_printf("%s:%u: %s", s->file,
						  source_line(s, off), why));
}

void spelled_edit_uses(const struct spelled *sp, const struct source *s,
		       struct edit_set *out, GPtrArray *problems)
{
	const GPtrArray *edits = edit_of_file(out, s->file);

	if (!in_folders(sp, s->file))
		return;
	for (gsize i = 0; i < s->toks.n; i++) {
		gsize from = s->toks.v[i].off, to;
		GArray *commas;
		char *text;

		if (!is_use(sp, s, i) || is_qualifier(s, source_prev(s, i)) ||
		    is_qualifier(s, source_next(s, i)) || !spelled_at(sp, s, from))
			continue;
		text = spelling(sp, s, i, &to);
		edits = edit_of_file(out, s->file);
		if (covered(edits, from, to)) {
			/* A rule took it away, as a cast that is not needed. */
			if (!covered(edits, from, source_end(s, i)))
				problem(problems, s, from,
					"an edit leaves no room to spell the type; spell it by hand");
			g_free(text);
			continue;
		}
		commas = declarator_commas(s, i);
		add(out, s, from, to, text);
		for (guint k = 0; k < commas->len; k++) {
			gsize n = source_next(s, g_array_index(commas, gsize, k));

			add(out, s, s->toks.v[n].off, s->toks.v[n].off, "*");
		}
		g_array_free(commas, TRUE);
		g_free(text);
	}
}
