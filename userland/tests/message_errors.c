/*
 * The error codes of mach_msg, each for what causes it; and that a message with an error has had no
 * effect beyond what Mach says.
 */
#include "messages.h"

#define PAGE	4096
#define NO_NAME	0x70000007

static mach_msg_return_t send(struct note *note, unsigned int size)
{
	return mach_msg(&note->head, MACH_SEND_MSG, size, 0, 0, 0, 0);
}

TEST(sizes_that_no_message_has)
{
	mach_port_t port = new_port();
	struct note note;
	unsigned int size;

	fill_note(&note, port, MACH_MSG_TYPE_MAKE_SEND, 1);
	for (size = 0; size < 24; size++)
		CHECK_RETURNS(send(&note, size), MACH_SEND_MSG_TOO_SMALL);
	for (size = 25; size < 28; size++)
		CHECK_RETURNS(send(&note, size), MACH_SEND_MSG_TOO_SMALL);
	CHECK_RETURNS(send(&note, 0x40000000), MACH_SEND_NO_BUFFER);
	CHECK_RETURNS(send(&note, 0xfffffffc), MACH_SEND_NO_BUFFER);
	expect_nothing(port);
	destroy(port);
}

TEST(headers_that_say_nonsense)
{
	static const unsigned int wrong[] = {
		MACH_MSGH_BITS(0, 0), MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_RECEIVE, 0),
		MACH_MSGH_BITS(15, 0), MACH_MSGH_BITS(22, 0), MACH_MSGH_BITS(255, 0),
		MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, MACH_MSG_TYPE_MOVE_RECEIVE),
		MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 22), MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 255),
	};
	mach_port_t port = new_port_with_send();
	struct note note;
	unsigned int i;

	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		fill_note(&note, port, 0, 1);
		note.head.msgh_bits = wrong[i];
		note.head.msgh_local_port = port;
		CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_INVALID_HEADER);
	}
	/* No disposition, but a reply port. */
	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 1);
	note.head.msgh_local_port = port;
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_INVALID_HEADER);
	expect_nothing(port);
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	destroy(port);
}

TEST(destinations_that_are_none)
{
	mach_port_t port = new_port(), dead, set = new_set(), name;
	struct note note;
	unsigned int i;
	const mach_port_t *names[] = { &dead, &set, &name };

	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &dead));
	name = NO_NAME;
	for (i = 0; i < 3; i++) {
		fill_note(&note, *names[i], MACH_MSG_TYPE_COPY_SEND, 1);
		CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_INVALID_DEST);
	}
	fill_note(&note, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND, 1);
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_INVALID_DEST);
	fill_note(&note, MACH_PORT_DEAD, MACH_MSG_TYPE_COPY_SEND, 1);
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_INVALID_DEST);
	/* The name has no right of that kind. */
	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 1);
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_INVALID_DEST);
	fill_note(&note, port, MACH_MSG_TYPE_MOVE_SEND_ONCE, 1);
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_INVALID_DEST);
	fill_note(&note, SELF, MACH_MSG_TYPE_MAKE_SEND, 1);
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_INVALID_DEST);
	destroy(port);
	destroy(set);
	destroy(dead);
}

TEST(reply_ports_that_are_none)
{
	mach_port_t port = new_port_with_send(), set = new_set();
	struct note note;

	fill_note(&note, port, 0, 1);
	note.head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	note.head.msgh_local_port = NO_NAME;
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_INVALID_REPLY);
	note.head.msgh_local_port = set;
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_INVALID_REPLY);
	note.head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	note.head.msgh_local_port = port;
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_INVALID_REPLY);
	expect_nothing(port);
	destroy(port);
	destroy(set);
}

TEST(rights_that_a_body_cannot_carry)
{
	mach_port_t to = new_port(), port = new_port(), set = new_set();

	CHECK_RETURNS(send_right(to, MACH_MSG_TYPE_COPY_SEND, port), MACH_SEND_INVALID_RIGHT);
	CHECK_RETURNS(send_right(to, MACH_MSG_TYPE_MOVE_SEND_ONCE, port), MACH_SEND_INVALID_RIGHT);
	CHECK_RETURNS(send_right(to, MACH_MSG_TYPE_MOVE_RECEIVE, set), MACH_SEND_INVALID_RIGHT);
	CHECK_RETURNS(send_right(to, MACH_MSG_TYPE_MAKE_SEND, SELF), MACH_SEND_INVALID_RIGHT);
	CHECK_RETURNS(send_right(to, MACH_MSG_TYPE_COPY_SEND, NO_NAME), MACH_SEND_INVALID_RIGHT);
	destroy(to);
	destroy(port);
	destroy(set);
}

