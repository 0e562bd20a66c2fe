// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conversions of an op: a member of a struct that points to a function, whose
 * parameters become a state that it gets a pointer to.  Callbacks are found by
 * the op's type, in every cell; the text says what no cell reads.  A callback
 * is converted as a whole, everywhere that it is declared, or refused as a
 * whole, and then the op stays for it.  What the callers do is the conversion's
 * to say (src/treeedit.c).
 *
 * A parameter that is read once, in no loop, is replaced by what the state has;
 * any other becomes a local variable of its old name and type, so that the
 * body stays as it is.
 */
#include <string.h>

#include "convert-internal.h"
#include "condition.h"
#include "diag.h"
#include "opfacts.h"
#include "scan.h"
#include "tokdiff.h"
#include "treeedit.h"

#define MAX_PARAMS 8
#define MAX_ROUNDS 4

struct opfn;

struct opplace {		/* a declaration as it is written */
	struct source *s;
	gsize name;		/* token */
	gsize open, close;	/* tokens of the parameter list */
	gsize first[MAX_PARAMS], last[MAX_PARAMS];	/* tokens of each */
	gsize param[MAX_PARAMS];	/* token of the name, or 0 */
	gsize body, body_end;	/* tokens '{' and '}', or 0 */
	gboolean decl_first;
};

struct opfn {			/* a function that is put into the op */
	char *usr, *name;
	GHashTable *files;	/* char * set: where it is declared */
	GPtrArray *places;	/* struct opplace */
	char *refused;		/* why it is not converted, or NULL */
	char *evidence;
};

/* The member's name in an initialiser or an assignment, and what goes there. */
struct oprow {
	char *file;
	gsize off;
	GPtrArray *fns;		/* struct opfn, borrowed */
	gboolean positional;	/* an initialiser without names: the value's place */
	char *refused, *evidence;
};

struct opc {
	struct convert *c;
	char *record, *member, *becomes, *state, *state_name;
	char **params, **values, **complements, **harmless;
	guint n_params, keeps;
	GPtrArray *facts;
	GPtrArray *units;
	GHashTable *in_units;	/* "CELL FILE" set */
	GHashTable *fns;	/* usr -> struct opfn */
	GPtrArray *fn_list;	/* by name and file */
	GHashTable *rows;	/* "FILE:OFF" -> struct oprow */
	GPtrArray *new_files;
	struct edit_set *smpl;	/* what the semantic patches would do */
	GHashTable *unparsed;	/* "FILE:LINE" set */
	GHashTable *smpl_ran;	/* files */
	GHashTable *seen;	/* "FILE:OFF" of the op's name, where a cell sees it */
	guint converted, refused;
};

static char *at_key(const char *file, gsize off)
{
	return g_strdup_printf("%s:%" G_GSIZE_FORMAT, file, off);
}

static char *place_text(struct opc *o, const char *file, gsize off)
{
	struct source *s = convert_source(o->c, file);

	return g_strdup_printf("%s:%u", file, s ? source_line(s, off) : 0);
}

/* The manifest's [op]. */

static int load(struct opc *o)
{
	GKeyFile *k = o->c->m->keys;
	const char *space;

	o->record = g_key_file_get_string(k, "op", "record", NULL);
	o->member = g_key_file_get_string(k, "op", "member", NULL);
	o->becomes = g_key_file_get_string(k, "op", "becomes", NULL);
	o->state = g_key_file_get_string(k, "op", "state", NULL);
	o->params = g_key_file_get_string_list(k, "op", "parameters", NULL,
					       NULL);
	o->values = g_key_file_get_string_list(k, "op", "values", NULL, NULL);
	o->complements = g_key_file_get_string_list(k, "op", "complements",
						    NULL, NULL);
	o->harmless = g_key_file_get_string_list(k, "op", "harmless", NULL,
						 NULL);
	if (!o->harmless)
		o->harmless = g_new0(char *, 1);
	o->n_params = o->params ? g_strv_length(o->params) : 0;
	space = o->state ? strrchr(o->state, ' ') : NULL;
	if (!o->record || !o->member || !o->becomes || !space || !o->values ||
	    o->n_params < 2 || o->n_params > MAX_PARAMS ||
	    g_strv_length(o->values) != o->n_params - 1 ||
	    (o->complements && g_strv_length(o->complements) !=
	     o->n_params - 1))
		return tw_error("%s: [op] needs record, member, becomes, state, parameters, and a value for each parameter but the last (docs/conversions.md)",
				o->c->m->name);
	while (*space == ' ' || *space == '*')
		space++;
	o->state_name = g_strdup(space);
	o->keeps = o->n_params - 1;
	return 0;
}

/* Reading. */

static void add_unit(struct opc *o, const struct cell_info *cell,
		     const char *file)
{
	char *key = g_strdup_printf("%s %s", cell->name, file);
	struct op_unit *u;

	if (!g_hash_table_add(o->in_units, key))
		return;
	u = g_new0(struct op_unit, 1);
	u->cell = cell;
	u->file = g_strdup(file);
	g_ptr_array_add(o->units, u);
}

static void unit_free(gpointer p)
{
	g_free(((struct op_unit *)p)->file);
	g_free(p);
}

struct found { GHashTable *files; };

static int note_file(const struct site *s, void *data)
{
	struct found *f = data;

	if (convert_is_code(s) && source_is_c(s->file))
		g_hash_table_add(f->files, g_strdup(s->file));
	return 0;
}

/* The C files that mention one of @names in code. */
static GHashTable *files_with(struct opc *o, char **names)
{
	struct found f = { g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL) };
	struct ledger *l = ledger_create(":memory:");
	char *none[] = { NULL };
	struct scan_request req = {
		.tree = o->c->t->path, .types = none, .symbols = names,
		.with = o->c->t->with,
		.jobs = o->c->jobs,
	};
	struct scan_result res = { 0 };

	if (l && !scan_tree(&req, l, &res)) {
		g_ptr_array_free(res.symbols, TRUE);
		ledger_each(l, note_file, &f);
	}
	if (l)
		ledger_close(l);
	return f.files;
}

/*
 * Every unit that mentions the op or its record: in all cells of its arch; a
 * generic one in the cells that read all generic units, and those that mention
 * the op itself in the others, too.
 */
static void choose_units(struct opc *o, GHashTable *files)
{
	GList *names = g_list_sort(g_hash_table_get_keys(files),
				   (GCompareFunc)strcmp);

	for (guint i = 0; i < o->c->cells->len; i++) {
		const struct cell_info *cell = o->c->cells->pdata[i];

		for (GList *n = names; n && cell->ready; n = n->next) {
			char *arch = source_arch(n->data);

			if (g_str_has_suffix(n->data, ".c") &&
			    (arch ? !strcmp(arch, cell->srcarch) :
			     cell->all_units ||
			     g_hash_table_contains(o->c->code_files, n->data)))
				add_unit(o, cell, n->data);
			g_free(arch);
		}
	}
	g_list_free(names);
}

