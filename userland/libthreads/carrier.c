/*
 * Making, parking and waking carriers.
 */
#include <cthreads.h>
#include <mach.h>
#include <mach/i386/thread_status.h>
#include <mach/message.h>
#include <mach_init.h>
#include <stdlib.h>
#include "carrier.h"

static spin_lock_t idle_lock = SPIN_LOCK_INITIALIZER;	/* guards these: */
static struct _carrier *idle;
static volatile int leaving;		/* carriers that are about to be idle */

struct _carrier *_carrier_self(void)
{
	unsigned int here = (unsigned int)__builtin_frame_address(0);

	return *(struct _carrier **)((here | (STACK_SIZE - 1)) - (sizeof(void *) - 1));
}

mach_port_t *_carrier_reply_port(void)
{
	return &_carrier_self()->reply_port;
}

/* ---------------------------------------------------------------- waiting */

void _carrier_block(struct _carrier *self)
{
	struct { mach_msg_header_t head; char room[64]; } message;

	while (mach_msg(&message.head, MACH_RCV_MSG, 0, sizeof message, self->wait_port, MACH_MSG_TIMEOUT_NONE,
			MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		;
}

void _carrier_wake(struct _carrier *carrier)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.msgh_size = sizeof message,
		.msgh_remote_port = carrier->wait_port,
	};

	(void)mach_msg(&message, MACH_SEND_MSG, sizeof message, 0, MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE,
		       MACH_PORT_NULL);
}

void _queue_append(struct cthread_queue *queue, struct _carrier *carrier)
{
	carrier->next = 0;
	if (queue->head)
		queue->tail->next = carrier;
	else
		queue->head = carrier;
	queue->tail = carrier;
}

struct _carrier *_queue_take(struct cthread_queue *queue)
{
	struct _carrier *first = queue->head;

	if (first)
		queue->head = first->next;
	return first;
}

/* ---------------------------------------------------------------- making */

/* Everything but the kernel thread. */
static struct _carrier *make(void)
{
	struct _carrier *self = calloc(1, sizeof *self);

	if (!self)
		return 0;
	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &self->wait_port) != KERN_SUCCESS) {
		free(self);
		return 0;
	}
	if (vm_map(mach_task_self(), &self->stack, STACK_SIZE, STACK_SIZE - 1, TRUE, MEMORY_OBJECT_NULL, 0, FALSE,
		   VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_DEFAULT) != KERN_SUCCESS) {
		(void)mach_port_mod_refs(mach_task_self(), self->wait_port, MACH_PORT_RIGHT_RECEIVE, -1);
		free(self);
		return 0;
	}
	(void)vm_protect(mach_task_self(), self->stack, vm_page_size, FALSE, VM_PROT_NONE);
	((struct _carrier **)(self->stack + STACK_SIZE))[-1] = self;
	return self;
}

/* Undo make, and end the kernel thread if there is one; it must not be the caller's. */
static void destroy(struct _carrier *carrier)
{
	if (carrier->kernel_thread != MACH_PORT_NULL) {
		(void)thread_terminate(carrier->kernel_thread);
		(void)mach_port_deallocate(mach_task_self(), carrier->kernel_thread);
	}
	if (carrier->reply_port != MACH_PORT_NULL)
		(void)mach_port_mod_refs(mach_task_self(), carrier->reply_port, MACH_PORT_RIGHT_RECEIVE, -1);
	(void)mach_port_mod_refs(mach_task_self(), carrier->wait_port, MACH_PORT_RIGHT_RECEIVE, -1);
	(void)vm_deallocate(mach_task_self(), carrier->stack, STACK_SIZE);
	free(carrier);
}

/*
 * The stack as if entry had been called with the carrier as argument: [argument] [return address 0].
 * A compiler expects the argument at a multiple of 16.
 */
static unsigned int *first_frame(struct _carrier *carrier)
{
	unsigned int *argument = (unsigned int *)(carrier->stack + STACK_SIZE - 64);

	argument[0] = (unsigned int)carrier;
	argument[-1] = 0;
	return argument - 1;
}

/* A kernel thread that is to run on the carrier, once it is resumed. */
static kern_return_t make_kernel_thread(struct _carrier *carrier)
{
	struct i386_thread_state state;
	unsigned int count = i386_THREAD_STATE_COUNT;
	kern_return_t result;

	result = thread_create(mach_task_self(), &carrier->kernel_thread);
	if (result != KERN_SUCCESS)
		return result;
	/* Segment registers and flags stay as the kernel gave them. */
	result = thread_get_state(carrier->kernel_thread, i386_THREAD_STATE, (thread_state_t)&state, &count);
	if (result != KERN_SUCCESS)
		return result;
	state.eip = (unsigned int)_cthread_run;
	state.uesp = (unsigned int)first_frame(carrier);
	state.ebp = 0;
	return thread_set_state(carrier->kernel_thread, i386_THREAD_STATE, (thread_state_t)&state, count);
}

struct _carrier *_carrier_obtain(struct cthread *thread)
{
	struct _carrier *carrier;

	spin_lock(&idle_lock);
	carrier = idle;
	if (carrier)
		idle = carrier->next;
	spin_unlock(&idle_lock);
	if (!carrier) {
		carrier = make();
		if (!carrier)
			return 0;
		if (make_kernel_thread(carrier) != KERN_SUCCESS) {
			destroy(carrier);
			return 0;
		}
		carrier->fresh = TRUE;
	}
	carrier->thread = thread;
	return carrier;
}

void _carrier_start(struct _carrier *carrier)
{
	if (carrier->fresh) {
		carrier->fresh = FALSE;
		(void)thread_resume(carrier->kernel_thread);
	} else {
		_carrier_wake(carrier);
	}
}

void _carrier_main(struct cthread *thread, void (*program)(void))
{
	struct _carrier *self = make();

	if (!self)
		abort();
	self->kernel_thread = mach_thread_self();
	self->thread = thread;
	/* From here on, stack masking works: the reply port can be this thread's own. */
	__asm__ volatile("movl %0, %%esp\n\tjmp *%1" : : "r"(first_frame(self)), "r"(program) : "memory");
	__builtin_unreachable();
}

/* ---------------------------------------------------------------- idling */

void _carrier_leave(void)
{
	spin_lock(&idle_lock);
	leaving++;
	spin_unlock(&idle_lock);
}

void _carrier_retire(struct _carrier *self)
{
	self->parked = FALSE;
	spin_lock(&idle_lock);
	leaving--;
	self->next = idle;
	idle = self;
	spin_unlock(&idle_lock);
}

void _carrier_idle(struct _carrier *self)
{
	self->parked = TRUE;
	_carrier_block(self);
	self->parked = FALSE;
	/* The old thread's frames are of no use any more: start again at the top of the stack. */
	__asm__ volatile("movl %0, %%esp\n\tjmp *%1"
			 : : "r"(first_frame(self)), "r"(_cthread_run) : "memory");
	__builtin_unreachable();
}

void cthread_release_idle(void)
{
	struct _carrier *carrier;

	while (leaving > 0)
		cthread_yield();
	for (;;) {
		spin_lock(&idle_lock);
		carrier = idle;
		if (carrier)
			idle = carrier->next;
		spin_unlock(&idle_lock);
		if (!carrier)
			return;
		while (!carrier->parked)	/* it still says good-bye to whoever joins its thread */
			cthread_yield();
		destroy(carrier);
	}
}
