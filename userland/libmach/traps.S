/*
 * The Mach traps.  A trap enters the kernel by lcall $7,$0 with its negative number in EAX; arguments
 * are where a C call puts them, on the caller's stack above the return address; the result is in EAX.
 * The first of each pair below is the function, the second its number.
 */
#define TRAP(name, number)				\
	.section .text.name, "ax", @progbits;		\
	.globl	name;					\
	.type	name, @function;			\
name:	movl	$-number, %eax;				\
	lcall	$7, $0;					\
	ret;						\
	.size	name, . - name

TRAP(evc_wait, 17)
TRAP(evc_wait_clear, 18)

TRAP(mach_msg_trap, 25)
TRAP(mach_reply_port, 26)
TRAP(mach_thread_self, 27)
TRAP(mach_task_self, 28)
TRAP(mach_host_self, 29)

TRAP(syscall_device_writev_request, 39)
TRAP(syscall_device_write_request, 40)

TRAP(null_port, 56)

TRAP(swtch_pri, 59)
TRAP(swtch, 60)
TRAP(thread_switch, 61)

TRAP(syscall_vm_map, 64)
TRAP(syscall_vm_allocate, 65)
TRAP(syscall_vm_deallocate, 66)

TRAP(syscall_task_create, 68)
TRAP(syscall_task_terminate, 69)
TRAP(syscall_task_suspend, 70)
TRAP(syscall_task_set_special_port, 71)

TRAP(syscall_mach_port_allocate, 72)
TRAP(syscall_mach_port_deallocate, 73)
TRAP(syscall_mach_port_insert_right, 74)
TRAP(syscall_mach_port_allocate_name, 75)
TRAP(syscall_thread_depress_abort, 76)

	.section .note.GNU-stack, "", @progbits
