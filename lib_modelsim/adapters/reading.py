"""A file → what it changes: `read_adapter(checkpoint)`, None for what is no adapter."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checkpoints.adapter_facts import DORA
from ..checkpoints.floats import as_floats
from ..checkpoints.reader import Checkpoint
from ..checkpoints.recipes.steps import parse
from ..checkpoints.stored import FLOATS, StoredTensor
from .bases import AdapterBase, base_of, network_written
from .changes import Full, Hadamard, Kronecker, LayerChange, LowRank
from .formats.form import ALPHA, MAGNITUDE, SCALAR, LayerFormat
from .formats.registry import layer_formats
from .naming import Changed, KeyPlace, component_and_block, places_of
from .numbered import numbered_modules
from .spelling import Module, modules_of
from .whole_files import whole_file

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AdapterLayer:
    """One weight of the network that an adapter changes: its common key, where it belongs, its shape, and which rows of
    which module's change it is."""

    place: KeyPlace
    component: str
    block: str | None
    form: LayerFormat
    module: Module
    default_scale: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        """As a matrix: LoHa and LoKr of a convolution do not tell its kernel from its channels."""
        return matrix_shape(self.place.shape)

    @property
    def rank(self) -> int | None:
        """The rank of the factors; None where there are none."""
        return self.form.rank(self.module.tensors)

    @property
    def factors(self) -> dict[str, StoredTensor]:
        """Role → tensor, of those that the change is made of."""
        return {role: t for role, t in self.module.tensors.items() if role not in (ALPHA, MAGNITUDE, SCALAR)}

    @cached_property
    def alpha(self) -> float | None:
        """The number that the change is scaled by, divided by the rank; None where the file has none."""
        stored = self.module.tensors.get(ALPHA)
        return None if stored is None or stored.count != 1 else float(numbers(stored).reshape(-1)[0])

    @property
    def scale(self) -> float:
        """What the product of the factors is multiplied by."""
        scalar = self.module.tensors.get(SCALAR)
        factor = 1.0 if scalar is None or scalar.count != 1 else float(numbers(scalar).reshape(-1)[0])
        if self.alpha is None or self.rank is None:
            return factor * (self.default_scale if self.rank is not None else 1.0)
        return factor * self.alpha / max(self.rank, 1)

    def load(self) -> LayerChange:
        """Read the change. float64."""
        return change_of(self.form, self.factors, self.scale, self.place)


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Outputs and all the rest of a weight; only its length where there is no rest."""
    rest = math.prod(shape[1:])
    return (*shape[:1], *([rest] if rest != 1 else []))


def change_of(form: LayerFormat, factors: Mapping[str, StoredTensor], scale: float, place: KeyPlace) -> LayerChange:
    """Read the change that these factors, by role, make of the weight at this place. float64."""
    arrays = {role: numbers(stored).astype(np.float64) for role, stored in factors.items()}
    return _part(_scaled(form.load(arrays), scale), place)


@dataclass(frozen=True)
class Adapter:
    """What an adapter is. `kind` in its makers' words, `network` the network's name, None where it is not known;
    `layers` by common key; `why_not` says why it cannot be compared, empty where it can; `others` are the tensors that
    are of no layer; `caveats` what its numbers leave out."""

    kind: str
    network: str | None
    layers: Mapping[str, AdapterLayer] = field(default_factory=dict)
    why_not: str = ""
    others: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    ranks: tuple[int, ...] = ()


def numbers(stored: StoredTensor) -> NDArray:
    """A tensor's values, in the narrowest float that holds them, in its shape."""
    raw = np.frombuffer(stored.raw(), np.uint8)
    if stored.dtype in FLOATS:
        found = as_floats(raw, stored.dtype)
    else:
        found = raw.view(_INTEGERS[stored.dtype]).astype(np.float64)
    if stored.strides is None:
        return found.reshape(stored.shape)
    steps = [step * found.itemsize for step in stored.strides]
    return np.lib.stride_tricks.as_strided(found, stored.shape, steps)


_INTEGERS = {
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1", "BOOL": "<u1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1",
}  # fmt: skip
"""dtype → NumPy's."""

_NUMBERS = (ALPHA, SCALAR, "on_input")
"""Roles of single numbers: scales, and IA³'s mark."""


def _readable(module: Module) -> bool:
    """Whether the numbers of all its tensors can be read, and all but single numbers have axes."""
    return all(
        (tensor.dtype in FLOATS or tensor.dtype in _INTEGERS) and (tensor.shape or role in _NUMBERS)
        for role, tensor in module.tensors.items()
    )


def read_adapter(checkpoint: Checkpoint) -> Adapter | None:
    """What this file changes, from its headers; None where it is no adapter."""
    forms = tuple((tensor.key, tensor.dtype, tensor.shape) for tensor in checkpoint.tensors)
    if not _is_adapter(forms):
        return None
    whole = whole_file({key: shape for key, _, shape in forms})
    if whole is not None:
        kind, network = whole
        return Adapter(kind, network, why_not=f"a {kind} has no weights of the network that could be compared")
    modules, others = _modules_of(checkpoint.tensors)
    changes, odd = _changes(modules)
    relative = sorted({change.form.name: change.form for change in changes if change.form.load is None}.items())
    base = base_of({change.module.key: change.shape for change in changes}, _named_network(checkpoint.metadata))
    told = None if base is None else base.network
    ranks = Counter(rank for change in changes if (rank := change.form.rank(change.module.tensors)) is not None)
    commonest = tuple(rank for rank, _ in ranks.most_common())
    if relative:
        name, form = relative[0]
        return Adapter(name, told, why_not=f"{name}: {form.needs_base}", ranks=commonest)
    layers = _layers(changes, base, _default_scales(checkpoint.metadata))
    taken = {id(stored) for layer in layers.values() for stored in layer.module.tensors.values()}
    again = [stored.key for c in changes for stored in c.module.tensors.values() if id(stored) not in taken]
    unused = tuple(dict.fromkeys((*(tensor.key for tensor in others), *odd, *again)))
    return Adapter(_kind(changes), told, layers, others=unused, caveats=_caveats(changes), ranks=commonest)


