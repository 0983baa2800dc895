/*
 * Who is told of an exception, in which order, and what their answers do: the thread's port, then the
 * task's; then the task is terminated.
 */
#include "exceptions.h"

static struct raised raised, other;
static mach_port_t thread_port, task_port;
static task_t child;
static thread_t thread;

static void load_nothing(int argument)
{
	mach_init();
	(void)*(volatile int *)argument;
	report(argument);
	sleep_forever();
}

static void go_on(void)
{
	report(99);
	sleep_forever();
}

#define NOWHERE	16

/* A child that runs function; its thread and task have exception ports if wanted. */
static void start(thread_function_t function, boolean_t with_thread_port, boolean_t with_task_port)
{
	thread_port = new_port_with_send();
	task_port = new_port_with_send();
	child = new_child(task_port);
	thread = new_thread(child, function, NOWHERE, 0);
	CHECK_SUCCESS(task_set_special_port(child, TASK_EXCEPTION_PORT,
					    with_task_port ? task_port : MACH_PORT_NULL));
	if (with_thread_port)
		CHECK_SUCCESS(thread_set_special_port(thread, THREAD_EXCEPTION_PORT, thread_port));
	CHECK_SUCCESS(thread_resume(thread));
}

static void finish(void)
{
	end_task(child);
	CHECK_SUCCESS(mach_port_deallocate(SELF, thread));
	destroy(thread_port);
	destroy(task_port);
}

static void expect_termination(void)
{
	await_death(child);
	await_death(thread);
	CHECK_SUCCESS(mach_port_deallocate(SELF, child));
	CHECK_SUCCESS(mach_port_deallocate(SELF, thread));
	destroy(thread_port);
	destroy(task_port);
}

/* The child goes on behind its fault and says so. */
static void repair_and_answer(struct raised *exception)
{
	redirect(exception->thread, go_on);
	answer(exception, KERN_SUCCESS);
	CHECK_EQUAL(await_report(task_port), 99);
}

TEST(the_threads_port_comes_first)
{
	start(load_nothing, TRUE, TRUE);
	await_exception(thread_port, &raised);
	CHECK_EQUAL(raised.thread, thread);
	CHECK_EQUAL(raised.task, child);
	expect_nothing(task_port);
	repair_and_answer(&raised);
	finish();
}

TEST(the_tasks_port_is_told_if_the_thread_has_none)
{
	start(load_nothing, FALSE, TRUE);
	await_exception(task_port, &raised);
	repair_and_answer(&raised);
	finish();
}

TEST(failure_goes_on_to_the_tasks_port)
{
	start(load_nothing, TRUE, TRUE);
	await_exception(thread_port, &raised);
	answer(&raised, KERN_FAILURE);
	await_exception(task_port, &other);
	CHECK_EQUAL(other.exception, EXC_BAD_ACCESS);
	CHECK_EQUAL(other.code, KERN_INVALID_ADDRESS);
	CHECK_EQUAL(other.subcode, NOWHERE);
	repair_and_answer(&other);
	finish();
}

TEST(an_answer_that_is_none_is_a_failure)
{
	start(load_nothing, TRUE, TRUE);
	await_exception(thread_port, &raised);
	CHECK_RETURNS(answer_with_id(&raised, 1, KERN_SUCCESS), MACH_MSG_SUCCESS);
	await_exception(task_port, &other);
	repair_and_answer(&other);
	finish();
}

TEST(a_server_that_drops_the_question_is_passed_over)
{
	start(load_nothing, TRUE, TRUE);
	await_exception(thread_port, &raised);
	CHECK_SUCCESS(mach_port_deallocate(SELF, raised.head.msgh_remote_port));
	CHECK_SUCCESS(mach_port_deallocate(SELF, raised.thread));
	CHECK_SUCCESS(mach_port_deallocate(SELF, raised.task));
	await_exception(task_port, &other);
	repair_and_answer(&other);
	finish();
}

TEST(a_server_that_dies_before_it_looks_is_passed_over)
{
	start(load_nothing, TRUE, TRUE);
	await_state(thread, TH_STATE_WAITING);
	destroy(thread_port);
	await_exception(task_port, &other);
	repair_and_answer(&other);
	thread_port = new_port();
	finish();
}

TEST(a_dead_port_is_passed_over)
{
	thread_port = new_port_with_send();
	task_port = new_port_with_send();
	child = new_child(task_port);
	thread = new_thread(child, load_nothing, NOWHERE, 0);
	CHECK_SUCCESS(task_set_special_port(child, TASK_EXCEPTION_PORT, task_port));
	CHECK_SUCCESS(thread_set_special_port(thread, THREAD_EXCEPTION_PORT, thread_port));
	destroy(thread_port);
	CHECK_SUCCESS(thread_resume(thread));
	await_exception(task_port, &raised);
	repair_and_answer(&raised);
	thread_port = new_port();
	finish();
}

