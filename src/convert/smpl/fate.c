// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fate of each site: from what libclang says, what the rules do and whether
 * it was edited.
 */
#include <string.h>

#include "convert/smpl/shape.h"
#include "text/condition.h"
#include "text/tokdiff.h"

enum ast_says { AST_SAYS_NOTHING, AST_SAYS_OTHER, AST_SAYS_REFERS };
enum smpl_says { SMPL_SAYS_NOTHING, SMPL_SAYS_KEEP, SMPL_SAYS_CHANGE };

/* Why libclang cannot tell what a token is, the plainest reason first. */
static const char *why_text(const struct ssite *s)
{
	static const enum refs_other order[] = {
		REFS_PASTED, REFS_STRINGIFIED, REFS_DROPPED, REFS_SKIPPED,
		REFS_UNKNOWN,
	};

	for (guint i = 0; i < G_N_ELEMENTS(order); i++)
		if (s->why & (1u << order[i]))
			return refs_other_names[order[i]];
	return "unseen";
}

static enum ast_says ast_of(const struct ssite *s)
{
	return s->refers ? AST_SAYS_REFERS : s->other ? AST_SAYS_OTHER :
						       AST_SAYS_NOTHING;
}

static enum smpl_says smpl_of(const struct ssite *s, const struct sfile *f)
{
	if (s->rule)
		return SMPL_SAYS_CHANGE;
	return s->unparsed || s->rules_failed || !f->code ||
	       s->site->ctx == SITE_DISABLED ? SMPL_SAYS_NOTHING :
					       SMPL_SAYS_KEEP;
}

/* Does a rule edit this very name, and not a larger part around it? */
static gboolean edits_name(const struct ssite *s, const struct sfile *f)
{
	gsize len = strlen(s->site->symbol);

	for (guint i = 0; f->diffs && i < f->diffs->len; i++) {
		const struct tokdiff *d = f->diffs->pdata[i];

		if (d->off > s->site->off)
			break;
		if (d->off == s->site->off && d->len == len)
			return TRUE;
	}
	return FALSE;
}

/* One table for what the two say together. */
static enum outcome outcome_of(const struct smplc *x, const struct ssite *s,
			       const struct sfile *f)
{
	enum ast_says ast = ast_of(s);
	enum smpl_says smpl = smpl_of(s, f);
	gboolean renamed = s->name && s->name->rename;

	if (ast == AST_SAYS_NOTHING)
		return smpl == SMPL_SAYS_NOTHING ? OUTCOME_NEITHER :
						   OUTCOME_ONE_SIDED;
	if (smpl == SMPL_SAYS_NOTHING)
		return OUTCOME_ONE_SIDED;
	if (ast == AST_SAYS_OTHER && smpl == SMPL_SAYS_CHANGE)
		/* The rule of a rename matches the name, whatever it is. */
		return renamed || !edits_name(s, f) ? OUTCOME_ONE_SIDED :
						      OUTCOME_DISAGREE;
	if (ast == AST_SAYS_REFERS && smpl == SMPL_SAYS_KEEP)
		return renamed ? OUTCOME_ONE_SIDED :
		       x->gone ? OUTCOME_DISAGREE : OUTCOME_AGREE;
	return OUTCOME_AGREE;
}

static void set_fate(struct ssite *s, enum site_fate fate, const char *reason,
		     const char *evidence)
{
	s->site->fate = fate;
	s->site->reason = g_strdup(reason);
	s->site->evidence = g_strdup(evidence);
}

static void problem(struct smplc *x, const struct ssite *s, const char *what)
{
	g_ptr_array_add(x->c->res->problems, g_strdup_printf(
		"%s:%u:%u: %s: %s; convert it by hand", s->site->file,
		s->site->line, s->site->col, s->site->symbol, what));
}

