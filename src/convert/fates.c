// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives every site its fate.  The shape has libclang's opinion; what the rules
 * did at the site is the other one; src/model/fate.c maps both.  A site without a
 * fate, and opinions that disagree, are problems of the run.
 */
#include <string.h>

#include "convert/shape.h"
#include "text/condition.h"

GPtrArray *convert_cells_at(const struct convert *c, const struct source *s,
			    gsize off)
{
	return seen_cells(c->seen, s, off);
}

gboolean convert_is_unparsed(const struct convert *c, const char *file,
			     guint line)
{
	char *key = g_strdup_printf("%s:%u", file, line);
	gboolean yes = g_hash_table_contains(c->unparsed, key);

	g_free(key);
	return yes;
}

/* The edits in the span: their rules, and whether a semantic patch made one. */
static gboolean look_at_edits(const struct convert *c, struct shape_site *v)
{
	const GPtrArray *edits = edit_of_file(c->edits, v->site->file);
	gboolean of_rule = FALSE;

	for (guint i = 0; edits && i < edits->len; i++) {
		const struct edit *d = edits->pdata[i];

		if (d->off > v->to)
			break;
		if (d->off + d->len < v->from ||
		    (d->len && (d->off == v->to ||
				d->off + d->len == v->from)))
			continue;
		if (!strstr(v->rules->str, d->rule)) {
			if (v->rules->len)
				g_string_append_c(v->rules, '+');
			g_string_append(v->rules, d->rule);
		}
		of_rule |= convert_edit_of_rule(d);
	}
	return of_rule;
}

/* What the semantic patches say of the site. */
static enum fate_smpl smpl_opinion(const struct convert *c,
				   const struct shape_site *v,
				   gboolean edit_of_rule)
{
	const struct site *s = v->site;

	if (c->shape->rules_decide ? edit_of_rule :
	    edit_touches(c->smpl, s->file, v->from, v->to, NULL))
		return SMPL_CHANGE;
	if (!g_hash_table_contains(c->ran, s->file))
		return SMPL_NOT_RUN;
	/* Without a feed of the shape's own, spatch sees no macro bodies. */
	if (convert_is_unparsed(c, s->file, s->line) ||
	    (!c->shape->feed && s->ctx != SITE_CODE))
		return SMPL_NOT_PARSED;
	return SMPL_KEEP;
}

/* Under which condition would libclang see the site?  The caller frees it. */
static char *ast_condition(const struct shape_site *v)
{
	char *cond = v->src ? condition_at(&v->src->toks, v->site->off)
			    : g_strdup("");

	if (*cond)
		return cond;
	g_free(cond);
	if (v->unread)
		return g_strdup_printf("code that expands %s", v->unread);
	return g_strdup_printf("a config that compiles %s", v->site->file);
}

/* Under which condition would the other engine see it, too?  Or NULL. */
static char *condition_of(const struct shape_site *v)
{
	if (v->in.ast == AST_NOT_READ)
		return ast_condition(v);
	if (v->out.outcome != OUTCOME_ONE_SIDED)
		return NULL;
	if (v->in.smpl == SMPL_NOT_PARSED)
		return g_strdup("code that spatch can parse");
	if (v->in.smpl == SMPL_NOT_RUN)
		return g_strdup("a file that changes: the rules are run on those only");
	if (v->in.ast == AST_CHANGE || v->in.ast == AST_STAYS)
		return g_strdup("a rule for it: some forms only the driver knows");
	return NULL;
}

/* Is the site in code that the conversion is about?  Then both are asked. */
static gboolean is_asked(struct convert *c, const struct shape_site *v)
{
	return v->code &&
	       (!c->shape->reads || c->shape->reads(c, v->site->file));
}

/* Ask both engines about a site in code, and the table. */
static void decide_code(struct convert *c, struct shape_site *v,
			gboolean edit_of_rule)
{
	struct site *s = v->site;

	v->in.ast = v->cells->len ? AST_KEEP : AST_NOT_READ;
	v->in.smpl = smpl_opinion(c, v, edit_of_rule);
	if (c->shape->rules_decide && v->in.smpl == SMPL_KEEP)
		v->in.text = TEXT_KEEP;
	if (c->shape->opinion)
		c->shape->opinion(c, v);
	v->in.edited = v->rules->len > 0;
	v->out = fate_decide(&v->in);
	s->ast = g_strdup(fate_ast_name[v->in.ast]);
	s->smpl = g_strdup(fate_smpl_name[v->in.smpl]);
	s->outcome = g_strdup(outcome_name[v->out.outcome]);
	s->condition = condition_of(v);
}

/* The sentence for what the pipeline knows by itself. */
static void default_reason(const struct shape_site *v, const char *cells,
			   char **reason, char **evidence)
{
	*evidence = *cells ? g_strdup(cells) : NULL;
	if (v->out.fate == FATE_CONVERTED) {
		*reason = g_strdup(v->rules->str);
		if (!*evidence)
			*evidence = g_strdup(convert_is_code(v->site) ?
				"seen by the semantic patch alone" : "text");
	} else if (!convert_is_code(v->site)) {
		*reason = g_strdup(v->site->ctx == SITE_COMMENT ?
			"a comment that stays true: the name stays" :
			"text outside C code: the name stays");
	} else if (v->site->ctx == SITE_DISABLED) {
		*reason = g_strdup("disabled for good (#if 0)");
	} else if (v->out.fate == FATE_KEPT && v->in.ast == AST_NOT_READ) {
		*reason = g_strdup("no cell reads it; no rule matches it");
		*evidence = g_strdup("semantic patches alone");
	} else if (v->out.fate == FATE_KEPT) {
		*reason = g_strdup("another thing of that name");
	}
}

