"""Copies of a picture that are claimed as the same, and pictures of other models with the same seed that must not be.

python -m benchmarks.copies SHARED

SHARED is the folder of shared data: pictures of four real models, and pictures that related models drew of one seed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from lib_modelsim.identify.evidence import Kind
from lib_modelsim.job import Job
from lib_modelsim.pictures.degrading import as_jpeg
from lib_modelsim.pictures.opening import open_picture
from lib_modelsim.workspace.finding.find import find
from lib_modelsim.workspace.finding.index import GalleryIndex, Learned
from lib_modelsim.workspace.probing.gallery_import import import_pictures

_FRAME = (9, 20, 9, 9), (30, 30, 34)
_TILE = 128  # pixels of a side of the small family's pictures, ten models one below the other


class MeanColour:
    """The quickest encoder: what is asked here does not depend on it."""

    name = identity = "mean colour"

    def encode(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        """float32 [pictures, 3], rows of length 1."""
        colours = np.array([np.asarray(picture.resize((1, 1), Image.Resampling.BOX))[0, 0] for picture in pictures])
        return (colours / np.linalg.norm(colours, axis=1, keepdims=True).clip(1)).astype(np.float32)


def cut(picture: Image.Image, share: float) -> Image.Image:
    """The picture without this share of each side, more of it at the left and the bottom."""
    left, top = round(0.6 * share * picture.width), round(0.3 * share * picture.height)
    return picture.crop(
        (left, top, left + round((1 - share) * picture.width), top + round((1 - share) * picture.height))
    )


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "none": lambda picture: picture,
    "JPEG 90": lambda picture: as_jpeg(picture, 90),
    "JPEG 70": lambda picture: as_jpeg(picture, 70),
    "JPEG 50": lambda picture: as_jpeg(picture, 50),
    "JPEG 30": lambda picture: as_jpeg(picture, 30),
    "scaled to 0.25": lambda picture: ImageOps.scale(picture, 0.25),
    "scaled to 0.5": lambda picture: ImageOps.scale(picture, 0.5),
    "scaled to 1.5": lambda picture: ImageOps.scale(picture, 1.5),
    "scaled to 0.5, JPEG 70": lambda picture: as_jpeg(ImageOps.scale(picture, 0.5), 70),
    "cut by 2 %": lambda picture: cut(picture, 0.02),
    "cut by 5 %": lambda picture: cut(picture, 0.05),
    "cut by 10 %": lambda picture: cut(picture, 0.1),
    "cut by 5 %, scaled to 0.5, JPEG 70": lambda picture: as_jpeg(ImageOps.scale(cut(picture, 0.05), 0.5), 70),
    "cut by 10 %, scaled to 0.5, JPEG 50": lambda picture: as_jpeg(ImageOps.scale(cut(picture, 0.1), 0.5), 50),
    "framed": lambda picture: ImageOps.expand(picture, *_FRAME),
    "framed, JPEG 70": lambda picture: as_jpeg(ImageOps.expand(picture, *_FRAME), 70),
}


@dataclass
class Count:
    """Of so many queries: the same, or resembling alone, and of another model than the right one."""

    queries: int = 0
    same: int = 0
    resembling: int = 0
    wrong: int = 0

    def ask(self, picture: Image.Image, learned: Learned, right: str | None) -> None:
        """Count one answer; `right` is None for a picture that the gallery lacks."""
        told = [piece for piece in find([picture], learned, []).evidence if piece.kind is Kind.PICTURE]
        claimed = [piece for piece in told if piece.certainty is not None]
        self.queries += 1
        self.same += any(piece.model == right for piece in claimed)
        self.resembling += bool(told) and not claimed
        self.wrong += any(piece.model != right for piece in claimed)

    def __str__(self) -> str:
        return f"{self.same / self.queries:.0%} | {self.resembling / self.queries:.0%} | {self.wrong}"


def real_pictures(shared: Path, place: Path) -> Path:
    """A folder for each real model, with its pictures."""
    case = shared / "cases" / "pictures" / "same_seed_not_same_picture"
    for model in (*(shared / "data" / "prior_scan").iterdir(), *(case / "gallery").iterdir()):
        shutil.copytree(model, place / model.name)
    (place / "ABPModel").mkdir()
    for path in case.glob("query_ABPModel_*.jpg"):
        shutil.copy(path, place / "ABPModel")
    return place


def learn(folder: Path, gallery: Path) -> Learned:
    """A gallery of these pictures, by the encoder that is quickest."""
    import_pictures(folder, gallery, [], Job())
    return GalleryIndex(gallery, MeanColour()).learned(Job())


def copies(folder: Path, gallery: Path) -> Iterator[tuple[str, Count]]:
    """For each change, the answers to all pictures of the gallery after it."""
    learned = learn(folder, gallery)
    pictures = [(path.parent.name, open_picture(path)) for path in sorted(folder.glob("*/*.jpg"))]
    print(f"{len(pictures)} pictures\n")
    for name, change in CHANGES.items():
        count = Count()
        for model, picture in pictures:
            count.ask(change(picture), learned, model)
        yield name, count


def siblings(pictures: dict[str, Sequence[Image.Image]], place: Path) -> Count:
    """Each model's pictures, asked of a gallery of all the other models'."""
    count = Count()
    for asked, queries in pictures.items():
        others = place / f"without {asked}"
        for model, drawn in pictures.items():
            (others / model).mkdir(parents=True)
            for number, picture in enumerate(drawn if model != asked else ()):
                picture.save(others / model / f"{number}.png")
        learned = learn(others, place / f"gallery without {asked}")
        for picture in queries:
            count.ask(picture, learned, None)
    return count


def small_family(sheet: Path) -> dict[str, list[Image.Image]]:
    """Rows of the sheet are models, columns are prompts, all with one seed."""
    picture = open_picture(sheet)
    return {
        f"model {top // _TILE}": [
            picture.crop((left, top, left + _TILE, top + _TILE)) for left in range(0, picture.width, _TILE)
        ]
        for top in range(0, picture.height, _TILE)
    }


def main() -> None:
    shared = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        print("| changed | the same | resembles | of another model |\n|---|---|---|---|")
        for change, count in copies(real_pictures(shared, place / "real"), place / "copies"):
            print(f"| {change} | {count} |", flush=True)
        xl = shared / "data" / "prior_scan"
        by_model = {model.name: [open_picture(path) for path in sorted(model.iterdir())] for model in xl.iterdir()}
        case = shared / "cases" / "pictures" / "same_seed_not_same_picture"
        seeds = Count()
        learned = learn(case / "gallery", place / "case")
        for path in sorted(case.glob("query*.jpg")):
            seeds.ask(open_picture(path), learned, None)
        print("\n| same seed or prompt, another model | queries | resembles | claimed |\n|---|---|---|---|")
        sheet = shared / "data" / "minihub" / "models_same_prompts_and_seed.png"
        for kind, count in (
            ("siblings without a prompt, SD 1.x", seeds),
            ("four SDXL models", siblings(by_model, place / "xl")),
            ("ten models of the small trained family", siblings(small_family(sheet), place / "small")),
        ):
            print(f"| {kind} | {count.queries} | {count.resembling} | {count.wrong} |")


if __name__ == "__main__":
    main()
