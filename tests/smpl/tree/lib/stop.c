// SPDX-License-Identifier: GPL-2.0-only
#include <linux/stop.h>

/**
 * old_stop - end it
 * @s: what to end
 */
int old_stop(struct old_state *s)
{
	s->run = OLD_IDLE;
	return s->old_hook ? s->old_hook(s) : 0;
}
EXPORT_SYMBOL(old_stop);
