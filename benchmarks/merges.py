"""Which models are called 'perhaps a merge', among models of known descent: what two parents leave unexplained.

python -m benchmarks.merges SHARED MINIHUB EXAM …

SHARED is the project's shared data, MINIHUB the trained family (its tools/train_minihub.py bake), each EXAM a folder
that its tools/make_merges.py wrote. In an exam every target is put beside the library alone. Prints the table of
docs/families.md.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save_file

from lib_modelsim import demo
from lib_modelsim.families.distance_files import read_distances
from lib_modelsim.families.merges import LEFT, PerhapsMerge, perhaps_merges
from lib_modelsim.families.support import network_blocks
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import Index, read_index
from lib_modelsim.workspace.comparing.compare import compare_models

from . import kin
from .classes import library_of_25

Squares = NDArray[np.float64]

OF_TRAINED = {
    "base + 0.5 lora": (kin.BASE, "mini-dots-lora"),
    "base + 5 % ink": (kin.BASE, "mini-ink"),
    "ink + (sepia - base)": ("mini-ink", "mini-water-sepia"),
    "ink + 0.5 lora": ("mini-ink", "mini-dots-lora"),
    "ink 60 water 40": ("mini-ink", "mini-water"),
    "ink 90 water 10": ("mini-ink", "mini-water"),
    "ink water by block": ("mini-ink", "mini-water"),
}
"""The merges in the trained family, and of which."""

IN_TWO, OF_THREE, OTHER_WAYS, TRAINED_ON, NONE = (
    "weighted sums of two, also by block and in float16; add-differences with the base; SLERP",
    "merges of three",
    "methods that choose value by value or row by row (TIES, DARE, cosine, cut …)",
    "a merge, then trained on",
    "no merge of two in the library (fine-tunes, copies, casts, LoRA, swaps; a parent or the base missing)",
)
KINDS = {
    "weighted sum": IN_TWO, "block-weighted": IN_TWO, "slerp": IN_TWO, "add-difference": IN_TWO,
    "triple sum": OF_THREE, "sum twice": OF_THREE, "block-weighted sum twice": OF_THREE,
    "fine-tune of a merge": TRAINED_ON,
    **dict.fromkeys(("dare", "tensor cut", "extract", "cosineA", "cosineB", "geometric", "max", "train-difference",
                     "della", "smooth-add", "ties", "model stock"), OTHER_WAYS),
}  # fmt: skip
"""Kind of an exam's target → row of the table; all others are no merges."""


def squares_of(models: Sequence, library: Library) -> tuple[list[str], Squares]:
    """Names, and ‖a − b‖² per block of the network from a sample, [n, n, b]."""
    matrix = compare_models(Index(list(models)), "sampled-l2", None, library, Job(), "cpu").matrix
    return list(matrix.models), matrix.values[:, :, network_blocks(matrix.blocks)] ** 2


def told(names: Sequence[str], squares: Squares, base: str | None) -> dict[str, PerhapsMerge]:
    """Model → its two best parents, whatever they leave."""
    everybody = ~np.isnan(squares).all(axis=-1)
    found = perhaps_merges(squares, everybody, None if base is None else names.index(base), np.inf)
    return {names[merge.model]: merge for merge in found}


def row(what: str, left: Sequence[float], right: Sequence[bool] = ()) -> str:
    """A line of the table: how many, how many are called merges, of the right two, and what is left."""
    called = np.array(left) <= LEFT
    spread = f"{min(left):.3f} to {max(left):.3f}" if len(left) > 1 else f"{left[0]:.3f}"
    of_right = str(int((called & np.array(right)).sum())) if len(right) else ""
    return f"| {what} | {len(left)} | {int(called.sum())} | {of_right} | {spread} |"


