// SPDX-License-Identifier: GPL-2.0-only
/*
 * Findings as text in the style of gcc, JSON, SARIF 2.1.0 and annotations of
 * GitHub workflows.  docs/lint.md documents the JSON.  Control
 * characters are spelled out (base/printable.h): a patch is a stranger's, and a
 * terminal or a workflow would act on them.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "lint/lint.h"
#include "base/treewide.h"

#define JSON_VERSION 1
#define SARIF_MAX 25000		/* results that GitHub takes of a run */
#define GITHUB_LINE_MAX 4000

const char *const lint_format_name[] = { "gcc", "json", "sarif", "github",
					 NULL };

static json_t *str(const char *s)
{
	char *c = printable_line(s);
	json_t *o = json_string(c);

	g_free(c);
	return o;
}

static char *print_of(const struct lint_finding *f)
{
	return g_strdup_printf("%016" G_GINT64_MODIFIER "x", f->fingerprint);
}

/* ---- gcc ---- */

static void patch_line(GString *out, const struct lint_result *res, guint n)
{
	const struct lint_patch_info *i = res->patches->pdata[n];
	char *subject = printable_line(i->subject ? i->subject : "no subject");

	g_string_append_printf(out, "In patch %u of %u, ", n + 1,
			       res->patches->len);
	if (i->commit)
		g_string_append_printf(out, "%.12s ", i->commit);
	g_string_append_printf(out, "\"%s\":\n", subject);
	g_free(subject);
}

static void print_gcc(GString *out, const struct lint_result *res,
		      gboolean colour)
{
	static const char *const paint[] = { "\033[1;36m", "\033[1;35m",
					     "\033[1;31m" };
	guint patch = G_MAXUINT;

	for (guint i = 0; i < res->findings->len; i++) {
		const struct lint_finding *f = res->findings->pdata[i];
		char *file = printable_line(f->file), *msg = printable_line(f->message);
		char *ev = printable_line(f->evidence);

		if (res->patches->len > 1 && f->patch != patch) {
			patch = f->patch;
			patch_line(out, res, patch);
		}
		g_string_append_printf(out,
			"%s%s:%u:%u:%s %s%s:%s %s (%s: %s) [%s]\n",
			colour ? "\033[1m" : "", file, f->line, f->col,
			colour ? "\033[0m" : "",
			colour ? paint[f->severity] : "",
			lint_severity_name[f->severity],
			colour ? "\033[0m" : "", msg,
			lint_sure_name[f->sure], ev, f->id);
		g_free(file);
		g_free(msg);
		g_free(ev);
	}
}

/* ---- GitHub ---- */

/* A value of a workflow command: '%' and newlines, in properties ':' ',' too. */
static char *escape(const char *s, gboolean property)
{
	char *c = printable_line(s);
	GString *out = g_string_new(NULL);

	for (const char *p = c; *p && out->len < GITHUB_LINE_MAX; p++) {
		if (*p == '%')
			g_string_append(out, "%25");
		else if (property && *p == ':')
			g_string_append(out, "%3A");
		else if (property && *p == ',')
			g_string_append(out, "%2C");
		else
			g_string_append_c(out, *p);
	}
	g_free(c);
	return g_string_free(out, FALSE);
}

static void print_github(GString *out, const struct lint_result *res)
{
	static const char *const level[] = { "notice", "warning", "error" };

	for (guint i = 0; i < res->findings->len; i++) {
		const struct lint_finding *f = res->findings->pdata[i];
		char *file = escape(f->file, TRUE);
		char *id = escape(f->id, TRUE), *msg = escape(f->message, FALSE);
		char *ev = escape(f->evidence, FALSE);

		g_string_append_printf(out,
			"::%s file=%s,line=%u,col=%u,title=%s::%s (%s: %s)\n",
			level[f->severity], file, f->line, f->col, id, msg,
			lint_sure_name[f->sure], ev);
		g_free(file);
		g_free(id);
		g_free(msg);
		g_free(ev);
	}
}

/* ---- JSON ---- */

