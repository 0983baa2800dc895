/*
 * Names of ports, port sets and dead names: making, renaming, counting references, giving up.
 */
#include "messages.h"

#define UREFS_MAX	65535
#define NO_NAME		0x70000007	/* nobody chose it */

TEST(allocate_makes_each_kind)
{
	mach_port_t port, set, dead;

	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_PORT_SET, &set));
	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &dead));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_RECEIVE);
	CHECK_EQUAL(type_of(set), MACH_PORT_TYPE_PORT_SET);
	CHECK_EQUAL(type_of(dead), MACH_PORT_TYPE_DEAD_NAME);
	destroy(port);
	destroy(set);
	destroy(dead);
}

TEST(allocate_refuses_rights_that_cannot_be_made)
{
	mach_port_t name;

	CHECK_RETURNS(mach_port_allocate(SELF, MACH_PORT_RIGHT_SEND, &name), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_allocate(SELF, MACH_PORT_RIGHT_SEND_ONCE, &name), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_allocate(SELF, 99, &name), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_SEND, NO_NAME), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_SEND_ONCE, NO_NAME), KERN_INVALID_VALUE);
}

TEST(allocate_name_takes_the_callers_choice)
{
	CHECK_SUCCESS(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, NO_NAME));
	CHECK_RETURNS(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, NO_NAME), KERN_NAME_EXISTS);
	CHECK_SUCCESS(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_PORT_SET, NO_NAME + 1));
	CHECK_SUCCESS(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_DEAD_NAME, NO_NAME + 2));
	CHECK_EQUAL(type_of(NO_NAME), MACH_PORT_TYPE_RECEIVE);
	CHECK_EQUAL(type_of(NO_NAME + 1), MACH_PORT_TYPE_PORT_SET);
	CHECK_EQUAL(type_of(NO_NAME + 2), MACH_PORT_TYPE_DEAD_NAME);
	destroy(NO_NAME);
	destroy(NO_NAME + 1);
	destroy(NO_NAME + 2);
	CHECK_RETURNS(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, MACH_PORT_NULL), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, MACH_PORT_DEAD), KERN_INVALID_VALUE);
}

/* The kernel's next names are guessed and taken: it must find others. */
TEST(chosen_names_do_not_confuse_the_kernels_choice)
{
	mach_port_t first = new_port(), names[32], chosen[32];
	int i, j;

	for (i = 0; i < 32; i++) {
		chosen[i] = first + ((i + 1) << 8);
		if (mach_port_allocate_name(SELF, MACH_PORT_RIGHT_DEAD_NAME, chosen[i]) != KERN_SUCCESS)
			chosen[i] = MACH_PORT_NULL;
	}
	for (i = 0; i < 32; i++) {
		names[i] = new_port();
		for (j = 0; j < 32; j++)
			CHECK(names[i] != chosen[j]);
	}
	for (i = 0; i < 32; i++) {
		CHECK_EQUAL(type_of(names[i]), MACH_PORT_TYPE_RECEIVE);
		destroy(names[i]);
		if (chosen[i] != MACH_PORT_NULL)
			destroy(chosen[i]);
	}
	destroy(first);
}

TEST(a_name_given_up_is_not_soon_used_again)
{
	mach_port_t old = new_port(), new;

	destroy(old);
	new = new_port();
	CHECK(old != new);
	CHECK_EQUAL(type_of(old), 0);
	destroy(new);
}

TEST(rename_moves_rights_to_another_name)
{
	mach_port_t port = new_port_with_send(), set = new_set(), other = new_port();
	struct note_room room;

	CHECK_SUCCESS(mach_port_move_member(SELF, port, set));
	CHECK_SUCCESS(mach_port_rename(SELF, port, NO_NAME));
	CHECK_SUCCESS(mach_port_rename(SELF, set, NO_NAME + 1));
	CHECK_RETURNS(mach_port_rename(SELF, port, NO_NAME + 2), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_rename(SELF, NO_NAME, other), KERN_NAME_EXISTS);
	CHECK_RETURNS(mach_port_rename(SELF, NO_NAME, NO_NAME), KERN_NAME_EXISTS);
	CHECK_RETURNS(mach_port_rename(SELF, other, MACH_PORT_NULL), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_rename(SELF, other, MACH_PORT_DEAD), KERN_INVALID_VALUE);
	CHECK_EQUAL(type_of(NO_NAME), MACH_PORT_TYPE_SEND_RECEIVE);
	CHECK_EQUAL(status_of(NO_NAME).mps_pset, NO_NAME + 1);
	/* Messages find their way, and say the new name. */
	CHECK_SUCCESS(send_note(NO_NAME, MACH_MSG_TYPE_COPY_SEND, 7));
	CHECK_SUCCESS(receive(NO_NAME + 1, &room));
	CHECK_EQUAL(room.head.msgh_local_port, NO_NAME);
	destroy(NO_NAME);
	destroy(NO_NAME + 1);
	destroy(other);
}

