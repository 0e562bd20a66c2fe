// SPDX-License-Identifier: GPL-2.0-only
/*
 * libclang's opinion of each site: a reference to a declaration that is meant,
 * another thing of that name, or nothing that a cell could explain.  One pass
 * over the facts of each unit.
 */
#include <string.h>

#include "convert/smpl/shape.h"

/* "a local variable of f()": what else the name is here. */
static char *other_text(const struct refs_ref *r)
{
	switch (r->kind) {
	case REFS_LOCAL:
	case REFS_PARAMETER:
	case REFS_LABEL:
		return *r->owner ?
		       g_strdup_printf("a %s of %s()", r->kind == REFS_LOCAL ?
				       "local variable" :
				       refs_kind_names[r->kind], r->owner) :
		       g_strdup_printf("a %s", refs_kind_names[r->kind]);
	case REFS_MEMBER:
	case REFS_ENUMERATOR:
		return *r->owner ? g_strdup_printf("%s %s of %s",
				r->kind == REFS_MEMBER ? "a" : "an",
				refs_kind_names[r->kind], r->owner) :
		       g_strdup_printf("a %s of a type without a name",
				       refs_kind_names[r->kind]);
	case REFS_GLOBAL:
		return g_strdup("a variable");
	case REFS_MACRO_PARAMETER:
		return g_strdup("a parameter of a macro");
	case REFS_STRUCT:
	case REFS_UNION:
		return g_strdup_printf("a %s", refs_kind_names[r->kind]);
	case REFS_ENUM:
		return g_strdup("an enum");
	default:
		return g_strdup_printf("a %s that is declared in %s",
				       refs_kind_names[r->kind],
				       r->declared.file ? r->declared.file :
				       "no file");
	}
}

static void see(struct ssite *s, const struct refs_facts *f)
{
	const char *cell = g_intern_string(f->cell);

	if (!s->cell)
		s->cell = cell;
	/* One cell's facts are merged one after another, unit by unit. */
	if (s->last_cell != cell)
		s->cells++;
	s->last_cell = cell;
}

static void merge_ref(struct smplc *x, const struct refs_facts *f,
		      const struct refs_ref *r)
{
	struct ssite *s = r->spelled.file ?
		smplc_site_at(x, r->spelled.file, r->spelled.off) : NULL;

	if (!s || !s->name || strcmp(s->name->name, r->name))
		return;
	see(s, f);
	if (!s->function && *r->function)
		s->function = g_strdup(r->function);
	if (!smplc_means(s->name, r)) {
		if (!s->other)
			s->other = other_text(r);
		return;
	}
	s->refers = TRUE;
	s->shared |= smplc_is_shared(r);
	s->name->shared |= s->shared;
	s->declares |= r->use == REFS_DEFINITION ||
		       r->use == REFS_DECLARATION;
	if (!s->declared && r->declared.file)
		s->declared = g_strdup(r->declared.file);
}

static void merge_token(struct smplc *x, const struct refs_facts *f,
			const struct refs_token *t)
{
	struct ssite *s = t->at.file ?
		smplc_site_at(x, t->at.file, t->at.off) : NULL;

	if (!s || !s->name || strcmp(s->name->name, t->name))
		return;
	see(s, f);
	s->why |= 1u << t->why;
	if (*t->macro) {
		s->exported |= g_str_has_prefix(t->macro, "EXPORT_SYMBOL");
		if (!s->macro)
			s->macro = g_strdup(t->macro);
	}
}

/*
 * Where a local variable has the new name of a rename, the old one cannot become
 * it: "FILE FUNCTION NAME".
 */
static void merge_new_name(struct smplc *x, const struct refs_ref *r)
{
	if (r->kind != REFS_LOCAL && r->kind != REFS_PARAMETER)
		return;
	if (!r->spelled.file || !*r->function ||
	    !g_hash_table_contains(x->code_files, r->spelled.file))
		return;
	g_hash_table_add(x->hidden, g_strdup_printf("%s %s %s",
			r->spelled.file, r->function, r->name));
}

void smplc_merge(struct smplc *x, const struct refs_facts *f)
{
	for (guint i = 0; i < f->refs->len; i++) {
		const struct refs_ref *r = f->refs->pdata[i];

		merge_ref(x, f, r);
		if (!g_hash_table_contains(x->names, r->name))
			merge_new_name(x, r);
	}
	for (guint i = 0; i < f->tokens->len; i++)
		merge_token(x, f, f->tokens->pdata[i]);
}

void smplc_settle(struct smplc *x)
{
	for (guint i = 0; i < x->sites->len; i++) {
		struct ssite *s = smplc_site(x, i);
		const struct rename *r = s->name ? s->name->rename : NULL;
		char *key;

		if (!r)
			continue;
		/* A static function of a file is not the one of a header. */
		if (r->kind == RENAME_NAME && s->refers && s->name->shared &&
		    !s->shared) {
			s->refers = s->declares = FALSE;
			if (!s->other)
				s->other = g_strdup_printf("another one, of %s alone",
					s->declared ? s->declared :
					s->site->file);
		}
		if (!s->function)
			continue;
		key = g_strdup_printf("%s %s %s", s->site->file, s->function,
				      r->to);
		s->shadowed = r->kind == RENAME_NAME &&
			      g_hash_table_contains(x->hidden, key);
		g_free(key);
	}
}
