// SPDX-License-Identifier: GPL-2.0-only
/* The mappings: hugetlb pages of each size, THP and base pages, private and
 * shared, each with pages that were written, read, and never touched. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "behaviour.h"

#define SLOT(n) ((char *)(0x10000000000UL + (n) * 4 * GB))

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4U
#endif
#define SHIFT_2M (21U << 26)
#define SHIFT_1G (30U << 26)

struct area hugetlb_private = { "hugetlb private 2M", SLOT(0), 6 * HUGE, HUGE, -1 };
struct area hugetlb_shared = { "hugetlb shared 2M", SLOT(1), 6 * HUGE, HUGE, -1 };
struct area hugetlb_again = { "hugetlb shared 2M, again", SLOT(2), 4 * HUGE, HUGE, -1 };
struct area hugetlb_wide = { "hugetlb shared 2M, 1G wide", SLOT(3), GB, HUGE, -1 };
struct area hugetlb_gigantic = { "hugetlb private 1G", SLOT(4), GB, GB, -1 };
struct area thp_private = { "THP private", SLOT(5), 4 * HUGE, HUGE, -1 };
struct area thp_shared = { "THP shared", SLOT(6), 3 * HUGE, HUGE, -1 };
struct area base_private = { "base private", SLOT(7), 16 * BASE, BASE, -1 };
struct area base_shared = { "base shared", SLOT(8), 16 * BASE, BASE, -1 };

struct area *const areas[] = {
	&hugetlb_private, &hugetlb_shared, &hugetlb_again, &hugetlb_wide,
	&hugetlb_gigantic, &thp_private, &thp_shared, &base_private,
	&base_shared, NULL
};

bool exists(const struct area *a)
{
	return a->size != 0;
}

char *page_of(const struct area *a, size_t page)
{
	return a->at + page * a->leaf;
}

void touch(struct area *a, size_t page)
{
	*(volatile char *)(page_of(a, page) + 100) = 'A' + page;
}

unsigned char peek(struct area *a, size_t page)
{
	return *(volatile unsigned char *)(page_of(a, page) + 100);
}

static void map(struct area *a, int flags, off_t from)
{
	char *got = mmap(a->at, a->size, PROT_READ | PROT_WRITE,
			 MAP_FIXED | flags | (a->fd < 0 ? MAP_ANONYMOUS : 0),
			 a->fd, from);

	if (got != a->at) {
		say_result(a->name, -1);
		a->size = 0;
	}
}

static int memory_file(const char *name, size_t size, unsigned int flags)
{
	int fd = syscall(SYS_memfd_create, name, flags);

	if (fd >= 0 && ftruncate(fd, size))
		die(name);
	return fd;
}

void maps_make(void)
{
	map(&hugetlb_private, MAP_PRIVATE | MAP_HUGETLB | SHIFT_2M, 0);
	hugetlb_shared.fd = memory_file("h", hugetlb_shared.size,
					MFD_HUGETLB | SHIFT_2M);
	map(&hugetlb_shared, MAP_SHARED, 0);
	hugetlb_again.fd = hugetlb_shared.fd;
	map(&hugetlb_again, MAP_SHARED, HUGE);
	hugetlb_wide.fd = memory_file("w", hugetlb_wide.size,
				      MFD_HUGETLB | SHIFT_2M);
	map(&hugetlb_wide, MAP_SHARED | MAP_NORESERVE, 0);
	map(&hugetlb_gigantic, MAP_PRIVATE | MAP_HUGETLB | SHIFT_1G, 0);
	map(&thp_private, MAP_PRIVATE, 0);
	madvise(thp_private.at, thp_private.size, MADV_HUGEPAGE);
	write_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "advise");
	thp_shared.fd = memory_file("t", thp_shared.size, 0);
	map(&thp_shared, MAP_SHARED, 0);
	madvise(thp_shared.at, thp_shared.size, MADV_HUGEPAGE);
	map(&base_private, MAP_PRIVATE, 0);
	madvise(base_private.at, base_private.size, MADV_NOHUGEPAGE);
	base_shared.fd = memory_file("b", base_shared.size, 0);
	map(&base_shared, MAP_SHARED, 0);

	for (struct area **a = (struct area **)areas; *a; a++) {
		size_t pages = (*a)->size / (*a)->leaf;

		if (!pages)
			continue;
		if (*a == &hugetlb_again) {
			peek(*a, 0);
			continue;
		}
		/* written, read, never touched, written */
		touch(*a, 0);
		if (pages > 1)
			say("  %s reads %d", (*a)->name, peek(*a, 1));
		if (pages > 3)
			touch(*a, 3);
	}
	if (exists(&hugetlb_wide))
		touch(&hugetlb_wide, 511);
}
