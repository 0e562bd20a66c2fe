// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pattern is matched in the text, not in tokens, so that one form serves code
 * and comments.  It must stand exactly once: a place that could be two is none.
 * What is put there gets the indentation of the line that it stands in.
 */
#include <string.h>

#include "base/diag.h"
#include "model/spelling.h"
#include "text/source.h"
#include "convert/treeedit.h"

/* Behind blanks, line ends and the '*' of a comment's line. */
static gsize skip(const char *s, gsize i)
{
	for (;;) {
		while (g_ascii_isspace(s[i]))
			i++;
		if (s[i] != '*' || s[i + 1] == '/')
			return i;
		/* Is it the first on its line, and no dereference? */
		for (gsize k = i; ; k--) {
			if (!k || s[k - 1] == '\n')
				break;
			if (s[k - 1] != ' ' && s[k - 1] != '\t')
				return i;
		}
		if (s[i + 1] != ' ' && s[i + 1] != '\t' && s[i + 1] != '\n')
			return i;
		i++;
	}
}

static gssize match_at(const char *text, gsize at, const char *p,
		       GHashTable *vars)
{
	gsize i = at, k = 0;

	g_hash_table_remove_all(vars);
	while (k = skip(p, k), p[k]) {
		gsize n = 0;

		if (i != at)
			i = skip(text, i);
		if (p[k] == '$') {
			char *name, *word;
			const char *old;

			while (source_is_word(p[k + 1 + n]))
				n++;
			name = g_strndup(p + k + 1, n);
			k += n + 1;
			for (n = 0; source_is_word(text[i + n]); n++)
				;
			word = g_strndup(text + i, n);
			old = g_hash_table_lookup(vars, name);
			if (!n || (old && strcmp(old, word))) {
				g_free(name);
				g_free(word);
				return -1;
			}
			i += n;
			g_hash_table_replace(vars, name, word);
			continue;
		}
		if (source_is_word(p[k])) {
			while (source_is_word(p[k + n]))
				n++;
			if (strncmp(text + i, p + k, n) ||
			    source_is_word(text[i + n]))
				return -1;
		} else {
			n = 1;
			if (text[i] != p[k])
				return -1;
		}
		i += n;
		k += n;
	}
	return i;
}

gssize tree_edit_find(const char *text, gsize from, const char *pattern,
		      gsize *to, GHashTable *vars)
{
	pattern += skip(pattern, 0);
	for (gsize i = from; text[i]; i++) {
		gssize end;

		if (source_is_word(text[i]) && i && source_is_word(text[i - 1]))
			continue;
		if (g_ascii_isspace(text[i]))
			continue;
		end = match_at(text, i, pattern, vars);
		if (end >= 0) {
			*to = end;
			return i;
		}
	}
	return -1;
}

static gboolean tree_has(const struct tree_edit_request *q, const char *spec)
{
	char **want = g_strsplit(spec, ": ", 2), *have = NULL;
	gboolean yes;
	gsize size;

	if (want[0] && want[1])
		have = tree_read(q->t, g_strstrip(want[0]), &size, TRUE);
	yes = have && strstr(have, want[1]);
	g_free(have);
	g_strfreev(want);
	return yes;
}

/* Replace "@NAME@" of all names in @line; the caller frees it. */
static char *with_names(const char *line, GHashTable *names)
{
	char *text = g_strdup(line);
	GHashTableIter it;
	gpointer k, v;

	g_hash_table_iter_init(&it, names);
	while (strchr(text, '@') && g_hash_table_iter_next(&it, &k, &v)) {
		char *hole = g_strdup_printf("@%s@", (char *)k);
		char **parts = g_strsplit(text, hole, -1);

		g_free(text);
		text = g_strjoinv(v, parts);
		g_strfreev(parts);
		g_free(hole);
	}
	return text;
}

/* What the words a and b of "pte_a pmd_b" have in common: a, if it is b. */
static char *common_form(const char *names)
{
	char **v = g_strsplit(names, " ", -1);
	char *form = NULL;

	for (char **n = v; *n; n++) {
		const char *tail = strchr(*n, '_');

		if (!tail || (form && strcmp(form, tail + 1))) {
			g_clear_pointer(&form, g_free);
			break;
		}
		if (!form)
			form = g_strdup(tail + 1);
	}
	g_strfreev(v);
	return form;
}

