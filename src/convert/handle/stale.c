// SPDX-License-Identifier: GPL-2.0-only
/*
 * Goes by words: "struct OLD", "OLD->" and members that an edit of the same
 * function replaced.  The word OLD alone says nothing ("page table").
 */
#include <string.h>

#include "convert/handle/stale.h"

/* A blank in a comment: its line ends and what stands before a line, too. */
static gsize skip_blank(const char *s, gsize len, gsize i)
{
	gboolean lines = FALSE;

	for (; i < len; i++) {
		if (s[i] == '\n')
			lines = TRUE;
		else if (!strchr(" \t\r", s[i]) &&
			 !(lines && s[i] == '*' && s[i + 1] != '/'))
			break;
	}
	return i;
}

/*
 * Does @want stand at @i?  A blank of it is any blank of a comment.  The end of
 * the match, or 0.
 */
static gsize match_at(const char *s, gsize len, gsize i, const char *want)
{
	for (; *want; want++) {
		if (*want == ' ') {
			gsize to = skip_blank(s, len, i);

			if (to == i)
				return 0;
			i = to;
		} else if (i >= len || s[i++] != *want) {
			return 0;
		}
	}
	return i;
}

/* The first place of @want in the text, as words if it begins with one. */
static gboolean find(const char *s, gsize len, gsize from, const char *want,
		     gsize *at, gsize *end)
{
	for (gsize i = from; i < len; i++) {
		gsize e = match_at(s, len, i, want);

		if (!e || (source_is_word(*want) && i &&
			   source_is_word(s[i - 1])) ||
		    (source_is_word(want[strlen(want) - 1]) && e < len &&
		     source_is_word(s[e])))
			continue;
		*at = i;
		*end = e;
		return TRUE;
	}
	return FALSE;
}

/* What the manifest says of the comment at token @i; TRUE when it was edited. */
static gboolean edit_comment(const struct stale *st, const struct source *s,
			     gsize i)
{
	char **keys = g_key_file_get_keys(st->m->keys, "comments", NULL, NULL);
	const struct token *t = &s->toks.v[i];
	const char *text = s->text + t->off;
	gboolean done = FALSE;

	for (char **k = keys; k && *k && !done; k++) {
		char *to = g_key_file_get_string(st->m->keys, "comments", *k,
						 NULL);
		gsize at, end, from = 0, same = 0;

		/* What both begin with stays, with the line ends in it. */
		for (gsize n = 1; (*k)[n - 1] && (*k)[n - 1] == to[n - 1]; n++)
			if (!source_is_word((*k)[n - 1]) ||
			    !source_is_word((*k)[n]))
				same = n;
		for (; find(text, t->len, from, *k, &at, &end); from = end) {
			char *head = g_strndup(*k, same);
			gsize start = same ? match_at(text, t->len, at, head)
					   : at;

			edit_replace(st->edits, s->file, s->text,
				     t->off + start, t->off + end, to + same,
				     "driver/comment");
			g_free(head);
			done = TRUE;
		}
		g_free(to);
	}
	g_strfreev(keys);
	return done;
}

static void note(const struct stale *st, const char *file, const char *text,
		 gsize size, gsize off, const char *why)
{
	struct note *n = g_new0(struct note, 1);
	gsize from = off, to = off;

	n->line = 1;
	for (gsize i = 0; i < off; i++)
		n->line += text[i] == '\n';
	while (from && text[from - 1] != '\n')
		from--;
	while (from < off && strchr(" \t", text[from]))
		from++;
	while (to < size && text[to] != '\n')
		to++;
	n->file = g_strdup(file);
	n->text = g_strdup_printf("%s: \"%.*s\"", why, (int)(to - from),
				  text + from);
	g_ptr_array_add(st->notes, n);
}

/* Where the text of a comment or a document speaks of the old struct. */
static gboolean speaks_of_old(const struct stale *st, const char *text,
			      gsize len, gsize *at)
{
	char *name = g_strdup_printf("struct %s", st->h->old);
	char *member = g_strdup_printf("%s->", st->h->old);
	gsize end;
	gboolean yes = find(text, len, 0, name, at, &end) ||
		       find(text, len, 0, member, at, &end);

	g_free(name);
	g_free(member);
	return yes;
}

/* Members that an edit in [@from, @to) takes away: char * set. */
static GHashTable *gone_members(const struct stale *st, const struct source *s,
				gsize from, gsize to)
{
	GHashTable *gone = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);
	const GPtrArray *v = edit_of_file(st->edits, s->file);

	for (guint i = 0; v && i < v->len; i++) {
		const struct edit *e = v->pdata[i];
		gsize k = source_token_at(s, e->off), end;

		if (e->off < from || e->off >= to)
			continue;
		for (; k < s->toks.n && s->toks.v[k].off < e->off + e->len;
		     k = source_next(s, k)) {
			gsize p = k ? tok_skip_back(&s->toks, k - 1) : SIZE_MAX;
			char *name;

			if (s->toks.v[k].kind != TOK_IDENT || p == SIZE_MAX ||
			    (!source_is(s, p, "->") && !source_is(s, p, ".") &&
			     !source_is(s, p, ",")))
				continue;
			name = g_strndup(s->text + s->toks.v[k].off,
					 s->toks.v[k].len);
			/* In "struct OLD, member" only if the new text has another. */
			if (find(e->new_text, e->new_len, 0, name, &end, &end))
				g_free(name);
			else
				g_hash_table_add(gone, name);
		}
	}
	return gone;
}

