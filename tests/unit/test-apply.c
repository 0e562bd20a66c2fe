// SPDX-License-Identifier: GPL-2.0-only
/*
 * All or nothing, tried at every step: the process is killed, or the step
 * fails, at the first, second, ... write, sync, link, rename and unlink, until
 * none is left, and each time the tree must be whole, before or after; the
 * same for a recovery that is itself killed.  Then full disks, links, hostile
 * journals and trees that changed meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <xxhash.h>

#include "tree/apply.h"

#define BIG 10000
#define KILLED 137
#define CANNOT 77		/* a child's exit status: not possible here */

static char big_old[BIG], big_new[BIG];

/* A bit of each: changed in two folders, created, deleted. */
static const struct apply_file change[] = {
	{ "a.c", "one\ntwo\n", 8, "one\nthree\n\0\xff", 12 },
	{ "sub/run me", big_old, BIG, big_new, BIG },
	{ "sub/deep/new.h", NULL, 0, "new\n", 4 },
	{ "sub/gone", "gone\n", 5, NULL, 0 },
	{ "empty", "", 0, "x", 1 },
};

static void put(const char *dir, const char *file, const char *text,
		gsize size, int mode)
{
	char *path = g_build_filename(dir, file, NULL);

	assert_true(g_file_set_contents(path, text, size, NULL));
	assert_int_equal(chmod(path, mode), 0);
	g_free(path);
}

static void fill_tree(const char *dir)
{
	char *deep = g_build_filename(dir, "sub", "deep", NULL);
	unsigned i;

	assert_int_equal(g_mkdir_with_parents(deep, 0755), 0);
	for (i = 0; i < G_N_ELEMENTS(change); i++) {
		if (change[i].old_text)
			put(dir, change[i].file, change[i].old_text,
			    change[i].old_size, i == 1 ? 0755 : 0640);
	}
	put(dir, "sub/bystander", "still here", 10, 0644);
	g_free(deep);
}

static char *make_tree(void)
{
	char *dir = g_dir_make_tmp("treewide-apply-XXXXXX", NULL);

	assert_non_null(dir);
	fill_tree(dir);
	return dir;
}

static void remove_tree(const char *dir)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *path = g_build_filename(dir, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR) &&
		    !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
			remove_tree(path);
		else
			g_remove(path);
		g_free(path);
	}
	if (d)
		g_dir_close(d);
	g_rmdir(dir);
}

static int holds(const char *dir, const char *file, const char *text,
		 gsize size)
{
	char *path = g_build_filename(dir, file, NULL), *got = NULL;
	gsize n = 0;
	int ret;

	if (!text)
		ret = !g_file_test(path, G_FILE_TEST_EXISTS);
	else
		ret = g_file_get_contents(path, &got, &n, NULL) && n == size &&
		      !memcmp(got, text, n);
	g_free(got);
	g_free(path);
	return ret;
}

static int has_mode(const char *dir, const char *file, unsigned mode)
{
	char *path = g_build_filename(dir, file, NULL);
	struct stat st;
	int ret = !lstat(path, &st) && (st.st_mode & 07777) == mode;

	g_free(path);
	return ret;
}

/* Files of ours below @dir. */
static int leftovers(const char *dir)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;
	int n = 0;

	assert_non_null(d);
	while ((name = g_dir_read_name(d))) {
		char *path = g_build_filename(dir, name, NULL);

		n += g_str_has_prefix(name, ".treewide-");
		if (g_file_test(path, G_FILE_TEST_IS_DIR) &&
		    !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
			n += leftovers(path);
		g_free(path);
	}
	g_dir_close(d);
	return n;
}

/* 'b'efore, 'a'fter, or '?' for anything between. */
static int tree_state(const char *dir)
{
	unsigned i, before = 0, after = 0;

	for (i = 0; i < G_N_ELEMENTS(change); i++) {
		const struct apply_file *f = &change[i];

		before += holds(dir, f->file, f->old_text, f->old_size);
		after += holds(dir, f->file, f->new_text, f->new_size);
	}
	if (!has_mode(dir, "a.c", 0640) || !has_mode(dir, "sub/run me", 0755) ||
	    !holds(dir, "sub/bystander", "still here", 10))
		return '?';
	return before == i ? 'b' : after == i ? 'a' : '?';
}