TEST(descriptors_that_contradict_themselves)
{
	mach_port_t port = new_port();
	struct note note;
	union { mach_msg_type_t type; unsigned int word; } wrong[4];
	unsigned int i;

	wrong[0].type = IN_LINE(MACH_MSG_TYPE_COPY_SEND, 8, 4);		/* ports of another size */
	wrong[1].type = IN_LINE(MACH_MSG_TYPE_INTEGER_32, 32, 1);
	wrong[1].type.msgt_deallocate = TRUE;				/* in line */
	wrong[2].type = IN_LINE(MACH_MSG_TYPE_INTEGER_32, 32, 1);
	wrong[2].type.msgt_unused = TRUE;
	wrong[3].word = 0x30000001;					/* a long form that says something short */
	for (i = 0; i < 4; i++) {
		struct { struct note note; int more[4]; } message = { 0 };

		fill_note(&note, port, MACH_MSG_TYPE_MAKE_SEND, 1);
		note.head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
		note.type = wrong[i].type;
		message.note = note;
		CHECK_RETURNS(send(&message.note, sizeof message), MACH_SEND_INVALID_TYPE);
	}
	expect_nothing(port);
	destroy(port);
}

TEST(bodies_that_end_too_early)
{
	mach_port_t port = new_port();
	struct note note;

	fill_note(&note, port, MACH_MSG_TYPE_MAKE_SEND, 1);
	note.head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	CHECK_RETURNS(send(&note, 28), MACH_SEND_MSG_TOO_SMALL);
	note.type = IN_LINE(MACH_MSG_TYPE_INTEGER_32, 32, 2);
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_MSG_TOO_SMALL);
	note.type = IN_LINE(MACH_MSG_TYPE_CHAR, 8, 4095);
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_MSG_TOO_SMALL);
	note.type = IN_LINE(0, 0, 0);
	note.type.msgt_longform = TRUE;
	CHECK_RETURNS(send(&note, sizeof note), MACH_SEND_MSG_TOO_SMALL);
	note.type = OUT_OF_LINE(MACH_MSG_TYPE_CHAR, 8, 1);
	CHECK_RETURNS(send(&note, 28), MACH_SEND_MSG_TOO_SMALL);
	expect_nothing(port);
	destroy(port);
}

TEST(receiving_where_nothing_can_be_received)
{
	mach_port_t port = new_port(), once = new_send_once(port), dead;
	struct note_room room;

	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &dead));
	CHECK_RETURNS(receive(NO_NAME, &room), MACH_RCV_INVALID_NAME);
	CHECK_RETURNS(receive(MACH_PORT_NULL, &room), MACH_RCV_INVALID_NAME);
	CHECK_RETURNS(receive(MACH_PORT_DEAD, &room), MACH_RCV_INVALID_NAME);
	CHECK_RETURNS(receive(once, &room), MACH_RCV_INVALID_NAME);
	CHECK_RETURNS(receive(dead, &room), MACH_RCV_INVALID_NAME);
	CHECK_RETURNS(receive(SELF, &room), MACH_RCV_INVALID_NAME);
	/* Neither send nor receive; and options that do not exist. */
	CHECK_SUCCESS(mach_msg(&room.head, 0, 0, 0, 0, 0, 0));
	CHECK_SUCCESS(mach_msg(0, (int)0xfffff000, 0, 0, 0, 0, 0));
	destroy(port);
	destroy(once);
	destroy(dead);
}

/* ---------------------------------------------------------------- the message buffer */

/* Two pages that may be used, then a hole. */
static char *pages_before_a_hole(void)
{
	vm_address_t address = 0;

	CHECK_SUCCESS(vm_allocate(SELF, &address, 3 * PAGE, TRUE));
	CHECK_SUCCESS(vm_deallocate(SELF, address + 2 * PAGE, PAGE));
	return (char *)address;
}