static json_t *json_finding(const struct lint_finding *f)
{
	json_t *o = json_object();
	char *print = print_of(f);

	json_object_set_new(o, "rule", str(f->id));
	json_object_set_new(o, "severity",
			    json_string(lint_severity_name[f->severity]));
	json_object_set_new(o, "confidence",
			    json_string(lint_sure_name[f->sure]));
	json_object_set_new(o, "evidence", str(f->evidence));
	json_object_set_new(o, "file", str(f->file));
	json_object_set_new(o, "line", json_integer(f->line));
	json_object_set_new(o, "column", json_integer(f->col));
	if (f->end_col)
		json_object_set_new(o, "end_column",
				    json_integer(f->end_col));
	json_object_set_new(o, "message", str(f->message));
	json_object_set_new(o, "source", str(f->source));
	json_object_set_new(o, "patch", json_integer(f->patch));
	json_object_set_new(o, "fingerprint", json_string(print));
	json_object_set_new(o, "fixable", json_boolean(f->fix || f->converted));
	g_free(print);
	return o;
}

static json_t *json_strings(const GPtrArray *v)
{
	json_t *list = json_array();

	for (guint i = 0; i < v->len; i++)
		json_array_append_new(list, str(v->pdata[i]));
	return list;
}

/* What was left out: parts of mails, then files. */
static json_t *json_not_judged(const struct lint_result *res)
{
	json_t *list = json_strings(res->unread);
	json_t *files = json_strings(res->not_judged);

	json_array_extend(list, files);
	json_decref(files);
	return list;
}

static void print_json(GString *out, const struct lint_result *res,
		       const struct lint_rules *r)
{
	json_t *top = json_object(), *list = json_array();
	json_t *tool = json_object(), *sum = json_object();
	char *text;

	json_object_set_new(top, "version", json_integer(JSON_VERSION));
	json_object_set_new(tool, "name", json_string("treewide lint"));
	json_object_set_new(tool, "version", json_string(TREEWIDE_VERSION));
	json_object_set_new(tool, "rules", json_string(r->hash ? r->hash : ""));
	json_object_set_new(top, "tool", tool);
	json_object_set_new(top, "patches", list);
	for (guint i = 0; i < res->patches->len; i++) {
		const struct lint_patch_info *p = res->patches->pdata[i];
		json_t *o = json_object();

		json_object_set_new(o, "subject", p->subject ?
				    str(p->subject) : json_null());
		json_object_set_new(o, "author", p->author ?
				    str(p->author) : json_null());
		json_object_set_new(o, "commit", p->commit ?
				    str(p->commit) : json_null());
		json_array_append_new(list, o);
	}
	json_object_set_new(top, "findings", list = json_array());
	for (guint i = 0; i < res->findings->len; i++)
		json_array_append_new(list,
				      json_finding(res->findings->pdata[i]));
	json_object_set_new(top, "not_judged", json_not_judged(res));
	json_object_set_new(top, "problems", json_strings(res->problems));
	json_object_set_new(sum, "files", json_integer(res->files));
	json_object_set_new(sum, "findings",
			    json_integer(res->findings->len));
	json_object_set_new(sum, "silenced", json_integer(res->muted));
	json_object_set_new(sum, "moved", json_integer(res->moved));
	json_object_set_new(top, "summary", sum);
	text = json_dumps(top, JSON_INDENT(1));
	g_string_append(out, text);
	g_string_append_c(out, '\n');
	free(text);
	json_decref(top);
}

/* ---- SARIF ---- */

static const char *sarif_level(enum lint_severity s)
{
	return lint_severity_name[s];	/* note, warning, error: SARIF's own */
}

static json_t *message(const char *text)
{
	json_t *o = json_object();

	json_object_set_new(o, "text", str(text));
	return o;
}

