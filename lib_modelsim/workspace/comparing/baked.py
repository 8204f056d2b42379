"""Which checkpoints an adapter is baked into: its change against each one's difference from the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...checkpoints.adapter_facts import AdapterFacts
from ...errors import ModelsimError, Sentence
from ...job import Job, Stage
from ...library import Library
from ...similarity.coverage import share_in_words
from ..catalogue.index import Index, Model, Unreadable
from .choosing import known_base

if TYPE_CHECKING:
    from ...adapters.against import Inside
    from .compare import Comparison

CERTAIN = 0.2
"""Cosine from which on an adapter is in a checkpoint, however its blocks differ: 38 unrelated pairs of real LoRAs have
at most 0.02."""

_LEAST_STRENGTH, _ERRORS, _CHANCES = 0.1, 5, 10
"""Below the cosine of CERTAIN, as in a checkpoint that was trained further: the strength from which on it is told, by
how many of its standard errors it exceeds 0, and by how many chance levels the cosine does."""

LEAST_SHARE = 0.5
"""Of an adapter's changes that must be compared for a verdict; a checkpoint without text encoders lacks some 20 %."""

BAKED, TAKEN, NO_SIGN, UNKNOWN = "baked in", "taken away", "no sign of it", "not known"

NO_LAYER = "no layer of the adapter has one shape, and finite numbers, in the base and in this checkpoint"
"""Why nothing is known where nothing was compared."""


@dataclass(frozen=True)
class BakedMatch:
    """One checkpoint T. `cosine` is that of ΔW and T − base, over the layers that all three hold; `strength` how many
    times ΔW is in it, by least squares, `error` its standard error as the blocks differ; `chance` 1/√n, the size of
    a cosine of n unrelated numbers; `share` of the adapter's changes that were compared. NaN where not known.
    `blocks` has the cosine of each block."""

    name: str
    verdict: str
    why: str
    cosine: float = np.nan
    strength: float = np.nan
    error: float = np.nan
    chance: float = np.nan
    share: float = 0.0
    blocks: Mapping[str, float] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """In one line: "baked in at 0.70 ± 0.01 of its strength"."""
        if self.verdict not in (BAKED, TAKEN):
            return self.verdict
        error = "" if np.isnan(self.error) else f" ± {max(self.error, 0.005):.2f}"
        return f"{self.verdict} at {abs(self.strength):.2f}{error} of its strength"


@dataclass(frozen=True)
class Baked:
    """The checkpoints, the likeliest first, and what could not be read."""

    adapter: str
    base: str
    matches: list[BakedMatch]
    unreadable: list[Unreadable] = field(default_factory=list)


def baked(adapter: Model, index: Index, base: Model | None, library: Library, job: Job) -> Baked:
    """Rank the checkpoints of an adapter's network by how much of its change they hold.

    `base` is what they were made from, None for a published base among them. Raises ModelsimError where what was named
    is no adapter that can be compared, or there is no base or no checkpoint of its network.
    """
    facts = _comparable(adapter)
    group = [model for model in index.models if model.header.architecture == facts.network]
    base = base or known_base(group, library)
    models = [model for model in group if base is None or model.path != base.path]
    if base is None:
        raise ModelsimError(
            "the base is needed: an adapter is looked for in the difference of each checkpoint from it",
            None,
            Sentence("choose it with --base", "choose it under Base"),
        )
    if base.header.architecture != facts.network:
        told = f"{base.name} is {base.header.network}, {adapter.name} is for {facts.network}"
        raise ModelsimError("the base is of another network", told, "choose one of the adapter's network")
    if not models:
        raise ModelsimError(f"there is no checkpoint of {facts.network} besides the base", None, "choose more files")
    return Baked(adapter.name, base.name, _matches(adapter, base, models, job), list(index.unreadable))


def _comparable(adapter: Model) -> AdapterFacts:
    facts = adapter.header.adapter
    if facts is None:
        raise ModelsimError("this is no adapter", adapter.name, "choose a LoRA or one of its kin")
    if facts.why_not or facts.network is None:
        raise ModelsimError("this adapter cannot be compared", facts.why_not or "its network is not known", None)
    return facts


