/*
 * Running out of memory is an error to whoever asked, in what it asked; and everything that was taken
 * comes back.
 */
#include "exceptions.h"
#include "messages.h"
#include "shortage.h"

#define PAGE_TABLE_SPAN	0x200000
#define FEW		8	/* frames by which figures may differ: a stack page, a page table */

/* 1: movb $1, (%eax); addl $4096, %eax; jmp 1b */
static const unsigned char touch_everything[] = { 0xc6, 0x00, 0x01, 0x05, 0x00, 0x10, 0x00, 0x00, 0xeb, 0xf6 };

/* Let a program touch more than there is; the frames that are left when it gets no more. */
static unsigned int exhaust(void)
{
	mach_port_t port = new_port_with_send();
	unsigned int before = free_frames();
	struct raised raised;
	struct i386_thread_state state = { 0 };
	unsigned int count = i386_THREAD_STATE_COUNT, left;
	vm_address_t code;
	task_t child = MACH_PORT_NULL;
	thread_t thread = MACH_PORT_NULL;

	/* No copy of ours: we could not write to our own memory before it had got a copy. */
	CHECK_SUCCESS(task_create(SELF, FALSE, &child));
	CHECK_SUCCESS(task_set_special_port(child, TASK_EXCEPTION_PORT, port));
	code = allocate_in(child, PAGE);
	CHECK_SUCCESS(vm_write(child, code, (pointer_t)touch_everything, sizeof touch_everything));
	CHECK_SUCCESS(thread_create(child, &thread));
	CHECK_SUCCESS(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t)&state, &count));
	state.eip = code;
	state.eax = allocate_in(child, 0x40000000);
	CHECK_SUCCESS(thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)&state, count));
	CHECK_SUCCESS(thread_resume(thread));
	await_exception(port, &raised);
	CHECK_EQUAL(raised.exception, EXC_BAD_ACCESS);
	CHECK_EQUAL(raised.code, KERN_RESOURCE_SHORTAGE);
	CHECK_EQUAL(raised.task, child);
	left = free_frames();
	CHECK_SUCCESS(task_terminate(child));
	destroy(child);
	destroy(thread);
	destroy(raised.head.msgh_remote_port);
	while (free_frames() + FEW < before)
		(void)swtch_pri(0);	/* the thread must leave the kernel before all goes */
	destroy(port);
	return left;
}

static vm_address_t hoard;
static vm_size_t hoard_size;
static unsigned int kept;	/* frames that a program does not get, however much it wants them */

static void prepare(void)
{
	static boolean_t done;

	if (done)
		return;
	done = TRUE;
	wire_ourselves();
	kept = exhaust();
}

/* Take frames until a program can get only so many more. */
static void take_all_but(unsigned int left)
{
	unsigned int at, count;

	hoard_size = (free_frames() + 16) * PAGE;
	hoard = allocate(hoard_size);
	/* First a page for each page table, so that from then on each needs one frame. */
	for (at = 0; at < hoard_size; at += PAGE_TABLE_SPAN)
		*(char *)(hoard + at) = 1;
	*(char *)(hoard + hoard_size - 1) = 1;
	for (at = PAGE, count = free_frames() - kept - left; count > 0; at += PAGE) {
		if (at % PAGE_TABLE_SPAN == 0)
			continue;
		*(char *)(hoard + at) = 1;
		count--;
	}
}

static void give_back(void)
{
	deallocate(hoard, hoard_size);
}

TEST(a_program_that_touches_too_much)
{
	prepare();
	CHECK_EQUAL(exhaust(), kept);
	CHECK(kept < free_frames() / 10);
}

/* ---------------------------------------------------------------- calls */

