// SPDX-License-Identifier: GPL-2.0-only
/*
 * One pass over the lines.  Outside hunks a line is text or a diff's header;
 * inside, the counts of the hunk's header say how many lines are left, so that
 * no text of a file is ever taken for a header.  What git apply or patch would
 * guess at (names that differ, a hunk that ends early, lines behind its end) is
 * refused: a gate must not read another change than the one that is applied
 * later.  Merges (combined diffs) and binary parts are refused as well.
 */
#include <stdio.h>
#include <string.h>

#include "text/patchread.h"

struct reader {
	const char *p, *end;	/* what is left */
	const char *l;		/* the current line, */
	gsize len;		/* without its newline and a CR before it */
	gsize raw;		/* with the CR */
	guint line;
	int flags;
	struct pr_set *set;
	struct pr_patch *patch;	/* not yet in the set while it has no file */
	struct pr_file *file;
	gboolean given;		/* the caller adds the patch to the set */
	const char *git;	/* what stands behind "diff --git ", */
	gsize git_len;		/* or 0 */
	gboolean in_head;	/* behind "commit HASH": "Subject: " may come */
	gboolean text;		/* something but blank lines was met */
	struct pr_error *err;
};

static int G_GNUC_PRINTF(3, 4) fail(struct reader *r, guint line,
				    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	g_vsnprintf(r->err->text, sizeof(r->err->text), fmt, ap);
	va_end(ap);
	r->err->line = line;
	return -1;
}

static gboolean next_line(struct reader *r)
{
	const char *nl;

	if (r->p >= r->end)
		return FALSE;
	nl = memchr(r->p, '\n', r->end - r->p);
	r->l = r->p;
	r->raw = r->len = (nl ? nl : r->end) - r->p;
	if (r->len && r->l[r->len - 1] == '\r')
		r->len--;
	r->p = nl ? nl + 1 : r->end;
	r->line++;
	return TRUE;
}

static gboolean starts(const struct reader *r, const char *s)
{
	gsize n = strlen(s);

	return r->len >= n && !memcmp(r->l, s, n);
}

/* Does the line behind the current one start so? */
static gboolean next_starts(const struct reader *r, const char *s)
{
	gsize n = strlen(s);

	return (gsize)(r->end - r->p) >= n && !memcmp(r->p, s, n);
}

static void file_free(gpointer p)
{
	struct pr_file *f = p;

	g_free(f->old_path);
	g_free(f->new_path);
	g_array_free(f->hunks, TRUE);
	g_free(f);
}

void pr_patch_free(gpointer p)
{
	struct pr_patch *q = p;

	g_free(q->subject);
	g_free(q->author);
	g_free(q->commit);
	g_ptr_array_free(q->files, TRUE);
	g_ptr_array_free(q->unread, TRUE);
	g_free(q);
}

struct pr_patch *pr_patch_new(guint line)
{
	struct pr_patch *p = g_new0(struct pr_patch, 1);

	p->line = line;
	p->files = g_ptr_array_new_with_free_func(file_free);
	p->unread = g_ptr_array_new_with_free_func(g_free);
	return p;
}

struct pr_set *pr_set_new(void)
{
	struct pr_set *s = g_new0(struct pr_set, 1);

	s->patches = g_ptr_array_new_with_free_func(pr_patch_free);
	s->lines = g_array_new(FALSE, FALSE, sizeof(struct pr_line));
	s->texts = g_ptr_array_new_with_free_func(g_free);
	return s;
}

void pr_free(struct pr_set *s)
{
	if (!s)
		return;
	g_ptr_array_free(s->patches, TRUE);
	g_array_free(s->lines, TRUE);
	g_ptr_array_free(s->texts, TRUE);
	g_free(s);
}

/* A patch of a log begins. */
static void new_patch(struct reader *r)
{
	if (r->patch && !r->patch->files->len)
		pr_patch_free(r->patch);
	r->patch = pr_patch_new(r->line);
	r->file = NULL;
	r->git_len = 0;
}

static int new_file(struct reader *r)
{
	if (!r->patch)
		new_patch(r);
	if (++r->set->files > PR_MAX_FILES)
		return fail(r, r->line, "more than %u files", PR_MAX_FILES);
	if (!r->given && !r->patch->files->len) {
		if (r->set->patches->len == PR_MAX_PATCHES)
			return fail(r, r->line, "more than %u patches",
				    PR_MAX_PATCHES);
		g_ptr_array_add(r->set->patches, r->patch);
	}
	r->file = g_new0(struct pr_file, 1);
	r->file->line = r->line;
	r->file->hunks = g_array_new(FALSE, FALSE, sizeof(struct pr_hunk));
	g_ptr_array_add(r->patch->files, r->file);
	r->in_head = FALSE;
	return 0;
}

