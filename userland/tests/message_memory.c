/*
 * Data in messages: in line of every size and type, and out of line: copied, moved, many pages, odd
 * addresses; copy-on-write between sender and receiver.
 */
#include "messages.h"
#include <stdlib.h>

#define PAGE	4096
#define PAGES	200

struct memory_message {
	mach_msg_header_t head;
	mach_msg_type_long_t type;
	char *address;
};

struct memory_room {
	struct memory_message message;
	int more[16];
};

static void fill_memory(struct memory_message *message, mach_port_t to, void *address, unsigned int size,
			boolean_t deallocate)
{
	memset(message, 0, sizeof *message);
	message->head.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0);
	message->head.msgh_remote_port = to;
	message->type.msgtl_header.msgt_longform = TRUE;
	message->type.msgtl_header.msgt_deallocate = deallocate;
	message->type.msgtl_name = MACH_MSG_TYPE_CHAR;
	message->type.msgtl_size = 8;
	message->type.msgtl_number = size;
	message->address = address;
}

static mach_msg_return_t send_memory(mach_port_t to, void *address, unsigned int size, boolean_t deallocate)
{
	struct memory_message message;

	fill_memory(&message, to, address, size, deallocate);
	return mach_msg(&message.head, MACH_SEND_MSG, sizeof message, 0, 0, 0, 0);
}

/* Receive memory that must be there. */
static char *receive_memory(mach_port_t from, unsigned int size)
{
	struct memory_room room;

	CHECK_SUCCESS(mach_msg(&room.message.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof room, from, 0, 0));
	CHECK(room.message.head.msgh_bits & MACH_MSGH_BITS_COMPLEX);
	CHECK_EQUAL(room.message.type.msgtl_number, size);
	CHECK(room.message.type.msgtl_header.msgt_deallocate);
	return room.message.address;
}

static char *allocate(unsigned int size)
{
	vm_address_t address = 0;

	CHECK_SUCCESS(vm_allocate(SELF, &address, size, TRUE));
	return (char *)address;
}

static void deallocate(void *address, unsigned int size)
{
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)address, size));
}

static unsigned int cow_faults(void)
{
	vm_statistics_data_t statistics;

	CHECK_SUCCESS(vm_statistics(SELF, &statistics));
	return statistics.cow_faults;
}

TEST(a_copy_is_made_when_either_side_writes)
{
	mach_port_t port = new_port();
	char *mine = allocate(3 * PAGE), *theirs;
	unsigned int faults;

	memset(mine, 'a', 3 * PAGE);
	CHECK_SUCCESS(send_memory(port, mine, 3 * PAGE, FALSE));
	mine[0] = 'b';		/* after it was sent: the receiver must not see it */
	theirs = receive_memory(port, 3 * PAGE);
	CHECK(theirs != mine);
	faults = cow_faults();
	CHECK(theirs[0] == 'a' && theirs[PAGE] == 'a' && theirs[3 * PAGE - 1] == 'a');
	CHECK_EQUAL(cow_faults(), faults);	/* reading copies nothing */
	theirs[PAGE] = 'c';
	CHECK_EQUAL(cow_faults(), faults + 1);
	theirs[PAGE + 1] = 'c';
	CHECK_EQUAL(cow_faults(), faults + 1);
	CHECK(mine[PAGE] == 'a' && mine[0] == 'b');
	deallocate(mine, 3 * PAGE);
	CHECK(theirs[2 * PAGE] == 'a' && theirs[PAGE] == 'c');
	deallocate(theirs, 3 * PAGE);
	destroy(port);
}

TEST(deallocate_moves_the_memory)
{
	mach_port_t port = new_port();
	char *mine = allocate(4 * PAGE), *theirs;
	vm_address_t address = (vm_address_t)mine;
	vm_size_t size;
	vm_prot_t protection, maximum;
	vm_inherit_t inheritance;
	boolean_t shared;
	mach_port_t name;
	vm_offset_t offset;
	unsigned int faults = cow_faults();

	memset(mine, 'm', 4 * PAGE);
	CHECK_SUCCESS(send_memory(port, mine, 4 * PAGE, TRUE));
	(void)vm_region(SELF, &address, &size, &protection, &maximum, &inheritance, &shared, &name, &offset);
	CHECK(address >= (vm_address_t)mine + 4 * PAGE);
	theirs = receive_memory(port, 4 * PAGE);
	theirs[5] = 'n';
	CHECK(theirs[4] == 'm' && theirs[4 * PAGE - 1] == 'm');
	CHECK_EQUAL(cow_faults(), faults);	/* the pages themselves were moved */
	deallocate(theirs, 4 * PAGE);
	destroy(port);
}

