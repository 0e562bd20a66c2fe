// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe is functions of ours whose results are the questions: how large a
 * table is, what the allocator gives.  The answers that are not constant name
 * the variables that they wait for, and are then asked again with each value
 * that some function of the arch gives to those.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <xxhash.h>

#include "read/cellfacts.h"
#include "text/condition.h"
#include "read/cx.h"
#include "base/diag.h"
#include "audit/origin.h"
#include "audit/probe.h"
#include "read/world.h"

#define UNIT "treewide-probe.c"

struct probe {
	const struct probe_request *req;
	const struct manifest *m;
	struct world w;
	struct origin_names names;
	CXTranslationUnit tu;
	GHashTable *functions;	/* name -> CXCursor *, a definition if any */
	GHashTable *macros;	/* name -> CXCursor *, the last definition */
	GHashTable *present;	/* macros that are defined at the end */
	GHashTable *role_names;
	CXCursor handle;	/* the typedef */
	json_t *others;
	struct fact_reader *r;
	json_t *top;
};

static char *key(const struct manifest *m, const char *name)
{
	char *s = g_key_file_get_string(m->keys, "audit", name, NULL);

	return s ? s : g_strdup("");
}

/* ---- the text ---- */

char *probe_text(const struct manifest *m)
{
	GString *s = g_string_new(NULL);
	char **v = manifest_list(m->keys, "audit", "include"), **r;
	char *table = key(m, "table"), *page = key(m, "page");
	char *flag = key(m, "highmem"), *call = key(m, "allocate");
	char *arg = key(m, "argument");

	for (char **i = v; *i; i++)
		g_string_append_printf(s, "#include <%s>\n", *i);
	g_strfreev(v);
	g_string_append_printf(s,
		"unsigned long tw_table(void) { return %s; }\n"
		"unsigned long tw_page(void) { return %s; }\n"
		"unsigned long tw_highmem(void) { return (unsigned long)(%s); }\n"
		"%s tw_allocate(%s) { return %s; }\n",
		table, page, flag, m->types[0], arg, call);
	r = g_key_file_get_keys(m->keys, "audit roles", NULL, NULL);
	for (char **role = r; role && *role; role++) {
		v = manifest_list(m->keys, "audit roles", *role);
		for (char **i = v; *i; i++)
			g_string_append_printf(s,
				"#ifdef %s\nenum { tw_macro_%s };\n#endif\n",
				*i, *i);
		g_strfreev(v);
	}
	g_strfreev(r);
	/* A config symbol is a macro like the roles, with its prefix. */
	v = manifest_list(m->keys, "audit", "highmem-config");
	for (char **i = v; *i; i++)
		g_string_append_printf(s,
			"#ifdef CONFIG_%s\nenum { tw_macro_CONFIG_%s };\n#endif\n",
			*i, *i);
	g_strfreev(v);
	g_free(table);
	g_free(page);
	g_free(flag);
	g_free(call);
	g_free(arg);
	return g_string_free(s, FALSE);
}

/* ---- what is declared ---- */

static void remember(GHashTable *t, char *name, CXCursor c)
{
	CXCursor *p = g_new(CXCursor, 1);

	*p = c;
	g_hash_table_insert(t, name, p);
}

static gboolean is_handle(struct probe *p, CXType t)
{
	char *s = cx_take(clang_getTypeSpelling(t));
	const char *bare = g_str_has_prefix(s, "const ") ? s + 6 : s;
	gboolean yes = !strcmp(bare, p->m->types[0]);

	g_free(s);
	return yes;
}

static json_t *place(struct probe *p, CXCursor c)
{
	struct cx_place at = cx_place(&p->w.names, clang_getCursorLocation(c));

	return json_pack("{s:s*,s:i,s:b}", "file", at.file, "line",
			 (int)at.line, "own",
			 at.file && g_str_has_prefix(at.file, "arch/"));
}

static json_t *named(struct probe *p, const char *name, const char *kind,
		     CXCursor c)
{
	json_t *o = json_pack("{s:s,s:s}", "name", name, "kind", kind);
	json_t *at = place(p, c);

	json_object_update(o, at);
	json_decref(at);
	return o;
}

