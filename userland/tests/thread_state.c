/*
 * What can be seen and set of a thread: registers, floating point registers, special ports, information.
 */
#include <mach/mig_errors.h>
#include "kernel_threads.h"

static thread_t idle_thread(void)
{
	thread_t thread = MACH_PORT_NULL;

	CHECK_SUCCESS(thread_create(SELF, &thread));
	return thread;
}

static struct i386_thread_state state_of(thread_t thread)
{
	struct i386_thread_state state;
	unsigned int count = i386_THREAD_STATE_COUNT;

	memset(&state, 0, sizeof state);
	CHECK_SUCCESS(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t)&state, &count));
	CHECK_EQUAL(count, i386_THREAD_STATE_COUNT);
	return state;
}

static kern_return_t set_state(thread_t thread, struct i386_thread_state *state)
{
	return thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)state, i386_THREAD_STATE_COUNT);
}

/* ---------------------------------------------------------------- registers */

TEST(registers_are_kept_as_set)
{
	thread_t thread = idle_thread();
	struct i386_thread_state state = state_of(thread), fresh = state;

	state.eax = 1; state.ebx = 2; state.ecx = 3; state.edx = 4;
	state.esi = 5; state.edi = 6; state.ebp = 7; state.uesp = 8;
	state.eip = 9;
	state.efl |= 0x8d5;
	CHECK_SUCCESS(set_state(thread, &state));
	state = state_of(thread);
	CHECK_EQUAL(state.eax, 1);
	CHECK_EQUAL(state.ebx, 2);
	CHECK_EQUAL(state.ecx, 3);
	CHECK_EQUAL(state.edx, 4);
	CHECK_EQUAL(state.esi, 5);
	CHECK_EQUAL(state.edi, 6);
	CHECK_EQUAL(state.ebp, 7);
	CHECK_EQUAL(state.uesp, 8);
	CHECK_EQUAL(state.eip, 9);
	CHECK_EQUAL(state.efl, fresh.efl | 0x8d5);
	CHECK_EQUAL(state.cs, fresh.cs);
	CHECK_EQUAL(state.ss, fresh.ss);
	end_thread(thread);
}

TEST(zero_segments_stand_for_the_usual_ones)
{
	thread_t thread = idle_thread();
	struct i386_thread_state state = state_of(thread), fresh = state;

	state.cs = state.ss = state.ds = state.es = 0;
	CHECK_SUCCESS(set_state(thread, &state));
	state = state_of(thread);
	CHECK_EQUAL(state.cs, fresh.cs);
	CHECK_EQUAL(state.ss, fresh.ss);
	CHECK_EQUAL(state.ds, fresh.ds);
	CHECK_EQUAL(state.es, fresh.es);
	end_thread(thread);
}

TEST(no_state_gives_privileges)
{
	thread_t thread = idle_thread();
	struct i386_thread_state state = state_of(thread), fresh = state;

	state.efl = 0xffffffff;
	CHECK_SUCCESS(set_state(thread, &state));
	CHECK_EQUAL(state_of(thread).efl & 0x23000, 0);		/* I/O privilege level, virtual 8086 mode */
	CHECK(state_of(thread).efl & 0x200);			/* interrupts on */
	state = fresh;
	state.cs = 8;						/* the kernel's code */
	CHECK_RETURNS(set_state(thread, &state), KERN_INVALID_ARGUMENT);
	state = fresh;
	state.ss = 16;						/* the kernel's data */
	state.eax = 1234;
	CHECK_RETURNS(set_state(thread, &state), KERN_INVALID_ARGUMENT);
	CHECK_EQUAL(state_of(thread).eax, fresh.eax);
	CHECK_EQUAL(state_of(thread).cs, fresh.cs);
	end_thread(thread);
}

static volatile int seen;

static void compute(int argument)
{
	volatile int i = argument;

	for (;;)
		seen = ++i;
}

TEST(the_state_of_a_running_thread_is_that_of_its_last_instruction)
{
	thread_t thread;
	struct i386_thread_state state;

	seen = 0;
	thread = start_thread(SELF, compute, 1000, 0);
	while (seen == 0)
		pause_ms(1);
	CHECK_SUCCESS(thread_suspend(thread));
	state = state_of(thread);
	CHECK(state.eip >= (unsigned int)compute && state.eip < (unsigned int)compute + 64);
	CHECK(state.uesp > (unsigned int)stacks[0] && state.uesp < (unsigned int)stacks[1]);
	end_thread(thread);
}

