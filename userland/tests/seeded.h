/*
 * Numbers that look random and are the same in every run.
 */
#ifndef _TESTS_SEEDED_H_
#define _TESTS_SEEDED_H_

static unsigned int seeded_state;

__attribute__((unused)) static void seed(unsigned int value)
{
	seeded_state = value * 2654435761u + 12345;
}

/* Marsaglia's xorshift, 32 bits. */
__attribute__((unused)) static unsigned int seeded(void)
{
	unsigned int x = seeded_state ? seeded_state : 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return seeded_state = x;
}

__attribute__((unused)) static unsigned int seeded_below(unsigned int limit)
{
	return seeded() % limit;
}

#endif	/* _TESTS_SEEDED_H_ */
