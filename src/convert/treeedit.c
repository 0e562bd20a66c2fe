// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pattern is matched in the text, not in tokens, so that one form serves code
 * and comments.  It must stand exactly once: a place that could be two is none.
 * What is put there gets the indentation of the line that it stands in.
 */
#include <string.h>

#include "base/diag.h"
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

/*
 * Lines "@if FILE: TEXT", "@when CASE", "@with NAME", "@else", "@end" choose what
 * follows; they do not nest.  "@let NAME VALUE" says what "@NAME@" stands for.  All
 * other lines stay.
 */
static char *choose(const struct tree_edit_request *q, const char *text)
{
	char **lines = g_strsplit(text, "\n", -1);
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, g_free);
	GString *out = g_string_new(NULL);
	GHashTableIter it;
	gboolean on = TRUE;
	gpointer k, v;

	if (q->texts) {
		g_hash_table_iter_init(&it, q->texts);
		while (g_hash_table_iter_next(&it, &k, &v))
			g_hash_table_insert(names, g_strdup(k), g_strdup(v));
	}

	for (char **l = lines; *l; l++) {
		char **let = NULL, *line;

		if (g_str_has_prefix(*l, "@if "))
			on = tree_has(q, *l + 4);
		else if (g_str_has_prefix(*l, "@when "))
			on = !strcmp(*l + 6, q->when);
		else if (g_str_has_prefix(*l, "@with "))
			on = g_hash_table_contains(names, *l + 6);
		else if (!strcmp(*l, "@else"))
			on = !on;
		else if (!strcmp(*l, "@end"))
			on = TRUE;
		else if (on && g_str_has_prefix(*l, "@let "))
			let = g_strsplit(*l + 5, " ", 2);
		else if (on) {
			line = with_names(*l, names);
			g_string_append_printf(out, "%s%s", line,
					       l[1] ? "\n" : "");
			g_free(line);
		}
		if (let && let[0] && let[1])
			g_hash_table_replace(names, g_strdup(let[0]),
					     g_strdup(let[1]));
		g_strfreev(let);
	}
	g_hash_table_destroy(names);
	g_strfreev(lines);
	return g_string_free(out, FALSE);
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
	text = choose(q, raw);
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
			f->text = choose(q, raw);
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