static json_t *sarif_rule(const struct lint_rule *r)
{
	json_t *o = json_object(), *c = json_object(), *h;
	char *text = lint_explain(r);

	json_object_set_new(o, "id", str(r->id));
	json_object_set_new(o, "shortDescription", message(r->what));
	if (r->why)
		json_object_set_new(o, "fullDescription", message(r->why));
	h = json_object();
	json_object_set_new(h, "text", json_string(text));
	json_object_set_new(o, "help", h);
	json_object_set_new(c, "level", json_string(sarif_level(r->severity)));
	json_object_set_new(o, "defaultConfiguration", c);
	g_free(text);
	return o;
}

/* Columns in code points: what the run says in columnKind. */
static guint points(const struct lint_finding *f, guint col)
{
	const char *p = f->source, *e;
	guint n = 1;

	if (!col)
		return 0;
	e = p + MIN((gsize)col - 1, strlen(p));
	if (!g_utf8_validate(p, e - p, NULL))
		return col;
	for (; p < e; p = g_utf8_next_char(p))
		n++;
	return n + (col - 1 - (e - f->source));
}

static json_t *sarif_result(const struct lint_finding *f, int index)
{
	json_t *o = json_object(), *loc = json_object(), *list = json_array();
	json_t *phys = json_object(), *art = json_object();
	json_t *reg = json_object(), *prints = json_object();
	json_t *props = json_object();
	char *file = printable_line(f->file), *uri, *print = print_of(f);
	guint col = points(f, f->col), end = points(f, f->end_col);

	uri = g_uri_escape_string(file, "/", FALSE);
	json_object_set_new(o, "ruleId", str(f->id));
	if (index >= 0)
		json_object_set_new(o, "ruleIndex", json_integer(index));
	json_object_set_new(o, "level", json_string(sarif_level(f->severity)));
	json_object_set_new(o, "message", message(f->message));
	json_object_set_new(art, "uri", json_string(uri));
	json_object_set_new(art, "uriBaseId", json_string("SRCROOT"));
	json_object_set_new(reg, "startLine", json_integer(MAX(f->line, 1)));
	json_object_set_new(reg, "startColumn", json_integer(MAX(col, 1)));
	if (end > col)
		json_object_set_new(reg, "endColumn", json_integer(end));
	json_object_set_new(phys, "artifactLocation", art);
	json_object_set_new(phys, "region", reg);
	json_object_set_new(loc, "physicalLocation", phys);
	json_array_append_new(list, loc);
	json_object_set_new(o, "locations", list);
	json_object_set_new(prints, "treewide/v1", json_string(print));
	json_object_set_new(o, "partialFingerprints", prints);
	json_object_set_new(props, "confidence",
			    json_string(lint_sure_name[f->sure]));
	json_object_set_new(props, "evidence", str(f->evidence));
	json_object_set_new(o, "properties", props);
	g_free(file);
	g_free(uri);
	g_free(print);
	return o;
}

static json_t *notification(const char *level, const char *text)
{
	json_t *o = json_object();

	json_object_set_new(o, "level", json_string(level));
	json_object_set_new(o, "message", message(text));
	return o;
}

static json_t *sarif_invocation(const struct lint_result *res)
{
	json_t *inv = json_object(), *notes = json_array();

	json_object_set_new(inv, "executionSuccessful",
			    json_boolean(!res->problems->len &&
					 !res->unread->len));
	if (res->findings->len > SARIF_MAX) {
		char *s = g_strdup_printf("%u findings; the first %u are here",
					  res->findings->len, SARIF_MAX);

		json_array_append_new(notes, notification("error", s));
		g_free(s);
	}
	for (guint i = 0; i < res->problems->len; i++)
		json_array_append_new(notes, notification("error",
						res->problems->pdata[i]));
	for (guint i = 0; i < res->unread->len; i++)
		json_array_append_new(notes, notification("error",
						res->unread->pdata[i]));
	for (guint i = 0; i < res->not_judged->len && i < 1000; i++) {
		char *s = g_strdup_printf("not judged: %s",
					  (char *)res->not_judged->pdata[i]);

		json_array_append_new(notes, notification("note", s));
		g_free(s);
	}
	json_object_set_new(inv, "toolExecutionNotifications", notes);
	return inv;
}

