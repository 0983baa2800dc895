/*
 * The null RPC: two tasks, a request and a reply of nothing but a header.
 *
 * The first task serves; the second, a copy of it, calls.  Before and after the calls that count, the
 * client calls with another message id, on which the server says so on the console.
 */
#include <mach.h>
#include <mach/i386/thread_status.h>
#include <mach/message.h>
#include <mach/thread_switch.h>
#include <mach_init.h>
#include <stdio.h>
#include <stdlib.h>

#define CALLS	20000
#define ID_CALL	1000
#define ID_BEGIN	2000
#define ID_END	3000

static mach_port_t service = 0x5eb1;	/* the client's name for its send right */
static char client_stack[8192];

static int call(mach_port_t reply, int id)
{
	mach_msg_header_t message;

	message.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.msgh_size = sizeof message;
	message.msgh_remote_port = service;
	message.msgh_local_port = reply;
	message.msgh_id = id;
	return mach_msg_trap(&message, MACH_SEND_MSG | MACH_RCV_MSG, sizeof message, sizeof message, reply,
			     MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL) == MACH_MSG_SUCCESS
		&& message.msgh_id == id + 100;
}

static void client(void)
{
	mach_port_t reply = mach_reply_port();
	int i;

	for (i = 0; i < 100; i++)
		(void)call(reply, ID_CALL);
	(void)call(reply, ID_BEGIN);
	for (i = 0; i < CALLS; i++)
		if (!call(reply, ID_CALL))
			break;
	(void)call(reply, ID_END);
	for (;;)
		(void)thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 1000000);
}

static void check(kern_return_t result, const char *what)
{
	if (result != KERN_SUCCESS) {
		printf("%s: %#x\n", what, result);
		exit(1);
	}
}

static void start_client(mach_port_t port)
{
	struct i386_thread_state state = { 0 };
	mach_port_t task, thread;

	check(task_create(mach_task_self(), TRUE, &task), "task_create");
	check(mach_port_insert_right(task, service, port, MACH_MSG_TYPE_MAKE_SEND), "mach_port_insert_right");
	check(thread_create(task, &thread), "thread_create");
	state.eip = (unsigned int)client;
	state.uesp = (unsigned int)(client_stack + sizeof client_stack - 16);
	check(thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)&state, i386_THREAD_STATE_COUNT),
	      "thread_set_state");
	check(thread_resume(thread), "thread_resume");
}

int main(void)
{
	struct { mach_msg_header_t head; char room[64]; } message;
	mach_port_t port;
	mach_msg_option_t option = MACH_RCV_MSG;
	int done = 0;

	check(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), "mach_port_allocate");
	start_client(port);
	while (!done) {
		check(mach_msg_trap(&message.head, option, sizeof message.head, sizeof message, port,
				    MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL), "mach_msg");
		if (message.head.msgh_id == ID_BEGIN) {
			printf("begin null_rpc %d\n", CALLS);
			fflush(stdout);
		} else if (message.head.msgh_id == ID_END) {
			printf("end\n");
			fflush(stdout);
			done = 1;
		}
		message.head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
		message.head.msgh_local_port = MACH_PORT_NULL;
		message.head.msgh_size = sizeof message.head;
		message.head.msgh_id += 100;
		option = MACH_SEND_MSG | MACH_RCV_MSG;
	}
	return 0;
}
