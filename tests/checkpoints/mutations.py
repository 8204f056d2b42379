"""Small good checkpoints of three formats, and endless ways to damage them (all from one seeded generator)."""

from __future__ import annotations

import json
import pickletools
import struct
from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random

from .literal_files import (
    call,
    dict_of,
    entry,
    number,
    pickled,
    safetensors_file,
    storage,
    stream_file,
    tensor,
    text,
    tuple_of,
    zip_file,
)

STORAGES = {"0": (12, 2), "1": (6, 4), "2": (5, 4), "3": (4, 8)}
"""Key → number of elements, bytes per element."""
KINDS = {"0": "HalfStorage", "1": "FloatStorage", "2": "FloatStorage", "3": "LongStorage"}
DATA = {key: bytes(range(1, count * size + 1)) for key, (count, size) in STORAGES.items()}


def trained_pickle(view: bytes | None = None) -> bytes:
    """A state dict with a transposed, a partial and a tied tensor, a Parameter and trainer state around it."""
    refer = {key: storage(key, count, KINDS[key], view) for key, (count, _) in STORAGES.items()}
    weight = tensor(refer["0"], (3, 4), (1, 3))
    state_dict = {
        "model.diffusion_model.input_blocks.0.0.weight": weight,
        "model.diffusion_model.input_blocks.0.0.bias": tensor(refer["1"], (2,), (2,), first=1),
        "model.diffusion_model.middle_block.0.bias": tensor(refer["1"], (2, 3), (3, 1)),
        "cond_stage_model.weight": call(
            "torch._utils", "_rebuild_parameter", tensor(refer["2"], (5,), (1,)), b"\x88", b"N"
        ),
        "cond_stage_model.position_ids": tensor(refer["3"], (1, 4), (4, 1)),
    }
    callbacks = dict_of(
        {"best": call("numpy.core.multiarray", "scalar", text("f8"), number(3)), "seen": tuple_of(number(1))}
    )
    return pickled(dict_of({"epoch": number(5), "state_dict": dict_of(state_dict), "callbacks": callbacks}))


TRAINED, TRAINED_STREAM = trained_pickle(), trained_pickle(view=b"N")
HEADER = {
    "model.diffusion_model.input_blocks.0.0.weight": entry(0, 24, [3, 4], "F16"),
    "model.diffusion_model.input_blocks.0.0.bias": entry(24, 48, [6]),
    "cond_stage_model.weight": entry(48, 68, [5]),
    "position_ids": entry(68, 100, [1, 4], "I64"),
    "__metadata__": {"format": "pt", "sd_merge_recipe": "{}"},
}


def as_zip(pickle: bytes) -> bytes:
    return zip_file(pickle, DATA, more={"byteorder": b"little"})


def as_stream(pickle: bytes) -> bytes:
    return stream_file(pickle, {key: (count, DATA[key]) for key, (count, _) in STORAGES.items()})


ORIGINALS = {
    "zip.ckpt": as_zip(TRAINED),
    "stream.ckpt": as_stream(TRAINED_STREAM),
    "header.safetensors": safetensors_file(HEADER, b"".join(DATA.values())),
}


