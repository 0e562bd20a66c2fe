// SPDX-License-Identifier: GPL-2.0-only
/*
 * A run loads hundreds of megabytes of records: those of a type lie side by
 * side, and their strings stay where they were read.
 */
#include <string.h>

#include "read/record.h"

#define MAX_TYPES 16

void record_put_head(GString *out, const struct record_type *t)
{
	g_string_append_printf(out, ":%c %s", t->tag, t->name);
	for (guint i = 0; i < t->n_fields; i++)
		g_string_append_printf(out, " %s", t->fields[i].name);
	g_string_append_c(out, '\n');
}

static void put_text(GString *out, const char *s)
{
	for (; s && *s; s++) {
		if (*s == '\t' || *s == '\n' || *s == '\\')
			g_string_append_printf(out, "\\%03o",
					       (unsigned char)*s);
		else
			g_string_append_c(out, *s);
	}
}

static void put_field(GString *out, const struct record_field *f,
		      const void *record)
{
	switch (f->type) {
	case RECORD_TEXT:
	case RECORD_MAYBE:
		put_text(out, G_STRUCT_MEMBER(char *, record, f->at));
		break;
	case RECORD_LONG:
		g_string_append_printf(out, "%" G_GSIZE_FORMAT,
				G_STRUCT_MEMBER(gsize, record, f->at));
		break;
	case RECORD_INT:
		g_string_append_printf(out, "%u",
				G_STRUCT_MEMBER(guint, record, f->at));
		break;
	case RECORD_CHAR: {
		char s[2] = { G_STRUCT_MEMBER(char, record, f->at), 0 };

		put_text(out, s);
		break;
	}
	case RECORD_WORD:
		g_string_append(out, f->words[G_STRUCT_MEMBER(guint, record,
							      f->at)]);
		break;
	}
}

void record_put(GString *out, const struct record_type *t, const void *record)
{
	g_string_append_c(out, t->tag);
	for (guint i = 0; i < t->n_fields; i++) {
		g_string_append_c(out, '\t');
		put_field(out, &t->fields[i], record);
	}
	g_string_append_c(out, '\n');
}

static gboolean take_number(const char *s, gsize *n)
{
	*n = 0;
	for (; g_ascii_isdigit(*s); s++)
		*n = *n * 10 + (*s - '0');
	return !*s;
}

/* Take the field @f from @s, which is cut off; FALSE if it does not fit. */
static gboolean take_field(const struct record_field *f, char *s, void *record)
{
	gpointer at = G_STRUCT_MEMBER_P(record, f->at);
	gsize n;

	if (strchr(s, '\\')) {
		char *plain = g_strcompress(s);	/* never longer */

		strcpy(s, plain);
		g_free(plain);
	}
	switch (f->type) {
	case RECORD_TEXT:
		*(char **)at = s;
		return TRUE;
	case RECORD_MAYBE:
		*(char **)at = *s ? s : NULL;
		return TRUE;
	case RECORD_LONG:
		return take_number(s, at);
	case RECORD_INT:
		if (!take_number(s, &n) || n > G_MAXUINT)
			return FALSE;
		*(guint *)at = n;
		return TRUE;
	case RECORD_CHAR:
		*(char *)at = *s;
		return !*s || !s[1];
	case RECORD_WORD:
		for (guint i = 0; i < f->n_words; i++)
			if (!strcmp(f->words[i], s)) {
				*(guint *)at = i;
				return TRUE;
			}
	}
	return FALSE;
}

/* Take the values in @p, which begins behind the tag and is cut at its tabs. */
static gboolean take_line(const struct record_type *t, char *p, void *record)
{
	for (guint i = 0; i < t->n_fields; i++) {
		char *tab = strchr(p + 1, '\t');

		if ((i + 1 == t->n_fields) != !tab || (!i && *p != '\t'))
			return FALSE;
		if (tab)
			*tab = '\0';
		if (!take_field(&t->fields[i], p + 1, record))
			return FALSE;
		p = tab;
	}
	return TRUE;
}

static guint type_of(const struct record_type *const *types, guint n, char tag)
{
	guint k = 0;

	while (k < n && types[k]->tag != tag)
		k++;
	return k;
}

gboolean record_take(char *text, const struct record_type *const *types,
		     guint n, void *holder, gpointer *blocks)
{
	guint many[MAX_TYPES + 1] = { 0 };
	char *next[MAX_TYPES];

	g_assert(n <= MAX_TYPES);
	for (const char *p = text; *p; p++) {
		many[type_of(types, n, *p)]++;
		p = strchrnul(p, '\n');
		if (!*p)
			break;
	}
	for (guint k = 0; k < n; k++) {
		G_STRUCT_MEMBER(GPtrArray *, holder, types[k]->array) =
			g_ptr_array_sized_new(many[k]);
		blocks[k] = next[k] = g_malloc0_n(many[k], types[k]->size);
	}
	for (char *line = text, *end; *line; line = end) {
		guint k = type_of(types, n, *line);

		end = strchr(line, '\n');
		if (k == n || !end)
			return FALSE;
		*end++ = '\0';
		if (!take_line(types[k], line + 1, next[k]))
			return FALSE;
		g_ptr_array_add(G_STRUCT_MEMBER(GPtrArray *, holder,
						types[k]->array), next[k]);
		next[k] += types[k]->size;
	}
	return TRUE;
}
