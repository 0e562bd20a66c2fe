// SPDX-License-Identifier: GPL-2.0-only
/*
 * The edits of what is converted: the op's name in tables, parameter lists,
 * calls among callbacks, and bodies.  A parameter that is read once, in no
 * loop, is replaced by what the state has; any other becomes a local variable
 * of its old name and type, so that the body stays as it is.
 */
#include <string.h>

#include "convert/op/op.h"

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

struct use { gsize tok; };

/* "~NAME" or "~(NAME)", @from to @to, both tokens; FALSE: neither. */
static gboolean is_complement(const struct source *s, gsize *from, gsize *to)
{
	gsize a = *from, b = *to;

	while (source_is(s, source_prev(s, a), "(") &&
	       source_is(s, source_next(s, b), ")")) {
		a = source_prev(s, a);
		b = source_next(s, b);
	}
	if (!source_is(s, source_prev(s, a), "~"))
		return FALSE;
	*from = source_prev(s, a);
	*to = b;
	return TRUE;
}

/* The same words, whatever blanks are between them? */
static gboolean same_words(const char *a, gsize n, const char *b)
{
	for (const char *end = a + n; ; a++, b++) {
		while (a < end && g_ascii_isspace(*a))
			a++;
		while (g_ascii_isspace(*b))
			b++;
		if (a == end || *a != *b)
			return a == end && !*b;
	}
}

/*
 * What stands for "(TYPE)NAME", token *@from being the name and then the
 * bracket: where the state has a member of that type.  NULL: there is none.
 */
