// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unified diffs of any bytes.  Lines are numbered by content, common ends and
 * lines that only one side has are set aside (which keeps the result minimal
 * and the common case linear), and Myers' linear-space algorithm does the
 * rest.  Insertions and deletions that could stand in several places then
 * slide to the one that a reader expects.  git would call a file with a NUL a
 * binary one; here it is lines like any other, and `git apply` takes that.
 * No "index" line is written: it would need git's object names.  Renames,
 * copies and changes of mode are not expressed.
 */
#include <string.h>
#include <xxhash.h>

#include "text/patch.h"

#define CONTEXT 3
#define FUNC_MAX 80		/* bytes of the function line, as git has it */
#define TAB_WIDTH 8

struct line {
	const char *p;
	gsize len;		/* with its newline, where it has one */
};

struct side {
	struct line *line;
	int *id;		/* equal lines have equal numbers */
	char *changed;
	int n;
};

/* A group of changes: lines of the old side and what replaces them. */
struct change {
	int a, na, b, nb;
};

static unsigned line_hash(const void *p)
{
	const struct line *l = p;

	return (unsigned)XXH3_64bits(l->p, l->len);
}

static int line_equal(const void *p, const void *q)
{
	const struct line *a = p, *b = q;

	return a->len == b->len && !memcmp(a->p, b->p, a->len);
}

static void side_init(struct side *s, const char *text, gsize size)
{
	GArray *v = g_array_new(FALSE, FALSE, sizeof(struct line));
	const char *p = text, *nl;

	while (size) {
		nl = memchr(p, '\n', size);
		struct line l = { p, nl ? (gsize)(nl + 1 - p) : size };

		g_array_append_val(v, l);
		p += l.len;
		size -= l.len;
	}
	s->n = v->len;
	s->line = (struct line *)g_array_free(v, FALSE);
	s->id = g_new(int, s->n + 1);
	s->changed = g_new0(char, s->n + 1);
}

static void side_clear(struct side *s)
{
	g_free(s->line);
	g_free(s->id);
	g_free(s->changed);
}

/* Number the lines by content; returns how many different ones there are. */
static int number_lines(struct side *a, struct side *b)
{
	GHashTable *ids = g_hash_table_new(line_hash, line_equal);
	struct side *sides[] = { a, b };
	int s, i, next = 0;

	for (s = 0; s < 2; s++) {
		for (i = 0; i < sides[s]->n; i++) {
			struct line *l = &sides[s]->line[i];
			void *id;

			if (!g_hash_table_lookup_extended(ids, l, NULL, &id)) {
				id = GINT_TO_POINTER(next++);
				g_hash_table_insert(ids, l, id);
			}
			sides[s]->id[i] = GPOINTER_TO_INT(id);
		}
	}
	g_hash_table_destroy(ids);
	return next;
}

/*
 * The lines that both sides have, by number, and where each stands in its
 * side; fwd and bwd hold the furthest x on each diagonal x - y, from the front
 * and from the back.
 */
struct myers {
	const int *a, *b;
	const int *apos, *bpos;
	char *achanged, *bchanged;
	int *fwd, *bwd;
};

/*
 * A point in the middle of a shortest edit script of a[a0,a1) and b[b0,b1),
 * which both hold at least one element and differ in their first and in their
 * last one.
 */