static void take_function(struct probe *p, CXCursor c)
{
	char *name = cx_take(clang_getCursorSpelling(c));
	CXCursor *old = g_hash_table_lookup(p->functions, name);
	int n = clang_Cursor_getNumArguments(c);
	gboolean carries;

	if (old && clang_isCursorDefinition(*old))
		return;
	carries = !old && !g_str_has_prefix(name, "tw_") &&
		  is_handle(p, clang_getCursorResultType(c));
	for (int i = 0; !old && !carries && i < n; i++)
		carries = is_handle(p, clang_getCursorType(
					clang_Cursor_getArgument(c, i)));
	remember(p->functions, name, c);
	if (carries && !g_hash_table_contains(p->role_names, name))
		json_array_append_new(p->others, named(p, name, "function", c));
}

static enum CXChildVisitResult top(CXCursor c, CXCursor parent,
				   CXClientData data)
{
	struct probe *p = data;
	char *name;

	switch (clang_getCursorKind(c)) {
	case CXCursor_MacroDefinition:
		name = cx_take(clang_getCursorSpelling(c));
		if (g_hash_table_contains(p->role_names, name))
			remember(p->macros, name, c);
		break;
	case CXCursor_TypedefDecl:
		name = cx_take(clang_getCursorSpelling(c));
		if (!strcmp(name, p->m->types[0]))
			p->handle = c;
		break;
	case CXCursor_FunctionDecl:
		take_function(p, c);
		break;
	case CXCursor_EnumDecl: {
		GArray *v = cx_children(c);

		for (guint i = 0; i < v->len; i++) {
			name = cx_take(clang_getCursorSpelling(CX_CHILD(v, i)));
			if (g_str_has_prefix(name, "tw_macro_"))
				g_hash_table_add(p->present,
						 name + strlen("tw_macro_"));
		}
		g_array_free(v, TRUE);
		break;
	}
	default:
		break;
	}
	return CXChildVisit_Continue;
}

/* "#define f f" says that the arch has a function f. */
static gboolean is_own_name(struct probe *p, CXCursor macro)
{
	CXToken *tok;
	unsigned n;
	char *a, *b;
	gboolean yes = FALSE;

	clang_tokenize(p->tu, clang_getCursorExtent(macro), &tok, &n);
	if (n == 2) {
		a = cx_take(clang_getTokenSpelling(p->tu, tok[0]));
		b = cx_take(clang_getTokenSpelling(p->tu, tok[1]));
		yes = !strcmp(a, b);
		g_free(a);
		g_free(b);
	}
	clang_disposeTokens(p->tu, tok, n);
	return yes;
}

static json_t *find_name(struct probe *p, const char *name)
{
	CXCursor *m = g_hash_table_contains(p->present, name) ?
		      g_hash_table_lookup(p->macros, name) : NULL;
	CXCursor *f = g_hash_table_lookup(p->functions, name), body;
	json_t *o;

	if (m && !(f && is_own_name(p, *m)))
		return named(p, name, "macro", *m);
	if (!f)
		return NULL;
	body = world_definition(&p->w, *f);
	o = named(p, name, "function",
		  clang_Cursor_isNull(body) ? *f : body);
	if (clang_Cursor_isNull(body))
		json_object_set_new(o, "declared_only", json_true());
	return o;
}

static json_t *roles(struct probe *p)
{
	json_t *all = json_object();
	char **r = g_key_file_get_keys(p->m->keys, "audit roles", NULL, NULL);

	for (char **role = r; role && *role; role++) {
		char **v = manifest_list(p->m->keys, "audit roles", *role);
		json_t *a = json_array();

		for (char **i = v; *i; i++) {
			json_t *o = find_name(p, *i);

			if (o)
				json_array_append_new(a, o);
		}
		json_object_set_new(all, *role, a);
		g_strfreev(v);
	}
	g_strfreev(r);
	return all;
}

/* ---- the handle type ---- */

static char *condition_of(struct probe *p, CXCursor c)
{
	struct token_list l;
	unsigned off;
	size_t size;
	const char *text;
	CXFile f;
	char *s;

	clang_getExpansionLocation(clang_getCursorLocation(c), &f, NULL, NULL,
				   &off);
	text = clang_getFileContents(p->tu, f, &size);
	if (!text)
		return g_strdup("");
	lex_c(text, size, &l);
	s = condition_at(&l, off);
	lex_free(&l);
	return s;
}

