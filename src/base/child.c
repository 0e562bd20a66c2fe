// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pool of forked children.  Each leads a process group, which is killed
 * whole on a time-out (spatch and compilers have children of their own).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "base/child.h"
#include "base/diag.h"

struct slot {
	pid_t pid;
	guint item;
	gint64 deadline;
	gboolean killed;
};

static pid_t start(guint i, const struct child_limits *lim,
		   child_work_fn work, void *data)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
#ifdef __SANITIZE_ADDRESS__	/* whose shadow is terabytes of addresses */
	__lsan_disable();	/* the system takes back what a child has */
#else
	if (lim->memory) {
		struct rlimit r = { lim->memory, lim->memory };

		setrlimit(RLIMIT_AS, &r);
	}
#endif
	_exit(work(i, data));
}

static void reap(struct slot *s, int status, child_done_fn done, void *data)
{
	if (s->killed)
		done(s->item, CHILD_TIMED_OUT, 0, data);
	else if (WIFSIGNALED(status))
		done(s->item, CHILD_CRASHED, WTERMSIG(status), data);
	else if (WEXITSTATUS(status))
		done(s->item, CHILD_FAILED, WEXITSTATUS(status), data);
	else
		done(s->item, CHILD_OK, 0, data);
	s->pid = 0;
}

int child_pool(guint n, int jobs, const struct child_limits *lim,
	       child_work_fn work, child_done_fn done, void *data)
{
	struct slot *slots = g_new0(struct slot, jobs);
	guint next = 0, left = n;
	int ret = 0;

	while (left) {
		gboolean idle = TRUE;

		for (int j = 0; j < jobs; j++) {
			struct slot *s = &slots[j];
			int status;

			if (!s->pid && next < n && !ret) {
				s->pid = start(next, lim, work, data);
				if (s->pid < 0) {
					s->pid = 0;
					ret = tw_error("cannot start a process: %s",
						       g_strerror(errno));
					continue;
				}
				s->item = next++;
				s->killed = FALSE;
				s->deadline = g_get_monotonic_time() +
					lim->seconds * G_USEC_PER_SEC;
			}
			if (!s->pid)
				continue;
			if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
				reap(s, status, done, data);
				left--;
				idle = FALSE;
			} else if (lim->seconds && !s->killed &&
				   g_get_monotonic_time() > s->deadline) {
				kill(-s->pid, SIGKILL);
				kill(s->pid, SIGKILL);
				s->killed = TRUE;
			}
		}
		if (ret) {
			gboolean any = FALSE;

			for (int j = 0; j < jobs; j++)
				any |= slots[j].pid != 0;
			if (!any)
				break;
		}
		if (idle) {
			struct timespec ts = { 0, 2000000 };

			nanosleep(&ts, NULL);
		}
	}
	g_free(slots);
	return ret;
}

const char *child_end_text(enum child_end end, int status,
			   const struct child_limits *lim)
{
	static char text[80];

	switch (end) {
	case CHILD_OK:
		return "done";
	case CHILD_FAILED:
		g_snprintf(text, sizeof(text), "failed with status %d", status);
		break;
	case CHILD_CRASHED:
		g_snprintf(text, sizeof(text), "crashed (signal %d)", status);
		break;
	case CHILD_TIMED_OUT:
		g_snprintf(text, sizeof(text), "timed out after %u s",
			   lim->seconds);
		break;
	}
	return text;
}
