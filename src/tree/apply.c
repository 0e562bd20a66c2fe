// SPDX-License-Identifier: GPL-2.0-only
/*
 * All-or-nothing changes of a tree.  rename() is the only step that can change
 * a file whole, and a journal the only way to make many renames one; so:
 *
 *   1. check every target; write and sync the journal (state P, planned)
 *   2. beside each target, write and sync .treewide-new.N, and link the old
 *      file to .treewide-old.N
 *   3. look at the targets again; set the journal's state to C (complete)
 *   4. rename each .treewide-new.N over its target
 *   5. remove each .treewide-old.N, then the journal
 *
 * A kill before 3 is undone, one after it is finished.  When a rename fails
 * (not a kill) the state becomes U and the old files are renamed back.  The
 * state is one byte that is overwritten in place: no half-written mark, and no
 * need of space on a full disk.  Every step can be repeated, so recovery can be
 * killed too.
 *
 * A journal may come with a stranger's tree.  Names are walked one component at
 * a time without following symbolic links, and the hashes of what stands in
 * the tree must be what the journal says; else it is refused, untouched.
 * Directories are not created, and extended attributes not copied.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "tree/apply.h"
#include "base/diag.h"

#define JOURNAL ".treewide-journal"
#define OWN_PREFIX ".treewide-"
#define MAGIC "treewide-journal 1 "	/* the state follows, then a newline */
#define STATE_OFF (sizeof(MAGIC) - 1)
#define JOURNAL_MAX (64 << 20)
#define HASH_LEN 32
#define NO_FILE "-"

enum state { PLANNED = 'P', COMPLETE = 'C', UNDO = 'U' };

struct entry {
	char *path, *dir, *base;
	char old_hash[HASH_LEN + 1];	/* NO_FILE: it is created */
	char new_hash[HASH_LEN + 1];	/* NO_FILE: it is deleted */
	const struct apply_file *src;	/* NULL in recovery */
};

struct apply {
	const char *tree;
	int root, journal;		/* file descriptors; -1 when closed */
	struct entry *e;
	unsigned n;
};

/* See apply_fault_at(). */
static unsigned fault_number, fault_count, fault_then;
static int fault_error;

void apply_fault_at(unsigned n, int error, unsigned then)
{
	fault_number = n;
	fault_count = 0;
	fault_error = error;
	fault_then = then;
}

static int fault_is_due(void)
{
	return fault_number && ++fault_count == fault_number;
}

static int fault_strike(void)
{
	int error = fault_error;

	if (!error)
		_exit(137);
	apply_fault_at(fault_then, 0, 0);
	errno = error;
	return -1;
}

/* The steps that change something: each a fault point. */
static int do_write(int fd, const char *p, gsize n)
{
	int fault = fault_is_due();

	if (fault)
		n /= 2;
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		p += w;
		n -= w;
	}
	return fault ? fault_strike() : 0;
}

static int do_sync(int fd)
{
	return fault_is_due() ? fault_strike() : fsync(fd);
}

static int do_link(int dir, const char *from, const char *to)
{
	return fault_is_due() ? fault_strike() :
				linkat(dir, from, dir, to, 0);
}

static int do_rename(int dir, const char *from, const char *to)
{
	return fault_is_due() ? fault_strike() : renameat(dir, from, dir, to);
}

static int do_unlink(int dir, const char *name)
{
	if (fault_is_due())
		return fault_strike();
	return unlinkat(dir, name, 0) && errno != ENOENT ? -1 : 0;
}

static int do_create(int dir, const char *name, mode_t mode)
{
	if (fault_is_due())
		return fault_strike();
	return openat(dir, name, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW |
		      O_CLOEXEC, mode);
}

static void hash_bytes(const char *p, gsize n, char hex[HASH_LEN + 1])
{
	XXH128_canonical_t c;
	unsigned i;

	XXH128_canonicalFromHash(&c, XXH3_128bits(p ? p : "", n));
	for (i = 0; i < HASH_LEN / 2; i++)
		snprintf(hex + 2 * i, 3, "%02x", c.digest[i]);
}

