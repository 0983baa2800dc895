"""The C stubs that callers use, one file for each subsystem, and what they share (``mig_call.c``).

A stub lays the request out on its stack, sends it, receives the reply in the same place, and copies
results out; it checks a reply as MIG's stubs do, and gives back what a malformed one carries.  Where a
trap does the same for a local target, the stub tries that first.
"""

from pathlib import Path

from kernel.interface import wire
from kernel.interface.declare import Parameter, Role, Routine, Subsystem
from kernel.interface.generate.c_checks import type_checks
from kernel.interface.generate.c_headers import NOTICE, USER_HEADERS
from kernel.interface.generate.message_structs import (
    MessageItem,
    MessageStructs,
    is_user_polymorphic,
    reply_structs,
    request_structs,
)
from kernel.interface.generate.prototypes import prototype, user_arguments
from kernel.interface.subsystems import SUBSYSTEMS
from kernel.interface.traps import SHORT_CUTS
from kernel.interface.wire import IndefiniteArray, InLineArray, Integers, OutOfLineArray, Port, Text


def c_stubs() -> dict[str, str]:
    """Return the source files of the stubs."""
    texts = {"mig_call.c": (Path(__file__).parent / "mig_call.c").read_text()}
    for subsystem in SUBSYSTEMS:
        if subsystem.name in USER_HEADERS:
            texts[f"{subsystem.name}_user.c"] = _subsystem(subsystem)
    return texts


def _subsystem(subsystem: Subsystem) -> str:
    includes = ["mach/mach_types.h", "mach/message.h", "mach/mig_errors.h", "mach/mig_call.h"]
    if any(routine.name in SHORT_CUTS for routine in subsystem.routines):
        includes.append("mach/syscall_sw.h")
    includes.append(USER_HEADERS[subsystem.name])
    head = f"/*\n * Stubs of the {subsystem.name} interface.\n * {NOTICE}\n */\n"
    head += "".join(f"#include <{name}>\n" for name in includes)
    return "\n".join([head, *(_stub(routine) for routine in subsystem.routines)])


def _stub(routine: Routine) -> str:
    request = request_structs(routine)
    assert len(request.segments) == 1, f"{routine}: only the last argument may vary in size"
    text = prototype("kern_return_t", routine.name, user_arguments(routine)) + "\n{\n"
    text += request.declarations()
    if routine.is_one_way:
        text += "\tstruct request message, *in = &message;\n"
        text += _declarations_for(request)
        text += "\n" + _short_cut(routine) + _fill_request(routine, request)
        text += "\treturn mach_msg(&in->head, MACH_SEND_MSG, in->head.msgh_size, 0, MACH_PORT_NULL,\n"
        text += "\t\t\tMACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);\n"
        return text + "}\n"
    reply = reply_structs(routine)
    text += reply.declarations()
    rooms = "".join(f" + sizeof(struct reply{i})" for i in range(1, len(reply.segments)))
    room = f"\t\tchar room[sizeof(struct reply){rooms}];\n" if rooms else ""
    text += f"\tunion {{\n\t\tstruct request in;\n\t\tstruct reply out;\n{room}\t}} message;\n"
    text += "\tstruct request *in = &message.in;\n"
    if reply.items:
        text += "\tstruct reply *out = &message.out;\n"
    for index, segment in enumerate(reply.segments[1:], start=1):
        text += f"\tstruct reply{index} *{segment.name};\n"
    if reply.is_variable:
        text += "\tchar *end;\n"
    text += _declarations_for(request)
    uses_code = bool(reply.items) or routine.name in SHORT_CUTS
    text += "\tkern_return_t code;\n\n" if uses_code else "\n"
    text += _short_cut(routine, declares_code=True) + _fill_request(routine, request)
    text += _call(routine, reply)
    if not reply.items:
        return text + "}\n"
    if reply.is_variable:
        text += "\tend = (char *)&message + out->head.msgh_size;\n"
    text += type_checks(reply, "return _mig_bad_reply(&out->head);")
    text += "".join(_copy_out(item, segment.name) for segment in reply.segments for item in segment.items)
    return text + "\treturn code;\n}\n"


def _declarations_for(request: MessageStructs) -> str:
    return "\tvm_size_t size;\n" if request.is_variable else ""


def _short_cut(routine: Routine, declares_code: bool = False) -> str:
    trap = SHORT_CUTS.get(routine.name)
    if trap is None:
        return ""
    names = ", ".join(argument.split()[-1].lstrip("*") for argument in user_arguments(routine))
    assert trap.argument_count == len(user_arguments(routine)), routine
    if not declares_code:
        return (
            f"\t{{\n\t\tkern_return_t code = {trap.name}({names});\n\n"
            "\t\tif (code != MACH_SEND_INTERRUPTED)\n\t\t\treturn code;\n\t}\n\n"
        )
    return f"\tcode = {trap.name}({names});\n\tif (code != MACH_SEND_INTERRUPTED)\n\t\treturn code;\n\n"


# The request.


def _fill_request(routine: Routine, request: MessageStructs) -> str:
    text = "".join(_copy_in(item) for item in request.items)
    port = routine.request_port
    assert isinstance(port.shape, Port)
    remote = f"{port.name}Poly" if is_user_polymorphic(port.shape) else str(port.shape.sends)
    reply_port = routine.with_role(Role.USER_REPLY_PORT)
    local = str(wire.MAKE_SEND_ONCE) if reply_port or not routine.is_one_way else "0"
    bits = f"MACH_MSGH_BITS({remote}, {local})"
    if request.is_complex:
        bits += " | MACH_MSGH_BITS_COMPLEX"
    text += f"\tin->head.msgh_bits = {bits};\n"
    text += f"\tin->head.msgh_size = {_request_size(request)};\n"
    text += f"\tin->head.msgh_remote_port = {port.name};\n"
    if routine.is_one_way:
        text += f"\tin->head.msgh_local_port = {reply_port.name if reply_port else 'MACH_PORT_NULL'};\n"
        text += "\tin->head.msgh_seqno = 0;\n"
    text += f"\tin->head.msgh_id = {routine.id};\n"
    return text


