/*
 * Ports and small messages, for tests of them.
 */
#ifndef _TESTS_MESSAGES_H_
#define _TESTS_MESSAGES_H_

#include <check.h>
#include <mach/message.h>
#include <mach/notify.h>
#include <string.h>

#define SELF	mach_task_self()

/* A descriptor of data in line, or (OUT_OF_LINE) elsewhere. */
#define IN_LINE(name, bits, count)	\
	((mach_msg_type_t){ .msgt_name = (name), .msgt_size = (bits), .msgt_number = (count), .msgt_inline = TRUE })
#define OUT_OF_LINE(name, bits, count)	\
	((mach_msg_type_t){ .msgt_name = (name), .msgt_size = (bits), .msgt_number = (count) })

/* A message that carries one number, or one right. */
struct note {
	mach_msg_header_t head;
	mach_msg_type_t type;
	unsigned int value;
};

/* Room to receive one, or any notification, or more than was expected. */
struct note_room {
	mach_msg_header_t head;
	mach_msg_type_t type;
	unsigned int value;
	unsigned int more[60];
};

#define UNUSED_STATIC	__attribute__((unused)) static

UNUSED_STATIC mach_port_t new_port(void)
{
	mach_port_t port = MACH_PORT_NULL;

	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	return port;
}

UNUSED_STATIC mach_port_t new_set(void)
{
	mach_port_t set = MACH_PORT_NULL;

	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_PORT_SET, &set));
	return set;
}

UNUSED_STATIC void make_send(mach_port_t port)
{
	CHECK_SUCCESS(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
}

/* A port with its receive right and one send right under one name. */
UNUSED_STATIC mach_port_t new_port_with_send(void)
{
	mach_port_t port = new_port();

	make_send(port);
	return port;
}

UNUSED_STATIC void destroy(mach_port_t name)
{
	CHECK_SUCCESS(mach_port_destroy(SELF, name));
}

/* The rights that a name denotes, MACH_PORT_TYPE_ bits; 0 for no name at all. */
UNUSED_STATIC mach_port_type_t type_of(mach_port_t name)
{
	mach_port_type_t type = 0;

	return mach_port_type(SELF, name, &type) == KERN_SUCCESS ? type : 0;
}

UNUSED_STATIC unsigned int refs_of(mach_port_t name, mach_port_right_t right)
{
	mach_port_urefs_t refs = 0;

	CHECK_SUCCESS(mach_port_get_refs(SELF, name, right, &refs));
	return refs;
}

UNUSED_STATIC mach_port_status_t status_of(mach_port_t name)
{
	mach_port_status_t status;

	memset(&status, 0, sizeof status);
	CHECK_SUCCESS(mach_port_get_receive_status(SELF, name, &status));
	return status;
}

/* Whether the name's port has a send right somewhere. */
UNUSED_STATIC boolean_t has_senders(mach_port_t name)
{
	return status_of(name).mps_srights;
}

/* A new send-once right to a port of ours. */
UNUSED_STATIC mach_port_t new_send_once(mach_port_t port)
{
	mach_port_t name = MACH_PORT_NULL;
	mach_msg_type_name_t kind = 0;

	CHECK_SUCCESS(mach_port_extract_right(SELF, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &name, &kind));
	CHECK_EQUAL(kind, MACH_MSG_TYPE_PORT_SEND_ONCE);
	return name;
}

UNUSED_STATIC void fill_note(struct note *note, mach_port_t to, mach_msg_type_name_t disposition, int value)
{
	memset(note, 0, sizeof *note);
	note->head.msgh_bits = MACH_MSGH_BITS(disposition, 0);
	note->head.msgh_size = sizeof *note;
	note->head.msgh_remote_port = to;
	note->head.msgh_id = 1000;
	note->type = IN_LINE(MACH_MSG_TYPE_INTEGER_32, 32, 1);
	note->value = value;
}

/* Send a number without waiting: MACH_SEND_TIMED_OUT if the queue is full. */
UNUSED_STATIC mach_msg_return_t send_note(mach_port_t to, mach_msg_type_name_t disposition, int value)
{
	struct note note;

	fill_note(&note, to, disposition, value);
	return mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof note, 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL);
}

/* Send a right, named by name. */
UNUSED_STATIC mach_msg_return_t send_right(mach_port_t to, mach_msg_type_name_t disposition, mach_port_t name)
{
	struct note note;

	fill_note(&note, to, MACH_MSG_TYPE_MAKE_SEND_ONCE, name);
	note.head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	note.type = IN_LINE(disposition, 32, 1);
	return mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof note, 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL);
}

/* Receive what is there, without waiting: MACH_RCV_TIMED_OUT if there is nothing. */
UNUSED_STATIC mach_msg_return_t receive(mach_port_t from, struct note_room *room)
{
	memset(room, 0, sizeof *room);
	return mach_msg(&room->head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof *room, from, 0, MACH_PORT_NULL);
}

/* Receive a number that must be there. */
UNUSED_STATIC void expect_note(mach_port_t from, unsigned int value)
{
	struct note_room room;

	CHECK_RETURNS(receive(from, &room), MACH_MSG_SUCCESS);
	CHECK_EQUAL(room.head.msgh_id, 1000);
	CHECK_EQUAL(room.value, value);
}

/* Receive a right that must be there; its name. */
UNUSED_STATIC mach_port_t expect_right(mach_port_t from, mach_msg_type_name_t kind)
{
	struct note_room room;

	CHECK_RETURNS(receive(from, &room), MACH_MSG_SUCCESS);
	CHECK_EQUAL(room.type.msgt_name, kind);
	return room.value;
}

UNUSED_STATIC void expect_nothing(mach_port_t from)
{
	struct note_room room;

	CHECK_RETURNS(receive(from, &room), MACH_RCV_TIMED_OUT);
}

/* Receive a notification that must be there; the word that it carries, if any. */
UNUSED_STATIC unsigned int expect_notification(mach_port_t from, int id)
{
	struct note_room room;

	CHECK_RETURNS(receive(from, &room), MACH_MSG_SUCCESS);
	CHECK_EQUAL(room.head.msgh_id, id);
	CHECK_EQUAL(room.head.msgh_remote_port, MACH_PORT_NULL);
	return room.value;
}

/* Ask for a notification to notify, where none was asked for. */
UNUSED_STATIC void request(mach_port_t name, int id, unsigned int sync, mach_port_t notify)
{
	mach_port_t previous = 1;

	CHECK_SUCCESS(mach_port_request_notification(SELF, name, id, sync, notify,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous));
	CHECK_EQUAL(previous, MACH_PORT_NULL);
}

#endif	/* _TESTS_MESSAGES_H_ */