static int read_units(struct opc *o, const struct ast_unsaved *u, guint n,
		      GPtrArray *out)
{
	struct op_reading r = {
		.tree = o->c->t->path, .with = o->c->t->with,
		.record = o->record,
		.member = o->member, .unsaved = u, .n_unsaved = n,
		.jobs = o->c->jobs,
	};
	GPtrArray *failed = g_ptr_array_new_with_free_func(g_free);
	guint cached;

	if (op_read(&r, o->units, out, failed, &cached))
		return -1;
	for (guint i = 0; i < failed->len; i++)
		g_ptr_array_add(o->c->res->problems, g_strdup_printf(
			"not read: %s", (char *)failed->pdata[i]));
	o->c->res->units = o->units->len;
	o->c->res->units_cached = cached;
	g_ptr_array_free(failed, TRUE);
	return 0;
}

/* From facts to functions and rows. */

static void fn_free(gpointer p)
{
	struct opfn *f = p;

	g_free(f->usr);
	g_free(f->name);
	g_free(f->refused);
	g_free(f->evidence);
	g_hash_table_destroy(f->files);
	g_ptr_array_free(f->places, TRUE);
	g_free(f);
}

static struct opfn *fn_get(struct opc *o, const char *usr, const char *name)
{
	struct opfn *f = g_hash_table_lookup(o->fns, usr);

	if (!f) {
		f = g_new0(struct opfn, 1);
		f->usr = g_strdup(usr);
		f->name = g_strdup(name);
		f->files = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);
		f->places = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(o->fns, f->usr, f);
	}
	return f;
}

static void row_free(gpointer p)
{
	struct oprow *r = p;

	g_free(r->file);
	g_free(r->refused);
	g_free(r->evidence);
	g_ptr_array_free(r->fns, TRUE);
	g_free(r);
}

static struct oprow *row_get(struct opc *o, const char *file, gsize off)
{
	char *key = at_key(file, off);
	struct oprow *r = g_hash_table_lookup(o->rows, key);

	if (!r) {
		r = g_new0(struct oprow, 1);
		r->file = g_strdup(file);
		r->off = off;
		r->fns = g_ptr_array_new();
		g_hash_table_insert(o->rows, key, r);
	} else {
		g_free(key);
	}
	return r;
}

static void row_add(struct oprow *r, struct opfn *f)
{
	if (!g_ptr_array_find(r->fns, f, NULL))
		g_ptr_array_add(r->fns, f);
}

/* Of several reasons the first by text: facts come in any order of cells. */
static void refuse_fn(struct opfn *f, char *why, char *evidence)
{
	if (!f->refused || strcmp(evidence, f->evidence) < 0) {
		g_free(f->refused);
		g_free(f->evidence);
		f->refused = why;
		f->evidence = evidence;
	} else {
		g_free(why);
		g_free(evidence);
	}
}

static void refuse_row(struct oprow *r, const char *why, char *evidence)
{
	if (!r->refused) {
		r->refused = g_strdup(why);
		r->evidence = evidence;
	} else {
		g_free(evidence);
	}
}

static void take_values(struct opc *o)
{
	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		for (guint k = 0; k < a->members->len; k++) {
			const struct op_member *m = a->members->pdata[k];

			if (m->how == 'i' || m->how == '=')
				row_get(o, m->file, m->off);
		}
		for (guint k = 0; k < a->values->len; k++) {
			const struct op_value *v = a->values->pdata[k];
			struct oprow *r = *v->op_file ?
				row_get(o, v->op_file, v->op_off) : NULL;

			if (*v->usr) {
				if (!r) {
					r = row_get(o, v->file, v->off);
					r->positional = TRUE;
				}
				row_add(r, fn_get(o, v->usr, v->name));
			} else if (strcmp(v->name, "NULL") && r) {
				refuse_row(r, "what is put here is no function that can be told",
					   place_text(o, v->file, v->off));
			}
		}
	}
	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		for (guint k = 0; k < a->decls->len; k++) {
			const struct op_decl *d = a->decls->pdata[k];
			struct opfn *f = g_hash_table_lookup(o->fns, d->usr);

			if (f)
				g_hash_table_add(f->files, g_strdup(d->file));
		}
	}
}

/* The text of declarations. */

/* Do the tokens from @i on spell @type?  The token behind them, or SIZE_MAX. */
static gsize type_end(const struct source *s, gsize i, const char *type)
{
	const char *p = type;

	while (*p) {
		gsize n = 0;
		char word[64];

		if (*p == ' ') {
			p++;
			continue;
		}
		while (g_ascii_isalnum(p[n]) || p[n] == '_')
			n++;
		n = n ? n : 1;
		g_strlcpy(word, p, MIN(n + 1, sizeof(word)));
		if (!source_is(s, i, word))
			return SIZE_MAX;
		p += n;
		i = source_next(s, i);
	}
	return i;
}

/* Splits the list at its commas and compares the types; FALSE: another one. */
static gboolean take_params(const struct opc *o, struct opplace *p)
{
	const struct source *s = p->s;
	gsize i = source_next(s, p->open);

	for (guint n = 0; n < o->n_params; n++) {
		gsize end = type_end(s, i, o->params[n]);

		if (end == SIZE_MAX)
			return FALSE;
		p->first[n] = i;
		p->param[n] = s->toks.v[end].kind == TOK_IDENT ? end : 0;
		for (; i < p->close && !source_is(s, i, ",");
		     i = source_next(s, i)) {
			if (source_is(s, i, "(") || source_is(s, i, "["))
				i = source_close(s, i);
			if (i == SIZE_MAX || s->toks.v[i].ctx != CTX_CODE)
				return FALSE;
			p->last[n] = i;
		}
		if (n + 1 < o->n_params) {
			if (i >= p->close)
				return FALSE;
			i = source_next(s, i);
		}
	}
	return i == p->close;
}

/* A declaration of @name whose name is token @i, or NULL. */
static struct opplace *place_at(const struct opc *o, struct source *s, gsize i)
{
	struct opplace p = { .s = s, .name = i, .open = source_next(s, i) };
	gsize k;

	if (!source_is(s, p.open, "("))
		return NULL;
	p.close = source_close(s, p.open);
	if (p.close == SIZE_MAX || !take_params(o, &p))
		return NULL;
	for (k = source_next(s, p.close); k < s->toks.n &&
	     s->toks.v[k].kind == TOK_IDENT; k = source_next(s, k))
		if (source_is(s, source_next(s, k), "("))
			k = source_close(s, source_next(s, k));
	if (source_is(s, k, "{")) {
		p.body = k;
		p.body_end = source_close(s, k);
		if (p.body_end == SIZE_MAX)
			return NULL;
	}
	return g_memdup2(&p, sizeof(p));
}

