/*
 * Redirected system calls: int $0x80 and lcall $7,$0 with a number in EAX, positive or negative, go to
 * an entry point of the task if its emulation vector has one for that number.  The entry finds EFLAGS
 * and the return address on its stack: [return address] [EFLAGS].
 */
#include "kernel_ports.h"

#define NUMBER		20
#define NEGATIVE	(-100)

/* Answer with what came: EAX plus 1000 times the number of calls so far, and the stack as it was. */
extern char emulate[], negate[];
int emulated;

__asm__(
"emulate:	incl	emulated\n"
"	imull	$1000, emulated, %ecx\n"
"	addl	%ecx, %eax\n"
"	pushl	4(%esp)\n"		/* EFLAGS */
"	popfl\n"
"	ret	$4\n"			/* EFLAGS goes too */
"negate:	negl	%eax\n"
"	ret	$4\n");

static int by_interrupt(int number)
{
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number) : "ecx", "memory", "cc");
	return result;
}

static int by_far_call(int number)
{
	int result;

	__asm__ volatile("lcall $7, $0" : "=a"(result) : "a"(number) : "ecx", "memory", "cc");
	return result;
}

static void redirect(int number, const char *entry)
{
	CHECK_SUCCESS(task_set_emulation(SELF, (vm_address_t)entry, number));
}

TEST(calls_are_redirected_by_number)
{
	redirect(NUMBER, emulate);
	redirect(NUMBER + 1, negate);
	emulated = 0;
	CHECK_EQUAL(by_interrupt(NUMBER), 1000 + NUMBER);
	CHECK_EQUAL(by_far_call(NUMBER), 2000 + NUMBER);
	CHECK_EQUAL(by_interrupt(NUMBER + 1), -NUMBER - 1);
	CHECK_EQUAL(emulated, 2);
	redirect(NUMBER, 0);
	redirect(NUMBER + 1, 0);
}

TEST(negative_numbers_are_redirected_too)
{
	redirect(NEGATIVE, emulate);
	redirect(-29, negate);			/* mach_host_self */
	emulated = 0;
	CHECK_EQUAL(by_far_call(NEGATIVE), 1000 + NEGATIVE);
	CHECK_EQUAL(by_interrupt(NEGATIVE), 2000 + NEGATIVE);
	CHECK_EQUAL(mach_host_self(), 29);
	redirect(NEGATIVE, 0);
	redirect(-29, 0);
	CHECK_EQUAL(mach_host_self(), host());
	CHECK_SUCCESS(mach_port_deallocate(SELF, host()));
}

TEST(registers_and_flags_survive)
{
	unsigned int ebx = 1, esi = 3, edi = 4, edx = 5, carry = 0;

	redirect(NUMBER, emulate);
	__asm__ volatile("stc\n\tint $0x80\n\tsetc %b0"
			 : "=q"(carry), "+b"(ebx), "+S"(esi), "+D"(edi), "+d"(edx) : "0"(NUMBER)
			 : "ecx", "memory", "cc");
	CHECK_EQUAL(carry & 0xff, 1);
	CHECK_EQUAL(ebx, 1);
	CHECK_EQUAL(esi, 3);
	CHECK_EQUAL(edi, 4);
	CHECK_EQUAL(edx, 5);
	redirect(NUMBER, 0);
}

TEST(the_vector_tells_what_is_redirected)
{
	vm_offset_t entries[3] = { 0x1000, 0, 0x3000 };
	emulation_vector_t vector = 0;
	unsigned int count = 0;
	int start = 0;
	task_t task = MACH_PORT_NULL, child = MACH_PORT_NULL;

	CHECK_SUCCESS(task_create(SELF, FALSE, &task));
	CHECK_SUCCESS(task_get_emulation_vector(task, &start, &vector, &count));
	CHECK_EQUAL(count, 0);
	CHECK_SUCCESS(task_set_emulation_vector(task, -7, entries, 3));
	CHECK_SUCCESS(task_set_emulation(task, 0x4000, -4));
	CHECK_SUCCESS(task_create(task, FALSE, &child));
	CHECK_SUCCESS(task_terminate(task));
	CHECK_SUCCESS(mach_port_deallocate(SELF, task));

	CHECK_SUCCESS(task_get_emulation_vector(child, &start, &vector, &count));	/* inherited */
	CHECK_EQUAL(start, -7);
	CHECK_EQUAL(count, 4);
	CHECK_EQUAL(vector[0], 0x1000);
	CHECK_EQUAL(vector[1], 0);
	CHECK_EQUAL(vector[2], 0x3000);
	CHECK_EQUAL(vector[3], 0x4000);
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)vector, count * sizeof vector[0]));
	CHECK_SUCCESS(task_terminate(child));
	CHECK_SUCCESS(mach_port_deallocate(SELF, child));
}

TEST(emulation_refuses)
{
	vm_offset_t entries[2] = { 0x1000, 0x2000 };
	emulation_vector_t vector = 0;
	unsigned int count = 0;
	int start;

	CHECK_RETURNS(task_set_emulation(SELF, 0x1000, 100000), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_set_emulation(SELF, 0x1000, -100000), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_set_emulation(host(), 0x1000, 1), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_set_emulation_vector(SELF, 1023, entries, 2), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_set_emulation_vector(SELF, 0x7fffffff, entries, 2), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_set_emulation_vector(host(), 1, entries, 2), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_get_emulation_vector(host(), &start, &vector, &count), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(task_get_emulation_vector(SELF, &start, &vector, &count));
	CHECK_EQUAL(count, 0);
}
