/*
 * Running tests: the table, what a failure does, and the counts around each test.
 */
#include <check.h>
#include <cthreads.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "catch.h"
#include "count.h"

#define ATTEMPTS	4		/* at a test that leaves something behind */

/* The table: the linker puts the tests' records side by side and names the ends. */
extern const struct check_test __start_check_tests[], __stop_check_tests[];

static const char *running;		/* the test's name */
static cthread_t runner;
static volatile int failures;		/* in the test that runs */
static jmp_buf leave;

static void begin_failure(void)
{
	failures++;
	printf("FAIL %s: ", running);
}

static void end_failure(void)
{
	printf("\n");
	if (cthread_self() == runner)
		longjmp(leave, 1);
}

void _check_failed(const char *file, int line, const char *format, ...)
{
	const char *name = strrchr(file, '/');
	va_list arguments;

	begin_failure();
	printf("%s:%d: ", name ? name + 1 : file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	end_failure();
}

static const char *code_name(int code, char *room, size_t size)
{
	const char *name = mach_error_name(code);

	if (name)
		return name;
	snprintf(room, size, "%#x", code);
	return room;
}

void _check_returned(const char *file, int line, const char *call, int code, int expected)
{
	char a[16], b[16];

	_check_failed(file, line, "%s returned %s, not %s", call, code_name(code, a, sizeof a),
		      code_name(expected, b, sizeof b));
}

void _check_caught(cthread_t thread, const char *what)
{
	begin_failure();
	printf("%s\n", what);
	if (thread == runner)
		return;
	printf("it was not the test's own thread: no more tests are run\n");
	exit(1);
}

/* Run one test; whether it passed. */
static boolean_t run_once(const struct check_test *test)
{
	running = test->name;
	failures = 0;
	if (setjmp(leave) == 0)
		test->function();
	return failures == 0;
}

static boolean_t run(const struct check_test *test)
{
	struct counts before, after;
	char text[128];
	int attempt;

	for (attempt = 0; attempt < ATTEMPTS; attempt++) {
		_count(&before);
		if (!run_once(test))
			return FALSE;
		_count(&after);
		if (test->may_leak || !_counts_more(&before, &after, text, sizeof text))
			return TRUE;
	}
	printf("FAIL %s: leaks %s\n", test->name, text);
	return FALSE;
}

static boolean_t wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return TRUE;
	return argc <= 1;
}

int main(int argc, char **argv)
{
	const struct check_test *test;
	int passed = 0, failed = 0;

	runner = cthread_self();
	_catch_exceptions(leave);
	for (test = __start_check_tests; test < __stop_check_tests; test++) {
		if (!wanted(test->name, argc, argv))
			continue;
		if (run(test)) {
			printf("ok %s\n", test->name);
			passed++;
		} else {
			failed++;
		}
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed > 0 || passed == 0;
}
