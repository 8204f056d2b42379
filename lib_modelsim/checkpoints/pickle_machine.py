"""A pickle's opcodes → an inert tree of what they describe. Nothing is imported, called or constructed.

The standard library's `pickletools.genops` splits the stream into opcodes; this file keeps the stack that they
work on. A reference to a class or function becomes a `Global`, a call of one a `Call`, a persistent id a
`Persistent`: three records that do nothing. Opcodes that change an object (BUILD, or APPEND and SETITEM on what
is no plain list or dict) have no effect. Opcodes: the documentation strings of Lib/pickletools.py.

Memory stays within a constant times what the stream holds: no length is believed that the stream cannot fill,
the memo is a dict (a huge index costs nothing), and the number of opcodes is limited.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from ..errors import CheckpointError
from .stored import DAMAGED

MOST_STEPS = 1_000_000
"""Opcodes (and items copied by them) in one pickle. The 1,131 tensors of SD 1.x take about 40,000."""

LONGEST_ARGUMENT = 1 << 24
"""Bytes of one string or number."""

LONGEST_LINE = 4300
"""Bytes of one argument in text form; Python's own limit for decimal digits, which its first 3.10 releases lack."""

LONGEST_NAME = 1000
"""Characters of a class's or function's full name."""

LARGEST_INTEGER = 1 << 80
"""Greater numbers count for nothing here. PyTorch's magic number has 77 bits."""


@dataclass(frozen=True, eq=False, slots=True)
class Global:
    """The name of a class or function, "module.name"; never looked up."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """A call that was not made."""

    function: Global
    arguments: tuple


@dataclass(frozen=True, eq=False, slots=True)
class Persistent:
    """A reference to something outside the pickle: in PyTorch's, a storage."""

    id: object


@dataclass(frozen=True, eq=False, slots=True)
class Inert:
    """A placeholder for everything that has no meaning here."""


INERT = Inert()


