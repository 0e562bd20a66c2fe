// SPDX-License-Identifier: GPL-2.0-only
/*
 * Myers' greedy algorithm on the tokens that count (no space, no newline, no
 * splice), after the common head and tail are cut off.
 */
#include <string.h>
#include <xxhash.h>

#include "text/lex.h"
#include "text/tokdiff.h"

struct seq {
	struct token_list l;
	guint *at;		/* indices of the tokens that count */
	guint64 *hash;
	gssize n;
};

static void seq_init(struct seq *s, const char *text, gsize size)
{
	lex_c(text, size, &s->l);
	s->at = g_new(guint, s->l.n + 1);
	s->hash = g_new(guint64, s->l.n + 1);
	s->n = 0;
	for (gsize i = 0; i < s->l.n; i++) {
		const struct token *t = &s->l.v[i];

		if (t->kind == TOK_SPACE || t->kind == TOK_NEWLINE ||
		    t->kind == TOK_SPLICE)
			continue;
		s->at[s->n] = i;
		s->hash[s->n++] = XXH3_64bits(text + t->off, t->len);
	}
}

static void seq_free(struct seq *s)
{
	lex_free(&s->l);
	g_free(s->at);
	g_free(s->hash);
}

static const struct token *tok(const struct seq *s, gssize i)
{
	return &s->l.v[s->at[i]];
}

static gsize tok_start(const struct seq *s, gssize i)
{
	return i < s->n ? tok(s, i)->off : s->l.size;
}

static gsize tok_end(const struct seq *s, gssize i)
{
	return i < 0 ? 0 : tok(s, i)->off + tok(s, i)->len;
}

static gboolean is_blank(const struct token *t)
{
	return t->kind == TOK_SPACE || t->kind == TOK_NEWLINE ||
	       t->kind == TOK_SPLICE;
}

/* Must what follows token @i stand on another line, as it does? */
static gboolean on_own_lines(const struct seq *s, gssize i)
{
	gboolean newline = FALSE, last = i + 1 >= s->n;
	const struct token *l;

	if (i < 0)
		return FALSE;
	l = tok(s, i);
	for (guint k = s->at[i] + 1; k < (last ? s->l.n : s->at[i + 1]); k++)
		newline |= s->l.v[k].kind == TOK_NEWLINE;
	return newline && (l->ctx != CTX_CODE ||
			   (!last && tok(s, i + 1)->ctx != CTX_CODE) ||
			   (l->kind == TOK_COMMENT &&
			    s->l.buf[l->off + 1] == '/'));
}

/* Would tokens @i and @i + 1 read otherwise without the blank between them? */
static gboolean glue(const struct seq *s, gssize i)
{
	const struct token *l, *r;
	struct token_list both;
	GString *text;
	gboolean yes;

	if (i < 0 || i + 1 >= s->n || tok_end(s, i) == tok_start(s, i + 1))
		return FALSE;
	l = tok(s, i);
	r = tok(s, i + 1);
	text = g_string_new_len(s->l.buf + l->off, l->len);
	g_string_append_len(text, s->l.buf + r->off, r->len);
	lex_c(text->str, text->len, &both);
	yes = both.n != 2 || both.v[0].len != l->len;
	lex_free(&both);
	g_string_free(text, TRUE);
	return yes;
}

/*
 * Bytes [from, to) of @s, where white space between tokens becomes one blank:
 * the layout is not ours to take.  What needs a line end keeps it.
 */
static char *one_line(const struct seq *s, gsize from, gsize to)
{
	GString *out = g_string_sized_new(to - from);
	gboolean blank = FALSE;
	gssize n = 0;

	while (n < s->n && tok_end(s, n) <= from)
		n++;
	for (gsize i = n > 0 ? s->at[n - 1] + 1 : 0;
	     i < s->l.n && s->l.v[i].off < to; i++) {
		const struct token *t = &s->l.v[i];

		if (t->off < from)
			continue;
		if (is_blank(t)) {
			blank = TRUE;
			continue;
		}
		if (blank)
			g_string_append_c(out, on_own_lines(s, n - 1) ? '\n'
								      : ' ');
		blank = FALSE;
		g_string_append_len(out, s->l.buf + t->off, t->len);
		n++;
	}
	if (blank)
		g_string_append_c(out, on_own_lines(s, n - 1) ? '\n' : ' ');
	return g_string_free(out, FALSE);
}

static gboolean has_line_end(const GString *have)
{
	const char *nl = have->str;

	/* A splice is none. */
	while ((nl = strchr(nl, '\n')) &&
	       ((nl > have->str && nl[-1] == '\\') ||
		(nl > have->str + 1 && nl[-1] == '\r' && nl[-2] == '\\')))
		nl++;
	return nl != NULL;
}

/*
 * The blank or line end that tokens @i and @i + 1 of the new text need between
 * them and that @have, what an edit leaves there, does not give.
 */
static const char *missing(const struct seq *b, gssize i, const GString *have)
{
	if (on_own_lines(b, i))
		return has_line_end(have) ? "" : "\n";
	return !have->len && glue(b, i) ? " " : "";
}

/* Keep apart what the edit's ends would join. */
static void keep_apart(struct tokdiff *d, const struct seq *a,
		       const struct seq *b, gssize a0, gssize a1, gssize b0,
		       gssize b1)
{
	gsize before = tok_end(a, a0 - 1), after = d->off + d->len;
	GString *have = g_string_new_len(a->l.buf + before, d->off - before);
	gsize lead = strspn(d->text, " \n"), tail = strlen(d->text);
	const char *l, *r = "";
	char *text;

	g_string_append_len(have, d->text, lead);
	if (b0 == b1)
		g_string_append_len(have, a->l.buf + after,
				    tok_start(a, a1) - after);
	l = missing(b, b0 - 1, have);
	if (b0 < b1) {
		while (tail && strchr(" \n", d->text[tail - 1]))
			tail--;
		g_string_assign(have, d->text + tail);
		g_string_append_len(have, a->l.buf + after,
				    tok_start(a, a1) - after);
		r = missing(b, b1 - 1, have);
	}
	text = g_strconcat(l, d->text, r, NULL);
	g_free(d->text);
	d->text = text;
	g_string_free(have, TRUE);
}