static void take_places(struct opc *o, struct opfn *f)
{
	GHashTableIter it;
	gpointer k;

	g_ptr_array_set_size(f->places, 0);
	g_hash_table_iter_init(&it, f->files);
	while (g_hash_table_iter_next(&it, &k, NULL)) {
		struct source *s = convert_source(o->c, k);

		for (gsize i = 0; s && i < s->toks.n; i++) {
			struct opplace *p;

			if (s->toks.v[i].kind != TOK_IDENT ||
			    s->toks.v[i].ctx != CTX_CODE ||
			    s->toks.v[i].disabled || !source_is(s, i, f->name))
				continue;
			p = place_at(o, s, i);
			if (p)
				g_ptr_array_add(f->places, p);
		}
	}
}

static struct opplace *place_of(const struct opfn *f, const char *file,
				gsize off)
{
	for (guint i = 0; i < f->places->len; i++) {
		struct opplace *p = f->places->pdata[i];

		if (!strcmp(p->s->file, file) &&
		    p->s->toks.v[p->name].off == off)
			return p;
	}
	return NULL;
}

/* Is token @i an argument of a macro that only passes a name on? */
static gboolean is_harmless(const struct opc *o, const struct source *s,
			    gsize off)
{
	gsize i = s ? source_token_at(s, off) : 0;
	gsize p = s ? source_prev(s, i) : SIZE_MAX;
	char *name;
	gboolean yes;

	if (!s || !source_is(s, p, "("))
		return FALSE;
	p = source_prev(s, p);
	if (p == SIZE_MAX)
		return FALSE;
	name = g_strndup(s->text + s->toks.v[p].off, s->toks.v[p].len);
	yes = g_strv_contains((const char *const *)o->harmless, name);
	g_free(name);
	return yes;
}

/* The definition in which byte @off of @file stands. */
static const struct opplace *body_around(const struct opfn *f,
					 const char *file, gsize off)
{
	for (guint i = 0; i < f->places->len; i++) {
		const struct opplace *p = f->places->pdata[i];

		if (!strcmp(p->s->file, file) && p->body &&
		    p->s->toks.v[p->body].off < off &&
		    off < p->s->toks.v[p->body_end].off)
			return p;
	}
	return NULL;
}

static gboolean same_token(const struct source *s, gsize a, gsize b)
{
	return s->toks.v[a].len == s->toks.v[b].len &&
	       !memcmp(s->text + s->toks.v[a].off, s->text + s->toks.v[b].off,
		       s->toks.v[a].len);
}

/*
 * Does the call whose function's name is at @off, in the body @in, hand on all
 * parameters of its caller as they are?
 */
static gboolean hands_on(const struct opc *o, const struct opplace *in,
			 gsize off)
{
	const struct source *s = in->s;
	gsize i = source_next(s, source_token_at(s, off));

	if (!source_is(s, i, "("))
		return FALSE;
	for (guint n = 0; n < o->n_params; n++) {
		i = source_next(s, i);
		if (i >= s->toks.n || !in->param[n] ||
		    !same_token(s, i, in->param[n]))
			return FALSE;
		i = source_next(s, i);
		if (!source_is(s, i, n + 1 < o->n_params ? "," : ")"))
			return FALSE;
	}
	return TRUE;
}

static void check_fn_refs(struct opc *o, const struct op_facts *a)
{
	for (guint k = 0; k < a->refs->len; k++) {
		const struct op_ref *r = a->refs->pdata[k];
		struct opfn *f = g_hash_table_lookup(o->fns, r->usr);
		struct source *s = f ? convert_source(o->c, r->file) : NULL;
		struct opfn *caller = g_hash_table_lookup(o->fns, r->caller);
		const struct opplace *in;

		if (!f)
			continue;
		in = caller ? body_around(caller, r->file, r->off) : NULL;
		if (r->how == 'c' && in && hands_on(o, in, r->off))
			continue;
		if (r->how != 'c' && s && is_harmless(o, s, r->off))
			continue;
		refuse_fn(f, g_strdup_printf("%s() is %s", f->name,
			r->how == 'c' ? "called with its old parameters" :
			"used other than in the op"),
			place_text(o, r->file, r->off));
	}
}

static gboolean has_word(const struct source *s, gsize from, gsize to,
			 const char *word)
{
	for (gsize i = from; i < to; i++)
		if (s->toks.v[i].kind == TOK_IDENT && source_is(s, i, word) &&
		    !source_is(s, source_prev(s, i), "->") &&
		    !source_is(s, source_prev(s, i), "."))
			return TRUE;
	return FALSE;
}

static void check_fn(struct opc *o, struct opfn *f)
{
	for (guint i = 0; i < f->places->len; i++) {
		const struct opplace *p = f->places->pdata[i];

		if (p->body && has_word(p->s, p->open, p->body_end,
					o->state_name))
			refuse_fn(f, g_strdup_printf("%s() has a '%s' of its own",
						     f->name, o->state_name),
				  place_text(o, p->s->file,
					     p->s->toks.v[p->name].off));
	}
	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		for (guint k = 0; k < a->decls->len; k++) {
			const struct op_decl *d = a->decls->pdata[k];
			struct opplace *p;

			if (strcmp(d->usr, f->usr))
				continue;
			p = place_of(f, d->file, d->off);
			/* EXPORT_SYMBOL() declares it once more. */
			if (!p && is_harmless(o, convert_source(o->c, d->file),
					      d->off))
				continue;
			if (!p)
				refuse_fn(f, g_strdup_printf("%s() is declared in another form than '%s(...)' with the op's types",
							     f->name, f->name),
					  place_text(o, d->file, d->off));
			else if (d->defined)
				p->decl_first |= d->decl_first;
		}
	}
}

/* What is refused keeps its row, and a row keeps all that is put there. */
static void spread_refusals(struct opc *o)
{
	GHashTableIter it;
	gboolean more = TRUE;
	gpointer v;

	while (more) {
		more = FALSE;
		g_hash_table_iter_init(&it, o->rows);
		while (g_hash_table_iter_next(&it, NULL, &v)) {
			struct oprow *r = v;
			struct opfn *bad = NULL;

			for (guint i = 0; i < r->fns->len; i++) {
				struct opfn *f = r->fns->pdata[i];

				if (f->refused && (!bad ||
				    strcmp(f->name, bad->name) < 0))
					bad = f;
			}
			if (bad && !r->refused) {
				refuse_row(r, bad->refused,
					   g_strdup(bad->evidence));
				more = TRUE;
			}
			for (guint i = 0; i < r->fns->len && r->refused; i++) {
				struct opfn *f = r->fns->pdata[i];

				if (!f->refused) {
					refuse_fn(f, g_strdup_printf("it shares a table's member with what stays: %s",
								     r->refused),
						  g_strdup(r->evidence));
					more = TRUE;
				}
			}
		}
		/* Who calls a function that stays, or is called by one. */
		for (guint i = 0; i < o->facts->len; i++) {
			const struct op_facts *a = o->facts->pdata[i];

			for (guint k = 0; k < a->refs->len; k++) {
				const struct op_ref *r = a->refs->pdata[k];
				struct opfn *f = g_hash_table_lookup(o->fns,
								     r->usr);
				struct opfn *in = g_hash_table_lookup(o->fns,
								r->caller);

				if (!f || !in || r->how != 'c' ||
				    !f->refused == !in->refused)
					continue;
				more = TRUE;
				if (f->refused)
					refuse_fn(in, g_strdup_printf("%s() calls %s(), which stays",
						in->name, f->name),
						g_strdup(f->evidence));
				else
					refuse_fn(f, g_strdup_printf("%s() is called by %s(), which stays",
						f->name, in->name),
						g_strdup(in->evidence));
			}
		}
	}
}