TEST(rename_keeps_send_once_rights_dead_names_and_requests)
{
	mach_port_t port = new_port(), notify = new_port(), once = new_send_once(port);

	request(once, MACH_NOTIFY_DEAD_NAME, 0, notify);
	CHECK_SUCCESS(mach_port_rename(SELF, once, NO_NAME));
	destroy(port);
	CHECK_EQUAL(expect_notification(notify, MACH_NOTIFY_DEAD_NAME), NO_NAME);
	CHECK_SUCCESS(mach_port_rename(SELF, NO_NAME, NO_NAME + 1));
	CHECK_EQUAL(refs_of(NO_NAME + 1, MACH_PORT_RIGHT_DEAD_NAME), 2);
	destroy(NO_NAME + 1);
	destroy(notify);
}

TEST(names_lists_everything)
{
	mach_port_t port = new_port_with_send(), set = new_set(), once = new_send_once(port);
	mach_port_array_t names = 0;
	mach_port_type_array_t types = 0;
	unsigned int count = 0, type_count = 0, i, found = 0;

	CHECK_SUCCESS(mach_port_names(SELF, &names, &count, &types, &type_count));
	CHECK_EQUAL(count, type_count);
	for (i = 0; i < count; i++) {
		CHECK_EQUAL(types[i], type_of(names[i]));
		found += names[i] == port || names[i] == set || names[i] == once;
	}
	CHECK_EQUAL(found, 3);
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)names, count * sizeof names[0]));
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)types, count * sizeof types[0]));
	destroy(once);
	(void)send_note(port, MACH_MSG_TYPE_MAKE_SEND, 0);
	destroy(port);
	destroy(set);
}

TEST(refs_are_counted_by_right)
{
	mach_port_t port = new_port_with_send(), dead, once = new_send_once(port);
	mach_port_urefs_t refs;

	make_send(port);
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 2);
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_RECEIVE), 1);
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND_ONCE), 0);
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_PORT_SET), 0);
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_DEAD_NAME), 0);
	CHECK_EQUAL(refs_of(once, MACH_PORT_RIGHT_SEND_ONCE), 1);
	CHECK_RETURNS(mach_port_get_refs(SELF, port, 5, &refs), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_get_refs(SELF, NO_NAME, MACH_PORT_RIGHT_SEND, &refs), KERN_INVALID_NAME);
	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &dead));
	CHECK_SUCCESS(mach_port_mod_refs(SELF, dead, MACH_PORT_RIGHT_DEAD_NAME, 4));
	CHECK_SUCCESS(mach_port_get_refs(SELF, dead, MACH_PORT_RIGHT_DEAD_NAME, &refs));
	CHECK_EQUAL(refs, 5);
	destroy(dead);
	destroy(port);
	CHECK_EQUAL(type_of(once), MACH_PORT_TYPE_DEAD_NAME);
	destroy(once);
}

TEST(deallocate_takes_one_reference)
{
	mach_port_t port = new_port_with_send(), set = new_set(), once = new_send_once(port);

	make_send(port);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_RECEIVE);
	CHECK(!has_senders(port));
	CHECK_RETURNS(mach_port_deallocate(SELF, port), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_deallocate(SELF, set), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_deallocate(SELF, NO_NAME), KERN_INVALID_NAME);
	CHECK_SUCCESS(mach_port_deallocate(SELF, once));
	CHECK_EQUAL(type_of(once), 0);
	(void)expect_notification(port, MACH_NOTIFY_SEND_ONCE);
	destroy(port);
	destroy(set);
}

TEST(mod_refs_adds_and_takes)
{
	mach_port_t port = new_port_with_send(), set = new_set();

	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, UREFS_MAX - 1));
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), UREFS_MAX);
	CHECK_RETURNS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 1), KERN_UREFS_OVERFLOW);
	CHECK_RETURNS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 0x7fffffff), KERN_UREFS_OVERFLOW);
	CHECK_RETURNS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -UREFS_MAX - 1), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -0x7fffffff - 1), KERN_INVALID_VALUE);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -UREFS_MAX));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_RECEIVE);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, 0));
	CHECK_RETURNS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, 1), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -2), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 1), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_PORT_SET, -1), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_mod_refs(SELF, set, MACH_PORT_RIGHT_RECEIVE, -1), KERN_INVALID_RIGHT);
	CHECK_RETURNS(mach_port_mod_refs(SELF, port, 5, -1), KERN_INVALID_VALUE);
	CHECK_RETURNS(mach_port_mod_refs(SELF, NO_NAME, MACH_PORT_RIGHT_SEND, 1), KERN_INVALID_NAME);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1));
	CHECK_EQUAL(type_of(port), 0);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, set, MACH_PORT_RIGHT_PORT_SET, -1));
}

