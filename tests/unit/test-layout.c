// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layout of changed lines: the column of a backslash, breaking behind an
 * argument where the line has become too long, and what must not be broken or
 * touched at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "text/edit.h"
#include "text/layout.h"

/* Replaces the first @from behind @at in @text by @to: an edit of @s. */
static void add(struct edit_set *s, const char *text, const char *from,
		const char *to)
{
	const char *p = strstr(text, from);

	assert_non_null(p);
	edit_add(s, "f.c", p - text, from, to, "t");
}

static void lay(struct edit_set *s, const char *text, const char *want)
{
	gsize n;
	char *got = layout_apply(text, strlen(text), edit_of_file(s, "f.c"),
				 &n);

	assert_string_equal(got, want);
	assert_int_equal(n, strlen(want));
	g_free(got);
	edit_set_free(s);
}

static void one(const char *text, const char *from, const char *to,
		const char *want)
{
	struct edit_set *s = edit_set_new();

	add(s, text, from, to);
	lay(s, text, want);
}

static void test_backslash_tabs(void **state)
{
	/* Column 40 before and after. */
	one("#define F(p)\t\t\t\t\\\n\tf(p)\n", "F(p)", "F(p, q)",
	    "#define F(p, q)\t\t\t\t\\\n\tf(p)\n");
	one("do {\t\t\t\t\t\\\n\tpage(p);\t\t\t\\\n} while (0)\n",
	    "page(p)", "ptdesc_page(p)",
	    "do {\t\t\t\t\t\\\n\tptdesc_page(p);\t\t\t\\\n} while (0)\n");
	one("do {\t\t\t\t\t\\\n\tpage(p);\t\t\t\\\n", "page(p)", "p",
	    "do {\t\t\t\t\t\\\n\tp;\t\t\t\t\\\n");
}

static void test_backslash_spaces(void **state)
{
	one("#define F(p)            \\\n\tf(p)\n", "F(p)", "F(p, q)",
	    "#define F(p, q)         \\\n\tf(p)\n");
	one("#define F(p, q) \\\n\tf(p)\n", "(p, q)", "(p)",
	    "#define F(p)    \\\n\tf(p)\n");
}

static void test_backslash_no_room(void **state)
{
	one("#define F(p) \\\n\tf(p)\n", "F(p)", "F(p, q)",
	    "#define F(p, q) \\\n\tf(p)\n");
	one("\tf(p);\t\\\n", "f(p)", "a_longer_name(p)",
	    "\ta_longer_name(p); \\\n");
}

static void test_wrap(void **state)
{
	/* Behind the last comma of the outermost call that fits. */
	one("\tnext = list_first_entry_or_null(&pgtable->lru, struct page, lru);\n",
	    "struct page, lru", "struct ptdesc, pt_list_member",
	    "\tnext = list_first_entry_or_null(&pgtable->lru, struct ptdesc,\n"
	    "\t\t\t\t\tpt_list_member);\n");
	one("\tpmd_populate(mm, pmd, f(aaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbb), x);\n",
	    "x)", "an_argument_x)",
	    "\tpmd_populate(mm, pmd, f(aaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbb),\n"
	    "\t\t     an_argument_x);\n");
	/* A line of arguments alone keeps its indent. */
	one("f(a,\n  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, c);\n",
	    "c)", "ptdesc_page(c))",
	    "f(a,\n  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,\n"
	    "  ptdesc_page(c));\n");
	/* 80 columns are not too long. */
	one("\tf(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbb);\n",
	    "bb)", "bbb)",
	    "\tf(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb);\n");
}

static void test_wrap_value(void **state)
{
	/* Where no break of the value fits, it goes below the "=". */
	one("\t\tconst struct pt_leaf ptep = f(walk->mm, addr, pte);\n", "f(walk->mm",
	    "pt_leaf_get_huge(hstate_vma(walk->vma), walk->mm",
	    "\t\tconst struct pt_leaf ptep =\n"
	    "\t\t\tpt_leaf_get_huge(hstate_vma(walk->vma), walk->mm, addr,\n"
	    "\t\t\t\t\t pte);\n");
	/* Where one does, it stays. */
	one("\tpte_t entry = f(walk->mm, addr, ptep);\n", "f(walk->mm",
	    "pt_leaf_get_huge(hstate_vma(walk->vma), walk->mm",
	    "\tpte_t entry = pt_leaf_get_huge(hstate_vma(walk->vma), walk->mm, addr,\n"
	    "\t\t\t\t       ptep);\n");
}

