/*
 * Code that is written and then executed: by the program itself, by vm_write, by a message, in shared
 * memory, in a child; and code that changes while it runs.
 */
#include "child.h"
#include "memory.h"
#include "messages.h"

#define READ_EXECUTE	(VM_PROT_READ | VM_PROT_EXECUTE)

typedef int (*function_t)(void);

/* movl $value, %eax; ret */
static void write_code(void *place, int value)
{
	unsigned char *code = place;

	code[0] = 0xb8;
	memcpy(code + 1, &value, 4);
	code[5] = 0xc3;
}

static int call(vm_address_t address)
{
	return ((function_t)address)();
}

TEST(code_written_by_the_program)
{
	vm_address_t address = allocate(2 * PAGE);
	int i;

	for (i = 0; i < 50; i++) {
		write_code((void *)address, i);
		CHECK_EQUAL(call(address), i);
	}
	/* Across a page border. */
	for (i = 0; i < 20; i++) {
		write_code((void *)(address + PAGE - 3), i * 7);
		CHECK_EQUAL(call(address + PAGE - 3), i * 7);
	}
	deallocate(address, 2 * PAGE);
}

/* The instruction after the store is the one that is stored to. */
TEST(code_that_changes_what_comes_next)
{
	static const unsigned char code[] = {
		0xe8, 0, 0, 0, 0,			/* call the next: its address is on the stack */
		0x59,					/* popl %ecx */
		0x8b, 0x44, 0x24, 0x04,			/* movl 4(%esp), %eax */
		0x88, 0x41, 0x09,			/* movb %al, 9(%ecx): the constant below */
		0xb8, 0, 0, 0, 0,			/* movl $0, %eax */
		0xc3,
	};
	vm_address_t address = allocate(PAGE);
	int i;

	memcpy((void *)address, code, sizeof code);
	for (i = 1; i < 100; i++)
		CHECK_EQUAL(((int (*)(int))address)(i), i);
	deallocate(address, PAGE);
}

TEST(code_written_by_calls)
{
	vm_address_t address = allocate(2 * PAGE), source = allocate(2 * PAGE);
	int i;

	for (i = 0; i < 20; i++) {
		write_code((void *)source, 100 + i);
		CHECK_SUCCESS(vm_write(SELF, address, source, 6));		/* into the page */
		CHECK_EQUAL(call(address), 100 + i);
		write_code((void *)source, 200 + i);
		CHECK_SUCCESS(vm_write(SELF, address, source, PAGE));		/* in its place */
		CHECK_EQUAL(call(address), 200 + i);
		write_code((void *)source, 300 + i);
		CHECK_SUCCESS(vm_copy(SELF, source, 2 * PAGE, address));
		CHECK_EQUAL(call(address), 300 + i);
	}
	deallocate(address, 2 * PAGE);
	deallocate(source, 2 * PAGE);
}

TEST(code_that_may_not_be_written_any_more)
{
	vm_address_t address = allocate(PAGE);
	int word = 0;

	write_code((void *)address, 1);
	CHECK_EQUAL(call(address), 1);
	CHECK_SUCCESS(vm_protect(SELF, address, PAGE, FALSE, READ_EXECUTE));
	CHECK_EQUAL(call(address), 1);
	CHECK_RETURNS(vm_write(SELF, address, (pointer_t)&word, 4), KERN_PROTECTION_FAILURE);
	CHECK_SUCCESS(vm_protect(SELF, address, PAGE, FALSE, VM_PROT_ALL));
	write_code((void *)address, 2);
	CHECK_EQUAL(call(address), 2);
	deallocate(address, PAGE);
}

/* New memory at the address where code was. */
TEST(code_in_place_of_other_code)
{
	vm_address_t address = allocate(PAGE), again;
	int i;

	for (i = 0; i < 20; i++) {
		write_code((void *)address, i);
		CHECK_EQUAL(call(address), i);
		deallocate(address, PAGE);
		again = address;
		CHECK_SUCCESS(vm_allocate(SELF, &again, PAGE, FALSE));
	}
	deallocate(address, PAGE);
}

