/*
 * Processor sets: which processors run which threads; the port that names a set, and the one that
 * controls it.
 */
#include <mach/policy.h>
#include "kernel_threads.h"

struct set {
	processor_set_t control;
	processor_set_name_t name;
};

static struct set new_pset(void)
{
	struct set set = { MACH_PORT_NULL, MACH_PORT_NULL };

	CHECK_SUCCESS(processor_set_create(host(), &set.control, &set.name));
	return set;
}

static void free_pset(struct set set)
{
	CHECK_SUCCESS(processor_set_destroy(set.control));
	CHECK_SUCCESS(mach_port_deallocate(SELF, set.control));
	CHECK_SUCCESS(mach_port_deallocate(SELF, set.name));
}

static processor_set_name_t default_name(void)
{
	static processor_set_name_t name;

	if (name == MACH_PORT_NULL)
		CHECK_SUCCESS(processor_set_default(host(), &name));
	return name;
}

static processor_set_t default_control(void)
{
	static processor_set_t control;

	if (control == MACH_PORT_NULL)
		CHECK_SUCCESS(host_processor_set_priv(host_priv(), default_name(), &control));
	return control;
}

static struct processor_set_basic_info basic_of(processor_set_name_t name)
{
	struct processor_set_basic_info info;
	unsigned int count = PROCESSOR_SET_BASIC_INFO_COUNT;
	host_t of = MACH_PORT_NULL;

	CHECK_SUCCESS(processor_set_info(name, PROCESSOR_SET_BASIC_INFO, &of, (processor_set_info_t)&info,
					 &count));
	CHECK_EQUAL(of, host());
	CHECK_SUCCESS(mach_port_deallocate(SELF, of));
	return info;
}

static struct processor_set_sched_info sched_of(processor_set_name_t name)
{
	struct processor_set_sched_info info;
	unsigned int count = PROCESSOR_SET_SCHED_INFO_COUNT;
	host_t of = MACH_PORT_NULL;

	CHECK_SUCCESS(processor_set_info(name, PROCESSOR_SET_SCHED_INFO, &of, (processor_set_info_t)&info,
					 &count));
	CHECK_SUCCESS(mach_port_deallocate(SELF, of));
	return info;
}

/* A call that names a set must have named this one; the right it gave goes. */
static void check_name(processor_set_name_t got, processor_set_name_t expected)
{
	CHECK_EQUAL(got, expected);
	CHECK_SUCCESS(mach_port_deallocate(SELF, got));
}

/* ---------------------------------------------------------------- sets come and go */

TEST(sets_are_listed_by_name)
{
	struct set set = new_pset();
	processor_set_name_array_t names = 0;
	unsigned int count = 0;

	CHECK(set.control != set.name);
	CHECK_SUCCESS(host_processor_sets(host(), &names, &count));
	CHECK_EQUAL(count, 2);
	CHECK_EQUAL(names[0], default_name());
	CHECK_EQUAL(names[1], set.name);
	free_ports(names, count);
	free_pset(set);
	CHECK_SUCCESS(host_processor_sets(host(), &names, &count));
	CHECK_EQUAL(count, 1);
	free_ports(names, count);
}

