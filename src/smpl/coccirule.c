// SPDX-License-Identifier: GPL-2.0-only
/*
 * One rule of a semantic patch: whether it runs in patch mode, its
 * metavariables, and the names in its body.
 */
#include <string.h>

#include "smpl/coccirule.h"
#include "text/lex.h"

/* Does a rule run in patch mode? */
enum truth { NO, MAYBE, YES };

struct meta {
	char *name;
	char **is;		/* the names that it may have, or NULL: any */
};

struct word {
	char *text;		/* an identifier or a punctuator */
	gboolean ident;
	guint line;
	guint chunk;
	char mark;		/* '-', '+' or ' ' */
};

struct rule {
	const struct coccirule *s;
	struct cocci_rule *r;
	GHashTable *metas;	/* name -> struct meta */
	GHashTable *typedefs;	/* char * set */
	GPtrArray *words;	/* struct word */
};

/* "depends on ..." */

struct depends {
	const struct cocci *c;
	GPtrArray *words;	/* char * */
	guint at;
};

static const char *peek(const struct depends *d)
{
	return d->at < d->words->len ? d->words->pdata[d->at] : "";
}

static enum truth truth_of(const struct cocci *c, const char *name)
{
	for (guint i = 0; i < c->virtuals->len; i++)
		if (!strcmp(c->virtuals->pdata[i], name))
			return strcmp(name, "patch") ? NO : YES;
	for (guint i = 0; i < c->rules->len; i++) {
		const struct cocci_rule *r = c->rules->pdata[i];

		if (!strcmp(r->name, name))
			return r->runs ? MAYBE : NO;
	}
	return MAYBE;
}

static enum truth any_of(struct depends *d);

static enum truth one(struct depends *d)
{
	enum truth t;

	if (!strcmp(peek(d), "!")) {
		d->at++;
		t = one(d);
		return YES - t;
	}
	if (!strcmp(peek(d), "(")) {
		d->at++;
		t = any_of(d);
		d->at++;
		return t;
	}
	if (!strcmp(peek(d), "file")) {	/* file in "..." */
		d->at += 3;
		return MAYBE;
	}
	if (!strcmp(peek(d), "ever")) {
		d->at++;
		return one(d);
	}
	if (!strcmp(peek(d), "never")) {
		d->at++;
		return YES - one(d);
	}
	return truth_of(d->c, d->at < d->words->len ?
			d->words->pdata[d->at++] : "");
}

static enum truth all_of(struct depends *d)
{
	enum truth t = one(d);

	while (!strcmp(peek(d), "&&")) {
		enum truth more;

		d->at++;
		more = one(d);
		t = MIN(t, more);
	}
	return t;
}

static enum truth any_of(struct depends *d)
{
	enum truth t = all_of(d);

	while (!strcmp(peek(d), "||")) {
		enum truth more;

		d->at++;
		more = all_of(d);
		t = MAX(t, more);
	}
	return t;
}

/* The words and punctuators of @text, without comments. */
static GPtrArray *words_of(const char *text)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	struct token_list l;

	lex_c(text, strlen(text), &l);
	for (size_t i = tok_skip(&l, 0); i < l.n; i = tok_skip(&l, i + 1))
		g_ptr_array_add(v, g_strndup(text + l.v[i].off, l.v[i].len));
	lex_free(&l);
	return v;
}

static enum truth head_runs(const struct coccirule *s)
{
	struct depends d = { .c = s->c, .words = words_of(s->head) };
	enum truth t = YES;

	for (; d.at + 1 < d.words->len; d.at++)
		if (!strcmp(d.words->pdata[d.at], "depends") &&
		    !strcmp(d.words->pdata[d.at + 1], "on")) {
			d.at += 2;
			t = any_of(&d);
			break;
		}
	g_ptr_array_free(d.words, TRUE);
	return t;
}

