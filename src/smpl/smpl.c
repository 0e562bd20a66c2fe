// SPDX-License-Identifier: GPL-2.0-only
/*
 * spatch says nothing about code that it skips, so it is asked twice: once to
 * parse only, for the lines where it gives up, and once a rule.  What it
 * leaves is the new text; the caller compares.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <gio/gio.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cachefile.h"
#include "base/child.h"
#include "base/diag.h"
#include "model/spelling.h"
#include "smpl/smpl.h"
#include "base/treewide.h"

/* The largest files of mm/ take seconds; a rule that loops takes for ever. */
static const struct child_limits limits = { 180, 4ull << 30 };
#define SMPL_MAGIC "treewide-smpl 4\n"
/*
 * What spatch says, with exit status 255, of a file without the words that a
 * rule needs: it matched nothing.
 */
#define NO_MATCH "-o can not be applied because there are no modified files"

struct batch {
	const GPtrArray *rules, *jobs;
	GArray *todo;
	GPtrArray *cache;	/* char *: the cache entry of each job */
	const char *tmp;
	guint done;
};

char *smpl_version(void)
{
	const char *argv[] = { "spatch", "--version", NULL };
	GSubprocess *p = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE |
					   G_SUBPROCESS_FLAGS_STDERR_SILENCE,
					   NULL);
	char *out = NULL, *version = NULL;

	if (p && g_subprocess_communicate_utf8(p, NULL, NULL, &out, NULL,
					       NULL) && out) {
		char **words = g_strsplit(out, " ", 4);

		if (g_strv_length(words) > 2)
			version = g_strdup(g_strstrip(words[2]));
		g_strfreev(words);
	}
	g_clear_object(&p);
	g_free(out);
	if (!version)
		tw_error("spatch cannot be run; install the package coccinelle");
	return version;
}

/*
 * Runs spatch in this (child) process's child; its exit status, or -1.  A fork()
 * would copy the page tables of a run, which is large by now, each time.
 */
