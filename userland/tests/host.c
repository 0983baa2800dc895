/*
 * The host: information, time of day, privileges; and memory and threads that must not wait for frames.
 */
#include <stdlib.h>
#include "kernel_threads.h"

/* ---------------------------------------------------------------- information */

TEST(what_the_host_is_made_of)
{
	struct host_basic_info info;
	unsigned int count = HOST_BASIC_INFO_COUNT;

	CHECK_SUCCESS(host_info(host(), HOST_BASIC_INFO, (host_info_t)&info, &count));
	CHECK_EQUAL(count, HOST_BASIC_INFO_COUNT);
	CHECK(info.max_cpus >= 1);
	CHECK_EQUAL(info.avail_cpus, info.max_cpus);
	CHECK_EQUAL(info.memory_size % vm_page_size, 0);
	CHECK(info.memory_size > 0);
	CHECK_EQUAL(info.cpu_type, CPU_TYPE_I486);
	CHECK_EQUAL(info.cpu_subtype, CPU_SUBTYPE_AT386);
}

TEST(slots_are_numbered)
{
	struct host_basic_info info;
	unsigned int count = HOST_BASIC_INFO_COUNT, i;
	int slots[16];

	CHECK_SUCCESS(host_info(host(), HOST_BASIC_INFO, (host_info_t)&info, &count));
	count = 16;
	CHECK_SUCCESS(host_info(host(), HOST_PROCESSOR_SLOTS, slots, &count));
	CHECK_EQUAL(count, info.max_cpus);
	for (i = 0; i < count; i++)
		CHECK_EQUAL(slots[i], i);
}

TEST(scheduling_info)
{
	struct host_sched_info info;
	unsigned int count = HOST_SCHED_INFO_COUNT;

	CHECK_SUCCESS(host_info(host(), HOST_SCHED_INFO, (host_info_t)&info, &count));
	CHECK_EQUAL(count, HOST_SCHED_INFO_COUNT);
	CHECK_EQUAL(info.min_timeout, 1);
	CHECK_EQUAL(info.min_quantum, 100);
}

static volatile int nothing;

static void compute(int argument)
{
	for (;;)
		nothing += argument;
}

static struct host_load_info load(void)
{
	struct host_load_info info;
	unsigned int count = HOST_LOAD_INFO_COUNT;

	CHECK_SUCCESS(host_info(host(), HOST_LOAD_INFO, (host_info_t)&info, &count));
	CHECK_EQUAL(count, HOST_LOAD_INFO_COUNT);
	return info;
}

TEST(load_grows_with_threads)
{
	struct host_load_info before = load(), after;
	thread_t first = start_thread(SELF, compute, 0, 0), second = start_thread(SELF, compute, 0, 1);

	after = load();
	CHECK(after.avenrun[0] > before.avenrun[0]);
	CHECK(after.mach_factor[0] < before.mach_factor[0]);
	end_thread(first);
	end_thread(second);
	CHECK_EQUAL(load().avenrun[0], before.avenrun[0]);
}

TEST(the_kernel_and_its_boot_have_a_text)
{
	kernel_version_t version;
	char *boot_info = malloc(sizeof(kernel_boot_info_t));

	CHECK_SUCCESS(host_kernel_version(host(), version));
	CHECK(strncmp(version, "Mach 3.0", 8) == 0);
	CHECK_SUCCESS(host_get_boot_info(host_priv(), boot_info));
	CHECK(strlen(boot_info) > 0);
	free(boot_info);
}