class PickleStream:
    """The bytes [start, end) of a file, as genops reads them. `position` is the next byte's place in the file."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        file.seek(start)
        self._file, self.position, self._end = file, start, end

    def read(self, count: int) -> bytes:
        """`count` bytes. Raises ValueError, instead of allocating, for a count that the stream cannot fill."""
        if count > LONGEST_ARGUMENT or self.position + count > self._end:
            raise ValueError(f"{count} bytes wanted where {self._end - self.position} are left")
        self.position += count
        return self._file.read(count)

    def readline(self) -> bytes:
        """The bytes up to a line break; without one where it is missing or too far away."""
        data = self._file.readline(min(self._end - self.position, LONGEST_LINE))
        self.position += len(data)
        return data


def read_tree(stream: PickleStream) -> tuple[object, list[Persistent]]:
    """One pickle from the stream: the tree that it describes, and its persistent ids in the order of their first use.

    The tree holds dicts with text as keys (other keys are left out: hashing a hostile one can take forever), lists,
    tuples, text, bytes, numbers, None, and the records above. It may be deep, shared and cyclic: walk it with care.
    Raises CheckpointError where the stream is damaged or beyond the limits.
    """
    start = stream.position
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            machine.spend(1)
            if opcode.name != "STOP":
                _ACTIONS[opcode.name](machine, argument)
        return machine.pop(), machine.persistent
    except (IndexError, KeyError, ValueError) as error:
        # IndexError: empty stack; KeyError: no such memo entry; ValueError: what genops and PickleStream raise
        place = f"{error} (byte {stream.position - start} of the pickle)"
        raise CheckpointError("the pickle is damaged", place, DAMAGED) from error


class _Machine:
    """The pickle machine's stack, marks and memo."""

    def __init__(self) -> None:
        self.stack: list = []
        self.below_marks: list[list] = []  # the stacks under the marks, outermost first
        self.memo: dict[int, object] = {}
        self.persistent: list[Persistent] = []
        self.steps_left = MOST_STEPS

    def spend(self, steps: int) -> None:
        self.steps_left -= steps
        if self.steps_left < 0:
            fix = "convert it to safetensors"
            raise CheckpointError("the pickle has too many opcodes", f"more than {MOST_STEPS}", fix)

    def push(self, value: object) -> None:
        self.stack.append(value)

    def push_number(self, value: int) -> None:
        self.stack.append(value if abs(value) < LARGEST_INTEGER else INERT)

    def pop(self) -> object:
        return self.stack.pop()

    def pop_several(self, count: int) -> tuple:
        return tuple(self.pop() for _ in range(count))[::-1]

    def mark(self, _: object) -> None:
        self.below_marks.append(self.stack)
        self.stack = []

    def pop_to_mark(self) -> list:
        items = self.stack
        self.stack = self.below_marks.pop()
        return items

    def pop_or_unmark(self, _: object) -> None:
        """POP: takes the mark itself where nothing stands above it."""
        if self.stack:
            self.pop()
        else:
            self.pop_to_mark()

    def put(self, index: int) -> None:
        if not 0 <= index < 1 << 32:  # PUT can spell any number, and many that share one hash
            raise ValueError("impossible memo index")
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        self.push(self.memo[index])

    def append(self, items: list) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(items)

    def set_items(self, flat: list) -> None:
        """SETITEMS: `flat` is key, value, key, value, …"""
        target = self.stack[-1]
        if isinstance(target, dict):
            pairs = zip(flat[::2], flat[1::2], strict=False)
            target.update((key, value) for key, value in pairs if isinstance(key, str))

    def push_dict(self, flat: list) -> None:
        self.push({})
        self.set_items(flat)

    def push_global(self, module: object, name: object) -> None:
        # the limits keep two long strings of the memo from being joined again and again
        self.spend(LONGEST_NAME // 100)
        known = isinstance(module, str) and isinstance(name, str) and len(module) + len(name) < LONGEST_NAME
        self.push(Global(f"{module}.{name}") if known else INERT)

    def call(self, function: object, arguments: object) -> None:
        """REDUCE and its likes: the record of a call, but OrderedDict becomes a dict."""
        if not (isinstance(function, Global) and isinstance(arguments, tuple)):
            self.push(INERT)
        elif function.name == "collections.OrderedDict":
            self.push_ordered_dict(arguments)
        else:
            self.push(Call(function, arguments))

    def push_ordered_dict(self, arguments: tuple) -> None:
        """OrderedDict(), or the OrderedDict([[key, value], …]) that Python 2 wrote."""
        pairs = arguments[0] if arguments and isinstance(arguments[0], list) else []
        self.spend(len(pairs))
        self.push_dict([part for pair in pairs if isinstance(pair, (list, tuple)) and len(pair) == 2 for part in pair])

    def push_persistent(self, persistent_id: object) -> None:
        reference = Persistent(persistent_id)
        self.persistent.append(reference)
        self.push(reference)


def _nothing(machine: _Machine, _: object) -> None:
    pass


def _push_inert(machine: _Machine, _: object) -> None:
    machine.push(INERT)


def _inst(machine: _Machine, module_and_name: str) -> None:
    arguments = tuple(machine.pop_to_mark())
    machine.push_global(*module_and_name.split(" ", 1))
    machine.call(machine.pop(), arguments)


def _obj(machine: _Machine, _: object) -> None:
    function, *arguments = machine.pop_to_mark()
    machine.call(function, tuple(arguments))


def _new_with_keywords(machine: _Machine, _: object) -> None:
    machine.pop_several(3)
    machine.push(INERT)


def _frozen_set(machine: _Machine, _: object) -> None:
    machine.pop_to_mark()
    machine.push(INERT)


_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME", "READONLY_BUFFER"), _nothing),
    **dict.fromkeys(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"), _Machine.push_number),
    **dict.fromkeys(("FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING"), _Machine.push),
    **dict.fromkeys(("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"), _Machine.push),
    **dict.fromkeys(("SHORT_BINBYTES", "BINBYTES", "BINBYTES8"), _Machine.push),
    **dict.fromkeys(("BYTEARRAY8", "NEXT_BUFFER", "EMPTY_SET", "EXT1", "EXT2", "EXT4"), _push_inert),
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    # the stack and the memo
    "MARK": _Machine.mark,
    "POP": _Machine.pop_or_unmark,
    "POP_MARK": lambda m, _: m.pop_to_mark(),
    "DUP": lambda m, _: m.push(m.stack[-1]),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "MEMOIZE": lambda m, _: m.put(len(m.memo)),
    # containers
    "EMPTY_TUPLE": lambda m, _: m.push(()),
    "TUPLE1": lambda m, _: m.push(m.pop_several(1)),
    "TUPLE2": lambda m, _: m.push(m.pop_several(2)),
    "TUPLE3": lambda m, _: m.push(m.pop_several(3)),
    "TUPLE": lambda m, _: m.push(tuple(m.pop_to_mark())),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "LIST": lambda m, _: m.push(m.pop_to_mark()),
    "APPEND": lambda m, _: m.append([m.pop()]),
    "APPENDS": lambda m, _: m.append(m.pop_to_mark()),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "DICT": lambda m, _: m.push_dict(m.pop_to_mark()),
    "SETITEM": lambda m, _: m.set_items([*m.pop_several(2)]),
    "SETITEMS": lambda m, _: m.set_items(m.pop_to_mark()),
    "ADDITEMS": lambda m, _: m.pop_to_mark(),
    "FROZENSET": _frozen_set,
    # classes, calls, state
    "GLOBAL": lambda m, module_and_name: m.push_global(*module_and_name.split(" ", 1)),
    "STACK_GLOBAL": lambda m, _: m.push_global(*m.pop_several(2)),
    "REDUCE": lambda m, _: m.call(*m.pop_several(2)),
    "NEWOBJ": lambda m, _: m.call(*m.pop_several(2)),
    "NEWOBJ_EX": _new_with_keywords,
    "INST": _inst,
    "OBJ": _obj,
    "BUILD": lambda m, _: m.pop(),
    "PERSID": _Machine.push_persistent,
    "BINPERSID": lambda m, _: m.push_persistent(m.pop()),
}
"""Opcode → what it does to the machine, given its argument. STOP is read_tree's."""
