// SPDX-License-Identifier: GPL-2.0-only
/* The records of values, as tables of their fields. */
#include "read/ast-internal.h"

static const struct record_field decl_fields[] = {
	RECORD_FIELD(ast_decl, key),
	RECORD_FIELD(ast_decl, cls),
	RECORD_FIELD(ast_decl, file),
	RECORD_FIELD(ast_decl, start),
	RECORD_FIELD(ast_decl, name_off),
	RECORD_FIELD(ast_decl, name),
	RECORD_FIELD(ast_decl, func),
};
static const struct record_field event_fields[] = {
	RECORD_FIELD(ast_event, src),
	RECORD_FIELD(ast_event, dst),
	RECORD_FIELD(ast_event, file),
	RECORD_FIELD(ast_event, off),
	RECORD_FIELD(ast_event, end),
	RECORD_FIELD(ast_event, line),
	RECORD_FIELD(ast_event, xfile),
	RECORD_FIELD(ast_event, xoff),
	RECORD_FIELD(ast_event, xname),
	RECORD_FIELD(ast_event, out),
	RECORD_FIELD(ast_event, use),
	RECORD_FIELD(ast_event, link),
};
static const struct record_field func_fields[] = {
	RECORD_FIELD(ast_func, usr),
	RECORD_FIELD(ast_func, name),
	RECORD_FIELD(ast_func, file),
	RECORD_FIELD(ast_func, start),
	RECORD_FIELD(ast_func, end),
	RECORD_FIELD(ast_func, defined),
};
static const struct record_field typedef_fields[] = {
	RECORD_FIELD(ast_typedef, name),
	RECORD_FIELD(ast_typedef, file),
	RECORD_FIELD(ast_typedef, off),
	RECORD_FIELD(ast_typedef, underlying),
};
static const struct record_field macro_fields[] = {
	RECORD_FIELD(ast_macro, file),
	RECORD_FIELD(ast_macro, off),
};

#define TYPE(tag, type, fields, list)					\
	const struct record_type type##_type =				\
		RECORD_TYPE(tag, type, fields, ast_facts, list)
TYPE('D', ast_decl, decl_fields, decls);
TYPE('E', ast_event, event_fields, events);
TYPE('F', ast_func, func_fields, funcs);
TYPE('T', ast_typedef, typedef_fields, typedefs);
TYPE('M', ast_macro, macro_fields, macros);
TYPE('G', ast_diag, ast_diag_fields, diags);
TYPE('S', ast_range, ast_range_fields, skipped);
#undef TYPE

const struct record_type *const ast_types[AST_N_TYPES] = {
	&ast_decl_type, &ast_event_type, &ast_func_type, &ast_typedef_type,
	&ast_macro_type, &ast_diag_type, &ast_range_type,
};
