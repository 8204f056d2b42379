"""The text encoder: first it learns the words, so that the UNet need not learn spelling."""

from __future__ import annotations

import numpy as np
import torch
from transformers import CLIPTextModel

from .captions import END, PLACES, Content, caption, tokens
from .networks import new_text_encoder
from .scenes import COLOURS
from .styles import STYLES
from .subjects import SUBJECTS
from .training import Course, half, optimise

_QUESTIONS = (tuple(SUBJECTS), tuple(COLOURS), tuple(STYLES))
_TEXTS = 48
"""A step."""


def train_text_encoder(course: Course, device: str) -> CLIPTextModel:
    """A text encoder whose states tell subject, colour and style at the text's end and anywhere behind it."""
    torch.manual_seed(2)
    model = _new(device)
    answers = [len(question) + 1 for question in _QUESTIONS]  # the last: the text does not say
    head = torch.nn.Linear(model.config.hidden_size, sum(answers)).to(device)
    rng = np.random.default_rng(5)

    def loss_of() -> torch.Tensor:
        texts, labels = zip(*(_exercise(rng) for _ in range(_TEXTS)), strict=True)
        ids = torch.tensor([tokens(text) for text in texts])
        ends = (ids == END).int().argmax(1)
        far = (ends + torch.from_numpy(rng.integers(0, PLACES, _TEXTS))).clamp(max=PLACES - 1)
        right = torch.tensor(labels, device=device)
        with half(device):
            states = model(ids.to(device)).last_hidden_state.float()
        return sum(
            torch.nn.functional.cross_entropy(part, right[:, question]) / 2
            for places in (ends, far)
            for question, part in enumerate(head(states[torch.arange(_TEXTS), places]).split(answers, 1))
        )

    optimise([*model.parameters(), *head.parameters()], course, loss_of)
    return model.eval()


@torch.no_grad()
def encoded(model: CLIPTextModel, texts: list[str], device: str) -> torch.Tensor:
    """The contexts of texts, bfloat16 [texts, 77, 768]; the last text's at clip skip 2."""
    ids = torch.tensor([tokens(text) for text in texts], device=device)
    with half(device):
        states = [model(part).last_hidden_state.bfloat16() for part in ids[:-1].split(64)]
        skipped = model(ids[-1:], output_hidden_states=True).hidden_states[-2]
        return torch.cat([*states, model.text_model.final_layer_norm(skipped).bfloat16()])


@torch.no_grad()
def _new(device: str) -> CLIPTextModel:
    """Small embeddings; those of places begin as waves."""
    model = new_text_encoder()
    width = model.config.hidden_size
    angles = torch.arange(PLACES)[:, None] * torch.exp(torch.linspace(0, -4.6, width // 2))
    model.text_model.embeddings.token_embedding.weight.normal_(0, 0.05)
    model.text_model.embeddings.position_embedding.weight.copy_(torch.cat([angles.sin(), angles.cos()], 1) * 0.05)
    return model.to(device)


def _exercise(rng: np.random.Generator) -> tuple[str, list[int]]:
    """A text, and of each question the number of its answer."""
    content = Content(*(question[rng.integers(len(question))] for question in _QUESTIONS))
    said = caption(content, rng, fill=0.4)
    labels = [
        question.index(word) if named else len(question)
        for question, word, named in zip(_QUESTIONS, content, said.names, strict=True)
    ]
    return said.text, labels
