"""Message bodies against bytes written by hand, one routine of each shape."""

import pytest

from kernel.interface.body import DEAD, CarriedMemory, CarriedRights
from kernel.interface.device import device_open, device_read_inband, device_set_filter
from kernel.interface.mach import (
    memory_object_data_supply,
    task_info,
    task_threads,
    thread_set_state,
    vm_allocate,
    vm_deallocate,
    vm_region,
    vm_write,
)
from kernel.interface.mach4 import task_get_sampled_pcs
from kernel.interface.mach_debug import host_ipc_hash_info, host_zone_info
from kernel.interface.mach_host import host_get_time, host_kernel_version
from kernel.interface.mach_port import (
    mach_port_extract_right,
    mach_port_get_receive_status,
    mach_port_insert_right,
    mach_port_names,
    mach_port_request_notification,
)
from kernel.interface.norma_internal import norma_ipc_pull_receive
from kernel.interface.notify import mach_notify_dead_name, mach_notify_port_destroyed
from kernel.interface.values import Right, unpack_words

INTEGER = "02 20 01 10"  # one integer of 32 bits in line
BOOLEAN = "00 20 01 10"
NAME = "0f 20 01 10"
SEND = "11 20 01 10"  # one send right
SUCCESS = INTEGER + "00 00 00 00"


def words(text: str) -> bytes:
    return bytes.fromhex(text)


def test_scalars() -> None:
    body, carried = vm_allocate.encode_request(0x12345678, 4096, True)
    assert body == words(INTEGER + "78 56 34 12" + INTEGER + "00 10 00 00" + BOOLEAN + "01 00 00 00")
    assert len(body) + 24 == 48
    assert carried == ()
    assert vm_allocate.encode_reply(0, 0x2000) == (words(SUCCESS + INTEGER + "00 20 00 00"), ())


def test_reply_without_results_and_error_reply() -> None:
    assert vm_deallocate.encode_reply(0) == (words(SUCCESS), ())
    assert vm_deallocate.encode_reply(3) == (words(INTEGER + "03 00 00 00"), ())
    assert vm_deallocate.encode_reply(-303)[0] == words(INTEGER + "d1 fe ff ff")
    assert vm_deallocate.decode_reply(words(INTEGER + "d1 fe ff ff"), ()) == (-303, ())


def test_one_port_among_scalars() -> None:
    body, carried = vm_region.encode_reply(0, 1, 2, 3, 7, 0, True, "object", 9)
    assert body == words(
        SUCCESS
        + INTEGER + "01 00 00 00"
        + INTEGER + "02 00 00 00"
        + INTEGER + "03 00 00 00"
        + INTEGER + "07 00 00 00"
        + INTEGER + "00 00 00 00"
        + BOOLEAN + "01 00 00 00"
        + SEND + "00 00 00 00"
        + INTEGER + "09 00 00 00"
    )  # fmt: skip
    assert carried == (CarriedRights(60, 17, ("object",), True),)


def test_ports_out_of_line() -> None:
    body, carried = task_threads.encode_reply(0, ("one", None, DEAD))
    assert body == words(SUCCESS + "00 00 00 20  11 00 20 00  03 00 00 00  00 00 00 00")
    assert carried == (CarriedRights(20, 17, ("one", None, DEAD), False),)


def test_integers_out_of_line() -> None:
    body, carried = mach_port_names.encode_reply(0, (1, 2), (0x10000, 0x20000))
    assert body == words(
        SUCCESS
        + "00 00 00 20  0f 00 20 00  02 00 00 00  00 00 00 00"
        + "00 00 00 20  02 00 20 00  02 00 00 00  00 00 00 00"
    )
    names, types = carried
    assert names == CarriedMemory(20, 8, words("01 00 00 00 02 00 00 00"))
    assert types == CarriedMemory(36, 8, words("00 00 01 00 00 00 02 00"))
    assert isinstance(types, CarriedMemory) and isinstance(types.memory, bytes)
    assert unpack_words(types.memory) == (0x10000, 0x20000)


def test_data_out_of_line() -> None:
    body, carried = vm_write.encode_request(0x1000, b"abc")
    assert body == words(INTEGER + "00 10 00 00  00 00 00 20  09 00 08 00  03 00 00 00  00 00 00 00")
    assert carried == (CarriedMemory(20, 3, b"abc"),)


def test_data_given_as_a_record_gets_its_own_offset() -> None:
    handle = object()
    _, carried = vm_write.encode_request(0x1000, CarriedMemory(999, 8192, handle))
    assert carried == (CarriedMemory(20, 8192, handle),)


def test_empty_data_out_of_line_has_a_record() -> None:
    body, carried = vm_write.encode_request(0, b"")
    assert carried == (CarriedMemory(20, 0, b""),)
    assert vm_write.decode_request(body, carried)[1] == carried[0]


def test_deallocate_bit_is_the_senders_business() -> None:
    body, carried = vm_write.encode_request(0, b"x")
    marked = body[:11] + bytes((body[11] | 0x40,)) + body[12:]
    assert vm_write.decode_request(marked, carried) == vm_write.decode_request(body, carried)


def test_array_in_line_and_room_for_one() -> None:
    assert task_info.encode_request(1, 10)[0] == words(INTEGER + "01 00 00 00" + INTEGER + "0a 00 00 00")
    body, _ = task_info.encode_reply(0, (5, 0xFFFFFFFF))
    assert body == words(SUCCESS + "02 20 02 10  05 00 00 00  ff ff ff ff")
    body, _ = thread_set_state.encode_request(1, (7,))
    assert body == words(INTEGER + "01 00 00 00" + "02 20 01 10  07 00 00 00")


