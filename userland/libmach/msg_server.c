/*
 * mach_msg_server: the loop of a server.  Receive a request, let demux make a reply of it, send that
 * reply and receive the next request with one trap.
 *
 * demux(request, reply) is one made by the interface generator, or calls several of those: it fills
 * reply, and is false if it did not know the request (its reply then says MIG_BAD_ID).  A reply code of
 * MIG_NO_REPLY means that the answer will come some other way, or never.
 */
#include <mach.h>
#include <mach_init.h>
#include <mach/message.h>
#include <mach/mig_errors.h>
#include <mach/msg_destroy.h>
#include <mach/msg_server.h>

/* What is to be sent after demux, if anything: nothing without a reply port or when told not to. */
static boolean_t wants_reply(mig_reply_header_t *request, mig_reply_header_t *reply)
{
	if (!(reply->Head.msgh_bits & MACH_MSGH_BITS_COMPLEX) && reply->RetCode != KERN_SUCCESS) {
		if (reply->RetCode == MIG_NO_REPLY)
			return FALSE;
		/* The routine failed and did not take what the request carried. */
		request->Head.msgh_remote_port = MACH_PORT_NULL;
		mach_msg_destroy(&request->Head);
	}
	return reply->Head.msgh_remote_port != MACH_PORT_NULL;
}

mach_msg_return_t mach_msg_server(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
				  mach_msg_size_t max_size, mach_port_t rcv_name)
{
	vm_offset_t buffers = 0;
	vm_size_t space = round_page(max_size);
	mig_reply_header_t *request, *reply, *other;
	mach_msg_return_t result;

	result = vm_allocate(mach_task_self(), &buffers, 2 * space, TRUE);
	if (result != KERN_SUCCESS)
		return result;
	request = (mig_reply_header_t *)buffers;
	reply = (mig_reply_header_t *)(buffers + space);

	result = mach_msg(&request->Head, MACH_RCV_MSG, 0, max_size, rcv_name, MACH_MSG_TIMEOUT_NONE,
			  MACH_PORT_NULL);
	while (result == MACH_MSG_SUCCESS) {
		(void)(*demux)(&request->Head, &reply->Head);
		if (!wants_reply(request, reply)) {
			result = mach_msg(&request->Head, MACH_RCV_MSG, 0, max_size, rcv_name,
					  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
			continue;
		}
		/* The next request arrives where the reply was. */
		result = mach_msg(&reply->Head, MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_RCV_MSG,
				  reply->Head.msgh_size, max_size, rcv_name, 0, MACH_PORT_NULL);
		if (result == MACH_SEND_INVALID_DEST || result == MACH_SEND_TIMED_OUT) {
			/* The client is gone or does not listen: that is its own loss. */
			mach_msg_destroy(&reply->Head);
			result = mach_msg(&reply->Head, MACH_RCV_MSG, 0, max_size, rcv_name,
					  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
		}
		other = request;
		request = reply;
		reply = other;
	}
	(void)vm_deallocate(mach_task_self(), buffers, 2 * space);
	return result;
}
