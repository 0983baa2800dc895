/*
 * What a child gets of its parent's memory: a copy, the same memory, or nothing; generations of tasks;
 * and that both sides see what they should, also when they really run.
 */
#include "child.h"
#include "memory.h"

static int word_of(task_t task, vm_address_t address)
{
	pointer_t data = 0;
	unsigned int count = 0;
	int word;

	CHECK_SUCCESS(vm_read(task, address, 4, &data, &count));
	word = *(int *)data;
	deallocate(data, count);
	return word;
}

static void set_word(task_t task, vm_address_t address, int word)
{
	CHECK_SUCCESS(vm_write(task, address, (pointer_t)&word, sizeof word));
}

static void end_child(task_t child)
{
	CHECK_SUCCESS(task_terminate(child));
	CHECK_SUCCESS(mach_port_deallocate(SELF, child));
}

TEST(a_copy_is_the_childs_own)
{
	vm_address_t address = allocate(3 * PAGE);
	task_t child;
	unsigned int faults;

	*(int *)address = 1;
	*(int *)(address + PAGE) = 2;
	child = new_child();
	faults = statistics().cow_faults;
	CHECK_EQUAL(word_of(child, address), 1);
	*(int *)address = 10;			/* ours is written: the child keeps the old */
	CHECK_EQUAL(statistics().cow_faults, faults + 1);
	set_word(child, address + PAGE, 20);	/* the child's is: we do */
	*(int *)(address + 2 * PAGE) = 30;	/* one that nobody had touched */
	CHECK_EQUAL(word_of(child, address), 1);
	CHECK_EQUAL(word_of(child, address + PAGE), 20);
	CHECK_EQUAL(word_of(child, address + 2 * PAGE), 0);
	CHECK_EQUAL(*(int *)(address + PAGE), 2);
	end_child(child);
	CHECK(*(int *)address == 10 && *(int *)(address + PAGE) == 2 && *(int *)(address + 2 * PAGE) == 30);
	deallocate(address, 3 * PAGE);
}

TEST(shared_memory_is_the_same)
{
	vm_address_t address = allocate(3 * PAGE);
	task_t child;

	*(int *)address = 1;
	CHECK_SUCCESS(vm_inherit(SELF, address, 3 * PAGE, VM_INHERIT_SHARE));
	CHECK(!region_at(SELF, address).shared);
	child = new_child();
	CHECK(region_at(SELF, address).shared && region_at(child, address).shared);
	CHECK_EQUAL(region_at(child, address).inheritance, VM_INHERIT_SHARE);
	*(int *)address = 10;
	CHECK_EQUAL(word_of(child, address), 10);
	set_word(child, address, 11);
	CHECK_EQUAL(*(int *)address, 11);
	*(int *)(address + PAGE) = 12;		/* pages made after the fork, by either */
	set_word(child, address + 2 * PAGE, 13);
	CHECK_EQUAL(word_of(child, address + PAGE), 12);
	CHECK_EQUAL(*(int *)(address + 2 * PAGE), 13);
	/* Protection and presence are each task's own. */
	CHECK_SUCCESS(vm_protect(child, address, PAGE, FALSE, VM_PROT_READ));
	*(int *)address = 14;
	CHECK_SUCCESS(vm_deallocate(child, address + PAGE, PAGE));
	CHECK_EQUAL(*(int *)(address + PAGE), 12);
	CHECK_EQUAL(word_of(child, address), 14);
	end_child(child);
	CHECK_EQUAL(*(int *)(address + 2 * PAGE), 13);
	deallocate(address, 3 * PAGE);
}

TEST(nothing_is_nothing)
{
	vm_address_t address = allocate(3 * PAGE);
	task_t child;

	CHECK_SUCCESS(vm_inherit(SELF, address + PAGE, PAGE, VM_INHERIT_NONE));
	child = new_child();
	CHECK_EQUAL(region_at(child, address + PAGE).address, address + 2 * PAGE);
	CHECK_EQUAL(size_of(child), size_of(SELF) - PAGE);
	end_child(child);
	CHECK_SUCCESS(task_create(SELF, FALSE, &child));
	CHECK_EQUAL(size_of(child), 0);
	end_child(child);
	deallocate(address, 3 * PAGE);
}

TEST(a_child_has_the_attributes_of_each_region)
{
	vm_address_t address = allocate(4 * PAGE), at;
	struct region mine, theirs;
	task_t child;

	CHECK_SUCCESS(vm_protect(SELF, address + PAGE, PAGE, FALSE, VM_PROT_READ));
	CHECK_SUCCESS(vm_protect(SELF, address + 2 * PAGE, PAGE, TRUE, VM_PROT_READ));
	child = new_child();
	for (at = 0; at < address + 4 * PAGE; at = mine.address + mine.size) {
		mine = region_at(SELF, at);
		theirs = region_at(child, at);
		CHECK(mine.address == theirs.address && mine.size == theirs.size);
		CHECK(mine.protection == theirs.protection && mine.maximum == theirs.maximum);
		CHECK_EQUAL(mine.inheritance, theirs.inheritance);
	}
	end_child(child);
	deallocate(address, 4 * PAGE);
}

