// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger as an SQLite file.  Everything between create or open and close
 * is one transaction, so that a reader sees a whole ledger or the one before.
 * Contexts and fates are stored by name, for people with the sqlite3 shell.
 * An existing file that is no ledger is never replaced.
 */
#include "model/ledger.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"

#define LEDGER_APP_ID	0x74776c67	/* "twlg" */
#define LEDGER_VERSION	3

const char *const site_ctx_name[N_SITE_CTX] = {
	[SITE_CODE] = "code", [SITE_MACRO] = "macro",
	[SITE_DIRECTIVE] = "directive", [SITE_DISABLED] = "disabled",
	[SITE_COMMENT] = "comment", [SITE_STRING] = "string",
	[SITE_ASSEMBLY] = "assembly", [SITE_DOC] = "doc",
	[SITE_RUST] = "rust", [SITE_SCRIPT] = "script",
	[SITE_OTHER] = "other",
};

const char *const site_fate_name[N_SITE_FATE] = {
	[FATE_UNRESOLVED] = "unresolved", [FATE_CONVERTED] = "converted",
	[FATE_KEPT] = "kept", [FATE_REFUSED] = "refused",
};

static const char schema[] =
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);"
	"CREATE TABLE notes (file TEXT NOT NULL, line INTEGER NOT NULL,"
	" note TEXT NOT NULL);"
	"CREATE TABLE symbols (name TEXT PRIMARY KEY, kind TEXT NOT NULL,"
	" origin TEXT NOT NULL);"
	"CREATE TABLE sites (id INTEGER PRIMARY KEY, file TEXT NOT NULL,"
	" line INTEGER NOT NULL, col INTEGER NOT NULL,"
	" offset INTEGER NOT NULL, symbol TEXT NOT NULL,"
	" context TEXT NOT NULL, fate TEXT NOT NULL DEFAULT 'unresolved',"
	" reason TEXT, evidence TEXT, ast TEXT, smpl TEXT, outcome TEXT,"
	" condition TEXT, UNIQUE (file, offset));"
	"CREATE INDEX sites_by_symbol ON sites (symbol);"
	"CREATE TABLE skipped (path TEXT NOT NULL, why TEXT NOT NULL);"
	"CREATE TABLE edits (file TEXT NOT NULL, line INTEGER NOT NULL,"
	" old TEXT NOT NULL, new TEXT NOT NULL, rule TEXT NOT NULL);"
	"CREATE TABLE flow (cell TEXT NOT NULL, key TEXT NOT NULL,"
	" name TEXT NOT NULL, func TEXT NOT NULL, file TEXT NOT NULL,"
	" line INTEGER NOT NULL, handle INTEGER NOT NULL,"
	" why TEXT NOT NULL, via TEXT, parent TEXT);"
	"CREATE TABLE frontier (file TEXT NOT NULL, line INTEGER NOT NULL,"
	" kind TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,"
	" cells TEXT NOT NULL);"
	"CREATE TABLE blind (engine TEXT NOT NULL, file TEXT NOT NULL,"
	" line INTEGER NOT NULL, why TEXT NOT NULL,"
	" UNIQUE (engine, file, line));"
	"CREATE TABLE problems (file TEXT, line INTEGER, text TEXT NOT NULL);"
	"PRAGMA application_id = 1953983591;"
	"PRAGMA user_version = 3;";
G_STATIC_ASSERT(LEDGER_APP_ID == 1953983591 && LEDGER_VERSION == 3);

enum { Q_META, Q_SITE, Q_SKIPPED, Q_SYMBOL, Q_FATE, Q_VIEWS,
       Q_EDIT, Q_STEP, Q_FRONT, Q_BLIND, Q_PROBLEM, N_QUERY };

