/*
 * The C side itself: strings, formats, memory, jumps, C threads.
 */
#include <check.h>
#include <cthreads.h>
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

/* ---------------------------------------------------------------- C threads */

#define THREADS	8
#define ROUNDS	100

static struct mutex mutex = MUTEX_INITIALIZER;
static struct condition condition = CONDITION_INITIALIZER;
static int counter;

static any_t count_up(any_t argument)
{
	int i, seen;

	for (i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		seen = counter;
		if (i % 10 == 0)
			cthread_yield();
		counter = seen + 1;
		mutex_unlock(&mutex);
	}
	return argument;
}

TEST(threads_fork_and_join)
{
	cthread_t threads[THREADS];
	int i;

	counter = 0;
	for (i = 0; i < THREADS; i++) {
		threads[i] = cthread_fork(count_up, (any_t)i);
		CHECK(threads[i] != NO_CTHREAD);
	}
	for (i = 0; i < THREADS; i++)
		CHECK_EQUAL((int)cthread_join(threads[i]), i);
	CHECK_EQUAL(counter, THREADS * ROUNDS);
}

/* Two threads hand a number to and fro: each waits for the other's turn. */
static any_t ping(any_t argument)
{
	int mine = (int)argument, i;

	for (i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		while (counter % 2 != mine)
			condition_wait(&condition, &mutex);
		counter++;
		condition_signal(&condition);
		mutex_unlock(&mutex);
	}
	return 0;
}

TEST(conditions_lose_no_signal)
{
	cthread_t other;

	counter = 0;
	other = cthread_fork(ping, (any_t)1);
	ping((any_t)0);
	cthread_join(other);
	CHECK_EQUAL(counter, 2 * ROUNDS);
}

static any_t wait_for_go(any_t argument)
{
	mutex_lock(&mutex);
	while (counter == 0)
		condition_wait(&condition, &mutex);
	counter++;
	mutex_unlock(&mutex);
	return argument;
}

TEST(broadcast_wakes_all)
{
	cthread_t threads[THREADS];
	int i;

	counter = 0;
	for (i = 0; i < THREADS; i++)
		threads[i] = cthread_fork(wait_for_go, 0);
	cthread_yield();
	mutex_lock(&mutex);
	counter = 1;
	condition_broadcast(&condition);
	mutex_unlock(&mutex);
	for (i = 0; i < THREADS; i++)
		cthread_join(threads[i]);
	CHECK_EQUAL(counter, 1 + THREADS);
}

static any_t read_data(any_t argument)
{
	cthread_set_data(cthread_self(), argument);
	cthread_yield();
	return cthread_data(cthread_self());
}

TEST(threads_have_data_of_their_own)
{
	cthread_t a = cthread_fork(read_data, (any_t)1), b = cthread_fork(read_data, (any_t)2);

	CHECK_EQUAL((int)cthread_join(a), 1);
	CHECK_EQUAL((int)cthread_join(b), 2);
}

static any_t finish(any_t argument)
{
	mutex_lock(&mutex);
	counter++;
	condition_signal(&condition);
	mutex_unlock(&mutex);
	cthread_exit(argument);
}

TEST(detached_threads_clean_up)
{
	int i;

	counter = 0;
	for (i = 0; i < THREADS; i++)
		cthread_detach(cthread_fork(finish, 0));
	mutex_lock(&mutex);
	while (counter < THREADS)
		condition_wait(&condition, &mutex);
	mutex_unlock(&mutex);
	while (cthread_count() > 2)	/* main, and the library's that catches exceptions */
		cthread_yield();
}