/* "r", "script:python s", "initialize:python": the name, and what it is. */
static void take_name(const struct coccirule *s, struct cocci_rule *r)
{
	GPtrArray *v = words_of(s->head);
	const char *first = v->len ? v->pdata[0] : "";
	guint at = 0;

	r->script = !strcmp(first, "script") || !strcmp(first, "initialize") ||
		    !strcmp(first, "finalize");
	if (r->script)
		at = 3;		/* "script" ":" "python" */
	if (at < v->len && strcmp(v->pdata[at], "depends") &&
	    strcmp(v->pdata[at], "exists") && strcmp(v->pdata[at], "forall") &&
	    strcmp(v->pdata[at], "disable"))
		r->name = g_strdup(v->pdata[at]);
	else
		r->name = g_strdup("");
	g_ptr_array_free(v, TRUE);
}

/* Metavariables. */

static void meta_free(gpointer p)
{
	struct meta *m = p;

	g_free(m->name);
	g_strfreev(m->is);
	g_free(m);
}

/* "^(a|b|c)$" of a string with its quotes: the names; NULL: not such a one. */
static char **names_of_regex(const char *quoted)
{
	gsize n = strlen(quoted);
	char *text = n > 1 ? g_strndup(quoted + 1, n - 2) : g_strdup("");
	char *p = text, **v = NULL;
	gboolean plain;

	n = strlen(p);
	if (n > 2 && p[0] == '^' && p[n - 1] == '$') {
		p[n - 1] = '\0';
		p++;
		n -= 2;
		if (*p == '(' && p[n - 1] == ')') {
			p[n - 1] = '\0';
			p++;
		}
		plain = *p != '\0';
		for (const char *q = p; *q; q++)
			plain &= g_ascii_isalnum(*q) || *q == '_' || *q == '|';
		if (plain)
			v = g_strsplit(p, "|", -1);
	}
	g_free(text);
	return v;
}

static gboolean is_word(const char *w)
{
	return g_ascii_isalpha(*w) || *w == '_';
}

/* "= {a, b}" or "=~ "^(a|b)$"" behind word @i: what it may be. */
static char **constraint(const GPtrArray *v, guint i)
{
	GPtrArray *is;

	/* The lexer has "=~" in two. */
	if (i + 2 < v->len && !strcmp(v->pdata[i], "=") &&
	    !strcmp(v->pdata[i + 1], "~"))
		return names_of_regex(v->pdata[i + 2]);
	if (i + 1 >= v->len || strcmp(v->pdata[i], "=") ||
	    strcmp(v->pdata[i + 1], "{"))
		return NULL;
	is = g_ptr_array_new();
	for (i += 2; i < v->len && strcmp(v->pdata[i], "}"); i++)
		if (is_word(v->pdata[i]))
			g_ptr_array_add(is, g_strdup(v->pdata[i]));
	g_ptr_array_add(is, NULL);
	return (char **)g_ptr_array_free(is, FALSE);
}

/* One declared name: the words [@from, @to) of @v. */
static void take_meta(struct rule *x, const GPtrArray *v, guint from, guint to)
{
	guint last = to, end = from;
	struct meta *m;

	for (; end < to; end++) {
		const char *w = v->pdata[end];

		if (!strcmp(w, "=") || !strcmp(w, "!=") || !strcmp(w, "!") ||
		    !strcmp(w, ":") || !strcmp(w, "@") || !strcmp(w, "<<") ||
		    !strcmp(w, "<="))
			break;
		/* "expression list[n] es", "T[] E" */
		if (!strcmp(w, "[")) {
			while (end + 1 < to && strcmp(v->pdata[end], "]"))
				end++;
			continue;
		}
		/* "r.f": from a rule that must run, too. */
		if (!strcmp(w, ".") && end > from &&
		    truth_of(x->s->c, v->pdata[end - 1]) == NO)
			x->r->runs = FALSE;
		if (is_word(w))
			last = end;
	}
	/* "p << r.q" of a script. */
	if (end + 1 < to && !strcmp(v->pdata[end], "<<") &&
	    truth_of(x->s->c, v->pdata[end + 1]) == NO)
		x->r->runs = FALSE;
	if (last >= to)
		return;
	m = g_new0(struct meta, 1);
	m->name = g_strdup(v->pdata[last]);
	m->is = constraint(v, end);
	g_hash_table_replace(x->metas, m->name, m);
}

