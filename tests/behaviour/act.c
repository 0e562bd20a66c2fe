// SPDX-License-Identifier: GPL-2.0-only
/* What is done to the mappings, between two looks at them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "behaviour.h"
#include "test_hmm_uapi.h"

#define PROBE "/sys/kernel/debug/treewide_probe"

void act_clear_refs(void)
{
	say_result("clear_refs 1", write_file("/proc/self/clear_refs", "1"));
	show_all("after the referenced bits were cleared");
	say_result("clear_refs 4", write_file("/proc/self/clear_refs", "4"));
	touch(&hugetlb_private, 0);
	touch(&hugetlb_shared, 3);
	touch(&thp_private, 0);
	touch(&base_private, 3);
	show_all("after the soft-dirty bits were cleared, and some written");
}

static long bind_to(struct area *a, size_t from, size_t to, int node, int flags)
{
	unsigned long mask = 1UL << node;

	return syscall(SYS_mbind, a->at + from, to - from, MPOL_BIND, &mask, 64,
		       flags);
}

static long bind_back(struct area *a)
{
	return syscall(SYS_mbind, a->at, a->size, MPOL_DEFAULT, NULL, 0, 0);
}

/* In a child: it shares pages, and page tables where the kernel lets it. */
static void in_child(void (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (!pid) {
		body();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	if (WIFSIGNALED(status))
		say("  the child died of signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		say("  the child left with %d", WEXITSTATUS(status));
}

static void child_reads(void)
{
	peek(&hugetlb_private, 0);
	peek(&hugetlb_shared, 0);
	if (exists(&hugetlb_wide)) {
		peek(&hugetlb_wide, 0);
		peek(&hugetlb_wide, 511);
		say_result("bind pages of a shared page table",
			   bind_to(&hugetlb_wide, 0, hugetlb_wide.size, 1,
				   MPOL_MF_MOVE));
	}
	peek(&thp_private, 0);
	show_all("in a child that has read");
	touch(&hugetlb_private, 0);
	touch(&thp_private, 0);
	touch(&base_private, 0);
	show_all("in a child that has written");
}

void act_fork(void)
{
	in_child(child_reads);
}

/* A swap area of our own making, on a disk of memory. */
static bool swap_on(void)
{
	static char head[BASE];
	unsigned int *info = (unsigned int *)(head + 1024);
	int fd = open("/dev/ram0", O_RDWR);

	if (fd < 0)
		return false;
	info[0] = 1;				/* version */
	info[1] = 16 * MB / BASE - 1;		/* last page */
	memcpy(head + BASE - 10, "SWAPSPACE2", 10);
	if (write(fd, head, sizeof(head)) != sizeof(head))
		return false;
	fsync(fd);
	close(fd);
	return swapon("/dev/ram0", 0) == 0;
}

void act_swap(void)
{
	size_t n = 4 * BASE;

	if (!swap_on()) {
		say_result("swapon", -1);
		return;
	}
	/* Pages 4 to 7 of each go out; of the THP, all of its second. */
	memset(base_private.at + n, 'x', n);
	memset(base_shared.at + n, 'x', n);
	memset(thp_private.at + HUGE, 'x', HUGE);
	say_result("pageout of base pages",
		   madvise(base_private.at + n, n, MADV_PAGEOUT));
	say_result("pageout of shared pages",
		   madvise(base_shared.at + n, n, MADV_PAGEOUT));
	say_result("pageout of a THP",
		   madvise(thp_private.at + HUGE, HUGE, MADV_PAGEOUT));
	say_result("pageout of hugetlb",
		   madvise(hugetlb_private.at, HUGE, MADV_PAGEOUT));
	show_all("with pages in the swap");
}

void act_protect(void)
{
	say_result("protect hugetlb",
		   mprotect(page_of(&hugetlb_private, 3), HUGE, PROT_NONE));
	say_result("protect shared hugetlb",
		   mprotect(page_of(&hugetlb_shared, 0), HUGE, PROT_READ));
	say_result("protect THP",
		   mprotect(page_of(&thp_private, 0), HUGE, PROT_NONE));
	say_result("protect a part of a THP",
		   mprotect(page_of(&thp_private, 3), BASE, PROT_NONE));
	say_result("protect base pages",
		   mprotect(base_private.at, 2 * BASE, PROT_NONE));
	show_all("with pages that may not be touched");
	mprotect(hugetlb_private.at, hugetlb_private.size, PROT_READ | PROT_WRITE);
	mprotect(hugetlb_shared.at, hugetlb_shared.size, PROT_READ | PROT_WRITE);
	mprotect(thp_private.at, thp_private.size, PROT_READ | PROT_WRITE);
	mprotect(base_private.at, base_private.size, PROT_READ | PROT_WRITE);
}

void act_policy(void)
{
	struct area *of[] = { &hugetlb_private, &hugetlb_shared, &thp_private,
			      &base_private, &base_shared };
	unsigned long zero = 1, one = 2;

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		say("%s", of[i]->name);
		say_result("bind to node 1, strict",
			   bind_to(of[i], 0, of[i]->size, 1, MPOL_MF_STRICT));
		say_result("bind to node 1, move a part",
			   bind_to(of[i], of[i]->leaf, 3 * of[i]->leaf, 1,
				   MPOL_MF_MOVE));
		say_result("bind to node 1, move all, strict",
			   bind_to(of[i], 0, of[i]->size, 1,
				   MPOL_MF_MOVE_ALL | MPOL_MF_STRICT));
	}
	show_all("on node 1");
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		say_result(of[i]->name, bind_back(of[i]));
	say_result("migrate the process to node 0",
		   syscall(SYS_migrate_pages, 0, 64, &one, &zero));
	show_all("on node 0");
}

/*
 * Entries of pages that are being moved are seen by a second thread, which
 * asks while the first moves.  How often is chance, that it sees one is not.
 */
static struct area *volatile watched;
static volatile unsigned long seen;
static volatile bool stop;

static void *watch(void *unused)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(1, &one);
	sched_setaffinity(0, sizeof(one), &one);
	while (!stop) {
		struct area *a = watched;

		if (a && scan_swapped(a) > 0)
			seen++;
		else
			sched_yield();
	}
	return unused;
}

void act_migration(void)
{
	struct area *of[] = { &hugetlb_private, &hugetlb_shared, &thp_private };
	pthread_t thread;

	if (pthread_create(&thread, NULL, watch, NULL))
		die("a thread");
	say("== pages that are being moved");
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		time_t end = time(NULL) + 30;
		int turn;

		madvise(of[i]->at, of[i]->size, MADV_WILLNEED);
		seen = 0;
		watched = of[i];
		for (turn = 0; !seen && time(NULL) < end; turn++)
			bind_to(of[i], 0, of[i]->size, 1 - turn % 2, MPOL_MF_MOVE);
		watched = NULL;
		say("  %s: %s", of[i]->name, seen ? "seen" : "NOT SEEN");
		bind_to(of[i], 0, of[i]->size, 0, MPOL_MF_MOVE);
		bind_back(of[i]);
	}
	stop = true;
	pthread_join(thread, NULL);
}

