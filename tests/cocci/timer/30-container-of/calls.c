struct port {
	struct timer_list timer;
	struct {
		struct timer_list timers[2];
	} u;
	int on;
};

static void one(struct timer_list *t)
{
	struct port *p = from_timer(p, t, timer);

	p->on = 0;
}

static void inner(struct timer_list *t)
{
	struct port *p =
		from_timer(p, t, u.timers[1]);

	p->on = from_timer(p, t, timer)->on;
}
