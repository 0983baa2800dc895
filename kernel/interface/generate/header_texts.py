"""What C headers hold beyond constants and structures: type names and macros."""

from typing import Final

VM_TYPES: Final = """\
typedef unsigned int natural_t;
typedef int integer_t;
typedef int int32;
typedef unsigned int uint32;
typedef natural_t vm_offset_t;
typedef natural_t vm_size_t;
typedef natural_t vm_address_t;
typedef vm_offset_t pointer_t;
"""

PORT_TYPES: Final = """\
typedef natural_t mach_port_t;
typedef mach_port_t *mach_port_array_t;
typedef natural_t mach_port_right_t;
typedef natural_t mach_port_type_t;
typedef mach_port_type_t *mach_port_type_array_t;
typedef natural_t mach_port_urefs_t;	/* user references */
typedef integer_t mach_port_delta_t;	/* change of user references */
typedef natural_t mach_port_seqno_t;	/* sequence number */
typedef unsigned int mach_port_mscount_t;	/* send rights made */
typedef unsigned int mach_port_msgcount_t;	/* messages */
typedef unsigned int mach_port_rights_t;	/* rights */
"""

PORT_MACROS: Final = """\
#define MACH_PORT_VALID(name) ((name) != MACH_PORT_NULL && (name) != MACH_PORT_DEAD)
#define MACH_PORT_TYPE(right) ((mach_port_type_t)1 << ((right) + 16))
"""

MESSAGE_TYPES: Final = """\
typedef natural_t mach_msg_timeout_t;	/* milliseconds */
typedef unsigned int mach_msg_bits_t;
typedef unsigned int mach_msg_size_t;	/* bytes */
typedef natural_t mach_msg_seqno_t;
typedef integer_t mach_msg_id_t;
typedef unsigned int mach_msg_type_name_t;
typedef unsigned int mach_msg_type_size_t;	/* bits of one unit */
typedef natural_t mach_msg_type_number_t;	/* units */
typedef integer_t mach_msg_option_t;
typedef kern_return_t mach_msg_return_t;

typedef struct {
	mach_msg_bits_t msgh_bits;
	mach_msg_size_t msgh_size;
	mach_port_t msgh_remote_port;
	mach_port_t msgh_local_port;
	mach_port_seqno_t msgh_seqno;
	mach_msg_id_t msgh_id;
} mach_msg_header_t;

#define msgh_kind msgh_seqno
#define mach_msg_kind_t mach_port_seqno_t
#define msgh_reply_port msgh_remote_port	/* of a request that was received */
#define msgh_request_port msgh_local_port

typedef struct {
	unsigned int msgt_name : 8,
		msgt_size : 8,
		msgt_number : 12,
		msgt_inline : 1,
		msgt_longform : 1,
		msgt_deallocate : 1,
		msgt_unused : 1;
} mach_msg_type_t;

typedef struct {
	mach_msg_type_t msgtl_header;
	unsigned short msgtl_name;
	unsigned short msgtl_size;
	natural_t msgtl_number;
} mach_msg_type_long_t;
"""

MESSAGE_MACROS: Final = """\
#define MACH_MSGH_BITS(remote, local) ((remote) | (local) << 8)
#define MACH_MSGH_BITS_REMOTE(bits) ((bits) & MACH_MSGH_BITS_REMOTE_MASK)
#define MACH_MSGH_BITS_LOCAL(bits) (((bits) & MACH_MSGH_BITS_LOCAL_MASK) >> 8)
#define MACH_MSGH_BITS_PORTS(bits) ((bits) & MACH_MSGH_BITS_PORTS_MASK)
#define MACH_MSGH_BITS_OTHER(bits) ((bits) & ~MACH_MSGH_BITS_PORTS_MASK)

#define MACH_MSG_TYPE_PORT_ANY(name) \\
	((name) >= MACH_MSG_TYPE_MOVE_RECEIVE && (name) <= MACH_MSG_TYPE_MAKE_SEND_ONCE)
#define MACH_MSG_TYPE_PORT_ANY_SEND(name) \\
	((name) >= MACH_MSG_TYPE_MOVE_SEND && (name) <= MACH_MSG_TYPE_MAKE_SEND_ONCE)
#define MACH_MSG_TYPE_PORT_ANY_RIGHT(name) \\
	((name) >= MACH_MSG_TYPE_MOVE_RECEIVE && (name) <= MACH_MSG_TYPE_MOVE_SEND_ONCE)

extern mach_msg_return_t mach_msg(mach_msg_header_t *msg, mach_msg_option_t option,
		mach_msg_size_t send_size, mach_msg_size_t rcv_size,
		mach_port_t rcv_name, mach_msg_timeout_t timeout, mach_port_t notify);
extern mach_msg_return_t mach_msg_trap(mach_msg_header_t *msg, mach_msg_option_t option,
		mach_msg_size_t send_size, mach_msg_size_t rcv_size,
		mach_port_t rcv_name, mach_msg_timeout_t timeout,
		mach_port_t notify);
"""

MIG_MACROS: Final = """\
/* A reply with nothing but a return code. */
typedef struct {
	mach_msg_header_t Head;
	mach_msg_type_t RetCodeType;
	kern_return_t RetCode;
} mig_reply_header_t;

typedef mig_reply_header_t mig_reply_error_t;
"""

