/*
 * Ending the program.
 */
#include <mach.h>
#include <mach_init.h>
#include <mach/bootstrap.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define FUNCTIONS_MAX	32

static void (*functions[FUNCTIONS_MAX])(void);
static int function_count;

int atexit(void (*function)(void))
{
	if (function_count == FUNCTIONS_MAX)
		return -1;
	functions[function_count++] = function;
	return 0;
}

void exit(int status)
{
	while (function_count > 0)
		functions[--function_count]();
	fflush(0);
	_exit(status);
}

void _exit(int status)
{
	if (bootstrap_port != MACH_PORT_NULL)
		(void)bootstrap_exit(bootstrap_port, status);
	for (;;)
		(void)task_terminate(mach_task_self());
}

void abort(void)
{
	fflush(0);
	for (;;)
		__asm__ volatile("int3");
}

void _assert_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
	abort();
}