static const char *const query_sql[N_QUERY] = {
	[Q_META] = "INSERT OR REPLACE INTO meta VALUES (?, ?)",
	[Q_SITE] = "INSERT INTO sites (file, line, col, offset, symbol,"
		   " context, fate, reason, evidence)"
		   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[Q_SKIPPED] = "INSERT INTO skipped VALUES (?, ?)",
	[Q_SYMBOL] = "INSERT OR IGNORE INTO symbols VALUES (?, ?, ?)",
	[Q_FATE] = "UPDATE sites SET fate = ?, reason = ?, evidence = ?"
		   " WHERE id = ?",
	[Q_VIEWS] = "UPDATE sites SET ast = ?, smpl = ?, outcome = ?,"
		    " condition = ? WHERE id = ?",
	[Q_EDIT] = "INSERT INTO edits VALUES (?, ?, ?, ?, ?)",
	[Q_STEP] = "INSERT INTO flow VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[Q_FRONT] = "INSERT INTO frontier VALUES (?, ?, ?, ?, ?, ?)",
	[Q_BLIND] = "INSERT OR IGNORE INTO blind VALUES (?, ?, ?, ?)",
	[Q_PROBLEM] = "INSERT INTO problems VALUES (?, ?, ?)",
};

struct ledger {
	sqlite3 *db;
	char *path;
	char *final;		/* where it goes when it is whole; NULL: it is there */
	sqlite3_stmt *query[N_QUERY];	/* prepared when first used */
};

static int db_error(struct ledger *l, const char *doing)
{
	return tw_error("ledger %s: %s: %s", l->final ? l->final : l->path,
			doing, sqlite3_errmsg(l->db));
}

