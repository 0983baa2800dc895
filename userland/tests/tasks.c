/*
 * Tasks: creation, threads of them, suspension, end.
 */
#include <mach/mach_norma.h>
#include "kernel_threads.h"

static task_t empty_task(void)
{
	task_t task = MACH_PORT_NULL;

	CHECK_SUCCESS(task_create(SELF, FALSE, &task));
	return task;
}

static struct task_basic_info info_of(task_t task)
{
	struct task_basic_info info;
	unsigned int count = TASK_BASIC_INFO_COUNT;

	CHECK_SUCCESS(task_info(task, TASK_BASIC_INFO, (task_info_t)&info, &count));
	CHECK_EQUAL(count, TASK_BASIC_INFO_COUNT);
	return info;
}

static unsigned int threads_of(task_t task)
{
	thread_array_t threads = 0;
	unsigned int count = 0;

	CHECK_SUCCESS(task_threads(task, &threads, &count));
	free_ports(threads, count);
	return count;
}

/* ---------------------------------------------------------------- creation and end */

TEST(a_new_task_has_nothing)
{
	task_t task = empty_task();
	struct task_basic_info info = info_of(task);

	CHECK_EQUAL(info.suspend_count, 0);
	CHECK_EQUAL(info.virtual_size, 0);
	CHECK_EQUAL(info.resident_size, 0);
	CHECK_EQUAL(threads_of(task), 0);
	end_task(task);
}

TEST(a_terminated_task_leaves_a_dead_name)
{
	task_t task = empty_task();

	CHECK_SUCCESS(task_terminate(task));
	CHECK_EQUAL(type_of(task), MACH_PORT_TYPE_DEAD_NAME);
	CHECK_RETURNS(task_terminate(task), MACH_SEND_INVALID_DEST);
	CHECK_RETURNS(task_suspend(task), MACH_SEND_INVALID_DEST);
	CHECK_SUCCESS(mach_port_deallocate(SELF, task));
}

static int word_of(task_t task, volatile int *address)
{
	pointer_t data = 0;
	unsigned int count = 0;
	int value;

	CHECK_SUCCESS(vm_read(task, (vm_address_t)address, sizeof value, &data, &count));
	value = *(int *)data;
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)data, count));
	return value;
}

TEST(a_child_inherits_memory_as_each_region_says)
{
	vm_address_t pages = 0;
	volatile int *copied, *shared;
	task_t child = MACH_PORT_NULL;
	pointer_t data;
	unsigned int count;

	CHECK_SUCCESS(vm_allocate(SELF, &pages, 3 * vm_page_size, TRUE));
	copied = (int *)pages;
	shared = (int *)(pages + vm_page_size);
	CHECK_SUCCESS(vm_inherit(SELF, (vm_address_t)shared, vm_page_size, VM_INHERIT_SHARE));
	CHECK_SUCCESS(vm_inherit(SELF, pages + 2 * vm_page_size, vm_page_size, VM_INHERIT_NONE));
	*copied = *shared = 1;
	CHECK_SUCCESS(task_create(SELF, TRUE, &child));
	*copied = *shared = 2;
	CHECK_EQUAL(word_of(child, copied), 1);
	CHECK_EQUAL(word_of(child, shared), 2);
	CHECK_RETURNS(vm_read(child, pages + 2 * vm_page_size, vm_page_size, &data, &count),
		      KERN_INVALID_ADDRESS);
	end_task(child);
	CHECK_EQUAL(*copied + *shared, 4);
	CHECK_SUCCESS(vm_deallocate(SELF, pages, 3 * vm_page_size));
}

TEST(creation_refuses)
{
	task_t task;

	CHECK_RETURNS(task_create(host(), FALSE, &task), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_terminate(host()), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_terminate(MACH_PORT_NULL), MACH_SEND_INVALID_DEST);
}

#define MANY	4096

static task_t many[MANY];

