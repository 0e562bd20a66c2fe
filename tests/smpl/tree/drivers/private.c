// SPDX-License-Identifier: GPL-2.0-only
/* A static function of its own, which does not include the header. */
static int old_stop(int a)
{
	return a;
}

int private_one(int a);

int private_one(int a)
{
	return old_stop(a) + old_stop(1);
}
