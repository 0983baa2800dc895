/*
 * Threads: creation, end, suspension, and breaking them out of what they wait for.
 */
#include "kernel_threads.h"

static volatile int counter, go, result;

static void count_up(int argument)
{
	(void)argument;
	for (;;) {
		counter++;
		(void)swtch();
	}
}

static void await_progress(void)
{
	int before = counter;

	while (counter == before)
		pause_ms(1);
}

static void check_no_progress(void)
{
	int before = counter;

	pause_ms(5);
	CHECK_EQUAL(counter, before);
}

/* ---------------------------------------------------------------- creation and end */

TEST(a_new_thread_is_suspended)
{
	thread_t thread = MACH_PORT_NULL;

	CHECK_SUCCESS(thread_create(SELF, &thread));
	CHECK_EQUAL(basic_info(thread).suspend_count, 1);
	CHECK_EQUAL(basic_info(thread).run_state, TH_STATE_STOPPED);
	end_thread(thread);
}

static void answer(int argument)
{
	result = argument;
	sleep_forever();
}

TEST(a_thread_starts_where_its_state_says)
{
	thread_t thread;

	result = 0;
	thread = start_thread(SELF, answer, 42, 0);
	await_value(&result, 42);
	end_thread(thread);
}

TEST(creation_refuses)
{
	thread_t thread = MACH_PORT_NULL;

	CHECK_RETURNS(thread_create(host(), &thread), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_terminate(host()), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(thread_create(SELF, &thread));
	CHECK_SUCCESS(thread_terminate(thread));
	CHECK_RETURNS(thread_terminate(thread), MACH_SEND_INVALID_DEST);
	CHECK_SUCCESS(mach_port_deallocate(SELF, thread));
}

static void end_itself(int argument)
{
	(void)argument;
	mach_init();
	(void)thread_terminate(mach_thread_self());
	report(1);
	sleep_forever();
}

TEST(a_thread_can_end_itself)
{
	mach_port_t port = new_port_with_send();
	task_t child = new_child(port);
	thread_t thread = start_thread(child, end_itself, 0, 0);
	thread_array_t threads = 0;
	unsigned int count = 1;

	await_death(thread);
	CHECK_SUCCESS(task_threads(child, &threads, &count));
	CHECK_EQUAL(count, 0);
	expect_nothing(port);
	CHECK_SUCCESS(mach_port_deallocate(SELF, thread));
	end_task(child);
	destroy(port);
}

static void send_for_ever(int argument)
{
	struct note note;

	fill_note(&note, argument, MACH_MSG_TYPE_MAKE_SEND, 7);
	for (;;)
		(void)mach_msg_trap(&note.head, MACH_SEND_MSG, sizeof note, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

TEST(a_thread_that_waits_to_send_ends_with_its_message)
{
	mach_port_t port = new_port();
	thread_t thread = start_thread(SELF, send_for_ever, port, 0);
	int i;

	await_state(thread, TH_STATE_WAITING);
	CHECK_EQUAL(status_of(port).mps_msgcount, MACH_PORT_QLIMIT_DEFAULT);
	end_thread(thread);
	for (i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
		expect_note(port, 7);
	expect_nothing(port);
	destroy(port);
}

/* ---------------------------------------------------------------- suspension */

TEST(suspensions_are_counted)
{
	thread_t thread = start_thread(SELF, count_up, 0, 0);

	await_progress();
	CHECK_SUCCESS(thread_suspend(thread));
	CHECK_SUCCESS(thread_suspend(thread));
	CHECK_EQUAL(basic_info(thread).suspend_count, 2);
	CHECK_EQUAL(basic_info(thread).run_state, TH_STATE_STOPPED);
	check_no_progress();
	CHECK_SUCCESS(thread_resume(thread));
	check_no_progress();
	CHECK_SUCCESS(thread_resume(thread));
	await_progress();
	end_thread(thread);
}

TEST(suspension_refuses)
{
	thread_t thread = start_thread(SELF, count_up, 0, 0);

	CHECK_RETURNS(thread_resume(thread), KERN_FAILURE);
	CHECK_RETURNS(thread_suspend(host()), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_resume(host()), KERN_INVALID_ARGUMENT);
	end_thread(thread);
}

static void suspend_itself(int argument)
{
	(void)argument;
	mach_init();
	report(1);
	report(thread_suspend(mach_thread_self()));
	sleep_forever();
}

TEST(a_thread_can_suspend_itself)
{
	mach_port_t port = new_port_with_send();
	task_t child = new_child(port);
	thread_t thread = start_thread(child, suspend_itself, 0, 0);

	CHECK_EQUAL(await_report(port), 1);
	await_state(thread, TH_STATE_STOPPED);
	expect_nothing(port);
	CHECK_SUCCESS(thread_resume(thread));
	CHECK_EQUAL(await_report(port), KERN_SUCCESS);
	end_task(child);
	CHECK_SUCCESS(mach_port_deallocate(SELF, thread));
	destroy(port);
}

static mach_port_t exchange;
static struct note_room received;

static void receive_once(int argument)
{
	(void)argument;
	result = mach_msg_trap(&received.head, MACH_RCV_MSG, 0, sizeof received, exchange, 0, MACH_PORT_NULL);
	go = 1;
	sleep_forever();
}

TEST(a_suspended_thread_still_receives_but_does_not_go_on)
{
	thread_t thread;

	exchange = new_port();
	go = 0;
	thread = start_thread(SELF, receive_once, 0, 0);
	await_state(thread, TH_STATE_WAITING);
	CHECK_SUCCESS(thread_suspend(thread));
	CHECK_RETURNS(send_note(exchange, MACH_MSG_TYPE_MAKE_SEND, 5), MACH_MSG_SUCCESS);
	CHECK_EQUAL(basic_info(thread).run_state, TH_STATE_STOPPED);
	CHECK_EQUAL(status_of(exchange).mps_msgcount, 0);
	pause_ms(5);
	CHECK_EQUAL(go, 0);
	CHECK_SUCCESS(thread_resume(thread));
	await_value(&go, 1);
	CHECK_EQUAL(result, MACH_MSG_SUCCESS);
	CHECK_EQUAL(received.value, 5);
	end_thread(thread);
	destroy(exchange);
}

/* ---------------------------------------------------------------- abort */

TEST(abort_ends_a_receive)
{
	thread_t thread;

	exchange = new_port();
	go = 0;
	thread = start_thread(SELF, receive_once, 0, 0);
	await_state(thread, TH_STATE_WAITING);
	CHECK_SUCCESS(thread_abort(thread));
	await_value(&go, 1);
	CHECK_EQUAL(result, MACH_RCV_INTERRUPTED);
	end_thread(thread);
	destroy(exchange);
}

static void send_until_it_fails(int argument)
{
	struct note note;

	do {
		fill_note(&note, argument, MACH_MSG_TYPE_MAKE_SEND, 7);
		result = mach_msg_trap(&note.head, MACH_SEND_MSG, sizeof note, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
	} while (result == MACH_MSG_SUCCESS);
	go = 1;
	sleep_forever();
}

TEST(abort_ends_a_send)
{
	mach_port_t port = new_port();
	thread_t thread;

	go = 0;
	thread = start_thread(SELF, send_until_it_fails, port, 0);
	await_state(thread, TH_STATE_WAITING);
	CHECK_SUCCESS(thread_abort(thread));
	await_value(&go, 1);
	CHECK_EQUAL(result, MACH_SEND_INTERRUPTED);
	end_thread(thread);
	destroy(port);
}

static void wait_long(int argument)
{
	(void)argument;
	result = thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 1000000);
	go = 1;
	sleep_forever();
}

TEST(abort_ends_a_timed_wait)
{
	thread_t thread;

	go = 0;
	thread = start_thread(SELF, wait_long, 0, 0);
	await_state(thread, TH_STATE_WAITING);
	CHECK_SUCCESS(thread_abort(thread));
	await_value(&go, 1);
	CHECK_EQUAL(result, KERN_ABORTED);
	end_thread(thread);
}

TEST(abort_of_a_suspended_thread_lets_its_state_be_set)
{
	struct i386_thread_state state;
	unsigned int count = i386_THREAD_STATE_COUNT;
	thread_t thread;

	exchange = new_port();
	result = go = 0;
	thread = start_thread(SELF, receive_once, 0, 0);
	await_state(thread, TH_STATE_WAITING);
	CHECK_SUCCESS(thread_suspend(thread));
	CHECK_SUCCESS(thread_abort(thread));
	CHECK_EQUAL(basic_info(thread).run_state, TH_STATE_STOPPED);
	CHECK_SUCCESS(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t)&state, &count));
	CHECK_EQUAL(state.eax, MACH_RCV_INTERRUPTED);
	state.eip = (unsigned int)answer;
	state.uesp = (unsigned int)(stacks[1] + STACK_BYTES - 32);
	((unsigned int *)state.uesp)[1] = 77;
	CHECK_SUCCESS(thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)&state, count));
	CHECK_SUCCESS(thread_resume(thread));
	await_value(&result, 77);
	CHECK_EQUAL(go, 0);
	end_thread(thread);
	destroy(exchange);
}

TEST(abort_does_nothing_to_a_thread_that_does_not_wait)
{
	thread_t thread = start_thread(SELF, count_up, 0, 0);

	await_progress();
	CHECK_SUCCESS(thread_abort(thread));
	await_progress();
	end_thread(thread);
}

TEST(abort_refuses)
{
	CHECK_RETURNS(thread_abort(this_thread()), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_abort(host()), KERN_INVALID_ARGUMENT);
}
