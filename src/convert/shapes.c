// SPDX-License-Identifier: GPL-2.0-only
/* The table of shapes: a line each.  The last is for a manifest without one. */
#include "convert/shape.h"

static const struct shape *const shapes[] = {
	&shape_op,
	&shape_leaf,
	&shape_handle,
	&shape_smpl,
};

const struct shape *shape_of(const struct manifest *m)
{
	for (guint i = 0; i < G_N_ELEMENTS(shapes); i++)
		if (g_key_file_has_group(m->keys, shapes[i]->name))
			return shapes[i];
	return shapes[G_N_ELEMENTS(shapes) - 1];
}
