/*
 * When names or addresses have run out: calls refuse, messages are received in part, and everything
 * works again once there is room.
 */
#include "messages.h"
#include <cthreads.h>

#define PAGE	4096
#define NO_NAME	0x70000007
#define MOST	70000	/* more names than a space holds */

/* ---------------------------------------------------------------- addresses */

#define PIECES	4000

static struct { vm_address_t address; vm_size_t size; } pieces[PIECES];
static int piece_count;

/* Take all addresses that are left, the largest pieces first. */
static void fill_addresses(void)
{
	vm_size_t size;

	piece_count = 0;
	for (size = 0x80000000; size >= PAGE; size /= 2)
		while (piece_count < PIECES
		       && vm_allocate(SELF, &pieces[piece_count].address, size, TRUE) == KERN_SUCCESS)
			pieces[piece_count++].size = size;
	CHECK(piece_count < PIECES);
}

static void free_addresses(void)
{
	while (piece_count > 0) {
		piece_count--;
		CHECK_SUCCESS(vm_deallocate(SELF, pieces[piece_count].address, pieces[piece_count].size));
	}
}

struct both {
	mach_msg_header_t head;
	mach_msg_type_t data_type;
	char *data;
	mach_msg_type_t names_type;
	mach_port_t *names;
};

static void send_both(mach_port_t to, char *data, mach_port_t *names, int count)
{
	struct both both = {
		.head = { .msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
			  .msgh_remote_port = to },
		.data_type = OUT_OF_LINE(MACH_MSG_TYPE_CHAR, 8, 2000),
		.data = data,
		.names_type = OUT_OF_LINE(MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, count),
		.names = names,
	};

	CHECK_SUCCESS(mach_msg(&both.head, MACH_SEND_MSG, sizeof both, 0, 0, 0, 0));
}

TEST(a_full_address_space)
{
	static char data[PAGE] __attribute__((aligned(PAGE))) = { 42 };
	mach_port_t port = new_port(), a = new_port(), names[2] = { a, a };
	struct { struct both both; int more[8]; } room;
	vm_address_t address = 0;

	send_both(port, data, names, 2);
	send_both(port, data, names, 2);
	fill_addresses();
	CHECK_RETURNS(vm_allocate(SELF, &address, PAGE, TRUE), KERN_NO_SPACE);
	CHECK_RETURNS(vm_map(SELF, &address, PAGE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, VM_PROT_READ, VM_PROT_ALL,
			     VM_INHERIT_COPY), KERN_NO_SPACE);
	CHECK(cthread_fork((cthread_fn_t)free_addresses, 0) == NO_CTHREAD);
	CHECK_RETURNS(mach_msg(&room.both.head, MACH_RCV_MSG, 0, sizeof room, port, 0, 0),
		      MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE);
	CHECK_EQUAL(room.both.head.msgh_size, sizeof room.both);
	CHECK_EQUAL(room.both.data_type.msgt_size, 0);	/* nothing of either */
	CHECK_EQUAL(room.both.names_type.msgt_size, 0);
	CHECK(room.both.data == 0 && room.both.names == 0);
	(void)expect_notification(a, MACH_NOTIFY_SEND_ONCE);
	(void)expect_notification(a, MACH_NOTIFY_SEND_ONCE);
	/* One page: for the first, which is the data. */
	piece_count--;
	CHECK_SUCCESS(vm_deallocate(SELF, pieces[piece_count].address, PAGE));
	CHECK_RETURNS(mach_msg(&room.both.head, MACH_RCV_MSG, 0, sizeof room, port, 0, 0),
		      MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE);
	CHECK_EQUAL((vm_address_t)room.both.data, pieces[piece_count].address);
	CHECK_EQUAL(room.both.data[0], 42);
	CHECK(room.both.names == 0);
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)room.both.data, PAGE));
	free_addresses();
	(void)expect_notification(a, MACH_NOTIFY_SEND_ONCE);
	(void)expect_notification(a, MACH_NOTIFY_SEND_ONCE);
	destroy(port);
	destroy(a);
}

/* Calls whose results are out of line have nowhere to put them. */
TEST(results_out_of_line_without_an_address)
{
	static char data[PAGE] __attribute__((aligned(PAGE)));
	thread_array_t threads = 0;
	mach_port_array_t names = 0;
	mach_port_type_array_t types = 0;
	pointer_t copy = 0;
	unsigned int count, other, i;
	kern_return_t results[3];

	fill_addresses();
	results[0] = task_threads(SELF, &threads, &count);
	results[1] = mach_port_names(SELF, &names, &count, &types, &other);
	results[2] = vm_read(SELF, (vm_address_t)data, PAGE, &copy, &count);
	free_addresses();
	for (i = 0; i < 3; i++)
		CHECK_EQUAL(results[i], MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE);
	/* The call failed after the kernel had done it, and all works again. */
	CHECK_SUCCESS(task_threads(SELF, &threads, &count));
	for (i = 0; i < count; i++)
		CHECK_SUCCESS(mach_port_deallocate(SELF, threads[i]));
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)threads, count * sizeof threads[0]));
}

