# ruff: noqa: N801 - structures have the names that Mach gave them
"""Mach's structures, under Mach's names: fields and their C types."""

from dataclasses import dataclass
from typing import Annotated, Self

from kernel.interface.structure import Structure

integer_t = Annotated[int, "integer_t"]
natural_t = Annotated[int, "natural_t"]
c_int = Annotated[int, "int"]
c_unsigned = Annotated[int, "unsigned int"]
vm_size_t = Annotated[int, "vm_size_t"]
vm_offset_t = Annotated[int, "vm_offset_t"]
mach_port_t = Annotated[int, "mach_port_t"]
mach_port_seqno_t = Annotated[int, "mach_port_seqno_t"]
mach_port_type_t = Annotated[int, "mach_port_type_t"]
mach_port_urefs_t = Annotated[int, "mach_port_urefs_t"]
cpu_type_t = Annotated[int, "cpu_type_t"]
cpu_subtype_t = Annotated[int, "cpu_subtype_t"]
sampled_pc_flavor_t = Annotated[int, "sampled_pc_flavor_t"]
three_integers_t = Annotated[tuple[int, ...], "integer_t", 3]


@dataclass(frozen=True, slots=True)
class time_value(Structure):
    HEADER = "mach/time_value.h"
    seconds: integer_t
    microseconds: integer_t

    @classmethod
    def from_ns(cls, time_ns: int) -> Self:
        """Return a time in nanoseconds, rounded down to microseconds."""
        seconds, rest_ns = divmod(time_ns, 1_000_000_000)
        return cls(seconds, rest_ns // 1000)


@dataclass(frozen=True, slots=True)
class task_basic_info(Structure):
    HEADER = "mach/task_info.h"
    suspend_count: integer_t
    base_priority: integer_t
    virtual_size: vm_size_t
    resident_size: vm_size_t
    user_time: time_value
    system_time: time_value


@dataclass(frozen=True, slots=True)
class task_events_info(Structure):
    HEADER = "mach/task_info.h"
    faults: natural_t
    zero_fills: natural_t
    reactivations: natural_t
    pageins: natural_t
    cow_faults: natural_t
    messages_sent: natural_t
    messages_received: natural_t


@dataclass(frozen=True, slots=True)
class task_thread_times_info(Structure):
    HEADER = "mach/task_info.h"
    user_time: time_value
    system_time: time_value


@dataclass(frozen=True, slots=True)
class thread_basic_info(Structure):
    HEADER = "mach/thread_info.h"
    user_time: time_value
    system_time: time_value
    cpu_usage: integer_t
    base_priority: integer_t
    cur_priority: integer_t
    run_state: integer_t
    flags: integer_t
    suspend_count: integer_t
    sleep_time: integer_t


@dataclass(frozen=True, slots=True)
class thread_sched_info(Structure):
    HEADER = "mach/thread_info.h"
    policy: integer_t
    data: integer_t
    base_priority: integer_t
    max_priority: integer_t
    cur_priority: integer_t
    depressed: integer_t
    depress_priority: integer_t


@dataclass(frozen=True, slots=True)
class i386_thread_state(Structure):
    HEADER = "mach/i386/thread_status.h"
    gs: c_unsigned
    fs: c_unsigned
    es: c_unsigned
    ds: c_unsigned
    edi: c_unsigned
    esi: c_unsigned
    ebp: c_unsigned
    esp: c_unsigned
    ebx: c_unsigned
    edx: c_unsigned
    ecx: c_unsigned
    eax: c_unsigned
    eip: c_unsigned
    cs: c_unsigned
    efl: c_unsigned
    uesp: c_unsigned
    ss: c_unsigned


@dataclass(frozen=True, slots=True)
class host_basic_info(Structure):
    HEADER = "mach/host_info.h"
    max_cpus: integer_t
    avail_cpus: integer_t
    memory_size: vm_size_t
    cpu_type: cpu_type_t
    cpu_subtype: cpu_subtype_t


@dataclass(frozen=True, slots=True)
class host_sched_info(Structure):
    HEADER = "mach/host_info.h"
    min_timeout: c_int
    min_quantum: c_int


@dataclass(frozen=True, slots=True)
class host_load_info(Structure):
    HEADER = "mach/host_info.h"
    avenrun: three_integers_t
    mach_factor: three_integers_t


@dataclass(frozen=True, slots=True)
class processor_basic_info(Structure):
    HEADER = "mach/processor_info.h"
    cpu_type: cpu_type_t
    cpu_subtype: cpu_subtype_t
    running: integer_t
    slot_num: integer_t
    is_master: integer_t


@dataclass(frozen=True, slots=True)
class processor_set_basic_info(Structure):
    HEADER = "mach/processor_info.h"
    processor_count: c_int
    task_count: c_int
    thread_count: c_int
    load_average: c_int
    mach_factor: c_int


@dataclass(frozen=True, slots=True)
class processor_set_sched_info(Structure):
    HEADER = "mach/processor_info.h"
    policies: c_int
    max_priority: c_int


@dataclass(frozen=True, slots=True)
class vm_statistics(Structure):
    HEADER = "mach/vm_statistics.h"
    pagesize: integer_t
    free_count: integer_t
    active_count: integer_t
    inactive_count: integer_t
    wire_count: integer_t
    zero_fill_count: integer_t
    reactivations: integer_t
    pageins: integer_t
    pageouts: integer_t
    faults: integer_t
    cow_faults: integer_t
    lookups: integer_t
    hits: integer_t


@dataclass(frozen=True, slots=True)
class mach_port_status(Structure):
    HEADER = "mach/port.h"
    mps_pset: mach_port_t
    mps_seqno: mach_port_seqno_t
    mps_mscount: natural_t
    mps_qlimit: natural_t
    mps_msgcount: natural_t
    mps_sorights: natural_t
    mps_srights: natural_t
    mps_pdrequest: natural_t
    mps_nsrequest: natural_t


@dataclass(frozen=True, slots=True)
class old_mach_port_status(Structure):
    HEADER = "mach/port.h"
    mps_pset: mach_port_t
    mps_mscount: natural_t
    mps_qlimit: natural_t
    mps_msgcount: natural_t
    mps_sorights: natural_t
    mps_srights: natural_t
    mps_pdrequest: natural_t
    mps_nsrequest: natural_t


@dataclass(frozen=True, slots=True)
class machine_slot(Structure):
    HEADER = "mach/machine.h"
    is_cpu: integer_t
    cpu_type: cpu_type_t
    cpu_subtype: cpu_subtype_t
    running: integer_t
    cpu_ticks: three_integers_t
    clock_freq: integer_t


@dataclass(frozen=True, slots=True)
class sampled_pc(Structure):
    HEADER = "mach/pc_sample.h"
    id: c_unsigned
    pc: vm_offset_t
    sampletype: sampled_pc_flavor_t


@dataclass(frozen=True, slots=True)
class tty_status(Structure):
    HEADER = "device/tty_status.h"
    tt_ispeed: c_int
    tt_ospeed: c_int
    tt_breakc: c_int
    tt_flags: c_int


@dataclass(frozen=True, slots=True)
class net_status(Structure):
    HEADER = "device/net_status.h"
    min_packet_size: c_int
    max_packet_size: c_int
    header_format: c_int
    header_size: c_int
    address_size: c_int
    flags: c_int
    mapped_size: c_int


@dataclass(frozen=True, slots=True)
class hash_info_bucket(Structure):
    HEADER = "mach_debug/hash_info.h"
    hib_count: natural_t


@dataclass(frozen=True, slots=True)
class ipc_info_space(Structure):
    HEADER = "mach_debug/ipc_info.h"
    iis_genno_mask: natural_t
    iis_table_size: natural_t
    iis_table_next: natural_t
    iis_tree_size: natural_t
    iis_tree_small: natural_t
    iis_tree_hash: natural_t


@dataclass(frozen=True, slots=True)
class ipc_info_name(Structure):
    HEADER = "mach_debug/ipc_info.h"
    iin_name: mach_port_t
    iin_collision: integer_t
    iin_compat: integer_t
    iin_marequest: integer_t
    iin_type: mach_port_type_t
    iin_urefs: mach_port_urefs_t
    iin_object: vm_offset_t
    iin_next: natural_t
    iin_hash: natural_t


@dataclass(frozen=True, slots=True)
class ipc_info_tree_name(Structure):
    HEADER = "mach_debug/ipc_info.h"
    iitn_name: ipc_info_name
    iitn_lchild: mach_port_t
    iitn_rchild: mach_port_t


@dataclass(frozen=True, slots=True)
class vm_region_info(Structure):
    HEADER = "mach_debug/vm_info.h"
    vri_start: vm_offset_t
    vri_end: vm_offset_t
    vri_protection: natural_t
    vri_max_protection: natural_t
    vri_inheritance: natural_t
    vri_wired_count: natural_t
    vri_user_wired_count: natural_t
    vri_object: vm_offset_t
    vri_offset: vm_offset_t
    vri_needs_copy: integer_t
    vri_sharing: natural_t


@dataclass(frozen=True, slots=True)
class vm_object_info(Structure):
    HEADER = "mach_debug/vm_info.h"
    voi_object: vm_offset_t
    voi_pagesize: vm_size_t
    voi_size: vm_size_t
    voi_ref_count: natural_t
    voi_resident_page_count: natural_t
    voi_absent_count: natural_t
    voi_copy: vm_offset_t
    voi_shadow: vm_offset_t
    voi_shadow_offset: vm_offset_t
    voi_paging_offset: vm_offset_t
    voi_copy_strategy: integer_t
    voi_last_alloc: vm_offset_t
    voi_paging_in_progress: natural_t
    voi_state: natural_t


@dataclass(frozen=True, slots=True)
class vm_page_info(Structure):
    HEADER = "mach_debug/vm_info.h"
    vpi_offset: vm_offset_t
    vpi_phys_addr: vm_offset_t
    vpi_wire_count: natural_t
    vpi_page_lock: natural_t
    vpi_unlock_request: natural_t
    vpi_state: natural_t


@dataclass(frozen=True, slots=True)
class zone_info(Structure):
    HEADER = "mach_debug/zone_info.h"
    zi_count: integer_t
    zi_cur_size: vm_size_t
    zi_max_size: vm_size_t
    zi_elem_size: vm_size_t
    zi_alloc_size: vm_size_t
    zi_pageable: integer_t
    zi_sleepable: integer_t
    zi_exhaustible: integer_t
    zi_collectable: integer_t


STRUCTURES: tuple[type[Structure], ...] = (
    time_value,
    task_basic_info,
    task_events_info,
    task_thread_times_info,
    thread_basic_info,
    thread_sched_info,
    i386_thread_state,
    host_basic_info,
    host_sched_info,
    host_load_info,
    processor_basic_info,
    processor_set_basic_info,
    processor_set_sched_info,
    vm_statistics,
    mach_port_status,
    old_mach_port_status,
    machine_slot,
    sampled_pc,
    tty_status,
    net_status,
    hash_info_bucket,
    ipc_info_space,
    ipc_info_name,
    ipc_info_tree_name,
    vm_region_info,
    vm_object_info,
    vm_page_info,
    zone_info,
)
"""In the order in which C must see them."""
