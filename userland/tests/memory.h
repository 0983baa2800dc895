/*
 * Memory, for tests of it.
 */
#ifndef _TESTS_MEMORY_H_
#define _TESTS_MEMORY_H_

#include <check.h>
#include <string.h>

#define SELF	mach_task_self()
#define PAGE	4096

#ifndef UNUSED_STATIC
#define UNUSED_STATIC	__attribute__((unused)) static
#endif

#define READ_WRITE	(VM_PROT_READ | VM_PROT_WRITE)

UNUSED_STATIC vm_address_t allocate_in(task_t task, vm_size_t size)
{
	vm_address_t address = 0;

	CHECK_SUCCESS(vm_allocate(task, &address, size, TRUE));
	return address;
}

UNUSED_STATIC vm_address_t allocate(vm_size_t size)
{
	return allocate_in(SELF, size);
}

UNUSED_STATIC void deallocate(vm_address_t address, vm_size_t size)
{
	CHECK_SUCCESS(vm_deallocate(SELF, address, size));
}

struct region {
	vm_address_t address;
	vm_size_t size;
	vm_prot_t protection, maximum;
	vm_inherit_t inheritance;
	boolean_t shared;
	vm_offset_t offset;
};

/* The region at an address, or the next. */
UNUSED_STATIC struct region region_at(task_t task, vm_address_t address)
{
	struct region region = { .address = address };
	mach_port_t name = MACH_PORT_NULL;

	CHECK_SUCCESS(vm_region(task, &region.address, &region.size, &region.protection, &region.maximum,
				&region.inheritance, &region.shared, &name, &region.offset));
	CHECK_EQUAL(name, MACH_PORT_NULL);	/* no pager, no name */
	return region;
}

UNUSED_STATIC boolean_t is_mapped(vm_address_t address)
{
	struct region region = region_at(SELF, address);

	return region.address <= address;
}

UNUSED_STATIC vm_statistics_data_t statistics(void)
{
	vm_statistics_data_t now;

	memset(&now, 0, sizeof now);
	CHECK_SUCCESS(vm_statistics(SELF, &now));
	return now;
}

UNUSED_STATIC struct task_events_info events_of(task_t task)
{
	struct task_events_info info;
	unsigned int count = TASK_EVENTS_INFO_COUNT;

	memset(&info, 0, sizeof info);
	CHECK_SUCCESS(task_info(task, TASK_EVENTS_INFO, (task_info_t)&info, &count));
	return info;
}

UNUSED_STATIC vm_size_t size_of(task_t task)
{
	struct task_basic_info info;
	unsigned int count = TASK_BASIC_INFO_COUNT;

	memset(&info, 0, sizeof info);
	CHECK_SUCCESS(task_info(task, TASK_BASIC_INFO, (task_info_t)&info, &count));
	return info.virtual_size;
}

#endif	/* _TESTS_MEMORY_H_ */
