"""Which files the checkpoint at a path is made of: a file alone, the shards of one model, or a diffusers folder.

Large models are published in shards (`name-00001-of-00003.safetensors`), most with an index that says which tensor
lies where. The path of such a model is its index or, where there is none, the first of its shards that is there.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..errors import CheckpointError
from ..text import readable
from .json_files import read_json
from .source import FileKey, FileSource

ENDINGS = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf")
"""Endings of checkpoint files; a model's name is its file's name without one of these."""

_TYPES = r"safetensors|sft|bin|pth?|ckpt|gguf"

_SHARD = re.compile(
    rf"(?P<stem>.+)-(?P<number>\d{{5}})-of-(?P<count>\d{{5}})(?P<rest>(?:\.\w+)?\.(?:{_TYPES}))", re.IGNORECASE
)
"""As transformers, diffusers and llama.cpp's gguf-split name them; diffusers puts a variant before or after."""

_INDEX = re.compile(rf"(?P<stem>.+)\.(?P<type>{_TYPES})\.index(?P<variant>\.\w+)?\.json", re.IGNORECASE)

PLAIN_STEMS = re.compile(r"(?:diffusion_pytorch_model|pytorch_model|model)(?:\.\w+)?", re.IGNORECASE)
"""Names that say nothing of a model: the folder around them does."""

MOST_SHARDS = 1000
"""The largest published models have below 200."""

INCOMPLETE = "download it again, it is incomplete"


@dataclass(frozen=True)
class Shards:
    """The shards of one model in a folder: the names of all that there must be, and of the index where there is one."""

    folder: Path
    names: tuple[str, ...]
    index: str | None = None

    @property
    def there(self) -> list[Path]:
        """The shards that are there, in their order, and the index."""
        names = [*self.names, *([self.index] if self.index else [])]
        return [self.folder / name for name in names if os.path.lexists(self.folder / name)]

    @property
    def missing(self) -> list[str]:
        """The names of those that are not."""
        return [name for name in self.names if not os.path.lexists(self.folder / name)]

    @property
    def path(self) -> Path:
        """Under which the model is known."""
        if self.index:
            return self.folder / self.index
        paths = (self.folder / name for name in self.names)
        return next(filter(os.path.lexists, paths), self.folder / self.names[0])


def shards_at(path: Path) -> Shards | None:
    """The shards that the file at this path belongs to, or that it is the index of; None for any other file.

    Raises CheckpointError for an index that cannot be read, or that names files outside of its folder.
    """
    if _INDEX.fullmatch(path.name):
        return Shards(path.parent, indexed(path), path.name)
    found = _SHARD.fullmatch(path.name)
    number, count = (0, 0) if found is None else (int(found["number"]), int(found["count"]))
    if found is None or not 1 <= number <= count or not 1 < count <= MOST_SHARDS:
        return None
    index = _index_beside(path, found)
    if index is not None:
        return Shards(path.parent, indexed(path.parent / index), index)
    names = tuple(f"{found['stem']}-{n:05}-of-{count:05}{found['rest']}" for n in range(1, count + 1))
    return Shards(path.parent, names)


def _index_beside(path: Path, shard: re.Match) -> str | None:
    """The index that lists this shard, if there is one: `stem.safetensors.index.json`, or one with a variant."""
    *variant, ending = shard["rest"].removeprefix(".").split(".")
    stem, _, inner = shard["stem"].rpartition(".")
    candidates = [f"{shard['stem']}.{ending}.index{''.join('.' + each for each in variant)}.json"]
    if stem and not variant:
        candidates.append(f"{stem}.{ending}.index.{inner}.json")
    for name in candidates:
        index = path.parent / name
        if os.path.isfile(index) and path.name in indexed(index):  # noqa: PTH113 - pathlib's raises for long names
            return name
    return None


def indexed(index: Path) -> tuple[str, ...]:
    """The names of the shards that an index lists, sorted. Raises CheckpointError where it cannot be used."""
    return tuple(sorted(set(weight_map(index).values())))


def weight_map(index: Path) -> dict[str, str]:
    """An index's table: key of a tensor → name of the shard that holds it, in the index's own folder."""
    found = FileSource(index).identity
    return _weight_map(index, found.size, found.mtime_ns)


@lru_cache(maxsize=8)
def _weight_map(index: Path, size: int, mtime_ns: int) -> dict[str, str]:  # noqa: ARG001 - part of the cache's key
    found = read_json(index).get("weight_map")
    if not isinstance(found, dict) or not found or not all(isinstance(name, str) for name in found.values()):
        raise CheckpointError(
            "the index of the shards has no weight_map", f"{index.parent.name}/{index.name}", INCOMPLETE
        )
    if len(set(found.values())) > MOST_SHARDS:
        raise CheckpointError("the index lists too many shards", f"{index.name}: more than {MOST_SHARDS}", INCOMPLETE)
    for name in set(found.values()):
        if not _is_plain_name(name):
            what = f"{index.name} names a shard outside its folder"
            raise CheckpointError(what, name, "do not use this copy: download the folder from its source")
    return found


def _is_plain_name(name: str) -> bool:
    """Whether this is a file's name on every platform and no path. Links may lead out: the hub's cache is made so."""
    return name.isprintable() and not set(name) & set("/\\:") and name not in ("", ".", "..")


def is_index(name: str) -> bool:
    """Whether a file's name is that of an index of shards."""
    return _INDEX.fullmatch(name) is not None


def stem_of(name: str) -> str | None:
    """The name of a sharded model by that of one of its shards or of its index; None for any other file's name."""
    found = _INDEX.fullmatch(name)
    if found:
        return found["stem"]
    found = _SHARD.fullmatch(name)
    return found["stem"] if found else None


def files_at(path: Path) -> Sequence[Path]:
    """All files that belong to the checkpoint at this path, each once, in a steady order."""
    if os.path.isdir(path):  # noqa: PTH112 - pathlib's raises where a name is too long for the system
        return [file for file in sorted(path.rglob("*")) if file.is_file()]
    shards = shards_at(path)
    return [path] if shards is None else shards.there


def file_key(path: Path) -> FileKey:
    """The key under which a file, a model of shards or a diffusers folder is remembered.

    Raises ReadError where it cannot be looked at, CheckpointError for an index that cannot be used.
    """
    folder = os.path.isdir(path)  # noqa: PTH112 - as above
    shards = None if folder else shards_at(path)
    if not folder and shards is None:
        return FileSource(path).identity
    around = path if folder else path.parent
    keys = {file.relative_to(around): FileSource(file).identity for file in files_at(path)}
    lines = "".join(f"{readable(name)} {key.size} {key.mtime_ns}\n" for name, key in keys.items())
    digest = hashlib.sha256(lines.encode()).digest()
    size = sum(key.size for name, key in keys.items() if shards is None or name.name != shards.index)
    place = path.resolve() if folder else around.resolve() / shards.path.name
    return FileKey(readable(place), size, int.from_bytes(digest[:8], "big") >> 1)