TEST(information_refuses)
{
	int info[HOST_BASIC_INFO_COUNT];
	unsigned int count = HOST_BASIC_INFO_COUNT - 1;
	kernel_version_t version;
	char *boot_info = malloc(sizeof(kernel_boot_info_t));

	CHECK_RETURNS(host_info(host(), HOST_BASIC_INFO, info, &count), KERN_INVALID_ARGUMENT);
	count = 0;
	CHECK_RETURNS(host_info(host(), HOST_PROCESSOR_SLOTS, info, &count), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(host_info(host(), HOST_SCHED_INFO, info, &count), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(host_info(host(), HOST_LOAD_INFO, info, &count), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(host_info(host(), 99, info, &count), KERN_INVALID_ARGUMENT);
	count = HOST_BASIC_INFO_COUNT;
	CHECK_RETURNS(host_info(SELF, HOST_BASIC_INFO, info, &count), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(host_kernel_version(SELF, version), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(host_get_boot_info(host(), boot_info), KERN_INVALID_ARGUMENT);
	free(boot_info);
}

/* ---------------------------------------------------------------- time of day */

static long long now_us(void)
{
	time_value_t now;

	CHECK_SUCCESS(host_get_time(host(), &now));
	CHECK(now.microseconds >= 0 && now.microseconds < TIME_MICROS_MAX);
	return now.seconds * 1000000ll + now.microseconds;
}

static time_value_t time_of_us(long long us)
{
	time_value_t time = { us / 1000000, us % 1000000 };

	return time;
}

TEST(time_passes)
{
	long long before = now_us();

	pause_ms(10);
	CHECK(now_us() >= before + 10000);
	CHECK(now_us() < before + 11000);
}

TEST(time_can_be_set)
{
	long long before = now_us();

	CHECK_SUCCESS(host_set_time(host_priv(), time_of_us(1000000)));
	CHECK(now_us() >= 1000000 && now_us() < 1010000);
	CHECK_SUCCESS(host_set_time(host_priv(), time_of_us(before)));
}

TEST(time_is_adjusted_little_by_little)
{
	time_value_t left;
	long long before = now_us(), passed;

	CHECK_SUCCESS(host_adjust_time(host_priv(), time_of_us(1000), &left));
	CHECK_EQUAL(left.seconds + left.microseconds, 0);
	pause_ms(1000);
	passed = now_us() - before;
	CHECK(passed >= 1000500 && passed < 1001000);		/* 500 parts in a million more */
	CHECK_SUCCESS(host_adjust_time(host_priv(), time_of_us(-400), &left));
	CHECK(left.microseconds > 490 && left.microseconds <= 500);
	before = now_us();
	pause_ms(1000);
	passed = now_us() - before;
	CHECK(passed >= 999600 && passed < 1000000);
	CHECK_SUCCESS(host_adjust_time(host_priv(), time_of_us(0), &left));
	CHECK_EQUAL(left.microseconds, 0);
}

TEST(large_adjustments_are_faster)
{
	time_value_t left;
	long long before = now_us(), passed;

	CHECK_SUCCESS(host_adjust_time(host_priv(), time_of_us(-2000000), &left));
	pause_ms(1000);
	passed = now_us() - before;
	CHECK(passed >= 995000 && passed < 996000);
	CHECK_SUCCESS(host_adjust_time(host_priv(), time_of_us(0), &left));
	CHECK_EQUAL(left.seconds, -1);
	CHECK(left.microseconds < -990000 && left.microseconds > -996000);
}

TEST(time_refuses)
{
	time_value_t wrong = { 0, TIME_MICROS_MAX }, right = { 0, 0 }, left, now;

	CHECK_RETURNS(host_set_time(host_priv(), wrong), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(host_set_time(host(), right), KERN_INVALID_HOST);
	CHECK_RETURNS(host_adjust_time(host(), right, &left), KERN_INVALID_HOST);
	CHECK_RETURNS(host_get_time(SELF, &now), KERN_INVALID_HOST);
	CHECK_RETURNS(host_reboot(host(), 0), KERN_INVALID_HOST);
}

/* ---------------------------------------------------------------- wiring, and privileges */

TEST(a_thread_may_wire_itself)
{
	thread_t other = MACH_PORT_NULL;

	CHECK_SUCCESS(thread_wire(host_priv(), this_thread(), TRUE));
	CHECK_SUCCESS(thread_wire(host_priv(), this_thread(), FALSE));
	CHECK_SUCCESS(thread_create(SELF, &other));
	CHECK_RETURNS(thread_wire(host_priv(), other, TRUE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_wire(host(), this_thread(), TRUE), KERN_INVALID_ARGUMENT);
	end_thread(other);
}

static mach_port_t first_name, second_name;

TEST(privileged_ports_are_the_same_each_time)
{
	CHECK_SUCCESS(bootstrap_privileged_ports(bootstrap_port, &first_name, &second_name));
	CHECK_EQUAL(first_name, host_priv());
	CHECK_EQUAL(second_name, device_master());
	CHECK_SUCCESS(mach_port_deallocate(SELF, first_name));
	CHECK_SUCCESS(mach_port_deallocate(SELF, second_name));
}

TEST(only_the_bootstrap_port_gives_privileges)
{
	CHECK_RETURNS(bootstrap_privileged_ports(host(), &first_name, &second_name), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(bootstrap_privileged_ports(SELF, &first_name, &second_name), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(bootstrap_privileged_ports(device_master(), &first_name, &second_name),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(bootstrap_exit(device_master(), 9), KERN_INVALID_ARGUMENT);
}
