/*
 * Traps with bad pointers, bad arguments, bad stacks and numbers that mean nothing: an error code or an
 * exception for this program alone, and nothing done or lost.
 */
#include "messages.h"
#include <mach/syscall_sw.h>

#define PAGE		4096
#define TRAPS		140	/* more than there are */

/* Trap into the kernel with this stack pointer: the arguments are above the word it points to. */
static int trap_on_stack(int number, unsigned int stack)
{
	int result;

	__asm__ volatile("pushal; movl %%esp, %%ebp; movl %%edx, %%esp; lcall $7, $0; movl %%ebp, %%esp;"
			 "movl %%eax, 28(%%esp); popal" : "=a"(result) : "0"(number), "d"(stack) : "memory", "cc");
	return result;
}

static unsigned int virtual_size(void)
{
	struct task_basic_info info;
	unsigned int count = TASK_BASIC_INFO_COUNT;

	CHECK_SUCCESS(task_info(SELF, TASK_BASIC_INFO, (task_info_t)&info, &count));
	return info.virtual_size;
}

/* ---------------------------------------------------------------- pointers to results */

static vm_address_t hole, read_only, last_word;	/* addresses in pages of these kinds */

/* Three pages: read-only, ordinary, none. */
static void make_pages(void)
{
	vm_address_t address = 0;

	CHECK_SUCCESS(vm_allocate(SELF, &address, 3 * PAGE, TRUE));
	*(int *)address = 0;
	CHECK_SUCCESS(vm_protect(SELF, address, PAGE, FALSE, VM_PROT_READ));
	CHECK_SUCCESS(vm_deallocate(SELF, address + 2 * PAGE, PAGE));
	read_only = address;
	hole = address + 2 * PAGE;
	last_word = hole - 4;
}

static void free_pages(void)
{
	CHECK_SUCCESS(vm_deallocate(SELF, read_only, 2 * PAGE));
}

#define POINTERS	12

static unsigned int bad_pointer(int i)
{
	const unsigned int pointers[POINTERS] = {
		0, 1, hole, hole - 1, hole - 3, read_only + 100, read_only + PAGE - 3, 0xbffffffd, 0xc0000000,
		0xfffff000, 0xfffffffe, 0xffffffff,
	};

	return pointers[i];
}

static boolean_t is_refusal(int code)
{
	return code == KERN_INVALID_ADDRESS || code == KERN_PROTECTION_FAILURE;
}

TEST(pointers_to_results)
{
	unsigned int i, size;

	make_pages();
	size = virtual_size();
	for (i = 0; i < POINTERS; i++) {
		vm_offset_t *address = (vm_offset_t *)bad_pointer(i);

		CHECK(is_refusal(syscall_vm_allocate(SELF, address, PAGE, TRUE)));
		CHECK(is_refusal(syscall_vm_map(SELF, address, PAGE, 0, TRUE, MACH_PORT_NULL, 0, FALSE,
						VM_PROT_READ, VM_PROT_ALL, VM_INHERIT_COPY)));
		CHECK(is_refusal(syscall_task_create(SELF, FALSE, (mach_port_t *)address)));
		CHECK(is_refusal(syscall_task_create(SELF, TRUE, (mach_port_t *)address)));
		CHECK(is_refusal(syscall_mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, (mach_port_t *)address)));
		CHECK_RETURNS(mach_msg_trap((mach_msg_header_t *)address, MACH_SEND_MSG, 24, 0, 0, 0, 0),
			      bad_pointer(i) == read_only + 100 || bad_pointer(i) == read_only + PAGE - 3
			      ? MACH_SEND_INVALID_HEADER : MACH_SEND_INVALID_DATA);
	}
	CHECK_EQUAL(virtual_size(), size);
	CHECK_EQUAL(*(int *)(read_only + 100), 0);
	/* The last word that is there will do. */
	*(vm_offset_t *)last_word = 0;
	CHECK_SUCCESS(syscall_vm_allocate(SELF, (vm_offset_t *)last_word, PAGE, TRUE));
	CHECK_SUCCESS(syscall_vm_deallocate(SELF, *(vm_offset_t *)last_word, PAGE));
	CHECK_SUCCESS(syscall_mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, (mach_port_t *)last_word));
	CHECK_SUCCESS(syscall_mach_port_deallocate(SELF, *(mach_port_t *)last_word));
	free_pages();
}

/* ---------------------------------------------------------------- stacks */

