/*
 * What the Mach library knows about the task it runs in.
 *
 * A program's start-up code calls mach_init before main.  A task made by task_create with inherited
 * memory has its parent's copies of these variables, but none of its rights: its first thread calls
 * mach_init before anything else.
 */
#ifndef _MACH_INIT_H_
#define _MACH_INIT_H_

#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/mach_traps.h>
#include <mach/port.h>
#include <mach/vm_types.h>

extern mach_port_t mach_task_self_;	/* this task's kernel port */
extern mach_port_t bootstrap_port;	/* its bootstrap port, or MACH_PORT_NULL */
extern vm_size_t vm_page_size;		/* in bytes */
extern unsigned int _mach_generation;	/* counts the calls of mach_init: names older than that are void */

extern int mach_init(void);

/* In place of the trap of that name, each call of which adds a user reference for the same name. */
#define mach_task_self()	(mach_task_self_)
#define current_task()		(mach_task_self_)

#define trunc_page(x)	((vm_offset_t)(x) & ~(vm_page_size - 1))
#define round_page(x)	trunc_page((vm_offset_t)(x) + vm_page_size - 1)

#endif	/* _MACH_INIT_H_ */
