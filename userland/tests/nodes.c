/*
 * The calls about nodes, as the kernel of a single node answers them.
 */
#include <mach/mach_norma.h>
#include <mach/norma_special_ports.h>
#include "kernel_ports.h"
#include "messages.h"

#define THIS_NODE	(-1)

static int self(void)
{
	int node = -1;

	CHECK_SUCCESS(norma_node_self(host(), &node));
	return node;
}

TEST(a_host_knows_its_node)
{
	int node;

	CHECK_EQUAL(self(), 0);
	CHECK_RETURNS(norma_node_self(SELF, &node), KERN_INVALID_HOST);
}

TEST(tasks_are_created_here)
{
	task_t task = MACH_PORT_NULL;
	int node = -1;

	CHECK_SUCCESS(norma_task_create(SELF, FALSE, self(), &task));
	CHECK_SUCCESS(norma_port_location_hint(SELF, task, &node));
	CHECK_EQUAL(node, self());
	CHECK_SUCCESS(task_terminate(task));
	CHECK_SUCCESS(mach_port_deallocate(SELF, task));
	CHECK_RETURNS(norma_task_create(SELF, FALSE, self() + 1, &task), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(norma_task_create(host(), FALSE, self(), &task), KERN_INVALID_ARGUMENT);
}

TEST(children_stay_on_the_only_node)
{
	task_t task = MACH_PORT_NULL;

	CHECK_SUCCESS(task_set_child_node(SELF, self()));
	CHECK_SUCCESS(task_create(SELF, FALSE, &task));
	CHECK_SUCCESS(task_terminate(task));
	CHECK_SUCCESS(mach_port_deallocate(SELF, task));
	CHECK_RETURNS(task_set_child_node(SELF, self() + 1), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_set_child_node(host(), self()), KERN_INVALID_ARGUMENT);
}

TEST(ports_are_here)
{
	mach_port_t port = new_port_with_send();
	int node = -1;

	CHECK_SUCCESS(norma_port_location_hint(SELF, port, &node));
	CHECK_EQUAL(node, self());
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	CHECK_RETURNS(norma_port_location_hint(SELF, MACH_PORT_NULL, &node), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(norma_port_location_hint(host(), port, &node), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK(!has_senders(port));
	destroy(port);
}

static mach_port_t special_port(int which)
{
	mach_port_t port = MACH_PORT_NULL;

	CHECK_SUCCESS(norma_get_special_port(host_priv(), THIS_NODE, which, &port));
	return port;
}

TEST(the_kernels_own_special_ports)
{
	CHECK_EQUAL(special_port(NORMA_DEVICE_PORT), device_master());
	CHECK_EQUAL(special_port(NORMA_HOST_PORT), host());
	CHECK_EQUAL(special_port(NORMA_HOST_PRIV_PORT), host_priv());
	CHECK_SUCCESS(mach_port_deallocate(SELF, device_master()));
	CHECK_SUCCESS(mach_port_deallocate(SELF, host()));
	CHECK_SUCCESS(mach_port_deallocate(SELF, host_priv()));
}

TEST(servers_special_ports)
{
	mach_port_t port = new_port_with_send();

	CHECK_EQUAL(special_port(NORMA_NAMESERVER_PORT), MACH_PORT_NULL);
	CHECK_SUCCESS(norma_set_special_port(host_priv(), NORMA_NAMESERVER_PORT, port));
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK_EQUAL(special_port(NORMA_NAMESERVER_PORT), port);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK(has_senders(port));
	CHECK_SUCCESS(norma_set_special_port(host_priv(), NORMA_NAMESERVER_PORT, MACH_PORT_NULL));
	CHECK(!has_senders(port));
	CHECK_EQUAL(special_port(NORMA_NAMESERVER_PORT), MACH_PORT_NULL);
	destroy(port);
}

TEST(special_ports_refuse)
{
	mach_port_t port = new_port_with_send(), got = MACH_PORT_NULL;

	CHECK_RETURNS(norma_get_special_port(host_priv(), self() + 1, NORMA_HOST_PORT, &got),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(norma_get_special_port(host_priv(), THIS_NODE, 0, &got), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(norma_get_special_port(host_priv(), THIS_NODE, MAX_SPECIAL_ID + 1, &got),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(norma_get_special_port(host(), THIS_NODE, NORMA_HOST_PORT, &got),
		      KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(norma_set_special_port(host_priv(), NORMA_HOST_PRIV_PORT, port), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(norma_set_special_port(host_priv(), MAX_SPECIAL_ID + 1, port), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(norma_set_special_port(host(), NORMA_NAMESERVER_PORT, port), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK(!has_senders(port));
	destroy(port);
}
