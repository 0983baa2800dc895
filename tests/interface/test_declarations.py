"""What is declared: ids, kinds, argument orders, and the tables beside the declarations."""

import pytest

from kernel.interface import constants
from kernel.interface.declare import Out, Routine, Subsystem
from kernel.interface.device import device_open, device_write
from kernel.interface.errors import ERRORS
from kernel.interface.generate.prototypes import prototype, server_arguments, user_arguments
from kernel.interface.mach import mach, vm_allocate
from kernel.interface.mach_types import int_t, task_t
from kernel.interface.memory_object import memory_object_lock_completed
from kernel.interface.subsystems import ROUTINES, SUBSYSTEMS, routine_by_id
from kernel.interface.traps import SHORT_CUTS, TRAPS, TRAPS_BY_NUMBER

ALL = [routine for subsystem in SUBSYSTEMS for routine in subsystem.routines]


def by_name(name: str) -> Routine:
    (routine,) = [routine for routine in ALL if routine.name == name]
    return routine


def test_ids_are_unique_but_for_views() -> None:
    ids = [routine.id for subsystem in SUBSYSTEMS if not subsystem.view_of for routine in subsystem.routines]
    assert len(ids) == len(set(ids)) == len(ROUTINES)
    names = [routine.name for routine in ALL]
    assert len(names) == len(set(names))


def test_ids_are_in_order_and_in_their_subsystem() -> None:
    for subsystem in SUBSYSTEMS:
        ids = [routine.id for routine in subsystem.routines]
        assert ids == sorted(ids)
        assert subsystem.base <= ids[0] and ids[-1] < subsystem.base + 200


def test_a_view_sends_the_messages_of_what_it_views() -> None:
    (request,) = [subsystem for subsystem in SUBSYSTEMS if subsystem.name == "device_request"]
    for routine in request.routines:
        viewed = routine_by_id(routine.id)
        assert viewed is not None and viewed.subsystem.name == request.view_of
        assert [shape for _, shape in routine.ins] == [shape for _, shape in viewed.ins]


def test_an_answer_of_a_device_reads_as_its_asynchronous_form() -> None:
    """device_write's reply and device_write_reply are the same message."""
    body, carried = device_write.encode_reply(0, 512)
    reply = routine_by_id(device_write.reply_id)
    assert reply is not None and reply.name == "device_write_reply"
    assert reply.decode_request(body, carried) == (0, 512)
    body, carried = device_open.encode_reply(0, "device")
    reply = routine_by_id(device_open.reply_id)
    assert reply is not None and reply.decode_request(body, carried) == (0, "device")


@pytest.mark.parametrize(
    ("message_id", "name", "is_one_way"),
    [
        (65, "mach_notify_port_deleted", True),
        (72, "mach_notify_dead_name", True),
        (2007, "task_create", False),
        (2012, "task_info", False),
        (2022, "vm_allocate", False),
        (2030, "vm_region", False),
        (2045, "memory_object_lock_request", True),
        (2062, "thread_create", False),
        (2107, "vm_map", False),
        (2111, "memory_object_data_supply", True),
        (2118, "vm_machine_attribute", False),
        (2200, "memory_object_init", True),
        (2208, "memory_object_data_return", True),
        (2251, "memory_object_data_initialize", True),
        (2400, "exception_raise", False),
        (2619, "host_kernel_version", False),
        (2642, "host_get_boot_info", False),
        (2812, "device_set_filter", False),
        (2904, "device_read_reply", True),
        (3029, "mach_vm_object_pages", False),
        (3200, "mach_port_names", False),
        (3218, "mach_port_set_seqno", False),
        (4005, "thread_get_sampled_pcs", False),
        (555006, "norma_task_create", False),
        (556005, "norma_ipc_no_local_senders", True),
    ],
)
def test_known_ids(message_id: int, name: str, is_one_way: bool) -> None:
    routine = routine_by_id(message_id)
    assert routine is not None and routine.name == name
    assert routine.is_one_way is is_one_way
    assert routine.reply_id == message_id + 100


def test_an_unknown_id_is_nobodys() -> None:
    assert routine_by_id(2074) is None  # port_names of Mach 2.5