/* To another address, and back, with what is mapped and what is not. */
static void move_to(struct area *a, char *to)
{
	char *got = mremap(a->at, a->size, a->size,
			   MREMAP_MAYMOVE | MREMAP_FIXED, to);

	if (got == to)
		a->at = to;
	else
		say_result(a->name, -1);
}

void act_move(void)
{
	struct area *of[] = { &hugetlb_private, &hugetlb_shared, &thp_private };

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		move_to(of[i], of[i]->at + GB);
	show_all("at other addresses");
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		move_to(of[i], of[i]->at - GB);
	show_all("back again");
}

static int uffd_open(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd >= 0 && ioctl(uffd, UFFDIO_API, &api) == 0)
		return uffd;
	say_result("userfaultfd", -1);
	return -1;
}

static void uffd_register(int uffd, struct area *a, uint64_t mode)
{
	struct uffdio_register arg = {
		.range = { (uintptr_t)a->at, a->size }, .mode = mode,
	};

	say_result("register", ioctl(uffd, UFFDIO_REGISTER, &arg));
}

static void *touch_page_2(void *a)
{
	touch(a, 2);
	return NULL;
}

/* Holes that userfaultfd fills: unasked, where there is a page, and on a fault. */
void act_fill(void)
{
	struct area *of[] = { &hugetlb_private, &hugetlb_shared };
	int uffd = uffd_open(UFFD_FEATURE_MISSING_HUGETLBFS);
	char *page = aligned_alloc(HUGE, HUGE);

	say("== holes that userfaultfd fills");
	for (size_t i = 0; uffd >= 0 && i < sizeof(of) / sizeof(of[0]); i++) {
		struct area *a = of[i];
		struct uffdio_copy copy = {
			.dst = (uintptr_t)page_of(a, 4),
			.src = (uintptr_t)page, .len = HUGE,
		};
		struct uffd_msg msg;
		pthread_t thread;

		memset(page, 'f', HUGE);
		uffd_register(uffd, a, UFFDIO_REGISTER_MODE_MISSING);
		say_result("fill", ioctl(uffd, UFFDIO_COPY, &copy));
		say_result("fill again", ioctl(uffd, UFFDIO_COPY, &copy));
		if (pthread_create(&thread, NULL, touch_page_2, a))
			die("a thread");
		while (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
			usleep(10000);
		say("  a fault at %llx",
		    msg.arg.pagefault.address - (uintptr_t)a->at);
		copy.dst = (uintptr_t)page_of(a, 2);
		say_result("fill", ioctl(uffd, UFFDIO_COPY, &copy));
		pthread_join(thread, NULL);
		say("  reads %d %d", peek(a, 2), peek(a, 4));
	}
	show_all("with pages that userfaultfd filled");
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		for (size_t n = 2; n < 5; n += 2)
			madvise(page_of(of[i], n), HUGE,
				of[i]->fd < 0 ? MADV_DONTNEED : MADV_REMOVE);
	free(page);
	close(uffd);
}

static void wp(int uffd, struct area *a, size_t from, size_t to)
{
	struct uffdio_writeprotect arg = {
		.range = { (uintptr_t)a->at + from, to - from },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	say_result(a->name, ioctl(uffd, UFFDIO_WRITEPROTECT, &arg));
}

void act_write_protect(void)
{
	struct area *of[] = { &hugetlb_private, &hugetlb_shared, &thp_private,
			      &base_private, &base_shared };
	int uffd = uffd_open(UFFD_FEATURE_WP_HUGETLBFS_SHMEM |
			     UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC);

	say("== write protection by userfaultfd");
	if (uffd < 0)
		return;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		uffd_register(uffd, of[i], UFFDIO_REGISTER_MODE_WP);
		/* What is there and what is not. */
		wp(uffd, of[i], of[i]->leaf, 3 * of[i]->leaf);
	}
	show_all("with pages that are write-protected");
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		struct area *a = of[i];
		uint64_t how = PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC;

		say("%s", a->name);
		touch(a, 1);
		scan(a->at, a->at + a->size, 0, PAGE_IS_WRITTEN, "written");
		if (a->leaf > BASE) {
			/* Of a hugetlb page a part cannot be protected. */
			scan(a->at, a->at + a->leaf / 2, how, PAGE_IS_WRITTEN,
			     "a part of a page");
			scan(a->at + a->leaf / 2, a->at + 2 * a->leaf + BASE, how,
			     PAGE_IS_WRITTEN, "from within a page");
		}
		scan(a->at, a->at + a->size, how, PAGE_IS_WRITTEN,
		     "written, protect them");
		scan(a->at, a->at + a->size, how, PAGE_IS_WRITTEN, "again");
		touch(a, 3);
		scan(a->at, a->at + a->size, how, PAGE_IS_WRITTEN,
		     "after another write");
	}
	show_all("with pages that are write-protected when they were written");
	close(uffd);
}