TEST(calls_when_no_frame_is_left)
{
	vm_address_t untouched, other = 0, source;
	unsigned int before, count = 0, other_count = 0;
	task_t child = MACH_PORT_NULL;
	thread_t thread = MACH_PORT_NULL;
	mach_port_array_t names = 0;
	mach_port_type_array_t types = 0;
	pointer_t data = 0;
	int results[9], i = 0;

	prepare();
	untouched = allocate(4 * PAGE);
	source = allocate(2 * PAGE);
	*(char *)source = *(char *)(source + PAGE) = 1;	/* not wired: that would be copied at once */
	before = free_frames();
	take_all_but(0);
	results[i++] = task_create(SELF, FALSE, &child);
	results[i++] = task_create(SELF, TRUE, &child);
	results[i++] = vm_wire(host_priv(), SELF, untouched, PAGE, VM_PROT_READ);
	results[i++] = vm_write(SELF, untouched + 1, source, 100);
	results[i++] = vm_copy(SELF, source + 1, PAGE, untouched + 5);
	results[i++] = mach_port_names(SELF, &names, &count, &types, &other_count);
	/* What needs no frame goes on working. */
	results[i++] = vm_read(SELF, source, PAGE, &data, &count);
	results[i++] = vm_allocate(SELF, &other, PAGE, TRUE);
	results[i++] = thread_create(SELF, &thread);
	give_back();
	CHECK_EQUAL(results[0], KERN_RESOURCE_SHORTAGE);
	CHECK_EQUAL(results[1], KERN_RESOURCE_SHORTAGE);
	CHECK_EQUAL(results[2], KERN_RESOURCE_SHORTAGE);
	CHECK_EQUAL(results[3], KERN_RESOURCE_SHORTAGE);
	CHECK_EQUAL(results[4], KERN_RESOURCE_SHORTAGE);
	CHECK_EQUAL(results[5], MACH_RCV_BODY_ERROR | MACH_MSG_VM_KERNEL);
	CHECK_EQUAL(results[6], KERN_SUCCESS);
	CHECK_EQUAL(results[7], KERN_SUCCESS);
	CHECK_EQUAL(results[8], KERN_SUCCESS);
	CHECK_SUCCESS(thread_terminate(thread));
	destroy(thread);
	deallocate(data, PAGE);
	deallocate(other, PAGE);
	deallocate(untouched, 4 * PAGE);
	deallocate(source, 2 * PAGE);
	CHECK(free_frames() + FEW > before);
}

/* A fork that runs out on its way, wherever that is: nothing of the child is left. */
TEST(tasks_when_few_frames_are_left)
{
	unsigned int left, before;
	task_t parent = MACH_PORT_NULL, child = MACH_PORT_NULL;
	vm_address_t wired;
	kern_return_t result = KERN_RESOURCE_SHORTAGE;

	prepare();
	/* Wired memory is copied at once, so that a fork needs frames. */
	CHECK_SUCCESS(task_create(SELF, FALSE, &parent));
	wired = allocate_in(parent, 6 * PAGE);
	CHECK_SUCCESS(vm_wire(host_priv(), parent, wired, 6 * PAGE, READ_WRITE));
	for (left = 0; result == KERN_RESOURCE_SHORTAGE; left++) {
		take_all_but(left);
		before = free_frames();
		result = task_create(parent, TRUE, &child);
		if (result != KERN_SUCCESS && free_frames() < before)
			result = KERN_FAILURE;
		give_back();
	}
	CHECK_SUCCESS(result);
	CHECK(left > 6);
	CHECK_SUCCESS(task_terminate(child));
	CHECK_SUCCESS(task_terminate(parent));
	destroy(child);
	destroy(parent);
}

/* The task can be made, but there is no frame for the page that its name goes to, which the fork has made
 * copy-on-write: then there is no task either. */
TEST(a_name_that_cannot_be_stored)
{
	mach_port_t *where;
	kern_return_t result;
	unsigned int before, needed, given = 0;
	task_t child = MACH_PORT_NULL;

	prepare();
	where = (mach_port_t *)allocate(PAGE);
	*where = 1;
	before = free_frames();
	CHECK_SUCCESS(task_create(SELF, TRUE, &child));
	needed = before - free_frames();
	CHECK_SUCCESS(task_terminate(child));
	destroy(child);
	take_all_but(needed - 3);
	(void)vm_inherit(SELF, hoard, hoard_size, VM_INHERIT_NONE);
	for (;;) {
		before = free_frames();
		result = task_create(SELF, TRUE, where);
		if (result != KERN_RESOURCE_SHORTAGE)
			break;
		if (free_frames() < before) {
			result = KERN_FAILURE;
			break;
		}
		(void)vm_deallocate(SELF, hoard + (1 + given++) * PAGE, PAGE);
	}
	give_back();
	CHECK(given > 0);
	CHECK_SUCCESS(result);
	CHECK_SUCCESS(task_terminate(*where));
	destroy(*where);
	deallocate((vm_address_t)where, PAGE);
}

/* Writing and wiring many pages, of which not all can be had: all or nothing. */
TEST(writes_that_run_out_half_way)
{
	vm_address_t source, target;
	kern_return_t result, wiring;
	int i;

	prepare();
	source = allocate(20 * PAGE);
	target = allocate(21 * PAGE);
	for (i = 0; i < 20; i++)
		*(char *)(source + i * PAGE) = 1;
	take_all_but(10);
	result = vm_write(SELF, target + 7, source, 20 * PAGE);
	wiring = vm_wire(host_priv(), SELF, target, 21 * PAGE, VM_PROT_READ);
	give_back();
	CHECK_EQUAL(result, KERN_RESOURCE_SHORTAGE);
	CHECK_EQUAL(wiring, KERN_RESOURCE_SHORTAGE);
	for (i = 0; i < 20; i++)
		CHECK_EQUAL(*(char *)(target + 7 + i * PAGE), 0);
	CHECK_SUCCESS(vm_write(SELF, target + 7, source, 20 * PAGE));
	CHECK_EQUAL(*(char *)(target + 7 + 19 * PAGE), 1);
	deallocate(source, 20 * PAGE);
	deallocate(target, 21 * PAGE);
}

