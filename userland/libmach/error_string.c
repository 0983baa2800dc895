/*
 * Names and words for return codes.  The numbers are Mach 3.0's: a code that some part of the system
 * cannot return yet has its line here all the same.
 */
#include <mach_error.h>

static const struct {
	int code;
	const char *name;
	const char *text;
} errors[] = {
	{ 0, "KERN_SUCCESS", "success" },
	{ 1, "KERN_INVALID_ADDRESS", "the address is not in use, or not available" },
	{ 2, "KERN_PROTECTION_FAILURE", "the memory's protection does not allow it" },
	{ 3, "KERN_NO_SPACE", "no room left: in the address space, or for port names" },
	{ 4, "KERN_INVALID_ARGUMENT", "an argument is not valid" },
	{ 5, "KERN_FAILURE", "the call could not be done" },
	{ 6, "KERN_RESOURCE_SHORTAGE", "the system has run out of something" },
	{ 7, "KERN_NOT_RECEIVER", "the task does not hold the receive right" },
	{ 8, "KERN_NO_ACCESS", "access is restricted" },
	{ 9, "KERN_MEMORY_FAILURE", "the memory object is gone or has failed" },
	{ 10, "KERN_MEMORY_ERROR", "the memory object has no data for the page" },
	{ 12, "KERN_NOT_IN_SET", "the receive right is in no port set" },
	{ 13, "KERN_NAME_EXISTS", "the name is already in use" },
	{ 14, "KERN_ABORTED", "the call was aborted" },
	{ 15, "KERN_INVALID_NAME", "the name denotes no right" },
	{ 16, "KERN_INVALID_TASK", "the target is not a living task" },
	{ 17, "KERN_INVALID_RIGHT", "the name denotes a right of another kind" },
	{ 18, "KERN_INVALID_VALUE", "a value is out of range" },
	{ 19, "KERN_UREFS_OVERFLOW", "too many user references" },
	{ 20, "KERN_INVALID_CAPABILITY", "the port given is not a valid right" },
	{ 21, "KERN_RIGHT_EXISTS", "the task has the right under another name" },
	{ 22, "KERN_INVALID_HOST", "the target is not a host" },
	{ 23, "KERN_MEMORY_PRESENT", "the page is already resident" },
	{ (int)0x10000001, "MACH_SEND_IN_PROGRESS", "the send is still in progress" },
	{ (int)0x10000002, "MACH_SEND_INVALID_DATA", "the message to send is not readable" },
	{ (int)0x10000003, "MACH_SEND_INVALID_DEST", "the destination is not a valid right" },
	{ (int)0x10000004, "MACH_SEND_TIMED_OUT", "the send timed out" },
	{ (int)0x10000005, "MACH_SEND_WILL_NOTIFY", "the destination's queue is full; a notification will come" },
	{ (int)0x10000006, "MACH_SEND_NOTIFY_IN_PROGRESS", "a notification for the destination is already asked for" },
	{ (int)0x10000007, "MACH_SEND_INTERRUPTED", "the send was interrupted" },
	{ (int)0x10000008, "MACH_SEND_MSG_TOO_SMALL", "the message is shorter than what it describes" },
	{ (int)0x10000009, "MACH_SEND_INVALID_REPLY", "the reply port is not a valid right" },
	{ (int)0x1000000a, "MACH_SEND_INVALID_RIGHT", "a port in the message is not a valid right" },
	{ (int)0x1000000b, "MACH_SEND_INVALID_NOTIFY", "the notify port is not a valid right" },
	{ (int)0x1000000c, "MACH_SEND_INVALID_MEMORY", "out-of-line memory is not readable" },
	{ (int)0x1000000d, "MACH_SEND_NO_BUFFER", "no message buffer is available" },
	{ (int)0x1000000e, "MACH_SEND_NO_NOTIFY", "no notification can be asked for" },
	{ (int)0x1000000f, "MACH_SEND_INVALID_TYPE", "the message's type descriptors are not valid" },
	{ (int)0x10000010, "MACH_SEND_INVALID_HEADER", "the message's header is not valid" },
	{ (int)0x10004001, "MACH_RCV_IN_PROGRESS", "the receive is still in progress" },
	{ (int)0x10004002, "MACH_RCV_INVALID_NAME", "the name is no receive right or port set" },
	{ (int)0x10004003, "MACH_RCV_TIMED_OUT", "no message came in time" },
	{ (int)0x10004004, "MACH_RCV_TOO_LARGE", "the message does not fit the buffer" },
	{ (int)0x10004005, "MACH_RCV_INTERRUPTED", "the receive was interrupted" },
	{ (int)0x10004006, "MACH_RCV_PORT_CHANGED", "the port was moved into a set" },
	{ (int)0x10004007, "MACH_RCV_INVALID_NOTIFY", "the notify port is not a valid right" },
	{ (int)0x10004008, "MACH_RCV_INVALID_DATA", "the receive buffer is not writable" },
	{ (int)0x10004009, "MACH_RCV_PORT_DIED", "the port or set died" },
	{ (int)0x1000400a, "MACH_RCV_IN_SET", "the port is in a port set" },
	{ (int)0x1000400b, "MACH_RCV_HEADER_ERROR", "the header's rights could not be received" },
	{ (int)0x1000400c, "MACH_RCV_BODY_ERROR", "part of the body could not be received" },
	{ -300, "MIG_TYPE_ERROR", "the message's data are not of the declared types" },
	{ -301, "MIG_REPLY_MISMATCH", "the reply is not the one to this request" },
	{ -302, "MIG_REMOTE_ERROR", "the server failed" },
	{ -303, "MIG_BAD_ID", "the server does not know the request" },
	{ -304, "MIG_BAD_ARGUMENTS", "the request's arguments are not of the declared types" },
	{ -305, "MIG_NO_REPLY", "no reply is to be sent" },
	{ -306, "MIG_EXCEPTION", "the server raised an exception" },
	{ -307, "MIG_ARRAY_TOO_LARGE", "an array does not fit the space given" },
	{ -308, "MIG_SERVER_DIED", "the server died" },
	{ 2500, "D_IO_ERROR", "the device failed" },
	{ 2501, "D_WOULD_BLOCK", "the operation would block" },
	{ 2502, "D_NO_SUCH_DEVICE", "there is no such device" },
	{ 2503, "D_ALREADY_OPEN", "the device is open already, and exclusive" },
	{ 2504, "D_DEVICE_DOWN", "the device has been shut down" },
	{ 2505, "D_INVALID_OPERATION", "the device cannot do that" },
	{ 2506, "D_INVALID_RECNUM", "there is no such record on the device" },
	{ 2507, "D_INVALID_SIZE", "the size is not valid for the device" },
	{ 2508, "D_NO_MEMORY", "not enough memory for the operation" },
	{ 2509, "D_READ_ONLY", "the device cannot be written" },
};

#define RESOURCE_MASK	0x3c00	/* or'ed into a message return code: what ran out */

static int find(mach_error_t code)
{
	unsigned int i;
	int message = (code & 0x7fffc000) == 0x10000000 || (code & 0x7fffc000) == 0x10004000;

	if (message)
		code &= ~RESOURCE_MASK;
	for (i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (errors[i].code == code)
			return i;
	return -1;
}

const char *mach_error_string(mach_error_t code)
{
	int i = find(code);

	return i < 0 ? "unknown return code" : errors[i].text;
}

const char *mach_error_name(mach_error_t code)
{
	int i = find(code);

	return i < 0 ? 0 : errors[i].name;
}