static void own_name(char buf[64], const char *what, unsigned i)
{
	snprintf(buf, 64, OWN_PREFIX "%s.%u", what, i);
}

static int is_file(const char *hash)
{
	return strcmp(hash, NO_FILE) != 0;
}

static int path_is_safe(const char *path)
{
	char **part = g_strsplit(path, "/", -1);
	int ok = strlen(path) < PATH_MAX, i;

	for (i = 0; part[i]; i++) {
		if (!*part[i] || !strcmp(part[i], ".") ||
		    !strcmp(part[i], ".."))
			ok = 0;
	}
	if (!i || g_str_has_prefix(part[i - 1], OWN_PREFIX))
		ok = 0;
	g_strfreev(part);
	return ok;
}

/* 0, or -1 when the path is refused; the caller says so. */
static int entry_set_path(struct entry *e, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!path_is_safe(path))
		return -1;
	e->path = g_strdup(path);
	e->dir = slash ? g_strndup(path, slash - path) : g_strdup("");
	e->base = g_strdup(slash ? slash + 1 : path);
	return 0;
}

static void apply_clear(struct apply *a)
{
	unsigned i;

	for (i = 0; i < a->n; i++) {
		g_free(a->e[i].path);
		g_free(a->e[i].dir);
		g_free(a->e[i].base);
	}
	g_free(a->e);
	if (a->journal >= 0)
		close(a->journal);
	if (a->root >= 0)
		close(a->root);
}

static int open_root(struct apply *a, const char *tree)
{
	*a = (struct apply){ .tree = tree, .root = -1, .journal = -1 };
	a->root = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->root < 0)
		return tw_error("cannot open the tree '%s': %s", tree,
				g_strerror(errno));
	return 0;
}

/* A directory below the root, by a walk that follows no symbolic link. */
static int open_dir(const struct apply *a, const char *dir)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(a->root, ".", flags);
	char **part = g_strsplit(dir, "/", -1);
	struct stat st;
	int i, next, err;

	for (i = 0; fd >= 0 && part[i]; i++) {
		next = openat(fd, part[i], flags);
		err = errno;
		if (next < 0 && !fstatat(fd, part[i], &st,
					 AT_SYMLINK_NOFOLLOW) &&
		    S_ISLNK(st.st_mode))
			err = ELOOP;
		close(fd);
		fd = next;
		errno = err;
	}
	err = errno;
	g_strfreev(part);
	if (fd >= 0)
		return fd;
	if (err == ELOOP)
		return tw_error("'%s/%s' runs through a symbolic link, which may leave the tree; nothing was changed",
				a->tree, dir);
	return tw_error("cannot open the directory '%s/%s': %s", a->tree, dir,
			g_strerror(err));
}

/*
 * The hash of a file, NO_FILE when there is none.  Anything but a regular file
 * is an error.
 */
static int hash_file(const struct apply *a, const struct entry *e, int dir,
		     const char *name, char hex[HASH_LEN + 1])
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
			O_CLOEXEC);
	GMappedFile *map = NULL;
	const char *why = NULL;
	GError *err = NULL;
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		g_strlcpy(hex, NO_FILE, HASH_LEN + 1);
		return 0;
	}
	if (fd < 0 && errno == ELOOP)
		why = "it is a symbolic link";
	else if (fd < 0 || fstat(fd, &st))
		why = g_strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "it is not a regular file";
	else if (!(map = g_mapped_file_new_from_fd(fd, FALSE, &err)))
		why = err->message;
	else
		hash_bytes(g_mapped_file_get_contents(map),
			   g_mapped_file_get_length(map), hex);
	if (why && name == e->base)
		tw_error("cannot change '%s/%s': %s", a->tree, e->path, why);
	else if (why)
		tw_error("cannot use '%s' beside '%s/%s': %s", name, a->tree,
			 e->path, why);
	g_clear_error(&err);
	if (map)
		g_mapped_file_unref(map);
	if (fd >= 0)
		close(fd);
	return why ? -1 : 0;
}