/* The HMM test device, which reads and writes our memory by hmm_range_fault(). */
static int hmm_open(void)
{
	char *text = read_file("/proc/devices", NULL), *at;
	int number;

	at = text ? strstr(text, " HMM_DMIRROR") : NULL;
	if (!at)
		return -1;
	while (at > text && at[-1] != '\n')
		at--;
	number = atoi(at);
	free(text);
	unlink("/dev/hmm");
	if (mknod("/dev/hmm", S_IFCHR | 0600, makedev(number, 0)))
		return -1;
	return open("/dev/hmm", O_RDWR);
}

static void hmm_snapshot(int fd, const struct area *a, size_t from, size_t to)
{
	size_t n = (to - from) / BASE, start = 0;
	unsigned char *perms = calloc(1, n);
	struct hmm_dmirror_cmd cmd = {
		.addr = (uintptr_t)a->at + from, .ptr = (uintptr_t)perms,
		.npages = n,
	};

	if (ioctl(fd, HMM_DMIRROR_SNAPSHOT, &cmd)) {
		say_result("snapshot", -1);
	} else {
		for (size_t i = 1; i <= n; i++) {
			if (i < n && perms[i] == perms[start])
				continue;
			say("  snapshot %6zu..%-6zu %02x", from / BASE + start,
			    from / BASE + i, perms[start]);
			start = i;
		}
	}
	free(perms);
}

