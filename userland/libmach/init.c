/*
 * mach_init: the ports and the page size of this task.
 */
#include <mach.h>
#include <mach_init.h>
#include "reply_port.h"

mach_port_t mach_task_self_;
mach_port_t bootstrap_port;
vm_size_t vm_page_size;
unsigned int _mach_generation;

#define PAGE_SIZE_I386	4096

int mach_init(void)
{
	vm_statistics_data_t statistics;

	_mach_generation++;
	mach_task_self_ = (mach_task_self)();		/* the trap, not the macro */
	_mig_forget_reply_ports();
	vm_page_size = PAGE_SIZE_I386;
	if (vm_statistics(mach_task_self_, &statistics) == KERN_SUCCESS)
		vm_page_size = statistics.pagesize;
	bootstrap_port = MACH_PORT_NULL;
	(void)task_get_special_port(mach_task_self_, TASK_BOOTSTRAP_PORT, &bootstrap_port);
	return 0;
}
