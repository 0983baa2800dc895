/*
 * Zero-fill faults, then copy-on-write faults: the first touch of pages, and the first write to pages
 * that a child task shares.
 */
#include <mach.h>
#include <mach_init.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGES	1024
#define ROUNDS	4

static void check(kern_return_t result, const char *what)
{
	if (result != KERN_SUCCESS) {
		printf("%s: %#x\n", what, result);
		exit(1);
	}
}

static void touch(vm_address_t start, int value)
{
	int page;

	for (page = 0; page < PAGES; page++)
		*(volatile int *)(start + page * vm_page_size) = value;
}

int main(void)
{
	int round;

	for (round = 0; round < ROUNDS; round++) {
		vm_address_t start = 0;
		mach_port_t child;

		check(vm_allocate(mach_task_self(), &start, PAGES * vm_page_size, TRUE), "vm_allocate");
		printf("begin zero_fill %d\n", PAGES);
		fflush(stdout);
		touch(start, 1);
		printf("end\n");
		fflush(stdout);
		check(task_create(mach_task_self(), TRUE, &child), "task_create");
		printf("begin copy_on_write %d\n", PAGES);
		fflush(stdout);
		touch(start, 2);
		printf("end\n");
		fflush(stdout);
		check(task_terminate(child), "task_terminate");
		check(mach_port_deallocate(mach_task_self(), child), "mach_port_deallocate");
		check(vm_deallocate(mach_task_self(), start, PAGES * vm_page_size), "vm_deallocate");
	}
	return 0;
}