/* Memory that is shared by some and copied by others. */
TEST(a_copy_of_shared_memory)
{
	vm_address_t address = allocate(2 * PAGE);
	task_t sharer, copier;

	*(int *)address = 1;
	CHECK_SUCCESS(vm_inherit(SELF, address, 2 * PAGE, VM_INHERIT_SHARE));
	sharer = new_child();
	CHECK_SUCCESS(vm_inherit(SELF, address, 2 * PAGE, VM_INHERIT_COPY));
	copier = new_child();
	set_word(sharer, address, 2);
	CHECK_EQUAL(*(int *)address, 2);
	CHECK_EQUAL(word_of(copier, address), 1);
	set_word(copier, address, 3);
	CHECK_EQUAL(word_of(sharer, address), 2);
	*(int *)(address + PAGE) = 4;
	CHECK_EQUAL(word_of(sharer, address + PAGE), 4);
	CHECK_EQUAL(word_of(copier, address + PAGE), 0);
	end_child(sharer);
	end_child(copier);
	deallocate(address, 2 * PAGE);
}

/* ---------------------------------------------------------------- children that run */

static volatile int *shared_words;	/* [0] what the child saw, [1] what it waits for, [2] it is done, [3] a sum */
static volatile int copied_word;

static void run_child(int argument)
{
	int i;

	shared_words[0] = copied_word;
	copied_word = argument;
	while (shared_words[1] == 0)
		(void)swtch_pri(0);
	for (i = 0; i < 100; i++)
		__asm__ volatile("lock; addl $1, %0" : "+m"(shared_words[3]));
	shared_words[2] = copied_word;
}

TEST(a_running_child_and_its_parent)
{
	vm_address_t address = allocate(PAGE);
	task_t child;
	int i;

	shared_words = (volatile int *)address;
	CHECK_SUCCESS(vm_inherit(SELF, address, PAGE, VM_INHERIT_SHARE));
	copied_word = 5;
	child = new_child();
	copied_word = 6;
	start_child(child, run_child, 7);
	shared_words[1] = 1;
	for (i = 0; i < 100; i++)
		__asm__ volatile("lock; addl $1, %0" : "+m"(shared_words[3]));
	while (shared_words[2] == 0)
		(void)swtch_pri(0);
	CHECK_EQUAL(shared_words[0], 5);
	CHECK_EQUAL(shared_words[2], 7);
	CHECK_EQUAL(shared_words[3], 200);
	CHECK_EQUAL(copied_word, 6);
	await_end(child);
	CHECK_SUCCESS(mach_port_deallocate(SELF, child));
	deallocate(address, PAGE);
}

/* ---------------------------------------------------------------- generations */

#define GENERATIONS	100

/* Each generation writes a page of its own and is the parent of the next; the old ones end. */
TEST(a_long_line_of_descendants)
{
	vm_address_t address = allocate(GENERATIONS * PAGE);
	task_t task, next;
	int i, free_before, free_after = 0;

	*(int *)address = -1;
	task = new_child();
	free_before = statistics().free_count;
	for (i = 1; i < GENERATIONS; i++) {
		set_word(task, address + i * PAGE, i);
		CHECK_SUCCESS(task_create(task, TRUE, &next));
		end_child(task);
		task = next;
	}
	CHECK_EQUAL(word_of(task, address), -1);
	for (i = 1; i < GENERATIONS; i++)
		CHECK_EQUAL(word_of(task, address + i * PAGE), i);
	/* What the dead generations had is not kept twice. */
	free_after = statistics().free_count;
	CHECK(free_before - free_after <= 2 * GENERATIONS);
	end_child(task);
	for (i = 1; i < GENERATIONS; i++)
		CHECK_EQUAL(*(int *)(address + i * PAGE), 0);
	deallocate(address, GENERATIONS * PAGE);
}

/* All generations live, each with its own version of every page that it wrote. */
TEST(generations_that_all_live)
{
	task_t tasks[GENERATIONS];
	vm_address_t address = allocate(PAGE);
	int i;

	*(int *)address = 1000;
	tasks[0] = new_child();
	for (i = 1; i < GENERATIONS; i++) {
		CHECK_SUCCESS(task_create(tasks[i - 1], TRUE, &tasks[i]));
		if (i % 2)
			set_word(tasks[i], address, 1000 + i);
	}
	for (i = 0; i < GENERATIONS; i++)
		CHECK_EQUAL(word_of(tasks[i], address), 1000 + (i % 2 ? i : i ? i - 1 : 0));
	/* The oldest end first, then from the middle. */
	for (i = 0; i < GENERATIONS; i += 2)
		end_child(tasks[i]);
	for (i = 1; i < GENERATIONS; i += 2)
		CHECK_EQUAL(word_of(tasks[i], address), 1000 + i);
	for (i = 1; i < GENERATIONS; i += 2)
		end_child(tasks[i]);
	deallocate(address, PAGE);
}

/* One parent forks again and again and writes in between: its chain of shadows must not grow. */
TEST(a_parent_of_many)
{
	vm_address_t address = allocate(4 * PAGE);
	int i, free_before = 0;
	task_t child;

	for (i = 0; i < 4 * PAGE; i += PAGE)
		*(int *)(address + i) = 1;
	for (i = 0; i < 200; i++) {
		CHECK_SUCCESS(task_create(SELF, TRUE, &child));
		*(int *)address = i;
		end_child(child);
		if (i == 10)
			free_before = statistics().free_count;
	}
	CHECK(statistics().free_count >= free_before - 4);
	CHECK_EQUAL(*(int *)(address + PAGE), 1);
	deallocate(address, 4 * PAGE);
}
