// SPDX-License-Identifier: GPL-2.0-only
/*
 * The semantic patches look, too: at all configs, but only at types that a file
 * spells.  What no cell reads and they know is a row like any other.
 */
#include <string.h>

#include "convert/op/op.h"
#include "text/tokdiff.h"

static int load_rules(struct convert *c)
{
	for (guint i = 0; i < c->m->rules->len; i++) {
		struct smpl_rule *r = smpl_rule_load(c->m->rules->pdata[i],
						     c->m);

		if (!r)
			return -1;
		g_ptr_array_add(c->rules, r);
	}
	return 0;
}

int op_run_rules(struct opc *o)
{
	struct convert *c = o->c;

	if (load_rules(c))
		return -1;
	for (guint i = 0; i < c->source_list->len; i++) {
		struct source *s = c->source_list->pdata[i];
		struct smpl_job *job = g_new0(struct smpl_job, 1);

		job->name = g_strdup(s->file);
		job->text = g_strndup(s->text, s->size);
		job->size = s->size;
		g_ptr_array_add(c->smpl_jobs, job);
	}
	if (smpl_run(c->rules, c->smpl_jobs, c->jobs))
		return -1;
	for (guint i = 0; i < c->smpl_jobs->len; i++) {
		const struct smpl_job *job = c->smpl_jobs->pdata[i];
		const char *text = job->text;
		gsize size = job->size;
		const char *last = text;
		gsize last_size = size;
		GPtrArray *d;

		g_hash_table_add(o->smpl_ran, g_strdup(job->name));
		for (guint k = 0; k < c->rules->len; k++) {
			if (job->steps[k].error)
				g_ptr_array_add(c->res->problems,
					g_strdup_printf("%s: %s: %s", job->name,
					((struct smpl_rule *)
					 c->rules->pdata[k])->name,
					job->steps[k].error));
			if (job->steps[k].text) {
				last = job->steps[k].text;
				last_size = job->steps[k].size;
			}
		}
		d = tokdiff(text, size, last, last_size);
		for (guint k = 0; k < d->len; k++) {
			const struct tokdiff *t = d->pdata[k];

			edit_replace(o->smpl, job->name, text, t->off,
				     t->off + t->len, t->text, "smpl");
		}
		g_ptr_array_free(d, TRUE);
		for (guint k = 0; k < job->unparsed->len; k++) {
			guint line = g_array_index(job->unparsed, guint, k);

			ledger_add_blind(c->ledger, "spatch", job->name, line,
					 "spatch cannot parse it");
			g_hash_table_add(o->unparsed, g_strdup_printf("%s:%u",
							job->name, line));
			c->res->unparsed++;
		}
	}
	return 0;
}

/* What stands behind "=" at the member's name, token @i, if it is one name. */
static gsize value_token(const struct source *s, gsize i)
{
	gsize eq = source_next(s, i), v = source_next(s, eq);
	gsize end = source_next(s, v);

	if (!source_is(s, eq, "=") || v >= s->toks.n ||
	    s->toks.v[v].kind != TOK_IDENT ||
	    !(source_is(s, end, ",") || source_is(s, end, "}") ||
	      source_is(s, end, ";") || source_is(s, end, ")")))
		return SIZE_MAX;
	return v;
}

/* Is every use of @f in its file a declaration, or what a row puts? */
static gboolean only_put(const struct opc *o, const struct opfn *f,
			 struct source *s)
{
	for (gsize i = 0; i < s->toks.n; i++) {
		gsize p;

		if (s->toks.v[i].kind != TOK_IDENT || s->toks.v[i].disabled ||
		    !source_is(s, i, f->name) ||
		    op_place_of(f, s->file, s->toks.v[i].off))
			continue;
		p = source_prev(s, i);
		if (!source_is(s, p, "=") ||
		    !source_is(s, source_prev(s, p), o->member))
			return FALSE;
	}
	return TRUE;
}

/* The function that @name is in @s, by the text alone; NULL: none. */
static struct opfn *fn_by_text(struct opc *o, struct source *s,
			       const char *name)
{
	char *usr = g_strdup_printf("text:%s:%s", s->file, name);
	struct opfn *f = NULL;

	for (guint i = 0; i < o->fn_list->len && !f; i++) {
		struct opfn *x = o->fn_list->pdata[i];

		if (!strcmp(x->name, name) &&
		    g_hash_table_contains(x->files, s->file))
			f = x;
	}
	if (!f) {
		f = op_fn_get(o, usr, name);
		g_hash_table_add(f->files, g_strdup(s->file));
		g_ptr_array_add(o->fn_list, f);
		op_take_places(o, f);
		if (!f->places->len || !only_put(o, f, s))
			op_refuse_fn(f, g_strdup_printf("no cell reads %s(), and its text alone does not tell what it is",
						     name),
				  g_strdup(s->file));
	}
	g_free(usr);
	return f;
}

/*
 * What no cell reads and a semantic patch knows by its type is a row, too.  A
 * name that is a macro there, for NULL, needs no function.
 */
void op_take_unseen(struct opc *o)
{
	struct convert *c = o->c;

	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];
		char *key = convert_at_key(s->file, s->off);
		gsize len = strlen(o->member), v;
		struct source *src;
		struct oprow *r;
		char *name;

		if (strcmp(s->symbol, o->member) || !convert_is_code(s) ||
		    g_hash_table_contains(o->seen, key) ||
		    !edit_touches(o->smpl, s->file, s->off, s->off + len,
				  NULL)) {
			g_free(key);
			continue;
		}
		g_free(key);
		src = convert_source(c, s->file);
		r = op_row_get(o, s->file, s->off);
		r->valued = TRUE;
		v = value_token(src, source_token_at(src, s->off));
		if (v == SIZE_MAX) {
			op_refuse_row(r, "no cell reads it, and what is put here is not one name",
				   op_place_text(o, s->file, s->off));
			continue;
		}
		name = g_strndup(src->text + src->toks.v[v].off,
				 src->toks.v[v].len);
		if (strcmp(name, "NULL"))
			op_row_add(r, fn_by_text(o, src, name));
		g_free(name);
	}
}
