/*
 * mach_msg_destroy: give back what a received message carries, its header's rights and its body's
 * rights and memory, when nobody is going to use it.
 */
#include <mach.h>
#include <mach_init.h>
#include <mach/message.h>
#include <mach/msg_destroy.h>

static void destroy_right(mach_port_t name, mach_msg_type_name_t type)
{
	if (!MACH_PORT_VALID(name))
		return;
	if (type == MACH_MSG_TYPE_PORT_RECEIVE)
		(void)mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1);
	else if (type == MACH_MSG_TYPE_PORT_SEND || type == MACH_MSG_TYPE_PORT_SEND_ONCE)
		(void)mach_port_deallocate(mach_task_self(), name);
}

static void destroy_rights(mach_port_t *names, unsigned int count, mach_msg_type_name_t type)
{
	while (count-- > 0)
		destroy_right(*names++, type);
}

void mach_msg_destroy(mach_msg_header_t *msg)
{
	char *at = (char *)(msg + 1), *end = (char *)msg + msg->msgh_size;

	destroy_right(msg->msgh_remote_port, MACH_MSGH_BITS_REMOTE(msg->msgh_bits));
	/* msgh_local_port names the port it came to, which is the receiver's own. */
	if (!(msg->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;

	while (at + sizeof(mach_msg_type_t) <= end) {
		mach_msg_type_long_t *item = (mach_msg_type_long_t *)at;
		boolean_t long_form = item->msgtl_header.msgt_longform;
		unsigned int name = long_form ? item->msgtl_name : item->msgtl_header.msgt_name;
		unsigned int bits = long_form ? item->msgtl_size : item->msgtl_header.msgt_size;
		unsigned int number = long_form ? item->msgtl_number : item->msgtl_header.msgt_number;
		vm_size_t size = (vm_size_t)(((unsigned long long)bits * number + 7) / 8);

		at += long_form ? sizeof(mach_msg_type_long_t) : sizeof(mach_msg_type_t);
		if (item->msgtl_header.msgt_inline) {
			if (MACH_MSG_TYPE_PORT_ANY(name))
				destroy_rights((mach_port_t *)at, number, name);
			at += (size + 3) & ~3u;
		} else {
			vm_offset_t data = *(vm_offset_t *)at;

			if (size != 0) {	/* it is zero, and the number is not, where there was no room */
				if (MACH_MSG_TYPE_PORT_ANY(name))
					destroy_rights((mach_port_t *)data, number, name);
				(void)vm_deallocate(mach_task_self(), data, size);
			}
			at += sizeof(vm_offset_t);
		}
	}
}
