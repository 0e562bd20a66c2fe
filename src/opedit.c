// SPDX-License-Identifier: GPL-2.0-only
/*
 * The edits of what is converted: the op's name in tables, parameter lists,
 * calls among callbacks, and bodies.  A parameter that is read once, in no
 * loop, is replaced by what the state has; any other becomes a local variable
 * of its old name and type, so that the body stays as it is.
 */
#include <string.h>

#include "opconvert-internal.h"

/* Does an edit of @set touch the bytes?  The names of the rules go to @rules. */
gboolean op_edits_in(const struct edit_set *set, const char *file,
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
		    !op_same_token(s, i, p->param[n]) ||
		    source_is(s, source_prev(s, i), "->") ||
		    source_is(s, source_prev(s, i), ".") ||
		    op_edits_in(o->c->edits, s->file, off, source_end(s, i),
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
			    !op_body_around(f, e->file, e->off))
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
				op_body_around(in, r->file, r->off) : NULL;
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

static int by_string(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void op_edit(struct opc *o)
{
	edit_rows(o);
	edit_calls(o);
	for (guint i = 0; i < o->fn_list->len; i++) {
		const struct opfn *f = o->fn_list->pdata[i];

		if (!f->refused)
			edit_fn(o, f);
	}
	g_ptr_array_sort(o->c->res->refusals, by_string);
}
