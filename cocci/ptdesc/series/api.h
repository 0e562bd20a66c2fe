/*
 * For the time of a transition: pgtable_t is a struct page * on some
 * architectures and a struct ptdesc * on others.  Code that all of them share
 * gets from one to the other with these, and is checked for both.
 */
#define pgtable_ptdesc(pgtable)						\
({									\
	pgtable_t __pgtable = (pgtable);				\
									\
	_Generic(__pgtable,						\
		struct page *:		(struct ptdesc *)__pgtable,	\
		struct ptdesc *:	(struct ptdesc *)__pgtable);	\
})

#define ptdesc_pgtable(pt)						\
({									\
	struct ptdesc *__ptdesc = (pt);					\
									\
	_Generic((pgtable_t)NULL,					\
		struct page *:		ptdesc_page(__ptdesc),		\
		struct ptdesc *:	__ptdesc);			\
})