@lru_cache(maxsize=16)
def _is_adapter(forms: tuple[tuple[str, str, tuple[int, ...]], ...]) -> bool:
    """Whether tensors with these keys, dtypes and shapes are an adapter. Cached, as most files of a library have the
    tensors of another one."""
    unread: Any = None
    tensors = [StoredTensor(key, dtype, shape, unread, 0) for key, dtype, shape in forms]
    return whole_file({key: shape for key, _, shape in forms}) is not None or bool(_changes(_modules_of(tensors)[0])[0])


def _modules_of(tensors: Sequence[StoredTensor]) -> tuple[list[Module], list[StoredTensor]]:
    """The modules that the tensors change, and the tensors that are of none."""
    numbered = numbered_modules(tensors)
    return modules_of(tensors) if numbered is None else (numbered, [])


@dataclass(frozen=True)
class _Change:
    module: Module
    form: LayerFormat
    shape: tuple[int, ...]


def _changes(modules: Sequence[Module]) -> tuple[list[_Change], list[str]]:
    """The changes that the modules' tensors make, and the tensors that make none."""
    found, odd = [], []
    for module in modules:
        done: set[str] = set()
        for form in layer_formats() if _readable(module) else ():
            if not form.complete(module.tensors):
                continue
            if form.suffix in done:  # another change of the same weight: of two, programs take one
                odd += [module.tensors[role].key for _, role in form.endings if role in module.tensors]
                continue
            try:
                shape = tuple(form.shape(module.tensors))
            except ValueError:
                continue
            found.append(_Change(module, form, shape))
            done.add(form.suffix)
        if not done:
            odd += [stored.key for stored in module.tensors.values()]
    return found, odd


def _layers(
    changes: Sequence[_Change], base: AdapterBase | None, scales: Mapping[str, float]
) -> dict[str, AdapterLayer]:
    places = places_of([Changed(change.module, change.form.suffix, change.shape) for change in changes], base)
    found: dict[str, AdapterLayer] = {}
    for change, of_change in zip(changes, places, strict=True):
        for place in of_change:
            component, block = component_and_block(place.key, base)
            scale = scales.get("unet" if change.module.side == "unet" else "te", 1.0)
            layer = AdapterLayer(place, component, block, change.form, change.module, scale)
            found.setdefault(place.key, layer)
    return found


def _kind(changes: Sequence[_Change]) -> str:
    names = Counter(change.form.name for change in changes)
    main = names.most_common(1)[0][0]
    main = next((name for name in ("LoKr", "LoHa", "LoRA") if names[name]), main)
    if main == "LoRA" and any(len(c.shape) > 2 and max(c.shape[2:]) > 1 and c.form.name == "LoRA" for c in changes):
        main = "LoCon"
    return f"{DORA} ({main})" if any(MAGNITUDE in change.module.tensors for change in changes) else main


def _caveats(changes: Sequence[_Change]) -> tuple[str, ...]:
    if any(MAGNITUDE in change.module.tensors for change in changes):
        return ("DoRA: its effect depends on the checkpoint; compared is the change before each row gets its length",)
    return ()


def _scaled(loaded: LayerChange, scale: float) -> LayerChange:
    match loaded:
        case LowRank(up, down):
            return LowRank(up * scale, down)
        case Hadamard(first, second):
            return Hadamard(LowRank(first.up * scale, first.down), second)
        case Kronecker(left, right):
            return Kronecker(left * scale, right)
    return Full(loaded.rows(0, loaded.shape[0]) * scale)


def _part(loaded: LayerChange, place: KeyPlace) -> LayerChange:
    if place.transposed:
        if isinstance(loaded, LowRank):
            return LowRank(loaded.down.T, loaded.up.T)
        return Full(loaded.rows(0, place.last).T)
    if (place.first, place.last) == (0, loaded.shape[0]):
        return loaded
    if isinstance(loaded, LowRank):
        return LowRank(loaded.up[place.first : place.last], loaded.down)
    return Full(loaded.rows(place.first, place.last))


def _named_network(metadata: Mapping[str, str]) -> str | None:
    """The network that the trainer wrote down: kohya's `ss_base_model_version`, ModelSpec's `architecture`."""
    fields = ("ss_base_model_version", "modelspec.architecture")
    return network_written(" ".join(metadata.get(key, "") for key in fields))


def _default_scales(metadata: Mapping[str, str]) -> dict[str, float]:
    """Side → scale of layers without an alpha of their own, where diffusers wrote down how PEFT made them."""
    found, scales = parse(metadata.get("lora_adapter_metadata")), {}
    if not isinstance(found, dict):
        return {}
    for part in ("unet", "transformer", "text_encoder"):
        rank, alpha = found.get(f"{part}.r"), found.get(f"{part}.lora_alpha")
        if isinstance(rank, int) and isinstance(alpha, (int, float)) and rank > 0:
            below = rank**0.5 if found.get(f"{part}.use_rslora") is True else rank
            scales["te" if part == "text_encoder" else "unet"] = alpha / below
    return scales