static void middle(const struct myers *m, int a0, int a1, int b0, int b1,
		   int *x_out, int *y_out)
{
	const int dmin = a0 - b1, dmax = a1 - b0;
	const int fmid = a0 - b0, bmid = a1 - b1;
	const int odd = (fmid - bmid) & 1;
	int fmin = fmid, fmax = fmid, bmin = bmid, bmax = bmid;
	int *fwd = m->fwd, *bwd = m->bwd;
	int d, x, y;

	fwd[fmid] = a0;
	bwd[bmid] = a1;
	for (;;) {
		if (fmin > dmin)
			fwd[--fmin - 1] = -1;
		else
			fmin++;
		if (fmax < dmax)
			fwd[++fmax + 1] = -1;
		else
			fmax--;
		for (d = fmax; d >= fmin; d -= 2) {
			x = MAX(fwd[d - 1] + 1, fwd[d + 1]);
			y = x - d;
			while (x < a1 && y < b1 && m->a[x] == m->b[y])
				x++, y++;
			fwd[d] = x;
			if (odd && bmin <= d && d <= bmax && bwd[d] <= x)
				goto found;
		}
		if (bmin > dmin)
			bwd[--bmin - 1] = G_MAXINT;
		else
			bmin++;
		if (bmax < dmax)
			bwd[++bmax + 1] = G_MAXINT;
		else
			bmax--;
		for (d = bmax; d >= bmin; d -= 2) {
			x = MIN(bwd[d - 1], bwd[d + 1] - 1);
			y = x - d;
			while (x > a0 && y > b0 && m->a[x - 1] == m->b[y - 1])
				x--, y--;
			bwd[d] = x;
			if (!odd && fmin <= d && d <= fmax && x <= fwd[d])
				goto found;
		}
	}
found:
	*x_out = x;
	*y_out = y;
}

static void compare(const struct myers *m, int a0, int a1, int b0, int b1)
{
	int x, y;

	while (a0 < a1 && b0 < b1 && m->a[a0] == m->b[b0])
		a0++, b0++;
	while (a0 < a1 && b0 < b1 && m->a[a1 - 1] == m->b[b1 - 1])
		a1--, b1--;
	if (a0 == a1 || b0 == b1) {
		for (; a0 < a1; a0++)
			m->achanged[m->apos[a0]] = 1;
		for (; b0 < b1; b0++)
			m->bchanged[m->bpos[b0]] = 1;
		return;
	}
	middle(m, a0, a1, b0, b1, &x, &y);
	compare(m, a0, x, b0, y);
	compare(m, x, a1, y, b1);
}

/* Keep the lines of s[from,to) that the other side has; returns how many. */
static int keep_shared(struct side *s, int from, int to, const char *in_other,
		       int *ids, int *pos)
{
	int i, n = 0;

	for (i = from; i < to; i++) {
		if (in_other[s->id[i]]) {
			ids[n] = s->id[i];
			pos[n++] = i;
		} else {
			s->changed[i] = 1;
		}
	}
	return n;
}

static void mark_changes(struct side *a, struct side *b, int ids)
{
	char *in_a = g_new0(char, ids + 1), *in_b = g_new0(char, ids + 1);
	int *aid = g_new(int, a->n + 1), *apos = g_new(int, a->n + 1);
	int *bid = g_new(int, b->n + 1), *bpos = g_new(int, b->n + 1);
	int *fwd, *bwd;
	int i, head = 0, tail = 0, na, nb;
	struct myers m;

	while (head < a->n && head < b->n && a->id[head] == b->id[head])
		head++;
	while (tail < a->n - head && tail < b->n - head &&
	       a->id[a->n - 1 - tail] == b->id[b->n - 1 - tail])
		tail++;
	for (i = head; i < a->n - tail; i++)
		in_a[a->id[i]] = 1;
	for (i = head; i < b->n - tail; i++)
		in_b[b->id[i]] = 1;
	na = keep_shared(a, head, a->n - tail, in_b, aid, apos);
	nb = keep_shared(b, head, b->n - tail, in_a, bid, bpos);

	/* Diagonals run from -nb - 1 to na + 1. */
	fwd = g_new(int, na + nb + 3);
	bwd = g_new(int, na + nb + 3);
	m = (struct myers){
		.a = aid, .b = bid, .apos = apos, .bpos = bpos,
		.achanged = a->changed, .bchanged = b->changed,
		.fwd = fwd + nb + 1, .bwd = bwd + nb + 1,
	};
	compare(&m, 0, na, 0, nb);
	g_free(fwd);
	g_free(bwd);
	g_free(in_a);
	g_free(in_b);
	g_free(aid);
	g_free(apos);
	g_free(bid);
	g_free(bpos);
}

