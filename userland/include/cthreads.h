/*
 * C threads: threads of one task that share its memory, mutexes and conditions (after Cooper and
 * Draves, "C Threads", CMU 1988).
 *
 * Each C thread runs on a kernel thread of its own.  A thread that must wait receives from a port of
 * its own, and whoever ends the wait sends there: a wake-up that comes early waits in the port's queue,
 * so none is lost.
 */
#ifndef _CTHREADS_H_
#define _CTHREADS_H_

#include <mach/boolean.h>
#include <mach/port.h>

typedef void *any_t;
typedef any_t (*cthread_fn_t)(any_t argument);

struct _carrier;		/* a kernel thread and its stack: what a C thread runs on */

struct cthread_queue {
	struct _carrier *head, *tail;
};

/* ---------------------------------------------------------------- spin locks */

/* For a few instructions only; whoever finds one taken lets other threads run in between. */
typedef volatile int spin_lock_t;

#define SPIN_LOCK_INITIALIZER	0

extern void _spin_lock_wait(spin_lock_t *lock);		/* until it could be taken */

static inline void spin_lock_init(spin_lock_t *lock)
{
	*lock = 0;
}

/* Take the lock if it is free; whether it was. */
static inline boolean_t spin_try_lock(spin_lock_t *lock)
{
	int old = 1;

	__asm__ volatile("xchgl %0, %1" : "+r"(old), "+m"(*lock) : : "memory");
	return old == 0;
}

static inline void spin_lock(spin_lock_t *lock)
{
	if (!spin_try_lock(lock))
		_spin_lock_wait(lock);
}

static inline void spin_unlock(spin_lock_t *lock)
{
	__asm__ volatile("movl $0, %0" : "=m"(*lock) : : "memory");
}

#define spin_lock_locked(lock)	(*(lock) != 0)

/* ---------------------------------------------------------------- mutexes */

typedef struct mutex {
	volatile int held;		/* 0 free, 1 held, 2 held and others wait */
	spin_lock_t lock;		/* guards the queue, and the change to 2 */
	struct cthread_queue queue;	/* threads that wait for it, first come, first served */
	const char *name;
} *mutex_t;

#define MUTEX_INITIALIZER	{ 0, 0, { 0, 0 }, 0 }

extern mutex_t mutex_alloc(void);		/* null if there is no memory */
extern void mutex_free(mutex_t mutex);
extern void _mutex_lock_wait(mutex_t mutex);
extern void _mutex_unlock_wake(mutex_t mutex);

static inline void mutex_init(mutex_t mutex)
{
	mutex->held = 0;
	spin_lock_init(&mutex->lock);
	mutex->queue.head = mutex->queue.tail = 0;
	mutex->name = 0;
}

#define mutex_clear(mutex)		((void)(mutex))
#define mutex_set_name(mutex, x)	((mutex)->name = (x))
#define mutex_name(mutex)		((mutex)->name ? (mutex)->name : "?")

/* Take the mutex if it is free; whether it was. */
static inline boolean_t mutex_try_lock(mutex_t mutex)
{
	int old = 0;

	__asm__ volatile("lock; cmpxchgl %2, %1" : "+a"(old), "+m"(mutex->held) : "r"(1) : "memory");
	return old == 0;
}

static inline void mutex_lock(mutex_t mutex)
{
	if (!mutex_try_lock(mutex))
		_mutex_lock_wait(mutex);
}

static inline void mutex_unlock(mutex_t mutex)
{
	int old = 0;

	__asm__ volatile("xchgl %0, %1" : "+r"(old), "+m"(mutex->held) : : "memory");
	if (old == 2)
		_mutex_unlock_wake(mutex);
}

/* ---------------------------------------------------------------- conditions */

typedef struct condition {
	spin_lock_t lock;
	struct cthread_queue queue;
	const char *name;
} *condition_t;

#define CONDITION_INITIALIZER	{ 0, { 0, 0 }, 0 }

extern condition_t condition_alloc(void);	/* null if there is no memory */
extern void condition_free(condition_t condition);
extern void condition_wait(condition_t condition, mutex_t mutex);
extern void _condition_wake(condition_t condition, boolean_t all);

static inline void condition_init(condition_t condition)
{
	spin_lock_init(&condition->lock);
	condition->queue.head = condition->queue.tail = 0;
	condition->name = 0;
}

#define condition_clear(condition)		condition_broadcast(condition)
#define condition_set_name(condition, x)	((condition)->name = (x))
#define condition_name(condition)		((condition)->name ? (condition)->name : "?")

/* Callers hold the mutex that the waiting threads gave up, or do not mind to be early. */
static inline void condition_signal(condition_t condition)
{
	if (*(struct _carrier *volatile *)&condition->queue.head)
		_condition_wake(condition, FALSE);
}

static inline void condition_broadcast(condition_t condition)
{
	if (*(struct _carrier *volatile *)&condition->queue.head)
		_condition_wake(condition, TRUE);
}

/* ---------------------------------------------------------------- threads */

typedef struct cthread *cthread_t;

#define NO_CTHREAD	((cthread_t)0)

extern const unsigned int cthread_stack_size;	/* bytes, of each thread */

extern int cthread_init(void);		/* done before main; nothing more to do */
extern cthread_t cthread_fork(cthread_fn_t function, any_t argument);	/* NO_CTHREAD: no resources */
extern void cthread_detach(cthread_t thread);	/* nobody is going to join it */
extern any_t cthread_join(cthread_t thread);	/* wait for its result; each thread is joined at most once */
extern void cthread_exit(any_t result) __attribute__((noreturn));	/* main: once all others are done */
extern cthread_t cthread_self(void);
extern void cthread_yield(void);

extern void cthread_set_name(cthread_t thread, const char *name);
extern const char *cthread_name(cthread_t thread);
extern void cthread_set_data(cthread_t thread, any_t data);
extern any_t cthread_data(cthread_t thread);

extern int cthread_count(void);		/* threads that have not finished, main included */
extern mach_port_t cthread_kernel_thread(cthread_t thread);	/* the thread's kernel port */

/* Kernel threads and stacks are kept for the next fork; this gives the idle ones back to the system. */
extern void cthread_release_idle(void);

#define cthread_wire()		((void)0)	/* each is bound to a kernel thread of its own */
#define cthread_unwire()	((void)0)

#endif	/* _CTHREADS_H_ */
