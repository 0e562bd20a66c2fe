// path: drivers/port/port.c
// SPDX-License-Identifier: GPL-2.0-only
static void expire(struct timer_list *t)
{
	struct port *p = from_timer(p, t, timer); /* WANT: timer/old-name */

	if (del_timer(&p->other)) /* WANT: timer/old-name */
		del_timer_sync(&p->timer); /* WANT: timer/old-name */
}

/* Near misses: members, variables, longer names, del_timer() in a comment. */
static const struct otg_ops ops = {
	.del_timer = port_del_timer,
};

static bool stop(struct port *p, bool from_timer)
{
	p->ops->del_timer(p, 1);
	p->inner.del_timer_sync(p);
	port_del_timer(p);
	timer_delete(&p->timer);
	return !from_timer && p->on;
}