TEST(nobody_to_tell_ends_the_task_and_only_that)
{
	task_t bystander = new_child(MACH_PORT_NULL);

	start(load_nothing, FALSE, FALSE);
	expect_termination();
	end_task(bystander);
}

TEST(failure_everywhere_ends_the_task)
{
	start(load_nothing, TRUE, TRUE);
	await_exception(thread_port, &raised);
	answer(&raised, KERN_FAILURE);
	await_exception(task_port, &raised);
	answer(&raised, KERN_FAILURE);
	expect_termination();
}

/* ---------------------------------------------------------------- repairs */

TEST(a_repaired_access_is_done_again)
{
	vm_address_t page = 0;
	vm_address_t argument;

	start(load_nothing, TRUE, FALSE);
	await_exception(thread_port, &raised);
	CHECK_SUCCESS(vm_allocate(child, &page, vm_page_size, FALSE));		/* address 0 */
	argument = page + NOWHERE;
	answer(&raised, KERN_SUCCESS);
	CHECK_EQUAL(await_report(task_port), argument);
	finish();
}

TEST(an_access_that_was_not_repaired_faults_again)
{
	start(load_nothing, TRUE, FALSE);
	await_exception(thread_port, &raised);
	answer(&raised, KERN_SUCCESS);
	await_exception(thread_port, &raised);
	CHECK_EQUAL(raised.subcode, NOWHERE);
	repair_and_answer(&raised);
	finish();
}

TEST(exceptions_may_nest)
{
	thread_t second;

	start(load_nothing, TRUE, FALSE);
	await_exception(thread_port, &raised);
	second = new_thread(child, load_nothing, 2 * NOWHERE, 1);
	CHECK_SUCCESS(thread_set_special_port(second, THREAD_EXCEPTION_PORT, thread_port));
	CHECK_SUCCESS(thread_resume(second));
	await_exception(thread_port, &other);
	CHECK_EQUAL(other.thread, second);
	CHECK_EQUAL(other.subcode, 2 * NOWHERE);
	repair_and_answer(&other);
	repair_and_answer(&raised);
	CHECK_SUCCESS(mach_port_deallocate(SELF, second));
	finish();
}

/* ---------------------------------------------------------------- in between */

static void expect_late_answer(struct raised *exception)
{
	CHECK_RETURNS(answer_with_id(exception, EXCEPTION_RAISE_ID + 100, KERN_SUCCESS),
		      MACH_SEND_INVALID_DEST);
	CHECK_SUCCESS(mach_port_deallocate(SELF, exception->head.msgh_remote_port));
}

TEST(a_thread_may_end_before_the_answer)
{
	start(load_nothing, TRUE, TRUE);
	await_exception(thread_port, &raised);
	CHECK_SUCCESS(thread_terminate(thread));
	expect_late_answer(&raised);
	expect_nothing(task_port);
	finish();
}

TEST(abort_takes_the_thread_out_of_its_exception)
{
	start(load_nothing, TRUE, TRUE);
	await_exception(thread_port, &raised);
	CHECK_SUCCESS(thread_suspend(thread));
	CHECK_SUCCESS(thread_abort(thread));
	await_state(thread, TH_STATE_STOPPED);
	redirect(thread, go_on);
	CHECK_SUCCESS(thread_resume(thread));
	CHECK_EQUAL(await_report(task_port), 99);
	expect_late_answer(&raised);
	finish();
}

TEST(an_aborted_exception_is_raised_again)
{
	start(load_nothing, TRUE, TRUE);
	await_exception(thread_port, &raised);
	CHECK_SUCCESS(thread_abort(thread));
	await_exception(thread_port, &other);
	CHECK_EQUAL(other.subcode, NOWHERE);
	expect_late_answer(&raised);
	repair_and_answer(&other);
	finish();
}

TEST(a_suspended_thread_takes_the_answer_and_stands_still)
{
	start(load_nothing, TRUE, TRUE);
	await_exception(thread_port, &raised);
	CHECK_SUCCESS(thread_suspend(thread));
	redirect(thread, go_on);
	answer(&raised, KERN_SUCCESS);
	await_state(thread, TH_STATE_STOPPED);
	expect_nothing(task_port);
	CHECK_SUCCESS(thread_resume(thread));
	CHECK_EQUAL(await_report(task_port), 99);
	finish();
}
