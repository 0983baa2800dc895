/*
 * The null kernel call: null_port, a trap that does nothing.
 */
#include <mach.h>
#include <mach_init.h>
#include <stdio.h>

#define CALLS	50000

int main(void)
{
	int i;

	for (i = 0; i < 100; i++)
		(void)null_port();
	printf("begin null_call %d\n", CALLS);
	fflush(stdout);
	for (i = 0; i < CALLS; i++)
		(void)null_port();
	printf("end\n");
	return 0;
}
