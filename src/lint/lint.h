/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lint: new uses of what a conversion has converted away.  This header has
 * what the parts of it share: rules (src/lint/rule.c), a file or hunk to judge
 * (a view), the text stage (src/lint/text.c), what the tree declares
 * (src/lint/decl.c), semantic patches (src/lint/smpl.c), libclang
 * (src/lint/deep.c), what is silent (src/lint/mute.c), output (src/lint/out.c).
 * The pipeline is src/lint/lint.c.
 */
#ifndef LINT_H
#define LINT_H

#include <glib.h>

#include "text/lex.h"
#include "text/patchread.h"
#include "tree/tree.h"

enum lint_severity { LINT_NOTE, LINT_WARNING, LINT_ERROR, N_LINT_SEVERITY };
extern const char *const lint_severity_name[N_LINT_SEVERITY];

/* How sure a finding is: the name fits; its declaration or origin is seen in
 * the text; a semantic patch or the compiler's types say so. */
enum lint_sure { LINT_POSSIBLE, LINT_LIKELY, LINT_CERTAIN, N_LINT_SURE };
extern const char *const lint_sure_name[N_LINT_SURE];

/* ---- rules ---- */

/* A kind of value that the text stage follows through a function. */
struct lint_kind {
	char *name;
	char **types;		/* declared so: a value of the kind */
	char **calls;		/* functions and macros that yield one */
	char **members;		/* fields that hold one */
	char **assigned;	/* calls whose result makes a variable one */
	char **params;		/* "NAME:N": parameter N of macro NAME is one */
	char **unless_arg;	/* words in such a call that make it none */
	gboolean until_tested;	/* a test of the variable ends it */
	gboolean may_fail;	/* so does a function of the file that can return NULL */
	const struct lint_kind *deref;	/* "*x" and "x[i]" of that kind are one */
	const struct lint_kind *address;	/* "&x" of that kind is one */
	GPtrArray *binds;	/* struct lint_pattern: $x becomes one */
};

enum lint_el { EL_TOKEN, EL_VAR, EL_ANY };

struct lint_elem {
	enum lint_el el;
	char *text;		/* of a token; the name of a variable */
	guint var;		/* its index */
};

struct lint_var {
	char *name;		/* without '$' */
	char **globs;		/* of an identifier, or NULL: any */
	const struct lint_kind *kind;	/* or NULL */
};

struct lint_pattern {
	char *name;
	GArray *elems;		/* struct lint_elem */
	GArray *vars;		/* struct lint_var */
	GPtrArray *unless;	/* struct lint_pattern, tried at the same place */
	GPtrArray *behind;	/* the same, of single tokens, before the place */
	gboolean declares;	/* matches declarations, too, not only uses */
	gboolean macros;	/* may start in the head of a #define */
	int at;			/* the variable whose place is reported, or -1 */
	char *what;		/* instead of the rule's, or NULL */
	char *instead;
	char *instead_elsewhere;	/* in the files of the rule's elsewhere */
	char **files;		/* globs: where it looks */
	char **within;		/* only in functions that return one of these */
	char *fix;		/* text with $variables, or NULL */
	int sure;		/* enum lint_sure, or -1: as the match tells */
};

struct lint_rule {
	char *id;		/* "ptdesc/pmd-ptdesc" */
	char *path;		/* of its file */
	char *what, *why, *instead;
	char **elsewhere;	/* globs: where another advice is right, */
	char *instead_elsewhere;	/* this one, or NULL */
	char *bad, *good;	/* an example */
	char *doc;
	enum lint_severity severity;
	char **files;		/* globs; "!" excludes */
	char **needs;		/* words, one of which a file must have; none: any file */
	GPtrArray *patterns;
	char *check;		/* a check in C, or NULL */
	char **check_args;
	char *cocci;		/* path of a semantic patch, or NULL */
	char **cocci_needs;	/* the same, of a function for the semantic patch */
	char *cocci_mode;	/* "report", "context", "patch"; NULL: no virtual rules */
	gboolean user;		/* from --rules: sees whole files */
	gboolean told;		/* its semantic patch is told what the tree declares */
	char **deep;		/* kinds of use that libclang reports: "member", "old" */
	char **fix_files;	/* where its rewrites are right */
	gboolean off;
};

