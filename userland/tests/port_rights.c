/*
 * Rights moved between names and tasks by calls, the state of ports, and port sets.
 */
#include "messages.h"

#define UREFS_MAX	65535
#define NO_NAME		0x70000007
#define QLIMIT_DEFAULT	5
#define QLIMIT_MAX	16

static task_t new_task(void)
{
	task_t task = MACH_PORT_NULL;

	CHECK_SUCCESS(task_create(SELF, FALSE, &task));
	return task;
}

TEST(insert_gives_each_kind_of_right_to_a_task)
{
	task_t child = new_task();
	mach_port_t port = new_port(), moved = new_port();
	mach_port_type_t type;

	CHECK_SUCCESS(mach_port_insert_right(child, 0x101, port, MACH_MSG_TYPE_MAKE_SEND));
	CHECK_SUCCESS(mach_port_insert_right(child, 0x102, port, MACH_MSG_TYPE_MAKE_SEND_ONCE));
	CHECK_SUCCESS(mach_port_insert_right(child, 0x103, moved, MACH_MSG_TYPE_MOVE_RECEIVE));
	CHECK_EQUAL(type_of(moved), 0);
	CHECK_SUCCESS(mach_port_type(child, 0x101, &type));
	CHECK_EQUAL(type, MACH_PORT_TYPE_SEND);
	CHECK_SUCCESS(mach_port_type(child, 0x102, &type));
	CHECK_EQUAL(type, MACH_PORT_TYPE_SEND_ONCE);
	CHECK_SUCCESS(mach_port_type(child, 0x103, &type));
	CHECK_EQUAL(type, MACH_PORT_TYPE_RECEIVE);
	CHECK_EQUAL(status_of(port).mps_sorights, 1);
	CHECK(has_senders(port));
	/* What a task held is given up when it ends. */
	CHECK_SUCCESS(task_terminate(child));
	(void)expect_notification(port, MACH_NOTIFY_SEND_ONCE);
	CHECK(!has_senders(port));
	destroy(child);
	destroy(port);
}

TEST(insert_moves_and_copies_send_rights)
{
	task_t child = new_task();
	mach_port_t port = new_port_with_send(), once = new_send_once(port);

	CHECK_SUCCESS(mach_port_insert_right(child, 0x101, port, MACH_MSG_TYPE_COPY_SEND));
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	CHECK_SUCCESS(mach_port_insert_right(child, 0x101, port, MACH_MSG_TYPE_MOVE_SEND));
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 0);
	CHECK_SUCCESS(mach_port_insert_right(child, 0x102, once, MACH_MSG_TYPE_MOVE_SEND_ONCE));
	CHECK_EQUAL(type_of(once), 0);
	CHECK_EQUAL(status_of(port).mps_mscount, 1);
	CHECK_SUCCESS(task_terminate(child));
	destroy(child);
	destroy(port);
}

TEST(insert_refuses)
{
	mach_port_t port = new_port_with_send(), other = new_port(), dead;

	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &dead));
	CHECK_RETURNS(mach_port_insert_right(SELF, other, port, MACH_MSG_TYPE_COPY_SEND), KERN_RIGHT_EXISTS);
	CHECK_RETURNS(mach_port_insert_right(SELF, NO_NAME, port, MACH_MSG_TYPE_COPY_SEND), KERN_RIGHT_EXISTS);
	CHECK_RETURNS(mach_port_insert_right(SELF, other, port, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_NAME_EXISTS);
	CHECK_RETURNS(mach_port_insert_right(SELF, NO_NAME, dead, MACH_MSG_TYPE_COPY_SEND),
		      KERN_INVALID_CAPABILITY);
	CHECK_RETURNS(mach_port_insert_right(SELF, NO_NAME, MACH_PORT_NULL, MACH_MSG_TYPE_MAKE_SEND),
		      KERN_INVALID_CAPABILITY);
	CHECK_RETURNS(mach_port_insert_right(SELF, MACH_PORT_NULL, port, MACH_MSG_TYPE_COPY_SEND),
		      KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_insert_right(SELF, MACH_PORT_DEAD, port, MACH_MSG_TYPE_COPY_SEND),
		      KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_insert_right(SELF, NO_NAME, port, 99), KERN_INVALID_VALUE);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, UREFS_MAX - 1));
	CHECK_RETURNS(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND), KERN_UREFS_OVERFLOW);
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), UREFS_MAX);
	destroy(port);
	destroy(other);
	destroy(dead);
}

