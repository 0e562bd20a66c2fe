// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of references: a line a record, "KIND FIELD=VALUE ...".  A field
 * that is empty is left out; a byte of a value that would end it is written as
 * a backslash and three octal digits.  The line "end" shows that the file is
 * whole.
 */
#include <stdlib.h>
#include <string.h>

#include "read/refs-internal.h"

const char *const refs_kind_names[REFS_N_KINDS] = {
	"function", "macro", "member", "struct", "union", "enum", "typedef",
	"enumerator", "global", "local", "parameter", "label",
	"macro-parameter",
};

const char *const refs_use_names[REFS_N_USES] = {
	"call", "address", "value", "type", "access", "designator",
	"expansion", "definition", "declaration", "sizeof", "typeof",
	"offsetof", "condition", "undef", "goto", "attribute",
};

const char *const refs_other_names[REFS_N_OTHERS] = {
	"pasted", "stringified", "skipped", "dropped", "unknown",
};

void refs_write(FILE *f, const char *kind, ...)
{
	const char *field, *s;
	va_list ap;

	fputs(kind, f);
	va_start(ap, kind);
	while ((field = va_arg(ap, const char *))) {
		s = va_arg(ap, const char *);
		if (!s || !*s)
			continue;
		fprintf(f, " %s=", field);
		for (; *s; s++) {
			if ((unsigned char)*s <= ' ' || *s == '\\')
				fprintf(f, "\\%03o", (unsigned char)*s);
			else
				putc(*s, f);
		}
	}
	va_end(ap);
	putc('\n', f);
}

/* ---- loading ---- */

#define MAX_FIELDS 24

struct line {
	char *kind;
	guint n;
	const char *field[MAX_FIELDS];
	char *value[MAX_FIELDS];
};

/* Cut @text at its spaces, in place. */
static void cut(char *text, struct line *l)
{
	char *next = strchr(text, ' ');

	l->kind = text;
	l->n = 0;
	while (next && l->n < MAX_FIELDS) {
		char *at = next, *eq, *plain;

		*at++ = '\0';
		next = strchr(at, ' ');
		eq = strchr(at, '=');
		if (!eq || (next && eq > next))
			continue;
		*eq++ = '\0';
		if (next)
			*next = '\0';
		if (strchr(eq, '\\')) {
			plain = g_strcompress(eq);	/* never longer */
			strcpy(eq, plain);
			g_free(plain);
		}
		l->field[l->n] = at;
		l->value[l->n++] = eq;
	}
}

static const char *get(const struct line *l, const char *field)
{
	for (guint i = 0; i < l->n; i++)
		if (!strcmp(l->field[i], field))
			return l->value[i];
	return "";
}

static gsize get_number(const struct line *l, const char *field)
{
	return g_ascii_strtoull(get(l, field), NULL, 10);
}

static char *keep(struct refs_facts *f, const char *s)
{
	return g_string_chunk_insert_const(f->strings, s);
}

static struct refs_place get_place(struct refs_facts *f, const struct line *l,
				   const char *file, const char *line,
				   const char *off)
{
	const char *name = get(l, file);

	return (struct refs_place){ *name ? keep(f, name) : NULL,
				    get_number(l, line), get_number(l, off) };
}

/* Index of the field's word in @words; -1 if it is none of them. */
static int get_word(const struct line *l, const char *field,
		    const char *const *words, int n)
{
	const char *s = get(l, field);

	for (int i = 0; i < n; i++)
		if (!strcmp(s, words[i]))
			return i;
	return -1;
}

static gboolean take_ref(struct refs_facts *f, const struct line *l)
{
	int kind = get_word(l, "kind", refs_kind_names, REFS_N_KINDS);
	int use = get_word(l, "use", refs_use_names, REFS_N_USES);
	struct refs_ref *r;

	if (kind < 0 || use < 0)
		return FALSE;
	r = g_new0(struct refs_ref, 1);
	r->name = keep(f, get(l, "name"));
	r->kind = kind;
	r->use = use;
	r->usr = keep(f, get(l, "usr"));
	r->owner = keep(f, get(l, "owner"));
	r->function = keep(f, get(l, "function"));
	r->spelled = get_place(f, l, "file", "line", "off");
	r->expanded = get_place(f, l, "at-file", "at-line", "at-off");
	if (!r->expanded.file)
		r->expanded = r->spelled;
	r->declared = get_place(f, l, "decl-file", "decl-line", "decl-off");
	g_ptr_array_add(f->refs, r);
	return TRUE;
}

