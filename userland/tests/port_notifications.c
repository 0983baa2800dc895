/*
 * Notifications: dead name, port deleted, port destroyed, no senders, send once; how they are asked
 * for, replaced, taken off and refused.
 */
#include "messages.h"

#define UREFS_MAX	65535
#define NO_NAME		0x70000007

/* As request, where something was asked for before: the right that this gives back. */
static mach_port_t replace(mach_port_t name, int id, mach_port_t notify)
{
	mach_port_t previous = MACH_PORT_NULL;

	CHECK_SUCCESS(mach_port_request_notification(SELF, name, id, 0, notify,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous));
	return previous;
}

TEST(dead_name_fires_for_each_kind_of_right)
{
	mach_port_t port = new_port(), notify = new_port(), once = new_send_once(port), send;
	mach_msg_type_name_t kind;
	unsigned int names;

	request(once, MACH_NOTIFY_DEAD_NAME, 0, notify);
	CHECK_EQUAL(type_of(once), MACH_PORT_TYPE_SEND_ONCE | MACH_PORT_TYPE_DNREQUEST);
	CHECK_SUCCESS(mach_port_extract_right(SELF, port, MACH_MSG_TYPE_MAKE_SEND, &send, &kind));
	CHECK_EQUAL(send, port);
	request(port, MACH_NOTIFY_DEAD_NAME, 0, notify);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1));
	names = expect_notification(notify, MACH_NOTIFY_DEAD_NAME);
	names += expect_notification(notify, MACH_NOTIFY_DEAD_NAME);
	CHECK_EQUAL(names, port + once);
	/* Each has brought a reference of its own. */
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_DEAD_NAME), 2);
	CHECK_EQUAL(refs_of(once, MACH_PORT_RIGHT_DEAD_NAME), 2);
	destroy(port);
	destroy(once);
	destroy(notify);
}

TEST(dead_name_of_one_that_is_dead_already)
{
	mach_port_t notify = new_port(), dead, previous;

	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &dead));
	CHECK_RETURNS(mach_port_request_notification(SELF, dead, MACH_NOTIFY_DEAD_NAME, 0, notify,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		      KERN_INVALID_ARGUMENT);
	(void)expect_notification(notify, MACH_NOTIFY_SEND_ONCE);	/* the right was not used */
	request(dead, MACH_NOTIFY_DEAD_NAME, 1, notify);
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_DEAD_NAME), dead);
	CHECK_EQUAL(refs_of(dead, MACH_PORT_RIGHT_DEAD_NAME), 2);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, dead, MACH_PORT_RIGHT_DEAD_NAME, UREFS_MAX - 2));
	CHECK_RETURNS(mach_port_request_notification(SELF, dead, MACH_NOTIFY_DEAD_NAME, 1, notify,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		      KERN_UREFS_OVERFLOW);
	(void)expect_notification(notify, MACH_NOTIFY_SEND_ONCE);
	destroy(dead);
	destroy(notify);
}

TEST(a_name_given_up_first_is_told_as_deleted)
{
	mach_port_t port = new_port_with_send(), notify = new_port(), once = new_send_once(port);
	struct note note;

	request(once, MACH_NOTIFY_DEAD_NAME, 0, notify);
	destroy(once);
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_PORT_DELETED), once);
	(void)expect_notification(port, MACH_NOTIFY_SEND_ONCE);
	/* Used up by a message. */
	once = new_send_once(port);
	request(once, MACH_NOTIFY_DEAD_NAME, 0, notify);
	fill_note(&note, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, 3);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0));
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_PORT_DELETED), once);
	expect_note(port, 3);
	/* Sent away in a body, and by deallocation. */
	once = new_send_once(port);
	request(once, MACH_NOTIFY_DEAD_NAME, 0, notify);
	CHECK_SUCCESS(send_right(port, MACH_MSG_TYPE_MOVE_SEND_ONCE, once));
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_PORT_DELETED), once);
	once = expect_right(port, MACH_MSG_TYPE_PORT_SEND_ONCE);
	request(once, MACH_NOTIFY_DEAD_NAME, 0, notify);
	CHECK_SUCCESS(mach_port_deallocate(SELF, once));
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_PORT_DELETED), once);
	/* The receive and the send right go together. */
	request(port, MACH_NOTIFY_DEAD_NAME, 0, notify);
	destroy(port);
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_PORT_DELETED), port);
	expect_nothing(notify);
	destroy(notify);
}

