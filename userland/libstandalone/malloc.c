/*
 * malloc: power-of-two buckets (after 4.3BSD's), and whole pages of its own for what is large.
 *
 * A block is preceded by a 16-byte header that says its bucket, so that blocks are aligned to 16 bytes.
 * Buckets are refilled 16 KB at a time and never given back; a large block is given back to the system
 * when it is freed.
 */
#include <mach.h>
#include <mach_init.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cthreads.h>

#define SMALLEST_SHIFT	5		/* bucket 0: 32 bytes, header included */
#define BUCKETS		9		/* the last: 8 KB */
#define REFILL		(16 * 1024)
#define LARGE		BUCKETS		/* bucket number of blocks with pages of their own */
#define MAGIC		0x6d616c63	/* "malc": a block that is in use */

struct header {
	unsigned int magic;
	unsigned int bucket;
	size_t size;			/* of a large block, header included */
	struct header *next;		/* while free */
};

static struct header *free_blocks[BUCKETS];
static spin_lock_t lock = SPIN_LOCK_INITIALIZER;

static void *map(size_t size)
{
	vm_offset_t address = 0;

	if (vm_allocate(mach_task_self(), &address, size, TRUE) != KERN_SUCCESS)
		return 0;
	return (void *)address;
}

/* Cut new memory into blocks of a bucket; the caller holds the lock. */
static int refill(unsigned int bucket)
{
	size_t size = 1u << (SMALLEST_SHIFT + bucket);
	char *memory = map(REFILL), *block;

	if (!memory)
		return 0;
	for (block = memory + REFILL - size; block >= memory; block -= size) {
		((struct header *)block)->next = free_blocks[bucket];
		free_blocks[bucket] = (struct header *)block;
	}
	return 1;
}

static struct header *allocate_large(size_t size)
{
	struct header *header;

	size = round_page(size);
	header = size == 0 ? 0 : map(size);
	if (header) {
		header->bucket = LARGE;
		header->size = size;
	}
	return header;
}

static struct header *allocate_small(size_t size)
{
	struct header *header = 0;
	unsigned int bucket = 0;

	while (size > 1u << (SMALLEST_SHIFT + bucket))
		bucket++;
	spin_lock(&lock);
	if (free_blocks[bucket] || refill(bucket)) {
		header = free_blocks[bucket];
		free_blocks[bucket] = header->next;
		header->bucket = bucket;
	}
	spin_unlock(&lock);
	return header;
}

void *malloc(size_t size)
{
	struct header *header;

	if (size > SIZE_MAX - sizeof *header)
		return 0;
	size += sizeof *header;
	header = size > 1u << (SMALLEST_SHIFT + BUCKETS - 1) ? allocate_large(size) : allocate_small(size);
	if (!header)
		return 0;
	header->magic = MAGIC;
	return header + 1;
}

void free(void *block)
{
	struct header *header = (struct header *)block - 1;

	if (!block)
		return;
	if (header->magic != MAGIC)
		abort();		/* not from malloc, freed twice, or overwritten from below */
	header->magic = 0;
	if (header->bucket == LARGE) {
		(void)vm_deallocate(mach_task_self(), (vm_offset_t)header, header->size);
		return;
	}
	spin_lock(&lock);
	header->next = free_blocks[header->bucket];
	free_blocks[header->bucket] = header;
	spin_unlock(&lock);
}

void *calloc(size_t count, size_t size)
{
	void *block;

	if (size != 0 && count > SIZE_MAX / size)
		return 0;
	block = malloc(count * size);
	if (block && ((struct header *)block - 1)->bucket != LARGE)	/* new pages are zero already */
		memset(block, 0, count * size);
	return block;
}

void *realloc(void *block, size_t size)
{
	struct header *header = (struct header *)block - 1;
	size_t room;
	void *larger;

	if (!block)
		return malloc(size);
	room = header->bucket == LARGE ? header->size : 1u << (SMALLEST_SHIFT + header->bucket);
	room -= sizeof *header;
	if (size <= room)
		return block;
	larger = malloc(size);
	if (larger) {
		memcpy(larger, block, room);
		free(block);
	}
	return larger;
}
