// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which callbacks ran, how often, and which locks each took.  Each name of the
 * list gets a kprobe at its entry and one at its return; between the two the
 * trace has the locks that lockdep saw taken.  The locks of a call are a set:
 * the order in which reclaim and the like take theirs is not the callback's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "behaviour.h"

#define TRACING "/sys/kernel/tracing/"
#define MAX_NAMES 512
#define MAX_LOCKS 64
#define MAX_SETS 2048

static char *names[MAX_NAMES];
static unsigned long hits[MAX_NAMES];
static int nr_names;

static bool probe_add(const char *line)
{
	FILE *f = fopen(TRACING "kprobe_events", "a");
	bool ok;

	if (!f)
		return false;
	fprintf(f, "%s\n", line);
	ok = fclose(f) == 0;
	return ok;
}

void trace_open(const char *list)
{
	char *text = read_file(list, NULL), *name, *save = NULL, line[256];

	if (!text)
		die(list);
	for (name = strtok_r(text, "\n", &save); name && nr_names < MAX_NAMES;
	     name = strtok_r(NULL, "\n", &save)) {
		snprintf(line, sizeof(line), "p:tw/%s %s", name, name);
		if (!probe_add(line)) {
			say("callback %s: not in this kernel", name);
			continue;
		}
		snprintf(line, sizeof(line), "r:tw/%s__end %s", name, name);
		if (!probe_add(line))
			say("callback %s: its end is not seen", name);
		names[nr_names++] = name;
	}
	if (!nr_names)
		return;
	snprintf(line, sizeof(line), "%d", getpid());
	write_file(TRACING "set_event_pid", line);
	write_file(TRACING "buffer_size_kb", "32768");
	if (!write_file(TRACING "events/tw/enable", "1"))
		die("kprobe events");
	if (!write_file(TRACING "events/lock/lock_acquire/enable", "1"))
		say("locks are not seen");
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

static void set_end(struct sets *sets, const char *name, char **locks, int n)
{
	char line[4096];
	size_t at;

	qsort(locks, n, sizeof(*locks), by_text);
	at = snprintf(line, sizeof(line), "%s:", name);
	for (int i = 0; i < n && at < sizeof(line) - 80; i++)
		if (!i || strcmp(locks[i], locks[i - 1]))
			at += snprintf(line + at, sizeof(line) - at, " <%s>",
				       locks[i]);
	if (!n)
		snprintf(line + at, sizeof(line) - at, " no lock");
	for (int i = 0; i < sets->n; i++)
		if (!strcmp(sets->of[i], line))
			return;
	if (sets->n < MAX_SETS)
		sets->of[sets->n++] = strdup(line);
}

static void read_locks(struct sets *sets)
{
	FILE *f = fopen(TRACING "trace", "r");
	char line[1024], name[128] = "", *locks[MAX_LOCKS];
	int n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		char *flags = strchr(line, ']'), *event, *arg;

		if (line[0] == '#' || !flags)
			continue;
		line[strcspn(line, "\n")] = '\0';
		flags += 2;
		event = strstr(flags, ": ");
		if (!event || strchr("hHsSzZ", flags[2]))
			continue;
		event += 2;
		arg = strchr(event, ':');
		if (!arg)
			continue;
		*arg++ = '\0';
		if (!strcmp(event, "lock_acquire")) {
			char *lock = strchr(arg + 1, ' ');

			if (*name && lock && n < MAX_LOCKS)
				locks[n++] = strdup(lock + 1);
		} else if (*name && !strncmp(event, name, strlen(name)) &&
			   !strcmp(event + strlen(name), "__end")) {
			set_end(sets, name, locks, n);
			while (n)
				free(locks[--n]);
			*name = '\0';
		} else if (!*name) {
			for (int i = 0; i < nr_names; i++)
				if (!strcmp(names[i], event))
					strcpy(name, event);
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
			if (exact)
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
