/*
 * Programs that take all they can get: tasks, threads, ports, messages, memory, until there is no more
 * or very much; killed in the midst of it; afterwards all of it is back.
 */
#include "child.h"
#include "messages.h"
#include "shortage.h"

#define MANY_TASKS	3000	/* more than there is memory for */
#define MANY_THREADS	800
#define MANY_PORTS	2000

/* First of all, so that the tests after this find as much as they leave. */
TEST(our_own_memory_is_safe)
{
	wire_ourselves();
}

/* ---------------------------------------------------------------- from outside */

TEST(tasks_until_there_is_no_more)
{
	static task_t tasks[MANY_TASKS];
	kern_return_t result = KERN_SUCCESS;
	int i, count = 0;

	while (count < MANY_TASKS) {
		result = task_create(SELF, FALSE, &tasks[count]);
		if (result != KERN_SUCCESS)
			break;
		/* Something in each, or it would cost nearly nothing. */
		vm_address_t address = PAGE;

		result = vm_allocate(tasks[count], &address, PAGE, FALSE);
		if (result == KERN_SUCCESS)
			result = vm_write(tasks[count], address, (pointer_t)&count, sizeof count);
		count++;
		if (result != KERN_SUCCESS)
			break;
	}
	for (i = 0; i < count; i++) {
		CHECK_SUCCESS(task_terminate(tasks[i]));
		destroy(tasks[i]);
	}
	CHECK_EQUAL(result, KERN_RESOURCE_SHORTAGE);
	CHECK(count > 100);
}

TEST(very_many_threads)
{
	static thread_t threads[MANY_THREADS];
	task_t child = new_child();
	int i;

	for (i = 0; i < MANY_THREADS; i++)
		CHECK_SUCCESS(thread_create(child, &threads[i]));
	for (i = 0; i < MANY_THREADS; i += 2)
		CHECK_SUCCESS(thread_terminate(threads[i]));
	CHECK_SUCCESS(task_terminate(child));
	for (i = 0; i < MANY_THREADS; i++) {
		CHECK_EQUAL(type_of(threads[i]), MACH_PORT_TYPE_DEAD_NAME);
		destroy(threads[i]);
	}
	destroy(child);
}

/* Ports that hold each other's rights, full queues, requests for notifications: all in one task. */
TEST(very_many_ports_and_messages)
{
	task_t child = MACH_PORT_NULL;
	mach_port_t notify = new_port(), name, other, previous;
	mach_msg_type_name_t kind;
	struct note_room room;
	int i, j, told = 0;

	CHECK_SUCCESS(task_create(SELF, FALSE, &child));
	for (i = 1; i <= MANY_PORTS; i++)
		CHECK_SUCCESS(mach_port_allocate_name(child, MACH_PORT_RIGHT_RECEIVE, i << 8));
	for (i = 1; i <= MANY_PORTS; i += 20) {
		CHECK_SUCCESS(mach_port_extract_right(child, i << 8, MACH_MSG_TYPE_MAKE_SEND, &name, &kind));
		for (j = 0; j < 5; j++)
			CHECK_SUCCESS(send_note(name, MACH_MSG_TYPE_COPY_SEND, j));
		CHECK_SUCCESS(mach_port_request_notification(SELF, name, MACH_NOTIFY_DEAD_NAME, 0, notify,
							     MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous));
		/* The port's own receive right is in its queue, by way of its neighbour's. */
		CHECK_RETURNS(mach_port_extract_right(child, (i + 1) << 8, MACH_MSG_TYPE_MOVE_RECEIVE, &other, &kind),
			      KERN_SUCCESS);
		CHECK_SUCCESS(send_right(other, MACH_MSG_TYPE_COPY_SEND, name));
		CHECK_SUCCESS(mach_port_insert_right(child, (i + 1) << 8, other, MACH_MSG_TYPE_MOVE_RECEIVE));
	}
	CHECK_SUCCESS(task_terminate(child));
	while (receive(notify, &room) == MACH_MSG_SUCCESS) {
		CHECK_EQUAL(room.head.msgh_id, MACH_NOTIFY_DEAD_NAME);
		destroy(room.value);
		told++;
	}
	CHECK_EQUAL(told, MANY_PORTS / 20);
	destroy(child);
	destroy(notify);
}

/* ---------------------------------------------------------------- from inside */

#define CONTROL		0x101	/* the children's name for the port on which the test hears of them */
#define MANY_CHILDREN	2000
#define PLAYGROUND	1200	/* frames that a program may take */
#define EXCEPTION_RAISE	2400
#define SILENCE_MS	10000	/* when nothing was heard for so long, nothing goes on any more */

/* Tell the test of this task. */
static void report(void)
{
	struct note note;

	fill_note(&note, CONTROL, MACH_MSG_TYPE_COPY_SEND, mach_task_self());
	note.head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	note.type = IN_LINE(MACH_MSG_TYPE_COPY_SEND, 32, 1);
	(void)mach_msg_trap(&note.head, MACH_SEND_MSG, sizeof note, 0, 0, 0, 0);
}

static void hang(void)
{
	for (;;)
		(void)mach_msg_trap(0, MACH_RCV_MSG, 0, 0, mach_reply_port(), 0, 0);
}

