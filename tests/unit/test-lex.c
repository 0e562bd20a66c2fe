// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lexer: the tokens joined are the file, with right places, on inputs made
 * to hurt and on pseudo-random bytes; and the contexts that others rely on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <glib.h>

#include "text/lex.h"

/* Every byte in one token, in order, and each place as counted by hand. */
static void check_lossless(const char *buf, size_t n)
{
	struct token_list l;
	size_t p = 0, start = 0;
	uint32_t line = 1;

	lex_c(buf, n, &l);
	for (size_t i = 0; i < l.n; i++) {
		assert_int_equal(l.v[i].off, p);
		assert_true(l.v[i].len > 0);
		assert_int_equal(l.v[i].line, line);
		assert_int_equal(l.v[i].col, p - start + 1);
		for (; p < l.v[i].off + l.v[i].len; p++) {
			if (buf[p] != '\n')
				continue;
			line++;
			start = p + 1;
		}
	}
	assert_int_equal(p, n);
	lex_free(&l);
}

static void lossless_nasties(void **state)
{
	static const char *const t[] = {
		"", "\n", "\\", "\\\n", "\\\r\n", "\r", "\r\n", "#", "#\\\n",
		"/", "/*", "/**", "/*/", "/\\\n* x *\\\n/ y", "//", "// a\\\nb",
		"// a\\\r\nb\nc", "'", "\"", "\"\\", "\"\\\n", "\"\\\\\n\"x\"",
		"\"a\\\\\\\n\"", "L\"", "u8'x'", "0x1p+3", "1e", "1e+", ".", "..",
		"...", ".\\\n..", "<<\\\n=", "#define", "#define x",
		"#define f(", "#define f(a", "#define f(a) a##b # a",
		"#include <a", "#include <a>", "#include\\\n<a>", "#if", "#if 0",
		"#if 0\n#else", "#else\n#endif\n#endif", "# 1 \"x\" 2", "don't\nx",
		"\x80\xff", "a\x80", "$1", "a\\\n\\\nb", "a\\\r\n\\\nb\\\n",
		"%:define x", "\f#define x\v", "/* \n */ # /* \n */ define x",
		"\"unterminated\r\nnext", "'\\'\n", "`@\\x", "a\\ \nb",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(t); i++) {
		size_t n = strlen(t[i]);

		/* Exact size on the heap, so that a sanitizer sees overruns. */
		char *exact = g_memdup2(t[i], n);

		check_lossless(exact, n);
		g_free(exact);
	}
	check_lossless("a\0b\n#define \0 x\0\n'\0'", 20);
}

static void lossless_random(void **state)
{
	static const char alphabet[] = "\\\\\n\n\r\"'/*#<>ab0.$(){}; \t\0\xc3\xa9-+=&|";
	static const char *const words[] = { "#if 0\n", "#else\n", "#endif\n",
		"#define f(a) ", "/*", "*/", "//", "\\\n", "#include <x>" };
	GRand *r = g_rand_new_with_seed(20261121);

	for (int round = 0; round < 3000; round++) {
		GString *s = g_string_new(NULL);
		int n = g_rand_int_range(r, 0, 200);

		for (int i = 0; i < n; i++) {
			switch (g_rand_int_range(r, 0, 8)) {
			case 0:
				g_string_append_c(s, g_rand_int_range(r, 0, 256));
				break;
			case 1:
				g_string_append(s, words[g_rand_int_range(r, 0,
						G_N_ELEMENTS(words))]);
				break;
			default:
				g_string_append_c(s, alphabet[g_rand_int_range(r,
						0, sizeof(alphabet) - 1)]);
			}
		}
		char *exact = g_memdup2(s->str, s->len);

		check_lossless(exact, s->len);
		g_free(exact);
		g_string_free(s, TRUE);
	}
	g_rand_free(r);
}

