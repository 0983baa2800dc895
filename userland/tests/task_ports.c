/*
 * The ports that the kernel keeps for a task: special ones, and those it hands on to its children.
 */
#include "kernel_ports.h"
#include "messages.h"

static mach_port_t special_port(task_t task, int which)
{
	mach_port_t port = 1;

	CHECK_SUCCESS(task_get_special_port(task, which, &port));
	return port;
}

static task_t new_task(void)
{
	task_t task = MACH_PORT_NULL;

	CHECK_SUCCESS(task_create(SELF, FALSE, &task));
	return task;
}

static void end_task(task_t task)
{
	CHECK_SUCCESS(task_terminate(task));
	CHECK_SUCCESS(mach_port_deallocate(SELF, task));
}

TEST(the_kernel_port_names_the_task)
{
	task_t task = new_task();

	CHECK_EQUAL(special_port(task, TASK_KERNEL_PORT), task);
	CHECK_EQUAL(refs_of(task, MACH_PORT_RIGHT_SEND), 2);
	CHECK_SUCCESS(mach_port_deallocate(SELF, task));
	end_task(task);
}

TEST(special_ports_are_kept_and_given_back)
{
	task_t task = new_task();
	mach_port_t port = new_port_with_send();
	int which;

	for (which = TASK_EXCEPTION_PORT; which <= TASK_BOOTSTRAP_PORT; which++) {
		CHECK_SUCCESS(task_set_special_port(task, which, port));
		CHECK_EQUAL(special_port(task, which), port);
		CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 2);
		CHECK_SUCCESS(mach_port_deallocate(SELF, port));
		CHECK_SUCCESS(task_set_special_port(task, which, MACH_PORT_NULL));
		CHECK_EQUAL(special_port(task, which), MACH_PORT_NULL);
	}
	end_task(task);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK(!has_senders(port));
	destroy(port);
}

TEST(a_task_that_ends_gives_its_rights_back)
{
	task_t task = new_task();
	mach_port_t port = new_port_with_send();
	mach_port_t ports[2] = { port, port };

	CHECK_SUCCESS(task_set_special_port(task, TASK_EXCEPTION_PORT, port));
	CHECK_SUCCESS(task_set_special_port(task, TASK_BOOTSTRAP_PORT, port));
	CHECK_SUCCESS(mach_ports_register(task, ports, 2));
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK(has_senders(port));
	end_task(task);
	CHECK(!has_senders(port));
	destroy(port);
}

TEST(children_inherit_special_and_registered_ports)
{
	task_t parent = new_task(), child = MACH_PORT_NULL;
	mach_port_t port = new_port_with_send(), ports[3] = { MACH_PORT_NULL, port, port };
	mach_port_array_t list = 0;
	unsigned int count = 0;

	CHECK_SUCCESS(task_set_special_port(parent, TASK_EXCEPTION_PORT, port));
	CHECK_SUCCESS(task_set_special_port(parent, TASK_BOOTSTRAP_PORT, port));
	CHECK_SUCCESS(mach_ports_register(parent, ports, 3));
	CHECK_SUCCESS(task_create(parent, FALSE, &child));
	end_task(parent);
	CHECK_EQUAL(special_port(child, TASK_EXCEPTION_PORT), port);
	CHECK_EQUAL(special_port(child, TASK_BOOTSTRAP_PORT), port);
	CHECK_SUCCESS(mach_ports_lookup(child, &list, &count));
	CHECK_EQUAL(count, TASK_PORT_REGISTER_MAX);
	CHECK_EQUAL(list[0], MACH_PORT_NULL);
	CHECK_EQUAL(list[1], port);
	CHECK_EQUAL(list[2], port);
	CHECK_EQUAL(list[3], MACH_PORT_NULL);
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)list, count * sizeof list[0]));
	CHECK_EQUAL(refs_of(port, MACH_PORT_RIGHT_SEND), 5);
	end_task(child);
	destroy(port);
}

TEST(registering_replaces)
{
	task_t task = new_task();
	mach_port_t first = new_port_with_send(), second = new_port_with_send();
	mach_port_array_t list = 0;
	unsigned int count = 0;

	CHECK_SUCCESS(mach_ports_register(task, &first, 1));
	CHECK_SUCCESS(mach_port_deallocate(SELF, first));
	CHECK(has_senders(first));
	CHECK_SUCCESS(mach_ports_register(task, &second, 1));
	CHECK(!has_senders(first));
	CHECK_SUCCESS(mach_ports_lookup(task, &list, &count));
	CHECK_EQUAL(list[0], second);
	free_ports(list, 1);
	CHECK_SUCCESS(mach_ports_register(task, 0, 0));
	CHECK_SUCCESS(mach_ports_lookup(task, &list, &count));
	CHECK_EQUAL(list[0], MACH_PORT_NULL);
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)list, count * sizeof list[0]));
	end_task(task);
	destroy(first);
	destroy(second);
}

TEST(a_port_that_died_is_kept_as_a_dead_name)
{
	task_t task = new_task();
	mach_port_t port = new_port_with_send();

	CHECK_SUCCESS(task_set_special_port(task, TASK_BOOTSTRAP_PORT, port));
	destroy(port);
	CHECK_EQUAL(special_port(task, TASK_BOOTSTRAP_PORT), MACH_PORT_DEAD);
	end_task(task);
}

TEST(the_self_port_can_be_replaced)
{
	mach_port_t port = new_port_with_send(), kernel = mach_task_self();
	task_t task = new_task();

	CHECK_SUCCESS(task_set_special_port(kernel, TASK_KERNEL_PORT, port));
	CHECK_EQUAL((mach_task_self)(), port);		/* the trap */
	CHECK_SUCCESS(task_set_special_port(kernel, TASK_KERNEL_PORT, kernel));
	CHECK_EQUAL((mach_task_self)(), kernel);
	CHECK_SUCCESS(mach_port_deallocate(SELF, kernel));
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK(!has_senders(port));
	end_task(task);
	destroy(port);
}

TEST(special_ports_refuse)
{
	mach_port_t port = new_port_with_send(), result = MACH_PORT_NULL;
	mach_port_t ports[TASK_PORT_REGISTER_MAX + 1] = { port, port, port, port, port };
	mach_port_array_t list = 0;
	unsigned int count = 0;

	CHECK_RETURNS(task_get_special_port(SELF, 99, &result), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_get_special_port(host(), TASK_KERNEL_PORT, &result), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_set_special_port(SELF, 99, port), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(task_set_special_port(host(), TASK_EXCEPTION_PORT, port), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(mach_ports_register(SELF, ports, TASK_PORT_REGISTER_MAX + 1), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(mach_ports_register(host(), ports, 1), KERN_INVALID_ARGUMENT);
	CHECK_RETURNS(mach_ports_lookup(host(), &list, &count), KERN_INVALID_ARGUMENT);
	CHECK_SUCCESS(mach_port_deallocate(SELF, port));
	CHECK(!has_senders(port));
	destroy(port);
}
