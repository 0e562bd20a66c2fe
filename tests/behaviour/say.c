// SPDX-License-Identifier: GPL-2.0-only
/* What is said goes to a serial line of its own, that of the kernel's messages
 * being another. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#include "behaviour.h"

static int out = -1;

void say_open(void)
{
	struct termios raw;

	out = open("/dev/ttyS1", O_RDWR | O_NOCTTY);
	if (out >= 0 && tcgetattr(out, &raw) == 0) {
		cfmakeraw(&raw);
		cfsetspeed(&raw, B115200);
		tcsetattr(out, TCSANOW, &raw);
	}
}

void say(const char *format, ...)
{
	char line[4096];
	va_list args;
	int n, done = 0;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	while (done < n) {
		int w = write(out, line + done, n - done);

		if (w <= 0)
			return;
		done += w;
	}
}

void say_result(const char *what, long ret)
{
	if (ret < 0)
		say("  %s: %s", what, strerror(errno));
	else
		say("  %s: %ld", what, ret);
}

void die(const char *what)
{
	say("DIED %s: %s", what, strerror(errno));
	tcdrain(out);
	sync();
	if (getpid() == 1)
		reboot(RB_AUTOBOOT);
	_exit(1);
}

bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

char *read_file(const char *path, size_t *len)
{
	size_t have = 0, room = 64 * KB;
	int fd = open(path, O_RDONLY), saved;
	char *text;
	ssize_t n;

	if (fd < 0)
		return NULL;
	text = malloc(room + 1);
	while (text && (n = read(fd, text + have, room - have)) > 0) {
		have += n;
		if (have == room)
			text = realloc(text, (room *= 2) + 1);
	}
	saved = errno;
	close(fd);
	errno = saved;
	if (text)
		text[have] = '\0';
	if (len)
		*len = have;
	return text;
}
