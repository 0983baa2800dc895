/*
 * Rights in messages: every disposition, in the header and in bodies, in line and out of line, short and
 * long descriptors; merging, references, circles; what is destroyed with a message.
 */
#include "messages.h"

#define UREFS_MAX	65535

/* ---------------------------------------------------------------- the header */

TEST(the_header_is_swapped_on_its_way)
{
	mach_port_t port = new_port_with_send(), reply = new_port();
	struct note note;
	struct note_room room;

	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 1);
	note.head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	note.head.msgh_local_port = reply;
	note.head.msgh_id = 1234;
	note.head.msgh_size = 9999;	/* the kernel looks at the argument */
	note.head.msgh_seqno = 77;
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	CHECK_SUCCESS(receive(port, &room));
	CHECK_EQUAL(room.head.msgh_bits,
		    MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND));
	CHECK_EQUAL(room.head.msgh_size, sizeof note);
	CHECK_EQUAL(room.head.msgh_local_port, port);
	CHECK_EQUAL(room.head.msgh_id, 1234);
	CHECK_EQUAL(room.head.msgh_seqno, 0);
	CHECK_EQUAL(type_of(room.head.msgh_remote_port), MACH_PORT_TYPE_SEND_ONCE);
	/* A reply to it, without a reply port. */
	fill_note(&note, room.head.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE, 2);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	CHECK_SUCCESS(receive(reply, &room));
	CHECK_EQUAL(room.head.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE));
	CHECK_EQUAL(room.head.msgh_remote_port, MACH_PORT_NULL);
	CHECK_EQUAL(room.value, 2);
	destroy(port);
	destroy(reply);
}

/* Whatever right the destination was named by, one message arrives and the counts agree. */
TEST(destinations_of_each_disposition)
{
	mach_port_t port = new_port_with_send();
	struct note note;

	make_send(port);
	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 1);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 2);
	fill_note(&note, port, MACH_MSG_TYPE_MOVE_SEND, 2);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	fill_note(&note, port, MACH_MSG_TYPE_MOVE_SEND, 3);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_RECEIVE);
	CHECK(has_senders(port));	/* the messages' own */
	fill_note(&note, port, MACH_MSG_TYPE_MAKE_SEND, 4);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	fill_note(&note, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, 5);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	fill_note(&note, new_send_once(port), MACH_MSG_TYPE_MOVE_SEND_ONCE, 6);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	CHECK_EQUAL(status_of(port).mps_sorights, 2);
	CHECK_EQUAL(status_of(port).mps_mscount, 3);
	expect_note(port, 1);
	expect_note(port, 2);
	expect_note(port, 3);
	expect_note(port, 4);
	CHECK(!has_senders(port));
	expect_note(port, 5);
	expect_note(port, 6);
	CHECK_EQUAL(status_of(port).mps_sorights, 0);
	destroy(port);
}

/* One name as destination and as reply port at the same time. */
TEST(destination_and_reply_port_may_be_the_same)
{
	static const struct { int remote, local, references, result; } cases[] = {
		{ MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_COPY_SEND, 1, MACH_MSG_SUCCESS },
		{ MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_COPY_SEND, 1, MACH_MSG_SUCCESS },
		{ MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND, 1, MACH_MSG_SUCCESS },
		{ MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MOVE_SEND, 2, MACH_MSG_SUCCESS },
		{ MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MOVE_SEND, 1, MACH_SEND_INVALID_REPLY },
		{ MACH_MSG_TYPE_MAKE_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE, 1, MACH_MSG_SUCCESS },
		{ MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND, 1, MACH_MSG_SUCCESS },
	};
	mach_port_t port;
	struct note note;
	struct note_room room;
	unsigned int i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		port = new_port_with_send();
		if (cases[i].references == 2)
			make_send(port);
		fill_note(&note, port, 0, i);
		note.head.msgh_bits = MACH_MSGH_BITS(cases[i].remote, cases[i].local);
		note.head.msgh_local_port = port;
		CHECK_EQUAL(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0), cases[i].result);
		if (cases[i].result == MACH_MSG_SUCCESS) {
			CHECK_SUCCESS(receive(port, &room));
			CHECK_EQUAL(room.value, i);
			if (room.head.msgh_remote_port != port)
				destroy(room.head.msgh_remote_port);
		} else {
			CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), cases[i].references);
		}
		destroy(port);
	}
}

TEST(a_dead_reply_port_arrives_as_dead)
{
	mach_port_t port = new_port_with_send(), reply = new_port_with_send();
	struct note note;
	struct note_room room;

	fill_note(&note, port, 0, 1);
	note.head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_COPY_SEND);
	note.head.msgh_local_port = MACH_PORT_DEAD;
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	note.head.msgh_local_port = reply;
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	destroy(reply);		/* dies on the way */
	CHECK_SUCCESS(receive(port, &room));
	CHECK_EQUAL(room.head.msgh_remote_port, MACH_PORT_DEAD);
	CHECK_SUCCESS(receive(port, &room));
	CHECK_EQUAL(room.head.msgh_remote_port, MACH_PORT_DEAD);
	destroy(port);
}

