#ifndef _SETJMP_H_
#define _SETJMP_H_

typedef int jmp_buf[6];		/* ebx, esi, edi, ebp, esp, eip */

extern int setjmp(jmp_buf place) __attribute__((returns_twice));
extern void longjmp(jmp_buf place, int value) __attribute__((noreturn));

#endif	/* _SETJMP_H_ */