static const char *cast_value(const struct opc *o, const struct source *s,
			      gsize *from)
{
	static const char *const tighter[] = { "[", "(", ".", "->", "++",
					       "--" };
	gsize close = source_prev(s, *from), open, at;

	for (guint i = 0; i < G_N_ELEMENTS(tighter); i++)
		if (source_is(s, source_next(s, *from), tighter[i]))
			return NULL;
	open = source_is(s, close, ")") ? source_open(s, close) : SIZE_MAX;
	if (open == SIZE_MAX)
		return NULL;
	at = source_end(s, open);
	for (char **c = o->casts; *c; c += 2)
		if (same_words(s->text + at, s->toks.v[close].off - at, *c)) {
			*from = open;
			return c[1];
		}
	return NULL;
}

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
		struct use u = { i };

		if (s->toks.v[i].kind != TOK_IDENT || s->toks.v[i].disabled ||
		    s->toks.v[i].ctx == CTX_DIRECTIVE ||
		    !op_same_token(s, i, p->param[n]) ||
		    source_is(s, source_prev(s, i), "->") ||
		    source_is(s, source_prev(s, i), ".") ||
		    edit_touches(o->c->edits, s->file, off, source_end(s, i),
				 NULL))
			continue;	/* handed on to another callback */
		for (guint x = 0; x < o->c->facts->len; x++) {
			const struct op_facts *a = o->c->facts->pdata[x];
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
		g_array_append_val(v, u);
	}
	/* A macro's body that names the parameter wants it as a variable. */
	for (guint x = 0; x < o->c->facts->len; x++) {
		const struct op_facts *a = o->c->facts->pdata[x];

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

static gboolean same_line(const struct source *s, gsize a, gsize b)
{
	return !memchr(s->text + s->toks.v[a].off, '\n',
		       s->toks.v[b].off - s->toks.v[a].off);
}

/* "int f(...) { return 0; }" */
static gboolean on_one_line(const struct opplace *p)
{
	return p->body && same_line(p->s, p->close, p->body_end);
}

/* On one line if it fits, else with the last parameter below the first. */
static void edit_signature(struct opc *o, const struct opplace *p,
			   gboolean unfold)
{
	const struct source *s = p->s;
	gsize from = s->toks.v[p->first[0]].off;
	gsize keep = s->toks.v[p->first[o->keeps]].off;
	gsize end = unfold ? source_end(s, p->close) + 1 : line_end(s, keep);
	gsize col = column(s, from);
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
	convert_put_edit(o->c, s, from, keep, text->str, "signature");
	g_string_free(text, TRUE);
}

/*
 * Where local variables go: behind the opening brace, or, when an #if stands
 * right behind it and all uses in its first arm, behind that line.  *@inside:
 * the token from which on the #if around a use counts.
 */
static gsize locals_at(const struct opplace *p, gsize last_use, gsize *inside)
{
	const struct source *s = p->s;
	gsize i = source_next(s, p->body), depth = 0, h;

	*inside = p->body;
	if (i >= s->toks.n || s->toks.v[i].ctx != CTX_DIRECTIVE ||
	    !begins(s, i, "if"))
		return source_end(s, p->body);
	for (h = directive_from(s, i + 1); h < p->body_end;
	     h = directive_from(s, h + 1)) {
		if (begins(s, h, "if"))
			depth++;
		else if (begins(s, h, "endif") && depth)
			depth--;
		else if (!depth && (begins(s, h, "el") || begins(s, h, "endif")))
			break;
	}
	if (last_use < h) {
		*inside = i + 1;
		return line_end(s, s->toks.v[i].off) - 1;
	}
	return source_end(s, p->body);
}

/* Does an #if that begins behind token @from hold token @tok? */
static gboolean in_arm(const struct source *s, gsize from, gsize tok)
{
	gsize depth = 0;

	for (gsize h = directive_from(s, from); h < tok;
	     h = directive_from(s, h + 1)) {
		if (begins(s, h, "if"))
			depth++;
		else if (begins(s, h, "endif") && depth)
			depth--;
	}
	return depth;
}

/* The one use of a parameter becomes what the state has. */
static void edit_use(struct opc *o, const struct source *s, gsize tok, guint n,
		     const char *value)
{
	gsize from = tok, to = tok;
	const char *cast = n ? NULL : cast_value(o, s, &from);
	char *text;

	if (cast)
		text = value_of(o, cast);
	else if (o->complements && *o->complements[n] &&
	    is_complement(s, &from, &to))
		text = value_of(o, o->complements[n]);
	else if (is_loose(value))
		text = g_strdup_printf("(%s)", value);
	else
		text = g_strdup(value);
	convert_put_edit(o->c, s, s->toks.v[from].off, source_end(s, to), text,
			 "parameter");
	g_free(text);
}

/*
 * Local variables, "\tTYPE NAME = VALUE;\n" each.  One that is only used where
 * an #if may be off is said to be unused there.
 */
static void put_locals(struct opc *o, const struct opplace *p, GArray **uses,
		       const gboolean *local, gsize inside, GString *text)
{
	const struct source *s = p->s;

	for (guint n = 0; n < o->keeps; n++) {
		char *value = value_of(o, o->values[n]);
		const char *type = o->params[n];
		gboolean arm = o->unused && uses[n]->len;

		for (guint i = 0; arm && i < uses[n]->len; i++)
			arm = in_arm(s, inside, g_array_index(uses[n],
						struct use, i).tok);
		if (local[n])
			g_string_append_printf(text, "\t%s%s%.*s%s%s = %s;\n",
				type, g_str_has_suffix(type, "*") ? "" : " ",
				(int)s->toks.v[p->param[n]].len,
				s->text + s->toks.v[p->param[n]].off,
				arm ? " " : "", arm ? o->unused : "", value);
		g_free(value);
	}
}

/* The blanks before and behind token @i of a body that gets lines of its own. */
static void put_break(struct opc *o, const struct source *s, gsize i,
		      const char *text)
{
	gsize from = s->toks.v[i].off, to = from;

	while (s->text[from - 1] == ' ' || s->text[from - 1] == '\t')
		from--;
	convert_put_edit(o->c, s, from, to, text, "unfold");
}

static void edit_body(struct opc *o, const struct opfn *f,
		      const struct opplace *p, gboolean unfold)
{
	GArray *uses[MAX_PARAMS];
	gboolean local[MAX_PARAMS], any = FALSE;
	GString *locals = g_string_new("\n");
	const struct source *s = p->s;
	gsize last_use = 0, inside, at, next;

	for (guint n = 0; n < o->keeps; n++) {
		gboolean plain, outside;
		char *value = value_of(o, o->values[n]);

		uses[n] = uses_of(o, f, p, n, &plain, &outside);
		local[n] = !plain && (uses[n]->len || outside);
		any |= local[n];
		if (local[n])
			last_use = MAX(last_use, uses[n]->len ?
				       g_array_index(uses[n], struct use,
						uses[n]->len - 1).tok : p->body);
		if (plain)
			edit_use(o, s, g_array_index(uses[n], struct use,
						     0).tok, n, value);
		g_free(value);
	}
	unfold |= any && on_one_line(p);
	at = locals_at(p, last_use, &inside);
	put_locals(o, p, uses, local, inside, locals);
	if (any && !p->decl_first)
		g_string_append_c(locals, '\n');
	next = source_next(s, p->body);
	if (unfold)
		put_break(o, s, p->body, "\n");
	if ((any || unfold) && at == source_end(s, p->body) &&
	    next < p->body_end && same_line(s, p->body, next)) {
		/* What stands behind the brace gets a line of its own. */
		g_string_append_c(locals, '\t');
		convert_put_edit(o->c, s, at, s->toks.v[next].off, locals->str,
				 "locals");
	} else if (any) {
		g_string_truncate(locals, locals->len - 1);
		at = line_end(s, at) - 1;
		convert_put_edit(o->c, s, at, at, locals->str, "locals");
	}
	if (unfold)
		put_break(o, s, p->body_end, "\n");
	for (guint n = 0; n < o->keeps; n++)
		g_array_free(uses[n], TRUE);
	g_string_free(locals, TRUE);
}

/* Would a body of one line no longer fit behind the new parameters? */
static gboolean grows_too_long(struct opc *o, const struct opplace *p)
{
	const struct source *s = p->s;
	gsize from = s->toks.v[p->first[0]].off;
	gsize keep = s->toks.v[p->first[o->keeps]].off;

	return on_one_line(p) && column(s, from) + strlen(o->state) + 2 +
		line_end(s, keep) - 1 - keep > 80;
}

static void edit_fn(struct opc *o, const struct opfn *f)
{
	for (guint i = 0; i < f->places->len; i++) {
		const struct opplace *p = f->places->pdata[i];

		gboolean unfold = grows_too_long(o, p);

		edit_signature(o, p, unfold);
		op_edit_document(o, p);
		if (p->body)
			edit_body(o, f, p, unfold);
	}
}

/* Calls among callbacks: f(pte, hmask, addr, next, walk) to f(state, walk). */
static void edit_calls(struct opc *o)
{
	for (guint i = 0; i < o->c->facts->len; i++) {
		const struct op_facts *a = o->c->facts->pdata[i];

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
			convert_put_edit(o->c, s, source_end(s, open),
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

		if (!r->refused)
			continue;
		o->refused++;
		g_ptr_array_add(o->c->res->refusals, g_strdup_printf(
			"%s:%u: %s stays: %s (%s)", r->file,
			s ? source_line(s, r->off) : 0, o->member, r->refused,
			r->evidence));
	}
	g_hash_table_iter_init(&it, o->rows);
	while (g_hash_table_iter_next(&it, NULL, &v)) {
		const struct oprow *r = v;
		struct source *s = convert_source(o->c, r->file);

		if (r->refused)
			continue;
		o->converted++;
		/* Its place alone, as offsetof() wants it: of which of two? */
		if (!r->positional && (r->valued || !o->refused))
			convert_put_edit(o->c, s, r->off,
					 r->off + strlen(o->member), o->becomes,
					 "member");
	}
}

/*
 * Who tests or copies the op means the new one, when there is no other; what
 * the walker's edits are about is theirs.
 */
void op_edit_reads(struct opc *o)
{
	for (guint i = 0; i < o->c->facts->len && o->converted && !o->refused; i++) {
		const struct op_facts *a = o->c->facts->pdata[i];

		for (guint k = 0; k < a->members->len; k++) {
			const struct op_member *m = a->members->pdata[k];
			struct source *s = convert_source(o->c, m->file);
			gsize at = s ? source_token_at(s, m->off) : 0;

			if ((m->how != 't' && m->how != 'p') || !s ||
			    at >= s->toks.n || s->toks.v[at].off != m->off ||
			    !source_is(s, at, o->member) ||
			    edit_touches(o->c->edits, m->file, m->off,
					 source_end(s, at), NULL))
				continue;
			convert_put_edit(o->c, s, m->off, source_end(s, at),
					 o->becomes, "member");
		}
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