TEST(extract_takes_each_kind_of_right)
{
	task_t child = new_task();
	mach_port_t name;
	mach_msg_type_name_t kind;
	mach_port_type_t type;

	CHECK_SUCCESS(mach_port_allocate_name(child, MACH_PORT_RIGHT_RECEIVE, 0x101));
	CHECK_SUCCESS(mach_port_extract_right(child, 0x101, MACH_MSG_TYPE_MAKE_SEND, &name, &kind));
	CHECK_EQUAL(kind, MACH_MSG_TYPE_PORT_SEND);
	CHECK_EQUAL(type_of(name), MACH_PORT_TYPE_SEND);
	CHECK_SUCCESS(mach_port_insert_right(child, 0x101, name, MACH_MSG_TYPE_COPY_SEND));
	destroy(name);
	CHECK_SUCCESS(mach_port_extract_right(child, 0x101, MACH_MSG_TYPE_COPY_SEND, &name, &kind));
	destroy(name);
	CHECK_SUCCESS(mach_port_extract_right(child, 0x101, MACH_MSG_TYPE_MOVE_SEND, &name, &kind));
	destroy(name);
	CHECK_SUCCESS(mach_port_extract_right(child, 0x101, MACH_MSG_TYPE_MAKE_SEND_ONCE, &name, &kind));
	CHECK_EQUAL(kind, MACH_MSG_TYPE_PORT_SEND_ONCE);
	CHECK_EQUAL(type_of(name), MACH_PORT_TYPE_SEND_ONCE);
	CHECK_SUCCESS(mach_port_insert_right(child, 0x102, name, MACH_MSG_TYPE_MOVE_SEND_ONCE));
	CHECK_SUCCESS(mach_port_extract_right(child, 0x102, MACH_MSG_TYPE_MOVE_SEND_ONCE, &name, &kind));
	destroy(name);
	CHECK_SUCCESS(mach_port_extract_right(child, 0x101, MACH_MSG_TYPE_MOVE_RECEIVE, &name, &kind));
	CHECK_EQUAL(kind, MACH_MSG_TYPE_PORT_RECEIVE);
	CHECK_EQUAL(type_of(name), MACH_PORT_TYPE_RECEIVE);
	CHECK_RETURNS(mach_port_type(child, 0x101, &type), KERN_INVALID_NAME);
	(void)expect_notification(name, MACH_NOTIFY_SEND_ONCE);
	destroy(name);
	CHECK_SUCCESS(task_terminate(child));
	destroy(child);
}

TEST(extract_refuses)
{
	mach_port_t port = new_port(), set = new_set(), name;
	mach_msg_type_name_t kind;

	CHECK_RETURNS(mach_port_extract_right(SELF, port, MACH_MSG_TYPE_COPY_SEND, &name, &kind),
		      KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_extract_right(SELF, port, MACH_MSG_TYPE_MOVE_SEND_ONCE, &name, &kind),
		      KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_extract_right(SELF, set, MACH_MSG_TYPE_MOVE_RECEIVE, &name, &kind),
		      KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_extract_right(SELF, NO_NAME, MACH_MSG_TYPE_MAKE_SEND, &name, &kind),
		      KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_extract_right(SELF, port, 15, &name, &kind), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_extract_right(SELF, port, 22, &name, &kind), KERN_INVALID_VALUE);
	destroy(port);
	destroy(set);
}

