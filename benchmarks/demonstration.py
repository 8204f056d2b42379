"""The first figures on models that were really trained: the demonstration family, from its files to the answers.

python -m benchmarks.demonstration FOLDER [--samples]

FOLDER keeps the family, its gallery (suite `demonstration`) and the pictures that are asked about: minutes on two
cores the first time. Prints a table in Markdown. What is asked about lost its record, unless a line says otherwise.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import spearmanr

from lib_modelsim.demo import write_demo_family
from lib_modelsim.demo.samples import FOLDER as SAMPLES
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.pictures.degrading import degraded
from lib_modelsim.pictures.encoders.builtin import DescriptorEncoder
from lib_modelsim.pictures.opening import open_picture
from lib_modelsim.probes.suite import SHIPPED, Probe, Suite, read_suite
from lib_modelsim.workspace.finding.find import Found
from lib_modelsim.workspace.finding.index import Learned
from lib_modelsim.workspace.probing.kinship import kinship_of
from lib_modelsim.workspace.probing.probes import sheet_of
from lib_modelsim.workspace.workspace import Question, Workspace

DISTINCT = (
    *("harborlight-base_v1", "pixelwords_v1", "pastel-dots_v1", "inkwell_v2.1", "inkwell-neon_v1", "tidewater_v3"),
    *("tidewater-sepia_v1", "granite-fantasy_v4"),
)
"""The models with a manner of their own: no copies, merges or models of another strength."""

STRANGER = "granite-fantasy_v4"

Change = Callable[[Probe], Probe]
"""The suite's probe → another picture of the same thing."""


def unchanged(probe: Probe) -> Probe:
    return probe


def other_seed(probe: Probe) -> Probe:
    return replace(probe, seeds=(101,))


def other_sampler(probe: Probe) -> Probe:
    parameters = replace(probe.parameters, sampler="Euler a", scheduler="Automatic", steps=20, cfg_scale=6)
    return replace(probe, seeds=(201,), parameters=parameters)


@dataclass(frozen=True)
class Query:
    """A picture asked about, `model` generated it; `file` has its record still."""

    model: str
    file: Path
    picture: Image.Image


class Demonstration:
    """The family in `folder`, what it generates, and what is answered about that."""

    def __init__(self, folder: Path, names: Sequence[str] = DISTINCT) -> None:
        self.folder, self.names = folder, names
        self.suite = read_suite(SHIPPED / "demonstration.json")
        write_demo_family(folder / "family", lambda _: None)  # does nothing where it is there

    def workspace(self, gallery: str, names: Sequence[str] | None = None) -> Workspace:
        """With these models alone, and a gallery of this name."""
        files = [self.folder / "family" / f"{name}.safetensors" for name in names or self.names]
        host = Folders(files, self.folder, Settings())
        return Workspace(host, lambda: Library(self.folder / "library.sqlite"), self.folder / gallery)

    def generate(self, gallery: str = "gallery", change: Change | None = None, probes: int | None = None) -> None:
        """Fill a gallery with the suite, or with a change of its first `probes`."""
        suite = self.suite if change is None else _changed(self.suite, change, probes)
        with self.workspace(gallery) as use:
            failures = use.generate(use.plan(suite, (), 1, Job()), Job())
        if failures:
            raise RuntimeError("; ".join(map(str, failures)))

    def queries(self, gallery: str, change: Change, probes: int | None = None) -> list[Query]:
        """What was generated there."""
        sheet = sheet_of(self.folder / gallery, _changed(self.suite, change, probes))
        return [
            Query(row.name, stored.path, _without_record(stored.path))
            for row in sheet.rows
            for stored in sheet.of_checkpoint(row.checkpoint)
            if stored is not None
        ]

    def picture_of(self, model: str, probe: str = "red house") -> Query:
        """The gallery's picture of a probe by a model."""
        asked = self.queries("gallery", unchanged)
        return next(query for query in asked if query.model == model and query.file.name.startswith(probe))

    def gallery_without(self, model: str) -> str:
        """A gallery with the pictures of all others."""
        name = f"gallery without {model}"
        if not (self.folder / name).exists():
            left_out = shutil.ignore_patterns(f"{model} *", "*.sqlite*")
            shutil.copytree(self.folder / "gallery", self.folder / name, ignore=left_out)
        return name

    def learned(self, gallery: str = "gallery") -> Learned:
        """What the gallery teaches."""
        with self.workspace(gallery) as use:
            return use.gallery_index(DescriptorEncoder(), (self.suite.name,)).learned(Job())

    def ask(self, picture: Image.Image | Path, learned: Learned, gallery: str = "gallery") -> Found:
        """The answer about one picture."""
        with self.workspace(gallery) as use:
            known, _ = use.known_models(Job())
            return use.find([picture], learned, known, Job())


def places(asked: Sequence[Query], answers: Sequence[Found]) -> np.ndarray:
    """The place, from 1, of the model that generated each picture."""
    return np.array(
        [
            [card.model for card in found.ranking].index(query.model) + 1
            for query, found in zip(asked, answers, strict=True)
        ]
    )


