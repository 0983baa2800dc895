/*
 * Strings.
 */
#include <stdlib.h>
#include <string.h>

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end != '\0')
		end++;
	return end - s;
}

size_t strnlen(const char *s, size_t limit)
{
	const char *end = memchr(s, '\0', limit);

	return end ? (size_t)(end - s) : limit;
}

int strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (; limit > 0; limit--, a++, b++)
		if (*a == '\0' || *a != *b)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

char *strcpy(char *restrict to, const char *restrict from)
{
	memcpy(to, from, strlen(from) + 1);
	return to;
}

char *strncpy(char *restrict to, const char *restrict from, size_t size)
{
	size_t length = strnlen(from, size);

	memcpy(to, from, length);
	memset(to + length, '\0', size - length);
	return to;
}

char *strcat(char *restrict to, const char *restrict from)
{
	strcpy(to + strlen(to), from);
	return to;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (*s == '\0')
			return 0;
	}
}

char *strrchr(const char *s, int c)
{
	const char *found = 0;

	do
		if (*s == (char)c)
			found = s;
	while (*s++ != '\0');
	return (char *)found;
}

char *strstr(const char *s, const char *part)
{
	size_t length = strlen(part);

	for (; strncmp(s, part, length) != 0; s++)
		if (*s == '\0')
			return 0;
	return (char *)s;
}

char *strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = malloc(size);

	return copy ? memcpy(copy, s, size) : 0;
}