static void test_no_wrap(void **state)
{
	/* No comma; a comma in a string; too long before and shorter now. */
	one("\treturn aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa * bbbbbbbbbbbbbbbbbbbbbbbbbb;\n",
	    "bb;", "bbbbbbbbbb;",
	    "\treturn aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa * bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb;\n");
	one("\tf(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\");\n",
	    "f(", "longer(",
	    "\tlonger(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\");\n");
	one("\tf(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb);\n",
	    "f(", "",
	    "\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb);\n");
}

/* Too long before, and longer now: broken, as a reviewer would want it. */
static void test_wrap_grown(void **state)
{
	one("\tf(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb);\n",
	    "f(", "longer(",
	    "\tlonger(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,\n"
	    "\t       bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb);\n");
}

/* The comma further out would leave the rest too long. */
static void test_wrap_operator(void **state)
{
	one("\tset_it(entry, make(((unsigned long)to_pfn(p) * A_SIZE_OF) | BBBBBBBBB,\n\t\tC));\n",
	    "(p)", "(a_bridge(p))",
	    "\tset_it(entry, make(((unsigned long)to_pfn(a_bridge(p)) * A_SIZE_OF) |\n"
	    "\t\t\t   BBBBBBBBB, C));\n");
	/* Outside of parentheses: aligned to what is returned, or assigned. */
	one("\treturn aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa + bbbbbbbbbbbbbbbbbbbbbbbbb;\n",
	    "bb;", "bbbbbbbbbb;",
	    "\treturn aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa +\n"
	    "\t       bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb;\n");
	one("\tsum = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa && bbbbbbbbbbbbbbbbbbbbbbb;\n",
	    "bb;", "bbbbbbbbbb;",
	    "\tsum = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa &&\n"
	    "\t      bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb;\n");
	/* A shift is one thing, unless there is no other place. */
	one("\tset_it(entry, make(((unsigned long)to_pfn(p) << A_SHIFT_OF_IT) |\n\t\tC));\n",
	    "(p)", "(a_bridge_of_some_len(p))",
	    "\tset_it(entry, make(((unsigned long)to_pfn(a_bridge_of_some_len(p)) <<\n"
	    "\t\t\t    A_SHIFT_OF_IT) |\n"
	    "\t\tC));\n");
}

/* Parentheses that lines above opened are open here, too. */
static void test_wrap_opened_above(void **state)
{
	one("\tret = outermost(aaaaaaaaaaaaaaaaa, inner(bbbbbbbbbbbbbb,\n"
	    "\t\t\t\t\t\t   cccccccccccc), ddddddddd);\n",
	    "ddddddddd)", "to_another(ddddddddd))",
	    "\tret = outermost(aaaaaaaaaaaaaaaaa, inner(bbbbbbbbbbbbbb,\n"
	    "\t\t\t\t\t\t   cccccccccccc),\n"
	    "\t\t\tto_another(ddddddddd));\n");
	/* Two of them, and an operator. */
	one("\tif (outermost(inner(bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,\n"
	    "\t\t\t    cccccccccccccccccccccccccccc)) && ddddddddd)\n",
	    "ddddddddd)", "to_another(ddddddddd))",
	    "\tif (outermost(inner(bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,\n"
	    "\t\t\t    cccccccccccccccccccccccccccc)) &&\n"
	    "\t    to_another(ddddddddd))\n");
	/* One that ends its line has the column of the next. */
	one("\toutermost(\n\t\tinner(bbbbbbbbbbbbbbbbbbbbbbbbbb,\n"
	    "\t\t      ccccccccccccccccccccccccccccccccc), ddddddddd);\n",
	    "ddddddddd)", "to_another(ddddddddd))",
	    "\toutermost(\n\t\tinner(bbbbbbbbbbbbbbbbbbbbbbbbbb,\n"
	    "\t\t      ccccccccccccccccccccccccccccccccc),\n"
	    "\t\tto_another(ddddddddd));\n");
	/* What the break of the line itself leaves open. */
	one("\tf(aaaaaaaaaaaaaaaaaaaaaaa, gg(bbbbbbbbbbbbbbbbbb, cccccccccccccccccccc), d);\n",
	    "bb, ccc", "bb | bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccccccc",
	    "\tf(aaaaaaaaaaaaaaaaaaaaaaa,\n"
	    "\t  gg(bbbbbbbbbbbbbbbbbb | bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,\n"
	    "\t     ccccccccccccccccccccccccccccccccccccccc), d);\n");
}

