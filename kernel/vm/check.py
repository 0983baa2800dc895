"""An exhaustive check that the virtual memory of a node is consistent.

``check`` asserts the invariants that the files of this room state: every count is recounted, every list
is compared with what it lists, and every translation of every pmap must follow from maps and objects.
It is for tests and for the debugger; it changes nothing.
"""

from collections import Counter
from collections.abc import Iterable

from ..machine.memory import PAGE_MASK, PAGE_SIZE
from ..machine.mmu import PTE_FRAME_MASK, PTE_FRAME_SHIFT, PTE_NO_EXECUTE, PTE_PRESENT, PTE_WRITE
from .entry_list import EntryList
from .map import VmMap
from .map_entry import VmMapEntry
from .object import VmObject
from .page import ABSENT, BUSY, ERROR
from .pmap import PTE_WIRED
from .protection import VM_PROT_WRITE
from .system import VmSystem


def check(
    system: VmSystem,
    *,
    other_frames: int = 0,
    held: Iterable[VmObject] = (),
    in_transfer: Counter[int] | None = None,
) -> None:
    """Assert everything.  ``other_frames``: frames taken outside of this room; ``held``: objects to
    which the caller has references; ``in_transfer``: how often devices have wired which frame."""
    lists = _all_lists(system)
    for entries in lists:
        _check_list(entries)
    _check_shares(system)
    _check_objects(system, lists, held)
    _check_views(system, lists)
    _check_frames(system, other_frames)
    _check_queues(system)
    _check_wiring(system, in_transfer if in_transfer is not None else Counter())
    windows = _windows(system, lists)
    mapped: Counter[int] = Counter()
    for vm_map in system.address_maps.values():
        assert vm_map.references > 0
        assert vm_map.size == sum(entry.end - entry.start for entry in vm_map.entries)
        _check_pmap(system, vm_map, mapped, windows)
    listed = Counter({frame: len(mappings) for frame, mappings in system.maps.mappings.items()})
    assert mapped == listed, "a frame is listed as mapped where it is not"


def _all_lists(system: VmSystem) -> list[EntryList]:
    return [
        *system.address_maps.values(),
        *system.share_maps.values(),
        *(copy.entries for copy in system.copies.values()),
    ]


def _check_list(entries: EntryList) -> None:
    """Sorted, disjoint, aligned, within bounds."""
    at = entries.minimum
    assert entries.starts == [entry.start for entry in entries.entries]
    for entry in entries.entries:
        assert at <= entry.start < entry.end <= entries.maximum, f"{entry} is out of place"
        assert not (entry.start | entry.end | entry.offset) & PAGE_MASK
        assert entry.object is None or entry.share is None
        assert entry.object is not None or not entry.needs_copy or entry.share is None
        assert entry.wired_count >= (entry.user_wired_count > 0)
        at = entry.end
    hint = entries.hint
    assert hint.start == hint.end or any(entry is hint for entry in entries.entries), "stale hint"
    at = entries.lowest
    while at < entries.first_free:
        found = [entry for entry in entries.entries if entry.start <= at < entry.end]
        assert found, f"{at:#x} is free, below first_free {entries.first_free:#x}"
        at = found[0].end


def _check_shares(system: VmSystem) -> None:
    """Sharing maps are covered as often as their entries say."""
    references: Counter[int] = Counter()
    cover: dict[int, list[tuple[int, int]]] = {number: [] for number in system.share_maps}
    for vm_map in system.address_maps.values():
        for entry in vm_map.entries:
            if entry.share is not None:
                references[entry.share.number] += 1
                cover[entry.share.number].append((entry.offset, entry.offset + entry.end - entry.start))
    for number, share in system.share_maps.items():
        assert share.references == references[number] > 0
        for leaf in share.entries:
            assert leaf.share is None
            for at in range(leaf.start, leaf.end, PAGE_SIZE):
                sharers = sum(1 for low, high in cover[number] if low <= at < high)
                assert leaf.sharers == sharers > 0, f"{leaf} has {sharers} sharers at {at:#x}"
        for low, high in cover[number]:
            at = low
            for leaf in share.between(low, high):
                assert leaf.start <= at, f"{share} has a hole at {at:#x}"
                at = min(leaf.end, high)
            assert at == high


