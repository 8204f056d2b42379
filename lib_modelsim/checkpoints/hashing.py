"""One pass over a checkpoint's bytes → its `Identity`.

A file is read from its first byte to its last into a few reused buffers. Each buffer goes to several threads at once
(hashlib and numpy release the interpreter's lock): one hashes the file, one the file without its header, two the
values. Short weights share a buffer: of a small file's there are a thousand. Only tensors that cannot be met in passing
— two keys with one storage, transposed views — are read again.
"""

from __future__ import annotations

import hashlib
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .content_hash import PIECE, PieceDigests, component_content, piece_digests, raw_digests
from .extras import EMA, EMA_PREFIX, ema_content, extra_contents, is_schedule
from .identity import Identity, network_order
from .names import in_every_layout
from .reader import Checkpoint, Weight
from .source import MORE_MEMORY, ReadError, Source
from .stored import FLOATS, ITEM_BITS, StoredTensor

BUFFERS = 6
BUFFER_BYTES = 8 * PIECE
"""One piece of the widest dtype; 48 MiB in all."""

TOGETHER = 2 * PIECE
"""Bytes of short weights that are read, and handed to a thread, as one."""

LEGACY_RANGE = (0x100000, 0x110000)
"""Bytes under the WebUI's first model hash (AUTOMATIC1111 modules/sd_models.py, `model_hash`); a shorter file is
hashed as far as it goes, so that all under 1 MiB share "e3b0c442"."""


def identify(checkpoint: Checkpoint, progress: Callable[[int], None] = lambda read: None) -> Identity:
    """Read all files of a checkpoint once and return its hashes.

    `progress` is called with the number of bytes just read, at least once per 8 MiB. What it raises ends the reading
    there: that is how a job is stopped. Raises CheckpointError for a file that cannot be read to its end or that
    changes meanwhile.
    """
    by_file: dict[Source, list[Weight]] = {source: [] for source in checkpoint.sources}
    extras = [
        Weight(key, "", None, stored) for key, stored in checkpoint.extras.items() if key not in checkpoint.unread
    ]
    barred = checkpoint.barred_tensors
    for tensor in [*checkpoint.weights.values(), *checkpoint.unread.values(), *barred, *extras]:
        by_file[tensor.stored.source.root].append(tensor)

    files, digests = {}, {}
    alone = len(by_file) == 1 and checkpoint.format != "diffusers"
    safetensors = alone and checkpoint.format == "safetensors"
    header_end = min(tensor.offset for tensor in checkpoint.tensors) if safetensors else None
    try:
        with checkpoint, _Threads() as threads:
            for source, weights in by_file.items():
                files[source.name], found = _read_file(source, weights, header_end, threads, progress)
                digests.update(found)
            checkpoint.check()
    except MemoryError as error:
        raise ReadError("not enough memory to hash it", checkpoint.path, MORE_MEMORY) from error

    members: dict[str, list[Weight]] = {}
    for weight in (*checkpoint.weights.values(), *checkpoint.unread.values(), *barred):
        if is_schedule(weight.key) or not in_every_layout(weight.key, checkpoint.architecture):
            extras.append(weight)
        else:
            members.setdefault(weight.component, []).append(weight)
    content = {
        component: component_content(members[component], digests) for component in sorted(members, key=network_order)
    }
    found = Identity(
        "",
        None,
        None,
        content,
        extra_contents(extras, digests),
        checkpoint.layout.unplaced(sum(weight.stored.count for weight in checkpoint.unread.values())),
        ema_content((extra for extra in extras if extra.key.startswith(EMA_PREFIX)), digests),
        ema_content(members.get("unet", ()), digests),
        _not_finite(members | {EMA: [extra for extra in extras if extra.key.startswith(EMA_PREFIX)]}, digests),
    )
    if not alone:
        return replace(found, sha256=_folder_sha256(files))
    (hashes,) = files.values()
    return replace(found, sha256=hashes.sha256, legacy_hash=hashes.legacy[:8], autov3=hashes.without_header)


