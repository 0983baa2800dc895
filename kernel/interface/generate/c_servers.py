"""The C side of servers: from a received request to the function that the program supplies.

``exc_server`` and its like handle a message if its id is theirs and make the reply; a simple routine's
reply says ``MIG_NO_REPLY``.  Names are Mach's: ``catch_exception_raise``, ``do_mach_notify_...``,
``memory_object_init``, and ``seqnos_`` forms that get the request's sequence number.
"""

from dataclasses import dataclass

from kernel.interface.declare import Role, Routine, Subsystem
from kernel.interface.device import device_reply
from kernel.interface.exc import exc
from kernel.interface.generate.c_checks import type_checks
from kernel.interface.generate.message_structs import MessageItem, request_structs
from kernel.interface.memory_object import memory_object
from kernel.interface.memory_object_default import memory_object_default
from kernel.interface.notify import notify
from kernel.interface.wire import InLineArray, OutOfLineArray


@dataclass(frozen=True, slots=True)
class Server:
    """One interface that C programs serve."""

    name: str
    subsystem: Subsystem
    header: str
    prefix: str = ""  # of the functions that the program supplies
    seqnos_prefix: str = ""  # of those that get the sequence number

    @property
    def has_sequence_numbers(self) -> bool:
        return bool(self.seqnos_prefix)


SERVERS = (
    Server("exc_server", exc, "mach/exc_server.h", "catch_"),
    Server("notify_server", notify, "mach/notify_server.h", "do_", "do_seqnos_"),
    Server("memory_object_server", memory_object, "mach/memory_object_server.h", seqnos_prefix="seqnos_"),
    Server(
        "memory_object_default_server",
        memory_object_default,
        "mach/memory_object_default_server.h",
        seqnos_prefix="seqnos_",
    ),
    Server("device_reply_server", device_reply, "device/device_reply_server.h"),
)


def function_prefixes(server: Server) -> list[tuple[str, bool]]:
    """Return (prefix, whether the functions get sequence numbers) of each form of a server."""
    forms = [(server.prefix, False)]
    if server.has_sequence_numbers:
        forms.append((server.seqnos_prefix, True))
    return forms


def c_servers(notice: str) -> dict[str, str]:
    """Return the source files of the servers."""
    texts: dict[str, str] = {}
    for server in SERVERS:
        for prefix, with_sequence_number in function_prefixes(server):
            name = f"seqnos_{server.name}" if with_sequence_number else server.name
            texts[f"{name}.c"] = _server(server, name, prefix, with_sequence_number, notice)
    return texts


def _server(server: Server, name: str, prefix: str, with_sequence_number: bool, notice: str) -> str:
    routines = server.subsystem.routines
    about = f"/*\n * {name}: serves the {server.subsystem.name} interface.\n * {notice}\n */\n"
    headers = ("mach/mig_call.h", "mach/mig_errors.h", server.header)
    parts = [about + "".join(f"#include <{header}>\n" for header in headers)]
    parts += [_routine(routine, prefix, with_sequence_number) for routine in routines]
    cases = "".join(
        f"\tcase {routine.id}:\n\t\tcode = {_served(prefix, routine)}(request);\n\t\tbreak;\n"
        for routine in routines
    )
    parts.append(
        f"boolean_t {name}(mach_msg_header_t *request, mach_msg_header_t *reply)\n{{\n"
        "\tkern_return_t code;\n\n\tswitch (request->msgh_id) {\n"
        f"{cases}\tdefault:\n\t\t_mig_make_reply(request, reply, MIG_BAD_ID);\n\t\treturn FALSE;\n\t}}\n"
        "\t_mig_make_reply(request, reply, code);\n\treturn TRUE;\n}\n"
    )
    return "\n".join(parts)


def _served(prefix: str, routine: Routine) -> str:
    return f"serve_{prefix}{routine.name}"


def _routine(routine: Routine, prefix: str, with_sequence_number: bool) -> str:
    request = request_structs(routine)
    text = f"static kern_return_t {_served(prefix, routine)}(mach_msg_header_t *request)\n{{\n"
    text += request.declarations()
    if request.items:
        text += "\tstruct request *in = (struct request *)request;\n"
    if request.is_variable:
        text += "\tchar *end = (char *)request + request->msgh_size;\n"
    wrong = "!" if request.is_complex else ""
    size = f"request->msgh_size != {'sizeof(struct request)' if request.items else 'sizeof *request'}"
    if request.is_variable:
        size = f"request->msgh_size < __builtin_offsetof(struct request, {request.items[-1].name})"
    text += f"\n\tif ({size} ||\n\t    {wrong}(request->msgh_bits & MACH_MSGH_BITS_COMPLEX))\n"
    text += "\t\treturn MIG_BAD_ARGUMENTS;\n"
    text += type_checks(request, "return MIG_BAD_ARGUMENTS;")
    items = {item.name: item for item in request.items}
    arguments: list[str] = []
    for parameter in routine.parameters:
        if parameter.role is Role.REQUEST_PORT:
            arguments.append("request->msgh_request_port")
        elif parameter.role is Role.SEQUENCE_NUMBER:
            if with_sequence_number:
                arguments.append("request->msgh_seqno")
        else:
            arguments += _values(items[parameter.name])
    call = f"{prefix}{routine.name}({', '.join(arguments)})"
    if routine.is_one_way:
        return text + f"\t(void){call};\n\treturn MIG_NO_REPLY;\n}}\n"
    return text + f"\treturn {call};\n}}\n"


def _values(item: MessageItem) -> list[str]:
    name, shape = item.name, item.shape
    if isinstance(shape, OutOfLineArray):
        return [f"({shape.c_name})in->{name}", f"in->{name}_type.number"]
    if isinstance(shape, InLineArray):
        assert shape.element.number == 1
        return [f"in->{name}", f"_MIG_NUMBER(in->{name}_type)"]
    return [f"in->{name}"]