TEST(registers_refuse)
{
	thread_t thread = idle_thread();
	struct i386_thread_state state = state_of(thread);
	unsigned int count = i386_THREAD_STATE_COUNT - 1;
	static int large[THREAD_STATE_MAX + 1];

	CHECK_RETURNS(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t)&state, &count),
		      KERN_INVALID_ARGUMENT);
	count = i386_THREAD_STATE_COUNT;
	CHECK_RETURNS(thread_get_state(thread, 99, (thread_state_t)&state, &count), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_get_state(this_thread(), i386_THREAD_STATE, (thread_state_t)&state, &count),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_get_state(host(), i386_THREAD_STATE, (thread_state_t)&state, &count),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)&state, count - 1),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_set_state(thread, 99, (thread_state_t)&state, count), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_set_state(this_thread(), i386_THREAD_STATE, (thread_state_t)&state, count),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_set_state(host(), i386_THREAD_STATE, (thread_state_t)&state, count),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)large, THREAD_STATE_MAX + 1),
		      MIG_ARRAY_TOO_LARGE);
	end_thread(thread);
}

/* ---------------------------------------------------------------- floating point */

static struct i386_float_state float_state_of(thread_t thread)
{
	struct i386_float_state state;
	unsigned int count = i386_FLOAT_STATE_COUNT;

	CHECK_SUCCESS(thread_get_state(thread, i386_FLOAT_STATE, (thread_state_t)&state, &count));
	CHECK_EQUAL(count, i386_FLOAT_STATE_COUNT);
	CHECK_EQUAL(state.fpkind, FP_387);
	return state;
}

static kern_return_t set_float_state(thread_t thread, struct i386_float_state *state)
{
	return thread_set_state(thread, i386_FLOAT_STATE, (thread_state_t)state, i386_FLOAT_STATE_COUNT);
}

static volatile double sum;

/* Pi, 0 and infinity on the register stack, until somebody sets go; then what is on top of it. */
static volatile int go;

static void hold_numbers(int argument)
{
	double top;

	(void)argument;
	__asm__ volatile("fninit; fld1; fldz; fdivrp; fldz; fldpi");
	seen = 1;
	while (!go)
		;
	__asm__ volatile("fstpl %0" : "=m"(top));
	sum = top;
	seen = 2;
	sleep_forever();
}

static long double register_of(const struct i386_float_state *state, int index)
{
	long double value = 0;

	memcpy(&value, state->hw_state + sizeof(struct i386_fp_save) + 10 * index, 10);
	return value;
}

TEST(floating_point_registers_can_be_seen_and_set)
{
	struct i386_float_state state;
	struct i386_fp_save *saved = (struct i386_fp_save *)state.hw_state;
	long double e = 2.75L;
	thread_t thread;

	seen = go = 0;
	thread = start_thread(SELF, hold_numbers, 0, 0);
	await_value(&seen, 1);
	state = float_state_of(thread);
	CHECK_EQUAL(saved->fp_status >> 11 & 7, 5);		/* three numbers on the stack */
	CHECK_EQUAL(saved->fp_tag, 0x93ff);			/* 7 special, 6 zero, 5 valid, others empty */
	CHECK_EQUAL(saved->fp_control, 0x37f);
	CHECK(register_of(&state, 0) > 3.14159L && register_of(&state, 0) < 3.1416L);
	CHECK(register_of(&state, 1) == 0);
	CHECK(register_of(&state, 2) == __builtin_inf());
	memcpy(state.hw_state + sizeof *saved, &e, 10);
	CHECK_SUCCESS(set_float_state(thread, &state));
	go = 1;
	await_value(&seen, 2);
	CHECK(sum == 2.75);
	end_thread(thread);
}

TEST(an_uninitialized_state_is_that_of_a_new_thread)
{
	thread_t thread = idle_thread();
	struct i386_float_state fresh = float_state_of(thread), state = fresh;
	struct i386_fp_save *saved = (struct i386_fp_save *)state.hw_state;

	CHECK_EQUAL(saved->fp_tag, 0xffff);
	saved->fp_control = 0x27f;
	saved->fp_tag = 0;
	CHECK_SUCCESS(set_float_state(thread, &state));
	state = float_state_of(thread);
	CHECK_EQUAL(saved->fp_control, 0x27f);
	state.initialized = FALSE;
	CHECK_SUCCESS(set_float_state(thread, &state));
	state = float_state_of(thread);
	CHECK(memcmp(&state, &fresh, sizeof state) == 0);
	end_thread(thread);
}