def mutated(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` damaged files: a name that tells how each was made, and its bytes."""
    random = Random(seed)
    ways = [
        *((name, way, original) for name, original in ORIGINALS.items() for way in (flip, cut, splice, overwrite)),
        *[("zip.ckpt", rewritten_zip, b"")] * 4,
        *[("stream.ckpt", rewritten_stream, b"")] * 4,
        *[("header.safetensors", rewritten_header, b"")] * 4,
    ]
    for i in range(count):
        name, way, original = ways[i % len(ways)]
        yield f"{i:04}-{way.__name__}-{name}", way(original, random)


# ---- any bytes


def flip(original: bytes, random: Random) -> bytes:
    raw = bytearray(original)
    for _ in range(random.randint(1, 8)):
        raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    return bytes(raw)


def cut(original: bytes, random: Random) -> bytes:
    """A piece of the file is missing: often its end, at times its start or its middle."""
    first = random.randrange(len(original))
    last = random.choice([len(original), min(len(original), first + random.randint(1, 64))])
    return original[:first] + original[last:]


def splice(original: bytes, random: Random) -> bytes:
    """A piece of some checkpoint stands in the middle of this one."""
    other = random.choice(list(ORIGINALS.values()))
    first, place = random.randrange(len(other)), random.randrange(len(original))
    piece = other[first : first + random.randint(1, 200)]
    return original[:place] + piece + original[place + random.choice([0, len(piece)]) :]


def overwrite(original: bytes, random: Random) -> bytes:
    """A number in the file, of one to eight bytes, becomes an extreme one."""
    raw, size = bytearray(original), random.choice([1, 2, 4, 8])
    place = random.randrange(len(raw) - size)
    raw[place : place + size] = random.choice(EXTREME[size])
    return bytes(raw)


EXTREME = {
    size: [
        b"\xff" * size,
        b"\0" * size,
        b"\xff" * (size - 1) + b"\x7f",
        b"\0" * (size - 1) + b"\x80",
        b"\0" * (size - 1) + b"\x01",
    ]
    for size in (1, 2, 4, 8)
}

# ---- pickle opcodes


def rewritten_zip(_: bytes, random: Random) -> bytes:
    return as_zip(rewritten(TRAINED, random))


def rewritten_stream(_: bytes, random: Random) -> bytes:
    return as_stream(rewritten(TRAINED_STREAM, random))


def rewritten(pickle: bytes, random: Random) -> bytes:
    """The same pickle with one to three of its opcodes changed; the container around it will be sound."""
    places = [place for _, _, place in pickletools.genops(pickle)] + [len(pickle)]
    codes = [pickle[first:last] for first, last in pairwise(places)]
    for _ in range(random.randint(1, 3)):
        i = random.randrange(len(codes))
        change = random.choice([_drop, _double, _move, _replace, _insert, _other_number, _other_name])
        change(codes, i, random)
    return b"".join(codes)


def _drop(codes: list[bytes], i: int, _: Random) -> None:
    codes[i] = b""


def _double(codes: list[bytes], i: int, _: Random) -> None:
    codes[i] *= 2


def _move(codes: list[bytes], i: int, random: Random) -> None:
    codes[i], j = b"", random.randrange(len(codes))
    codes[j] = codes[i] + codes[j]


def _replace(codes: list[bytes], i: int, random: Random) -> None:
    codes[i] = random.choice(HOSTILE_CODES)(random)


def _insert(codes: list[bytes], i: int, random: Random) -> None:
    codes[i] = random.choice(HOSTILE_CODES)(random) + codes[i]


def _other_number(codes: list[bytes], i: int, random: Random) -> None:
    """The next number (an element count, offset, length, stride) becomes another one."""
    for j in range(i, len(codes)):
        if codes[j][:1] == b"J":
            codes[j] = number(random.choice([-1, 0, 1, 7, 1 << 31, (1 << 62) + 1, (1 << 64) - 1, 1 << 90, -(1 << 63)]))
            return


def _other_name(codes: list[bytes], i: int, random: Random) -> None:
    """The next class or function becomes another one."""
    for j in range(i, len(codes)):
        if codes[j][:1] == b"c":
            codes[j] = random.choice(NAMES)
            return


NAMES = [
    b"cos\nsystem\n", b"cbuiltins\neval\n", b"ctorch\nDoubleStorage\n", b"ctorch.storage\nUntypedStorage\n",
    b"ctorch._utils\n_rebuild_tensor_v3\n", b"ctorch._tensor\n_rebuild_from_type_v2\n",
    b"ctorch._utils\n_rebuild_qtensor\n",
    b"cantigravity\nfly\n", b"ccollections\nOrderedDict\n", b"csubprocess\nPopen\n",
]  # fmt: skip


def _sized(code: bytes, layout: str, *lengths: int) -> Callable[[Random], bytes]:
    return lambda random: code + struct.pack(layout, random.choice(lengths)) + b"1" * random.choice([0, 1, 40])


HUGE4, HUGE8 = (0, 1, 1 << 20, (1 << 31) - 1), (0, 1, 10_000_000_000, (1 << 63) - 1, (1 << 64) - 1)
HOSTILE_CODES: list[Callable[[Random], bytes]] = [
    _sized(b"r", "<I", *HUGE4, (1 << 32) - 1),  # LONG_BINPUT
    _sized(b"j", "<I", *HUGE4, (1 << 32) - 1),  # LONG_BINGET
    _sized(b"\x8e", "<Q", *HUGE8),  # BINBYTES8
    _sized(b"\x8d", "<Q", *HUGE8),  # BINUNICODE8
    _sized(b"\x96", "<Q", *HUGE8),  # BYTEARRAY8
    _sized(b"\x95", "<Q", *HUGE8),  # FRAME
    _sized(b"\x8b", "<i", *HUGE4, -1),  # LONG4
    _sized(b"T", "<i", *HUGE4, -1),  # BINSTRING
    _sized(b"X", "<I", *HUGE4, (1 << 32) - 1),  # BINUNICODE
    _sized(b"B", "<I", *HUGE4, (1 << 32) - 1),  # BINBYTES
    _sized(b"\x84", "<i", *HUGE4, -1),  # EXT4
    lambda random: random.choice([b"I", b"L"]) + b"9" * random.choice([20, 4000, 20_000]) + b"\n",
    lambda random: random.choice([b"p", b"g"]) + str(random.choice([-1, 0, 1 << 70])).encode() + b"\n",
    lambda random: call("os", "system", text("echo executed > executed.txt")),
    lambda random: b"(" + text("echo executed > executed.txt") + b"ios\nsystem\n",
    lambda random: b"V\\ud800\\U0001f600\n" + random.choice([b"", b"\x93", b"u"]),
    lambda random: b"]" + b"2\x86" * random.choice([1, 60, 500]),
    lambda random: random.choice([b"(", b"]", b"}", b"\x85"]) * random.choice([100, 3000]),
    lambda random: bytes([random.randrange(256)]),
]

# ---- safetensors headers


def rewritten_header(_: bytes, random: Random) -> bytes:
    """A header with one thing in it changed, its length right or (at times) wrong."""
    header = json.loads(json.dumps(HEADER))
    key = random.choice(list(HEADER))
    change = random.randrange(6)
    if change == 0:
        header[random.choice(list(HEADER))] = random.choice(ODD_VALUES)
    elif change == 1 and key != "__metadata__":
        header[key][random.choice(["dtype", "shape", "data_offsets"])] = random.choice(ODD_VALUES)
    elif change == 2 and key != "__metadata__":
        numbers = header[key][random.choice(["shape", "data_offsets"])]
        numbers[random.randrange(len(numbers))] = random.choice(ODD_VALUES)
    elif change == 3:
        header[random.choice(ODD_KEYS)] = header.pop(key)
    raw = json.dumps(header).encode()
    if change >= 4:
        place = random.randrange(len(raw))
        raw = raw[:place] + random.choice(ODD_JSON) + raw[place + random.choice([0, 1]) :]
    length = random.choice([*[None] * 12, 0, 1, len(raw) - 1, len(raw) + 1, 99_999_999, 1 << 40, (1 << 64) - 1])
    return safetensors_file(raw, b"".join(DATA.values()), length)


ODD_VALUES = [
    None, True, -1, 0, 1, 3, 1e300, 1 << 31, 1 << 62, 1 << 64, 10**400, "", "F16", "F8_E5M2", "F4", "x" * 3000, [],
    [0, 0], [3, 4], [4, 3], [24], [0, 1 << 62], [1] * 100, [[[]]], {}, {"a": 1},
]  # fmt: skip
ODD_KEYS = [
    "",
    "\n\x1b[2J",
    "\ud800",
    "k" * 5000,
    "__metadata__",
    "__proto__",
    "input_blocks." + "9" * 900,
    "é" * 300,
    "\0",
]
ODD_JSON = [
    b"[" * 2000,
    b"{",
    b"}",
    b'"',
    b",",
    b"\\",
    b"\xff",
    b"NaN",
    b"-Infinity",
    b"9" * 30_000,
    b"1e999",
    b"\0",
    b"\\ud800",
    b" " * 9,
]
