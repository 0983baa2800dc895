"""Physical maps: the i386 page tables of address spaces, and what they say about frames.

A ``Pmap`` is a cache.  It holds translations that the machine-independent maps and objects justify,
may forget any of them but wired ones, and is never the only place where something is known.  The
tables are real ones, in frames, and the processors walk them by themselves (see ``machine/mmu.py``).

Invariants
- Every present entry is listed under its frame, and only there (``PhysicalMaps.mappings``); so all
  mappings of a page can be found, and a page can be taken back from everybody.
- ``generation`` moves on whenever a right was taken away (an entry removed, made read-only, or led to
  another frame), and never otherwise: giving rights needs no flush, because a fault of a processor is
  decided on the tables, not on what it cached.  No two address spaces ever have the same root and
  the same generation, though the root table of one may use the frame of another that is gone.
- The referenced and modified bits of a frame are the ACCESSED and DIRTY bits of its present entries,
  or'ed with ``attributes``, where the bits of removed entries are kept.
- A frame from which instructions were ever fetched has ``memory.executed`` set.  Pages are entered
  no-execute at first although readable means executable; the fetch fault that follows is how it is
  known which frames hold code, so that translated code is dropped only for those.
- With several processors no frame is writable and executable at once, in whichever maps: one
  processor does not notice the stores of another into code that it has translated.  Each change of a
  frame from code back to data moves ``memory.code_generation`` on.  The exception are frames whose code
  stores into itself, which would never get on: those in ``memory.mixed`` are both.

After Mach's ``pmap.h``; the bulk write-protection treats a table as one big integer.
"""

from ..machine.clock import Clock
from ..machine.costs import Costs
from ..machine.memory import PAGE_SHIFT, PhysicalMemory
from ..machine.mmu import (
    KERNEL_BASE,
    PTE_ACCESSED,
    PTE_DIRTY,
    PTE_FRAME_MASK,
    PTE_NO_EXECUTE,
    PTE_PRESENT,
    PTE_USER,
    PTE_WRITE,
    Translation,
)
from .protection import VM_PROT_EXECUTE, VM_PROT_NONE, VM_PROT_WRITE

PTE_WIRED = 1 << 9  # one of the bits that the i386 leaves to software: must not be forgotten

MODIFIED = 1  # bits of PhysicalMaps.attributes
REFERENCED = 2

_USER_PAGE = PTE_PRESENT | PTE_USER
_TABLE = PTE_PRESENT | PTE_USER | PTE_WRITE
_ENTRIES = 512  # entries of 8 bytes in a table or directory
_TABLE_SHIFT = 21  # a page table maps 2 MB
_TABLE_SPAN = 1 << _TABLE_SHIFT
_TABLES = KERNEL_BASE >> _TABLE_SHIFT


