/*
 * What generated stubs and servers share.
 */
#ifndef _MACH_MIG_CALL_H_
#define _MACH_MIG_CALL_H_

#include <mach/message.h>

/* A long descriptor, by words. */
typedef struct {
	unsigned int flags;
	unsigned short name;
	unsigned short bits;
	unsigned int number;
} _mig_long_type_t;

#define _MIG_NUMBER(type) ((type) >> 16 & 0xfff)	/* of a short descriptor */
#define _MIG_NOT_NUMBER(type) ((type) & 0xf000ffff)
#define _MIG_IN_LINE 0x10000000
#define _MIG_LONG_FORM 0x20000000
#define _MIG_DEALLOCATE 0x40000000
#define _MIG_ROUND(size) (((size) + 3) & ~3u)

/* What reply a call expects. */
#define _MIG_SIMPLE 0
#define _MIG_COMPLEX 1
#define _MIG_EITHER 2

/*
 * Send a request whose bits, remote port and id are set, and receive its reply in the same place.  The
 * reply may have up to reply_limit bytes; one that tells of success has at least reply_least.  A
 * reply_port of MACH_PORT_NULL stands for the thread's own.
 */
extern kern_return_t _mig_call(mach_msg_header_t *message, mach_port_t reply_port,
			       mach_msg_size_t request_size, mach_msg_size_t reply_least,
			       mach_msg_size_t reply_limit, int reply_kind);

/* Give back what a reply that is not as it should be carries; MIG_TYPE_ERROR. */
extern kern_return_t _mig_bad_reply(mach_msg_header_t *reply);

/* Make the reply to a request, with a return code and nothing else. */
extern void _mig_make_reply(const mach_msg_header_t *request, mach_msg_header_t *reply, kern_return_t code);

/* Copy a string into a field of size bytes, cut where it does not fit, with zeroes behind it. */
extern void _mig_copy_string(char *to, const char *from, vm_size_t size);

/*
 * Take an array that came in line or out of line: into the caller's place if it fits, else to new memory.
 * place, room and count are of elements of unit bytes.
 */
extern void _mig_take_array(const _mig_long_type_t *type, char *data, vm_size_t unit, void **place,
			    mach_msg_type_number_t *room, mach_msg_type_number_t count);

extern void *memcpy(void *to, const void *from, __SIZE_TYPE__ size);

#endif	/* _MACH_MIG_CALL_H_ */
