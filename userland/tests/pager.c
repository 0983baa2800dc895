/*
 * External pagers: a thread that provides the memory of an object, and the calls by which it does.
 *
 * The pager of these tests keeps a few pages in an array.  What it does with requests, each test says by
 * the variables below; what it was told, the test waits for by watching them change.
 */
#include <cthreads.h>
#include <mach/memory_object_server.h>
#include <mach/msg_server.h>
#include <string.h>
#include "child.h"
#include "kernel_ports.h"

#define PAGES		4
#define PAGE		4096u
#define AT(page)	(mapped + (page) * PAGE)
#define EVENTUALLY(condition)	do { while (!(condition)) (void)swtch_pri(0); } while (0)

static mach_port_t pagers;			/* the set of ports that the pager's thread serves */
static mach_port_t object, completions;
static memory_object_control_t control;
static memory_object_name_t object_name;
static vm_address_t mapped;

static char store[PAGES * PAGE];
static memory_object_copy_strategy_t strategy;
static boolean_t caches, precious, fails, is_empty;
static vm_prot_t lock;
static volatile unsigned int inits, requests, unlocks, returns, terminations;
static volatile unsigned int locks_done, supplies_done, changes_done, returned_dirty;
static volatile kern_return_t supply_result;
static volatile vm_offset_t supply_error;

kern_return_t memory_object_init(memory_object_t port, memory_object_control_t new_control,
				 memory_object_name_t new_name, vm_size_t page_size)
{
	control = new_control;
	object_name = new_name;
	inits++;
	return memory_object_ready(control, caches, strategy);
}

kern_return_t memory_object_terminate(memory_object_t port, memory_object_control_t old_control,
				      memory_object_name_t old_name)
{
	(void)mach_port_destroy(SELF, old_control);
	(void)mach_port_destroy(SELF, old_name);
	terminations++;
	return KERN_SUCCESS;
}

kern_return_t memory_object_data_request(memory_object_t port, memory_object_control_t to, vm_offset_t offset,
					 vm_size_t length, vm_prot_t access)
{
	requests++;
	if (fails)
		return memory_object_data_error(to, offset, length, KERN_FAILURE);
	if (is_empty)
		return memory_object_data_unavailable(to, offset, length);
	return memory_object_data_supply(to, offset, (pointer_t)(store + offset), length, FALSE, lock, precious,
					 completions);
}

kern_return_t memory_object_data_unlock(memory_object_t port, memory_object_control_t to, vm_offset_t offset,
					vm_size_t length, vm_prot_t access)
{
	unlocks++;
	return memory_object_lock_request(to, offset, length, MEMORY_OBJECT_RETURN_NONE, FALSE, VM_PROT_NONE,
					  MACH_PORT_NULL);
}

kern_return_t memory_object_data_return(memory_object_t port, memory_object_control_t from, vm_offset_t offset,
					pointer_t data, mach_msg_type_number_t size, boolean_t dirty,
					boolean_t kernel_copy)
{
	memcpy(store + offset, (void *)data, size);
	(void)vm_deallocate(SELF, (vm_address_t)data, size);
	returned_dirty += dirty ? 1 : 0;
	returns++;
	return KERN_SUCCESS;
}

kern_return_t memory_object_data_write(memory_object_t port, memory_object_control_t from, vm_offset_t offset,
				       pointer_t data, mach_msg_type_number_t size)
{
	return memory_object_data_return(port, from, offset, data, size, TRUE, FALSE);
}

kern_return_t memory_object_copy(memory_object_t port, memory_object_control_t from, vm_offset_t offset,
				 vm_size_t length, memory_object_t new_object)
{
	return mach_port_destroy(SELF, new_object);
}

kern_return_t memory_object_lock_completed(memory_object_t port, memory_object_control_t from,
					   vm_offset_t offset, vm_size_t length)
{
	locks_done++;
	return KERN_SUCCESS;
}

