/*
 * What a pager asks of the kernel: a test is the pager of a small object that another of its threads has
 * mapped and looks at.
 */
#include <cthreads.h>
#include <string.h>
#include "kernel_ports.h"
#include "messages.h"

#define PAGE		4096
#define OBJECT_PAGES	4

enum { INIT = 2200, TERMINATE, COPY, DATA_REQUEST, DATA_UNLOCK, DATA_WRITE, LOCK_COMPLETED, SUPPLY_COMPLETED,
       DATA_RETURN, CHANGE_COMPLETED };

static mach_port_t pager, control, name;
static vm_address_t mapped;
static char page[PAGE] __attribute__((aligned(PAGE)));

/* ---------------------------------------------------------------- what the kernel says */

struct said {
	mach_msg_header_t head;
	struct { mach_msg_type_t type; unsigned int value; } words[16];
};

static struct said said;

/* Wait for the kernel's next message to the pager. */
static void expect(int id)
{
	memset(&said, 0, sizeof said);
	CHECK_RETURNS(mach_msg(&said.head, MACH_RCV_MSG, 0, sizeof said, pager, MACH_MSG_TIMEOUT_NONE,
			       MACH_PORT_NULL), MACH_MSG_SUCCESS);
	CHECK_EQUAL(said.head.msgh_id, id);
}

/* A request about one page of the object; the right to its control port that came along goes. */
static void expect_request(int id, vm_offset_t offset, vm_prot_t access)
{
	expect(id);
	CHECK_EQUAL(said.words[0].value, control);
	CHECK_EQUAL(said.words[1].value, offset);
	CHECK_EQUAL(said.words[2].value, PAGE);
	CHECK_EQUAL(said.words[3].value & access, access);
	CHECK_SUCCESS(mach_port_deallocate(SELF, control));
}

/* ---------------------------------------------------------------- who looks at the object */

static any_t map(any_t unused)
{
	CHECK_SUCCESS(vm_map(SELF, &mapped, OBJECT_PAGES * PAGE, 0, TRUE, pager, 0, FALSE,
			     VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_NONE));
	return unused;
}

static any_t load(any_t offset)
{
	return (any_t)*(volatile int *)(mapped + (unsigned int)offset);
}

static any_t store(any_t offset)
{
	*(volatile int *)(mapped + (unsigned int)offset) = 77;
	return 0;
}

static any_t read_by_call(any_t offset)
{
	pointer_t data = 0;
	unsigned int count = 0;
	kern_return_t result = vm_read(SELF, mapped + (unsigned int)offset, PAGE, &data, &count);
	volatile int *word = (int *)data;

	if (result == KERN_SUCCESS) {
		(void)*word;
		(void)vm_deallocate(SELF, (vm_address_t)data, count);
	}
	return (any_t)result;
}

static cthread_t start(cthread_fn_t function, vm_offset_t offset)
{
	return cthread_fork(function, (any_t)offset);
}

/* Have the object mapped; the pager has been told of it and has not said yet that it is ready. */
static cthread_t begin(void)
{
	cthread_t mapper;

	pager = new_port_with_send();
	mapped = 0;
	mapper = start(map, 0);
	expect(INIT);
	control = said.words[0].value;
	name = said.words[1].value;
	CHECK_EQUAL(said.words[2].value, PAGE);
	return mapper;
}

static void begin_ready(void)
{
	cthread_t mapper = begin();

	CHECK_SUCCESS(memory_object_ready(control, FALSE, MEMORY_OBJECT_COPY_NONE));
	cthread_join(mapper);
}

static void end(void)
{
	CHECK_SUCCESS(vm_deallocate(SELF, mapped, OBJECT_PAGES * PAGE));
	expect(TERMINATE);
	CHECK_EQUAL(said.words[0].value, control);
	CHECK_EQUAL(said.words[1].value, name);
	destroy(control);
	destroy(name);
	destroy(pager);
}

static void supply(vm_offset_t offset, int word, vm_prot_t lock)
{
	*(int *)page = word;
	CHECK_SUCCESS(memory_object_data_supply(control, offset, (pointer_t)page, PAGE, FALSE, lock, FALSE,
						MACH_PORT_NULL));
}

/* ---------------------------------------------------------------- attributes */

TEST(an_object_is_ready_when_its_pager_says_so)
{
	cthread_t mapper = begin();
	boolean_t ready = TRUE, may_cache = FALSE;
	memory_object_copy_strategy_t strategy = 0;

	CHECK_SUCCESS(memory_object_get_attributes(control, &ready, &may_cache, &strategy));
	CHECK_EQUAL(ready, FALSE);
	CHECK_SUCCESS(memory_object_ready(control, TRUE, MEMORY_OBJECT_COPY_DELAY));
	cthread_join(mapper);
	CHECK_SUCCESS(memory_object_get_attributes(control, &ready, &may_cache, &strategy));
	CHECK_EQUAL(ready, TRUE);
	CHECK_EQUAL(may_cache, TRUE);
	CHECK_EQUAL(strategy, MEMORY_OBJECT_COPY_DELAY);
	CHECK_SUCCESS(memory_object_change_attributes(control, FALSE, MEMORY_OBJECT_COPY_NONE, pager));
	expect(CHANGE_COMPLETED);
	CHECK_EQUAL(said.words[0].value, FALSE);
	CHECK_EQUAL(said.words[1].value, MEMORY_OBJECT_COPY_NONE);
	end();
}

