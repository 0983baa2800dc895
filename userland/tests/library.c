/*
 * The small C library: strings, formats, numbers, memory, jumps.
 */
#include <check.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_format(const char *expected, const char *actual)
{
	if (strcmp(expected, actual) != 0)
		_check_failed(__FILE__, __LINE__, "formatted \"%s\", not \"%s\"", actual, expected);
}

#define FORMATS(expected, ...)					\
	do {							\
		char text[200];					\
								\
		snprintf(text, sizeof text, __VA_ARGS__);	\
		check_format(expected, text);			\
	} while (0)

TEST(formats_integers)
{
	FORMATS("-12 12 c text %", "%d %u %c %s %%", -12, 12u, 'c', "text");
	FORMATS("0xff FF 017", "%#x %X %#o", 255u, 255u, 15u);
	FORMATS("|   42|42   |00042|", "|%5d|%-5d|%05d|", 42, 42, 42);
	FORMATS("-0042", "%05d", -42);
	FORMATS("+7 007", "%+d %.3d", 7, 7);
	FORMATS("-9223372036854775808 18446744073709551615", "%lld %llu", -9223372036854775807ll - 1, ~0ull);
	FORMATS("abc|   ab", "%.3s|%5.2s", "abcdef", "abcdef");
}

TEST(formats_floats)
{
	FORMATS("1.500000 -0.1 3", "%f %g %.0f", 1.5, -0.1, 2.5000001);
	FORMATS("1e+10 1.234500e-05", "%g %e", 1e10, 1.2345e-5);
	FORMATS("0.10000000000000000555", "%.20f", 0.1);
	FORMATS("100000 1e+06", "%g %g", 1e5, 1e6);
	FORMATS("2 4 inf nan", "%.0f %.0f %g %g", 2.5, 3.5, __builtin_inf(), __builtin_nan(""));
}

TEST(snprintf_keeps_to_its_space)
{
	char text[4] = "xyz";

	CHECK_EQUAL(snprintf(text, 3, "%d", 12345), 5);
	CHECK(strcmp(text, "12") == 0);
}

TEST(moves_overlapping_memory)
{
	char text[] = "0123456789";

	memmove(text + 2, text, 5);
	CHECK(strcmp(text, "0101234789") == 0);
	memmove(text, text + 2, 5);
	CHECK(strcmp(text, "0123434789") == 0);
}

TEST(reads_numbers)
{
	char *end;

	CHECK_EQUAL(strtol(" -0x1Fz", &end, 0), -31);
	CHECK(*end == 'z');
	CHECK_EQUAL(strtoul("4294967296", 0, 10), 0xffffffffu);
	CHECK_EQUAL(atoi("077"), 77);
	CHECK_EQUAL(strtol("077", 0, 0), 63);
}

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

TEST(sorts)
{
	int numbers[100], i;

	srand(7);
	for (i = 0; i < 100; i++)
		numbers[i] = rand() % 50;
	qsort(numbers, 100, sizeof numbers[0], compare_ints);
	for (i = 1; i < 100; i++)
		CHECK(numbers[i - 1] <= numbers[i]);
}

TEST(divides_64_bits)
{
	volatile long long big = 1000000000000ll, small = 7;

	CHECK_EQUAL(big / small, 142857142857ll);
	CHECK_EQUAL(big % small, 1);
}

static jmp_buf place;

static void jump(int depth)
{
	if (depth == 0)
		longjmp(place, 42);
	jump(depth - 1);
}

TEST(jumps_out_of_calls)
{
	int value = setjmp(place);

	if (value == 0)
		jump(10);
	CHECK_EQUAL(value, 42);
}

TEST(allocates_memory)
{
	char *blocks[64];
	int i;

	for (i = 0; i < 64; i++) {
		blocks[i] = malloc(i * 300);
		CHECK(blocks[i] != 0);
		CHECK_EQUAL((unsigned int)blocks[i] % 16, 0);
		memset(blocks[i], i, i * 300);
	}
	for (i = 1; i < 64; i++)
		CHECK(blocks[i][0] == i && blocks[i][i * 300 - 1] == i);
	for (i = 0; i < 64; i++)
		free(blocks[i]);
	blocks[0] = realloc(realloc(0, 10), 20000);
	CHECK(blocks[0] != 0);
	free(blocks[0]);
	CHECK(malloc(~0u) == 0);
}
