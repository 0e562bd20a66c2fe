// SPDX-License-Identifier: GPL-2.0-only
/*
 * Works on one logical change at a time: the old line tells the column that a
 * backslash had, what the line was aligned to and whether it was too long
 * already.  Plain code is broken where it became too long, and the lines below
 * follow a parenthesis that moved.  A macro is laid out as a whole: its
 * backslashes stand in one column, and an inserted line end needs one, too.
 * Other directives and comments are never broken: a line end would change what
 * they mean, or they have a form of their own.
 */
#include <string.h>

#include "text/edit.h"
#include "text/layout.h"
#include "text/lex.h"

#define TAB 8
#define LIMIT 80
/* A line up to here may stay when no break brings it below LIMIT. */
#define HARD_LIMIT 100
/* How far up a statement is looked for the parenthesis that it is aligned to. */
#define STATEMENT 4096

gsize layout_width(const char *s, gsize len)
{
	gsize col = 0;

	for (gsize i = 0; i < len; i++) {
		if (s[i] == '\t')
			col += TAB - col % TAB;
		else if (s[i] != '\r' && ((unsigned char)s[i] & 0xc0) != 0x80)
			col++;
	}
	return col;
}

/* Is the line (without its newline) continued?  The backslash's offset, or -1. */
static gssize continuation(const char *s, gsize len)
{
	while (len && s[len - 1] == '\r')
		len--;
	return len && s[len - 1] == '\\' ? (gssize)len - 1 : -1;
}

void layout_pad(GString *out, gsize col, gsize want, gboolean tabs)
{
	if (col >= want) {
		g_string_append_c(out, ' ');
		return;
	}
	while (tabs && col + TAB - col % TAB <= want) {
		g_string_append_c(out, '\t');
		col += TAB - col % TAB;
	}
	for (; col < want; col++)
		g_string_append_c(out, ' ');
}

/* @s without blanks at its end, and the backslash where the line @old had it. */
static void put_backslash(GString *out, const char *s, gsize len,
			  const char *old, gsize old_len)
{
	gssize old_bs = continuation(old, old_len);
	gboolean tabs = FALSE;

	for (gssize i = old_bs; i > 0 && strchr(" \t", old[i - 1]); i--)
		tabs |= old[i - 1] == '\t';
	g_string_append_len(out, s, len);
	layout_pad(out, layout_width(s, len),
		   old_bs < 0 ? 0 : layout_width(old, old_bs), tabs);
	g_string_append_c(out, '\\');
}

/* Put the backslash of a changed line back to the column that it had. */
static void align_backslash(GString *out, const char *line, gsize len,
			    gssize bs, const char *old, gsize old_len)
{
	gsize end = bs;

	if (continuation(old, old_len) < 0) {
		g_string_append_len(out, line, len);
		return;
	}
	while (end && (line[end - 1] == ' ' || line[end - 1] == '\t'))
		end--;
	put_backslash(out, line, end, old, old_len);
	g_string_append_len(out, line + bs + 1, len - bs - 1);
}

#define MAX_OPEN 64
/* Parentheses that are open where a line begins: the columns behind them. */
struct parens {
	gsize n;		/* the innermost is the last */
	gsize cols[MAX_OPEN];
	gsize value;		/* of what the line goes on to return or assign; 0: none */
};

struct place {		/* where a line may be broken: the blank at @at */
	gsize at, indent;
	int depth;
	gboolean comma, rest_fits;
};

static gboolean better(const struct place *a, const struct place *b)
{
	if (a->rest_fits != b->rest_fits)
		return a->rest_fits;
	if (a->depth != b->depth)
		return a->depth < b->depth;
	if (a->comma != b->comma)
		return a->comma;
	return a->at > b->at;
}

/* Operators behind which a line may be broken, beside those that always may. */
enum { SHIFTS = 1, CHOICE = 2 };