static void quiet(void)
{
	int fd = open("/dev/null", O_WRONLY);

	dup2(fd, 2);
	close(fd);
}

static int apply_change(const char *dir)
{
	return apply_files(dir, change, G_N_ELEMENTS(change));
}

/* Run @fn on @dir in a child with a fault; the child's exit status. */
static int run_child(int (*fn)(const char *dir), const char *dir, unsigned n,
		     int error, unsigned then)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		quiet();
		apply_fault_at(n, error, then);
		_exit(fn(dir) & 0xff);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect_whole(const char *dir, int want, const char *when,
			 unsigned n)
{
	int got = tree_state(dir);

	if (got == '?' || (want && got != want) || leftovers(dir))
		fail_msg("%s %u: state %c, %d files left over in %s", when, n,
			 got, leftovers(dir), dir);
}

static void test_apply(void **state)
{
	char *dir = make_tree();

	assert_int_equal(apply_recover(dir), 0);
	assert_int_equal(apply_files(dir, change, 0), 0);
	expect_whole(dir, 'b', "nothing to do", 0);
	assert_int_equal(apply_change(dir), 0);
	expect_whole(dir, 'a', "apply", 0);
	assert_int_equal(apply_recover(dir), 0);
	/* The second time the old text is not there. */
	assert_int_equal(apply_change(dir), -1);
	expect_whole(dir, 'a', "second apply", 0);
	remove_tree(dir);
	g_free(dir);
}

static void test_killed_anywhere(void **state)
{
	unsigned n, undone = 0, finished = 0;
	int status;

	for (n = 1;; n++) {
		char *dir = make_tree();
		int found;

		status = run_child(apply_change, dir, n, 0, 0);
		if (status != KILLED) {
			assert_int_equal(status, 0);
			expect_whole(dir, 'a', "kill", n);
			remove_tree(dir);
			g_free(dir);
			break;
		}
		found = apply_recover(dir);
		/* Before the journal and after it nothing is to recover. */
		assert_true(found >= 0);
		expect_whole(dir, 0, "kill", n);
		if (tree_state(dir) == 'b')
			undone++;
		else
			finished++;
		/* Once finished, never undone. */
		assert_true(!finished || tree_state(dir) == 'a');
		assert_int_equal(apply_recover(dir), 0);
		remove_tree(dir);
		g_free(dir);
	}
	print_message("killed at %u steps: %u undone, %u finished\n", n - 1,
		      undone, finished);
	assert_true(undone > 10 && finished > 10);
}

static void test_recovery_killed_anywhere(void **state)
{
	unsigned n, m, tried = 0;
	int status = KILLED;

	for (n = 1; status == KILLED; n++) {
		int again = KILLED;

		for (m = 1; again == KILLED; m++) {
			char *dir = make_tree();

			status = run_child(apply_change, dir, n, 0, 0);
			again = run_child(apply_recover, dir, m, 0, 0);
			assert_true(apply_recover(dir) >= 0);
			expect_whole(dir, 0, "kill of recovery", n * 1000 + m);
			assert_int_equal(apply_recover(dir), 0);
			remove_tree(dir);
			g_free(dir);
			tried++;
		}
		assert_true(again == 0 || again == 1);
	}
	print_message("killed twice in %u ways\n", tried);
}

/* A failed apply leaves the tree as it was, a failed clean-up as it shall be. */
static void test_every_step_fails(void **state)
{
	static const int errors[] = { EIO, ENOSPC, EPERM };
	unsigned n, i, failed = 0;

	for (i = 0; i < G_N_ELEMENTS(errors); i++) {
		for (n = 1;; n++) {
			char *dir = make_tree();
			int status = run_child(apply_change, dir, n,
					       errors[i], 0);
			int left = leftovers(dir);

			assert_int_equal(tree_state(dir), status ? 'b' : 'a');
			failed += !!status;
			assert_true(apply_recover(dir) >= 0);
			expect_whole(dir, status ? 'b' : 'a', "failure", n);
			remove_tree(dir);
			g_free(dir);
			/* No failure and nothing left: past the last step. */
			if (!status && !left && n > 60)
				break;
		}
	}
	print_message("failed at %u steps\n", failed);
	assert_true(failed > 60);
}

