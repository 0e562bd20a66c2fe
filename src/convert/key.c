// SPDX-License-Identifier: GPL-2.0-only
/* Keys of declarations, as src/read/ast.h describes them. */
#include <string.h>

#include "convert/key.h"
#include "read/ast.h"

char *key_function(const char *key)
{
	const char *at = ast_is_decl(key) && key[2] == '*' ? NULL :
			 strstr(key, "@F@");
	const char *end;

	if (!at)
		return NULL;
	at += 3;
	end = at + strcspn(at, "#@");
	return g_strndup(at, end - at);
}
