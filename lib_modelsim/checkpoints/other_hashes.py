"""Hashes by other algorithms than SHA-256, which a program may name a model by: a whole file is read for one.

Source: InvokeAI, backend/model_hash/model_hash.py. It hashes a file by the algorithm that its user chose, BLAKE3 unless
told otherwise, and of a folder joins the hashes of the files with weights by BLAKE3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelsimError
from ..installing import how_to_install
from .files import files_at
from .source import FileSource

if TYPE_CHECKING:
    from hashlib import _Hash

    from blake3 import blake3 as Blake3  # noqa: N812

BLAKE3 = "blake3"
ALGORITHMS = (
    *(BLAKE3, "blake2b", "blake2s", "md5", "sha1", "sha224", "sha384", "sha512"),
    *("sha3_224", "sha3_256", "sha3_384", "sha3_512"),
)

_ENDINGS = (".ckpt", ".safetensors", ".bin", ".pt", ".pth")
"""What InvokeAI takes for weights in a folder; as there, letters count as they stand."""

_BUFFER_BYTES = 16 << 20


class MissingPackage(ModelsimError):  # noqa: N818 - it says what is wrong
    """The package that computes a hash is not installed."""


def require(algorithm: str) -> None:
    """Raises MissingPackage where this algorithm needs one."""
    if algorithm == BLAKE3 and find_spec(BLAKE3) is None:
        what = "the record names its model by a BLAKE3 hash, and the package that computes it is missing"
        raise MissingPackage(what, BLAKE3, how_to_install(BLAKE3))


def other_hash(path: Path, algorithm: str, progress: Callable[[int], None] = lambda read: None) -> str:
    """The hexadecimal digits for a file or a folder, by one of ALGORITHMS.

    `progress` is called with the number of bytes just read, at least once per 16 MiB; what it raises ends the reading.
    Raises ReadError where it cannot be read or changes meanwhile, MissingPackage as `require` does.
    """
    require(algorithm)
    digits = [_of_file(file, algorithm, progress) for file in _files(path)]
    if not path.is_dir():
        return digits[0]
    require(BLAKE3)
    whole = _hasher(BLAKE3)
    for each in digits:
        whole.update(each.encode())
    return str(whole.hexdigest())


def _files(path: Path) -> list[Path]:
    """A file alone, or the files with weights in a folder, sorted as InvokeAI sorts them."""
    return sorted(file for file in files_at(path) if str(file).endswith(_ENDINGS)) if path.is_dir() else [path]


def _of_file(path: Path, algorithm: str, progress: Callable[[int], None]) -> str:
    hasher, buffer = _hasher(algorithm), memoryview(bytearray(_BUFFER_BYTES))
    with FileSource(path) as source:
        for start in range(0, source.size, _BUFFER_BYTES):
            chunk = buffer[: min(_BUFFER_BYTES, source.size - start)]
            source.read_into(start, chunk)
            hasher.update(chunk)
            progress(len(chunk))
        source.check()
    return str(hasher.hexdigest())


def _hasher(algorithm: str) -> _Hash | Blake3:
    if algorithm != BLAKE3:
        return hashlib.new(algorithm, usedforsecurity=False)
    from blake3 import blake3

    return blake3(max_threads=blake3.AUTO)
