// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target of the readers of patches and of mail (libFuzzer): any bytes are
 * read or refused with a message, and what is read holds what its readers rely on.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/mailread.h"
#include "text/patchread.h"

#define HOLDS(x) do { if (!(x)) abort(); } while (0)

static void check_file(const struct pr_set *s, const struct pr_file *f,
		       const char *buf, size_t size)
{
	const char *why;

	HOLDS(!f->old_path || pr_path_ok(f->old_path, &why));
	HOLDS(!f->new_path || pr_path_ok(f->new_path, &why));
	for (guint i = 0; i < f->hunks->len; i++) {
		const struct pr_hunk *h = pr_hunk_at(f, i);
		guint old_n = 0, new_n = 0;

		HOLDS(f->old_path || f->new_path);
		HOLDS(h->first + h->n <= s->lines->len);
		for (guint k = 0; k < h->n; k++) {
			const struct pr_line *l = pr_line_at(s, h, k);

			HOLDS(!buf || (l->p >= buf &&
				       l->p + l->len <= buf + size));
			/* Decoded texts are the set's: they can be read. */
			for (guint b = 0; !buf && b < l->len; b++)
				HOLDS(l->p[b] != '\n');
			HOLDS(!memchr(l->p, '\n', l->len));
			old_n += l->kind != '+';
			new_n += l->kind != '-';
		}
		HOLDS(old_n == h->old_n && new_n == h->new_n);
	}
}

/* @buf: what the lines point into, or NULL: texts of the set. */
static void check_set(struct pr_set *s, const char *buf, size_t size)
{
	for (guint i = 0; i < s->patches->len; i++) {
		const struct pr_patch *p = s->patches->pdata[i];

		HOLDS(p->files->len || p->unread->len);
		for (guint k = 0; k < p->files->len; k++)
			check_file(s, p->files->pdata[k], buf, size);
	}
	pr_free(s);
}

static void read_mail(const char *buf, size_t size)
{
	struct pr_error err = { 0 };
	struct pr_set *s = mail_read(buf, size, &err);

	if (!s) {
		HOLDS(err.text[0]);
		return;
	}
	for (guint i = 0; i < s->patches->len; i++) {
		const struct pr_patch *p = s->patches->pdata[i];

		HOLDS(!p->subject || g_utf8_validate(p->subject, -1, NULL));
		HOLDS(!p->author || g_utf8_validate(p->author, -1, NULL));
	}
	check_set(s, s->texts->len ? NULL : buf, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Not terminated: a read behind the end must be seen. */
	char *buf = malloc(size ? size : 1);

	memcpy(buf, data, size);
	for (int flags = 0; flags <= PR_LOOSE; flags++) {
		struct pr_error err = { 0 };
		struct pr_set *s = pr_read(buf, size, flags, &err);

		if (!s) {
			HOLDS(err.text[0]);
			continue;
		}
		check_set(s, buf, size);
	}
	read_mail(buf, size);
	free(buf);
	return 0;
}