/*
 * The blank of a binary operator that begins at @s ("| " of " | "), or 0.
 * Nothing that binds tightly.  @also: SHIFTS, which read as one thing, are a
 * last resort; CHOICE is "?" and ":".
 */
static gsize operator_blank(const char *s, gsize len, unsigned int also)
{
	static const struct {
		const char *text;
		unsigned int kind;
	} ops[] = {
		{ " | ", 0 }, { " + ", 0 }, { " && ", 0 }, { " || ", 0 },
		{ " ? ", CHOICE }, { " : ", CHOICE },
		{ " << ", SHIFTS }, { " >> ", SHIFTS },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(ops); i++) {
		gsize n = strlen(ops[i].text);

		if ((!ops[i].kind || (ops[i].kind & also)) && len >= n &&
		    !strncmp(s, ops[i].text, n))
			return n - 1;
	}
	return 0;
}

/* The length of " = ", " += ", " <<= " and the like at @s, or 0. */
static gsize assignment(const char *s, gsize len)
{
	gsize n = 1;

	while (n < 3 && n < len && strchr("+-*/%&|^<>", s[n]))
		n++;
	if (s[0] != ' ' || n + 2 >= len || strncmp(s + n, "= ", 2) ||
	    (n == 2 && strchr("<>", s[1])))
		return 0;
	return n + 2;
}

/* The parenthesis opens at column @col, at @depth below those open before. */
static void open_at(struct parens *p, gint depth, gsize col)
{
	gssize n = (gssize)p->n + depth;

	if (n >= 0 && n < MAX_OPEN)
		p->cols[n] = col;
}

/* The column of the innermost that is open at @depth; -1 when it is not known. */
static gssize open_col(const struct parens *p, gint depth)
{
	gssize n = (gssize)p->n + depth;

	return n > 0 && n <= MAX_OPEN ? (gssize)p->cols[n - 1] : -1;
}

/*
 * Where to break a line so that it fits @limit: behind a comma or a binary
 * operator, as far out of parentheses as leaves the rest short enough, too.
 * @open: what is open before the line, and then before the rest.
 */
static gssize break_at(const char *s, gsize len, gsize limit,
		       unsigned int also, gsize *indent, struct parens *open)
{
	struct parens cols = *open;
	struct place best = { 0 };
	gboolean found = FALSE;
	gsize lead = 0;
	gint depth = 0;
	char quote = 0;
	/* The column of what is returned or assigned. */
	gssize value = open->value ? (gssize)open->value : -1;
	gssize then = -1;	/* behind a "?", at @then_depth */
	gint then_depth = 0;

	while (lead < len && strchr(" \t", s[lead]))
		lead++;
	if (len - lead > 7 && !strncmp(s + lead, "return ", 7))
		value = layout_width(s, lead + 7);
	for (gsize i = 0; i < len; i++) {
		struct place p = { 0 };

		if (quote) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == quote)
				quote = 0;
			continue;
		}
		if (s[i] == '"' || s[i] == '\'') {
			quote = s[i];
		} else if (s[i] == '/' && i + 1 < len &&
			   strchr("*/", s[i + 1])) {
			break;
		} else if (s[i] == '(') {
			open_at(&cols, depth++, layout_width(s, i + 1));
		} else if (s[i] == '{') {
			/* An initialiser: under its first element. */
			open_at(&cols, depth++, layout_width(s, i + 1) +
				(i + 1 < len && s[i + 1] == ' '));
		} else if (s[i] == ')' || s[i] == '}') {
			depth--;
		} else if (i + 1 < len && s[i + 1] == ' ' &&
			   (s[i] == ',' || (s[i] == ';' && cols.n + depth))) {
			p.at = i + 1;	/* ';' in the head of a for */
			p.comma = TRUE;
		} else if (!depth && value < 0 && assignment(s + i, len - i)) {
			value = layout_width(s, i + assignment(s + i, len - i));
		} else if (((gssize)cols.n + depth ?
			    open_col(&cols, depth) >= 0 : value >= 0) &&
			   operator_blank(s + i, len - i, also)) {
			p.at = i + operator_blank(s + i, len - i, also);
		}
		if (i + 2 < len && !strncmp(s + i, " ? ", 3)) {
			then = layout_width(s, i + 3);
			then_depth = depth;
		}
		if (!p.at || (gssize)cols.n + depth > MAX_OPEN ||
		    layout_width(s, p.at) > limit)
			continue;
		p.depth = depth;
		p.indent = (gssize)cols.n + depth &&
			   open_col(&cols, depth) >= 0 ?
			   (gsize)open_col(&cols, depth) :
			   p.comma || value < 0 ? layout_width(s, lead) : (gsize)value;
		p.rest_fits = p.indent + layout_width(s + p.at + 1, len - p.at - 1) <=
			      limit;
		/* "a ? b :" has c under b, where there is room for it. */
		if (s[i + 1] == ':' && then >= 0 && then_depth == depth &&
		    then + layout_width(s + p.at + 1, len - p.at - 1) <= limit)
			p.indent = then;
		if (!found || better(&p, &best)) {
			best = p;
			*open = cols;
			open->n = MAX((gssize)cols.n + depth, 0);
			open->value = MAX(value, 0);
		}
		found = TRUE;
	}
	*indent = best.indent;
	return found ? (gssize)best.at : -1;
}