/* Edits. */

/* Does an edit of @set touch the bytes?  The names of the rules go to @rules. */
static gboolean edits_in(const struct edit_set *set, const char *file,
			 gsize from, gsize to, GString *rules)
{
	const GPtrArray *v = edit_of_file(set, file);
	gboolean hit = FALSE;

	for (guint i = 0; v && i < v->len; i++) {
		const struct edit *e = v->pdata[i];

		if (e->off >= to || e->off + e->len < from ||
		    (e->len && e->off + e->len <= from))
			continue;
		hit = TRUE;
		if (rules) {
			if (rules->len)
				g_string_append_c(rules, '+');
			g_string_append(rules, e->rule);
		}
	}
	return hit;
}

static void put_edit(struct opc *o, const struct source *s, gsize from,
		     gsize to, const char *text, const char *rule)
{
	char *old = g_strndup(s->text + from, to - from);
	char *name = g_strdup_printf("driver/%s", rule);

	edit_add(o->c->edits, s->file, from, old, text, name);
	g_free(name);
	g_free(old);
}

/* Does @value need parentheses where a name stood? */
static gboolean is_loose(const char *value)
{
	int depth = 0;

	for (; *value; value++) {
		depth += *value == '(';
		depth -= *value == ')';
		if (*value == ' ' && !depth)
			return TRUE;
	}
	return FALSE;
}

/* "@->addr" with the name of the state. */
static char *value_of(const struct opc *o, const char *pattern)
{
	char **parts = g_strsplit(pattern, "@", -1);
	char *text = g_strjoinv(o->state_name, parts);

	g_strfreev(parts);
	return text;
}

struct use { gsize tok; gboolean complement; };

/*
 * The uses of parameter @n in the body: all tokens of its name that are no
 * member's, but those that a cell reads and that libclang knows as something
 * else.  *@plain: exactly one, read only, in no loop, and a cell has seen it.
 */
static GArray *uses_of(struct opc *o, const struct opfn *f,
		       const struct opplace *p, guint n, gboolean *plain,
		       gboolean *outside)
{
	GArray *v = g_array_new(FALSE, FALSE, sizeof(struct use));
	const struct source *s = p->s;
	gboolean seen_all = TRUE, simple = TRUE;

	*outside = FALSE;
	if (!p->param[n]) {
		*plain = FALSE;
		return v;
	}
	for (gsize i = p->body + 1; i < p->body_end; i++) {
		gsize off = s->toks.v[i].off;
		gboolean seen = FALSE, used = FALSE;
		struct use u = { i, FALSE };

		if (s->toks.v[i].kind != TOK_IDENT || s->toks.v[i].disabled ||
		    s->toks.v[i].ctx == CTX_DIRECTIVE ||
		    !same_token(s, i, p->param[n]) ||
		    source_is(s, source_prev(s, i), "->") ||
		    source_is(s, source_prev(s, i), ".") ||
		    edits_in(o->c->edits, s->file, off, source_end(s, i),
			     NULL))
			continue;	/* handed on to another callback */
		for (guint x = 0; x < o->facts->len; x++) {
			const struct op_facts *a = o->facts->pdata[x];
			gboolean hidden = FALSE, hit = FALSE;

			if (!a->has_op ||
			    !g_hash_table_contains(a->read, s->file))
				continue;
			for (guint k = 0; k < a->skipped->len; k++) {
				const struct ast_range *r = a->skipped->pdata[k];

				hidden |= !strcmp(r->file, s->file) &&
					  r->start <= off && off < r->end;
			}
			if (hidden)
				continue;
			seen = TRUE;
			for (guint k = 0; k < a->uses->len && !hit; k++) {
				const struct op_use *e = a->uses->pdata[k];

				hit = e->off == off && e->param == n &&
				      !strcmp(e->usr, f->usr) &&
				      !strcmp(e->file, s->file);
				if (hit && (e->how != 'r' || e->loop))
					simple = FALSE;
			}
			used |= hit;
		}
		if (seen && !used)
			continue;	/* another thing of that name */
		seen_all &= seen;
		u.complement = source_is(s, source_prev(s, i), "~");
		g_array_append_val(v, u);
	}
	/* A macro's body that names the parameter wants it as a variable. */
	for (guint x = 0; x < o->facts->len; x++) {
		const struct op_facts *a = o->facts->pdata[x];

		for (guint k = 0; k < a->uses->len; k++) {
			const struct op_use *e = a->uses->pdata[k];

			if (e->param == n && !strcmp(e->usr, f->usr) &&
			    e->first == s->toks.v[p->param[n]].off &&
			    !body_around(f, e->file, e->off))
				*outside = TRUE;
		}
	}
	*plain = v->len == 1 && simple && seen_all && !*outside;
	return v;
}

/* The '#' of a directive at or behind token @i, or toks.n. */
static gsize directive_from(const struct source *s, gsize i)
{
	for (; i < s->toks.n; i++)
		if (s->toks.v[i].ctx == CTX_DIRECTIVE && source_is(s, i, "#"))
			return i;
	return s->toks.n;
}

static gboolean begins(const struct source *s, gsize hash, const char *word)
{
	gsize i = source_next(s, hash);

	return i < s->toks.n &&
	       !strncmp(s->text + s->toks.v[i].off, word, strlen(word));
}

static gsize line_end(const struct source *s, gsize off)
{
	const char *nl = strchr(s->text + off, '\n');

	return nl ? (gsize)(nl + 1 - s->text) : s->size;
}

/* The column that byte @off of the line is printed in, tabs expanded. */
static gsize column(const struct source *s, gsize off)
{
	gsize from = off, col = 0;

	while (from && s->text[from - 1] != '\n')
		from--;
	for (; from < off; from++)
		col = s->text[from] == '\t' ? (col | 7) + 1 : col + 1;
	return col;
}

/* On one line if it fits, else with the last parameter below the first. */
static void edit_signature(struct opc *o, const struct opplace *p)
{
	const struct source *s = p->s;
	gsize from = s->toks.v[p->first[0]].off;
	gsize keep = s->toks.v[p->first[o->keeps]].off;
	gsize end = line_end(s, keep), col = column(s, from);
	GString *text = g_string_new(o->state);

	/* A prototype without names has none for the state, either. */
	if (!p->param[o->keeps] && !p->body)
		g_string_truncate(text, text->len - strlen(o->state_name));
	g_string_append_c(text, ',');
	if (col + text->len + 1 + (end - keep - 1) > 80) {
		g_string_append_c(text, '\n');
		for (gsize i = 0; i < col / 8; i++)
			g_string_append_c(text, '\t');
		for (gsize i = 0; i < col % 8; i++)
			g_string_append_c(text, ' ');
	} else {
		g_string_append_c(text, ' ');
	}
	put_edit(o, s, from, keep, text->str, "signature");
	g_string_free(text, TRUE);
}