def _not_finite(
    members: Mapping[str, Sequence[Weight]], digests: Mapping[str, Sequence[PieceDigests]]
) -> dict[str, tuple[int, int]]:
    """Component → how many of its numbers are NaN and how many infinite, where any is."""
    pieces = {name: [piece for weight in own for piece in digests[weight.key]] for name, own in members.items()}
    found = {name: (sum(p.nans for p in own), sum(p.infinities for p in own)) for name, own in pieces.items()}
    return {name: found[name] for name in sorted(found, key=str) if any(found[name])}


def _folder_sha256(files: dict[str, FileHashes]) -> str:
    """As `sha256sum unet/… vae/… | sha256sum` gives it, the paths relative to the folder and sorted."""
    names = sorted((name, hashes.sha256) for name, hashes in files.items())
    return hashlib.sha256(
        "".join(f"{sha256}  {name}\n" for name, sha256 in names).encode("utf-8", "surrogateescape")
    ).hexdigest()


class FileHashes(NamedTuple):
    """SHA-256 of a file, of its LEGACY_RANGE, and of what follows its safetensors header, 64 digits each."""

    sha256: str
    legacy: str
    without_header: str | None


class Span(NamedTuple):
    """A stretch of a file, at most BUFFER_BYTES long: a piece of a weight, or bytes that are no weight's."""

    offset: int
    length: int
    weight: Weight | None


def _read_file(
    source: Source, weights: list[Weight], header_end: int | None, threads: _Threads, progress: Callable[[int], None]
) -> tuple[FileHashes, dict[str, list[PieceDigests]]]:
    """The hashes of one file, and per weight the digests of its pieces."""
    whole, legacy = _RangeSha256(0), _RangeSha256(*LEGACY_RANGE)
    data = None if header_end is None else _RangeSha256(header_end)
    hashes = [(threads.file, whole), (threads.file, legacy), *([(threads.data, data)] if data else [])]
    digests: dict[str, list[PieceDigests]] = {weight.key: [] for weight in weights}
    spans, again = _spans(weights, source)
    found: list[tuple[list[Span], Future[list[PieceDigests]]]] = []
    for lot in _lots(spans):
        start, size = lot[0].offset, lot[-1].offset + lot[-1].length - lot[0].offset
        buffer = threads.take()
        raw = buffer[:size]
        source.read_into(start, raw)
        held = [span for span in lot if span.weight is not None]
        pieces = threads.values.submit(_digests_of, raw, start, held)
        found.append((held, pieces))
        threads.give(buffer, [*(thread.submit(hash_.update, start, raw) for thread, hash_ in hashes), pieces])
        progress(size)
    threads.wait()

    for held, pieces in found:
        for span, digest in zip(held, pieces.result(), strict=True):
            digests[span.weight.key].append(digest)
    met = {weight.key for weight in weights} - {weight.key for weight in again}
    by_place = {_place_of(weight.stored): digests[weight.key] for weight in weights if weight.key in met}
    for weight in again:
        place = _place_of(weight.stored)
        if place not in by_place:
            by_place[place] = list(_read_again(weight.stored, threads, progress))
        digests[weight.key] = by_place[place]
    return FileHashes(whole.hexdigest(), legacy.hexdigest(), data.hexdigest() if data else None), digests


def _place_of(stored: StoredTensor) -> tuple:
    """What tensors have in common whose numbers are the same bytes: tied weights are hashed once."""
    shape = stored.count if stored.strides is None else (stored.shape, stored.strides)
    return id(stored.source), stored.offset, stored.dtype, shape


