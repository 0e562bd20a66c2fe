// SPDX-License-Identifier: GPL-2.0-only
/*
 * The edits of what becomes a leaf: its declaration, the call that reads it,
 * the questions that are asked of it, and entries of base pages that meet it.
 * And the helpers: a function for each question that is asked in the tree, so
 * that the header has none without a user.
 */
#include <string.h>

#include "text/condition.h"
#include "text/layout.h"
#include "convert/leaf/leaf.h"

/* A declaration in which the name at token @name stands, in tokens. */
struct decl {
	gsize type;		/* the entry's type */
	gsize end;		/* the ';' behind all declarators, or of a parameter its name */
	guint declarators;
	gboolean value;		/* our declarator has one */
	gboolean plain;		/* nothing between the type and the first declarator's name */
};

static gboolean read_decl(const struct leafc *l, const struct source *s,
			  const struct carrier *k, gsize name, struct decl *d)
{
	gboolean param = k->key[0] == 'p';
	int depth = 0;
	gsize i;

	*d = (struct decl) { .type = SIZE_MAX, .end = name, .declarators = 1 };
	if (param && source_is(s, name, l->r.entry)) {
		d->type = name;		/* it has no name */
		return TRUE;
	}
	for (i = source_prev(s, name); i != SIZE_MAX; i = source_prev(s, i)) {
		depth += source_is(s, i, ")") - source_is(s, i, "(");
		if (depth < 0 || source_is(s, i, ";") || source_is(s, i, "{") ||
		    source_is(s, i, "}") ||
		    (param && !depth && source_is(s, i, ",")))
			break;
		if (!depth && source_is(s, i, l->r.entry))
			d->type = i;
	}
	if (d->type == SIZE_MAX || s->toks.v[d->type].ctx != CTX_CODE)
		return FALSE;
	d->plain = source_next(s, d->type) == name;
	if (param)
		return d->plain;
	d->value = source_is(s, source_next(s, name), "=");
	depth = 0;
	for (i = source_next(s, d->type); i < s->toks.n; i = source_next(s, i)) {
		depth += source_is(s, i, "(") + source_is(s, i, "{") +
			 source_is(s, i, "[") - source_is(s, i, ")") -
			 source_is(s, i, "}") - source_is(s, i, "]");
		if (depth < 0)
			return FALSE;
		if (!depth && source_is(s, i, ";"))
			break;
		d->declarators += !depth && source_is(s, i, ",");
	}
	d->end = i;
	return i < s->toks.n;
}

/*
 * How many variables with huge entries the declaration declares whose type is
 * token @type; they are in @with unless that is NULL.
 */
static guint carriers_in(struct leafc *l, const struct source *s, gsize type,
			 GPtrArray *with)
{
	GHashTableIter it;
	guint n = 0;
	gpointer p;

	g_hash_table_iter_init(&it, l->carriers);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		struct carrier *k = p;
		struct decl d;

		if (!k->huge || k->key[0] != 'v' || strcmp(k->file, s->file) ||
		    !read_decl(l, s, k, source_token_at(s,
				g_array_index(k->places, gsize, 0)), &d) ||
		    d.type != type)
			continue;
		n++;
		if (with)
			g_ptr_array_add(with, k);
	}
	return n;
}

GPtrArray *leaf_declared_with(struct leafc *l, const struct carrier *k)
{
	const struct source *s = convert_source(l->c, k->file);
	GPtrArray *with = g_ptr_array_new();
	struct decl d;

	if (k->key[0] == 'v' &&
	    read_decl(l, s, k, source_token_at(s,
			g_array_index(k->places, gsize, 0)), &d) &&
	    d.declarators > 1)
		carriers_in(l, s, d.type, with);
	return with;
}

/* Would a comment get lost with the declarator at token @name? */
static gboolean comment_beside(const struct source *s, gsize name)
{
	for (gsize i = source_prev(s, name) + 1; i < source_next(s, name); i++)
		if (s->toks.v[i].kind == TOK_COMMENT)
			return TRUE;
	return FALSE;
}