static void very_long_line(void **state)
{
	size_t n = 3 << 20;
	char *s = g_malloc(n);

	memset(s, 'x', n);
	check_lossless(s, n);
	memset(s, '(', n);
	check_lossless(s, n);
	g_free(s);
}

/* The significant tokens, with a letter for kind, context and disabled. */
static char *shown(const char *text)
{
	static const char kind[] = "   cINSQPO";
	static const char ctx[] = "cdnb";
	GString *out = g_string_new(NULL);
	struct token_list l;

	lex_c(text, strlen(text), &l);
	for (size_t i = 0; i < l.n; i++) {
		char scratch[64];
		size_t len;
		const char *s = tok_text(&l, i, &len, scratch, sizeof(scratch));

		if (l.v[i].kind < TOK_COMMENT)
			continue;
		g_string_append_printf(out, "%s%c%c%s:%.*s",
				       out->len ? " " : "",
				       kind[l.v[i].kind], ctx[l.v[i].ctx],
				       l.v[i].disabled ? "!" : "", (int)len, s);
	}
	lex_free(&l);
	return g_string_free(out, FALSE);
}

static void check_shown(const char *text, const char *want)
{
	char *got = shown(text);

	assert_string_equal(got, want);
	g_free(got);
}

static void tokens(void **state)
{
	check_shown("a->b <<= c ... d", "Ic:a Pc:-> Ic:b Pc:<<= Ic:c Pc:... Ic:d");
	check_shown("x = 0x1p+3 - 1.5e-3f;",
		    "Ic:x Pc:= Nc:0x1p+3 Pc:- Nc:1.5e-3f Pc:;");
	check_shown("L\"a\\\"b\" 'c' \"d", "Sc:L\"a\\\"b\" Qc:'c' Sc:\"d");
	check_shown("pg\\\ntable_t -\\\n>", "Ic:pgtable_t Pc:->");
	check_shown("don't\nx", "Ic:don Qc:'t Ic:x");
	check_shown("a /* b\n * c */ d // e\\\nf\ng",
		    "Ic:a cc:/* b\n * c */ Ic:d cc:// ef Ic:g");
}

static void directives(void **state)
{
	check_shown("#define f(a) a b\nc",
		    "Pd:# Id:define In:f Pn:( In:a Pn:) Ib:a Ib:b Ic:c");
	check_shown("#define o (a)\n", "Pd:# Id:define In:o Pb:( Ib:a Pb:)");
	check_shown("#define o\\\n(a) \\\n b\nc",
		    "Pd:# Id:define In:o Pn:( In:a Pn:) Ib:b Ic:c");
	check_shown("/* x\n */ # /* y\n */ define z /* w\n */ v\nu",
		    "cc:/* x\n */ Pd:# cd:/* y\n */ Id:define In:z "
		    "cb:/* w\n */ Ib:v Ic:u");
	check_shown("#undef x\n#include <a.h>\n#pragma y\n",
		    "Pd:# Id:undef In:x Pd:# Id:include Sd:<a.h> Pd:# "
		    "Id:pragma Id:y");
	check_shown("a # b", "Ic:a Pc:# Ic:b");
	check_shown("a /*\n*/ # b", "Ic:a cc:/*\n*/ Pc:# Ic:b");
}

