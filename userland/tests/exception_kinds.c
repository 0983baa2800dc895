/*
 * Which exception each mishap raises, with which codes and where the thread then stands.
 */
#include "exceptions.h"

#define CODE(name, before, instruction)			\
	extern char name[], name##_at[], name##_end[];	\
	__asm__(#name ":" before "\n"			\
		#name "_at:" instruction "\n"		\
		#name "_end: jmp " #name "_end")

static volatile int resumed;

static void go_on(void)
{
	resumed = 1;
	sleep_forever();
}

static struct raised raised;

/* Run code until its exception; the thread then stands at expected_eip, and goes on after a repair. */
static void check_raises(const char *code, const void *expected_eip, int exception, int number, int subcode)
{
	mach_port_t port = new_port_with_send();
	thread_t thread = new_thread(SELF, (thread_function_t)(unsigned int)code, 0, 0);

	resumed = 0;
	CHECK_SUCCESS(thread_set_special_port(thread, THREAD_EXCEPTION_PORT, port));
	CHECK_SUCCESS(thread_resume(thread));
	await_exception(port, &raised);
	CHECK_EQUAL(raised.thread, thread);
	CHECK_EQUAL(raised.task, mach_task_self());
	CHECK_EQUAL(raised.exception, exception);
	CHECK_EQUAL(raised.code, number);
	CHECK_EQUAL(raised.subcode, subcode);
	CHECK_EQUAL(state_of(thread).eip, (unsigned int)expected_eip);
	CHECK_EQUAL(basic_info(thread).run_state, TH_STATE_WAITING);
	redirect(thread, go_on);
	answer(&raised, KERN_SUCCESS);
	await_value(&resumed, 1);
	end_thread(thread);
	destroy(port);
}

#define CHECK_RAISES_AT(name, exception, number, subcode) \
	check_raises(name, name##_at, exception, number, subcode)
#define CHECK_RAISES_BEHIND(name, exception, number, subcode) \
	check_raises(name, name##_end, exception, number, subcode)

CODE(loads_unmapped, "", "movl 8, %eax");
CODE(loads_kernel_memory, "", "movl 0xc0001000, %eax");
CODE(stores_to_code, "", "movl $0, stores_to_code");
CODE(pushes_at_zero, "xorl %esp, %esp", "pushl %eax");

TEST(bad_accesses)
{
	CHECK_RAISES_AT(loads_unmapped, EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, 8);
	CHECK_RAISES_AT(loads_kernel_memory, EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, (int)0xc0001000);
	CHECK_RAISES_AT(stores_to_code, EXC_BAD_ACCESS, KERN_PROTECTION_FAILURE, (int)stores_to_code);
}

TEST(a_bad_jump_is_a_bad_access_at_its_target)
{
	check_raises((char *)0x10, (char *)0x10, EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, 0x10);
}

static void check_stack(const char *code)
{
	mach_port_t port = new_port_with_send();
	thread_t thread = new_thread(SELF, (thread_function_t)(unsigned int)code, 0, 0);

	CHECK_SUCCESS(thread_set_special_port(thread, THREAD_EXCEPTION_PORT, port));
	CHECK_SUCCESS(thread_resume(thread));
	await_exception(port, &raised);
	CHECK_EQUAL(raised.exception, EXC_BAD_ACCESS);
	CHECK_EQUAL(raised.subcode, -4);
	CHECK_EQUAL(state_of(thread).uesp, 0);
	end_thread(thread);
	CHECK_RETURNS(answer_with_id(&raised, EXCEPTION_RAISE_ID + 100, KERN_SUCCESS), MACH_SEND_INVALID_DEST);
	CHECK_SUCCESS(mach_port_deallocate(SELF, raised.head.msgh_remote_port));
	destroy(port);
}

TEST(a_push_that_fails_leaves_the_stack_pointer)
{
	check_stack(pushes_at_zero);
}

CODE(divides_by_zero, "xorl %ecx, %ecx", "divl %ecx");
CODE(overflows, "movb $0x7f, %al; addb $1, %al", "into");
CODE(is_out_of_bounds, "movl $3, %eax", "bound %eax, bounds");
CODE(divides_floats, "fninit; pushl $0x37b; fldcw (%esp); fld1; fldz; fdivrp", "fwait");

extern const int bounds[2];
const int bounds[2] = { 0, 2 };

TEST(arithmetic)
{
	CHECK_RAISES_AT(divides_by_zero, EXC_ARITHMETIC, EXC_I386_DIV, 0);
	CHECK_RAISES_BEHIND(overflows, EXC_ARITHMETIC, EXC_I386_INTO, 0);
	CHECK_RAISES_AT(is_out_of_bounds, EXC_ARITHMETIC, EXC_I386_BOUND, 0);
	CHECK_RAISES_AT(divides_floats, EXC_ARITHMETIC, EXC_I386_EXTERR, 0);
}

CODE(breaks, "", "int3");
CODE(breaks_by_number, "", "int $3");
CODE(steps, "pushfl; orl $0x100, (%esp); popfl", "nop");

TEST(breakpoints)
{
	CHECK_RAISES_BEHIND(breaks, EXC_BREAKPOINT, EXC_I386_BPT, 0);
	CHECK_RAISES_BEHIND(breaks_by_number, EXC_BREAKPOINT, EXC_I386_BPT, 0);
	CHECK_RAISES_BEHIND(steps, EXC_BREAKPOINT, EXC_I386_SGL, 0);
}

CODE(is_undefined, "", "ud2");
CODE(calls_nothing, "movl $1234, %eax", "lcall $7, $0");

TEST(bad_instructions)
{
	CHECK_RAISES_AT(is_undefined, EXC_BAD_INSTRUCTION, EXC_I386_INVOPFLT, 0);
	CHECK_RAISES_AT(calls_nothing, EXC_BAD_INSTRUCTION, EXC_I386_INVOPFLT, 1234);
}

CODE(stops_interrupts, "", "cli");
CODE(halts, "", "hlt");
CODE(reads_a_port, "movw $0x60, %dx", "inb %dx, %al");
CODE(writes_a_port, "", "outb %al, $0x60");
CODE(sets_a_control_register, "", "movl %eax, %cr3");
CODE(loads_a_kernel_segment, "movl $8, %eax", "movw %ax, %ds");
CODE(interrupts, "", "int $0x55");
CODE(calls_linux, "movl $1, %eax", "int $0x80");

#define INTERRUPT_ERROR(vector)	((vector) * 8 + 2)

TEST(protection)
{
	CHECK_RAISES_AT(stops_interrupts, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0);
	CHECK_RAISES_AT(halts, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0);
	CHECK_RAISES_AT(reads_a_port, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0);
	CHECK_RAISES_AT(writes_a_port, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0);
	CHECK_RAISES_AT(sets_a_control_register, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0);
	CHECK_RAISES_AT(loads_a_kernel_segment, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 8);
	CHECK_RAISES_AT(interrupts, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, INTERRUPT_ERROR(0x55));
	CHECK_RAISES_AT(calls_linux, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, INTERRUPT_ERROR(0x80));
}

/* ---------------------------------------------------------------- a thread under a debugger */

CODE(counts, "", "incl %ebx; incl %ebx; incl %ebx");

TEST(a_thread_can_be_stepped)
{
	mach_port_t port = new_port_with_send();
	thread_t thread = new_thread(SELF, (thread_function_t)(unsigned int)counts, 0, 0);
	struct i386_thread_state state = state_of(thread);
	int step;

	state.ebx = 10;
	CHECK_SUCCESS(thread_set_special_port(thread, THREAD_EXCEPTION_PORT, port));
	for (step = 1; step <= 3; step++) {
		state.efl |= 0x100;
		CHECK_SUCCESS(thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)&state,
					       i386_THREAD_STATE_COUNT));
		if (step == 1)
			CHECK_SUCCESS(thread_resume(thread));
		else
			answer(&raised, KERN_SUCCESS);
		await_exception(port, &raised);
		CHECK_EQUAL(raised.code, EXC_I386_SGL);
		state = state_of(thread);
		CHECK_EQUAL(state.ebx, 10 + step);
		CHECK_EQUAL(state.eip, (unsigned int)counts + step);
	}
	end_thread(thread);
	CHECK_RETURNS(answer_with_id(&raised, EXCEPTION_RAISE_ID + 100, KERN_SUCCESS), MACH_SEND_INVALID_DEST);
	CHECK_SUCCESS(mach_port_deallocate(SELF, raised.head.msgh_remote_port));
	destroy(port);
}
