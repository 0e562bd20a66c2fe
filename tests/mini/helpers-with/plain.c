// SPDX-License-Identifier: GPL-2.0-only
/* Has nothing to do with it. */
int plain(void);
int plain(void)
{
	return 0;
}
