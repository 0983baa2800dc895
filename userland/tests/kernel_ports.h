/*
 * The ports of the kernel's own that a first task can get at.  Each name is got once and kept.
 */
#ifndef _TESTS_KERNEL_PORTS_H_
#define _TESTS_KERNEL_PORTS_H_

#include <check.h>
#include <mach/bootstrap.h>
#include <mach/mach_host.h>

#ifndef UNUSED_STATIC
#define UNUSED_STATIC	__attribute__((unused)) static
#endif

#define SELF	mach_task_self()

UNUSED_STATIC host_t host(void)
{
	static host_t name;

	if (name == MACH_PORT_NULL)
		name = mach_host_self();
	return name;
}

static mach_port_t privileged_ports[2];

UNUSED_STATIC void get_privileged_ports(void)
{
	if (privileged_ports[0] == MACH_PORT_NULL)
		CHECK_SUCCESS(bootstrap_privileged_ports(bootstrap_port, &privileged_ports[0],
							 &privileged_ports[1]));
}

UNUSED_STATIC host_priv_t host_priv(void)
{
	get_privileged_ports();
	return privileged_ports[0];
}

UNUSED_STATIC mach_port_t device_master(void)
{
	get_privileged_ports();
	return privileged_ports[1];
}

UNUSED_STATIC thread_t this_thread(void)
{
	static thread_t name;

	if (name == MACH_PORT_NULL)
		name = mach_thread_self();
	return name;
}

/* Give back a list of ports as calls return it, with the rights in it. */
UNUSED_STATIC void free_ports(mach_port_t *list, mach_msg_type_number_t count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		CHECK_SUCCESS(mach_port_deallocate(SELF, list[i]));
	if (count > 0)
		CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)list, count * sizeof *list));
}

/* Whether a list of ports has this one. */
UNUSED_STATIC boolean_t has_port(const mach_port_t *list, mach_msg_type_number_t count, mach_port_t port)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (list[i] == port)
			return TRUE;
	return FALSE;
}

#endif	/* _TESTS_KERNEL_PORTS_H_ */