/* Messages out of line need no frames, only their contents do. */
TEST(messages_when_no_frame_is_left)
{
	mach_port_t port = new_port(), a = new_port();
	struct {
		mach_msg_header_t head;
		mach_msg_type_t data_type;
		char *data;
		mach_msg_type_t names_type;
		mach_port_t *names;
		int more[4];
	} message = {
		.head = { .msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
			  .msgh_remote_port = port },
		.data_type = OUT_OF_LINE(MACH_MSG_TYPE_CHAR, 8, PAGE - 1),
		.names_type = OUT_OF_LINE(MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, 1),
		.names = &a,
	};
	mach_msg_return_t sent, received;
	char *data;

	prepare();
	data = (char *)allocate(PAGE);
	data[0] = 9;
	message.data = data;
	take_all_but(0);
	sent = mach_msg(&message.head, MACH_SEND_MSG, sizeof message - sizeof message.more, 0, 0, 0, 0);
	received = mach_msg(&message.head, MACH_RCV_MSG, 0, sizeof message, port, 0, 0);
	give_back();
	CHECK_EQUAL(sent, MACH_MSG_SUCCESS);
	CHECK_EQUAL(received, MACH_RCV_BODY_ERROR | MACH_MSG_VM_KERNEL);	/* no page for the names */
	CHECK_EQUAL(message.data[0], 9);
	CHECK_EQUAL((vm_address_t)message.names, 0);
	(void)expect_notification(a, MACH_NOTIFY_SEND_ONCE);
	deallocate((vm_address_t)message.data, PAGE);
	deallocate((vm_address_t)data, PAGE);
	destroy(port);
	destroy(a);
}

/* ---------------------------------------------------------------- address space */

#define SPARSE	600	/* pages, each in a page table of its own */

/* A million pages, of which some are touched here and there. */
TEST(a_sparse_map_of_nearly_a_million_pages)
{
	vm_address_t address = 0;
	vm_size_t size = 0;
	unsigned int i, before = free_frames();
	task_t child;
	struct region region;

	CHECK_SUCCESS(task_create(SELF, FALSE, &child));
	for (size = 0x40000000; size >= PAGE; size /= 2)
		while (vm_allocate(child, &address, size, TRUE) == KERN_SUCCESS)
			;
	CHECK_EQUAL(size_of(child), 0xc0000000 - PAGE);
	for (i = 0; i < SPARSE; i++) {
		unsigned int at = PAGE + i * 0x200000 + (i * 7919 % 512) * PAGE;

		CHECK_SUCCESS(vm_write(child, at, (pointer_t)&i, 4));
	}
	for (i = 0; i < SPARSE; i += 50)
		CHECK_SUCCESS(vm_protect(child, PAGE + i * 0x200000, PAGE, FALSE, VM_PROT_READ));
	region = region_at(child, PAGE);
	CHECK_EQUAL(region.size, PAGE);
	CHECK_SUCCESS(vm_protect(child, 0, 0xc0000000, FALSE, READ_WRITE));
	CHECK_SUCCESS(vm_deallocate(child, 0x10000000, 0x80000000));
	CHECK_SUCCESS(task_terminate(child));
	destroy(child);
	CHECK(free_frames() + FEW > before);
}

#define ENTRIES	70000	/* more than a map may have */

/* Every other page: each is an entry of its own, and the map has only so many. */
TEST(more_regions_than_a_map_can_have)
{
	task_t child;
	vm_address_t at;
	kern_return_t result = KERN_SUCCESS;
	int i;

	CHECK_SUCCESS(task_create(SELF, FALSE, &child));
	for (i = 0; i < ENTRIES && result == KERN_SUCCESS; i++) {
		at = PAGE + i * 2 * PAGE;
		result = vm_allocate(child, &at, PAGE, FALSE);
	}
	CHECK_EQUAL(result, KERN_RESOURCE_SHORTAGE);
	CHECK(i > 10000);
	CHECK_RETURNS(vm_protect(child, PAGE, PAGE, FALSE, VM_PROT_READ), KERN_RESOURCE_SHORTAGE);
	CHECK_SUCCESS(task_terminate(child));
	destroy(child);
}
