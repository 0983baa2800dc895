/*
 * Regions of memory: allocating, giving up, mapping, protecting, what vm_region tells of them.
 */
#include "memory.h"

TEST(allocate_gives_zeroes_at_a_page)
{
	vm_address_t address = allocate(10000);
	int i;

	CHECK_EQUAL(address % PAGE, 0);
	CHECK(address != 0);
	for (i = 0; i < 12288; i += 4)
		CHECK_EQUAL(*(int *)(address + i), 0);
	CHECK_EQUAL(size_of(SELF) % PAGE, 0);
	deallocate(address, 10000);
	CHECK(!is_mapped(address));
}

TEST(allocate_at_an_address)
{
	vm_address_t base = allocate(4 * PAGE), address = base + PAGE + 100;

	deallocate(base, 4 * PAGE);
	CHECK_SUCCESS(vm_allocate(SELF, &address, 1, FALSE));
	CHECK_EQUAL(address, base + PAGE);
	*(char *)address = 1;
	CHECK_RETURNS(vm_allocate(SELF, &address, PAGE, FALSE), KERN_NO_SPACE);
	address = base;
	CHECK_RETURNS(vm_allocate(SELF, &address, 2 * PAGE, FALSE), KERN_NO_SPACE);
	CHECK_SUCCESS(vm_allocate(SELF, &address, PAGE, FALSE));
	deallocate(base, 2 * PAGE);
}