def _check_objects(system: VmSystem, lists: list[EntryList], held: Iterable[VmObject]) -> None:
    """Reference counts, shadow links, page lists."""
    references: Counter[int] = Counter()
    for entries in lists:
        for entry in entries.entries:
            if entry.object is not None:
                assert system.objects.get(entry.object.number) is entry.object, f"{entry} leads to a ghost"
                references[entry.object.number] += 1
                if entry.object.internal:
                    assert entry.offset + entry.end - entry.start <= entry.object.size
    for vm_object in [*held, *system.waited_for]:
        references[vm_object.number] += 1
    for vm_object in system.objects.values():
        assert vm_object.alive
        if vm_object.shadow is not None:
            references[vm_object.shadow.number] += 1
            assert any(above is vm_object for above in vm_object.shadow.shadows)
            assert system.objects.get(vm_object.shadow.number) is vm_object.shadow
    for number, vm_object in system.objects.items():
        assert vm_object.references == references[number], (
            f"{vm_object} has {vm_object.references} references, but {references[number]} are known"
        )
        assert vm_object.references or vm_object.may_cache
        assert all(above.shadow is vm_object for above in vm_object.shadows)
        assert vm_object.copy is None or vm_object.copy.shadow is vm_object
        seen = {number}
        below = vm_object.shadow
        while below is not None:
            assert below.number not in seen, f"{vm_object} shadows itself"
            seen.add(below.number)
            below = below.shadow
        for offset, page in vm_object.pages.items():
            assert page.object is vm_object and page.offset == offset and not offset & PAGE_MASK
            assert 0 <= offset < vm_object.size
            if page.frame:
                assert system.pages.by_frame[page.frame] is page
            else:
                assert page.flags & (BUSY | ABSENT | ERROR)
            assert not page.waiters or page.flags


def _check_views(system: VmSystem, lists: list[EntryList]) -> None:
    """What is copied symmetrically is not written while others see it."""
    views: dict[int, list[VmMapEntry]] = {}
    for entries in lists:
        for entry in entries.entries:
            if entry.object is not None:
                views.setdefault(entry.object.number, []).append(entry)
    for number, entries_of in views.items():
        vm_object = system.objects[number]
        if not vm_object.symmetric:
            continue
        windows = [(entry, entry.offset, entry.offset + entry.end - entry.start) for entry in entries_of]
        for writer, low, high in windows:
            if writer.needs_copy:
                continue
            assert not vm_object.frozen, f"{writer} may write to a frozen copy object"
            for other, other_low, other_high in windows:
                assert other is writer or other_high <= low or high <= other_low, f"{writer} and {other}"
            for above in vm_object.shadows:
                window = above.shadow_offset, above.shadow_offset + above.size
                assert above is vm_object.copy or window[1] <= low or high <= window[0], (
                    f"{writer} may write what {above} sees"
                )


def _check_frames(system: VmSystem, other_frames: int) -> None:
    """Each frame is in one place."""
    pages = system.pages.by_frame
    for frame, page in pages.items():
        assert page.frame == frame and page.object.pages.get(page.offset) is page
    tables = [frame for vm_map in system.address_maps.values() for frame in vm_map.pmap.frames()]
    assert len(tables) == len(set(tables))
    assert not set(tables) & set(pages)
    taken = system.memory.frames - system.memory.free_count
    # Frame 0 is never handed out.
    assert taken == 1 + len(pages) + len(tables) + other_frames, (
        f"{taken} frames are taken: {len(pages)} by pages, {len(tables)} by page tables"
    )


def _check_queues(system: VmSystem) -> None:
    """Each page is in the queue that it says, and wired pages in none that page-out looks at."""
    queues = system.pages.queues
    listed = 0
    for queue in queues.lists():
        listed += len(queue)
        for frame, page in queue.items():
            assert page.queue is queue and system.pages.by_frame.get(frame) is page, f"{page} is misplaced"
            assert not page.wire_count or (queue is not queues.active and queue is not queues.inactive)
    loose = [page for page in system.pages.by_frame.values() if page.queue is None]
    assert all(page.wire_count for page in loose), f"{loose} are in no queue"
    assert listed + len(loose) == len(system.pages.by_frame)


