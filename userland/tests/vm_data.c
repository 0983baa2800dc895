/*
 * Memory read, written and copied by calls; wiring, machine attributes, statistics; memory of another
 * task.
 */
#include "kernel_ports.h"
#include "memory.h"

static char *fill(vm_address_t address, vm_size_t size, int start)
{
	char *bytes = (char *)address;
	vm_size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = start + i * 3;
	return bytes;
}

static boolean_t is_filled(vm_address_t address, vm_size_t size, int start)
{
	char *bytes = (char *)address;
	vm_size_t i;

	for (i = 0; i < size; i++)
		if (bytes[i] != (char)(start + i * 3))
			return FALSE;
	return TRUE;
}

TEST(read_gives_a_copy)
{
	vm_address_t address = allocate(3 * PAGE);
	pointer_t data = 0;
	unsigned int count = 0, faults;

	(void)fill(address, 3 * PAGE, 1);
	CHECK_SUCCESS(vm_read(SELF, address + 10, 2 * PAGE, &data, &count));
	CHECK_EQUAL(count, 2 * PAGE);
	CHECK(is_filled(data, 2 * PAGE, 1 + 10 * 3));
	faults = statistics().cow_faults;
	*(char *)(address + PAGE) = 99;
	CHECK_EQUAL(statistics().cow_faults, faults + 1);
	CHECK(is_filled(data, 2 * PAGE, 1 + 10 * 3));
	deallocate(data, count);
	CHECK_SUCCESS(vm_read(SELF, address, 0, &data, &count));
	CHECK_EQUAL(count, 0);
	deallocate(address, 3 * PAGE);
}