static int is_pure(const struct change *c)
{
	return !c->na || !c->nb;
}

/* Can a pure change move one line up (or down) and mean the same? */
static int can_go_up(const struct side *a, const struct side *b,
		     const struct change *c)
{
	if (!c->a || !c->b)
		return 0;
	return c->na ? a->id[c->a - 1] == a->id[c->a + c->na - 1] :
		       b->id[c->b - 1] == b->id[c->b + c->nb - 1];
}

static int can_go_down(const struct side *a, const struct side *b,
		       const struct change *c)
{
	if (c->a + c->na >= a->n || c->b + c->nb >= b->n)
		return 0;
	return c->na ? a->id[c->a] == a->id[c->a + c->na] :
		       b->id[c->b] == b->id[c->b + c->nb];
}

static void move(struct change *c, int by)
{
	c->a += by;
	c->b += by;
}

static int follows(const struct change *c, const struct change *next)
{
	return c->a + c->na == next->a && c->b + c->nb == next->b;
}

/* Let @next slide up to @c, or @c down to @next; true when they meet. */
static int slide_together(const struct side *a, const struct side *b,
			  struct change *c, struct change *next)
{
	struct change t = *next;

	while (is_pure(&t) && !follows(c, &t) && can_go_up(a, b, &t))
		move(&t, -1);
	if (follows(c, &t)) {
		*next = t;
		return 1;
	}
	t = *c;
	while (is_pure(&t) && !follows(&t, next) && can_go_down(a, b, &t))
		move(&t, 1);
	if (follows(&t, next)) {
		*c = t;
		return 1;
	}
	return 0;
}

static int is_blank(const struct line *l)
{
	gsize i;

	for (i = 0; i < l->len; i++) {
		if (!strchr(" \t\r\n\f\v", l->p[i]) || !l->p[i])
			return 0;
	}
	return 1;
}

static int indent_of(const struct line *l)
{
	int col = 0;
	gsize i;

	for (i = 0; i < l->len; i++) {
		if (l->p[i] == '\t')
			col += TAB_WIDTH - col % TAB_WIDTH;
		else if (l->p[i] == ' ')
			col++;
		else
			break;
	}
	return col;
}

/*
 * How badly a border before line @i of a side cuts the text: deep in a block
 * is bad, behind a blank line is good, before a closing brace or another
 * continuation of what stands above is bad.
 */
static int border_cost(const struct side *s, int i)
{
	const struct line *l;
	int cost = 0, j = i;
	gsize k = 0;

	if (i <= 0 || i >= s->n)
		return -1;
	while (j < s->n && is_blank(&s->line[j]))
		j++;
	if (j < s->n) {
		l = &s->line[j];
		while (l->p[k] == ' ' || l->p[k] == '\t')
			k++;
		cost = 4 * indent_of(l);
		if (l->p[k] == '}' || l->p[k] == ')')
			cost += 2;
	}
	if (is_blank(&s->line[i - 1]))
		cost -= 3;
	else if (i < j)
		cost -= 1;
	return cost;
}

/* Of all places where a pure change can stand, the best; the lowest of equals. */
static void settle(const struct side *a, const struct side *b,
		   struct change *c, const struct change *prev,
		   const struct change *next)
{
	const struct side *s = c->na ? a : b;
	struct change t = *c, best;
	int best_cost;

	while (can_go_up(a, b, &t) && (!prev || prev->a + prev->na < t.a - 1))
		move(&t, -1);
	best = t;
	best_cost = G_MAXINT;
	for (;;) {
		int start = c->na ? t.a : t.b;
		int cost = border_cost(s, start) +
			   border_cost(s, start + t.na + t.nb);

		if (cost <= best_cost) {
			best = t;
			best_cost = cost;
		}
		if (!can_go_down(a, b, &t) ||
		    (next && t.a + t.na + 1 >= next->a))
			break;
		move(&t, 1);
	}
	*c = best;
}