/* Sync every directory that has an entry, each once. */
static int sync_dirs(const struct apply *a)
{
	GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
	int ret = 0, fd;
	unsigned i;

	for (i = 0; i < a->n && !ret; i++) {
		if (!g_hash_table_add(seen, a->e[i].dir))
			continue;
		fd = open_dir(a, a->e[i].dir);
		ret = fd < 0 ? -1 : do_sync(fd);
		if (fd >= 0) {
			if (ret)
				tw_error("cannot sync '%s/%s': %s", a->tree,
					 a->e[i].dir, g_strerror(errno));
			close(fd);
		}
	}
	g_hash_table_destroy(seen);
	return ret;
}

static int set_state(const struct apply *a, enum state state)
{
	char c = state;

	if (lseek(a->journal, STATE_OFF, SEEK_SET) < 0 ||
	    do_write(a->journal, &c, 1) || do_sync(a->journal))
		return tw_error("cannot write '%s/" JOURNAL "': %s", a->tree,
				g_strerror(errno));
	return 0;
}

static int remove_journal(const struct apply *a)
{
	if (do_unlink(a->root, JOURNAL) || do_sync(a->root))
		return tw_error("cannot remove '%s/" JOURNAL "': %s", a->tree,
				g_strerror(errno));
	return 0;
}

/* Remove .treewide-new.N or .treewide-old.N of every entry. */
static int remove_own(const struct apply *a, const char *what)
{
	char name[64];
	unsigned i;
	int dir, ret;

	for (i = 0; i < a->n; i++) {
		own_name(name, what, i);
		dir = open_dir(a, a->e[i].dir);
		if (dir < 0)
			return -1;
		ret = do_unlink(dir, name);
		if (ret)
			tw_error("cannot remove '%s/%s/%s': %s", a->tree,
				 a->e[i].dir, name, g_strerror(errno));
		close(dir);
		if (ret)
			return -1;
	}
	return 0;
}

/* From state P, where no target was touched, back to where no apply was. */
static int undo_plan(const struct apply *a)
{
	if (remove_own(a, "new") || remove_own(a, "old") || sync_dirs(a))
		return -1;
	return remove_journal(a);
}

static int forward_entry(const struct entry *e, int dir, unsigned i)
{
	char name[64];

	if (!is_file(e->new_hash))
		return do_unlink(dir, e->base);
	own_name(name, "new", i);
	if (!do_rename(dir, name, e->base))
		return 0;
	/* Recovery meets files that are renamed already. */
	return errno == ENOENT && !e->src ? 0 : -1;
}

static int back_entry(const struct entry *e, int dir, unsigned i)
{
	char name[64];
	struct stat st;

	if (!is_file(e->old_hash)) {
		own_name(name, "new", i);
		/* Still there: the target is not ours. */
		if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
			return 0;
		return do_unlink(dir, e->base);
	}
	own_name(name, "old", i);
	if (do_rename(dir, name, e->base) && errno != ENOENT)
		return -1;
	/* Two names of one file: rename() leaves both. */
	return do_unlink(dir, name);
}

static int each_entry(const struct apply *a,
		      int (*fn)(const struct entry *e, int dir, unsigned i))
{
	unsigned i;
	int dir, ret;

	for (i = 0; i < a->n; i++) {
		dir = open_dir(a, a->e[i].dir);
		if (dir < 0)
			return -1;
		ret = fn(&a->e[i], dir, i);
		if (ret)
			tw_error("cannot change '%s/%s': %s", a->tree,
				 a->e[i].path, g_strerror(errno));
		close(dir);
		if (ret)
			return -1;
	}
	return sync_dirs(a);
}

/* From state U back to where no apply was. */
static int roll_back(const struct apply *a)
{
	if (each_entry(a, back_entry) || remove_own(a, "new") || sync_dirs(a) ||
	    remove_journal(a))
		return tw_error("the tree '%s' is half changed; remove the cause, then run: treewide recover '%s'",
				a->tree, a->tree);
	return 0;
}

static int note_unchanged(const struct apply *a)
{
	tw_note("the tree '%s' is as it was", a->tree);
	return -1;
}

