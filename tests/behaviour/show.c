// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel says of the mappings.  Runs of pages that read alike are one
 * line.  Page frame numbers are left out but for what does not vary: the place
 * within a huge page, and that they go on there from page to page.  Which huge
 * page comes next was given up last, and that is chance after many were moved.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "behaviour.h"

#define PM_PRESENT (1ULL << 63)
#define PM_SWAP (1ULL << 62)
#define PM_FRAME ((1ULL << 55) - 1)

static bool ours(unsigned long at)
{
	return at >= (unsigned long)areas[0]->at && at < 0x20000000000UL;
}

/* The lines of /proc/self/FILE that are about our mappings. */
static void show_proc(const char *file, bool smaps)
{
	char path[64], *text, *line, *save = NULL;
	bool on = false;

	snprintf(path, sizeof(path), "/proc/self/%s", file);
	text = read_file(path, NULL);
	if (!text)
		die(path);
	say("%s", file);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		unsigned long at, end, off, inode;
		char perms[8];

		if (smaps && sscanf(line, "%lx-%lx %7s %lx %*s %lu", &at, &end,
				    perms, &off, &inode) == 5) {
			on = ours(at);
			if (on)
				say("  %lx-%lx %s %lx", at, end, perms, off);
		} else if (!smaps && sscanf(line, "%lx", &at) == 1) {
			if (ours(at))
				say("  %s", line);
		} else if (smaps && on) {
			say("    %s", line);
		}
	}
	free(text);
}

uint64_t pagemap_entry(const void *at)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (pread(fd, &entry, 8, (uintptr_t)at / BASE * 8) != 8)
		entry = ~0ULL;
	close(fd);
	return entry;
}

/* The next page of a huge page, or the first of any. */
static bool follows(uint64_t last, uint64_t next, size_t pages)
{
	return (last + 1) % pages ? next == last + 1 : next % pages == 0;
}

void show_pagemap(const struct area *a, size_t from, size_t to)
{
	size_t n = (to - from) / BASE, start = 0;
	uint64_t *e = malloc(n * 8);
	int fd = open("/proc/self/pagemap", O_RDONLY);
	off_t at = ((uintptr_t)a->at + from) / BASE * 8;
	/* A THP may be split, and its frames be anywhere. */
	bool frames = !strncmp(a->name, "hugetlb", 7);

	if (fd < 0 || pread(fd, e, n * 8, at) != (ssize_t)(n * 8))
		die("pagemap");
	close(fd);
	for (size_t i = 1; i <= n; i++) {
		uint64_t first = e[start];
		bool frame = frames && first & PM_PRESENT;

		if (i < n && (e[i] & ~PM_FRAME) == (first & ~PM_FRAME) &&
		    (!frame || follows(e[i - 1] & PM_FRAME, e[i] & PM_FRAME,
				       a->leaf / BASE)))
			continue;
		if (frame)
			say("  pagemap %6zu..%-6zu %03x frame %llu of %zu",
			    from / BASE + start, from / BASE + i,
			    (unsigned)(first >> 52),
			    (unsigned long long)(first & PM_FRAME) %
			    (a->leaf / BASE), a->leaf / BASE);
		else
			say("  pagemap %6zu..%-6zu %03x%s",
			    from / BASE + start, from / BASE + i,
			    (unsigned)(first >> 52) & ~7U,
			    first & PM_SWAP && !(first & PM_PRESENT) ?
			    " swapped" : "");
		start = i;
	}
	free(e);
}

void show_mincore(const struct area *a, size_t from, size_t to)
{
	size_t n = (to - from) / BASE, start = 0;
	unsigned char *in = malloc(n);

	if (mincore(a->at + from, to - from, in)) {
		say_result("mincore", -1);
		free(in);
		return;
	}
	for (size_t i = 1; i <= n; i++) {
		if (i < n && in[i] == in[start])
			continue;
		say("  mincore %6zu..%-6zu %d", from / BASE + start,
		    from / BASE + i, in[start]);
		start = i;
	}
	free(in);
}

/* PAGEMAP_SCAN of a range; pages of which one of @mask holds. */
long scan(const char *from, const char *to, uint64_t flags, uint64_t mask,
	  const char *what)
{
	struct page_region found[256];
	struct pm_scan_arg arg = {
		.size = sizeof(arg), .flags = flags,
		.start = (uintptr_t)from, .end = (uintptr_t)to,
		.vec = (uintptr_t)found, .vec_len = 256,
		.category_anyof_mask = mask,
		.return_mask = PAGE_IS_WPALLOWED | PAGE_IS_WRITTEN |
			       PAGE_IS_FILE | PAGE_IS_PRESENT | PAGE_IS_SWAPPED |
			       PAGE_IS_PFNZERO | PAGE_IS_HUGE |
			       PAGE_IS_SOFT_DIRTY,
	};
	int fd = open("/proc/self/pagemap", O_RDONLY);
	long n = ioctl(fd, PAGEMAP_SCAN, &arg);

	if (what) {
		if (n < 0)
			say_result(what, n);
		for (long i = 0; i < n; i++)
			say("  %s %6llu..%-6llu %02llx", what,
			    (found[i].start - (uintptr_t)from) / BASE,
			    (found[i].end - (uintptr_t)from) / BASE,
			    found[i].categories);
		if (n >= 0)
			say("  %s ends at %llu", what,
			    (arg.walk_end - (uintptr_t)from) / BASE);
	}
	close(fd);
	return n;
}

void show_scan(const struct area *a, size_t from, size_t to)
{
	scan(a->at + from, a->at + to, 0, 0xff, "scan");
}

/* How many regions are no longer, or not yet, present: being migrated. */
int scan_swapped(const struct area *a)
{
	struct page_region found[64];
	struct pm_scan_arg arg = {
		.size = sizeof(arg),
		.start = (uintptr_t)a->at, .end = (uintptr_t)a->at + a->size,
		.vec = (uintptr_t)found, .vec_len = 64,
		.category_mask = PAGE_IS_SWAPPED,
		.return_mask = PAGE_IS_SWAPPED,
	};
	static int fd = -1;

	if (fd < 0)
		fd = open("/proc/self/pagemap", O_RDONLY);
	return ioctl(fd, PAGEMAP_SCAN, &arg);
}

void show_all(const char *when)
{
	say("== %s", when);
	show_proc("smaps", true);
	show_proc("numa_maps", false);
	for (struct area *const *a = areas; *a; a++) {
		size_t size = (*a)->size, leaf = (*a)->leaf;

		if (!exists(*a))
			continue;
		say("%s", (*a)->name);
		show_pagemap(*a, 0, size);
		show_mincore(*a, 0, size);
		show_scan(*a, 0, size);
		if (leaf == BASE)
			continue;
		/* From within a page to within another, and within one. */
		show_pagemap(*a, leaf / 2 + BASE, size - leaf / 4);
		show_mincore(*a, leaf / 2 + BASE, size - leaf / 4);
		show_scan(*a, leaf / 2 + BASE, size - leaf / 4);
		show_pagemap(*a, 7 * BASE, 9 * BASE);
		show_mincore(*a, 7 * BASE, 9 * BASE);
		show_scan(*a, 7 * BASE, 9 * BASE);
	}
}
