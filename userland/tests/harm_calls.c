/*
 * Kernel calls with wild arguments: well-formed requests with values nobody would choose, on tasks,
 * threads and processor sets of a child.  Whatever the code is, the kernel and this program go on.
 */
#include "child.h"
#include "kernel_ports.h"
#include "messages.h"
#include "seeded.h"
#include <mach/mach_host.h>
#include <mach/msg_destroy.h>
#include <mach/policy.h>

#define PAGE		4096
#define EXCEPTION_RAISE	2400
#define CALLS		800	/* of each kind */

static task_t child;
static thread_t thread;
static mach_port_t port;
static char written[2 * PAGE];

/* A number of the kind that makes trouble. */
static unsigned int wild(void)
{
	static const unsigned int edges[] = {
		0, 1, 2, 3, 4, 7, 8, 31, 32, 255, 4095, 4096, 4097, 65535, 65536, 0x7fffffff, 0x80000000, 0x80000001,
		0xbfffffff, 0xc0000000, 0xfffff000, 0xffffffff,
	};

	switch (seeded_below(4)) {
	case 0:
		return seeded();
	case 1:
		return seeded_below(10);
	default:
		return edges[seeded_below(sizeof edges / sizeof edges[0])];
	}
}

/* An address that is often in use in the child. */
static unsigned int wild_address(void)
{
	vm_address_t address = 0;

	if (seeded_below(3) && vm_allocate(child, &address, (1 + seeded_below(5)) * PAGE, TRUE) == KERN_SUCCESS)
		return address + seeded_below(3) * seeded_below(PAGE);
	return wild();
}

static unsigned int wild_size(void)
{
	return seeded_below(3) ? seeded_below(6 * PAGE) : wild();
}

static void call_memory(void)
{
	vm_address_t address = wild_address();
	vm_size_t size;
	vm_prot_t protection, maximum;
	vm_inherit_t inheritance;
	boolean_t shared;
	mach_port_t name;
	vm_offset_t offset;
	pointer_t data;
	unsigned int count;
	vm_machine_attribute_val_t value = wild();

	switch (seeded_below(10)) {
	case 0:
		(void)vm_allocate(child, &address, wild_size(), seeded_below(2));
		break;
	case 1:
		(void)vm_deallocate(child, address, wild_size());
		break;
	case 2:
		(void)vm_protect(child, address, wild_size(), seeded_below(2), wild());
		break;
	case 3:
		(void)vm_inherit(child, address, wild_size(), seeded_below(4));
		break;
	case 4:
		if (vm_read(child, address, wild_size(), &data, &count) == KERN_SUCCESS && count > 0)
			CHECK_SUCCESS(vm_deallocate(SELF, data, count));
		break;
	case 5:
		(void)vm_write(child, address, (pointer_t)written, seeded_below(sizeof written));
		break;
	case 6:
		(void)vm_copy(child, address, wild_size(), wild_address());
		break;
	case 7:
		(void)vm_region(child, &address, &size, &protection, &maximum, &inheritance, &shared, &name, &offset);
		break;
	case 8:
		(void)vm_map(child, &address, wild_size(), wild(), seeded_below(2), MACH_PORT_NULL, wild(),
			     seeded_below(2), seeded_below(9), seeded_below(9), seeded_below(4));
		break;
	case 9:
		(void)vm_machine_attribute(child, address, wild_size(), wild(), &value);
		break;
	}
}

static void call_names(void)
{
	mach_port_t name = wild(), previous;
	mach_msg_type_name_t kind;
	mach_port_urefs_t refs;
	mach_port_status_t status;

	if (seeded_below(2))
		name = 1 << 8 | seeded_below(20) << 8 | 1;	/* one that the child may well have */
	switch (seeded_below(12)) {
	case 0:
		(void)mach_port_allocate(child, seeded_below(6), &name);
		break;
	case 1:
		(void)mach_port_allocate_name(child, seeded_below(6), name);
		break;
	case 2:
		(void)mach_port_rename(child, name, wild());
		break;
	case 3:
		(void)mach_port_destroy(child, name);
		break;
	case 4:
		(void)mach_port_deallocate(child, name);
		break;
	case 5:
		(void)mach_port_mod_refs(child, name, seeded_below(7), wild());
		break;
	case 6:
		(void)mach_port_get_refs(child, name, wild(), &refs);
		(void)mach_port_get_receive_status(child, name, &status);
		break;
	case 7:
		(void)mach_port_set_qlimit(child, name, wild());
		(void)mach_port_set_mscount(child, name, wild());
		(void)mach_port_set_seqno(child, name, wild());
		break;
	case 8:
		(void)mach_port_move_member(child, name, 1 << 8 | seeded_below(20) << 8 | 1);
		break;
	case 9:
		if (mach_port_request_notification(child, name, 64 + seeded_below(10), wild(), port,
						   MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous) == KERN_SUCCESS
		    && previous != MACH_PORT_NULL)
			(void)mach_port_deallocate(SELF, previous);
		break;
	case 10:
		(void)mach_port_insert_right(child, name, port, MACH_MSG_TYPE_COPY_SEND + seeded_below(3));
		break;
	case 11:
		if (mach_port_extract_right(child, name, 16 + seeded_below(6), &name, &kind) == KERN_SUCCESS)
			(void)mach_port_destroy(SELF, name);
		break;
	}
}

