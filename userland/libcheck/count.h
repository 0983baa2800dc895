/*
 * What a test may leak, counted.
 */
#ifndef _COUNT_H_
#define _COUNT_H_

#include <stddef.h>
#include <mach/boolean.h>

struct counts {
	unsigned int ports;	/* names in the task's name space */
	unsigned int threads;	/* of the task */
	unsigned int memory;	/* bytes of its address space in use */
	int frames;		/* of the machine, not free */
};

extern void _count(struct counts *counts);

/* Whether after is more than before in anything; text then says of what. */
extern boolean_t _counts_more(const struct counts *before, const struct counts *after, char *text, size_t size);

#endif	/* _COUNT_H_ */