/* Start a thread in a copy of this task; whether that could be done. */
static boolean_t multiply(void (*function)(int), int argument)
{
	struct i386_thread_state state;
	unsigned int count = i386_THREAD_STATE_COUNT;
	static unsigned int stacks[512];
	unsigned int *stack = stacks + 500;
	task_t child;
	thread_t thread;

	stack[1] = (unsigned int)function;
	stack[2] = argument;
	if (task_create(mach_task_self(), TRUE, &child) != KERN_SUCCESS
	    || mach_port_insert_right(child, CONTROL, CONTROL, MACH_MSG_TYPE_COPY_SEND) != KERN_SUCCESS
	    || thread_create(child, &thread) != KERN_SUCCESS
	    || thread_get_state(thread, i386_THREAD_STATE, (thread_state_t)&state, &count) != KERN_SUCCESS)
		return FALSE;
	state.eip = (unsigned int)child_main;
	state.uesp = (unsigned int)stack;
	return thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)&state, count) == KERN_SUCCESS
	       && thread_resume(thread) == KERN_SUCCESS;
}

/* A bomb: each task makes three that do the same, until nobody can. */
static void explode(int generation)
{
	int i;

	report();
	for (i = 0; i < 3 && multiply(explode, generation + 1); i++)
		;
	hang();
}

/* One task that makes threads, ports and memory. */
static void hog(int argument)
{
	mach_port_t name;
	vm_address_t address;
	unsigned int i;

	report();
	for (i = 0; i < 5000; i++) {
		(void)mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name);
		(void)mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND);
		if (i % 10 == 0)
			(void)thread_create(mach_task_self(), &name);
		if (vm_allocate(mach_task_self(), &address, PAGE, TRUE) == KERN_SUCCESS)
			*(int *)address = i;	/* in the end an exception */
	}
	hang();
}

/* The less there is to take, the sooner it is over. */
static vm_address_t reserve;
static vm_size_t reserve_size;

static void set_most_aside(void)
{
	vm_size_t at;

	reserve_size = (free_frames() - PLAYGROUND) * PAGE;
	reserve = allocate(reserve_size);
	for (at = 0; at < reserve_size; at += PAGE)
		*(char *)(reserve + at) = 1;
	CHECK_SUCCESS(vm_inherit(SELF, reserve, reserve_size, VM_INHERIT_NONE));
}

/* Tasks that were made but never came to life. */
static void terminate_others(void)
{
	task_array_t tasks = 0;
	unsigned int count = 0, i;
	processor_set_name_t name = MACH_PORT_NULL;
	processor_set_t set = MACH_PORT_NULL;

	CHECK_SUCCESS(processor_set_default(host(), &name));
	CHECK_SUCCESS(host_processor_set_priv(host_priv(), name, &set));
	CHECK_SUCCESS(processor_set_tasks(set, &tasks, &count));
	for (i = 0; i < count; i++) {
		if (tasks[i] != SELF)
			(void)task_terminate(tasks[i]);
	}
	free_ports(tasks, count);
	CHECK_SUCCESS(mach_port_deallocate(SELF, name));
	CHECK_SUCCESS(mach_port_deallocate(SELF, set));
}

/* Let it go off, wait until all is quiet, and clean up; how many tasks there were. */
static int set_off(void (*function)(int), int *exceptions)
{
	static task_t tasks[MANY_CHILDREN];
	static mach_port_t unanswered[MANY_CHILDREN];
	mach_port_t control = new_port_with_send();
	struct { mach_msg_header_t head; struct { mach_msg_type_t type; mach_port_t name; } rights[2]; int more[16]; } room;
	task_t first = new_child();
	thread_t thread;
	mach_msg_return_t result;
	int i, count = 0, reports = 0;

	CHECK_SUCCESS(mach_port_insert_right(first, CONTROL, control, MACH_MSG_TYPE_COPY_SEND));
	CHECK_SUCCESS(task_set_special_port(first, TASK_EXCEPTION_PORT, control));
	thread = new_child_thread(first, (vm_address_t)child_main, (unsigned int)function, 0);
	CHECK_SUCCESS(thread_resume(thread));
	CHECK_SUCCESS(mach_port_deallocate(SELF, thread));
	*exceptions = 0;
	while ((result = mach_msg(&room.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof room, control, SILENCE_MS, 0))
	       == MACH_MSG_SUCCESS) {
		if (room.head.msgh_id == EXCEPTION_RAISE) {
			unanswered[(*exceptions)++] = room.head.msgh_remote_port;
			CHECK_SUCCESS(mach_port_deallocate(SELF, room.rights[0].name));
			tasks[count++] = room.rights[1].name;	/* it may not have come as far as to report */
		} else {
			tasks[count++] = room.rights[0].name;
			reports++;
		}
		CHECK(count < MANY_CHILDREN);
	}
	CHECK_RETURNS(result, MACH_RCV_TIMED_OUT);
	for (i = 0; i < count; i++)
		CHECK_SUCCESS(task_suspend(tasks[i]));
	for (i = 0; i < count; i++) {
		(void)task_terminate(tasks[i]);
		CHECK_SUCCESS(mach_port_deallocate(SELF, tasks[i]));
	}
	for (i = 0; i < *exceptions; i++)
		destroy(unanswered[i]);
	settle();
	terminate_others();
	destroy(first);
	destroy(control);
	return reports;
}

/* What they had is back, says the leak check around each test. */

TEST(a_task_that_takes_all_it_can_get)
{
	int exceptions;

	set_most_aside();
	CHECK_EQUAL(set_off(hog, &exceptions), 1);
	CHECK_EQUAL(exceptions, 1);
	deallocate(reserve, reserve_size);
	settle();
}

TEST(a_bomb_of_tasks)
{
	int exceptions;

	set_most_aside();
	CHECK(set_off(explode, &exceptions) > 20);
	deallocate(reserve, reserve_size);
	settle();
}