struct lint_rules {
	GHashTable *files;	/* "@NAME" -> char **: named globs */
	GPtrArray *rules;	/* struct lint_rule, by id */
	GPtrArray *kinds;	/* struct lint_kind */
	GPtrArray *deep;	/* struct lint_deep: what libclang is asked */
	GPtrArray *declared;	/* struct lint_declared */
	GPtrArray *unconverted;	/* struct lint_unconverted */
	char *hash;		/* of all rule files */
	guint64 state;
};

/* Which declarations of a tree a conversion's semantic patches are told. */
struct lint_declared {
	char *conversion;
	char **types;		/* "pgtable_t", "struct page *" */
	char **words;		/* those of them whose names make code worth a look */
	char **look_in;		/* folders of headers, for @ARCH@ that of the file */
	char *known;		/* prototypes: of macros, and of what is sure */
};

/* A text that only a tree before the conversion has. */
struct lint_unconverted { char *conversion; char **files; char *text; };

/* What --deep needs of a conversion's manifest. */
struct lint_deep {
	char *conversion;
	char **types;
	char *old_struct, *new_struct;
	char **include;		/* what everybody includes, before a header */
};

struct lint_rules *lint_rules_new(void);
void lint_rules_free(struct lint_rules *r);
/*
 * Load the rules of all conversions, or of the one called @only.  0, or -1
 * after a message.
 */
int lint_rules_load(struct lint_rules *r, const char *only);
/* Load a user's folder: *.ini and *.cocci. */
int lint_rules_load_user(struct lint_rules *r, const char *dir);
struct lint_rule *lint_rule_find(const struct lint_rules *r, const char *id);
/* Does the path fit the globs?  No positive glob: all that are not excluded. */
gboolean lint_globs_match(char **globs, const char *path);

/* ---- views ---- */

struct lint_line {
	gsize off;		/* in the text */
	guint no;		/* in the new file, 1-based */
	guint8 added;		/* only this side of the change has it */
	guint8 cut;		/* the other side has more behind it */
};

/* The text of a file, or of one hunk if nothing else is known. */
struct lint_view {
	char *file;		/* path in the tree */
	char *text;
	gsize size;
	GArray *lines;		/* struct lint_line, one a line of the text */
	gboolean whole;		/* the text is the whole file */
	guint patch;		/* index of the patch, from 0 */
	gboolean typed;		/* semantic patches saw it */
	gboolean deep;		/* libclang read it */
	gboolean looked;	/* its words are among those of the declarations */
	const struct tree *tree;	/* to follow includes, or NULL */
	struct lint_view *old;	/* the same before the change, or NULL */
	char *section;		/* of a hunk: the head of its function, or NULL */
	char *orig;		/* the text, where @text is blanked in part */
	gboolean lexed;
	struct token_list toks;
	guint32 *sig;		/* indices of the tokens that count */
	guint32 *close;		/* of each: behind the bracket that it opens, or 0 */
	guint n_sig;
};

/* Takes @text over; all lines are numbered from @first and none is added. */
struct lint_view *lint_view_new(const char *file, char *text, gsize size,
				guint first);
void lint_view_free(gpointer p);
void lint_view_lex(struct lint_view *v);
/* The line of the text (from 0) that byte @off is in. */
guint lint_view_line(const struct lint_view *v, gsize off);
/* Byte range of line @i (from 0), without its newline. */
const char *lint_view_line_text(const struct lint_view *v, guint i, gsize *len);
/*
 * The lines (from 0) of the statement around byte @off: between what ends
 * statements, in strings too, which makes it shorter, never longer.
 */
void lint_view_statement(const struct lint_view *v, gsize off, guint *first,
			 guint *last);
/* The function or macro that line @line (from 0) is in, or NULL. */
char *lint_view_function(const struct lint_view *v, guint line);

/* ---- findings ---- */

#define LINT_SOURCE_MAX 500
#define LINT_TEXT_MAX (12u << 20)	/* bytes of a file that has words of rules */

