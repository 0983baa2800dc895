"""What the kernel asks of the default pager beyond what it asks of any pager (ids from 2250)."""

from kernel.interface.declare import SequenceNumber, Subsystem
from kernel.interface.mach_types import (
    mach_port_seqno_t,
    memory_object_control_make_send_t,
    memory_object_move_receive_t,
    memory_object_move_send_t,
    memory_object_name_make_send_t,
    memory_object_t,
    pointer_t,
    vm_offset_t,
    vm_size_t,
)

memory_object_default = Subsystem("memory_object_default", 2250, served_by="the default pager")


@memory_object_default.simpleroutine(2250)
def memory_object_create(
    old_memory_object: memory_object_move_send_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    new_memory_object: memory_object_move_receive_t,
    new_object_size: vm_size_t,
    new_control_port: memory_object_control_make_send_t,
    new_name: memory_object_name_make_send_t,
    new_page_size: vm_size_t,
) -> None:
    """Make the default pager responsible for memory that the kernel made."""


@memory_object_default.simpleroutine(2251)
def memory_object_data_initialize(
    memory_object: memory_object_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    memory_control_port: memory_object_control_make_send_t,
    offset: vm_offset_t,
    data: pointer_t,
) -> None:
    """Give the default pager data that it has never seen."""


@memory_object_default.simpleroutine(2252)
def memory_object_data_terminate(
    memory_object: memory_object_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    memory_control_port: memory_object_control_make_send_t,
    offset: vm_offset_t,
    size: vm_size_t,
) -> None:
    """Tell the default pager that a range is no longer needed."""