def rows_of_files(what: str, folder: Path, base: str, true: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Merges and others of a folder's SD 1.x models, with the base and without."""
    with Library(None) as library:
        models = [m for m in read_index([folder], library, Job()).models if m.architecture == "SD 1.x"]
        names, squares = squares_of(models, library)
    for origin in (base, None):
        found, how = told(names, squares, origin), "" if origin else ", without the base"
        if origin is None:
            found.pop(base, None)
        if true:
            right = [{names[p] for p in found[name].parents} == set(pair) for name, pair in true.items()]
            yield row(f"{what}: merges{how}", [found[name].left for name in true], right)
        yield row(f"{what}: others{how}", [merge.left for name, merge in found.items() if name not in true])


def rows_of_exams(folders: Sequence[Path]) -> Iterator[str]:
    """The targets of all exams by what they are, and their libraries, in which one model is a merge."""
    left: dict[str, list[float]] = {}
    right: dict[str, list[bool]] = {}
    library_left = []
    for folder in folders:
        truth = json.loads((folder / "truth.json").read_text("utf-8"))
        with Library(None) as library:
            models = read_index([folder / "library", folder / "targets"], library, Job()).models
            names, squares = squares_of(models, library)
        own = [i for i, name in enumerate(names) if not name.startswith("t")]
        within = told([names[i] for i in own], squares[np.ix_(own, own)], "base")
        library_left += [merge.left for name, merge in within.items() if " + " not in truth["family"][name]]
        for target in truth["targets"]:
            rows = [*own, names.index(target["target"])]
            found = told([names[i] for i in rows], squares[np.ix_(rows, rows)], "base")[target["target"]]
            parents = [set(parent["any_of"]) for parent in target["parents"] if parent["model"] != "base"]
            kind = kind_of(target)
            called = {names[rows[parent]] for parent in found.parents} - {"base"}
            left.setdefault(kind, []).append(found.left)
            right.setdefault(kind, []).append(all(any(name in group for group in parents) for name in called))
    for kind in (IN_TWO, OF_THREE, TRAINED_ON, OTHER_WAYS, NONE):
        yield row(f"exam: {kind}", left[kind], right[kind] if kind != NONE else ())
    yield row("exam: models of the library that are no merges", library_left)


def kind_of(target: dict) -> str:
    """The row in which a target of an exam belongs."""
    parents = [parent["model"] for parent in target["parents"] if parent["model"] != "base"]
    shares = [parent["share"] for parent in target["parents"]]
    three = len(parents) > 2 or any(share is not None and share < 0 for share in shares[:2])
    if target["missing"] or len(parents) < 2:
        return NONE
    kind = KINDS.get(target["kind"], NONE)
    return OF_THREE if kind == IN_TWO and three else kind


def rows_of_published(shared: Path) -> Iterator[str]:
    """Published distances, all blocks as one: the names of those that are called merges."""
    for table, start in (("wdacnai0", "sd-v1-4"), ("any3", "animefull"), ("aobp", "animefull"), ("am0", None),
                         ("sdxl3", "_x25"), ("cwd", None)):  # fmt: skip
        read = read_distances(shared / "data" / "distances" / f"{table}.json")
        base = next((name for name in read.models if start and name.startswith(start)), None)
        found = told(list(read.models), read.values[:, :, None] ** 2, base)
        called = [name for name, merge in found.items() if merge.left <= LEFT]
        about = f"published, {table}" + (f" ({', '.join(called)})" if 0 < len(called) < 4 else "")
        yield row(about, [merge.left for merge in found.values()])


def main() -> None:
    shared, minihub, *exams = map(Path, sys.argv[1:])
    print("| models | of them | called a merge | of the right two | left of the distance to the nearer parent |")
    print("|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as scratch:
        trained, made, demonstration = (Path(scratch, name) for name in ("trained", "made", "demo"))
        trained.mkdir()
        made.mkdir()
        for name, tensors in kin.trained_family(minihub).items():
            save_file({k: v.contiguous() for k, v in tensors.items()}, trained / f"{name}.safetensors")
        library_of_25(made)
        for line in rows_of_files("trained", trained, kin.BASE, OF_TRAINED):
            print(line)
        for line in rows_of_files("25 made", made, "base", {}):
            print(line)
        demo.write_demo_family(demonstration, lambda _: None)
        inkwell = ("inkwell_anime_v2.1", "velvet-portrait_v3")
        mixed = {"tidepool-mix_v1": inkwell, "chimera-blockmix_v1": inkwell}
        for copy in ("inkwell_anime_v2.1 (1).safetensors", "inkwell_anime_v2.1-clearvae.safetensors"):
            (demonstration / copy).unlink()
        shutil.rmtree(demonstration / "velvet-portrait_v3-diffusers")
        for line in rows_of_files("demonstration, copies left out", demonstration, "harborlight-base_v1", mixed):
            print(line)
    for line in (*rows_of_exams(exams), *rows_of_published(shared)):
        print(line)


if __name__ == "__main__":
    main()