TEST(code_received_in_a_message)
{
	mach_port_t port = new_port();
	struct {
		mach_msg_header_t head;
		mach_msg_type_t data_type;
		vm_address_t data;
		mach_msg_type_t in_line_type;
		unsigned char in_line[8];
		int more[8];
	} message;
	vm_address_t source = allocate(PAGE);
	int i;

	for (i = 0; i < 10; i++) {
		memset(&message, 0, sizeof message);
		message.head.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0);
		message.head.msgh_remote_port = port;
		message.data_type = OUT_OF_LINE(MACH_MSG_TYPE_CHAR, 8, PAGE - 1);
		message.data = source;
		message.in_line_type = IN_LINE(MACH_MSG_TYPE_CHAR, 8, 8);
		write_code((void *)source, 1000 + i);
		write_code(message.in_line, 2000 + i);
		CHECK_SUCCESS(mach_msg(&message.head, MACH_SEND_MSG, sizeof message - sizeof message.more, 0, 0, 0, 0));
		memset((void *)source, 0xcc, 16);
		/* Received into memory that was executed a moment ago: the stack. */
		CHECK_SUCCESS(mach_msg(&message.head, MACH_RCV_MSG, 0, sizeof message, port, 0, 0));
		CHECK_EQUAL(call(message.data), 1000 + i);
		CHECK_EQUAL(call((vm_address_t)message.in_line), 2000 + i);
		deallocate(message.data, PAGE - 1);
	}
	deallocate(source, PAGE);
	destroy(port);
}

/* ---------------------------------------------------------------- in several tasks */

#define GO	1
#define STOP	2

struct shared {
	volatile int order, result;
	int room[62];
	unsigned char code[64];		/* in the same page, so that writing either disturbs the other */
	unsigned char more[PAGE];
};

static void run_orders(int argument)
{
	struct shared *shared = (struct shared *)argument;

	while (shared->order != STOP) {
		if (shared->order == GO) {
			shared->result = call((vm_address_t)shared->code);
			shared->order = 0;
		}
		(void)swtch_pri(0);
	}
	child_exit();
}

TEST(code_in_shared_memory)
{
	struct shared *shared = (struct shared *)allocate(2 * PAGE);
	task_t child;
	int i;

	CHECK_SUCCESS(vm_inherit(SELF, (vm_address_t)shared, 2 * PAGE, VM_INHERIT_SHARE));
	child = new_child();
	start_child(child, run_orders, (int)shared);
	for (i = 1; i < 30; i++) {
		write_code(shared->code, i);
		shared->order = GO;
		while (shared->order == GO)
			(void)swtch_pri(0);
		CHECK_EQUAL(shared->result, i);
		CHECK_EQUAL(call((vm_address_t)shared->code), i);
	}
	shared->order = STOP;
	CHECK_SUCCESS(task_terminate(child));
	destroy(child);
	deallocate((vm_address_t)shared, 2 * PAGE);
}

/* The child's copy of the code is changed, from outside and by copy-on-write: ours stays. */
TEST(code_copied_on_write)
{
	vm_address_t address = allocate(PAGE);
	task_t child;
	unsigned char code[6];

	write_code((void *)address, 1);
	CHECK_EQUAL(call(address), 1);
	child = new_child();
	write_code(code, 2);
	CHECK_SUCCESS(vm_write(child, address, (pointer_t)code, sizeof code));
	CHECK_EQUAL(call(address), 1);
	write_code((void *)address, 3);		/* our copy */
	CHECK_EQUAL(call(address), 3);
	CHECK_SUCCESS(task_terminate(child));
	destroy(child);
	CHECK_EQUAL(call(address), 3);
	deallocate(address, PAGE);
}