kern_return_t memory_object_supply_completed(memory_object_t port, memory_object_control_t from,
					     vm_offset_t offset, vm_size_t length, kern_return_t result,
					     vm_offset_t error_offset)
{
	supply_result = result;
	supply_error = error_offset;
	supplies_done++;
	return KERN_SUCCESS;
}

kern_return_t memory_object_change_completed(memory_object_t port, boolean_t may_cache,
					     memory_object_copy_strategy_t copy_strategy)
{
	changes_done++;
	return KERN_SUCCESS;
}

static any_t serve(any_t argument)
{
	(void)mach_msg_server(memory_object_server, 256, pagers);
	return 0;
}

static mach_port_t served_port(void)
{
	mach_port_t port = MACH_PORT_NULL;

	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	CHECK_SUCCESS(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	CHECK_SUCCESS(mach_port_move_member(SELF, port, pagers));
	return port;
}

/* A new memory object whose page n is full of the letter 'a' + n, mapped. */
static void begin(void)
{
	int page;

	if (pagers == MACH_PORT_NULL) {
		CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_PORT_SET, &pagers));
		completions = served_port();
		cthread_detach(cthread_fork(serve, 0));
	}
	for (page = 0; page < PAGES; page++)
		memset(store + page * PAGE, 'a' + page, PAGE);
	strategy = MEMORY_OBJECT_COPY_DELAY;
	caches = precious = fails = is_empty = FALSE;
	lock = VM_PROT_NONE;
	inits = requests = unlocks = returns = terminations = returned_dirty = 0;
	locks_done = supplies_done = changes_done = 0;
	object = served_port();
}

static void map_object(void)
{
	mapped = 0;
	CHECK_SUCCESS(vm_map(SELF, &mapped, PAGES * PAGE, 0, TRUE, object, 0, FALSE,
			     VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_SHARE));
}

static void end(void)
{
	CHECK_SUCCESS(vm_deallocate(SELF, mapped, PAGES * PAGE));
	EVENTUALLY(terminations == 1);
	CHECK_SUCCESS(mach_port_destroy(SELF, object));
}

TEST(pages_come_when_they_are_touched)
{
	begin();
	map_object();
	CHECK_EQUAL(requests, 0);
	CHECK_EQUAL(*(char *)AT(2), 'c');
	CHECK_EQUAL(((char *)AT(2))[PAGE - 1], 'c');
	CHECK_EQUAL(requests, 1);
	CHECK_EQUAL(inits, 1);
	end();
	CHECK_EQUAL(returns, 0);
}

TEST(what_was_written_is_returned_at_the_end)
{
	begin();
	map_object();
	*(char *)AT(1) = 'X';
	*(char *)AT(2) = 'Y';
	end();
	CHECK_EQUAL(returns, 1);
	CHECK_EQUAL(returned_dirty, 1);
	CHECK_EQUAL(store[PAGE], 'X');
	CHECK_EQUAL(store[2 * PAGE], 'Y');
}

TEST(clean_and_flush)
{
	begin();
	map_object();
	*(char *)AT(0) = 'X';
	CHECK_SUCCESS(memory_object_lock_request(control, 0, PAGES * PAGE, MEMORY_OBJECT_RETURN_DIRTY, FALSE,
						 VM_PROT_NO_CHANGE, completions));
	EVENTUALLY(locks_done == 1);
	CHECK_EQUAL(returns, 1);
	CHECK_EQUAL(store[0], 'X');
	CHECK_EQUAL(*(char *)AT(0), 'X');
	CHECK_EQUAL(requests, 1);
	CHECK_SUCCESS(memory_object_lock_request(control, 0, PAGES * PAGE, MEMORY_OBJECT_RETURN_ALL, TRUE,
						 VM_PROT_NO_CHANGE, completions));
	EVENTUALLY(locks_done == 2);
	CHECK_EQUAL(returns, 1);
	CHECK_EQUAL(*(char *)AT(0), 'X');
	CHECK_EQUAL(requests, 2);
	end();
}

