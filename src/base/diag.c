// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages and progress on stderr.  Progress is drawn in place on a terminal
 * and is a line a quarter elsewhere, so that logs stay readable; every message
 * first clears it.  Control characters are spelled out (base/printable.h): a
 * message may quote a stranger's file name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/printable.h"

static GMutex lock;
static gboolean progress_shown;
static gint64 progress_start, progress_drawn;
static char *progress_stage;
static guint progress_quarter;

static void clear_line(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = FALSE;
}

static void G_GNUC_PRINTF(2, 0) emit(const char *prefix, const char *fmt,
				     va_list ap)
{
	char *msg = g_strdup_vprintf(fmt, ap);

	g_mutex_lock(&lock);
	clear_line();
	printable_print(stderr, "%s%s\n", prefix, msg);
	g_mutex_unlock(&lock);
	g_free(msg);
}

int tw_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("treewide: error: ", fmt, ap);
	va_end(ap);
	return -1;
}

int tw_error_at(const char *file, unsigned line, unsigned col,
		const char *fmt, ...)
{
	GString *place = g_string_new(file);
	va_list ap;

	if (line)
		g_string_append_printf(place, ":%u", line);
	if (line && col)
		g_string_append_printf(place, ":%u", col);
	g_string_append(place, ": error: ");
	va_start(ap, fmt);
	emit(place->str, fmt, ap);
	va_end(ap);
	g_string_free(place, TRUE);
	return -1;
}

void tw_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("treewide: warning: ", fmt, ap);
	va_end(ap);
}

void tw_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("treewide: ", fmt, ap);
	va_end(ap);
}

void tw_die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("treewide: error: ", fmt, ap);
	va_end(ap);
	exit(status);
}

void tw_progress(const char *what, unsigned done, unsigned total,
		 const char *item)
{
	gint64 now = g_get_monotonic_time();
	char left[32] = "";

	g_mutex_lock(&lock);
	if (!isatty(STDERR_FILENO)) {
		/* A log: a line for each quarter. */
		guint quarter = total ? (guint64)done * 4 / total : 0;

		if (g_strcmp0(progress_stage, what)) {
			g_free(progress_stage);
			progress_stage = g_strdup(what);
			progress_quarter = 0;
		}
		if (quarter > progress_quarter)
			fprintf(stderr, "treewide: %s: %u of %u\n", what, done,
				total);
		progress_quarter = MAX(progress_quarter, quarter);
		g_mutex_unlock(&lock);
		return;
	}
	if (g_strcmp0(progress_stage, what)) {
		g_free(progress_stage);
		progress_stage = g_strdup(what);
		progress_start = now;
		progress_drawn = 0;
	}
	if (now - progress_drawn > 100000 || done == total) {
		if (total && done) {
			gint64 s = (now - progress_start) / done *
				   (total - done) / G_USEC_PER_SEC;

			g_snprintf(left, sizeof(left), ", %d:%02d left",
				   (int)(s / 60), (int)(s % 60));
		}
		clear_line();
		if (total)
			printable_print(stderr, "%s: %u of %u%s %.40s", what,
					done, total, left, item ? item : "");
		else
			printable_print(stderr, "%s: %u %.40s", what, done,
					item ? item : "");
		fflush(stderr);
		progress_shown = TRUE;
		progress_drawn = now;
	}
	g_mutex_unlock(&lock);
}

void tw_progress_end(void)
{
	g_mutex_lock(&lock);
	clear_line();
	fflush(stderr);
	g_clear_pointer(&progress_stage, g_free);
	g_mutex_unlock(&lock);
}
