/*
 * Mutexes.
 *
 * A thread that finds the mutex held queues up and marks it so (2); only then does unlocking cost more
 * than an exchange.  An unlocking thread that finds the mark takes the mutex again, if nobody was
 * quicker, and hands it over: the woken thread owns it.  If somebody was quicker, the mark is now on that
 * one's hold.  Marking is done under the queue's lock, so a mark and its waiter are seen together.
 */
#include <cthreads.h>
#include <stdlib.h>
#include "carrier.h"

mutex_t mutex_alloc(void)
{
	mutex_t mutex = malloc(sizeof *mutex);

	if (mutex)
		mutex_init(mutex);
	return mutex;
}

void mutex_free(mutex_t mutex)
{
	free(mutex);
}

/* Mark the mutex as held with others waiting; what it was before. */
static int mark(mutex_t mutex)
{
	int old = 2;

	__asm__ volatile("xchgl %0, %1" : "+r"(old), "+m"(mutex->held) : : "memory");
	return old;
}

void _mutex_lock_wait(mutex_t mutex)
{
	struct _carrier *self = _carrier_self();

	spin_lock(&mutex->lock);
	if (mark(mutex) == 0) {			/* it became free meanwhile: now it is ours */
		if (!mutex->queue.head)
			mutex->held = 1;
		spin_unlock(&mutex->lock);
		return;
	}
	_queue_append(&mutex->queue, self);
	spin_unlock(&mutex->lock);
	_carrier_block(self);
}

void _mutex_unlock_wake(mutex_t mutex)
{
	struct _carrier *next = 0;

	spin_lock(&mutex->lock);
	if (mutex->queue.head && mark(mutex) == 0) {
		next = _queue_take(&mutex->queue);
		if (!mutex->queue.head)
			mutex->held = 1;
	}
	spin_unlock(&mutex->lock);
	if (next)
		_carrier_wake(next);
}
