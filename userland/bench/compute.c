/*
 * Computation alone: a sieve of Eratosthenes, over and over, and its checksum.
 */
#include <stdio.h>

#define LIMIT	100000
#define ROUNDS	20

static char composite[LIMIT] __attribute__((aligned(4)));

int main(void)
{
	int round, sum = 0;

	printf("begin compute %d\n", ROUNDS);
	fflush(stdout);
	for (round = 0; round < ROUNDS; round++) {
		int i, j;

		/* Not memset: string instructions count each repetition, and are quick. */
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
	printf("end\n");
	printf("sum %u\n", (unsigned int)sum);
	return 0;
}
