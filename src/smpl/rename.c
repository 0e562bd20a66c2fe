// SPDX-License-Identifier: GPL-2.0-only
/*
 * The semantic patch matches names, not declarations: spatch sees one file and
 * no headers.  Which of its matches are the declaration that is meant is
 * libclang's to say (src/convert/smpl).
 */
#include <string.h>

#include "base/diag.h"
#include "smpl/rename.h"

static gboolean is_name(const char *s)
{
	if (!g_ascii_isalpha(*s) && *s != '_')
		return FALSE;
	for (; *s; s++)
		if (!g_ascii_isalnum(*s) && *s != '_')
			return FALSE;
	return TRUE;
}

static const char *const keywords[] = { "struct", "union", "enum", NULL };

/* Cut "struct " off @*text: the keyword, or NULL. */
static const char *cut_keyword(char **text)
{
	for (guint i = 0; keywords[i]; i++) {
		gsize n = strlen(keywords[i]);

		if (!strncmp(*text, keywords[i], n) && (*text)[n] == ' ') {
			*text = g_strstrip(*text + n);
			return keywords[i];
		}
	}
	return NULL;
}

void rename_free(gpointer p)
{
	struct rename *r = p;

	g_free(r->keyword);
	g_free(r->owner);
	g_free(r->from);
	g_free(r->to);
	g_free(r->spec);
	g_free(r);
}

struct rename *rename_parse(const char *spec)
{
	char **sides = g_strsplit(spec, "=", 2);
	struct rename *r = g_new0(struct rename, 1);
	char *from = sides[0] ? g_strstrip(sides[0]) : (char *)"";
	char *to = sides[0] && sides[1] ? g_strstrip(sides[1]) : (char *)"";
	const char *key = cut_keyword(&from), *key_to = cut_keyword(&to);
	char *dot = strchr(from, '.');
	const char *wrong = NULL;

	r->spec = g_strdup(spec);
	r->keyword = g_strdup(key);
	if (dot) {
		*dot = '\0';
		r->owner = g_strdup(from);
		from = dot + 1;
		r->kind = RENAME_MEMBER;
	} else if (key) {
		r->kind = RENAME_TAG;
	} else if (g_str_has_prefix(from, "CONFIG_")) {
		r->kind = RENAME_CONFIG;
	}
	r->from = g_strdup(from);
	r->to = g_strdup(to);
	if (!is_name(from) || !is_name(to) || (r->owner && !is_name(r->owner)))
		wrong = "a name is missing, or is not one of C";
	else if (!strcmp(from, to))
		wrong = "both names are the same";
	else if (r->owner && (!key || !strcmp(key, "enum")))
		wrong = "a member is spelled 'struct S.m=n' or 'union U.m=n'";
	else if (key_to && (r->owner || g_strcmp0(key, key_to)))
		wrong = "the new name has another keyword than the old one";
	else if (r->kind == RENAME_CONFIG && !g_str_has_prefix(to, "CONFIG_"))
		wrong = "the new name of a config symbol begins with CONFIG_, too";
	g_strfreev(sides);
	if (!wrong)
		return r;
	tw_error("--rename '%s': %s; the forms are OLD=NEW, 'struct OLD=NEW', 'struct S.OLD=NEW' and CONFIG_OLD=CONFIG_NEW",
		 spec, wrong);
	rename_free(r);
	return NULL;
}

static void add_config(GPtrArray *all, const struct rename *r, char *from,
		       char *to)
{
	struct rename *more = g_new0(struct rename, 1);

	more->kind = RENAME_CONFIG;
	more->from = from;
	more->to = to;
	more->spec = g_strdup(r->spec);
	g_ptr_array_add(all, more);
}

void rename_expand(struct rename *r, GPtrArray *all)
{
	const gsize n = strlen("CONFIG_");

	g_ptr_array_add(all, r);
	if (r->kind != RENAME_CONFIG)
		return;
	add_config(all, r, g_strdup(r->from + n), g_strdup(r->to + n));
	add_config(all, r, g_strconcat(r->from, "_MODULE", NULL),
		   g_strconcat(r->to, "_MODULE", NULL));
}

static void name_rules(GString *s, const struct rename *r)
{
	g_string_append_printf(s,
		"@@\n@@\n- %1$s\n+ %2$s\n\n"
		"@@\ntype T;\nparameter list P;\n@@\n T\n- %1$s\n+ %2$s\n (P) { ... }\n\n"
		"@@\ntype T;\nparameter list P;\n@@\n T\n- %1$s\n+ %2$s\n (P);\n\n"
		"@@\ntypedef %1$s, %2$s;\n@@\n- %1$s\n+ %2$s\n\n",
		r->from, r->to);
}

static void tag_rules(GString *s, const struct rename *r)
{
	g_string_append_printf(s,
		"@@\n@@\n- %1$s %2$s\n+ %1$s %3$s\n\n"
		"@@\n@@\n %1$s\n- %2$s\n+ %3$s\n { ... };\n\n",
		r->keyword, r->from, r->to);
}

static void member_rules(GString *s, const struct rename *r)
{
	g_string_append_printf(s,
		"@@\n%1$s %2$s *x;\n@@\n x->\n- %3$s\n+ %4$s\n\n"
		"@@\n%1$s %2$s x;\n@@\n x.\n- %3$s\n+ %4$s\n\n"
		"@@\nidentifier v;\nexpression E;\n@@\n %1$s %2$s v = {\n- .%3$s = E,\n+ .%4$s = E,\n };\n\n"
		"@@\ntype T;\n@@\n %1$s %2$s {\n ...\n- T %3$s;\n+ T %4$s;\n ...\n };\n\n",
		r->keyword, r->owner, r->from, r->to);
}

char *rename_patch(const GPtrArray *renames)
{
	GString *s = g_string_new(
		"// SPDX-License-Identifier: GPL-2.0-only\n//\n"
		"// Made by treewide of --rename.  It matches names; which of them are the\n"
		"// declaration that is meant is libclang's to say.\n"
		"// Options: --no-includes --include-headers\n\n");

	for (guint i = 0; i < renames->len; i++) {
		const struct rename *r = renames->pdata[i];

		/* X alone is a config symbol in Kconfig files only. */
		if (r->kind == RENAME_CONFIG &&
		    !g_str_has_prefix(r->from, "CONFIG_"))
			continue;
		if (r->kind == RENAME_TAG)
			tag_rules(s, r);
		else if (r->kind == RENAME_MEMBER)
			member_rules(s, r);
		else
			name_rules(s, r);
	}
	return g_string_free(s, FALSE);
}