static int db_exec(struct ledger *l, const char *sql, const char *doing)
{
	if (sqlite3_exec(l->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_error(l, doing);
	return 0;
}

static gint64 db_number(struct ledger *l, const char *sql)
{
	sqlite3_stmt *st;
	gint64 v = -1;

	if (sqlite3_prepare_v2(l->db, sql, -1, &st, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(st) == SQLITE_ROW)
		v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

static void ledger_drop(struct ledger *l)
{
	for (int i = 0; i < N_QUERY; i++)
		sqlite3_finalize(l->query[i]);
	sqlite3_close(l->db);
	g_free(l->path);
	g_free(l->final);
	g_free(l);
}

static struct ledger *open_db(const char *path, int flags)
{
	struct ledger *l = g_new0(struct ledger, 1);

	l->path = g_strdup(path);
	if (sqlite3_open_v2(path, &l->db, flags, NULL) != SQLITE_OK) {
		db_error(l, "cannot open");
		ledger_drop(l);
		return NULL;
	}
	sqlite3_busy_timeout(l->db, 5000);
	return l;
}

/* A file of ours, or an empty one?  -1 after a message. */
static int check_ours(struct ledger *l)
{
	gint64 app = db_number(l, "PRAGMA application_id");
	gint64 version = db_number(l, "PRAGMA user_version");

	if (app != LEDGER_APP_ID)
		return tw_error("%s: not a ledger of treewide; name another file",
				l->path);
	if (version != LEDGER_VERSION)
		return tw_error("%s: ledger version %" G_GINT64_FORMAT
				", this treewide knows %d; scan again",
				l->path, version, LEDGER_VERSION);
	return 0;
}

/* May what stands at @path be replaced: is it a ledger, or nothing? */
static int check_old(const char *path)
{
	struct ledger *l;
	struct stat st;
	gint64 app;

	if (lstat(path, &st)) {
		if (errno == ENOENT)
			return 0;
		return tw_error("ledger %s: %s", path, g_strerror(errno));
	}
	if (!S_ISREG(st.st_mode))
		return tw_error("ledger %s: exists and is no regular file; name another",
				path);
	if (st.st_size) {
		l = open_db(path, SQLITE_OPEN_READONLY);
		if (!l)
			return -1;
		app = db_number(l, "PRAGMA application_id");
		ledger_drop(l);
		if (app != LEDGER_APP_ID)
			return tw_error("%s: exists and is not a ledger of treewide: not replaced; name another file",
					path);
	}
	return 0;
}

/* Remove what writers of @path that were killed left beside it. */
static void remove_leftovers(const char *path)
{
	char *dir = g_path_get_dirname(path), *base = g_path_get_basename(path);
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *rest = NULL, *left;
		guint64 pid;

		if (!g_str_has_prefix(name, base) ||
		    name[strlen(base)] != '.')
			continue;
		pid = g_ascii_strtoull(name + strlen(base) + 1, &rest, 10);
		if (!pid || !g_str_has_prefix(rest, ".new") ||
		    !kill(pid, 0) || errno != ESRCH)
			continue;
		left = g_build_filename(dir, name, NULL);
		unlink(left);	/* the database or its journal */
		g_free(left);
	}
	if (d)
		g_dir_close(d);
	g_free(base);
	g_free(dir);
}

struct ledger *ledger_create(const char *path)
{
	gboolean file = strcmp(path, ":memory:") != 0;
	struct ledger *l;
	char *next;

	if (file && check_old(path))
		return NULL;
	if (file)
		remove_leftovers(path);
	/* The old one stays until the new one is whole. */
	next = file ? g_strdup_printf("%s.%d.new", path, getpid())
		    : g_strdup(path);
	unlink(next);
	l = open_db(next, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	g_free(next);
	if (!l)
		return NULL;
	l->final = file ? g_strdup(path) : NULL;
	if (db_exec(l, "BEGIN", "cannot be written") ||
	    db_exec(l, schema, "cannot be written")) {
		ledger_abandon(l);
		return NULL;
	}
	return l;
}

struct ledger *ledger_open(const char *path)
{
	struct ledger *l;

	if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
		tw_error("ledger %s: does not exist; make it with 'treewide scan'",
			 path);
		return NULL;
	}
	l = open_db(path, SQLITE_OPEN_READWRITE);
	if (!l)
		return NULL;
	if (check_ours(l) || db_exec(l, "BEGIN", "cannot be opened")) {
		ledger_drop(l);
		return NULL;
	}
	return l;
}

int ledger_close(struct ledger *l)
{
	char *from, *to;
	int ret;

	if (!l)
		return 0;
	ret = db_exec(l, "COMMIT", "cannot be written");
	if (ret) {
		ledger_abandon(l);
		return ret;
	}
	from = g_strdup(l->path);
	to = g_steal_pointer(&l->final);
	ledger_drop(l);
	if (to && rename(from, to)) {
		ret = tw_error("ledger %s: cannot be replaced: %s", to,
			       g_strerror(errno));
		unlink(from);
	}
	g_free(from);
	g_free(to);
	return ret;
}

void ledger_abandon(struct ledger *l)
{
	char *unfinished;

	if (!l)
		return;
	unfinished = l->final ? g_strdup(l->path) : NULL;
	ledger_drop(l);
	if (unfinished) {
		char *journal = g_strconcat(unfinished, "-journal", NULL);

		unlink(unfinished);
		unlink(journal);
		g_free(journal);
	}
	g_free(unfinished);
}

static sqlite3_stmt *get_query(struct ledger *l, int q)
{
	if (!l->query[q] &&
	    sqlite3_prepare_v2(l->db, query_sql[q], -1, &l->query[q],
			       NULL) != SQLITE_OK) {
		db_error(l, "cannot be prepared");
		return NULL;
	}
	sqlite3_reset(l->query[q]);
	return l->query[q];
}

static void bind(sqlite3_stmt *st, int i, const char *text)
{
	sqlite3_bind_text(st, i, text, -1, SQLITE_TRANSIENT);
}

static int run(struct ledger *l, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : db_error(l, "cannot be written");
}

int ledger_set_meta(struct ledger *l, const char *key, const char *value)
{
	sqlite3_stmt *st = get_query(l, Q_META);

	if (!st)
		return -1;
	bind(st, 1, key);
	bind(st, 2, value);
	return run(l, st);
}

int ledger_add(struct ledger *l, struct site *s)
{
	sqlite3_stmt *st = get_query(l, Q_SITE);

	if (!st)
		return -1;
	bind(st, 1, s->file);
	sqlite3_bind_int64(st, 2, s->line);
	sqlite3_bind_int64(st, 3, s->col);
	sqlite3_bind_int64(st, 4, s->off);
	bind(st, 5, s->symbol);
	bind(st, 6, site_ctx_name[s->ctx]);
	bind(st, 7, site_fate_name[s->fate]);
	bind(st, 8, s->reason);
	bind(st, 9, s->evidence);
	if (run(l, st))
		return -1;
	s->id = sqlite3_last_insert_rowid(l->db);
	return 0;
}

int ledger_add_symbol(struct ledger *l, const char *name, const char *kind,
		      const char *origin)
{
	sqlite3_stmt *st = get_query(l, Q_SYMBOL);

	if (!st)
		return -1;
	bind(st, 1, name);
	bind(st, 2, kind);
	bind(st, 3, origin);
	return run(l, st);
}

int ledger_add_skipped(struct ledger *l, const char *path, const char *why)
{
	sqlite3_stmt *st = get_query(l, Q_SKIPPED);

	if (!st)
		return -1;
	bind(st, 1, path);
	bind(st, 2, why);
	return run(l, st);
}

int ledger_set_fate(struct ledger *l, gint64 id, enum site_fate fate,
		    const char *reason, const char *evidence)
{
	sqlite3_stmt *st = get_query(l, Q_FATE);

	if (!st)
		return -1;
	bind(st, 1, site_fate_name[fate]);
	bind(st, 2, reason);
	bind(st, 3, evidence);
	sqlite3_bind_int64(st, 4, id);
	if (run(l, st))
		return -1;
	if (!sqlite3_changes(l->db))
		return tw_error("ledger %s: no site %" G_GINT64_FORMAT,
				l->path, id);
	return 0;
}

int ledger_add_note(struct ledger *l, const char *file, guint line,
		    const char *text)
{
	sqlite3_stmt *st;
	int ret;

	if (sqlite3_prepare_v2(l->db, "INSERT INTO notes VALUES (?, ?, ?)", -1,
			       &st, NULL) != SQLITE_OK)
		return db_error(l, "cannot be prepared");
	bind(st, 1, file);
	sqlite3_bind_int64(st, 2, line);
	bind(st, 3, text);
	ret = run(l, st);
	sqlite3_finalize(st);
	return ret;
}

int ledger_set_views(struct ledger *l, const struct site *s)
{
	sqlite3_stmt *st = get_query(l, Q_VIEWS);

	if (!st)
		return -1;
	bind(st, 1, s->ast);
	bind(st, 2, s->smpl);
	bind(st, 3, s->outcome);
	bind(st, 4, s->condition);
	sqlite3_bind_int64(st, 5, s->id);
	return run(l, st);
}

int ledger_add_edit(struct ledger *l, const struct ledger_edit *e)
{
	sqlite3_stmt *st = get_query(l, Q_EDIT);

	if (!st)
		return -1;
	bind(st, 1, e->file);
	sqlite3_bind_int64(st, 2, e->line);
	bind(st, 3, e->old_text);
	bind(st, 4, e->new_text);
	bind(st, 5, e->rule);
	return run(l, st);
}

int ledger_add_step(struct ledger *l, const struct ledger_step *s)
{
	sqlite3_stmt *st = get_query(l, Q_STEP);

	if (!st)
		return -1;
	bind(st, 1, s->cell);
	bind(st, 2, s->key);
	bind(st, 3, s->name);
	bind(st, 4, s->func);
	bind(st, 5, s->file);
	sqlite3_bind_int64(st, 6, s->line);
	sqlite3_bind_int64(st, 7, s->handle);
	bind(st, 8, s->why);
	bind(st, 9, s->via);
	bind(st, 10, s->parent);
	return run(l, st);
}

int ledger_add_front(struct ledger *l, const struct ledger_front *f)
{
	sqlite3_stmt *st = get_query(l, Q_FRONT);

	if (!st)
		return -1;
	bind(st, 1, f->file);
	sqlite3_bind_int64(st, 2, f->line);
	bind(st, 3, f->kind);
	bind(st, 4, f->src);
	bind(st, 5, f->dst);
	bind(st, 6, f->cells);
	return run(l, st);
}

int ledger_add_blind(struct ledger *l, const char *engine, const char *file,
		     guint line, const char *why)
{
	sqlite3_stmt *st = get_query(l, Q_BLIND);

	if (!st)
		return -1;
	bind(st, 1, engine);
	bind(st, 2, file);
	sqlite3_bind_int64(st, 3, line);
	bind(st, 4, why);
	return run(l, st);
}

int ledger_add_problem(struct ledger *l, const char *text)
{
	sqlite3_stmt *st = get_query(l, Q_PROBLEM);
	const char *colon = strchr(text, ':');
	char *file = NULL, *end = NULL;
	guint64 line;
	int ret;

	if (!st)
		return -1;
	/* "FILE:LINE:" heads it when it has a place. */
	line = colon ? g_ascii_strtoull(colon + 1, &end, 10) : 0;
	if (line && *end == ':')
		file = g_strndup(text, colon - text);
	bind(st, 1, file);
	sqlite3_bind_int64(st, 2, file ? line : 0);
	bind(st, 3, text);
	ret = run(l, st);
	g_free(file);
	return ret;
}

static int by_name(const char *const *names, int n, const char *s)
{
	for (int i = 0; s && i < n; i++)
		if (!strcmp(names[i], s))
			return i;
	return -1;
}

static char *column(sqlite3_stmt *st, int i)
{
	return (char *)sqlite3_column_text(st, i);
}

/*
 * Call @row for each row of @sql; stops when it returns non-zero and returns
 * that.  The rows are those of the moment of the call: the callback may change
 * the ledger (the order by an expression makes SQLite collect them first).
 */
static int each(struct ledger *l, const char *sql,
		int (*row)(struct ledger *l, sqlite3_stmt *st, void *fn,
			   void *data),
		void *fn, void *data)
{
	sqlite3_stmt *st;
	int ret = 0, rc;

	if (sqlite3_prepare_v2(l->db, sql, -1, &st, NULL) != SQLITE_OK)
		return db_error(l, "cannot be read");
	while (!ret && (rc = sqlite3_step(st)) == SQLITE_ROW)
		ret = row(l, st, fn, data);
	if (!ret && rc != SQLITE_DONE)
		ret = db_error(l, "cannot be read");
	sqlite3_finalize(st);
	return ret;
}

static int site_row(struct ledger *l, sqlite3_stmt *st, void *fn, void *data)
{
	int ctx = by_name(site_ctx_name, N_SITE_CTX, column(st, 6));
	int fate = by_name(site_fate_name, N_SITE_FATE, column(st, 7));
	struct site s = {
		.id = sqlite3_column_int64(st, 0), .file = column(st, 1),
		.line = sqlite3_column_int64(st, 2),
		.col = sqlite3_column_int64(st, 3),
		.off = sqlite3_column_int64(st, 4), .symbol = column(st, 5),
		.ctx = ctx, .fate = fate, .reason = column(st, 8),
		.evidence = column(st, 9), .ast = column(st, 10),
		.smpl = column(st, 11), .outcome = column(st, 12),
		.condition = column(st, 13),
	};

	if (ctx < 0 || fate < 0)
		return tw_error("ledger %s: site %" G_GINT64_FORMAT
				" has an unknown context or fate; scan again",
				l->path, s.id);
	return (*(ledger_fn *)fn)(&s, data);
}

int ledger_each(struct ledger *l, ledger_fn fn, void *data)
{
	return each(l, "SELECT id, file, line, col, offset, symbol, context,"
		       " fate, reason, evidence, ast, smpl, outcome,"
		       " condition FROM sites"
		       " ORDER BY +file, +offset", site_row, &fn, data);
}

static int symbol_row(struct ledger *l, sqlite3_stmt *st, void *fn, void *data)
{
	return (*(ledger_symbol_fn *)fn)(column(st, 0), column(st, 1),
					 column(st, 2),
					 sqlite3_column_int(st, 3), data);
}

int ledger_each_symbol(struct ledger *l, ledger_symbol_fn fn, void *data)
{
	return each(l, "SELECT name, kind, origin, (SELECT count(*) FROM sites"
		       " WHERE symbol = name) FROM symbols ORDER BY +name",
		    symbol_row, &fn, data);
}

static int skipped_row(struct ledger *l, sqlite3_stmt *st, void *fn,
		       void *data)
{
	return (*(ledger_skipped_fn *)fn)(column(st, 0), column(st, 1), data);
}

int ledger_each_skipped(struct ledger *l, ledger_skipped_fn fn, void *data)
{
	return each(l, "SELECT path, why FROM skipped ORDER BY +path",
		    skipped_row, &fn, data);
}

static int edit_row(struct ledger *l, sqlite3_stmt *st, void *fn, void *data)
{
	struct ledger_edit e = {
		.file = column(st, 0), .line = sqlite3_column_int64(st, 1),
		.old_text = column(st, 2), .new_text = column(st, 3),
		.rule = column(st, 4),
	};

	return (*(ledger_edit_fn *)fn)(&e, data);
}

int ledger_each_edit(struct ledger *l, ledger_edit_fn fn, void *data)
{
	return each(l, "SELECT * FROM edits ORDER BY +file, rowid", edit_row,
		    &fn, data);
}

static int step_row(struct ledger *l, sqlite3_stmt *st, void *fn, void *data)
{
	struct ledger_step s = {
		.cell = column(st, 0), .key = column(st, 1),
		.name = column(st, 2), .func = column(st, 3),
		.file = column(st, 4), .line = sqlite3_column_int64(st, 5),
		.handle = sqlite3_column_int64(st, 6), .why = column(st, 7),
		.via = column(st, 8), .parent = column(st, 9),
	};

	return (*(ledger_step_fn *)fn)(&s, data);
}

int ledger_each_step(struct ledger *l, ledger_step_fn fn, void *data)
{
	return each(l, "SELECT * FROM flow ORDER BY +cell, rowid", step_row,
		    &fn, data);
}

static int front_row(struct ledger *l, sqlite3_stmt *st, void *fn, void *data)
{
	struct ledger_front f = {
		.file = column(st, 0), .line = sqlite3_column_int64(st, 1),
		.kind = column(st, 2), .src = column(st, 3),
		.dst = column(st, 4), .cells = column(st, 5),
	};

	return (*(ledger_front_fn *)fn)(&f, data);
}

int ledger_each_front(struct ledger *l, ledger_front_fn fn, void *data)
{
	return each(l, "SELECT * FROM frontier ORDER BY +file, rowid",
		    front_row, &fn, data);
}

static int problem_row(struct ledger *l, sqlite3_stmt *st, void *fn, void *data)
{
	return (*(ledger_problem_fn *)fn)(column(st, 0),
					  sqlite3_column_int64(st, 1),
					  column(st, 2), data);
}

int ledger_each_problem(struct ledger *l, ledger_problem_fn fn, void *data)
{
	return each(l, "SELECT * FROM problems ORDER BY +rowid", problem_row,
		    &fn, data);
}

char *ledger_get_meta(struct ledger *l, const char *key)
{
	sqlite3_stmt *st;
	char *v = NULL;

	if (sqlite3_prepare_v2(l->db, "SELECT value FROM meta WHERE key = ?",
			       -1, &st, NULL) != SQLITE_OK)
		return NULL;
	bind(st, 1, key);
	if (sqlite3_step(st) == SQLITE_ROW)
		v = g_strdup(column(st, 0));
	sqlite3_finalize(st);
	return v;
}
