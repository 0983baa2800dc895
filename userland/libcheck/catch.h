/*
 * Exceptions in tests.
 */
#ifndef _CATCH_H_
#define _CATCH_H_

#include <cthreads.h>
#include <setjmp.h>

/*
 * From now on, a thread of this task that raises an exception is reported to _check_caught, and then
 * goes on as if it had called longjmp(leave, 1).
 */
extern void _catch_exceptions(jmp_buf leave);

/* Called in the thread that catches, while the thread that raised is stopped (check.c). */
extern void _check_caught(cthread_t thread, const char *what);

#endif	/* _CATCH_H_ */