/* MACH_SEND_CANCEL: no notification when the send right in the header is the one used up. */
TEST(send_cancel_takes_the_request_back)
{
	mach_port_t port = new_port_with_send(), notify = new_port(), once = new_send_once(port);
	struct note note;

	request(once, MACH_NOTIFY_DEAD_NAME, 0, notify);
	fill_note(&note, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, 3);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_CANCEL, sizeof note, 0, 0, 0, notify));
	expect_nothing(notify);
	expect_note(port, 3);
	CHECK_EQUAL(status_of(notify).mps_sorights, 0);
	/* Another port's request stays. */
	once = new_send_once(port);
	request(once, MACH_NOTIFY_DEAD_NAME, 0, notify);
	fill_note(&note, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, 4);
	CHECK_SUCCESS(mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_CANCEL, sizeof note, 0, 0, 0, port));
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_PORT_DELETED), once);
	fill_note(&note, port, MACH_MSG_TYPE_COPY_SEND, 5);
	CHECK_RETURNS(mach_msg(&note.head, MACH_SEND_MSG | MACH_SEND_CANCEL, sizeof note, 0, 0, 0, NO_NAME),
		      MACH_SEND_INVALID_NOTIFY);
	destroy(port);
	destroy(notify);
}

TEST(port_destroyed_gives_the_right_back)
{
	mach_port_t port = new_port_with_send(), notify = new_port(), back;

	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, 5));
	CHECK_SUCCESS(mach_port_set_seqno(SELF, port, 9));
	request(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_SEND);	/* it lives */
	back = expect_notification(notify, MACH_NOTIFY_PORT_DESTROYED);
	CHECK_EQUAL(back, port);	/* it joins the send right */
	CHECK_EQUAL(status_of(back).mps_seqno, 0);
	CHECK_EQUAL(status_of(back).mps_mscount, 0);
	expect_note(back, 5);
	CHECK(!status_of(back).mps_pdrequest);
	destroy(back);
	destroy(notify);
}

/* The notification itself is destroyed: so is the port. */
TEST(port_destroyed_to_a_port_that_dies)
{
	mach_port_t port = new_port_with_send(), notify = new_port();

	request(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_SEND);
	destroy(notify);
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	destroy(port);
	/* A notify port that is dead before. */
	port = new_port_with_send();
	notify = new_port();
	request(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify);
	destroy(notify);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	destroy(port);
}

TEST(port_destroyed_to_the_port_itself)
{
	mach_port_t port = new_port_with_send();

	request(port, MACH_NOTIFY_PORT_DESTROYED, 0, port);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	destroy(port);
}

TEST(no_senders_fires_when_the_last_is_gone)
{
	mach_port_t port = new_port_with_send(), notify = new_port();

	make_send(port);
	request(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	expect_nothing(notify);
	CHECK_SUCCESS(send_right(port, MACH_MSG_TYPE_COPY_SEND, port));
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -2));
	expect_nothing(notify);		/* there is still one in the message */
	CHECK_EQUAL(expect_right(port, MACH_MSG_TYPE_PORT_SEND), port);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_NO_SENDERS), 2);
	CHECK(!status_of(port).mps_nsrequest);
	destroy(port);
	destroy(notify);
}

TEST(no_senders_at_once_depends_on_the_make_count)
{
	mach_port_t port = new_port(), notify = new_port();

	request(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_NO_SENDERS), 0);
	request(port, MACH_NOTIFY_NO_SENDERS, 1, notify);
	expect_nothing(notify);		/* none made yet */
	make_send(port);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_NO_SENDERS), 1);
	CHECK_SUCCESS(mach_port_set_mscount(SELF, port, 10));
	request(port, MACH_NOTIFY_NO_SENDERS, 10, notify);
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_NO_SENDERS), 10);
	destroy(port);
	destroy(notify);
}

