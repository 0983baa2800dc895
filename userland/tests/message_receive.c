/*
 * Receiving: large messages, watched reply ports, port sets, sequence numbers, many threads at one port,
 * calls between tasks.
 */
#include "child.h"
#include "messages.h"
#include <cthreads.h>

#define NO_NAME	0x70000007

TEST(large_messages_stay_queued_if_asked)
{
	mach_port_t port = new_port_with_send(), set = new_set();
	struct note_room room;

	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, 3));
	CHECK_RETURNS(mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_LARGE, 0, sizeof(struct note) - 1, port, 0, 0),
		      MACH_RCV_TOO_LARGE);
	CHECK_EQUAL(room.head.msgh_size, sizeof(struct note));
	CHECK_RETURNS(mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_LARGE, 0, 0, port, 0, 0), MACH_RCV_TOO_LARGE);
	CHECK_SUCCESS(mach_port_move_member(SELF, port, set));
	CHECK_RETURNS(mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_LARGE, 0, 0, set, 0, 0), MACH_RCV_TOO_LARGE);
	CHECK_EQUAL(status_of(port).mps_seqno, 0);
	CHECK_SUCCESS(mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_LARGE, 0, room.head.msgh_size, set, 0, 0));
	CHECK_EQUAL(room.value, 3);
	destroy(port);
	destroy(set);
}

static any_t receive_large(any_t argument)
{
	struct note_room room;
	int result;

	result = mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_LARGE, 0, 24, (mach_port_t)argument, 0, 0);
	CHECK_EQUAL(room.head.msgh_size, sizeof(struct note));
	return (any_t)result;
}

TEST(large_messages_pass_a_waiting_thread_by)
{
	mach_port_t port = new_port_with_send();
	cthread_t receiver = cthread_fork(receive_large, (any_t)port);

	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, 3));
	CHECK_EQUAL((int)cthread_join(receiver), MACH_RCV_TOO_LARGE);
	expect_note(port, 3);
	destroy(port);
}

TEST(too_large_messages_are_destroyed_but_for_their_header)
{
	mach_port_t port = new_port(), carried = new_port_with_send(), reply = new_port();
	struct note note;
	struct note_room room;

	fill_note(&note, port, 0, carried);
	note.head.msgh_bits = MACH_MSGH_BITS_COMPLEX
		| MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	note.head.msgh_local_port = reply;
	note.type = IN_LINE(MACH_MSG_TYPE_MOVE_SEND, 32, 1);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	memset(&room, 0xee, sizeof room);
	CHECK_RETURNS(mach_msg(&room.head, MACH_RCV_MSG, 0, 28, port, 0, 0), MACH_RCV_TOO_LARGE);
	CHECK_EQUAL(room.head.msgh_size, sizeof note);
	CHECK_EQUAL(room.head.msgh_remote_port, MACH_PORT_NULL);
	CHECK_EQUAL(room.head.msgh_local_port, port);
	CHECK(!has_senders(carried) && !has_senders(port));
	(void)expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	CHECK_EQUAL(status_of(port).mps_seqno, 1);
	destroy(port);
	destroy(carried);
	destroy(reply);
}

TEST(receive_notify_watches_the_reply_port)
{
	mach_port_t port = new_port_with_send(), reply = new_port(), notify = new_port(), once;
	struct note note;
	struct note_room room;

	fill_note(&note, port, 0, 1);
	note.head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	note.head.msgh_local_port = reply;
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	CHECK_SUCCESS(mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_NOTIFY, 0, sizeof room, port, 0, notify));
	once = room.head.msgh_remote_port;
	CHECK_EQUAL(type_of(once), MACH_PORT_TYPE_SEND_ONCE | MACH_PORT_TYPE_DNREQUEST);
	destroy(reply);
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_DEAD_NAME), once);
	CHECK_EQUAL(refs_of(once, MACH_PORT_RIGHT_DEAD_NAME), 2);
	destroy(once);
	/* Without a reply right there is nothing to watch; with a bad notify port all but the header goes. */
	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, 2));
	CHECK_SUCCESS(mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_NOTIFY, 0, sizeof room, port, 0, notify));
	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, 3));
	CHECK_RETURNS(mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_NOTIFY, 0, sizeof room, port, 0, NO_NAME),
		      MACH_RCV_INVALID_NOTIFY);
	expect_nothing(port);
	expect_nothing(notify);
	destroy(port);
	destroy(notify);
}

TEST(sequence_numbers_count_what_is_received)
{
	mach_port_t port = new_port_with_send();
	struct note_room room;
	unsigned int i;

	CHECK_SUCCESS(mach_port_set_seqno(SELF, port, 0xfffffffe));
	for (i = 0; i < 4; i++)
		CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, i));
	for (i = 0; i < 4; i++) {
		CHECK_SUCCESS(receive(port, &room));
		CHECK_EQUAL(room.head.msgh_seqno, 0xfffffffeu + i);
	}
	CHECK_EQUAL(status_of(port).mps_seqno, 2);
	destroy(port);
}