def _check_wiring(system: VmSystem, in_transfer: Counter[int]) -> None:
    """Pages are wired as often as entries and devices say, and are where they must be."""
    expected: Counter[int] = +in_transfer
    private = [
        entry for vm_map in system.address_maps.values() for entry in vm_map.entries if entry.wired_count
    ]
    leaves = [(entry, 1) for entry in private if entry.share is None]
    leaves += [(leaf, leaf.wired_count) for share in system.share_maps.values() for leaf in share.entries]
    for leaf, count in leaves:
        if not count:
            continue
        assert leaf.object is not None and not leaf.needs_copy
        for offset in range(leaf.offset, leaf.offset + leaf.end - leaf.start, PAGE_SIZE):
            expected[leaf.object.pages[offset].frame] += count
    wired = Counter({page.frame: page.wire_count for page in system.pages.by_frame.values()})
    assert +wired == expected
    assert system.pages.wire_count == len(expected)
    shared: Counter[tuple[int, int]] = Counter()  # (sharing map, address there) -> wirings
    for entry in private:
        if entry.share is not None:
            end = entry.offset + entry.end - entry.start
            shared.update((entry.share.number, at) for at in range(entry.offset, end, PAGE_SIZE))
    for number, share in system.share_maps.items():
        for leaf in share.entries:
            for at in range(leaf.start, leaf.end, PAGE_SIZE):
                assert leaf.wired_count == shared[number, at]


_Windows = dict[int, list[tuple[int, int]]]


def _windows(system: VmSystem, lists: list[EntryList]) -> _Windows:
    """The parts of each object, by number, that somebody can see."""
    windows: _Windows = {number: [] for number in system.objects}
    for entries in lists:
        for entry in entries.entries:
            if entry.object is not None:
                windows[entry.object.number].append((entry.offset, entry.offset + entry.end - entry.start))
    for above in system.objects.values():
        if above.shadow is not None:
            windows[above.shadow.number].append((above.shadow_offset, above.shadow_offset + above.size))
    return windows


def _check_pmap(system: VmSystem, vm_map: VmMap, mapped: Counter[int], windows: _Windows) -> None:
    """Every translation follows from the map, and gives no more rights than it may."""
    pmap = vm_map.pmap
    words = system.maps.words
    present = 0
    for slot, table in pmap.tables.items():
        for number in range(512):
            entry = words[table + number]
            if not entry & PTE_PRESENT:
                assert entry == 0
                continue
            present += 1
            address = (slot << 21) + (number << 12)
            frame = (entry & PTE_FRAME_MASK) >> PTE_FRAME_SHIFT
            mapped[frame] += 1
            assert (pmap, address) in system.maps.mappings[frame]
            _check_translation(system, vm_map, address, frame, entry, windows)
    assert pmap.resident == present


def _check_translation(
    system: VmSystem, vm_map: VmMap, address: int, frame: int, translation: int, windows: _Windows
) -> None:
    entry = next((one for one in vm_map.entries if one.start <= address < one.end), None)
    assert entry is not None, f"{address:#x} is mapped, but not allocated"
    leaf, offset = entry, entry.offset + address - entry.start
    if entry.share is not None:
        leaf = next(one for one in entry.share.entries if one.start <= offset < one.end)
        offset += leaf.offset - leaf.start
    vm_object = leaf.object
    assert vm_object is not None
    page = vm_object.visible_page(offset)
    assert page is not None and page.frame == frame, f"{address:#x} leads to frame {frame}, not to {page}"
    assert entry.protection, f"{address:#x} is mapped, but may not be accessed"
    assert bool(translation & PTE_WIRED) <= bool(entry.wired_count)
    exclusive = system.maps.exclusive and frame not in system.memory.mixed
    if not translation & PTE_NO_EXECUTE:
        assert system.memory.executed[frame]
        assert not (exclusive and translation & PTE_WRITE)
    if translation & PTE_WRITE:
        assert entry.protection & VM_PROT_WRITE and not leaf.needs_copy
        assert page.object is vm_object, f"{address:#x} is writable in an object that others see"
        assert not page.lock & VM_PROT_WRITE
        assert not (exclusive and system.memory.executed[frame])
        copy = vm_object.copy
        if copy is not None:
            at = offset - copy.shadow_offset
            seen = any(low <= at < high for low, high in windows[copy.number])
            assert not seen or at in copy.pages, f"{address:#x}: old contents not pushed"