/* ---- paths ---- */

gboolean pr_path_ok(const char *path, const char **why)
{
	const char *p, *e;

	*why = NULL;
	if (!*path)
		*why = "is empty";
	else if (*path == '/')
		*why = "is absolute";
	for (p = path; !*why && *p; p = *e ? e + 1 : e) {
		e = strchrnul(p, '/');
		if (e == p || (e - p == 1 && *p == '.') || (*e && !e[1]))
			*why = "has an empty component or '.'";
		else if (e - p == 2 && p[0] == '.' && p[1] == '.')
			*why = "leaves the tree with '..'";
		else if (e - p == 4 && !g_ascii_strncasecmp(p, ".git", 4))
			*why = "is in .git";
	}
	for (p = path; !*why && *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*why = "has a control character";
	if (!*why && p - path > 4000)
		*why = "is too long";
	return !*why;
}

/* A name in C's quotes, as git writes odd ones: without them; NULL if broken. */
static char *unquote(const char *s, gsize len)
{
	GString *out = g_string_new(NULL);
	gsize i;

	for (i = 1; i < len && s[i] != '"'; i++) {
		static const char from[] = "abtnvfr\"\\", to[] = "\a\b\t\n\v\f\r\"\\";
		const char *k;

		if (s[i] != '\\') {
			g_string_append_c(out, s[i]);
			continue;
		}
		if (++i >= len)
			break;
		if (i + 2 < len && s[i] >= '0' && s[i] <= '3' &&
		    s[i + 1] >= '0' && s[i + 1] <= '7' &&
		    s[i + 2] >= '0' && s[i + 2] <= '7') {
			g_string_append_c(out, (s[i] - '0') << 6 |
					  (s[i + 1] - '0') << 3 |
					  (s[i + 2] - '0'));
			i += 2;
			continue;
		}
		k = s[i] ? strchr(from, s[i]) : NULL;
		if (!k)
			break;
		g_string_append_c(out, to[k - from]);
	}
	if (i >= len || s[i] != '"' || i + 1 != len ||
	    strlen(out->str) != out->len) {
		g_string_free(out, TRUE);
		return NULL;
	}
	return g_string_free(out, FALSE);
}

/* The name in a "--- " or "+++ " line, or behind "rename to "; raw. */
static char *take_name(const char *s, gsize len)
{
	const char *tab;

	if (len && *s == '"') {
		for (tab = s + len; tab > s && tab[-1] != '"'; tab--)
			;
		return unquote(s, tab - s);
	}
	tab = memchr(s, '\t', len);
	if (tab)
		len = tab - s;
	if (memchr(s, '\0', len))
		return NULL;
	return g_strndup(s, len);
}

/* Take off "a/" and the like; @p0: both names start alike, so there is none. */
static int take_path(struct reader *r, const char *raw, gboolean p0,
		     char **out)
{
	const char *slash, *path = raw, *why;
	char *shown;

	*out = NULL;
	if (!strcmp(raw, "/dev/null"))
		return 0;
	slash = strchr(raw, '/');
	if (*raw != '/' && slash && !p0)
		path = slash + 1;
	if (*raw == '/')
		why = "is absolute";
	else if (!slash && !p0)
		why = "has no leading a/ or b/";
	else if (pr_path_ok(path, &why) && (g_utf8_validate(path, -1, NULL) ||
					     (r->flags & PR_LOOSE)))
		why = NULL;
	else if (!why)
		why = "is no UTF-8";
	if (why) {
		shown = g_utf8_make_valid(raw, -1);
		g_strdelimit(shown, "\n\r\t\033", '?');
		fail(r, r->line, "the path '%.80s' %s", shown, why);
		g_free(shown);
		return -1;
	}
	*out = g_strdup(path);
	return 0;
}

static gboolean same_root(const char *a, const char *b)
{
	gsize n = strcspn(a, "/");

	if (!strcmp(a, "/dev/null") || !strcmp(b, "/dev/null") ||
	    (n == 1 && strchr("abciow", *a)))
		return FALSE;
	return n == strcspn(b, "/") && !strncmp(a, b, n);
}

/* "--- " is the current line, "+++ " the next. */
static int take_names(struct reader *r)
{
	char *a = take_name(r->l + 4, r->len - 4), *b = NULL;
	guint line = r->line;
	int ret = -1;
	gboolean p0;

	next_line(r);
	b = take_name(r->l + 4, r->len - 4);
	if (!a || !b) {
		fail(r, a ? r->line : line, "the file name cannot be read");
		goto out;
	}
	if (r->git_len) {
		/* What git would apply it to must be what we read. */
		if (strcmp(a, "/dev/null") && strcmp(b, "/dev/null") &&
		    r->git[0] != '"' && a[0] != '"' &&
		    (r->git_len != strlen(a) + 1 + strlen(b) ||
		     memcmp(r->git, a, strlen(a)) ||
		     memcmp(r->git + strlen(a) + 1, b, strlen(b))) &&
		    !memchr(r->git, '"', r->git_len)) {
			fail(r, r->line, "the names contradict the line 'diff --git' above");
			goto out;
		}
		r->git_len = 0;
	} else if (new_file(r)) {
		goto out;
	}
	p0 = same_root(a, b);
	g_clear_pointer(&r->file->old_path, g_free);
	g_clear_pointer(&r->file->new_path, g_free);
	if (take_path(r, a, p0, &r->file->old_path) ||
	    take_path(r, b, p0, &r->file->new_path))
		goto out;
	if (!r->file->old_path && !r->file->new_path) {
		fail(r, r->line, "both names are /dev/null");
		goto out;
	}
	ret = 0;
out:
	g_free(a);
	g_free(b);
	return ret;
}

/* ---- headers of a diff ---- */

/*
 * "diff --git a/X b/X": where there are no "---" and "+++" lines (a mode, an
 * empty file), this is the only name.
 */
static int take_git(struct reader *r)
{
	const char *s = r->l + strlen("diff --git ");
	gsize len = r->len - strlen("diff --git "), half;

	if (new_file(r))
		return -1;
	r->git = s;
	r->git_len = len;
	half = len / 2;
	if (len > 4 && len % 2 && s[half] == ' ' && s[0] != '"') {
		char *raw = g_strndup(s + half + 1, half);
		int ret = take_path(r, raw, FALSE, &r->file->new_path);

		g_free(raw);
		if (ret)
			return -1;
		r->file->old_path = g_strdup(r->file->new_path);
	}
	return 0;
}

static int take_renamed(struct reader *r, const char *key, char **path)
{
	char *raw = take_name(r->l + strlen(key), r->len - strlen(key));
	int ret;

	if (!raw)
		return fail(r, r->line, "the file name cannot be read");
	g_clear_pointer(path, g_free);
	ret = take_path(r, raw, TRUE, path);
	g_free(raw);
	return ret;
}

/* An octal number; the text is not terminated. */
static guint take_mode(const struct reader *r, gsize at)
{
	guint mode = 0;

	for (; at < r->len && r->l[at] >= '0' && r->l[at] <= '7'; at++)
		mode = (mode << 3 | (r->l[at] - '0')) & 0777777;
	return mode;
}

static gboolean is_extended(const struct reader *r)
{
	return starts(r, "old mode ") || starts(r, "new mode ") ||
	       starts(r, "similarity index ") || starts(r, "index ") ||
	       starts(r, "dissimilarity index ");
}

static int binary(struct reader *r)
{
	if (!(r->flags & PR_LOOSE))
		return fail(r, r->line, "a binary part: only text can be judged");
	r->file->binary = TRUE;
	return 0;
}

/* ---- hunks ---- */

static int take_number(struct reader *r, const char **p, guint *out)
{
	const char *e = r->l + r->len;
	guint64 n = 0;

	if (*p >= e || !g_ascii_isdigit(**p))
		return -1;
	for (; *p < e && g_ascii_isdigit(**p); (*p)++) {
		n = n * 10 + (**p - '0');
		if (n > G_MAXINT32)
			return -1;
	}
	*out = n;
	return 0;
}

static int take_range(struct reader *r, const char **p, char sign,
		      guint *start, guint *n)
{
	const char *e = r->l + r->len;

	*n = 1;
	if (*p >= e || *(*p)++ != sign || take_number(r, p, start))
		return -1;
	if (*p < e && **p == ',') {
		(*p)++;
		return take_number(r, p, n);
	}
	return 0;
}

static int take_hunk_header(struct reader *r, struct pr_hunk *h)
{
	const char *p = r->l + 3, *e = r->l + r->len;

	memset(h, 0, sizeof(*h));
	h->line = r->line;
	h->first = r->set->lines->len;
	if (take_range(r, &p, '-', &h->old_start, &h->old_n) ||
	    p >= e || *p++ != ' ' ||
	    take_range(r, &p, '+', &h->new_start, &h->new_n) ||
	    e - p < 3 || memcmp(p, " @@", 3))
		return fail(r, r->line, "the hunk header cannot be read");
	p += strlen(" @@");
	if (p < e && *p == ' ')
		p++;
	h->section = p;
	h->section_len = e - p;
	if (!r->file->old_path && (h->old_start || h->old_n))
		return fail(r, r->line, "the hunk takes lines from a file that it creates");
	if (!r->file->new_path && (h->new_start || h->new_n))
		return fail(r, r->line, "the hunk puts lines into a file that it deletes");
	if ((h->old_n && !h->old_start) || (h->new_n && !h->new_start))
		return fail(r, r->line, "the hunk starts at line 0");
	if (!h->old_n && !h->new_n)
		return fail(r, r->line, "the hunk is empty");
	if (r->file->hunks->len) {
		const struct pr_hunk *b = pr_hunk_at(r->file,
						     r->file->hunks->len - 1);
		/* Line 5 of an empty range is what stands behind line 5. */
		guint64 old_end = (guint64)b->old_start + b->old_n + !b->old_n;
		guint64 new_end = (guint64)b->new_start + b->new_n + !b->new_n;

		if ((guint64)h->old_start + !h->old_n < old_end ||
		    (guint64)h->new_start + !h->new_n < new_end)
			return fail(r, r->line, "the hunk overlaps the one before it, or stands before it");
		if ((gint64)h->new_start + !h->new_n - (gint64)new_end !=
		    (gint64)h->old_start + !h->old_n - (gint64)old_end)
			return fail(r, r->line, "the line numbers of the hunk contradict the one before it");
	}
	if (++r->set->hunks > PR_MAX_HUNKS)
		return fail(r, r->line, "more than %u hunks", PR_MAX_HUNKS);
	return 0;
}

static int take_hunk(struct reader *r)
{
	guint old_left, new_left;
	struct pr_hunk h;

	if (!r->file || r->git_len || (!r->file->old_path && !r->file->new_path))
		return fail(r, r->line, "a hunk without the names of its file");
	if (take_hunk_header(r, &h))
		return -1;
	old_left = h.old_n;
	new_left = h.new_n;
	while (old_left || new_left) {
		struct pr_line l = { 0 };

		if (!next_line(r))
			return fail(r, r->line, "the patch ends in the middle of a hunk: %u old and %u new lines are missing",
				    old_left, new_left);
		l.kind = r->raw ? r->l[0] : ' ';
		/* Mailers take the blank from an empty line. */
		if (l.kind == '\r' && r->raw == 1)
			l.kind = ' ';
		l.p = r->l + (r->raw && r->l[0] == l.kind);
		l.len = r->l + r->raw - l.p;
		if (l.kind == '\\') {
			if (h.first < r->set->lines->len) {
				g_array_index(r->set->lines, struct pr_line,
					r->set->lines->len - 1).no_eol = 1;
				continue;
			}
			return fail(r, r->line, "'\\' without a line before it");
		}
		if (l.kind != ' ' && l.kind != '+' && l.kind != '-')
			return fail(r, r->line, "the hunk ends early: its header (line %u) says %u old and %u new lines more",
				    h.line, old_left, new_left);
		if ((l.kind != '+' && !old_left) || (l.kind != '-' && !new_left))
			return fail(r, r->line, "the lines of the hunk contradict the counts in its header (line %u)",
				    h.line);
		if (memchr(l.p, '\0', l.len) && !(r->flags & PR_LOOSE))
			return fail(r, r->line, "a NUL byte: only text can be judged");
		old_left -= l.kind != '+';
		new_left -= l.kind != '-';
		g_array_append_val(r->set->lines, l);
	}
	h.n = r->set->lines->len - h.first;
	if (next_starts(r, "\\")) {
		next_line(r);
		g_array_index(r->set->lines, struct pr_line,
			      r->set->lines->len - 1).no_eol = 1;
	}
	g_array_append_val(r->file->hunks, h);
	/* A line of a diff here would be applied by nobody, or by some. */
	if (r->p < r->end && (*r->p == '+' || *r->p == ' ' || *r->p == '-') &&
	    !next_starts(r, "-- \n") && !next_starts(r, "-- \r\n") &&
	    !next_starts(r, "--\n") && !next_starts(r, "--- "))
		return fail(r, r->line + 1, "the hunk goes on behind the counts in its header (line %u)",
			    h.line);
	return 0;
}

static gboolean is_hex(const char *s, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (!g_ascii_isxdigit(s[i]))
			return FALSE;
	return TRUE;
}

/* ---- the whole ---- */

/* A line outside hunks. */
static int take_line(struct reader *r)
{
	if (r->len)
		r->text = TRUE;
	if (!r->given && starts(r, "commit ") && r->len >= 47 &&
	    is_hex(r->l + 7, 40)) {
		new_patch(r);
		r->patch->commit = g_strndup(r->l + 7, 40);
		r->in_head = TRUE;
		return 0;
	}
	if (starts(r, "diff --git "))
		return take_git(r);
	if (starts(r, "diff --cc ") || starts(r, "diff --combined ") ||
	    starts(r, "@@@ "))
		return fail(r, r->line, "a combined diff of a merge: give the commits that it merges");
	if (starts(r, "--- ") && next_starts(r, "+++ "))
		return take_names(r);
	if (starts(r, "@@ -"))
		return take_hunk(r);
	if (r->git_len) {
		if (starts(r, "--- "))
			return fail(r, r->line, "'---' without '+++' behind it");
		if (starts(r, "GIT binary patch") ||
		    starts(r, "Binary files "))
			return binary(r);
		if (starts(r, "rename from "))
			return take_renamed(r, "rename from ", &r->file->old_path);
		if (starts(r, "rename to "))
			return take_renamed(r, "rename to ", &r->file->new_path);
		if (starts(r, "copy from "))
			return take_renamed(r, "copy from ", &r->file->old_path);
		if (starts(r, "copy to "))
			return take_renamed(r, "copy to ", &r->file->new_path);
		if (starts(r, "deleted file mode ")) {
			g_clear_pointer(&r->file->new_path, g_free);
			return 0;
		}
		if (starts(r, "new file mode ")) {
			g_clear_pointer(&r->file->old_path, g_free);
			r->file->mode = take_mode(r, 14);
			return 0;
		}
		if (starts(r, "new mode "))
			r->file->mode = take_mode(r, 9);
		if (is_extended(r))
			return 0;
		/* Text again: the file had no hunks. */
		r->git_len = 0;
	} else if (r->patch && starts(r, "Binary files ") &&
		   r->len > 7 && !memcmp(r->l + r->len - 7, " differ", 7)) {
		if (r->flags & PR_LOOSE)
			return 0;
		return fail(r, r->line, "a binary part: only text can be judged");
	}
	if (r->in_head && starts(r, "Subject: ") && !r->patch->subject)
		r->patch->subject = g_strndup(r->l + 9, r->len - 9);
	if (!r->len)
		r->in_head = FALSE;
	return 0;
}

static int check_text(struct reader *r, const char *buf, gsize size)
{
	const char *bad;
	guint line = r->line + 1;

	if (size > PR_MAX_SIZE)
		return fail(r, 0, "the patch is larger than %u MiB",
			    PR_MAX_SIZE >> 20);
	if ((r->flags & PR_LOOSE) || g_utf8_validate(buf, size, &bad))
		return 0;
	for (const char *p = buf; p < bad; p++)
		line += *p == '\n';
	return fail(r, line, *bad ? "invalid UTF-8" : "a NUL byte: only text can be judged");
}

static int read_all(struct reader *r, const char *buf, gsize size)
{
	int ret = check_text(r, buf, size);

	while (!ret && next_line(r))
		ret = take_line(r);
	return ret;
}

struct pr_set *pr_read(const char *buf, gsize size, int flags,
		       struct pr_error *err)
{
	struct reader r = { .p = buf, .end = buf + size, .flags = flags,
			    .set = pr_set_new(), .err = err };
	int ret = read_all(&r, buf, size);

	if (r.patch && !r.patch->files->len)
		pr_patch_free(r.patch);
	if (!ret && r.text && !r.set->patches->len)
		ret = fail(&r, r.line, "there is no diff in it");
	if (ret) {
		pr_free(r.set);
		return NULL;
	}
	return r.set;
}

int pr_add(struct pr_set *s, struct pr_patch *p, const char *buf, gsize size,
	   guint line, int flags, struct pr_error *err)
{
	struct reader r = { .p = buf, .end = buf + size, .flags = flags,
			    .line = line ? line - 1 : 0, .set = s,
			    .patch = p, .given = TRUE, .err = err };

	return read_all(&r, buf, size);
}
