/*
 * Code that should not run: privileged and illegal instructions, wild jumps, exhausted stacks, random
 * bytes.  Each ends in an exception of its own task, or goes on until it is stopped; nothing else
 * notices.
 */
#include "exceptions.h"
#include "seeded.h"

#define PAGE	4096
#define CODE	0x00400000	/* where a child has its code, and its stack below */
#define LIMIT	4		/* milliseconds for which a child may run without an exception */

static mach_port_t port;	/* for the exceptions of children */
static task_t child;
static thread_t thread;
static struct i386_thread_state fresh;	/* the registers of a new thread */

static void begin(void)
{
	vm_address_t address = CODE - PAGE;
	unsigned int count = i386_THREAD_STATE_COUNT;

	port = new_port_with_send();
	CHECK_SUCCESS(task_create(SELF, FALSE, &child));
	CHECK_SUCCESS(task_set_special_port(child, TASK_EXCEPTION_PORT, port));
	CHECK_SUCCESS(vm_allocate(child, &address, 2 * PAGE, FALSE));
	CHECK_SUCCESS(thread_create(child, &thread));
	CHECK_SUCCESS(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t)&fresh, &count));
	fresh.eip = CODE;
	fresh.uesp = CODE - 64;
	fresh.esi = fresh.edi = CODE - PAGE;
	fresh.ecx = 2;
}

static void end(void)
{
	(void)task_terminate(child);
	destroy(child);
	destroy(thread);
	destroy(port);
}

/* The next exception, within so many milliseconds; whether there was one. */
static boolean_t next_exception(struct raised *raised, unsigned int limit)
{
	if (mach_msg(&raised->head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof *raised, port, limit, MACH_PORT_NULL)
	    != MACH_MSG_SUCCESS)
		return FALSE;
	CHECK_EQUAL(raised->head.msgh_id, EXCEPTION_RAISE_ID);
	CHECK_EQUAL(raised->task, child);
	return TRUE;
}

/* Without an answer; the child is gone before the right to answer is. */
static void end_unanswered(struct raised *raised)
{
	CHECK_SUCCESS(task_terminate(child));
	CHECK_SUCCESS(mach_port_deallocate(SELF, raised->head.msgh_remote_port));
	end();
}

static void go_at(const struct i386_thread_state *state)
{
	CHECK_SUCCESS(thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)state, i386_THREAD_STATE_COUNT));
}

/* Run code in the child until it gets an exception, which must come; the thread then waits for an answer. */
static void run_code(const unsigned char *code, unsigned int size, struct raised *raised)
{
	begin();
	CHECK_SUCCESS(vm_write(child, CODE, (pointer_t)code, size));
	go_at(&fresh);
	CHECK_SUCCESS(thread_resume(thread));
	CHECK(next_exception(raised, 100));
	end_unanswered(raised);
}

/* ---------------------------------------------------------------- one instruction */

struct instruction {
	const char *bytes;
	unsigned int size;
	int exception, code;	/* code 0: any */
};

#define CODE_OF(bytes)	bytes, sizeof bytes - 1