TEST(read_refuses)
{
	vm_address_t address = allocate(3 * PAGE);
	pointer_t data;
	unsigned int count;

	CHECK_SUCCESS(vm_protect(SELF, address, PAGE, FALSE, VM_PROT_NONE));
	deallocate(address + 2 * PAGE, PAGE);
	CHECK_RETURNS(vm_read(SELF, address, PAGE, &data, &count), KERN_PROTECTION_FAILURE);
	CHECK_RETURNS(vm_read(SELF, address + PAGE, 2 * PAGE, &data, &count), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(vm_read(SELF, 0xc0000000, PAGE, &data, &count), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(vm_read(SELF, 0xfffff000, 2 * PAGE, &data, &count), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(vm_read(SELF, address + PAGE, 0xffffffff, &data, &count), KERN_INVALID_ADDRESS);
	deallocate(address, 2 * PAGE);
}

TEST(write_overwrites)
{
	vm_address_t address = allocate(4 * PAGE), source = allocate(4 * PAGE);
	static const struct { int to, from, size; } parts[] = {
		{ 0, 0, 4 * PAGE }, { 0, 0, 2 * PAGE }, { PAGE, 0, 100 }, { 5, 0, PAGE }, { 0, 7, 2 * PAGE },
		{ PAGE - 2, PAGE - 2, 4 }, { 3, 1000, 3 * PAGE }, { 100, 100, 0 },
	};
	unsigned int i;

	for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		memset((void *)address, 0x55, 4 * PAGE);
		(void)fill(source, 4 * PAGE, i);
		CHECK_SUCCESS(vm_write(SELF, address + parts[i].to, source + parts[i].from, parts[i].size));
		CHECK(is_filled(address + parts[i].to, parts[i].size, i + parts[i].from * 3));
		CHECK(parts[i].to == 0 || *(char *)(address + parts[i].to - 1) == 0x55);
		CHECK(parts[i].to + parts[i].size == 4 * PAGE
		      || *(char *)(address + parts[i].to + parts[i].size) == 0x55);
		*(int *)source = ~0;	/* what was written is no longer the source's */
		CHECK(is_filled(address + parts[i].to, parts[i].size, i + parts[i].from * 3));
	}
	deallocate(address, 4 * PAGE);
	deallocate(source, 4 * PAGE);
}

TEST(write_refuses_and_leaves_all_as_it_was)
{
	vm_address_t address = allocate(4 * PAGE), source = allocate(3 * PAGE);

	memset((void *)address, 0x55, 4 * PAGE);
	CHECK_SUCCESS(vm_protect(SELF, address + PAGE, PAGE, FALSE, VM_PROT_READ));
	deallocate(address + 3 * PAGE, PAGE);
	CHECK_RETURNS(vm_write(SELF, address, source, 3 * PAGE), KERN_PROTECTION_FAILURE);
	CHECK_RETURNS(vm_write(SELF, address + 2 * PAGE, source, 2 * PAGE), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(vm_write(SELF, address + 2 * PAGE + 5, source, PAGE), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(vm_write(SELF, 0xc0000000, source, PAGE), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(vm_write(SELF, address, 0x10, PAGE), MACH_SEND_INVALID_MEMORY);
	CHECK_EQUAL(*(char *)address, 0x55);
	CHECK_EQUAL(*(char *)(address + 2 * PAGE), 0x55);
	deallocate(address, 3 * PAGE);
	deallocate(source, 3 * PAGE);
}

TEST(copy_within_a_task)
{
	vm_address_t address = allocate(6 * PAGE);
	unsigned int faults;

	(void)fill(address, 2 * PAGE, 5);
	faults = statistics().cow_faults;
	CHECK_SUCCESS(vm_copy(SELF, address, 2 * PAGE, address + 3 * PAGE));
	CHECK(is_filled(address + 3 * PAGE, 2 * PAGE, 5));
	CHECK_EQUAL(statistics().cow_faults, faults);	/* whole pages: nothing was copied yet */
	*(char *)(address + 3 * PAGE) = 0;
	CHECK_EQUAL(*(char *)address, 5);
	CHECK_SUCCESS(vm_copy(SELF, address + 1, 100, address + 5 * PAGE + 9));
	CHECK(is_filled(address + 5 * PAGE + 9, 100, 5 + 3));
	/* Onto itself, overlapping: as if through a third place. */
	CHECK_SUCCESS(vm_copy(SELF, address, 2 * PAGE, address + PAGE));
	CHECK(is_filled(address + PAGE, 2 * PAGE, 5));
	CHECK_SUCCESS(vm_copy(SELF, address, PAGE, address));
	CHECK(is_filled(address, PAGE, 5));
	deallocate(address, 6 * PAGE);
}

TEST(copy_refuses)
{
	vm_address_t address = allocate(4 * PAGE);

	CHECK_SUCCESS(vm_protect(SELF, address + PAGE, PAGE, FALSE, VM_PROT_READ));
	CHECK_SUCCESS(vm_protect(SELF, address + 2 * PAGE, PAGE, FALSE, VM_PROT_NONE));
	deallocate(address + 3 * PAGE, PAGE);
	CHECK_RETURNS(vm_copy(SELF, address, PAGE, address + PAGE), KERN_PROTECTION_FAILURE);
	CHECK_RETURNS(vm_copy(SELF, address + 2 * PAGE, PAGE, address), KERN_PROTECTION_FAILURE);
	CHECK_RETURNS(vm_copy(SELF, address + 3 * PAGE, PAGE, address), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(vm_copy(SELF, address, PAGE, address + 3 * PAGE), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(vm_copy(SELF, 0xffffff00, 0x200, address), KERN_INVALID_ADDRESS);
	deallocate(address, 3 * PAGE);
}

/* ---------------------------------------------------------------- another task */

TEST(memory_of_another_task)
{
	vm_address_t address = PAGE, mine = allocate(2 * PAGE);
	task_t child = MACH_PORT_NULL;
	pointer_t data = 0;
	unsigned int count = 0;

	CHECK_SUCCESS(task_create(SELF, FALSE, &child));
	CHECK_EQUAL(size_of(child), 0);
	CHECK_SUCCESS(vm_allocate(child, &address, 3 * PAGE, FALSE));
	(void)fill(mine, 2 * PAGE, 9);
	CHECK_SUCCESS(vm_write(child, address + 50, mine, 2 * PAGE));
	CHECK_SUCCESS(vm_copy(child, address + 50, PAGE, address + 2 * PAGE));
	CHECK_SUCCESS(vm_read(child, address + 2 * PAGE, PAGE, &data, &count));
	CHECK(is_filled(data, PAGE, 9));
	deallocate(data, count);
	CHECK_SUCCESS(vm_protect(child, address, PAGE, FALSE, VM_PROT_NONE));
	CHECK_RETURNS(vm_write(child, address, mine, 4), KERN_PROTECTION_FAILURE);
	CHECK_EQUAL(region_at(child, 0).address, address);
	CHECK_SUCCESS(vm_deallocate(child, address, 3 * PAGE));
	CHECK_EQUAL(size_of(child), 0);
	CHECK_SUCCESS(task_terminate(child));
	CHECK_SUCCESS(mach_port_deallocate(SELF, child));
	deallocate(mine, 2 * PAGE);
}

/* ---------------------------------------------------------------- wiring */

TEST(wired_memory_is_counted_and_stays)
{
	vm_address_t address = allocate(4 * PAGE);
	unsigned int wired = statistics().wire_count, faults;

	*(char *)address = 1;
	CHECK_SUCCESS(vm_wire(host_priv(), SELF, address, 4 * PAGE, READ_WRITE));
	CHECK_EQUAL(statistics().wire_count, wired + 4);
	faults = events_of(SELF).faults;
	memset((void *)address, 7, 4 * PAGE);
	CHECK_EQUAL(events_of(SELF).faults, faults);	/* none for memory that is wired */
	CHECK_SUCCESS(vm_wire(host_priv(), SELF, address, 2 * PAGE, VM_PROT_READ));	/* twice */
	CHECK_SUCCESS(vm_wire(host_priv(), SELF, address, 4 * PAGE, VM_PROT_NONE));
	CHECK_EQUAL(statistics().wire_count, wired + 2);
	CHECK_SUCCESS(vm_wire(host_priv(), SELF, address, 2 * PAGE, VM_PROT_NONE));
	CHECK_EQUAL(statistics().wire_count, wired);
	/* Memory that goes while it is wired. */
	CHECK_SUCCESS(vm_wire(host_priv(), SELF, address, 4 * PAGE, VM_PROT_READ));
	deallocate(address, 4 * PAGE);
	CHECK_EQUAL(statistics().wire_count, wired);
}

TEST(wired_memory_is_copied_at_once)
{
	vm_address_t address = allocate(2 * PAGE);
	task_t child;
	unsigned int faults;

	(void)fill(address, 2 * PAGE, 3);
	CHECK_SUCCESS(vm_wire(host_priv(), SELF, address, 2 * PAGE, READ_WRITE));
	CHECK_SUCCESS(task_create(SELF, TRUE, &child));
	faults = events_of(SELF).faults;
	*(volatile char *)(address + 1000) = 4;
	CHECK_EQUAL(events_of(SELF).faults, faults);
	CHECK_SUCCESS(task_terminate(child));
	CHECK_SUCCESS(mach_port_deallocate(SELF, child));
	CHECK_SUCCESS(vm_wire(host_priv(), SELF, address, 2 * PAGE, VM_PROT_NONE));
	deallocate(address, 2 * PAGE);
}

TEST(wire_refuses)
{
	vm_address_t address = allocate(2 * PAGE);

	CHECK_RETURNS(vm_wire(host(), SELF, address, PAGE, VM_PROT_READ), KERN_INVALID_HOST);
	CHECK_RETURNS(vm_wire(host_priv(), host(), address, PAGE, VM_PROT_READ), KERN_INVALID_TASK);
	CHECK_RETURNS(vm_wire(host_priv(), MACH_PORT_NULL, address, PAGE, VM_PROT_READ), KERN_INVALID_TASK);
	deallocate(address + PAGE, PAGE);
	CHECK_RETURNS(vm_wire(host_priv(), SELF, address + PAGE, PAGE, VM_PROT_READ), KERN_FAILURE);
	CHECK_RETURNS(vm_wire(host_priv(), SELF, address, 2 * PAGE, VM_PROT_READ), KERN_FAILURE);
	CHECK_SUCCESS(vm_protect(SELF, address, PAGE, FALSE, VM_PROT_READ));
	CHECK_RETURNS(vm_wire(host_priv(), SELF, address, PAGE, READ_WRITE), KERN_FAILURE);
	CHECK(statistics().wire_count >= 0);
	deallocate(address, PAGE);
}

/* ---------------------------------------------------------------- attributes and figures */

TEST(machine_attributes)
{
	vm_address_t address = allocate(PAGE);
	vm_machine_attribute_val_t value = MATTR_VAL_GET;

	CHECK_SUCCESS(vm_machine_attribute(SELF, address, PAGE, MATTR_CACHE, &value));
	CHECK_EQUAL(value, MATTR_VAL_ON);
	value = MATTR_VAL_CACHE_FLUSH;
	CHECK_SUCCESS(vm_machine_attribute(SELF, address, PAGE, MATTR_CACHE, &value));
	value = MATTR_VAL_ICACHE_FLUSH;
	CHECK_SUCCESS(vm_machine_attribute(SELF, address, PAGE, MATTR_CACHE, &value));
	value = MATTR_VAL_GET;
	CHECK_RETURNS(vm_machine_attribute(SELF, 0xc0000000, PAGE, MATTR_CACHE, &value), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(vm_machine_attribute(SELF, address, 0xffffffff, MATTR_CACHE, &value), KERN_INVALID_ARGUMENT);
	value = MATTR_VAL_OFF;
	CHECK_RETURNS(vm_machine_attribute(SELF, address, PAGE, MATTR_CACHE, &value), KERN_INVALID_ADDRESS);
	CHECK_RETURNS(vm_machine_attribute(SELF, address, PAGE, 99, &value), KERN_INVALID_ADDRESS);
	deallocate(address, PAGE);
}

TEST(faults_are_counted)
{
	vm_address_t address = allocate(10 * PAGE);
	struct task_events_info before, after;
	vm_statistics_data_t first, last;
	pointer_t copy;
	unsigned int count, i;

	first = statistics();
	before = events_of(SELF);
	for (i = 0; i < 10; i++)
		*(char *)(address + i * PAGE) = i;
	last = statistics();
	after = events_of(SELF);
	CHECK_EQUAL(last.pagesize, PAGE);
	CHECK_EQUAL(last.zero_fill_count - first.zero_fill_count, 10);
	CHECK_EQUAL(first.free_count - last.free_count, 10);
	CHECK_EQUAL(last.active_count - first.active_count, 10);
	CHECK_EQUAL(after.faults - before.faults, 10);
	CHECK_EQUAL(after.zero_fills - before.zero_fills, 10);
	CHECK_EQUAL(after.cow_faults, before.cow_faults);
	CHECK_SUCCESS(vm_read(SELF, address, 10 * PAGE, &copy, &count));
	first = statistics();
	before = events_of(SELF);
	for (i = 0; i < 10; i += 2)
		*(char *)(address + i * PAGE) = i;
	last = statistics();
	after = events_of(SELF);
	CHECK_EQUAL(last.cow_faults - first.cow_faults, 5);
	CHECK_EQUAL(after.cow_faults - before.cow_faults, 5);
	CHECK_EQUAL(after.zero_fills, before.zero_fills);
	deallocate(copy, count);
	deallocate(address, 10 * PAGE);
}