static void print_sarif(GString *out, const struct lint_result *res,
			const struct lint_rules *r)
{
	json_t *top = json_object(), *runs = json_array(), *run = json_object();
	json_t *tool = json_object(), *driver = json_object();
	json_t *rules = json_array(), *results = json_array();
	json_t *bases = json_object(), *base = json_object();
	json_t *invs = json_array();
	char *text;

	json_object_set_new(top, "$schema", json_string(
		"https://json.schemastore.org/sarif-2.1.0.json"));
	json_object_set_new(top, "version", json_string("2.1.0"));
	json_object_set_new(driver, "name", json_string("treewide lint"));
	json_object_set_new(driver, "version", json_string(TREEWIDE_VERSION));
	json_object_set_new(driver, "rules", rules);
	for (guint i = 0; i < r->rules->len; i++)
		json_array_append_new(rules, sarif_rule(r->rules->pdata[i]));
	json_object_set_new(tool, "driver", driver);
	json_object_set_new(run, "tool", tool);
	json_object_set_new(run, "columnKind",
			    json_string("unicodeCodePoints"));
	json_object_set_new(base, "description",
			    message("the top of the kernel tree"));
	json_object_set_new(bases, "SRCROOT", base);
	json_object_set_new(run, "originalUriBaseIds", bases);
	json_array_append_new(invs, sarif_invocation(res));
	json_object_set_new(run, "invocations", invs);
	for (guint i = 0; i < res->findings->len && i < SARIF_MAX; i++) {
		const struct lint_finding *f = res->findings->pdata[i];
		int index = -1;

		for (guint k = 0; k < r->rules->len; k++)
			if (r->rules->pdata[k] == f->rule)
				index = k;
		json_array_append_new(results, sarif_result(f, index));
	}
	json_object_set_new(run, "results", results);
	json_array_append_new(runs, run);
	json_object_set_new(top, "runs", runs);
	text = json_dumps(top, JSON_INDENT(1));
	g_string_append(out, text);
	g_string_append_c(out, '\n');
	free(text);
	json_decref(top);
}

/* ---- all ---- */

char *lint_print(const struct lint_result *res, const struct lint_rules *r,
		 enum lint_format format, gboolean colour)
{
	GString *out = g_string_new(NULL);

	switch (format) {
	case LINT_JSON:
		print_json(out, res, r);
		break;
	case LINT_SARIF:
		print_sarif(out, res, r);
		break;
	case LINT_GITHUB:
		print_github(out, res);
		break;
	default:
		print_gcc(out, res, colour);
	}
	return g_string_free(out, FALSE);
}

static void indent(GString *s, const char *title, const char *text)
{
	char **lines;

	if (!text)
		return;
	g_string_append_printf(s, "\n%s:\n\n", title);
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++)
		if (**l || l[1])
			g_string_append_printf(s, "%s%s\n", **l ? "    " : "",
					       *l);
	g_strfreev(lines);
}

char *lint_explain(const struct lint_rule *r)
{
	GString *s = g_string_new(NULL);

	g_string_append_printf(s, "%s (%s)\n\n%s.\n", r->id,
			       lint_severity_name[r->severity], r->what);
	if (r->why)
		g_string_append_printf(s, "\nWhy: %s.\n", r->why);
	if (r->instead)
		g_string_append_printf(s, "\nInstead: %s.\n", r->instead);
	indent(s, "Wrong", r->bad);
	indent(s, "Right", r->good);
	if (r->files && r->files[0]) {
		char *list = g_strjoinv(" ", r->files);

		g_string_append_printf(s, "\nFiles: %s\n", list);
		g_free(list);
	}
	g_string_append_printf(s, "\nSeen by: %s%s%s\n",
			       r->patterns->len || r->check ? "the text" : "",
			       r->cocci ? (r->patterns->len || r->check ?
					   ", a semantic patch (with --tree)" :
					   "a semantic patch (with --tree)") :
					  "",
			       r->deep && r->deep[0] ?
			       ", the types in prepared cells (with --deep)" :
			       "");
	return g_string_free(s, FALSE);
}