static int spatch(const char *const *argv, const char *log)
{
	posix_spawn_file_actions_t files;
	int status, err;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, log,
					 O_WRONLY | O_CREAT | O_TRUNC, 0644);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	err = posix_spawnp(&pid, "spatch", &files, NULL, (char *const *)argv,
			   environ);
	posix_spawn_file_actions_destroy(&files);
	if (err || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/*
 * What the parser left out, "U FIRST LAST" each: behind "File "X", line N" it
 * says so many lines are bad, and shows them, the one that it stumbled over as
 * "BAD:".  Before them it shows the last good line.
 */
static void put_unparsed(GString *out, const char *log, const char *in)
{
	char *text, *p, *pat;

	if (!g_file_get_contents(log, &text, NULL, NULL))
		return;
	pat = g_strdup_printf("= File \"%s\", line ", in);
	for (p = text; (p = strstr(p, pat)); ) {
		long at = strtol(p + strlen(pat), NULL, 10), n = 0, k = -1;
		char *next = strstr(p + 1, "= File \"");
		char *bad = strstr(p, "\nbadcount:");

		p += strlen(pat);
		bad = bad && (!next || bad < next) ? strchr(bad + 1, '\n') :
						     NULL;
		for (; bad && g_ascii_strncasecmp(bad, "\nbad:", 5) == 0;
		     bad = strchr(bad + 1, '\n'), n++)
			if (bad[1] == 'B' && k < 0)
				k = n;
		if (k > 0)
			g_string_append_printf(out, "U %ld %ld\n", at - k + 1,
					       at - k + n - 1);
		else
			g_string_append_printf(out, "U %ld %ld\n", at, at);
	}
	g_free(pat);
	g_free(text);
}

static char *last_line(const char *log)
{
	char *text, *nl, *line;

	if (!g_file_get_contents(log, &text, NULL, NULL))
		return g_strdup("no output");
	g_strchomp(text);
	nl = strrchr(text, '\n');
	line = g_strdup(nl ? nl + 1 : text);
	g_free(text);
	return g_strdelimit(line, "\n\r", ' ');
}

/* The command line for the rule; this is for a child, which does not free it. */
static const char **command(const struct smpl_rule *r, const char *in,
			    const char *res)
{
	static const char *const usual[] = {
		"--no-includes", "--include-headers", NULL
	};
	const char *const *args = r->args ? (const char *const *)r->args :
				  usual;
	GPtrArray *v = g_ptr_array_new();

	g_ptr_array_add(v, (gpointer)"spatch");
	g_ptr_array_add(v, (gpointer)"--very-quiet");
	for (; *args; args++)
		g_ptr_array_add(v, (gpointer)*args);
	g_ptr_array_add(v, (gpointer)"--sp-file");
	g_ptr_array_add(v, r->path);
	g_ptr_array_add(v, (gpointer)in);
	g_ptr_array_add(v, (gpointer)"-o");
	g_ptr_array_add(v, (gpointer)res);
	g_ptr_array_add(v, NULL);
	return (const char **)g_ptr_array_free(v, FALSE);
}

/* In the child: all rules on one file; the result goes to @out. */
static int run_rules(const struct batch *b, const struct smpl_job *job,
		     const char *base, const char *out)
{
	/* spatch goes by the ending. */
	const char *ext = g_str_has_suffix(job->name, ".h") ? "h" : "c";
	char *in = g_strdup_printf("%s-in.%s", base, ext);
	char *res = g_strdup_printf("%s-out.%s", base, ext);
	char *log = g_strdup_printf("%s.log", base);
	const char *parse[] = { "spatch", "--parse-c", "--no-includes",
				in, NULL };
	GString *s = g_string_new(SMPL_MAGIC);

	if (!g_file_set_contents(in, job->text, job->size, NULL))
		return 1;
	spatch(parse, log);
	put_unparsed(s, log, in);
	for (guint i = 0; i < b->rules->len; i++) {
		const struct smpl_rule *r = b->rules->pdata[i];
		const char **argv = command(r, in, res);
		int status;
		char *text;
		gsize size;

		g_unlink(res);
		status = spatch(argv, log);
		if (status) {
			char *why = last_line(log);

			if (strcmp(why, NO_MATCH))
				g_string_append_printf(s, "E %u %s\n", i, why);
			g_free(why);
			continue;
		}
		if (!g_file_get_contents(res, &text, &size, NULL))
			continue;	/* nothing matched */
		g_string_append_printf(s, "T %u %" G_GSIZE_FORMAT "\n", i,
				       size);
		g_string_append_len(s, text, size);
		g_string_append_c(s, '\n');
		g_file_set_contents(in, text, size, NULL);
		g_free(text);
	}
	g_string_append(s, ".\n");
	return cachefile_write(out, s->str, s->len) ? 1 : 0;
}

static int child(guint i, void *data)
{
	struct batch *b = data;
	guint n = g_array_index(b->todo, guint, i);
	char *base = g_strdup_printf("%s/%u", b->tmp, n);

	return run_rules(b, b->jobs->pdata[n], base, b->cache->pdata[n]);
}

static void child_done(guint i, enum child_end end, int status, void *data)
{
	struct batch *b = data;
	guint n = g_array_index(b->todo, guint, i);
	struct smpl_job *job = b->jobs->pdata[n];

	tw_progress("spatch", ++b->done, b->todo->len, job->name);
	if (end != CHILD_OK)
		for (guint k = 0; k < b->rules->len; k++)
			job->steps[k].error = g_strdup_printf("spatch %s",
					child_end_text(end, status, &limits));
}

static gboolean load(struct smpl_job *job, guint n_rules, const char *path)
{
	char *text, *p, *end;
	gboolean whole = FALSE;
	gsize size;

	text = cachefile_read(path, &size);
	if (!text)
		return FALSE;
	p = text + strlen(SMPL_MAGIC);
	end = text + size;
	if (!g_str_has_prefix(text, SMPL_MAGIC))
		p = end;
	while (p < end && !whole) {
		char *nl = memchr(p, '\n', end - p);
		guint64 k, len;

		if (!nl)
			break;
		*nl = '\0';
		k = p[0] && p[1] ? g_ascii_strtoull(p + 2, NULL, 10) : 0;
		switch (*p) {
		case 'U': {
			char *space = strchr(p + 2, ' ');
			guint last = space ? strtoul(space, NULL, 10) : 0;

			for (guint line = k; line <= last; line++)
				g_array_append_val(job->unparsed, line);
			break;
		}
		case 'E':
			if (k < n_rules)
				job->steps[k].error =
					g_strdup(strchr(p + 2, ' ') + 1);
			break;
		case 'T':
			len = g_ascii_strtoull(strchr(p + 2, ' ') + 1, NULL,
					       10);
			if (k >= n_rules || len > (guint64)(end - nl - 1))
				goto out;
			job->steps[k].text = g_malloc(len + 1);
			memcpy(job->steps[k].text, nl + 1, len);
			job->steps[k].text[len] = '\0';
			job->steps[k].size = len;
			nl += 1 + len;
			break;
		case '.':
			whole = TRUE;
			break;
		}
		p = nl + 1;
	}
out:
	g_free(text);
	if (!whole) {
		g_array_set_size(job->unparsed, 0);
		for (guint k = 0; k < n_rules; k++) {
			g_clear_pointer(&job->steps[k].text, g_free);
			g_clear_pointer(&job->steps[k].error, g_free);
		}
	}
	return whole;
}

static char *cache_entry(const char *dir, const GPtrArray *rules,
			 const struct smpl_job *job, const char *version)
{
	XXH3_state_t *h = XXH3_createState();
	XXH128_hash_t d;
	char *name, *path;

	XXH3_128bits_reset(h);
	XXH3_128bits_update(h, SMPL_MAGIC, strlen(SMPL_MAGIC));
	XXH3_128bits_update(h, version, strlen(version) + 1);
	for (guint i = 0; i < rules->len; i++) {
		const struct smpl_rule *r = rules->pdata[i];

		XXH3_128bits_update(h, r->text, strlen(r->text) + 1);
		for (char **a = r->args; a && *a; a++)
			XXH3_128bits_update(h, *a, strlen(*a) + 1);
	}
	XXH3_128bits_update(h, job->name, strlen(job->name) + 1);
	XXH3_128bits_update(h, job->text, job->size);
	d = XXH3_128bits_digest(h);
	XXH3_freeState(h);
	name = g_strdup_printf("%016" G_GINT64_MODIFIER "x%016"
			       G_GINT64_MODIFIER "x", (guint64)d.high64,
			       (guint64)d.low64);
	path = g_build_filename(dir, name, NULL);
	g_free(name);
	return path;
}

char *smpl_missing(const char *rule, const struct tree *t)
{
	static const char key[] = "// requires: ";
	char **lines = g_strsplit(rule, "\n", -1), *missing = NULL;

	for (char **l = lines; *l && !missing; l++) {
		char **want, *have;
		gsize size;

		if (!g_str_has_prefix(*l, key))
			continue;
		want = g_strsplit(*l + strlen(key), ": ", 2);
		have = want[0] && want[1] && t ?
			tree_read(t, want[0], &size, TRUE) : NULL;
		if (!have || !strstr(have, want[1]))
			missing = g_strdup_printf("no '%s' in %s",
				want[0] && want[1] ? want[1] : "",
				want[0] ? want[0] : "");
		g_free(have);
		g_strfreev(want);
	}
	g_strfreev(lines);
	return missing;
}

void smpl_fill(char **text, const char *name, const char *alt)
{
	char **parts = g_strsplit(*text, name, -1);

	g_free(*text);
	*text = g_strjoinv(*alt ? alt : "$.", parts);
	g_strfreev(parts);
}

void smpl_remove_dir(const char *path)
{
	GDir *d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *p = g_build_filename(path, name, NULL);

		g_unlink(p);
		g_free(p);
	}
	if (d)
		g_dir_close(d);
	g_rmdir(path);
}

