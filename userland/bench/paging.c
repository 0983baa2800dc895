/*
 * Page-out, then page-in, of memory three times as large as the machine's (4 MB): in the first stretch
 * each page that is touched needs another one to be written, in the second each must be read.
 */
#include <mach.h>
#include <mach_init.h>
#include <stdio.h>

#define RESIDENT	1024
#define PAGES		(3 * RESIDENT)

int main(void)
{
	vm_address_t start = 0;
	volatile int *word;
	int page, pass, wrong = 0;

	if (vm_allocate(mach_task_self(), &start, PAGES * vm_page_size, TRUE) != KERN_SUCCESS)
		return 1;
	for (page = 0; page < PAGES; page++) {
		if (page == RESIDENT) {
			printf("begin page_out %d\n", PAGES - RESIDENT);
			fflush(stdout);
		}
		word = (volatile int *)(start + page * vm_page_size);
		*word = page;
	}
	printf("end\n");
	fflush(stdout);
	/* The first pass leaves only pages in memory that paging space has as well. */
	for (pass = 0; pass < 2; pass++) {
		if (pass == 1) {
			printf("begin page_in %d\n", PAGES);
			fflush(stdout);
		}
		for (page = 0; page < PAGES; page++) {
			word = (volatile int *)(start + page * vm_page_size);
			wrong += *word != page;
		}
	}
	printf("end\n");
	fflush(stdout);
	return wrong != 0;
}
