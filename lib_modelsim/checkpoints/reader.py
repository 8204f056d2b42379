"""Opening a checkpoint: `open_checkpoint(path)` → `Checkpoint`, whatever the format."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

from ..errors import CheckpointError
from . import blocks, folder, names, shards
from .architecture import kind_of
from .file_formats import FileHeaders, read_file_headers
from .files import file_key, shards_at
from .layout import OTHER, Layout, Place
from .networks import Registry, registry
from .quantised.decoding import Opaque
from .quantised.registry import BESIDE
from .source import FileKey, FileSource, FromSources, ReadError, Source, changed
from .stored import FLOATS, StoredTensor, without_trailing_ones


@dataclass(frozen=True, slots=True)
class Weight:
    """One tensor that counts in comparisons: its common name, its place in the network, where its bytes are.

    `key` is the name that files of this architecture have in common whatever their layout; `component` is `unet`,
    `te` (`te0`, `te1`, …), `vae` or `other`; `block` is None for `other`. `shape` is without trailing ones, so that
    a linear layer and the same one stored as a 1×1 convolution agree.
    """

    key: str
    component: str
    block: str | None
    stored: StoredTensor

    @property
    def shape(self) -> tuple[int, ...]:
        return without_trailing_ones(self.stored.shape)


@dataclass(frozen=True)
class Checkpoint(FromSources):
    """What the headers of a checkpoint say. No tensor has been read.

    `tensors` are all tensors in file order; `weights` those that count in comparisons, by common name, in file
    order too: floating point, more than one number, not an EMA copy, not `position_ids`. `extras` are all the others
    by common name: they count where two files are called the same. `identity` is what its files were when they were
    opened. `layout` is what is where in the network, in network order. `barred` are the weights whose numbers nobody
    can know from the file, by common name. `remarks` are sentences on what is odd about its files and does no harm.
    `files` are sources that count where they hold no tensor.

    A context manager: its files are kept open until the end of the block. `check` says whether what was read holds.
    """

    path: Path
    format: str
    tensors: tuple[StoredTensor, ...]
    weights: dict[str, Weight]
    layout: Layout
    metadata: dict[str, str]
    identity: FileKey
    extras: dict[str, StoredTensor] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    barred: dict[str, Weight] = field(default_factory=dict)
    files: tuple[Source, ...] = ()

    @property
    def architecture(self) -> str:
        """The network's name; of an unknown one with what tells it from others."""
        return self.layout.architecture

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The files that its tensors come from, each once, in file order."""
        return tuple(dict.fromkeys((*self.files, *(tensor.source.root for tensor in self.tensors))))

    @cached_property
    def barred_tensors(self) -> list[Weight]:
        """The tensors of the file that the barred weights are made of, under names that do not depend on its order."""
        found: dict[Source, list[Weight]] = {}
        for weight in self.barred.values():
            source = weight.stored.source
            if isinstance(source, Opaque) and source not in found:
                found[source] = [
                    Weight(f"{weight.key} {ending}", weight.component, weight.block, part)
                    for ending, part in source.parts.items()
                ]
        return [weight for parts in found.values() for weight in parts]

    @cached_property
    def why_barred(self) -> dict[str, str]:
        """Component → why some of its weights cannot be compared, of the first of each."""
        found: dict[str, str] = {}
        for weight in self.barred.values():
            source = weight.stored.source
            if isinstance(source, Opaque):
                found.setdefault(weight.component, f"{source.precision} cannot be compared: {source.reason}")
        return found

    @cached_property
    def unread(self) -> dict[str, Weight]:
        """Matrices of dtypes that are not read as weights, most often quantised ones: they may be the network."""
        found = {
            key: Weight(key, OTHER, None, stored)
            for key, stored in self.extras.items()
            if stored.dtype not in FLOATS and not key.endswith("position_ids")
        }
        return {key: weight for key, weight in found.items() if len(weight.shape) > 1}

    def read(self, key: str) -> bytearray:
        """The bytes of one weight as they stand in the file, from its first element to its last (gaps included)."""
        return self.weights[key].stored.raw()


def open_checkpoint(path: Path) -> Checkpoint:
    """Read the headers of a checkpoint: a safetensors file, a pickle (zip or legacy), the shards of a model, of which
    one or their index is named, a diffusers folder, or one of its components alone.

    The format is told by the first bytes, not by the ending: files with a wrong ending are common. Raises
    CheckpointError for whatever cannot be read or compared, in one line; ReadError where it changes meanwhile.
    """
    path = Path(path)
    if os.path.isdir(path):  # noqa: PTH112 - pathlib's raises where a name is too long for the system
        if folder.is_component(path):
            return open_checkpoint(path / (folder.weights_in(path) or ""))
        return _open_several(path, lambda: FileHeaders("diffusers", *folder.read_folder(path)))
    parts = shards_at(path)
    if parts is not None:
        return _open_several(parts.path, lambda: shards.read_shards(parts))
    source = FileSource(path)
    form, tensors, metadata, remarks = read_file_headers(source)
    return replace(checkpoint_of(path, form, tensors, metadata, source.identity, remarks), files=(source,))


def checkpoint_of(
    path: Path,
    form: str,
    tensors: Sequence[StoredTensor],
    metadata: dict[str, str],
    identity: FileKey,
    remarks: tuple[str, ...] = (),
) -> Checkpoint:
    """The checkpoint that these tensors are. Raises CheckpointError where there are none."""
    if not tensors and form != "gguf":  # that has a description of its own
        raise CheckpointError("the file holds no tensors", path.name, "move it elsewhere, it is not a checkpoint")
    remarks = remarks if tensors else (*remarks, "it describes a model and holds no tensors")
    named = names.common_names(tensors)
    forms = tuple((key, stored.shape, stored.dtype, isinstance(stored.source, Opaque)) for key, stored in named)
    layout, places = _places(forms, registry())
    weights: dict[str, Weight] = {}
    barred: dict[str, Weight] = {}
    extras: dict[str, StoredTensor] = {}
    for (key, stored), (component, block), (*_, opaque) in zip(named, places, forms, strict=True):
        if component is None:
            extras[key] = stored
        else:
            (barred if opaque else weights)[key] = Weight(key, component, block, stored)
    return Checkpoint(path, form, tuple(tensors), weights, layout, metadata, identity, extras, remarks, barred)


@lru_cache(maxsize=16)
def _places(
    forms: tuple[tuple[str, tuple[int, ...], str, bool], ...],
    known: Registry,  # noqa: ARG001
) -> tuple[Layout, list[tuple[str | None, str | None]]]:
    """The layout of these common keys, shapes, dtypes and whether nobody can know their numbers, by the networks
    `known` now; component and block of each, None for what holds no weights. Cached, as most files of a library have
    the tensors of another one."""
    architecture = kind_of({key: shape for key, shape, *_ in forms if not key.endswith(BESIDE)})
    found = [
        blocks.place(architecture, key) if _holds_weights(key, shape, dtype) else (None, None)
        for key, shape, dtype, _ in forms
    ]
    places = {
        key: Place(component, block, without_trailing_ones(shape))
        for (key, shape, _, opaque), (component, block) in zip(forms, found, strict=True)
        if component is not None and not opaque
    }
    return Layout.of(architecture, places), found


def _holds_weights(key: str, shape: tuple[int, ...], dtype: str) -> bool:
    """Whether a tensor's numbers are weights: a single number is a scale, a marker or a setting (alpha, sigma_max,
    an empty v_pred), and integers are buffers."""
    return dtype in FLOATS and math.prod(shape) > 1 and not key.endswith("position_ids")


def _open_several(path: Path, read: Callable[[], FileHeaders]) -> Checkpoint:
    """A checkpoint of several files, whose headers `read` reads."""
    before = file_key(path)
    try:
        form, tensors, metadata, remarks = read()
    except OSError as error:
        raise ReadError(
            f"cannot read ({error.strerror or error})", path, "check that the file exists and can be read"
        ) from error
    except CheckpointError as error:
        if file_key(path) != before:
            raise changed(path) from error
        raise
    if file_key(path) != before:
        raise changed(path)
    return checkpoint_of(path, form, tensors, metadata, before, remarks)