/* ---------------------------------------------------------------- names */

static mach_port_t *filling;
static int filled;

/* Take all names that are left. */
static void fill_names(void)
{
	kern_return_t result = KERN_SUCCESS;
	vm_address_t room = 0;

	CHECK_SUCCESS(vm_allocate(SELF, &room, MOST * sizeof *filling, TRUE));
	filling = (mach_port_t *)room;
	for (filled = 0; filled < MOST; filled++) {
		result = mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &filling[filled]);
		if (result != KERN_SUCCESS)
			break;
	}
	CHECK_EQUAL(result, KERN_NO_SPACE);
}

static void free_names(void)
{
	while (filled > 0)
		CHECK_SUCCESS(mach_port_deallocate(SELF, filling[--filled]));
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)filling, MOST * sizeof *filling));
}

struct rights {
	mach_msg_header_t head;
	mach_msg_type_t type;
	mach_port_t names[3];
};

static void send_three(mach_port_t to, mach_port_t a, mach_port_t b, mach_port_t reply)
{
	struct rights rights = {
		.head = { .msgh_bits = MACH_MSGH_BITS_COMPLEX
				       | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND,
							reply ? MACH_MSG_TYPE_MAKE_SEND_ONCE : 0),
			  .msgh_remote_port = to, .msgh_local_port = reply },
		.type = IN_LINE(MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, 3),
		.names = { a, MACH_PORT_NULL, b },
	};

	CHECK_SUCCESS(mach_msg(&rights.head, MACH_SEND_MSG, sizeof rights, 0, 0, 0, 0));
}

TEST(a_full_name_space)
{
	mach_port_t port = new_port_with_send(), a = new_port(), name = 99, spare = new_port();
	mach_msg_type_name_t kind;
	struct { struct rights rights; int more[8]; } room;

	send_three(port, a, a, MACH_PORT_NULL);
	send_three(port, a, a, a);
	send_three(port, a, a, MACH_PORT_NULL);
	fill_names();
	CHECK_RETURNS(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &name), KERN_NO_SPACE);
	CHECK_RETURNS(mach_port_allocate(SELF, MACH_PORT_RIGHT_PORT_SET, &name), KERN_NO_SPACE);
	CHECK_RETURNS(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, NO_NAME), KERN_RESOURCE_SHORTAGE);
	CHECK_EQUAL(mach_reply_port(), MACH_PORT_NULL);
	/* Names that are there can be given more rights, and can move. */
	make_send(port);
	CHECK_SUCCESS(mach_port_rename(SELF, spare, NO_NAME));
	CHECK_RETURNS(mach_port_insert_right(SELF, NO_NAME + 1, a, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		      KERN_RESOURCE_SHORTAGE);
	CHECK_RETURNS(mach_port_extract_right(SELF, a, MACH_MSG_TYPE_MAKE_SEND_ONCE, &name, &kind),
		      MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE);
	/* A body whose rights find no names; what did not is destroyed. */
	CHECK_RETURNS(mach_msg(&room.rights.head, MACH_RCV_MSG, 0, sizeof room, port, 0, 0),
		      MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE);
	CHECK_EQUAL(room.rights.names[0], MACH_PORT_NULL);
	CHECK_EQUAL(room.rights.names[2], MACH_PORT_NULL);
	/* A reply port that finds none: only the header is received. */
	CHECK_RETURNS(mach_msg(&room.rights.head, MACH_RCV_MSG, 0, sizeof room, port, 0, 0),
		      MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_SPACE);
	CHECK_EQUAL(room.rights.head.msgh_remote_port, MACH_PORT_NULL);
	CHECK_EQUAL(room.rights.head.msgh_local_port, port);
	/* Room for one: it gets the first right. */
	CHECK_SUCCESS(mach_port_deallocate(SELF, filling[--filled]));
	CHECK_RETURNS(mach_msg(&room.rights.head, MACH_RCV_MSG, 0, sizeof room, port, 0, 0),
		      MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE);
	CHECK_EQUAL(type_of(room.rights.names[0]), MACH_PORT_TYPE_SEND_ONCE);
	destroy(room.rights.names[0]);
	free_names();
	/* Every send-once right has yielded its message. */
	for (filled = 9; filled > 0; filled--)
		(void)expect_notification(a, MACH_NOTIFY_SEND_ONCE);
	CHECK_EQUAL(status_of(a).mps_sorights, 0);
	destroy(NO_NAME);
	destroy(a);
	destroy(port);
}
