"""clip: how well a picture fits its prompt.

The CLIP score, max(100 · cos(picture, prompt), 0), as torchmetrics defines it (torchmetrics.functional.multimodal.
clip_score, with the weights of OpenAI's ViT-L/14; Hessel et al., "CLIPScore", 2021, multiply by 250). Numbers of
different CLIPs cannot be compared. It is never kept itself: vectors of pictures and prompts are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...job import Job, Stage
from ...pictures.encoders.encoder import Encoder, ReadsBeginnings, TextEncoder, Vectors
from ...text import counted
from ..collection import Collected
from ..prompts import plain_words
from .scorer import Scored, ScorerError, ScorerKind, Tools

if TYPE_CHECKING:  # SciPy comes with it, and the help of every command needs the names
    from ...pictures.features import FeatureStore

NO_PROMPT = "nothing tells its prompt"
NO_WORDS = "its prompt holds no words"

_PROMPTS = 256
"""That are encoded between two reports."""

_PICTURES = 4096
"""Whose vectors are in memory at once."""


class ClipScore:
    """Pictures and prompts in one space, that of `encoder`."""

    unit = ""
    pixels = ()

    def __init__(self, encoder: Encoder) -> None:
        """Raises ScorerError for an encoder that reads no texts."""
        if not isinstance(encoder, TextEncoder):
            raise ScorerError("this encoder reads no prompts", encoder.name, "use a CLIP, such as open_clip's ViT-L-14")
        self.encoder = encoder

    def score(self, pictures: Sequence[Collected], store: FeatureStore, job: Job) -> Scored:
        """Each picture with its own prompt; none where there is no prompt, or no word in it."""
        plain = {prompt: plain_words(prompt) for prompt in {picture.prompt for picture in pictures}}
        texts = sorted({words for words in plain.values() if words})
        vectors = self._encoded(texts, store, job)
        place = {text: i for i, text in enumerate(texts)}
        rows = np.array([place.get(plain[picture.prompt], -1) for picture in pictures], np.int64)
        values = np.full(len(pictures), np.nan)
        for start in range(0, len(pictures), _PICTURES):
            job.check()
            part = [i for i in range(start, min(start + _PICTURES, len(pictures))) if rows[i] >= 0]
            if part:
                seen = store.vectors(self.encoder, [pictures[i].content for i in part])
                values[part] = clip_scores(seen, vectors[rows[part]])
        missing = {int(i): NO_WORDS if pictures[i].prompt.strip() else NO_PROMPT for i in np.flatnonzero(rows < 0)}
        return Scored(values, missing, self._remarks(plain, texts, store))

    def _encoded(self, texts: Sequence[str], store: FeatureStore, job: Job) -> Vectors:
        """float32 [texts, d]."""
        stage = Stage(job, f"encoding prompts ({self.encoder.name})", len(texts), "prompts")
        found = []
        for start in range(0, len(texts), _PROMPTS):
            part = texts[start : start + _PROMPTS]
            found.append(store.texts(self.encoder, part))
            stage.advance(len(part))
        return np.concatenate(found) if found else np.zeros((0, 0), np.float32)

    def _remarks(self, plain: dict[str, str], texts: Sequence[str], store: FeatureStore) -> tuple[str, ...]:
        told = [f"clip: scored by {self.encoder.name}; scores of other CLIPs are not comparable"]
        if changed := sum(1 for prompt, words in plain.items() if words and words != prompt):
            told.append(f"clip: weights, brackets and tags of {counted(changed, 'prompt')} were left out, words stayed")
        if isinstance(self.encoder, ReadsBeginnings) and (cut := sum(store.too_long(self.encoder, texts))):
            verb = "is" if cut == 1 else "are"
            told.append(
                f"clip: {counted(cut, 'prompt')} {verb} longer than the {self.encoder.longest} tokens that CLIP reads; "
                "only the beginning counts"
            )
        return tuple(told)


def clip_scores(pictures: Vectors, prompts: Vectors) -> NDArray[np.float64]:
    """max(100 · cos, 0) of pictures and prompts, row by row: float32 [n, d] of length 1, float64 [n]."""
    return np.maximum(100 * np.einsum("nd,nd->n", pictures, prompts, dtype=np.float64), 0)


def _make(_which: str, tools: Tools) -> ClipScore:
    return ClipScore(tools.clip())


KIND = ScorerKind(
    "clip", "CLIP score", "fits its prompt better; portraits and famous people score high", _make, needs_clip=True
)
