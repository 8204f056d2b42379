"""Altered copies found among many pictures, and look-alikes that must not be: the exam `make_copies.py`.

python -m benchmarks.copies MAKE_COPIES PHOTOS FOLDER [--pictures 2000] [--without-opencv] [--beside] SEED...

MAKE_COPIES is the exam's file and PHOTOS a folder of real pictures, both among the project's shared tools and data;
FOLDER keeps what it draws. Each exam is looked through as `duplicates` does it. It prints tables: precision and recall,
recall by alteration, false pairs by kind of look-alike, milliseconds of one core. With --beside, imagededup's PHash,
DHash and WHash on the same pictures: it has to be importable here; its network and torchvision are not needed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from json import loads
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import numpy as np
from numpy.typing import NDArray

from lib_modelsim.curate.duplicates.bits import counted_bits
from lib_modelsim.curate.duplicates.candidates import within
from lib_modelsim.curate.duplicates.described import describe
from lib_modelsim.curate.duplicates.groups import complete_link
from lib_modelsim.curate.duplicates.pairs import ConfirmedPair, PairKind, confirmed_within
from lib_modelsim.job import Job
from lib_modelsim.pictures import alignment, features, keypoints, smoothing
from lib_modelsim.pictures.features import FeatureStore

HASHES = ("PHash", "DHash", "WHash")

DEFAULT = 10
"""Differing bits up to which imagededup calls two pictures duplicates unless told otherwise."""

PRECISE = 0.99


@dataclass
class Tally:
    """What one method said in all exams."""

    right: int = 0
    false: int = 0
    alterations: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    kinds: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    pictures: int = 0

    def add(self, told: dict[str, Any]) -> None:
        """What the exam's score says."""
        self.right, self.false = self.right + told["right"], self.false + told["false"]
        self.kinds.update(told["false_by_kind"])
        for name, (found, of) in told["recall_by_alteration"].items():
            self.alterations[name] = [self.alterations[name][0] + found, self.alterations[name][1] + of]

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.false)

    @property
    def recall(self) -> float:
        return sum(found for found, _ in self.alterations.values()) / max(
            1, sum(of for _, of in self.alterations.values())
        )


