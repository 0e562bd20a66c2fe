// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text stage: patterns over the tokens of a file, or of a hunk when there
 * is no more.  It follows values of a kind (a page-table handle, say) through
 * the text of a function: what is declared so, what a call yields, what a
 * variable was given.  That is no data flow: it goes down the text once, knows
 * no branches, and forgets all at the next thing that starts in column 1.  A
 * match whose declaration or origin it saw is likely, one by its name alone is
 * possible, unless its rule knows better.
 */
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "lint/lint.h"

#define MAX_SPAN 400		/* tokens that one "..." looks through */
#define MAX_STEPS 4000		/* of one match */
#define MAX_FINDINGS 20000	/* of one rule in one view: a hostile text */

/* ---- views ---- */

struct lint_view *lint_view_new(const char *file, char *text, gsize size,
				guint first)
{
	struct lint_view *v = g_new0(struct lint_view, 1);
	struct lint_line l = { 0, first, 0 };

	v->file = g_strdup(file);
	v->text = text;
	v->size = size;
	v->lines = g_array_new(FALSE, FALSE, sizeof(struct lint_line));
	do {
		const char *nl = memchr(text + l.off, '\n', size - l.off);

		g_array_append_val(v->lines, l);
		l.off = nl ? nl + 1 - text : (gssize)size;
		l.no++;
	} while (l.off < size);
	return v;
}

void lint_view_free(gpointer p)
{
	struct lint_view *v = p;

	if (v->lexed) {
		lex_free(&v->toks);
		g_free(v->sig);
		g_free(v->close);
	}
	g_array_free(v->lines, TRUE);
	g_free(v->file);
	g_free(v->text);
	g_free(v->orig);
	g_free(v);
}

/* A hunk may begin inside a comment: blank out what is the rest of one. */
static void blank_comment(struct lint_view *v)
{
	char *open = g_strstr_len(v->text, v->size, "/*");
	char *close = g_strstr_len(v->text, v->size, "*/");
	char *end = NULL;

	if (close && (!open || close < open)) {
		end = close + 2;
	} else if (!close && !open) {
		/* All lines " * text": the middle of one. */
		const char *p = v->text, *e = v->text + v->size;

		while (p < e) {
			const char *nl = memchr(p, '\n', e - p);

			while (p < e && (*p == ' ' || *p == '\t'))
				p++;
			if (p >= e || *p != '*' ||
			    (p + 1 < e && !strchr(" \t\n", p[1])))
				return;
			p = nl ? nl + 1 : e;
		}
		end = v->text + v->size;
	}
	if (end)
		v->orig = g_strndup(v->text, v->size);
	for (char *p = v->text; end && p < end; p++)
		if (*p != '\n')
			*p = ' ';
}

/* For each opening bracket the token behind its end, by depth alone. */
static void find_brackets(struct lint_view *v)
{
	GArray *open = g_array_new(FALSE, FALSE, sizeof(guint32));

	v->close = g_new0(guint32, v->n_sig + 1);
	for (guint32 i = 0; i < v->n_sig; i++) {
		const struct token *t = &v->toks.v[v->sig[i]];
		char c = t->kind == TOK_PUNCT ? v->text[t->off] : 0;

		/* What starts in column 1 is in no bracket: one was left open. */
		if (t->col == 1 && t->kind == TOK_IDENT && t->ctx == CTX_CODE)
			g_array_set_size(open, 0);
		if (c == '(' || c == '[' || c == '{') {
			g_array_append_val(open, i);
		} else if ((c == ')' || c == ']' || c == '}') && open->len) {
			v->close[g_array_index(open, guint32,
					       open->len - 1)] = i + 1;
			g_array_set_size(open, open->len - 1);
		}
	}
	g_array_free(open, TRUE);
}

void lint_view_lex(struct lint_view *v)
{
	if (v->lexed)
		return;
	if (!v->whole)
		blank_comment(v);
	lex_c(v->text, v->size, &v->toks);
	v->sig = g_new(guint32, v->toks.n + 1);
	for (gsize i = 0; i < v->toks.n; i++) {
		const struct token *t = &v->toks.v[i];

		if (t->kind > TOK_COMMENT && !t->disabled &&
		    t->ctx != CTX_DIRECTIVE)
			v->sig[v->n_sig++] = i;
	}
	find_brackets(v);
	v->lexed = TRUE;
}