class PhysicalMaps:
    """What all pmaps of a node have in common: the frames, and who maps which."""

    __slots__ = (
        "_masks",
        "attributes",
        "clock",
        "costs",
        "exclusive",
        "first_generation",
        "kernel_directory",
        "mappings",
        "memory",
        "words",
    )

    def __init__(
        self, memory: PhysicalMemory, clock: Clock, costs: Costs, kernel_directory: int, processors: int
    ) -> None:
        self.memory = memory
        self.clock = clock
        self.costs = costs
        self.kernel_directory = kernel_directory  # physical address of the fourth gigabyte's; 0 = none
        self.exclusive = processors > 1  # a frame is never writable and executable at once
        self.words = memory.view.cast("Q")  # all of memory as page-table entries
        self.attributes = bytearray(memory.frames)
        self.mappings: dict[int, list[tuple[Pmap, int]]] = {}  # frame -> (pmap, address) of each mapping
        self.first_generation = 0  # of the next pmap: beyond those of all that are gone
        self._masks: dict[int, int] = {}  # number of entries -> that many entries with all bits but WRITE

    def not_writable(self, count: int) -> int:
        """``count`` adjacent entries, as one integer, with every bit set but WRITE."""
        mask = self._masks.get(count)
        if mask is None:
            entry = (0xFFFF_FFFF_FFFF_FFFF & ~PTE_WRITE).to_bytes(8, "little")
            mask = self._masks[count] = int.from_bytes(entry * count, "little")
        return mask

    # ---- by frame

    def page_protect(self, frame: int, protection: int) -> None:
        """Take rights to a frame away from everybody: all (VM_PROT_NONE), or that to write."""
        mapped = self.mappings.get(frame)
        if mapped is None or protection & VM_PROT_WRITE:
            return
        if protection == VM_PROT_NONE:
            for pmap, address in list(mapped):
                pmap.remove_page(address)
            return
        words = self.words
        for pmap, address in mapped:
            index = pmap.index(address)
            entry = words[index]
            if entry & PTE_WRITE:
                words[index] = entry & ~PTE_WRITE
                pmap.generation += 1
                self.clock.now += self.costs.pmap_remove

    def is_modified(self, frame: int) -> bool:
        return bool(self._bits(frame) & MODIFIED)

    def is_referenced(self, frame: int) -> bool:
        return bool(self._bits(frame) & REFERENCED)

    def clear_modified(self, frame: int) -> None:
        """From now on ``is_modified`` tells of later writes only."""
        self._clear(frame, PTE_DIRTY, MODIFIED)

    def clear_referenced(self, frame: int) -> None:
        """From now on ``is_referenced`` tells of later accesses only."""
        self._clear(frame, PTE_ACCESSED, REFERENCED)

    def _bits(self, frame: int) -> int:
        bits = self.attributes[frame]
        for pmap, address in self.mappings.get(frame, ()):
            bits |= _attributes(self.words[pmap.index(address)])
        return bits

    def _clear(self, frame: int, entry_bit: int, attribute: int) -> None:
        self.attributes[frame] &= ~attribute
        for pmap, address in self.mappings.get(frame, ()):
            index = pmap.index(address)
            if self.words[index] & entry_bit:
                self.words[index] &= ~entry_bit
                pmap.generation += 1  # a processor that cached the entry would not set the bit again

    # ---- code and data

    def make_code(self, frame: int) -> None:
        """Instructions are about to be fetched from ``frame``."""
        self.memory.executed[frame] = 1
        if self.exclusive:
            self.memory.mixed.discard(frame)
            self.page_protect(frame, ~VM_PROT_WRITE)

    def make_data(self, frame: int) -> None:
        """Code in ``frame`` is about to be overwritten by instructions (several processors only)."""
        words = self.words
        for pmap, address in self.mappings.get(frame, ()):
            index = pmap.index(address)
            if not words[index] & PTE_NO_EXECUTE:
                words[index] |= PTE_NO_EXECUTE
                pmap.generation += 1
        self.memory.executed[frame] = 0
        self.memory.mixed.discard(frame)
        self.memory.code_generation += 1

    def make_mixed(self, frame: int) -> None:
        """An instruction in ``frame``, which was just made data, is about to store into it."""
        words = self.words
        for pmap, address in self.mappings[frame]:
            words[pmap.index(address)] &= ~PTE_NO_EXECUTE
        self.memory.executed[frame] = 1
        self.memory.mixed.add(frame)