TEST(buffers_that_reach_into_a_hole)
{
	mach_port_t port = new_port();
	char *pages = pages_before_a_hole(), *end = pages + 2 * PAGE;
	struct note note;
	unsigned int room;

	fill_note(&note, port, MACH_MSG_TYPE_MAKE_SEND, 1);
	/* Every number of bytes from none to all of it before the hole. */
	for (room = 0; room <= sizeof note; room += 4) {
		memcpy(end - room, &note, room);
		CHECK_EQUAL(mach_msg((mach_msg_header_t *)(end - room), MACH_SEND_MSG, sizeof note, 0, 0, 0, 0),
			    room < sizeof note ? MACH_SEND_INVALID_DATA : MACH_MSG_SUCCESS);
	}
	expect_note(port, 1);
	/* Across the border of two pages that are there. */
	memcpy(pages + PAGE - 10, &note, sizeof note);
	CHECK_SUCCESS(mach_msg((mach_msg_header_t *)(pages + PAGE - 10), MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	CHECK_SUCCESS(mach_msg((mach_msg_header_t *)(pages + PAGE - 14), MACH_RCV_MSG, 0, sizeof note, port, 0, 0));
	/* A message whose receive fails for want of a buffer is gone. */
	for (room = 0; room <= sizeof note; room += 4) {
		CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_MAKE_SEND, 1));
		CHECK_EQUAL(mach_msg((mach_msg_header_t *)(end - room), MACH_RCV_MSG, 0, sizeof note, port, 0, 0),
			    room < sizeof note ? MACH_RCV_INVALID_DATA : MACH_MSG_SUCCESS);
		expect_nothing(port);
	}
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)pages, 2 * PAGE));
	destroy(port);
}

TEST(buffers_nobody_has)
{
	static const unsigned int addresses[] = {
		0, 4, 0xbfffffff, 0xbffffff0, 0xc0000000, 0xdeadbeef, 0xfffff000, 0xfffffff0, 0xffffffff,
	};
	mach_port_t port = new_port();
	unsigned int i;

	for (i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		mach_msg_header_t *buffer = (mach_msg_header_t *)addresses[i];

		CHECK_RETURNS(mach_msg(buffer, MACH_SEND_MSG, 32, 0, 0, 0, 0), MACH_SEND_INVALID_DATA);
		CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_MAKE_SEND, 1));
		CHECK_RETURNS(mach_msg(buffer, MACH_RCV_MSG | MACH_RCV_LARGE, 0, 24, port, 0, 0),
			      MACH_RCV_INVALID_DATA);
		CHECK_RETURNS(mach_msg(buffer, MACH_RCV_MSG, 0, 24, port, 0, 0), MACH_RCV_INVALID_DATA);
		CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_MAKE_SEND, 1));
		CHECK_RETURNS(mach_msg(buffer, MACH_RCV_MSG, 0, 4096, port, 0, 0), MACH_RCV_INVALID_DATA);
		expect_nothing(port);
	}
	destroy(port);
}

TEST(buffers_that_may_not_be_written_or_read)
{
	mach_port_t port = new_port();
	char *pages = pages_before_a_hole();
	struct note *note = (struct note *)pages;

	fill_note(note, port, MACH_MSG_TYPE_MAKE_SEND, 7);
	CHECK_SUCCESS(vm_protect(SELF, (vm_address_t)pages, PAGE, FALSE, VM_PROT_READ));
	CHECK_SUCCESS(mach_msg(&note->head, MACH_SEND_MSG, sizeof *note, 0, 0, 0, 0));
	CHECK_RETURNS(mach_msg(&note->head, MACH_RCV_MSG, 0, 100, port, 0, 0), MACH_RCV_INVALID_DATA);
	CHECK_EQUAL(note->value, 7);
	CHECK_SUCCESS(vm_protect(SELF, (vm_address_t)pages, PAGE, FALSE, VM_PROT_NONE));
	CHECK_RETURNS(mach_msg(&note->head, MACH_SEND_MSG, sizeof *note, 0, 0, 0, 0), MACH_SEND_INVALID_DATA);
	expect_nothing(port);
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)pages, 2 * PAGE));
	destroy(port);
}

/* What a call that sends well and cannot receive has sent stays sent. */
TEST(a_bad_buffer_only_for_the_receive)
{
	mach_port_t port = new_port(), reply = new_port();
	char *pages = pages_before_a_hole();
	struct note *note = (struct note *)pages;

	CHECK_SUCCESS(send_note(reply, MACH_MSG_TYPE_MAKE_SEND, 1));
	fill_note(note, port, MACH_MSG_TYPE_MAKE_SEND, 7);
	CHECK_SUCCESS(vm_protect(SELF, (vm_address_t)pages, PAGE, FALSE, VM_PROT_READ));
	CHECK_RETURNS(mach_msg(&note->head, MACH_SEND_MSG | MACH_RCV_MSG, sizeof *note, 100, reply, 0, 0),
		      MACH_RCV_INVALID_DATA);
	expect_note(port, 7);
	expect_nothing(reply);
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)pages, 2 * PAGE));
	destroy(port);
	destroy(reply);
}