/* Nowhere to break it before column 80. */
static void test_wrap_far(void **state)
{
	one("\tentry = aaaaaaaaaaaaaaaaaa(bbbbbbbbbbbbbbbbbbbbbb(f(mm, address, pte)));\n",
	    "f(mm", "ccccccccccccccc(dddddddddd(vma), mm",
	    "\tentry = aaaaaaaaaaaaaaaaaa(bbbbbbbbbbbbbbbbbbbbbb(ccccccccccccccc(dddddddddd(vma), mm,\n"
	    "\t\t\t\t\t\t\t\t\t  address, pte)));\n");
}

/* A line end would change what these mean. */
static void test_no_wrap_comment(void **state)
{
	one("\tf(x); // aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbb\n",
	    "f(x)", "a_name_that_is_longer(x)",
	    "\ta_name_that_is_longer(x); // aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbb\n");
	one("/*\n * f(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)\n */\n",
	    "f(", "longer(",
	    "/*\n * longer(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)\n */\n");
}

static void test_no_wrap_directive(void **state)
{
	one("#define F(p, q) aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa(p, bbbbbbbbbbbbbbbbbbbbb, q)\n",
	    "F(", "LONGER(",
	    "#define LONGER(p, q) aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa(p, bbbbbbbbbbbbbbbbbbbbb, q)\n");
	/* The last line of a macro has no backslash. */
	one("#if F(p, q) || \\\n\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa(p, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, q)\n",
	    ", q)\n", ", ptdesc_page(q))\n",
	    "#if F(p, q) || \\\n\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa(p, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ptdesc_page(q))\n");
}

/* A macro's line is broken with a backslash, and the last line stays last. */
static void test_wrap_macro(void **state)
{
	one("#define F(p, q) \\\n\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa(p, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, q)\n\nx;\n",
	    "b, q)", "b, ptdesc_page(q))",
	    "#define F(p, q) \\\n\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa(p, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, \\\n"
	    "\t\t\t\t\tptdesc_page(q))\n\nx;\n");
	/* Far to the right without need: back to one tab. */
	one("#define F(p, q) \\\n\t\t\t(aaaaaaaaaaaaaaaaaaaaaaaaa(p, bbbbbbbbbbbbbbbbb, q))\n",
	    "b, q", "b, ptdesc_page(q)",
	    "#define F(p, q) \\\n\t(aaaaaaaaaaaaaaaaaaaaaaaaa(p, bbbbbbbbbbbbbbbbb, ptdesc_page(q)))\n");
	one("#define F(p, q) \\\n\t\t\t(aaaaaaaaaaaaaaaaaa(p, bbbbbbbbbbb, q))\n",
	    "b, q", "b, ptdesc_page(q)",
	    "#define F(p, q) \\\n\t\t\t(aaaaaaaaaaaaaaaaaa(p, bbbbbbbbbbb, ptdesc_page(q)))\n");
}

/* Backslashes in a column stay in one. */
static void test_backslash_block(void **state)
{
	one("x;\n#define F(p)\t\t\t\\\n\tdo_it(now, p);\t\t\\\n\tg(p)\ny;\n",
	    "now, p", "now, a_bridge(p)",
	    "x;\n#define F(p)\t\t\t\t\\\n\tdo_it(now, a_bridge(p));\t\\\n\tg(p)\ny;\n");
	/* Not in a column: only the line itself. */
	one("#define F(p) \\\n\tdo_it(now, p);\t\t\\\n\tg(p)\n",
	    "now, p", "now, a_bridge(p)",
	    "#define F(p) \\\n\tdo_it(now, a_bridge(p)); \\\n\tg(p)\n");
}

/* Lines below that are aligned to a parenthesis that moved. */
static void test_follow(void **state)
{
	one("extern struct page *f(int a,\n\t\t      int b,\n\t\t      int c);\n  x;\n",
	    "struct page *", "pgtable_t ",
	    "extern pgtable_t f(int a,\n\t\t   int b,\n\t\t   int c);\n  x;\n");
	one("pgtable_t f(int a, /* (b) */\n\t    int b)\n{\n\t    odd;\n}\n",
	    "pgtable_t ", "struct ptdesc *",
	    "struct ptdesc *f(int a, /* (b) */\n\t\t int b)\n{\n\t    odd;\n}\n");
	/* Not aligned before, or to one that stays. */
	one("pgtable_t f(int a,\n\tint b)\n", "pgtable_t ",
	    "struct ptdesc *", "struct ptdesc *f(int a,\n\tint b)\n");
	one("int f(g(x),\n      b);\n", "g(x)", "longer(x)",
	    "int f(longer(x),\n      b);\n");
	/* With an edit of its own. */
	{
		const char *text = "pgtable_t f(int a,\n\t    int b)\n";
		struct edit_set *s = edit_set_new();

		add(s, text, "pgtable_t ", "struct ptdesc *");
		add(s, text, "int b", "long b");
		lay(s, text, "struct ptdesc *f(int a,\n\t\t long b)\n");
	}
}