TEST(the_old_way_to_be_ready)
{
	cthread_t mapper = begin();

	CHECK_SUCCESS(memory_object_set_attributes(control, TRUE, FALSE, MEMORY_OBJECT_COPY_NONE));
	cthread_join(mapper);
	end();
}

/* ---------------------------------------------------------------- data */

TEST(data_is_supplied_when_it_is_looked_at)
{
	cthread_t reader;

	begin_ready();
	reader = start(load, 0);
	expect_request(DATA_REQUEST, 0, VM_PROT_READ);
	supply(0, 11, VM_PROT_NONE);
	CHECK_EQUAL((int)cthread_join(reader), 11);
	reader = start(load, PAGE);
	expect_request(DATA_REQUEST, PAGE, VM_PROT_READ);
	*(int *)page = 12;
	CHECK_SUCCESS(memory_object_data_provided(control, PAGE, (pointer_t)page, PAGE, VM_PROT_NONE));
	CHECK_EQUAL((int)cthread_join(reader), 12);
	reader = start(load, 2 * PAGE);
	expect_request(DATA_REQUEST, 2 * PAGE, VM_PROT_READ);
	CHECK_SUCCESS(memory_object_data_unavailable(control, 2 * PAGE, PAGE));
	CHECK_EQUAL((int)cthread_join(reader), 0);
	CHECK_EQUAL(*(int *)mapped, 11);
	end();
}

TEST(data_that_cannot_be_had_is_a_memory_error)
{
	cthread_t reader;

	begin_ready();
	reader = start(read_by_call, 0);
	expect_request(DATA_REQUEST, 0, VM_PROT_READ);
	CHECK_SUCCESS(memory_object_data_error(control, 0, PAGE, KERN_MEMORY_ERROR));
	CHECK((int)cthread_join(reader) != KERN_SUCCESS);
	end();
}

TEST(a_locked_page_is_unlocked_when_it_is_written)
{
	cthread_t writer, reader;

	begin_ready();
	reader = start(load, 0);
	expect_request(DATA_REQUEST, 0, VM_PROT_READ);
	supply(0, 11, VM_PROT_WRITE);
	CHECK_EQUAL((int)cthread_join(reader), 11);
	writer = start(store, 0);
	expect_request(DATA_UNLOCK, 0, VM_PROT_WRITE);
	CHECK_SUCCESS(memory_object_lock_request(control, 0, PAGE, MEMORY_OBJECT_RETURN_NONE, FALSE, VM_PROT_NONE,
						 pager));
	expect(LOCK_COMPLETED);
	CHECK_SUCCESS(mach_port_deallocate(SELF, control));
	cthread_join(writer);
	CHECK_EQUAL(*(int *)mapped, 77);
	/* The page is dirty now: it comes back when it is asked for. */
	CHECK_SUCCESS(memory_object_lock_request(control, 0, PAGE, MEMORY_OBJECT_RETURN_DIRTY, TRUE,
						 VM_PROT_NO_CHANGE, MACH_PORT_NULL));
	expect(DATA_RETURN);
	CHECK_EQUAL(said.words[1].value, 0);
	CHECK_SUCCESS(mach_port_deallocate(SELF, control));
	CHECK_SUCCESS(vm_deallocate(SELF, ((vm_address_t *)&said)[6 + 4 + 3], PAGE));
	end();
}

TEST(a_destroyed_object_is_terminated)
{
	cthread_t reader;

	begin_ready();
	CHECK_SUCCESS(memory_object_destroy(control, KERN_FAILURE));
	expect(TERMINATE);
	reader = start(read_by_call, 0);
	CHECK((int)cthread_join(reader) != KERN_SUCCESS);
	CHECK_SUCCESS(vm_deallocate(SELF, mapped, OBJECT_PAGES * PAGE));
	destroy(control);
	destroy(name);
	destroy(pager);
}

/* ---------------------------------------------------------------- the default pager */

TEST(the_default_pager_can_be_set_and_asked_for)
{
	mach_port_t port = new_port_with_send(), manager = port, wrong = MACH_PORT_NULL;

	CHECK_SUCCESS(vm_set_default_memory_manager(host_priv(), &manager));
	manager = MACH_PORT_NULL;
	CHECK_SUCCESS(vm_set_default_memory_manager(host_priv(), &manager));
	CHECK_EQUAL(manager, port);
	CHECK_RETURNS(vm_set_default_memory_manager(host(), &wrong), KERN_INVALID_ARGUMENT);
	destroy(port);			/* a dead default pager is none */
}