struct choice {
	const struct tree_edit_request *q;
	GHashTable *names;	/* hole -> text */
	GHashTable *absent;	/* what the tree does not declare: char * set; or NULL */
	GPtrArray *left;	/* char *: optional parts that were left out, and why */
	gboolean all;		/* every case of @when and @with */
};

/* A line of directives: does what follows count? */
static gboolean directive(const struct choice *c, const char *l, gboolean on)
{
	if (g_str_has_prefix(l, "@if "))
		return tree_has(c->q, l + 4);
	if (g_str_has_prefix(l, "@when "))
		return c->all || !strcmp(l + 6, c->q->when);
	if (g_str_has_prefix(l, "@with "))
		return c->all || g_hash_table_contains(c->names, l + 6);
	if (!strcmp(l, "@else"))
		return c->all || !on;
	return TRUE;
}

static gboolean is_directive(const char *l)
{
	return g_str_has_prefix(l, "@if ") || g_str_has_prefix(l, "@when ") ||
	       g_str_has_prefix(l, "@with ") || !strcmp(l, "@else") ||
	       !strcmp(l, "@end");
}

/* "@let NAME VALUE" and "@form NAME pte_x pmd_x". */
static void define(const struct choice *c, const char *l)
{
	gboolean form = g_str_has_prefix(l, "@form ");
	char **v = g_strsplit(l + (form ? 6 : 5), " ", 2), *text;

	if (v[0] && v[1]) {
		text = form ? common_form(v[1]) : g_strdup(v[1]);
		if (text)
			g_hash_table_replace(c->names, g_strdup(v[0]), text);
		else if (c->q->problems)
			g_ptr_array_add(c->q->problems, g_strdup_printf(
				"%s: '%s' have no form in common as this tree spells them; write them out",
				c->q->name, v[1]));
	}
	g_strfreev(v);
}

/* The first name that the optional part @l calls and the tree does not have. */
static char *absent_in(const struct choice *c, char **l)
{
	char *name = NULL;

	for (; c->absent && *l && strcmp(*l, "@end") && !name; l++) {
		for (const char *p = *l; *p && !name; ) {
			const char *end = p;
			char *word;

			while (source_is_word(*end))
				end++;
			word = g_strndup(p, end - p);
			if (end > p && *end == '(' &&
			    g_hash_table_contains(c->absent, word))
				name = g_strdup(word);
			g_free(word);
			p = end > p ? end : p + 1;
		}
	}
	return name;
}

/*
 * Lines "@if FILE: TEXT", "@when CASE", "@with NAME", "@else", "@end" choose what
 * follows; they do not nest.  "@optional", up to its "@end", is left out if it
 * calls what the tree does not declare; it may hold none of the others.
 * "@let NAME VALUE" says what "@NAME@" stands for, and "@form NAME pte_x pmd_x"
 * that it stands for "x", as the tree spells these.  All other lines stay.
 */
static char *choose(const struct choice *c, const char *raw)
{
	char *spelled = spelling_apply(c->q->spelled, raw);
	char **lines = g_strsplit(spelled, "\n", -1);
	GString *out = g_string_new(NULL);
	GHashTableIter it;
	gboolean on = TRUE;
	gpointer k, v;

	if (c->q->texts) {
		g_hash_table_iter_init(&it, c->q->texts);
		while (g_hash_table_iter_next(&it, &k, &v))
			g_hash_table_insert(c->names, g_strdup(k), g_strdup(v));
	}
	for (char **l = lines; *l; l++) {
		char *line;

		if (!strcmp(*l, "@optional")) {
			char *why = absent_in(c, l + 1);

			on = !why;
			if (why && c->left)
				g_ptr_array_add(c->left, g_strdup_printf(
					"%s: a part that calls %s(), which the tree does not declare",
					c->q->name, why));
			g_free(why);
		} else if (is_directive(*l)) {
			on = directive(c, *l, on);
		} else if (on && (g_str_has_prefix(*l, "@let ") ||
				  g_str_has_prefix(*l, "@form "))) {
			define(c, *l);
		} else if (on) {
			line = with_names(*l, c->names);
			g_string_append_printf(out, "%s%s", line,
					       l[1] ? "\n" : "");
			g_free(line);
		}
	}
	g_strfreev(lines);
	g_free(spelled);
	return g_string_free(out, FALSE);
}

