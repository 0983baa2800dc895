/*
 * Restartable atomic sequences: a thread that is preempted within one starts it again.
 */
#include <check.h>
#include <cthreads.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/task_info.h>

#define ROUNDS	200000

static volatile int shared;

/* Adds one to a word with a load, a store and room between them for a preemption. */
extern void add_one(volatile int *word);
extern char add_one_start[], add_one_end[];

asm(".text\n"
    ".globl add_one, add_one_start, add_one_end\n"
    "add_one:\n"
    "	movl 4(%esp), %edx\n"
    "add_one_start:\n"
    "	movl (%edx), %eax\n"
    "	nop\n	nop\n	nop\n	nop\n	nop\n	nop\n	nop\n	nop\n"
    "	incl %eax\n"
    "	movl %eax, (%edx)\n"
    "add_one_end:\n"
    "	ret\n");

static any_t adder(any_t argument)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		add_one(&shared);
	return argument;
}

static kern_return_t control(vm_address_t start, vm_address_t end, int flavor)
{
	return task_ras_control(mach_task_self(), start, end, flavor);
}

TEST(a_sequence_is_installed_and_purged)
{
	vm_address_t start = (vm_address_t)add_one_start, end = (vm_address_t)add_one_end;

	CHECK_SUCCESS(control(start, end, TASK_RAS_CONTROL_INSTALL_ONE));
	CHECK_SUCCESS(control(start, end, TASK_RAS_CONTROL_PURGE_ONE));
	CHECK_RETURNS(task_ras_control(mach_task_self(), start, end, TASK_RAS_CONTROL_PURGE_ONE),
		      KERN_INVALID_ADDRESS);
	CHECK_SUCCESS(control(start, end, TASK_RAS_CONTROL_PURGE_ALL_AND_INSTALL_ONE));
	CHECK_SUCCESS(task_ras_control(mach_task_self(), 0, 0, TASK_RAS_CONTROL_PURGE_ALL));
}

TEST(bad_sequences_are_refused)
{
	int i;

	CHECK_RETURNS(task_ras_control(mach_task_self(), 0x2000, 0x1000, TASK_RAS_CONTROL_INSTALL_ONE),
		      KERN_INVALID_ADDRESS);
	CHECK_RETURNS(task_ras_control(mach_task_self(), 0x1000, 0x2000, 77), KERN_INVALID_VALUE);
	CHECK_RETURNS(task_ras_control(mach_host_self(), 0x1000, 0x2000, TASK_RAS_CONTROL_INSTALL_ONE),
		      KERN_INVALID_ARGUMENT);
	for (i = 0; i < 8; i++)
		CHECK_SUCCESS(control(0x1000 * i, 0x1000 * i + 16, TASK_RAS_CONTROL_INSTALL_ONE));
	CHECK_RETURNS(task_ras_control(mach_task_self(), 0x20000, 0x20010, TASK_RAS_CONTROL_INSTALL_ONE),
		      KERN_RESOURCE_SHORTAGE);
	CHECK_SUCCESS(control(0, 0, TASK_RAS_CONTROL_PURGE_ALL));
}

/* With several processors the threads run at once, which no restart can cure. */
TEST(preempted_threads_start_again)
{
	struct host_basic_info info;
	mach_msg_type_number_t count = HOST_BASIC_INFO_COUNT;
	cthread_t other;

	CHECK_SUCCESS(control((vm_address_t)add_one_start, (vm_address_t)add_one_end,
			      TASK_RAS_CONTROL_INSTALL_ONE));
	shared = 0;
	other = cthread_fork(adder, 0);
	adder(0);
	(void)cthread_join(other);
	CHECK_SUCCESS(host_info(mach_host_self(), HOST_BASIC_INFO, (host_info_t)&info, &count));
	if (info.avail_cpus == 1)
		CHECK_EQUAL(shared, 2 * ROUNDS);
	CHECK_SUCCESS(control(0, 0, TASK_RAS_CONTROL_PURGE_ALL));
	cthread_release_idle();
}