int smpl_run(const GPtrArray *rules, const GPtrArray *jobs, int n_jobs)
{
	char *dir = tw_cache_path("smpl"), *version = smpl_version();
	char *tmp = NULL;
	struct batch b = { .rules = rules, .jobs = jobs };
	int ret = -1;

	if (!version)
		goto out;
	if (g_mkdir_with_parents(dir, 0755)) {
		tw_error("cannot make '%s': %s", dir, g_strerror(errno));
		goto out;
	}
	tmp = g_dir_make_tmp("treewide-XXXXXX", NULL);
	if (!tmp) {
		tw_error("cannot make a folder for temporary files: %s",
			 g_strerror(errno));
		goto out;
	}
	b.tmp = tmp;
	b.todo = g_array_new(FALSE, FALSE, sizeof(guint));
	b.cache = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < jobs->len; i++) {
		struct smpl_job *job = jobs->pdata[i];

		job->steps = g_new0(struct smpl_step, rules->len + 1);
		job->unparsed = g_array_new(FALSE, FALSE, sizeof(guint));
		g_ptr_array_add(b.cache, cache_entry(dir, rules, job,
						     version));
		job->cached = load(job, rules->len, b.cache->pdata[i]);
		if (!job->cached)
			g_array_append_val(b.todo, i);
	}
	ret = child_pool(b.todo->len, n_jobs, &limits, child, child_done, &b);
	tw_progress_end();
	for (guint i = 0; i < b.todo->len; i++) {
		guint n = g_array_index(b.todo, guint, i);
		struct smpl_job *job = jobs->pdata[n];

		if (!rules->len || job->steps[0].error)
			continue;
		if (!load(job, rules->len, b.cache->pdata[n]))
			job->steps[0].error = g_strdup("spatch left no result");
	}
	g_array_free(b.todo, TRUE);
	g_ptr_array_free(b.cache, TRUE);
out:
	if (tmp)
		smpl_remove_dir(tmp);
	g_free(tmp);
	g_free(version);
	g_free(dir);
	return ret;
}

struct smpl_rule *smpl_rule_load(const char *path, const struct manifest *m)
{
	struct smpl_rule *r;
	GError *err = NULL;
	char *text = spelling_read(m->spelled, path, &err), *base;

	if (!text) {
		tw_error("%s", err->message);
		g_error_free(err);
		return NULL;
	}
	base = g_path_get_basename(path);
	r = g_new0(struct smpl_rule, 1);
	r->text = text;
	r->path = g_strdup(path);
	r->name = g_strdup_printf("%s/%.*s", m->name,
				  (int)(strrchr(base, '.') - base), base);
	g_free(base);
	return r;
}

void smpl_rule_free(gpointer p)
{
	struct smpl_rule *r = p;

	g_free(r->name);
	g_free(r->path);
	g_free(r->text);
	g_strfreev(r->args);
	g_free(r);
}

void smpl_job_free(struct smpl_job *j, guint n_rules)
{
	for (guint k = 0; j->steps && k < n_rules; k++) {
		g_free(j->steps[k].text);
		g_free(j->steps[k].error);
	}
	g_free(j->steps);
	if (j->unparsed)
		g_array_free(j->unparsed, TRUE);
	g_free(j->name);
	g_free(j->text);
	g_free(j);
}