static gboolean take_token(struct refs_facts *f, const struct line *l)
{
	int why = get_word(l, "why", refs_other_names, REFS_N_OTHERS);
	struct refs_token *t;

	if (why < 0)
		return FALSE;
	t = g_new0(struct refs_token, 1);
	t->name = keep(f, get(l, "name"));
	t->why = why;
	t->at = get_place(f, l, "file", "line", "off");
	t->macro = keep(f, get(l, "macro"));
	g_ptr_array_add(f->tokens, t);
	return TRUE;
}

static void take_message(struct refs_facts *f, const struct line *l)
{
	struct ast_diag *d = g_new0(struct ast_diag, 1);

	d->file = keep(f, get(l, "file"));
	d->line = get_number(l, "line");
	d->col = get_number(l, "col");
	d->text = keep(f, get(l, "text"));
	d->category = keep(f, get(l, "category"));
	d->within = keep(f, get(l, "within"));
	d->warning = get_number(l, "warning");
	g_ptr_array_add(f->diags, d);
}

static void take_dep(struct refs_facts *f, const struct line *l)
{
	struct ast_dep *d = g_new0(struct ast_dep, 1);

	d->path = keep(f, get(l, "file"));
	d->hash = g_ascii_strtoull(get(l, "hash"), NULL, 16);
	d->walked = get_number(l, "wanted");
	g_ptr_array_add(f->deps, d);
}

/* FALSE if the line is none that refs_read() writes. */
static gboolean take(struct refs_facts *f, const struct line *l)
{
	if (!strcmp(l->kind, "ref"))
		return take_ref(f, l);
	if (!strcmp(l->kind, "token"))
		return take_token(f, l);
	if (!strcmp(l->kind, "unit")) {
		f->cell = keep(f, get(l, "cell"));
		f->unit = keep(f, get(l, "file"));
		return TRUE;
	}
	if (!strcmp(l->kind, "message"))
		take_message(f, l);
	else if (!strcmp(l->kind, "dep"))
		take_dep(f, l);
	else
		return FALSE;
	return TRUE;
}

struct refs_facts *refs_load(const char *path)
{
	struct refs_facts *f;
	char *text, *at;
	gboolean whole = FALSE;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, NULL))
		return NULL;
	f = g_new0(struct refs_facts, 1);
	f->strings = g_string_chunk_new(4096);
	f->cell = f->unit = "";
	f->refs = g_ptr_array_new_with_free_func(g_free);
	f->tokens = g_ptr_array_new_with_free_func(g_free);
	f->diags = g_ptr_array_new_with_free_func(g_free);
	f->deps = g_ptr_array_new_with_free_func(g_free);
	at = text;
	if (g_str_has_prefix(text, REFS_MAGIC "\n"))
		at += strlen(REFS_MAGIC "\n");
	else
		at = NULL;
	while (at && !whole) {
		char *end = strchr(at, '\n');
		struct line l;

		if (!end)
			break;
		*end = '\0';
		whole = !strcmp(at, "end");
		cut(at, &l);
		if (!whole && !take(f, &l))
			break;
		at = end + 1;
	}
	g_free(text);
	if (whole)
		return f;
	refs_facts_free(f);
	return NULL;
}

void refs_facts_free(struct refs_facts *f)
{
	if (!f)
		return;
	g_ptr_array_free(f->refs, TRUE);
	g_ptr_array_free(f->tokens, TRUE);
	g_ptr_array_free(f->diags, TRUE);
	g_ptr_array_free(f->deps, TRUE);
	g_string_chunk_free(f->strings);
	g_free(f);
}
