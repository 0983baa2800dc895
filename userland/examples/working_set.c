/*
* Uses more memory than the machine has: writes a pattern to SIZE bytes, changes it in a few rounds that
* jump about, and checks every word that it wrote.  Try
*
*	machsh --ram 2M boot working_set 6M 3
*
* The checksum depends on SIZE and ROUNDS alone.
*/
#include <mach.h>
#include <mach_init.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned parse_size(const char *text)
{
	char *end;
	unsigned size = strtoul(text, &end, 10);
	if (*end == 'k' || *end == 'K')
		size <<= 10;
	if (*end == 'm' || *end == 'M')
		size <<= 20;
	return size;
}

/* What the word at INDEX is after ROUND rounds. */
static unsigned word_at(unsigned index, unsigned round)
{
	unsigned value = index * 2654435761u + 12345;
	for (unsigned i = 0; i < round; i++)
		value = (value ^ (value >> 13)) * 1103515245u + i;
	return value;
}

int main(int argc, char **argv)
{
	unsigned size = argc > 1 ? parse_size(argv[1]) : 6u << 20;
	unsigned rounds = argc > 2 ? strtoul(argv[2], 0, 10) : 2;
	unsigned pages = size / vm_page_size, words = vm_page_size / sizeof(unsigned);
	vm_address_t address = 0;
	if (vm_allocate(mach_task_self(), &address, size, TRUE) != KERN_SUCCESS)
		return 1;
	unsigned *memory = (unsigned *)address;
	/* A few words of each page, in both halves, so that most of the time goes into paging. */
	unsigned stride = words / 8;
	for (unsigned page = 0; page < pages; page++)
		for (unsigned i = 0; i < words; i += stride)
			memory[page * words + i] = word_at(page * words + i, 0);
	unsigned step = 7; /* pages visited out of order; must not divide their number */
	while (pages % step == 0)
		step += 2;
	for (unsigned round = 0; round < rounds; round++)
		for (unsigned n = 0, page = 0; n < pages; n++, page = (page + step) % pages)
			for (unsigned i = 0; i < words; i += stride) {
				unsigned *word = &memory[page * words + i];
				if (*word != word_at(page * words + i, round)) {
					printf("page %u, word %u: wrong in round %u\n", page, i, round);
					return 1;
				}
				*word = word_at(page * words + i, round + 1);
			}
	unsigned sum = 0;
	for (unsigned page = 0; page < pages; page++)
		for (unsigned i = 0; i < words; i += stride)
			sum = sum * 31 + memory[page * words + i];
	printf("%u pages, %u rounds: checksum %08x\n", pages, rounds, sum);
	vm_statistics_data_t statistics;
	if (argc > 3 && vm_statistics(mach_task_self(), &statistics) == KERN_SUCCESS)
		printf("pageins %d, pageouts %d, reactivations %d\n", statistics.pageins,
			statistics.pageouts, statistics.reactivations);
	return 0;
}
