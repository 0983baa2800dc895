/*
 * A child task gets a copy of its parent's memory, and no page is copied until somebody writes.
 */
#include <mach.h>
#include <mach_init.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGES	64

static int copies(void)
{
	struct vm_statistics statistics;

	if (vm_statistics(mach_task_self(), &statistics) != KERN_SUCCESS)
		exit(1);
	return statistics.cow_faults;
}

static void write_pages(vm_address_t start, int first, int count)
{
	int page;

	for (page = first; page < first + count; page++)
		*(volatile int *)(start + page * vm_page_size) += 1;
}

int main(void)
{
	vm_address_t memory = 0;
	mach_port_t child;
	int before;

	if (vm_allocate(mach_task_self(), &memory, PAGES * vm_page_size, TRUE) != KERN_SUCCESS)
		return 1;
	write_pages(memory, 0, PAGES);

	printf("the parent has written %d pages\n", PAGES);
	fflush(stdout);
	before = copies();
	if (task_create(mach_task_self(), TRUE, &child) != KERN_SUCCESS)
		return 1;
	printf("a child with a copy of all memory: %d page copied, the stack that the parent goes on using\n",
	       copies() - before);

	before = copies();
	write_pages(memory, 0, 5);
	printf("the parent writes 5 of them: %d pages copied\n", copies() - before);

	before = copies();
	write_pages(memory, 0, 5);
	printf("the parent writes the same 5 again: %d pages copied\n", copies() - before);

	(void)task_terminate(child);
	before = copies();
	write_pages(memory, 5, 5);
	printf("the child has ended, the parent writes 5 others: %d pages copied\n", copies() - before);
	return 0;
}
