"""Checkpoint files put together from literal bytes, so that tests can say exactly what is wrong with one."""

from __future__ import annotations

import io
import json
import struct
import zipfile

# ---- pickle opcodes, protocol 2


def text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(value: int) -> bytes:
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def tuple_of(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def numbers(*values: int) -> bytes:
    return tuple_of(*map(number, values))


def call(module: str, attribute: str, *arguments: bytes) -> bytes:
    return name(module, attribute) + tuple_of(*arguments) + b"R"


def dict_of(entries: dict[str, bytes]) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u"


def pickled(body: bytes) -> bytes:
    return b"\x80\x02" + body + b"."


# ---- what PyTorch writes

NO_HOOKS = call("collections", "OrderedDict")


def storage(key: str, count: int, kind: str = "FloatStorage", view: bytes | None = None) -> bytes:
    """A reference to a storage; the legacy stream has one more field, the view (`N`: none)."""
    fields = [text("storage"), name("torch", kind), text(key), text("cpu"), number(count)]
    return tuple_of(*fields, *([] if view is None else [view])) + b"Q"


def tensor(reference: bytes, shape: tuple[int, ...], strides: tuple[int, ...], first: int = 0) -> bytes:
    arguments = (reference, number(first), numbers(*shape), numbers(*strides), b"\x89", NO_HOOKS)
    return call("torch._utils", "_rebuild_tensor_v2", *arguments)


def zip_file(
    pickle: bytes,
    storages: dict[str, bytes],
    root: str = "archive",
    more: dict[str, bytes] | None = None,
    deflated: str = "",
) -> bytes:
    """The archive of torch.save; the record called `deflated` is compressed."""
    records = {
        "data.pkl": pickle,
        **{f"data/{key}": raw for key, raw in storages.items()},
        "version": b"3\n",
        **(more or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for record, raw in records.items():
            method = zipfile.ZIP_DEFLATED if record == deflated else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(f"{root}/{record}"), raw, method)
    return file.getvalue()


def stream_file(pickle: bytes, storages: dict[str, tuple[int, bytes]], little_endian: bool = True) -> bytes:
    """The stream that torch.save wrote before 1.6; a storage is its number of elements and its bytes."""
    machine = dict_of({"protocol_version": number(1001), "little_endian": b"\x88" if little_endian else b"\x89"})
    keys = b"](" + b"".join(map(text, storages)) + b"e"
    head = [number(0x1950A86A20F9469CFC6C), number(1001), machine]
    data = b"".join(struct.pack("<q", count) + raw for count, raw in storages.values())
    return b"".join(map(pickled, head)) + pickle + pickled(keys) + data


FOUR = struct.pack("<4f", 1, 2, 3, 4)
MATRIX = tensor(storage("0", 4), (2, 2), (2, 1))
"""A tensor whose storage 0 holds the four numbers."""

# ---- safetensors


def safetensors_file(header: dict | bytes, data: bytes = b"", length: int | None = None) -> bytes:
    """`length` is what the file claims its header to have."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def entry(first: int, last: int, shape: list[int], dtype: str = "F32") -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}