/* A comment where handles are: [@from, @to) is the function or macro. */
static void look_at(const struct stale *st, const struct source *s, gsize i,
		    GHashTable *done, GHashTable *gone, const char *why)
{
	const struct token *t = &s->toks.v[i];
	GHashTableIter it;
	gpointer name;
	gsize at, end;

	if (!g_hash_table_add(done, GSIZE_TO_POINTER(i)) ||
	    edit_comment(st, s, i))
		return;
	if (speaks_of_old(st, s->text + t->off, t->len, &at)) {
		note(st, s->file, s->text, s->size, t->off + at, why);
		return;
	}
	if (!gone)
		return;
	g_hash_table_iter_init(&it, gone);
	while (g_hash_table_iter_next(&it, &name, NULL)) {
		char *arrow = g_strconcat("->", name, NULL);

		if (find(s->text + t->off, t->len, 0, arrow, &at, &end)) {
			note(st, s->file, s->text, s->size, t->off + at,
			     "names a member that the code no longer uses");
			g_free(arrow);
			return;
		}
		g_free(arrow);
	}
}

static void around(const struct stale *st, const struct source *s, gsize from,
		   gsize to, gsize head, GHashTable *done)
{
	GHashTable *gone = gone_members(st, s, from, to);
	gsize i = source_comment_before(s, head);

	if (i != SIZE_MAX)
		look_at(st, s, i, done, gone,
			"describes code that now carries a handle");
	for (i = source_token_at(s, from);
	     i < s->toks.n && s->toks.v[i].off < to; i++)
		if (s->toks.v[i].kind == TOK_COMMENT)
			look_at(st, s, i, done, gone,
				"stands in code that now carries a handle");
	g_hash_table_destroy(gone);
}

/* The "#" of the #define whose body begins at token @i. */
static gsize define_of(const struct source *s, gsize i)
{
	while (i && s->toks.v[i - 1].ctx != CTX_CODE)
		i--;
	while (i < s->toks.n && s->toks.v[i].kind == TOK_SPACE)
		i++;
	return i;
}

/* List what the comment at token @i says of members that edits bring in. */
static void list_members(const struct stale *st, const struct source *s,
			 gsize i)
{
	const struct token *t = &s->toks.v[i];
	const char *text = s->text + t->off;
	GPtrArray *files = edit_files(st->edits);

	for (gsize at = 0; at < t->len; at++) {
		gsize n = 0, x;
		gboolean news = FALSE;
		char *name;

		if (text[at] != '@')
			continue;
		while (at + 1 + n < t->len && source_is_word(text[at + 1 + n]))
			n++;
		if (!n || text[at + 1 + n] != ':')
			continue;
		name = g_strndup(text + at + 1, n);
		for (guint f = 0; f < files->len && !news; f++) {
			const GPtrArray *v = edit_of_file(st->edits,
							  files->pdata[f]);

			for (guint k = 0; k < v->len && !news; k++) {
				const struct edit *e = v->pdata[k];

				news = strcmp(e->rule, "driver/comment") &&
				       find(e->new_text, e->new_len, 0, name,
					    &x, &x) &&
				       !find(e->old_text, e->old_len, 0, name,
					     &x, &x);
			}
		}
		if (news)
			note(st, s->file, s->text, s->size, t->off + at,
			     "the conversion adds uses of this member");
		g_free(name);
	}
	g_ptr_array_free(files, TRUE);
}

static void look_at_struct(const struct stale *st, const struct source *s,
			   GHashTable *done)
{
	for (gsize i = 0; i < s->toks.n; i++) {
		gsize name, c;

		if (!source_is(s, i, "struct") || s->toks.v[i].ctx != CTX_CODE)
			continue;
		name = source_next(s, i);
		if (!source_is(s, name, st->h->new) || !source_is(s, source_next(s, name), "{"))
			continue;
		c = source_comment_before(s, i);
		/* What it says of the old struct is what it is about. */
		if (c != SIZE_MAX &&
		    g_hash_table_add(done, GSIZE_TO_POINTER(c)) &&
		    !edit_comment(st, s, c))
			list_members(st, s, c);
	}
}

