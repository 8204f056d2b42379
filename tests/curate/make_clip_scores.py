"""Writes clip_scores.json: what torchmetrics' own clip_score says of scenes and prompts, with the twins' weights.

    python -m tests.curate.make_clip_scores

Needs torchmetrics (1.9.0 made the file), transformers and open_clip.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from tests.curate import twins
from tests.pictures.scenes import scene

FILE = Path(__file__).with_name("clip_scores.json")

SIZES = [(64, 64), (512, 512), (65, 91), (513, 768), (768, 513), (1200, 813), (832, 1216), (33, 47), (300, 20)]

PROMPTS = [
    "a photo of a cat",
    "masterpiece, best quality, 1girl, solo, looking at viewer",
    "naïve café 🐈 über-cool, \N{SNOWMAN}",
    "HDR 8k photo; don't stop!",
    "A\n b\tc   d",
    "0123456789",
]


def pairs() -> list[tuple[int, tuple[int, int], str]]:
    """Number and size of a scene, and its prompt."""
    return [(i * 10 + j, size, prompt) for i, size in enumerate(SIZES) for j, prompt in enumerate(PROMPTS)]


def torchmetrics_scores(model: object, processor: object) -> list[float]:
    """Each picture with its prompt alone, as torchmetrics takes the mean of what it is given."""
    from torchmetrics.functional.multimodal.clip_score import clip_score

    found = []
    for number, size, prompt in pairs():
        pixels = torch.from_numpy(np.array(scene(number, *size)).transpose(2, 0, 1))
        found.append(float(clip_score(pixels, prompt, lambda: (model, processor))))
    return found


def main() -> None:
    """Both vocabularies: CLIP's own, and single bytes."""
    import open_clip

    with TemporaryDirectory() as folder:
        words = twins.processor(Path(folder) / "words", twins.merges_of(open_clip))
        letters = twins.processor(Path(folder) / "bytes", [])
        with torch.inference_mode():
            found = {
                "words": torchmetrics_scores(twins.of_transformers(twins.draw()), words),
                "bytes": torchmetrics_scores(twins.of_transformers(twins.draw(twins.BYTES)), letters),
            }
    FILE.write_text(json.dumps({name: [round(each, 5) for each in scores] for name, scores in found.items()}) + "\n")


if __name__ == "__main__":
    main()
