// SPDX-License-Identifier: GPL-2.0-only
/* "Did you mean": Levenshtein distance, at most a third of the word. */
#include <glib.h>
#include <string.h>

#include "base/nearest.h"

unsigned nearest_distance(const char *a, const char *b)
{
	size_t n = strlen(b);
	guint *row = g_new(guint, n + 1), d;

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		guint diag = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			guint up = row[j + 1];

			row[j + 1] = MIN(MIN(up, row[j]) + 1,
					 diag + (a[i] != b[j]));
			diag = up;
		}
	}
	d = row[n];
	g_free(row);
	return d;
}

const char *nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	guint best_d = MAX(2, strlen(word) / 3) + 1;

	if (strlen(word) > 100)
		return NULL;
	for (; *names; names++) {
		guint d = nearest_distance(word, *names);

		if (d < best_d) {
			best_d = d;
			best = *names;
		}
	}
	return best;
}
