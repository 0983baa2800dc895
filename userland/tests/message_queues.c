/*
 * Waiting to send and to receive: full queues, timeouts, notification of acceptance, messages given
 * back, interrupted calls, ports that change under those who wait.
 */
#include "messages.h"
#include <cthreads.h>
#include <mach/mach_host.h>

#define NO_NAME	0x70000007

static void fill_queue(mach_port_t port)
{
	unsigned int i, limit = status_of(port).mps_qlimit;

	for (i = 0; i < limit; i++)
		CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, i));
}

/* Until the other thread waits in the kernel. */
static void wait_until_waiting(cthread_t thread)
{
	struct thread_basic_info info;
	unsigned int count;

	do {
		cthread_yield();
		count = THREAD_BASIC_INFO_COUNT;
		CHECK_SUCCESS(thread_info(cthread_kernel_thread(thread), THREAD_BASIC_INFO,
					  (thread_info_t)&info, &count));
	} while (info.run_state != TH_STATE_WAITING);
}

static any_t send_later(any_t argument)
{
	struct note note;

	fill_note(&note, (mach_port_t)argument, MACH_MSG_TYPE_COPY_SEND, 100);
	return (any_t)mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_INTERRUPT, sizeof note, 0, 0, 0, 0);
}

static any_t receive_later(any_t argument)
{
	struct note_room room;

	return (any_t)mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_INTERRUPT, 0, sizeof room,
			       (mach_port_t)argument, 0, 0);
}

TEST(a_blocked_sender_gets_the_first_room)
{
	mach_port_t port = new_port_with_send();
	cthread_t sender;
	int i;

	fill_queue(port);
	sender = cthread_fork(send_later, (any_t)port);
	wait_until_waiting(sender);
	for (i = 0; i < 5; i++)
		expect_note(port, i);
	expect_note(port, 100);
	CHECK_EQUAL((int)cthread_join(sender), MACH_MSG_SUCCESS);
	destroy(port);
}

TEST(a_higher_limit_lets_blocked_senders_go_on)
{
	mach_port_t port = new_port_with_send();
	cthread_t sender;

	CHECK_SUCCESS(mach_port_set_qlimit(SELF, port, 0));
	sender = cthread_fork(send_later, (any_t)port);
	wait_until_waiting(sender);
	CHECK_SUCCESS(mach_port_set_qlimit(SELF, port, 1));
	CHECK_EQUAL((int)cthread_join(sender), MACH_MSG_SUCCESS);
	expect_note(port, 100);
	destroy(port);
}

TEST(a_port_that_dies_lets_its_senders_go)
{
	mach_port_t port = new_port_with_send();
	cthread_t sender;

	fill_queue(port);
	sender = cthread_fork(send_later, (any_t)port);
	wait_until_waiting(sender);
	destroy(port);
	CHECK_EQUAL((int)cthread_join(sender), MACH_MSG_SUCCESS);
}

TEST(a_sender_can_be_interrupted)
{
	mach_port_t port = new_port_with_send();
	cthread_t sender;

	fill_queue(port);
	sender = cthread_fork(send_later, (any_t)port);
	wait_until_waiting(sender);
	CHECK_SUCCESS(thread_abort(cthread_kernel_thread(sender)));
	CHECK_EQUAL((int)cthread_join(sender), MACH_SEND_INTERRUPTED);
	CHECK_EQUAL(status_of(port).mps_msgcount, 5);
	destroy(port);
}

TEST(a_receiver_can_be_interrupted)
{
	mach_port_t port = new_port();
	cthread_t receiver = cthread_fork(receive_later, (any_t)port);

	wait_until_waiting(receiver);
	CHECK_SUCCESS(thread_abort(cthread_kernel_thread(receiver)));
	CHECK_EQUAL((int)cthread_join(receiver), MACH_RCV_INTERRUPTED);
	destroy(port);
}