/* The declaration [@from, @to), without its ';'. */
static void take_declaration(struct rule *x, const GPtrArray *v, guint from,
			     guint to)
{
	const char *kind = from < to ? v->pdata[from] : "";
	gboolean named = !strcmp(kind, "typedef") || !strcmp(kind, "symbol") ||
		(from + 1 < to && !strcmp(v->pdata[from + 1], "name"));
	int depth = 0;
	guint start = from;

	for (guint i = from; i <= to; i++) {
		const char *w = i < to ? v->pdata[i] : ",";

		if (strchr("{([", *w))
			depth++;
		else if (strchr("})]", *w))
			depth--;
		/* "{struct a, b} x": the braces belong to the type. */
		if (strcmp(w, ",") || depth)
			continue;
		if (!named)
			take_meta(x, v, start, i);
		else if (!strcmp(kind, "typedef") && i > start)
			g_hash_table_add(x->typedefs,
					 g_strdup(v->pdata[i - 1]));
		start = i + 1;
	}
}

static void take_metas(struct rule *x)
{
	GPtrArray *v = words_of(x->s->metas);
	guint from = 0;
	int depth = 0;

	for (guint i = 0; i < v->len; i++) {
		const char *w = v->pdata[i];

		depth += *w == '{' ? 1 : *w == '}' ? -1 : 0;
		/* "position p : script:python() {...}" runs code, too. */
		if (!strcmp(w, "script") && i + 1 < v->len &&
		    !strcmp(v->pdata[i + 1], ":") && x->r->runs &&
		    !x->s->c->script_line)
			x->s->c->script_line = x->s->line;
		if (strcmp(w, ";") || depth)
			continue;
		take_declaration(x, v, from, i);
		from = i + 1;
	}
	g_ptr_array_free(v, TRUE);
}

/* The body. */

static void word_free(gpointer p)
{
	struct word *w = p;

	g_free(w->text);
	g_free(w);
}

static gboolean is_keyword(const char *w)
{
	static const char *const words[] = {
		"if", "else", "while", "for", "do", "switch", "case", "default",
		"return", "goto", "break", "continue", "sizeof", "typeof",
		"struct", "union", "enum", "typedef", "static", "inline",
		"const", "volatile", "extern", "register", "unsigned",
		"signed", "int", "char", "short", "long", "void", "float",
		"double", "bool", "auto", "NULL", "true", "false", "when",
		"any", "exists", "forall", "strict", "define", "include",
		"undef", "ifdef", "ifndef", "endif", "pragma", "restrict",
		"__typeof__", "_Bool", "asm", "__asm__", "__attribute__",
		"alignof", "_Alignof", NULL
	};

	return g_strv_contains(words, w);
}

static void take_line(struct rule *x, const char *line, guint n, guint *chunk,
		      char *before)
{
	char mark = *line == '-' || *line == '+' ? *line : ' ';
	const char *text = mark == ' ' ? line : line + 1;
	struct token_list l;

	/* "- a" and "+ b" beside each other say what becomes what. */
	if (mark == ' ' || *before == ' ' || (mark == '-' && *before == '+'))
		++*chunk;
	*before = mark;
	if (*line == '*' || *line == '?')
		text++;
	lex_c(text, strlen(text), &l);
	for (size_t i = tok_skip(&l, 0); i < l.n; i = tok_skip(&l, i + 1)) {
		struct word *w = g_new0(struct word, 1);

		w->text = g_strndup(text + l.v[i].off, l.v[i].len);
		w->ident = l.v[i].kind == TOK_IDENT;
		w->line = n;
		w->chunk = *chunk;
		w->mark = mark;
		g_ptr_array_add(x->words, w);
	}
	lex_free(&l);
	x->r->changes |= mark != ' ';
}

