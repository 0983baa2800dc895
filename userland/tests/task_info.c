/*
 * What a task's information says: its size, what happened in it, the time its threads used.
 */
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

TEST(basic_info_says_how_large_a_task_is)
{
	struct task_basic_info before, after;
	vm_address_t pages = 0;
	task_t task = empty_task();

	before = info_of(task);
	CHECK_SUCCESS(vm_allocate(task, &pages, 5 * vm_page_size, TRUE));
	CHECK_SUCCESS(vm_write(task, pages, (pointer_t)"x", 1));
	after = info_of(task);
	CHECK_EQUAL(after.virtual_size - before.virtual_size, 5 * vm_page_size);
	CHECK_EQUAL(after.base_priority, info_of(SELF).base_priority);
	CHECK_EQUAL(after.user_time.seconds + after.user_time.microseconds, 0);
	end_task(task);
	CHECK(info_of(SELF).resident_size > 0);
}

static struct task_events_info events_of_self(void)
{
	struct task_events_info info;
	unsigned int count = TASK_EVENTS_INFO_COUNT;

	CHECK_SUCCESS(task_info(SELF, TASK_EVENTS_INFO, (task_info_t)&info, &count));
	CHECK_EQUAL(count, TASK_EVENTS_INFO_COUNT);
	return info;
}

TEST(events_are_counted)
{
	struct task_events_info before, after;
	vm_address_t pages = 0;
	task_t child = MACH_PORT_NULL;

	CHECK_SUCCESS(vm_allocate(SELF, &pages, 2 * vm_page_size, TRUE));
	before = events_of_self();
	*(volatile int *)pages = 1;
	*(volatile int *)(pages + vm_page_size) = 1;
	after = events_of_self();
	CHECK_EQUAL(after.faults - before.faults, 2);
	CHECK_EQUAL(after.zero_fills - before.zero_fills, 2);
	CHECK_EQUAL(after.cow_faults - before.cow_faults, 0);
	CHECK_EQUAL(after.messages_sent - before.messages_sent, 1);
	CHECK_EQUAL(after.messages_received - before.messages_received, 1);
	CHECK_SUCCESS(task_create(SELF, TRUE, &child));
	before = events_of_self();
	*(volatile int *)pages = 2;
	after = events_of_self();
	CHECK(after.cow_faults > before.cow_faults);
	end_task(child);
	CHECK_SUCCESS(vm_deallocate(SELF, pages, 2 * vm_page_size));
}

static void compute(int argument)
{
	(void)argument;
	for (;;)
		;
}

static long long microseconds(time_value_t time)
{
	return time.seconds * 1000000ll + time.microseconds;
}

static struct task_thread_times_info times_of(task_t task)
{
	struct task_thread_times_info info;
	unsigned int count = TASK_THREAD_TIMES_INFO_COUNT;

	CHECK_SUCCESS(task_info(task, TASK_THREAD_TIMES_INFO, (task_info_t)&info, &count));
	CHECK_EQUAL(count, TASK_THREAD_TIMES_INFO_COUNT);
	return info;
}

TEST(times_of_live_threads_become_times_of_the_task)
{
	task_t child = new_child(MACH_PORT_NULL);
	thread_t thread = start_thread(child, compute, 0, 0);
	long long live;

	while (microseconds(times_of(child).user_time) < 2000)
		pause_ms(1);
	CHECK_EQUAL(microseconds(info_of(child).user_time), 0);
	CHECK_SUCCESS(thread_suspend(thread));
	live = microseconds(times_of(child).user_time);
	end_thread(thread);
	CHECK_EQUAL(microseconds(times_of(child).user_time), 0);
	CHECK_EQUAL(microseconds(info_of(child).user_time), live);
	end_task(child);
}

TEST(information_refuses)
{
	int info[TASK_BASIC_INFO_COUNT];
	unsigned int count = TASK_BASIC_INFO_COUNT - 1;

	CHECK_RETURNS(task_info(SELF, TASK_BASIC_INFO, info, &count), KERN_INVALID_ARGUMENT);
	count = TASK_EVENTS_INFO_COUNT - 1;
	CHECK_RETURNS(task_info(SELF, TASK_EVENTS_INFO, info, &count), KERN_INVALID_ARGUMENT);
	count = TASK_THREAD_TIMES_INFO_COUNT - 1;
	CHECK_RETURNS(task_info(SELF, TASK_THREAD_TIMES_INFO, info, &count), KERN_INVALID_ARGUMENT);
	count = TASK_BASIC_INFO_COUNT;
	CHECK_RETURNS(task_info(SELF, 99, info, &count), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_info(host(), TASK_BASIC_INFO, info, &count), KERN_INVALID_ARGUMENT);
}
