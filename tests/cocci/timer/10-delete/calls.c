struct port {
	struct timer_list timer, *other;
	struct timer_list many[2];
	int on;
};

static int stop(struct port *p, int i)
{
	if (p->on && del_timer(&p->timer))
		p->on = 0;
	(void)del_timer(p->other);
	del_timer (p->many + i);
	return del_timer(i ? &p->many[0] :
		 &p->many[1]) ? 1 : 0;
}
