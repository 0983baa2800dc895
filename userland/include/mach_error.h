/*
 * Words for return codes.
 */
#ifndef _MACH_ERROR_H_
#define _MACH_ERROR_H_

#include <mach/kern_return.h>

typedef kern_return_t mach_error_t;

/* What a return code of a kernel call, a message, a stub or a device means, in a few words. */
extern const char *mach_error_string(mach_error_t code);

/* The code's name, such as "KERN_NO_SPACE"; null if there is no such code. */
extern const char *mach_error_name(mach_error_t code);

/* Print "prefix: what the code means (its name)". */
extern void mach_error(const char *prefix, mach_error_t code);

#endif	/* _MACH_ERROR_H_ */