const char *leaf_decl_fixed(struct leafc *l, const struct carrier *k)
{
	const struct source *s = convert_source(l->c, k->file);

	for (guint i = 0; i < k->places->len; i++) {
		gsize name = source_token_at(s, g_array_index(k->places, gsize,
							      i));
		gsize next = source_next(s, name);
		struct decl d;

		if (!read_decl(l, s, k, name, &d))
			return "it is not declared as a plain variable or parameter";
		if (k->key[0] == 'v' && !source_is(s, next, "=") &&
		    !source_is(s, next, ",") && !source_is(s, next, ";"))
			return "it is not declared as a plain variable";
		if (d.declarators > 1) {
			guint n = carriers_in(l, s, d.type, NULL);

			if (n == d.declarators)
				continue;	/* all become leaves, or none */
			if (n > 1)
				return "it is declared with others, some of which carry such entries, too";
		}
		if (d.declarators > 1 && d.value)
			return "it is declared with others, and with a value";
		if (d.declarators > 1 && comment_beside(s, name))
			return "it is declared with others, and a comment says something of them";
		if (source_is(s, source_prev(s, d.type), "static"))
			return "it is static";
	}
	return NULL;
}

/* Where the line that byte @off stands in begins, and its indentation ends. */
static gsize indent_of(const struct source *s, gsize off, gsize *from)
{
	while (off && s->text[off - 1] != '\n')
		off--;
	*from = off;
	while (s->text[off] == '\t' || s->text[off] == ' ')
		off++;
	return off;
}

/* Take the declarator at token @name out of the list, and give it a line. */
static void split_decl(struct leafc *l, const struct source *s, gsize name,
		       const struct decl *d, const char *text)
{
	gsize before = source_prev(s, name), after = source_next(s, name);
	gsize from, in = indent_of(s, s->toks.v[d->type].off, &from);
	char *line = g_strdup_printf("\n%.*s%s %.*s;", (int)(in - from),
				     s->text + from, text,
				     (int)s->toks.v[name].len,
				     s->text + s->toks.v[name].off);

	if (source_is(s, before, ","))
		convert_put_edit(l->c, s, s->toks.v[before].off,
				 source_end(s, name), "", "declaration");
	else
		convert_put_edit(l->c, s, s->toks.v[name].off,
				 s->toks.v[source_next(s, after)].off, "",
				 "declaration");
	convert_put_edit(l->c, s, source_end(s, d->end),
			 source_end(s, d->end), line, "declaration");
	g_free(line);
}

/* The other type, and what tabs put into a column stays there. */
static void retype(struct leafc *l, const struct source *s, const struct decl *d)
{
	gsize off = s->toks.v[d->type].off, end = source_end(s, d->type);
	gsize from, to = end;
	GString *text = g_string_new(l->r.value);

	indent_of(s, off, &from);
	while (s->text[to] == '\t')
		to++;
	if (to > end)
		layout_pad(text, layout_width(s->text + from, off - from) +
				 strlen(l->r.value),
			   layout_width(s->text + from, to - from), TRUE);
	convert_put_edit(l->c, s, off, to, text->str, "declaration");
	g_string_free(text, TRUE);
}

static void edit_decls(struct leafc *l, const struct carrier *k)
{
	const struct source *s = convert_source(l->c, k->file);

	for (guint i = 0; i < k->places->len; i++) {
		gsize name = source_token_at(s, g_array_index(k->places, gsize,
							      i));
		struct decl d;

		if (!read_decl(l, s, k, name, &d))
			continue;
		if (d.declarators > 1 &&
		    carriers_in(l, s, d.type, NULL) != d.declarators)
			split_decl(l, s, name, &d, l->r.value);
		else
			retype(l, s, &d);
	}
}

