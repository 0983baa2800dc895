/*
 * Streams: stdin, stdout and stderr, all of them the console.
 */
#include <stdio.h>
#include <string.h>
#include <cthreads.h>
#include "console.h"
#include "file.h"

FILE _stdin, _stdout, _stderr = { .unbuffered = 1 };

static int flush_locked(FILE *file)
{
	size_t size = file->used;

	file->used = 0;
	return size == 0 || _console_write(file->data, size) ? 0 : EOF;
}

int fflush(FILE *file)
{
	int result;

	if (!file)
		return fflush(stdout) | fflush(stderr);
	spin_lock(&file->lock);
	result = flush_locked(file);
	spin_unlock(&file->lock);
	return result;
}

void _file_write(FILE *file, const char *data, size_t size)
{
	for (; size > 0; size--) {
		if (file->used == sizeof file->data)
			flush_locked(file);
		file->data[file->used++] = *data;
		if (*data++ == '\n' && !file->unbuffered)
			flush_locked(file);
	}
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *file)
{
	spin_lock(&file->lock);
	_file_write(file, data, size * count);
	if (file->unbuffered)
		flush_locked(file);
	spin_unlock(&file->lock);
	return count;
}

int fputs(const char *s, FILE *file)
{
	fwrite(s, 1, strlen(s), file);
	return 0;
}

int fputc(int c, FILE *file)
{
	char byte = c;

	fwrite(&byte, 1, 1, file);
	return (unsigned char)c;
}

int putchar(int c)
{
	return fputc(c, stdout);
}

int puts(const char *s)
{
	spin_lock(&_stdout.lock);
	_file_write(stdout, s, strlen(s));
	_file_write(stdout, "\n", 1);
	spin_unlock(&_stdout.lock);
	return 0;
}

/* In stdin, used counts what was read and taken the part of it that was given out. */
int getchar(void)
{
	FILE *file = stdin;
	int c = EOF;

	fflush(stdout);			/* a prompt is to be seen before its answer */
	spin_lock(&file->lock);
	if (file->taken == file->used) {
		file->taken = 0;
		file->used = _console_read(file->data, sizeof file->data);
	}
	if (file->taken < file->used)
		c = (unsigned char)file->data[file->taken++];
	spin_unlock(&file->lock);
	return c;
}

char *fgets(char *to, int size, FILE *file)
{
	int length = 0, c = 0;

	while (length < size - 1 && c != '\n' && file == stdin && (c = getchar()) != EOF)
		to[length++] = c;
	to[length] = '\0';
	return length > 0 ? to : 0;
}