/* The lines of optional parts, if @optional, or all others. */
static char *parts_of(const char *raw, gboolean optional)
{
	char **lines = g_strsplit(raw, "\n", -1);
	GString *out = g_string_new(NULL);
	gboolean in = FALSE;

	for (char **l = lines; *l; l++) {
		if (!strcmp(*l, "@optional"))
			in = TRUE;
		else if (in && !strcmp(*l, "@end"))
			in = FALSE;
		else if (in == optional)
			g_string_append_printf(out, "%s\n", *l);
	}
	g_strfreev(lines);
	return g_string_free(out, FALSE);
}

/* The text as the request chooses it; the caller frees it. */
static char *chosen(const struct tree_edit_request *q, const char *raw)
{
	struct choice c = {
		.q = q, .absent = q->absent, .left = q->left,
		.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       g_free),
	};
	char *text = choose(&c, raw);

	g_hash_table_destroy(c.names);
	return text;
}

/* @put with its variables, each line but the first indented like @at's line. */
static char *fill_in(const char *put, GHashTable *vars, const char *text,
		     gsize at)
{
	GString *out = g_string_new(NULL);
	gsize line = at, lead;

	while (line && text[line - 1] != '\n')
		line--;
	for (lead = line; lead < at && strchr(" \t", text[lead]); lead++)
		;
	for (const char *p = put; *p; ) {
		if (*p == '$' && source_is_word(p[1])) {
			const char *e = p + 1;
			char *name;

			while (source_is_word(*e))
				e++;
			name = g_strndup(p + 1, e - p - 1);
			if (g_hash_table_lookup(vars, name))
				g_string_append(out,
					g_hash_table_lookup(vars, name));
			else
				g_string_append_len(out, p, e - p);
			g_free(name);
			p = e;
			continue;
		}
		g_string_append_c(out, *p);
		if (*p == '\n' && p[1] && p[1] != '\n' && p[1] != '#')
			g_string_append_len(out, text + line, lead - line);
		p++;
	}
	return g_string_free(out, FALSE);
}

struct part { char *find, *put; };

/* Where it begins and ends alike, the text stays: the edit is the difference. */
static void add_edit(struct edit_set *edits, const struct source *s,
		     gsize from, gsize to, const char *put, const char *rule)
{
	gsize n = strlen(put);
	char *text;

	while (from < to && n && s->text[from] == *put) {
		from++;
		put++;
		n--;
	}
	while (from < to && n && s->text[to - 1] == put[n - 1]) {
		to--;
		n--;
	}
	if (from == to && !n)
		return;
	text = g_strndup(put, n);
	edit_replace(edits, s->file, s->text, from, to, text, rule);
	g_free(text);
}

static void apply_part(const struct tree_edit_request *q, const char *file,
		       const char *find, const char *put, const char *rule,
		       struct edit_set *edits)
{
	GHashTable *vars = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, g_free);
	GHashTable *more = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, g_free);
	const struct source *s = q->source(file, q->data);
	gsize to, end;
	gssize at = s ? tree_edit_find(s->text, 0, find, &to, vars) : -1;
	char *text, *first = g_strndup(find, strcspn(find, "\n"));

	if (at < 0) {
		g_ptr_array_add(q->problems, g_strdup_printf(
			"%s: %s has no place: no \"%s\" as the conversion knows it; change it by hand, or add an edit for this tree",
			file, rule, g_strstrip(first)));
	} else if (tree_edit_find(s->text, to, find, &end, more) >= 0) {
		g_ptr_array_add(q->problems, g_strdup_printf(
			"%s: %s could be put in two places: \"%s\"", file,
			rule, g_strstrip(first)));
	} else {
		text = fill_in(put, vars, s->text, at);
		add_edit(edits, s, at, to, text, rule);
		g_free(text);
	}
	g_free(first);
	g_hash_table_destroy(more);
	g_hash_table_destroy(vars);
}

