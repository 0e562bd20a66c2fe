// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads assignments of a Makefile, line by line.  No conditions and no
 * functions of make are followed: what an "ifdef" holds is taken.  A folder
 * that is given in vain does no harm.
 */
#include <string.h>

#include "read/kbuild.h"
#include "text/source.h"

struct makefile {
	const char *tree;
	char *dir;		/* in the tree */
	GHashTable *vars;	/* name -> value, as it is written */
	GPtrArray *flags;
};

/* "Makefile" or "Kbuild" of @dir as a path in the tree, or NULL. */
static char *makefile_of(const char *tree, const char *dir)
{
	static const char *const names[] = { "Kbuild", "Makefile" };

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		char *path = g_build_filename(dir, names[i], NULL);
		char *full = g_build_filename(tree, path, NULL);
		gboolean there = g_file_test(full, G_FILE_TEST_IS_REGULAR);

		g_free(full);
		if (there)
			return path;
		g_free(path);
	}
	return NULL;
}

/* The folder above @dir, which is freed; NULL at the top. */
static char *above(char *dir)
{
	char *up = strchr(dir, '/') ? g_path_get_dirname(dir) : NULL;

	g_free(dir);
	return up;
}

GPtrArray *kbuild_makefiles(const char *tree, const char *file)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	char *dir = g_path_is_absolute(file) || !strchr(file, '/') ? NULL :
		g_path_get_dirname(file);

	for (; dir; dir = above(dir)) {
		char *path = makefile_of(tree, dir);

		if (path)
			g_ptr_array_add(v, path);
	}
	return v;
}

/* ---- variables ---- */

static const char *value_of(const struct makefile *m, const char *name)
{
	if (!strcmp(name, "srctree"))
		return m->tree;
	if (!strcmp(name, "src"))
		return m->dir;
	return g_hash_table_lookup(m->vars, name);
}

/* @s with its variables replaced; NULL if there is one without a value. */
static char *expand(const struct makefile *m, const char *s, int depth)
{
	GString *out = g_string_new(NULL);

	while (*s && depth < 8) {
		const char *end = s[0] == '$' && s[1] == '(' ?
			strchr(s, ')') : NULL;
		char *name, *value;

		if (*s != '$') {
			g_string_append_c(out, *s++);
			continue;
		}
		if (!end)
			break;
		name = g_strndup(s + 2, end - s - 2);
		value = value_of(m, name) ?
			expand(m, value_of(m, name), depth + 1) : NULL;
		g_free(name);
		if (!value)
			break;
		g_string_append(out, value);
		g_free(value);
		s = end + 1;
	}
	return g_string_free(out, *s != '\0');
}

static char *in_tree(const struct makefile *m, const char *path)
{
	return g_canonicalize_filename(path, m->tree);
}

/* Take "-Ipath" or "-I path", "-include path", "-Dmacro" among the words. */
static void take_words(struct makefile *m, const char *value, gboolean always)
{
	char **words = g_strsplit_set(value, " \t", -1);
	const char *option = NULL;

	for (char **w = words; *w; w++) {
		char *word;

		if (!**w)
			continue;
		word = expand(m, *w, 0);
		if (word && option) {
			char *path = in_tree(m, word);

			g_ptr_array_add(m->flags, g_strdup(option));
			g_ptr_array_add(m->flags, path);
		} else if (word && !strncmp(word, "-I", 2) && word[2]) {
			char *path = in_tree(m, word + 2);

			g_ptr_array_add(m->flags,
					g_strconcat("-I", path, NULL));
			g_free(path);
		} else if (word && !strncmp(word, "-D", 2) && word[2] &&
			   always) {
			/* The shell takes the backslashes off. */
			g_ptr_array_add(m->flags, g_strcompress(word));
		}
		option = word && !option && !strcmp(word, "-I") ? "-I" :
			 word && !option && !strcmp(word, "-include") ?
			 "-include" : NULL;
		g_free(word);
	}
	g_strfreev(words);
}

/* ---- lines ---- */

/* Split "name := value" in place; FALSE if the line is no assignment. */
static gboolean assignment(char *line, char **name, char **value)
{
	char *eq = strchr(line, '='), *end;

	if (*line == '\t' || *line == '#' || !eq)
		return FALSE;
	end = eq;
	while (end > line && strchr(":+?", end[-1]))
		end--;
	*end = '\0';
	*value = g_strstrip(eq + 1);
	*name = g_strstrip(line);
	return **name && !strpbrk(*name, " \t");
}

/* Take the flags of variable @name for object @object; @own: it is built here. */
static void take_flags(struct makefile *m, const char *name, const char *value,
		       const char *object, gboolean own)
{
	char *for_object = g_strconcat("CFLAGS_", object, NULL);
	gboolean all = g_str_has_prefix(name, "ccflags-") ||
		       !strcmp(name, for_object);
	gboolean below = g_str_has_prefix(name, "subdir-ccflags-");

	if ((all && own) || below)
		take_words(m, value, !strchr(name, '$'));
	g_free(for_object);
}

/* The lines of a Makefile, with those joined that end with a backslash. */
static char **lines_of(const char *text)
{
	char **parts = g_strsplit(text, "\\\n", -1);
	char *joined = g_strjoinv(" ", parts);
	char **lines = g_strsplit(joined, "\n", -1);

	g_free(joined);
	g_strfreev(parts);
	return lines;
}

static void read_makefile(const char *tree, const char *path,
			  const char *file, gboolean own, GPtrArray *flags)
{
	struct makefile m = { .tree = tree, .flags = flags };
	char *full = g_build_filename(tree, path, NULL), *text = NULL;
	char *object;
	char **lines;

	m.dir = g_path_get_dirname(path);
	m.vars = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				       g_free);
	object = g_strdup(file + strlen(m.dir) + 1);
	object[strlen(object) - 1] = 'o';
	if (g_file_get_contents(full, &text, NULL, NULL)) {
		lines = lines_of(text);
		for (char **l = lines; *l; l++) {
			char *name, *value;

			if (!assignment(*l, &name, &value))
				continue;
			take_flags(&m, name, value, object, own);
			g_hash_table_insert(m.vars, g_strdup(name),
					    g_strdup(value));
		}
		g_strfreev(lines);
	}
	g_free(text);
	g_free(object);
	g_free(m.dir);
	g_free(full);
	g_hash_table_destroy(m.vars);
}

GPtrArray *kbuild_flags(const char *tree, const char *file)
{
	GPtrArray *flags = g_ptr_array_new_with_free_func(g_free);
	GPtrArray *from = kbuild_makefiles(tree, file);

	/* The nearest Makefile is the one that builds it. */
	for (guint i = 0; i < from->len && g_str_has_suffix(file, ".c"); i++)
		read_makefile(tree, from->pdata[i], file, !i, flags);
	g_ptr_array_free(from, TRUE);
	return flags;
}
