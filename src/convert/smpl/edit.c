// SPDX-License-Identifier: GPL-2.0-only
/*
 * The edits: those of the rules, and those by which the driver renames what
 * libclang says is meant.  Edits of a file whose result does not compile are
 * taken back.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/newdiag.h"
#include "convert/smpl/shape.h"
#include "text/tokdiff.h"

static gsize site_end(const struct ssite *s)
{
	return s->site->off + strlen(s->site->symbol);
}

/* Does the text alone show that the name is called, or is a macro's? */
static gboolean text_calls(struct smplc *x, const struct ssite *s)
{
	const struct source *src = convert_source(x->c, s->site->file);
	gsize i, p;

	if (!src)
		return FALSE;
	i = source_token_at(src, s->site->off);
	p = source_prev(src, i);
	if (p != SIZE_MAX && (source_is(src, p, ".") ||
			      source_is(src, p, "->") ||
			      source_is(src, p, "#") ||
			      source_is(src, p, "##")))
		return FALSE;
	return source_is(src, source_next(src, i), "(");
}

/* Is text of this kind renamed on request? */
static gboolean is_also(const struct smplc *x, const struct ssite *s)
{
	return x->also & (1u << s->site->ctx);
}

static gboolean is_kconfig(const char *file)
{
	const char *base = strrchr(file, '/');

	base = base ? base + 1 : file;
	return g_str_has_prefix(base, "Kconfig");
}

/*
 * A config symbol is one name in the whole tree: CONFIG_X in code, Makefiles and
 * configs, X in Kconfig files.
 */
static gboolean renames_config(const struct smplc *x, const struct ssite *s)
{
	gboolean bare = !g_str_has_prefix(s->site->symbol, "CONFIG_");

	if (bare)
		return is_kconfig(s->site->file) &&
		       s->site->ctx != SITE_COMMENT &&
		       s->site->ctx != SITE_STRING;
	if (s->site->ctx == SITE_COMMENT || s->site->ctx == SITE_DOC ||
	    s->site->ctx == SITE_STRING)
		return is_also(x, s);
	return TRUE;
}

gboolean smplc_renames(struct smplc *x, const struct ssite *s)
{
	const struct rename *r = s->name ? s->name->rename : NULL;

	if (!r || s->shadowed)
		return FALSE;
	if (r->kind == RENAME_CONFIG)
		return renames_config(x, s);
	/* A member's name alone says little in a text. */
	if (!convert_is_code(s->site))
		return is_also(x, s) && r->kind != RENAME_MEMBER;
	if (s->refers || s->other)
		return s->refers;
	/* Pasted or stringified, and nothing else, in every cell. */
	if (s->why & ((1u << REFS_PASTED) | (1u << REFS_STRINGIFIED)))
		return FALSE;
	if (r->kind == RENAME_MEMBER)
		return s->rule;
	/* No cell explains it: the rule, or the text where no rule looks. */
	return s->rule || ((s->site->ctx == SITE_DISABLED ||
			    s->site->ctx == SITE_MACRO) && text_calls(x, s));
}

/* Take the edits of the rules, but those of names that are another thing. */
static void take_rules(struct smplc *x, struct sfile *f)
{
	const struct source *s = convert_source(x->c, f->name);

	for (guint k = 0; s && f->diffs && k < f->diffs->len; k++) {
		const struct tokdiff *d = f->diffs->pdata[k];

		edit_replace(x->c->edits, f->name, s->text, d->off,
			     d->off + d->len, d->text, f->rules);
	}
}

static void rename_sites(struct smplc *x, struct sfile *f)
{
	for (guint i = f->first; i < f->first + f->n; i++) {
		struct ssite *s = smplc_site(x, i);
		const struct source *src;
		GString *rule;

		if (!smplc_renames(x, s) || (!x->pure && s->rule))
			continue;
		src = convert_source(x->c, f->name);
		if (!src)
			continue;
		rule = g_string_new(NULL);
		if (s->rule && f->rules)
			g_string_printf(rule, "%s+", f->rules);
		g_string_append(rule, s->refers ? "driver/reference" :
				"driver/text");
		edit_replace(x->c->edits, f->name, src->text, s->site->off,
			     site_end(s), s->name->rename->to, rule->str);
		g_string_free(rule, TRUE);
	}
}

static void note_edited(struct smplc *x, const struct sfile *f)
{
	const GPtrArray *v = edit_of_file(x->c->edits, f->name);
	guint k = 0;

	for (guint i = f->first; i < f->first + f->n; i++) {
		struct ssite *s = smplc_site(x, i);

		s->edited = FALSE;
		for (; v && k < v->len; k++) {
			const struct edit *e = v->pdata[k];

			if (e->off + e->len > s->site->off)
				break;
		}
		s->edited = v && k < v->len &&
			((struct edit *)v->pdata[k])->off < site_end(s);
		/* Within the arguments of the call: the call's rule. */
		if (!x->pure && s->rule)
			s->edited = v != NULL;
	}
}

int smplc_edit(struct smplc *x)
{
	for (guint i = 0; i < x->files->len; i++) {
		struct sfile *f = x->files->pdata[i];

		if (f->stays)
			continue;
		if (!x->pure)
			take_rules(x, f);
		if (x->renames->len)
			rename_sites(x, f);
		note_edited(x, f);
	}
	return 0;
}

/* ---- what does not compile ---- */

static void refuse_file(struct smplc *x, struct sfile *f,
			const struct new_diag *d)
{
	f->stays = TRUE;
	f->refused = g_strdup_printf("%s:%u:%u: %s", d->d->file, d->line,
				     d->d->col, d->d->text);
	g_ptr_array_add(x->c->res->refusals, g_strdup(f->refused));
}

int smplc_take_back(struct smplc *x, gboolean *again)
{
	const GPtrArray *all = new_diags_all(x->diags);
	gboolean any = FALSE;

	*again = FALSE;
	for (guint i = 0; i < all->len; i++) {
		const struct new_diag *d = all->pdata[i];
		struct sfile *f = g_hash_table_lookup(x->by_file, d->d->file);

		/*
		 * A rename is of one thing, and so is a use that must go: to take
		 * back a part of it leaves what does not compile either.
		 */
		if (x->renames->len || x->gone || !f || f->stays ||
		    !result_file(x->c->res, f->name))
			continue;
		refuse_file(x, f, d);
		any = TRUE;
	}
	if (!any) {
		for (guint i = 0; i < all->len; i++)
			new_diag_tell(all->pdata[i], "",
				      x->c->res->problems);
		return 0;
	}
	*again = TRUE;
	edit_set_free(x->c->edits);
	x->c->edits = edit_set_new();
	new_diags_again(x->diags, x->c->edits);
	return smplc_edit(x);
}