/*
 * The lines (char *) that @s becomes, with @before open before it; FALSE when
 * one is longer than @limit.
 */
static gboolean break_lines(const char *s, gsize len, gsize limit,
			    unsigned int also, const struct parens *before,
			    GPtrArray *lines)
{
	struct parens open = *before;
	gsize indent = 0;
	GString *rest;
	gboolean fits;
	gssize at;

	if (layout_width(s, len) <= limit ||
	    (at = break_at(s, len, limit, also, &indent, &open)) < 0) {
		g_ptr_array_add(lines, g_strndup(s, len));
		return layout_width(s, len) <= limit;
	}
	rest = g_string_new(NULL);
	layout_pad(rest, 0, indent, TRUE);
	g_string_append_len(rest, s + at + 1, len - at - 1);
	/* No progress: the rest starts where the line did. */
	if (layout_width(rest->str, rest->len) >= layout_width(s, len)) {
		g_ptr_array_add(lines, g_strndup(s, len));
		fits = FALSE;
	} else {
		g_ptr_array_add(lines, g_strndup(s, at));
		fits = break_lines(rest->str, rest->len, limit, also, &open,
				   lines);
	}
	g_string_free(rest, TRUE);
	return fits;
}

/*
 * Break the line behind the "=" of an assignment outside of parentheses, with
 * the value one tab further to the right; FALSE when that does not make it fit.
 */
static gboolean break_value(const char *s, gsize len, gsize limit,
			    const struct parens *open, GPtrArray *lines)
{
	gsize lead = 0, at;
	GString *rest;
	gboolean fits;

	while (lead < len && s[lead] == '\t')
		lead++;
	for (at = lead; at + 3 < len && strncmp(s + at, " = ", 3); at++)
		if (strchr("(\"'{/", s[at]))
			return FALSE;
	if (at + 3 >= len)
		return FALSE;
	rest = g_string_new(NULL);
	layout_pad(rest, 0, (lead + 1) * TAB, TRUE);
	g_string_append_len(rest, s + at + 3, len - at - 3);
	g_ptr_array_add(lines, g_strndup(s, at + 2));
	fits = break_lines(rest->str, rest->len, limit, CHOICE, open, lines);
	g_string_free(rest, TRUE);
	return fits;
}

static gsize lead_of(const char *s, gsize len)
{
	gsize n = 0;

	while (n < len && strchr(" \t", s[n]))
		n++;
	return n;
}

/*
 * Where the innermost parenthesis stands that is open at the end of the @len
 * bytes at @s; -1 when none of the statement there is.  Goes by the text alone,
 * backwards.
 */
