// SPDX-License-Identifier: GPL-2.0-only
/* Init: mounts what is needed, does one thing after the other, and ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "behaviour.h"

static void mount_at(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		die(where);
}

static const struct phase {
	const char *name;
	void (*act)(void);
	bool exact;		/* the same calls at each boot */
} phases[] = {
	{ "clear_refs", act_clear_refs, true },
	{ "fork", act_fork, true },
	{ "swap", act_swap, true },
	{ "move", act_move, true },
	{ "protect", act_protect, true },
	{ "fill", act_fill, true },
	{ "policy", act_policy, true },
	{ "migration", act_migration, false },
	{ "write_protect", act_write_protect, true },
	{ "damon", act_damon, false },
	{ "kernel", act_kernel, true },
	/* Late: lockdep finds a circle here in Linux itself, and then stops. */
	{ "hmm", act_hmm, true },
	{ "poison", act_poison, true },
};

/*
 * Nothing else is to run where we do, but while we sleep: see trace.c.  Not
 * where two threads are to meet, which they do not without being disturbed.
 */
static void above_all(bool on)
{
	struct sched_param param = { .sched_priority = on ? 99 : 0 };

	if (sched_setscheduler(0, on ? SCHED_FIFO : SCHED_OTHER, &param))
		die("sched_setscheduler");
}

int main(void)
{
	cpu_set_t one;

	mount_at("devtmpfs", "/dev");
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("debugfs", "/sys/kernel/debug");
	mount_at("tracefs", "/sys/kernel/tracing");
	mkdir("/tmp", 0777);
	say_open();
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);

	for (int node = 0; node < 2; node++) {
		char path[128];

		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/"
			 "hugepages/hugepages-2048kB/nr_hugepages", node);
		if (!write_file(path, "40"))
			say_result(path, -1);
	}
	/* Nothing is to be collapsed behind our back. */
	write_file("/sys/kernel/mm/transparent_hugepage/khugepaged/"
		   "scan_sleep_millisecs", "4000000000");
	trace_open("/callbacks");
	say("== start");
	above_all(true);
	maps_make();
	show_all("as mapped");
	trace_say("look", true);
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		say("==== %s", phases[i].name);
		above_all(phases[i].exact);
		phases[i].act();
		trace_say(phases[i].name, phases[i].exact);
	}
	say("== end");
	sync();
	reboot(RB_AUTOBOOT);
	return 1;
}