/* How often a text names the old struct in code: the tree's, or the edits'. */
static guint names_old(const struct stale *st, const struct source *s,
		       gboolean after)
{
	const GPtrArray *v = edit_of_file(st->edits, s->file);
	char *want = g_strdup_printf("struct %s", st->h->old);
	guint n = 0, k = 0;

	for (gsize i = 0; i < s->toks.n; i++) {
		gsize name = source_next(s, i);

		if (s->toks.v[i].kind != TOK_IDENT || !source_is(s, i, "struct") ||
		    !source_is(s, name, st->h->old))
			continue;
		while (after && v && k < v->len &&
		       ((struct edit *)v->pdata[k])->off +
		       ((struct edit *)v->pdata[k])->len <= s->toks.v[name].off)
			k++;
		n += !(after && v && k < v->len &&
		       ((struct edit *)v->pdata[k])->off <= s->toks.v[name].off);
	}
	for (guint i = 0; after && v && i < v->len; i++) {
		const struct edit *e = v->pdata[i];
		gsize at, end;

		n += find(e->new_text, e->new_len, 0, want, &at, &end);
	}
	g_free(want);
	return n;
}

/* sizeof(*h) compiles as before, and is another number perhaps. */
static void look_at_sizes(const struct stale *st, const struct source *s)
{
	for (guint i = 0; i < st->flow->frontier->len; i++) {
		const struct flow_frontier *f = st->flow->frontier->pdata[i];
		char *why;

		if (f->kind != FLOW_SIZE || strcmp(f->file, s->file))
			continue;
		why = g_strdup_printf("takes the size of struct %s now",
				      st->h->new);
		note(st, s->file, s->text, s->size, f->off, why);
		g_free(why);
	}
}

void stale_source(const struct stale *st, const struct source *s)
{
	GHashTable *done = g_hash_table_new(NULL, NULL);
	const GPtrArray *edits = edit_of_file(st->edits, s->file);
	gboolean left = edits && names_old(st, s, FALSE) &&
			!names_old(st, s, TRUE);
	GArray *lines = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint i = 0; edits && i < edits->len; i++) {
		gsize off = ((struct edit *)edits->pdata[i])->off;
		guint line = source_line(s, off);

		g_array_append_val(lines, line);
	}
	for (guint n = 0; n < st->flow->funcs->len; n++) {
		const struct flow_func *f = st->flow->funcs->pdata[n];

		if (!strcmp(f->file, s->file))
			around(st, s, f->start, f->end,
			       source_token_at(s, f->start), done);
	}
	for (guint n = 0; n < s->macros->len; n++) {
		const struct source_macro *m = s->macros->pdata[n];

		if (m->handles || m->yields)
			around(st, s, m->body, m->body_end,
			       define_of(s, m->first), done);
	}
	look_at_struct(st, s, done);
	look_at_sizes(st, s);
	for (gsize i = 0; i < s->toks.n; i++) {
		const struct token *t = &s->toks.v[i];
		gboolean here = FALSE;

		if (t->kind != TOK_COMMENT)
			continue;
		for (guint k = 0; k < lines->len && !here; k++)
			here = g_array_index(lines, guint, k) == t->line;
		if (here)
			look_at(st, s, i, done, NULL,
				"stands in a line that was edited");
		else if (left)
			look_at(st, s, i, done, NULL,
				"no code of the file names the struct any more");
	}
	g_array_free(lines, TRUE);
	g_hash_table_destroy(done);
}

/* The paragraph or comment around byte @off. */
static void extent(const struct site *site, const char *text, gsize size,
		   gsize *from, gsize *to)
{
	const char *open = "\n\n", *close = "\n\n";

	if (site->ctx == SITE_COMMENT) {
		open = "/*";
		close = "*/";
	}
	for (*from = site->off; *from; (*from)--)
		if (!strncmp(text + *from, open, 2))
			break;
	for (*to = site->off; *to + 1 < size; (*to)++)
		if (!strncmp(text + *to, close, 2))
			break;
}

void stale_site(const struct stale *st, const struct site *site,
		const char *text, gsize size)
{
	const GPtrArray *v = edit_of_file(st->edits, site->file);
	gsize from, to, at;
	char *why;

	if (site->off >= size ||
	    (site->ctx != SITE_COMMENT && site->ctx != SITE_DOC))
		return;
	extent(site, text, size, &from, &to);
	for (guint i = 0; v && i < v->len; i++) {
		const struct edit *e = v->pdata[i];

		if (e->off >= from && e->off < to &&
		    !strcmp(e->rule, "driver/comment"))
			return;
	}
	if (!speaks_of_old(st, text + from, to - from, &at))
		return;
	why = g_strdup_printf("speaks of it together with %s", site->symbol);
	note(st, site->file, text, size, from + at, why);
	g_free(why);
}

void stale_finish(const struct stale *st)
{
	g_ptr_array_sort(st->notes, note_compare);
	for (guint i = st->notes->len; i-- > 1; ) {
		const struct note *a = st->notes->pdata[i - 1];
		const struct note *b = st->notes->pdata[i];

		if (a->line == b->line && !strcmp(a->file, b->file))
			g_ptr_array_remove_index(st->notes, i);
	}
}