/* Without the newline that ends the last line. */
static char *section(char **from, char **to)
{
	GString *s = g_string_new(NULL);

	for (char **l = from; l < to; l++)
		g_string_append_printf(s, "%s%s", l > from ? "\n" : "", *l);
	return g_string_free(s, FALSE);
}

static int apply_file(const struct tree_edit_request *q, const char *path,
		      const char *rule, struct edit_set *edits)
{
	char *raw, *text, **lines, *file = NULL;
	GError *err = NULL;
	gboolean fits = TRUE;
	int ret = 0;
	char **l;

	if (!g_file_get_contents(path, &raw, NULL, &err)) {
		ret = tw_error("%s", err->message);
		g_error_free(err);
		return ret;
	}
	text = chosen(q, raw);
	lines = g_strsplit(text, "\n", -1);
	for (l = lines; *l && strcmp(*l, "--- find"); l++) {
		if (g_str_has_prefix(*l, "file: ")) {
			file = *l + 6;
		} else if (g_str_has_prefix(*l, "requires: ")) {
			if (!tree_has(q, *l + 10))
				fits = FALSE;
		} else if (g_str_has_prefix(*l, "lacks: ")) {
			if (tree_has(q, *l + 7))
				fits = FALSE;
		} else if (g_str_has_prefix(*l, "when: ")) {
			fits &= !strcmp(*l + 6, q->when);
		} else if (**l && **l != '#') {
			ret = tw_error_at(path, l - lines + 1, 1, "not understood: '%s'",
					  *l);
		}
	}
	if (!ret && !file)
		ret = tw_error_at(path, 0, 0, "no 'file: '");
	while (!ret && fits && *l) {
		char **put, **end, *find, *with;

		for (put = l; *put && strcmp(*put, "--- put"); put++)
			;
		for (end = put; *end && strcmp(*end, "--- find"); end++)
			;
		if (!*put) {
			ret = tw_error_at(path, l - lines + 1, 1, "no '--- put' behind '--- find'");
			break;
		}
		find = section(l + 1, put);
		/* The file ends with a newline, which is no line of its own. */
		with = section(put + 1, !*end && end > put + 1 && !*end[-1] ?
			       end - 1 : end);
		apply_part(q, file, find, with, rule, edits);
		g_free(find);
		g_free(with);
		l = end;
	}
	g_strfreev(lines);
	g_free(text);
	g_free(raw);
	return ret;
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *dir, const char *prefix, GPtrArray *out)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *path = g_build_filename(dir, name, NULL);
		char *rel = g_strconcat(prefix, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
			char *deeper = g_strconcat(rel, "/", NULL);

			list(path, deeper, out);
			g_free(deeper);
			g_free(rel);
		} else {
			g_ptr_array_add(out, rel);
		}
		g_free(path);
	}
	if (d)
		g_dir_close(d);
	g_ptr_array_sort(out, by_text);
}

static int add_files(const struct tree_edit_request *q, GPtrArray *files)
{
	char *dir = g_build_filename(q->dir, "tree", NULL);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	int ret = 0;

	list(dir, "", names);
	for (guint i = 0; i < names->len && !ret; i++) {
		char *path = g_build_filename(dir, names->pdata[i], NULL);
		char *there = g_build_filename(q->t->path, names->pdata[i],
					       NULL);
		struct tree_file *f;
		GError *err = NULL;
		char *raw;

		if (g_file_test(there, G_FILE_TEST_EXISTS)) {
			;	/* an earlier run's */
		} else if (!g_file_get_contents(path, &raw, NULL, &err)) {
			ret = tw_error("%s", err->message);
			g_error_free(err);
		} else {
			f = g_new0(struct tree_file, 1);
			f->file = g_strdup(names->pdata[i]);
			f->text = chosen(q, raw);
			g_ptr_array_add(files, f);
			g_free(raw);
		}
		g_free(there);
		g_free(path);
	}
	g_ptr_array_free(names, TRUE);
	g_free(dir);
	return ret;
}

