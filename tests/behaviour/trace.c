// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which callbacks ran, how often, and which locks each took.  Each name of the
 * list gets a kprobe at its entry and one at its return; between the two the
 * trace has the locks that lockdep saw taken.  The locks of a call are a set:
 * the order in which reclaim and the like take theirs is not the callback's.
 * Of a name with a "+" only whether it ran is said: it may run by chance.
 *
 * The locks of two kinds of calls are not known, and left out.  One during which
 * the task was scheduled away has the scheduler's among its own.  hmm's callback
 * clears a new huge page, which calls cond_resched() 512 times.  One call of its
 * phase does so for a shared mapping; beside a process that is busy its locks were
 * missing in 12 of 12 turns, and above that process in none.  So the test runs
 * above all else on its processor (main.c); how many calls were left out all the
 * same is said, and the runner boots again where it matters.  The other is a call
 * during which one of another task ended, which switches the tracing of locks off
 * for both.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "behaviour.h"

#define TRACING "/sys/kernel/tracing/"
#define MAX_NAMES 512
#define MAX_LOCKS 64
#define MAX_SETS 2048
#define MAX_TASKS 64

static char *names[MAX_NAMES];
static bool whole[MAX_NAMES];	/* how often, too */
static bool locks[MAX_NAMES];	/* and with which locks */
static unsigned long hits[MAX_NAMES];
static unsigned long left_out[MAX_NAMES];
static int nr_names;

/* Not by stdio, which would look for the end of the file: it has none. */
static bool probe_add(const char *line)
{
	int fd = open(TRACING "kprobe_events", O_WRONLY | O_APPEND);
	ssize_t len = strlen(line);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, line, len) == len;
	close(fd);
	return ok;
}

/* Locks are traced only while a callback runs. */
static bool trigger(const char *name, const char *end, const char *what)
{
	char path[256], text[64];

	snprintf(path, sizeof(path), TRACING "events/tw/%s%s/trigger", name, end);
	snprintf(text, sizeof(text), "%s_event:lock:lock_acquire", what);
	return write_file(path, text);
}

