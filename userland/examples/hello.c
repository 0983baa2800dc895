/*
 * The smallest program: say hello on the console.
 *
 *	machsh cc hello.c -o hello
 *	machsh --topology uni boot hello
 */
#include <stdio.h>

int main(void)
{
	printf("hello from a Mach task\n");
	return 0;
}
