# ruff: noqa: A002 - parameters have the names that Mach gave them
"""Calls on devices (ids from 2800), and the forms of them that do not wait (answers from 2900).

``device_request`` are the messages of ``device`` as a caller sends them that names a reply port and
goes on; ``device_reply`` are the answers as that port's server gets them.
"""

from kernel.interface.declare import CountInOut, Dealloc, Out, ServerReplyPort, Subsystem, UserReplyPort
from kernel.interface.mach_types import (
    dev_flavor_t,
    dev_mode_t,
    dev_name_t,
    dev_status_t,
    device_reply_port_t,
    device_t,
    filter_array_t,
    int_t,
    io_buf_ptr_inband_t,
    io_buf_ptr_t,
    kern_return_t,
    mach_port_make_send_once_t,
    mach_port_make_send_t,
    mach_port_send_t,
    mach_port_t,
    memory_object_t,
    recnum_t,
    reply_to_t,
    vm_offset_t,
    vm_prot_t,
    vm_size_t,
)

device = Subsystem("device", 2800)


@device.routine(2800)
def device_open(
    master_port: mach_port_t,
    reply_port: ServerReplyPort[reply_to_t],
    mode: dev_mode_t,
    name: dev_name_t,
    device: Out[device_t],
) -> None:
    """Open a device by name."""


@device.routine(2801)
def device_close(device: device_t) -> None:
    """Close a device."""


@device.routine(2802)
def device_write(
    device: device_t,
    reply_port: ServerReplyPort[reply_to_t],
    mode: dev_mode_t,
    recnum: recnum_t,
    data: io_buf_ptr_t,
    bytes_written: Out[int_t],
) -> None:
    """Write to a device."""


@device.routine(2803)
def device_write_inband(
    device: device_t,
    reply_port: ServerReplyPort[reply_to_t],
    mode: dev_mode_t,
    recnum: recnum_t,
    data: io_buf_ptr_inband_t,
    bytes_written: Out[int_t],
) -> None:
    """Write a little to a device."""


@device.routine(2804)
def device_read(
    device: device_t,
    reply_port: ServerReplyPort[reply_to_t],
    mode: dev_mode_t,
    recnum: recnum_t,
    bytes_wanted: int_t,
    data: Out[io_buf_ptr_t],
) -> None:
    """Read from a device."""


@device.routine(2805)
def device_read_inband(
    device: device_t,
    reply_port: ServerReplyPort[reply_to_t],
    mode: dev_mode_t,
    recnum: recnum_t,
    bytes_wanted: int_t,
    data: Out[io_buf_ptr_inband_t],
) -> None:
    """Read a little from a device."""


@device.routine(2809)
def device_map(
    device: device_t,
    prot: vm_prot_t,
    offset: vm_offset_t,
    size: vm_size_t,
    pager: Out[memory_object_t],
    unmap: int_t,
) -> None:
    """Get a memory object that stands for a device."""


@device.routine(2810)
def device_set_status(device: device_t, flavor: dev_flavor_t, status: dev_status_t) -> None:
    """Set something about a device."""


@device.routine(2811)
def device_get_status(device: device_t, flavor: dev_flavor_t, status: CountInOut[dev_status_t]) -> None:
    """Ask something about a device."""


@device.routine(2812)
def device_set_filter(
    device: device_t, receive_port: mach_port_send_t, priority: int_t, filter: filter_array_t
) -> None:
    """Choose which packets of a network interface are sent to a port."""


device_request = Subsystem("device_request", 2800, view_of="device")


@device_request.simpleroutine(2800)
def device_open_request(
    device_server_port: mach_port_t,
    reply_port: UserReplyPort[mach_port_make_send_once_t],
    mode: dev_mode_t,
    name: dev_name_t,
) -> None:
    """Open a device; the answer is device_open_reply."""


@device_request.simpleroutine(2802)
def device_write_request(
    device: device_t,
    reply_port: UserReplyPort[mach_port_make_send_once_t],
    mode: dev_mode_t,
    recnum: recnum_t,
    data: io_buf_ptr_t,
) -> None:
    """Write to a device; the answer is device_write_reply."""


@device_request.simpleroutine(2803)
def device_write_request_inband(
    device: device_t,
    reply_port: UserReplyPort[mach_port_make_send_once_t],
    mode: dev_mode_t,
    recnum: recnum_t,
    data: io_buf_ptr_inband_t,
) -> None:
    """Write a little to a device; the answer is device_write_reply_inband."""


@device_request.simpleroutine(2804)
def device_read_request(
    device: device_t,
    reply_port: UserReplyPort[mach_port_make_send_once_t],
    mode: dev_mode_t,
    recnum: recnum_t,
    bytes_wanted: int_t,
) -> None:
    """Read from a device; the answer is device_read_reply."""


@device_request.simpleroutine(2805)
def device_read_request_inband(
    device: device_t,
    reply_port: UserReplyPort[mach_port_make_send_once_t],
    mode: dev_mode_t,
    recnum: recnum_t,
    bytes_wanted: int_t,
) -> None:
    """Read a little from a device; the answer is device_read_reply_inband."""


device_reply = Subsystem("device_reply", 2900, served_by="whoever asked")


@device_reply.simpleroutine(2900)
def device_open_reply(
    reply_port: device_reply_port_t, return_code: kern_return_t, device_port: mach_port_make_send_t
) -> None:
    """Answer a device_open_request."""


@device_reply.simpleroutine(2902)
def device_write_reply(
    reply_port: device_reply_port_t, return_code: kern_return_t, bytes_written: int_t
) -> None:
    """Answer a device_write_request."""


@device_reply.simpleroutine(2903)
def device_write_reply_inband(
    reply_port: device_reply_port_t, return_code: kern_return_t, bytes_written: int_t
) -> None:
    """Answer a device_write_request_inband."""


@device_reply.simpleroutine(2904)
def device_read_reply(
    reply_port: device_reply_port_t, return_code: kern_return_t, data: Dealloc[io_buf_ptr_t]
) -> None:
    """Answer a device_read_request."""


@device_reply.simpleroutine(2905)
def device_read_reply_inband(
    reply_port: device_reply_port_t, return_code: kern_return_t, data: io_buf_ptr_inband_t
) -> None:
    """Answer a device_read_request_inband."""