static void disabled_arms(void **state)
{
	check_shown("#if 0\na\n#else\nb\n#endif\nc",
		    "Pd:# Id:if Nd:0 Ic!:a Pd:# Id:else Ic:b Pd:# Id:endif Ic:c");
	check_shown("#if 1\na\n#elif X\nb\n#else\nc\n#endif\nd",
		    "Pd:# Id:if Nd:1 Ic:a Pd:# Id:elif Id!:X Ic!:b Pd:# Id:else "
		    "Ic!:c Pd:# Id:endif Ic:d");
	check_shown("#if X\na\n#else\nb\n#endif",
		    "Pd:# Id:if Id:X Ic:a Pd:# Id:else Ic:b Pd:# Id:endif");
	check_shown("#if 0\n#if 1\na\n#else\nb\n#endif\nc\n#endif\nd",
		    "Pd:# Id:if Nd:0 Pd!:# Id!:if Nd!:1 Ic!:a Pd!:# Id!:else "
		    "Ic!:b Pd!:# Id!:endif Ic!:c Pd:# Id:endif Ic:d");
	check_shown("#ifdef A\n#elif 0\na\n#elif 1\nb\n#else\nc\n#endif",
		    "Pd:# Id:ifdef Id:A Pd:# Id:elif Nd:0 Ic!:a Pd:# Id:elif "
		    "Nd:1 Ic:b Pd:# Id:else Ic!:c Pd:# Id:endif");
	check_shown("#if 0 || X\na\n#endif",
		    "Pd:# Id:if Nd:0 Pd:|| Id:X Ic:a Pd:# Id:endif");
	check_shown("#else\na\n#endif\nb", "Pd:# Id:else Ic:a Pd:# Id:endif Ic:b");
}

static void helpers(void **state)
{
	static const char text[] = " a\\\nb /* c */\n-> ";
	char scratch[2];
	struct token_list l;
	size_t i, len;

	lex_c(text, strlen(text), &l);
	i = tok_skip(&l, 0);
	assert_true(tok_is(&l, i, "ab"));
	assert_false(tok_is(&l, i, "a"));
	assert_false(tok_is(&l, i, "abc"));
	assert_int_equal(tok_skip_back(&l, 0), SIZE_MAX);
	assert_int_equal(tok_skip_back(&l, l.n - 3), i);
	i = tok_skip(&l, i + 1);
	assert_true(tok_is(&l, i, "->"));
	assert_int_equal(tok_skip(&l, i + 1), l.n);
	assert_false(tok_is(&l, l.n, "ab"));
	lex_free(&l);

	/* Longer than the caller's buffer: cut, not overrun. */
	lex_c("a\\\nbcd", 6, &l);
	tok_text(&l, 0, &len, scratch, sizeof(scratch));
	assert_int_equal(len, 2);
	assert_memory_equal(scratch, "ab", 2);
	lex_free(&l);
}

static void limit_is(const char *head, const char *open, int n,
		     const char *tail, const char *want)
{
	GString *text = g_string_new(head);
	struct token_list l;
	char *got;

	for (int i = 0; i < n; i++)
		g_string_append(text, open);
	g_string_append(text, tail);
	lex_c(text->str, text->len, &l);
	got = lex_limit_hit(&l);
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
	g_free(got);
	lex_free(&l);
	g_string_free(text, TRUE);
}

static void limits(void **state)
{
	limit_is("", "#if A\n", 1000, "", NULL);
	limit_is("\n", "#if A\n", 1001, "", "1001 #ifs inside each other in "
		 "line 1002 (limit 1000)");
	limit_is("", "#if A\n#endif\n", 5000, "", NULL);
	limit_is("", "#if A\n#else\n#endif\n#endif\n", 5000, "", NULL);
	limit_is("x", "(", 1000, "", NULL);
	limit_is("x", "[", 1001, "", "1001 brackets inside each other in "
		 "line 1 (limit 1000)");
	limit_is("", "f(\n", 2000, "", "1001 brackets inside each other in "
		 "line 1001 (limit 1000)");
	/* One that each function leaves open, of two arms of an #if, say. */
	limit_is("", "int f(\nint f(void)\n{\n}\n", 2000, "", NULL);
	limit_is("", "()", 5000, "", NULL);
	limit_is("\"", "(", 5000, "\"", NULL);
	limit_is("/*", "(", 5000, "", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lossless_nasties),
		cmocka_unit_test(lossless_random),
		cmocka_unit_test(very_long_line),
		cmocka_unit_test(tokens),
		cmocka_unit_test(directives),
		cmocka_unit_test(disabled_arms),
		cmocka_unit_test(helpers),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