/*
 * Where local variables go: behind the opening brace, or, when an #if stands
 * right behind it and all uses in its first arm, behind that line.
 */
static gsize locals_at(const struct opplace *p, gsize last_use)
{
	const struct source *s = p->s;
	gsize i = source_next(s, p->body), depth = 0, h;

	if (i >= s->toks.n || s->toks.v[i].ctx != CTX_DIRECTIVE ||
	    !begins(s, i, "if"))
		return line_end(s, s->toks.v[p->body].off);
	for (h = directive_from(s, i + 1); h < p->body_end;
	     h = directive_from(s, h + 1)) {
		if (begins(s, h, "if"))
			depth++;
		else if (begins(s, h, "endif") && depth)
			depth--;
		else if (!depth && (begins(s, h, "el") || begins(s, h, "endif")))
			break;
	}
	if (last_use < h)
		return line_end(s, s->toks.v[i].off);
	return line_end(s, s->toks.v[p->body].off);
}

static void edit_body(struct opc *o, const struct opfn *f,
		      const struct opplace *p)
{
	GString *locals = g_string_new(NULL);
	const struct source *s = p->s;
	gsize last_use = 0, at;

	for (guint n = 0; n < o->keeps; n++) {
		gboolean plain, outside;
		GArray *v = uses_of(o, f, p, n, &plain, &outside);
		gboolean local = !plain && (v->len || outside);
		char *value = value_of(o, o->values[n]);

		if (plain) {
			const struct use *u = &g_array_index(v, struct use, 0);
			gboolean c = u->complement && o->complements &&
				     *o->complements[n];
			char *text = c ? value_of(o, o->complements[n]) :
				     is_loose(value) ?
				     g_strdup_printf("(%s)", value) :
				     g_strdup(value);
			gsize from = c ? source_prev(s, u->tok) : u->tok;

			put_edit(o, s, s->toks.v[from].off,
				 source_end(s, u->tok), text, "parameter");
			g_free(text);
		}
		if (local) {
			const char *type = o->params[n];
			gsize end = v->len ? g_array_index(v, struct use,
						v->len - 1).tok : p->body;

			g_string_append_printf(locals, "\t%s%s%.*s = %s;\n",
				type, g_str_has_suffix(type, "*") ? "" : " ",
				(int)s->toks.v[p->param[n]].len,
				s->text + s->toks.v[p->param[n]].off, value);
			last_use = MAX(last_use, end);
		}
		g_free(value);
		g_array_free(v, TRUE);
	}
	if (locals->len) {
		at = locals_at(p, last_use);
		if (at > s->toks.v[p->body_end].off) {
			/* A body on one line. */
			g_strdelimit(locals->str, "\n\t", ' ');
			at = source_end(s, p->body);
			g_string_truncate(locals, locals->len - 1);
		} else if (!p->decl_first) {
			g_string_append_c(locals, '\n');
		}
		put_edit(o, s, at, at, locals->str, "locals");
	}
	g_string_free(locals, TRUE);
}

static void edit_fn(struct opc *o, const struct opfn *f)
{
	for (guint i = 0; i < f->places->len; i++) {
		const struct opplace *p = f->places->pdata[i];

		edit_signature(o, p);
		if (p->body)
			edit_body(o, f, p);
	}
}

/* Calls among callbacks: f(pte, hmask, addr, next, walk) to f(state, walk). */
static void edit_calls(struct opc *o)
{
	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		for (guint k = 0; k < a->refs->len; k++) {
			const struct op_ref *r = a->refs->pdata[k];
			struct opfn *f = g_hash_table_lookup(o->fns, r->usr);
			struct opfn *in = g_hash_table_lookup(o->fns,
							      r->caller);
			const struct opplace *p = in && f && !f->refused ?
				body_around(in, r->file, r->off) : NULL;
			const struct source *s = p ? p->s : NULL;
			gsize open, close, last;
			char *text;

			if (!p || r->how != 'c')
				continue;
			open = source_next(s, source_token_at(s, r->off));
			close = source_close(s, open);
			last = source_prev(s, close);
			text = g_strdup_printf("%s, ", o->state_name);
			put_edit(o, s, source_end(s, open),
				 s->toks.v[last].off, text, "call");
			g_free(text);
		}
	}
}

static void edit_rows(struct opc *o)
{
	GHashTableIter it;
	gpointer v;

	g_hash_table_iter_init(&it, o->rows);
	while (g_hash_table_iter_next(&it, NULL, &v)) {
		const struct oprow *r = v;
		struct source *s = convert_source(o->c, r->file);
		gsize i = s ? source_token_at(s, r->off) : 0;

		if (r->refused) {
			o->refused++;
			g_ptr_array_add(o->c->res->refusals, g_strdup_printf(
				"%s:%u: %s stays: %s (%s)", r->file,
				s ? source_line(s, r->off) : 0, o->member,
				r->refused, r->evidence));
			continue;
		}
		if (r->positional) {
			o->converted++;
			continue;
		}
		if (!s || i >= s->toks.n || s->toks.v[i].off != r->off ||
		    !source_is(s, i, o->member)) {
			g_ptr_array_add(o->c->res->problems, g_strdup_printf(
				"%s: the op's name is made by a macro at byte %"
				G_GSIZE_FORMAT "; convert it by hand", r->file,
				r->off));
			continue;
		}
		put_edit(o, s, r->off, source_end(s, i), o->becomes, "member");
		o->converted++;
	}
}

/* Semantic patches look, too. */

static int load_rules(struct convert *c)
{
	for (guint i = 0; i < c->m->rules->len; i++) {
		struct smpl_rule *r;
		char *text, *base;

		if (!g_file_get_contents(c->m->rules->pdata[i], &text, NULL,
					 NULL))
			return tw_error("cannot read '%s'",
					(char *)c->m->rules->pdata[i]);
		base = g_path_get_basename(c->m->rules->pdata[i]);
		r = g_new0(struct smpl_rule, 1);
		r->text = text;
		r->path = g_strdup(c->m->rules->pdata[i]);
		r->name = g_strdup_printf("%s/%.*s", c->m->name,
				(int)(strrchr(base, '.') - base), base);
		g_ptr_array_add(c->rules, r);
		g_free(base);
	}
	return 0;
}