TEST(receivers_are_told_what_becomes_of_their_port)
{
	mach_port_t port = new_port(), set = new_set(), other = new_port();
	cthread_t receiver = cthread_fork(receive_later, (any_t)port);

	wait_until_waiting(receiver);
	CHECK_SUCCESS(mach_port_move_member(SELF, port, set));
	CHECK_EQUAL((int)cthread_join(receiver), MACH_RCV_PORT_CHANGED);
	CHECK_SUCCESS(mach_port_move_member(SELF, port, MACH_PORT_NULL));

	receiver = cthread_fork(receive_later, (any_t)set);
	wait_until_waiting(receiver);
	destroy(set);
	CHECK_EQUAL((int)cthread_join(receiver), MACH_RCV_PORT_DIED);

	receiver = cthread_fork(receive_later, (any_t)port);
	wait_until_waiting(receiver);
	CHECK_SUCCESS(send_right(other, MACH_MSG_TYPE_MOVE_RECEIVE, port));
	CHECK_EQUAL((int)cthread_join(receiver), MACH_RCV_PORT_DIED);
	port = expect_right(other, MACH_MSG_TYPE_PORT_RECEIVE);

	receiver = cthread_fork(receive_later, (any_t)port);
	wait_until_waiting(receiver);
	destroy(port);
	CHECK_EQUAL((int)cthread_join(receiver), MACH_RCV_PORT_DIED);
	destroy(other);
}

/* ---------------------------------------------------------------- timeouts */

static unsigned int milliseconds(void)
{
	time_value_t now;
	mach_port_t host = mach_host_self();

	CHECK_SUCCESS(host_get_time(host, &now));
	CHECK_SUCCESS(mach_port_deallocate(SELF, host));
	return (unsigned int)now.seconds * 1000 + now.microseconds / 1000;
}

TEST(timeouts_take_their_time)
{
	mach_port_t port = new_port_with_send();
	struct note_room room;
	struct note note;
	unsigned int start = milliseconds(), end;

	CHECK_RETURNS(mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof room, port, 30, 0),
		      MACH_RCV_TIMED_OUT);
	end = milliseconds();
	CHECK(end - start >= 30 && end - start < 60);
	fill_queue(port);
	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 0);
	CHECK_RETURNS(mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof note, 0, 0, 30, 0),
		      MACH_SEND_TIMED_OUT);
	start = milliseconds();
	CHECK(start - end >= 30 && start - end < 60);
	/* A message that comes in time ends the wait; the longest wait there can be is no error. */
	CHECK_SUCCESS(mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof room, port, ~0u, 0));
	destroy(port);
}

/* A send that succeeds and a receive that finds nothing, in one call. */
TEST(timeouts_of_a_combined_call)
{
	mach_port_t port = new_port_with_send(), reply = new_port();
	union { struct note note; struct note_room room; } buffer;

	fill_note(&buffer.note, port, MACH_MSG_TYPE_COPY_SEND, 9);
	CHECK_RETURNS(mach_msg(&buffer.room.head, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, sizeof buffer.note,
			       sizeof buffer.room, reply, 5, 0), MACH_RCV_TIMED_OUT);
	expect_note(port, 9);
	/* A send that fails comes back before anything is received. */
	CHECK_SUCCESS(send_note(reply, MACH_MSG_TYPE_MAKE_SEND, 1));
	fill_queue(port);
	fill_note(&buffer.note, port, MACH_MSG_TYPE_COPY_SEND, 9);
	CHECK_RETURNS(mach_msg(&buffer.room.head, MACH_SEND_MSG | MACH_RCV_MSG | MACH_SEND_TIMEOUT,
			       sizeof buffer.note, sizeof buffer.room, reply, 0, 0), MACH_SEND_TIMED_OUT);
	expect_note(reply, 1);
	destroy(port);
	destroy(reply);
}

/* ---------------------------------------------------------------- pseudo-receive */

struct full_message {
	mach_msg_header_t head;
	mach_msg_type_t send_type;
	mach_port_t send;
	mach_msg_type_t once_type;
	mach_port_t once;
	mach_msg_type_t memory_type;
	char *memory;
	mach_msg_type_t receive_type;
	mach_port_t receive;
};

