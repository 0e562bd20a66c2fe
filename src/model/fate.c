// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two tables: rows from top to bottom, and the first that matches counts.
 * Every input matches a row (test-fate.c tries all of them).
 */
#include "model/fate.h"

const char *const fate_ast_name[N_FATE_AST] = {
	[AST_NOT_READ] = "not read", [AST_OTHER] = "other",
	[AST_KEEP] = "keep", [AST_EITHER] = "either",
	[AST_UNKNOWN] = "unknown", [AST_STAYS] = "stays",
	[AST_CHANGE] = "change",
};

const char *const fate_smpl_name[N_FATE_SMPL] = {
	[SMPL_NOT_RUN] = "not run", [SMPL_NOT_PARSED] = "not parsed",
	[SMPL_KEEP] = "keep", [SMPL_CHANGE] = "change",
};

const char *const outcome_name[N_OUTCOME] = {
	[OUTCOME_NONE] = "none", [OUTCOME_AGREE] = "agree",
	[OUTCOME_ONE_SIDED] = "one-sided", [OUTCOME_DISAGREE] = "disagree",
	[OUTCOME_NEITHER] = "neither",
};

#define ANY (~0u)
#define A(x) (1u << AST_##x)
#define S(x) (1u << SMPL_##x)
#define T(x) (1u << TEXT_##x)
#define EDITED 2u
#define PLAIN 1u		/* not edited */

static const struct fate_row {
	unsigned ast, smpl, text, edited;
	enum site_fate fate;
} fates[] = {
	{ ANY, ANY, ANY, EDITED, FATE_CONVERTED },
	{ A(STAYS), ANY, ANY, PLAIN, FATE_REFUSED },
	/* Nobody edited what one of the two says must change. */
	{ A(CHANGE), ANY, ANY, PLAIN, FATE_UNRESOLVED },
	{ A(OTHER) | A(KEEP), S(CHANGE), ANY, PLAIN, FATE_UNRESOLVED },
	{ A(OTHER) | A(KEEP) | A(EITHER), ANY, ANY, PLAIN, FATE_KEPT },
	/* What is left is not read, or not known: the text must do. */
	{ ANY, ANY, T(STAYS), PLAIN, FATE_REFUSED },
	{ ANY, ~S(CHANGE), T(KEEP), PLAIN, FATE_KEPT },
	{ ANY, ANY, ANY, PLAIN, FATE_UNRESOLVED },
};

static const struct outcome_row {
	unsigned ast, smpl, edited;
	enum outcome outcome;
} outcomes[] = {
	{ A(NOT_READ) | A(UNKNOWN), S(KEEP) | S(CHANGE), ANY, OUTCOME_ONE_SIDED },
	{ A(NOT_READ) | A(UNKNOWN), ANY, ANY, OUTCOME_NEITHER },
	{ A(OTHER) | A(KEEP), S(CHANGE), ANY, OUTCOME_DISAGREE },
	{ A(OTHER) | A(KEEP), S(KEEP), ANY, OUTCOME_AGREE },
	{ A(OTHER) | A(KEEP), ANY, ANY, OUTCOME_ONE_SIDED },
	{ A(EITHER), S(NOT_PARSED), PLAIN, OUTCOME_ONE_SIDED },
	{ A(EITHER), ANY, ANY, OUTCOME_AGREE },
	{ A(STAYS) | A(CHANGE), S(CHANGE), ANY, OUTCOME_AGREE },
	{ A(STAYS), ANY, ANY, OUTCOME_ONE_SIDED },
	/* The driver's own edits are of what no rule can say. */
	{ A(CHANGE), ANY, EDITED, OUTCOME_ONE_SIDED },
	{ A(CHANGE), ANY, PLAIN, OUTCOME_DISAGREE },
};

struct fate_result fate_decide(const struct fate_input *in)
{
	unsigned ast = 1u << in->ast, smpl = 1u << in->smpl;
	unsigned text = 1u << in->text, edited = in->edited ? EDITED : PLAIN;
	struct fate_result r = { FATE_UNRESOLVED, OUTCOME_NONE };

	for (gsize i = 0; i < G_N_ELEMENTS(fates); i++) {
		const struct fate_row *f = &fates[i];

		if (f->ast & ast && f->smpl & smpl && f->text & text &&
		    f->edited & edited) {
			r.fate = f->fate;
			break;
		}
	}
	for (gsize i = 0; i < G_N_ELEMENTS(outcomes); i++) {
		const struct outcome_row *o = &outcomes[i];

		if (o->ast & ast && o->smpl & smpl && o->edited & edited) {
			r.outcome = o->outcome;
			break;
		}
	}
	return r;
}
