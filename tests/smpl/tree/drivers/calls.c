// SPDX-License-Identifier: GPL-2.0-only
#include <linux/stop.h>

static struct old_state states[4];

static int hook(struct old_state *s)
{
	return old_stop(s + 1);
}

static struct old_state named = { .since = 1, .old_hook = hook };
static struct near_ops ops = { .old_stop = old_stop, .old_hook = hook };

int calls(struct near_ops *o, old_t limit)
{
	int (*fn)(struct old_state *) = old_stop;
	old_t sum = (old_t)OLD_LIMIT + limit;

	stop_pair(states);
	if (old_wait(states) && old_stop(&named))
		show("old_stop failed");
	named.old_hook = hook;
	/* old_stop() is called through the op here. */
	o->old_stop(states);
	o->old_hook(states);
#ifdef CONFIG_HUGE
	old_stop(&states[2]);
#else
	old_stop(&states[3]);
#endif
#if 0
	old_stop(&states[1]);
#endif
	show_name(old_stop);
	return fn(states) + stop_now(states) + ops.old_hook(states) +
	       (sum > sizeof(struct old_state)) + OLD_RUN;
}