/* What is left of a broken line takes up what the list goes on with. */
static void test_refill(void **state)
{
	/* The line below stood askew. */
	one("static int check_entry(pte_t pte, unsigned long addr, short shift,\n"
	    "\t\t\tunsigned long poisoned, struct to_kill_list *tk)\n{\n",
	    "pte_t pte", "struct leaf_of_anything pte",
	    "static int check_entry(struct leaf_of_anything pte, unsigned long addr,\n"
	    "\t\t       short shift, unsigned long poisoned,\n"
	    "\t\t       struct to_kill_list *tk)\n{\n");
	/* It is aligned, but a line is saved. */
	one("\tx = function_of_it(argument_one, argument_two, argument_three, four,\n"
	    "\t\t\t   five, six);\n\tx = function_of_it(argument_one,\n"
	    "\t\t\t   five, six);\n",
	    "argument_one", "get(argument_one)",
	    "\tx = function_of_it(get(argument_one), argument_two, argument_three,\n"
	    "\t\t\t   four, five, six);\n\tx = function_of_it(argument_one,\n"
	    "\t\t\t   five, six);\n");
	/* Aligned, and no line to save; a comment; another list. */
	one("\tx = function_of_it(argument_one, argument_two, argument_three, four,\n"
	    "\t\t\t   an_argument_that_is_as_long_as_a_line_could_be, five);\n",
	    "argument_one", "get(argument_one)",
	    "\tx = function_of_it(get(argument_one), argument_two, argument_three,\n"
	    "\t\t\t   four,\n"
	    "\t\t\t   an_argument_that_is_as_long_as_a_line_could_be, five);\n");
	one("\tx = function_of_it(argument_one, argument_two, argument_three, four,\n"
	    "\t\t\t   five, six);\t/* all */\n",
	    "argument_one", "get(argument_one)",
	    "\tx = function_of_it(get(argument_one), argument_two, argument_three,\n"
	    "\t\t\t   four,\n"
	    "\t\t\t   five, six);\t/* all */\n");
	one("\tx = f(function_of_it(argument_one, argument_two, argument_three, four),\n"
	    "\t      five, six);\n",
	    "argument_one", "get(argument_one)",
	    "\tx = f(function_of_it(get(argument_one), argument_two, argument_three,\n"
	    "\t\t\t     four),\n"
	    "\t      five, six);\n");
}

static void test_crlf(void **state)
{
	one("a;\r\nf(p);\r\nb;\r\n", "f(p)", "g(p)", "a;\r\ng(p);\r\nb;\r\n");
	one("#define F(p)\t\t\\\r\n\tf(p)\r\n", "F(p)", "F(p, q)",
	    "#define F(p, q)\t\t\\\r\n\tf(p)\r\n");
	one("\tf(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbb);\r\n",
	    "bb)", "bbb)",
	    "\tf(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb);\r\n");
	one("\tf(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbb);\r\n",
	    "bb)", "bbbb)",
	    "\tf(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,\r\n"
	    "\t  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb);\r\n");
}

static void test_ends(void **state)
{
	struct edit_set *s = edit_set_new();

	one("f(p);", "p", "q", "f(q);");
	one("f(p)", "f(p)", "", "");
	edit_add(s, "f.c", 5, "", "\ng(p);\n", "t");
	lay(s, "f(p);", "f(p);\ng(p);\n");
	s = edit_set_new();
	edit_add(s, "f.c", 6, "", "g(p);\n", "t");
	lay(s, "f(p);\n", "f(p);\ng(p);\n");
	s = edit_set_new();
	edit_add(s, "f.c", 0, "", "x", "t");
	lay(s, "", "x");
}

static void test_many(void **state)
{
	const char *text = "a(p); b(p);\nc(p);\n\nd(p);\n";
	struct edit_set *s = edit_set_new();

	add(s, text, "a(p)", "aa(p)");
	add(s, text, "b(p)", "bb(p)");
	add(s, text, "d(p)", "dd(p)");
	lay(s, text, "aa(p); bb(p);\nc(p);\n\ndd(p);\n");
	/* Lines that an edit joins, with another edit behind the joint. */
	text = "a(p,\n  q); b(p);\nc(p);\n";
	s = edit_set_new();
	add(s, text, "(p,\n  q)", "(q)");
	add(s, text, "b(p)", "bb(p)");
	lay(s, text, "a(q); bb(p);\nc(p);\n");
}