guint lint_view_line(const struct lint_view *v, gsize off)
{
	guint lo = 0, hi = v->lines->len;

	while (hi - lo > 1) {
		guint mid = lo + (hi - lo) / 2;

		if (g_array_index(v->lines, struct lint_line, mid).off <= off)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

const char *lint_view_line_text(const struct lint_view *v, guint i, gsize *len)
{
	gsize off, end = v->size;

	i = MIN(i, v->lines->len - 1);
	off = g_array_index(v->lines, struct lint_line, i).off;
	if (i + 1 < v->lines->len)
		end = g_array_index(v->lines, struct lint_line, i + 1).off;
	if (end > off && v->text[end - 1] == '\n')
		end--;
	*len = end - off;
	return v->text + off;
}

gboolean lint_view_has(const struct lint_view *v, char **words)
{
	if (!words || !words[0])
		return TRUE;
	for (; *words; words++)
		if (memmem(v->text, v->size, *words, strlen(*words)))
			return TRUE;
	return FALSE;
}

/* ---- findings ---- */

void lint_finding_free(gpointer p)
{
	struct lint_finding *f = p;

	g_free(f->evidence);
	g_free(f->file);
	g_free(f->message);
	g_free(f->source);
	g_free(f->fix);
	g_free(f);
}

char *lint_message(const struct lint_rule *rule, const char *what,
		   const char *instead)
{
	GString *s = g_string_new(what ? what : rule->what);

	if (rule->why)
		g_string_append_printf(s, ": %s", rule->why);
	if (!instead)
		instead = rule->instead;
	if (instead)
		g_string_append_printf(s, "; %s", instead);
	return g_string_free(s, FALSE);
}

static struct lint_finding *finding_at(const struct lint_rule *rule,
				       struct lint_view *v, guint line,
				       guint col, gsize len)
{
	struct lint_finding *f = g_new0(struct lint_finding, 1);
	const struct lint_line *l = &g_array_index(v->lines, struct lint_line,
					MIN(line, v->lines->len - 1));
	gsize n;
	const char *s = lint_view_line_text(v, line, &n);

	f->rule = rule;
	f->id = rule ? rule->id : NULL;
	f->severity = rule ? rule->severity : LINT_WARNING;
	f->file = g_strdup(v->file);
	f->line = l->no;
	f->added = l->added;
	f->col = col;
	f->end_col = col && col + len <= n + 1 ? col + len : 0;
	f->source = g_strndup(s, MIN(n, LINT_SOURCE_MAX));
	f->patch = v->patch;
	f->view = v;
	return f;
}

struct lint_finding *lint_finding_new(const struct lint_rule *rule,
				      struct lint_view *v, gsize off,
				      gsize len)
{
	guint line = lint_view_line(v, off);
	gsize n;
	const char *s = lint_view_line_text(v, line, &n);

	return finding_at(rule, v, line, v->text + off - s + 1, len);
}

/* ---- matching ---- */

enum { SEEN_NAME, SEEN_ORIGIN };

struct cap { guint from, to; };	/* tokens, in sig */

struct match {
	struct cap caps[16];
	guint end;
	int seen;		/* did a kind's declaration or origin play a part? */
	gboolean given;		/* a variable that only was given such a value */
	guint steps;
};

struct engine {
	const struct lint_rules *rules;
	struct lint_view *v;
	GPtrArray *out;
	GHashTable *func, *macro;	/* char * -> mask of kinds */
	gboolean in_macro;
	gboolean at_macro;	/* in the head of a #define */
	GHashTable *by_first;	/* token text -> GArray of struct ref */
	GArray *any_first;	/* struct ref: patterns that start with a variable */
};

struct ref {
	struct lint_rule *rule;
	const struct lint_pattern *p;
	guint found;
};

static const struct token *tok(const struct engine *x, guint i)
{
	return &x->v->toks.v[x->v->sig[i]];
}

static gboolean is(const struct engine *x, guint i, const char *s)
{
	return i < x->v->n_sig && tok_is(&x->v->toks, x->v->sig[i], s);
}

static gboolean is_ident(const struct engine *x, guint i)
{
	return i < x->v->n_sig && tok(x, i)->kind == TOK_IDENT;
}

static char *text(const struct engine *x, guint i, char *buf, gsize size)
{
	char scratch[128];
	gsize len;
	const char *s = tok_text(&x->v->toks, x->v->sig[i], &len, scratch,
				 sizeof(scratch));

	len = MIN(len, size - 1);
	memcpy(buf, s, len);
	buf[len] = '\0';
	return buf;
}

static gboolean in_list(const struct engine *x, guint i, char **list)
{
	for (; list && *list; list++)
		if (is(x, i, *list))
			return TRUE;
	return FALSE;
}

/* The token behind the bracket that @i opens; 0 if it does not close soon. */
static guint skip_brackets(const struct engine *x, guint i)
{
	guint close = x->v->close[i];

	return close && close - i <= MAX_SPAN ? close : 0;
}

#define MAX_KINDS 16
#define ASSIGNED(kind) (1u << ((kind) + MAX_KINDS))
#define DECLARED(kind) (1u << (kind))

/*
 * Bits of kinds that the name has: one set by its declaration, another by what
 * it was given last.
 */
static guint32 kinds_of(const struct engine *x, guint i)
{
	char name[128];

	return GPOINTER_TO_UINT(g_hash_table_lookup(x->in_macro ? x->macro
						     : x->func,
				text(x, i, name, sizeof(name))));
}

static guint kind_index(const struct engine *x, const struct lint_kind *k)
{
	for (guint i = 0; i < x->rules->kinds->len; i++)
		if (x->rules->kinds->pdata[i] == k)
			return i;
	return MAX_KINDS - 1;
}

static gboolean call_is_none(const struct engine *x, const struct lint_kind *k,
			     guint from, guint to)
{
	for (guint i = from; i < to; i++)
		if (in_list(x, i, k->unless_arg))
			return TRUE;
	return FALSE;
}

/* Where an expression of the kind that starts at @i may end; ends in @ends. */
static guint kind_ends(const struct engine *x, const struct lint_kind *k,
		       guint i, guint *ends, guint max)
{
	guint n = 0, e = i;

	if (is(x, i, "(")) {
		guint inner[4], m, close = skip_brackets(x, i);

		if (!close || (i && is_ident(x, i - 1) && !is(x, i - 1, "return")))
			return 0;
		m = kind_ends(x, k, i + 1, inner, 4);
		for (guint j = 0; j < m; j++)
			if (inner[j] == close - 1)
				ends[n++] = close;
		return n;
	}
	if (!is_ident(x, i))
		return 0;
	if (kinds_of(x, i) & (DECLARED(kind_index(x, k)) |
			      ASSIGNED(kind_index(x, k))))
		ends[n++] = i + 1;
	while (e < x->v->n_sig && e - i < 40 && n < max) {
		if (is_ident(x, e) && in_list(x, e, e > i ? k->members : NULL) &&
		    !is(x, e + 1, "("))
			ends[n++] = e + 1;
		if (is_ident(x, e) && is(x, e + 1, "(") && e == i) {
			guint close = skip_brackets(x, e + 1);

			if (!close)
				break;
			if (in_list(x, e, k->calls) &&
			    !call_is_none(x, k, e + 1, close))
				ends[n++] = close;
			e = close;
		} else {
			e++;
		}
		while (is(x, e, "[")) {
			guint close = skip_brackets(x, e);

			if (!close)
				return n;
			e = close;
		}
		if (!is(x, e, "->") && !is(x, e, "."))
			break;
		e++;
	}
	return n;
}

static gboolean match_from(const struct engine *x,
			   const struct lint_pattern *p, guint e, guint i,
			   struct match *m);

static gboolean match_any(const struct engine *x,
			  const struct lint_pattern *p, guint e, guint i,
			  struct match *m)
{
	guint stop = MIN((guint64)i + MAX_SPAN, x->v->n_sig);

	for (;;) {
		if (match_from(x, p, e + 1, i, m))
			return TRUE;
		if (i >= stop || is(x, i, ";") || is(x, i, ")") ||
		    is(x, i, "]") || is(x, i, "}"))
			return FALSE;
		if (is(x, i, "(") || is(x, i, "[") || is(x, i, "{")) {
			i = skip_brackets(x, i);
			if (!i)
				return FALSE;
		} else {
			i++;
		}
	}
}

static gboolean same_text(const struct engine *x, const struct cap *c, guint i)
{
	for (guint k = c->from; k < c->to; k++, i++) {
		char name[128];

		if (i >= x->v->n_sig || !is(x, i, text(x, k, name,
						       sizeof(name))))
			return FALSE;
	}
	return TRUE;
}

static gboolean match_var(const struct engine *x,
			  const struct lint_pattern *p, guint e, guint i,
			  struct match *m)
{
	guint n = g_array_index(p->elems, struct lint_elem, e).var;
	const struct lint_var *v = &g_array_index(p->vars, struct lint_var, n);
	struct cap old = m->caps[n];
	guint ends[8], k;
	char name[128];
	gboolean given = m->given;
	int seen = m->seen;

	if (old.to) {		/* met before: the same again */
		return same_text(x, &old, i) &&
		       match_from(x, p, e + 1, i + old.to - old.from, m);
	}
	if (!v->kind) {
		if (!is_ident(x, i) ||
		    (v->globs && !lint_globs_match(v->globs,
					text(x, i, name, sizeof(name)))))
			return FALSE;
		m->caps[n] = (struct cap){ i, i + 1 };
		if (match_from(x, p, e + 1, i + 1, m))
			return TRUE;
		m->caps[n] = old;
		return FALSE;
	}
	k = kind_ends(x, v->kind, i, ends, G_N_ELEMENTS(ends));
	while (k--) {
		m->caps[n] = (struct cap){ i, ends[k] };
		m->seen = SEEN_ORIGIN;
		m->given = given || (ends[k] == i + 1 && is_ident(x, i) &&
				     !(kinds_of(x, i) &
				       DECLARED(kind_index(x, v->kind))));
		if (match_from(x, p, e + 1, ends[k], m))
			return TRUE;
	}
	m->caps[n] = old;
	m->seen = seen;
	m->given = given;
	return FALSE;
}

static gboolean match_from(const struct engine *x,
			   const struct lint_pattern *p, guint e, guint i,
			   struct match *m)
{
	for (; e < p->elems->len; e++, i++) {
		const struct lint_elem *el = &g_array_index(p->elems,
						struct lint_elem, e);

		if (++m->steps > MAX_STEPS)
			return FALSE;
		if (el->el == EL_ANY)
			return match_any(x, p, e, i, m);
		if (el->el == EL_VAR)
			return match_var(x, p, e, i, m);
		if (!is(x, i, el->text)) {
			const struct token *t;

			if (i >= x->v->n_sig)
				return FALSE;
			t = tok(x, i);
			/* Numbers and literals: their bytes. */
			if (t->kind == TOK_IDENT || t->kind == TOK_PUNCT ||
			    t->len != strlen(el->text) ||
			    memcmp(x->v->text + t->off, el->text, t->len))
				return FALSE;
		}
	}
	m->end = i;
	return TRUE;
}

static gboolean match_at(const struct engine *x, const struct lint_pattern *p,
			 guint i, struct match *m)
{
	memset(m, 0, sizeof(*m));
	if (p->vars->len > G_N_ELEMENTS(m->caps))
		return FALSE;
	/* "x->f(" is a member of that name, not the function. */
	if (i && (is(x, i - 1, "->") || is(x, i - 1, ".")) &&
	    !is(x, i, ".") && !is(x, i, "->"))
		return FALSE;
	return match_from(x, p, 0, i, m);
}

/* ---- what the names are ---- */

static void bind(struct engine *x, guint i, guint32 bit)
{
	GHashTable *t = x->in_macro ? x->macro : x->func;
	char name[128];
	guint32 mask = kinds_of(x, i) | bit;

	g_hash_table_insert(t, g_strdup(text(x, i, name, sizeof(name))),
			    GUINT_TO_POINTER(mask));
}

static void unbind(struct engine *x, guint i, guint kind)
{
	GHashTable *t = x->in_macro ? x->macro : x->func;
	guint32 mask = kinds_of(x, i);
	char name[128];

	if (mask & ASSIGNED(kind))
		g_hash_table_insert(t, g_strdup(text(x, i, name,
						     sizeof(name))),
				    GUINT_TO_POINTER(mask & ~ASSIGNED(kind)));
}

static gboolean ends_declarator(const struct engine *x, guint i)
{
	return is(x, i, ",") || is(x, i, ";") || is(x, i, "=") ||
	       is(x, i, ")");
}

/* The last token of the type "struct page *" that starts at @i; 0: another. */
static guint type_end(const struct engine *x, guint i, char **types)
{
	for (; *types; types++) {
		const char *word = *types;
		guint at = i;

		for (;;) {
			gsize n = strcspn(word, " ");
			const struct token *t = at < x->v->n_sig ? tok(x, at) :
						NULL;

			if (!t || t->len != n ||
			    memcmp(x->v->text + t->off, word, n))
				break;
			if (!word[n])
				return at;
			word += n + 1;
			at++;
		}
	}
	return 0;
}

/* "TYPE a, b = x;": all of them; @i is the last token of the type. */
static void take_declaration(struct engine *x, guint i, guint kind)
{
	guint stop = MIN(i + 40, x->v->n_sig);
	gboolean pointer = is(x, i, "*");

	for (i++; i < stop && is_ident(x, i) && ends_declarator(x, i + 1); ) {
		bind(x, i, DECLARED(kind));
		for (i++; i < stop && !is(x, i, ",") && !is(x, i, ";") &&
		     !is(x, i, ")"); i++)
			if (is(x, i, "(") || is(x, i, "{")) {
				guint close = skip_brackets(x, i);

				if (!close)
					return;
				i = close - 1;
			}
		if (!is(x, i, ","))
			return;
		i++;
		if (pointer && !is(x, i++, "*"))
			return;
	}
}

static gboolean is_tested(const struct engine *x, guint i)
{
	static const char *const before[] = {
		"if", "while", "likely", "unlikely", "WARN_ON", "WARN_ON_ONCE",
		"BUG_ON", "VM_BUG_ON", "IS_ERR", "IS_ERR_OR_NULL", "assert",
	};

	if (is(x, i + 1, "?") || is(x, i + 1, "==") || is(x, i + 1, "!=") ||
	    is(x, i + 1, "&&") || is(x, i + 1, "||"))
		return TRUE;
	if (!i)
		return FALSE;
	if (is(x, i - 1, "!") || is(x, i - 1, "&&") || is(x, i - 1, "||") ||
	    is(x, i - 1, "==") || is(x, i - 1, "!="))
		return TRUE;
	if (i < 2 || !is(x, i - 1, "("))
		return FALSE;
	for (guint k = 0; k < G_N_ELEMENTS(before); k++)
		if (is(x, i - 2, before[k]))
			return TRUE;
	return FALSE;
}

/* "v = call(...)": what v is from now on. */
static void take_assignment(struct engine *x, guint i)
{
	guint e = i + 2, close;
	gboolean tested = i && is(x, i - 1, "(");

	/* Through a cast. */
	if (is(x, e, "(")) {
		close = skip_brackets(x, e);
		if (close && is_ident(x, close))
			e = close;
	}
	for (guint k = 0; k < x->rules->kinds->len; k++) {
		const struct lint_kind *kind = x->rules->kinds->pdata[k];

		if (!kind->assigned[0])
			continue;
		close = is(x, e + 1, "(") ? skip_brackets(x, e + 1) : 0;
		if (close && in_list(x, e, kind->assigned) &&
		    !call_is_none(x, kind, e + 1, close) &&
		    !(tested && kind->until_tested))
			bind(x, i, ASSIGNED(k));
		else
			unbind(x, i, k);
	}
}

/* "#define NAME(a, b)": the parameters that data says are of a kind. */
static void take_define(struct engine *x, guint i)
{
	guint n = 1;

	g_hash_table_remove_all(x->macro);
	if (!is(x, i + 1, "("))
		return;
	for (guint e = i + 2; e < x->v->n_sig && !is(x, e, ")") &&
	     tok(x, e)->ctx == CTX_MACRO_NAME; e++) {
		if (is(x, e, ",")) {
			n++;
			continue;
		}
		for (guint k = 0; k < x->rules->kinds->len; k++) {
			const struct lint_kind *kind = x->rules->kinds->pdata[k];

			for (char **s = kind->params; *s; s++) {
				char name[128], *want;

				want = g_strdup_printf("%s:%u",
					text(x, i, name, sizeof(name)), n);
				if (!strcmp(want, *s)) {
					gboolean was = x->in_macro;

					x->in_macro = TRUE;
					bind(x, e, DECLARED(k));
					x->in_macro = was;
				}
				g_free(want);
			}
		}
	}
}

/* Is it the name behind "#define"? */
static gboolean is_defined(const struct engine *x, guint i)
{
	const struct token_list *l = &x->v->toks;
	gsize k = x->v->sig[i];

	while (k && l->v[k - 1].kind <= TOK_COMMENT)
		k--;
	return k && tok_is(l, k - 1, "define");
}

static gboolean starts_top(const struct engine *x, guint i)
{
	const struct token *t = tok(x, i);

	return t->col == 1 && t->ctx == CTX_CODE &&
	       (is(x, i, "}") || (t->kind == TOK_IDENT && !is(x, i + 1, ":")));
}

static void learn(struct engine *x, guint i)
{
	const struct token *t = tok(x, i);

	if (t->ctx == CTX_MACRO_NAME) {
		if (is_defined(x, i))
			take_define(x, i);
		return;
	}
	x->in_macro = t->ctx == CTX_MACRO_BODY;
	if (starts_top(x, i))
		g_hash_table_remove_all(x->func);
	if (t->kind != TOK_IDENT)
		return;
	for (guint k = 0; k < x->rules->kinds->len; k++) {
		const struct lint_kind *kind = x->rules->kinds->pdata[k];

		guint type = type_end(x, i, kind->types);

		if (type)
			take_declaration(x, type, k);
		for (guint b = 0; b < kind->binds->len; b++) {
			const struct lint_pattern *p = kind->binds->pdata[b];
			struct match m;

			if (is(x, i, g_array_index(p->elems, struct lint_elem,
						   0).text) &&
			    match_at(x, p, i, &m))
				bind(x, m.caps[0].from, ASSIGNED(k));
		}
		if (kind->until_tested && is_tested(x, i))
			unbind(x, i, k);
	}
	if (is(x, i + 1, "=") && !(i && (is(x, i - 1, "->") ||
					 is(x, i - 1, "."))))
		take_assignment(x, i);
}

/* ---- matches ---- */

/*
 * "TYPE *name(" where a pattern wants "name(": the function's own declaration
 * or definition.
 */
static gboolean is_declared_here(const struct engine *x,
				 const struct lint_pattern *p, guint i)
{
	static const char *const keywords[] = {
		"return", "else", "do", "case", "goto", "sizeof",
	};
	const struct lint_elem *second = p->elems->len > 1 ?
		&g_array_index(p->elems, struct lint_elem, 1) : NULL;

	if (p->declares || !i || !second || second->el != EL_TOKEN ||
	    strcmp(second->text, "(") || !is_ident(x, i) ||
	    tok(x, i)->ctx != CTX_CODE)
		return FALSE;
	while (i && is(x, i - 1, "*") && i > 1)
		i--;
	if (!i || !is_ident(x, i - 1))
		return FALSE;
	for (guint k = 0; k < G_N_ELEMENTS(keywords); k++)
		if (is(x, i - 1, keywords[k]))
			return FALSE;
	return tok(x, i - 1)->ctx == CTX_CODE;
}

/* "$h->pt_list" with what $h matched; NULL when a variable is missing. */
static char *expand(const struct engine *x, const struct lint_pattern *p,
		    const char *fmt, const struct match *m)
{
	GString *s = g_string_new(NULL);

	for (; *fmt; fmt++) {
		gsize n = 0;

		if (*fmt != '$') {
			g_string_append_c(s, *fmt);
			continue;
		}
		while (g_ascii_isalnum(fmt[1 + n]) || fmt[1 + n] == '_')
			n++;
		for (guint k = 0; k < p->vars->len; k++) {
			const struct lint_var *v = &g_array_index(p->vars,
							struct lint_var, k);
			const struct cap *c = &m->caps[k];

			if (strlen(v->name) != n ||
			    strncmp(v->name, fmt + 1, n) || !c->to)
				continue;
			g_string_append_len(s, x->v->text + tok(x, c->from)->off,
				tok(x, c->to - 1)->off + tok(x, c->to - 1)->len -
				tok(x, c->from)->off);
		}
		fmt += n;
	}
	return g_string_free(s, FALSE);
}

static void report(struct engine *x, struct ref *r, guint i,
		   const struct match *m)
{
	const struct lint_pattern *p = r->p;
	guint at = p->at >= 0 && m->caps[p->at].to ? m->caps[p->at].from : i;
	const struct token *t = tok(x, at), *last = tok(x, m->end - 1);
	struct lint_finding *f;
	char *what, *instead;

	f = finding_at(r->rule, x->v, t->line - 1, t->col,
		       at == i ? last->off + last->len - t->off : t->len);
	what = expand(x, p, p->what ? p->what : r->rule->what, m);
	instead = p->instead || r->rule->instead ?
		  expand(x, p, p->instead ? p->instead : r->rule->instead, m) :
		  NULL;
	f->message = lint_message(r->rule, what, instead);
	g_free(what);
	g_free(instead);
	f->sure = p->sure >= 0 ? (enum lint_sure)p->sure :
		  m->seen == SEEN_ORIGIN ? LINT_LIKELY : LINT_POSSIBLE;
	f->evidence = g_strdup("text");
	/* A match that spans an added line is of the change. */
	for (guint l = tok(x, i)->line - 1; l < last->line &&
	     l < x->v->lines->len; l++)
		f->added |= g_array_index(x->v->lines, struct lint_line,
					  l).added;
	/* What type such a variable is declared with is not known. */
	if (p->fix && !m->given && tok(x, i)->line == last->line &&
	    lint_globs_match(r->rule->fix_files, x->v->file)) {
		f->fix = expand(x, p, p->fix, m);
		f->fix_off = tok(x, i)->off;
		f->fix_len = last->off + last->len - f->fix_off;
	}
	g_ptr_array_add(x->out, f);
}

static gboolean excused(const struct engine *x, const struct lint_pattern *p,
			guint i)
{
	struct match m;

	for (guint k = 0; k < p->unless->len; k++)
		if (match_at(x, p->unless->pdata[k], i, &m))
			return TRUE;
	for (guint k = 0; k < p->behind->len; k++) {
		const struct lint_pattern *q = p->behind->pdata[k];

		memset(&m, 0, sizeof(m));
		if (i >= q->elems->len &&
		    match_from(x, q, 0, i - q->elems->len, &m))
			return TRUE;
	}
	return FALSE;
}

static void try_refs(struct engine *x, GArray *refs, guint i)
{
	for (guint k = 0; refs && k < refs->len; k++) {
		struct ref *r = &g_array_index(refs, struct ref, k);
		struct match m;

		if (x->at_macro && !r->p->macros)
			continue;
		if (r->found >= MAX_FINDINGS || !match_at(x, r->p, i, &m) ||
		    excused(x, r->p, i) || is_declared_here(x, r->p, i))
			continue;
		r->found++;
		report(x, r, i, &m);
	}
}

/* ---- the name of a struct before its declaration ---- */

/* Does the header @file, or what it includes, declare struct @name? */
static gboolean reaches(const struct tree *t, const char *file,
			const char *text_or_null, const char *name,
			GHashTable *seen, guint depth);

static gboolean include_reaches(const struct tree *t, const char *from,
				const char *inc, gboolean quoted,
				const char *name, GHashTable *seen,
				guint depth)
{
	char *dir = g_path_get_dirname(from), *path;
	gboolean yes = FALSE;
	const char *arch_end;

	if (quoted) {
		path = g_build_filename(dir, inc, NULL);
		yes = reaches(t, path, NULL, name, seen, depth);
		g_free(path);
	}
	path = g_build_filename("include", inc, NULL);
	yes = yes || reaches(t, path, NULL, name, seen, depth);
	g_free(path);
	arch_end = g_str_has_prefix(from, "arch/") ? strchr(from + 5, '/') : NULL;
	if (!yes && arch_end) {
		char *arch = g_strndup(from, arch_end - from);

		path = g_build_filename(arch, "include", inc, NULL);
		yes = reaches(t, path, NULL, name, seen, depth);
		g_free(path);
		g_free(arch);
	}
	g_free(dir);
	return yes;
}

static gboolean reaches(const struct tree *t, const char *file,
			const char *given, const char *name,
			GHashTable *seen, guint depth)
{
	char *text_, *pat;
	gsize size;
	gboolean yes = FALSE;
	GMatchInfo *mi = NULL;
	static GRegex *re;
	const char *why;

	if (depth > 12 || g_hash_table_size(seen) > 400 ||
	    !pr_path_ok(file, &why) ||
	    !g_hash_table_add(seen, g_strdup(file)))
		return FALSE;
	text_ = given ? g_strdup(given) : tree_read(t, file, &size, TRUE);
	if (!text_)
		return FALSE;
	pat = g_strdup_printf("^struct %s\\s*(;|\\{|\\*)", name);
	yes = !given && g_regex_match_simple(pat, text_, G_REGEX_MULTILINE |
					     G_REGEX_RAW, 0);
	g_free(pat);
	if (!re)
		re = g_regex_new("^[ \t]*#[ \t]*include[ \t]+([<\"])([^>\"\n]+)[>\"]",
				 G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
	if (!yes && g_regex_match(re, text_, 0, &mi)) {
		do {
			char *q = g_match_info_fetch(mi, 1);
			char *inc = g_match_info_fetch(mi, 2);

			yes = include_reaches(t, file, inc, *q == '"', name,
					      seen, depth + 1);
			g_free(q);
			g_free(inc);
		} while (!yes && g_match_info_next(mi, NULL));
	}
	if (mi)
		g_match_info_free(mi);
	g_free(text_);
	return yes;
}

/* Is token @i in a list of parameters that ends with ";"? */
static gboolean in_prototype(const struct engine *x, guint i)
{
	guint depth = 0, stop = MIN((guint64)i + MAX_SPAN, x->v->n_sig);

	for (; i < stop; i++) {
		if (is(x, i, "(")) {
			depth++;
		} else if (is(x, i, ")") && !depth--) {
			return is(x, i + 1, ";");
		} else if (is(x, i, ";") || is(x, i, "{") || is(x, i, "=")) {
			return FALSE;
		}
	}
	return FALSE;
}

/*
 * The first mention of "struct NAME" in a header, in a parameter list or a
 * body, with no declaration before it: it names another type there.  A
 * mention at file scope declares it.  Arguments of the check: the struct, then
 * headers that are known to declare it.
 */
static void check_undeclared(struct engine *x, struct lint_rule *rule)
{
	struct lint_view *v = x->v;
	const char *name = rule->check_args[0];
	struct lint_finding *f;
	gboolean seen_include = FALSE;
	guint paren = 0, body = 0, fields = 0;

	if (!name || !g_str_has_suffix(v->file, ".h"))
		return;
	for (guint i = 0; i + 1 < v->n_sig; i++) {
		const struct token *t = tok(x, i);

		if (t->ctx != CTX_CODE)
			continue;
		if (is(x, i, "("))
			paren++;
		else if (is(x, i, ")") && paren)
			paren--;
		else if (is(x, i, "{") && (body || (i && is(x, i - 1, ")"))))
			body++;
		else if (is(x, i, "{"))
			fields++;
		else if (is(x, i, "}") && body)
			body--;
		else if (is(x, i, "}") && fields)
			fields--;
		if (t->col == 1 && is(x, i, "}"))
			paren = body = fields = 0;
		if (!is(x, i, "struct") || !is(x, i + 1, name))
			continue;
		/* Fields of a struct have no scope of their own. */
		if (!paren && !body)
			return;
		/* Who declares the call declares what it gives. */
		if (!paren && is(x, i + 2, "*") && is_ident(x, i + 3) &&
		    is(x, i + 4, "=") && is_ident(x, i + 5) &&
		    is(x, i + 6, "("))
			return;
		/* Of a hunk, only a prototype: all else has seen more. */
		if (!v->whole && !in_prototype(x, i))
			return;
		/* Headers that the file includes before. */
		for (gsize k = 0; k < v->sig[i]; k++) {
			const struct token *s = &v->toks.v[k];

			if (s->ctx != CTX_DIRECTIVE || s->kind != TOK_STRING)
				continue;
			seen_include = TRUE;
			for (char **a = rule->check_args + 1; *a; a++)
				if (s->len == strlen(*a) + 2 &&
				    !memcmp(v->text + s->off + 1, *a,
					    s->len - 2))
					return;
		}
		if (v->tree) {
			GHashTable *seen = g_hash_table_new_full(g_str_hash,
						g_str_equal, g_free, NULL);
			char *head = g_strndup(v->text, t->off);
			gboolean yes = reaches(v->tree, v->file, head, name,
					       seen, 0);

			g_free(head);
			g_hash_table_destroy(seen);
			if (yes)
				return;
		}
		if (!v->whole && !g_array_index(v->lines, struct lint_line,
						t->line - 1).added)
			return;
		f = finding_at(rule, v, t->line - 1, t->col,
			       tok(x, i + 1)->off + tok(x, i + 1)->len -
			       t->off);
		f->message = lint_message(rule, NULL, NULL);
		f->sure = v->tree ? LINT_LIKELY : LINT_POSSIBLE;
		f->evidence = g_strdup(v->tree ? "text and what it includes" :
				       seen_include || !v->whole ?
				       "text; what it includes is not seen without --tree" :
				       "text");
		g_ptr_array_add(x->out, f);
		return;
	}
}

/* ---- the stage ---- */

static void refs_free(gpointer p)
{
	g_array_free(p, TRUE);
}

static void add_ref(struct engine *x, struct lint_rule *rule,
		    const struct lint_pattern *p)
{
	const struct lint_elem *first = &g_array_index(p->elems,
						       struct lint_elem, 0);
	struct ref r = { rule, p, 0 };
	GArray *v = x->any_first;

	if (first->el == EL_TOKEN) {
		v = g_hash_table_lookup(x->by_first, first->text);
		if (!v) {
			v = g_array_new(FALSE, FALSE, sizeof(struct ref));
			g_hash_table_insert(x->by_first, first->text, v);
		}
	}
	g_array_append_val(v, r);
}

void lint_text(const struct lint_rules *rules, struct lint_view *v,
	       GPtrArray *out)
{
	struct engine x = { .rules = rules, .v = v, .out = out };
	GPtrArray *checks = g_ptr_array_new();
	gboolean any = FALSE;

	x.by_first = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					   refs_free);
	x.any_first = g_array_new(FALSE, FALSE, sizeof(struct ref));
	for (guint i = 0; i < rules->rules->len; i++) {
		struct lint_rule *r = rules->rules->pdata[i];

		if (r->off || (!r->patterns->len && !r->check) ||
		    !lint_globs_match(r->files, v->file) || !lint_view_has(v, r->needs))
			continue;
		any = TRUE;
		if (r->check)
			g_ptr_array_add(checks, r);
		for (guint k = 0; k < r->patterns->len; k++)
			add_ref(&x, r, r->patterns->pdata[k]);
	}
	if (!any || !v->size || rules->kinds->len > MAX_KINDS)
		goto out;
	lint_view_lex(v);
	x.func = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	x.macro = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < v->n_sig; i++) {
		char name[128];

		learn(&x, i);
		x.at_macro = tok(&x, i)->ctx == CTX_MACRO_NAME;
		try_refs(&x, g_hash_table_lookup(x.by_first,
				text(&x, i, name, sizeof(name))), i);
		if (is_ident(&x, i) || is(&x, i, "("))
			try_refs(&x, x.any_first, i);
	}
	for (guint i = 0; i < checks->len; i++)
		check_undeclared(&x, checks->pdata[i]);
	g_hash_table_destroy(x.func);
	g_hash_table_destroy(x.macro);
out:
	g_ptr_array_free(checks, TRUE);
	g_hash_table_destroy(x.by_first);
	g_array_free(x.any_first, TRUE);
}