static GArray *make_changes(const struct side *a, const struct side *b)
{
	GArray *v = g_array_new(FALSE, FALSE, sizeof(struct change));
	struct change *c;
	int i = 0, j = 0;
	guint k;

	while (i < a->n || j < b->n) {
		struct change n = { i, 0, j, 0 };

		while (i < a->n && a->changed[i])
			i++;
		while (j < b->n && b->changed[j])
			j++;
		n.na = i - n.a;
		n.nb = j - n.b;
		if (!n.na && !n.nb) {
			i++;
			j++;
			continue;
		}
		while (v->len) {
			c = &g_array_index(v, struct change, v->len - 1);
			if (!slide_together(a, b, c, &n))
				break;
			n = (struct change){ c->a, c->na + n.na,
					     c->b, c->nb + n.nb };
			g_array_set_size(v, v->len - 1);
		}
		g_array_append_val(v, n);
	}
	for (k = 0; k < v->len; k++) {
		c = &g_array_index(v, struct change, k);
		if (is_pure(c))
			settle(a, b, c, k ? c - 1 : NULL,
			       k + 1 < v->len ? c + 1 : NULL);
	}
	return v;
}

static int is_word(char c)
{
	return g_ascii_isalnum(c) || c == '_' || c == '$';
}

/* What git shows behind @@: a line with a name in column 0, but no label. */
static int is_function_line(const struct line *l)
{
	gsize i = 0;

	if (!l->len || !is_word(l->p[0]) || g_ascii_isdigit(l->p[0]))
		return 0;
	while (i < l->len && is_word(l->p[i]))
		i++;
	if (i == l->len || l->p[i] != ':')
		return 1;
	for (i++; i < l->len && g_ascii_isspace(l->p[i]); i++)
		;
	return i < l->len && l->p[i] != '/';
}

static void append_function(GString *out, const struct line *l)
{
	const char *nul = memchr(l->p, '\0', l->len);
	gsize len = MIN(nul ? (gsize)(nul - l->p) : l->len, FUNC_MAX);

	while (len && g_ascii_isspace(l->p[len - 1]))
		len--;
	g_string_append_c(out, ' ');
	g_string_append_len(out, l->p, len);
}

static void append_line(GString *out, char sign, const struct line *l)
{
	g_string_append_c(out, sign);
	g_string_append_len(out, l->p, l->len);
	if (l->p[l->len - 1] != '\n')
		g_string_append(out, "\n\\ No newline at end of file\n");
}

/* A range as unified diffs have it: an empty one names the line before it. */
static void append_range(GString *out, char sign, int start, int n)
{
	g_string_append_printf(out, "%c%d", sign, n ? start + 1 : start);
	if (n != 1)
		g_string_append_printf(out, ",%d", n);
}

static void append_hunks(GString *out, const struct side *a,
			 const struct side *b, const GArray *v,
			 struct patch_stat *stat)
{
	const struct line *func = NULL;
	int looked = 0;		/* lines before it were looked at for func */
	guint i = 0, end;