# As Mach 3.0 programs know them.
PROTOTYPES = """
vm_allocate(vm_task_t target_task, vm_address_t *address, vm_size_t size, boolean_t anywhere)

vm_read(vm_task_t target_task, vm_address_t address, vm_size_t size, pointer_t *data,
    mach_msg_type_number_t *dataCnt)

mach_port_request_notification(ipc_space_t task, mach_port_t name, mach_msg_id_t id,
    mach_port_mscount_t sync, mach_port_t notify, mach_msg_type_name_t notifyPoly, mach_port_t *previous)

mach_port_extract_right(ipc_space_t task, mach_port_t name, mach_msg_type_name_t msgt_name,
    mach_port_t *poly, mach_msg_type_name_t *polyPoly)

task_info(task_t target_task, int flavor, task_info_t task_info_out,
    mach_msg_type_number_t *task_info_outCnt)

memory_object_data_supply(memory_object_control_t memory_control, vm_offset_t offset, pointer_t data,
    mach_msg_type_number_t dataCnt, boolean_t dataDealloc, vm_prot_t lock_value, boolean_t precious,
    mach_port_t reply_to)

device_open(mach_port_t master_port, dev_mode_t mode, const char *name, device_t *device)

host_kernel_version(host_t host, kernel_version_t kernel_version)

host_adjust_time(host_priv_t host_priv, time_value_t new_adjustment, time_value_t *old_adjustment)
"""


@pytest.mark.parametrize("text", PROTOTYPES.strip().split("\n\n"))
def test_c_prototypes(text: str) -> None:
    name = text.partition("(")[0]
    made = prototype("kern_return_t", name, user_arguments(by_name(name)))
    assert " ".join(made.split()) == f"kern_return_t {' '.join(text.split())}"


def test_sequence_numbers_are_shown_to_seqnos_servers_only() -> None:
    plain = server_arguments(memory_object_lock_completed, with_sequence_number=False)
    with_number = server_arguments(memory_object_lock_completed, with_sequence_number=True)
    assert plain == [argument for argument in with_number if "seqno" not in argument]
    assert with_number[1] == "mach_port_seqno_t seqno"
    assert "seqno" not in " ".join(user_arguments(memory_object_lock_completed))


def test_ports_among_the_ins_tell_what_a_sender_gives() -> None:
    (place,) = by_name("mach_port_insert_right").port_ins
    assert (place.index, place.sends, place.takes_right, place.is_array) == (1, -1, True, False)
    (place,) = by_name("mach_port_request_notification").port_ins
    assert (place.index, place.sends, place.takes_right) == (3, -1, False)
    (place,) = by_name("memory_object_lock_request").port_ins
    assert (place.sends, place.takes_right) == (constants.MACH_MSG_TYPE_MAKE_SEND_ONCE, True)
    (place,) = by_name("mach_ports_register").port_ins
    assert (place.sends, place.is_array) == (constants.MACH_MSG_TYPE_COPY_SEND, True)
    assert by_name("vm_allocate").port_ins == ()


def test_errors_are_of_declared_calls_that_answer() -> None:
    for name, errors in ERRORS.items():
        assert not by_name(name).is_one_way
        assert errors and 0 not in errors


def test_a_declaration_must_say_what_it_is_for() -> None:
    def undocumented(task: task_t) -> None: ...

    with pytest.raises(AssertionError, match="undocumented says nothing"):
        Subsystem("test", 1).routine(1)(undocumented)


def test_a_one_way_call_has_no_results() -> None:
    def asks(task: task_t, answer: Out[int_t]) -> None:
        """Ask."""

    with pytest.raises(AssertionError, match="has results"):
        Subsystem("test", 1).simpleroutine(1)(asks)


def test_an_id_is_given_once() -> None:
    def again(task: task_t) -> None:
        """Be declared again."""

    with pytest.raises(AssertionError, match="two calls have id 2022"):
        mach.routine(vm_allocate.id)(again)


def test_traps() -> None:
    assert len(TRAPS_BY_NUMBER) == len(TRAPS)
    assert TRAPS_BY_NUMBER[-25].argument_count == 7
    assert TRAPS_BY_NUMBER[-64].argument_count == 11
    assert {number for number in TRAPS_BY_NUMBER if -76 <= number <= -64} == {
        *range(-66, -63),
        *range(-76, -67),
    }
    for name, trap in SHORT_CUTS.items():
        assert trap.argument_count == len(user_arguments(by_name(name)))
