// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which callbacks ran, how often, and which locks each took.  Each name of the
 * list gets a kprobe at its entry and one at its return; between the two the
 * trace has the locks that lockdep saw taken.  The locks of a call are a set:
 * the order in which reclaim and the like take theirs is not the callback's.
 * Of a name with a "+" only whether it ran is said: it may run by chance.
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

static void set_end(struct sets *sets, const char *name, char **taken, int n)
{
	char line[4096];
	size_t at;

	/* The task was scheduled away in it: some locks are the scheduler's. */
	for (int i = 0; i < n; i++)
		if (strstr(taken[i], "&rq->__lock"))
			return;
	qsort(taken, n, sizeof(*taken), by_text);
	at = snprintf(line, sizeof(line), "%s:", name);
	for (int i = 0; i < n && at < sizeof(line) - 80; i++)
		if (!i || strcmp(taken[i], taken[i - 1]))
			at += snprintf(line + at, sizeof(line) - at, " <%s>",
				       taken[i]);
	if (!n)
		snprintf(line + at, sizeof(line) - at, " no lock");
	for (int i = 0; i < sets->n; i++)
		if (!strcmp(sets->of[i], line))
			return;
	if (sets->n < MAX_SETS)
		sets->of[sets->n++] = strdup(line);
}

/* A task that is in a callback. */
struct task {
	char pid[16], name[128];
	char *locks[MAX_LOCKS];
	int n;
};

static struct task *task_of(const char *line, const char *bracket)
{
	static struct task tasks[MAX_TASKS];
	static int nr;
	const char *from = bracket;
	size_t len;

	/* "comm-pid  [cpu]": back to the dash */
	while (from > line && *from != '-')
		from--;
	len = strcspn(++from, " ");
	if (len >= sizeof(tasks[0].pid))
		return NULL;
	for (int i = 0; i < nr; i++)
		if (strlen(tasks[i].pid) == len &&
		    !strncmp(tasks[i].pid, from, len))
			return &tasks[i];
	if (nr == MAX_TASKS)
		return NULL;
	memcpy(tasks[nr].pid, from, len);
	return &tasks[nr++];
}

static void read_locks(struct sets *sets)
{
	FILE *f = fopen(TRACING "trace", "r");
	char line[1024];

	while (f && fgets(line, sizeof(line), f)) {
		char *bracket = strchr(line, '['), *flags, *event, *arg;
		struct task *t;

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

			if (*t->name && lock && t->n < MAX_LOCKS)
				t->locks[t->n++] = strdup(lock + 1);
		} else if (*t->name && !strncmp(event, t->name, strlen(t->name)) &&
			   !strcmp(event + strlen(t->name), "__end")) {
			set_end(sets, t->name, t->locks, t->n);
			while (t->n)
				free(t->locks[--t->n]);
			*t->name = '\0';
		} else if (!*t->name) {
			for (int i = 0; i < nr_names; i++)
				if (locks[i] && !strcmp(names[i], event))
					strcpy(t->name, event);
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
	f = fopen(TRACING "trace", "w");	/* empties it */
	if (f)
		fclose(f);
	write_file(TRACING "tracing_on", "1");
}