static void hmm_copy(int fd, struct area *a, size_t page, size_t pages,
		     unsigned long request, const char *what)
{
	char *buffer = aligned_alloc(BASE, pages * BASE);
	struct hmm_dmirror_cmd cmd = {
		.addr = (uintptr_t)page_of(a, page) + 5 * BASE,
		.ptr = (uintptr_t)buffer, .npages = pages,
	};
	int ret;

	for (size_t i = 0; i < pages * BASE; i++)
		buffer[i] = i / BASE + 'a';
	ret = ioctl(fd, request, &cmd);
	say("  %s %s page %zu: %s, %llu pages, %llu faults, %d..%d", what, a->name,
	    page, ret ? strerror(errno) : "done",
	    (unsigned long long)cmd.cpages, (unsigned long long)cmd.faults,
	    buffer[0], buffer[pages * BASE - 1]);
	free(buffer);
}

static void hmm_in_child(void)
{
	struct area *of[] = { &hugetlb_private, &hugetlb_shared, &thp_private,
			      &base_private };
	int fd = hmm_open();

	if (fd < 0) {
		say_result("no HMM test device", -1);
		return;
	}
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		struct area *a = of[i];
		size_t n = a->leaf > BASE ? 4 : 2;

		say("%s", a->name);
		hmm_snapshot(fd, a, 0, a->size);
		if (a->leaf > BASE)
			hmm_snapshot(fd, a, a->leaf / 2 + BASE,
				     2 * a->leaf + 3 * BASE);
		/* Present; a hole; not writable: shared with the parent. */
		hmm_copy(fd, a, 0, n, HMM_DMIRROR_READ, "read");
		hmm_copy(fd, a, 2, n, HMM_DMIRROR_READ, "read");
		hmm_copy(fd, a, 1, n, HMM_DMIRROR_WRITE, "write");
		hmm_copy(fd, a, 3, n, HMM_DMIRROR_WRITE, "write");
		say("  reads %d %d", peek(a, 1), peek(a, 3));
		hmm_snapshot(fd, a, 0, a->size);
	}
	close(fd);
}

void act_hmm(void)
{
	say("== what a device sees");
	in_child(hmm_in_child);
}

#define DAMON "/sys/kernel/mm/damon/admin/kdamonds/"

static void damon_set(const char *file, const char *format, unsigned long value)
{
	char path[256], text[32];

	snprintf(path, sizeof(path), DAMON "%s", file);
	snprintf(text, sizeof(text), format, value);
	if (!write_file(path, text))
		say_result(file, -1);
}

