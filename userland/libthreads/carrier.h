/*
 * Carriers: kernel threads with a stack, on which C threads run one after the other.
 *
 * The carrier of the running thread is found from its stack pointer: stacks are aligned to their size,
 * and the last word of each holds the address of its carrier.  Below the lowest usable page is one
 * without access, so a thread that overruns its stack faults instead of harming its neighbour.
 */
#ifndef _CARRIER_H_
#define _CARRIER_H_

#include <cthreads.h>
#include <mach.h>

#define STACK_SIZE	(256 * 1024)

struct _carrier {
	struct _carrier *next;		/* in the queue it waits in, or among the idle */
	mach_port_t wait_port;		/* a message here ends its wait */
	mach_port_t reply_port;		/* for the stubs */
	mach_port_t kernel_thread;
	vm_offset_t stack;		/* lowest address */
	struct cthread *thread;		/* what it runs */
	boolean_t fresh;		/* its kernel thread has not been resumed yet */
	volatile boolean_t parked;	/* idle, and not going to touch anything but its wait port */
};

extern struct _carrier *_carrier_self(void);
extern mach_port_t *_carrier_reply_port(void);		/* the place of the running thread's */

/* A carrier for thread, which does not run yet; null if the system has none to give. */
extern struct _carrier *_carrier_obtain(struct cthread *thread);
extern void _carrier_start(struct _carrier *carrier);

/* The calling carrier's thread is about to end: it will retire soon. */
extern void _carrier_leave(void);

/* Join the idle carriers; the caller goes on to call _carrier_idle soon. */
extern void _carrier_retire(struct _carrier *self);

/* Wait for the next thread to run; does not return. */
extern void _carrier_idle(struct _carrier *self) __attribute__((noreturn));

extern void _carrier_block(struct _carrier *self);	/* until somebody wakes it, or has done so already */
extern void _carrier_wake(struct _carrier *carrier);

/* Make a carrier for the thread that runs program, and run it there. */
extern void _carrier_main(struct cthread *thread, void (*program)(void)) __attribute__((noreturn));

/* Run the thread to its end on this carrier (cthread.c). */
extern void _cthread_run(struct _carrier *self) __attribute__((noreturn));

/* Queues of waiting carriers; the caller holds the lock that guards the queue. */
extern void _queue_append(struct cthread_queue *queue, struct _carrier *carrier);
extern struct _carrier *_queue_take(struct cthread_queue *queue);	/* the first; null if none */

#endif	/* _CARRIER_H_ */