/* A step fails, and the kill comes while that is being put right. */
static void test_failing_apply_killed(void **state)
{
	unsigned n, m, tried = 0;
	int status = 0;

	for (n = 1; n < 60; n++) {
		for (m = 1;; m++) {
			char *dir = make_tree();

			status = run_child(apply_change, dir, n, EIO, m);
			assert_true(apply_recover(dir) >= 0);
			/* Only a failed clean-up leaves the new state. */
			expect_whole(dir, status == 255 ? 'b' : 0,
				     "failure, then kill", n * 1000 + m);
			assert_int_equal(apply_recover(dir), 0);
			remove_tree(dir);
			g_free(dir);
			if (status != KILLED)
				break;
			tried++;
		}
	}
	print_message("failed, then killed in %u ways\n", tried);
	assert_true(tried > 200);
}

/* Recovery fails at a step; the next one ends it. */
static void test_failing_recovery(void **state)
{
	unsigned n, m;

	for (n = 1;; n++) {
		int again = 255;

		for (m = 1; again == 255; m++) {
			char *dir = make_tree();
			int status = run_child(apply_change, dir, n, 0, 0);

			again = run_child(apply_recover, dir, m, EIO, 0);
			assert_true(apply_recover(dir) >= 0);
			expect_whole(dir, 0, "failed recovery", n * 1000 + m);
			remove_tree(dir);
			g_free(dir);
			if (status != KILLED)
				return;
		}
	}
}

static void test_old_text_differs(void **state)
{
	char *dir = make_tree();

	put(dir, "sub/gone", "edited\n", 7, 0640);
	assert_int_equal(apply_change(dir), -1);
	assert_true(holds(dir, "a.c", "one\ntwo\n", 8));
	assert_true(holds(dir, "sub/gone", "edited\n", 7));
	assert_int_equal(leftovers(dir), 0);
	put(dir, "sub/gone", "gone\n", 5, 0640);
	put(dir, "sub/deep/new.h", "mine\n", 5, 0644);
	assert_int_equal(apply_change(dir), -1);
	assert_true(holds(dir, "sub/deep/new.h", "mine\n", 5));
	assert_true(holds(dir, "a.c", "one\ntwo\n", 8));
	assert_int_equal(leftovers(dir), 0);
	remove_tree(dir);
	g_free(dir);
}

static void test_bad_paths(void **state)
{
	static const char *const bad[] = {
		"", "/etc/passwd", "../x", "sub/../../x", "sub//x", "./a.c",
		"sub/.", "sub/", "..", ".treewide-journal",
		"sub/.treewide-new.0", "no/such/dir/x", "a.c/x",
	};
	char *dir = make_tree();
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct apply_file f[] = {
			change[0], { bad[i], NULL, 0, "x", 1 },
		};

		assert_int_equal(apply_files(dir, f, 2), -1);
		expect_whole(dir, 'b', bad[i], i);
	}
	{
		struct apply_file twice[] = { change[0], change[0] };

		assert_int_equal(apply_files(dir, twice, 2), -1);
		expect_whole(dir, 'b', "twice", 0);
	}
	assert_int_equal(apply_files("/no/such/tree", change, 1), -1);
	assert_int_equal(apply_recover("/no/such/tree"), -1);
	remove_tree(dir);
	g_free(dir);
}

static void test_symbolic_links(void **state)
{
	char *dir = make_tree(), *outside = make_tree();
	char *sub = g_build_filename(dir, "sub", NULL);
	char *out_sub = g_build_filename(outside, "sub", NULL);
	char *file = g_build_filename(dir, "a.c", NULL);
	char *out_file = g_build_filename(outside, "a.c", NULL);

	/* A folder on the way, with the very same files behind it. */
	remove_tree(sub);
	assert_int_equal(symlink(out_sub, sub), 0);
	assert_int_equal(apply_change(dir), -1);
	expect_whole(outside, 'b', "linked folder", 0);
	assert_true(holds(dir, "a.c", "one\ntwo\n", 8));
	assert_int_equal(leftovers(dir), 0);
	/* The target itself, inside the tree or out. */
	g_remove(file);
	assert_int_equal(symlink(out_file, file), 0);
	assert_int_equal(apply_files(dir, change, 1), -1);
	expect_whole(outside, 'b', "linked file", 0);
	assert_int_equal(leftovers(dir), 0);
	remove_tree(dir);
	remove_tree(outside);
	g_free(file);
	g_free(out_file);
	g_free(sub);
	g_free(out_sub);
	g_free(dir);
	g_free(outside);
}

