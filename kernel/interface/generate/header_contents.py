"""What each C header holds: includes, types, constants, structures, and the macros about them.

Numbers and structures come from ``constants.py``, ``structs.py`` and ``returns.py``; what C alone
needs (type names, macros) stands here.  Prototypes are in ``c_headers.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeaderContents:
    """One header; parts appear in the order of the fields."""

    path: str
    about: str
    includes: Sequence[str] = ()
    types: str = ""
    constants: Sequence[str] = ()  # prefixes of names in constants.py
    returns: Sequence[tuple[str, str]] = ()  # (enum in returns.py, prefix in C)
    macros: str = ""  # after constants and structures


_VM_TYPES = """\
typedef unsigned int natural_t;
typedef int integer_t;
typedef int int32;
typedef unsigned int uint32;
typedef natural_t vm_offset_t;
typedef natural_t vm_size_t;
typedef natural_t vm_address_t;
typedef vm_offset_t pointer_t;
"""

_PORT_TYPES = """\
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

_PORT_MACROS = """\
#define MACH_PORT_VALID(name) ((name) != MACH_PORT_NULL && (name) != MACH_PORT_DEAD)
#define MACH_PORT_TYPE(right) ((mach_port_type_t)1 << ((right) + 16))
"""

_MESSAGE_TYPES = """\
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

_MESSAGE_MACROS = """\
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

_MIG_MACROS = """\
/* A reply with nothing but a return code. */
typedef struct {
	mach_msg_header_t Head;
	mach_msg_type_t RetCodeType;
	kern_return_t RetCode;
} mig_reply_header_t;

typedef mig_reply_header_t mig_reply_error_t;
"""

_NOTIFY_MACROS = """\
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

_TASK_PORT_MACROS = """\
#define task_get_kernel_port(task, port) task_get_special_port((task), TASK_KERNEL_PORT, (port))
#define task_set_kernel_port(task, port) task_set_special_port((task), TASK_KERNEL_PORT, (port))
#define task_get_exception_port(task, port) task_get_special_port((task), TASK_EXCEPTION_PORT, (port))
#define task_set_exception_port(task, port) task_set_special_port((task), TASK_EXCEPTION_PORT, (port))
#define task_get_bootstrap_port(task, port) task_get_special_port((task), TASK_BOOTSTRAP_PORT, (port))
#define task_set_bootstrap_port(task, port) task_set_special_port((task), TASK_BOOTSTRAP_PORT, (port))
"""

_THREAD_PORT_MACROS = """\
#define thread_get_kernel_port(thread, port) \\
	thread_get_special_port((thread), THREAD_KERNEL_PORT, (port))
#define thread_set_kernel_port(thread, port) \\
	thread_set_special_port((thread), THREAD_KERNEL_PORT, (port))
#define thread_get_exception_port(thread, port) \\
	thread_get_special_port((thread), THREAD_EXCEPTION_PORT, (port))
#define thread_set_exception_port(thread, port) \\
	thread_set_special_port((thread), THREAD_EXCEPTION_PORT, (port))
"""

_FLOAT_STATE = """\
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

_TIME_MACROS = """\
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

_DEVICE_TYPES = """\
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