static int run_rules(struct opc *o)
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
			char *old = g_strndup(text + t->off, t->len);

			edit_add(o->smpl, job->name, t->off, old, t->text,
				 "smpl");
			g_free(old);
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
		    place_of(f, s->file, s->toks.v[i].off))
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
		f = fn_get(o, usr, name);
		g_hash_table_add(f->files, g_strdup(s->file));
		g_ptr_array_add(o->fn_list, f);
		take_places(o, f);
		if (!f->places->len || !only_put(o, f, s))
			refuse_fn(f, g_strdup_printf("no cell reads %s(), and its text alone does not tell what it is",
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
static void take_unseen(struct opc *o)
{
	struct convert *c = o->c;

	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];
		char *key = at_key(s->file, s->off);
		gsize len = strlen(o->member), v;
		struct source *src;
		struct oprow *r;
		char *name;

		if (strcmp(s->symbol, o->member) || !convert_is_code(s) ||
		    g_hash_table_contains(o->seen, key) ||
		    !edits_in(o->smpl, s->file, s->off, s->off + len, NULL)) {
			g_free(key);
			continue;
		}
		g_free(key);
		src = convert_source(c, s->file);
		r = row_get(o, s->file, s->off);
		v = value_token(src, source_token_at(src, s->off));
		if (v == SIZE_MAX) {
			refuse_row(r, "no cell reads it, and what is put here is not one name",
				   place_text(o, s->file, s->off));
			continue;
		}
		name = g_strndup(src->text + src->toks.v[v].off,
				 src->toks.v[v].len);
		if (strcmp(name, "NULL"))
			row_add(r, fn_by_text(o, src, name));
		g_free(name);
	}
}

/* Whoever calls the op, or takes its value, must be known to an edit. */
static void check_callers(struct opc *o)
{
	GHashTable *said = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);

	for (guint i = 0; i < o->facts->len && o->converted; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		for (guint k = 0; k < a->members->len; k++) {
			const struct op_member *m = a->members->pdata[k];
			char *at = place_text(o, m->file, m->off);

			if ((m->how == 'c' || m->how == 'v') &&
			    !edits_in(o->c->edits, m->file, m->off,
				      m->off + strlen(o->member), NULL) &&
			    g_hash_table_add(said, g_strdup(at)))
				g_ptr_array_add(o->c->res->problems,
					g_strdup_printf("%s: %s %s, and no edit of the conversion knows how; convert it by hand or add one",
						at, m->how == 'c' ? "calls" :
						"takes the value of", o->member));
			g_free(at);
		}
	}
	g_hash_table_destroy(said);
}

/* Fates. */

/* The cells that read byte @off of @file: char *, borrowed. */
static GPtrArray *cells_at(const struct opc *o, const char *file, gsize off)
{
	GPtrArray *v = g_ptr_array_new();

	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];
		gboolean hidden = FALSE;

		if (!g_hash_table_contains(a->read, file) ||
		    g_ptr_array_find_with_equal_func(v, a->cell->name,
						     g_str_equal, NULL))
			continue;
		for (guint k = 0; k < a->skipped->len; k++) {
			const struct ast_range *r = a->skipped->pdata[k];

			hidden |= !strcmp(r->file, file) && r->start <= off &&
				  off < r->end;
		}
		if (!hidden)
			g_ptr_array_add(v, a->cell->name);
	}
	return v;
}

static void set_fate(struct site *s, enum site_fate fate, const char *reason,
		     const char *evidence)
{
	s->fate = fate;
	s->reason = g_strdup(reason);
	s->evidence = evidence && *evidence ? g_strdup(evidence) : NULL;
}

/* The function that the site names, or NULL. */
static const struct opfn *fn_of(const struct opc *o, const struct site *s)
{
	const struct opfn *hit = NULL;

	for (guint i = 0; i < o->fn_list->len; i++) {
		const struct opfn *f = o->fn_list->pdata[i];

		if (strcmp(f->name, s->symbol))
			continue;
		if (g_hash_table_contains(f->files, s->file))
			return f;
		hit = f;
	}
	return hit;
}

/* The bytes that belong to the site: a declaration's list with its name. */
static void span_of(struct opc *o, const struct site *s, gsize *from,
		    gsize *to)
{
	const struct source *src = g_hash_table_lookup(o->c->sources, s->file);
	gsize i, open, close;

	*from = s->off;
	*to = s->off + strlen(s->symbol);
	if (!src || !strcmp(s->symbol, o->member))
		return;
	i = source_token_at(src, s->off);
	open = source_next(src, i);
	if (i >= src->toks.n || src->toks.v[i].kind == TOK_COMMENT ||
	    !source_is(src, open, "("))
		return;
	close = source_close(src, open);
	if (close != SIZE_MAX)
		*to = source_end(src, close);
}

static void decide(struct opc *o, struct site *s)
{
	struct convert *c = o->c;
	GString *rules = g_string_new(NULL);
	GPtrArray *cells = cells_at(o, s->file, s->off);
	char *names = convert_cell_list(cells), *key = at_key(s->file, s->off);
	const struct oprow *row = g_hash_table_lookup(o->rows, key);
	gboolean member = !strcmp(s->symbol, o->member);
	const struct opfn *f = member ? NULL : fn_of(o, s);
	gboolean code = convert_is_code(s), edited, smpl;
	char *line = g_strdup_printf("%s:%u", s->file, s->line);
	enum outcome outcome = OUTCOME_NONE;
	gsize from, to;

	span_of(o, s, &from, &to);
	edited = edits_in(c->edits, s->file, from, to, rules);
	smpl = edits_in(o->smpl, s->file, from, to, NULL);
	if (edited) {
		set_fate(s, FATE_CONVERTED, rules->str, cells->len ? names :
			 code ? "seen by the semantic patch alone" : "text");
	} else if (row && row->refused) {
		set_fate(s, FATE_REFUSED, row->refused, row->evidence);
	} else if (f && f->refused && code) {
		set_fate(s, FATE_REFUSED, f->refused, f->evidence);
	} else if (!code) {
		set_fate(s, FATE_KEPT, s->ctx == SITE_COMMENT ?
			 "a comment that stays true: the name stays" :
			 "text outside C code: the name stays", NULL);
	} else if (s->ctx == SITE_DISABLED) {
		set_fate(s, FATE_KEPT, "disabled for good (#if 0)", NULL);
	} else if (f) {
		set_fate(s, FATE_KEPT, "the callback's name, which stays",
			 names);
	} else if (member && o->refused &&
		   g_hash_table_contains(o->seen, key)) {
		set_fate(s, FATE_REFUSED, "the op stays for callbacks that are refused",
			 names);
	} else if (cells->len && !smpl) {
		set_fate(s, FATE_KEPT, "another thing of that name", names);
	}
	if (s->fate == FATE_UNRESOLVED)
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%s:%u:%u: no engine knows what this %s is%s%s; convert it by hand",
			s->file, s->line, s->col, s->symbol, cells->len ?
			"" : ": no cell reads it",
			g_hash_table_contains(o->unparsed, line) ?
			", and spatch cannot parse it" : ""));
	if (code && s->ctx != SITE_DISABLED) {
		gboolean look = g_hash_table_contains(o->smpl_ran, s->file) &&
			s->ctx == SITE_CODE &&
			!g_hash_table_contains(o->unparsed, line);

		s->ast = g_strdup(!cells->len ? "unseen" :
				  edited ? "change" : "keep");
		s->smpl = g_strdup(!look ? "not parsed" :
				   smpl ? "change" : "keep");
		outcome = cells->len && look ?
			(edited == smpl ? OUTCOME_AGREE :
			 smpl && s->fate != FATE_REFUSED && !f &&
			 !g_hash_table_contains(o->seen, key) ?
			 OUTCOME_DISAGREE : OUTCOME_ONE_SIDED) :
			cells->len || look ? OUTCOME_ONE_SIDED : OUTCOME_BLIND;
		s->outcome = g_strdup(outcome_name[outcome]);
		if (!cells->len) {
			struct source *src = convert_source(c, s->file);

			s->condition = src ? condition_at(&src->toks, s->off) :
				       NULL;
			ledger_add_blind(c->ledger, "libclang", s->file,
					 s->line, s->condition ? s->condition :
					 "no cell reads it");
			g_ptr_array_add(c->res->unseen, g_strdup_printf(
				"%s:%u: %s, %s", s->file, s->line, s->symbol,
				site_fate_name[s->fate]));
		}
		if (outcome == OUTCOME_DISAGREE)
			g_ptr_array_add(c->res->problems, g_strdup_printf(
				"%s:%u:%u: the engines disagree about %s: libclang says '%s' in %s, the semantic patches '%s'",
				s->file, s->line, s->col, s->symbol, s->ast,
				names, s->smpl));
	}
	c->res->outcomes[outcome]++;
	c->res->fates[s->fate]++;
	ledger_set_fate(c->ledger, s->id, s->fate, s->reason, s->evidence);
	ledger_set_views(c->ledger, s);
	g_free(line);
	g_free(key);
	g_free(names);
	g_ptr_array_free(cells, TRUE);
	g_string_free(rules, TRUE);
}