static gssize open_paren_at(const char *s, gsize len)
{
	gsize low = len > STATEMENT ? len - STATEMENT : 0;
	int depth = 0;

	for (gsize i = len; i-- > low; ) {
		if (s[i] == '/' && i > low && s[i - 1] == '*') {
			for (i--; i > low && !(s[i] == '*' && s[i - 1] == '/');
			     i--)
				;
			if (i)
				i--;
		} else if (s[i] == ')') {
			depth++;
		} else if (s[i] == '(') {
			if (!depth--)
				return i;
		} else if (!depth && strchr(";{}", s[i])) {
			break;
		}
	}
	return -1;
}

static gsize line_start(const char *text, gsize at)
{
	while (at > 0 && text[at - 1] != '\n')
		at--;
	return at;
}

/* The column behind that parenthesis, or -1. */
static gssize open_paren(const char *s, gsize len)
{
	gssize at = open_paren_at(s, len);
	gsize start = at < 0 ? 0 : line_start(s, at);

	return at < 0 ? -1 : (gssize)layout_width(s + start, at + 1 - start);
}

/*
 * All parentheses that are open there.  One that ends its line has the column of
 * the line below.
 */
static void open_parens(const char *s, gsize len, struct parens *p)
{
	gsize cols[MAX_OPEN], n = 0;

	for (gssize at = open_paren_at(s, len); at >= 0 && n < MAX_OPEN;
	     at = open_paren_at(s, at)) {
		gsize start = line_start(s, at), to = at + 1;

		while (to < len && strchr(" \t\\\r", s[to]))
			to++;
		if (to + 1 < len && s[to] == '\n')
			cols[n++] = layout_width(s + to + 1, lead_of(
						 s + to + 1, len - to - 1));
		else
			cols[n++] = layout_width(s + start, at + 1 - start);
	}
	p->n = n;
	p->value = 0;
	for (gsize i = 0; i < n; i++)
		p->cols[i] = cols[n - 1 - i];
}

/* The columns of the line without a comment at its end. */
static gsize code_width(const char *s, gsize len)
{
	const char *at = g_strstr_len(s, len, "/*");
	gsize n = at && len > 2 && !strncmp(s + len - 2, "*/", 2) &&
		  !g_strstr_len(at + 2, len - (at + 2 - s), "/*") ?
		  (gsize)(at - s) : len;

	while (n && strchr(" \t", s[n - 1]))
		n--;
	return layout_width(s, n);
}

/*
 * The lines that @s becomes behind @before, but one line when breaking it would
 * not make it fit, and it is not that long; nor when only the comment at its end
 * is too far to the right.
 */
static GPtrArray *wrap(const GString *before, const char *s, gsize len,
		       gsize limit, unsigned int also)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	struct parens open;

	if (code_width(s, len) <= limit && layout_width(s, len) <= HARD_LIMIT) {
		g_ptr_array_add(lines, g_strndup(s, len));
		return lines;
	}
	open_parens(before->str, before->len, &open);
	if (break_lines(s, len, limit, also, &open, lines))
		return lines;
	g_ptr_array_set_size(lines, 0);
	if (break_value(s, len, limit, &open, lines))
		return lines;
	g_ptr_array_set_size(lines, 0);
	if (break_lines(s, len, limit, also | SHIFTS, &open, lines))
		return lines;
	g_ptr_array_set_size(lines, 0);
	if (layout_width(s, len) <= HARD_LIMIT) {
		g_ptr_array_add(lines, g_strndup(s, len));
		return lines;
	}
	break_lines(s, len, limit, also | SHIFTS, &open, lines);
	/* The first place to break it is too far to the right, too. */
	if (lines->len == 1 && limit < HARD_LIMIT) {
		g_ptr_array_set_size(lines, 0);
		break_lines(s, len, HARD_LIMIT, also | SHIFTS, &open, lines);
	}
	return lines;
}

