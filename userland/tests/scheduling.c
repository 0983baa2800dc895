/*
 * How threads share processors: priorities and their limits, policies, giving way.
 */
#include "kernel_threads.h"

#define MAX_SPINNERS	3	/* the fourth stack is for who suffers from them */

static volatile int counters[STACKS];

static void spin(int argument)
{
	for (;;)
		counters[argument]++;
}

static struct thread_sched_info sched_info(thread_t thread)
{
	struct thread_sched_info info;
	unsigned int count = THREAD_SCHED_INFO_COUNT;

	CHECK_SUCCESS(thread_info(thread, THREAD_SCHED_INFO, (thread_info_t)&info, &count));
	CHECK_EQUAL(count, THREAD_SCHED_INFO_COUNT);
	return info;
}

static thread_t idle_thread(void)
{
	thread_t thread = MACH_PORT_NULL;

	CHECK_SUCCESS(thread_create(SELF, &thread));
	return thread;
}

static processor_set_t default_set(void)
{
	static processor_set_t set;
	processor_set_name_t name = MACH_PORT_NULL;

	if (set != MACH_PORT_NULL)
		return set;
	CHECK_SUCCESS(processor_set_default(host(), &name));
	CHECK_SUCCESS(host_processor_set_priv(host_priv(), name, &set));
	CHECK_SUCCESS(mach_port_deallocate(SELF, name));
	return set;
}

static int processors(void)
{
	struct host_basic_info info;
	unsigned int count = HOST_BASIC_INFO_COUNT;

	CHECK_SUCCESS(host_info(host(), HOST_BASIC_INFO, (host_info_t)&info, &count));
	CHECK(info.avail_cpus <= MAX_SPINNERS);
	return info.avail_cpus;
}

/* ---------------------------------------------------------------- priorities */

TEST(a_new_thread_is_time_shared_at_its_tasks_priority)
{
	thread_t thread = idle_thread();
	struct thread_sched_info info = sched_info(thread);

	CHECK_EQUAL(info.policy, POLICY_TIMESHARE);
	CHECK_EQUAL(info.base_priority, 12);
	CHECK_EQUAL(info.max_priority, 12);
	CHECK_EQUAL(info.cur_priority, 12);
	CHECK_EQUAL(info.depressed, FALSE);
	CHECK_EQUAL(info.depress_priority, -1);
	end_thread(thread);
}

TEST(priorities_can_be_worsened_and_bettered_up_to_the_limit)
{
	thread_t thread = idle_thread();

	CHECK_SUCCESS(thread_priority(thread, 31, FALSE));
	CHECK_EQUAL(sched_info(thread).base_priority, 31);
	CHECK_EQUAL(sched_info(thread).max_priority, 12);
	CHECK_SUCCESS(thread_priority(thread, 12, FALSE));
	CHECK_RETURNS(thread_priority(thread, 11, FALSE), KERN_FAILURE);
	CHECK_SUCCESS(thread_priority(thread, 15, TRUE));
	CHECK_EQUAL(sched_info(thread).max_priority, 15);
	CHECK_RETURNS(thread_priority(thread, 12, FALSE), KERN_FAILURE);
	CHECK_EQUAL(sched_info(thread).base_priority, 15);
	end_thread(thread);
}