static void record_edits(struct convert *c)
{
	GPtrArray *files = edit_files(c->edits);

	for (guint i = 0; i < files->len; i++) {
		const GPtrArray *v = edit_of_file(c->edits, files->pdata[i]);
		const struct source *s = g_hash_table_lookup(c->sources,
							     files->pdata[i]);

		for (guint k = 0; s && k < v->len; k++) {
			const struct edit *d = v->pdata[k];

			ledger_add_edit(c->ledger, &(struct ledger_edit) {
				d->file, source_line(s, d->off), d->old_text,
				d->new_text, d->rule });
		}
	}
	g_ptr_array_free(files, TRUE);
}

/* The pipeline. */

/* "FILE:OFF" of every place where a cell sees the member's name. */
static GHashTable *seen_members(const struct opc *o)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      NULL);

	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		for (guint k = 0; k < a->members->len; k++) {
			const struct op_member *m = a->members->pdata[k];

			g_hash_table_add(t, at_key(m->file, m->off));
		}
	}
	return t;
}

/* A unit outside the tree that no cell compiles shows nothing. */
static void check_outside(struct opc *o)
{
	GHashTable *said = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];
		const struct ast_diag *first = NULL;
		gboolean good = FALSE;

		if (!tree_with(o->c->t, a->unit) ||
		    !g_hash_table_add(said, a->unit))
			continue;
		for (guint k = i; k < o->facts->len && !good; k++) {
			const struct op_facts *b = o->facts->pdata[k];
			gboolean bad = FALSE;

			if (strcmp(a->unit, b->unit))
				continue;
			for (guint d = 0; d < b->diags->len; d++) {
				if (!convert_our_matter(b->diags->pdata[d]))
					continue;
				first = first ? first : b->diags->pdata[d];
				bad = TRUE;
			}
			good = !bad;
		}
		if (!good)
			g_ptr_array_add(o->c->res->problems, g_strdup_printf(
				"%s: no cell compiles it, so it is not known what it does (%s:%u: %s); convert it by hand",
				a->unit, first->file, first->line,
				first->text));
	}
	g_hash_table_destroy(said);
}

static int by_fn(gconstpointer a, gconstpointer b)
{
	const struct opfn *x = *(struct opfn *const *)a;
	const struct opfn *y = *(struct opfn *const *)b;
	int c = strcmp(x->name, y->name);

	return c ? c : strcmp(x->usr, y->usr);
}

/*
 * Read until no file is left that mentions a callback with linkage and was not
 * read.
 */
static int resolve(struct opc *o)
{
	char *record[] = { o->record, NULL };
	GHashTable *files = files_with(o, record);
	GHashTableIter it;
	gpointer k;
	int ret = -1;

	g_hash_table_iter_init(&it, o->c->code_files);
	while (g_hash_table_iter_next(&it, &k, NULL))
		g_hash_table_add(files, g_strdup(k));
	for (guint round = 0; round < MAX_ROUNDS; round++) {
		GPtrArray *names = g_ptr_array_new();
		GHashTable *more;
		guint before = o->units->len;
		gboolean new_file = FALSE;

		choose_units(o, files);
		if (round && o->units->len == before) {
			g_ptr_array_free(names, TRUE);
			ret = 0;
			break;
		}
		g_ptr_array_set_size(o->facts, 0);
		g_hash_table_remove_all(o->rows);
		g_hash_table_remove_all(o->fns);
		if (read_units(o, NULL, 0, o->facts))
			break;
		take_values(o);
		g_hash_table_iter_init(&it, o->fns);
		while (g_hash_table_iter_next(&it, NULL, &k))
			g_ptr_array_add(names, ((struct opfn *)k)->name);
		g_ptr_array_add(names, NULL);
		if (names->len == 1) {
			g_ptr_array_free(names, TRUE);
			ret = 0;
			break;
		}
		more = files_with(o, (char **)names->pdata);
		g_hash_table_iter_init(&it, more);
		while (g_hash_table_iter_next(&it, &k, NULL)) {
			new_file |= g_hash_table_add(files, g_strdup(k));
			g_hash_table_add(o->c->code_files, g_strdup(k));
		}
		g_hash_table_destroy(more);
		g_ptr_array_free(names, TRUE);
		if (!new_file) {
			ret = 0;
			break;
		}
	}
	g_hash_table_destroy(files);
	g_hash_table_iter_init(&it, o->fns);
	while (g_hash_table_iter_next(&it, NULL, &k))
		g_ptr_array_add(o->fn_list, k);
	g_ptr_array_sort(o->fn_list, by_fn);
	return ret;
}

static struct source *source_cb(const char *file, void *data)
{
	return convert_source(data, file);
}

/*
 * While the old op stays, the new one stands behind all others: an initialiser
 * without names would put its function into the old one.
 */
static void refuse_positional(struct opc *o)
{
	const struct oprow *why = NULL;
	GHashTableIter it;
	gpointer v;

	g_hash_table_iter_init(&it, o->rows);
	while (g_hash_table_iter_next(&it, NULL, &v)) {
		const struct oprow *r = v;

		if (r->refused && (!why || strcmp(r->evidence,
						  why->evidence) < 0))
			why = r;
	}
	if (!why)
		return;
	g_hash_table_iter_init(&it, o->rows);
	while (g_hash_table_iter_next(&it, NULL, &v)) {
		struct oprow *r = v;

		if (r->positional && !r->refused)
			refuse_row(r, "an initialiser without names means the old op, which stays",
				   g_strdup(why->evidence));
	}
	spread_refusals(o);
}

