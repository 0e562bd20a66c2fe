/* A member, a local variable and longer names; del_timer() in a comment. */
struct fsm;
struct ops {
	void (*del_timer)(struct fsm *fsm);
};
struct fsm {
	const struct ops *ops;
};

void my_del_timer(struct fsm *fsm);
static const struct ops ops = {
	.del_timer = my_del_timer,
};

static int act(struct fsm *fsm, struct timer_list *timer)
{
	int del_timer = timer_delete(timer);

	if (fsm->ops->del_timer)
		fsm->ops->del_timer(fsm);
	my_del_timer(fsm);
	return !del_timer;
}