static void note(struct smplc *x, const struct ssite *s, const char *text)
{
	struct note *n = g_new0(struct note, 1);

	n->file = g_strdup(s->site->file);
	n->line = s->site->line;
	n->text = g_strdup_printf("%s: %s", s->site->symbol, text);
	g_ptr_array_add(x->c->res->notes, n);
}

/* A name outside C code. */
static void decide_text(struct smplc *x, struct ssite *s)
{
	static const char *const what[N_SITE_CTX] = {
		[SITE_COMMENT] = "a comment names it",
		[SITE_STRING] = "a string names it, which may be read by programs",
		[SITE_ASSEMBLY] = "assembly names it",
		[SITE_DOC] = "documentation names it",
		[SITE_RUST] = "Rust code names it",
		[SITE_SCRIPT] = "a script names it",
		[SITE_OTHER] = "a file that is not C names it",
	};
	const char *text = what[s->site->ctx];
	gboolean renamed = s->name && s->name->rename;

	if (s->edited) {
		set_fate(s, FATE_CONVERTED, text, "text");
		return;
	}
	set_fate(s, FATE_KEPT, text, NULL);
	/* What goes is looked for; what stays for other uses is not news. */
	if ((renamed && s->name->rename->kind != RENAME_MEMBER) || x->gone)
		note(x, s, text);
}

static char *cells_text(const struct ssite *s)
{
	if (!s->cell)
		return NULL;
	return s->cells > 1 ? g_strdup_printf("%s and %u more", s->cell,
					      s->cells - 1) :
			      g_strdup(s->cell);
}

/* Code that keeps the name: why, or NULL: that is not known. */
static char *kept_reason(const struct smplc *x, const struct ssite *s,
			 const struct sfile *f)
{
	gboolean renamed = s->name && s->name->rename;
	const char *why = why_text(s);

	if (s->other && !s->refers)
		return g_strdup_printf("another thing of that name: %s",
				       s->other);
	if (s->why & ((1u << REFS_PASTED) | (1u << REFS_STRINGIFIED)) &&
	    !s->refers)
		return g_strdup_printf("%s by %s(): the name that this makes is another one",
				       why, s->macro ? s->macro : "a macro");
	if (s->site->ctx == SITE_DISABLED)
		return g_strdup("disabled for good (#if 0)");
	if (renamed && s->name->rename->kind == RENAME_MEMBER && !s->refers &&
	    smpl_of(s, f) == SMPL_SAYS_KEEP)
		return g_strdup_printf("no use of %s.%s that a rule knows, and %s",
				       s->name->rename->owner, s->name->name,
				       why);
	if (renamed || (x->gone && s->refers))
		return NULL;
	if (smpl_of(s, f) == SMPL_SAYS_KEEP)
		return g_strdup(s->refers ? "no rule matches this use" :
				"no rule matches here, and no cell explains it");
	return NULL;
}

/* Code without an edit whose fate is not known: what to say. */
static char *open_text(const struct smplc *x, const struct ssite *s,
		       const struct sfile *f)
{
	if (s->shadowed)
		return g_strdup_printf("%s is a local variable of %s() and would hide the new name",
				       s->name->rename->to, s->function);
	if (s->rules_failed)
		return g_strdup("spatch gave no result for the file");
	if (s->unparsed)
		return g_strdup_printf("spatch cannot parse this code%s",
				       s->refers ? "" :
				       ", and no cell explains it");
	if (s->refers && x->gone)
		return g_strdup("no rule matches this use, and none may be left");
	if (f->error && !f->read)
		return g_strdup_printf("no cell compiles the file (%s), and no rule matches",
				       f->error);
	return g_strdup_printf("no rule matches, and libclang cannot tell what it is (%s)",
			       why_text(s));
}

