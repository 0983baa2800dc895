"""What the kernel tells of ports and names, on send-once rights that tasks gave it (ids from 64)."""

from kernel.interface.declare import SequenceNumber, Subsystem
from kernel.interface.mach_types import (
    mach_port_mscount_t,
    mach_port_name_t,
    mach_port_receive_t,
    mach_port_seqno_t,
    notify_port_t,
)

notify = Subsystem("notify", 64, served_by="whoever asked")


@notify.simpleroutine(65)
def mach_notify_port_deleted(
    notify: notify_port_t, seqno: SequenceNumber[mach_port_seqno_t], name: mach_port_name_t
) -> None:
    """Tell that a name with a dead-name request was freed or used for something else."""


@notify.simpleroutine(66)
def mach_notify_msg_accepted(
    notify: notify_port_t, seqno: SequenceNumber[mach_port_seqno_t], name: mach_port_name_t
) -> None:
    """Tell that a port has room again for the message that went over its limit."""


@notify.simpleroutine(69)
def mach_notify_port_destroyed(
    notify: notify_port_t, seqno: SequenceNumber[mach_port_seqno_t], rights: mach_port_receive_t
) -> None:
    """Give back the receive right of a port that would have been destroyed."""


@notify.simpleroutine(70)
def mach_notify_no_senders(
    notify: notify_port_t, seqno: SequenceNumber[mach_port_seqno_t], mscount: mach_port_mscount_t
) -> None:
    """Tell that no send rights to a port are left."""


@notify.simpleroutine(71)
def mach_notify_send_once(notify: notify_port_t, seqno: SequenceNumber[mach_port_seqno_t]) -> None:
    """Tell that a send-once right was given up without having been used."""


@notify.simpleroutine(72)
def mach_notify_dead_name(
    notify: notify_port_t, seqno: SequenceNumber[mach_port_seqno_t], name: mach_port_name_t
) -> None:
    """Tell that a name's port died; the name has gained one reference."""
