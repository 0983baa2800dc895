/*
 * What generated stubs share.
 */
#include <mach.h>
#include <mach/message.h>
#include <mach/mig_call.h>
#include <mach/mig_errors.h>
#include <mach/mig_support.h>
#include <mach/msg_destroy.h>
#include <mach/notify.h>

#define RETURN_CODE_TYPE 0x10012002	/* one integer of 32 bits, in line */

struct reply_head {
	mach_msg_header_t head;
	unsigned int code_type;
	kern_return_t code;
};

static kern_return_t no_reply(mach_msg_header_t *message, mach_port_t reply_port, boolean_t is_own,
			      kern_return_t code)
{
	if (message)
		mach_msg_destroy(message);
	if (is_own)
		mig_dealloc_reply_port(reply_port);
	return code;
}

kern_return_t _mig_call(mach_msg_header_t *message, mach_port_t reply_port,
			mach_msg_size_t request_size, mach_msg_size_t reply_least,
			mach_msg_size_t reply_limit, int reply_kind)
{
	boolean_t is_own = reply_port == MACH_PORT_NULL;
	mach_msg_id_t reply_id = message->msgh_id + 100;
	struct reply_head *reply = (struct reply_head *)message;
	boolean_t is_complex;
	mach_msg_return_t result;

	if (is_own)
		reply_port = mig_get_reply_port();
	message->msgh_local_port = reply_port;
	message->msgh_seqno = 0;
	result = mach_msg(message, MACH_SEND_MSG | MACH_RCV_MSG, request_size, reply_limit, reply_port,
			  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	if ((result & ~MACH_MSG_MASK) == MACH_RCV_BODY_ERROR) {
		mach_msg_destroy(message);	/* what there was room for; the reply port has done its duty */
		return result;
	}
	if (result != MACH_MSG_SUCCESS) {
		/* A reply may still come if the request was sent; a bad reply port is of no more use. */
		if ((result & ~MACH_MSG_MASK) >= MACH_RCV_IN_PROGRESS || result == MACH_SEND_INVALID_REPLY)
			return no_reply(0, reply_port, is_own, result);
		return result;
	}
	if (message->msgh_id != reply_id)
		return no_reply(message, reply_port, is_own,
				message->msgh_id == MACH_NOTIFY_SEND_ONCE ? MIG_SERVER_DIED
									 : MIG_REPLY_MISMATCH);
	if (is_own)
		mig_put_reply_port(reply_port);

	is_complex = (message->msgh_bits & MACH_MSGH_BITS_COMPLEX) != 0;
	if (message->msgh_size < sizeof *reply || reply->code_type != RETURN_CODE_TYPE)
		return _mig_bad_reply(message);
	if (reply->code != KERN_SUCCESS) {
		if (is_complex)
			mach_msg_destroy(message);
		return reply->code;
	}
	if (message->msgh_size < reply_least || (reply_kind != _MIG_EITHER && is_complex != reply_kind))
		return _mig_bad_reply(message);
	return KERN_SUCCESS;
}

kern_return_t _mig_bad_reply(mach_msg_header_t *reply)
{
	mach_msg_destroy(reply);
	return MIG_TYPE_ERROR;
}

void _mig_make_reply(const mach_msg_header_t *request, mach_msg_header_t *reply, kern_return_t code)
{
	struct reply_head *head = (struct reply_head *)reply;

	reply->msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(request->msgh_bits), 0);
	reply->msgh_size = sizeof *head;
	reply->msgh_remote_port = request->msgh_remote_port;
	reply->msgh_local_port = MACH_PORT_NULL;
	reply->msgh_seqno = 0;
	reply->msgh_id = request->msgh_id + 100;
	head->code_type = RETURN_CODE_TYPE;
	head->code = code;
}

void _mig_copy_string(char *to, const char *from, vm_size_t size)
{
	vm_size_t i = 0;

	for (; i < size - 1 && from[i]; i++)
		to[i] = from[i];
	for (; i < size; i++)
		to[i] = 0;
}

void _mig_take_array(const _mig_long_type_t *type, char *data, vm_size_t unit, void **place,
		     mach_msg_type_number_t *room, mach_msg_type_number_t count)
{
	if (!(type->flags & _MIG_IN_LINE)) {
		*place = *(void **)data;
	} else {
		vm_address_t address = (vm_address_t)*place;

		if (count > *room && vm_allocate(mach_task_self(), &address, count * unit, TRUE) != KERN_SUCCESS)
			count = *room;
		*place = (void *)address;
		memcpy(*place, data, count * unit);
	}
	*room = count;
}
