/*
 * Exceptions, as messages that a test receives and answers by hand.
 */
#ifndef _TESTS_EXCEPTIONS_H_
#define _TESTS_EXCEPTIONS_H_

#include <mach/exception.h>
#include <mach/i386/exception.h>
#include <mach/mig_errors.h>
#include "kernel_threads.h"

#define EXCEPTION_RAISE_ID	2400

struct raised {
	mach_msg_header_t head;
	mach_msg_type_t thread_type;
	mach_port_t thread;
	mach_msg_type_t task_type;
	mach_port_t task;
	mach_msg_type_t exception_type;
	int exception;
	mach_msg_type_t code_type;
	int code;
	mach_msg_type_t subcode_type;
	int subcode;
	int room[8];
};

/* Wait for an exception. */
UNUSED_STATIC void await_exception(mach_port_t port, struct raised *raised)
{
	memset(raised, 0, sizeof *raised);
	CHECK_RETURNS(mach_msg(&raised->head, MACH_RCV_MSG, 0, sizeof *raised, port, MACH_MSG_TIMEOUT_NONE,
			       MACH_PORT_NULL), MACH_MSG_SUCCESS);
	CHECK_EQUAL(raised->head.msgh_id, EXCEPTION_RAISE_ID);
	CHECK_EQUAL(raised->head.msgh_size, sizeof *raised - sizeof raised->room);
}

/* Answer with a message of any id; the rights that the exception carried are given back. */
UNUSED_STATIC mach_msg_return_t answer_with_id(struct raised *raised, int id, kern_return_t code)
{
	mig_reply_header_t reply = {
		.Head = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(raised->head.msgh_bits), 0),
			.msgh_remote_port = raised->head.msgh_remote_port,
			.msgh_id = id,
		},
		.RetCodeType = IN_LINE(MACH_MSG_TYPE_INTEGER_32, 32, 1),
		.RetCode = code,
	};

	CHECK_SUCCESS(mach_port_deallocate(SELF, raised->thread));
	CHECK_SUCCESS(mach_port_deallocate(SELF, raised->task));
	return mach_msg(&reply.Head, MACH_SEND_MSG, sizeof reply, 0, MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE,
			MACH_PORT_NULL);
}

UNUSED_STATIC void answer(struct raised *raised, kern_return_t code)
{
	CHECK_RETURNS(answer_with_id(raised, EXCEPTION_RAISE_ID + 100, code), MACH_MSG_SUCCESS);
}

UNUSED_STATIC struct i386_thread_state state_of(thread_t thread)
{
	struct i386_thread_state state;
	unsigned int count = i386_THREAD_STATE_COUNT;

	CHECK_SUCCESS(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t)&state, &count));
	return state;
}

/* Let a thread go on elsewhere, without trap flag. */
UNUSED_STATIC void redirect(thread_t thread, const void *place)
{
	struct i386_thread_state state = state_of(thread);

	state.eip = (unsigned int)place;
	state.efl &= ~0x100;
	CHECK_SUCCESS(thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)&state,
				       i386_THREAD_STATE_COUNT));
}

#endif	/* _TESTS_EXCEPTIONS_H_ */
