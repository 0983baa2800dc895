/*
 * For tests that use memory up: what they need themselves must not be lacking then.
 */
#ifndef _TESTS_SHORTAGE_H_
#define _TESTS_SHORTAGE_H_

#include "kernel_ports.h"
#include "memory.h"

extern char **environ;

UNUSED_STATIC unsigned int free_frames(void)
{
	return statistics().free_count;
}

/*
 * Wire all of our memory, for as long as the program runs.  So none of it is paged out, or must be
 * copied before it is written, when there is no frame for that.
 */
UNUSED_STATIC void wire_ourselves(void)
{
	struct region region;
	vm_address_t at = PAGE, stack = (vm_address_t)environ;	/* the first stack is the last region */

	for (; at < stack; at = region.address + region.size) {
		region = region_at(SELF, at);
		if (region.protection & VM_PROT_READ)
			CHECK_SUCCESS(vm_wire(host_priv(), SELF, region.address, region.size, VM_PROT_READ));
	}
}

/* Threads that were in the kernel when they were ended take a moment to leave it; then no more frames
 * may come back. */
UNUSED_STATIC void settle(void)
{
	unsigned int before, i;

	do {
		before = free_frames();
		for (i = 0; i < 20; i++)
			(void)swtch_pri(0);
	} while (free_frames() != before);
}

#endif	/* _TESTS_SHORTAGE_H_ */
