/*
 * Two threads that talk through a port: one counts messages in, the other sends them.
 */
#include <cthreads.h>
#include <mach.h>
#include <mach/message.h>
#include <mach_error.h>
#include <mach_init.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGES	5

struct note {
	mach_msg_header_t head;
	mach_msg_type_t number_type;
	int number;
};

static any_t sender(any_t argument)
{
	mach_port_t port = (mach_port_t)argument;
	struct note note = {
		.head = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
			.msgh_size = sizeof note,
			.msgh_remote_port = port,
			.msgh_id = 42,
		},
		.number_type = {
			.msgt_name = MACH_MSG_TYPE_INTEGER_32,
			.msgt_size = 32,
			.msgt_number = 1,
			.msgt_inline = TRUE,
		},
	};

	for (note.number = 1; note.number <= MESSAGES; note.number++) {
		mach_msg_return_t result = mach_msg(&note.head, MACH_SEND_MSG, sizeof note, 0, MACH_PORT_NULL,
						    MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);

		if (result != MACH_MSG_SUCCESS) {
			mach_error("send", result);
			exit(1);
		}
	}
	return argument;
}

int main(void)
{
	mach_port_t port;
	kern_return_t result = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	cthread_t thread;
	int i, sum = 0;

	if (result != KERN_SUCCESS) {
		mach_error("mach_port_allocate", result);
		return 1;
	}
	thread = cthread_fork(sender, (any_t)port);
	for (i = 0; i < MESSAGES; i++) {
		struct note note;

		result = mach_msg(&note.head, MACH_RCV_MSG, 0, sizeof note, port, MACH_MSG_TIMEOUT_NONE,
				  MACH_PORT_NULL);
		if (result != MACH_MSG_SUCCESS) {
			mach_error("receive", result);
			return 1;
		}
		printf("message %d of id %d, sequence number %u\n", note.number, note.head.msgh_id,
		       (unsigned int)note.head.msgh_seqno);
		sum += note.number;
	}
	cthread_join(thread);
	printf("the sum is %d\n", sum);
	return 0;
}