static void take_body(struct rule *x)
{
	char **lines = g_strsplit(x->s->body, "\n", -1);
	guint chunk = 0;
	char before = ' ';

	for (guint i = 0; lines[i]; i++)
		take_line(x, lines[i], x->s->body_line + i, &chunk, &before);
	g_strfreev(lines);
}

static const struct word *word_at(const struct rule *x, gint64 i, char mark)
{
	const struct word *w = i >= 0 && i < x->words->len ?
			       x->words->pdata[i] : NULL;

	return w && w->mark == mark ? w : NULL;
}

/* Skip "\" and "@p", which SmPL puts behind a name. */
static guint behind(const struct rule *x, guint i)
{
	for (i++; i < x->words->len; i++) {
		const struct word *w = x->words->pdata[i];

		if (!strcmp(w->text, "@"))
			i++;
		else if (strcmp(w->text, "\\"))
			break;
	}
	return i;
}

static enum cocci_kind kind_of(const struct rule *x, guint i)
{
	const struct word *w = x->words->pdata[i];
	const struct word *prev = word_at(x, (gint64)i - 1, w->mark);
	guint n = behind(x, i);
	const struct word *next = word_at(x, n, w->mark);
	guint k = i;

	if (prev && (!strcmp(prev->text, ".") || !strcmp(prev->text, "->")))
		return COCCI_MEMBER;
	if (prev && (!strcmp(prev->text, "struct") ||
		     !strcmp(prev->text, "union") ||
		     !strcmp(prev->text, "enum")))
		return COCCI_TAG;
	if (g_hash_table_contains(x->typedefs, w->text))
		return COCCI_TYPE;
	/* \(f\|g\)(...): the call stands behind the last one. */
	while (next && (!strcmp(next->text, "|") || !strcmp(next->text, ")")) &&
	       k + 1 < n && !strcmp(((struct word *)x->words->pdata[n - 1])
				    ->text, "\\")) {
		if (!strcmp(next->text, "|"))
			k = behind(x, n);
		else
			k = n;
		n = behind(x, k);
		next = word_at(x, n, w->mark);
	}
	if (next && !strcmp(next->text, "("))
		return COCCI_CALL;
	if (w->text[0] == '"')
		return COCCI_STRING;
	if (next && next->ident && next->line == w->line &&
	    !is_keyword(next->text))
		return COCCI_TYPE;
	return COCCI_NAME;
}

static void add_name(const struct rule *x, const char *name, guint i,
		     guint context)
{
	const struct word *w = x->words->pdata[i];
	struct cocci *c = x->s->c;
	struct cocci_name *n;
	enum cocci_kind kind = kind_of(x, i);

	for (guint k = 0; k < c->names->len; k++) {
		n = c->names->pdata[k];
		if (strcmp(n->name, name))
			continue;
		if (n->context > context ||
		    (n->context == context && kind < n->kind)) {
			n->kind = kind;
			n->line = w->line;
		}
		n->context = MIN(n->context, context);
		return;
	}
	n = g_new0(struct cocci_name, 1);
	n->name = g_strdup(name);
	n->kind = kind;
	n->line = w->line;
	n->rule = g_strdup(x->r->name);
	n->context = context;
	g_ptr_array_add(c->names, n);
}

/* The word in "word" as a name. */
static gboolean add_string(const struct rule *x, guint i, guint context)
{
	const struct word *w = x->words->pdata[i];
	gsize n = strlen(w->text);
	char *name;

	for (gsize k = 1; k + 1 < n; k++)
		if (!g_ascii_isalpha(w->text[k]) && w->text[k] != '_')
			return FALSE;
	if (n < 4)
		return FALSE;
	name = g_strndup(w->text + 1, n - 2);
	add_name(x, name, i, context);
	g_free(name);
	return TRUE;
}