TEST(frames_for_tasks_run_out_without_harm)
{
	task_t more = MACH_PORT_NULL;
	int count = 0, i;

	while (count < MANY && task_create(SELF, FALSE, &many[count]) == KERN_SUCCESS)
		count++;
	CHECK(count < MANY);
	CHECK_RETURNS(task_create(SELF, FALSE, &more), KERN_RESOURCE_SHORTAGE);
	CHECK_RETURNS(task_create(SELF, TRUE, &more), KERN_RESOURCE_SHORTAGE);
	CHECK_RETURNS(norma_task_create(SELF, FALSE, 0, &more), KERN_RESOURCE_SHORTAGE);
	for (i = 0; i < count; i++)
		end_task(many[i]);
	end_task(empty_task());
}

static void end_by_trap(int argument)
{
	(void)argument;
	mach_init();
	(void)task_terminate(mach_task_self());
	report(1);
	sleep_forever();
}

/* A call without arguments or results, sent as a message and not done by a trap. */
static kern_return_t call_by_message(mach_port_t port, int id)
{
	struct { mach_msg_header_t head; mach_msg_type_t type; kern_return_t code; int room[8]; } message;
	mach_port_t reply = mach_reply_port();
	kern_return_t result;

	message.head = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = port,
		.msgh_local_port = reply,
		.msgh_id = id,
	};
	result = mach_msg(&message.head, MACH_SEND_MSG | MACH_RCV_MSG, sizeof message.head, sizeof message,
			  reply, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	(void)mach_port_mod_refs(SELF, reply, MACH_PORT_RIGHT_RECEIVE, -1);
	return result == MACH_MSG_SUCCESS ? message.code : result;
}

#define TASK_TERMINATE_ID	2008
#define TASK_SUSPEND_ID		2057

static void end_by_message(int argument)
{
	(void)argument;
	mach_init();
	(void)call_by_message(mach_task_self(), TASK_TERMINATE_ID);
	report(1);
	sleep_forever();
}

static void check_ends(thread_function_t function)
{
	mach_port_t port = new_port_with_send();
	task_t child = new_child(port);
	thread_t thread = start_thread(child, function, 0, 0);

	await_death(child);
	await_death(thread);
	expect_nothing(port);
	CHECK_SUCCESS(mach_port_deallocate(SELF, thread));
	CHECK_SUCCESS(mach_port_deallocate(SELF, child));
	destroy(port);
}

TEST(a_task_can_end_itself)
{
	check_ends(end_by_trap);
	check_ends(end_by_message);
}

TEST(calls_work_as_messages_too)
{
	task_t task = empty_task();

	CHECK_SUCCESS(call_by_message(task, TASK_SUSPEND_ID));
	CHECK_EQUAL(info_of(task).suspend_count, 1);
	CHECK_SUCCESS(call_by_message(task, TASK_TERMINATE_ID));
	CHECK_EQUAL(type_of(task), MACH_PORT_TYPE_DEAD_NAME);
	CHECK_SUCCESS(mach_port_deallocate(SELF, task));
}

/* ---------------------------------------------------------------- threads in every state */

static void compute(int argument)
{
	(void)argument;
	for (;;)
		;
}

static void receive_nothing(int argument)
{
	struct note_room room;
	mach_port_t port = mach_reply_port();

	(void)argument;
	(void)mach_msg_trap(&room.head, MACH_RCV_MSG, 0, sizeof room, port, 0, MACH_PORT_NULL);
	sleep_forever();
}

static void fill_queue(int argument)
{
	(void)argument;
	mach_init();
	for (;;)
		report(1);
}

static void sleep_in_the_kernel(int argument)
{
	(void)argument;
	sleep_forever();
}

TEST(a_task_ends_with_threads_in_every_state)
{
	mach_port_t port = new_port_with_send();
	task_t child = new_child(port);
	thread_t threads[5];
	int i;

	threads[0] = start_thread(child, compute, 0, 0);
	threads[1] = start_thread(child, receive_nothing, 0, 1);
	threads[2] = start_thread(child, fill_queue, 0, 2);
	threads[3] = start_thread(child, sleep_in_the_kernel, 0, 3);
	CHECK_SUCCESS(thread_create(child, &threads[4]));
	CHECK_EQUAL(threads_of(child), 5);
	for (i = 1; i < 4; i++)
		await_state(threads[i], TH_STATE_WAITING);
	CHECK_EQUAL(basic_info(threads[0]).run_state, TH_STATE_RUNNING);
	CHECK_EQUAL(basic_info(threads[4]).run_state, TH_STATE_STOPPED);
	end_task(child);
	for (i = 0; i < 5; i++) {
		CHECK_EQUAL(type_of(threads[i]), MACH_PORT_TYPE_DEAD_NAME);
		CHECK_SUCCESS(mach_port_deallocate(SELF, threads[i]));
	}
	destroy(port);
}

