/*
 * Devices, by the example of the console.  Something must be typed: "typed" and return.
 */
#include <device/device.h>
#include <device/tty_status.h>
#include "kernel_ports.h"
#include "messages.h"

static device_t open_console(void)
{
	device_t console = MACH_PORT_NULL;

	CHECK_SUCCESS(device_open(device_master(), D_READ | D_WRITE, "console", &console));
	return console;
}

static void close(device_t device)
{
	CHECK_SUCCESS(device_close(device));
	CHECK_SUCCESS(mach_port_deallocate(SELF, device));
}

TEST(a_device_has_one_port_however_often_it_is_open)
{
	device_t first = open_console(), second = open_console();

	CHECK_EQUAL(first, second);
	close(first);
	close(second);
}

TEST(writes_say_how_much_they_wrote)
{
	device_t console = open_console();
	int written = 0;

	CHECK_SUCCESS(device_write_inband(console, 0, 0, "in band\n", 8, &written));
	CHECK_EQUAL(written, 8);
	CHECK_SUCCESS(device_write(console, 0, 0, "out of line\n", 12, &written));
	CHECK_EQUAL(written, 12);
	CHECK_SUCCESS(device_write_inband(console, 0, 0, "", 0, &written));
	CHECK_EQUAL(written, 0);
	close(console);
}

TEST(a_read_waits_for_input_and_takes_what_there_is)
{
	device_t console = open_console();
	io_buf_ptr_inband_t data;
	io_buf_ptr_t text = 0;
	unsigned int count = sizeof data;
	static boolean_t typed;

	if (typed)			/* in the first attempt at this test */
		return;
	CHECK_SUCCESS(device_read_inband(console, 0, 0, 3, data, &count));
	CHECK_EQUAL(count, 3);
	CHECK(memcmp(data, "typ", 3) == 0);
	CHECK_SUCCESS(device_read(console, 0, 0, 100, &text, &count));
	CHECK_EQUAL(count, 3);
	CHECK(memcmp(text, "ed\n", 3) == 0);
	typed = TRUE;
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)text, count));
	close(console);
}

TEST(a_read_need_not_wait)
{
	device_t console = open_console();
	io_buf_ptr_inband_t data;
	unsigned int count = sizeof data;

	CHECK_RETURNS(device_read_inband(console, D_NOWAIT, 0, 10, data, &count), D_WOULD_BLOCK);
	CHECK_SUCCESS(device_read_inband(console, 0, 0, 0, data, &count));
	CHECK_EQUAL(count, 0);
	CHECK_RETURNS(device_read_inband(console, 0, 0, -1, data, &count), D_INVALID_SIZE);
	close(console);
}

TEST(the_console_has_a_status)
{
	device_t console = open_console();
	struct tty_status status;
	unsigned int count = TTY_STATUS_COUNT;
	int flush = 0;

	CHECK_SUCCESS(device_get_status(console, TTY_STATUS, (dev_status_t)&status, &count));
	CHECK_EQUAL(count, TTY_STATUS_COUNT);
	CHECK_EQUAL(status.tt_ispeed, B9600);
	CHECK_SUCCESS(device_set_status(console, TTY_FLUSH, &flush, TTY_FLUSH_COUNT));
	CHECK_RETURNS(device_get_status(console, 99, (dev_status_t)&status, &count), D_INVALID_OPERATION);
	CHECK_RETURNS(device_set_status(console, 99, &flush, 1), D_INVALID_OPERATION);
	count = TTY_STATUS_COUNT - 1;
	CHECK_RETURNS(device_get_status(console, TTY_STATUS, (dev_status_t)&status, &count), D_INVALID_SIZE);
	close(console);
}

TEST(opening_refuses)
{
	device_t console = open_console(), device = MACH_PORT_NULL;

	CHECK_RETURNS(device_open(device_master(), D_READ, "nothing", &device), D_NO_SUCH_DEVICE);
	CHECK_RETURNS(device_open(console, D_READ, "console", &device), D_INVALID_OPERATION);
	CHECK_RETURNS(device_open(host(), D_READ, "console", &device), D_INVALID_OPERATION);
	close(console);
}

TEST(only_devices_are_devices)
{
	mach_port_t none = device_master();
	io_buf_ptr_inband_t data = { 0 };
	io_buf_ptr_t text = 0;
	unsigned int count = sizeof data;
	int written, status = 0;

	CHECK_RETURNS(device_close(none), D_NO_SUCH_DEVICE);
	CHECK_RETURNS(device_write(none, 0, 0, data, 1, &written), D_NO_SUCH_DEVICE);
	CHECK_RETURNS(device_write_inband(none, 0, 0, data, 1, &written), D_NO_SUCH_DEVICE);
	CHECK_RETURNS(device_read(none, 0, 0, 1, &text, &count), D_NO_SUCH_DEVICE);
	CHECK_RETURNS(device_read_inband(none, 0, 0, 1, data, &count), D_NO_SUCH_DEVICE);
	CHECK_RETURNS(device_get_status(none, TTY_STATUS, &status, &count), D_NO_SUCH_DEVICE);
	CHECK_RETURNS(device_set_status(none, TTY_FLUSH, &status, 1), D_NO_SUCH_DEVICE);
	CHECK_RETURNS(device_close(host()), D_NO_SUCH_DEVICE);
	CHECK_RETURNS(device_read_inband(host(), 0, 0, 1, data, &count), D_NO_SUCH_DEVICE);
}
