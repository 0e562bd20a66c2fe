// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stage of semantic patches: spatch knows the types of what a function
 * declares, and its paths.  Our own rules need no more than the functions that
 * the change touches; the rest of the file is blanked out, which makes spatch
 * quick and keeps what it cannot parse elsewhere from mattering.  A user's rule
 * sees the whole file.  A function of the change that spatch cannot parse is
 * named; a file on which it fails costs that file's result, and is said.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/diag.h"
#include "smpl/smpl.h"
#include "text/source.h"
#include "lint/lint.h"

static const struct child_limits limits = { 120, 4ull << 30 };
#define BATCH 25		/* files of one process */

struct work {
	struct lint_rule *rule;
	GArray *views;		/* guint */
	gboolean failed;
	char *why;
};

struct stage {
	const GPtrArray *views;
	const GPtrArray *decls;
	GPtrArray *works;	/* struct work */
	const char *tmp;
	GPtrArray *out, *problems, *not_judged;
	GHashTable *said;	/* what was said of code without a result */
};

/* ---- what spatch is given ---- */

static char first_of(const struct lint_view *v, guint line)
{
	gsize len;
	const char *s = lint_view_line_text(v, line, &len);

	return len ? *s : '\n';
}

/* A line that starts a function's body, or ends one. */
static gboolean is_brace(const struct lint_view *v, guint line, char brace)
{
	return first_of(v, line) == brace;
}

/* "static inline int f(void) {": the brace does not stand by itself. */
static gboolean opens_body(const struct lint_view *v, guint line)
{
	gsize len;
	const char *s = lint_view_line_text(v, line, &len);

	return len && (g_ascii_isalpha(*s) || *s == '_') &&
	       g_strstr_len(s, len, ") {");
}

static gboolean ends_line(const struct lint_view *v, guint line, char c)
{
	gsize len;
	const char *s = lint_view_line_text(v, line, &len);

	while (len && g_ascii_isspace(s[len - 1]))
		len--;
	return len && s[len - 1] == c;
}

/* May the line be part of a function's head, which goes on below it? */
static gboolean is_head(const struct lint_view *v, guint line)
{
	gsize len;
	const char *s = lint_view_line_text(v, line, &len);

	while (len && *s == ' ') {
		s++;
		len--;
	}
	return len && !strchr("}#/*{", *s);
}

static gboolean lines_have(const struct lint_view *v, guint from, guint to,
			   char **words, const struct lint_decls *decls)
{
	gsize len, off = g_array_index(v->lines, struct lint_line, from).off;
	const char *last = lint_view_line_text(v, to, &len);

	for (char **w = words; w && *w; w++)
		if (memmem(v->text + off, last + len - v->text - off, *w,
			   strlen(*w)))
			return TRUE;
	return !words || !words[0] ||
	       lint_decls_has_word(decls, v->text + off, last + len - v->text -
				   off);
}

char *lint_slice(const struct lint_view *v, char **words,
		 const struct lint_decls *decls, gsize *size)
{
	guint n = v->lines->len, open = 0;
	guint8 *keep = g_new0(guint8, n);
	gboolean in = FALSE;
	GString *out;

	for (guint i = 0; i < n; i++) {
		gboolean any = FALSE;
		guint head;

		if (!in && (is_brace(v, i, '{') || opens_body(v, i))) {
			in = TRUE;
			open = i;
		}
		if (in && (is_brace(v, i, '}') ||
			   (open == i && ends_line(v, i, '}')))) {
			in = FALSE;
			head = open;
			if (head && is_brace(v, head, '{') &&
			    first_of(v, head - 1) == '\n')
				head--;
			/* The head: back to what ends the thing before. */
			while (head && is_head(v, head - 1))
				head--;
			for (guint k = head; k <= i && !any; k++)
				any = g_array_index(v->lines, struct lint_line,
						    k).added;
			if (any && lines_have(v, head, i, words, decls))
				memset(keep + head, 1, i + 1 - head);
		}
	}
	out = g_string_sized_new(v->size);
	for (guint i = 0; i < n; i++) {
		gsize len;
		const char *s = lint_view_line_text(v, i, &len);

		if (keep[i])
			g_string_append_len(out, s, len);
		g_string_append_c(out, '\n');
	}
	g_free(keep);
	*size = out->len;
	return g_string_free(out, FALSE);
}

/* "s12-ptdesc_cast.c": view 12 as the rule sees it. */
static char *file_name(const struct stage *st, guint view,
		       const struct lint_rule *rule)
{
	const struct lint_view *v = st->views->pdata[view];
	const char *ext = g_str_has_suffix(v->file, ".h") ? "h" : "c";

	char *id = g_strdup(rule->id), *name;

	g_strcanon(id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS, '_');
	name = g_strdup_printf("%s/%s%u-%s.%s", st->tmp,
			       rule->user ? "w" : "s", view, id, ext);
	g_free(id);
	return name;
}

