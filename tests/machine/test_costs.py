"""Cost tables: the sums of the primitives are near the composite figures that were published."""

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from kernel.machine import costs as costs_module
from kernel.machine.costs import Costs, load_costs, models

FOLDER = Path(costs_module.__file__).parent / "costs"
HEADER = 24


def null_rpc(costs: Costs) -> int:
    """Two tasks of a node, a message of nothing but its header each way, hand-off both times."""
    one_way = costs.trap + costs.message_copyin + costs.message_copyout + costs.handoff + costs.context_switch
    return 2 * one_way + 4 * costs.copy(HEADER)


def fast_fault(costs: Costs) -> int:
    """The page is resident, and only has to be entered."""
    return costs.exception + costs.map_lookup + costs.fault + costs.pmap_enter


def kernel_call(costs: Costs, size: int) -> int:
    """A message to a kernel port and its reply, together ``size`` bytes, without the work itself."""
    message = costs.trap + costs.message_copyin + costs.kernel_call + costs.message_copyout
    return message + costs.copy(size)


def window_remap(costs: Costs) -> int:
    """Another 64 KB of a file: vm_deallocate, vm_map of its memory object, and the first fault in it."""
    calls = kernel_call(costs, 100) + kernel_call(costs, 200) + costs.right_copyin
    entries = 2 * costs.map_lookup + 4 * costs.map_entry + costs.object_create  # two clipped, one out, one in
    return calls + entries + 16 * costs.pmap_remove + fast_fault(costs)


def data_provided(costs: Costs) -> int:
    """A fault answered by an external pager with a page of its own memory."""
    request = costs.message_copyin + 2 * costs.right_copyin + costs.copy(2 * 60)
    request += costs.context_switch + costs.message_copyout + 2 * costs.right_copyout + costs.trap
    page_copied_in = costs.map_lookup + 2 * costs.map_entry + costs.object_create
    supplied = costs.copy(4096) + costs.page_allocate
    answer = kernel_call(costs, 60) + costs.right_copyin + page_copied_in + supplied
    return fast_fault(costs) + request + answer + costs.schedule + costs.context_switch


def remote_rpc(costs: Costs, wire_ns: int) -> int:
    """A null RPC between two nodes: two sends, two interrupts, two wakings."""
    ipc = costs.trap + costs.message_copyin + costs.message_copyout + costs.context_switch
    return 2 * (ipc + costs.device_start + wire_ns + costs.interrupt) + 4 * costs.copy(HEADER)


@pytest.mark.parametrize(
    ("model", "sum_of", "published_us", "within"),
    [
        ("i386_25", null_rpc, 310, 0.02),  # Dean and Armand, 386/25
        ("i386_25", lambda c: c.trap + c.emulation, 61, 0.01),  # the same: trap to the emulator and back
        ("i386_25", lambda c: c.trap + c.emulation + null_rpc(c), 390, 0.1),  # the same: read 1 byte
        ("i386_25", fast_fault, 316, 0.02),  # the same
        ("i386_25", window_remap, 1440, 0.1),  # the same
        ("i386_25", data_provided, 1600, 0.1),  # the same
        ("i386_16", lambda c: remote_rpc(c, 46_000), 900, 0.15),  # Barrera; 100 bytes at 2.8 MB/s
        ("i860_40", null_rpc, 100, 0.05),  # by analogy with the DECstation 3100's 95, see the file
    ],
)
def test_sums_are_near_what_was_published(model, sum_of, published_us, within):
    assert sum_of(load_costs(model)) / 1000 == pytest.approx(published_us, rel=within)


def test_all_four_machines_are_there():
    assert models() == ["i386_16", "i386_25", "i486_33", "i860_40"]


@pytest.mark.parametrize("model", models())
def test_every_figure_is_positive_and_has_a_source_or_a_reason(model):
    costs = load_costs(model)
    assert all(getattr(costs, field.name) > 0 for field in fields(Costs))
    table = tomllib.loads((FOLDER / f"{model}.toml").read_text())["costs"]
    for entry in table.values():
        assert len(entry.get("source") or entry["estimated"]) > 20


def test_faster_machines_are_faster():
    slow, middle, fast = (load_costs(model) for model in ("i386_16", "i386_25", "i486_33"))
    for field in fields(Costs):
        assert getattr(slow, field.name) > getattr(middle, field.name) > getattr(fast, field.name), field.name


def test_copies_are_charged_by_the_byte():
    assert load_costs("i386_25").copy(4096) == 512_000


def test_an_unknown_model_says_which_there_are():
    with pytest.raises(ValueError, match="no machine model 'vax'; there are: i386_16, i386_25"):
        load_costs("vax")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("trap = ", "trip = "), "missing or unknown: trap, trip"),
        (lambda text: text.replace("handoff = ", "# handoff = "), "missing or unknown: handoff"),
        (
            lambda text: text.replace('{ ns = 40_000, source = "', '{ ns = 40_000, said = "'),
            "'trap' has neither a source nor 'estimated'",
        ),
    ],
)
def test_a_bad_table_is_refused(tmp_path, monkeypatch, change, message):
    monkeypatch.setattr(costs_module, "_FOLDER", tmp_path)
    (tmp_path / "bad.toml").write_text(change((FOLDER / "i386_25.toml").read_text()))
    with pytest.raises(ValueError, match=message):
        load_costs("bad")
