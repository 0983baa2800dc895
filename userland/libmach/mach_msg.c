/*
 * mach_msg: the trap, tried again when it was interrupted (by thread_abort, mostly), unless the caller
 * asked with MACH_SEND_INTERRUPT or MACH_RCV_INTERRUPT to be told.
 *
 * A send that was interrupted has sent nothing, so all of the call is repeated.  A receive that was
 * interrupted comes after the send of the same call, which must not be done twice.
 */
#include <mach.h>
#include <mach/message.h>

#define TELL	(MACH_SEND_INTERRUPT | MACH_RCV_INTERRUPT)	/* these two are the library's own */

mach_msg_return_t mach_msg(mach_msg_header_t *msg, mach_msg_option_t option, mach_msg_size_t send_size,
			   mach_msg_size_t rcv_size, mach_port_t rcv_name, mach_msg_timeout_t timeout,
			   mach_port_t notify)
{
	mach_msg_option_t todo = option & ~TELL;
	mach_msg_return_t result;

	for (;;) {
		result = mach_msg_trap(msg, todo, send_size, rcv_size, rcv_name, timeout, notify);
		if (result == MACH_SEND_INTERRUPTED && !(option & MACH_SEND_INTERRUPT))
			continue;
		if (result == MACH_RCV_INTERRUPTED && !(option & MACH_RCV_INTERRUPT)) {
			todo &= ~MACH_SEND_MSG;
			send_size = 0;
			continue;
		}
		return result;
	}
}
