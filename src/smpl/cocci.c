// SPDX-License-Identifier: GPL-2.0-only
/*
 * A semantic patch is cut into rules by its lines: a header "@...@", metavariables
 * up to "@@", and a body.  The bodies of rules that run in patch mode are lexed
 * as C, and what their `-` lines have more of than their `+` lines is removed.
 */
#include <string.h>

#include "base/diag.h"
#include "smpl/cocci.h"

const char *const cocci_kind_name[COCCI_N_KINDS] = {
	"function or macro", "member", "tag", "type", "name", "string",
};

/* Options of spatch that change what a rule matches, and nothing else. */
static const char *const passed[] = {
	"--no-includes", "--all-includes", "--local-includes",
	"--recursive-includes", "--include-headers",
	"--include-headers-for-types", "--relax-include-path", "--no-loops",
	"--very-quiet", "--quiet", "--no-safe-expressions", "--linux-spacing",
	"--smpl-spacing", "--disable-multi-pass", "--no-show-diff",
	"--allow-inconsistent-paths", "--keep-comments", "--in-place",
	NULL
};
/* Of these, what treewide says itself, or what would write. */
static const char *const dropped[] = {
	"--very-quiet", "--quiet", "--no-show-diff", "--in-place", NULL
};

static void name_free(gpointer p)
{
	struct cocci_name *n = p;

	g_free(n->name);
	g_free(n->rule);
	g_free(n);
}

static void rule_free(gpointer p)
{
	struct cocci_rule *r = p;

	g_free(r->name);
	g_free(r);
}

void cocci_free(struct cocci *c)
{
	if (!c)
		return;
	g_ptr_array_free(c->virtuals, TRUE);
	g_ptr_array_free(c->options, TRUE);
	g_ptr_array_free(c->rules, TRUE);
	g_ptr_array_free(c->names, TRUE);
	g_free(c->wants);
	g_free(c->path);
	g_free(c->text);
	g_free(c);
}

/* "// Options: ..." and "// Requires: ...", as scripts/coccicheck finds them. */

static int take_options(struct cocci *c, guint line, const char *text)
{
	char **words = g_strsplit_set(text, " \t\r", -1);
	int ret = 0;

	for (char **w = words; *w && !ret; w++) {
		char *name = g_str_has_prefix(*w, "--") || !**w ?
			     g_strdup(*w) : g_strconcat("-", *w, NULL);

		if (!*name || g_strv_contains(dropped, name))
			;
		else if (!g_strv_contains(passed, name))
			ret = tw_error_at(c->path, line, 0, "option '%s' is not passed to spatch; treewide passes: %s",
					  *w, "--no-includes, --include-headers, --all-includes and the like (docs/conversions.md)");
		else
			g_ptr_array_add(c->options, g_strdup(name));
		g_free(name);
	}
	g_strfreev(words);
	return ret;
}

static int take_head(struct cocci *c, guint line, const char *text)
{
	const char *p;

	if (strncmp(text, "//", 2))
		return 0;
	text += strspn(text, "/ \t");
	if (g_str_has_prefix(text, "Options:")) {
		p = strchr(text, ':') + 1;
		return take_options(c, line, p);
	}
	if (g_str_has_prefix(text, "Requires:")) {
		g_free(c->wants);
		c->wants = g_strstrip(g_strdup(strchr(text, ':') + 1));
		/* "// requires: FILE: TEXT" is treewide's own, another key. */
	}
	return 0;
}

gboolean cocci_version_ok(const struct cocci *c, const char *have)
{
	char **a = g_strsplit(c->wants ? c->wants : "", ".", -1);
	char **b = g_strsplit(have, ".", -1);
	guint na = g_strv_length(a), nb = g_strv_length(b);
	gboolean ok = TRUE;

	for (guint i = 0; i < na; i++) {
		guint64 x = g_ascii_strtoull(a[i], NULL, 10);
		guint64 y = i < nb ? g_ascii_strtoull(b[i], NULL, 10) : 0;

		if (x == y)
			continue;
		ok = x < y;
		break;
	}
	g_strfreev(a);
	g_strfreev(b);
	return ok;
}

/* "virtual patch, context;" */
static void take_virtual(struct cocci *c, const char *text)
{
	char **names = g_strsplit_set(text, " ,;\t\r", -1);

	for (char **n = names; *n; n++)
		if (**n && strcmp(*n, "virtual"))
			g_ptr_array_add(c->virtuals, g_strdup(*n));
	g_strfreev(names);
}

/* The sections. */

static char *next_line(char **p)
{
	char *line = *p, *nl = strchr(line, '\n');

	*p = nl ? nl + 1 : line + strlen(line);
	return g_strndup(line, (nl ? nl : *p) - line);
}