/* Calls @fn for what the file of edits @text puts; @file is what it edits. */
static void each_put(const char *file, const char *text, gboolean optional,
		     tree_edit_text_fn fn, void *data)
{
	char **parts = g_strsplit(text, "--- put\n", -1);

	for (guint i = 1; parts[0] && parts[i]; i++) {
		char *end = strstr(parts[i], "--- find\n");

		if (end)
			*end = '\0';
		fn(file, parts[i], optional, data);
	}
	g_strfreev(parts);
}

/* The file that an .edit file edits, if the tree fits it; the caller frees it. */
static char *edited_file(const struct tree_edit_request *q, const char *text)
{
	char **lines = g_strsplit(text, "\n", -1), *file = NULL;
	gboolean fits = TRUE;

	for (char **l = lines; *l && strcmp(*l, "--- find"); l++) {
		if (g_str_has_prefix(*l, "file: "))
			file = *l + 6;
		else if (g_str_has_prefix(*l, "requires: "))
			fits &= tree_has(q, *l + 10);
		else if (g_str_has_prefix(*l, "lacks: "))
			fits &= !tree_has(q, *l + 7);
	}
	file = fits ? g_strdup(file) : NULL;
	g_strfreev(lines);
	return file;
}

static int each_text(const struct tree_edit_request *q, const char *folder,
		     tree_edit_text_fn fn, void *data)
{
	char *dir = g_build_filename(q->dir, folder, NULL);
	gboolean edits = !strcmp(folder, "edits");
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	int ret = 0;

	list(dir, "", names);
	for (guint i = 0; i < names->len && !ret; i++) {
		char *path = g_build_filename(dir, names->pdata[i], NULL), *raw;
		GError *err = NULL;

		if (!g_file_get_contents(path, &raw, NULL, &err)) {
			ret = tw_error("%s", err->message);
			g_error_free(err);
		}
		for (int optional = 0; optional < 2 && !ret; optional++) {
			struct choice c = {
				.q = q, .all = TRUE,
				.names = g_hash_table_new_full(g_str_hash,
					g_str_equal, g_free, g_free),
			};
			char *part = parts_of(raw, optional);
			char *text = choose(&c, part);
			char *file = edits ? edited_file(q, text) :
				     g_strdup(names->pdata[i]);

			if (file && edits)
				each_put(file, text, optional, fn, data);
			else if (file)
				fn(file, text, optional, data);
			g_hash_table_destroy(c.names);
			g_free(file);
			g_free(text);
			g_free(part);
		}
		if (!ret)
			g_free(raw);
		g_free(path);
	}
	g_ptr_array_free(names, TRUE);
	g_free(dir);
	return ret;
}

int tree_edits_each(const struct tree_edit_request *q, tree_edit_text_fn fn,
		    void *data)
{
	return each_text(q, "edits", fn, data) ||
	       each_text(q, "tree", fn, data) ? -1 : 0;
}

void tree_file_free(gpointer p)
{
	struct tree_file *f = p;

	g_free(f->file);
	g_free(f->text);
	g_free(f);
}

int tree_edits(const struct tree_edit_request *q, struct edit_set *edits,
	       GPtrArray *files)
{
	char *dir = g_build_filename(q->dir, "edits", NULL);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	int ret = 0;

	list(dir, "", names);
	for (guint i = 0; i < names->len && !ret; i++) {
		const char *name = names->pdata[i];
		char *path = g_build_filename(dir, name, NULL), *rule;

		if (g_str_has_suffix(name, ".edit")) {
			rule = g_strdup_printf("%s/%.*s", q->name,
					(int)(strlen(name) - 5), name);
			ret = apply_file(q, path, rule, edits);
			g_free(rule);
		}
		g_free(path);
	}
	if (!ret)
		ret = add_files(q, files);
	g_ptr_array_free(names, TRUE);
	g_free(dir);
	return ret;
}