TEST(allocate_refuses_what_is_no_address)
{
	vm_address_t address = 0xc0000000;

	CHECK_RETURNS(vm_allocate(SELF, &address, PAGE, FALSE), KERN_INVALID_ADDRESS);
	address = 0xbffff000;
	CHECK_RETURNS(vm_allocate(SELF, &address, 2 * PAGE, FALSE), KERN_INVALID_ADDRESS);
	address = 0xfffff000;
	CHECK_RETURNS(vm_allocate(SELF, &address, 2 * PAGE, FALSE), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(vm_allocate(SELF, &address, 0xc0000000, TRUE), KERN_NO_SPACE);
	CHECK_RETURNS(vm_allocate(SELF, &address, 0xffffffff, TRUE), KERN_NO_SPACE);
	address = 77;
	CHECK_SUCCESS(vm_allocate(SELF, &address, 0, TRUE));
	CHECK_EQUAL(address, 0);
}

TEST(the_first_page_only_on_request)
{
	vm_address_t address = 0;

	CHECK_SUCCESS(vm_allocate(SELF, &address, PAGE, FALSE));
	CHECK_EQUAL(address, 0);
	*(volatile int *)16 = 7;
	CHECK_EQUAL(*(volatile int *)16, 7);
	deallocate(0, PAGE);
}

TEST(deallocate_splits_and_skips)
{
	vm_address_t address = allocate(5 * PAGE);
	vm_size_t size = size_of(SELF);

	*(int *)(address + PAGE) = 1;
	*(int *)(address + 3 * PAGE) = 3;
	deallocate(address + 2 * PAGE + 5, 1);	/* the page around it */
	CHECK_EQUAL(size_of(SELF), size - PAGE);
	CHECK(!is_mapped(address + 2 * PAGE));
	CHECK_EQUAL(*(int *)(address + PAGE), 1);
	CHECK_EQUAL(*(int *)(address + 3 * PAGE), 3);
	deallocate(address, 5 * PAGE);		/* with the hole */
	deallocate(address, 5 * PAGE);		/* nothing is there any more */
	deallocate(0xfffff000, 2 * PAGE);	/* empty: it wraps around */
	deallocate(0xc0000000, PAGE);
	deallocate(address, 0);
	CHECK_EQUAL(size_of(SELF), size - 5 * PAGE);
}

TEST(memory_given_up_comes_back_as_zeroes)
{
	vm_address_t address = allocate(2 * PAGE), again;

	memset((void *)address, 0xee, 2 * PAGE);
	deallocate(address, 2 * PAGE);
	again = address;
	CHECK_SUCCESS(vm_allocate(SELF, &again, 2 * PAGE, FALSE));
	CHECK_EQUAL(*(int *)address, 0);
	CHECK_EQUAL(*(int *)(address + 2 * PAGE - 4), 0);
	deallocate(address, 2 * PAGE);
}

/* ---------------------------------------------------------------- protection */

/* Whether an access is allowed, found out by asking the kernel to do it. */
static boolean_t may_read(vm_address_t address)
{
	pointer_t data;
	unsigned int count;

	if (vm_read(SELF, address, 4, &data, &count) != KERN_SUCCESS)
		return FALSE;
	deallocate(data, count);
	return TRUE;
}

static boolean_t may_write(vm_address_t address)
{
	int word = 5;

	return vm_write(SELF, address, (pointer_t)&word, sizeof word) == KERN_SUCCESS;
}

TEST(protect_says_what_may_be_done)
{
	static const vm_prot_t protections[] = {
		VM_PROT_NONE, VM_PROT_READ, READ_WRITE, VM_PROT_READ | VM_PROT_EXECUTE, VM_PROT_ALL,
	};
	vm_address_t address = allocate(PAGE);
	unsigned int i;

	for (i = 0; i < sizeof protections / sizeof protections[0]; i++) {
		CHECK_SUCCESS(vm_protect(SELF, address, PAGE, FALSE, protections[i]));
		CHECK_EQUAL(region_at(SELF, address).protection, protections[i]);
		CHECK_EQUAL(may_read(address), (protections[i] & VM_PROT_READ) != 0);
		CHECK_EQUAL(may_write(address), (protections[i] & VM_PROT_WRITE) != 0);
	}
	CHECK_EQUAL(*(int *)address, 5);
	deallocate(address, PAGE);
}

TEST(the_maximum_is_for_ever)
{
	vm_address_t address = allocate(3 * PAGE);

	CHECK_EQUAL(region_at(SELF, address).maximum, VM_PROT_ALL);
	CHECK_SUCCESS(vm_protect(SELF, address + PAGE, PAGE, TRUE, VM_PROT_READ));
	CHECK_EQUAL(region_at(SELF, address + PAGE).protection, VM_PROT_READ);
	CHECK_EQUAL(region_at(SELF, address + PAGE).maximum, VM_PROT_READ);
	CHECK_RETURNS(vm_protect(SELF, address + PAGE, PAGE, FALSE, READ_WRITE), KERN_PROTECTION_FAILURE);
	CHECK_RETURNS(vm_protect(SELF, address + PAGE, PAGE, TRUE, READ_WRITE), KERN_PROTECTION_FAILURE);
	/* All of the range or nothing. */
	CHECK_RETURNS(vm_protect(SELF, address, 3 * PAGE, FALSE, VM_PROT_ALL), KERN_PROTECTION_FAILURE);
	CHECK_EQUAL(region_at(SELF, address).protection, READ_WRITE);
	CHECK_SUCCESS(vm_protect(SELF, address, 3 * PAGE, TRUE, VM_PROT_NONE));
	CHECK_EQUAL(region_at(SELF, address + PAGE).maximum, VM_PROT_NONE);
	CHECK(!may_read(address));
	deallocate(address, 3 * PAGE);
}

TEST(protect_refuses)
{
	vm_address_t address = allocate(PAGE);

	CHECK_RETURNS(vm_protect(SELF, address, PAGE, FALSE, 8), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_protect(SELF, address, PAGE, TRUE, ~0), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(vm_protect(SELF, 0xfffff000, 3 * PAGE, FALSE, VM_PROT_READ));
	CHECK_SUCCESS(vm_protect(SELF, address, 0, FALSE, VM_PROT_NONE));
	CHECK_EQUAL(region_at(SELF, address).protection, READ_WRITE);
	deallocate(address, PAGE);
}

/* ---------------------------------------------------------------- vm_region */

TEST(regions_split_by_attributes_and_join_again)
{
	vm_address_t base = allocate(7 * PAGE), address = base + PAGE;
	struct region region;

	deallocate(base, 7 * PAGE);
	CHECK_SUCCESS(vm_allocate(SELF, &address, 5 * PAGE, FALSE));
	CHECK_SUCCESS(vm_protect(SELF, address + PAGE, PAGE, FALSE, VM_PROT_READ));
	CHECK_SUCCESS(vm_inherit(SELF, address + 3 * PAGE, PAGE, VM_INHERIT_NONE));
	region = region_at(SELF, base);		/* the next one */
	CHECK(region.address == address && region.size == PAGE && region.inheritance == VM_INHERIT_COPY);
	region = region_at(SELF, address + PAGE + 7);
	CHECK(region.address == address + PAGE && region.size == PAGE && region.protection == VM_PROT_READ);
	region = region_at(SELF, address + 3 * PAGE);
	CHECK(region.size == PAGE && region.inheritance == VM_INHERIT_NONE && !region.shared);
	CHECK_SUCCESS(vm_protect(SELF, address + PAGE, PAGE, FALSE, READ_WRITE));
	CHECK_SUCCESS(vm_inherit(SELF, address + 3 * PAGE, PAGE, VM_INHERIT_COPY));
	region = region_at(SELF, address + 4 * PAGE);
	CHECK_EQUAL(region.address, address);
	CHECK_EQUAL(region.size, 5 * PAGE);
	deallocate(address, 5 * PAGE);
}

/* All regions together are the task's size, they do not overlap, and after the last there is none. */
TEST(a_walk_over_all_regions)
{
	struct region region;
	vm_address_t at = 0;
	vm_size_t total = 0, size;
	vm_prot_t protection, maximum;
	vm_inherit_t inheritance;
	boolean_t shared;
	mach_port_t name;
	vm_offset_t offset;
	vm_address_t address = allocate(3 * PAGE);
	kern_return_t result = KERN_SUCCESS;

	while (result == KERN_SUCCESS) {
		region = region_at(SELF, at);
		CHECK(region.address >= at && region.size > 0 && region.size % PAGE == 0);
		CHECK_EQUAL(region.protection & ~region.maximum, 0);
		total += region.size;
		at = region.address + region.size;
		region.address = at;
		result = vm_region(SELF, &region.address, &size, &protection, &maximum, &inheritance, &shared, &name,
				   &offset);
	}
	CHECK_EQUAL(result, KERN_NO_SPACE);
	CHECK_EQUAL(total, size_of(SELF));
	at = 0xffffffff;
	CHECK_RETURNS(vm_region(SELF, &at, &size, &protection, &maximum, &inheritance, &shared, &name, &offset),
		      KERN_NO_SPACE);
	deallocate(address, 3 * PAGE);
}

/* ---------------------------------------------------------------- vm_map */

TEST(map_with_every_attribute)
{
	vm_address_t address = 0;
	struct region region;

	CHECK_SUCCESS(vm_map(SELF, &address, 2 * PAGE + 1, 0, TRUE, MACH_PORT_NULL, 0, FALSE, VM_PROT_READ,
			     READ_WRITE, VM_INHERIT_NONE));
	region = region_at(SELF, address);
	CHECK_EQUAL(region.size, 3 * PAGE);
	CHECK_EQUAL(region.protection, VM_PROT_READ);
	CHECK_EQUAL(region.maximum, READ_WRITE);
	CHECK_EQUAL(region.inheritance, VM_INHERIT_NONE);
	CHECK_EQUAL(*(int *)address, 0);
	deallocate(address, 3 * PAGE);
}

TEST(map_obeys_masks)
{
	static const vm_offset_t masks[] = { 0xfff, 0xffff, 0xfffff, 0x3ffffff, 0x40000000, 0x1000 };
	vm_address_t address;
	unsigned int i;

	for (i = 0; i < sizeof masks / sizeof masks[0]; i++) {
		address = 0x1000;
		CHECK_SUCCESS(vm_map(SELF, &address, PAGE, masks[i], TRUE, MACH_PORT_NULL, 0, FALSE, READ_WRITE,
				     VM_PROT_ALL, VM_INHERIT_COPY));
		CHECK_EQUAL(address & masks[i], 0);
		*(int *)address = 1;
		deallocate(address, PAGE);
	}
	address = 0x70001000;
	CHECK_RETURNS(vm_map(SELF, &address, PAGE, 0xffff, FALSE, MACH_PORT_NULL, 0, FALSE, READ_WRITE, VM_PROT_ALL,
			     VM_INHERIT_COPY), KERN_NO_SPACE);
}

TEST(map_refuses)
{
	vm_address_t address = 0;

	CHECK_RETURNS(vm_map(SELF, &address, 0, 0, TRUE, MACH_PORT_NULL, 0, FALSE, READ_WRITE, VM_PROT_ALL,
			     VM_INHERIT_COPY), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_map(SELF, &address, PAGE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, 8, VM_PROT_ALL,
			     VM_INHERIT_COPY), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_map(SELF, &address, PAGE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, READ_WRITE, ~0,
			     VM_INHERIT_COPY), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_map(SELF, &address, PAGE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, READ_WRITE, VM_PROT_ALL, 3),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_map(SELF, &address, PAGE, 0, TRUE, SELF, 0, FALSE, READ_WRITE, VM_PROT_ALL,
			     VM_INHERIT_COPY), KERN_INVALID_ARGUMENT);	/* a task is no memory object */
	CHECK_RETURNS(vm_map(SELF, &address, 0xd0000000, 0, TRUE, MACH_PORT_NULL, 0, FALSE, READ_WRITE, VM_PROT_ALL,
			     VM_INHERIT_COPY), KERN_NO_SPACE);
	CHECK_RETURNS(vm_map(SELF, &address, PAGE, 0xffffffff, TRUE, MACH_PORT_NULL, 0, FALSE, READ_WRITE,
			     VM_PROT_ALL, VM_INHERIT_COPY), KERN_NO_SPACE);
	address = 0xc0000000;
	CHECK_RETURNS(vm_map(SELF, &address, PAGE, 0, FALSE, MACH_PORT_NULL, 0, FALSE, READ_WRITE, VM_PROT_ALL,
			     VM_INHERIT_COPY), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(vm_inherit(SELF, 0, PAGE, 3), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_inherit(SELF, 0, PAGE, ~0), KERN_INVALID_ARGUMENT);
}

/* To a port that is no task's, and to a task that is gone. */
TEST(only_tasks_have_memory)
{
	host_t host = mach_host_self();
	vm_address_t address = PAGE;
	vm_size_t size;
	vm_prot_t protection, maximum;
	vm_inherit_t inheritance;
	boolean_t shared;
	mach_port_t name;
	vm_offset_t offset;
	pointer_t data;
	unsigned int count;
	vm_statistics_data_t figures;
	vm_machine_attribute_val_t value = MATTR_VAL_GET;
	task_t child;

	CHECK_RETURNS(vm_allocate(host, &address, PAGE, TRUE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_deallocate(host, address, PAGE), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_protect(host, address, PAGE, FALSE, VM_PROT_READ), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_inherit(host, address, PAGE, VM_INHERIT_COPY), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_read(host, address, PAGE, &data, &count), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_write(host, address, (pointer_t)&address, 4), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_copy(host, address, PAGE, address), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_region(host, &address, &size, &protection, &maximum, &inheritance, &shared, &name, &offset),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_statistics(host, &figures), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_map(host, &address, PAGE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, READ_WRITE, VM_PROT_ALL,
			     VM_INHERIT_COPY), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_machine_attribute(host, address, PAGE, MATTR_CACHE, &value), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(mach_port_deallocate(SELF, host));
	CHECK_SUCCESS(task_create(SELF, FALSE, &child));
	CHECK_SUCCESS(task_terminate(child));
	CHECK_RETURNS(vm_allocate(child, &address, PAGE, TRUE), MACH_SEND_INVALID_DEST);
	CHECK_SUCCESS(mach_port_deallocate(SELF, child));
}

TEST(htg_vm_map_answers_to_the_port_it_is_given)
{
	vm_address_t address = 0;
	mach_port_t reply = mach_reply_port();

	CHECK_SUCCESS(htg_vm_map(SELF, reply, &address, PAGE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, READ_WRITE,
				 VM_PROT_ALL, VM_INHERIT_COPY));
	*(volatile char *)address = 1;
	CHECK_RETURNS(htg_vm_map(SELF, reply, &address, PAGE, 0, FALSE, MACH_PORT_NULL, 0, FALSE, READ_WRITE,
				 VM_PROT_ALL, VM_INHERIT_COPY), KERN_NO_SPACE);
	CHECK_RETURNS(htg_vm_map(SELF, reply, &address, PAGE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, READ_WRITE,
				 VM_PROT_ALL, 3), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(vm_deallocate(SELF, address, PAGE));
	CHECK_SUCCESS(mach_port_mod_refs(SELF, reply, MACH_PORT_RIGHT_RECEIVE, -1));
}
