/*
 * Processors: what they are, and starting, stopping and assigning those besides the first.  On a machine
 * with one processor the tests of others have nothing to do.
 */
#include "kernel_threads.h"

static processor_array_t processors;
static unsigned int processor_count;

static processor_t processor(unsigned int number)
{
	if (processor_count == 0)
		CHECK_SUCCESS(host_processors(host_priv(), &processors, &processor_count));
	return number < processor_count ? processors[number] : MACH_PORT_NULL;
}

static struct processor_basic_info info_of(processor_t which)
{
	struct processor_basic_info info;
	unsigned int count = PROCESSOR_BASIC_INFO_COUNT;
	host_t of = MACH_PORT_NULL;

	CHECK_SUCCESS(processor_info(which, PROCESSOR_BASIC_INFO, &of, (processor_info_t)&info, &count));
	CHECK_EQUAL(of, host());
	CHECK_SUCCESS(mach_port_deallocate(SELF, of));
	return info;
}

static struct host_basic_info host_info_now(void)
{
	struct host_basic_info info;
	unsigned int count = HOST_BASIC_INFO_COUNT;

	CHECK_SUCCESS(host_info(host(), HOST_BASIC_INFO, (host_info_t)&info, &count));
	return info;
}

TEST(processors_are_listed)
{
	unsigned int i;

	(void)processor(0);
	CHECK_EQUAL(processor_count, host_info_now().max_cpus);
	for (i = 0; i < processor_count; i++) {
		CHECK_EQUAL(info_of(processor(i)).slot_num, i);
		CHECK_EQUAL(info_of(processor(i)).is_master, i == 0);
		CHECK_EQUAL(info_of(processor(i)).running, TRUE);
		CHECK_EQUAL(info_of(processor(i)).cpu_type, host_info_now().cpu_type);
	}
}

TEST(information_refuses)
{
	struct processor_basic_info info;
	unsigned int count = PROCESSOR_BASIC_INFO_COUNT - 1;
	host_t of = MACH_PORT_NULL;
	processor_array_t list = 0;

	CHECK_RETURNS(processor_info(processor(0), PROCESSOR_BASIC_INFO, &of, (processor_info_t)&info, &count),
		      KERN_INVALID_ARGUMENT);
	count = PROCESSOR_BASIC_INFO_COUNT;
	CHECK_RETURNS(processor_info(processor(0), 99, &of, (processor_info_t)&info, &count),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_info(host(), PROCESSOR_BASIC_INFO, &of, (processor_info_t)&info, &count),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(host_processors(host(), &list, &count), KERN_INVALID_ARGUMENT);
}

TEST(the_first_processor_stays)
{
	processor_set_t set = MACH_PORT_NULL;
	processor_set_name_t name = MACH_PORT_NULL;

	CHECK_RETURNS(processor_start(processor(0)), KERN_FAILURE);
	CHECK_RETURNS(processor_exit(processor(0)), KERN_FAILURE);
	CHECK_SUCCESS(processor_set_create(host(), &set, &name));
	CHECK_RETURNS(processor_assign(processor(0), set, TRUE), KERN_FAILURE);
	CHECK_SUCCESS(processor_set_destroy(set));
	CHECK_SUCCESS(mach_port_deallocate(SELF, set));
	CHECK_SUCCESS(mach_port_deallocate(SELF, name));
}

TEST(processors_refuse)
{
	int command = 1;
	processor_set_name_t name = MACH_PORT_NULL;

	CHECK_RETURNS(processor_start(host()), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_exit(host()), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_control(host(), &command, 1), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_control(processor(0), &command, 1), KERN_FAILURE);
	CHECK_RETURNS(processor_assign(host(), MACH_PORT_NULL, FALSE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_assign(processor(0), MACH_PORT_NULL, FALSE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_get_assignment(host(), &name), KERN_INVALID_ARGUMENT);
}

static volatile int counters[2];

static void count_up(int argument)
{
	for (;;)
		counters[argument]++;
}

static void await_progress(int which)
{
	int before = counters[which];

	while (counters[which] == before)
		pause_ms(1);
}

TEST(a_stopped_processor_leaves_its_work_to_others)
{
	thread_t first, second;
	processor_set_name_t name = MACH_PORT_NULL;

	if (processor(1) == MACH_PORT_NULL)
		return;
	first = start_thread(SELF, count_up, 0, 0);
	second = start_thread(SELF, count_up, 1, 1);
	await_progress(0);
	await_progress(1);
	CHECK_SUCCESS(processor_exit(processor(1)));
	CHECK_EQUAL(info_of(processor(1)).running, FALSE);
	CHECK_EQUAL(host_info_now().avail_cpus, host_info_now().max_cpus - 1);
	CHECK_RETURNS(processor_exit(processor(1)), KERN_FAILURE);
	CHECK_RETURNS(processor_get_assignment(processor(1), &name), KERN_FAILURE);
	await_progress(0);
	await_progress(1);
	CHECK_SUCCESS(processor_start(processor(1)));
	CHECK_EQUAL(info_of(processor(1)).running, TRUE);
	CHECK_SUCCESS(processor_get_assignment(processor(1), &name));
	CHECK_SUCCESS(mach_port_deallocate(SELF, name));
	await_progress(0);
	await_progress(1);
	end_thread(first);
	end_thread(second);
}

TEST(a_processor_runs_the_threads_of_its_set)
{
	processor_set_t set = MACH_PORT_NULL;
	processor_set_name_t name = MACH_PORT_NULL, got = MACH_PORT_NULL;
	thread_t thread;
	int before;

	if (processor(1) == MACH_PORT_NULL)
		return;
	CHECK_SUCCESS(processor_set_create(host(), &set, &name));
	thread = new_thread(SELF, count_up, 0, 0);
	CHECK_SUCCESS(thread_assign(thread, set));
	CHECK_SUCCESS(thread_resume(thread));
	before = counters[0];
	pause_ms(5);
	CHECK_EQUAL(counters[0], before);
	CHECK_SUCCESS(processor_assign(processor(1), set, TRUE));
	CHECK_SUCCESS(processor_get_assignment(processor(1), &got));
	CHECK_EQUAL(got, name);
	CHECK_SUCCESS(mach_port_deallocate(SELF, got));
	await_progress(0);
	CHECK_SUCCESS(processor_set_destroy(set));	/* processor and thread go to the default set */
	await_progress(0);
	CHECK_SUCCESS(processor_get_assignment(processor(1), &got));
	CHECK(got != name);
	CHECK_SUCCESS(mach_port_deallocate(SELF, got));
	CHECK_SUCCESS(mach_port_deallocate(SELF, set));
	CHECK_SUCCESS(mach_port_deallocate(SELF, name));
	end_thread(thread);
}
