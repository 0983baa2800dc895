"""The C headers that Mach 3.0 programs include, as {path: text}."""

import inspect
import re
from pathlib import Path
from types import MappingProxyType

from kernel.interface import constants, returns
from kernel.interface.declare import Subsystem
from kernel.interface.generate.c_servers import SERVERS, Server, function_prefixes
from kernel.interface.generate.header_contents import HEADERS, HeaderContents
from kernel.interface.generate.prototypes import prototype, server_arguments, user_arguments
from kernel.interface.structs import STRUCTURES
from kernel.interface.structure import Structure
from kernel.interface.subsystems import SUBSYSTEMS
from kernel.interface.traps import TRAPS, Trap, TrapKind

NOTICE = "Generated from kernel/interface/ by kernel/interface/generate/."

USER_HEADERS = MappingProxyType(
    {
        "mach": "mach/mach_interface.h",
        "mach_port": "mach/mach_port.h",
        "mach_host": "mach/mach_host.h",
        "memory_object": "mach/memory_object_user.h",
        "memory_object_default": "mach/memory_object_default_user.h",
        "exc": "mach/exc.h",
        "notify": "mach/notify_user.h",
        "device": "device/device.h",
        "device_request": "device/device_request.h",
        "mach_debug": "mach_debug/mach_debug.h",
        "mach4": "mach/mach4.h",
        "mach_norma": "mach/mach_norma.h",
        "bootstrap": "mach/bootstrap.h",
    }
)
"""The header with a subsystem's prototypes; a subsystem that is not here has no C stubs."""

TYPE_HEADERS = MappingProxyType(
    {
        "device": ("device/device_types.h", "device/net_status.h"),
        "device_request": ("device/device_types.h",),
        "device_reply": ("device/device_types.h",),
        "mach_debug": ("mach_debug/mach_debug_types.h",),
    }
)
"""Headers beyond mach/mach_types.h that a subsystem's prototypes need."""


def c_headers() -> dict[str, str]:
    """Return every generated header."""
    texts = {contents.path: _header(contents) for contents in HEADERS}
    for subsystem in SUBSYSTEMS:
        if subsystem.name in USER_HEADERS:
            texts[USER_HEADERS[subsystem.name]] = _user_header(subsystem)
    for server in SERVERS:
        texts[server.header] = _server_header(server)
    texts["mach/mach_traps.h"] = _trap_header(
        "mach/mach_traps.h",
        "Traps.",
        ("mach/kern_return.h", "mach/message.h", "mach/port.h"),
        [trap for trap in TRAPS if trap.kind is TrapKind.KERNEL and "iovec" not in str(trap.arguments)],
    )
    texts["mach/syscall_sw.h"] = _trap_header(
        "mach/syscall_sw.h",
        "Traps that do without a message what a call does, when its target is local.\n"
        " * They return MACH_SEND_INTERRUPTED when it is not, before they did anything.",
        ("mach/mach_types.h", "mach/message.h", "device/device_types.h"),
        [trap for trap in TRAPS if trap.kind is TrapKind.SHORT_CUT or "iovec" in str(trap.arguments)],
    )
    texts["mach/mig_call.h"] = (Path(__file__).parent / "mig_call.h").read_text()
    return texts


def _guarded(path: str, about: str, includes: tuple[str, ...] | list[str], text: str) -> str:
    guard = f"_{path.upper().replace('/', '_').replace('.', '_')}_"
    lines = [f"/*\n * {about}\n * {NOTICE}\n */", f"#ifndef {guard}\n#define {guard}\n"]
    if includes:
        lines.append("".join(f"#include <{name}>\n" for name in includes))
    lines.append(text)
    lines.append(f"#endif\t/* {guard} */\n")
    return "\n".join(lines)


# Types, constants and structures.


def _header(contents: HeaderContents) -> str:
    parts = [contents.types] if contents.types else []
    lines = _constant_lines(contents.constants)
    for enum_name, prefix in contents.returns:
        lines += _return_lines(enum_name, prefix)
    if lines:
        parts.append("".join(lines))
    parts += [_structure(structure) for structure in STRUCTURES if contents.path == structure.HEADER]
    if contents.macros:
        parts.append(contents.macros)
    return _guarded(contents.path, contents.about, list(contents.includes), "\n".join(parts))


_WRITTEN = re.compile(r"^(\w+): Final = (\S+)(?:  # (.*))?$", re.MULTILINE)


def _written_constants() -> list[tuple[str, str, str]]:
    """Return (name, value as written, comment) of each constant, in order."""
    found = _WRITTEN.findall(inspect.getsource(constants))
    return [(name, value.replace("_", "").lower(), comment) for name, value, comment in found]


_SPECIAL_VALUES = MappingProxyType(
    {"MACH_PORT_NULL": "((mach_port_t)0)", "MACH_PORT_DEAD": "((mach_port_t)~0)"}
)


