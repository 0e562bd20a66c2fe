// SPDX-License-Identifier: GPL-2.0-only
/* Loads what src/read/ast.c wrote. */
#include <string.h>

#include "read/ast.h"

/*
 * The kinds of record that an array is made of.  A run loads hundreds of
 * megabytes of facts: the records of a kind lie side by side, and their strings
 * stay where they were read.
 */
struct kind {
	char tag;
	gsize size, array;	/* of a record; where its array is in ast_facts */
};

#define KIND(tag, type, m) { tag, sizeof(struct type), G_STRUCT_OFFSET(struct ast_facts, m) }
static const struct kind kinds[] = {
	KIND('D', ast_decl, decls),
	KIND('E', ast_event, events),
	KIND('F', ast_func, funcs),
	KIND('T', ast_typedef, typedefs),
	KIND('G', ast_diag, diags),
	KIND('S', ast_range, skipped),
	KIND('M', ast_macro, macros),
	KIND('I', ast_dep, deps),
};
#undef KIND

static GPtrArray **array_of(struct ast_facts *a, guint kind)
{
	return G_STRUCT_MEMBER_P(a, kinds[kind].array);
}

/* The kind of a line that begins with @tag; G_N_ELEMENTS(kinds) for none. */
static guint kind_of(char tag)
{
	guint k = 0;

	while (k < G_N_ELEMENTS(kinds) && kinds[k].tag != tag)
		k++;
	return k;
}

#define MAX_FIELDS 13

/* Cut @line at its tabs, in place; what is missing is "". */
static void cut(char *line, char *f[MAX_FIELDS])
{
	guint n = 0;

	for (char *p = line; p && n < MAX_FIELDS; n++) {
		char *tab = strchr(p, '\t'), *plain;

		if (tab)
			*tab++ = '\0';
		if (strchr(p, '\\')) {
			plain = g_strcompress(p);	/* never longer */
			strcpy(p, plain);
			g_free(plain);
		}
		f[n] = p;
		p = tab;
	}
	for (; n < MAX_FIELDS; n++)
		f[n] = (char *)"";
}

static gsize number(const char *s)
{
	gsize n = 0;

	for (; g_ascii_isdigit(*s); s++)
		n = n * 10 + (*s - '0');
	return n;
}

static void fill(char tag, gpointer record, char *f[MAX_FIELDS])
{
	switch (tag) {
	case 'D':
		*(struct ast_decl *)record = (struct ast_decl) {
			.key = f[1],
			.cls = *f[2] ? *f[2] : 'O',
			.file = f[3],
			.start = number(f[4]),
			.name_off = number(f[5]),
			.name = f[6],
			.func = f[7],
		};
		break;
	case 'E':
		*(struct ast_event *)record = (struct ast_event) {
			.src = f[1],
			.dst = f[2],
			.file = f[3],
			.off = number(f[4]),
			.line = number(f[5]),
			.xfile = f[6],
			.xoff = number(f[7]),
			.xname = f[8],
			.end = number(f[9]),
			.out = number(f[10]),
			.use = f[11],
			.link = number(f[12]),
		};
		break;
	case 'F':
		*(struct ast_func *)record = (struct ast_func) {
			.usr = f[1],
			.name = f[2],
			.file = f[3],
			.start = number(f[4]),
			.end = number(f[5]),
			.defined = number(f[6]),
		};
		break;
	case 'T':
		*(struct ast_typedef *)record = (struct ast_typedef) {
			.name = f[1],
			.file = f[2],
			.off = number(f[3]),
			.underlying = f[4],
		};
		break;
	case 'G':
		*(struct ast_diag *)record = (struct ast_diag) {
			.file = f[1],
			.line = number(f[2]),
			.col = number(f[3]),
			.text = f[4],
			.category = f[5],
			.within = f[6],
			.warning = number(f[7]),
		};
		break;
	case 'S':
		*(struct ast_range *)record = (struct ast_range) {
			.file = f[1],
			.start = number(f[2]),
			.end = number(f[3]),
		};
		break;
	case 'M':
		*(struct ast_macro *)record = (struct ast_macro) {
			.file = f[1],
			.off = number(f[2]),
		};
		break;
	case 'I':
		*(struct ast_dep *)record = (struct ast_dep) {
			.path = f[1],
			.hash = g_ascii_strtoull(f[2], NULL, 16),
			.walked = number(f[3]),
		};
		break;
	}
}

/* How many records of each kind are in @text. */
static void count(const char *text, guint n[G_N_ELEMENTS(kinds) + 1])
{
	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		n[kind_of(*p)]++;
	}
}

struct ast_facts *ast_load(const char *path)
{
	guint n[G_N_ELEMENTS(kinds) + 1] = { 0 };
	char *next[G_N_ELEMENTS(kinds)];
	char *text, *line, *f[MAX_FIELDS];
	struct ast_facts *a;
	gboolean whole = FALSE;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	if (!g_str_has_prefix(text, AST_FACTS_MAGIC "\n")) {
		g_free(text);
		return NULL;
	}
	a = g_new0(struct ast_facts, 1);
	a->text = text;
	count(text, n);
	for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
		*array_of(a, k) = g_ptr_array_sized_new(n[k]);
		a->records[k] = next[k] = g_malloc_n(n[k], kinds[k].size);
	}
	for (line = strchr(text, '\n'); line; ) {
		char *end = strchr(++line, '\n');
		guint k = kind_of(*line);

		if (end)
			*end = '\0';
		if (k < G_N_ELEMENTS(kinds)) {
			cut(line, f);
			fill(kinds[k].tag, next[k], f);
			g_ptr_array_add(*array_of(a, k), next[k]);
			next[k] += kinds[k].size;
		} else if (*line == 'C') {
			cut(line, f);
			a->cell = f[1];
			a->unit = f[2];
		} else if (!strcmp(line, ".")) {
			whole = TRUE;
		}
		line = end;
	}
	if (!whole || !a->cell) {
		ast_facts_free(a);
		return NULL;
	}
	return a;
}

void ast_facts_free(struct ast_facts *a)
{
	if (!a)
		return;
	for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
		if (*array_of(a, k))
			g_ptr_array_free(*array_of(a, k), TRUE);
		g_free(a->records[k]);
	}
	g_free(a->text);
	g_free(a);
}
