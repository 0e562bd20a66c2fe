/* A member, a local variable and longer names; del_timer_sync() in a comment. */
struct fsm;
struct ops {
	void (*del_timer_sync)(struct fsm *fsm);
};
struct fsm {
	const struct ops *ops;
};

void my_del_timer_sync(struct fsm *fsm);
static const struct ops ops = {
	.del_timer_sync = my_del_timer_sync,
};

static int act(struct fsm *fsm, struct timer_list *timer)
{
	int del_timer_sync = timer_delete(timer);

	if (fsm->ops->del_timer_sync)
		fsm->ops->del_timer_sync(fsm);
	my_del_timer_sync(fsm);
	return !del_timer_sync;
}
