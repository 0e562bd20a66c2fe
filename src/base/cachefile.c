// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checksum is a last line of fixed length: XXH3 of all that stands before
 * it.  The contents may be binary.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cachefile.h"
#include "base/diag.h"

#define SEAL "xxh3 "
#define SEAL_SIZE (sizeof(SEAL) - 1 + 16 + 1)

static void make_seal(char seal[SEAL_SIZE + 1], const char *text, gsize size)
{
	g_snprintf(seal, SEAL_SIZE + 1, SEAL "%016" G_GINT64_MODIFIER "x\n",
		   (guint64)XXH3_64bits(text, size));
}

static int write_all(const char *path, const char *text, gsize size)
{
	char seal[SEAL_SIZE + 1];
	FILE *f = fopen(path, "we");
	int err = 0;

	if (!f)
		return errno;
	make_seal(seal, text, size);
	if (fwrite(text, 1, size, f) != size ||
	    fwrite(seal, 1, SEAL_SIZE, f) != SEAL_SIZE)
		err = errno;
	if (fclose(f) && !err)
		err = errno;
	return err;
}

int cachefile_write(const char *path, const char *text, gsize size)
{
	char *dir = g_path_get_dirname(path);
	char *tmp = g_strdup_printf("%s.tmp-%d", path, getpid());
	int err = g_mkdir_with_parents(dir, 0755) ? errno :
		  write_all(tmp, text, size);

	if (!err && g_rename(tmp, path))
		err = errno;
	if (err)
		g_unlink(tmp);
	g_free(tmp);
	g_free(dir);
	errno = err;
	return err ? -1 : 0;
}

void cachefile_damaged(const char *path)
{
	static GHashTable *told;
	char *dir = g_path_get_dirname(path);

	if (!told)
		told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					     NULL);
	if (g_hash_table_add(told, dir))
		tw_warn("the cache entry '%s' is damaged and is made anew; more of this folder are not named",
			path);
	g_unlink(path);
}

char *cachefile_read(const char *path, gsize *size)
{
	char seal[SEAL_SIZE + 1], *text;
	gsize n;

	if (!g_file_get_contents(path, &text, &n, NULL))
		return NULL;
	if (n >= SEAL_SIZE) {
		n -= SEAL_SIZE;
		make_seal(seal, text, n);
		if (!memcmp(text + n, seal, SEAL_SIZE)) {
			text[n] = '\0';
			if (size)
				*size = n;
			return text;
		}
	}
	cachefile_damaged(path);
	g_free(text);
	return NULL;
}
