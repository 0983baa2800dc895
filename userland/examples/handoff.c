/*
 * A local RPC hands the processor to the server; sent and received in two calls, it goes through the
 * scheduler.  Prints virtual time, which is the same on every host.
 */
#include <cthreads.h>
#include <mach.h>
#include <mach/message.h>
#include <mach/mach_host.h>
#include <mach_init.h>
#include <stdio.h>
#include <stdlib.h>

#define CALLS	1000

static mach_port_t service;

static any_t server(any_t argument)
{
	struct { mach_msg_header_t head; char room[64]; } message;
	mach_msg_option_t option = MACH_RCV_MSG;

	for (;;) {
		if (mach_msg_trap(&message.head, option, sizeof message.head, sizeof message, service,
				  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
			exit(1);
		message.head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
		message.head.msgh_local_port = MACH_PORT_NULL;
		message.head.msgh_size = sizeof message.head;
		option = MACH_SEND_MSG | MACH_RCV_MSG;
	}
	return argument;
}

static long long now_us(void)
{
	time_value_t now;

	if (host_get_time(mach_host_self(), &now) != KERN_SUCCESS)
		exit(1);
	return now.seconds * 1000000ll + now.microseconds;
}

static void call(mach_port_t reply, int in_one)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_size = sizeof message,
		.msgh_remote_port = service,
		.msgh_local_port = reply,
	};
	int result;

	if (in_one) {
		result = mach_msg_trap(&message, MACH_SEND_MSG | MACH_RCV_MSG, sizeof message, sizeof message,
				       reply, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	} else {
		result = mach_msg_trap(&message, MACH_SEND_MSG, sizeof message, 0, MACH_PORT_NULL,
				       MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
		if (result == MACH_MSG_SUCCESS)
			result = mach_msg_trap(&message, MACH_RCV_MSG, 0, sizeof message, reply,
					       MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	}
	if (result != MACH_MSG_SUCCESS)
		exit(1);
}

static void measure(const char *what, mach_port_t reply, int in_one)
{
	long long start;
	int i;

	call(reply, in_one);
	start = now_us();
	for (i = 0; i < CALLS; i++)
		call(reply, in_one);
	printf("%s: %d us\n", what, (int)((now_us() - start) / CALLS));
	fflush(stdout);
}

int main(void)
{
	mach_port_t reply = mach_reply_port();

	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &service) != KERN_SUCCESS)
		return 1;
	cthread_detach(cthread_fork(server, 0));
	measure("RPC in one call, with hand-off", reply, 1);
	measure("RPC in two calls, through the run queue", reply, 0);
	return 0;
}
