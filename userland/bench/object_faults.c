/*
 * Faults on pages that a pager provides: the first touch of each page of a memory object, and the second
 * touch after the pager's page lost its translation (vm_protect takes it away).
 */
#include <mach.h>
#include <mach_init.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGES	512
#define ROUNDS	6

static void check(kern_return_t result, const char *what)
{
	if (result != KERN_SUCCESS) {
		printf("%s: %#x\n", what, result);
		exit(1);
	}
}

static int touch(vm_address_t start)
{
	int page, sum = 0;

	for (page = 0; page < PAGES; page++)
		sum += *(volatile char *)(start + page * vm_page_size);
	return sum;
}

int main(void)
{
	mach_port_array_t ports;
	mach_msg_type_number_t count;
	int round;

	check(mach_ports_lookup(mach_task_self(), &ports, &count), "mach_ports_lookup");
	for (round = 0; round < ROUNDS; round++) {
		vm_address_t start = 0;
		vm_size_t size = PAGES * vm_page_size;

		check(vm_map(mach_task_self(), &start, size, 0, TRUE, ports[0], 0, FALSE, VM_PROT_READ,
			VM_PROT_READ, VM_INHERIT_NONE), "vm_map");
		printf("begin pager_fault %d\n", PAGES);
		fflush(stdout);
		if (touch(start) == 0)
			return 1;
		printf("end\n");
		fflush(stdout);
		check(vm_protect(mach_task_self(), start, size, FALSE, VM_PROT_NONE), "vm_protect");
		check(vm_protect(mach_task_self(), start, size, FALSE, VM_PROT_READ), "vm_protect");
		printf("begin fast_fault %d\n", PAGES);
		fflush(stdout);
		if (touch(start) == 0)
			return 1;
		printf("end\n");
		fflush(stdout);
		check(vm_deallocate(mach_task_self(), start, size), "vm_deallocate");
	}
	return 0;
}