/* "old", "new", "entry": what the manifest calls them; or "other". */
static const char *points_to(struct probe *p, CXType t)
{
	char *old = g_key_file_get_string(p->m->keys, "handle", "old", NULL);
	char *new = g_key_file_get_string(p->m->keys, "handle", "new", NULL);
	char *entry = key(p->m, "entry"), *name, *sugar;
	CXType to = clang_getPointeeType(t);
	const char *r = "other";

	sugar = cx_take(clang_getTypeSpelling(to));
	name = cx_take(clang_getCursorSpelling(
			clang_getTypeDeclaration(clang_getCanonicalType(to))));
	if (t.kind == CXType_Invalid || to.kind == CXType_Invalid)
		r = "other";
	else if (!strcmp(sugar, entry))
		r = "entry";
	else if (!g_strcmp0(name, old))
		r = "old";
	else if (!g_strcmp0(name, new))
		r = "new";
	g_free(sugar);
	g_free(name);
	g_free(old);
	g_free(new);
	g_free(entry);
	return r;
}

static json_t *handle(struct probe *p, const char **to)
{
	CXType t = clang_getTypedefDeclUnderlyingType(p->handle);
	char *s = cx_take(clang_getTypeSpelling(t));
	char *cond = condition_of(p, p->handle);
	json_t *o = named(p, p->m->types[0], "typedef", p->handle);

	*to = points_to(p, t);
	json_object_set_new(o, "is", json_string(s));
	json_object_set_new(o, "points_to", json_string(*to));
	json_object_set_new(o, "condition", json_string(cond));
	g_free(cond);
	g_free(s);
	return o;
}

/* ---- constants ---- */