def exam_of(path: Path) -> ModuleType:
    """`make_copies.py`, imported from where it lies."""
    spec = spec_from_file_location("make_copies", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn(options: argparse.Namespace, seed: int) -> Path:
    """The exam's folder of this seed; made where it is not there."""
    folder = options.folder / f"{seed}-{options.pictures}"
    if not (folder / "truth.json").exists():
        command = [sys.executable, options.make_copies, folder, "--seed", seed, "--pictures", options.pictures]
        subprocess.run([str(each) for each in (*command, "--photos", options.photos)], check=True)
    return folder


# ours


def looked_through(folder: Path, names: list[str], exam: ModuleType, ours: Tally) -> str:
    """Score one exam; a row of the table."""
    with tempfile.TemporaryDirectory() as own, FeatureStore(folder, Path(own) / "features.sqlite") as store:
        begin = time.process_time()
        found = describe([folder / name for name in names], store, Job())
        described = time.process_time()
        rows = within(found, Job())
        candidates = time.process_time()
        pairs = confirmed_within(rows, found, Job())
        confirmed = time.process_time()
    paths = {content: str(path) for content, path in zip(found.contents, found.paths, strict=True)}
    told = exam.score(folder, _document(pairs, paths))
    ours.add(told)
    ours.seconds, ours.pictures = ours.seconds + described - begin, ours.pictures + len(names)
    kinds = Counter(pair.kind for pair in pairs)
    return " | ".join(
        (
            f"{told['precision']:.3f} | {told['recall']:.3f} | {told['false']}",
            f"{told['pure']:.3f} | {told['tight']:.3f}",
            f"{kinds[PairKind.SAME_LAYOUT]} | {kinds[PairKind.TOO_LITTLE]} | {len(rows) / len(names):.0f}",
            f"{1e3 * (described - begin) / len(names):.1f} | {1e3 * (candidates - described) / len(names):.1f}",
            f"{1e3 * (confirmed - candidates) / max(1, len(rows)):.1f}",
        )
    )


def _document(pairs: Iterable[ConfirmedPair], paths: dict[str, str]) -> dict[str, Any]:
    """As `duplicates --json` says it."""
    claimed = {(pair.a, pair.b): pair.similarity for pair in pairs if pair.kind.claimed}
    groups = complete_link(claimed).groups
    return {
        "pairs": [{"a": paths[a], "b": paths[b]} for a, b in claimed],
        "groups": [{"paths": [paths[content] for content in group]} for group in groups],
    }


def without_opencv() -> None:
    """As where it is not installed."""
    for module in (alignment, features, keypoints, smoothing):
        module.available = lambda: False


# imagededup's


def hashed(name: str, folder: Path, names: list[str], tally: Tally) -> NDArray[np.uint8]:
    """[pictures, pictures]: differing bits of imagededup's hashes."""
    for missing in ("", ".models", ".models.vision_transformer", ".transforms"):  # of its networks, imported with it
        sys.modules.setdefault(f"torchvision{missing}", MagicMock())
    from imagededup import methods

    encoder = getattr(methods, name)(verbose=False)
    begin = time.process_time()
    codes = [encoder.encode_image(image_file=str(folder / each)) for each in names]
    tally.seconds, tally.pictures = tally.seconds + time.process_time() - begin, tally.pictures + len(names)
    numbers = np.array([int(code, 16) for code in codes], np.uint64)
    return counted_bits(numbers[:, None] ^ numbers[None])


def hash_pairs(apart: NDArray[np.uint8], folder: Path, names: list[str], bits: int) -> dict[str, Any]:
    """What it calls duplicates up to so many differing bits."""
    a, b = np.nonzero(np.triu(apart <= bits, 1))
    return {"pairs": [{"a": str(folder / names[i]), "b": str(folder / names[j])} for i, j in zip(a, b, strict=True)]}


def beside(folder: Path, names: list[str], exam: ModuleType, tallies: dict[str, list[Tally]]) -> None:
    """Every hash with every number of bits up to DEFAULT."""
    for name in HASHES:
        several = tallies.setdefault(name, [Tally() for _ in range(DEFAULT + 1)])
        apart = hashed(name, folder, names, several[DEFAULT])
        for bits, tally in enumerate(several):
            tally.add(exam.score(folder, hash_pairs(apart, folder, names, bits)))


# tables


def alike_pairs(truth: dict[str, Any]) -> Counter[str]:
    """How many pairs of look-alikes there are of each kind."""
    found: Counter[str] = Counter()
    for each in truth["lookalikes"]:
        found[each["kind"]] += len(each["files"]) * (len(each["files"]) - 1) // 2
    return found


def print_tables(ours: Tally, kinds: Counter[str], tallies: dict[str, list[Tally]]) -> None:
    """Recall by alteration, false pairs by kind, and the hashes beside."""
    others = {name: several[DEFAULT] for name, several in tallies.items()}
    columns = "".join(f" {name} |" for name in others)
    print(f"\n| alteration | found | of |{columns}\n|---|---|---|{'---|' * len(others)}")
    for name, (found, of) in sorted(ours.alterations.items()):
        print(f"| {name} | {found} | {of} |" + "".join(f" {each.alterations[name][0]} |" for each in others.values()))
    print(f"| all | {ours.recall:.1%} | |" + "".join(f" {each.recall:.1%} |" for each in others.values()))
    print(f"\n| look-alikes | claimed | pairs |{columns}\n|---|---|---|{'---|' * len(others)}")
    for kind in sorted({*kinds, *ours.kinds, *(kind for each in others.values() for kind in each.kinds)}):
        counts = "".join(f" {each.kinds[kind]} |" for each in others.values())
        print(f"| {kind} | {ours.kinds[kind]} | {kinds[kind] or '–'} |{counts}")
    if not others:
        return
    print(f"\n| method | precision | recall | recall at P ≥ {PRECISE} | ms a picture |\n|---|---|---|---|---|")
    print(f"| ours | {ours.precision:.3f} | {ours.recall:.3f} | | {1e3 * ours.seconds / ours.pictures:.1f} |")
    for name, several in tallies.items():
        told = several[DEFAULT]
        precise = max((each.recall for each in several if each.precision >= PRECISE), default=0.0)
        row = f"{told.precision:.3f} | {told.recall:.3f} | {precise:.3f} | {1e3 * told.seconds / told.pictures:.1f}"
        print(f"| {name} | {row} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("make_copies", "photos", "folder"):
        parser.add_argument(name, type=Path)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--without-opencv", action="store_true")
    parser.add_argument("--beside", action="store_true")
    options = parser.parse_args()
    if options.without_opencv:
        without_opencv()
    options.folder.mkdir(parents=True, exist_ok=True)
    exam, ours, kinds = exam_of(options.make_copies), Tally(), Counter()
    tallies: dict[str, list[Tally]] = {}
    print(
        "| seed | precision | recall | false | pure | tight | same layout | too little | candidates a picture ", end=""
    )
    print("| ms to describe | ms for candidates | ms a pair |\n|" + "---|" * 12)
    for seed in options.seeds:
        folder = drawn(options, seed)
        truth = loads((folder / "truth.json").read_text("utf-8"))
        names = sorted(truth["files"])
        kinds.update(alike_pairs(truth))
        print(f"| {seed} | {looked_through(folder, names, exam, ours)} |", flush=True)
        if options.beside:
            beside(folder, names, exam, tallies)
    print_tables(ours, kinds, tallies)


if __name__ == "__main__":
    main()
