/*
 * Counting by kernel calls.  What cannot be counted (the call is not served) counts as nothing.
 */
#include <cthreads.h>
#include <mach.h>
#include <mach/task_info.h>
#include <mach_init.h>
#include <stdio.h>
#include "count.h"

static unsigned int count_ports(void)
{
	mach_port_array_t names = 0;
	mach_port_type_array_t types = 0;
	unsigned int name_count = 0, type_count = 0;

	if (mach_port_names(mach_task_self(), &names, &name_count, &types, &type_count) != KERN_SUCCESS)
		return 0;
	(void)vm_deallocate(mach_task_self(), (vm_address_t)names, name_count * sizeof names[0]);
	(void)vm_deallocate(mach_task_self(), (vm_address_t)types, type_count * sizeof types[0]);
	return name_count;
}

static unsigned int count_threads(void)
{
	thread_array_t threads = 0;
	unsigned int i, count = 0;

	if (task_threads(mach_task_self(), &threads, &count) != KERN_SUCCESS)
		return 0;
	for (i = 0; i < count; i++)
		(void)mach_port_deallocate(mach_task_self(), threads[i]);
	(void)vm_deallocate(mach_task_self(), (vm_address_t)threads, count * sizeof threads[0]);
	return count;
}

static unsigned int count_memory(void)
{
	struct task_basic_info info;
	unsigned int count = TASK_BASIC_INFO_COUNT;

	if (task_info(mach_task_self(), TASK_BASIC_INFO, (task_info_t)&info, &count) != KERN_SUCCESS)
		return 0;
	return info.virtual_size;
}

/* Up to a constant: the frames there are. */
static int count_frames(void)
{
	vm_statistics_data_t statistics;

	if (vm_statistics(mach_task_self(), &statistics) != KERN_SUCCESS)
		return 0;
	return -statistics.free_count;
}

void _count(struct counts *counts)
{
	cthread_release_idle();
	counts->threads = count_threads();
	counts->ports = count_ports();
	counts->memory = count_memory();
	counts->frames = count_frames();
}

boolean_t _counts_more(const struct counts *before, const struct counts *after, char *text, size_t size)
{
	int ports = after->ports - before->ports;
	int threads = after->threads - before->threads;
	int memory = after->memory - before->memory;
	int frames = after->frames - before->frames;

	snprintf(text, size, "%+d ports, %+d threads, %+d bytes of address space, %+d frames", ports, threads,
		 memory, frames);
	return ports > 0 || threads > 0 || memory > 0 || frames > 0;
}
