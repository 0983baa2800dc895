/*
 * Uses a drum (drum.py): the stubs of the C library call a native server.
 */
#include <device/device.h>
#include <mach.h>
#include <mach_init.h>
#include <stdio.h>
#include <string.h>

#define RECORD	512

static int check(const char *what, kern_return_t result, kern_return_t expected)
{
	if (result == expected)
		return 1;
	printf("%s: %#x, not %#x\n", what, result, expected);
	return 0;
}

int main(void)
{
	static char pattern[8 * RECORD];
	mach_port_array_t ports;
	mach_msg_type_number_t count;
	device_t drum;
	io_buf_ptr_t data;
	int written, i;

	if (!check("mach_ports_lookup", mach_ports_lookup(mach_task_self(), &ports, &count), KERN_SUCCESS))
		return 1;
	check("no such device", device_open(ports[0], 0, "disk", &drum), 2502);
	if (!check("device_open", device_open(ports[0], 0, "drum0", &drum), KERN_SUCCESS))
		return 1;
	for (i = 0; i < (int)sizeof pattern; i++)
		pattern[i] = (char)(i * 7 + i / 256);
	check("device_write", device_write(drum, 0, 3, pattern, sizeof pattern, &written), KERN_SUCCESS);
	check("device_write_inband", device_write_inband(drum, 0, 5, "inband", 6, &written), KERN_SUCCESS);
	memcpy(pattern + 2 * RECORD, "inband", 6);
	check("device_read", device_read(drum, 0, 3, sizeof pattern, &data, &count), KERN_SUCCESS);
	printf("%u bytes %s\n", count, memcmp(data, pattern, sizeof pattern) == 0 ? "equal" : "differ");
	data[0] = 1;	/* a copy of the server's memory, not that memory */
	check("vm_deallocate", vm_deallocate(mach_task_self(), (vm_address_t)data, count), KERN_SUCCESS);
	check("device_read", device_read(drum, 0, 3, 1, &data, &count), KERN_SUCCESS);
	printf("first byte %d\n", data[0]);
	check("too far", device_read(drum, 0, 64, 1, &data, &count), 2507);
	check("device_close", device_close(drum), KERN_SUCCESS);
	check("mach_port_deallocate", mach_port_deallocate(mach_task_self(), drum), KERN_SUCCESS);
	return 0;
}