/* Why the site has no fate.  The caller frees it. */
static char *why_unresolved(const struct shape_site *v)
{
	const char *smpl = v->in.smpl == SMPL_CHANGE ?
			"a semantic patch would change it" :
		v->in.smpl == SMPL_KEEP ? "no semantic patch matches it" :
		v->in.smpl == SMPL_NOT_RUN ?
			"the semantic patches are not run on the file" :
			"spatch cannot parse it";

	if (v->in.ast == AST_NOT_READ)
		return g_strdup_printf("no cell reads it (it takes %s), and %s",
				       v->site->condition, smpl);
	return g_strdup_printf("the AST says '%s', and %s",
			       fate_ast_name[v->in.ast], smpl);
}

static void tell_unresolved(struct convert *c, struct shape_site *v)
{
	const struct site *s = v->site;
	char *why = v->reason ? g_steal_pointer(&v->reason)
			      : why_unresolved(v);

	g_ptr_array_add(c->res->problems, g_strdup_printf(
		"%s:%u:%u: it is not known what becomes of this %s: %s; convert it by hand",
		s->file, s->line, s->col, s->symbol, why));
	g_free(why);
}

static void tell_disagreement(struct convert *c, const struct shape_site *v,
			      const char *cells)
{
	const struct site *s = v->site;

	g_ptr_array_add(c->res->problems, g_strdup_printf(
		"%s:%u:%u: the engines disagree about %s: the AST says '%s' in %s, the semantic patches '%s'%s%s",
		s->file, s->line, s->col, s->symbol, s->ast, cells, s->smpl,
		v->rules->len ? " by " : "", v->rules->str));
}

/* No cell compiles the site, whatever became of it: the user must know. */
static void note_not_read(struct convert *c, const struct shape_site *v)
{
	const struct site *s = v->site;

	ledger_add_blind(c->ledger, "libclang", s->file, s->line,
			 s->condition);
	if (v->in.smpl != SMPL_NOT_RUN || v->in.text == TEXT_NOTHING)
		g_ptr_array_add(c->res->not_read, g_strdup_printf(
			"%s:%u: %s, %s; it takes %s", s->file, s->line,
			s->symbol, site_fate_name[s->fate], s->condition));
}

static void set_fate(struct convert *c, struct shape_site *v,
		     const char *cells)
{
	const struct refusal *no = convert_refusal_of(c, v->site->file);
	struct site *s = v->site;

	if (no && (convert_is_code(s) || v->rules->len)) {
		v->out.fate = FATE_REFUSED;
		v->reason = g_strdup(no->why);
		v->evidence = g_strdup(no->evidence);
	} else {
		if (c->shape->reason)
			c->shape->reason(c, v);
		if (!v->reason && v->out.fate != FATE_UNRESOLVED)
			default_reason(v, cells, &v->reason, &v->evidence);
	}
	s->fate = v->out.fate;
	if (v->out.outcome == OUTCOME_DISAGREE && s->fate != FATE_REFUSED)
		tell_disagreement(c, v, cells);
	else if (s->fate == FATE_UNRESOLVED)
		tell_unresolved(c, v);
	s->reason = s->fate == FATE_UNRESOLVED ? NULL : v->reason;
	s->evidence = s->fate == FATE_UNRESOLVED ? NULL : v->evidence;
	if (s->fate == FATE_UNRESOLVED) {
		g_free(v->reason);
		g_free(v->evidence);
	}
}

static int decide(struct convert *c, struct site *s)
{
	struct shape_site v = {
		.site = s, .src = g_hash_table_lookup(c->sources, s->file),
		.from = s->off, .to = s->off + strlen(s->symbol),
		.rules = g_string_new(NULL),
		.code = convert_is_code(s) && s->ctx != SITE_DISABLED,
	};
	gboolean of_rule, asked = is_asked(c, &v);
	char *cells;

	if (!v.src && v.code)
		v.src = convert_source(c, s->file);
	if (v.src && c->shape->span)
		c->shape->span(c, &v);
	v.cells = v.src && convert_is_code(s) ?
		  convert_cells_at(c, v.src, s->off) : g_ptr_array_new();
	of_rule = look_at_edits(c, &v);
	v.out.fate = v.rules->len ? FATE_CONVERTED : FATE_KEPT;
	if (asked)
		decide_code(c, &v, of_rule);
	cells = convert_cell_list(v.cells);
	set_fate(c, &v, cells);
	if (asked && v.in.ast == AST_NOT_READ)
		note_not_read(c, &v);
	c->res->outcomes[v.out.outcome]++;
	c->res->fates[s->fate]++;
	g_free(cells);
	g_ptr_array_free(v.cells, TRUE);
	g_string_free(v.rules, TRUE);
	return ledger_set_fate(c->ledger, s->id, s->fate, s->reason,
			       s->evidence) ||
	       ledger_set_views(c->ledger, s) ? -1 : 0;
}

int convert_fates(struct convert *c)
{
	if (c->shape->sites && c->shape->sites(c))
		return -1;
	for (guint i = 0; i < c->sites->len; i++)
		if (decide(c, c->sites->pdata[i]))
			return -1;
	return 0;
}
