"""What every measure says of models whose kinship is known: the values that the verdicts' bounds stand between.

python -m benchmarks.verdicts MINIHUB DISTANCES      the trained family and the folder of published distances
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.torch import save_file

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.comparing.compare import compare

from .kin import BASE, trained_family

MEASURES = ("relative-l2", "cosine-whole", "cosine", "cosine-min", "asimilarity", "asimilarity8", "delta-cosine")

INK, WATER, NEON, SEPIA = "mini-ink", "mini-water", "mini-ink-neon", "mini-water-sepia"
LORA, WORDS = "mini-dots-lora", "mini-words"
MERGE, BY_BLOCK = "ink 60 water 40", "ink water by block"

PAIRS: dict[str, list[tuple[str, str]]] = {
    "text encoder trained alone": [(BASE, WORDS)],
    "bfloat16 copy": [(BASE, "base bf16")],
    "8-bit copy": [(BASE, "base fp8")],
    "merge with 5 %": [(BASE, "base + 5 % ink")],
    "merge with 10 %": [(INK, "ink 90 water 10")],
    "fine-tune, parent": [(BASE, INK), (BASE, WATER), (INK, NEON), (WATER, SEPIA)],
    "LoRA baked in": [(BASE, LORA), (BASE, "base + 0.5 lora"), (INK, "ink + 0.5 lora")],
    "merge, parents": [(MERGE, INK), (MERGE, WATER), (BY_BLOCK, INK), (BY_BLOCK, WATER)],
    "add-difference, A and B": [("ink + (sepia - base)", INK), ("ink + (sepia - base)", SEPIA)],
    "grandparent": [(BASE, NEON), (BASE, SEPIA)],
    "tuned apart": [(INK, WATER), (NEON, SEPIA), (INK, LORA), (WATER, LORA), (NEON, WATER), (INK, SEPIA)],
    "stranger": [("stranger", name) for name in (BASE, INK, SEPIA, MERGE)],
}
"""Kinship → pairs of it."""

NORM = 900.0
"""‖W‖ of SD 1.x's UNet, roughly: the published distances of its fine-tunes are 9 to 18 % of it."""

PUBLISHED = {
    "wdacnai0": ("sd-v1-4", {
        "one training, other steps or LoRA": [("888886dc", "nnai_221201"), ("animefull", "nnai_221201"),
                                              ("animefull", "888886dc"), ("ACertainty", "nnai_lora")],
        "fine-tune, parent": [("sd-v1-4", "wd-v1-3"), ("sd-v1-4", "animefull"), ("sd-v1-4", "ACertainty")],
        "related, in part": [("animefull", "wd-v1-3"), ("animefull", "ACertainty"), ("ACertainty", "wd-v1-3")],
        "stages of one base's training": [("sd-v1-4", "v1-5"), ("sd-v1-4", "sd-v1-2"), ("v1-5", "animefull")],
    }),
    "any3": ("animefull", {
        "a merge with the base, its parent": [("Anything-V3", "momoko")],
        "merges of a fine-tune": [("animefull", "Anything-V3"), ("animefull", "anything-v4.0"),
                                  ("Anything-V3", "anything-v4.5"), ("ACertainty", "ACertainThing")],
        "related, in part": [("animefull", "momoko"), ("Anything-V3", "ACertainty")],
    }),
    "aobp": ("animefull", {
        "epochs of one training": [("ABPModel-ep99", "ABPModel-ep89"), ("ABPModel-ep99", "ABPModel-ep59"),
                                   ("ABPModel-ep99", "ABPModel-ep19")],
        "fine-tune, parent": [("animefull", "ABPModel-ep19"), ("animefull", "ABPModel-ep99")],
    }),
}  # fmt: skip
"""Table → its base and pairs by what is known of them, models by the beginning of their names."""


def trained(folder: Path) -> None:
    """All measures on the trained family: per kinship the least and the largest value."""
    family = trained_family(folder)
    with tempfile.TemporaryDirectory() as place:
        for name, tensors in family.items():
            save_file({k: v.contiguous() for k, v in tensors.items()}, Path(place) / f"{name}.safetensors")
        library = Library(None)
        found = {
            measure: compare([Path(place)], measure, BASE if measure == "delta-cosine" else None, library, Job(), "cpu")
            for measure in MEASURES
        }
    print(f"{'':28}" + "".join(f"{measure:>22}" for measure in MEASURES))
    for kind, pairs in PAIRS.items():
        cells = []
        for measure in MEASURES:
            matrix = found[measure].matrix
            values = np.array([matrix.overall[matrix.models.index(a), matrix.models.index(b)] for a, b in pairs])
            cells.append(span(values))
        print(f"{kind:28}" + "".join(f"{cell:>22}" for cell in cells))
    matrix = found["cosine-whole"].matrix
    words = matrix.components["te"][matrix.models.index(BASE), matrix.models.index(WORDS)]
    print(f"text encoder of {WORDS}, beside the base's: cosine-whole {words:.6f}")


def published(folder: Path) -> None:
    """Distances of real SD 1.x models, relative to `NORM`, and from a base among them their delta-cosines and how many
    times as large one change is as the other."""
    heads = f"{'l2':>18}{f'relative to {NORM:g}':>22}{'delta-cosine':>22}{'larger : smaller':>22}"
    print(f"\n{'published, UNet of SD 1.x':40}{heads}")
    for table, (base, kinds) in PUBLISHED.items():
        document = json.loads((folder / f"{table}.json").read_text(encoding="utf-8"))
        names, squares = document["models"], np.array(document["distances"]["unet"]) ** 2

        def at(start: str, names: list[str] = names) -> int:
            return next(i for i, name in enumerate(names) if name.startswith(start))

        for kind, pairs in kinds.items():
            far = np.array([squares[at(a), at(b)] ** 0.5 for a, b in pairs])
            angles, sizes = np.array([np.nan]), np.array([np.nan])
            if base is not None:
                c = squares[at(base)]
                inner = [(c[at(a)] + c[at(b)] - squares[at(a), at(b)]) / 2 for a, b in pairs]
                with np.errstate(invalid="ignore"):
                    angles = inner / np.sqrt([c[at(a)] * c[at(b)] for a, b in pairs])
                    ratio = np.sqrt([c[at(a)] / c[at(b)] for a, b in pairs])
                sizes = np.where(np.isnan(angles), np.nan, np.maximum(ratio, 1 / ratio))
            cells = f"{span(far, 1):>18}{span(far / NORM):>22}{span(angles):>22}{span(sizes, 2):>22}"
            print(f"{f'{table}: {kind}':40}{cells}")


def span(values: np.ndarray, digits: int = 4) -> str:
    """The least and the largest in words."""
    known = values[~np.isnan(values)]
    if not len(known):
        return "–"
    low, high = (f"{value:.{digits}f}" for value in (known.min(), known.max()))
    return low if low == high else f"{low} to {high}"


def main() -> None:
    trained(Path(sys.argv[1]))
    published(Path(sys.argv[2]))


if __name__ == "__main__":
    main()