def _spans(weights: list[Weight], source: Source) -> tuple[list[Span], list[Weight]]:
    """A file cut from its first byte to its last, and the weights that this order does not meet: quantised ones, whose
    numbers are made from several places, are among them."""
    spans, again, position = [], [], 0
    for weight in sorted(weights, key=lambda weight: weight.stored.offset):
        stored = weight.stored
        if stored.source is not source or stored.strides is not None or stored.offset < position:
            again.append(weight)
            continue
        end = stored.offset + -(-stored.count * ITEM_BITS[stored.dtype] // 8)
        step = PIECE * stored.item_bytes if stored.dtype in FLOATS else BUFFER_BYTES
        spans += _cut(position, stored.offset, BUFFER_BYTES, None)
        spans += _cut(stored.offset, end, step, weight)
        position = end
    return spans + _cut(position, source.size, BUFFER_BYTES, None), again


def _lots(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """The spans in order, those that are short several together."""
    lot: list[Span] = []
    for span in spans:
        if lot and span.offset + span.length - lot[0].offset > TOGETHER:
            yield lot
            lot = []
        lot.append(span)
    if lot:
        yield lot


def _read_again(stored: StoredTensor, threads: _Threads, progress: Callable[[int], None]) -> Iterator[PieceDigests]:
    """The digests of the pieces of a weight that is read for itself; their bytes are counted already."""
    ahead: deque[Future[PieceDigests]] = deque()
    for piece in _pieces(stored):
        ahead.append(threads.values.submit(_digests, piece, stored.dtype))
        progress(0)
        while len(ahead) > BUFFERS // 2:
            yield ahead.popleft().result()
    yield from (digest.result() for digest in ahead)


def _cut(first: int, last: int, step: int, weight: Weight | None) -> list[Span]:
    return [Span(offset, min(step, last - offset), weight) for offset in range(first, last, step)]


def _digests_of(raw: memoryview, start: int, spans: Sequence[Span]) -> list[PieceDigests]:
    """The digests of pieces of weights, in bytes that were read from `start` on."""
    places = (span.offset - start for span in spans)
    return [_digests(raw[at : at + one.length], one.weight.stored.dtype) for at, one in zip(places, spans, strict=True)]


def _digests(raw: memoryview | np.ndarray, dtype: str) -> PieceDigests:
    return piece_digests(raw, dtype) if dtype in FLOATS else raw_digests(raw, dtype)


def _pieces(stored: StoredTensor) -> Iterator[np.ndarray]:
    """The elements in C order, PIECE at a time, as they are stored; of a view, its stored bytes are held whole."""
    item, dtype = stored.item_bytes, f"V{stored.item_bytes}"
    if stored.strides is None:
        for start in range(0, stored.count, PIECE):
            raw = np.empty(min(PIECE, stored.count - start), dtype)
            stored.source.read_into(stored.offset + start * item, raw.view(np.uint8).data)
            yield raw
        return
    raw = bytearray(stored.span * item)
    stored.source.read_into(stored.offset, memoryview(raw))
    view = np.ndarray(stored.shape, dtype, raw, strides=[step * item for step in stored.strides])
    for start in range(0, stored.count, PIECE):
        yield view.flat[start : start + PIECE]  # a flat iterator's slice copies these elements alone


class _RangeSha256:
    """SHA-256 of the bytes [first:last] of a file that passes by from its beginning."""

    def __init__(self, first: int, last: int = sys.maxsize) -> None:
        self._first, self._last = first, last
        self._sha256 = hashlib.sha256()

    def update(self, offset: int, chunk: memoryview) -> None:
        self._sha256.update(chunk[max(self._first - offset, 0) : max(self._last - offset, 0)])

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


class _Threads:
    """The threads, and their buffers: `file` and `data` do their work in the order given, `values` need not."""

    def __enter__(self) -> _Threads:
        with ExitStack() as stack:
            self.file, self.data, self.values = (stack.enter_context(ThreadPoolExecutor(n)) for n in (1, 1, 2))
            self._stack = stack.pop_all()
        self._ring: deque[tuple[memoryview, list[Future]]] = deque(
            (memoryview(np.empty(BUFFER_BYTES, np.uint8)), []) for _ in range(BUFFERS)
        )
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def take(self) -> memoryview:
        """The buffer that has been in work longest, once that work is done. Raises what the work raised."""
        buffer, work = self._ring.popleft()
        for future in work:
            future.result()
        return buffer

    def give(self, buffer: memoryview, work: list[Future]) -> None:
        """Hand over a buffer that `work` still needs."""
        self._ring.append((buffer, work))

    def wait(self) -> None:
        """Until all work is done. Raises what it raised."""
        for _ in range(BUFFERS):
            self.give(self.take(), [])
