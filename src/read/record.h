/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records: structs written as text and read back.  A table of fields describes
 * a struct; the writer, the reader and the head of the text all go by it, so
 * that no two places can disagree about the order of fields.
 *
 * The text has a head of one line a type of record, its tag and its fields by
 * name, and then one line a record: its tag and its fields' values, separated
 * by tabs.  Tabs, newlines and backslashes in a text are written in octal.
 */
#ifndef RECORD_H
#define RECORD_H

#include <glib.h>

enum record_field_type {
	RECORD_TEXT,		/* char *; NULL is read back as "" */
	RECORD_MAYBE,		/* char *; "" is read back as NULL */
	RECORD_LONG,		/* gsize, guint64 */
	RECORD_INT,		/* guint, gboolean */
	RECORD_CHAR,		/* char; '\0' is written as nothing */
	RECORD_WORD,		/* an enum, written as one of .words */
};

struct record_field {
	const char *name;
	enum record_field_type type;
	gsize at;			/* its offset in the struct */
	const char *const *words;	/* of RECORD_WORD */
	guint n_words;
};

struct record_type {
	char tag;		/* of its lines: one letter */
	const char *name;
	gsize size;		/* of the struct */
	gsize array;		/* offset of the GPtrArray * that holds them */
	const struct record_field *fields;
	guint n_fields;
};

/* A field of struct @s, by the C type of its member @m. */
#define RECORD_FIELD(s, m) { .name = #m,					\
	.type = _Generic(((struct s *)0)->m,				\
			 char *: RECORD_TEXT, const char *: RECORD_TEXT,	\
			 gsize: RECORD_LONG, char: RECORD_CHAR,		\
			 guint: RECORD_INT, gboolean: RECORD_INT),	\
	.at = G_STRUCT_OFFSET(struct s, m) }
#define RECORD_MAYBE_FIELD(s, m) { .name = #m, .type = RECORD_MAYBE,	\
	.at = G_STRUCT_OFFSET(struct s, m) }
#define RECORD_WORD_FIELD(s, m, w) { .name = #m, .type = RECORD_WORD,	\
	.at = G_STRUCT_OFFSET(struct s, m), .words = (w),		\
	.n_words = G_N_ELEMENTS(w) }
/* The type of record @type with @fields_, kept in the member @list of @holder. */
#define RECORD_TYPE(tag_, type, fields_, holder, list) { .tag = (tag_),	\
	.name = #type, .size = sizeof(struct type),			\
	.array = G_STRUCT_OFFSET(struct holder, list),			\
	.fields = (fields_), .n_fields = G_N_ELEMENTS(fields_) }

/* The line of the head that tells of @t. */
void record_put_head(GString *out, const struct record_type *t);

/* The line of @record, a struct of type @t. */
void record_put(GString *out, const struct record_type *t,
		const void *record);

/*
 * Take the records in @text, which is cut up and holds their strings from then
 * on, into the arrays of the struct @holder; all arrays are made.  @blocks, of
 * @n pointers, gets the memory of the records of each type, for g_free().
 * FALSE if a line does not fit; what was taken is to be freed all the same.
 */
gboolean record_take(char *text, const struct record_type *const *types,
		     guint n, void *holder, gpointer *blocks);

#endif