TEST(threads_are_listed)
{
	task_t task = empty_task();
	thread_t first = MACH_PORT_NULL, second = MACH_PORT_NULL;
	thread_array_t threads = 0;
	unsigned int count = 0;

	CHECK_SUCCESS(thread_create(task, &first));
	CHECK_SUCCESS(thread_create(task, &second));
	CHECK_SUCCESS(task_threads(task, &threads, &count));
	CHECK_EQUAL(count, 2);
	CHECK_EQUAL(threads[0], first);
	CHECK_EQUAL(threads[1], second);
	free_ports(threads, count);
	end_thread(first);
	CHECK_EQUAL(threads_of(task), 1);
	CHECK_RETURNS(task_threads(host(), &threads, &count), KERN_INVALID_ARGUMENT);
	end_thread(second);
	end_task(task);
}

/* ---------------------------------------------------------------- suspension */

static volatile int *shared_words;

static void count_in_shared_memory(int argument)
{
	(void)argument;
	for (;;) {
		shared_words[0]++;
		(void)swtch();
	}
}

static void await_progress(void)
{
	int before = shared_words[0];

	while (shared_words[0] == before)
		pause_ms(1);
}

static void check_no_progress(void)
{
	int before = shared_words[0];

	pause_ms(5);
	CHECK_EQUAL(shared_words[0], before);
}

TEST(a_suspended_task_stands_still)
{
	vm_address_t page = 0;
	task_t child;
	thread_t thread;

	CHECK_SUCCESS(vm_allocate(SELF, &page, vm_page_size, TRUE));
	CHECK_SUCCESS(vm_inherit(SELF, page, vm_page_size, VM_INHERIT_SHARE));
	shared_words = (int *)page;
	child = new_child(MACH_PORT_NULL);
	CHECK_SUCCESS(task_suspend(child));
	thread = start_thread(child, count_in_shared_memory, 0, 0);
	check_no_progress();
	CHECK_SUCCESS(task_resume(child));
	await_progress();
	CHECK_SUCCESS(task_suspend(child));
	CHECK_SUCCESS(task_suspend(child));
	CHECK_EQUAL(info_of(child).suspend_count, 2);
	check_no_progress();
	CHECK_SUCCESS(task_resume(child));
	check_no_progress();
	CHECK_SUCCESS(thread_suspend(thread));
	CHECK_SUCCESS(task_resume(child));
	check_no_progress();
	CHECK_SUCCESS(thread_resume(thread));
	await_progress();
	end_task(child);
	await_death(thread);
	CHECK_SUCCESS(mach_port_deallocate(SELF, thread));
	CHECK_SUCCESS(vm_deallocate(SELF, page, vm_page_size));
}

static void suspend_own_task(int argument)
{
	(void)argument;
	mach_init();
	report(1);
	report(task_suspend(mach_task_self()));
	sleep_forever();
}

TEST(a_task_can_suspend_itself)
{
	mach_port_t port = new_port_with_send();
	task_t child = new_child(port);
	thread_t thread = start_thread(child, suspend_own_task, 0, 0);

	CHECK_EQUAL(await_report(port), 1);
	await_state(thread, TH_STATE_STOPPED);
	expect_nothing(port);
	CHECK_SUCCESS(task_resume(child));
	CHECK_EQUAL(await_report(port), KERN_SUCCESS);
	end_task(child);
	CHECK_SUCCESS(mach_port_deallocate(SELF, thread));
	destroy(port);
}

TEST(suspension_refuses)
{
	task_t task = empty_task();

	CHECK_RETURNS(task_resume(task), KERN_FAILURE);
	CHECK_RETURNS(task_suspend(host()), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_resume(host()), KERN_INVALID_ARGUMENT);
	end_task(task);
}