/* A dead name is extracted as MACH_PORT_DEAD. */
TEST(extract_of_a_dead_name)
{
	mach_port_t dead, name = 0;
	mach_msg_type_name_t kind = 0;

	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &dead));
	CHECK_SUCCESS(mach_port_extract_right(SELF, dead, MACH_MSG_TYPE_COPY_SEND, &name, &kind));
	CHECK_EQUAL(name, MACH_PORT_DEAD);
	CHECK_SUCCESS(mach_port_extract_right(SELF, dead, MACH_MSG_TYPE_MOVE_SEND_ONCE, &name, &kind));
	CHECK_EQUAL(name, MACH_PORT_DEAD);
	CHECK_EQUAL(type_of(dead), 0);
}

/* ---------------------------------------------------------------- the state of ports */

TEST(status_of_a_new_port)
{
	mach_port_t port = new_port();
	mach_port_status_t status = status_of(port);

	CHECK_EQUAL(status.mps_pset, MACH_PORT_NULL);
	CHECK_EQUAL(status.mps_seqno, 0);
	CHECK_EQUAL(status.mps_mscount, 0);
	CHECK_EQUAL(status.mps_qlimit, QLIMIT_DEFAULT);
	CHECK_EQUAL(status.mps_msgcount, 0);
	CHECK_EQUAL(status.mps_sorights, 0);
	CHECK(!status.mps_srights && !status.mps_pdrequest && !status.mps_nsrequest);
	destroy(port);
}

TEST(status_counts)
{
	mach_port_t port = new_port_with_send(), notify = new_port();
	mach_port_status_t status;
	old_mach_port_status_t old;

	make_send(port);
	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, 1));
	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_MAKE_SEND_ONCE, 2));
	request(port, MACH_NOTIFY_NO_SENDERS, 100, notify);
	request(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify);
	status = status_of(port);
	CHECK_EQUAL(status.mps_mscount, 2);
	CHECK_EQUAL(status.mps_msgcount, 2);
	CHECK_EQUAL(status.mps_sorights, 1);
	CHECK(status.mps_srights && status.mps_pdrequest && status.mps_nsrequest);
	expect_note(port, 1);
	CHECK_EQUAL(status_of(port).mps_seqno, 1);
	CHECK_SUCCESS(mach_port_set_seqno(SELF, port, 77));
	CHECK_SUCCESS(mach_port_set_mscount(SELF, port, 88));
	CHECK_SUCCESS(old_mach_port_get_receive_status(SELF, port, &old));
	CHECK_EQUAL(status_of(port).mps_seqno, 77);
	CHECK_EQUAL(old.mps_mscount, 88);
	CHECK_EQUAL(old.mps_msgcount, 1);
	CHECK_EQUAL(old.mps_qlimit, QLIMIT_DEFAULT);
	CHECK(old.mps_nsrequest && old.mps_pdrequest && old.mps_srights);
	destroy(port);
	destroy(expect_notification(notify, MACH_NOTIFY_PORT_DESTROYED));
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_NO_SENDERS), 88);
	destroy(notify);
}

TEST(only_receive_rights_have_a_state)
{
	mach_port_t port = new_port(), once = new_send_once(port), set = new_set();
	mach_port_status_t status;
	old_mach_port_status_t old;
	mach_port_array_t members = 0;
	unsigned int count;

	CHECK_RETURNS(mach_port_get_receive_status(SELF, once, &status), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_get_receive_status(SELF, set, &status), KERN_INVALID_RIGHT);
	CHECK_RETURNS(old_mach_port_get_receive_status(SELF, set, &old), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_set_qlimit(SELF, set, 1), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_set_mscount(SELF, once, 1), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_set_seqno(SELF, set, 1), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_get_set_status(SELF, port, &members, &count), KERN_INVALID_RIGHT);
	destroy(port);
	destroy(once);
	destroy(set);
}

