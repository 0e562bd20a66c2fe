// SPDX-License-Identifier: GPL-2.0-only
/* The records of an op, as tables of their fields. */
#include "read/oprecord.h"

static const struct record_field member_fields[] = {
	RECORD_FIELD(op_member, file),
	RECORD_FIELD(op_member, off),
	RECORD_FIELD(op_member, how),
};
static const struct record_field value_fields[] = {
	RECORD_FIELD(op_value, file),
	RECORD_FIELD(op_value, off),
	RECORD_FIELD(op_value, name),
	RECORD_FIELD(op_value, usr),
	RECORD_FIELD(op_value, op_file),
	RECORD_FIELD(op_value, op_off),
};
static const struct record_field ref_fields[] = {
	RECORD_FIELD(op_ref, file),
	RECORD_FIELD(op_ref, off),
	RECORD_FIELD(op_ref, name),
	RECORD_FIELD(op_ref, usr),
	RECORD_FIELD(op_ref, how),
	RECORD_FIELD(op_ref, caller),
};
static const struct record_field decl_fields[] = {
	RECORD_FIELD(op_decl, file),
	RECORD_FIELD(op_decl, off),
	RECORD_FIELD(op_decl, name),
	RECORD_FIELD(op_decl, usr),
	RECORD_FIELD(op_decl, defined),
	RECORD_FIELD(op_decl, decl_first),
	RECORD_FIELD(op_decl, body),
	RECORD_FIELD(op_decl, body_end),
	RECORD_FIELD(op_decl, params),
};
static const struct record_field use_fields[] = {
	RECORD_FIELD(op_use, file),
	RECORD_FIELD(op_use, off),
	RECORD_FIELD(op_use, usr),
	RECORD_FIELD(op_use, param),
	RECORD_FIELD(op_use, how),
	RECORD_FIELD(op_use, loop),
	RECORD_FIELD(op_use, first),
};
static const struct record_field sees_fields[] = { RECORD_FIELD(op_sees, op) };

#define TYPE(name, tag, type, fields, list)				\
	const struct record_type name##_type =				\
		RECORD_TYPE(tag, type, fields, op_facts, list)
TYPE(op_member, 'M', op_member, member_fields, members);
TYPE(op_value, 'V', op_value, value_fields, values);
TYPE(op_ref, 'R', op_ref, ref_fields, refs);
TYPE(op_decl, 'D', op_decl, decl_fields, decls);
TYPE(op_use, 'U', op_use, use_fields, uses);
TYPE(op_sees, 'T', op_sees, sees_fields, sees);
TYPE(op_range, 'S', ast_range, ast_range_fields, skipped);
TYPE(op_diag, 'G', ast_diag, ast_diag_fields, diags);
#undef TYPE

const struct record_type *const op_types[OP_N_TYPES] = {
	&op_member_type, &op_value_type, &op_ref_type, &op_decl_type,
	&op_use_type, &op_sees_type, &op_range_type, &op_diag_type,
};