/* Word @i as the names that it stands for. */
static gboolean add_word(const struct rule *x, guint i, guint context)
{
	const struct word *w = x->words->pdata[i];
	const struct word *prev = word_at(x, (gint64)i - 1, w->mark);
	const struct meta *m = g_hash_table_lookup(x->metas, w->text);

	if (w->text[0] == '"')
		return add_string(x, i, context);
	if (!w->ident || is_keyword(w->text) ||
	    (prev && !strcmp(prev->text, "@")))
		return FALSE;
	if (m) {
		for (char **n = m->is; n && *n; n++)
			add_name(x, *n, i, context);
		return m->is && *m->is;
	}
	add_name(x, w->text, i, context);
	return TRUE;
}

/* How often @text stands in lines of @mark of the chunk that @w is in. */
static guint count(const struct rule *x, const struct word *w, char mark)
{
	guint n = 0;

	for (guint i = 0; i < x->words->len; i++) {
		const struct word *o = x->words->pdata[i];

		n += o->chunk == w->chunk && o->mark == mark &&
		     !strcmp(o->text, w->text);
	}
	return n;
}

/* The first word of lines of @mark in the chunk, or the number of words. */
static guint first_of(const struct rule *x, guint chunk, char mark)
{
	guint i;

	for (i = 0; i < x->words->len; i++) {
		const struct word *w = x->words->pdata[i];

		if (w->chunk == chunk && w->mark == mark)
			break;
	}
	return i;
}

/*
 * No name goes: an argument does, say.  The call around the first difference is
 * what the rule is about, else the first name from there on.
 */
static void take_changed_call(const struct rule *x, guint chunk)
{
	guint minus = first_of(x, chunk, '-'), plus = first_of(x, chunk, '+');
	const struct word *a, *b;
	guint i = minus;
	int depth = 0;

	for (; (a = word_at(x, i, '-')) && (b = word_at(x, plus, '+')) &&
	     a->chunk == chunk && !strcmp(a->text, b->text); i++, plus++)
		;
	for (guint k = i; k-- > minus; ) {
		const struct word *w = x->words->pdata[k];

		if (!strcmp(w->text, ")"))
			depth++;
		else if (!strcmp(w->text, "(") && depth)
			depth--;
		else if (!strcmp(w->text, "(") && k > minus &&
			 add_word(x, k - 1, 0))
			return;
	}
	for (; (a = word_at(x, i, '-')) && a->chunk == chunk; i++)
		if (add_word(x, i, 0))
			return;
}

static void take_names(const struct rule *x)
{
	GHashTable *done = g_hash_table_new(NULL, NULL);
	guint last = 0;

	for (guint i = 0; i < x->words->len; i++) {
		const struct word *w = x->words->pdata[i];

		if (w->mark == ' ') {
			add_word(x, i, x->r->changes ? 1 : 2);
			continue;
		}
		if (w->mark == '+')
			continue;
		if (count(x, w, '-') > count(x, w, '+') &&
		    add_word(x, i, 0))
			g_hash_table_add(done, GUINT_TO_POINTER(w->chunk));
	}
	for (guint i = 0; i < x->words->len; i++) {
		const struct word *w = x->words->pdata[i];

		if (w->mark != '-' || w->chunk == last ||
		    first_of(x, w->chunk, '+') == x->words->len)
			continue;
		last = w->chunk;
		if (!g_hash_table_contains(done, GUINT_TO_POINTER(last)))
			take_changed_call(x, last);
	}
	g_hash_table_destroy(done);
}

void coccirule_take(const struct coccirule *s)
{
	struct cocci_rule *r = g_new0(struct cocci_rule, 1);
	struct rule x = { .s = s, .r = r };

	r->line = s->line;
	r->runs = head_runs(s) != NO;
	take_name(s, r);
	x.metas = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					meta_free);
	x.typedefs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	x.words = g_ptr_array_new_with_free_func(word_free);
	take_metas(&x);
	if (r->script && r->runs && !s->c->script_line)
		s->c->script_line = s->line;
	if (!r->script)
		take_body(&x);
	if (r->runs)
		take_names(&x);
	g_ptr_array_add(s->c->rules, r);
	g_ptr_array_free(x.words, TRUE);
	g_hash_table_destroy(x.metas);
	g_hash_table_destroy(x.typedefs);
}