/* The expression that a function of the probe returns. */
static CXCursor returned(struct probe *p, const char *name)
{
	CXCursor *f = g_hash_table_lookup(p->functions, name);
	CXCursor c = f ? *f : clang_getNullCursor();

	while (!clang_Cursor_isNull(c)) {
		GArray *v;

		if (clang_isExpression(clang_getCursorKind(c)))
			return c;
		v = cx_children(c);
		c = v->len ? CX_CHILD(v, v->len - 1) : clang_getNullCursor();
		g_array_free(v, TRUE);
	}
	return c;
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

static json_t *sorted(GHashTable *set)
{
	GList *l = g_list_sort(g_hash_table_get_keys(set), by_text);
	json_t *a = json_array();

	for (GList *i = l; i; i = i->next)
		json_array_append_new(a, json_string(i->data));
	g_list_free(l);
	return a;
}

static GHashTable *name_set(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* ---- sharing ---- */

struct sharing {
	const char *verdict;	/* "one", "several", "run-time", "unknown" */
	gint64 step;		/* how far apart tables are; 0: not known */
	GHashTable *by;		/* "run-time": the variables that decide */
	struct origins *o;
};

static const char *undecided(const struct sharing *s)
{
	return s->step ? "several" : "unknown";
}

static struct sharing judge(struct probe *p, CXCursor fn, gint64 page,
			    GHashTable *known)
{
	struct sharing s = { .verdict = "unknown", .by = name_set() };
	guint bad = 0, decided = 0;

	s.o = origin_of_result(&p->w, &p->names, fn, known);
	for (guint i = 0; i < s.o->v->len; i++) {
		const struct origin *o = s.o->v->pdata[i];

		if (o->kind == ORIGIN_PAGE)
			continue;
		bad++;
		decided += o->decided[0] != NULL;
		for (char **d = o->decided; *d; d++)
			g_hash_table_add(s.by, g_strdup(*d));
	}
	for (guint i = 0; i < s.o->steps->len; i++) {
		gint64 b = ((struct origin_step *)s.o->steps->pdata[i])->bytes;

		s.step = !i || s.step == b ? b : -1;
	}
	if (s.step < 0 || s.step >= page || (s.step && page % s.step))
		s.step = 0;
	if (!s.o->v->len)
		;
	else if (!bad)
		s.verdict = "one";
	else if (bad == decided)
		s.verdict = "run-time";
	else
		s.verdict = undecided(&s);
	if (!bad)
		s.step = 0;
	return s;
}

static const char *tri_text(enum tri t)
{
	return t == YES ? "yes" : t == NO ? "no" : "unknown";
}

static const char *const kind_text[] = { "page", "inside", "other" };

static void put_origins(json_t *o, const struct origins *all)
{
	json_t *a = json_array(), *s = json_array(), *path = json_array();

	for (guint i = 0; i < all->v->len; i++) {
		const struct origin *x = all->v->pdata[i];
		json_t *e = json_pack("{s:s,s:s,s:s*,s:i}", "kind",
				      kind_text[x->kind], "what", x->what,
				      "file", x->file, "line", (int)x->line);

		if (x->kind == ORIGIN_PAGE)
			json_object_set_new(e, "highmem",
				json_string(tri_text(x->highmem)));
		if (x->decided[0]) {
			json_t *d = json_array();

			for (char **v = x->decided; *v; v++)
				json_array_append_new(d, json_string(*v));
			json_object_set_new(e, "decided_by", d);
		}
		json_array_append_new(a, e);
	}
	for (guint i = 0; i < all->steps->len; i++) {
		const struct origin_step *x = all->steps->pdata[i];

		json_array_append_new(s, json_pack("{s:I,s:s*,s:i}", "bytes",
				(json_int_t)x->bytes, "file", x->file, "line",
				(int)x->line));
	}
	for (guint i = 0; i < all->path->len; i++)
		json_array_append_new(path, json_string(all->path->pdata[i]));
	json_object_set_new(o, "origins", a);
	json_object_set_new(o, "steps", s);
	json_object_set_new(o, "path", path);
}

static void put_number(json_t *o, const char *name, gint64 v)
{
	json_object_set_new(o, name, v > 0 ? json_integer(v) : json_null());
}

/* What one function gives to the variables that a cell waits for. */
struct setting {
	char *function;
	const char *file;
	guint line;
	GHashTable *known;	/* name -> gint64 * */
	gboolean decides;	/* sets one of those that decide */
	gboolean open;		/* to something that is not constant */
};

static gint by_place(gconstpointer a, gconstpointer b)
{
	const struct setting *x = *(struct setting *const *)a;
	const struct setting *y = *(struct setting *const *)b;
	int d = strcmp(x->file, y->file);

	return d ? d : (int)x->line - (int)y->line;
}

static void add_writes(struct probe *p, GPtrArray *all, const char *name,
		       gboolean decides)
{
	GPtrArray *v = world_writes(&p->w, name);

	for (guint i = 0; i < v->len; i++) {
		const struct world_write *x = v->pdata[i];
		struct setting *s = NULL;
		gint64 n, *boxed;

		for (guint k = 0; k < all->len && !s; k++) {
			s = all->pdata[k];
			if (strcmp(s->function, x->function) ||
			    g_strcmp0(s->file, x->file))
				s = NULL;
		}
		if (!s) {
			s = g_new0(struct setting, 1);
			s->function = x->function;
			s->file = x->file ? x->file : "";
			s->line = x->line;
			s->known = g_hash_table_new(g_str_hash, g_str_equal);
			g_ptr_array_add(all, s);
		}
		if (decides && !s->decides) {
			s->decides = TRUE;
			s->line = x->line;
		}
		if (clang_Cursor_isNull(x->rhs) ||
		    !origin_value(x->rhs, NULL, &n, NULL) ||
		    g_hash_table_contains(s->known, name)) {
			s->open = TRUE;
			continue;
		}
		boxed = g_new(gint64, 1);
		*boxed = n;
		g_hash_table_insert(s->known, g_strdup(name), boxed);
	}
}

static json_t *alternative(struct probe *p, const struct setting *s,
			   CXCursor fn, CXCursor table, gint64 page)
{
	json_t *o = json_pack("{s:s,s:s,s:i}", "function", s->function, "file",
			      s->file, "line", (int)s->line);
	json_t *values = json_object();
	GList *names = g_list_sort(g_hash_table_get_keys(s->known), by_text);
	struct sharing sh = judge(p, fn, page, s->known);
	gint64 size = 0;

	for (GList *i = names; i; i = i->next)
		json_object_set_new(values, i->data, json_integer(
			*(gint64 *)g_hash_table_lookup(s->known, i->data)));
	g_list_free(names);
	if (!origin_value(table, s->known, &size, NULL))
		size = 0;
	json_object_set_new(o, "values", values);
	/* A value that is not constant: it says nothing about the others. */
	json_object_set_new(o, "sharing", json_string(
			s->open || !strcmp(sh.verdict, "run-time") ?
			"unknown" : sh.verdict));
	put_number(o, "table", size);
	put_number(o, "fragment", sh.step);
	put_number(o, "tables", !strcmp(sh.verdict, "one") ? 1 :
		   !strcmp(sh.verdict, "several") ? page / sh.step : 0);
	return o;
}

/*
 * A variable decides when functions of the arch set it to constants and nobody
 * else writes to it: then each such function is an alternative.  NULL when it
 * is no such variable: a counter, a list's head.
 */
static json_t *alternatives(struct probe *p, const struct sharing *sh,
			    GHashTable *needs, CXCursor fn, CXCursor table,
			    gint64 page)
{
	GPtrArray *all = g_ptr_array_new();
	GHashTableIter it;
	json_t *a = NULL;
	gpointer name;

	g_hash_table_iter_init(&it, sh->by);
	while (g_hash_table_iter_next(&it, &name, NULL))
		add_writes(p, all, name, TRUE);
	for (guint i = 0; i < all->len; i++)
		if (((struct setting *)all->pdata[i])->open)
			return NULL;
	g_hash_table_iter_init(&it, sh->o->variables);
	while (g_hash_table_iter_next(&it, &name, NULL))
		g_hash_table_add(needs, g_strdup(name));
	g_hash_table_iter_init(&it, needs);
	while (g_hash_table_iter_next(&it, &name, NULL))
		if (!g_hash_table_contains(sh->by, name))
			add_writes(p, all, name, FALSE);
	g_ptr_array_sort(all, by_place);
	for (guint i = 0; i < all->len; i++) {
		const struct setting *s = all->pdata[i];

		if (!s->decides)
			continue;
		if (!a)
			a = json_array();
		json_array_append_new(a, alternative(p, s, fn, table, page));
	}
	return a;
}

static json_t *kernel_address(const struct sharing *sh, const char *to)
{
	const char *verdict = "always", *why;
	json_t *o = json_object();

	if (!strcmp(to, "entry")) {
		why = "the handle is the address of the table";
	} else {
		why = "no allocation asks for memory without one";
		if (!sh->o->v->len) {
			verdict = "unknown";
			why = "where the table comes from is not known";
		}
		for (guint i = 0; i < sh->o->v->len; i++) {
			const struct origin *x = sh->o->v->pdata[i];

			if (x->kind == ORIGIN_PAGE && x->highmem == YES) {
				verdict = "may lack";
				why = "the allocation allows memory without one";
				json_object_set_new(o, "file",
						    json_string(x->file));
				json_object_set_new(o, "line",
						    json_integer(x->line));
				break;
			}
			if (x->kind != ORIGIN_PAGE || x->highmem == UNKNOWN) {
				verdict = "unknown";
				why = "what an allocation asks for is not known";
			}
		}
	}
	json_object_set_new(o, "verdict", json_string(verdict));
	json_object_set_new(o, "why", json_string(why));
	return o;
}

static guint line_of(const char *text, const char *at)
{
	guint line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* The arch's symbols that take the kernel address away, and if they are on. */
static json_t *configs(struct probe *p)
{
	char **v = manifest_list(p->m->keys, "audit", "highmem-config");
	char *file = g_strdup_printf("arch/%s/Kconfig", p->req->cell->srcarch);
	char *path = g_build_filename(p->req->tree, file, NULL), *text;
	json_t *a = json_array();
	gsize size;

	if (!g_file_get_contents(path, &text, &size, NULL))
		return a;
	fact_put_dep(p->r, file, XXH3_64bits(text, size));
	for (char **i = v; *i; i++) {
		char *words = g_strdup_printf("\nconfig %s\n", *i);
		const char *at = strstr(text, words);
		char *macro = g_strconcat("CONFIG_", *i, NULL);

		if (at)
			json_array_append_new(a, json_pack(
				"{s:s,s:s,s:i,s:b}", "symbol", macro, "file",
				file, "line", (int)line_of(text, at + 1),
				"set", g_hash_table_contains(p->present,
							     macro)));
		g_free(macro);
		g_free(words);
	}
	g_free(text);
	g_free(path);
	g_free(file);
	g_strfreev(v);
	return a;
}

static void tables(struct probe *p, const char *to)
{
	CXCursor table = returned(p, "tw_table"), page = returned(p, "tw_page");
	CXCursor flag = returned(p, "tw_highmem");
	CXCursor *fn = g_hash_table_lookup(p->functions, "tw_allocate");
	GHashTable *needs = name_set();
	gint64 size = 0, page_size = 0;
	struct sharing sh;
	json_t *o = json_object();

	if (!origin_value(table, NULL, &size, needs))
		size = 0;
	if (!origin_value(page, NULL, &page_size, NULL))
		page_size = 0;
	if (!origin_value(flag, NULL, &p->names.highmem, NULL))
		p->names.highmem = 0;
	put_number(p->top, "table", size);
	if (!size)
		json_object_set_new(p->top, "table_by", sorted(needs));
	put_number(p->top, "page", page_size);
	json_object_set_new(p->top, "sharing", o);
	if (!fn) {
		json_object_set_new(o, "verdict", json_string("unknown"));
		return;
	}
	sh = judge(p, *fn, page_size, NULL);
	if (!strcmp(sh.verdict, "run-time")) {
		json_t *a = alternatives(p, &sh, needs, *fn, table, page_size);

		if (a) {
			json_object_set_new(o, "by", sorted(sh.by));
			json_object_set_new(o, "alternatives", a);
		} else {
			sh.verdict = undecided(&sh);
		}
	}
	json_object_set_new(o, "verdict", json_string(sh.verdict));
	put_number(o, "fragment", sh.step);
	put_number(o, "tables", !strcmp(sh.verdict, "one") ? 1 :
		   !strcmp(sh.verdict, "several") ? page_size / sh.step : 0);
	put_origins(o, sh.o);
	o = kernel_address(&sh, to);
	json_object_set_new(o, "configs", configs(p));
	json_object_set_new(p->top, "kernel_address", o);
}

/* ---- the file ---- */

static void load_names(struct probe *p)
{
	char **v = g_key_file_get_keys(p->m->keys, "audit allocators", NULL,
				       NULL), **s;

	p->names.allocators = g_hash_table_new(g_str_hash, g_str_equal);
	p->names.same = g_hash_table_new(g_str_hash, g_str_equal);
	for (char **i = v; v && *i; i++) {
		char **f = manifest_list(p->m->keys, "audit allocators", *i);
		int n[2] = { 0, 0 };

		for (int k = 0; k < 2 && f[k]; k++)
			n[k] = strcmp(f[k], "-") ? atoi(f[k]) + 1 : 0;
		g_hash_table_insert(p->names.allocators, *i,
				    GINT_TO_POINTER(n[0] << 8 | n[1]));
	}
	s = manifest_list(p->m->keys, "audit", "same-page");
	for (char **i = s; *i; i++)
		g_hash_table_add(p->names.same, *i);
	p->role_names = name_set();
	v = g_key_file_get_keys(p->m->keys, "audit roles", NULL, NULL);
	for (char **i = v; v && *i; i++) {
		s = manifest_list(p->m->keys, "audit roles", *i);
		for (char **k = s; *k; k++)
			g_hash_table_add(p->role_names, *k);
	}
}

char **probe_folders(const struct manifest *m, const char *srcarch)
{
	char **v = manifest_list(m->keys, "audit", "look-in");

	for (char **i = v; *i; i++) {
		char **parts = g_strsplit(*i, "@ARCH@", -1);

		g_free(*i);
		*i = g_strjoinv(srcarch, parts);
		g_strfreev(parts);
	}
	return v;
}

int probe_read(const struct probe_request *req, struct fact_reader *r)
{
	struct probe p = { .r = r, .req = req, .m = req->manifest,
			   .handle = clang_getNullCursor() };
	char **look_in = probe_folders(req->manifest, req->cell->srcarch);
	char *text = probe_text(req->manifest);
	struct world_unit *u;
	const char *to = "other";

	world_init(&p.w, req->tree, req->cell->build, req->cell->args, look_in);
	load_names(&p);
	p.functions = g_hash_table_new(g_str_hash, g_str_equal);
	p.macros = g_hash_table_new(g_str_hash, g_str_equal);
	p.present = g_hash_table_new(g_str_hash, g_str_equal);
	p.others = json_array();
	u = world_unit(&p.w, UNIT, text);
	if (!u)
		return tw_error("%s: libclang cannot read the probe",
				req->cell->name);
	p.tu = u->tu;
	p.top = json_pack("{s:s,s:s,s:i}", "cell", req->cell->name, "arch",
			  req->cell->srcarch, "errors", (int)u->errors);
	if (u->first_error)
		json_object_set_new(p.top, "first_error",
				    json_string(u->first_error));
	clang_visitChildren(clang_getTranslationUnitCursor(p.tu), top, &p);
	if (!clang_Cursor_isNull(p.handle)) {
		json_object_set_new(p.top, "handle", handle(&p, &to));
		json_object_set_new(p.top, "roles", roles(&p));
		json_object_set_new(p.top, "others", p.others);
		tables(&p, to);
	}
	cellfacts_put(r, p.top, &p.w, UNIT);
	return 0;
}