TEST(a_set_receives_for_its_members)
{
	mach_port_t set = new_set(), ports[4];
	struct note_room room;
	int i, j, seen = 0;

	for (i = 0; i < 4; i++) {
		ports[i] = new_port_with_send();
		CHECK_SUCCESS(send_note(ports[i], MACH_MSG_TYPE_COPY_SEND, i));
		CHECK_SUCCESS(mach_port_move_member(SELF, ports[i], set));	/* with its messages */
		CHECK_SUCCESS(send_note(ports[i], MACH_MSG_TYPE_COPY_SEND, i));
	}
	CHECK_RETURNS(receive(ports[0], &room), MACH_RCV_IN_SET);
	/* One leaves with its messages. */
	CHECK_SUCCESS(mach_port_move_member(SELF, ports[3], MACH_PORT_NULL));
	for (i = 0; i < 6; i++) {
		CHECK_SUCCESS(receive(set, &room));
		for (j = 0; room.head.msgh_local_port != ports[j]; j++)
			CHECK(j < 3);
		CHECK_EQUAL(room.value, j);
		seen += 1 << 4 * j;
	}
	CHECK_EQUAL(seen, 0x222);
	expect_nothing(set);
	expect_note(ports[3], 3);
	expect_note(ports[3], 3);
	for (i = 0; i < 4; i++)
		destroy(ports[i]);
	destroy(set);
}

/* ---------------------------------------------------------------- many threads */

#define THREADS	8
#define EACH	60

static mach_port_t meeting;
static volatile int received[THREADS * EACH];

static any_t take_until_told(any_t argument)
{
	struct note_room room;
	int count = 0;

	for (;;) {
		CHECK_SUCCESS(mach_msg(&room.head, MACH_RCV_MSG, 0, sizeof room, (mach_port_t)argument, 0, 0));
		if (room.value == ~0u)
			return (any_t)count;
		received[room.value]++;
		count++;
	}
}

static any_t give(any_t argument)
{
	int from = (int)argument * EACH, i;
	struct note note;

	for (i = from; i < from + EACH; i++) {
		fill_note(&note, meeting, MACH_MSG_TYPE_COPY_SEND, i);
		CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	}
	return 0;
}

/* As many receive (from receiver, the port or its set) as send. */
static void meet(mach_port_t receiver)
{
	cthread_t givers[THREADS], takers[THREADS];
	struct note note;
	int i, total = 0;

	for (i = 0; i < THREADS * EACH; i++)
		received[i] = 0;
	for (i = 0; i < THREADS; i++)
		takers[i] = cthread_fork(take_until_told, (any_t)receiver);
	for (i = 0; i < THREADS; i++)
		givers[i] = cthread_fork(give, (any_t)i);
	for (i = 0; i < THREADS; i++)
		cthread_join(givers[i]);
	for (i = 0; i < THREADS; i++) {
		fill_note(&note, meeting, MACH_MSG_TYPE_COPY_SEND, ~0);
		CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	}
	for (i = 0; i < THREADS; i++)
		total += (int)cthread_join(takers[i]);
	CHECK_EQUAL(total, THREADS * EACH);
	for (i = 0; i < THREADS * EACH; i++)
		CHECK_EQUAL(received[i], 1);
}

TEST(many_threads_at_one_port)
{
	meeting = new_port_with_send();
	meet(meeting);
	CHECK_EQUAL(status_of(meeting).mps_seqno, THREADS * EACH + THREADS);
	destroy(meeting);
}

TEST(many_threads_at_one_set)
{
	mach_port_t set = new_set();

	meeting = new_port_with_send();
	CHECK_SUCCESS(mach_port_move_member(SELF, meeting, set));
	meet(set);
	destroy(meeting);
	destroy(set);
}

/* ---------------------------------------------------------------- between tasks */

#define SERVICE	0x101	/* the server's name for the port that it serves */
#define CALLS	50

/* In the child: answer each number with its successor, until zero. */
static void serve(int argument)
{
	union { struct note note; struct note_room room; } buffer;
	mach_port_t reply;

	while (mach_msg(&buffer.room.head, MACH_RCV_MSG, 0, sizeof buffer, SERVICE, 0, 0) == MACH_MSG_SUCCESS) {
		unsigned int value = buffer.room.value;

		reply = buffer.room.head.msgh_remote_port;
		fill_note(&buffer.note, reply, MACH_MSG_TYPE_MOVE_SEND_ONCE, value + argument);
		if (mach_msg(&buffer.note.head, MACH_SEND_MSG, sizeof buffer.note, 0, 0, 0, 0) != MACH_MSG_SUCCESS
		    || value == 0)
			break;
	}
	child_exit();
}

TEST(calls_to_another_task)
{
	task_t child = new_child();
	mach_port_t service, reply = new_port(), notify = new_port();
	mach_msg_type_name_t kind;
	union { struct note note; struct note_room room; } buffer;
	int i;

	CHECK_SUCCESS(mach_port_allocate_name(child, MACH_PORT_RIGHT_RECEIVE, SERVICE));
	CHECK_SUCCESS(mach_port_extract_right(child, SERVICE, MACH_MSG_TYPE_MAKE_SEND, &service, &kind));
	request(service, MACH_NOTIFY_DEAD_NAME, 0, notify);
	start_child(child, serve, 1);
	for (i = CALLS; i >= 0; i--) {
		fill_note(&buffer.note, service, 0, i);
		buffer.note.head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
		buffer.note.head.msgh_local_port = reply;
		CHECK_SUCCESS(mach_msg(&buffer.room.head, MACH_SEND_MSG | MACH_RCV_MSG, sizeof buffer.note,
				       sizeof buffer.room, reply, 0, 0));
		CHECK_EQUAL(buffer.room.value, i + 1);
	}
	CHECK_SUCCESS(mach_msg(&buffer.room.head, MACH_RCV_MSG, 0, sizeof buffer.room, notify, 0, 0));
	CHECK_EQUAL(buffer.room.head.msgh_id, MACH_NOTIFY_DEAD_NAME);
	destroy(service);
	destroy(reply);
	destroy(notify);
	destroy(child);
}
