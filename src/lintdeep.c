// SPDX-License-Identifier: GPL-2.0-only
#include "lint.h"
int lint_deep(const struct lint_rules *r, const struct tree *tree,
	      char **cells, const GPtrArray *views, int jobs, GPtrArray *out,
	      GPtrArray *problems)
{
	return 0;
}