static void test_hard_link_parted(void **state)
{
	char *dir = make_tree(), *outside = make_tree();
	char *file = g_build_filename(dir, "a.c", NULL);
	char *out_file = g_build_filename(outside, "a.c", NULL);

	g_remove(file);
	assert_int_equal(link(out_file, file), 0);
	assert_int_equal(apply_change(dir), 0);
	expect_whole(dir, 'a', "hard link", 0);
	expect_whole(outside, 'b', "hard link", 0);
	remove_tree(dir);
	remove_tree(outside);
	g_free(file);
	g_free(out_file);
	g_free(dir);
	g_free(outside);
}

/* Leave @dir as a kill behind the journal's completion does. */
static void interrupt(const char *dir, int after)
{
	unsigned n;

	for (n = 1;; n++) {
		char *t = make_tree(), *journal;
		char *text = NULL;
		int c;

		assert_int_equal(run_child(apply_change, t, n, 0, 0),
				 KILLED);
		journal = g_build_filename(t, ".treewide-journal", NULL);
		c = g_file_get_contents(journal, &text, NULL, NULL) &&
		    strlen(text) > 19 && text[19] == 'C';
		g_free(text);
		g_free(journal);
		remove_tree(t);
		g_free(t);
		if (c)
			break;
	}
	assert_int_equal(run_child(apply_change, dir, n + after, 0, 0),
			 KILLED);
}

static void test_interrupted_blocks_apply(void **state)
{
	char *dir = make_tree();

	interrupt(dir, 3);
	assert_int_equal(tree_state(dir), '?');
	assert_int_equal(apply_change(dir), -1);
	assert_int_equal(apply_recover(dir), 1);
	expect_whole(dir, 'a', "recover", 0);
	assert_int_equal(apply_recover(dir), 0);
	remove_tree(dir);
	g_free(dir);
}

static void test_recover_refuses_changed_tree(void **state)
{
	char *dir = make_tree(), *sub, *moved;

	interrupt(dir, 2);
	put(dir, "sub/gone", "edited\n", 7, 0640);
	assert_int_equal(apply_recover(dir), -1);
	assert_true(holds(dir, "sub/gone", "edited\n", 7));
	put(dir, "sub/gone", "gone\n", 5, 0640);

	/* A folder becomes a link to the same folder elsewhere. */
	sub = g_build_filename(dir, "sub", NULL);
	moved = g_strconcat(dir, "-moved", NULL);
	assert_int_equal(rename(sub, moved), 0);
	assert_int_equal(symlink(moved, sub), 0);
	assert_int_equal(apply_recover(dir), -1);
	assert_true(leftovers(moved) > 0);
	g_remove(sub);
	assert_int_equal(rename(moved, sub), 0);

	assert_int_equal(apply_recover(dir), 1);
	expect_whole(dir, 'a', "put right", 0);
	remove_tree(dir);
	g_free(sub);
	g_free(moved);
	g_free(dir);
}

static void test_locked(void **state)
{
	char *dir = make_tree();
	char *journal = g_build_filename(dir, ".treewide-journal", NULL);
	int fd = open(journal, O_CREAT | O_RDWR, 0644);

	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(apply_change(dir), -1);
	assert_int_equal(apply_recover(dir), -1);
	assert_int_equal(leftovers(dir), 1);
	close(fd);
	/* An empty journal: killed before the first byte. */
	assert_int_equal(apply_change(dir), -1);
	assert_int_equal(apply_recover(dir), 1);
	expect_whole(dir, 'b', "empty journal", 0);
	remove_tree(dir);
	g_free(journal);
	g_free(dir);
}

#define HASH_A "00112233445566778899aabbccddeeff"
#define HASH_B "ffeeddccbbaa99887766554433221100"

/* A journal with these lines and the hash that goes with them. */
static char *forge(char state_char, const char *lines)
{
	XXH128_canonical_t c;
	GString *s = g_string_new(NULL);
	unsigned i;

	XXH128_canonicalFromHash(&c, XXH3_128bits(lines, strlen(lines)));
	g_string_printf(s, "treewide-journal 1 %c\n%send ", state_char, lines);
	for (i = 0; i < 16; i++)
		g_string_append_printf(s, "%02x", c.digest[i]);
	g_string_append_c(s, '\n');
	return g_string_free(s, FALSE);
}

