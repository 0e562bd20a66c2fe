// SPDX-License-Identifier: GPL-2.0-only
#include <linux/stop.h>

#define for_all(s, a) for ((s) = (a); (s) < (a) + 4; (s)++)
#define begin_block {
#define end_block }

/* spatch cannot parse this function. */
int odd(struct old_state *a)
{
	struct old_state *s;
	int n = 0;

	for_all(s, a) begin_block
		n += old_stop(s);
	end_block
	return n;
}