struct lint_finding {
	const struct lint_rule *rule;	/* NULL: of lint itself */
	const char *id;
	enum lint_severity severity;
	enum lint_sure sure;
	char *evidence;		/* "text", "semantic patch", "types in arm64/4k" */
	char *file;
	guint line, col;	/* of the new file, 1-based, columns in bytes */
	guint end_col;		/* behind the last byte, on the same line; or 0 */
	char *message;
	char *source;		/* the line, or its start: LINT_SOURCE_MAX bytes */
	guint64 fingerprint;
	guint patch;
	guint8 added;		/* the change touches its lines */
	guint8 matched;		/* the same use is there before and after */
	guint line_index;	/* its line in the view, from 0 */
	char *name;		/* what is used, or NULL */
	char *func;		/* the function it is in, once it was asked for */
	char *fix;		/* replaces [fix_off, fix_off+fix_len) of the view */
	gsize fix_off, fix_len;
	gboolean converted;	/* the conversion has a rewrite for its statement */
	struct lint_view *view;	/* borrowed */
};

void lint_finding_free(gpointer p);
/* The finding of @rule at byte @off of the view, @len bytes wide. */
struct lint_finding *lint_finding_new(const struct lint_rule *rule,
				      struct lint_view *v, gsize off,
				      gsize len);
/* The same at a line (from 0) and column. */
struct lint_finding *lint_finding_at(const struct lint_rule *rule,
				     struct lint_view *v, guint line,
				     guint col, gsize len);
/* What to write instead in such a file; @p: the pattern that matched, or NULL. */
const char *lint_instead(const struct lint_rule *rule,
			 const struct lint_pattern *p, const char *file);
/* NULL for @what, @instead: the rule's. */
char *lint_message(const struct lint_rule *rule, const char *file,
		   const char *what, const char *instead);

/* ---- what the tree declares (src/lint/decl.c) ---- */

struct lint_decls;

/* Of all conversions that ask for it; both are borrowed. */
GPtrArray *lint_decls_new(const struct lint_rules *r, const struct tree *tree);
/* A part of a header as a patch leaves it: goes before what the tree says. */
void lint_decls_change(const GPtrArray *all, const char *file,
		       const char *text, gsize size);
/* Those that @rule is told, or NULL; @all may be NULL. */
struct lint_decls *lint_decls_of(const GPtrArray *all,
				 const struct lint_rule *rule);
/* Read what @v declares and can see. */
void lint_decls_look(struct lint_decls *d, struct lint_view *v);
/* Has a text a word that some declaration read so far makes worth a look? */
gboolean lint_decls_has_word(const struct lint_decls *d, const char *s,
			     gsize size);
/* The declarations, on one line, of the names in @text, a part of @v. */
char *lint_decls_for(struct lint_decls *d, struct lint_view *v,
		     const char *text, gsize size);

/* ---- stages ---- */

/* The text stage: appends to @out. */
void lint_text(const struct lint_rules *r, struct lint_view *v,
	       GPtrArray *out);

/*
 * The functions that have an added line and one of the words, or one of @decls,
 * with their heads; other lines are emptied, so that each line keeps its number.
 */
char *lint_slice(const struct lint_view *v, char **words,
		 const struct lint_decls *decls, gsize *size);

/* Does the text of the view have one of the words (or are there none)? */
gboolean lint_view_has(const struct lint_view *v, char **words);
/* Is it a file of the rule, with one of its words or of the declarations? */
gboolean lint_rule_wants(const struct lint_rule *rule, struct lint_view *v,
			 const GPtrArray *decls);

/*
 * Semantic patches over whole @views (struct lint_view): appends to @out, to
 * @problems (char *) what spatch could not do, to @not_judged (char *) what it
 * cannot parse.  0, or -1 after a message.
 */
int lint_smpl(const struct lint_rules *r, const GPtrArray *views,
	      const GPtrArray *decls, int jobs, GPtrArray *out,
	      GPtrArray *problems, GPtrArray *not_judged);

/*
 * libclang in the cells of @tree, over whole @views: as lint_smpl().  Only
 * cells that are prepared or can be; @cells (patterns, NULL: all) chooses.
 */
int lint_deep(const struct lint_rules *r, const struct tree *tree,
	      char **cells, const GPtrArray *views, const GPtrArray *decls,
	      int jobs, GPtrArray *out, GPtrArray *problems);

/* ---- what is silent (src/lint/mute.c) ---- */

struct lint_mute;