/* A message that cannot be sent comes back with all it carried, ready to be sent again. */
TEST(a_message_that_timed_out_comes_back)
{
	mach_port_t port = new_port_with_send(), send = new_port_with_send(), moved = new_port();
	mach_port_t reply = new_port_with_send();
	struct { struct full_message message; int more[8]; } buffer;
	struct full_message *message = &buffer.message;
	vm_address_t memory = 0;
	int i;

	fill_queue(port);
	CHECK_SUCCESS(vm_allocate(SELF, &memory, 4096, TRUE));
	*(int *)memory = 42;
	memset(&buffer, 0, sizeof buffer);
	message->head.msgh_bits = MACH_MSGH_BITS_COMPLEX
		| MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND);
	message->head.msgh_remote_port = port;
	message->head.msgh_local_port = reply;
	message->head.msgh_id = 55;
	message->send_type = IN_LINE(MACH_MSG_TYPE_MOVE_SEND, 32, 1);
	message->send = send;
	message->once_type = IN_LINE(MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, 1);
	message->once = send;
	message->memory_type = OUT_OF_LINE(MACH_MSG_TYPE_CHAR, 8, 4000);
	message->memory_type.msgt_deallocate = TRUE;
	message->memory = (char *)memory;
	message->receive_type = IN_LINE(MACH_MSG_TYPE_MOVE_RECEIVE, 32, 1);
	message->receive = moved;
	for (i = 0; i < 3; i++) {
		CHECK_RETURNS(mach_msg(&message->head, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof *message, 0, 0,
				       i, 0), MACH_SEND_TIMED_OUT);
		/* Not swapped; rights are moved now, for they are ours once more. */
		CHECK_EQUAL(message->head.msgh_bits, MACH_MSGH_BITS_COMPLEX
			    | MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MOVE_SEND));
		CHECK_EQUAL(message->head.msgh_remote_port, port);
		CHECK_EQUAL(message->head.msgh_local_port, reply);
		CHECK_EQUAL(message->head.msgh_id, 55);
		CHECK_EQUAL(message->send, send);
		CHECK_EQUAL(type_of(message->once), MACH_PORT_TYPE_SEND_ONCE);
		CHECK_EQUAL(*(int *)message->memory, 42);
		CHECK_EQUAL(type_of(message->receive), MACH_PORT_TYPE_RECEIVE);
		CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 2);
	}
	for (i = 0; i < 5; i++)
		expect_note(port, i);
	CHECK_SUCCESS(mach_msg(&message->head, MACH_SEND_MSG, sizeof *message, 0, 0, 0, 0));
	CHECK_SUCCESS(mach_msg(&message->head, MACH_RCV_MSG, 0, sizeof buffer, port, 0, 0));
	CHECK_EQUAL(message->head.msgh_local_port, port);
	CHECK_EQUAL(*(int *)message->memory, 42);
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)message->memory, 4096));
	destroy(message->once);
	destroy(message->receive);
	destroy(send);
	destroy(port);
	destroy(reply);
}

/* ---------------------------------------------------------------- MACH_SEND_NOTIFY */

TEST(one_message_more_with_a_notification)
{
	mach_port_t port = new_port_with_send(), notify = new_port();
	struct note note;
	int i;

	fill_queue(port);
	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 5);
	CHECK_RETURNS(mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_NOTIFY, sizeof note, 0, 0, 0, notify),
		      MACH_SEND_WILL_NOTIFY);
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_MAREQUEST);
	CHECK_EQUAL(status_of(port).mps_msgcount, 6);
	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 6);
	CHECK_RETURNS(mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_NOTIFY, sizeof note, 0, 0, 0, notify),
		      MACH_SEND_NOTIFY_IN_PROGRESS);
	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 6);
	CHECK_RETURNS(mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_NOTIFY | MACH_SEND_TIMEOUT, sizeof note, 0, 0,
			       5, NO_NAME), MACH_SEND_INVALID_NOTIFY);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -2));	/* given back */
	for (i = 0; i < 5; i++)
		expect_note(port, i);
	expect_nothing(notify);
	expect_note(port, 5);
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_MSG_ACCEPTED), port);
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	/* Where there is room, it is a send like any other. */
	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 7);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_NOTIFY, sizeof note, 0, 0, 0, notify));
	expect_note(port, 7);
	expect_nothing(notify);
	destroy(port);
	destroy(notify);
}

TEST(the_extra_message_of_a_port_that_dies)
{
	mach_port_t port = new_port_with_send(), notify = new_port();
	struct note note;

	fill_queue(port);
	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 5);
	CHECK_RETURNS(mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_NOTIFY, sizeof note, 0, 0, 0, notify),
		      MACH_SEND_WILL_NOTIFY);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1));
	(void)expect_notification(notify, MACH_NOTIFY_SEND_ONCE);
	destroy(port);
	/* The name goes first: the notification then names nothing. */
	port = new_port_with_send();
	fill_queue(port);
	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 5);
	CHECK_RETURNS(mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_NOTIFY, sizeof note, 0, 0, 0, notify),
		      MACH_SEND_WILL_NOTIFY);
	CHECK_SUCCESS(mach_port_rename(SELF, port, NO_NAME));
	CHECK_EQUAL(type_of(NO_NAME), MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_MAREQUEST);
	destroy(NO_NAME);
	(void)expect_notification(notify, MACH_NOTIFY_SEND_ONCE);
	destroy(notify);
}
