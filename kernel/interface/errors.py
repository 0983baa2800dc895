"""Which errors each call is documented to return: for tests that try every one of them, and for servers
that choose among them.

From "Mach 3 Kernel Interfaces" (CMU, version NORMA-MK12, July 1992) and the manual pages of Mach 3.0.
Left out is what cannot come from a server: ``KERN_INVALID_ADDRESS`` for a pointer to a result.  Every
call may also fail as ``mach_msg`` does, and with the stub's own ``MIG_...`` codes.

Calls with no set of their own here return nothing but success: simple routines, and calls that only
look at something that is always there.
"""

from types import MappingProxyType
from typing import Final

from kernel.interface.constants import (
    D_ALREADY_OPEN,
    D_DEVICE_DOWN,
    D_INVALID_OPERATION,
    D_NO_SUCH_DEVICE,
    D_READ_ONLY,
    D_WOULD_BLOCK,
)
from kernel.interface.returns import KernReturn, MigReturn

_ARGUMENT: Final = frozenset({KernReturn.INVALID_ARGUMENT})
_ARGUMENT_OR_STATE: Final = frozenset({KernReturn.INVALID_ARGUMENT, KernReturn.FAILURE})
_INFO: Final = frozenset({KernReturn.INVALID_ARGUMENT, MigReturn.ARRAY_TOO_LARGE})
_SHORTAGE: Final = frozenset({KernReturn.INVALID_ARGUMENT, KernReturn.RESOURCE_SHORTAGE})
_ADDRESS: Final = frozenset({KernReturn.INVALID_ADDRESS})
_COPY: Final = frozenset(
    {KernReturn.INVALID_ADDRESS, KernReturn.INVALID_ARGUMENT, KernReturn.PROTECTION_FAILURE}
)
_NAME: Final = frozenset({KernReturn.INVALID_TASK, KernReturn.INVALID_NAME})
_RIGHT: Final = _NAME | {KernReturn.INVALID_RIGHT}
_DEVICE: Final = frozenset({D_NO_SUCH_DEVICE})
_DEVICE_USE: Final = _DEVICE | {D_INVALID_OPERATION}
_DEVICE_WRITE: Final = _DEVICE_USE | {D_READ_ONLY}

