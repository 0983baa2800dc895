"""Overwriting memory with a copy.

Where whole pages replace memory that nobody shares, the copy's entries are put in the place of the old
ones, and no byte moves.  Elsewhere (shared, wired, permanent memory, and parts of pages) the bytes are
written to the pages that are there.

All that can fail is done first, so that a failure leaves the destination as it was: the pages to be
written are made writable and resident, and those to be read are looked for.

After Mach's ``vm_map_copy_overwrite``, which worked on whole pages only.
"""

from typing import TYPE_CHECKING

from ..interface.returns import KernReturn, MachError
from ..machine.memory import PAGE_MASK, PAGE_SIZE
from .entry_list import EntryList
from .fault import PageWait, fault_step, need_frames
from .map_entry import VmMapEntry
from .object import NotResident
from .page import ZEROES, VmPage
from .protection import VM_PROT_READ, VM_PROT_WRITE, trunc_page

if TYPE_CHECKING:
    from .map import VmMap


def overwrite(vm_map: "VmMap", address: int, source: EntryList, offset: int, size: int) -> None:
    """Write ``size`` bytes, at ``offset`` of the entries in ``source``, to ``address``.  Takes entries
    out of ``source``, or leaves them.  INVALID_ADDRESS, PROTECTION_FAILURE, RESOURCE_SHORTAGE,
    PageWait."""
    _check(vm_map, address, address + size)
    vm_map.check_room(2 * len(source.entries))
    substituted, written = _divide(vm_map, address, offset, size)
    need_frames(vm_map, written, sum(end - start for start, end in written) // PAGE_SIZE)
    for start, end in written:
        for at in range(trunc_page(start), end, PAGE_SIZE):
            outcome = fault_step(vm_map, at, VM_PROT_READ | VM_PROT_WRITE)
            if not isinstance(outcome, int):
                raise PageWait(vm_map, at, VM_PROT_READ | VM_PROT_WRITE)
            if outcome:
                raise MachError(outcome)
        for at in range(trunc_page(start - address + offset), end - address + offset, PAGE_SIZE):
            visible_page(source, at)
    for start, end in written:
        _write(vm_map, start, end, source, offset - address)
    for start, end in substituted:
        _substitute(vm_map, start, end, source, -address)


def _check(vm_map: "VmMap", start: int, end: int) -> None:
    """All of the destination must be there, and writable."""
    at = start
    for entry in vm_map.between(start, end):
        if entry.start > at:
            break
        if not entry.protection & VM_PROT_WRITE:
            raise MachError(KernReturn.PROTECTION_FAILURE)
        at = entry.end
    if at < end:
        raise MachError(KernReturn.INVALID_ADDRESS)


_Range = tuple[int, int]


def _divide(vm_map: "VmMap", address: int, offset: int, size: int) -> tuple[list[_Range], list[_Range]]:
    """The parts of the destination whose entries can be substituted, and those to be written."""
    end = address + size
    if address & PAGE_MASK or offset:
        return [], [(address, end)]
    substituted: list[_Range] = []
    written: list[_Range] = []
    whole = trunc_page(end)
    for entry in vm_map.between(address, whole):
        part = (max(entry.start, address), min(entry.end, whole))
        vm_object = entry.object
        if entry.share is None and not entry.wired_count and (vm_object is None or vm_object.symmetric):
            substituted.append(part)
        else:
            written.append(part)
    if whole < end:
        written.append((whole, end))
    return substituted, written


def _substitute(vm_map: "VmMap", start: int, end: int, source: EntryList, shift: int) -> None:
    """Let the addresses lead to what the source has at ``address + shift``."""
    for old in vm_map.clip_range(start, end):
        pieces = source.clip_range(old.start + shift, old.end + shift)
        source.unlink(old.start + shift, old.end + shift)
        vm_map.release(old)
        vm_map.unlink(old.start, old.end)
        for piece in pieces:
            new = old.clone(piece.start - shift, piece.end - shift)
            new.object, new.offset, new.needs_copy = piece.object, piece.offset, piece.needs_copy
            vm_map.insert(new)
        vm_map.free_hidden(old)
        if old.object is not None:
            old.object.deallocate()


def _write(vm_map: "VmMap", start: int, end: int, source: EntryList, shift: int) -> None:
    """Write to pages that are mapped writable what the source has at ``address + shift``."""
    memory = vm_map.system.memory
    at = start
    while at < end:
        low, high = at & PAGE_MASK, (at + shift) & PAGE_MASK
        size = min(PAGE_SIZE - low, PAGE_SIZE - high, end - at)
        frame = vm_map.pmap.extract(at)
        assert frame is not None
        page = visible_page(source, trunc_page(at + shift))
        contents = ZEROES if page is None else memory.frame(page.frame)
        memory.write(frame, low, contents[high : high + size])
        vm_map.pmap.mark_modified(at)
        at += size
    vm_map.system.clock.now += vm_map.system.costs.copy(end - start)


def visible_page(source: EntryList, at: int) -> VmPage | None:
    """The resident page that the entries of a copy lead to at ``at``; None for zeroes.  PageWait when
    it must be brought in."""
    entry: VmMapEntry | None = source.lookup(at)
    assert entry is not None, f"a copy has no page at {at:#x}"
    if entry.object is None:
        return None
    try:
        return entry.object.visible_page(at - entry.start + entry.offset)
    except NotResident:
        raise PageWait(source, at, VM_PROT_READ) from None