static void edit_value(struct leafc *l, const struct value *v)
{
	struct convert *c = l->c;
	const struct source *s = v->s;
	gsize from = s->toks.v[v->first].off, end = source_end(s, v->last);
	const struct leaf_question *q;
	char *text;

	if (v->root && (v->src == SRC_READ || (v->from && v->from->huge))) {
		;	/* a leaf, and what is made of it is one */
	} else if (v->src == SRC_MADE) {
		text = g_strdup_printf("%s(%s, ", l->r.make_huge, v->hstate);
		convert_put_edit(c, s, from, from, text, "made");
		convert_put_edit(c, s, end, end, ")", "made");
		g_free(text);
		l->r.made = TRUE;
	} else if (v->src == SRC_READ) {
		gsize args = source_end(s, source_next(s, v->first));

		convert_put_edit(c, s, from, source_end(s, v->first),
				 l->r.reads[v->reader], "read");
		text = g_strdup_printf("%s, ", v->hstate);
		convert_put_edit(c, s, args, args, text, "read");
		g_free(text);
		l->reads++;
		l->r.read[v->reader] = TRUE;
	} else if (v->src == SRC_BASE ||
		   (v->src == SRC_CARRIER && !v->from->huge)) {
		text = g_strdup_printf("%s(", l->r.make);
		convert_put_edit(c, s, from, from, text, "base");
		convert_put_edit(c, s, end, end, ")", "base");
		g_free(text);
	}
	if (!v->ask)
		return;
	q = leaf_question(l, v->ask);
	q->helper->asked[q->n] = TRUE;
	convert_put_edit(c, s, s->toks.v[v->ask_tok].off,
			 source_end(s, v->ask_tok), q->helper->name,
			 leaf_rule(q->helper));
}

/* What "#include <linux/x.h>" at token @i names, with its '<'; or NULL. */
static const char *included(const struct source *s, gsize i)
{
	gsize what = source_next(s, i);
	const char *name;

	if (s->toks.v[i].ctx != CTX_DIRECTIVE || !source_is(s, i, "include") ||
	    what >= s->toks.n)
		return NULL;
	name = s->text + s->toks.v[what].off;
	return g_str_has_prefix(name, "<linux/") && strchr(name, '\n') ?
	       name : NULL;
}

static gsize after_line(const struct source *s, const char *at)
{
	return strchr(at, '\n') + 1 - s->text;
}

/*
 * Where the #include of @header goes in a block of lines, whose names are
 * @block and one of which is @beside: in its place when they are in order, else
 * behind @beside.
 */
static gsize place_in(const struct source *s, const GPtrArray *block,
		      const char *header, const char *beside)
{
	gsize at = 0;

	for (guint i = 0; i < block->len; i++) {
		const char *name = block->pdata[i];

		if (i && strcmp(block->pdata[i - 1], name) > 0)
			return after_line(s, beside);
		if (strcmp(name, header) < 0)
			at = after_line(s, name);
	}
	/* Two are in order by chance. */
	return block->len > 2 && at ? at : after_line(s, beside);
}

/* Is byte @off in an arm of an #if? */
static gboolean is_conditional(const struct source *s, gsize off)
{
	char *condition = condition_at(&s->toks, off);
	gboolean yes = *condition;

	g_free(condition);
	return yes;
}

/*
 * Where a file without such a line has it: before the first #include that all
 * configs have, or behind the comment at the top and the include guard, where
 * @line gets blank lines around it.
 */
static gsize top_of(const struct source *s, char **line)
{
	char *text;
	gsize at = 0, i;
	guint guard = 0;

	for (i = 0; i < s->toks.n; i++)
		if (s->toks.v[i].ctx == CTX_DIRECTIVE &&
		    source_is(s, i, "include") &&
		    !is_conditional(s, s->toks.v[i].off)) {
			indent_of(s, s->toks.v[i].off, &at);
			return at;
		}
	for (i = 0; i < s->toks.n; i++) {
		const struct token *t = &s->toks.v[i];
		const char *word = guard ? "define" : "ifndef";

		if (t->kind == TOK_SPACE || t->kind == TOK_NEWLINE)
			continue;
		if (t->ctx == CTX_DIRECTIVE && source_is(s, i, "#"))
			continue;
		if (t->kind == TOK_COMMENT && !guard)
			at = source_end(s, i);
		else if (guard < 2 && t->ctx == CTX_DIRECTIVE &&
			 source_is(s, i, word) && source_next(s, i) < s->toks.n)
			at = source_end(s, i = source_next(s, i)), guard++;
		else
			break;
	}
	while (at && at < s->size && s->text[at - 1] != '\n')
		at++;
	text = g_strconcat(at ? "\n" : "", *line,
			   s->text[at] == '\n' ? "" : "\n", NULL);
	g_free(*line);
	*line = text;
	return at;
}

