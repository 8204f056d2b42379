"""Damages a library at many places, and counts what an asker gets.

    python -m benchmarks.damage [PLACES] [SEED]     2,000 and 1 where nothing else is said

Each time one place of a sound library is damaged (a bit, a byte, a run of bytes, a page of zeros, the end cut off), all
that it knew is asked for, remembered anew and asked for again. Right is what a sound library says, or nothing; or one
line and, at the next try, a new library. Wrong is any other answer, any other exception, and what was remembered anew
and is not known then.
"""

from __future__ import annotations

import logging
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lib_modelsim.checkpoints.source import FileKey
from lib_modelsim.checkpoints.trace import Trace
from lib_modelsim.errors import ModelsimError
from lib_modelsim.library import Library, NamedClass

FILES = 40
METHODS = ("cosine 1", "l2 1")
BLOCKS = ("BASE", "IN00", "M00")


def key(number: int) -> FileKey:
    """Of a file; every fourth is a copy of the one before."""
    return FileKey(f"/models/a rather long name of a checkpoint {number}.safetensors", 1000 + number, number)


def digest(number: int) -> str:
    """Its SHA-256."""
    return f"{number - (number % 4 == 3):064x}"


def texts(number: int) -> tuple[str, str, str]:
    """Header, digest of the layout, and layout: three networks."""
    return f'{{"header": {number}}}' * 20, f"layout {number % 3}", f"layout of {number % 3}" * 500


def values(method: str, block: str) -> np.ndarray:
    """What this method found in a block."""
    return np.random.default_rng(len(method) * 100 + len(block)).random((FILES, FILES))


def fill(library: Library) -> None:
    """All that there is to remember, as a scan and two comparisons do it."""
    models = []
    for number in range(FILES):
        model = library.remember_file(key(number), "1", *texts(number))
        model = library.remember_identity(key(number), model, digest(number), {"name": digest(number)})
        library.remember_other_hash(key(number), "md5", f"md5 of {number}")
        library.remember_trace(key(number), Trace(f"place {number}", f"sample {number}"))
        models.append(model)
    library.remember_failure(key(FILES), "1", "no tensors")
    library.remember_class("SD 1.x", NamedClass("anime", "", frozenset(models[:3])))
    ids = tuple(dict.fromkeys(models))
    for method in METHODS:
        for block in BLOCKS:
            library.remember_block(method, ids, block, {"x": values(method, block)[: len(ids), : len(ids)]})
        library.remember_recipe(method, ids[0], "made of", f"recipe by {method}")


def wrong(library: Library) -> Iterator[str]:
    """What the library says that is not so."""
    yield from wrong_of_files(library)
    if any(named.name != "anime" for named in library.named_classes("SD 1.x")):
        yield "another class"
    for method in METHODS:
        if any(recipe != f"recipe by {method}" for _, _, recipe in library.recipes(method)):
            yield "another recipe"


def wrong_of_files(library: Library) -> Iterator[str]:
    """What it says of files that is not so, and of what was computed from them."""
    models: dict[str, int] = {}
    for number in range(FILES):
        if library.other_hash(key(number), "md5") not in (None, f"md5 of {number}"):
            yield "another hash"
        header, layout_digest, layout = texts(number)
        if library.layout(layout_digest) not in (None, layout):
            yield "another layout"
        if (known := library.file(key(number), "1")) is None:
            continue
        if (known.header, known.layout) != (header, layout_digest):
            yield "another header"
        if known.sha256 not in (None, digest(number)):
            yield "another SHA-256"
        if library.identity(known.model) not in (None, {"name": digest(number)}):
            yield "another identity"
        if models.setdefault(digest(number), known.model) != known.model:
            yield "copies are two models"
    if len(set(models.values())) < len(models):
        yield "two models are one"
    if library.failure(key(FILES), "1") not in (None, "no tensors"):
        yield "another failure"
    yield from wrong_numbers(library, list(models.values()))


def wrong_numbers(library: Library, models: list[int]) -> Iterator[str]:
    """What it remembers of comparing these models that is not so."""
    for method in METHODS:
        for block, found in library.results(method, models[:2]).items():
            size = len(found.models)
            if not np.array_equal(found.arrays["x"], values(method, block)[:size, :size]):
                yield "another number"
            if [each for each in found.models if each in models] != [each for each in models if each in found.models]:
                yield "numbers of other models"


def missing(library: Library) -> Iterator[str]:
    """What the library does not know, of all that `fill` has it remember."""
    known = [library.file(key(number), "1") for number in range(FILES)]
    if None in known:
        yield "a file"
        return
    for number in range(FILES):
        if library.other_hash(key(number), "md5") is None or not library.is_traced(key(number)):
            yield "a hash or a trace"
        if library.layout(texts(number)[1]) is None or library.identity(known[number].model) is None:
            yield "a layout or an identity"
    for method in METHODS:
        if len(library.results(method, {each.model for each in known})) < len(BLOCKS):
            yield "a number"


def damaged(raw: bytes, generator: random.Random) -> bytes:
    """The same with damage at one place."""
    place, found = generator.randrange(len(raw)), bytearray(raw)
    kind = generator.choice(("bit", "bit", "bit", "byte", "byte", "run", "zeros", "cut"))
    if kind == "bit":
        found[place] ^= 1 << generator.randrange(8)
    elif kind == "byte":
        found[place] = generator.randrange(256)
    elif kind == "run":
        found[place : place + 64] = generator.randbytes(len(found[place : place + 64]))
    elif kind == "zeros":
        start = place // 4096 * 4096
        found[start : start + 4096] = bytes(len(found[start : start + 4096]))
    else:
        del found[place:]
    return bytes(found)


def outcome(file: Path) -> str:
    """What came of it."""
    told = ""
    for _ in range(2):
        try:
            with Library(file) as library:
                said = [*wrong(library)]
                lost = bool([*missing(library)])
                fill(library)
                said += [*wrong(library)]
                if any(missing(library)):  # what was written took the place of another's row
                    fill(library)
                said += [f"{each} is not remembered" for each in (*wrong(library), *missing(library))]
        except ModelsimError as error:
            if "newer modelsim" in str(error):  # the number of the version was hit
                return "one line, as of a newer version"
            if told or "start again" not in str(error):
                return f"WRONG: {error}"
            told = "one line, then a new library"
            continue
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            return f"WRONG: {type(error).__name__}: {error}"
        if said:
            return f"WRONG: {said[0]}"
        beside = any(file.parent.glob("* damaged *"))
        return told or ("a new library at once" if beside else "rows are missing" if lost else "no matter")
    return "WRONG: damaged again"


def campaign(places: int, seed: int, folder: Path) -> tuple[Counter[str], int]:
    """How often came what, and how large the library is."""
    generator, counts, file = random.Random(seed), Counter(), folder / "library" / "library.sqlite"
    with Library(file) as library:
        fill(library)
    raw = file.read_bytes()
    for _ in range(places):
        shutil.rmtree(file.parent)
        file.parent.mkdir()
        file.write_bytes(damaged(raw, generator))
        counts[outcome(file)] += 1
    return counts, len(raw)


def main() -> None:
    """Print the counts."""
    places, seed = (*map(int, sys.argv[1:]), *(2000, 1)[len(sys.argv) - 1 :])
    logging.disable(logging.WARNING)
    start = time.perf_counter()
    with TemporaryDirectory() as folder:
        counts, size = campaign(places, seed, Path(folder))
    print(f"{size:,} bytes, {places:,} places, {time.perf_counter() - start:.0f} s")
    for name, count in counts.most_common():
        print(f"{count:6,} {name}")


if __name__ == "__main__":
    main()