static void test_hostile_journal(void **state)
{
	static const char *const lines[] = {
		HASH_A " " HASH_B " ../a.c\n",
		HASH_A " " HASH_B " /etc/passwd\n",
		HASH_A " " HASH_B " sub/../../x\n",
		HASH_A " " HASH_B " sub/%2e%2e/%2e%2e/x\n",
		HASH_A " " HASH_B " link/a.c\n",
		HASH_A " " HASH_B " a.c\n" HASH_A " " HASH_B " a.c\n",
		HASH_A " " HASH_B " .treewide-journal\n",
		HASH_A " " HASH_B " a%00.c\n",
		HASH_A " " HASH_B " a%zz.c\n",
		HASH_A " short a.c\n",
		HASH_A " " HASH_B "\n",
		"- - a.c\n",
		"\n",
		"nonsense\n",
	};
	static const char states[] = "PCU";
	char *dir = make_tree(), *outside = make_tree();
	char *link_name = g_build_filename(dir, "link", NULL);
	char *journal = g_build_filename(dir, ".treewide-journal", NULL);
	char *text;
	unsigned i, k;

	assert_int_equal(symlink(outside, link_name), 0);
	put(outside, ".treewide-new.0", "bait", 4, 0644);
	put(dir, ".treewide-new.0", "bait", 4, 0644);
	for (i = 0; i < G_N_ELEMENTS(lines); i++) {
		for (k = 0; states[k]; k++) {
			text = forge(states[k], lines[i]);
			put(dir, ".treewide-journal", text, strlen(text), 0644);
			if (apply_recover(dir) != -1)
				fail_msg("accepted: %s", text);
			assert_true(holds(dir, ".treewide-journal", text,
					  strlen(text)));
			assert_true(holds(dir, ".treewide-new.0", "bait", 4));
			assert_true(holds(outside, ".treewide-new.0", "bait",
					  4));
			assert_int_equal(tree_state(dir), 'b');
			assert_int_equal(tree_state(outside), 'b');
			g_free(text);
		}
	}

	/* Well-formed, but neither hash is what stands there. */
	text = forge('C', HASH_A " " HASH_B " a.c\n");
	put(dir, ".treewide-journal", text, strlen(text), 0644);
	assert_int_equal(apply_recover(dir), -1);
	/* Damaged: a byte of a line, the state, the end. */
	text[25] ^= 1;
	put(dir, ".treewide-journal", text, strlen(text), 0644);
	assert_int_equal(apply_recover(dir), -1);
	text[25] ^= 1;
	text[19] = 'X';
	put(dir, ".treewide-journal", text, strlen(text), 0644);
	assert_int_equal(apply_recover(dir), -1);
	text[19] = 'C';
	put(dir, ".treewide-journal", text, strlen(text) - 1, 0644);
	assert_int_equal(apply_recover(dir), -1);
	put(dir, ".treewide-journal", "\0\0\0\0", 4, 0644);
	assert_int_equal(apply_recover(dir), -1);
	put(dir, ".treewide-journal", "my notes\n", 9, 0644);
	assert_int_equal(apply_recover(dir), -1);
	assert_true(holds(dir, ".treewide-new.0", "bait", 4));
	g_free(text);

	/* No file at all, or one elsewhere. */
	g_remove(journal);
	assert_int_equal(mkfifo(journal, 0644), 0);
	assert_int_equal(apply_recover(dir), -1);
	g_remove(journal);
	assert_int_equal(symlink("/dev/zero", journal), 0);
	assert_int_equal(apply_recover(dir), -1);
	assert_int_equal(apply_change(dir), -1);
	g_remove(journal);
	/* What lies about under our names is not overwritten. */
	assert_int_equal(apply_change(dir), -1);
	assert_true(holds(dir, ".treewide-new.0", "bait", 4));
	assert_int_equal(tree_state(dir), 'b');

	remove_tree(dir);
	remove_tree(outside);
	g_free(link_name);
	g_free(journal);
	g_free(dir);
	g_free(outside);
}

