/*
 * A thread that serves the task's exception port: it reports the exception and sends the thread that
 * raised it out of its test.
 */
#include <check.h>
#include <cthreads.h>
#include <mach/exception.h>
#include <mach/i386/thread_status.h>
#include <mach/message.h>
#include <mach/mig_errors.h>
#include <stdio.h>
#include "catch.h"

#define EXCEPTION_RAISE_ID	2400
#define REPLY_ID_OFFSET		100

struct exception_message {
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
};

static const char *const exception_names[] = {
	"exception 0", "EXC_BAD_ACCESS", "EXC_BAD_INSTRUCTION", "EXC_ARITHMETIC", "EXC_EMULATION",
	"EXC_SOFTWARE", "EXC_BREAKPOINT",
};

static mach_port_t exception_port;
static jmp_buf *where_to;
static unsigned int escape_stack[256];	/* for the few words that longjmp needs: the thread's own may be bad */
static cthread_t runner;

static void report(const struct exception_message *message, const struct i386_thread_state *state)
{
	unsigned int number = message->exception;
	char what[160];

	snprintf(what, sizeof what, "%s (code %d, subcode %#x) at eip %#x",
		 number < sizeof exception_names / sizeof exception_names[0] ? exception_names[number] : "exception",
		 message->code, message->subcode, state->eip);
	_check_caught(message->thread == cthread_kernel_thread(runner) ? runner : NO_CTHREAD, what);
}

/* Report, and let the thread go on in longjmp(*where_to, 1). */
static kern_return_t handle(const struct exception_message *message)
{
	struct i386_thread_state state;
	unsigned int count = i386_THREAD_STATE_COUNT;
	unsigned int *frame = &escape_stack[sizeof escape_stack / sizeof escape_stack[0] - 4];
	kern_return_t result;

	result = thread_get_state(message->thread, i386_THREAD_STATE, (thread_state_t)&state, &count);
	if (result != KERN_SUCCESS)
		return result;
	report(message, &state);
	frame[0] = 0;
	frame[1] = (unsigned int)where_to;
	frame[2] = 1;
	state.eip = (unsigned int)longjmp;
	state.uesp = (unsigned int)frame;
	return thread_set_state(message->thread, i386_THREAD_STATE, (thread_state_t)&state, count);
}

static void reply_to(const mach_msg_header_t *request, kern_return_t result)
{
	mig_reply_header_t reply = {
		.Head = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(request->msgh_bits), 0),
			.msgh_size = sizeof reply,
			.msgh_remote_port = request->msgh_remote_port,
			.msgh_id = request->msgh_id + REPLY_ID_OFFSET,
		},
		.RetCodeType = {
			.msgt_name = MACH_MSG_TYPE_INTEGER_32,
			.msgt_size = 32,
			.msgt_number = 1,
			.msgt_inline = TRUE,
		},
		.RetCode = result,
	};

	(void)mach_msg(&reply.Head, MACH_SEND_MSG, sizeof reply, 0, MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE,
		       MACH_PORT_NULL);
}

static any_t serve(any_t argument)
{
	struct { struct exception_message message; char room[64]; } buffer;
	struct exception_message *message = &buffer.message;
	kern_return_t result;

	for (;;) {
		if (mach_msg(&message->head, MACH_RCV_MSG, 0, sizeof buffer, exception_port,
			     MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
			return argument;
		result = message->head.msgh_id == EXCEPTION_RAISE_ID ? handle(message) : MIG_BAD_ID;
		(void)mach_port_deallocate(mach_task_self(), message->thread);
		(void)mach_port_deallocate(mach_task_self(), message->task);
		reply_to(&message->head, result);
	}
}

void _catch_exceptions(jmp_buf leave)
{
	where_to = (jmp_buf *)leave;
	runner = cthread_self();
	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &exception_port) != KERN_SUCCESS
	    || mach_port_insert_right(mach_task_self(), exception_port, exception_port, MACH_MSG_TYPE_MAKE_SEND)
		       != KERN_SUCCESS
	    || task_set_special_port(mach_task_self(), TASK_EXCEPTION_PORT, exception_port) != KERN_SUCCESS)
		return;		/* then an exception ends the program, after the lines printed so far */
	cthread_detach(cthread_fork(serve, 0));
}
