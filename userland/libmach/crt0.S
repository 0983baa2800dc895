/*
 * Where a program starts.  The stack is that of the System V i386 ABI: argc, argv..., NULL,
 * envp..., NULL, and the ELF auxiliary vector.  The C part is in start.c.
 */
	.section .text._start, "ax", @progbits
	.globl	_start
	.type	_start, @function
_start:
	xorl	%ebp, %ebp		/* the outermost frame */
	movl	%esp, %eax
	andl	$-16, %esp		/* aligned as at any call, for what is called here */
	subl	$12, %esp
	pushl	%eax
	call	_mach_start
	hlt				/* _mach_start does not return; this faults if it ever did */
	.size	_start, . - _start

	.section .note.GNU-stack, "", @progbits