/* ---------------------------------------------------------------- bodies */

TEST(bodies_carry_each_disposition)
{
	mach_port_t to = new_port(), port = new_port_with_send(), name;

	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_COPY_SEND, port));
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	CHECK_EQUAL(expect_right(to, MACH_MSG_TYPE_PORT_SEND), port);
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 2);	/* it merged */
	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_MOVE_SEND, port));
	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_MAKE_SEND, port));
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	CHECK_EQUAL(expect_right(to, MACH_MSG_TYPE_PORT_SEND), port);
	CHECK_EQUAL(expect_right(to, MACH_MSG_TYPE_PORT_SEND), port);
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 3);
	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_MAKE_SEND_ONCE, port));
	name = expect_right(to, MACH_MSG_TYPE_PORT_SEND_ONCE);
	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_MOVE_SEND_ONCE, name));
	CHECK_EQUAL(type_of(name), 0);
	name = expect_right(to, MACH_MSG_TYPE_PORT_SEND_ONCE);
	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_MOVE_RECEIVE, port));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_SEND);
	CHECK_EQUAL(expect_right(to, MACH_MSG_TYPE_PORT_RECEIVE), port);
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	destroy(port);
	destroy(name);
	destroy(to);
}

TEST(null_and_dead_names_travel_as_they_are)
{
	mach_port_t to = new_port(), dead;

	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &dead));
	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_MOVE_RECEIVE, MACH_PORT_NULL));
	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_DEAD));
	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_COPY_SEND, dead));
	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_MOVE_SEND_ONCE, dead));
	CHECK_EQUAL(type_of(dead), 0);
	CHECK_EQUAL(expect_right(to, MACH_MSG_TYPE_PORT_RECEIVE), MACH_PORT_NULL);
	CHECK_EQUAL(expect_right(to, MACH_MSG_TYPE_PORT_SEND), MACH_PORT_DEAD);
	CHECK_EQUAL(expect_right(to, MACH_MSG_TYPE_PORT_SEND), MACH_PORT_DEAD);
	CHECK_EQUAL(expect_right(to, MACH_MSG_TYPE_PORT_SEND_ONCE), MACH_PORT_DEAD);
	destroy(to);
}

/* A right that comes when its name has all the references there can be is taken in without one. */
TEST(received_rights_stop_at_the_most_references)
{
	mach_port_t to = new_port(), port = new_port_with_send();

	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_COPY_SEND, port));
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, UREFS_MAX - 1));
	CHECK_EQUAL(expect_right(to, MACH_MSG_TYPE_PORT_SEND), port);
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), UREFS_MAX);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -UREFS_MAX));
	CHECK(!has_senders(port));
	destroy(port);
	destroy(to);
}

struct many {
	mach_msg_header_t head;
	mach_msg_type_t short_type;
	mach_port_t in_line[3];
	mach_msg_type_long_t long_type;
	mach_port_t *out_of_line;
	mach_msg_type_t last_type;
	int last;
};

TEST(arrays_of_rights_in_line_and_out_of_line)
{
	mach_port_t to = new_port(), ports[3], names[2];
	struct { struct many many; int more[10]; } room;
	struct many many;
	int i;

	for (i = 0; i < 3; i++)
		ports[i] = new_port();
	memset(&many, 0, sizeof many);
	many.head.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0);
	many.head.msgh_remote_port = to;
	many.short_type = IN_LINE(MACH_MSG_TYPE_MAKE_SEND, 32, 3);
	memcpy(many.in_line, ports, sizeof ports);
	many.long_type.msgtl_header.msgt_longform = TRUE;
	many.long_type.msgtl_name = MACH_MSG_TYPE_MAKE_SEND_ONCE;
	many.long_type.msgtl_size = 32;
	many.long_type.msgtl_number = 2;
	names[0] = ports[2];
	names[1] = MACH_PORT_NULL;
	many.out_of_line = names;
	many.last_type = IN_LINE(MACH_MSG_TYPE_INTEGER_32, 32, 1);
	many.last = 42;
	CHECK_SUCCESS(mach_msg(&many.head, MACH_SEND_MSG, sizeof many, 0, 0, 0, 0));
	CHECK_SUCCESS(mach_msg(&room.many.head, MACH_RCV_MSG, 0, sizeof room, to, 0, 0));
	CHECK_EQUAL(room.many.head.msgh_bits,
		    MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND));
	CHECK_EQUAL(room.many.short_type.msgt_name, MACH_MSG_TYPE_PORT_SEND);
	for (i = 0; i < 3; i++) {
		CHECK_EQUAL(room.many.in_line[i], ports[i]);
		CHECK_EQUAL(type_of(ports[i]), MACH_PORT_TYPE_SEND_RECEIVE);
	}
	CHECK_EQUAL(room.many.long_type.msgtl_name, MACH_MSG_TYPE_PORT_SEND_ONCE);
	CHECK(room.many.long_type.msgtl_header.msgt_deallocate);	/* the array is the receiver's now */
	CHECK_EQUAL(room.many.long_type.msgtl_number, 2);
	CHECK(room.many.out_of_line != names);
	CHECK_EQUAL(type_of(room.many.out_of_line[0]), MACH_PORT_TYPE_SEND_ONCE);
	CHECK_EQUAL(room.many.out_of_line[1], MACH_PORT_NULL);
	CHECK_EQUAL(room.many.last, 42);
	destroy(room.many.out_of_line[0]);
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)room.many.out_of_line, 8));
	for (i = 0; i < 3; i++)
		destroy(ports[i]);
	destroy(to);
}