/* The #include, with the one of [leaf] beside, or the last that is like it. */
static void edit_include(struct leafc *l, const struct source *s)
{
	char *line = g_strdup_printf("#include <%s>\n", l->r.header);
	char *beside = g_strdup_printf("<%s>", l->r.beside);
	GPtrArray *block = g_ptr_array_new();
	const char *with = NULL;
	gboolean found = FALSE;
	gsize at;

	for (gsize i = 0; i < s->toks.n; i++) {
		const char *name = included(s, i), *last;

		if (!name || is_conditional(s, s->toks.v[i].off))
			continue;
		last = block->len ? block->pdata[block->len - 1] : NULL;
		/* Does its line follow the last one's? */
		if (last && source_line(s, name - s->text) !=
			    source_line(s, last - s->text) + 1) {
			if (found)
				break;
			g_ptr_array_set_size(block, 0);
		}
		g_ptr_array_add(block, (gpointer)name);
		if (!found)
			with = name;
		found |= g_str_has_prefix(name, beside);
	}
	at = with ? place_in(s, block, line + strlen("#include "), with) :
		    top_of(s, &line);
	convert_put_edit(l->c, s, at, at, line, "include");
	g_ptr_array_free(block, TRUE);
	g_free(beside);
	g_free(line);
}

void leaf_edit(struct leafc *l)
{
	GPtrArray *files;
	GHashTableIter it;
	gpointer p;

	for (guint i = 0; i < l->values->len; i++) {
		const struct value *v = l->values->pdata[i];
		char *why = NULL, *evidence = NULL;

		if (leaf_is_huge(l, v) && !leaf_stays(l, v, &why, &evidence))
			edit_value(l, v);
		g_free(why);
		g_free(evidence);
	}
	g_hash_table_iter_init(&it, l->carriers);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		const struct carrier *k = p;

		if (k->huge && !k->refused)
			edit_decls(l, k);
	}
	files = edit_files(l->c->edits);
	for (guint i = 0; i < files->len; i++) {
		const struct source *s = convert_source(l->c,
							files->pdata[i]);

		edit_include(l, s);
	}
	g_ptr_array_free(files, TRUE);
}

const char *leaf_rule(const struct leaf_helper *h)
{
	static const char *const rules[] = { "question", "change", "write" };

	return rules[h->verb];
}

const char *leaf_answer(const struct leaf_helper *h)
{
	const char *name = NULL;

	/* The last is plain: the same, and there in every config. */
	for (guint n = 0; h->asks[n]; n++)
		if (h->asked[n])
			name = h->asks[n];
	return name;
}

/* What no level is read by is never expanded. */
static const char *native_or_none(const struct leafc *l,
				  const struct leaf_helper *h, const char *form)
{
	const char *name = leaf_native_name(l, h->asks[0], form);

	return name ? name : "none";
}

/* ", a, b" for "int a, long b", or "". */
static char *names_of(const char *params)
{
	GString *s = g_string_new(NULL);
	char **all = g_strsplit(params ? params : "", ",", -1);

	for (char **p = all; *p; p++) {
		gsize n = strlen(*p);

		while (n && (g_ascii_isalnum((*p)[n - 1]) || (*p)[n - 1] == '_'))
			n--;
		g_string_append_printf(s, ", %s", *p + n);
	}
	g_strfreev(all);
	return g_string_free(s, FALSE);
}

