"""A pickle's inert tree → the state dict's tensors and the metadata in it.

The only calls that mean anything are those of PyTorch's own rebuilders of dense tensors: their arguments are
read as data and checked (torch/_utils.py, torch/_tensor.py of PyTorch 2.x; `_rebuild_tensor` is from 0.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from ..errors import CheckpointError
from .pickle_machine import Call, Global, Inert, Persistent
from .source import Source
from .stored import DAMAGED, ITEM_BITS, StoredTensor, check_key, contiguous_strides, is_shape, is_whole, refuse_many

MOST_METADATA = 1000
"""Entries; longer texts than this many characters are left out too:"""
LONGEST_METADATA = 100_000
LARGEST_METADATA = 1_000_000
"""Characters of all of them: a pickle can say one long text under many names and stay small."""

_CONVERT = "load it with the program that wrote it and save its state dict as safetensors"

_STORAGES = {
    "DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16",
    "LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8",
    "BoolStorage": "BOOL", "ComplexFloatStorage": "C64", "ComplexDoubleStorage": "C128", "UntypedStorage": "U8",
    "QInt8Storage": "I8", "QUInt8Storage": "U8", "QInt32Storage": "I32",
}  # fmt: skip
"""Storage class of `torch`, `torch.cuda` or `torch.storage` → dtype of its elements (torch/storage.py)."""

_DTYPES = {
    "torch.float64": "F64", "torch.float32": "F32", "torch.float16": "F16", "torch.bfloat16": "BF16",
    "torch.float8_e4m3fn": "F8_E4M3", "torch.float8_e5m2": "F8_E5M2", "torch.float8_e4m3fnuz": "F8_E4M3FNUZ",
    "torch.float8_e5m2fnuz": "F8_E5M2FNUZ", "torch.float8_e8m0fnu": "F8_E8M0",
    "torch.int64": "I64", "torch.int32": "I32", "torch.int16": "I16", "torch.int8": "I8", "torch.uint8": "U8",
    "torch.uint16": "U16", "torch.uint32": "U32", "torch.uint64": "U64", "torch.bool": "BOOL",
    "torch.complex64": "C64", "torch.complex128": "C128",
}  # fmt: skip

_STATE_DICTS = ("state_dict", "model_state_dict", "model", "module", "params", "params_ema", "weights")
"""Names under which trainers keep the weights beside their own state, by precedence."""

_TRAINER_STATE = frozenset(
    {"optimizer", "optimizers", "optimizer_state", "optimizer_states", "optimizer_state_dict", "lr_schedulers"}
    | {"scheduler", "lr_scheduler", "callbacks", "loops", "hyper_parameters", "hparams", "args", "config"}
)
"""Names of dicts that hold no weights, though tensors may lie in them."""

_DEEPEST = 8
"""Levels of dicts, or of rebuilders around a rebuilder, that are looked into."""

Locate = Callable[[str], tuple[int, int]]
"""A storage's key → its first byte in the file and its number of bytes."""


@dataclass(frozen=True)
class Storage:
    """What a persistent id says of a storage. `view` is the part seen through it: its first element, and its end."""

    key: str
    dtype: str
    count: int
    view: tuple[int, int]

    @property
    def item_bytes(self) -> int:
        return ITEM_BITS[self.dtype] // 8


def storage_of(reference: object) -> Storage | None:
    """The storage that a persistent id ("storage", class, key, location, count[, view]) names; None if it is none."""
    identity = reference.id if isinstance(reference, Persistent) else None
    if not (isinstance(identity, tuple) and len(identity) in (5, 6) and identity[0] == "storage"):
        return None
    kind, key, _, count, *view = identity[1:]
    module, _, name = kind.name.rpartition(".") if isinstance(kind, Global) else ("", "", "")
    if module not in ("torch", "torch.cuda", "torch.storage") or name not in _STORAGES:
        return None
    if not (isinstance(key, str) and is_whole(count)):
        return None
    if not view or view[0] is None:
        return Storage(key, _STORAGES[name], count, (0, count))
    match view[0]:  # (key of the view, first element, number of elements): files before PyTorch 0.4
        case (_, first, seen) if is_whole(first) and is_whole(seen) and first + seen <= count:
            return Storage(key, _STORAGES[name], count, (first, first + seen))
    return None


def stored_tensors(root: object, locate: Locate, source: Source) -> list[StoredTensor]:
    """The tensors of the checkpoint's state dict, in file order.

    Raises CheckpointError where there is none, where one is of a kind that is not read, or does not lie within
    its storage.
    """
    if isinstance(root, list) and root and all(_rebuilding_call(value) is not None for value in root):
        root = {str(number): value for number, value in enumerate(root)}  # the oldest LoRAs: factors in turn
    if not isinstance(root, dict):
        kind = root.function.name if isinstance(root, Call) else type(root).__name__
        kind = "an object of an unknown class" if isinstance(root, Inert) else kind
        raise CheckpointError("the pickle holds something other than a state dict", kind, _CONVERT)
    weights = _state_dict(root)
    # a `state_dict` among the weights is a leftover: NovelAI's file has one, the WebUI drops it too (`sd_models.py`)
    passed_over = {id(weights), id(weights.get("state_dict"))}
    tensors: dict[str, StoredTensor] = {}
    for key, call in _named_calls(weights, "", passed_over, 0):
        if key in tensors:
            raise CheckpointError("two tensors have the same name", key, _CONVERT)
        tensors[key] = _stored(key, call, locate, source)
        refuse_many(len(tensors))
    return sorted(tensors.values(), key=lambda tensor: tensor.offset)