/* The samples are taken at random, so only that they were is said. */
void act_damon(void)
{
	struct area *a = &hugetlb_private;

	say("== DAMON");
	damon_set("nr_kdamonds", "%lu", 1);
	damon_set("0/contexts/nr_contexts", "%lu", 1);
	write_file(DAMON "0/contexts/0/operations", "vaddr");
	damon_set("0/contexts/0/monitoring_attrs/intervals/sample_us", "%lu", 5000);
	damon_set("0/contexts/0/monitoring_attrs/intervals/aggr_us", "%lu", 50000);
	damon_set("0/contexts/0/monitoring_attrs/intervals/update_us", "%lu",
		  10000000);
	damon_set("0/contexts/0/monitoring_attrs/nr_regions/min", "%lu", 3);
	damon_set("0/contexts/0/targets/nr_targets", "%lu", 1);
	damon_set("0/contexts/0/targets/0/pid_target", "%lu", getpid());
	damon_set("0/contexts/0/targets/0/regions/nr_regions", "%lu", 1);
	damon_set("0/contexts/0/targets/0/regions/0/start", "%lu",
		  (uintptr_t)a->at);
	damon_set("0/contexts/0/targets/0/regions/0/end", "%lu",
		  (uintptr_t)a->at + a->size);
	say_result("start", write_file(DAMON "0/state", "on"));
	for (int i = 0; i < 100; i++) {
		touch(a, 0);
		usleep(20000);
	}
	say_result("stop", write_file(DAMON "0/state", "off"));
	damon_set("nr_kdamonds", "%lu", 0);
}

static volatile sig_atomic_t sigbus_lsb, sigbus_code;
static void *volatile sigbus_at;
static sigjmp_buf sigbus_back;

static void on_sigbus(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	sigbus_at = info->si_addr;
	sigbus_code = info->si_code;
	sigbus_lsb = info->si_addr_lsb;
	siglongjmp(sigbus_back, 1);
}

static void say_sigbus(const char *what, const struct area *a)
{
	say("  %s: SIGBUS code %d at %lx, lsb %d", what, (int)sigbus_code,
	    (unsigned long)((char *)sigbus_at - a->at), (int)sigbus_lsb);
}

static void poison(struct area *a, size_t page)
{
	unsigned long frame = pagemap_entry(page_of(a, page)) & ((1UL << 55) - 1);
	char line[64];

	if (sigsetjmp(sigbus_back, 1) == 0)
		say_result("madvise",
			   madvise(page_of(a, page), BASE, MADV_HWPOISON));
	else
		say_sigbus("madvise", a);
	/* As if the processor had met it again: who is hit is looked for. */
	snprintf(line, sizeof(line), "poison %lx", frame);
	if (sigsetjmp(sigbus_back, 1) == 0)
		say("  met again: %s", write_file(PROBE, line) ? "written" : "failed");
	else
		say_sigbus("met again", a);
	if (sigsetjmp(sigbus_back, 1) == 0)
		say("  read: %d", peek(a, page));
	else
		say_sigbus("read", a);
}

static void poison_in_child(void)
{
	struct area *of[] = { &hugetlb_private, &hugetlb_shared, &thp_private,
			      &base_private, &base_shared };
	struct sigaction act = { .sa_sigaction = on_sigbus,
				 .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &act, NULL);
	for (volatile size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		say("%s", of[i]->name);
		if (sigsetjmp(sigbus_back, 1) == 0)
			touch(of[i], 3);
		else
			say_sigbus("write", of[i]);
		poison(of[i], 3);
	}
	show_all("with poisoned pages");
}

void act_poison(void)
{
	say("== poisoned pages");
	in_child(poison_in_child);
}

/* Operations that no system call starts on hugetlb pages. */
void act_kernel(void)
{
	static const char *const ops[] = { "prot_none_walk_ops", NULL };

	say("== operations that the kernel starts");
	for (const char *const *o = ops; *o; o++) {
		struct area *of[] = { &hugetlb_private, &hugetlb_shared, NULL };

		for (struct area **a = of; *a; a++) {
			char line[160], *ret;

			snprintf(line, sizeof(line), "walk %s %lx %lx %lx", *o,
				 (uintptr_t)(*a)->at + 3 * BASE,
				 (uintptr_t)(*a)->at + (*a)->size, 0UL);
			if (!write_file(PROBE, line))
				say_result(*o, -1);
			ret = read_file(PROBE, NULL);
			say("  %s on %s: %s", *o, (*a)->name, ret ? ret : "?");
			free(ret);
		}
	}
}
