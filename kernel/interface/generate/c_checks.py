"""C text that checks the typed items of a received message, for stubs and for servers."""

from kernel.interface import wire
from kernel.interface.generate.message_structs import MessageItem, MessageStructs
from kernel.interface.wire import IndefiniteArray, InLineArray, OutOfLineArray, Port, Text, short_descriptor

_OR = " ||\n\t    "


def type_checks(structs: MessageStructs, failure: str) -> str:
    """Return statements that run ``failure`` unless every item is of its type and nothing is left over.

    Pointers to the segments after the first are set on the way.  The variable ``end`` points behind
    the message, when it has an item of variable size.
    """
    text = ""
    for index, segment in enumerate(structs.segments):
        pointer = segment.name
        conditions = [check for item in segment.items for check in _mismatches(item, pointer)]
        last = segment.items[-1] if segment.items else None
        is_last_segment = index == len(structs.segments) - 1
        if last is not None and last.is_variable and is_last_segment:
            conditions.append(f"{_behind(last, pointer)} != end")
        elif structs.is_variable and is_last_segment:
            conditions.append(f"(char *)({pointer} + 1) != end")
        if conditions:
            text += f"\tif ({_OR.join(conditions)})\n\t\t{failure}\n"
        if not is_last_segment:
            assert last is not None
            following = structs.segments[index + 1].name
            text += f"\t{following} = (struct {structs.tag}{index + 1} *)({_behind(last, pointer)});\n"
    return text


def _mismatches(item: MessageItem, pointer: str) -> list[str]:
    shape = item.shape
    kind = f"{pointer}->{item.name}_type"
    if isinstance(shape, InLineArray):
        constant = short_descriptor(shape.element.name, shape.element.bits, 0)
        checks = [
            f"_MIG_NOT_NUMBER({kind}) != {constant:#010x}",
            f"_MIG_NUMBER({kind}) > {shape.maximum * shape.element.number}",
        ]
        if shape.element.number > 1:
            checks.append(f"_MIG_NUMBER({kind}) % {shape.element.number} != 0")
        return checks
    if isinstance(shape, Text | OutOfLineArray | IndefiniteArray):
        return _long_mismatches(item, kind)
    if isinstance(shape, Port):
        if shape.receives == wire.POLYMORPHIC:
            blank = short_descriptor(0, 32, 1)
            return [
                f"({kind} & ~0xffu) != {blank:#010x}",
                f"!MACH_MSG_TYPE_PORT_ANY_RIGHT({kind} & 0xff)",
            ]
        return [f"{kind} != {short_descriptor(shape.receives, 32, 1):#010x}"]
    return [f"{kind} != {shape.descriptor:#010x}"]


def _long_mismatches(item: MessageItem, kind: str) -> list[str]:
    shape = item.shape
    flags, name, bits = item.long_parts(is_received=True)
    if isinstance(shape, IndefiniteArray):
        in_line_max = wire.INDEFINITE_INLINE_BYTES * 8 // bits
        return [
            f"({kind}.flags & ~(_MIG_DEALLOCATE | _MIG_IN_LINE)) != _MIG_LONG_FORM",
            f"{kind}.name != {name}",
            f"{kind}.bits != {bits}",
            f"{kind}.number % {shape.element.number} != 0",
            f"(({kind}.flags & _MIG_IN_LINE) != 0 && {kind}.number > {in_line_max})",
        ]
    checks = [
        f"({kind}.flags & ~_MIG_DEALLOCATE) != {flags:#010x}",
        f"{kind}.name != {name}",
        f"{kind}.bits != {bits}",
    ]
    if isinstance(shape, Text):
        checks.append(f"{kind}.number != 1")
    return checks


def _behind(item: MessageItem, pointer: str) -> str:
    """Return where the message goes on after an item of variable size."""
    shape = item.shape
    kind = f"{pointer}->{item.name}_type"
    if isinstance(shape, InLineArray):
        size = _bytes(f"_MIG_NUMBER({kind})", shape.element.bits)
        return f"{pointer}->{item.name} + _MIG_ROUND({size})"
    assert isinstance(shape, IndefiniteArray)
    size = _bytes(f"{kind}.number", shape.element.bits)
    return (
        f"{pointer}->{item.name}.in_line + "
        f"({kind}.flags & _MIG_IN_LINE ? _MIG_ROUND({size}) : sizeof(vm_offset_t))"
    )


def _bytes(number: str, bits: int) -> str:
    return number if bits == 8 else f"{number} * {bits // 8}"