/* Is the line that starts at byte @start code that may be broken? */
static gboolean breakable(const struct token_list *l, gsize start)
{
	gsize lo = 0, hi = l->n;

	while (lo < hi) {
		gsize mid = lo + (hi - lo) / 2;

		if (l->v[mid].off + l->v[mid].len <= start)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < l->n && l->v[lo].off < start)
		return FALSE;	/* within a comment or a string */
	while (lo < l->n && l->v[lo].kind == TOK_SPACE)
		lo++;
	return lo >= l->n || l->v[lo].ctx == CTX_CODE;
}

static gsize line_end(const char *text, gsize size, gsize at)
{
	const char *nl = memchr(text + at, '\n', size - at);

	return nl ? (gsize)(nl - text) : size;
}

/*
 * The column of the "?" to which a ":" behind the @len bytes at @s belongs, or
 * -1.  By the text alone, backwards, as open_paren_at().
 */
static gssize choice(const char *s, gsize len)
{
	gsize low = len > STATEMENT ? len - STATEMENT : 0;
	int depth = 0, colons = 0;

	for (gsize i = len; i-- > low; ) {
		if (s[i] == ')' || s[i] == ']')
			depth++;
		else if ((s[i] == '(' || s[i] == '[') && !depth--)
			break;
		else if (depth)
			continue;
		else if (strchr(";{}\"'#/", s[i]))
			break;
		else if (s[i] == ':')
			colons++;
		else if (s[i] == '?' && !colons--)
			return layout_width(s + line_start(s, i),
					    i - line_start(s, i));
	}
	return -1;
}

/*
 * The column that the line at byte @start must have to stay aligned to its
 * parenthesis, or a ":" to its "?", in @out, what stands before it by now; -1
 * when it was not aligned to one, or may stay.
 */
static gssize new_indent(const char *text, gsize start, gsize len,
			 const GString *out)
{
	gsize lead = lead_of(text + start, len);
	gboolean colon = lead + 1 < len && !strncmp(text + start + lead, ": ", 2);
	gssize was, is;

	if (!lead || lead == len)
		return -1;
	was = colon ? choice(text, start) : -1;
	if (was >= 0 && layout_width(text + start, lead) == (gsize)was) {
		is = choice(out->str, out->len);
		return is == was ? -1 : is;
	}
	was = open_paren(text, start);
	if (was < 0 || layout_width(text + start, lead) != (gsize)was)
		return -1;
	is = open_paren(out->str, out->len);
	return is == was ? -1 : is;
}

static void set_indent(GString *line, gsize col)
{
	GString *pad = g_string_new(NULL);

	g_string_erase(line, 0, lead_of(line->str, line->len));
	layout_pad(pad, 0, col, TRUE);
	g_string_prepend(line, pad->str);
	g_string_free(pad, TRUE);
}

static void append_lines(GString *out, const GPtrArray *lines, const char *end)
{
	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(out, "%s%s", i ? end : "",
				       (char *)lines->pdata[i]);
}

/* TRUE when it became more than one line. */
static gboolean put_lines(GString *out, const char *s, gsize len, gboolean cr,
			  unsigned int also)
{
	GPtrArray *lines = wrap(out, s, len - cr, LIMIT, also);
	gboolean broke = lines->len > 1;

	append_lines(out, lines, cr ? "\r\n" : "\n");
	g_string_append_len(out, s + len - cr, cr);
	g_ptr_array_free(lines, TRUE);
	return broke;
}

/* TRUE when the line was broken, which only code may be. */
static gboolean lay_line(GString *out, const char *line, gsize len,
			 const char *old, gsize old_len, gboolean may_break,
			 unsigned int also)
{
	gssize bs = continuation(line, len);
	gboolean cr = len && line[len - 1] == '\r';

	if (bs >= 0)
		align_backslash(out, line, len, bs, old, old_len);
	else if (may_break && layout_width(line, len) > layout_width(old, old_len))
		return put_lines(out, line, len, cr, also);
	else
		g_string_append_len(out, line, len);
	return FALSE;
}