/* After a failure behind state C, with every .treewide-old.N in its place. */
static int give_up(const struct apply *a)
{
	if (set_state(a, UNDO) || roll_back(a))
		return -1;
	return note_unchanged(a);
}

/*
 * From state C: 0 when all is changed.  The caller decides what to do when it
 * is not: only the apply itself knows that the old files are all there yet.
 */
static int roll_forward(const struct apply *a)
{
	if (each_entry(a, forward_entry))
		return -1;
	if (remove_own(a, "old") || sync_dirs(a) || remove_journal(a))
		tw_warn("all files of '%s' are changed, but something of treewide's is left; run: treewide recover '%s'",
			a->tree, a->tree);
	return 0;
}

/* Does every target hold what the caller says?  Nothing of ours may lie about. */
static int check_targets(const struct apply *a, int first)
{
	static const char *const own[] = { "new", "old" };
	char hex[HASH_LEN + 1], name[64];
	struct stat st;
	unsigned i, k;
	int dir, ret;

	for (i = 0; i < a->n; i++) {
		const struct entry *e = &a->e[i];

		dir = open_dir(a, e->dir);
		if (dir < 0)
			return -1;
		ret = hash_file(a, e, dir, e->base, hex);
		if (!ret && strcmp(hex, e->old_hash))
			ret = tw_error("'%s/%s' %s; nothing was changed, run the command again",
				       a->tree, e->path, !is_file(hex) ?
				       "is not there any more" :
				       is_file(e->old_hash) ?
				       "changed since it was read" :
				       "exists, and would be created");
		if (!ret && first && faccessat(dir, ".", W_OK | X_OK,
					       AT_EACCESS))
			ret = tw_error("cannot write in '%s/%s': %s; nothing was changed",
				       a->tree, e->dir, g_strerror(errno));
		for (k = 0; !ret && first && k < G_N_ELEMENTS(own); k++) {
			own_name(name, own[k], i);
			if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
				ret = tw_error("'%s' lies in the way beside '%s/%s'; nothing was changed, remove it",
					       name, a->tree, e->path);
		}
		close(dir);
		if (ret)
			return -1;
	}
	return 0;
}

/* @st: whose mode and owner the file gets; NULL for a new file. */
static int stage_text(int dir, const char *name, const char *text, gsize size,
		      const struct stat *st)
{
	int fd = do_create(dir, name, st ? 0600 : 0666), err;
	struct stat now;

	if (fd < 0)
		return -1;
	if (do_write(fd, text, size))
		goto fail;
	if (st) {
		if (fstat(fd, &now))
			goto fail;
		if ((now.st_uid != st->st_uid || now.st_gid != st->st_gid) &&
		    fchown(fd, st->st_uid, st->st_gid))
			goto fail;
		if (fchmod(fd, st->st_mode & 07777))
			goto fail;
	}
	if (do_sync(fd))
		goto fail;
	return close(fd);
fail:
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static int stage_entry(const struct entry *e, int dir, unsigned i)
{
	const struct apply_file *f = e->src;
	char name[64];
	struct stat st;

	if (f->old_text && fstatat(dir, e->base, &st, AT_SYMLINK_NOFOLLOW))
		return -1;
	if (f->new_text) {
		own_name(name, "new", i);
		if (stage_text(dir, name, f->new_text, f->new_size,
			       f->old_text ? &st : NULL))
			return -1;
	}
	if (!f->old_text)
		return 0;
	own_name(name, "old", i);
	if (!do_link(dir, e->base, name))
		return 0;
	/* No hard links here: a copy does too. */
	if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK &&
	    errno != ENOSYS)
		return -1;
	return stage_text(dir, name, f->old_text, f->old_size, &st);
}

