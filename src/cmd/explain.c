// SPDX-License-Identifier: GPL-2.0-only
/* Reads the ledger only, so that a run of yesterday can be asked, too. */
#include "cmd/explain.h"

#include <string.h>

#include "base/diag.h"
#include "base/printable.h"
#include "model/ledger.h"

/* A chain longer than this is a loop of ours, not of the kernel. */
#define MAX_CHAIN 64

struct step {
	char *cell, *key, *name, *func, *file;
	guint line;
	gboolean handle;
	char *why, *via, *parent;
};

struct ask {
	const char *file;
	guint line;
	FILE *out;
	guint found;
	GPtrArray *steps;	/* struct step, all */
};

static void step_free(gpointer p)
{
	struct step *s = p;

	g_free(s->cell);
	g_free(s->key);
	g_free(s->name);
	g_free(s->func);
	g_free(s->file);
	g_free(s->why);
	g_free(s->via);
	g_free(s->parent);
	g_free(s);
}

static gboolean here(const struct ask *a, const char *file, guint line)
{
	return line == a->line && !strcmp(file, a->file);
}

static int show_site(const struct site *s, void *data)
{
	struct ask *a = data;

	if (!here(a, s->file, s->line))
		return 0;
	a->found++;
	printable_print(a->out, "site      %s, column %u, in %s: %s\n", s->symbol,
		s->col, site_ctx_name[s->ctx], site_fate_name[s->fate]);
	if (s->reason)
		printable_print(a->out, "          %s\n", s->reason);
	if (s->evidence)
		printable_print(a->out, "          evidence: %s\n", s->evidence);
	if (s->outcome)
		printable_print(a->out, "          engines: AST %s, SmPL %s: %s%s%s\n",
			s->ast, s->smpl, s->outcome,
			s->condition ? "; the other would see it under: " : "",
			s->condition ? s->condition : "");
	return 0;
}

static int show_edit(const struct ledger_edit *e, void *data)
{
	struct ask *a = data;
	char *old, *new;

	if (!here(a, e->file, e->line))
		return 0;
	a->found++;
	old = g_strescape(e->old_text, NULL);
	new = g_strescape(e->new_text, NULL);
	printable_print(a->out, "edit      \"%s\" to \"%s\", by %s\n", old, new,
		e->rule);
	g_free(old);
	g_free(new);
	return 0;
}

static int show_problem(const char *file, guint line, const char *text,
			void *data)
{
	struct ask *a = data;

	if (!file || !here(a, file, line))
		return 0;
	a->found++;
	printable_print(a->out, "problem   %s\n", text);
	return 0;
}

static const struct step *find_step(const struct ask *a, const char *cell,
				    const char *key)
{
	for (guint i = 0; key && i < a->steps->len; i++) {
		const struct step *s = a->steps->pdata[i];

		if (!strcmp(s->key, key) && !strcmp(s->cell, cell))
			return s;
	}
	return NULL;
}

/* The steps from @s on, each a line, down to a handle or the reason. */
static void show_chain(const struct ask *a, const struct step *s)
{
	for (int n = 0; s && n < MAX_CHAIN; n++) {
		printable_print(a->out, "          %s%s%s\n", s->via ? s->via : "",
			s->via ? ": " : "", s->why);
		s = s->parent ? find_step(a, s->cell, s->parent) : NULL;
		if (s)
			printable_print(a->out, "          %s:%u: %s\n", s->file,
				s->line, s->name);
	}
}

static int show_front(const struct ledger_front *f, void *data)
{
	struct ask *a = data;

	if (!here(a, f->file, f->line))
		return 0;
	a->found++;
	printable_print(a->out, "frontier  %s, in %s\n", f->kind, f->cells);
	/* The value's own history, from the first cell that tells it. */
	for (guint i = 0; i < a->steps->len; i++) {
		const struct step *s = a->steps->pdata[i];

		/* Functions of two archs may share a key: ask a cell of this one. */
		if ((strcmp(s->key, f->src) && strcmp(s->key, f->dst)) ||
		    !strstr(f->cells, s->cell))
			continue;
		printable_print(a->out, "          %s:%u: %s %s\n", s->file, s->line,
			s->name, s->handle ? "carries a handle" : "stays");
		show_chain(a, s);
		break;
	}
	return 0;
}

static int take_step(const struct ledger_step *s, void *data)
{
	struct ask *a = data;
	struct step *copy = g_new0(struct step, 1);

	*copy = (struct step) {
		.cell = g_strdup(s->cell), .key = g_strdup(s->key),
		.name = g_strdup(s->name), .func = g_strdup(s->func),
		.file = g_strdup(s->file), .line = s->line,
		.handle = s->handle, .why = g_strdup(s->why),
		.via = g_strdup(s->via), .parent = g_strdup(s->parent),
	};
	g_ptr_array_add(a->steps, copy);
	return 0;
}

/* Each declaration of the line once, with the cells that say the same. */
static void show_steps(struct ask *a)
{
	GHashTable *said = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);

	for (guint i = 0; i < a->steps->len; i++) {
		const struct step *s = a->steps->pdata[i];
		guint more = 0;
		char *id;

		if (!here(a, s->file, s->line))
			continue;
		id = g_strdup_printf("%s\t%d", s->key, s->handle);
		if (!g_hash_table_add(said, id))
			continue;
		for (guint k = i + 1; k < a->steps->len; k++) {
			const struct step *t = a->steps->pdata[k];

			more += t->handle == s->handle &&
				!strcmp(t->key, s->key);
		}
		a->found++;
		printable_print(a->out, "flow      %s%s%s %s, in %s",
			*s->name ? s->name : "(no name)",
			*s->func ? " of " : "", s->func,
			s->handle ? "carries a handle" : "stays as it is",
			s->cell);
		if (more)
			printable_print(a->out, " and %u more cells", more);
		printable_print(a->out, "\n");
		show_chain(a, s);
	}
	g_hash_table_destroy(said);
}

int explain(const char *path, const char *place, FILE *out)
{
	const char *colon = strrchr(place, ':');
	struct ledger *l = ledger_open(path);
	char *file = colon ? g_strndup(place, colon - place) : g_strdup("");
	struct ask a = {
		.file = file, .out = out,
		.line = colon ? g_ascii_strtoull(colon + 1, NULL, 10) : 0,
	};
	int ret = -1;

	if (!l)
		goto out;
	a.steps = g_ptr_array_new_with_free_func(step_free);
	printable_print(out, "%s\n", place);
	if (ledger_each_problem(l, show_problem, &a) ||
	    ledger_each_edit(l, show_edit, &a) ||
	    ledger_each(l, show_site, &a) ||
	    ledger_each_step(l, take_step, &a))
		goto out;
	show_steps(&a);
	if (ledger_each_front(l, show_front, &a))
		goto out;
	ret = a.found ? 0 : 1;
	if (ret)
		printable_print(out, "nothing: no site, edit or value of the conversion stands on this line\n");
out:
	if (l)
		ledger_abandon(l);
	if (a.steps)
		g_ptr_array_free(a.steps, TRUE);
	g_free(file);
	return ret;
}