struct lay {
	const char *text;
	gsize size;
	const GPtrArray *edits;
	guint i;		/* the next edit */
	gsize at;		/* so much of @text is done */
	struct token_list toks;
	GString *out;
};

/*
 * One line with its edits, or several that an edit joins, from the start of a
 * line on: *@line gets the new text.  The end of the old, without its newline.
 */
static gsize next_line(struct lay *l, GString *line)
{
	gsize at = l->at, end = line_end(l->text, l->size, at);

	for (; l->i < l->edits->len; l->i++) {
		const struct edit *e = l->edits->pdata[l->i];

		if (e->off > end)
			break;
		g_string_append_len(line, l->text + at, e->off - at);
		g_string_append(line, e->new_text);
		at = e->off + e->len;
		end = MAX(end, line_end(l->text, l->size, at));
	}
	g_string_append_len(line, l->text + at, end - at);
	return end;
}

struct piece {		/* a line of a macro */
	const char *old;
	gsize old_len;
	GString *line;		/* without backslash */
	gboolean edited, continued;
};

static void piece_free(gpointer p)
{
	g_string_free(((struct piece *)p)->line, TRUE);
	g_free(p);
}

/* The column of all backslashes of the macro, or 0: they have none. */
static gsize backslash_column(const GPtrArray *pieces)
{
	gsize col = 0;
	guint n = 0;

	for (guint i = 0; i < pieces->len; i++) {
		const struct piece *p = pieces->pdata[i];
		gssize bs = continuation(p->old, p->old_len);

		if (bs < 0)
			continue;
		if (n++ && layout_width(p->old, bs) != col)
			return 0;
		col = layout_width(p->old, bs);
	}
	return n > 1 ? col : 0;
}

static void put_continued(GString *out, const char *s, gsize len, gsize col)
{
	g_string_append_len(out, s, len);
	if (col)
		layout_pad(out, layout_width(s, len), col, col % TAB == 0);
	else
		g_string_append_c(out, ' ');
	g_string_append_c(out, '\\');
}

/*
 * The lines of a macro with an edit in one.  Backslashes that stood in a column
 * and have no room there go to the next one, all of them.
 */
static void lay_macro(GString *out, GPtrArray *pieces)
{
	gsize col = backslash_column(pieces), want = col;
	struct piece *body = pieces->len == 2 ? pieces->pdata[1] : NULL;

	/* A body of one line need not stand far to the right. */
	if (body && body->edited &&
	    layout_width(body->line->str, body->line->len) > LIMIT) {
		gsize lead = lead_of(body->line->str, body->line->len);

		if (layout_width(body->line->str, lead) > TAB &&
		    TAB + layout_width(body->line->str + lead,
				body->line->len - lead) <= LIMIT)
			set_indent(body->line, TAB);
	}
	for (guint i = 0; i < pieces->len; i++) {
		const struct piece *p = pieces->pdata[i];
		gsize w = layout_width(p->line->str, p->line->len);

		if (col && col % TAB == 0 && p->edited && p->continued &&
		    w >= want && w < LIMIT - 1)
			want = w + TAB - w % TAB;
	}
	if (want >= LIMIT)
		want = col;
	for (guint i = 0; i < pieces->len; i++) {
		const struct piece *p = pieces->pdata[i];
		gssize bs = continuation(p->old, p->old_len);
		gboolean grown = p->edited &&
			layout_width(p->line->str, p->line->len) >
			layout_width(p->old, bs < 0 ? (gssize)p->old_len : bs);
		GPtrArray *lines;

		if (i)
			g_string_append_c(out, '\n');
		if (!p->edited && want == col) {
			g_string_append_len(out, p->old, p->old_len);
			continue;
		}
		lines = wrap(out, p->line->str, p->line->len,
			     !grown || pieces->len == 1 ? G_MAXSIZE :
			     p->continued ? LIMIT - 2 : LIMIT, CHOICE);
		for (guint k = 0; k < lines->len; k++) {
			const char *s = lines->pdata[k];
			gboolean last = k + 1 == lines->len;

			if (k)
				g_string_append_c(out, '\n');
			if (last && !p->continued)
				g_string_append(out, s);
			else if (col || bs < 0)
				put_continued(out, s, strlen(s), want);
			else
				put_backslash(out, s, strlen(s), p->old,
					      p->old_len);
		}
		g_ptr_array_free(lines, TRUE);
	}
}

