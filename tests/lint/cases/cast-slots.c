// path: mm/slots.c
// SPDX-License-Identifier: GPL-2.0-only
static void slots(pgtable_t *slot, struct vm_fault *vmf, struct page **pages,
		  void *cookie)
{
	pgtable_t own[4], one;
	struct ptdesc *pt;

	use((struct ptdesc *)(*slot)); /* WANT: ptdesc/cast */
	use((struct page *)slot[2]); /* WANT: ptdesc/cast */
	use((void *)*slot); /* WANT: ptdesc/cast */
	use((pte_t **)slot); /* WANT: ptdesc/cast */
	use((struct page **)&one); /* WANT: ptdesc/cast */
	use((struct ptdesc **)&vmf->prealloc_pte); /* WANT: ptdesc/cast */
	use((void *)own); /* WANT: ptdesc/cast */
	use((const struct page *)one); /* WANT: ptdesc/cast */
	use((pgtable_t *)pages); /* WANT: ptdesc/cast */
	use((pgtable_t *)&pt); /* WANT: ptdesc/cast */
	one = (pgtable_t)*pages; /* WANT: ptdesc/cast */
	slot = (pgtable_t *)(cookie); /* WANT: ptdesc/cast */
}

/* Near misses. */
static void none(pgtable_t *slot, struct vm_fault *vmf, pgtable_t h)
{
	use((struct list_head *)h->next, (void *)vmf->vma, (void *)slot->x);
	use((unsigned long)h, (void *)&vmf->vma, sizeof(pgtable_t *));
	use((pte_t *)vmf->prealloc_pte_copy, (void *)slots(slot));
}
