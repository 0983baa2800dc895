"""Mach's own type names: each the Python type of the value, annotated with its shape on the wire.

The names and their shapes are those of Mach 3.0's ``std_types``, ``mach_types``, ``device_types``
and ``mach_debug_types``; ``natural_t`` and ``integer_t`` have 32 bits on the i386.
"""

from typing import Annotated

from kernel.interface import wire
from kernel.interface.values import Memory, PortObject, Right, Words
from kernel.interface.wire import (
    IndefiniteArray,
    InLineArray,
    Integers,
    OutOfLineArray,
    Port,
    Text,
)

INFO_MAX = 1024  # integers in an information or state array (TASK_INFO_MAX and so on)

# Numbers.
int_t = Annotated[int, Integers("int", signed=True)]
short_t = Annotated[int, Integers("short", wire.INTEGER_16, 16, signed=True)]
unsigned_t = Annotated[int, Integers("unsigned int")]
kern_return_t = Annotated[int, Integers("kern_return_t", signed=True)]
boolean_t = Annotated[bool, Integers("boolean_t", wire.BOOLEAN, signed=True)]
vm_address_t = Annotated[int, Integers("vm_address_t")]
vm_offset_t = Annotated[int, Integers("vm_offset_t")]
vm_size_t = Annotated[int, Integers("vm_size_t")]
vm_prot_t = Annotated[int, Integers("vm_prot_t", signed=True)]
vm_inherit_t = Annotated[int, Integers("vm_inherit_t", signed=True)]
vm_machine_attribute_t = Annotated[int, Integers("vm_machine_attribute_t", signed=True)]
vm_machine_attribute_val_t = Annotated[int, Integers("vm_machine_attribute_val_t", signed=True)]
memory_object_copy_strategy_t = Annotated[int, Integers("memory_object_copy_strategy_t", signed=True)]
memory_object_return_t = Annotated[int, Integers("memory_object_return_t", signed=True)]
mach_port_name_t = Annotated[int, Integers("mach_port_t", wire.PORT_NAME)]
mach_port_right_t = Annotated[int, Integers("mach_port_right_t")]
mach_port_type_t = Annotated[int, Integers("mach_port_type_t")]
mach_port_urefs_t = Annotated[int, Integers("mach_port_urefs_t")]
mach_port_delta_t = Annotated[int, Integers("mach_port_delta_t", signed=True)]
mach_port_seqno_t = Annotated[int, Integers("mach_port_seqno_t")]
mach_port_mscount_t = Annotated[int, Integers("mach_port_mscount_t")]
mach_port_msgcount_t = Annotated[int, Integers("mach_port_msgcount_t")]
mach_port_rights_t = Annotated[int, Integers("mach_port_rights_t")]
mach_msg_id_t = Annotated[int, Integers("mach_msg_id_t", signed=True)]
mach_msg_type_name_t = Annotated[int, Integers("mach_msg_type_name_t")]
recnum_t = Annotated[int, Integers("recnum_t")]
dev_mode_t = Annotated[int, Integers("dev_mode_t")]
dev_flavor_t = Annotated[int, Integers("dev_flavor_t")]
sampled_pc_flavor_t = Annotated[int, Integers("sampled_pc_flavor_t")]
sampled_pc_seqno_t = Annotated[int, Integers("sampled_pc_seqno_t")]

# Structures of 32-bit integers (structs.py names their fields).
mach_port_status_t = Annotated[tuple[int, ...], Integers("mach_port_status_t", number=9)]
old_mach_port_status_t = Annotated[tuple[int, ...], Integers("old_mach_port_status_t", number=8)]
vm_statistics_data_t = Annotated[tuple[int, ...], Integers("vm_statistics_data_t", number=13, signed=True)]
time_value_t = Annotated[tuple[int, ...], Integers("time_value_t", number=2, signed=True)]
ipc_info_space_t = Annotated[tuple[int, ...], Integers("ipc_info_space_t", number=6)]
vm_region_info_t = Annotated[tuple[int, ...], Integers("vm_region_info_t", number=11)]
vm_object_info_t = Annotated[tuple[int, ...], Integers("vm_object_info_t", number=14)]

# Strings.
kernel_version_t = Annotated[str, Text("kernel_version_t", 512)]
kernel_boot_info_t = Annotated[str, Text("kernel_boot_info_t", 4096)]
dev_name_t = Annotated[str, Text("dev_name_t", 128)]
symtab_name_t = Annotated[str, Text("symtab_name_t", 32)]