/* Fill the entries from the caller's files. */
static int make_entries(struct apply *a, const struct apply_file *v,
			unsigned n)
{
	GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
	unsigned i;
	int ret = 0;

	a->e = g_new0(struct entry, n);
	for (i = 0; i < n && !ret; i++) {
		struct entry *e = &a->e[a->n];

		if (entry_set_path(e, v[i].file)) {
			ret = tw_error("refusing to change '%s': not a plain path in the tree",
				       v[i].file);
			break;
		}
		a->n++;
		e->src = &v[i];
		if (!g_hash_table_add(seen, e->path))
			ret = tw_error("'%s' is to be changed twice in one go",
				       e->path);
		if (v[i].old_text)
			hash_bytes(v[i].old_text, v[i].old_size, e->old_hash);
		else
			g_strlcpy(e->old_hash, NO_FILE, sizeof(e->old_hash));
		if (v[i].new_text)
			hash_bytes(v[i].new_text, v[i].new_size, e->new_hash);
		else
			g_strlcpy(e->new_hash, NO_FILE, sizeof(e->new_hash));
	}
	g_hash_table_destroy(seen);
	return ret;
}

/*
 * The journal: the line with the state, a line "OLD-HASH NEW-HASH PATH" for
 * each file (the path escaped as in a URI), and "end HASH" of those lines.
 */
static GString *journal_text(const struct apply *a)
{
	GString *s = g_string_new(MAGIC "P\n");
	gsize from = s->len;
	char hex[HASH_LEN + 1];
	unsigned i;

	for (i = 0; i < a->n; i++) {
		char *path = g_uri_escape_string(a->e[i].path, "/", FALSE);

		g_string_append_printf(s, "%s %s %s\n", a->e[i].old_hash,
				       a->e[i].new_hash, path);
		g_free(path);
	}
	hash_bytes(s->str + from, s->len - from, hex);
	g_string_append_printf(s, "end %s\n", hex);
	return s;
}

/* Is the journal that we hold and locked the one that has the name? */
static int journal_is_ours(const struct apply *a)
{
	struct stat held, named;

	return !fstat(a->journal, &held) &&
	       !fstatat(a->root, JOURNAL, &named, AT_SYMLINK_NOFOLLOW) &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* After a lock that was not had. */
static int journal_busy(const struct apply *a)
{
	if (errno != EWOULDBLOCK)
		return tw_error("cannot lock '%s/" JOURNAL "': %s; nothing was changed",
				a->tree, g_strerror(errno));
	return tw_error("another treewide is changing '%s'; wait for it",
			a->tree);
}

/* Why no journal can be made where one is. */
static int journal_exists(const struct apply *a)
{
	int fd = openat(a->root, JOURNAL, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
			O_CLOEXEC);
	int ret = 0;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB))
		ret = journal_busy(a);
	if (fd >= 0)
		close(fd);
	if (ret)
		return ret;
	return tw_error("'%s/" JOURNAL "' is of an apply that was interrupted; nothing was changed, first run: treewide recover '%s'",
			a->tree, a->tree);
}

static int create_journal(struct apply *a)
{
	GString *text;
	int ret;

	a->journal = do_create(a->root, JOURNAL, 0644);
	if (a->journal < 0 && errno == EEXIST)
		return journal_exists(a);
	if (a->journal < 0)
		return tw_error("cannot write in the tree '%s': %s; nothing was changed",
				a->tree, g_strerror(errno));
	if (flock(a->journal, LOCK_EX | LOCK_NB))
		return journal_busy(a);
	if (!journal_is_ours(a))
		return tw_error("a 'treewide recover' of '%s' came between; nothing was changed, run the command again",
				a->tree);
	text = journal_text(a);
	ret = do_write(a->journal, text->str, text->len) ||
	      do_sync(a->journal) || do_sync(a->root);
	if (ret) {
		tw_error("cannot write '%s/" JOURNAL "': %s; nothing was changed",
			 a->tree, g_strerror(errno));
		remove_journal(a);
	}
	g_string_free(text, TRUE);
	return ret ? -1 : 0;
}

int apply_files(const char *tree, const struct apply_file *v, unsigned n)
{
	struct apply a;
	int ret = -1;

	if (!n)
		return 0;
	if (open_root(&a, tree) || make_entries(&a, v, n) ||
	    check_targets(&a, 1) || create_journal(&a))
		goto out;
	if (each_entry(&a, stage_entry) || check_targets(&a, 0)) {
		if (!undo_plan(&a))
			note_unchanged(&a);
		goto out;
	}
	/* A C that was not synced is on the disk or not: U is right for both. */
	if (set_state(&a, COMPLETE) || roll_forward(&a))
		ret = give_up(&a);
	else
		ret = 0;
out:
	apply_clear(&a);
	return ret;
}