/*
 * Write what spatch reads; FALSE when there is nothing in it.  What the tree
 * declares goes in front of the first line, so that each keeps its number.
 */
static gboolean write_input(const struct stage *st, guint view,
			    const struct lint_rule *rule)
{
	struct lint_view *v = st->views->pdata[view];
	struct lint_decls *decls = lint_decls_of(st->decls, rule);
	char *name = file_name(st, view, rule), *text;
	gboolean yes = TRUE, ok;
	gsize size;

	if (rule->user) {
		ok = g_file_set_contents(name, v->text, v->size, NULL);
	} else {
		text = lint_slice(v, rule->cocci_needs[0] ?
				  rule->cocci_needs : rule->needs, decls,
				  &size);
		yes = FALSE;
		for (gsize i = 0; i < size && !yes; i++)
			yes = text[i] != '\n';
		if (yes && decls) {
			char *told = lint_decls_for(decls, v, text, size);
			char *both = g_strconcat(told, text, NULL);

			size = strlen(both);
			g_free(told);
			g_free(text);
			text = both;
		}
		ok = !yes || g_file_set_contents(name, text, size, NULL);
		g_free(text);
	}
	g_free(name);
	return yes && ok;
}

/* ---- running ---- */

static int run_one(guint i, void *data)
{
	struct stage *st = data;
	struct work *w = st->works->pdata[i];
	char *out = g_strdup_printf("%s/out.%u", st->tmp, i);
	char *log = g_strdup_printf("%s/log.%u", st->tmp, i);
	GPtrArray *argv = g_ptr_array_new();
	int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int err = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int in = open("/dev/null", O_RDONLY);

	g_ptr_array_add(argv, "spatch");
	/* Says what it cannot parse. */
	g_ptr_array_add(argv, "--verbose-parsing");
	g_ptr_array_add(argv, "--no-includes");
	g_ptr_array_add(argv, "--include-headers");
	if (w->rule->cocci_mode) {
		g_ptr_array_add(argv, "-D");
		g_ptr_array_add(argv, w->rule->cocci_mode);
	}
	g_ptr_array_add(argv, "--sp-file");
	g_ptr_array_add(argv, g_canonicalize_filename(w->rule->cocci, NULL));
	for (guint k = 0; k < w->views->len; k++)
		g_ptr_array_add(argv, file_name(st,
				g_array_index(w->views, guint, k),
				w->rule));
	g_ptr_array_add(argv, NULL);
	if (fd < 0 || err < 0 || chdir(st->tmp))
		return 1;
	dup2(in, 0);
	dup2(fd, 1);
	dup2(err, 2);
	execvp("spatch", (char *const *)argv->pdata);
	_exit(127);
}

static char *last_line(const char *path)
{
	char *text, *nl, *line;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return g_strdup("no output");
	g_strchomp(text);
	nl = strrchr(text, '\n');
	line = g_utf8_make_valid(nl ? nl + 1 : text, -1);
	g_free(text);
	return line;
}

/* What spatch says, with status 255, of files without the words of the rule. */
#define NO_MATCH "-o can not be applied because there are no modified files"

static void run_done(guint i, enum child_end end, int status, void *data)
{
	struct stage *st = data;
	struct work *w = st->works->pdata[i];
	char *log = g_strdup_printf("%s/log.%u", st->tmp, i);

	if (end == CHILD_FAILED && status == 127)
		w->why = g_strdup("spatch cannot be run; install the package coccinelle");
	else if (end == CHILD_FAILED)
		w->why = last_line(log);
	else if (end != CHILD_OK)
		w->why = g_strdup_printf("spatch %s", child_end_text(end,
							status, &limits));
	w->failed = w->why && strcmp(w->why, NO_MATCH);
	g_free(log);
}

/* ---- what it says ---- */

static struct lint_view *view_of(const struct stage *st, const char *path)
{
	char *base = g_path_get_basename(path);
	guint n = strtoul(base + (*base != '\0'), NULL, 10);
	gboolean ours = (*base == 's' || *base == 'w') && n < st->views->len;

	g_free(base);
	return ours ? st->views->pdata[n] : NULL;
}