static void test_untouched(void **state)
{
	/* Trailing blanks and odd indents of other lines are not ours. */
	one("  a;  \n\t b; \t\nf(p);\n\n\n   \n", "f(p)", "g(p)",
	    "  a;  \n\t b; \t\ng(p);\n\n\n   \n");
}

static void test_choice(void **state)
{
	/* The ":" goes on standing below its "?", and nothing comes between. */
	one("\tit = f(v) ? get(v->mm, addr, p)\n\t\t  : other(p);\n\tg();\n",
	    "get(", "a_longer_getter_of_this_entry(lvl, v->hstate, ",
	    "\tit = f(v) ? a_longer_getter_of_this_entry(lvl, v->hstate, v->mm, addr,\n"
	    "\t\t\t\t\t\t  p)\n"
	    "\t\t  : other(p);\n\tg();\n");
	one("\tit = f(v) ? get(p)\n\t\t  : h(q) ? a(p)\n\t\t\t : b;\n",
	    "f(v)", "is_it(v)",
	    "\tit = is_it(v) ? get(p)\n\t\t      : h(q) ? a(p)\n"
	    "\t\t\t     : b;\n");
	/* What was not below it stays. */
	one("\tit = f(v) ? get(p)\n\t\t: other(p);\n", "f(v)", "is_it(v)",
	    "\tit = is_it(v) ? get(p)\n\t\t: other(p);\n");
	one("\tswitch (f(v) ? 1 : 2) {\n\tcase 1: g();\n", "f(v)", "is(v)",
	    "\tswitch (is(v) ? 1 : 2) {\n\tcase 1: g();\n");
	/* The second of two below the first, where there is room for it. */
	one("\treturn w(pte) ? (VALID_A_FLAG_OF_IT | WRITE_A_FLAG_OF_IT) : VALID_A_FLAG;\n",
	    "w(", "pt_leaf_write(",
	    "\treturn pt_leaf_write(pte) ? (VALID_A_FLAG_OF_IT | WRITE_A_FLAG_OF_IT) :\n"
	    "\t\t\t\t    VALID_A_FLAG;\n");
	one("\treturn a_question_of_some_length_about_it(pte) ? A_VALID_FLAG_OF : an_answer_of_more(pte);\n",
	    "(pte) ?", "(leaf) ?",
	    "\treturn a_question_of_some_length_about_it(leaf) ? A_VALID_FLAG_OF :\n"
	    "\t       an_answer_of_more(pte);\n");
}

static void test_heads_and_tails(void **state)
{
	/* The head of a for is broken between its parts first. */
	one("\tfor (e = get(vma, addr); is_present(e) && n < 4; e = get(vma, addr))\n",
	    "get(vma", "a_getter_with_a_long_name(vma",
	    "\tfor (e = a_getter_with_a_long_name(vma, addr); is_present(e) && n < 4;\n"
	    "\t     e = get(vma, addr))\n");
	/* Not the code for a comment at its end, unless that is far out. */
	one("\tentry = get(vma, addr, ptep);\t/* the entry that is there */\n",
	    "get(", "another_getter(h, ",
	    "\tentry = another_getter(h, vma, addr, ptep);\t/* the entry that is there */\n");
	one("\tit = f(v) ? get(v->mm, addr, p) : make_one_of(ptep_get_of(ptep), v);\n",
	    "get(v", "a_longer_getter_of_this_entry(lvl, v->hstate, v->mm, v",
	    "\tit = f(v) ?\n"
	    "\t     a_longer_getter_of_this_entry(lvl, v->hstate, v->mm, v->mm, addr,\n"
	    "\t\t\t\t\t   p) :\n"
	    "\t     make_one_of(ptep_get_of(ptep), v);\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backslash_tabs),
		cmocka_unit_test(test_backslash_spaces),
		cmocka_unit_test(test_backslash_no_room),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_wrap_value),
		cmocka_unit_test(test_no_wrap),
		cmocka_unit_test(test_wrap_grown),
		cmocka_unit_test(test_wrap_operator),
		cmocka_unit_test(test_wrap_far),
		cmocka_unit_test(test_wrap_opened_above),
		cmocka_unit_test(test_no_wrap_comment),
		cmocka_unit_test(test_no_wrap_directive),
		cmocka_unit_test(test_wrap_macro),
		cmocka_unit_test(test_backslash_block),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_refill),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_heads_and_tails),
		cmocka_unit_test(test_crlf),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