static int hash_is_valid(const char *s)
{
	return !is_file(s) || (strlen(s) == HASH_LEN &&
			       strspn(s, "0123456789abcdef") == HASH_LEN);
}

static int parse_entry(struct apply *a, const char *line)
{
	char **f = g_strsplit(line, " ", 3);
	struct entry *e = &a->e[a->n];
	char *path = NULL;
	int ret = -1;

	if (g_strv_length(f) == 3 && hash_is_valid(f[0]) &&
	    hash_is_valid(f[1]) && (is_file(f[0]) || is_file(f[1])))
		path = g_uri_unescape_string(f[2], NULL);
	if (path && !entry_set_path(e, path)) {
		g_strlcpy(e->old_hash, f[0], sizeof(e->old_hash));
		g_strlcpy(e->new_hash, f[1], sizeof(e->new_hash));
		a->n++;
		ret = 0;
	}
	g_free(path);
	g_strfreev(f);
	return ret;
}

/*
 * Take a journal apart.  1: it is whole; 0: it ends early, so nothing was
 * staged; -1: it is damaged, or not ours (not reported yet).
 */
static int parse_journal(struct apply *a, char *text, gsize size,
			 enum state *state)
{
	GHashTable *seen;
	char hex[HASH_LEN + 1], **line, *end;
	unsigned i, n;
	int ret = 1;

	*state = PLANNED;
	if (memchr(text, '\0', size))
		return -1;
	if (size <= STATE_OFF + 1)
		return strncmp(text, MAGIC "P\n", size) ? -1 : 0;
	if (!g_str_has_prefix(text, MAGIC) || text[STATE_OFF + 1] != '\n')
		return -1;
	*state = text[STATE_OFF];
	if (*state != PLANNED && *state != COMPLETE && *state != UNDO)
		return -1;
	text += STATE_OFF + 2;
	end = g_str_has_prefix(text, "end ") ? text : strstr(text, "\nend ");
	if (end && end != text)
		end++;
	/* A kill while the journal was being written: no file was staged. */
	if (!end || strlen(end) < strlen("end \n") + HASH_LEN)
		return *state == PLANNED ? 0 : -1;
	hash_bytes(text, end - text, hex);
	if (strncmp(end + strlen("end "), hex, HASH_LEN) ||
	    strcmp(end + strlen("end ") + HASH_LEN, "\n"))
		return -1;

	*end = '\0';
	line = g_strsplit(text, "\n", -1);
	n = g_strv_length(line);
	a->e = g_new0(struct entry, n + 1);
	seen = g_hash_table_new(g_str_hash, g_str_equal);
	for (i = 0; ret == 1 && i + 1 < n; i++) {
		if (parse_entry(a, line[i]) ||
		    !g_hash_table_add(seen, a->e[a->n - 1].path))
			ret = -1;
	}
	g_hash_table_destroy(seen);
	g_strfreev(line);
	return ret;
}

/* Can this entry be brought to the end that the journal's state asks for? */
static int entry_fits(const struct entry *e, enum state state,
		      const char *now, const char *staged, const char *old)
{
	int is_old = !strcmp(now, e->old_hash);
	int is_new = !strcmp(now, e->new_hash);

	if (state == COMPLETE) {
		if (!is_file(e->new_hash))
			return is_old || is_new;
		if (is_file(staged))
			return !strcmp(staged, e->new_hash) && is_old;
		return is_new;
	}
	if (!is_file(e->old_hash))
		return is_file(staged) ? is_old : is_old || is_new;
	if (is_file(old))
		return !strcmp(old, e->old_hash) && (is_old || is_new);
	return is_old;
}