def _matches(adapter: Model, base: Model, models: Sequence[Model], job: Job) -> list[BakedMatch]:
    from ...adapters.against import inside, spread, whole  # torch comes with it
    from ...adapters.reading import read_adapter

    with ExitStack() as stack:
        opened, origin, *others = (stack.enter_context(model.open()) for model in (adapter, base, *models))
        read = read_adapter(opened)
        layers = read.layers if read is not None else {}
        stage = Stage(job, "looking for the adapter", len(layers), "layers")
        found = inside(read, origin, others, lambda: stage.advance(1))
        for checkpoint in (opened, origin, *others):
            checkpoint.check()
    changed = sum(int(np.prod(layer.shape)) for layer in layers.values())

    def match(model: Model, blocks: list[Inside]) -> BakedMatch:
        total = whole(blocks)
        numbers = {block.block: block.cosine for block in blocks}
        share = total.count / changed if changed else 0.0
        if total.count == 0:
            return BakedMatch(model.name, UNKNOWN, NO_LAYER, blocks=numbers)
        part = f"; {share_in_words(share)} of what it changes was compared" if share < 1 else ""
        if total.own <= 0 or total.difference <= 0:
            why = "the adapter changes nothing" if total.own <= 0 else "it has the base's weights in all these layers"
            why += part
            known = total.own > 0 and share >= LEAST_SHARE
            return BakedMatch(model.name, NO_SIGN if known else UNKNOWN, why, share=share, blocks=numbers)
        chance, error = total.count**-0.5, spread(blocks)
        verdict, why = _verdict(total.cosine, total.strength, error, chance)
        verdict = verdict if share >= LEAST_SHARE else UNKNOWN
        return BakedMatch(model.name, verdict, why + part, total.cosine, total.strength, error, chance, share, numbers)

    matches = [match(model, blocks) for model, blocks in zip(models, found, strict=True)]
    told = BAKED, TAKEN
    return sorted(matches, key=lambda m: (m.verdict not in told, -np.nan_to_num(m.cosine, nan=-2), m.name.lower()))


def _verdict(cosine: float, strength: float, error: float, chance: float) -> tuple[str, str]:
    """Verdict and reason. By chance the cosine of unrelated numbers is about `chance`; trained changes of one network
    are a little more alike than that."""
    numbers = f"cosine {cosine:.3f} (by chance ± {chance:.2g})"
    if cosine >= CERTAIN:
        return BAKED, numbers
    agree = strength >= _LEAST_STRENGTH and cosine > _CHANCES * chance and strength > _ERRORS * error
    if agree:
        return BAKED, f"{numbers}; the blocks agree in its strength, and more was changed besides"
    if cosine <= -CERTAIN:
        return TAKEN, f"{numbers}; the checkpoint changed the other way"
    return NO_SIGN, numbers


def baked_in_words(comparison: Comparison, pair: Sequence[Model], library: Library, job: Job) -> str | None:
    """What there is to say of an adapter and a checkpoint of its network; None of any other pair."""
    adapters = [model for model in pair if model.header.adapter is not None]
    checkpoints = [model for model in pair if model.header.adapter is None]
    if len(adapters) != 1 or adapters[0].header.adapter.network != checkpoints[0].header.architecture:
        return None
    adapter, checkpoint = adapters[0], checkpoints[0]
    name = comparison.seen_from(checkpoint.architecture).base_model
    base = next((model for model in comparison.models if model.name == name), None)
    if base is not None and base.path == checkpoint.path:
        return f"{checkpoint.name} is the base: choose a checkpoint that was made from it"
    try:
        found = baked(adapter, Index([*checkpoints, *([base] if base else [])]), base, library, job)
    except ModelsimError as error:
        return str(error)
    match = found.matches[0]
    return f"{adapter.name} in {checkpoint.name}: {match.told} ({match.why}; base: {found.base})"