/* The data need not begin or end at pages; they come at the same place in the page. */
TEST(odd_addresses_and_sizes)
{
	mach_port_t port = new_port();
	char *mine = allocate(4 * PAGE), *theirs;
	static const struct { int at, size; } parts[] = {
		{ 1, 1 }, { 100, 3 * PAGE }, { PAGE - 1, 2 }, { PAGE + 5, 2 * PAGE - 5 }, { 0, PAGE - 3 },
	};
	unsigned int i;
	int j;

	for (j = 0; j < 4 * PAGE; j++)
		mine[j] = j * 7;
	for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		CHECK_SUCCESS(send_memory(port, mine + parts[i].at, parts[i].size, FALSE));
		theirs = receive_memory(port, parts[i].size);
		CHECK_EQUAL((vm_address_t)theirs % PAGE, (vm_address_t)(mine + parts[i].at) % PAGE);
		CHECK(memcmp(theirs, mine + parts[i].at, parts[i].size) == 0);
		deallocate(theirs, parts[i].size);
	}
	deallocate(mine, 4 * PAGE);
	destroy(port);
}

TEST(nothing_out_of_line_has_no_address)
{
	mach_port_t port = new_port();

	CHECK_SUCCESS(send_memory(port, (void *)0x1234, 0, FALSE));
	CHECK_EQUAL((vm_address_t)receive_memory(port, 0), 0);
	CHECK_SUCCESS(send_memory(port, 0, 0, TRUE));
	CHECK_EQUAL((vm_address_t)receive_memory(port, 0), 0);
	destroy(port);
}

TEST(many_pages_some_never_touched)
{
	mach_port_t port = new_port();
	char *mine = allocate(PAGES * PAGE), *theirs;
	int i;

	for (i = 0; i < PAGES; i += 3)
		mine[i * PAGE] = i;
	CHECK_SUCCESS(send_memory(port, mine, PAGES * PAGE, TRUE));
	theirs = receive_memory(port, PAGES * PAGE);
	for (i = 0; i < PAGES; i++)
		CHECK_EQUAL((unsigned char)theirs[i * PAGE], i % 3 == 0 ? i : 0);
	/* To and fro: the chain of copies must not grow. */
	for (i = 0; i < 60; i++) {
		theirs[i * PAGE] = i;
		CHECK_SUCCESS(send_memory(port, theirs, PAGES * PAGE, TRUE));
		theirs = receive_memory(port, PAGES * PAGE);
	}
	for (i = 0; i < 60; i++)
		CHECK_EQUAL(theirs[i * PAGE], i);
	deallocate(theirs, PAGES * PAGE);
	destroy(port);
}

/* Several regions of different kinds as one piece of data. */
TEST(data_across_regions)
{
	mach_port_t port = new_port();
	char *mine = allocate(6 * PAGE), *theirs;

	memset(mine, 'x', 6 * PAGE);
	CHECK_SUCCESS(vm_protect(SELF, (vm_address_t)mine + PAGE, PAGE, FALSE, VM_PROT_READ));
	CHECK_SUCCESS(vm_inherit(SELF, (vm_address_t)mine + 3 * PAGE, PAGE, VM_INHERIT_SHARE));
	deallocate(mine + 5 * PAGE, PAGE);
	CHECK_SUCCESS(send_memory(port, mine, 5 * PAGE, FALSE));
	CHECK_RETURNS(send_memory(port, mine, 6 * PAGE, FALSE), MACH_SEND_INVALID_MEMORY);
	theirs = receive_memory(port, 5 * PAGE);
	theirs[PAGE] = 'y';	/* what is received is ordinary memory */
	CHECK(theirs[4 * PAGE] == 'x' && mine[PAGE] == 'x');
	deallocate(mine, 5 * PAGE);
	deallocate(theirs, 5 * PAGE);
	destroy(port);
}

TEST(memory_of_a_message_that_is_destroyed)
{
	mach_port_t port = new_port();
	struct mach_msg_small { mach_msg_header_t head; } small;
	char *mine = allocate(50 * PAGE);
	int i;

	memset(mine, 1, 50 * PAGE);
	for (i = 0; i < 3; i++)
		CHECK_SUCCESS(send_memory(port, mine, 50 * PAGE, i == 2));
	/* Received into too little room: destroyed, and counted by the leak check. */
	CHECK_RETURNS(mach_msg(&small.head, MACH_RCV_MSG, 0, sizeof small, port, 0, 0), MACH_RCV_TOO_LARGE);
	destroy(port);
}

