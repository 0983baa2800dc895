/*
 * Computation alone: a sieve of Eratosthenes, over and over.
 *
 * The benchmark runs compute() twice: as this program, and on a bare processor without a kernel, where
 * it finds the function through the table "bare code".
 */
#include <stdio.h>

#define LIMIT	100000
#define ROUNDS	20

static char composite[LIMIT] __attribute__((aligned(4)));
static volatile int sum;

static void __attribute__((noinline)) compute(int rounds)
{
	while (rounds--) {
		int i, j;

		for (i = 0; i < LIMIT; i += sizeof(int))
			*(volatile int *)(composite + i) = 0;
		for (i = 2; i < LIMIT; i++) {
			if (composite[i])
				continue;
			sum += i;
			for (j = 2 * i; j < LIMIT; j += i)
				composite[j] = 1;
		}
	}
}

static const struct {
	char name[12];
	void (*function)(int);
} bare_code __attribute__((used, retain, section(".rodata.bare"))) = { "bare code:", compute };

int main(void)
{
	printf("begin compute %d\n", ROUNDS);
	fflush(stdout);
	compute(ROUNDS);
	printf("end\n");
	return sum == 0;
}
