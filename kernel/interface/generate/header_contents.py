"""What each C header holds: includes, types, constants, structures, and the macros about them.

Numbers and structures come from ``constants.py``, ``structs.py`` and ``returns.py``; what C alone
needs (type names, macros) stands here and, where it is long, in ``header_texts.py``.
Prototypes are in ``c_headers.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.interface.generate.header_texts import (
    DEVICE_TYPES,
    FLOAT_STATE,
    MACH_TYPES,
    MESSAGE_MACROS,
    MESSAGE_TYPES,
    MIG_MACROS,
    NOTIFY_MACROS,
    PORT_MACROS,
    PORT_TYPES,
    TASK_PORT_MACROS,
    THREAD_PORT_MACROS,
    TIME_MACROS,
    VM_TYPES,
)


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
    HeaderContents("mach/i386/vm_types.h", "Integers of the machine, addresses and sizes.", types=VM_TYPES),
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
        types=PORT_TYPES,
        constants=("MACH_PORT_",),
        macros=PORT_MACROS,
    ),
    HeaderContents(
        "mach/message.h",
        "Messages.",
        includes=("mach/kern_return.h", "mach/port.h"),
        types=MESSAGE_TYPES,
        constants=("MACH_MSG", "MACH_SEND_", "MACH_RCV_"),
        returns=(("MsgReturn", "MACH_"),),
        macros=MESSAGE_MACROS,
    ),
    HeaderContents(
        "mach/mig_errors.h",
        "What stubs and servers return of themselves.",
        includes=("mach/kern_return.h", "mach/message.h"),
        returns=(("MigReturn", "MIG_"),),
        macros=MIG_MACROS,
    ),
    HeaderContents(
        "mach/notify.h",
        "Notifications about ports and names.",
        includes=("mach/port.h", "mach/message.h"),
        constants=("MACH_NOTIFY_",),
        macros=NOTIFY_MACROS,
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
        macros=TIME_MACROS,
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
        macros=TASK_PORT_MACROS,
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
        macros=THREAD_PORT_MACROS,
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
        macros=FLOAT_STATE,
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
        types=MACH_TYPES,
    ),
    HeaderContents(
        "device/device_types.h",
        "Devices.",
        includes=("mach/std_types.h",),
        types=DEVICE_TYPES,
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
