// SPDX-License-Identifier: GPL-2.0-only
#include <linux/stop.h>

int arch_stop(struct old_state *s);

int arch_stop(struct old_state *s)
{
	return old_stop(s);
}