static const struct instruction privileged[] = {
	{ CODE_OF("\xf4"), EXC_BAD_INSTRUCTION, 13 },			/* hlt */
	{ CODE_OF("\xfa"), EXC_BAD_INSTRUCTION, 13 },			/* cli */
	{ CODE_OF("\xfb"), EXC_BAD_INSTRUCTION, 13 },			/* sti */
	{ CODE_OF("\xe4\x60"), EXC_BAD_INSTRUCTION, 13 },		/* inb $0x60, %al */
	{ CODE_OF("\xe6\x80"), EXC_BAD_INSTRUCTION, 13 },		/* outb %al, $0x80 */
	{ CODE_OF("\xec"), EXC_BAD_INSTRUCTION, 13 },			/* inb (%dx), %al */
	{ CODE_OF("\xef"), EXC_BAD_INSTRUCTION, 13 },			/* outl %eax, (%dx) */
	{ CODE_OF("\x6c"), EXC_BAD_INSTRUCTION, 13 },			/* insb */
	{ CODE_OF("\xf3\x6f"), EXC_BAD_INSTRUCTION, 13 },		/* rep outsl */
	{ CODE_OF("\x0f\x01\x10"), EXC_BAD_INSTRUCTION, 13 },		/* lgdt (%eax) */
	{ CODE_OF("\x0f\x01\x18"), EXC_BAD_INSTRUCTION, 13 },		/* lidt (%eax) */
	{ CODE_OF("\x0f\x01\xf0"), EXC_BAD_INSTRUCTION, 13 },		/* lmsw %ax */
	{ CODE_OF("\x0f\x01\x38"), EXC_BAD_INSTRUCTION, 13 },		/* invlpg (%eax) */
	{ CODE_OF("\x0f\x00\xd0"), EXC_BAD_INSTRUCTION, 13 },		/* lldt %ax */
	{ CODE_OF("\x0f\x00\xd8"), EXC_BAD_INSTRUCTION, 13 },		/* ltr %ax */
	{ CODE_OF("\x0f\x06"), EXC_BAD_INSTRUCTION, 13 },		/* clts */
	{ CODE_OF("\x0f\x08"), EXC_BAD_INSTRUCTION, 13 },		/* invd */
	{ CODE_OF("\x0f\x09"), EXC_BAD_INSTRUCTION, 13 },		/* wbinvd */
	{ CODE_OF("\x0f\x20\xc0"), EXC_BAD_INSTRUCTION, 13 },		/* movl %cr0, %eax */
	{ CODE_OF("\x0f\x22\xd8"), EXC_BAD_INSTRUCTION, 13 },		/* movl %eax, %cr3 */
	{ CODE_OF("\x0f\x21\xf8"), EXC_BAD_INSTRUCTION, 13 },		/* movl %db7, %eax */
	{ CODE_OF("\x0f\x23\xf8"), EXC_BAD_INSTRUCTION, 13 },		/* movl %eax, %db7 */
	{ CODE_OF("\x0f\x30"), EXC_BAD_INSTRUCTION, 13 },		/* wrmsr */
	{ CODE_OF("\x0f\x32"), EXC_BAD_INSTRUCTION, 13 },		/* rdmsr */
	{ CODE_OF("\xb8\x23\x01\x00\x00\x8e\xd8"), EXC_BAD_INSTRUCTION, 0 },	/* movw $0x123, %ds */
	{ CODE_OF("\x31\xc0\x8e\xd0"), EXC_BAD_INSTRUCTION, 0 },	/* movw $0, %ss */
	{ CODE_OF("\xea\x00\x00\x40\x00\x08\x00"), EXC_BAD_INSTRUCTION, 0 },	/* ljmp to the kernel's segment */
	{ CODE_OF("\x9a\x00\x00\x00\x00\x34\x12"), EXC_BAD_INSTRUCTION, 0 },	/* lcall to no segment */
	{ CODE_OF("\xcd\x0e"), EXC_BAD_INSTRUCTION, 0 },		/* int $14 */
	{ CODE_OF("\xcd\x21"), EXC_BAD_INSTRUCTION, 0 },		/* int $0x21 */
	{ CODE_OF("\xcd\x80"), EXC_BAD_INSTRUCTION, 0 },		/* int $0x80: nobody emulates */
	{ CODE_OF("\xcd\xff"), EXC_BAD_INSTRUCTION, 0 },		/* int $0xff */
	{ CODE_OF("\x0f\x34"), EXC_BAD_INSTRUCTION, 0 },		/* sysenter */
	{ CODE_OF("\x0f\x35"), EXC_BAD_INSTRUCTION, 0 },		/* sysexit */
	{ CODE_OF("\x0f\x05"), EXC_BAD_INSTRUCTION, 0 },		/* syscall */
	{ CODE_OF("\x0f\x07"), EXC_BAD_INSTRUCTION, 0 },		/* sysret */
	{ CODE_OF("\x0f\xaa"), EXC_BAD_INSTRUCTION, 0 },		/* rsm */
};

