// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spell control characters out.  A terminal acts on ESC, on the C1 controls
 * (U+0080 to U+009F, the bytes 0x80 to 0x9f in Latin-1) and on characters that
 * reverse the direction of text, so that what is shown is not what was said.
 */
#include "base/printable.h"

static gboolean changes_direction(gunichar c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static char *spell(const char *s, gboolean line)
{
	char *valid = g_utf8_make_valid(s ? s : "", -1);
	GString *out = g_string_sized_new(64);

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (c == '\n' && line)
			g_string_append(out, "\\n");
		else if (c == '\t' && line)
			g_string_append_c(out, ' ');
		else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			g_string_append_printf(out, "\\x%02x", c);
		else if ((c >= 0x80 && c < 0xa0) || changes_direction(c))
			g_string_append_printf(out, "\\u%04x", c);
		else
			g_string_append_unichar(out, c);
	}
	g_free(valid);
	return g_string_free(out, FALSE);
}

char *printable(const char *s)
{
	return spell(s, FALSE);
}

char *printable_line(const char *s)
{
	return spell(s, TRUE);
}

int printable_print(FILE *f, const char *fmt, ...)
{
	char *raw, *text;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	raw = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	text = printable(raw);
	ret = fputs(text, f);
	g_free(text);
	g_free(raw);
	return ret;
}