ERRORS: Final = MappingProxyType[str, frozenset[int]](
    {
        # mach
        "task_create": _SHORTAGE,
        "task_terminate": _ARGUMENT,
        "task_get_emulation_vector": _ARGUMENT,
        "task_set_emulation_vector": _ARGUMENT,
        "task_threads": _ARGUMENT,
        "task_info": _INFO,
        "thread_terminate": _ARGUMENT,
        "thread_get_state": _INFO,
        "thread_set_state": _INFO,
        "thread_info": _INFO,
        "vm_allocate": _ADDRESS | {KernReturn.NO_SPACE},
        "vm_deallocate": _ADDRESS,
        "vm_protect": _ADDRESS | {KernReturn.PROTECTION_FAILURE},
        "vm_inherit": _ADDRESS,
        "vm_read": _COPY | {KernReturn.NO_SPACE},
        "vm_write": _COPY,
        "vm_copy": _COPY,
        "vm_region": frozenset({KernReturn.NO_SPACE}),
        "mach_ports_register": _ARGUMENT,
        "mach_ports_lookup": _ARGUMENT,
        "vm_set_default_memory_manager": _ARGUMENT,
        "task_suspend": _ARGUMENT,
        "task_resume": _ARGUMENT_OR_STATE,
        "task_get_special_port": _ARGUMENT,
        "task_set_special_port": _ARGUMENT,
        "thread_create": _SHORTAGE,
        "thread_suspend": _ARGUMENT,
        "thread_resume": _ARGUMENT_OR_STATE,
        "thread_abort": _ARGUMENT,
        "thread_get_special_port": _ARGUMENT,
        "thread_set_special_port": _ARGUMENT,
        "task_set_emulation": _ARGUMENT,
        "task_ras_control": frozenset(
            {
                KernReturn.INVALID_ADDRESS,
                KernReturn.INVALID_ARGUMENT,
                KernReturn.INVALID_VALUE,
                KernReturn.RESOURCE_SHORTAGE,
                KernReturn.FAILURE,
            }
        ),
        "vm_map": _ARGUMENT | {KernReturn.NO_SPACE},
        "htg_vm_map": _ARGUMENT | {KernReturn.NO_SPACE},
        "vm_machine_attribute": _ARGUMENT,
        # mach_port
        "mach_port_names": frozenset({KernReturn.INVALID_TASK, KernReturn.RESOURCE_SHORTAGE}),
        "mach_port_type": _NAME,
        "mach_port_rename": _NAME
        | {KernReturn.INVALID_VALUE, KernReturn.NAME_EXISTS, KernReturn.RESOURCE_SHORTAGE},
        "mach_port_allocate_name": frozenset(
            {
                KernReturn.INVALID_TASK,
                KernReturn.INVALID_VALUE,
                KernReturn.NAME_EXISTS,
                KernReturn.RESOURCE_SHORTAGE,
            }
        ),
        "mach_port_allocate": frozenset(
            {
                KernReturn.INVALID_TASK,
                KernReturn.INVALID_VALUE,
                KernReturn.NO_SPACE,
                KernReturn.RESOURCE_SHORTAGE,
            }
        ),
        "mach_port_destroy": _NAME,
        "mach_port_deallocate": _RIGHT,
        "mach_port_get_refs": _NAME | {KernReturn.INVALID_VALUE},
        "mach_port_mod_refs": _RIGHT | {KernReturn.INVALID_VALUE, KernReturn.UREFS_OVERFLOW},
        "old_mach_port_get_receive_status": _RIGHT,
        "mach_port_set_qlimit": _RIGHT | {KernReturn.INVALID_VALUE},
        "mach_port_set_mscount": _RIGHT,
        "mach_port_get_set_status": _RIGHT | {KernReturn.RESOURCE_SHORTAGE},
        "mach_port_move_member": _RIGHT | {KernReturn.NOT_IN_SET},
        "mach_port_request_notification": _RIGHT
        | {
            KernReturn.INVALID_VALUE,
            KernReturn.INVALID_CAPABILITY,
            KernReturn.INVALID_ARGUMENT,
            KernReturn.RESOURCE_SHORTAGE,
            KernReturn.UREFS_OVERFLOW,
        },
        "mach_port_insert_right": frozenset(
            {
                KernReturn.INVALID_TASK,
                KernReturn.INVALID_VALUE,
                KernReturn.NAME_EXISTS,
                KernReturn.INVALID_CAPABILITY,
                KernReturn.UREFS_OVERFLOW,
                KernReturn.RIGHT_EXISTS,
                KernReturn.RESOURCE_SHORTAGE,
            }
        ),
        "mach_port_extract_right": _RIGHT | {KernReturn.INVALID_VALUE},
        "mach_port_get_receive_status": _RIGHT,
        "mach_port_set_seqno": _RIGHT,
        # mach_host
        "host_processors": _ARGUMENT,
        "processor_start": _ARGUMENT_OR_STATE,
        "processor_exit": _ARGUMENT_OR_STATE,
        "processor_set_default": _ARGUMENT,
        "processor_set_create": _ARGUMENT_OR_STATE,
        "processor_set_destroy": _ARGUMENT_OR_STATE,
        "processor_assign": _ARGUMENT,
        "processor_get_assignment": _ARGUMENT_OR_STATE,
        "thread_assign": _ARGUMENT,
        "thread_assign_default": _ARGUMENT,
        "thread_get_assignment": _ARGUMENT,
        "task_assign": _ARGUMENT,
        "task_assign_default": _ARGUMENT,
        "task_get_assignment": _ARGUMENT,
        "host_kernel_version": _ARGUMENT,
        "thread_priority": _ARGUMENT_OR_STATE,
        "thread_max_priority": _ARGUMENT_OR_STATE,
        "task_priority": _ARGUMENT_OR_STATE,
        "processor_set_max_priority": _ARGUMENT,
        "thread_policy": _ARGUMENT_OR_STATE,
        "processor_set_policy_enable": _ARGUMENT,
        "processor_set_policy_disable": _ARGUMENT,
        "processor_set_tasks": _ARGUMENT,
        "processor_set_threads": _ARGUMENT,
        "host_processor_sets": _ARGUMENT,
        "host_processor_set_priv": _ARGUMENT,
        "thread_depress_abort": _ARGUMENT_OR_STATE,
        "host_set_time": frozenset({KernReturn.INVALID_HOST}),
        "host_adjust_time": frozenset({KernReturn.INVALID_HOST}),
        "host_get_time": frozenset({KernReturn.INVALID_HOST}),
        "host_reboot": frozenset({KernReturn.INVALID_HOST}),
        "vm_wire": frozenset(
            {
                KernReturn.INVALID_HOST,
                KernReturn.INVALID_TASK,
                KernReturn.INVALID_VALUE,
                KernReturn.INVALID_ADDRESS,
                KernReturn.FAILURE,
            }
        ),
        "thread_wire": _ARGUMENT,
        "host_info": _INFO,
        "processor_info": _INFO,
        "processor_set_info": _INFO,
        "processor_control": _ARGUMENT_OR_STATE,
        "host_get_boot_info": _ARGUMENT,
        # device
        "device_open": frozenset(
            {D_WOULD_BLOCK, D_NO_SUCH_DEVICE, D_ALREADY_OPEN, D_DEVICE_DOWN, D_INVALID_OPERATION}
        ),
        "device_close": _DEVICE,
        "device_write": _DEVICE_WRITE,
        "device_write_inband": _DEVICE_WRITE,
        "device_read": _DEVICE_USE,
        "device_read_inband": _DEVICE_USE,
        "device_map": _DEVICE_USE,
        "device_set_status": _DEVICE_USE,
        "device_get_status": _DEVICE_USE | {MigReturn.ARRAY_TOO_LARGE},
        "device_set_filter": _DEVICE_USE,
        # mach4
        "task_enable_pc_sampling": _ARGUMENT_OR_STATE,
        "task_disable_pc_sampling": _ARGUMENT_OR_STATE,
        "task_get_sampled_pcs": _ARGUMENT_OR_STATE,
        "thread_enable_pc_sampling": _ARGUMENT_OR_STATE,
        "thread_disable_pc_sampling": _ARGUMENT_OR_STATE,
        "thread_get_sampled_pcs": _ARGUMENT_OR_STATE,
        # mach_debug
        "host_zone_info": frozenset({KernReturn.INVALID_HOST, KernReturn.RESOURCE_SHORTAGE}),
        "mach_port_get_srights": _RIGHT,
        "host_ipc_hash_info": frozenset({KernReturn.INVALID_HOST, KernReturn.RESOURCE_SHORTAGE}),
        "host_ipc_marequest_info": frozenset({KernReturn.INVALID_HOST, KernReturn.RESOURCE_SHORTAGE}),
        "mach_port_space_info": frozenset({KernReturn.INVALID_TASK, KernReturn.RESOURCE_SHORTAGE}),
        "mach_port_dnrequest_info": _RIGHT,
        "host_stack_usage": frozenset({KernReturn.INVALID_HOST}),
        "processor_set_stack_usage": _SHORTAGE,
        "host_virtual_physical_table_info": frozenset(
            {KernReturn.INVALID_HOST, KernReturn.RESOURCE_SHORTAGE}
        ),
        "host_load_symbol_table": _ARGUMENT_OR_STATE,
        "mach_port_kernel_object": _RIGHT,
        "mach_vm_region_info": frozenset({KernReturn.INVALID_TASK, KernReturn.NO_SPACE}),
        "mach_vm_object_info": _ARGUMENT,
        "mach_vm_object_pages": _SHORTAGE,
        # mach_norma
        "task_set_child_node": _ARGUMENT,
        "norma_node_self": frozenset({KernReturn.INVALID_HOST}),
        "norma_task_create": _SHORTAGE,
        "norma_get_special_port": _ARGUMENT,
        "norma_set_special_port": _ARGUMENT,
        "norma_port_location_hint": _ARGUMENT,
    }
)


def errors_of(routine: str) -> frozenset[int]:
    """Return the errors that a call is documented to return."""
    return ERRORS.get(routine, frozenset())