class Pmap(Translation):
    """The page tables of one address space."""

    __slots__ = ("_directories", "_maps", "_root", "resident", "tables")

    def __init__(self, maps: PhysicalMaps, root: int) -> None:
        """``root`` is a free frame, which becomes the root table."""
        super().__init__(root << PAGE_SHIFT)
        self.generation = maps.first_generation
        maps.memory.zero(root)
        self._maps = maps
        self._root = root
        self._directories = [0, 0, 0]  # word index of each gigabyte's page directory; 0 = none yet
        self.tables: dict[int, int] = {}  # address >> 21 -> word index of the page table
        self.resident = 0  # present entries
        if maps.kernel_directory:
            maps.words[(root * _ENTRIES) + 3] = maps.kernel_directory | PTE_PRESENT

    # ---- one page

    def enter(self, address: int, frame: int, protection: int, wired: bool = False) -> bool:
        """Map the page at ``address`` to ``frame``; False when there is no frame for a page table.

        VM_PROT_EXECUTE in ``protection`` says that an instruction is to be fetched now; without it the
        page becomes executable only if that frame was already found to hold code.
        """
        maps = self._maps
        table = self.tables.get(address >> _TABLE_SHIFT)
        if table is None:
            table = self._make_table(address >> _TABLE_SHIFT)
            if not table:
                return False
        entry = frame << PAGE_SHIFT | _USER_PAGE
        if protection & VM_PROT_WRITE:
            entry |= PTE_WRITE
        if protection & VM_PROT_EXECUTE or maps.memory.executed[frame]:
            entry = self._enter_code(frame, entry, protection)
        else:
            entry |= PTE_NO_EXECUTE
        if wired:
            entry |= PTE_WIRED
        words = maps.words
        index = table + (address >> PAGE_SHIFT & 511)
        old = words[index]
        if old & PTE_PRESENT:
            if (old ^ entry) & PTE_FRAME_MASK:
                self._unlink(old, address)
                self._link(frame, address)
                self.generation += 1
            else:
                entry |= old & (PTE_ACCESSED | PTE_DIRTY)
                if old & PTE_WRITE > entry & PTE_WRITE or old & PTE_NO_EXECUTE < entry & PTE_NO_EXECUTE:
                    self.generation += 1
        else:
            mapped = maps.mappings.get(frame)
            if mapped is None:
                maps.mappings[frame] = [(self, address)]
            else:
                mapped.append((self, address))
            self.resident += 1
        words[index] = entry
        maps.clock.now += maps.costs.pmap_enter
        return True

    def _enter_code(self, frame: int, entry: int, protection: int) -> int:
        """``entry`` with the right mix of WRITE and NO_EXECUTE for a frame that holds code, or will."""
        maps = self._maps
        if protection & VM_PROT_EXECUTE:
            maps.make_code(frame)
            return entry & ~PTE_WRITE if maps.exclusive else entry
        if maps.exclusive and protection & VM_PROT_WRITE:
            maps.make_data(frame)
            return entry | PTE_NO_EXECUTE
        return entry

    def remove_page(self, address: int) -> None:
        """Forget the translation of the page at ``address``, if there is one."""
        index = self.index(address)
        if index < 0:
            return
        old = self._maps.words[index]
        if old & PTE_PRESENT:
            self._maps.words[index] = 0
            self._unlink(old, address)
            self.resident -= 1
            self.generation += 1
            self._maps.clock.now += self._maps.costs.pmap_remove

    def unwire(self, start: int, end: int) -> None:
        """The translations from ``start`` up to ``end`` may be forgotten again."""
        words = self._maps.words
        for slot, first, last in self._segments(start, end):
            table = self.tables[slot]
            for index in range(table + first, table + last):
                if words[index] & PTE_WIRED:
                    words[index] &= ~PTE_WIRED

    def mark_modified(self, address: int) -> None:
        """The kernel wrote to the page at ``address``, as a program could have."""
        self._maps.words[self.index(address)] |= PTE_ACCESSED | PTE_DIRTY

    def entry(self, address: int) -> int:
        """The page-table entry for ``address``; 0 when there is no table."""
        index = self.index(address)
        return self._maps.words[index] if index >= 0 else 0

    def extract(self, address: int) -> int | None:
        """The frame that ``address`` leads to, or None."""
        entry = self.entry(address)
        return (entry & PTE_FRAME_MASK) >> PAGE_SHIFT if entry & PTE_PRESENT else None

    def index(self, address: int) -> int:
        """Index of the page-table entry in ``PhysicalMaps.words``, or -1 when there is no table."""
        table = self.tables.get(address >> _TABLE_SHIFT)
        return -1 if table is None else table + (address >> PAGE_SHIFT & 511)

    # ---- ranges

    def remove(self, start: int, end: int) -> None:
        """Forget all translations from ``start`` up to ``end``, and page tables that lie wholly within."""
        maps = self._maps
        words = maps.words
        removed = 0
        for slot, first, last in self._segments(start, end):
            table = self.tables[slot]
            base = slot << _TABLE_SHIFT
            for number, entry in enumerate(words[table + first : table + last].tolist(), first):
                if entry:
                    words[table + number] = 0
                    self._unlink(entry, base + (number << PAGE_SHIFT))
                    removed += 1
            if last - first == _ENTRIES:
                self._free_table(slot)
        if removed:
            self.resident -= removed
            self.generation += 1
            maps.clock.now += removed * maps.costs.pmap_remove

    def protect(self, start: int, end: int, protection: int) -> None:
        """Reduce rights from ``start`` up to ``end``; never adds any (the next fault does that)."""
        if protection & VM_PROT_WRITE:
            return
        if protection == VM_PROT_NONE:
            self.remove(start, end)
            return
        maps = self._maps
        view = maps.memory.view
        changed = 0
        for slot, first, last in self._segments(start, end):
            table = self.tables[slot]
            low, high = (table + first) * 8, (table + last) * 8
            old = int.from_bytes(view[low:high], "little")
            new = old & maps.not_writable(last - first)
            if new != old:
                view[low:high] = new.to_bytes(high - low, "little")
                changed += (old ^ new).bit_count()
        if changed:
            self.generation += 1
            maps.clock.now += changed * maps.costs.pmap_remove

    def _segments(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """The parts of a range that have a page table: (slot, first entry, entry after the last)."""
        tables = self.tables
        low, high = start >> _TABLE_SHIFT, (end - 1) >> _TABLE_SHIFT
        slots = (
            [slot for slot in tables if low <= slot <= high]
            if high - low > len(tables)
            else [slot for slot in range(low, high + 1) if slot in tables]
        )
        segments = []
        for slot in slots:
            base = slot << _TABLE_SHIFT
            first = max(start - base, 0) >> PAGE_SHIFT
            last = min(end - base, _TABLE_SPAN) >> PAGE_SHIFT
            segments.append((slot, first, last))
        return segments

    # ---- tables

    def _make_table(self, slot: int) -> int:
        """The word index of a new page table for the 2 MB at ``slot``; 0 when frames ran out."""
        assert slot < _TABLES, f"a page table at {slot << _TABLE_SHIFT:#x}, which belongs to the machine"
        maps = self._maps
        gigabyte = slot >> 9
        directory = self._directories[gigabyte]
        if not directory:
            frame = maps.memory.allocate()
            if frame is None:
                return 0
            maps.memory.zero(frame)
            directory = self._directories[gigabyte] = frame * _ENTRIES
            maps.words[self._root * _ENTRIES + gigabyte] = frame << PAGE_SHIFT | PTE_PRESENT
        frame = maps.memory.allocate()
        if frame is None:
            return 0
        maps.memory.zero(frame)
        maps.words[directory + (slot & 511)] = frame << PAGE_SHIFT | _TABLE
        table = self.tables[slot] = frame * _ENTRIES
        maps.clock.now += maps.costs.page_allocate + maps.costs.zero_page
        return table

    def _free_table(self, slot: int) -> None:
        self._maps.words[self._directories[slot >> 9] + (slot & 511)] = 0
        self._maps.memory.free(self.tables.pop(slot) // _ENTRIES)

    def frames(self) -> list[int]:
        """The frames that the tables themselves take."""
        directories = [index // _ENTRIES for index in self._directories if index]
        return [self._root, *directories, *(index // _ENTRIES for index in self.tables.values())]

    def destroy(self) -> None:
        """Forget everything, and give the tables back."""
        if self.resident:
            self.remove(0, KERNEL_BASE)
        for frame in self.frames():
            self._maps.memory.free(frame)
        self.tables.clear()
        self._directories = [0, 0, 0]
        self._maps.first_generation = max(self._maps.first_generation, self.generation + 1)

    # ---- who maps a frame

    def _link(self, frame: int, address: int) -> None:
        self._maps.mappings.setdefault(frame, []).append((self, address))

    def _unlink(self, entry: int, address: int) -> None:
        """A mapping is gone: keep its history, and take it off its frame's list."""
        maps = self._maps
        frame = (entry & PTE_FRAME_MASK) >> PAGE_SHIFT
        if entry & PTE_DIRTY:
            maps.attributes[frame] |= MODIFIED | REFERENCED
        elif entry & PTE_ACCESSED:
            maps.attributes[frame] |= REFERENCED
        mapped = maps.mappings[frame]
        if len(mapped) == 1:
            del maps.mappings[frame]
        else:
            mapped.remove((self, address))


def _attributes(entry: int) -> int:
    return (MODIFIED if entry & PTE_DIRTY else 0) | (REFERENCED if entry & PTE_ACCESSED else 0)