/* Before recovery touches anything: every entry, all names without links. */
static int check_recovery(const struct apply *a, enum state state)
{
	char now[HASH_LEN + 1], staged[HASH_LEN + 1], old[HASH_LEN + 1];
	char name[64];
	unsigned i;
	int dir, ret;

	for (i = 0; i < a->n; i++) {
		const struct entry *e = &a->e[i];

		dir = open_dir(a, e->dir);
		if (dir < 0)
			return -1;
		ret = 0;
		if (state != PLANNED) {
			ret = hash_file(a, e, dir, e->base, now);
			own_name(name, "new", i);
			if (!ret)
				ret = hash_file(a, e, dir, name, staged);
			own_name(name, "old", i);
			if (!ret)
				ret = hash_file(a, e, dir, name, old);
			if (!ret && !entry_fits(e, state, now, staged, old))
				ret = tw_error("'%s/%s' is not what the interrupted apply left there; nothing was touched. Restore it and run recover again, or remove '" JOURNAL "' and every '" OWN_PREFIX "*' file from the tree and put its files right yourself",
					       a->tree, e->path);
		}
		close(dir);
		if (ret)
			return -1;
	}
	return 0;
}

/* Open and lock; 1: it is there, 0: it is not, -1: error. */
static int open_journal(struct apply *a, gsize *size)
{
	struct stat st;

	a->journal = openat(a->root, JOURNAL, O_RDWR | O_NOFOLLOW |
			    O_NONBLOCK | O_CLOEXEC);
	if (a->journal < 0 && errno == ENOENT)
		return 0;
	if (a->journal < 0)
		return tw_error("cannot open '%s/" JOURNAL "': %s", a->tree,
				errno == ELOOP ? "it is a symbolic link" :
				g_strerror(errno));
	if (fstat(a->journal, &st))
		return tw_error("cannot read '%s/" JOURNAL "': %s", a->tree,
				g_strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > JOURNAL_MAX)
		return tw_error("'%s/" JOURNAL "' is no journal of treewide; nothing was touched",
				a->tree);
	if (flock(a->journal, LOCK_EX | LOCK_NB))
		return journal_busy(a);
	if (!journal_is_ours(a))
		return 0;	/* the apply ended while we looked */
	if (fstat(a->journal, &st))
		return tw_error("cannot read '%s/" JOURNAL "': %s", a->tree,
				g_strerror(errno));
	*size = st.st_size;
	return 1;
}

static int read_journal(const struct apply *a, char *text, gsize size)
{
	gsize got = 0;

	while (got < size) {
		ssize_t r = pread(a->journal, text + got, size - got, got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return tw_error("cannot read '%s/" JOURNAL "': %s",
					a->tree, r ? g_strerror(errno) :
					"it became shorter");
		got += r;
	}
	text[size] = '\0';
	return 0;
}

int apply_recover(const char *tree)
{
	char *text = NULL;
	enum state state;
	struct apply a;
	gsize size = 0;
	int ret;

	if (open_root(&a, tree))
		return -1;
	ret = open_journal(&a, &size);
	if (ret <= 0)
		goto out;
	text = g_malloc(size + 1);
	ret = read_journal(&a, text, size);
	if (ret)
		goto out;
	ret = parse_journal(&a, text, size, &state);
	if (ret < 0) {
		tw_error("'%s/" JOURNAL "' is damaged or not treewide's; nothing was touched. If the tree is as you want it, remove that file and every '" OWN_PREFIX "*' file",
			 tree);
		goto out;
	}
	if (!ret)
		state = PLANNED;
	ret = check_recovery(&a, state);
	if (ret)
		goto out;
	switch (state) {
	case PLANNED:
		ret = undo_plan(&a);
		break;
	case UNDO:
		ret = roll_back(&a);
		break;
	case COMPLETE:
		ret = roll_forward(&a);
		if (ret)
			tw_error("the tree '%s' is half changed; remove the cause, then run recover again",
				 tree);
		break;
	}
	if (!ret) {
		tw_note("%s the interrupted apply in '%s'", state == COMPLETE ?
			"finished" : "undid", tree);
		ret = 1;
	}
out:
	g_free(text);
	apply_clear(&a);
	return ret;
}
