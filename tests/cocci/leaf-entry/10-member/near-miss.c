// SPDX-License-Identifier: GPL-2.0-only
/* Another record has a member of that name. */
struct counters { int hugetlb_entry; };

struct counters zero = { .hugetlb_entry = 0 };

int count(struct counters *c)
{
	int hugetlb_entry = c->hugetlb_entry;

	return hugetlb_entry;
}