/* The first rights of a body that fails are gone: they were copied in (and destroyed). */
TEST(a_body_that_fails_has_used_its_first_rights)
{
	mach_port_t to = new_port(), port = new_port_with_send();
	struct { mach_msg_header_t head; mach_msg_type_t type; mach_port_t names[3]; } message = {
		.head = { .msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND_ONCE, 0),
			  .msgh_remote_port = to },
		.type = IN_LINE(MACH_MSG_TYPE_MOVE_SEND, 32, 3),
		.names = { port, port, port },
	};

	make_send(port);
	CHECK_RETURNS(mach_msg(&message.head, MACH_SEND_MSG, sizeof message, 0, 0, 0, 0),
		      MACH_SEND_INVALID_RIGHT);
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_RECEIVE);
	(void)expect_notification(to, MACH_NOTIFY_SEND_ONCE);	/* the destination right, too */
	expect_nothing(to);
	destroy(to);
	destroy(port);
}

/* ---------------------------------------------------------------- receive rights on their way */

TEST(messages_follow_a_receive_right)
{
	mach_port_t to = new_port(), port = new_port_with_send();

	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, 1));
	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_MOVE_RECEIVE, port));
	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, 2));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_SEND);
	CHECK_EQUAL(expect_right(to, MACH_MSG_TYPE_PORT_RECEIVE), port);
	CHECK_EQUAL(status_of(port).mps_mscount, 0);
	expect_note(port, 1);
	expect_note(port, 2);
	destroy(port);
	destroy(to);
}

TEST(a_receive_right_destroyed_on_its_way)
{
	mach_port_t to = new_port(), port = new_port_with_send();

	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, 1));
	CHECK_SUCCESS(send_right(to, MACH_MSG_TYPE_MOVE_RECEIVE, port));
	destroy(to);
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	destroy(port);
}

TEST(a_receive_right_sent_to_itself_is_destroyed)
{
	mach_port_t port = new_port_with_send();
	struct note note;

	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, port);
	note.head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	note.type = IN_LINE(MACH_MSG_TYPE_MOVE_RECEIVE, 32, 1);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	destroy(port);
}

#define RING	20

/* Each port in the queue of the next, and the last in that of the first: nobody could receive any. */
TEST(receive_rights_in_a_circle_are_destroyed)
{
	mach_port_t ports[RING];
	struct note note;
	int i;

	for (i = 0; i < RING; i++)
		ports[i] = new_port_with_send();
	for (i = 0; i < RING; i++) {
		fill_note(&note, ports[(i + 1) % RING], MACH_MSG_TYPE_COPY_SEND, ports[i]);
		note.head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
		note.type = IN_LINE(MACH_MSG_TYPE_MOVE_RECEIVE, 32, 1);
		CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	}
	for (i = 0; i < RING; i++) {
		CHECK_EQUAL(type_of(ports[i]), MACH_PORT_TYPE_DEAD_NAME);
		destroy(ports[i]);
	}
}

#define CHAIN	3000

/* A port whose queue holds a port, whose queue holds a port, and so on: all die with the first. */
TEST(a_deep_chain_of_receive_rights)
{
	mach_port_t first = new_port(), next = first, port = MACH_PORT_NULL;
	int i;

	for (i = 0; i < CHAIN; i++) {
		port = new_port();
		CHECK_SUCCESS(send_right(port, MACH_MSG_TYPE_MOVE_RECEIVE, next));
		next = port;
	}
	CHECK_EQUAL(type_of(first), 0);
	destroy(next);
	CHECK_EQUAL(type_of(next), 0);
}
