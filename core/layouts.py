"""What is assumed of CPython's objects, tried whenever `core` is imported.

Compiled code reads the digits of integers and the slots of Structs in place, and overwrites floats that nobody but their
cell refers to. No interface promises that. So each is tried here on values at its edges, from interpreted code, as agents
read what compiled code wrote. Where an interpreter answers otherwise, the import ends: a wrong number never gets further.
`core/interpreter.pxd` refuses unknown interpreters when Tickmesh is built; one that is found only now is refused here.
"""

import sys
import sysconfig
from collections.abc import Callable

import msgspec

from core.probes import FloatCell, integer_in_place
from core.struct_codec import StructCodec
from core.struct_field import StructField

IMPLEMENTATION = "cpython"
VERSION_FIRST, VERSION_LAST = (3, 11), (3, 14)
ROUNDS = 64
"""How often a cell is read: an instruction that the interpreter specialises is its own after some ten."""

INTEGERS = tuple(
    sign * (edge + step) for edge in (0, 1 << 30, 1 << 60, 1 << 63) for step in (-1, 0, 1) for sign in (1, -1)
)
"""Where the number of digits changes, and where 64 bits end."""


class _Probe(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One field of each kind that is read or written in place."""

    number: int
    text: str
    share: float
    flag: bool
    data: bytes
    rows: tuple[tuple[int, int], ...]


PROBE = _Probe(-(1 << 62), "änd", 0.625, True, b"\x00\xff", ((1, 2), (-3, 1 << 40)))


def check() -> None:
    """Try all that is assumed.

    Raises:
        ImportError: If something is not as assumed; it names what was found and what is allowed.
    """
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    check_interpreter(sys.implementation.name, sys.version_info[:2], free_threaded)
    check_integers(integer_in_place)
    check_fields(StructField(_Probe, "number").int_of, StructField(_Probe, "text").of)
    check_structs(StructCodec(_Probe))
    check_floats(FloatCell())


def check_interpreter(implementation: str, version: tuple[int, int], free_threaded: bool) -> None:
    """Refuse an interpreter whose objects are not known."""
    known = implementation == IMPLEMENTATION and VERSION_FIRST <= version <= VERSION_LAST
    if not known or free_threaded:
        kind = ", free-threaded" if free_threaded else ""
        _refuse("interpreter", f"{implementation} {_dotted(version)}{kind}", f"{_allowed()}, with its GIL")


def check_integers(read: Callable[[int], int | None]) -> None:
    """Refuse if `read` takes an integer for another; what is beyond 64 bits has to be left alone."""
    for value in INTEGERS:
        expected = value if -(1 << 63) <= value < 1 << 63 else None
        if (found := read(value)) != expected:
            _refuse(f"the integer {value} read in place", found, expected)


def check_fields(number: Callable[[_Probe], int], text: Callable[[_Probe], object]) -> None:
    """Refuse if a field that is read at its offset is not the attribute."""
    found = (number(PROBE), text(PROBE))
    if found != (PROBE.number, PROBE.text):
        _refuse("fields of a Struct read in place", found, (PROBE.number, PROBE.text))


def check_structs(codec: StructCodec) -> None:
    """Refuse if a Struct written from its slots, or made by filling them, is not the one that msgspec writes and makes."""
    data = msgspec.msgpack.encode(PROBE)
    if (written := codec.encoded(PROBE)) != data:
        _refuse("a Struct written from its slots", written, data)
    made = codec.decoded(data)
    if made != PROBE or hash(made) != hash(PROBE):
        _refuse("a Struct made by filling its slots", made, PROBE)


def check_floats(cell: FloatCell) -> None:
    """Refuse if a number that was read changes with its cell, or the cell does not show what was set last."""
    for step in range(ROUNDS):
        cell.set(step)
        held = cell.value
        # The first one waits on the interpreter's stack while the cell changes.
        read = (cell.value, cell.set(step + 0.25), cell.value)  # type: ignore[func-returns-value]
        cell.set(step + 0.5)
        found = (held, read[0], read[2], cell.value)
        expected = (step, step, step + 0.25, step + 0.5)
        if found != expected:
            _refuse("floats read from a cell", found, expected)


def _allowed() -> str:
    return f"{IMPLEMENTATION} {_dotted(VERSION_FIRST)} to {_dotted(VERSION_LAST)}"


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _refuse(what: str, found: object, allowed: object) -> None:
    raise ImportError(
        f"{what}: found {found!r}, allowed is {allowed!r}; Tickmesh reads objects of {_allowed()} in place "
        f"and this one, {sys.version.split()[0]}, lays them out otherwise"
    )
