/*
 * A file of squares, computed on demand: word i of the memory object is i * i.  A pager needs no more than
 * to say that it is ready and to supply the pages that it is asked for.
 */
#include <cthreads.h>
#include <mach.h>
#include <mach/memory_object_server.h>
#include <mach/mig_errors.h>
#include <mach/msg_server.h>
#include <mach_init.h>
#include <stdio.h>

#define SIZE	(256 * 1024)	/* so that no square overflows */

kern_return_t memory_object_init(memory_object_t object, memory_object_control_t control,
				 memory_object_name_t name, vm_size_t page_size)
{
	return memory_object_ready(control, FALSE, MEMORY_OBJECT_COPY_DELAY);
}

kern_return_t memory_object_data_request(memory_object_t object, memory_object_control_t control,
					 vm_offset_t offset, vm_size_t length, vm_prot_t access)
{
	vm_address_t page = 0;
	unsigned int i, first = offset / sizeof(int);

	if (vm_allocate(mach_task_self(), &page, length, TRUE) != KERN_SUCCESS)
		return memory_object_data_error(control, offset, length, KERN_RESOURCE_SHORTAGE);
	for (i = 0; i < length / sizeof(int); i++)
		((unsigned int *)page)[i] = (first + i) * (first + i);
	/* The page itself goes to the kernel (deallocate), which lets nobody write to it. */
	return memory_object_data_supply(control, offset, (pointer_t)page, length, TRUE, VM_PROT_WRITE, FALSE,
					 MACH_PORT_NULL);
}

kern_return_t memory_object_terminate(memory_object_t object, memory_object_control_t control,
				      memory_object_name_t name)
{
	(void)mach_port_destroy(mach_task_self(), control);
	return mach_port_destroy(mach_task_self(), name);
}

/* What a pager of read-only data is never asked. */
#define NEVER(routine, ...)	kern_return_t routine(__VA_ARGS__) { return KERN_FAILURE; }

NEVER(memory_object_copy, memory_object_t o, mach_port_t c, vm_offset_t at, vm_size_t n, memory_object_t new)
NEVER(memory_object_data_unlock, memory_object_t o, mach_port_t c, vm_offset_t at, vm_size_t n, vm_prot_t p)
NEVER(memory_object_data_write, memory_object_t o, mach_port_t c, vm_offset_t at, pointer_t d, unsigned int n)
NEVER(memory_object_data_return, memory_object_t o, mach_port_t c, vm_offset_t at, pointer_t d, unsigned int n,
      boolean_t dirty, boolean_t kernel_copy)
NEVER(memory_object_lock_completed, memory_object_t o, mach_port_t c, vm_offset_t at, vm_size_t n)
NEVER(memory_object_supply_completed, memory_object_t o, mach_port_t c, vm_offset_t at, vm_size_t n,
      kern_return_t result, vm_offset_t error_at)
NEVER(memory_object_change_completed, memory_object_t o, boolean_t cache, memory_object_copy_strategy_t s)

static any_t serve(any_t port)
{
	(void)mach_msg_server(memory_object_server, 256, (mach_port_t)port);
	return 0;
}

int main(void)
{
	mach_port_t object = MACH_PORT_NULL;
	vm_address_t squares = 0;
	unsigned int i;

	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &object) != KERN_SUCCESS ||
	    mach_port_insert_right(mach_task_self(), object, object, MACH_MSG_TYPE_MAKE_SEND) != KERN_SUCCESS)
		return 1;
	cthread_detach(cthread_fork(serve, (any_t)object));
	if (vm_map(mach_task_self(), &squares, SIZE, 0, TRUE, object, 0, FALSE, VM_PROT_READ, VM_PROT_READ,
		   VM_INHERIT_SHARE) != KERN_SUCCESS)
		return 1;
	for (i = 1; i < SIZE / sizeof(int); i *= 10)
		printf("%u * %u = %u\n", i, i, ((unsigned int *)squares)[i]);
	return vm_deallocate(mach_task_self(), squares, SIZE);
}
