/*
 * Computation alone: a sieve of Eratosthenes, over and over, and its checksum.
 */
#include <stdio.h>
#include <string.h>

#define LIMIT	100000
#define ROUNDS	20

static char composite[LIMIT];

int main(void)
{
	int round, sum = 0;

	printf("begin compute %d\n", ROUNDS);
	fflush(stdout);
	for (round = 0; round < ROUNDS; round++) {
		int i, j;

		memset(composite, 0, sizeof composite);
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