TEST(the_limit_is_the_processor_sets_to_give)
{
	thread_t thread = idle_thread();
	processor_set_t set = MACH_PORT_NULL;
	processor_set_name_t name = MACH_PORT_NULL;

	CHECK_SUCCESS(thread_max_priority(thread, default_set(), 5));
	CHECK_EQUAL(sched_info(thread).max_priority, 5);
	CHECK_SUCCESS(thread_priority(thread, 5, FALSE));
	CHECK_SUCCESS(thread_max_priority(thread, default_set(), 20));
	CHECK_EQUAL(sched_info(thread).base_priority, 20);
	CHECK_SUCCESS(processor_set_create(host(), &set, &name));
	CHECK_RETURNS(thread_max_priority(thread, set, 5), KERN_FAILURE);
	CHECK_RETURNS(thread_max_priority(thread, name, 5), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_max_priority(thread, default_set(), 32), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_max_priority(host(), default_set(), 5), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(processor_set_destroy(set));
	CHECK_SUCCESS(mach_port_deallocate(SELF, set));
	CHECK_SUCCESS(mach_port_deallocate(SELF, name));
	end_thread(thread);
}

TEST(a_tasks_priority_is_that_of_its_new_threads)
{
	task_t task = MACH_PORT_NULL;
	thread_t old = MACH_PORT_NULL, young = MACH_PORT_NULL;

	CHECK_SUCCESS(task_create(SELF, FALSE, &task));
	CHECK_SUCCESS(thread_create(task, &old));
	CHECK_SUCCESS(task_priority(task, 20, FALSE));
	CHECK_SUCCESS(thread_create(task, &young));
	CHECK_EQUAL(sched_info(old).base_priority, 12);
	CHECK_EQUAL(sched_info(young).base_priority, 20);
	CHECK_SUCCESS(task_priority(task, 25, TRUE));
	CHECK_EQUAL(sched_info(old).base_priority, 25);
	CHECK_EQUAL(sched_info(young).base_priority, 25);
	CHECK_RETURNS(task_priority(task, 5, TRUE), KERN_FAILURE);
	CHECK_EQUAL(sched_info(old).base_priority, 25);
	CHECK_RETURNS(task_priority(task, -1, FALSE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_priority(task, 32, FALSE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_priority(host(), 20, FALSE), KERN_INVALID_ARGUMENT);
	end_thread(old);
	end_thread(young);
	end_task(task);
}

TEST(priorities_refuse)
{
	thread_t thread = idle_thread();

	CHECK_RETURNS(thread_priority(thread, -1, FALSE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_priority(thread, 32, FALSE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_priority(host(), 12, FALSE), KERN_INVALID_ARGUMENT);
	end_thread(thread);
}

/* ---------------------------------------------------------------- who runs */

static thread_t spinners[MAX_SPINNERS];

/* As many threads as there are processors, and more, compute all the time. */
static int start_spinners(int more, int priority)
{
	int count = processors() + more, i;

	for (i = 0; i < count; i++) {
		spinners[i] = new_thread(SELF, spin, i, i);
		CHECK_SUCCESS(thread_policy(spinners[i], POLICY_FIXEDPRI, 10));
		CHECK_SUCCESS(thread_priority(spinners[i], priority, FALSE));
		CHECK_SUCCESS(thread_resume(spinners[i]));
	}
	return count;
}

static void end_spinners(int count)
{
	while (count > 0)
		end_thread(spinners[--count]);
}

TEST(a_worse_thread_waits_for_better_ones)
{
	int count = start_spinners(0, 20), seen;
	thread_t worse = new_thread(SELF, spin, MAX_SPINNERS, MAX_SPINNERS);

	CHECK_SUCCESS(thread_policy(worse, POLICY_FIXEDPRI, 10));
	CHECK_SUCCESS(thread_priority(worse, 21, FALSE));
	seen = counters[MAX_SPINNERS];
	CHECK_SUCCESS(thread_resume(worse));
	pause_ms(50);
	CHECK_EQUAL(counters[MAX_SPINNERS], seen);
	CHECK_SUCCESS(thread_priority(worse, 19, FALSE));
	pause_ms(50);
	CHECK(counters[MAX_SPINNERS] > seen);
	end_thread(worse);
	end_spinners(count);
}

TEST(equals_take_turns)
{
	int count, i, before[MAX_SPINNERS];

	count = start_spinners(1, 20);
	for (i = 0; i < count; i++)
		before[i] = counters[i];
	pause_ms(10 * (count + 2));
	for (i = 0; i < count; i++)
		CHECK(counters[i] != before[i]);
	end_spinners(count);
}

TEST(time_sharing_lets_everybody_run)
{
	thread_t threads[STACKS];
	int i, before[STACKS];

	for (i = 0; i < STACKS; i++) {
		before[i] = counters[i];
		threads[i] = start_thread(SELF, spin, i, i);
	}
	for (i = 0; i < STACKS; i++)
		while (counters[i] == before[i])
			pause_ms(100);
	for (i = 0; i < STACKS; i++)
		end_thread(threads[i]);
}

/* ---------------------------------------------------------------- policies */

TEST(policies_are_kept_as_set)
{
	thread_t thread = idle_thread();

	CHECK_SUCCESS(thread_policy(thread, POLICY_FIXEDPRI, 30));
	CHECK_EQUAL(sched_info(thread).policy, POLICY_FIXEDPRI);
	CHECK_EQUAL(sched_info(thread).data, 30);
	CHECK_SUCCESS(thread_policy(thread, POLICY_TIMESHARE, 0));
	CHECK_EQUAL(sched_info(thread).policy, POLICY_TIMESHARE);
	CHECK_EQUAL(sched_info(thread).data, 0);
	end_thread(thread);
}

TEST(policies_refuse)
{
	thread_t thread = idle_thread();
	processor_set_t set = MACH_PORT_NULL;
	processor_set_name_t name = MACH_PORT_NULL;

	CHECK_RETURNS(thread_policy(thread, 99, 0), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_policy(host(), POLICY_TIMESHARE, 0), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(processor_set_create(host(), &set, &name));
	CHECK_SUCCESS(thread_assign(thread, set));
	CHECK_RETURNS(thread_policy(thread, POLICY_FIXEDPRI, 30), KERN_FAILURE);
	CHECK_SUCCESS(processor_set_policy_enable(set, POLICY_FIXEDPRI));
	CHECK_SUCCESS(thread_policy(thread, POLICY_FIXEDPRI, 30));
	CHECK_SUCCESS(processor_set_policy_disable(set, POLICY_FIXEDPRI, TRUE));
	CHECK_EQUAL(sched_info(thread).policy, POLICY_TIMESHARE);
	CHECK_SUCCESS(processor_set_destroy(set));
	CHECK_SUCCESS(mach_port_deallocate(SELF, set));
	CHECK_SUCCESS(mach_port_deallocate(SELF, name));
	end_thread(thread);
}

/* ---------------------------------------------------------------- giving way */

TEST(swtch_says_whether_others_could_run)
{
	int count;

	CHECK_EQUAL(swtch(), FALSE);
	CHECK_EQUAL(swtch_pri(0), FALSE);
	count = start_spinners(1, 31);
	CHECK_EQUAL(swtch(), TRUE);
	CHECK_EQUAL(swtch_pri(0), TRUE);
	end_spinners(count);
}

TEST(thread_switch_may_name_a_thread_or_none)
{
	int count = start_spinners(1, 20);

	CHECK_RETURNS(thread_switch(spinners[count - 1], SWITCH_OPTION_NONE, 0), KERN_SUCCESS);
	CHECK_RETURNS(thread_switch(this_thread(), SWITCH_OPTION_NONE, 0), KERN_SUCCESS);
	CHECK_RETURNS(thread_switch(0x123456, SWITCH_OPTION_NONE, 0), KERN_SUCCESS);	/* only a hint */
	CHECK_RETURNS(thread_switch(MACH_PORT_NULL, SWITCH_OPTION_DEPRESS, 1), KERN_SUCCESS);
	CHECK_RETURNS(thread_switch(MACH_PORT_NULL, 3, 0), KERN_INVALID_ARGUMENT);
	CHECK_EQUAL(sched_info(this_thread()).depressed, FALSE);
	end_spinners(count);
}

static long long now_us(void)
{
	time_value_t now;

	CHECK_SUCCESS(host_get_time(host(), &now));
	return now.seconds * 1000000ll + now.microseconds;
}

TEST(a_wait_lasts_as_long_as_it_says)
{
	long long before = now_us(), passed;

	CHECK_RETURNS(thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 20), KERN_SUCCESS);
	passed = now_us() - before;
	CHECK(passed >= 20000 && passed < 21000);
}

static volatile int switched;

static void give_way(int argument)
{
	for (;;) {
		(void)thread_switch(MACH_PORT_NULL, SWITCH_OPTION_DEPRESS, argument);
		switched++;
	}
}

TEST(a_depressed_thread_has_the_worst_priority_until_it_may_run)
{
	int count = start_spinners(0, 20), before;
	thread_t thread = new_thread(SELF, give_way, 1000000, MAX_SPINNERS);

	CHECK_SUCCESS(thread_max_priority(thread, default_set(), 3));
	CHECK_SUCCESS(thread_priority(thread, 3, FALSE));
	CHECK_SUCCESS(thread_resume(thread));
	while (!sched_info(thread).depressed)
		pause_ms(1);
	CHECK_EQUAL(sched_info(thread).cur_priority, 31);
	CHECK_EQUAL(sched_info(thread).depress_priority, 3);
	before = switched;
	pause_ms(30);
	CHECK_EQUAL(switched, before);
	CHECK_SUCCESS(thread_depress_abort(thread));	/* it runs, and is depressed again */
	while (switched == before)
		pause_ms(1);
	end_spinners(count);
	before = switched;
	while (switched == before)			/* nobody else needs the processors */
		pause_ms(1);
	end_thread(thread);
}

TEST(depression_ends_after_its_time)
{
	int count = start_spinners(0, 20), before = switched;
	thread_t thread = start_thread(SELF, give_way, 5, MAX_SPINNERS);

	while (switched < before + 3)
		pause_ms(1);
	end_thread(thread);
	end_spinners(count);
}

TEST(depression_refuses)
{
	CHECK_RETURNS(thread_depress_abort(this_thread()), KERN_FAILURE);
	CHECK_RETURNS(thread_depress_abort(host()), KERN_INVALID_ARGUMENT);
}
