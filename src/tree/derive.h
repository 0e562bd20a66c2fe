/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names whose declaration carries a type, as far as the text of one file
 * tells: functions that take or return it, fields and variables of it, macros
 * and typedefs that spell it.
 */
#ifndef DERIVE_H
#define DERIVE_H

#include <glib.h>
#include "text/lex.h"

struct derived {
	char *name;		/* the caller frees it */
	const char *kind;	/* "function", "field", "variable", "macro", "type" */
	guint line;
};

/*
 * Append a struct derived to @out for each declaration in the file that has a
 * name of the set @types in it; the same name may come more than once.  Local
 * variables and parameters are left out.  A macro NAME(...) that hands its
 * arguments to one of the set @functions is as good as that function.
 */
void derive_names(const struct token_list *l, GHashTable *types,
		  GHashTable *functions, GArray *out);

#endif