static void emit(GPtrArray *out, const struct seq *a, const struct seq *b,
		 gssize a0, gssize a1, gssize b0, gssize b1)
{
	struct tokdiff *d = g_new0(struct tokdiff, 1);
	gsize new_end;

	if (a0 == a1) {
		/* Inserted: to the side on which the new text has no blank. */
		gsize prev = tok_end(b, b0 - 1);

		d->new_off = tok_start(b, b0);
		new_end = tok_end(b, b1 - 1);
		if (prev != d->new_off && new_end == tok_start(b, b1)) {
			d->off = tok_start(a, a0);
		} else {
			d->off = tok_end(a, a0 - 1);
			d->new_off = prev;
			/* The blank behind it, if the old text has none. */
			if (d->off == tok_start(a, a0))
				new_end = tok_start(b, b1);
		}
	} else if (b0 == b1) {
		/* Removed: with the blank behind it, if there is one before. */
		d->off = tok_start(a, a0);
		d->len = tok_end(a, a1 - 1) - d->off;
		if (a1 < a->n && tok(a, a1)->line == tok(a, a1 - 1)->line) {
			char before = d->off ? a->l.buf[d->off - 1] : '\n';

			if (strchr(" \t\n(", before))
				d->len = tok_start(a, a1) - d->off;
		}
		d->new_off = new_end = tok_start(b, b0);
	} else {
		d->off = tok_start(a, a0);
		d->len = tok_end(a, a1 - 1) - d->off;
		d->new_off = tok_start(b, b0);
		new_end = tok_end(b, b1 - 1);
	}
	d->new_len = new_end - d->new_off;
	d->text = one_line(b, d->new_off, new_end);
	keep_apart(d, a, b, a0, a1, b0, b1);
	g_ptr_array_add(out, d);
}

static void diff_free(gpointer p)
{
	g_free(((struct tokdiff *)p)->text);
	g_free(p);
}

/*
 * One more parenthesis in a row of them may be any: take the first, which
 * stands next to what it closes.
 */
static void slide(const struct seq *a, const struct seq *b, gssize head,
		  const gssize *match, gssize *x, gssize *y, gssize y_end)
{
	if (y_end - *y != 1)
		return;
	while (*x > 0 && match[*x - 1] == *y - 1 &&
	       a->hash[head + *x - 1] == b->hash[head + *y] &&
	       tok_is(&b->l, b->at[head + *y], ")"))
		--*x, --*y;
}

GPtrArray *tokdiff(const char *old, gsize old_size,
		   const char *text, gsize size)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(diff_free), *trace;
	gssize head = 0, n, m, d, max, x, y;
	struct seq a, b;
	gssize *v, *match;

	seq_init(&a, old, old_size);
	seq_init(&b, text, size);
	while (head < a.n && head < b.n && a.hash[head] == b.hash[head])
		head++;
	n = a.n - head;
	m = b.n - head;
	while (n && m && a.hash[head + n - 1] == b.hash[head + m - 1])
		n--, m--;
	if (!n && !m)
		goto out;
	max = n + m;
	v = g_new0(gssize, 2 * max + 3);
	v += max + 1;
	trace = g_ptr_array_new_with_free_func(g_free);
	v[1] = 0;
	for (d = 0; d <= max; d++) {
		gssize *row = g_new(gssize, 2 * d + 3);

		memcpy(row, v - d - 1, (2 * d + 3) * sizeof(*row));
		g_ptr_array_add(trace, row);
		for (gssize k = -d; k <= d; k += 2) {
			x = k == -d || (k != d && v[k - 1] < v[k + 1]) ?
				v[k + 1] : v[k - 1] + 1;
			y = x - k;
			while (x < n && y < m &&
			       a.hash[head + x] == b.hash[head + y])
				x++, y++;
			v[k] = x;
			if (x >= n && y >= m)
				goto found;
		}
	}
found:
	/* Walk back along the snapshots: which token is which. */
	match = g_new(gssize, n + 1);
	for (gssize i = 0; i <= n; i++)
		match[i] = -1;
	for (x = n, y = m; d >= 0; d--) {
		gssize *row = (gssize *)trace->pdata[d] + d + 1;
		gssize k = x - y, pk, px = 0, py = 0;

		if (d) {
			pk = k == -d || (k != d && row[k - 1] < row[k + 1]) ?
				k + 1 : k - 1;
			px = row[pk];
			py = px - pk;
		}
		while (x > px && y > py)
			match[--x] = --y;
		x = px;
		y = py;
	}
	for (x = 0, y = 0; x < n || y < m;) {
		gssize x0 = x, y0 = y, x1 = x, y1 = y;

		while (x < n && match[x] < 0)
			x++;
		y = x < n ? match[x] : m;
		if (x == x0 && y > y0)
			slide(&a, &b, head, match, &x0, &y0, y);
		if (x > x0 || y > y0)
			emit(out, &a, &b, head + x0, head + x0 + (x - x1),
			     head + y0, head + y0 + (y - y1));
		if (x < n)
			x++, y++;
	}
	g_free(match);
	g_ptr_array_free(trace, TRUE);
	g_free(v - max - 1);
out:
	seq_free(&a);
	seq_free(&b);
	return out;
}
