"""Prompts as AUTOMATIC1111 reads them: weights in brackets, chunks of 75 tokens, vectors scaled by the weights.

After the WebUI's wiki, "Attention/emphasis", and what its options `emphasis` and `comma_padding_backtrack` say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import joined
from ..probes.engine import WITH_WEBUI, PictureFailed

if TYPE_CHECKING:
    import torch

CHUNK = 75
"""Tokens that a text encoder reads at once, besides the begin and the end."""

EMPHASES = ("Original", "No norm", "Ignore", "None")

_ROUND, _SQUARE = 1.1, 1 / 1.1

_WORD = re.compile(r"\\[()\[\]\\]|:\s*([+-]?[.\d]+)\s*\)|\bBREAK\b|[()\[\]]|\\|(?:(?!\bBREAK\b)[^\\()\[\]:])+|:")

_BEYOND = re.compile(r"<\w+:[^>]+>|\[[^\[\]]*:\s*[\d.]+\s*\]|\[[^\[\]]*\|[^\[\]]*\]|\bAND\b")
"""Networks `<lora:x:1>`, prompts that change on the way `[a:b:0.5]` `[a|b]`, prompts that are composed `a AND b`."""


@dataclass(frozen=True)
class PromptPart:
    """Some words with their weight; `words` are None at a BREAK, where a new chunk begins."""

    words: str | None
    weight: float


@dataclass(frozen=True)
class Chunk:
    """Up to 75 tokens and their weights."""

    tokens: tuple[int, ...]
    weights: tuple[float, ...]


def parts(prompt: str, emphasis: str = "Original") -> list[PromptPart]:
    """The words with what brackets make of their weights: (x) 1.1, [x] 1/1.1, (x:1.3) 1.3, nested ones multiplied,
    a bracket that is not closed reaching to the end. Raises PictureFailed for what only a WebUI can generate."""
    beyond = _BEYOND.search(re.sub(r"\\.", "  ", prompt))
    if beyond:
        raise PictureFailed(
            "diffusers cannot use this part of the prompt", beyond[0], joined(WITH_WEBUI, ", or remove it")
        )
    return [PromptPart(prompt, 1.0)] if emphasis == "None" else _joined(_weighted(prompt))


def _weighted(prompt: str) -> list[PromptPart]:
    found: list[PromptPart] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}

    def multiply(start: int, factor: float) -> None:
        found[start:] = [
            part if part.words is None else PromptPart(part.words, part.weight * factor) for part in found[start:]
        ]

    for match in _WORD.finditer(prompt):
        word = match[0]
        if word in opened:
            opened[word].append(len(found))
        elif match[1] and opened["("]:
            multiply(opened["("].pop(), _number(match[1]))
        elif word == ")" and opened["("]:
            multiply(opened["("].pop(), _ROUND)
        elif word == "]" and opened["["]:
            multiply(opened["["].pop(), _SQUARE)
        elif word == "BREAK":
            found.append(PromptPart(None, 1.0))
        else:
            found.append(PromptPart(word[1:] if len(word) == 2 and word[0] == "\\" else word, 1.0))
    for bracket, factor in (("(", _ROUND), ("[", _SQUARE)):
        for start in opened[bracket]:
            multiply(start, factor)
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise PictureFailed("this is not a weight", text, "write it like (word:1.2)") from error


def _joined(found: Sequence[PromptPart]) -> list[PromptPart]:
    """Neighbours of one weight are tokenized together."""
    joined: list[PromptPart] = []
    for part in found:
        last = joined[-1] if joined else None
        if last and last.words is not None and part.words is not None and last.weight == part.weight:
            joined[-1] = PromptPart(last.words + part.words, part.weight)
        else:
            joined.append(part)
    return joined


def chunks(
    found: Sequence[PromptPart], tokenize: Callable[[str], list[int]], comma: int | None, backtrack: int
) -> list[Chunk]:
    """What each run of the text encoder reads: at least one chunk. Where one is full, what follows its last `comma`
    goes into the next one unless that are more than `backtrack` tokens."""
    done: list[Chunk] = []
    tokens: list[tuple[int, float]] = []

    def close(at: int) -> None:
        nonlocal tokens
        done.append(Chunk(tuple(token for token, _ in tokens[:at]), tuple(weight for _, weight in tokens[:at])))
        tokens = tokens[at:]

    for part in found:
        if part.words is None:
            close(len(tokens))
            continue
        for token in tokenize(part.words):
            if len(tokens) == CHUNK:
                close(CHUNK if token == comma else _cut([token for token, _ in tokens], comma, backtrack))
            tokens.append((token, part.weight))
    if tokens or not done:
        close(len(tokens))
    return done


def _cut(tokens: Sequence[int], comma: int | None, backtrack: int) -> int:
    """Where a full chunk ends: behind its last comma where that is near enough."""
    commas = [place for place, token in enumerate(tokens) if token == comma]
    near = bool(commas) and 0 < len(tokens) - commas[-1] <= backtrack
    return commas[-1] + 1 if near else len(tokens)


def scaled(vectors: torch.Tensor, weights: torch.Tensor, emphasis: str) -> torch.Tensor:
    """The text encoder's vectors, shape [1, tokens, width], each times its weight, shape [tokens]; "Original" then
    brings their mean back to what it was."""
    if emphasis in ("Ignore", "None"):
        return vectors
    weighted = vectors * weights[None, :, None].to(vectors)
    return weighted * (vectors.mean() / weighted.mean()) if emphasis == "Original" else weighted
