/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LINUX_STOP_H
#define LINUX_STOP_H

typedef unsigned long old_t;

enum run_state { OLD_RUN, OLD_IDLE };

/**
 * struct old_state - what is running; old_stop() ends it
 * @since: when it began
 */
struct old_state {
	old_t since;
	enum run_state run;
	int (*old_hook)(struct old_state *s);
};

/* Another struct with members of the same names. */
struct near_ops {
	int (*old_stop)(struct old_state *s);
	int (*old_hook)(struct old_state *s);
};

int old_stop(struct old_state *s);
void show(const char *text);

#define OLD_LIMIT 16
#define old_wait(s) ((s)->since > OLD_LIMIT)

/* A body that no source expands. */
#define stop_never(s) old_stop(s)
/* A body with two calls, which one source expands. */
#define stop_pair(s) do {	\
	old_stop(s);		\
	old_stop((s) + 1);	\
} while (0)
/* The name is made here: it is another one. */
#define call_stop(how, s) how##_stop(s)
#define show_name(f) show(#f)

#define EXPORT_SYMBOL(sym) extern __typeof__(sym) sym

static inline int stop_now(struct old_state *s)
{
	return old_stop(s);
}

#endif