/* What makes another leaf of a leaf. */
static void change_text(const struct leafc *l, const struct leaf_helper *h,
			GString *s)
{
	char *names = names_of(h->with), **words = g_strsplit(names, ", ", -1);

	g_string_append_printf(s, "/**\n * %s - %s\n * @leaf:\tthe leaf%s%s\n",
			       h->name, h->what, h->needs ? ", with " : "",
			       h->needs ? h->needs : "");
	for (guint i = 1; *words && words[i]; i++)
		g_string_append_printf(s, " * @%s:\tas for %s()\n", words[i],
				       h->asks[0]);
	g_string_append_printf(s, " *\n * Return: the leaf as it is then; nothing is written.\n */\n");
	g_string_append_printf(s, "static inline %s %s(%s leaf%s%s)\n{\n\tleaf.pte = %s(leaf.pte%s);\n\treturn leaf;\n}\n\n",
			       l->r.value, h->name, l->r.value,
			       h->with ? ", " : "", h->with ? h->with : "",
			       leaf_answer(h), names);
	g_strfreev(words);
	g_free(names);
}

static void helper_text(const struct leafc *l, const struct leaf_helper *h,
			GString *s)
{
	if (h->verb == LEAF_CHANGES) {
		change_text(l, h, s);
		return;
	}
	g_string_append_printf(s, "/**\n * %s - %s\n * @leaf:\tthe leaf%s%s\n",
			       h->name, h->what, h->needs ? ", with " : "",
			       h->needs ? h->needs : "");
	if (h->takes == 2)
		g_string_append(s, " * @other:\tthe other leaf\n");
	if (h->more) {
		char **lines = g_strsplit(h->more, "\n", -1);
		char *more = g_strjoinv("\n * ", lines);

		g_string_append_printf(s, " *\n * %s\n", more);
		g_free(more);
		g_strfreev(lines);
	}
	g_string_append_printf(s, " *\n * Return: %s.\n */\n", h->gives);
	g_string_append_printf(s, "static inline %s%s%s(%s leaf", h->returns,
			       g_str_has_suffix(h->returns, "*") ? "" : " ",
			       h->name, l->r.value);
	if (h->takes == 2) {
		/* No audit is about two entries, so that no level is native. */
		g_string_append_printf(s, ", %s other)\n{\n\treturn %s(leaf.pte, other.pte);\n}\n\n",
				       l->r.value, leaf_answer(h));
		return;
	}
	g_string_append(s, ")\n");
	if (l->native) {
		char *asks = g_strdup_printf("\treturn pt_leaf_ask(leaf, %s, %s, %s);",
					     leaf_answer(h),
					     native_or_none(l, h, "pmd"),
					     native_or_none(l, h, "pud"));
		char **words = g_strsplit(asks, ", ", -1);
		/* A tab is one byte and eight columns. */
		gboolean fits = strlen(asks) + 7 <= 80;

		g_string_append_printf(s, "{\n%s, %s,%s%s, %s\n}\n\n", words[0],
				       words[1], fits ? " " :
				       "\n\t\t\t   ", words[2], words[3]);
		g_strfreev(words);
		g_free(asks);
	} else {
		g_string_append_printf(s, "{\n\treturn %s(leaf.pte);\n}\n\n",
				       leaf_answer(h));
	}
}

/* First what every config has, then what a config of its own has. */
char *leaf_helpers_text(const struct leafc *l)
{
	GString *s = g_string_new(NULL);
	const char *config = NULL;

	for (guint round = 0; round < 2; round++)
		for (guint i = 0; i < l->r.helpers->len; i++) {
			const struct leaf_helper *h = l->r.helpers->pdata[i];
			const char *ask = leaf_answer(h);
			guint own = ask && h->config && ask == h->asks[0];

			/* What writes stands in the header as it is. */
			if (!ask || own != round || h->verb == LEAF_WRITES)
				continue;
			if (own && g_strcmp0(config, h->config)) {
				if (config)
					g_string_append_printf(s,
						"#endif /* %s */\n\n", config);
				config = h->config;
				g_string_append_printf(s, "#ifdef %s\n\n",
						       config);
			}
			helper_text(l, h, s);
		}
	if (config)
		g_string_append_printf(s, "#endif /* %s */\n", config);
	else if (s->len)
		g_string_truncate(s, s->len - 1);
	if (s->len)
		g_string_truncate(s, s->len - 1);
	return g_string_free(s, FALSE);
}