def _constant_lines(prefixes: object) -> list[str]:
    assert isinstance(prefixes, tuple)
    lines: list[str] = []
    for name, written, comment in _written_constants():
        if prefixes and name.startswith(prefixes):
            value = _SPECIAL_VALUES.get(name, _c_number(written))
            remark = f"\t/* {comment} */" if comment else ""
            lines.append(f"#define {name} {value}{remark}\n")
    return lines


def _c_number(written: str) -> str:
    number = int(written, 0)
    if number < 0:
        return f"({written})"
    return f"{written}U" if number > 0x7FFF_FFFF else written


def _return_lines(enum_name: str, prefix: str) -> list[str]:
    family = {
        "KernReturn": returns.KernReturn,
        "MsgReturn": returns.MsgReturn,
        "MigReturn": returns.MigReturn,
    }[enum_name]
    lines: list[str] = []
    for member in family:
        name = "MSG_SUCCESS" if family is returns.MsgReturn and member == 0 else member.name
        value = f"{member:#x}" if member > 0xFFFF else f"({member})" if member < 0 else f"{member}"
        lines.append(f"#define {prefix}{name} {value}\n")
    if family is returns.MsgReturn:
        for name in ("MACH_MSG_IPC_SPACE", "MACH_MSG_VM_SPACE", "MACH_MSG_IPC_KERNEL", "MACH_MSG_VM_KERNEL"):
            lines.append(f"#define {name} {getattr(returns, name):#x}\n")
    return lines


_OWN_NAME = frozenset(
    (
        "time_value",
        "mach_port_status",
        "old_mach_port_status",
        "sampled_pc",
        "hash_info_bucket",
        "ipc_info_space",
        "ipc_info_name",
        "ipc_info_tree_name",
        "vm_region_info",
        "vm_object_info",
        "vm_page_info",
        "zone_info",
    )
)
"""Structures whose name with _t is the structure; with the others it is a pointer to it."""

_TAG_ONLY = frozenset(("i386_thread_state", "tty_status", "net_status"))


def _structure(structure: type[Structure]) -> str:
    name = structure.__name__
    lines = [f"struct {name} {{\n"]
    for field in structure.FIELDS:
        is_array = field.count > 1 and field.structure is None
        lines.append(f"\t{field.c_type} {field.name}{f'[{field.count}]' if is_array else ''};\n")
    lines.append("};\n")
    if name in _OWN_NAME:
        lines.append(f"\ntypedef struct {name} {name}_t;\n")
    elif name not in _TAG_ONLY:
        lines.append(f"\ntypedef struct {name} {name}_data_t;\ntypedef struct {name} *{name}_t;\n")
    if name.endswith("_info") and name not in _OWN_NAME:
        lines.append(f"#define {name.upper()}_COUNT (sizeof(struct {name}) / sizeof(natural_t))\n")
    return "".join(lines)


# Prototypes.


def _user_header(subsystem: Subsystem) -> str:
    parts = [
        f"/* {routine.documentation} */\n"
        f"extern {prototype('kern_return_t', routine.name, user_arguments(routine))};\n"
        for routine in subsystem.routines
    ]
    includes = ["mach/mach_types.h", "mach/message.h", *TYPE_HEADERS.get(subsystem.name, ())]
    path = USER_HEADERS[subsystem.name]
    return _guarded(path, f"Calls of the {subsystem.name} interface.", includes, "\n".join(parts))


_SERVER_REMARK = """\
/*
 * Handle a request: true if its id belongs to this interface.  Either way a reply is made; one whose
 * return code is MIG_NO_REPLY is not to be sent.
 */
"""


def _server_header(server: Server) -> str:
    demultiplexer = f"boolean_t {server.name}(mach_msg_header_t *request, mach_msg_header_t *reply)"
    parts = [f"{_SERVER_REMARK}extern {demultiplexer};\n"]
    if server.has_sequence_numbers:
        parts.append(
            "/* The same, for functions that want the sequence number of the request. */\n"
            f"extern {demultiplexer.replace(server.name, f'seqnos_{server.name}')};\n"
        )
    parts.append("/* What the program supplies. */\n")
    for prefix, with_sequence_number in function_prefixes(server):
        for routine in server.subsystem.routines:
            arguments = server_arguments(routine, with_sequence_number)
            parts.append(f"extern {prototype('kern_return_t', prefix + routine.name, arguments)};\n")
    includes = ["mach/mach_types.h", "mach/message.h", *TYPE_HEADERS.get(server.subsystem.name, ())]
    about = f"The server's side of the {server.subsystem.name} interface."
    return _guarded(server.header, about, includes, "\n".join(parts))


def _trap_header(path: str, about: str, includes: tuple[str, ...], traps: list[Trap]) -> str:
    parts = []
    for trap in traps:
        if trap.name == "mach_msg_trap":
            continue  # in mach/message.h
        arguments = [f"{c_type} {name}".replace("* ", " *") for c_type, name in trap.arguments]
        parts.append(
            f"/* {trap.meaning[0].upper()}{trap.meaning[1:]}. */\n"
            f"extern {prototype(trap.result, trap.name, arguments)};\n"
        )
    return _guarded(path, about, includes, "\n".join(parts))
