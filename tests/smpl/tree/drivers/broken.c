// SPDX-License-Identifier: GPL-2.0-only
/* No cell compiles this file. */
#include <linux/stop.h>
#include <linux/not_there.h>

int broken(struct old_state *s)
{
	return old_stop(s);
}
