/*
 * The console, found the way a first task finds everything: its bootstrap port gives it the privileged
 * ports, one of these is the device master, and that opens the console.
 */
#include <mach.h>
#include <mach_init.h>
#include <mach/bootstrap.h>
#include <device/device.h>
#include "console.h"

static mach_port_t console = MACH_PORT_NULL;
static unsigned int generation;		/* of the task in which the name above is valid */

static mach_port_t open_console(void)
{
	mach_port_t host_priv, device_master;

	if (generation == _mach_generation)
		return console;
	generation = _mach_generation;
	console = MACH_PORT_NULL;
	if (bootstrap_privileged_ports(bootstrap_port, &host_priv, &device_master) != KERN_SUCCESS)
		return MACH_PORT_NULL;
	if (device_open(device_master, D_READ | D_WRITE, "console", &console) != D_SUCCESS)
		console = MACH_PORT_NULL;
	(void)mach_port_deallocate(mach_task_self(), host_priv);
	(void)mach_port_deallocate(mach_task_self(), device_master);
	return console;
}

int _console_write(const char *data, size_t size)
{
	mach_port_t device = open_console();

	while (size > 0) {
		int written = 0;
		unsigned int part = size < IO_INBAND_MAX ? size : IO_INBAND_MAX;

		if (device == MACH_PORT_NULL
		    || device_write_inband(device, 0, 0, (char *)data, part, &written) != D_SUCCESS
		    || written <= 0)
			return 0;
		data += written;
		size -= written;
	}
	return 1;
}

size_t _console_read(char *to, size_t size)
{
	mach_port_t device = open_console();
	char data[IO_INBAND_MAX];
	unsigned int i, count = sizeof data;
	int wanted = size < sizeof data ? size : sizeof data;

	if (device == MACH_PORT_NULL || device_read_inband(device, 0, 0, wanted, data, &count) != D_SUCCESS)
		return 0;
	for (i = 0; i < count; i++)
		to[i] = data[i];
	return count;
}