static void call_threads(void)
{
	static unsigned int words[TASK_INFO_MAX];
	unsigned int count = seeded_below(40), i;

	for (i = 0; i < count; i++)
		words[i] = wild();
	switch (seeded_below(13)) {
	case 0:
		(void)thread_set_state(thread, wild(), (thread_state_t)words, count);
		break;
	case 1:
		(void)thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)words, i386_THREAD_STATE_COUNT);
		break;
	case 2:
		(void)thread_set_state(thread, i386_FLOAT_STATE, (thread_state_t)words, count);
		break;
	case 3:
		(void)thread_get_state(thread, seeded_below(7), (thread_state_t)words, &count);
		break;
	case 4:
		(void)thread_info(thread, seeded_below(4), (thread_info_t)words, &count);
		break;
	case 5:
		(void)task_info(child, seeded_below(5), (task_info_t)words, &count);
		break;
	case 6:
		(void)thread_priority(thread, wild(), seeded_below(2));
		(void)task_priority(child, wild(), seeded_below(2));
		break;
	case 7:
		(void)thread_policy(thread, seeded_below(4), wild());
		break;
	case 8:
		(void)task_set_emulation(child, wild(), wild());
		(void)task_set_emulation_vector(child, wild(), (emulation_vector_t)words, count);
		break;
	case 9:
		(void)task_set_special_port(child, seeded_below(6), seeded_below(2) ? port : MACH_PORT_NULL);
		(void)thread_set_special_port(thread, seeded_below(6), seeded_below(2) ? port : MACH_PORT_NULL);
		(void)task_set_special_port(child, TASK_EXCEPTION_PORT, port);
		(void)thread_set_special_port(thread, THREAD_EXCEPTION_PORT, port);
		break;
	case 10:
		(void)host_info(host(), seeded_below(6), (host_info_t)words, &count);
		break;
	case 11:
		(void)thread_suspend(thread);
		(void)thread_abort(thread);
		(void)task_suspend(child);
		break;
	case 12:
		(void)thread_resume(thread);
		(void)task_resume(child);
		break;
	}
}

static void call_host(void)
{
	processor_set_t sets[2] = { MACH_PORT_NULL, MACH_PORT_NULL };
	processor_array_t processors = 0;
	unsigned int count = 0, i, words[64];
	processor_set_name_t name = MACH_PORT_NULL;
	host_t owner = MACH_PORT_NULL;
	time_value_t time = { wild(), wild() };

	(void)processor_set_create(seeded_below(2) ? host() : host_priv(), &sets[0], &name);
	(void)processor_set_default(host(), &sets[1]);
	(void)host_processors(host_priv(), &processors, &count);
	switch (seeded_below(9)) {
	case 0:
		(void)vm_wire(seeded_below(4) ? host_priv() : host(), child, wild_address(), wild_size(), wild());
		break;
	case 1:
		(void)thread_wire(host_priv(), thread, wild());
		break;
	case 2:
		(void)thread_assign(thread, sets[seeded_below(2)]);
		(void)task_assign(child, sets[seeded_below(2)], seeded_below(2));
		break;
	case 3:
		(void)processor_set_max_priority(sets[0], wild(), seeded_below(2));
		(void)thread_max_priority(thread, sets[seeded_below(2)], wild());
		break;
	case 4:
		(void)processor_set_policy_enable(sets[0], wild());
		(void)processor_set_policy_disable(sets[0], wild(), seeded_below(2));
		break;
	case 5:
		(void)processor_control(processors[0], (processor_info_t)words, seeded_below(64));
		(void)processor_start(processors[0]);
		break;
	case 6:
		(void)processor_assign(processors[seeded_below(count)], sets[1], seeded_below(2));
		break;
	case 7:
		(void)host_adjust_time(host(), time, &time);
		(void)host_set_time(host(), time);	/* neither is allowed by this port */
		break;
	case 8:
		i = seeded_below(64);
		(void)processor_info(processors[0], wild(), &owner, (processor_info_t)words, &i);
		(void)mach_port_deallocate(SELF, owner);
		break;
	}
	for (i = 0; i < count; i++)
		(void)mach_port_deallocate(SELF, processors[i]);
	(void)vm_deallocate(SELF, (vm_address_t)processors, count * sizeof processors[0]);
	if (sets[0] != MACH_PORT_NULL)
		CHECK_SUCCESS(processor_set_destroy(sets[0]));
	(void)mach_port_destroy(SELF, sets[0]);
	(void)mach_port_deallocate(SELF, sets[1]);
	(void)mach_port_destroy(SELF, name);
}

static void begin(void)
{
	child = new_child();
	CHECK_SUCCESS(task_set_special_port(child, TASK_EXCEPTION_PORT, port));
	CHECK_SUCCESS(thread_create(child, &thread));
}

static void end(void)
{
	(void)task_terminate(child);
	destroy(child);
	destroy(thread);
}

/* Notifications, and exceptions of the child, which are the end of it. */
static void drain(void)
{
	struct note_room room;

	while (receive(port, &room) == MACH_MSG_SUCCESS) {
		if (room.head.msgh_id == EXCEPTION_RAISE)
			(void)task_terminate(child);
		mach_msg_destroy(&room.head);
	}
}

/* Calls of one kind, a new child now and then, or when the last one has come to its end. */
static void call_many(void (*call)(void), unsigned int value)
{
	int i;

	seed(value);
	port = new_port_with_send();
	begin();
	for (i = 1; i <= CALLS; i++) {
		call();
		drain();
		if (i % 250 == 0 || type_of(thread) == MACH_PORT_TYPE_DEAD_NAME) {
			end();
			begin();
		}
	}
	end();
	drain();
	destroy(port);
}

TEST(wild_memory_calls)
{
	call_many(call_memory, 11);
}

TEST(wild_calls_on_names)
{
	call_many(call_names, 12);
}

TEST(wild_calls_on_tasks_and_threads)
{
	call_many(call_threads, 13);
}

TEST(wild_calls_on_the_host)
{
	call_many(call_host, 14);
}
