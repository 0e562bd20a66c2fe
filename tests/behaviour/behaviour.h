/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program that is init of the kernels under test.  What it says must be the
 * same at each boot of one kernel: addresses are fixed, physical places and
 * times are not printed, one thread on one processor does the work.
 */
#ifndef BEHAVIOUR_H
#define BEHAVIOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KB 1024UL
#define MB (1024 * KB)
#define GB (1024 * MB)
#define BASE 4096UL
#define HUGE (2 * MB)

/* A mapping of ours: each has a slot of 4 GB of its own. */
struct area {
	const char *name;
	char *at;
	size_t size;
	size_t leaf;		/* size of its pages */
	int fd;			/* of a shared mapping, or -1 */
};

extern struct area hugetlb_private, hugetlb_shared, hugetlb_again, hugetlb_wide,
	hugetlb_gigantic, thp_private, thp_shared, base_private, base_shared;
extern struct area *const areas[];

/* say.c */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_result(const char *what, long ret);
void say_open(void);
void die(const char *what);
bool write_file(const char *path, const char *text);
char *read_file(const char *path, size_t *len);	/* to be freed; NULL */

/* trace.c: what the callbacks did since the last call */
void trace_open(const char *list);
void trace_say(const char *phase, bool exact);

/* maps.c */
void maps_make(void);
void touch(struct area *a, size_t page);
unsigned char peek(struct area *a, size_t page);
bool exists(const struct area *a);
char *page_of(const struct area *a, size_t page);

/* show.c */
void show_all(const char *when);
void show_pagemap(const struct area *a, size_t from, size_t to);
void show_mincore(const struct area *a, size_t from, size_t to);
void show_scan(const struct area *a, size_t from, size_t to);
uint64_t pagemap_entry(const void *at);
long scan(const char *from, const char *to, uint64_t flags, uint64_t mask,
	  const char *what);
int scan_swapped(const struct area *a);

/* act.c */
void act_clear_refs(void);
void act_fork(void);
void act_swap(void);
void act_protect(void);
void act_policy(void);
void act_migration(void);
void act_move(void);
void act_fill(void);
void act_write_protect(void);
void act_hmm(void);
void act_damon(void);
void act_poison(void);
void act_kernel(void);

#endif
