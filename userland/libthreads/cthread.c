/*
 * C threads: fork, join, exit.
 *
 * A thread ends in three steps, under its lock: its carrier joins the idle ones, the thread is marked
 * done, and whoever joins it is woken.  After that the carrier touches nothing of the thread.
 */
#include <cthreads.h>
#include <mach.h>
#include <mach_init.h>
#include <stdlib.h>
#include "../libmach/reply_port.h"
#include "carrier.h"

struct cthread {
	spin_lock_t lock;
	struct _carrier *carrier;
	struct _carrier *joiner;	/* who waits for its end */
	boolean_t done, detached;
	cthread_fn_t function;
	any_t argument;
	any_t result;
	const char *name;
	any_t data;
};

const unsigned int cthread_stack_size = STACK_SIZE;

static struct cthread main_thread = { .name = "main" };
static struct mutex count_lock = MUTEX_INITIALIZER;
static struct condition count_changed = CONDITION_INITIALIZER;
static int count = 1;			/* threads that have not finished */

static void (*main_program)(void);

static void run_program(void)
{
	main_thread.carrier = _carrier_self();
	_mig_reply_port_place = _carrier_reply_port;
	main_program();
	__builtin_unreachable();
}

/* Called by the start-up code in place of program (libmach/start.c). */
__attribute__((noreturn)) void _cthread_start(void (*program)(void))
{
	main_program = program;
	_carrier_main(&main_thread, run_program);
}

int cthread_init(void)
{
	return 0;
}

cthread_t cthread_self(void)
{
	return _carrier_self()->thread;
}

cthread_t cthread_fork(cthread_fn_t function, any_t argument)
{
	struct cthread *thread = calloc(1, sizeof *thread);

	if (!thread)
		return NO_CTHREAD;
	thread->function = function;
	thread->argument = argument;
	thread->carrier = _carrier_obtain(thread);
	if (!thread->carrier) {
		free(thread);
		return NO_CTHREAD;
	}
	mutex_lock(&count_lock);
	count++;
	mutex_unlock(&count_lock);
	_carrier_start(thread->carrier);	/* from here on, the thread may end at any time */
	return thread;
}

void _cthread_run(struct _carrier *self)
{
	struct cthread *thread = self->thread;

	cthread_exit(thread->function(thread->argument));
}

static void finish(struct cthread *thread, any_t result, struct _carrier *self)
{
	struct _carrier *joiner;
	boolean_t detached;

	spin_lock(&thread->lock);
	_carrier_retire(self);
	thread->result = result;
	thread->done = TRUE;
	joiner = thread->joiner;
	detached = thread->detached;
	spin_unlock(&thread->lock);
	if (joiner)
		_carrier_wake(joiner);
	else if (detached)
		free(thread);
}

void cthread_exit(any_t result)
{
	struct _carrier *self = _carrier_self();

	if (self->thread != &main_thread)
		_carrier_leave();
	mutex_lock(&count_lock);
	count--;
	condition_signal(&count_changed);
	if (self->thread == &main_thread) {
		while (count > 0)
			condition_wait(&count_changed, &count_lock);
		mutex_unlock(&count_lock);
		exit((int)result);
	}
	mutex_unlock(&count_lock);
	finish(self->thread, result, self);
	_carrier_idle(self);
}

any_t cthread_join(cthread_t thread)
{
	struct _carrier *self = _carrier_self();
	any_t result;

	spin_lock(&thread->lock);
	if (!thread->done) {
		thread->joiner = self;
		spin_unlock(&thread->lock);
		_carrier_block(self);
	} else {
		spin_unlock(&thread->lock);
	}
	result = thread->result;
	free(thread);
	return result;
}

void cthread_detach(cthread_t thread)
{
	boolean_t done;

	spin_lock(&thread->lock);
	thread->detached = TRUE;
	done = thread->done;
	spin_unlock(&thread->lock);
	if (done)
		free(thread);
}

int cthread_count(void)
{
	return count;
}

mach_port_t cthread_kernel_thread(cthread_t thread)
{
	return thread->carrier->kernel_thread;
}

void cthread_set_name(cthread_t thread, const char *name)
{
	thread->name = name;
}

const char *cthread_name(cthread_t thread)
{
	return thread->name ? thread->name : "?";
}

void cthread_set_data(cthread_t thread, any_t data)
{
	thread->data = data;
}

any_t cthread_data(cthread_t thread)
{
	return thread->data;
}