TEST(losing_the_receive_right_leaves_a_dead_name)
{
	mach_port_t port = new_port_with_send();

	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 6));
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1));
	CHECK_EQUAL(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_DEAD_NAME), 7);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_DEAD_NAME, -6));
	CHECK_RETURNS(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_DEAD_NAME, UREFS_MAX), KERN_UREFS_OVERFLOW);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK_EQUAL(type_of(port), 0);
}

TEST(send_once_rights_have_names_of_their_own)
{
	mach_port_t port = new_port(), a = new_send_once(port), b = new_send_once(port);

	CHECK(a != b && a != port);
	CHECK_EQUAL(status_of(port).mps_sorights, 2);
	CHECK_RETURNS(mach_port_mod_refs(SELF, a, MACH_PORT_RIGHT_SEND_ONCE, 1), KERN_INVALID_VALUE);
	CHECK_SUCCESS(mach_port_mod_refs(SELF, a, MACH_PORT_RIGHT_SEND_ONCE, -1));
	(void)expect_notification(port, MACH_NOTIFY_SEND_ONCE);
	CHECK_EQUAL(status_of(port).mps_sorights, 1);
	destroy(b);
	(void)expect_notification(port, MACH_NOTIFY_SEND_ONCE);
	CHECK_EQUAL(status_of(port).mps_sorights, 0);
	destroy(port);
}

TEST(unknown_names_are_invalid_everywhere)
{
	mach_port_type_t type;
	mach_port_array_t members = 0;
	unsigned int count;
	mach_port_status_t status;
	old_mach_port_status_t old_status;

	CHECK_RETURNS(mach_port_type(SELF, NO_NAME, &type), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_type(SELF, MACH_PORT_NULL, &type), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_type(SELF, MACH_PORT_DEAD, &type), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_destroy(SELF, NO_NAME), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_get_receive_status(SELF, NO_NAME, &status), KERN_INVALID_NAME);
	CHECK_RETURNS(old_mach_port_get_receive_status(SELF, NO_NAME, &old_status), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_get_set_status(SELF, NO_NAME, &members, &count), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_set_qlimit(SELF, NO_NAME, 1), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_set_mscount(SELF, NO_NAME, 1), KERN_INVALID_NAME);
	CHECK_RETURNS(mach_port_set_seqno(SELF, NO_NAME, 1), KERN_INVALID_NAME);
}

/* The calls go to a port that is no task's. */
TEST(only_a_task_has_names)
{
	mach_port_t host = mach_host_self(), name = MACH_PORT_NULL, other;
	mach_port_array_t names = 0;
	mach_port_type_array_t types = 0;
	mach_port_type_t type;
	mach_port_urefs_t refs;
	mach_msg_type_name_t kind;
	mach_port_status_t status;
	old_mach_port_status_t old_status;
	unsigned int count, other_count;

	CHECK_RETURNS(mach_port_names(host, &names, &count, &types, &other_count), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_type(host, name, &type), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_rename(host, name, NO_NAME), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_allocate_name(host, MACH_PORT_RIGHT_RECEIVE, NO_NAME), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_allocate(host, MACH_PORT_RIGHT_RECEIVE, &name), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_destroy(host, name), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_deallocate(host, name), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_get_refs(host, name, MACH_PORT_RIGHT_SEND, &refs), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_mod_refs(host, name, MACH_PORT_RIGHT_SEND, 1), KERN_INVALID_TASK);
	CHECK_RETURNS(old_mach_port_get_receive_status(host, name, &old_status), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_get_receive_status(host, name, &status), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_set_qlimit(host, name, 1), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_set_mscount(host, name, 1), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_set_seqno(host, name, 1), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_get_set_status(host, name, &names, &count), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_move_member(host, name, name), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_request_notification(host, name, MACH_NOTIFY_DEAD_NAME, 0, MACH_PORT_NULL,
						     MACH_MSG_TYPE_MAKE_SEND_ONCE, &other), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_insert_right(host, NO_NAME, SELF, MACH_MSG_TYPE_COPY_SEND), KERN_INVALID_TASK);
	CHECK_RETURNS(mach_port_extract_right(host, NO_NAME, MACH_MSG_TYPE_COPY_SEND, &name, &kind),
		      KERN_INVALID_TASK);
	CHECK_SUCCESS(mach_port_deallocate(SELF, host));
}
