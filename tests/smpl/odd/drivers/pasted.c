// SPDX-License-Identifier: GPL-2.0-only
#include <linux/stop.h>

int odd_pasted(struct old_state *s);

/* The name is made of two parts: no token can be renamed. */
int odd_pasted(struct old_state *s)
{
	return call_stop(old, s);
}
