"""The death of ports, and receive rights on their way.

A port dies when its receive right is destroyed.  Its queued messages are destroyed, with the rights in
them; send and send-once rights become dead names; dead-name requests fire; the holder of a no-senders
request gets its send-once right back as a send-once notification.

Invariant: destroying a port never recurses into destroying another.  A message in its queue may carry
the receive right of a port whose queue holds another such message, and so on, as deep as a program
likes; ports that die meanwhile wait in ``system.doomed`` and are dealt with one after the other.
"""

from typing import TYPE_CHECKING

from ..interface.returns import MsgReturn
from . import notify, queue, right
from .layout import UREFS_MAX

if TYPE_CHECKING:
    from .port import Port


def clear_receiver(port: "Port") -> None:
    """The receive right leaves its space, to travel or to be destroyed: threads that wait for the port
    are told, it leaves its port set, and its counts of made send rights and messages start again."""
    if port.port_set is not None:
        port.port_set.remove(port)
    elif port.own_receivers.threads:
        queue.fail_receivers(port.own_receivers, MsgReturn.RCV_PORT_DIED)
    port.mscount = 0
    port.seqno = 0
    port.receiver = None
    port.receiver_name = 0
    port.destination = None


def is_circular(port: "Port", destination: "Port") -> bool:
    """Whether a receive right sent to ``destination`` could never be received, because that port is
    itself, directly or by way of others, in the queue of ``port``."""
    base: Port | None = destination
    while base is not None and base.receiver is None and base.active:
        if base is port:
            return True
        base = base.destination
    return False


def destroy_port(port: "Port") -> None:
    """The receive right, which is in no space any more, is destroyed: the port dies, or is sent to
    whoever requested a port-destroyed notification."""
    assert port.active
    if port.receiver is not None:
        clear_receiver(port)
    if port.pdrequest is not None:
        requester, port.pdrequest = port.pdrequest, None
        port.destination = None
        notify.port_destroyed(requester, port)
        return
    system = port.system
    port.active = False
    port.destination = None
    del system.ports[port.number]
    system.doomed.append((port, _bury_names(port)))
    if len(system.doomed) > 1:
        return  # somebody is already at it
    doomed = system.doomed
    while doomed:
        _mourn(*doomed[0])
        doomed.popleft()


def _bury_names(port: "Port") -> list[tuple["Port", int]]:
    """Turn the names with a dead-name request into dead names; who is to be told of which name."""
    told: list[tuple[Port, int]] = []
    if port.requests is not None:
        for entry, space in port.requests.items():
            requester, entry.request = entry.request, None
            assert requester is not None
            space.bury(entry)
            if entry.urefs < UREFS_MAX:
                entry.urefs += 1
            told.append((requester, entry.name))
        port.requests = None
    return told


def _mourn(port: "Port", told: list[tuple["Port", int]]) -> None:
    """Do what else follows from a port's death."""
    system = port.system
    if system.trace.on:
        system.trace.emit("port_died", port.number)
    queue.release_senders(port)
    messages, port.messages = port.messages, []
    for message in messages:
        queue.refund(message)
        right.destroy_message(message)
    for requester, name in told:
        notify.dead_name(requester, name)
    if port.nsrequest is not None:
        requester, port.nsrequest = port.nsrequest, None
        right.release_send_once(requester)
    if port.kobject is not None:
        system.object_port_died(port)
        port.kobject = None