struct lint_mute *lint_mute_new(void);
void lint_mute_free(struct lint_mute *m);
/* 0, or -1 after a message. */
int lint_mute_load_config(struct lint_mute *m, struct lint_rules *r,
			  const char *path);
int lint_mute_load_baseline(struct lint_mute *m, const char *path);
/* The text of a baseline that has all of @findings; the caller frees it. */
char *lint_mute_baseline(const GPtrArray *findings);
/*
 * Take the inline comments of a view; its findings that they allow are removed
 * from @findings, and what is wrong with the comments is added.
 */
void lint_mute_inline(struct lint_mute *m, const struct lint_rules *r,
		      struct lint_view *v, GPtrArray *findings);
gboolean lint_mute_has_comments(const struct lint_view *v);
/* Does the config or the baseline silence it? */
gboolean lint_mute_finding(struct lint_mute *m, const struct lint_finding *f);
/* Entries that silenced nothing, as findings; only where all was judged. */
void lint_mute_unused(const struct lint_mute *m, GPtrArray *findings);
guint lint_mute_count(const struct lint_mute *m);

/* ---- the pipeline (src/lint/lint.c, pipeline.h) ---- */

struct lint_request {
	struct lint_rules *rules;
	struct lint_mute *mute;
	const struct tree *tree;	/* a kernel tree, or NULL */
	const struct tree *root;	/* where files and git are: @tree or the current folder */
	char *patch;		/* text of a patch, or NULL */
	gsize patch_size;
	const char *patch_name;	/* for messages */
	const char *range;	/* of git, or NULL */
	char **files;		/* paths, or NULL */
	char **cells;
	gboolean all, types, deep, fix;
	int jobs;
};

struct lint_patch_info { char *subject, *author, *commit; };

struct lint_result {
	GPtrArray *findings;	/* by patch and place */
	GPtrArray *views;	/* that findings borrow */
	GPtrArray *patches;	/* struct lint_patch_info */
	GPtrArray *not_judged;	/* char *: "file: why" */
	GPtrArray *unread;	/* char *: parts of mails that may hold a diff */
	GPtrArray *problems;	/* char *: a stage that gave no result */
	GPtrArray *edits;	/* struct lint_edit: the conversion's */
	guint files, muted, moved;
};

/* 0, or -1 after a message. */
int lint_run(const struct lint_request *req, struct lint_result *res);
void lint_result_clear(struct lint_result *res);

/* ---- rewrites (src/lint/fix.c, fixpatch.c) ---- */

/* Bytes of the view, and what shall stand there. */
struct lint_edit { struct lint_view *view; gsize off, len; char *text; };

void lint_edit_free(gpointer p);
/*
 * What the conversions' semantic patches would write for the statements with
 * findings: @res->edits.  @root has what rules require, or is NULL.  0, or -1
 * after a message.
 */
int lint_convert(const struct lint_rules *r, const struct tree *root, int jobs,
		 struct lint_result *res);
/*
 * Lint the text with the rewrites again, and take back those that a rule
 * objects to.  0, or -1 after a message.
 */
int lint_check_fixes(const struct lint_request *req, const GPtrArray *decls,
		     struct lint_result *res);
/*
 * A patch with the rewrites: the conversion's, or the rule's own template where
 * the conversion says nothing.  @n: how many findings have one.
 */
char *lint_fixes(const struct lint_result *res, guint *n);
/* A conversion that has rules and that the tree has not seen yet, or NULL. */
const char *lint_unconverted(const struct lint_rules *r,
			     const struct tree *tree);

/* ---- output (src/lint/out.c) ---- */

enum lint_format { LINT_GCC, LINT_JSON, LINT_SARIF, LINT_GITHUB,
		   N_LINT_FORMAT };
extern const char *const lint_format_name[N_LINT_FORMAT + 1];	/* NULL ends it */

char *lint_print(const struct lint_result *res, const struct lint_rules *r,
		 enum lint_format format, gboolean colour);
char *lint_explain(const struct lint_rule *rule);

/* Compile "pmd_ptdesc(...)"; @vars in @k, section @s.  NULL after a message. */
struct lint_pattern *lint_pattern_new(const struct lint_rules *r, GKeyFile *k,
				      const char *section, const char *text,
				      const char *path);
void lint_pattern_free(gpointer p);

#endif
