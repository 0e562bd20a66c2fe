// SPDX-License-Identifier: GPL-2.0-only
/* Nothing of this is the function old_stop() of the header. */
struct box { int old_stop; };

int near(struct box *b);

int near(struct box *b)
{
	int old_stop = b->old_stop;

	if (old_stop > 3)
		goto old_stop;
	b->old_stop = old_stop + 1;
old_stop:
	return old_stop;
}
