#ifndef _MACH_MSG_SERVER_H_
#define _MACH_MSG_SERVER_H_

#include <mach/boolean.h>
#include <mach/message.h>

/*
 * Serve requests that arrive at rcv_name, a port or a port set, until receiving fails; what failed is
 * returned.  No request or reply is longer than max_size.
 */
extern mach_msg_return_t mach_msg_server(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
					 mach_msg_size_t max_size, mach_port_t rcv_name);

#endif	/* _MACH_MSG_SERVER_H_ */