static int by_string(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void make_edits(struct opc *o)
{
	for (guint i = 0; i < o->facts->len; i++)
		check_fn_refs(o, o->facts->pdata[i]);
	for (guint i = 0; i < o->fn_list->len; i++)
		check_fn(o, o->fn_list->pdata[i]);
	spread_refusals(o);
	refuse_positional(o);
	edit_rows(o);
	edit_calls(o);
	for (guint i = 0; i < o->fn_list->len; i++) {
		const struct opfn *f = o->fn_list->pdata[i];

		if (!f->refused)
			edit_fn(o, f);
	}
	g_ptr_array_sort(o->c->res->refusals, by_string);
}

/* What the manifest's folder has for the op's declaration and its callers. */
static int add_text(struct opc *o)
{
	struct convert *c = o->c;
	struct tree_edit_request q = {
		.t = c->t, .dir = c->m->dir, .name = c->m->name,
		.when = o->refused ? "stays" : "goes",
		.problems = c->res->problems, .left = c->res->rules_left,
		.source = source_cb, .data = c,
	};

	return o->converted ? tree_edits(&q, c->edits, o->new_files) : 0;
}

/* The op and the callbacks are the symbols of the conversion. */
static int rescan(struct opc *o)
{
	GPtrArray *names = g_ptr_array_new();
	int ret;

	for (char **s = o->c->m->symbols; *s; s++)
		g_ptr_array_add(names, *s);
	for (guint i = 0; i < o->fn_list->len; i++) {
		struct opfn *f = o->fn_list->pdata[i];

		if (!g_ptr_array_find_with_equal_func(names, f->name,
						      g_str_equal, NULL))
			g_ptr_array_add(names, f->name);
	}
	g_ptr_array_add(names, NULL);
	ret = convert_scan(o->c, (char **)names->pdata);
	g_ptr_array_free(names, TRUE);
	return ret;
}

static int by_file(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct convert_file *const *)a)->file,
		      (*(struct convert_file *const *)b)->file);
}

static void add_new_files(struct opc *o)
{
	for (guint i = 0; i < o->new_files->len; i++) {
		const struct tree_file *t = o->new_files->pdata[i];
		struct convert_file *f = g_new0(struct convert_file, 1);

		f->file = g_strdup(t->file);
		f->new_text = g_strdup(t->text);
		f->new_size = strlen(t->text);
		f->mode = 0100644;
		g_ptr_array_add(o->c->res->files, f);
	}
	g_ptr_array_sort(o->c->res->files, by_file);
}

static char *diag_key(const struct op_facts *a, const struct ast_diag *d)
{
	return g_strdup_printf("%s\t%s\t%s", a->cell->name, d->file, d->text);
}

/* Read the result: an error that was not there before is a fault of ours. */
static int verify(struct opc *o)
{
	GPtrArray *files = o->c->res->files;
	struct ast_unsaved *u = g_new0(struct ast_unsaved, files->len + 1);
	GPtrArray *after = g_ptr_array_new_with_free_func(op_facts_free);
	GHashTable *before = g_hash_table_new_full(g_str_hash, g_str_equal,
						   g_free, NULL);
	GHashTable *said = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);
	int ret;

	for (guint i = 0; i < files->len; i++) {
		const struct convert_file *f = files->pdata[i];

		u[i] = (struct ast_unsaved) { f->file, f->new_text,
					      f->new_size };
	}
	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		for (guint k = 0; k < a->diags->len; k++)
			g_hash_table_add(before, diag_key(a,
							  a->diags->pdata[k]));
	}
	ret = files->len ? read_units(o, u, files->len, after) : 0;
	for (guint i = 0; i < after->len; i++) {
		const struct op_facts *a = after->pdata[i];

		for (guint k = 0; k < a->diags->len; k++) {
			const struct ast_diag *d = a->diags->pdata[k];
			char *key = diag_key(a, d);
			char *once = g_strdup_printf("%s:%u:%s", d->file,
						     d->line, d->text);

			if (convert_our_matter(d) &&
			    !g_hash_table_contains(before, key) &&
			    g_hash_table_add(said, g_strdup(once)))
				g_ptr_array_add(o->c->res->problems,
					g_strdup_printf("%s:%u:%u: in cell %s the converted code does not compile: %s",
						d->file, d->line, d->col,
						a->cell->name, d->text));
			g_free(once);
			g_free(key);
		}
	}
	g_hash_table_destroy(said);
	g_hash_table_destroy(before);
	g_ptr_array_free(after, TRUE);
	g_free(u);
	return ret;
}

static void note_cells(struct convert *c)
{
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (cell->ready)
			g_ptr_array_add(c->res->cells_read,
					g_strdup(cell->name));
		else
			g_ptr_array_add(c->res->cells_unread, g_strdup_printf(
				"%s (%s)", cell->name, cell->reason));
	}
}

static int run(struct opc *o)
{
	struct convert *c = o->c;
	int ret = -1;

	if (load(o) || resolve(o) || rescan(o))
		return -1;
	note_cells(c);
	convert_load_sources(c);
	if (run_rules(o))
		return -1;
	check_outside(o);
	o->seen = seen_members(o);
	for (guint i = 0; i < o->fn_list->len; i++)
		take_places(o, o->fn_list->pdata[i]);
	take_unseen(o);
	make_edits(o);
	if (!add_text(o) && !convert_check_edits(c) &&
	    !convert_make_texts(c)) {
		check_callers(o);
		add_new_files(o);
		ret = verify(o);
	}
	for (guint i = 0; i < c->sites->len && !ret; i++)
		decide(o, c->sites->pdata[i]);
	if (!ret)
		record_edits(c);
	return ret;
}

int convert_op(struct convert *c)
{
	struct opc o = { .c = c };
	int ret;

	o.facts = g_ptr_array_new_with_free_func(op_facts_free);
	o.units = g_ptr_array_new_with_free_func(unit_free);
	o.in_units = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	o.fns = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, fn_free);
	o.fn_list = g_ptr_array_new();
	o.rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				       row_free);
	o.new_files = g_ptr_array_new_with_free_func(tree_file_free);
	o.smpl = edit_set_new();
	o.unparsed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	o.smpl_ran = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	ret = run(&o);
	g_ptr_array_free(o.facts, TRUE);
	g_ptr_array_free(o.units, TRUE);
	g_hash_table_destroy(o.in_units);
	g_ptr_array_free(o.fn_list, TRUE);
	g_hash_table_destroy(o.rows);
	g_hash_table_destroy(o.fns);
	g_ptr_array_free(o.new_files, TRUE);
	edit_set_free(o.smpl);
	g_hash_table_destroy(o.unparsed);
	g_hash_table_destroy(o.smpl_ran);
	g_clear_pointer(&o.seen, g_hash_table_destroy);
	g_free(o.record);
	g_free(o.member);
	g_free(o.becomes);
	g_free(o.state);
	g_free(o.state_name);
	g_strfreev(o.params);
	g_strfreev(o.values);
	g_strfreev(o.complements);
	g_strfreev(o.harmless);
	return ret;
}
