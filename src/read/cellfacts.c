// SPDX-License-Identifier: GPL-2.0-only
/*
 * An audit's facts are one JSON text in the entry of a cell.  Beside the files
 * that were read they depend on searches in the arch's sources.  To repeat the
 * searches is slow: a digest of the sources' names, sizes and times, which is
 * kept with them, tells that nothing changed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "read/cellfacts.h"
#include "read/facts.h"
#include "read/unit.h"

/* ---- the records ---- */

struct cell_answer { char *json; };
struct cell_search { char *question, *answer; };
struct cell_stamp { char *stamp; };

struct cell_facts {
	FACTS_COMMON;
	GPtrArray *answers, *searches, *stamps;
	json_t *json;
};

static const struct record_field answer_fields[] = {
	RECORD_FIELD(cell_answer, json),
};
static const struct record_field search_fields[] = {
	RECORD_FIELD(cell_search, question),
	RECORD_FIELD(cell_search, answer),
};
static const struct record_field stamp_fields[] = {
	RECORD_FIELD(cell_stamp, stamp),
};
static const struct record_type answer_type =
	RECORD_TYPE('A', cell_answer, answer_fields, cell_facts, answers);
static const struct record_type search_type =
	RECORD_TYPE('Q', cell_search, search_fields, cell_facts, searches);
static const struct record_type stamp_type =
	RECORD_TYPE('Z', cell_stamp, stamp_fields, cell_facts, stamps);
static const struct record_type *const types[] = {
	&answer_type, &search_type, &stamp_type,
};

/* ---- do they hold? ---- */

/* The question, and what is looked up once a run. */
struct question {
	const struct cellfacts_kind *kind;
	GHashTable *stamps;	/* arch -> char * */
	GHashTable *worlds;	/* arch -> struct world *, to search in */
};

static void world_free(gpointer p)
{
	struct world *w = p;

	g_strfreev(w->look_in);
	world_clear_searches(w);
	g_free(w);
}

static void key(GString *k, gconstpointer question)
{
	const struct question *q = question;

	fact_key_put(k, q->kind->asked);
}

static const char *stamp_now(struct question *q, const char *tree,
			     const char *arch)
{
	char *stamp = g_hash_table_lookup(q->stamps, arch);

	if (!stamp) {
		char **look_in = q->kind->folders(arch, q->kind->data);

		stamp = world_stamp(tree, look_in);
		g_hash_table_insert(q->stamps, g_strdup(arch), stamp);
		g_strfreev(look_in);
	}
	return stamp;
}

static struct world *world_now(struct question *q, const char *tree,
			       const char *arch)
{
	struct world *w = g_hash_table_lookup(q->worlds, arch);

	if (!w) {
		w = g_new(struct world, 1);
		world_init(w, tree, tree, NULL,
			   q->kind->folders(arch, q->kind->data));
		g_hash_table_insert(q->worlds, g_strdup(arch), w);
	}
	return w;
}

/* Would the same files be found in the arch's sources today? */
static gboolean holds(const struct facts_query *query, gpointer question,
		      const struct fact_unit *u, gconstpointer facts)
{
	const struct cell_facts *f = facts;
	const char *arch = u->cell->srcarch;
	const struct cell_stamp *was = f->stamps->len ? f->stamps->pdata[0] :
							NULL;

	if (was && !strcmp(was->stamp, stamp_now(question, query->tree, arch)))
		return TRUE;
	for (guint i = 0; i < f->searches->len; i++) {
		const struct cell_search *s = f->searches->pdata[i];
		struct world *w = world_now(question, query->tree, arch);

		if (g_strcmp0(world_search(w, s->question), s->answer))
			return FALSE;
	}
	return TRUE;
}

/* ---- loading and putting ---- */

static void loaded(const struct fact_unit *u, gpointer facts)
{
	struct cell_facts *f = facts;
	const struct cell_answer *a = f->answers->len ? f->answers->pdata[0] :
							NULL;

	f->json = a ? json_loads(a->json, 0, NULL) : NULL;
}

static void unload(gpointer facts)
{
	json_decref(((struct cell_facts *)facts)->json);
}

static int read_cell(struct fact_reader *r)
{
	const struct question *q = r->question;

	return q->kind->read(r, q->kind->data);
}

void cellfacts_put(struct fact_reader *r, json_t *top, struct world *w,
		   const char *unit)
{
	struct cell_stamp stamp = { world_stamp(w->names.tree, w->look_in) };
	struct cell_answer answer = {
		json_dumps(top, JSON_COMPACT | JSON_SORT_KEYS)
	};
	GHashTableIter it;
	struct cell_search s;

	fact_put(r, &answer_type, &answer);
	for (guint i = 0; i < w->units->len; i++) {
		struct world_unit *u = w->units->pdata[i];

		if (u->tu)
			unit_put_inclusions(r, u->tu, unit);
	}
	g_hash_table_iter_init(&it, w->searches);
	while (g_hash_table_iter_next(&it, (gpointer *)&s.question,
				      (gpointer *)&s.answer))
		fact_put(r, &search_type, &s);
	fact_put(r, &stamp_type, &stamp);
	g_free(stamp.stamp);
	free(answer.json);
	json_decref(top);
}

