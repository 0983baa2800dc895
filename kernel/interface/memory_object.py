"""What the kernel tells and asks a pager, on a memory object's own port (ids from 2200).

The answers are calls of ``mach.py`` on the memory object's control port; completions go to the port
that the pager named in its request.  Servers may take the message's sequence number with each call.
"""

from kernel.interface.declare import SequenceNumber, Subsystem
from kernel.interface.mach_types import (
    boolean_t,
    kern_return_t,
    mach_port_seqno_t,
    memory_object_control_make_send_t,
    memory_object_control_move_receive_t,
    memory_object_copy_strategy_t,
    memory_object_move_receive_t,
    memory_object_move_send_t,
    memory_object_name_make_send_t,
    memory_object_name_move_receive_t,
    memory_object_reply_t,
    memory_object_t,
    pointer_t,
    vm_offset_t,
    vm_prot_t,
    vm_size_t,
)

memory_object = Subsystem("memory_object", 2200, served_by="pagers")


@memory_object.simpleroutine(2200)
def memory_object_init(
    memory_object: memory_object_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    memory_control: memory_object_control_make_send_t,
    memory_object_name: memory_object_name_make_send_t,
    memory_object_page_size: vm_size_t,
) -> None:
    """Tell a pager that a kernel begins to use its memory object."""


@memory_object.simpleroutine(2201)
def memory_object_terminate(
    memory_object: memory_object_move_send_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    memory_control: memory_object_control_move_receive_t,
    memory_object_name: memory_object_name_move_receive_t,
) -> None:
    """Tell a pager that the kernel no longer uses its memory object."""


@memory_object.simpleroutine(2202)
def memory_object_copy(
    old_memory_object: memory_object_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    old_memory_control: memory_object_control_make_send_t,
    offset: vm_offset_t,
    length: vm_size_t,
    new_memory_object: memory_object_move_receive_t,
) -> None:
    """Tell a pager that a range of its memory object has been copied, as a new memory object."""


@memory_object.simpleroutine(2203)
def memory_object_data_request(
    memory_object: memory_object_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    memory_control: memory_object_control_make_send_t,
    offset: vm_offset_t,
    length: vm_size_t,
    desired_access: vm_prot_t,
) -> None:
    """Ask a pager for data."""


@memory_object.simpleroutine(2204)
def memory_object_data_unlock(
    memory_object: memory_object_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    memory_control: memory_object_control_make_send_t,
    offset: vm_offset_t,
    length: vm_size_t,
    desired_access: vm_prot_t,
) -> None:
    """Ask a pager to allow an access that it locked."""


@memory_object.simpleroutine(2205)
def memory_object_data_write(
    memory_object: memory_object_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    memory_control: memory_object_control_make_send_t,
    offset: vm_offset_t,
    data: pointer_t,
) -> None:
    """Give modified data to a pager (old form of memory_object_data_return)."""


@memory_object.simpleroutine(2206)
def memory_object_lock_completed(
    memory_object: memory_object_reply_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    memory_control: memory_object_control_make_send_t,
    offset: vm_offset_t,
    length: vm_size_t,
) -> None:
    """Tell a pager that its memory_object_lock_request is done."""


@memory_object.simpleroutine(2207)
def memory_object_supply_completed(
    memory_object: memory_object_reply_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    memory_control: memory_object_control_make_send_t,
    offset: vm_offset_t,
    length: vm_size_t,
    result: kern_return_t,
    error_offset: vm_offset_t,
) -> None:
    """Tell a pager what became of the data it supplied."""


@memory_object.simpleroutine(2208)
def memory_object_data_return(
    memory_object: memory_object_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    memory_control: memory_object_control_make_send_t,
    offset: vm_offset_t,
    data: pointer_t,
    dirty: boolean_t,
    kernel_copy: boolean_t,
) -> None:
    """Give modified or precious data to a pager."""


@memory_object.simpleroutine(2209)
def memory_object_change_completed(
    memory_object: memory_object_reply_t,
    seqno: SequenceNumber[mach_port_seqno_t],
    may_cache: boolean_t,
    copy_strategy: memory_object_copy_strategy_t,
) -> None:
    """Tell a pager that its memory_object_change_attributes is done."""
