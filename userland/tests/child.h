/*
 * Tasks made by a test, with a copy of its memory, that run one of its functions.
 *
 * A child has none of its parent's rights: only those that the parent put into it, under names that
 * both know.  It must not use what the test library keeps (CHECK, printf).
 */
#ifndef _TESTS_CHILD_H_
#define _TESTS_CHILD_H_

#include <check.h>
#include <mach/i386/thread_status.h>

#define CHILD_STACK	16384

/* In the child: its first thread starts here. */
__attribute__((unused, noreturn)) static void child_exit(void)
{
	for (;;)
		(void)task_terminate((mach_task_self)());
}

__attribute__((unused, noreturn)) static void child_main(void (*function)(int argument), int argument)
{
	mach_init();
	function(argument);
	child_exit();
}

/* A task with a copy of our memory and no threads; an exception in it ends it. */
__attribute__((unused)) static task_t new_child(void)
{
	task_t child = MACH_PORT_NULL;

	CHECK_SUCCESS(task_create(mach_task_self(), TRUE, &child));
	CHECK_SUCCESS(task_set_special_port(child, TASK_EXCEPTION_PORT, MACH_PORT_NULL));
	return child;
}

/* A suspended thread of the task, that will start at eip with this stack and these two arguments. */
__attribute__((unused)) static thread_t new_child_thread(task_t child, vm_address_t eip, unsigned int first,
							 unsigned int second)
{
	thread_t thread = MACH_PORT_NULL;
	vm_address_t stack = 0;
	struct i386_thread_state state;
	unsigned int count = i386_THREAD_STATE_COUNT;
	unsigned int frame[4] = { 0, first, second, 0 };	/* a return address, and arguments */

	CHECK_SUCCESS(thread_create(child, &thread));
	CHECK_SUCCESS(vm_allocate(child, &stack, CHILD_STACK, TRUE));
	CHECK_SUCCESS(vm_write(child, stack + CHILD_STACK - sizeof frame, (pointer_t)frame, sizeof frame));
	CHECK_SUCCESS(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t)&state, &count));
	state.eip = eip;
	state.uesp = stack + CHILD_STACK - sizeof frame;
	CHECK_SUCCESS(thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)&state, count));
	return thread;
}

/* Let the child run the function. */
__attribute__((unused)) static void start_child(task_t child, void (*function)(int argument), int argument)
{
	thread_t thread = new_child_thread(child, (vm_address_t)child_main, (unsigned int)function, argument);

	CHECK_SUCCESS(thread_resume(thread));
	CHECK_SUCCESS(mach_port_deallocate(mach_task_self(), thread));
}

/* Until the child is gone: our name for it is dead. */
__attribute__((unused)) static void await_end(task_t child)
{
	mach_port_type_t type = 0;

	while (mach_port_type(mach_task_self(), child, &type) == KERN_SUCCESS && !(type & MACH_PORT_TYPE_DEAD_NAME))
		(void)swtch_pri(0);
}

#endif	/* _TESTS_CHILD_H_ */