TEST(memory_that_cannot_be_sent)
{
	mach_port_t port = new_port();
	char *mine = allocate(2 * PAGE);

	CHECK_SUCCESS(vm_protect(SELF, (vm_address_t)mine, PAGE, FALSE, VM_PROT_NONE));
	CHECK_RETURNS(send_memory(port, mine, 2 * PAGE, FALSE), MACH_SEND_INVALID_MEMORY);
	CHECK_RETURNS(send_memory(port, mine, 2 * PAGE, TRUE), MACH_SEND_INVALID_MEMORY);
	CHECK_SUCCESS(vm_protect(SELF, (vm_address_t)mine, PAGE, FALSE, VM_PROT_READ | VM_PROT_WRITE));
	mine[0] = 1;		/* it is still there */
	CHECK_RETURNS(send_memory(port, 0, PAGE, FALSE), MACH_SEND_INVALID_MEMORY);
	CHECK_RETURNS(send_memory(port, (void *)0xfffff000, PAGE, FALSE), MACH_SEND_INVALID_MEMORY);
	CHECK_RETURNS(send_memory(port, (void *)0xc0000000, 16, FALSE), MACH_SEND_INVALID_MEMORY);
	CHECK_RETURNS(send_memory(port, mine, 0xffffffff, FALSE), MACH_SEND_INVALID_MEMORY);
	CHECK_RETURNS(send_memory(port, (void *)0xffffffff, 0xffffffff, TRUE), MACH_SEND_INVALID_MEMORY);
	deallocate(mine, 2 * PAGE);
	destroy(port);
}

/* ---------------------------------------------------------------- in line */

TEST(in_line_data_of_each_type_and_size)
{
	static const struct { int name, bits, number, bytes; } kinds[] = {
		{ MACH_MSG_TYPE_BIT, 1, 1, 1 }, { MACH_MSG_TYPE_BIT, 1, 17, 3 }, { MACH_MSG_TYPE_BYTE, 8, 5, 5 },
		{ MACH_MSG_TYPE_INTEGER_16, 16, 3, 6 }, { MACH_MSG_TYPE_INTEGER_32, 32, 2, 8 },
		{ MACH_MSG_TYPE_INTEGER_64, 64, 3, 24 }, { MACH_MSG_TYPE_REAL, 64, 1, 8 },
		{ MACH_MSG_TYPE_PORT_NAME, 32, 4, 16 }, { MACH_MSG_TYPE_CHAR, 8, 0, 0 }, { 99, 24, 2, 6 },
	};
	struct { mach_msg_header_t head; mach_msg_type_t type; char data[64]; } message, got;
	mach_port_t port = new_port();
	unsigned int i, size;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		memset(&message, i + 1, sizeof message);
		memset(&message.head, 0, sizeof message.head);
		/* Complex, so that the kernel must look at the descriptor. */
		message.head.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0);
		message.head.msgh_remote_port = port;
		message.type = IN_LINE(kinds[i].name, kinds[i].bits, kinds[i].number);
		size = sizeof message.head + 4 + ((kinds[i].bytes + 3) & ~3);
		CHECK_SUCCESS(mach_msg(&message.head, MACH_SEND_MSG, size, 0, 0, 0, 0));
		CHECK_SUCCESS(mach_msg(&got.head, MACH_RCV_MSG, 0, sizeof got, port, 0, 0));
		CHECK_EQUAL(got.head.msgh_size, size);
		CHECK(!(got.head.msgh_bits & MACH_MSGH_BITS_COMPLEX));	/* it carries nothing */
		CHECK(memcmp(&got.type, &message.type, size - sizeof message.head) == 0);
	}
	destroy(port);
}

#define LONGEST	(128 * 1024)

/* A simple message is not looked into, and may be long. */
TEST(long_messages_in_line)
{
	mach_port_t port = new_port();
	mach_msg_header_t *message = (mach_msg_header_t *)allocate(LONGEST), *got;
	unsigned int i, *words = (unsigned int *)message;
	static const unsigned int sizes[] = { 24, 28, 4092, 4096, 4100, 65536, LONGEST };

	got = (mach_msg_header_t *)allocate(LONGEST);
	for (i = 6; i < LONGEST / 4; i++)
		words[i] = i * 2654435761u;
	message->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0);
	message->msgh_remote_port = port;
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		CHECK_SUCCESS(mach_msg(message, MACH_SEND_MSG, sizes[i], 0, 0, 0, 0));
		CHECK_SUCCESS(mach_msg(got, MACH_RCV_MSG, 0, sizes[i], port, 0, 0));
		CHECK_EQUAL(got->msgh_size, sizes[i]);
		CHECK(memcmp(got + 1, message + 1, sizes[i] - sizeof *message) == 0);
	}
	CHECK_RETURNS(mach_msg(message, MACH_SEND_MSG, 0x7ffffff0, 0, 0, 0, 0), MACH_SEND_NO_BUFFER);
	deallocate(message, LONGEST);
	deallocate(got, LONGEST);
	destroy(port);
}