# Arrays in line, with a limit.
_natural = Integers("natural_t")
_integer = Integers("int", signed=True)
thread_state_t = Annotated[tuple[int, ...], InLineArray("thread_state_t", _natural, INFO_MAX)]
thread_info_t = Annotated[tuple[int, ...], InLineArray("thread_info_t", _natural, INFO_MAX)]
task_info_t = Annotated[tuple[int, ...], InLineArray("task_info_t", _natural, INFO_MAX)]
host_info_t = Annotated[tuple[int, ...], InLineArray("host_info_t", _natural, INFO_MAX)]
processor_info_t = Annotated[tuple[int, ...], InLineArray("processor_info_t", _natural, INFO_MAX)]
processor_set_info_t = Annotated[tuple[int, ...], InLineArray("processor_set_info_t", _natural, INFO_MAX)]
dev_status_t = Annotated[tuple[int, ...], InLineArray("dev_status_t", _integer, INFO_MAX)]
io_buf_ptr_inband_t = Annotated[
    bytes, InLineArray("io_buf_ptr_inband_t", Integers("char", wire.CHAR, 8), 128)
]
filter_array_t = Annotated[
    tuple[int, ...], InLineArray("filter_array_t", Integers("filter_t", wire.INTEGER_16, 16), 128)
]
sampled_pc_array_t = Annotated[
    tuple[tuple[int, ...], ...],
    InLineArray("sampled_pc_array_t", Integers("sampled_pc_t", number=3), 512),
]

# Arrays in line while they are small.
zone_name_array_t = Annotated[
    tuple[bytes, ...],
    IndefiniteArray("zone_name_array_t", Integers("zone_name_t", wire.CHAR, 8, number=80)),
]
zone_info_array_t = Annotated[
    tuple[tuple[int, ...], ...],
    IndefiniteArray("zone_info_array_t", Integers("zone_info_t", number=9)),
]
hash_info_bucket_array_t = Annotated[
    tuple[int, ...], IndefiniteArray("hash_info_bucket_array_t", Integers("hash_info_bucket_t"))
]
ipc_info_name_array_t = Annotated[
    tuple[tuple[int, ...], ...],
    IndefiniteArray("ipc_info_name_array_t", Integers("ipc_info_name_t", number=9)),
]
ipc_info_tree_name_array_t = Annotated[
    tuple[tuple[int, ...], ...],
    IndefiniteArray("ipc_info_tree_name_array_t", Integers("ipc_info_tree_name_t", number=11)),
]
vm_page_info_array_t = Annotated[
    tuple[tuple[int, ...], ...],
    IndefiniteArray("vm_page_info_array_t", Integers("vm_page_info_t", number=6)),
]

# Data and integers out of line.
_byte = Integers("char", wire.BYTE, 8)
pointer_t = Annotated[Memory, OutOfLineArray("pointer_t", _byte)]
io_buf_ptr_t = Annotated[Memory, OutOfLineArray("io_buf_ptr_t", _byte)]
emulation_vector_t = Annotated[Words, OutOfLineArray("emulation_vector_t", Integers("vm_offset_t"))]
mach_port_name_array_t = Annotated[
    Words, OutOfLineArray("mach_port_array_t", Integers("mach_port_t", wire.PORT_NAME))
]
mach_port_type_array_t = Annotated[
    Words, OutOfLineArray("mach_port_type_array_t", Integers("mach_port_type_t"))
]

# Ports.
_copy_send = Port("mach_port_t", wire.COPY_SEND, wire.PORT_SEND)
mach_port_t = Annotated[PortObject, _copy_send]
mach_port_copy_send_t = Annotated[PortObject, _copy_send]
mach_port_move_receive_t = Annotated[PortObject, Port("mach_port_t", wire.MOVE_RECEIVE, wire.PORT_RECEIVE)]
mach_port_make_send_t = Annotated[PortObject, Port("mach_port_t", wire.MAKE_SEND, wire.PORT_SEND)]
mach_port_move_send_t = Annotated[PortObject, Port("mach_port_t", wire.MOVE_SEND, wire.PORT_SEND)]
mach_port_make_send_once_t = Annotated[
    PortObject, Port("mach_port_t", wire.MAKE_SEND_ONCE, wire.PORT_SEND_ONCE)
]
mach_port_move_send_once_t = Annotated[
    PortObject, Port("mach_port_t", wire.MOVE_SEND_ONCE, wire.PORT_SEND_ONCE)
]
mach_port_receive_t = Annotated[PortObject, Port("mach_port_t", wire.POLYMORPHIC, wire.PORT_RECEIVE)]
mach_port_send_t = Annotated[PortObject, Port("mach_port_t", wire.POLYMORPHIC, wire.PORT_SEND)]
mach_port_send_once_t = Annotated[PortObject, Port("mach_port_t", wire.POLYMORPHIC, wire.PORT_SEND_ONCE)]
mach_port_poly_t = Annotated[Right, Port("mach_port_t", wire.POLYMORPHIC, wire.POLYMORPHIC)]
reply_to_t = Annotated[Right, Port("mach_port_t", wire.MAKE_SEND_ONCE, wire.POLYMORPHIC)]