TEST(the_privileged_turn_names_into_control)
{
	struct set set = new_pset();
	processor_set_t control = MACH_PORT_NULL;

	CHECK_SUCCESS(host_processor_set_priv(host_priv(), set.name, &control));
	CHECK_EQUAL(control, set.control);
	CHECK_SUCCESS(mach_port_deallocate(SELF, control));
	CHECK_RETURNS(host_processor_set_priv(host(), set.name, &control), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(host_processor_set_priv(host_priv(), host(), &control), KERN_INVALID_ARGUMENT);
	free_pset(set);
}

TEST(what_a_destroyed_set_had_goes_to_the_default_set)
{
	struct set set = new_pset();
	task_t task = MACH_PORT_NULL;
	thread_t thread = MACH_PORT_NULL;
	processor_set_name_t got = MACH_PORT_NULL;

	CHECK_SUCCESS(task_create(SELF, FALSE, &task));
	CHECK_SUCCESS(task_assign(task, set.control, FALSE));
	CHECK_SUCCESS(thread_create(task, &thread));
	CHECK_SUCCESS(thread_get_assignment(thread, &got));
	check_name(got, set.name);
	CHECK_SUCCESS(processor_set_destroy(set.control));
	CHECK_EQUAL(type_of(set.control), MACH_PORT_TYPE_DEAD_NAME);
	CHECK_EQUAL(type_of(set.name), MACH_PORT_TYPE_DEAD_NAME);
	CHECK_SUCCESS(thread_get_assignment(thread, &got));
	check_name(got, default_name());
	CHECK_SUCCESS(task_get_assignment(task, &got));
	check_name(got, default_name());
	CHECK_SUCCESS(mach_port_deallocate(SELF, set.control));
	CHECK_SUCCESS(mach_port_deallocate(SELF, set.name));
	end_thread(thread);
	end_task(task);
}

TEST(sets_refuse)
{
	struct set set = new_pset();
	processor_set_name_t name = MACH_PORT_NULL;
	processor_set_t control = MACH_PORT_NULL;
	processor_set_name_array_t names = 0;
	unsigned int count = 0;

	CHECK_RETURNS(processor_set_destroy(default_control()), KERN_FAILURE);
	CHECK_RETURNS(processor_set_destroy(set.name), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_set_create(SELF, &control, &name), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_set_default(SELF, &name), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(host_processor_sets(SELF, &names, &count), KERN_INVALID_ARGUMENT);
	free_pset(set);
}

/* ---------------------------------------------------------------- assignment */

TEST(tasks_and_threads_are_assigned)
{
	struct set set = new_pset();
	task_t task = MACH_PORT_NULL;
	thread_t thread = MACH_PORT_NULL;
	processor_set_name_t got = MACH_PORT_NULL;

	CHECK_SUCCESS(task_create(SELF, FALSE, &task));
	CHECK_SUCCESS(thread_create(task, &thread));
	CHECK_SUCCESS(task_assign(task, set.control, FALSE));
	CHECK_SUCCESS(task_get_assignment(task, &got));
	check_name(got, set.name);
	CHECK_SUCCESS(thread_get_assignment(thread, &got));
	check_name(got, default_name());
	CHECK_SUCCESS(task_assign(task, set.control, TRUE));
	CHECK_SUCCESS(thread_get_assignment(thread, &got));
	check_name(got, set.name);
	CHECK_EQUAL(basic_of(set.name).task_count, 1);
	CHECK_EQUAL(basic_of(set.name).thread_count, 1);
	CHECK_SUCCESS(thread_assign_default(thread));
	CHECK_SUCCESS(thread_get_assignment(thread, &got));
	check_name(got, default_name());
	CHECK_SUCCESS(thread_assign(thread, set.control));
	CHECK_SUCCESS(task_assign_default(task, TRUE));
	CHECK_EQUAL(basic_of(set.name).task_count, 0);
	CHECK_EQUAL(basic_of(set.name).thread_count, 0);
	end_thread(thread);
	end_task(task);
	free_pset(set);
}

static volatile int counter;

static void count_up(int argument)
{
	(void)argument;
	for (;;)
		counter++;
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

TEST(nothing_runs_in_a_set_without_processors)
{
	struct set set = new_pset();
	thread_t thread = start_thread(SELF, count_up, 0, 0);

	CHECK_EQUAL(basic_of(set.name).processor_count, 0);
	await_progress();
	CHECK_SUCCESS(thread_assign(thread, set.control));
	check_no_progress();
	CHECK_EQUAL(basic_info(thread).run_state, TH_STATE_RUNNING);
	CHECK_SUCCESS(thread_assign_default(thread));
	await_progress();
	CHECK_SUCCESS(thread_assign(thread, set.control));
	check_no_progress();
	free_pset(set);
	await_progress();
	end_thread(thread);
}

TEST(a_thread_without_a_processor_can_be_terminated)
{
	struct set set = new_pset();
	thread_t thread = new_thread(SELF, count_up, 0, 0);

	CHECK_SUCCESS(thread_assign(thread, set.control));
	CHECK_SUCCESS(thread_resume(thread));
	check_no_progress();
	end_thread(thread);
	free_pset(set);
}

TEST(assignment_refuses)
{
	struct set set = new_pset();
	thread_t thread = this_thread();
	processor_set_name_t got = MACH_PORT_NULL;

	CHECK_RETURNS(task_assign(host(), set.control, FALSE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_assign(SELF, set.name, FALSE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_assign_default(host(), FALSE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_get_assignment(host(), &got), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_assign(host(), set.control), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_assign(thread, set.name), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_assign(thread, MACH_PORT_NULL), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_assign_default(host()), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_get_assignment(host(), &got), KERN_INVALID_ARGUMENT);
	free_pset(set);
}

/* ---------------------------------------------------------------- what is in a set */

TEST(tasks_and_threads_of_a_set_are_listed)
{
	struct set set = new_pset();
	task_t task = MACH_PORT_NULL;
	thread_t thread = MACH_PORT_NULL;
	task_array_t tasks = 0;
	thread_array_t threads = 0;
	unsigned int count = 0;

	CHECK_SUCCESS(task_create(SELF, FALSE, &task));
	CHECK_SUCCESS(task_assign(task, set.control, FALSE));
	CHECK_SUCCESS(thread_create(task, &thread));
	CHECK_SUCCESS(processor_set_tasks(set.control, &tasks, &count));
	CHECK_EQUAL(count, 1);
	CHECK_EQUAL(tasks[0], task);
	free_ports(tasks, count);
	CHECK_SUCCESS(processor_set_threads(set.control, &threads, &count));
	CHECK_EQUAL(count, 1);
	CHECK_EQUAL(threads[0], thread);
	free_ports(threads, count);
	CHECK_SUCCESS(processor_set_tasks(default_control(), &tasks, &count));
	CHECK(has_port(tasks, count, mach_task_self()));
	CHECK(!has_port(tasks, count, task));
	free_ports(tasks, count);
	CHECK_RETURNS(processor_set_tasks(set.name, &tasks, &count), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_set_threads(set.name, &threads, &count), KERN_INVALID_ARGUMENT);
	end_thread(thread);
	end_task(task);
	free_pset(set);
}

TEST(information_refuses)
{
	struct processor_set_basic_info info;
	unsigned int count = PROCESSOR_SET_BASIC_INFO_COUNT - 1;
	host_t of = MACH_PORT_NULL;

	CHECK_RETURNS(processor_set_info(default_name(), PROCESSOR_SET_BASIC_INFO, &of,
					 (processor_set_info_t)&info, &count), KERN_INVALID_ARGUMENT);
	count = PROCESSOR_SET_SCHED_INFO_COUNT - 1;
	CHECK_RETURNS(processor_set_info(default_name(), PROCESSOR_SET_SCHED_INFO, &of,
					 (processor_set_info_t)&info, &count), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_set_info(default_name(), 99, &of, (processor_set_info_t)&info, &count),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_set_info(host(), PROCESSOR_SET_BASIC_INFO, &of,
					 (processor_set_info_t)&info, &count), KERN_INVALID_ARGUMENT);
}

/* ---------------------------------------------------------------- what a set allows */

TEST(policies_are_enabled_and_disabled)
{
	struct set set = new_pset();

	CHECK_EQUAL(sched_of(set.name).policies, POLICY_TIMESHARE);
	CHECK_SUCCESS(processor_set_policy_enable(set.control, POLICY_FIXEDPRI));
	CHECK_EQUAL(sched_of(set.name).policies, POLICY_TIMESHARE | POLICY_FIXEDPRI);
	CHECK_SUCCESS(processor_set_policy_disable(set.control, POLICY_FIXEDPRI, FALSE));
	CHECK_EQUAL(sched_of(set.name).policies, POLICY_TIMESHARE);
	CHECK_RETURNS(processor_set_policy_enable(set.control, 99), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_set_policy_enable(set.name, POLICY_FIXEDPRI), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_set_policy_disable(set.control, POLICY_TIMESHARE, FALSE),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_set_policy_disable(set.name, POLICY_FIXEDPRI, FALSE), KERN_INVALID_ARGUMENT);
	free_pset(set);
}

static int base_priority(thread_t thread)
{
	return basic_info(thread).base_priority;
}

TEST(the_best_priority_is_limited)
{
	struct set set = new_pset();
	thread_t thread = MACH_PORT_NULL;

	CHECK_SUCCESS(thread_create(SELF, &thread));
	CHECK_SUCCESS(thread_assign(thread, set.control));
	CHECK_SUCCESS(processor_set_max_priority(set.control, 20, FALSE));
	CHECK_EQUAL(sched_of(set.name).max_priority, 20);
	CHECK_EQUAL(base_priority(thread), 12);
	CHECK_SUCCESS(processor_set_max_priority(set.control, 20, TRUE));
	CHECK_EQUAL(base_priority(thread), 20);
	CHECK_RETURNS(processor_set_max_priority(set.control, 32, FALSE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_set_max_priority(set.control, -1, FALSE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(processor_set_max_priority(set.name, 20, FALSE), KERN_INVALID_ARGUMENT);
	end_thread(thread);
	free_pset(set);
}
