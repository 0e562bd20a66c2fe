// SPDX-License-Identifier: GPL-2.0-only
/* The table of fates: every input has a row, and what the rows promise holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/fate.h"

static struct fate_result fate(enum fate_ast ast, enum fate_smpl smpl,
			       enum fate_text text, gboolean edited)
{
	return fate_decide(&(struct fate_input) { ast, smpl, text, edited });
}

static void test_every_input(void **state)
{
	for (int a = 0; a < N_FATE_AST; a++)
		for (int s = 0; s < N_FATE_SMPL; s++)
			for (int t = 0; t < N_FATE_TEXT; t++) {
				struct fate_result plain = fate(a, s, t, FALSE);
				struct fate_result edited = fate(a, s, t, TRUE);

				assert_int_not_equal(plain.outcome,
						     OUTCOME_NONE);
				assert_int_not_equal(edited.outcome,
						     OUTCOME_NONE);
				assert_int_equal(edited.fate, FATE_CONVERTED);
				assert_int_not_equal(plain.fate,
						     FATE_CONVERTED);
			}
}

static void test_change_without_edit(void **state)
{
	struct fate_result r = fate(AST_CHANGE, SMPL_KEEP, TEXT_KEEP, FALSE);

	assert_int_equal(r.fate, FATE_UNRESOLVED);
	assert_int_equal(r.outcome, OUTCOME_DISAGREE);
	r = fate(AST_KEEP, SMPL_CHANGE, TEXT_KEEP, FALSE);
	assert_int_equal(r.fate, FATE_UNRESOLVED);
	assert_int_equal(r.outcome, OUTCOME_DISAGREE);
	/* The driver's edit is known by one engine only. */
	r = fate(AST_CHANGE, SMPL_KEEP, TEXT_NOTHING, TRUE);
	assert_int_equal(r.outcome, OUTCOME_ONE_SIDED);
}

static void test_not_read(void **state)
{
	struct fate_result r = fate(AST_NOT_READ, SMPL_NOT_PARSED,
				    TEXT_NOTHING, FALSE);

	assert_int_equal(r.fate, FATE_UNRESOLVED);
	assert_int_equal(r.outcome, OUTCOME_NEITHER);
	r = fate(AST_NOT_READ, SMPL_KEEP, TEXT_KEEP, FALSE);
	assert_int_equal(r.fate, FATE_KEPT);
	assert_int_equal(r.outcome, OUTCOME_ONE_SIDED);
	r = fate(AST_NOT_READ, SMPL_CHANGE, TEXT_KEEP, FALSE);
	assert_int_equal(r.fate, FATE_UNRESOLVED);
	r = fate(AST_NOT_READ, SMPL_CHANGE, TEXT_STAYS, FALSE);
	assert_int_equal(r.fate, FATE_REFUSED);
}

static void test_stays(void **state)
{
	struct fate_result r = fate(AST_STAYS, SMPL_CHANGE, TEXT_NOTHING,
				    FALSE);

	assert_int_equal(r.fate, FATE_REFUSED);
	assert_int_equal(r.outcome, OUTCOME_AGREE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_input),
		cmocka_unit_test(test_change_without_edit),
		cmocka_unit_test(test_not_read),
		cmocka_unit_test(test_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