static const struct instruction illegal[] = {
	{ CODE_OF("\x0f\x0b"), EXC_BAD_INSTRUCTION, 6 },		/* ud2 */
	{ CODE_OF("\xff\xff"), EXC_BAD_INSTRUCTION, 6 },
	{ CODE_OF("\x0f\xff"), EXC_BAD_INSTRUCTION, 6 },
	{ CODE_OF("\xf0\x90"), EXC_BAD_INSTRUCTION, 6 },		/* lock nop */
	{ CODE_OF("\x8d\xc0"), EXC_BAD_INSTRUCTION, 6 },		/* leal %eax, %eax */
	{ CODE_OF("\x0f\x01\xc1"), EXC_BAD_INSTRUCTION, 6 },		/* vmcall */
	{ CODE_OF("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90"), EXC_BAD_INSTRUCTION, 0 },
};

static const struct instruction others[] = {
	{ CODE_OF("\xcc"), EXC_BREAKPOINT, 2 },				/* int3 */
	{ CODE_OF("\xcd\x03"), EXC_BREAKPOINT, 2 },			/* int $3 */
	{ CODE_OF("\x31\xc9\xf7\xf1"), EXC_ARITHMETIC, 1 },		/* divl by 0 */
	{ CODE_OF("\xb0\x7f\xfe\xc0\xce"), EXC_ARITHMETIC, 2 },		/* incb 127; into */
	{ CODE_OF("\x31\xc0\xc7\x00\x01\x00\x00\x00"), EXC_BAD_ACCESS, KERN_INVALID_ADDRESS },	/* store to 0 */
	{ CODE_OF("\xa1\x00\x00\x00\xc0"), EXC_BAD_ACCESS, KERN_INVALID_ADDRESS },	/* load of kernel memory */
	{ CODE_OF("\xa3\xfe\xff\xff\xff"), EXC_BAD_ACCESS, KERN_INVALID_ADDRESS },	/* store across the end */
	{ CODE_OF("\xe9\xfb\xff\xbf\xff"), EXC_BAD_ACCESS, KERN_INVALID_ADDRESS },	/* jmp 0 */
	{ CODE_OF("\xb8\x00\x00\x00\xc0\xff\xe0"), EXC_BAD_ACCESS, KERN_INVALID_ADDRESS },	/* jmp to the kernel */
	{ CODE_OF("\xb8\xff\xff\xff\xff\xff\xe0"), EXC_BAD_ACCESS, KERN_INVALID_ADDRESS },	/* jmp to the last byte */
	{ CODE_OF("\x31\xe4\x50"), EXC_BAD_ACCESS, KERN_INVALID_ADDRESS },	/* push with a stack at 0 */
	{ CODE_OF("\x31\xe4\xc3"), EXC_BAD_ACCESS, KERN_INVALID_ADDRESS },	/* ret from one */
	{ CODE_OF("\x9d\x6a\x00\x9d\x0f\x0b"), EXC_BAD_INSTRUCTION, 6 },	/* popfl of anything, then ud2 */
	{ CODE_OF("\x68\xff\xff\xff\xff\x9d\xcc"), EXC_BREAKPOINT, 0 },	/* all flags, the trap flag too */
	{ CODE_OF("\x0f\x31\x0f\xa2\x0f\x0b"), EXC_BAD_INSTRUCTION, 6 },	/* rdtsc and cpuid are for everybody */
	{ CODE_OF("\xfd\xb9\xff\xff\xff\xff\xf3\xaa"), EXC_BAD_ACCESS, KERN_INVALID_ADDRESS },	/* std; rep stosb */
};

static void try_all(const struct instruction *list, unsigned int count)
{
	struct raised raised;
	unsigned int i;

	for (i = 0; i < count; i++) {
		run_code((const unsigned char *)list[i].bytes, list[i].size, &raised);
		if (raised.exception != list[i].exception
		    || (list[i].code != 0 && raised.code != list[i].code))
			_check_failed(__FILE__, __LINE__, "number %u: exception %d, code %d", i, raised.exception,
				      raised.code);
	}
}

#define TRY_ALL(list)	try_all(list, sizeof list / sizeof list[0])

TEST(privileged_instructions)
{
	TRY_ALL(privileged);
}

TEST(illegal_instructions)
{
	TRY_ALL(illegal);
}