void trace_open(const char *list)
{
	char *text = read_file(list, NULL), *name, *save = NULL, line[256];

	if (!text)
		die(list);
	for (name = strtok_r(text, "\n", &save); name && nr_names < MAX_NAMES;
	     name = strtok_r(NULL, "\n", &save)) {
		bool all = *name != '+';

		name += !all;
		snprintf(line, sizeof(line), "p:tw/%s %s\n", name, name);
		if (!probe_add(line)) {
			char *why = read_file(TRACING "error_log", NULL);

			if (all)
				say("callback %s: no probe: %s", name,
				    why ? why : "?");
			free(why);
			continue;
		}
		snprintf(line, sizeof(line), "r:tw/%s__end %s\n", name, name);
		if (all && !probe_add(line))
			say("callback %s: its end is not seen", name);
		whole[nr_names] = all;
		names[nr_names++] = name;
	}
	if (nr_names && !write_file(TRACING "events/tw/enable", "1"))
		die("kprobe events");
	write_file(TRACING "buffer_size_kb", "16384");
	for (int i = 0; i < nr_names; i++)
		if (whole[i]) {
			locks[i] = trigger(names[i], "", "enable") &&
				   trigger(names[i], "__end", "disable");
			if (!locks[i])
				say("callback %s: its locks are not seen",
				    names[i]);
		}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The sets of locks, "NAME: LOCK, LOCK", each once. */
struct sets {
	char *of[MAX_SETS];
	int n;
};

/* A task that is in a callback. */
struct task {
	char pid[16];
	int name;		/* its index, or -1 */
	bool disturbed;		/* not all of its locks were traced */
	char *locks[MAX_LOCKS];	/* each once */
	int n;
};

/*
 * The allocators' own: whether a slab or a list of free pages has just become
 * empty depends on all that was allocated before, by anybody.
 */
static bool is_allocators(const char *lock)
{
	static const char *const of[] = {
		"&n->list_lock", "&barn->lock", "&zone->lock", "&pcp->lock",
	};
	const char *name = strrchr(lock, ' ');	/* behind "try" and "read" */

	name = name ? name + 1 : lock;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (!strcmp(name, of[i]))
			return true;
	return false;
}

static void lock_add(struct task *t, const char *lock)
{
	if (is_allocators(lock))
		return;
	for (int i = 0; i < t->n; i++)
		if (!strcmp(t->locks[i], lock))
			return;
	if (t->n < MAX_LOCKS)
		t->locks[t->n++] = strdup(lock);
	else
		t->disturbed = true;
}

static void set_end(struct sets *sets, struct task *t)
{
	char line[4096];
	size_t at;

	for (int i = 0; i < t->n; i++)
		if (strstr(t->locks[i], "&rq->__lock"))
			t->disturbed = true;
	if (t->disturbed) {
		left_out[t->name]++;
		return;
	}
	qsort(t->locks, t->n, sizeof(*t->locks), by_text);
	at = snprintf(line, sizeof(line), "%s:", names[t->name]);
	for (int i = 0; i < t->n && at < sizeof(line) - 80; i++)
		at += snprintf(line + at, sizeof(line) - at, " <%s>", t->locks[i]);
	if (!t->n)
		snprintf(line + at, sizeof(line) - at, " no lock");
	for (int i = 0; i < sets->n; i++)
		if (!strcmp(sets->of[i], line))
			return;
	if (sets->n < MAX_SETS)
		sets->of[sets->n++] = strdup(line);
}

static struct task tasks[MAX_TASKS];
static int nr_tasks;

static struct task *task_of(const char *line, const char *bracket)
{
	const char *from = bracket;
	size_t len;

	/* "comm-pid  [cpu]": back to the dash */
	while (from > line && *from != '-')
		from--;
	len = strcspn(++from, " ");
	if (len >= sizeof(tasks[0].pid))
		return NULL;
	for (int i = 0; i < nr_tasks; i++)
		if (strlen(tasks[i].pid) == len &&
		    !strncmp(tasks[i].pid, from, len))
			return &tasks[i];
	if (nr_tasks == MAX_TASKS)
		return NULL;
	memcpy(tasks[nr_tasks].pid, from, len);
	tasks[nr_tasks].name = -1;
	return &tasks[nr_tasks++];
}

/* Whose beginning or end an event is; -1 if no callback's. */
static int name_of(const char *event, bool *end)
{
	for (int i = 0; i < nr_names; i++) {
		size_t len = strlen(names[i]);

		if (!locks[i] || strncmp(event, names[i], len))
			continue;
		*end = !strcmp(event + len, "__end");
		if (*end || !event[len])
			return i;
	}
	return -1;
}

static void read_locks(struct sets *sets)
{
	FILE *f = fopen(TRACING "trace", "r");
	char line[1024];

	while (f && fgets(line, sizeof(line), f)) {
		char *bracket = strchr(line, '['), *flags, *event, *arg;
		struct task *t;
		int name;
		bool end;

		if (line[0] == '#' || !bracket)
			continue;
		line[strcspn(line, "\n")] = '\0';
		flags = strchr(bracket, ']');
		event = flags ? strstr(flags, ": ") : NULL;
		/* A lock that an interrupt takes is not the callback's. */
		if (!event || strchr("hHsSzZ", flags[2 + 2]))
			continue;
		event += 2;
		t = task_of(line, bracket);
		arg = strchr(event, ':');
		if (!t || !arg)
			continue;
		*arg++ = '\0';
		if (!strcmp(event, "lock_acquire")) {
			char *lock = strchr(arg + 1, ' ');

			if (t->name >= 0 && lock)
				lock_add(t, lock + 1);
			continue;
		}
		name = name_of(event, &end);
		if (name < 0)
			continue;
		if (end) {
			/* Locks are no longer traced, whoever is in a call. */
			for (int i = 0; i < nr_tasks; i++)
				if (&tasks[i] != t || name != t->name)
					tasks[i].disturbed = true;
			if (name != t->name)
				continue;
			set_end(sets, t);
			while (t->n)
				free(t->locks[--t->n]);
			t->name = -1;
		} else if (t->name < 0) {
			t->name = name;
			t->disturbed = false;
		}
	}
	if (f)
		fclose(f);
}

void trace_say(const char *phase, bool exact)
{
	struct sets sets = { .n = 0 };
	char line[256], name[128];
	unsigned long hit, missed;
	FILE *f;

	write_file(TRACING "tracing_on", "0");
	f = fopen(TRACING "kprobe_profile", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %127s %lu %lu", name, &hit, &missed) != 3)
			continue;
		for (int i = 0; i < nr_names; i++) {
			if (strcmp(names[i], name) || hit == hits[i])
				continue;
			if (exact && whole[i])
				say("hits in %s: %s %lu", phase, name, hit - hits[i]);
			else
				say("hits in %s: %s some", phase, name);
			hits[i] = hit;
		}
	}
	if (f)
		fclose(f);
	read_locks(&sets);
	qsort(sets.of, sets.n, sizeof(*sets.of), by_text);
	for (int i = 0; i < sets.n; i++) {
		say("locks in %s: %s", phase, sets.of[i]);
		free(sets.of[i]);
	}
	/* Of a phase that depends on chance nothing follows from them. */
	for (int i = 0; i < nr_names; i++) {
		if (exact && left_out[i])
			say("left out in %s: %s %lu", phase, names[i], left_out[i]);
		left_out[i] = 0;
	}
	f = fopen(TRACING "trace", "w");	/* empties it */
	if (f)
		fclose(f);
	write_file(TRACING "tracing_on", "1");
}
