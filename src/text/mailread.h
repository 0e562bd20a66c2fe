/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read the patches of a mail or an mbox, or of a plain diff.
 */
#ifndef MAILREAD_H
#define MAILREAD_H

#include "text/patchread.h"

/*
 * Read @size bytes at @buf, which must outlive the result: an mbox, one mail, or
 * a diff without a mail around it (as pr_read() takes it).  Subjects, authors
 * and parts are decoded.  A part that may hold a diff and cannot be read is
 * named in pr_patch.unread.  NULL with *@err filled in on error.
 */
struct pr_set *mail_read(const char *buf, gsize size, struct pr_error *err);

#endif