TEST(locks)
{
	begin();
	lock = VM_PROT_WRITE;
	map_object();
	CHECK_EQUAL(*(char *)AT(3), 'd');
	CHECK_EQUAL(unlocks, 0);
	*(char *)AT(3) = 'X';
	CHECK_EQUAL(unlocks, 1);
	end();
	CHECK_EQUAL(store[3 * PAGE], 'X');
}

TEST(no_data_is_zeroes)
{
	begin();
	is_empty = TRUE;
	map_object();
	CHECK_EQUAL(*(int *)AT(1), 0);
	CHECK_EQUAL(requests, 1);
	end();
}

TEST(an_error_of_the_pager_is_a_memory_error)
{
	pointer_t data = 0;
	mach_msg_type_number_t size = 0;

	begin();
	fails = TRUE;
	strategy = MEMORY_OBJECT_COPY_NONE;
	map_object();
	CHECK_RETURNS(vm_read(SELF, AT(1), PAGE, &data, &size), KERN_MEMORY_ERROR);
	fails = FALSE;
	CHECK_SUCCESS(vm_read(SELF, AT(1), PAGE, &data, &size));
	CHECK_EQUAL(*(char *)data, 'b');
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)data, size));
	end();
}

static void write_from_child(int letter)
{
	*(volatile char *)AT(0) = letter;
}

TEST(another_task_shares_it)
{
	task_t child;

	begin();
	map_object();
	*(char *)AT(1) = 'P';
	child = new_child();
	start_child(child, write_from_child, 'C');
	await_end(child);
	CHECK_SUCCESS(mach_port_deallocate(SELF, child));
	CHECK_EQUAL(*(char *)AT(0), 'C');
	end();
	CHECK_EQUAL(store[0], 'C');
}

TEST(a_copy_is_a_snapshot)
{
	vm_address_t copy = 0;

	begin();
	map_object();
	*(char *)AT(0) = 'X';
	CHECK_SUCCESS(vm_map(SELF, &copy, PAGES * PAGE, 0, TRUE, object, 0, TRUE, VM_PROT_READ | VM_PROT_WRITE,
			     VM_PROT_ALL, VM_INHERIT_COPY));
	*(char *)AT(0) = 'Y';
	*(char *)AT(1) = 'Z';
	CHECK_EQUAL(*(char *)copy, 'X');
	CHECK_EQUAL(*(char *)(copy + PAGE), 'b');
	*(char *)(copy + 2 * PAGE) = 'C';
	CHECK_EQUAL(*(char *)AT(2), 'c');
	CHECK_SUCCESS(vm_deallocate(SELF, copy, PAGES * PAGE));
	end();
}