	for (; i < v->len; i = end) {
		const struct change *first, *last;
		int a0, a1, b0, b1, pos, k;

		first = last = &g_array_index(v, struct change, i);
		for (end = i + 1; end < v->len; end++, last++) {
			if (last[1].a - (last->a + last->na) > 2 * CONTEXT)
				break;
		}
		a0 = MAX(first->a - CONTEXT, 0);
		b0 = MAX(first->b - CONTEXT, 0);
		a1 = MIN(last->a + last->na + CONTEXT, a->n);
		b1 = MIN(last->b + last->nb + CONTEXT, b->n);
		for (k = a0 - 1; k >= looked; k--) {
			if (is_function_line(&a->line[k])) {
				func = &a->line[k];
				break;
			}
		}
		looked = a0;

		g_string_append(out, "@@ ");
		append_range(out, '-', a0, a1 - a0);
		g_string_append_c(out, ' ');
		append_range(out, '+', b0, b1 - b0);
		g_string_append(out, " @@");
		if (func)
			append_function(out, func);
		g_string_append_c(out, '\n');

		pos = a0;
		for (; first <= last; first++) {
			for (; pos < first->a; pos++)
				append_line(out, ' ', &a->line[pos]);
			for (; pos < first->a + first->na; pos++)
				append_line(out, '-', &a->line[pos]);
			for (k = first->b; k < first->b + first->nb; k++)
				append_line(out, '+', &b->line[k]);
			if (stat) {
				stat->removed += first->na;
				stat->added += first->nb;
			}
		}
		for (; pos < a1; pos++)
			append_line(out, ' ', &a->line[pos]);
	}
}

/* A name as git prints it: in C quotes when a byte of it needs them. */
static char *quote_name(const char *prefix, const char *file)
{
	GString *s = g_string_new(NULL);
	const char *named = "\a\b\t\n\v\f\r\"\\", *letter = "abtnvfr\"\\";
	const char *p, *hit;
	int quoted = 0;

	g_string_append(s, prefix);
	for (p = file; *p; p++) {
		unsigned char c = *p;

		hit = strchr(named, c);
		if (hit)
			g_string_append_printf(s, "\\%c", letter[hit - named]);
		else if (c < 0x20 || c >= 0x7f)
			g_string_append_printf(s, "\\%03o", c);
		else
			g_string_append_c(s, c);
		quoted |= hit || c < 0x20 || c >= 0x7f;
	}
	if (quoted) {
		g_string_prepend_c(s, '"');
		g_string_append_c(s, '"');
	}
	return g_string_free(s, FALSE);
}

static void append_names(GString *out, const char *file, const char *from,
			 const char *to)
{
	/* A blank in a name would end it; git puts a tab there. */
	const char *tab = strchr(file, ' ') ? "\t" : "";

	g_string_append_printf(out, "--- %s%s\n", from,
			       strcmp(from, "/dev/null") ? tab : "");
	g_string_append_printf(out, "+++ %s%s\n", to,
			       strcmp(to, "/dev/null") ? tab : "");
}

void patch_append(GString *out, const char *file, unsigned mode,
		  const char *old_text, gsize old_size,
		  const char *new_text, gsize new_size,
		  struct patch_stat *stat)
{
	struct side a, b;
	char *from, *to;
	GArray *v;

	if (!old_text && !new_text)
		return;
	if (!old_text)
		old_size = 0;
	if (!new_text)
		new_size = 0;
	if (old_text && new_text && old_size == new_size &&
	    (!old_size || !memcmp(old_text, new_text, old_size)))
		return;

	from = quote_name("a/", file);
	to = quote_name("b/", file);
	g_string_append_printf(out, "diff --git %s %s\n", from, to);
	if (!old_text)
		g_string_append_printf(out, "new file mode %06o\n", mode);
	if (!new_text)
		g_string_append_printf(out, "deleted file mode %06o\n", mode);
	if (old_size || new_size)
		append_names(out, file, old_text ? from : "/dev/null",
			     new_text ? to : "/dev/null");
	g_free(from);
	g_free(to);

	side_init(&a, old_text, old_size);
	side_init(&b, new_text, new_size);
	mark_changes(&a, &b, number_lines(&a, &b));
	v = make_changes(&a, &b);
	append_hunks(out, &a, &b, v, stat);
	if (stat)
		stat->files++;
	g_array_free(v, TRUE);
	side_clear(&a);
	side_clear(&b);
}
