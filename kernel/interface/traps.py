"""The kernel's trap table, as data.

A program traps with ``lcall $7,$0`` and a negative number in EAX; arguments stand on its stack as a
C function's do.  Short cuts stand for a routine: a short cut whose target is not a local kernel
object returns ``MACH_SEND_INTERRUPTED`` before any side effect, and the caller sends the message.
"""

from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final


class TrapKind(Enum):
    """What a trap is for."""

    KERNEL = auto()  # served by the kernel
    SHORT_CUT = auto()  # a fast form of a routine
    EMULATION = auto()  # the kernel refuses it; an emulation library takes it


@dataclass(frozen=True, slots=True)
class Trap:
    """One entry of the table."""

    number: int  # negative, as in EAX
    name: str
    argument_count: int
    kind: TrapKind
    meaning: str
    result: str  # C type of the result
    arguments: tuple[tuple[str, str], ...] = ()  # (C type, name)
    routine: str = ""  # the routine that a short cut stands for


def _trap(number: int, result: str, name: str, arguments: str, meaning: str) -> Trap:
    return Trap(number, name, _count(arguments), TrapKind.KERNEL, meaning, result, _split(arguments))


def _short_cut(number: int, name: str, arguments: str) -> Trap:
    routine = name.removeprefix("syscall_")
    return Trap(
        number,
        name,
        _count(arguments),
        TrapKind.SHORT_CUT,
        f"{routine} on a local target, without a message",
        "kern_return_t",
        _split(arguments),
        routine,
    )


def _emulation(number: int, name: str, argument_count: int, meaning: str) -> Trap:
    return Trap(number, name, argument_count, TrapKind.EMULATION, meaning, "int")


def _split(arguments: str) -> tuple[tuple[str, str], ...]:
    pairs = [argument.strip().rpartition(" ") for argument in arguments.split(",") if argument.strip()]
    return tuple((c_type, name) for c_type, _, name in pairs)


def _count(arguments: str) -> int:
    return len(_split(arguments))


TRAPS: Final[tuple[Trap, ...]] = (
    _trap(-17, "kern_return_t", "evc_wait", "natural_t event", "wait for an event counter"),
    _trap(
        -18,
        "kern_return_t",
        "evc_wait_clear",
        "natural_t event",
        "wait for an event counter and clear it",
    ),
    _trap(
        -25,
        "mach_msg_return_t",
        "mach_msg_trap",
        "mach_msg_header_t* msg, mach_msg_option_t option, mach_msg_size_t send_size,"
        " mach_msg_size_t rcv_size, mach_port_t rcv_name, mach_msg_timeout_t timeout, mach_port_t notify",
        "send a message, receive one, or both",
    ),
    _trap(-26, "mach_port_t", "mach_reply_port", "", "make a port to receive replies on"),
    _trap(-27, "mach_port_t", "mach_thread_self", "", "get a send right to the calling thread"),
    _trap(-28, "mach_port_t", "mach_task_self", "", "get a send right to the calling task"),
    _trap(-29, "mach_port_t", "mach_host_self", "", "get a send right to the host"),
    _emulation(-33, "task_by_pid", 1, "find a process's task"),
    _emulation(-34, "pid_by_task", 4, "find a task's process"),
    _trap(
        -39,
        "kern_return_t",
        "syscall_device_writev_request",
        "mach_port_t device, mach_port_t reply_port, dev_mode_t mode, recnum_t recnum,"
        " io_buf_vec_t* iovec, vm_size_t count",
        "write pieces of memory to a local device, without a message",
    ),
    _short_cut(
        -40,
        "syscall_device_write_request",
        "mach_port_t device, mach_port_t reply_port, dev_mode_t mode, recnum_t recnum,"
        " io_buf_ptr_t data, vm_size_t data_count",
    ),
    _emulation(-41, "init_process", 0, "become the first process"),
    _emulation(-43, "map_fd", 5, "map an open file"),
    _emulation(-44, "rfs_make_symlink", 3, "make a symbolic link of the remote file system"),
    _emulation(-52, "htg_syscall", 3, "call the emulation library of another host"),
    _emulation(-53, "set_ras_address", 2, "install a restartable atomic sequence"),
    _trap(-56, "mach_port_t", "null_port", "", "do nothing: MACH_PORT_NULL"),
    _trap(-59, "boolean_t", "swtch_pri", "int priority", "yield with lowered priority"),
    _trap(-60, "boolean_t", "swtch", "", "yield when another thread could run"),
    _trap(
        -61,
        "kern_return_t",
        "thread_switch",
        "mach_port_t thread, int option, mach_msg_timeout_t option_time",
        "yield to a thread, with lowered priority, or for a time",
    ),
    _short_cut(
        -64,
        "syscall_vm_map",
        "mach_port_t target_task, vm_offset_t* address, vm_size_t size, vm_offset_t mask,"
        " boolean_t anywhere, mach_port_t memory_object, vm_offset_t offset, boolean_t copy,"
        " vm_prot_t cur_protection, vm_prot_t max_protection, vm_inherit_t inheritance",
    ),
    _short_cut(
        -65,
        "syscall_vm_allocate",
        "mach_port_t target_task, vm_offset_t* address, vm_size_t size, boolean_t anywhere",
    ),
    _short_cut(-66, "syscall_vm_deallocate", "mach_port_t target_task, vm_offset_t address, vm_size_t size"),
    _short_cut(
        -68,
        "syscall_task_create",
        "mach_port_t target_task, boolean_t inherit_memory, mach_port_t* child_task",
    ),
    _short_cut(-69, "syscall_task_terminate", "mach_port_t target_task"),
    _short_cut(-70, "syscall_task_suspend", "mach_port_t target_task"),
    _short_cut(
        -71,
        "syscall_task_set_special_port",
        "mach_port_t task, int which_port, mach_port_t special_port",
    ),
    _short_cut(
        -72,
        "syscall_mach_port_allocate",
        "mach_port_t task, mach_port_right_t right, mach_port_t* name",
    ),
    _short_cut(-73, "syscall_mach_port_deallocate", "mach_port_t task, mach_port_t name"),
    _short_cut(
        -74,
        "syscall_mach_port_insert_right",
        "mach_port_t task, mach_port_t name, mach_port_t poly, mach_msg_type_name_t polyPoly",
    ),
    _short_cut(
        -75,
        "syscall_mach_port_allocate_name",
        "mach_port_t task, mach_port_right_t right, mach_port_t name",
    ),
    _short_cut(-76, "syscall_thread_depress_abort", "mach_port_t thread"),
)

TRAPS_BY_NUMBER: Final = MappingProxyType({trap.number: trap for trap in TRAPS})

SHORT_CUTS: Final = MappingProxyType({trap.routine: trap for trap in TRAPS if trap.routine})
"""Traps by the name of the routine that they stand for."""
