/*
 * mach_error: say what went wrong.
 */
#include <mach_error.h>
#include <stdio.h>

void mach_error(const char *prefix, mach_error_t code)
{
	const char *name = mach_error_name(code);

	if (name)
		fprintf(stderr, "%s: %s (%s)\n", prefix, mach_error_string(code), name);
	else
		fprintf(stderr, "%s: %s (%#x)\n", prefix, mach_error_string(code), code);
}