def metadata_of(root: object) -> dict[str, str]:
    """The plain entries at the top of a checkpoint (global_step, epoch, sd_merge_recipe, …), as text."""
    if not isinstance(root, dict):
        return {}
    plain = ((key, str(value)) for key, value in root.items() if isinstance(value, (str, int, float)))
    short = ((key, text) for key, text in plain if len(key) + len(text) < LONGEST_METADATA)
    found, left = {}, LARGEST_METADATA
    for key, text in islice(short, MOST_METADATA):
        left -= len(key) + len(text)
        if left < 0:
            break
        found[_valid(key)] = _valid(text)
    return found


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _state_dict(root: dict) -> dict:
    """The dict that holds the weights: `root` itself, or the one that a trainer put under a name of its own.

    A `state_dict` at the top wins over tensors beside it.
    """
    if isinstance(root.get("state_dict"), dict):
        root = root["state_dict"]
    for _ in range(_DEEPEST):
        name = next((name for name in _STATE_DICTS if isinstance(root.get(name), dict)), None)
        if name is None or any(map(_rebuilding_call, root.values())):
            break
        root = root[name]
    return root


def _named_calls(holder: dict, prefix: str, seen: set[int], depth: int) -> Iterator[tuple[str, Call]]:
    """Each tensor's key ("outer.inner" in nested dicts) and rebuilding call. A dict met twice counts once."""
    for name, value in holder.items():
        if isinstance(value, dict):
            if name not in _TRAINER_STATE and id(value) not in seen and depth < _DEEPEST:
                seen.add(id(value))
                yield from _named_calls(value, f"{_key(prefix, name)}.", seen, depth + 1)
        elif (call := _rebuilding_call(value)) is not None:
            yield _key(prefix, name), call


def _key(prefix: str, name: str) -> str:
    check_key(name)
    check_key(prefix + name)
    return prefix + name


def _rebuilding_call(value: object) -> Call | None:
    """The call that rebuilds a tensor, out of the Parameters and subclasses around it; None if it is no tensor."""
    for _ in range(_DEEPEST):
        if not isinstance(value, Call):
            return None
        match value.function.name, value.arguments:
            case "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state", (data, *_):
                value = data
            case "torch._tensor._rebuild_from_type_v2", (Global() as function, _, tuple() as arguments, _):
                value = Call(function, arguments)
            case name, _:
                return value if name.startswith(("torch._utils._rebuild_", "torch._tensor._rebuild_")) else None
    return None


def _stored(key: str, call: Call, locate: Locate, source: Source) -> StoredTensor:
    """Where the tensor of this call lies, after every check."""
    reference, first, shape, strides, dtype_name = _arguments(key, call)
    storage = storage_of(reference)
    if storage is None:
        raise CheckpointError("a tensor's storage is of an unknown type", key, _CONVERT)
    dtype = storage.dtype if dtype_name is None else _DTYPES.get(dtype_name)
    if dtype is None:
        raise CheckpointError("a tensor has an unknown dtype", f"{key} ({dtype_name})", _CONVERT)
    if not (is_shape(shape) and _are_strides(strides, len(shape)) and is_whole(first)):
        raise CheckpointError("a tensor has an impossible shape, stride or offset", key, DAMAGED)

    start, nbytes = locate(storage.key) if storage.count else (0, 0)
    if storage.count * storage.item_bytes > nbytes:
        raise CheckpointError("a tensor's storage is longer than its bytes in the file", key, DAMAGED)
    start, end = (start + element * storage.item_bytes for element in storage.view)
    offset = start + first * (ITEM_BITS[dtype] // 8)
    tensor = _laid_out(StoredTensor(key, dtype, tuple(shape), source, offset, strides))
    # the second limit: a tensor expanded with strides of 0 needs no storage to be huge
    if tensor.offset + tensor.span * tensor.item_bytes > end or tensor.count * tensor.item_bytes > source.size:
        raise CheckpointError("a tensor reaches beyond its storage", key, DAMAGED)
    return tensor


def _arguments(key: str, call: Call) -> tuple[object, object, object, object, str | None]:
    """Storage, offset, shape, strides, and the dtype where it is not the storage's, as the call has them: unchecked."""
    dtype, flags = None, []
    match call.function.name, call.arguments:
        case "torch._utils._rebuild_tensor", (storage, first, shape, strides):
            pass
        case "torch._utils._rebuild_tensor_v2", (storage, first, shape, strides, _, _, *flags):
            pass
        case "torch._utils._rebuild_tensor_v3", (storage, first, shape, strides, _, _, Global() as dtype, *flags):
            pass
        case name, _:
            raise CheckpointError("tensors of this type cannot be read", f"{key} ({name})", _CONVERT)
    if flags and flags[0]:
        raise CheckpointError("a tensor is stored as the negative or conjugate of its bytes", key, _CONVERT)
    return storage, first, _plain(shape), _plain(strides), dtype and dtype.name


def _plain(shape: object) -> object:
    """A shape out of a `torch.Size` call."""
    if isinstance(shape, Call) and shape.function.name == "torch.Size" and len(shape.arguments) == 1:
        return shape.arguments[0]
    return shape


def _are_strides(strides: object, axes: int) -> bool:
    return isinstance(strides, (list, tuple)) and len(strides) == axes and all(map(is_whole, strides))


def _laid_out(tensor: StoredTensor) -> StoredTensor:
    """The same tensor without strides where they are those of C order (the stride of an axis of length 1 is free)."""
    expected = contiguous_strides(tensor.shape)
    if tensor.count == 0 or all(
        n == 1 or step == c for n, step, c in zip(tensor.shape, tensor.strides, expected, strict=True)
    ):
        return StoredTensor(tensor.key, tensor.dtype, tensor.shape, tensor.source, tensor.offset)
    return tensor