TEST(arguments_that_are_not_there)
{
	unsigned int stack, i;
	int number;

	make_pages();
	for (number = 1; number < TRAPS; number++) {
		if (number == 26)
			continue;	/* mach_reply_port, which needs no arguments */
		for (i = 0; i < POINTERS; i++) {
			stack = bad_pointer(i);
			(void)trap_on_stack(-number, stack);
		}
		/* The first words of the arguments are there, the others are not. */
		for (stack = hole - 32; stack <= hole; stack += 4)
			(void)trap_on_stack(-number, stack);
	}
	CHECK_RETURNS(trap_on_stack(-25, hole - 4), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(trap_on_stack(-25, 0xfffffffc), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(trap_on_stack(-25, 0xc0000000), KERN_INVALID_ADDRESS);
	free_pages();
}

/* ---------------------------------------------------------------- arguments */

#define ARGUMENTS	11

/* Each argument in turn takes each of these, while the others are what is given. */
static const unsigned int values[] = {
	0, 1, 2, 3, 15, 22, 0xfff, 4096, 0x7fffffff, 0x80000000, 0xbfffffff, 0xc0000000, 0xfffff001, 0xffffffff,
};

#define VALUES	(sizeof values / sizeof values[0])

static struct { unsigned int return_address, arguments[ARGUMENTS]; } frame;

static void try_each(int number, unsigned int count, const unsigned int *good)
{
	unsigned int at, i;

	for (at = 0; at < count; at++)
		for (i = 0; i < VALUES; i++) {
			memcpy(frame.arguments, good, count * sizeof good[0]);
			frame.arguments[at] = values[i];
			(void)trap_on_stack(-number, (unsigned int)&frame);
		}
}

/* Names that the values above would hit must not be ours. */
TEST(the_values_name_nothing)
{
	unsigned int i;

	for (i = 0; i < VALUES; i++)
		CHECK_EQUAL(type_of(values[i]), 0);
}

TEST(arguments_of_message_traps)
{
	mach_port_t port = new_port_with_send();
	struct note note;
	const unsigned int sending[7] = { (unsigned int)&note, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof note };
	const unsigned int receiving[7] = {
		(unsigned int)&note, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof note, port, 0, port,
	};
	unsigned int i;

	for (i = 0; i < VALUES; i++) {
		fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 1);
		memcpy(frame.arguments, sending, sizeof sending);
		frame.arguments[1] |= values[i] & ~(MACH_RCV_MSG | MACH_SEND_NOTIFY);
		(void)trap_on_stack(-25, (unsigned int)&frame);
		fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 1);
		memcpy(frame.arguments, sending, sizeof sending);
		frame.arguments[2] = values[i];
		(void)trap_on_stack(-25, (unsigned int)&frame);
		memcpy(frame.arguments, receiving, sizeof receiving);
		frame.arguments[1] |= values[i] & ~MACH_SEND_MSG;
		(void)trap_on_stack(-25, (unsigned int)&frame);
		memcpy(frame.arguments, receiving, sizeof receiving);
		frame.arguments[4] = values[i];
		(void)trap_on_stack(-25, (unsigned int)&frame);
	}
	destroy(port);
}

/* The targets are a child's: what is done to it does not matter. */
TEST(arguments_of_short_cuts)
{
	task_t child;
	thread_t thread;
	vm_offset_t place = 0;
	unsigned int at = (unsigned int)&place;

	CHECK_SUCCESS(task_create(SELF, FALSE, &child));
	CHECK_SUCCESS(thread_create(child, &thread));
	try_each(61, 3, (unsigned int[]){ thread, 0, 1 });
	try_each(64, 11, (unsigned int[]){ child, at, PAGE, 0, TRUE, 0, 0, FALSE, 3, 7, 1 });
	try_each(65, 4, (unsigned int[]){ child, at, PAGE, TRUE });
	try_each(66, 3, (unsigned int[]){ child, PAGE, PAGE });
	try_each(70, 1, (unsigned int[]){ child });
	try_each(71, 3, (unsigned int[]){ child, 4, 0 });
	try_each(72, 3, (unsigned int[]){ child, 1, at });
	try_each(73, 2, (unsigned int[]){ child, 1 });
	try_each(74, 4, (unsigned int[]){ child, 5, SELF, MACH_MSG_TYPE_COPY_SEND });
	try_each(75, 3, (unsigned int[]){ child, 1, 5 });
	try_each(76, 1, (unsigned int[]){ thread });
	CHECK_SUCCESS(syscall_task_suspend(child));
	CHECK_SUCCESS(syscall_task_set_special_port(child, TASK_BOOTSTRAP_PORT, child));
	CHECK_SUCCESS(syscall_task_terminate(child));
	try_each(69, 1, (unsigned int[]){ child });
	destroy(child);
	destroy(thread);
	CHECK_SUCCESS(thread_switch(MACH_PORT_NULL, 0, 0));
}

TEST(numbers_that_are_no_traps)
{
	static const int numbers[] = { -1, -9, -16, -19, -24, -33, -54, -99, -100, -101, -1000, -0x7fffffff - 1 };
	unsigned int i;

	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		CHECK_RETURNS(trap_on_stack(numbers[i], (unsigned int)&frame), KERN_INVALID_ARGUMENT);
	CHECK_EQUAL(null_port(), MACH_PORT_NULL);
	CHECK_RETURNS(evc_wait(0), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(evc_wait_clear(~0u), KERN_INVALID_ARGUMENT);
}
