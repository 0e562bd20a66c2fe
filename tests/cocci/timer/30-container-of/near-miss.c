/* A parameter and longer names; from_timer() in a comment. */
int disengaged_from_timer(int from_timer);

static int watch(int on, int from_timer)
{
	if (!from_timer && on)
		return disengaged_from_timer(from_timer);
	return from_timer;
}
