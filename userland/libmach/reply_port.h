/*
 * Which reply port a thread uses for its calls.  Without threads there is one for the task; the threads
 * library puts a function here that says where the calling thread keeps its own.
 */
#ifndef _REPLY_PORT_H_
#define _REPLY_PORT_H_

#include <mach/port.h>

extern mach_port_t *(*_mig_reply_port_place)(void);	/* null: one for the task */

/* None of the reply ports known here exists in this task (any more). */
extern void _mig_forget_reply_ports(void);

#endif	/* _REPLY_PORT_H_ */