def test_bytes_in_line_are_padded() -> None:
    body, _ = device_read_inband.encode_reply(0, b"hello")
    assert body == words(SUCCESS + "08 08 05 10") + b"hello\0\0\0"


def test_short_integers() -> None:
    body, carried = device_set_filter.encode_request("port", 1, (10, 0xFFFF, 3))
    assert body == words(
        SEND + "00 00 00 00" + INTEGER + "01 00 00 00" + "01 10 03 10  0a 00 ff ff 03 00 00 00"
    )
    assert carried == (CarriedRights(4, 17, ("port",), True),)
    body, _ = norma_ipc_pull_receive.encode_reply(0, 1, 2, None, None, 0, 0, -1, 5)
    assert body[-16:] == words("01 10 01 10 ff ff 00 00  01 10 01 10 05 00 00 00")


def test_structures_in_line() -> None:
    assert host_get_time.encode_reply(0, (1, 2))[0] == words(SUCCESS + "02 20 02 10 01 00 00 00 02 00 00 00")
    body, _ = mach_port_get_receive_status.encode_reply(0, tuple(range(9)))
    assert body[8:12] == words("02 20 09 10")
    assert len(body) == 8 + 4 + 36
    body, _ = task_get_sampled_pcs.encode_reply(0, 7, ((1, 2, 3), (4, 5, 6)))
    assert body == words(
        SUCCESS + INTEGER + "07 00 00 00" + "02 20 06 10" + "".join(f"0{n} 00 00 00" for n in range(1, 7))
    )


def test_strings() -> None:
    body, _ = device_open.encode_request(3, "console0")
    assert body == words(INTEGER + "03 00 00 00" + "00 00 00 30  0c 00 00 04  01 00 00 00") + (
        b"console0".ljust(128, b"\0")
    )
    body, _ = host_kernel_version.encode_reply(0, "Mach \xb5")
    assert len(body) == 8 + 12 + 512
    assert body[20:27] == b"Mach \xb5\0"


def test_string_too_long_is_cut_and_ended() -> None:
    body, carried = device_open.encode_request(0, "x" * 200)
    assert device_open.decode_request(body, carried) == (0, "x" * 127)


def test_polymorphic_port_tells_its_disposition() -> None:
    body, carried = mach_port_insert_right.encode_request(0x103, Right("port", 16))
    assert body == words(NAME + "03 01 00 00" + "10 20 01 10 00 00 00 00")
    assert carried == (CarriedRights(12, 16, ("port",), True),)
    assert mach_port_insert_right.decode_request(body, carried) == (0x103, Right("port", 16))
    body, carried = mach_port_extract_right.encode_reply(0, Right("port", 18))
    assert mach_port_extract_right.decode_reply(body, carried) == (0, (Right("port", 18),))


def test_send_once_right_that_the_sender_may_make_in_several_ways() -> None:
    body, carried = mach_port_request_notification.encode_request(0x103, 72, 1, "notify")
    assert body[-8:-4] == words("12 20 01 10")
    assert carried == (CarriedRights(28, 18, ("notify",), True),)


def test_several_kinds_in_one_message() -> None:
    body, carried = memory_object_data_supply.encode_request(0, b"p" * 4096, 2, False, Right(None, 18))
    assert body == words(
        INTEGER + "00 00 00 00"
        "00 00 00 20  09 00 08 00  00 10 00 00  00 00 00 00"
        + INTEGER + "02 00 00 00"
        + BOOLEAN + "00 00 00 00"
        + "12 20 01 10 00 00 00 00"
    )  # fmt: skip
    assert [record.offset for record in carried] == [20, 44]


def test_notifications() -> None:
    assert mach_notify_dead_name.encode_request(0x1234) == (words(NAME + "34 12 00 00"), ())
    assert mach_notify_port_destroyed.encode_request("port") == (
        words("10 20 01 10 00 00 00 00"),
        (CarriedRights(4, 16, ("port",), True),),
    )


def test_indefinite_array_goes_out_of_line_when_it_is_long() -> None:
    body, carried = host_ipc_hash_info.encode_reply(0, tuple(range(512)))
    assert carried == ()
    assert body[8:20] == words("00 00 00 30  02 00 20 00  00 02 00 00")
    body, carried = host_ipc_hash_info.encode_reply(0, tuple(range(513)))
    assert body == words(SUCCESS + "00 00 00 20  02 00 20 00  01 02 00 00  00 00 00 00")
    (record,) = carried
    assert isinstance(record, CarriedMemory) and record.size == 2052
    body, carried = host_zone_info.encode_reply(0, (b"ports",), (tuple(range(9)),))
    assert body[8:20] == words("00 00 00 30  08 00 08 00  50 00 00 00")
    assert len(body) == 8 + 12 + 80 + 12 + 36


@pytest.mark.parametrize("body", [b"", words(INTEGER), words(BOOLEAN + "00 00 00 00")])
def test_reply_without_return_code_is_a_type_error(body: bytes) -> None:
    from kernel.interface.returns import MachError, MigReturn

    with pytest.raises(MachError) as caught:
        vm_deallocate.decode_reply(body, ())
    assert caught.value.code == MigReturn.TYPE_ERROR
