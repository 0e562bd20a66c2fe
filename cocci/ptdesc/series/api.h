/*
 * For the time of a transition: pgtable_t is a struct page * on some
 * architectures and a struct ptdesc * on others.  Code that all of them share
 * gets from one to the other with these.  They compute nothing, and do not
 * compile where pgtable_t is anything else.
 */
#define pgtable_ptdesc(pgtable)						\
({									\
	pgtable_t __pgtable = (pgtable);				\
	static_assert(__same_type(__pgtable, struct page *) ||		\
		      __same_type(__pgtable, struct ptdesc *));		\
	(struct ptdesc *)__pgtable;					\
})

#define ptdesc_pgtable(pt)						\
({									\
	struct ptdesc *__ptdesc = (pt);					\
	static_assert(__same_type(pgtable_t, struct page *) ||		\
		      __same_type(pgtable_t, struct ptdesc *));		\
	(pgtable_t)__ptdesc;						\
})
