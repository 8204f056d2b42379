"""Easy Diffusion's record: a PNG text for each setting; one JSON in the UserComment of JPEG and WebP.

The model is a path without an ending; there is no hash. Sources: easydiffusion/easydiffusion
ui/easydiffusion/utils/save_utils.py (both spellings of the keys), easydiffusion/sdkit sdkit/utils/file_utils.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from ..form import MOST, PictureRecord, named, once
from ..registry import RecordReader
from ..texts import Texts

PROGRAM = "Easy Diffusion"

_MODEL = ("use_stable_diffusion_model", "Stable Diffusion model")
_NETWORKS = (
    *("use_lora_model", "LoRA model", "use_hypernetwork_model", "Hypernetwork model", "use_vae_model", "VAE model"),
    *("use_embeddings_model", "Embedding models"),
)
_PROMPTS = (("prompt", "Prompt"), ("negative_prompt", "Negative Prompt"))


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each place that has a text for the model, and of each JSON that names one."""
    for place, found in texts.by_place().items():
        key = next((key for key in _MODEL if key in found), None)
        if key is not None:
            yield _of(found, f"{place} “{key}”")
    for text, document in texts.objects():
        if any(key in document for key in _MODEL):
            yield _of(document, text.where)


def _of(found: Mapping[str, object], place: str) -> PictureRecord:
    models = once([named(name) for key in _MODEL for name in _names(found.get(key))])
    networks = once([named(name) for key in _NETWORKS for name in _names(found.get(key))])
    words = [next((found[key] for key in keys if isinstance(found.get(key), str)), "") for keys in _PROMPTS]
    return PictureRecord(place, PROGRAM, models, networks, *words)


def _names(value: object) -> list[object]:
    """One name, or a list, which PNG has as Python writes it; "None" is none."""
    if isinstance(value, str) and value.startswith("[") and len(value) < 10_000:
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return []
    return [each for each in (value[:MOST] if isinstance(value, list) else [value]) if each not in ("None", "", None)]


READER = RecordReader(PROGRAM, read, marks=_MODEL, order=1)