/* The next line that begins a rule, or the end. */
static char *body_end(char *p)
{
	while (*p && *p != '@') {
		char *nl = strchr(p, '\n');

		p = nl ? nl + 1 : p + strlen(p);
	}
	return p;
}

static guint lines_between(const char *from, const char *to)
{
	guint n = 0;

	for (; from < to; from++)
		n += *from == '\n';
	return n;
}

/* Take the rule at @*p, which begins with '@'. */
static int take_rule(struct cocci *c, char **p, guint *line)
{
	char *start = *p, *head_end = strchr(start + 1, '@'), *meta_end, *body;
	char *end;
	struct coccirule s = { .c = c, .line = *line };

	meta_end = head_end ? strstr(head_end + 1, "@@") : NULL;
	if (!meta_end)
		return tw_error_at(c->path, *line, 1, "a rule begins here that has no '@@' behind its metavariables");
	body = strchr(meta_end, '\n');
	body = body ? body + 1 : meta_end + 2;
	end = body_end(body);
	s.head = g_strndup(start + 1, head_end - start - 1);
	s.metas = g_strndup(head_end + 1, meta_end - head_end - 1);
	s.body = g_strndup(body, end - body);
	s.body_line = *line + lines_between(start, body);
	coccirule_take(&s);
	g_free(s.head);
	g_free(s.metas);
	g_free(s.body);
	*line += lines_between(start, end);
	*p = end;
	return 0;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct cocci_name *const *)a)->name,
		      (*(struct cocci_name *const *)b)->name);
}

/* How well the name tells what the file is about; 0 is best. */
static int rank_of(const struct cocci_name *n)
{
	if (n->context)
		return 2 + n->context + 2 * (n->kind >= COCCI_NAME);
	return n->kind == COCCI_STRING ? 2 : n->kind == COCCI_NAME;
}

/*
 * What a rule removes says what it is about.  Failing calls, members and types,
 * it is plain names; failing those, words in strings, and at last what stands
 * beside the change.
 */
static void choose_names(struct cocci *c)
{
	int best = G_MAXINT;

	for (guint i = 0; i < c->names->len; i++)
		best = MIN(best, rank_of(c->names->pdata[i]));
	for (guint i = c->names->len; i-- > 0; )
		if (rank_of(c->names->pdata[i]) > best)
			g_ptr_array_remove_index(c->names, i);
	g_ptr_array_sort(c->names, by_name);
}

struct cocci *cocci_parse(const char *path, const char *text)
{
	struct cocci *c = g_new0(struct cocci, 1);
	char *p;
	guint line = 1;
	int ret = 0;

	c->path = g_strdup(path);
	c->text = g_strdup(text);
	c->virtuals = g_ptr_array_new_with_free_func(g_free);
	c->options = g_ptr_array_new_with_free_func(g_free);
	c->rules = g_ptr_array_new_with_free_func(rule_free);
	c->names = g_ptr_array_new_with_free_func(name_free);
	for (p = c->text; *p && !ret; ) {
		char *this = p, *l;

		if (*p == '@') {
			ret = take_rule(c, &p, &line);
			continue;
		}
		l = next_line(&p);
		if (g_str_has_prefix(l, "virtual "))
			take_virtual(c, l);
		else if (g_str_has_prefix(l, "#spatch"))
			ret = take_options(c, line, l + strlen("#spatch"));
		line += lines_between(this, p);
		g_free(l);
	}
	line = 1;
	for (p = c->text; *p && !ret; line++) {
		char *l = next_line(&p);

		ret = take_head(c, line, l);
		g_free(l);
	}
	if (!ret && !c->rules->len)
		ret = tw_error_at(path, 0, 0, "there is no rule in it ('@@'): not a semantic patch");
	if (ret) {
		cocci_free(c);
		return NULL;
	}
	choose_names(c);
	return c;
}

struct cocci *cocci_read(const char *path)
{
	GError *err = NULL;
	struct cocci *c;
	char *text;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, &err)) {
		tw_error("%s", err->message);
		g_error_free(err);
		return NULL;
	}
	if (strlen(text) != size) {
		tw_error_at(path, 0, 0, "there is a NUL byte in it: not a semantic patch");
		g_free(text);
		return NULL;
	}
	c = cocci_parse(path, text);
	g_free(text);
	return c;
}

gboolean cocci_changes(const struct cocci *c)
{
	for (guint i = 0; i < c->rules->len; i++) {
		const struct cocci_rule *r = c->rules->pdata[i];

		if (r->runs && r->changes)
			return TRUE;
	}
	return FALSE;
}