TEST(other_ways_to_fail)
{
	TRY_ALL(others);
}

/* Recursion without end meets the page below the stack. */
TEST(a_stack_that_overflows)
{
	struct raised raised;

	run_code((const unsigned char *)"\xe8\xfb\xff\xff\xff", 5, &raised);	/* call itself */
	CHECK_EQUAL(raised.exception, EXC_BAD_ACCESS);
	CHECK_EQUAL(raised.code, KERN_INVALID_ADDRESS);
	CHECK_EQUAL(raised.subcode, CODE - PAGE - 4);
}

/* An instruction that begins on the last bytes of a page whose successor is missing. */
TEST(an_instruction_cut_off_by_the_end_of_memory)
{
	struct raised raised;
	struct i386_thread_state state;
	unsigned int cut;

	for (cut = 1; cut < 5; cut++) {
		begin();
		CHECK_SUCCESS(vm_write(child, CODE + PAGE - cut, (pointer_t)"\xb8\x01\x02\x03\x04", cut));
		state = fresh;
		state.eip = CODE + PAGE - cut;
		go_at(&state);
		CHECK_SUCCESS(thread_resume(thread));
		CHECK(next_exception(&raised, 100));
		CHECK_EQUAL(raised.exception, EXC_BAD_ACCESS);
		CHECK_EQUAL(raised.subcode, CODE + PAGE);
		end_unanswered(&raised);
	}
}

/* ---------------------------------------------------------------- random bytes */

#define CHILDREN	32
#define JUMPS		60	/* into each child's random code */

/* Random code, random registers (pointing at memory that is there, mostly). */
static void random_state(struct i386_thread_state *state)
{
	unsigned int *general[] = { &state->eax, &state->ebx, &state->ecx, &state->edx, &state->esi, &state->edi,
				    &state->ebp };
	unsigned int i;

	*state = fresh;
	for (i = 0; i < sizeof general / sizeof general[0]; i++)
		*general[i] = seeded_below(2) ? CODE - PAGE + seeded_below(2 * PAGE) : seeded();
	state->eip = CODE + seeded_below(PAGE);
	state->uesp = CODE - seeded_below(PAGE);
	if (seeded_below(4) == 0)
		state->efl |= seeded() & 0xcd5;	/* arithmetic flags and the direction */
}

static void fill_code(void)
{
	unsigned int words[PAGE / 4], i;

	for (i = 0; i < PAGE / 4; i++)
		words[i] = seeded();
	CHECK_SUCCESS(vm_write(child, CODE, (pointer_t)words, PAGE));
}

TEST(random_bytes)
{
	struct raised raised;
	struct i386_thread_state state;
	unsigned int i, jumps, caught = 0, endless = 0;

	seed(99);
	for (i = 0; i < CHILDREN; i++) {
		begin();
		fill_code();
		random_state(&state);
		go_at(&state);
		CHECK_SUCCESS(thread_resume(thread));
		for (jumps = 0; jumps < JUMPS; jumps++) {
			if (!next_exception(&raised, LIMIT)) {
				endless++;
				break;
			}
			caught++;
			CHECK(raised.exception >= EXC_BAD_ACCESS && raised.exception <= EXC_BREAKPOINT);
			random_state(&state);
			go_at(&state);
			answer(&raised, KERN_SUCCESS);
		}
		end();
	}
	CHECK(caught > CHILDREN * JUMPS / 3);
	CHECK(endless < CHILDREN);
}

/* Nobody takes their exceptions: they just end. */
TEST(random_bytes_without_a_handler)
{
	struct i386_thread_state state;
	unsigned int i, waited;

	seed(100);
	for (i = 0; i < 8; i++) {
		begin();
		CHECK_SUCCESS(task_set_special_port(child, TASK_EXCEPTION_PORT, MACH_PORT_NULL));
		fill_code();
		random_state(&state);
		go_at(&state);
		CHECK_SUCCESS(thread_resume(thread));
		for (waited = 0; waited < LIMIT && type_of(child) != MACH_PORT_TYPE_DEAD_NAME; waited++)
			expect_nothing(port);
		end();
	}
}