TEST(the_queue_limit)
{
	mach_port_t port = new_port_with_send();
	int i;

	CHECK_RETURNS(mach_port_set_qlimit(SELF, port, QLIMIT_MAX + 1), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_set_qlimit(SELF, port, ~0u), KERN_INVALID_VALUE);
	for (i = 0; i < QLIMIT_DEFAULT; i++)
		CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, i));
	CHECK_RETURNS(send_note(port, MACH_MSG_TYPE_COPY_SEND, i), MACH_SEND_TIMED_OUT);
	CHECK_SUCCESS(mach_port_set_qlimit(SELF, port, QLIMIT_MAX));
	for (; i < QLIMIT_MAX; i++)
		CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, i));
	CHECK_RETURNS(send_note(port, MACH_MSG_TYPE_COPY_SEND, i), MACH_SEND_TIMED_OUT);
	/* A lower limit throws nothing away; send-once rights know no limit. */
	CHECK_SUCCESS(mach_port_set_qlimit(SELF, port, 0));
	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_MAKE_SEND_ONCE, i));
	for (i = 0; i <= QLIMIT_MAX; i++)
		expect_note(port, i);
	CHECK_RETURNS(send_note(port, MACH_MSG_TYPE_COPY_SEND, 0), MACH_SEND_TIMED_OUT);
	expect_nothing(port);
	destroy(port);
}

/* ---------------------------------------------------------------- port sets */

TEST(sets_have_members)
{
	mach_port_t set = new_set(), other = new_set(), ports[3];
	mach_port_array_t members = 0;
	unsigned int count = 0, i, j, found = 0;

	for (i = 0; i < 3; i++) {
		ports[i] = new_port();
		CHECK_SUCCESS(mach_port_move_member(SELF, ports[i], set));
	}
	CHECK_SUCCESS(mach_port_move_member(SELF, ports[0], set));
	CHECK_SUCCESS(mach_port_get_set_status(SELF, set, &members, &count));
	CHECK_EQUAL(count, 3);
	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++)
			found += members[i] == ports[j];
	CHECK_EQUAL(found, 3);
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)members, count * sizeof members[0]));
	/* From set to set, and out. */
	CHECK_SUCCESS(mach_port_move_member(SELF, ports[0], other));
	CHECK_EQUAL(status_of(ports[0]).mps_pset, other);
	CHECK_SUCCESS(mach_port_move_member(SELF, ports[0], MACH_PORT_NULL));
	CHECK_EQUAL(status_of(ports[0]).mps_pset, MACH_PORT_NULL);
	CHECK_RETURNS(mach_port_move_member(SELF, ports[0], MACH_PORT_NULL), KERN_NOT_IN_SET);
	/* A set that goes lets its members go; a port that dies leaves. */
	destroy(ports[1]);
	CHECK_SUCCESS(mach_port_get_set_status(SELF, set, &members, &count));
	CHECK_EQUAL(count, 1);
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)members, count * sizeof members[0]));
	destroy(set);
	CHECK_EQUAL(status_of(ports[2]).mps_pset, MACH_PORT_NULL);
	destroy(other);
	destroy(ports[0]);
	destroy(ports[2]);
}

TEST(an_empty_set_lists_nothing)
{
	mach_port_t set = new_set();
	mach_port_array_t members = 0;
	unsigned int count = 99;

	CHECK_SUCCESS(mach_port_get_set_status(SELF, set, &members, &count));
	CHECK_EQUAL(count, 0);
	destroy(set);
}

TEST(move_member_refuses)
{
	mach_port_t port = new_port(), set = new_set(), once = new_send_once(port);

	CHECK_RETURNS(mach_port_move_member(SELF, NO_NAME, set), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_move_member(SELF, port, NO_NAME), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_move_member(SELF, once, set), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_move_member(SELF, set, set), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_move_member(SELF, port, port), KERN_INVALID_RIGHT);
	CHECK_EQUAL(status_of(port).mps_pset, MACH_PORT_NULL);
	destroy(port);
	destroy(set);
	destroy(once);
}