_MACH_TYPES = """\
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

HEADERS = (
    HeaderContents(
        "mach/boolean.h",
        "Truth values.",
        types="typedef int boolean_t;\n",
        macros="#ifndef TRUE\n#define TRUE ((boolean_t)1)\n#endif\n"
        "#ifndef FALSE\n#define FALSE ((boolean_t)0)\n#endif\n",
    ),
    HeaderContents("mach/i386/boolean.h", "Truth values.", includes=("mach/boolean.h",)),
    HeaderContents(
        "mach/kern_return.h",
        "What kernel calls return.",
        types="typedef int kern_return_t;\n",
        returns=(("KernReturn", "KERN_"),),
    ),
    HeaderContents("mach/i386/vm_types.h", "Integers of the machine, addresses and sizes.", types=_VM_TYPES),
    HeaderContents(
        "mach/machine/vm_types.h",
        "Integers of the machine, addresses and sizes.",
        includes=("mach/i386/vm_types.h",),
    ),
    HeaderContents(
        "mach/vm_types.h",
        "Integers of the machine, addresses and sizes.",
        includes=("mach/i386/vm_types.h",),
    ),
    HeaderContents(
        "mach/std_types.h",
        "Types that every interface uses.",
        includes=("mach/boolean.h", "mach/kern_return.h", "mach/port.h", "mach/machine/vm_types.h"),
    ),
    HeaderContents(
        "mach/port.h",
        "Ports and rights.",
        includes=("mach/boolean.h", "mach/machine/vm_types.h"),
        types=_PORT_TYPES,
        constants=("MACH_PORT_",),
        macros=_PORT_MACROS,
    ),
    HeaderContents(
        "mach/message.h",
        "Messages.",
        includes=("mach/kern_return.h", "mach/port.h"),
        types=_MESSAGE_TYPES,
        constants=("MACH_MSG", "MACH_SEND_", "MACH_RCV_"),
        returns=(("MsgReturn", "MACH_"),),
        macros=_MESSAGE_MACROS,
    ),
    HeaderContents(
        "mach/mig_errors.h",
        "What stubs and servers return of themselves.",
        includes=("mach/kern_return.h", "mach/message.h"),
        returns=(("MigReturn", "MIG_"),),
        macros=_MIG_MACROS,
    ),
    HeaderContents(
        "mach/notify.h",
        "Notifications about ports and names.",
        includes=("mach/port.h", "mach/message.h"),
        constants=("MACH_NOTIFY_",),
        macros=_NOTIFY_MACROS,
    ),
    HeaderContents("mach/i386/exception.h", "Codes of i386 exceptions.", constants=("EXC_I386_",)),
    HeaderContents("mach/machine/exception.h", "Codes of exceptions.", includes=("mach/i386/exception.h",)),
    HeaderContents(
        "mach/exception.h",
        "Exceptions.",
        includes=("mach/machine/exception.h",),
        constants=(
            "EXC_BAD_",
            "EXC_ARITHMETIC",
            "EXC_EMULATION",
            "EXC_SOFTWARE",
            "EXC_BREAKPOINT",
        ),
    ),
    HeaderContents(
        "mach/vm_prot.h",
        "Access to memory.",
        types="typedef int vm_prot_t;\n",
        constants=("VM_PROT_",),
    ),
    HeaderContents(
        "mach/vm_inherit.h",
        "What a child task gets of a region.",
        types="typedef int vm_inherit_t;\n",
        constants=("VM_INHERIT_",),
    ),
    HeaderContents(
        "mach/vm_attributes.h",
        "What the machine does with memory.",
        types="typedef int vm_machine_attribute_t;\ntypedef int vm_machine_attribute_val_t;\n",
        constants=("MATTR_",),
    ),
    HeaderContents(
        "mach/i386/vm_param.h",
        "Pages and addresses of the machine.",
        includes=("mach/i386/vm_types.h",),
        constants=("I386_PG", "VM_MIN_ADDRESS", "VM_MAX_ADDRESS"),
        macros="#define i386_btop(x) ((unsigned)(x) >> I386_PGSHIFT)\n"
        "#define i386_ptob(x) ((unsigned)(x) << I386_PGSHIFT)\n"
        "#define i386_round_page(x) (((unsigned)(x) + I386_PGBYTES - 1) & ~(I386_PGBYTES - 1))\n"
        "#define i386_trunc_page(x) ((unsigned)(x) & ~(I386_PGBYTES - 1))\n",
    ),
    HeaderContents(
        "mach/machine/vm_param.h",
        "Pages and addresses of the machine.",
        includes=("mach/i386/vm_param.h",),
    ),
    HeaderContents(
        "mach/vm_param.h", "Pages and addresses of the machine.", includes=("mach/machine/vm_param.h",)
    ),
    HeaderContents("mach/vm_statistics.h", "Figures about memory.", includes=("mach/machine/vm_types.h",)),
    HeaderContents(
        "mach/memory_object.h",
        "Memory objects.",
        includes=("mach/port.h",),
        types="typedef mach_port_t memory_object_t;\n"
        "typedef mach_port_t memory_object_control_t;\n"
        "typedef mach_port_t memory_object_name_t;\n"
        "typedef int memory_object_copy_strategy_t;\n"
        "typedef int memory_object_return_t;\n",
        constants=("MEMORY_OBJECT_",),
    ),
    HeaderContents(
        "mach/time_value.h",
        "Times.",
        includes=("mach/machine/vm_types.h",),
        constants=("TIME_",),
        macros=_TIME_MACROS,
    ),
    HeaderContents(
        "mach/policy.h",
        "Scheduling policies.",
        constants=("POLICY_",),
        macros="#define invalid_policy(policy) ((policy) <= 0 || (policy) > POLICY_LAST)\n",
    ),
    HeaderContents(
        "mach/machine.h",
        "Kinds of processors.",
        includes=("mach/machine/vm_types.h", "mach/boolean.h"),
        types="typedef integer_t cpu_type_t;\ntypedef integer_t cpu_subtype_t;\n",
        constants=("CPU_",),
    ),
    HeaderContents(
        "mach/task_info.h",
        "What task_info tells.",
        includes=("mach/machine/vm_types.h", "mach/time_value.h"),
        types="typedef integer_t *task_info_t;\n",
        constants=(
            "TASK_INFO_MAX",
            "TASK_BASIC_INFO",
            "TASK_EVENTS_INFO",
            "TASK_THREAD_TIMES_INFO",
            "TASK_RAS_CONTROL_",
        ),
        macros="typedef integer_t task_info_data_t[TASK_INFO_MAX];\n",
    ),
    HeaderContents(
        "mach/task_special_ports.h",
        "A task's special ports.",
        constants=(
            "TASK_KERNEL_PORT",
            "TASK_EXCEPTION_PORT",
            "TASK_BOOTSTRAP_PORT",
            "TASK_PORT_REGISTER_MAX",
        ),
        macros=_TASK_PORT_MACROS,
    ),
    HeaderContents("mach/mach_param.h", "Limits of the kernel.", includes=("mach/task_special_ports.h",)),
    HeaderContents(
        "mach/thread_info.h",
        "What thread_info tells.",
        includes=("mach/boolean.h", "mach/policy.h", "mach/time_value.h"),
        types="typedef integer_t *thread_info_t;\n",
        constants=("THREAD_INFO_MAX", "THREAD_BASIC_INFO", "THREAD_SCHED_INFO", "TH_"),
        macros="typedef integer_t thread_info_data_t[THREAD_INFO_MAX];\n",
    ),
    HeaderContents(
        "mach/thread_special_ports.h",
        "A thread's special ports.",
        constants=("THREAD_KERNEL_PORT", "THREAD_EXCEPTION_PORT"),
        macros=_THREAD_PORT_MACROS,
    ),
    HeaderContents(
        "mach/thread_switch.h",
        "Options of thread_switch.",
        includes=("mach/mach_traps.h",),
        constants=("SWITCH_OPTION_",),
    ),
    HeaderContents(
        "mach/i386/thread_status.h",
        "Registers of a thread.",
        constants=("i386_", "FP_"),
        macros=_FLOAT_STATE,
    ),
    HeaderContents(
        "mach/machine/thread_status.h",
        "Registers of a thread.",
        includes=("mach/i386/thread_status.h",),
    ),
    HeaderContents(
        "mach/thread_status.h",
        "Registers of a thread.",
        includes=("mach/machine/vm_types.h", "mach/machine/thread_status.h"),
        types="typedef natural_t *thread_state_t;\n",
        constants=("THREAD_STATE_MAX",),
        macros="typedef natural_t thread_state_data_t[THREAD_STATE_MAX];\n",
    ),
    HeaderContents(
        "mach/host_info.h",
        "What host_info tells.",
        includes=("mach/machine.h", "mach/machine/vm_types.h"),
        types="typedef integer_t *host_info_t;\n",
        constants=("HOST_", "KERNEL_"),
        macros="typedef integer_t host_info_data_t[HOST_INFO_MAX];\n"
        "typedef char kernel_version_t[KERNEL_VERSION_MAX];\n"
        "typedef char kernel_boot_info_t[KERNEL_BOOT_INFO_MAX];\n",
    ),
    HeaderContents(
        "mach/processor_info.h",
        "What processor_info and processor_set_info tell.",
        includes=("mach/machine.h",),
        types="typedef integer_t *processor_info_t;\ntypedef integer_t *processor_set_info_t;\n",
        constants=("PROCESSOR_", "LOAD_SCALE"),
        macros="typedef integer_t processor_info_data_t[PROCESSOR_INFO_MAX];\n"
        "typedef integer_t processor_set_info_data_t[PROCESSOR_SET_INFO_MAX];\n",
    ),
    HeaderContents(
        "mach/pc_sample.h",
        "Samples of program counters.",
        includes=("mach/machine/vm_types.h",),
        types="typedef unsigned int sampled_pc_flavor_t;\ntypedef unsigned int sampled_pc_seqno_t;\n",
        constants=("SAMPLED_PC_",),
        macros="typedef sampled_pc_t *sampled_pc_array_t;\n",
    ),
    HeaderContents(
        "mach/norma_special_ports.h",
        "A node's special ports.",
        constants=("MAX_SPECIAL_", "NORMA_"),
        macros="".join(
            f"#define norma_get_{name}_port(host, node, port) \\\n"
            f"\tnorma_get_special_port((host), (node), NORMA_{name.upper()}_PORT, (port))\n"
            f"#define norma_set_{name}_port(host, port) \\\n"
            f"\tnorma_set_special_port((host), NORMA_{name.upper()}_PORT, (port))\n"
            for name in ("device", "host", "host_priv", "nameserver")
        ),
    ),
    HeaderContents(
        "mach/mach_types.h",
        "Types of the kernel's interfaces.",
        includes=(
            "mach/std_types.h",
            "mach/host_info.h",
            "mach/machine.h",
            "mach/memory_object.h",
            "mach/pc_sample.h",
            "mach/processor_info.h",
            "mach/task_info.h",
            "mach/task_special_ports.h",
            "mach/thread_info.h",
            "mach/thread_special_ports.h",
            "mach/thread_status.h",
            "mach/time_value.h",
            "mach/vm_attributes.h",
            "mach/vm_inherit.h",
            "mach/vm_prot.h",
            "mach/vm_statistics.h",
        ),
        types=_MACH_TYPES,
    ),
    HeaderContents(
        "device/device_types.h",
        "Devices.",
        includes=("mach/std_types.h",),
        types=_DEVICE_TYPES,
        constants=("D_", "IO_INBAND_MAX", "DEV_"),
        macros="typedef char io_buf_ptr_inband_t[IO_INBAND_MAX];\n"
        "typedef int dev_status_data_t[DEV_STATUS_MAX];\n",
    ),
    HeaderContents(
        "device/tty_status.h",
        "What can be asked of a terminal line.",
        includes=("device/device_types.h",),
        constants=("TTY_", "B", "TF_", "TM_"),
        macros="#define TTY_STATUS_COUNT (sizeof(struct tty_status) / sizeof(int))\n",
    ),
    HeaderContents(
        "device/net_status.h",
        "What can be asked of a network interface.",
        includes=("device/device_types.h", "mach/message.h"),
        types="typedef unsigned short filter_t;\ntypedef filter_t *filter_array_t;\n",
        macros="#define NET_STATUS_COUNT (sizeof(struct net_status) / sizeof(int))\n",
    ),
    HeaderContents(
        "mach_debug/hash_info.h",
        "Figures about hash tables.",
        includes=("mach/machine/vm_types.h",),
        macros="typedef hash_info_bucket_t *hash_info_bucket_array_t;\n",
    ),
    HeaderContents(
        "mach_debug/ipc_info.h",
        "A look into name spaces.",
        includes=("mach/port.h",),
        constants=("IPC_INFO_",),
        macros="typedef ipc_info_name_t *ipc_info_name_array_t;\n"
        "typedef ipc_info_tree_name_t *ipc_info_tree_name_array_t;\n",
    ),
    HeaderContents(
        "mach_debug/vm_info.h",
        "A look into address maps.",
        includes=("mach/machine/vm_types.h",),
        constants=("VOI_", "VPI_"),
        macros="typedef vm_page_info_t *vm_page_info_array_t;\n",
    ),
    HeaderContents(
        "mach_debug/zone_info.h",
        "A look into the kernel's pools of objects.",
        includes=("mach/machine/vm_types.h",),
        constants=("ZONE_",),
        macros="typedef struct zone_name {\n\tchar zn_name[ZONE_NAME_MAX_LEN];\n} zone_name_t;\n"
        "typedef zone_name_t *zone_name_array_t;\ntypedef zone_info_t *zone_info_array_t;\n",
    ),
    HeaderContents(
        "mach_debug/mach_debug_types.h",
        "Types of the calls that look into the kernel.",
        includes=(
            "mach/mach_types.h",
            "mach_debug/hash_info.h",
            "mach_debug/ipc_info.h",
            "mach_debug/vm_info.h",
            "mach_debug/zone_info.h",
        ),
        types="typedef char symtab_name_t[32];\n",
    ),
    HeaderContents(
        "mach.h",
        "What most Mach programs include.",
        includes=(
            "mach/mach_types.h",
            "mach/mach_interface.h",
            "mach/mach_port.h",
            "mach/mach_traps.h",
            "mach_init.h",
        ),
    ),
)