static void decide_code(struct smplc *x, struct ssite *s,
			const struct sfile *f)
{
	char *cells = cells_text(s), *text;

	if (s->edited) {
		const char *rule = s->rule && f->rules ? f->rules :
				   s->refers ? "driver/reference" :
					       "driver/text";

		set_fate(s, FATE_CONVERTED, rule, cells ? cells :
			 "seen by the semantic patch alone");
		if (s->exported)
			note(x, s, "exported under this name: modules outside the tree use it");
	} else if (f->refused && s->rule) {
		set_fate(s, FATE_REFUSED, "the result would not compile",
			 f->refused);
	} else if ((text = kept_reason(x, s, f))) {
		set_fate(s, FATE_KEPT, text, cells);
		if (s->name && s->name->rename && !s->other &&
		    s->site->ctx != SITE_DISABLED)
			note(x, s, text);
		g_free(text);
	} else {
		text = open_text(x, s, f);
		problem(x, s, text);
		g_free(text);
	}
	g_free(cells);
}

/* No cell explains the site: under which condition would one see it? */
static void note_not_read(struct smplc *x, struct site *site)
{
	const struct source *src = convert_source(x->c, site->file);

	site->condition = src ? condition_at(&src->toks, site->off) : NULL;
	ledger_add_blind(x->c->ledger, "libclang", site->file, site->line,
			 site->condition ? site->condition :
					   "no cell reads it");
	g_ptr_array_add(x->c->res->not_read, g_strdup_printf("%s:%u: %s, %s",
							site->file, site->line,
							site->symbol,
							site_fate_name[site->fate]));
}

static void tell_outcome(struct smplc *x, struct ssite *s,
			 const struct sfile *f)
{
	static const char *const smpl_text[] = { "not parsed", "keep", "change" };
	enum outcome o = outcome_of(x, s, f);
	enum ast_says ast = ast_of(s);
	struct site *site = s->site;

	site->ast = g_strdup(ast == AST_SAYS_REFERS ? "refers" :
			     ast == AST_SAYS_OTHER ? "other" : why_text(s));
	site->smpl = g_strdup(smpl_text[smpl_of(s, f)]);
	site->outcome = g_strdup(outcome_name[o]);
	x->c->res->outcomes[o]++;
	if (ast == AST_SAYS_NOTHING && site->ctx != SITE_DISABLED)
		note_not_read(x, site);
	/* A site without a fate is a problem already. */
	if (o == OUTCOME_DISAGREE && site->fate != FATE_UNRESOLVED)
		g_ptr_array_add(x->c->res->problems, g_strdup_printf(
			"%s:%u:%u: the engines disagree about %s: libclang says '%s' in %s, the semantic patches '%s'",
			site->file, site->line, site->col, site->symbol,
			site->ast, s->cell ? s->cell : "no cell", site->smpl));
}

static void decide_file(struct smplc *x, const struct sfile *f)
{
	guint code = 0;

	for (guint i = f->first; i < f->first + f->n; i++) {
		struct ssite *s = smplc_site(x, i);

		if (convert_is_code(s->site)) {
			code++;
			decide_code(x, s, f);
			tell_outcome(x, s, f);
		} else {
			decide_text(x, s);
			x->c->res->outcomes[OUTCOME_NONE]++;
		}
		x->c->res->fates[s->site->fate]++;
		ledger_set_fate(x->c->ledger, s->site->id, s->site->fate,
				s->site->reason, s->site->evidence);
		ledger_set_views(x->c->ledger, s->site);
	}
	if (f->code && code && !f->read && f->error) {
		struct note *n = g_new0(struct note, 1);

		n->file = g_strdup(f->name);
		n->line = 1;
		n->text = g_strdup_printf("no cell compiles this file, so that its %u sites have one opinion only (%s)",
					  code, f->error);
		g_ptr_array_add(x->c->res->notes, n);
	}
}

void smplc_decide(struct smplc *x)
{
	for (guint i = 0; i < x->files->len; i++)
		decide_file(x, x->files->pdata[i]);
	g_ptr_array_sort(x->c->res->notes, note_compare);
}
