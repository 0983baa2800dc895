/*
 * What the stubs call: reply ports of the calling thread.
 */
#ifndef _MACH_MIG_SUPPORT_H_
#define _MACH_MIG_SUPPORT_H_

#include <mach/port.h>

/* The calling thread's reply port, made at the first call. */
extern mach_port_t mig_get_reply_port(void);

/* A call failed so that a late reply may come: destroy the port; the next call makes a new one. */
extern void mig_dealloc_reply_port(mach_port_t reply_port);

/* A call succeeded: the port may be used again. */
extern void mig_put_reply_port(mach_port_t reply_port);

extern void mig_init(int threads);

#endif	/* _MACH_MIG_SUPPORT_H_ */
