"""How well the VAE that a picture came out of is told: tiny VAEs, procedural pictures, after what happens to pictures.

python -m benchmarks.vaes FOLDER [--pictures 10]

FOLDER keeps the VAEs, which take some seconds each to train the first time. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps

from lib_modelsim.engines import diffusers_loading as loading
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.pictures.degrading import as_jpeg
from lib_modelsim.workspace.finding.models import scanned_models
from lib_modelsim.workspace.finding.queries import open_query
from lib_modelsim.workspace.finding.vaes import vae_evidence
from tests.vaes.training import drawn_by, scene, train

SIDE, FIRST = 80, 60_000

CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "nothing": lambda picture: picture,
    **{f"JPEG {quality}": lambda picture, quality=quality: as_jpeg(picture, quality) for quality in (95, 85, 70, 50)},
    **{f"scaled to {by}": lambda picture, by=by: ImageOps.scale(picture, by) for by in (0.9, 1.25)},
    "cut by 8 pixels": lambda picture: ImageOps.crop(picture, 8),
    "cut by 3 pixels": lambda picture: ImageOps.crop(picture, 3),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=10)
    args = parser.parse_args()
    loading.load_vae = lru_cache(loading.load_vae)  # thousands of times the same three
    args.folder.mkdir(parents=True, exist_ok=True)
    names = ("one", "two", "three")
    for seed, name in enumerate(names, 1):
        if not (args.folder / f"{name}.safetensors").is_file():
            train(args.folder, name, seed)
    with Library(None) as library:
        known, _ = scanned_models([args.folder], library, Job())

        def told(picture: Image.Image, models: list) -> str | None:
            found = vae_evidence([open_query(picture, "it")], models, library, "cpu", Job()).evidence
            return found[0].model if found else None

        print("| changed | right, % | another VAE named, % | nothing said, % | its own VAE missing: one named, % |")
        print("|---|---|---|---|---|")
        numbers = range(FIRST, FIRST + args.pictures)
        drawn = {(n, i): drawn_by(args.folder / f"{n}.safetensors", i, SIDE) for n in names for i in numbers}
        for what, change in CHANGES.items():
            answers = [(name, told(change(picture), known)) for (name, _), picture in drawn.items()]
            lacking = [
                told(change(picture), [model for model in known if model.name != name])
                for (name, _), picture in drawn.items()
            ]
            shares = [
                sum(found == name for name, found in answers),
                sum(found not in (name, None) for name, found in answers),
                sum(found is None for _, found in answers),
                sum(found is not None for found in lacking),
            ]
            print(f"| {what} | {' | '.join(f'{100 * share / len(answers):.0f}' for share in shares)} |", flush=True)
        named = sum(told(scene(number, SIDE), known) is not None for number in numbers)
        print(f"\nOf {len(numbers)} pictures that came out of no VAE {named} are said to fit one.")


if __name__ == "__main__":
    main()