/* The first and the last line of the #define around byte @off, as a range. */
static gboolean macro_lines(const struct lay *l, gsize off, gsize *from,
			    gsize *to)
{
	*from = line_start(l->text, off);
	while (*from && *from >= l->at) {
		gsize up = line_start(l->text, *from - 1);

		if (continuation(l->text + up, *from - 1 - up) < 0)
			break;
		*from = up;
	}
	*to = line_end(l->text, l->size, off);
	while (*to < l->size) {
		gsize s = line_start(l->text, *to);

		if (continuation(l->text + s, *to - s) < 0)
			break;
		*to = line_end(l->text, l->size, *to + 1);
	}
	for (gsize i = 0; i < l->toks.n; i++) {
		const struct token *t = &l->toks.v[i];

		if (t->off >= *from && t->off < *to &&
		    t->ctx == CTX_MACRO_NAME)
			return *from >= l->at &&
			       !memchr(l->text + *from, '\r', *to - *from);
	}
	return FALSE;
}

/* Lays out the macro at [@from, @to); FALSE when an edit joins or adds lines. */
static gboolean try_macro(struct lay *l, gsize from, gsize to)
{
	GPtrArray *pieces = g_ptr_array_new_with_free_func(piece_free);
	guint first = l->i;
	gsize at = l->at;
	gboolean plain = TRUE;

	l->at = from;
	while (plain && l->at <= to) {
		struct piece *p = g_new0(struct piece, 1);
		guint before = l->i;
		gsize end;
		gssize bs;

		p->line = g_string_new(NULL);
		g_ptr_array_add(pieces, p);
		end = next_line(l, p->line);
		p->old = l->text + l->at;
		p->old_len = end - l->at;
		p->edited = l->i != before;
		plain = !memchr(p->old, '\n', p->old_len) &&
			!memchr(p->line->str, '\n', p->line->len) &&
			end <= to;
		bs = continuation(p->line->str, p->line->len);
		p->continued = bs >= 0;
		while (bs > 0 && strchr(" \t", p->line->str[bs - 1]))
			bs--;
		if (bs >= 0)
			g_string_truncate(p->line, bs);
		l->at = end + 1;
	}
	if (plain) {
		g_string_append_len(l->out, l->text + at, from - at);
		lay_macro(l->out, pieces);
		l->at = to;
	} else {
		l->at = at;
		l->i = first;
	}
	g_ptr_array_free(pieces, TRUE);
	return plain;
}

/*
 * The unedited line at [@start, @end) goes on with the list that @l->out ends
 * in, and whose last line there is what was left of a broken one.  It goes into
 * that line, when this saves one, or when it would stand askew below it.
 */
static gboolean refill(struct lay *l, gsize start, gsize end)
{
	const char *s = l->text + start;
	gsize len = end - start, lead = lead_of(s, len);
	gsize last = line_start(l->out->str, l->out->len);
	gssize paren = open_paren_at(l->out->str, l->out->len);
	gboolean askew = layout_width(s, lead) !=
			 (gsize)open_paren(l->text, start);
	GString *before, *line;
	GPtrArray *lines;
	gboolean yes;

	if (lead == len || s[lead] == '#' || paren < 0 ||
	    paren != open_paren_at(l->out->str, last) ||
	    l->out->str[l->out->len - 1] != ',' || memchr(s, '\r', len) ||
	    g_strstr_len(s, len, "/*") || g_strstr_len(s, len, "//"))
		return FALSE;
	before = g_string_new_len(l->out->str, last);
	line = g_string_new(l->out->str + last);
	g_string_append_c(line, ' ');
	g_string_append_len(line, s + lead, len - lead);
	lines = wrap(before, line->str, line->len, LIMIT, CHOICE);
	yes = lines->len <= (askew ? 2 : 1);
	for (guint i = 0; yes && i < lines->len; i++)
		yes = layout_width(lines->pdata[i], strlen(lines->pdata[i])) <=
		      LIMIT;
	if (yes) {
		g_string_truncate(l->out, last);
		append_lines(l->out, lines, "\n");
	}
	g_ptr_array_free(lines, TRUE);
	g_string_free(line, TRUE);
	g_string_free(before, TRUE);
	return yes;
}