/* The line is in an arm that text shows dead: spatch does not look at #if. */
static gboolean is_dead(struct lint_view *v, guint line)
{
	gsize lo = 0, hi;

	lint_view_lex(v);
	for (hi = v->toks.n; lo < hi; ) {
		gsize mid = lo + (hi - lo) / 2;

		if (v->toks.v[mid].line < line)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < v->toks.n && v->toks.v[lo].line == line; lo++)
		if (v->toks.v[lo].kind > TOK_COMMENT)
			return v->toks.v[lo].disabled;
	return FALSE;
}

static void add_finding(struct stage *st, struct lint_rule *r,
			struct lint_view *v, guint line, guint col, guint len,
			const char *what)
{
	struct lint_finding *f;
	gsize n, blank = 0;
	const char *s;

	if (!line || line > v->lines->len || is_dead(v, line))
		return;
	s = lint_view_line_text(v, line - 1, &n);
	if (!col || col > n) {
		while (blank < n && g_ascii_isspace(s[blank]))
			blank++;
		col = blank + 1;
		len = n - blank;
	}
	f = lint_finding_new(r, v, s - v->text + col - 1, len);
	f->message = lint_message(r, v->file, what, NULL);
	f->sure = LINT_CERTAIN;
	f->evidence = g_strdup("semantic patch");
	g_ptr_array_add(st->out, f);
}

/* "PATH:3:9-20: what" */
static gboolean take_report(struct stage *st, struct lint_rule *r,
			    const char *line)
{
	static GRegex *re;
	GMatchInfo *m;
	gboolean yes;

	if (!re)
		re = g_regex_new("^(/[^:]+):(\\d+):(\\d+)-(\\d+):\\s*(.*)$",
				 G_REGEX_RAW, 0, NULL);
	yes = g_regex_match(re, line, 0, &m);
	if (yes) {
		char *part[6];
		struct lint_view *v;

		for (int i = 1; i < 6; i++)
			part[i] = g_match_info_fetch(m, i);
		v = view_of(st, part[1]);
		if (v) {
			guint a = atoi(part[3]), b = atoi(part[4]);
			char *valid = g_utf8_make_valid(part[5], -1);

			add_finding(st, r, v, atoi(part[2]), a + 1,
				    b > a ? b - a : 1, *valid ? valid : NULL);
			g_free(valid);
		}
		for (int i = 1; i < 6; i++)
			g_free(part[i]);
	}
	g_match_info_free(m);
	return yes;
}

static gboolean ends_statement(const char *line)
{
	gsize n = strlen(line);

	while (n && g_ascii_isspace(line[n - 1]))
		n--;
	/* A comment behind it. */
	if (n > 3 && !memcmp(line + n - 2, "*/", 2)) {
		const char *open = g_strrstr_len(line, n, "/*");

		for (n = open ? open - line : 0;
		     n && g_ascii_isspace(line[n - 1]); )
			n--;
	}
	return n && strchr(";{}", line[n - 1]);
}

/* The output of a run: reports, or a diff whose removed lines are matches. */
static void take_output(struct stage *st, struct lint_rule *r,
			const char *path)
{
	struct lint_view *v = NULL;
	char *text, **lines;
	guint at = 0, left = 0, last = 0;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return;
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++) {
		const char *s = *l;

		if (!left && g_str_has_prefix(s, "--- ")) {
			v = view_of(st, s + 4);
			last = 0;
		} else if (!left && g_str_has_prefix(s, "@@ -")) {
			const char *comma;

			at = atoi(s + 4);
			comma = strpbrk(s + 4, ", ");
			left = comma && *comma == ',' ? atoi(comma + 1) : 1;
			last = 0;
		} else if (left && *s == '-') {
			/* Lines of one statement are one match. */
			if (v && last + 1 != at)
				add_finding(st, r, v, at, 0, 0, NULL);
			last = ends_statement(s) ? 0 : at;
			at++;
			left--;
		} else if (left && *s != '+' && *s != '\\') {
			at++;
			left--;
		} else if (!left && take_report(st, r, s)) {
			continue;
		}
	}
	g_strfreev(lines);
	g_free(text);
}

/* Is the line in a function that the change touches? */
static gboolean is_touched(const struct lint_view *v, guint line)
{
	guint from = line - 1;
	gboolean any = FALSE;

	while (from && !is_brace(v, from - 1, '}'))
		from--;
	for (; from < v->lines->len && !any; from++) {
		any = g_array_index(v->lines, struct lint_line, from).added;
		if (from >= line && is_brace(v, from, '}'))
			break;
	}
	return any;
}