static int apply_with_file_limit(const char *dir)
{
	struct rlimit r = { 4096, 4096 };

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &r))
		return CANNOT;
	return apply_change(dir);
}

static void test_file_size_limit(void **state)
{
	char *dir = make_tree();

	assert_int_equal(run_child(apply_with_file_limit, dir, 0, 0, 0), 255);
	expect_whole(dir, 'b', "RLIMIT_FSIZE", 0);
	remove_tree(dir);
	g_free(dir);
}

static int apply_as_nobody(const char *dir)
{
	if (!geteuid() && (setgid(65534) || setuid(65534)))
		return CANNOT;
	return apply_change(dir);
}

static void test_read_only_folder(void **state)
{
	char *dir = make_tree();
	char *sub = g_build_filename(dir, "sub", NULL);

	/* The tree's top may be written by anyone, one folder by no one. */
	chmod(dir, 0777);
	chmod(sub, 0555);
	put(dir, "a.c", "one\ntwo\n", 8, 0644);
	assert_int_equal(run_child(apply_as_nobody, dir, 0, 0, 0), 255);
	assert_int_equal(leftovers(dir), 0);
	assert_true(holds(dir, "a.c", "one\ntwo\n", 8));
	chmod(sub, 0755);
	chmod(dir, 0555);
	assert_int_equal(run_child(apply_as_nobody, dir, 0, 0, 0), 255);
	assert_int_equal(leftovers(dir), 0);
	chmod(dir, 0755);
	remove_tree(dir);
	g_free(sub);
	g_free(dir);
}

/* In a mount namespace of its own: a disk with ever less room. */
static int full_disks(const char *dir)
{
	unsigned free_pages, failed = 0, done = 0;
	char *filler = g_build_filename(dir, "filler", NULL);

	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return CANNOT;
	for (free_pages = 0; free_pages < 16; free_pages++) {
		char *page = g_malloc0(4096);
		int fd, pages = 0;

		if (mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=755"))
			return CANNOT;
		fill_tree(dir);
		fd = open(filler, O_CREAT | O_WRONLY, 0644);
		while (write(fd, page, 4096) == 4096)
			pages++;
		if (ftruncate(fd, (pages - (int)free_pages) * 4096L))
			return 1;
		close(fd);
		g_free(page);
		if (apply_change(dir)) {
			failed++;
			if (tree_state(dir) != 'b' || leftovers(dir))
				return 2;
		} else {
			done++;
			if (tree_state(dir) != 'a' || leftovers(dir))
				return 3;
		}
		if (umount(dir))
			return 4;
	}
	if (mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=755"))
		return CANNOT;
	fill_tree(dir);
	if (mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL))
		return CANNOT;
	if (apply_change(dir) != -1 || tree_state(dir) != 'b' ||
	    leftovers(dir))
		return 5;
	g_free(filler);
	return failed && done ? 0 : 6;
}

static void test_full_disk(void **state)
{
	char *dir = g_dir_make_tmp("treewide-apply-XXXXXX", NULL);
	int status = run_child(full_disks, dir, 0, 0, 0);

	g_rmdir(dir);
	g_free(dir);
	if (status == CANNOT) {
		print_message("cannot mount a tmpfs here (needs root): skipped\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_killed_anywhere),
		cmocka_unit_test(test_recovery_killed_anywhere),
		cmocka_unit_test(test_every_step_fails),
		cmocka_unit_test(test_failing_apply_killed),
		cmocka_unit_test(test_failing_recovery),
		cmocka_unit_test(test_old_text_differs),
		cmocka_unit_test(test_bad_paths),
		cmocka_unit_test(test_symbolic_links),
		cmocka_unit_test(test_hard_link_parted),
		cmocka_unit_test(test_interrupted_blocks_apply),
		cmocka_unit_test(test_recover_refuses_changed_tree),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_hostile_journal),
		cmocka_unit_test(test_file_size_limit),
		cmocka_unit_test(test_read_only_folder),
		cmocka_unit_test(test_full_disk),
	};

	memset(big_old, 'o', BIG);
	memset(big_new, 'n', BIG);
	umask(022);
	/* Thousands of syncs: in memory, unless the user says where. */
	if (!g_getenv("TMPDIR") && !access("/dev/shm", W_OK | X_OK))
		g_setenv("TMPDIR", "/dev/shm", TRUE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