NOTIFY_MACROS: Final = """\
typedef struct {
	mach_msg_header_t not_header;
	mach_msg_type_t not_type;	/* MACH_MSG_TYPE_PORT_NAME */
	mach_port_t not_port;
} mach_port_deleted_notification_t;

typedef struct {
	mach_msg_header_t not_header;
	mach_msg_type_t not_type;	/* MACH_MSG_TYPE_PORT_NAME */
	mach_port_t not_port;
} mach_msg_accepted_notification_t;

typedef struct {
	mach_msg_header_t not_header;
	mach_msg_type_t not_type;	/* MACH_MSG_TYPE_PORT_RECEIVE */
	mach_port_t not_port;
} mach_port_destroyed_notification_t;

typedef struct {
	mach_msg_header_t not_header;
	mach_msg_type_t not_type;	/* MACH_MSG_TYPE_INTEGER_32 */
	unsigned int not_count;
} mach_no_senders_notification_t;

typedef struct {
	mach_msg_header_t not_header;
} mach_send_once_notification_t;

typedef struct {
	mach_msg_header_t not_header;
	mach_msg_type_t not_type;	/* MACH_MSG_TYPE_PORT_NAME */
	mach_port_t not_port;
} mach_dead_name_notification_t;
"""

TASK_PORT_MACROS: Final = """\
#define task_get_kernel_port(task, port) task_get_special_port((task), TASK_KERNEL_PORT, (port))
#define task_set_kernel_port(task, port) task_set_special_port((task), TASK_KERNEL_PORT, (port))
#define task_get_exception_port(task, port) task_get_special_port((task), TASK_EXCEPTION_PORT, (port))
#define task_set_exception_port(task, port) task_set_special_port((task), TASK_EXCEPTION_PORT, (port))
#define task_get_bootstrap_port(task, port) task_get_special_port((task), TASK_BOOTSTRAP_PORT, (port))
#define task_set_bootstrap_port(task, port) task_set_special_port((task), TASK_BOOTSTRAP_PORT, (port))
"""

THREAD_PORT_MACROS: Final = """\
#define thread_get_kernel_port(thread, port) \\
	thread_get_special_port((thread), THREAD_KERNEL_PORT, (port))
#define thread_set_kernel_port(thread, port) \\
	thread_set_special_port((thread), THREAD_KERNEL_PORT, (port))
#define thread_get_exception_port(thread, port) \\
	thread_get_special_port((thread), THREAD_EXCEPTION_PORT, (port))
#define thread_set_exception_port(thread, port) \\
	thread_set_special_port((thread), THREAD_EXCEPTION_PORT, (port))
"""

FLOAT_STATE: Final = """\
#define i386_THREAD_STATE_COUNT (sizeof(struct i386_thread_state) / sizeof(unsigned int))

/* What FNSAVE stores: the environment, then eight registers of ten bytes. */
struct i386_fp_save {
	unsigned short fp_control;
	unsigned short fp_unused_1;
	unsigned short fp_status;
	unsigned short fp_unused_2;
	unsigned short fp_tag;
	unsigned short fp_unused_3;
	unsigned int fp_eip;
	unsigned short fp_cs;
	unsigned short fp_opcode;
	unsigned int fp_dp;
	unsigned short fp_ds;
	unsigned short fp_unused_4;
};

struct i386_fp_regs {
	unsigned short fp_reg_word[5][8];
};

#define FP_STATE_BYTES (sizeof(struct i386_fp_save) + sizeof(struct i386_fp_regs))

struct i386_float_state {
	int fpkind;		/* FP_NO, FP_387, ... */
	int initialized;	/* whether the thread has used it */
	unsigned char hw_state[FP_STATE_BYTES];
	int exc_status;
};

#define i386_FLOAT_STATE_COUNT (sizeof(struct i386_float_state) / sizeof(unsigned int))

#define PORT_MAP_BITS 0x400

struct i386_isa_port_map_state {
	unsigned char pm[PORT_MAP_BITS >> 3];
};

#define i386_ISA_PORT_MAP_STATE_COUNT (sizeof(struct i386_isa_port_map_state) / sizeof(unsigned int))
"""

TIME_MACROS: Final = """\
#define time_value_add_usec(val, micros) do {				\\
	if (((val)->microseconds += (micros)) >= TIME_MICROS_MAX) {	\\
		(val)->microseconds -= TIME_MICROS_MAX;			\\
		(val)->seconds++;					\\
	}								\\
} while (0)

#define time_value_add(result, addend) do {				\\
	(result)->seconds += (addend)->seconds;				\\
	time_value_add_usec((result), (addend)->microseconds);		\\
} while (0)

typedef struct mapped_time_value {
	integer_t seconds;
	integer_t microseconds;
	integer_t check_seconds;
} mapped_time_value_t;
"""

DEVICE_TYPES: Final = """\
typedef mach_port_t device_t;
typedef char dev_name_t[128];
typedef unsigned int dev_mode_t;
typedef unsigned int recnum_t;
typedef unsigned int dev_flavor_t;
typedef int *dev_status_t;
typedef char *io_buf_ptr_t;
typedef int io_return_t;

typedef struct {
	vm_offset_t data;
	vm_size_t count;
} io_buf_vec_t;
"""

MACH_TYPES: Final = """\
typedef mach_port_t task_t;
typedef task_t *task_array_t;
typedef task_t vm_task_t;
typedef task_t ipc_space_t;
typedef mach_port_t thread_t;
typedef thread_t *thread_array_t;
typedef mach_port_t host_t;
typedef mach_port_t host_priv_t;
typedef mach_port_t processor_t;
typedef processor_t *processor_array_t;
typedef mach_port_t processor_set_t;
typedef mach_port_t processor_set_name_t;
typedef processor_set_t *processor_set_array_t;
typedef processor_set_name_t *processor_set_name_array_t;
typedef vm_offset_t *emulation_vector_t;
"""