TEST(requests_are_replaced_and_taken_off)
{
	static const int ids[] = { MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_PORT_DESTROYED, MACH_NOTIFY_NO_SENDERS };
	mach_port_t port = new_port_with_send(), first = new_port(), second = new_port(), previous;
	int i;

	for (i = 0; i < 3; i++) {
		request(port, ids[i], 0, first);
		previous = replace(port, ids[i], second);
		CHECK_EQUAL(type_of(previous), MACH_PORT_TYPE_SEND_ONCE);
		destroy(previous);
		(void)expect_notification(first, MACH_NOTIFY_SEND_ONCE);
		previous = replace(port, ids[i], MACH_PORT_NULL);
		destroy(previous);
		(void)expect_notification(second, MACH_NOTIFY_SEND_ONCE);
		CHECK_EQUAL(replace(port, ids[i], MACH_PORT_NULL), MACH_PORT_NULL);
	}
	destroy(port);
	expect_nothing(first);
	expect_nothing(second);
	destroy(first);
	destroy(second);
}

/* The holders of requests get their send-once rights back when the port dies otherwise. */
TEST(requests_of_a_port_that_dies)
{
	mach_port_t port = new_port(), notify = new_port(), dead;

	make_send(port);
	CHECK_SUCCESS(send_right(notify, MACH_MSG_TYPE_COPY_SEND, port));
	request(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	destroy(port);
	dead = expect_right(notify, MACH_MSG_TYPE_PORT_SEND);
	CHECK_EQUAL(dead, MACH_PORT_DEAD);
	(void)expect_notification(notify, MACH_NOTIFY_SEND_ONCE);
	expect_nothing(notify);
	destroy(notify);
}

TEST(request_notification_refuses)
{
	mach_port_t port = new_port_with_send(), once = new_send_once(port), set = new_set(), dead, previous;

	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &dead));
	CHECK_RETURNS(mach_port_request_notification(SELF, NO_NAME, MACH_NOTIFY_DEAD_NAME, 0, MACH_PORT_NULL,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_request_notification(SELF, set, MACH_NOTIFY_DEAD_NAME, 0, MACH_PORT_NULL,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_request_notification(SELF, once, MACH_NOTIFY_NO_SENDERS, 0, MACH_PORT_NULL,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_request_notification(SELF, once, MACH_NOTIFY_PORT_DESTROYED, 0, MACH_PORT_NULL,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_request_notification(SELF, port, MACH_NOTIFY_PORT_DESTROYED, 1, MACH_PORT_NULL,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_request_notification(SELF, port, MACH_NOTIFY_SEND_ONCE, 0, MACH_PORT_NULL,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_request_notification(SELF, port, MACH_NOTIFY_DEAD_NAME, 0, dead,
						     MACH_MSG_TYPE_MOVE_SEND_ONCE, &previous),
		      KERN_INVALID_CAPABILITY);
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	destroy(port);
	destroy(once);
	destroy(set);
}

/* Every send-once right yields one message, whatever becomes of it. */
TEST(send_once_rights_in_a_message_that_is_destroyed)
{
	mach_port_t port = new_port(), target = new_port();
	int i;

	for (i = 0; i < 3; i++)
		CHECK_SUCCESS(send_right(target, MACH_MSG_TYPE_MAKE_SEND_ONCE, port));
	CHECK_EQUAL(status_of(port).mps_sorights, 3);
	destroy(target);
	for (i = 0; i < 3; i++)
		(void)expect_notification(port, MACH_NOTIFY_SEND_ONCE);
	CHECK_EQUAL(status_of(port).mps_sorights, 0);
	destroy(port);
}

TEST(a_task_that_ends_takes_its_ports_along)
{
	mach_port_t notify = new_port(), name;
	mach_msg_type_name_t kind;
	task_t child;

	CHECK_SUCCESS(task_create(SELF, FALSE, &child));
	CHECK_SUCCESS(mach_port_allocate_name(child, MACH_PORT_RIGHT_RECEIVE, 0x101));
	CHECK_SUCCESS(mach_port_extract_right(child, 0x101, MACH_MSG_TYPE_MAKE_SEND, &name, &kind));
	request(name, MACH_NOTIFY_DEAD_NAME, 0, notify);
	request(child, MACH_NOTIFY_DEAD_NAME, 0, notify);
	CHECK_SUCCESS(task_terminate(child));
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_DEAD_NAME), child);
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_DEAD_NAME), name);
	destroy(child);
	destroy(name);
	destroy(notify);
}