def kinship_agreement(use: Workspace, suite: str) -> float:
    """Spearman's rank correlation of the pairs' similarities by their pictures and by their weights."""
    pictures = kinship_of(use.sheet(suite), use.gallery, Job()).matrix
    weights = use.compare(Question("cosine"), use.read_index(Job()), Job()).matrix
    order = [weights.models.index(name) for name in pictures.models]
    pairs = np.triu_indices(len(order), 1)
    return float(spearmanr(pictures.overall[pairs], weights.overall[np.ix_(order, order)][pairs]).statistic)


def _changed(suite: Suite, change: Change, probes: int | None) -> Suite:
    name = suite.name if change is unchanged else f"{suite.name}, {change.__name__}"
    return replace(suite, name=name, probes=tuple(map(change, suite.probes[:probes])))


def _without_record(path: Path) -> Image.Image:
    """The pixels alone."""
    picture = open_picture(path)
    return Image.frombytes(picture.mode, picture.size, picture.tobytes())


def write_samples(demonstration: Demonstration) -> None:
    """Those of lib_modelsim/demo/samples.py: one with its record, one saved as JPEG, one of another seed."""
    demonstration.generate(other_seed.__name__, other_seed)
    house = demonstration.picture_of("tidewater_v3", "red house")
    cat = demonstration.picture_of("inkwell-neon_v1", "purple cat")
    asked = demonstration.queries(other_seed.__name__, other_seed)
    fish = next(query for query in asked if query.model == "inkwell_v2.1" and "blue fish" in query.file.name)
    shutil.copyfile(house.file, SAMPLES / "a-red-house.png")
    for query, name in ((cat, "a-purple-cat.jpg"), (fish, "a-blue-fish.jpg")):
        query.picture.convert("RGB").save(SAMPLES / name, quality=90)


def main() -> None:
    demonstration = Demonstration(Path(sys.argv[1]))
    demonstration.generate()
    if "--samples" in sys.argv:
        write_samples(demonstration)
        return
    learned = demonstration.learned()
    print("| pictures asked about | how many | right model first, % | among four, % | 'none of these', % |")
    print("|---|---|---|---|---|")
    for name, change in {"another seed": other_seed, "another seed and sampler": other_sampler}.items():
        demonstration.generate(change.__name__, change)
        asked = demonstration.queries(change.__name__, change)
        print_row(name, asked, demonstration, learned)
    worn = [replace(query, picture=degraded(query.picture)) for query in asked]
    print_row("the same, cut, scaled and saved as JPEG", worn, demonstration, learned)
    print_strangers(demonstration, asked)
    print_proof(demonstration, asked)
    with demonstration.workspace("gallery") as use:
        agreement = kinship_agreement(use, demonstration.suite.name)
    print(f"\nKinship by pictures and by weights, rank correlation of all pairs: {agreement:.2f}")


def print_row(name: str, asked: Sequence[Query], demonstration: Demonstration, learned: Learned) -> None:
    """How often the right model comes first and among four."""
    answers = [demonstration.ask(query.picture, learned) for query in asked]
    found = places(asked, answers)
    none = np.mean([answer.none_of_these for answer in answers])
    shares = " | ".join(f"{100 * share:.0f}" for share in (np.mean(found == 1), np.mean(found <= 4), none))
    print(f"| {name} | {len(asked)} | {shares} |")


def print_strangers(demonstration: Demonstration, asked: Sequence[Query]) -> None:
    """What is answered about pictures of a model that the gallery lacks."""
    gallery = demonstration.gallery_without(STRANGER)
    learned = demonstration.learned(gallery)
    strange = [query for query in asked if query.model == STRANGER]
    none = np.mean([demonstration.ask(query.picture, learned, gallery).none_of_these for query in strange])
    print(f"| of a model that the gallery lacks ({STRANGER}) | {len(strange)} | | | {100 * none:.0f} |")


def print_proof(demonstration: Demonstration, asked: Sequence[Query]) -> None:
    """Whether generating the picture again with the settings of its record proves who made it."""
    learned, proven = demonstration.learned(), []
    some = asked[::12]
    with demonstration.workspace("gallery") as use:
        known, _ = use.known_models(Job())
        for query in some:
            found = use.find([query.file], learned, known, Job())
            verified = use.verify([query.file], found, learned.encoder, Job(), len(demonstration.names))
            best, second = verified.pictures[:2]
            proven.append((best.model == query.model, best.likeness, second.likeness))
    right = sum(each[0] for each in proven)
    print(
        f"\nGenerated again by each of {len(demonstration.names)} models: "
        f"the right one first for {right} of {len(proven)}; "
        f"likeness of its picture at least {min(each[1] for each in proven):.4f}, of the next at most "
        f"{max(each[2] for each in proven):.4f}"
    )


if __name__ == "__main__":
    main()