/* ' = File "PATH", line 3, ...': where spatch gave a function up. */
static void take_unparsed(struct stage *st, const char *path)
{
	static const char mark[] = "= File \"";
	char *text, *p;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return;
	for (p = text; (p = strstr(p, mark)); ) {
		char *file = p + strlen(mark);
		char *end = strstr(file, "\", line ");
		const struct lint_view *v;
		char *key;
		guint line;

		p = file;
		if (!end)
			break;
		*end = '\0';
		line = strtoul(end + strlen("\", line "), NULL, 10);
		v = view_of(st, file);
		p = end + 1;
		if (!v || !line || line > v->lines->len || !is_touched(v, line))
			continue;
		/* Once, however many rules look at it. */
		key = g_strdup_printf("%s:%u", v->file, line);
		if (g_hash_table_add(st->said, key))
			g_ptr_array_add(st->not_judged, g_strdup_printf(
				"%s:%u: spatch cannot parse the function: judged by its text alone",
				v->file, line));
	}
	g_free(text);
}

/* ---- the stage ---- */

static void work_free(gpointer p)
{
	struct work *w = p;

	g_array_free(w->views, TRUE);
	g_free(w->why);
	g_free(w);
}

static void add_work(struct stage *st, struct lint_rule *rule, guint view,
		     struct work **w, guint batch)
{
	if (!*w || (*w)->views->len >= batch) {
		*w = g_new0(struct work, 1);
		(*w)->rule = rule;
		(*w)->views = g_array_new(FALSE, FALSE, sizeof(guint));
		g_ptr_array_add(st->works, *w);
	}
	g_array_append_val((*w)->views, view);
}

static void plan(struct stage *st, const struct lint_rules *rules, int jobs)
{
	for (guint i = 0; i < rules->rules->len; i++) {
		struct lint_rule *r = rules->rules->pdata[i];
		GArray *fit = g_array_new(FALSE, FALSE, sizeof(guint));
		struct work *w = NULL;
		guint batch;

		for (guint k = 0; r->cocci && !r->off && k < st->views->len;
		     k++) {
			struct lint_view *v = st->views->pdata[k];

			if (source_is_c(v->file) &&
			    lint_rule_wants(r, v, st->decls) &&
			    write_input(st, k, r))
				g_array_append_val(fit, k);
		}
		batch = CLAMP((fit->len + jobs - 1) / MAX(jobs, 1), 1, BATCH);
		for (guint k = 0; k < fit->len; k++)
			add_work(st, r, g_array_index(fit, guint, k), &w,
				 batch);
		g_array_free(fit, TRUE);
	}
}

int lint_smpl(const struct lint_rules *r, const GPtrArray *views,
	      const GPtrArray *decls, int jobs, GPtrArray *out,
	      GPtrArray *problems, GPtrArray *not_judged)
{
	struct stage st = { .views = views, .decls = decls, .out = out,
			    .problems = problems, .not_judged = not_judged };
	GPtrArray *again = NULL;
	char *tmp = g_dir_make_tmp("treewide-lint-XXXXXX", NULL);
	int ret;

	if (!tmp)
		return tw_error("cannot make a folder for temporary files: %s",
				g_strerror(errno));
	st.tmp = tmp;
	st.works = g_ptr_array_new_with_free_func(work_free);
	st.said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	plan(&st, r, jobs);
	for (int round = 0; ; round++) {
		ret = child_pool(st.works->len, jobs, &limits, run_one,
				 run_done, &st);
		if (ret)
			break;
		again = g_ptr_array_new_with_free_func(work_free);
		for (guint i = 0; i < st.works->len; i++) {
			struct work *w = st.works->pdata[i];
			char *path = g_strdup_printf("%s/out.%u", tmp, i);
			char *log = g_strdup_printf("%s/log.%u", tmp, i);

			if (!w->failed) {
				take_output(&st, w->rule, path);
				take_unparsed(&st, log);
			} else if (w->views->len == 1) {
				struct lint_view *v = views->pdata[
					g_array_index(w->views, guint, 0)];

				g_ptr_array_add(problems, g_strdup_printf(
					"%s: %s: %s", v->file, w->rule->id,
					w->why));
			} else {
				/* Which one was it? */
				for (guint k = 0; k < w->views->len; k++) {
					struct work *one = NULL;
					struct stage to = { .works = again };

					add_work(&to, w->rule, g_array_index(
						 w->views, guint, k), &one, 1);
				}
			}
			g_free(log);
			g_free(path);
		}
		g_ptr_array_free(st.works, TRUE);
		st.works = again;
		if (!again->len)
			break;
	}
	for (guint i = 0; i < views->len; i++)
		((struct lint_view *)views->pdata[i])->typed = TRUE;
	g_ptr_array_free(st.works, TRUE);
	g_hash_table_destroy(st.said);
	smpl_remove_dir(tmp);
	g_free(tmp);
	return ret;
}
