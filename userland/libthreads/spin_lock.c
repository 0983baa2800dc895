/*
 * Waiting for a spin lock.  Its holder may need this very processor to go on, so after a few looks the
 * waiting thread steps back behind all others for a moment.
 */
#include <cthreads.h>
#include <mach.h>
#include <mach/thread_switch.h>

#define LOOKS		16
#define STEP_BACK_MS	1

void _spin_lock_wait(spin_lock_t *lock)
{
	int looks = 0;

	while (*lock != 0 || !spin_try_lock(lock)) {
		if (++looks < LOOKS)
			continue;
		looks = 0;
		(void)thread_switch(MACH_PORT_NULL, SWITCH_OPTION_DEPRESS, STEP_BACK_MS);
	}
}

void cthread_yield(void)
{
	(void)swtch_pri(0);
}
