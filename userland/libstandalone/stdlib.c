/*
 * Numbers, sorting, and the environment.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static unsigned int seed = 1;

void srand(unsigned int new_seed)
{
	seed = new_seed;
}

/* A linear congruential generator with the multiplier of Knuth's MMIX, cut to 32 bits of state. */
int rand(void)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 1) ^ (seed >> 17 & 0x7fff);
}

int abs(int n)
{
	return n < 0 ? -n : n;
}

char *getenv(const char *name)
{
	size_t length = strlen(name);
	char **entry;

	for (entry = environ; *entry; entry++)
		if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
			return *entry + length + 1;
	return 0;
}

/* The magnitude of a number, with its sign apart; *end is s if there is no number. */
static unsigned long long magnitude(const char *s, char **end, int base, int *negative)
{
	const char *at = s, *last = s;
	unsigned long long value = 0;

	while (isspace((unsigned char)*at))
		at++;
	*negative = *at == '-';
	if (*at == '-' || *at == '+')
		at++;
	if ((base == 0 || base == 16) && at[0] == '0' && (at[1] == 'x' || at[1] == 'X')
	    && isxdigit((unsigned char)at[2])) {
		at += 2;
		base = 16;
	} else if (base == 0) {
		base = *at == '0' ? 8 : 10;
	}
	for (;; at++) {
		int c = tolower((unsigned char)*at);
		int digit = isdigit(c) ? c - '0' : isalpha(c) ? c - 'a' + 10 : base;

		if (digit >= base)
			break;
		value = value > (ULLONG_MAX - digit) / base ? ULLONG_MAX : value * base + digit;
		last = at + 1;
	}
	if (end)
		*end = (char *)last;
	return value;
}

unsigned long long strtoull(const char *s, char **end, int base)
{
	int negative;
	unsigned long long value = magnitude(s, end, base, &negative);

	return negative ? -value : value;
}

unsigned long strtoul(const char *s, char **end, int base)
{
	int negative;
	unsigned long long value = magnitude(s, end, base, &negative);

	if (value > ULONG_MAX)
		return ULONG_MAX;
	return negative ? -(unsigned long)value : (unsigned long)value;
}

long strtol(const char *s, char **end, int base)
{
	int negative;
	unsigned long long value = magnitude(s, end, base, &negative);

	if (negative)
		return value > LONG_MAX ? LONG_MIN : -(long)value;
	return value > LONG_MAX ? LONG_MAX : (long)value;
}

int atoi(const char *s)
{
	return (int)strtol(s, 0, 10);
}

static void swap(char *a, char *b, size_t size)
{
	while (size-- > 0) {
		char byte = *a;

		*a++ = *b;
		*b++ = byte;
	}
}

/* Let the element at root sink to its place in a heap of count elements. */
static void sink(char *base, size_t root, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	size_t child;

	while ((child = 2 * root + 1) < count) {
		if (child + 1 < count && compare(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (compare(base + root * size, base + child * size) >= 0)
			return;
		swap(base + root * size, base + child * size, size);
		root = child;
	}
}

/* Heap sort: no recursion, no worst case. */
void qsort(void *array, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	char *base = array;
	size_t i;

	for (i = count / 2; i > 0; i--)
		sink(base, i - 1, count, size, compare);
	for (i = count; i > 1; i--) {
		swap(base, base + (i - 1) * size, size);
		sink(base, 0, i - 1, size, compare);
	}
}
