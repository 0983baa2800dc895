/*
 * Conditions.  A thread is in the queue before it gives the mutex up, so a signal sent under the mutex
 * finds it, and one that comes before it sleeps is kept in its port.
 */
#include <cthreads.h>
#include <stdlib.h>
#include "carrier.h"

condition_t condition_alloc(void)
{
	condition_t condition = malloc(sizeof *condition);

	if (condition)
		condition_init(condition);
	return condition;
}

void condition_free(condition_t condition)
{
	condition_broadcast(condition);
	free(condition);
}

void condition_wait(condition_t condition, mutex_t mutex)
{
	struct _carrier *self = _carrier_self();

	spin_lock(&condition->lock);
	_queue_append(&condition->queue, self);
	spin_unlock(&condition->lock);

	mutex_unlock(mutex);
	_carrier_block(self);
	mutex_lock(mutex);
}

void _condition_wake(condition_t condition, boolean_t all)
{
	struct _carrier *woken, *next;

	spin_lock(&condition->lock);
	if (all) {
		woken = condition->queue.head;
		condition->queue.head = 0;
	} else {
		woken = _queue_take(&condition->queue);
		if (woken)
			woken->next = 0;
	}
	spin_unlock(&condition->lock);
	for (; woken; woken = next) {
		next = woken->next;	/* once awake, it may queue up elsewhere */
		_carrier_wake(woken);
	}
}
