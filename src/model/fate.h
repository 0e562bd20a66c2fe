/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of a site.  libclang (the AST) and the semantic patches (SmPL)
 * each say what is to be done there, independently of each other.  One table,
 * the same for every conversion, maps both opinions and whether the site was
 * edited to its fate, and to how far the two agree.
 */
#ifndef FATE_H
#define FATE_H

#include <glib.h>

#include "model/ledger.h"

/* What libclang says.  "Not read": no cell compiles the code. */
enum fate_ast {
	AST_NOT_READ,
	AST_OTHER,	/* another type, or another thing of that name */
	AST_KEEP,	/* nothing is to be done here */
	AST_EITHER,	/* it cannot tell whether something is */
	AST_UNKNOWN,	/* it cannot tell what stands here */
	AST_STAYS,	/* it would change, but cannot: refused, with a reason */
	AST_CHANGE,
	N_FATE_AST
};
extern const char *const fate_ast_name[N_FATE_AST];

/* What the semantic patches say.  "Not parsed": spatch left the line out. */
enum fate_smpl {
	SMPL_NOT_RUN,	/* not run on the file, which does not change */
	SMPL_NOT_PARSED,
	SMPL_KEEP,	/* no rule has an edit here */
	SMPL_CHANGE,
	N_FATE_SMPL
};
extern const char *const fate_smpl_name[N_FATE_SMPL];

/*
 * What the text alone shows, for code that is not read: nothing; that it keeps
 * its form (it is outside the scope, or rules that know every form leave it as
 * it is); that it is refused.
 */
enum fate_text { TEXT_NOTHING, TEXT_KEEP, TEXT_STAYS, N_FATE_TEXT };

/* How far the two agree. */
enum outcome {
	OUTCOME_NONE,		/* not code: neither looks */
	OUTCOME_AGREE,
	OUTCOME_ONE_SIDED,	/* only one can tell */
	OUTCOME_DISAGREE,
	OUTCOME_NEITHER,	/* neither can tell */
	N_OUTCOME
};
extern const char *const outcome_name[N_OUTCOME];

struct fate_input {
	enum fate_ast ast;
	enum fate_smpl smpl;
	enum fate_text text;
	gboolean edited;
};

struct fate_result {
	enum site_fate fate;
	enum outcome outcome;
};

/* Look up a site in code. */
struct fate_result fate_decide(const struct fate_input *in);

#endif
