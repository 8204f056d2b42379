"""Altered copies claimed as pictures of the gallery, and look-alikes that must not be: the exam `make_copies.py`.

python -m benchmarks.copies MAKE_COPIES PHOTOS FOLDER [--pictures 200] [--without-opencv] SEED...

MAKE_COPIES is the exam's file and PHOTOS a folder of real pictures, both among the project's shared tools and data;
FOLDER keeps what it draws. Every picture is asked of a gallery of all the others, each as a model of its own, and what
has a certainty is counted. It prints tables: recall by alteration, false ones by kind of look-alike, and milliseconds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from itertools import combinations
from json import loads
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from lib_modelsim.identify.evidence.pictures import of_pictures
from lib_modelsim.pictures import alignment, keypoints
from lib_modelsim.pictures.confirming import confirm
from lib_modelsim.pictures.copies import fingerprint
from lib_modelsim.pictures.opening import open_picture
from lib_modelsim.workspace.finding import similar
from lib_modelsim.workspace.finding.index import Indexed, Learned


class Nothing:
    """An encoder that is never asked."""

    name = identity = "nothing"


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
    folder = options.folder / f"{seed} {options.pictures}"
    if not (folder / "truth.json").exists():
        command = [sys.executable, options.make_copies, folder, "--seed", seed, "--pictures", options.pictures]
        subprocess.run([str(each) for each in (*command, "--photos", options.photos)], check=True)
    return folder


def gallery_of(folder: Path, names: list[str]) -> Learned:
    """Every picture by a model of its own."""
    pictures = [open_picture(folder / name) for name in names]
    found = [alignment.prepare(picture).keypoints for picture in pictures]
    codes = None if None in found else np.stack([each.codes() for each in found if each is not None])
    indexed = tuple(Indexed(folder / name, name, name, "", name) for name in names)
    return Learned(Nothing(), indexed, np.stack(list(map(fingerprint, pictures))), keypoints=codes)


def without(learned: Learned, row: int) -> Learned:
    """The gallery without one picture."""
    rest = [i for i in range(len(learned.gallery)) if i != row]
    codes = None if learned.keypoints is None else learned.keypoints[rest]
    gallery = tuple(learned.gallery[i] for i in rest)
    return Learned(learned.encoder, gallery, learned.fingerprints[rest], keypoints=codes)


def claimed(folder: Path, learned: Learned) -> Iterator[tuple[str, str]]:
    """The picture asked about, and one that it is said to be."""
    for row, asked in enumerate(learned.gallery):
        found = similar.similar_pictures(open_picture(folder / asked.key), without(learned, row))
        yield from ((asked.key, piece.key) for piece in of_pictures(found) if piece.certainty is not None)


def milliseconds(folder: Path, names: list[str]) -> tuple[float, float]:
    """To prepare a picture, and to confirm a pair: processor time of one core."""
    pictures = [open_picture(folder / name) for name in names[:24]]
    start = time.process_time()
    prepared = [alignment.prepare(picture) for picture in pictures]
    middle = time.process_time()
    pairs = list(combinations(prepared, 2))[::4]
    for one, other in pairs:
        confirm(one, other)
    return 1e3 * (middle - start) / len(prepared), 1e3 * (time.process_time() - middle) / len(pairs)


def asked_kinds(truth: dict[str, Any]) -> Counter[str]:
    """How many pairs of look-alikes there are of each kind."""
    return Counter(
        {
            kind: sum(
                len(each["files"]) * (len(each["files"]) - 1) // 2
                for each in truth["lookalikes"]
                if each["kind"] == kind
            )
            for kind in {each["kind"] for each in truth["lookalikes"]}
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("make_copies", "photos", "folder"):
        parser.add_argument(name, type=Path)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--without-opencv", action="store_true")
    options = parser.parse_args()
    if options.without_opencv:
        for module in (alignment, keypoints, similar):
            module.available = lambda: False
    options.folder.mkdir(parents=True, exist_ok=True)
    exam, totals, kinds = exam_of(options.make_copies), Counter(), Counter()
    alterations: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    false: Counter[str] = Counter()
    print("| seed | precision | recall | false pairs | ms a picture | ms a pair |\n|---|---|---|---|---|---|")
    for seed in options.seeds:
        folder = drawn(options, seed)
        truth = loads((folder / "truth.json").read_text("utf-8"))
        names = sorted(truth["files"])
        learned = gallery_of(folder, names)
        pairs = [{"a": one, "b": other} for one, other in claimed(folder, learned)]
        told = exam.score(folder, {"pairs": pairs})
        times = milliseconds(folder, names)
        row = f"{told['precision']:.3f} | {told['recall']:.3f} | {told['false']} | {times[0]:.0f} | {times[1]:.0f}"
        print(f"| {seed} | {row} |", flush=True)
        totals.update({each: told[each] for each in ("right", "false", "required")})
        false.update(told["false_by_kind"])
        kinds.update(asked_kinds(truth))
        for name, (found, of) in told["recall_by_alteration"].items():
            alterations[name] = [alterations[name][0] + found, alterations[name][1] + of]
    print("\n| alteration | found | of |\n|---|---|---|")
    for name, (found, of) in sorted(alterations.items()):
        print(f"| {name} | {found} | {of} |")
    found = sum(each for each, _ in alterations.values())
    print(f"| all | {found} ({found / totals['required']:.1%}) | {totals['required']} |")
    print("\n| look-alikes | claimed | pairs |\n|---|---|---|")
    for kind in sorted({*kinds, *false}):
        print(f"| {kind} | {false[kind]} | {kinds[kind] or '–'} |")


if __name__ == "__main__":
    main()
