/*
 * Reply ports for the stubs: made when first needed, used again for each call, and given up when a
 * failed call leaves in doubt what may still arrive on them.
 */
#include <mach.h>
#include <mach_init.h>
#include <mach/mig_support.h>
#include "reply_port.h"

mach_port_t *(*_mig_reply_port_place)(void);

static mach_port_t task_reply_port;

static mach_port_t *place(void)
{
	return _mig_reply_port_place ? _mig_reply_port_place() : &task_reply_port;
}

void _mig_forget_reply_ports(void)
{
	_mig_reply_port_place = 0;
	task_reply_port = MACH_PORT_NULL;
}

mach_port_t mig_get_reply_port(void)
{
	mach_port_t *port = place();

	if (*port == MACH_PORT_NULL)
		*port = mach_reply_port();
	return *port;
}

void mig_dealloc_reply_port(mach_port_t reply_port)
{
	mach_port_t *port = place();
	mach_port_t old = *port;

	/* Destroying it is a call too: it makes, and leaves, the thread's next reply port. */
	*port = MACH_PORT_NULL;
	if (old != MACH_PORT_NULL)
		(void)mach_port_mod_refs(mach_task_self(), old, MACH_PORT_RIGHT_RECEIVE, -1);
}

void mig_put_reply_port(mach_port_t reply_port)
{
	(void)reply_port;	/* it stays this thread's */
}

void mig_init(int threads)
{
	(void)threads;		/* the threads library says so itself */
}