def _request_size(request: MessageStructs) -> str:
    if not request.is_variable:
        return "sizeof *in"
    return f"__builtin_offsetof(struct request, {request.items[-1].name}) + size"


def _copy_in(item: MessageItem) -> str:
    shape, name = item.shape, item.name
    parameter = item.parameter
    value = f"*{name}" if parameter.role in (Role.IN_OUT, Role.COUNT_IN_OUT) else name
    if isinstance(shape, Integers):
        return f"\tin->{name}_type = {item.descriptor():#010x};\n\tin->{name} = {value};\n"
    if isinstance(shape, Port):
        descriptor = f"{item.descriptor():#010x}"
        if is_user_polymorphic(shape):
            descriptor += f" | {name}Poly"
        return f"\tin->{name}_type = {descriptor};\n\tin->{name} = {value};\n"
    if isinstance(shape, InLineArray):
        return _copy_array_in(item, shape)
    assert not isinstance(shape, IndefiniteArray), item
    flags, type_name, bits = item.long_parts(is_received=False)
    number = "1" if isinstance(shape, Text) else f"{name}Cnt"
    text = f"\tin->{name}_type.flags = {flags:#010x}{_deallocate(parameter)};\n"
    text += f"\tin->{name}_type.name = {type_name};\n\tin->{name}_type.bits = {bits};\n"
    text += f"\tin->{name}_type.number = {number};\n"
    if isinstance(shape, Text):
        return text + f"\t_mig_copy_string(in->{name}, {name}, sizeof in->{name});\n"
    return text + f"\tin->{name} = (vm_offset_t){name};\n"


def _copy_array_in(item: MessageItem, shape: InLineArray) -> str:
    name, element = item.name, shape.element
    number = f"{name}Cnt" if element.number == 1 else f"{name}Cnt * {element.number}"
    size = f"{name}Cnt" if element.size == 1 else f"{name}Cnt * {element.size}"
    return (
        f"\tif ({name}Cnt > {shape.maximum})\n\t\treturn MIG_ARRAY_TOO_LARGE;\n"
        f"\tsize = {size};\n"
        f"\tin->{name}_type = {item.descriptor():#010x} | {number} << 16;\n"
        f"\tmemcpy(in->{name}, {name}, size);\n"
        + (f"\twhile (size & 3)\n\t\tin->{name}[size++] = 0;\n" if element.size % 4 else "")
    )


def _deallocate(parameter: Parameter) -> str:
    if parameter.dealloc:
        return " | _MIG_DEALLOCATE"
    if parameter.maybe_dealloc:
        return f" | ({parameter.name}Dealloc ? _MIG_DEALLOCATE : 0)"
    return ""


# The reply.


def _call(routine: Routine, reply: MessageStructs) -> str:
    reply_port = routine.with_role(Role.USER_REPLY_PORT)
    first = reply.segments[0].items
    least = "sizeof message.out"
    limit = least
    if first and first[-1].is_variable:
        least = f"__builtin_offsetof(struct reply, {first[-1].name})"
    if len(reply.segments) > 1:
        limit = "sizeof message.room"
    kind = "_MIG_COMPLEX" if reply.is_complex else "_MIG_EITHER" if reply.may_be_complex else "_MIG_SIMPLE"
    port = reply_port.name if reply_port else "MACH_PORT_NULL"
    call = f"_mig_call(&in->head, {port}, in->head.msgh_size,\n\t\t{least}, {limit}, {kind});\n"
    if not reply.items:
        return f"\n\treturn {call}"
    return f"\n\tcode = {call}\tif (code != KERN_SUCCESS)\n\t\treturn code;\n"


def _copy_out(item: MessageItem, pointer: str) -> str:
    shape, name = item.shape, item.name
    if isinstance(shape, Integers):
        return f"\t*{name} = {pointer}->{name};\n"
    if isinstance(shape, Port):
        text = f"\t*{name} = {pointer}->{name};\n"
        if shape.is_polymorphic:
            text += f"\t*{name}Poly = {pointer}->{name}_type & 0xff;\n"
        return text
    if isinstance(shape, Text):
        return f"\t_mig_copy_string({name}, {pointer}->{name}, sizeof {pointer}->{name});\n"
    if isinstance(shape, OutOfLineArray):
        return (
            f"\t*{name} = ({shape.c_name}){pointer}->{name};\n\t*{name}Cnt = {pointer}->{name}_type.number;\n"
        )
    element = shape.element
    if isinstance(shape, IndefiniteArray):
        return (
            f"\t_mig_take_array(&{pointer}->{name}_type, {pointer}->{name}.in_line, {element.size},\n"
            f"\t\t\t(void **){name}, {name}Cnt, {pointer}->{name}_type.number / {element.number});\n"
        )
    number = f"_MIG_NUMBER({pointer}->{name}_type)"
    count = number if element.number == 1 else f"{number} / {element.number}"
    size = "" if element.size == 1 else f" * {element.size}"
    return (
        f"\tif ({count} > *{name}Cnt) {{\n"
        f"\t\tmemcpy({name}, {pointer}->{name}, *{name}Cnt{size});\n"
        "\t\tcode = MIG_ARRAY_TOO_LARGE;\n"
        "\t} else\n"
        f"\t\tmemcpy({name}, {pointer}->{name}, {count}{size});\n"
        f"\t*{name}Cnt = {count};\n"
    )
