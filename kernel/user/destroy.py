"""``mach_msg_destroy``: giving up everything that a message has in it."""

from ..interface.body import CarriedMemory
from ..interface.wire import PORT_RECEIVE
from ..ipc import entry as names
from ..ipc.layout import TYPE_RECEIVE
from ..ipc.named_message import NamedMessage, Region
from ..vm import user as vm_user
from .door import Door


def destroy_message(door: Door, message: NamedMessage) -> None:
    """Destroy rights and memory of a received message, or of one that came back unsent.  Each right
    costs the trap that a C program would need."""
    _drop(door, message.remote, message.remote_type)
    destroy_carried(door, message)


def destroy_carried(door: Door, message: NamedMessage) -> None:
    """As ``destroy_message``, but without the reply right."""
    for record in message.carried:
        if isinstance(record, CarriedMemory):
            if isinstance(record.memory, Region) and record.size:
                door.clock.now += door.trap_ns
                if door.task.active:
                    vm_user.vm_deallocate(door.map, record.memory.address, record.size)
        else:
            for name in record.ports:
                assert isinstance(name, int)
                _drop(door, name, record.disposition)


def _drop(door: Door, name: int, disposition: int) -> None:
    """Give up one right, if it still is what it was."""
    entry = door.space.lookup(name) if name and disposition else None
    if entry is None:
        return
    door.clock.now += door.trap_ns
    if disposition == PORT_RECEIVE:
        if entry.type & TYPE_RECEIVE:
            names.drop_receive(door.space, entry)
    elif not entry.type & TYPE_RECEIVE or entry.urefs:
        names.drop_one(door.space, entry)
