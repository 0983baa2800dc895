#ifndef _MACH_MSG_DESTROY_H_
#define _MACH_MSG_DESTROY_H_

#include <mach/message.h>

/* Give back the rights and the memory that a received message carries. */
extern void mach_msg_destroy(mach_msg_header_t *msg);

#endif	/* _MACH_MSG_DESTROY_H_ */