/* ---- a run ---- */

static void cellfacts_free(gpointer p)
{
	struct cellfacts *f = p;

	json_decref(f->facts);
	json_decref(f->rests_on);
	g_free(f->reason);
	g_free(f);
}

static json_t *rests_on(const struct cell_facts *a)
{
	json_t *deps = json_object(), *searches = json_object();

	for (guint i = 0; i < a->deps->len; i++) {
		const struct ast_dep *d = a->deps->pdata[i];
		char *hash = g_strdup_printf("%016" G_GINT64_MODIFIER "x",
					     d->hash);

		json_object_set_new(deps, d->path, json_string(hash));
		g_free(hash);
	}
	for (guint i = 0; i < a->searches->len; i++) {
		const struct cell_search *s = a->searches->pdata[i];

		json_object_set_new(searches, s->question,
				    json_string(s->answer));
	}
	return json_pack("{s:o,s:o}", "deps", deps, "searches", searches);
}

/* The cells of @all that can be read, as units. */
static GPtrArray *units_of(const GPtrArray *all)
{
	GPtrArray *units = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < all->len; i++) {
		const struct cellfacts *f = all->pdata[i];
		struct fact_unit *u;

		if (f->reason)
			continue;
		u = g_new0(struct fact_unit, 1);
		u->cell = f->cell;
		g_ptr_array_add(units, u);
	}
	return units;
}

/* Those of @cells that the tree has, with the reason if one is not ready. */
static GPtrArray *cells_of(const GPtrArray *cells)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(cellfacts_free);

	for (guint i = 0; i < cells->len; i++) {
		const struct cell_info *info = cells->pdata[i];
		struct cellfacts *f;

		if (info->absent)
			continue;
		f = g_new0(struct cellfacts, 1);
		f->cell = info;
		if (!info->ready)
			f->reason = g_strdup(info->reason && *info->reason ?
					     info->reason :
					     "it could not be prepared");
		g_ptr_array_add(all, f);
	}
	return all;
}

/* Move the answers, in the order of those of @all without a reason. */
static void take_answers(GPtrArray *all, const struct fact_ask *ask,
			 const struct facts_result *res)
{
	guint n = 0;

	for (guint i = 0; i < all->len; i++) {
		struct cellfacts *f = all->pdata[i];
		struct cell_facts *a;

		if (f->reason)
			continue;
		a = n < ask->answers->len ? ask->answers->pdata[n] : NULL;
		if (res->reasons->pdata[n])
			f->reason = g_strconcat("reading it: ",
						res->reasons->pdata[n], NULL);
		else if (!a || !a->json)
			f->reason = g_strdup("its facts cannot be read");
		else {
			f->facts = json_incref(a->json);
			f->rests_on = rests_on(a);
		}
		facts_free(ask->kind, a);
		n++;
	}
}

GPtrArray *cellfacts_run(const struct tree *t, const struct cellfacts_kind *k,
			 const GPtrArray *cells, int jobs, guint *cached)
{
	struct question question = {
		.kind = k,
		.stamps = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, g_free),
		.worlds = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, world_free),
	};
	struct fact_kind kind = {
		.name = k->name,
		.size = sizeof(struct cell_facts),
		.types = types,
		.n_types = G_N_ELEMENTS(types),
		/* A cell may need half a dozen units, on a busy machine. */
		.limits = { 600, 4ull << 30 },
		.key = key,
		.read = read_cell,
		.loaded = loaded,
		.unload = unload,
		.holds = holds,
	};
	struct fact_ask ask = { &kind, &question, NULL };
	struct facts_query q = {
		.tree = t->path,
		.progress = k->progress,
		.jobs = jobs,
		.asks = &ask,
		.n_asks = 1,
	};
	struct facts_result res;
	GPtrArray *all = cells_of(cells), *units = units_of(all);
	int ret = facts_run(&q, units, &res);

	take_answers(all, &ask, &res);
	*cached = res.cached;
	if (ret) {
		g_ptr_array_free(all, TRUE);
		all = NULL;
	}
	g_ptr_array_free(ask.answers, TRUE);
	g_ptr_array_free(units, TRUE);
	facts_result_clear(&res);
	g_hash_table_destroy(question.stamps);
	g_hash_table_destroy(question.worlds);
	return all;
}
