/*
 * Kernel threads and tasks made by hand, for tests that stop, abort, redirect or end them.
 *
 * A thread of this task that is made here knows nothing of the threads library: it may use memory and
 * Mach's traps, but make no call that needs a reply port.  One of a child task may do everything after
 * mach_init(); it tells its parent of things by report(), which comes by the bootstrap port.
 */
#ifndef _TESTS_KERNEL_THREADS_H_
#define _TESTS_KERNEL_THREADS_H_

#include <mach/i386/thread_status.h>
#include <mach/mach_traps.h>
#include <mach/thread_switch.h>
#include "kernel_ports.h"
#include "messages.h"

#define STACKS		4
#define STACK_BYTES	16384

static char stacks[STACKS][STACK_BYTES] __attribute__((aligned(16)));

typedef void (*thread_function_t)(int argument);

UNUSED_STATIC void pause_ms(unsigned int time)
{
	(void)thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, time);
}

/* The end of a thread that somebody else is going to terminate. */
__attribute__((unused, noreturn)) static void sleep_forever(void)
{
	for (;;)
		pause_ms(1000000);
}

/* A thread that will run function(argument) on one of the stacks once it is resumed. */
UNUSED_STATIC thread_t new_thread(task_t task, thread_function_t function, int argument, int stack)
{
	struct i386_thread_state state;
	unsigned int count = i386_THREAD_STATE_COUNT;
	unsigned int *top = (unsigned int *)(stacks[stack] + STACK_BYTES - 32);
	unsigned int frame[2] = { 0, argument };
	thread_t thread = MACH_PORT_NULL;

	CHECK_SUCCESS(thread_create(task, &thread));
	CHECK_SUCCESS(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t)&state, &count));
	state.eip = (unsigned int)function;
	state.uesp = (unsigned int)(top - 1);
	CHECK_SUCCESS(thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)&state, count));
	CHECK_SUCCESS(vm_write(task, (vm_address_t)(top - 1), (pointer_t)frame, sizeof frame));
	return thread;
}

UNUSED_STATIC thread_t start_thread(task_t task, thread_function_t function, int argument, int stack)
{
	thread_t thread = new_thread(task, function, argument, stack);

	CHECK_SUCCESS(thread_resume(thread));
	return thread;
}

UNUSED_STATIC void end_thread(thread_t thread)
{
	CHECK_SUCCESS(thread_terminate(thread));
	CHECK_SUCCESS(mach_port_deallocate(SELF, thread));
}

UNUSED_STATIC void end_task(task_t task)
{
	CHECK_SUCCESS(task_terminate(task));
	CHECK_SUCCESS(mach_port_deallocate(SELF, task));
}

UNUSED_STATIC struct thread_basic_info basic_info(thread_t thread)
{
	struct thread_basic_info info;
	unsigned int count = THREAD_BASIC_INFO_COUNT;

	memset(&info, 0, sizeof info);
	CHECK_SUCCESS(thread_info(thread, THREAD_BASIC_INFO, (thread_info_t)&info, &count));
	CHECK_EQUAL(count, THREAD_BASIC_INFO_COUNT);
	return info;
}

/* Wait until a thread is in that state (TH_STATE_). */
UNUSED_STATIC void await_state(thread_t thread, int state)
{
	while (basic_info(thread).run_state != state)
		pause_ms(1);
}

/* Wait until another thread has set a word to a value. */
UNUSED_STATIC void await_value(volatile int *word, int value)
{
	while (*word != value)
		pause_ms(1);
}

/* Wait until the kernel object behind a send right is gone. */
UNUSED_STATIC void await_death(mach_port_t name)
{
	while (!(type_of(name) & MACH_PORT_TYPE_DEAD_NAME))
		pause_ms(1);
}

/* A copy of this task, without threads, that has port for its bootstrap port. */
UNUSED_STATIC task_t new_child(mach_port_t port)
{
	task_t child = MACH_PORT_NULL;

	CHECK_SUCCESS(task_create(SELF, TRUE, &child));
	CHECK_SUCCESS(task_set_special_port(child, TASK_BOOTSTRAP_PORT, port));
	return child;
}

/* In the child: send the parent a number. */
UNUSED_STATIC void report(int value)
{
	struct note note;

	fill_note(&note, bootstrap_port, MACH_MSG_TYPE_COPY_SEND, value);
	(void)mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE,
		       MACH_PORT_NULL);
}

/* In the parent: wait for the next number. */
UNUSED_STATIC int await_report(mach_port_t port)
{
	struct note_room room;

	CHECK_RETURNS(mach_msg(&room.head, MACH_RCV_MSG, 0, sizeof room, port, MACH_MSG_TIMEOUT_NONE,
			       MACH_PORT_NULL), MACH_MSG_SUCCESS);
	CHECK_EQUAL(room.head.msgh_id, 1000);
	return room.value;
}

#endif	/* _TESTS_KERNEL_THREADS_H_ */