/*
 * Behind which operators the line that ends at @end in the old text may be
 * broken.  Not behind a "?" whose ":" begins the next line: that one would no
 * longer stand below it.
 */
static unsigned int behind_line(const struct lay *l, gsize end)
{
	gsize at = end;

	while (at < l->size && strchr(" \t\r\n", l->text[at]))
		at++;
	return at + 1 < l->size && !strncmp(l->text + at, ": ", 2) ? 0 : CHOICE;
}

/*
 * The unedited lines below @l->at that were aligned to what moved, or that go on
 * with a list that was @broken.
 */
static void follow(struct lay *l, gboolean broken)
{
	for (;;) {
		gsize start = l->at + 1, end;
		const struct edit *e = l->i < l->edits->len ?
			l->edits->pdata[l->i] : NULL;
		GString *line;
		gssize col;

		if (l->at >= l->size || (open_paren(l->text, l->at) < 0 &&
					 behind_line(l, l->at) == CHOICE))
			return;
		end = line_end(l->text, l->size, start);
		if ((e && e->off <= end) || !breakable(&l->toks, start))
			return;
		if (broken && refill(l, start, end)) {
			l->at = end;
			continue;
		}
		broken = FALSE;
		col = new_indent(l->text, start, end - start, l->out);
		g_string_append_c(l->out, '\n');
		line = g_string_new_len(l->text + start, end - start);
		if (col >= 0)
			set_indent(line, col);
		lay_line(l->out, line->str, line->len, l->text + start,
			 end - start, col >= 0, behind_line(l, end));
		g_string_free(line, TRUE);
		l->at = end;
	}
}

char *layout_apply(const char *text, gsize size, const GPtrArray *edits,
		   gsize *new_size)
{
	struct lay l = { .text = text, .size = size, .edits = edits,
			 .out = g_string_sized_new(size + 256) };

	lex_c(text, size, &l.toks);
	while (l.i < edits->len) {
		const struct edit *e = edits->pdata[l.i];
		gsize start = line_start(text, e->off), end, from, to;
		gboolean code = breakable(&l.toks, start);
		GString *line;

		if (macro_lines(&l, e->off, &from, &to) &&
		    try_macro(&l, from, to))
			continue;
		line = g_string_new(NULL);
		/* All edits that touch this line, and lines that they join. */
		g_string_append_len(l.out, text + l.at, start - l.at);
		l.at = start;
		end = next_line(&l, line);
		if (!memchr(text + start, '\n', end - start) &&
		    !memchr(line->str, '\n', line->len)) {
			gssize col = code ? new_indent(text, start, end - start,
						       l.out) : -1;
			gboolean broken;

			if (col >= 0)
				set_indent(line, col);
			broken = lay_line(l.out, line->str, line->len,
					  text + start, end - start, code,
					  behind_line(&l, end));
			l.at = end;
			if (code)
				follow(&l, broken);
		} else {
			g_string_append_len(l.out, line->str, line->len);
			l.at = end;
		}
		g_string_free(line, TRUE);
	}
	g_string_append_len(l.out, text + l.at, size - l.at);
	lex_free(&l.toks);
	*new_size = l.out->len;
	return g_string_free(l.out, FALSE);
}