TEST(floating_point_refuses)
{
	thread_t thread = idle_thread();
	struct i386_float_state state = float_state_of(thread);
	unsigned int count = i386_FLOAT_STATE_COUNT - 1;

	CHECK_RETURNS(thread_get_state(thread, i386_FLOAT_STATE, (thread_state_t)&state, &count),
		      KERN_INVALID_ARGUMENT);
	state.fpkind = FP_NO;
	CHECK_RETURNS(set_float_state(thread, &state), KERN_INVALID_ARGUMENT);
	end_thread(thread);
}

/* ---------------------------------------------------------------- special ports */

TEST(special_ports_are_kept_and_given_back)
{
	thread_t thread = idle_thread();
	mach_port_t port = new_port_with_send(), got = MACH_PORT_NULL;

	CHECK_SUCCESS(thread_get_special_port(thread, THREAD_KERNEL_PORT, &got));
	CHECK_EQUAL(got, thread);
	CHECK_SUCCESS(mach_port_deallocate(SELF, got));
	CHECK_SUCCESS(thread_get_special_port(thread, THREAD_EXCEPTION_PORT, &got));
	CHECK_EQUAL(got, MACH_PORT_NULL);
	CHECK_SUCCESS(thread_set_special_port(thread, THREAD_EXCEPTION_PORT, port));
	CHECK_SUCCESS(thread_get_special_port(thread, THREAD_EXCEPTION_PORT, &got));
	CHECK_EQUAL(got, port);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK(has_senders(port));
	end_thread(thread);
	CHECK(!has_senders(port));
	destroy(port);
}

TEST(the_self_port_can_be_replaced)
{
	mach_port_t port = new_port_with_send(), self = this_thread();

	CHECK_SUCCESS(thread_set_special_port(self, THREAD_KERNEL_PORT, port));
	CHECK_EQUAL(mach_thread_self(), port);
	CHECK_SUCCESS(thread_set_special_port(self, THREAD_KERNEL_PORT, self));
	CHECK_EQUAL(mach_thread_self(), self);
	CHECK_SUCCESS(mach_port_deallocate(SELF, self));
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	destroy(port);
}

TEST(special_ports_refuse)
{
	mach_port_t port = new_port_with_send(), got = MACH_PORT_NULL;

	CHECK_RETURNS(thread_get_special_port(this_thread(), 99, &got), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_get_special_port(host(), THREAD_KERNEL_PORT, &got), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_set_special_port(this_thread(), 99, port), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_set_special_port(host(), THREAD_EXCEPTION_PORT, port), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK(!has_senders(port));
	destroy(port);
}

/* ---------------------------------------------------------------- information */

TEST(basic_info_counts_time)
{
	thread_t thread;
	struct thread_basic_info before, after;

	thread = start_thread(SELF, compute, 0, 0);
	do {
		pause_ms(1);
		before = basic_info(thread);
	} while (before.user_time.microseconds == 0);
	do {
		pause_ms(1);
		after = basic_info(thread);
	} while (after.cpu_usage == 0);
	CHECK(after.user_time.microseconds > before.user_time.microseconds);
	CHECK(after.cpu_usage <= TH_USAGE_SCALE);
	CHECK_EQUAL(after.run_state, TH_STATE_RUNNING);
	end_thread(thread);
}

TEST(information_refuses)
{
	struct thread_basic_info info;
	unsigned int count = THREAD_BASIC_INFO_COUNT - 1;

	CHECK_RETURNS(thread_info(this_thread(), THREAD_BASIC_INFO, (thread_info_t)&info, &count),
		      KERN_INVALID_ARGUMENT);
	count = THREAD_SCHED_INFO_COUNT - 1;
	CHECK_RETURNS(thread_info(this_thread(), THREAD_SCHED_INFO, (thread_info_t)&info, &count),
		      KERN_INVALID_ARGUMENT);
	count = THREAD_BASIC_INFO_COUNT;
	CHECK_RETURNS(thread_info(this_thread(), 99, (thread_info_t)&info, &count), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(thread_info(host(), THREAD_BASIC_INFO, (thread_info_t)&info, &count),
		      KERN_INVALID_ARGUMENT);
}