TEST(supplied_ahead_and_twice)
{
	vm_address_t page = 0;

	begin();
	map_object();
	CHECK_SUCCESS(vm_allocate(SELF, &page, PAGE, TRUE));
	*(char *)page = 'm';
	CHECK_SUCCESS(memory_object_data_supply(control, PAGE, (pointer_t)page, PAGE, TRUE, VM_PROT_NONE, FALSE,
						completions));
	EVENTUALLY(supplies_done == 1);
	CHECK_EQUAL(supply_result, KERN_SUCCESS);
	CHECK_SUCCESS(memory_object_data_supply(control, PAGE, (pointer_t)store, PAGE, FALSE, VM_PROT_NONE,
						FALSE, completions));
	EVENTUALLY(supplies_done == 2);
	CHECK_EQUAL(supply_result, KERN_MEMORY_PRESENT);
	CHECK_EQUAL(supply_error, PAGE);
	CHECK_SUCCESS(memory_object_data_supply(control, 1, (pointer_t)store, PAGE, FALSE, VM_PROT_NONE, FALSE,
						completions));
	EVENTUALLY(supplies_done == 3);
	CHECK_EQUAL(supply_result, KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(memory_object_data_provided(control, 2 * PAGE, (pointer_t)store, PAGE, VM_PROT_NONE));
	CHECK_EQUAL(*(char *)AT(1), 'm');
	CHECK_EQUAL(*(char *)AT(2), 'a');
	CHECK_EQUAL(requests, 0);
	end();
}

TEST(attributes_and_caching)
{
	boolean_t is_ready = FALSE, may_cache = FALSE;
	memory_object_copy_strategy_t copy_strategy = -1;

	begin();
	caches = TRUE;
	map_object();
	CHECK_SUCCESS(memory_object_get_attributes(control, &is_ready, &may_cache, &copy_strategy));
	CHECK(is_ready && may_cache);
	CHECK_EQUAL(copy_strategy, MEMORY_OBJECT_COPY_DELAY);
	*(char *)AT(0) = 'X';
	CHECK_SUCCESS(vm_deallocate(SELF, mapped, PAGES * PAGE));
	map_object();
	CHECK_EQUAL(*(char *)AT(0), 'X');
	CHECK_EQUAL(inits, 1);
	CHECK_EQUAL(requests, 1);
	CHECK_SUCCESS(memory_object_change_attributes(control, FALSE, MEMORY_OBJECT_COPY_NONE, completions));
	EVENTUALLY(changes_done == 1);
	CHECK_SUCCESS(memory_object_set_attributes(control, TRUE, FALSE, MEMORY_OBJECT_COPY_TEMPORARY));
	CHECK_SUCCESS(memory_object_get_attributes(control, &is_ready, &may_cache, &copy_strategy));
	CHECK(is_ready && !may_cache);
	CHECK_EQUAL(copy_strategy, MEMORY_OBJECT_COPY_TEMPORARY);
	CHECK_RETURNS(memory_object_get_attributes(SELF, &is_ready, &may_cache, &copy_strategy),
		      KERN_INVALID_ARGUMENT);
	end();
}

TEST(regions_tell_the_name_of_the_object)
{
	vm_address_t address;
	vm_size_t size = 0;
	vm_prot_t protection, most;
	vm_inherit_t inheritance;
	boolean_t shared;
	memory_object_name_t name = MACH_PORT_NULL;
	vm_offset_t offset;

	begin();
	map_object();
	address = mapped;
	CHECK_SUCCESS(vm_region(SELF, &address, &size, &protection, &most, &inheritance, &shared, &name, &offset));
	CHECK_EQUAL(size, PAGES * PAGE);
	CHECK_EQUAL(name, object_name);
	end();
}

TEST(destroyed)
{
	pointer_t data = 0;
	mach_msg_type_number_t size = 0;

	begin();
	strategy = MEMORY_OBJECT_COPY_NONE;
	map_object();
	*(char *)AT(0) = 'X';
	CHECK_SUCCESS(memory_object_destroy(control, KERN_FAILURE));
	EVENTUALLY(terminations == 1);
	CHECK_EQUAL(*(char *)AT(0), 'X');
	CHECK_RETURNS(vm_read(SELF, AT(1), PAGE, &data, &size), KERN_MEMORY_FAILURE);
	end();
}

TEST(the_default_pager_is_a_port_like_any_other)
{
	mach_port_t port = MACH_PORT_NULL, manager;

	CHECK_RETURNS(vm_set_default_memory_manager(host(), &port), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(vm_set_default_memory_manager(host_priv(), &port));
	if (port != MACH_PORT_NULL) {	/* there is one: leave it in peace */
		CHECK_SUCCESS(mach_port_deallocate(SELF, port));
		return;
	}
	CHECK_SUCCESS(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	manager = port;
	CHECK_SUCCESS(vm_set_default_memory_manager(host_priv(), &manager));
	CHECK_EQUAL(manager, MACH_PORT_NULL);
	CHECK_SUCCESS(vm_set_default_memory_manager(host_priv(), &manager));
	CHECK_EQUAL(manager, port);
	CHECK_SUCCESS(mach_port_destroy(SELF, port));
}