task_t = Annotated[PortObject, Port("task_t", wire.COPY_SEND, wire.PORT_SEND)]
vm_task_t = Annotated[PortObject, Port("vm_task_t", wire.COPY_SEND, wire.PORT_SEND)]
ipc_space_t = Annotated[PortObject, Port("ipc_space_t", wire.COPY_SEND, wire.PORT_SEND)]
thread_t = Annotated[PortObject, Port("thread_t", wire.COPY_SEND, wire.PORT_SEND)]
host_t = Annotated[PortObject, Port("host_t", wire.COPY_SEND, wire.PORT_SEND)]
host_priv_t = Annotated[PortObject, Port("host_priv_t", wire.COPY_SEND, wire.PORT_SEND)]
processor_t = Annotated[PortObject, Port("processor_t", wire.COPY_SEND, wire.PORT_SEND)]
processor_set_t = Annotated[PortObject, Port("processor_set_t", wire.COPY_SEND, wire.PORT_SEND)]
processor_set_name_t = Annotated[PortObject, Port("processor_set_name_t", wire.COPY_SEND, wire.PORT_SEND)]
device_t = Annotated[PortObject, Port("device_t", wire.COPY_SEND, wire.PORT_SEND)]

memory_object_t = Annotated[PortObject, Port("memory_object_t", wire.COPY_SEND, wire.PORT_SEND)]
memory_object_move_send_t = Annotated[PortObject, Port("memory_object_t", wire.MOVE_SEND, wire.PORT_SEND)]
memory_object_move_receive_t = Annotated[
    PortObject, Port("memory_object_t", wire.MOVE_RECEIVE, wire.PORT_RECEIVE)
]
memory_object_reply_t = Annotated[PortObject, Port("memory_object_t", wire.POLYMORPHIC, wire.PORT_SEND_ONCE)]
memory_object_control_t = Annotated[
    PortObject, Port("memory_object_control_t", wire.COPY_SEND, wire.PORT_SEND)
]
memory_object_control_make_send_t = Annotated[
    PortObject, Port("memory_object_control_t", wire.MAKE_SEND, wire.PORT_SEND)
]
memory_object_control_move_receive_t = Annotated[
    PortObject, Port("memory_object_control_t", wire.MOVE_RECEIVE, wire.PORT_RECEIVE)
]
memory_object_name_make_send_t = Annotated[
    PortObject, Port("memory_object_name_t", wire.MAKE_SEND, wire.PORT_SEND)
]
memory_object_name_move_receive_t = Annotated[
    PortObject, Port("memory_object_name_t", wire.MOVE_RECEIVE, wire.PORT_RECEIVE)
]
memory_object_name_t = Annotated[PortObject, Port("memory_object_name_t", wire.COPY_SEND, wire.PORT_SEND)]
memory_object_name_move_send_t = Annotated[
    PortObject, Port("memory_object_name_t", wire.MOVE_SEND, wire.PORT_SEND)
]
notify_port_t = Annotated[PortObject, Port("mach_port_t", wire.MOVE_SEND_ONCE, wire.PORT_SEND_ONCE)]
device_reply_port_t = Annotated[PortObject, Port("mach_port_t", wire.POLYMORPHIC, wire.PORT_SEND_ONCE)]

# Ports out of line.
_Ports = tuple[PortObject, ...]
mach_port_array_t = Annotated[_Ports, OutOfLineArray("mach_port_array_t", _copy_send)]
task_array_t = Annotated[
    _Ports, OutOfLineArray("task_array_t", Port("task_t", wire.COPY_SEND, wire.PORT_SEND))
]
thread_array_t = Annotated[
    _Ports, OutOfLineArray("thread_array_t", Port("thread_t", wire.COPY_SEND, wire.PORT_SEND))
]
processor_array_t = Annotated[
    _Ports, OutOfLineArray("processor_array_t", Port("processor_t", wire.COPY_SEND, wire.PORT_SEND))
]
processor_set_name_array_t = Annotated[
    _Ports,
    OutOfLineArray(
        "processor_set_name_array_t", Port("processor_set_name_t", wire.COPY_SEND, wire.PORT_SEND)
    ),
]
