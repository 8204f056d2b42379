"""What has to be read for a recipe, told before anything is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...library import Library
from ...similarity.parts import WEIGHTS
from ..catalogue.index import Model
from ..comparing.caching import stored_method
from ..comparing.weight_scores import joint_layout, keys_by_block
from .remembered import RecipeInputs, recall
from .sampling import sample_keys

SPEED = 250e6
"""Bytes that are read and compared in a second: what a drive without moving parts and two cores do with ease."""

SECONDS_A_WEIGHT = 2e-4
"""What every single weight costs besides, however small it is: 1.6e-4 s were measured on 121 files of 0.6 MB."""

SECONDS_A_RECIPE = 2.0
"""What trying the methods costs besides reading: 1 to 3 s of one core were measured on files of 5 MB."""

WEIGHTS_OF_A_FILE = 1000
"""Of files whose headers were not read yet: about as many as SD 1.x has."""

LOOKED_AT = 6
"""Files of which samples are read: the target, and those of the likeliest candidates."""


@dataclass(frozen=True)
class RecipeReading:
    """What a recipe reads: `whole` files, `size` bytes of them, which were not compared with each other yet, and
    samples of up to `sampled` files, together up to `samples` bytes; `weights` in all; so many
    `recipes` are then computed. All 0 where it was made before."""

    whole: int = 0
    size: int = 0
    sampled: int = 0
    samples: int = 0
    weights: int = 0
    recipes: int = 0

    @property
    def seconds(self) -> float:
        """About how long that takes."""
        reading = (self.size + self.samples) / SPEED + self.weights * SECONDS_A_WEIGHT
        return reading + self.recipes * SECONDS_A_RECIPE


def reading_for(inputs: RecipeInputs, library: Library) -> RecipeReading:
    """What has to be read before there is this recipe."""
    known = recall(inputs, library)
    if known is not None and known.exact:
        return RecipeReading()
    kin = [model for model in inputs.others if model.architecture == inputs.target.architecture]
    return reading_of_group([inputs.target, *kin], 1, library)


def reading_of_group(models: Sequence[Model], targets: int, library: Library) -> RecipeReading:
    """What has to be read for the recipes of so many of these models, which are of one network."""
    group = list({model.id: model for model in models}.values())
    blocks = keys_by_block(joint_layout(group))
    finished = library.finished_blocks(stored_method(WEIGHTS.method), {model.id for model in group})
    missing = blocks.keys() - finished
    share = len(missing) / len(blocks) if blocks else 0.0
    size = round(sum(model.key.size for model in group) * share)
    files = min(len(group), LOOKED_AT)
    largest = sorted((_sampled(model) for model in group), reverse=True)[:files]
    weights = sum(len(model.header.layout.places) for model in group) * share
    weights += targets * files * len(sample_keys(joint_layout(group)))
    return RecipeReading(len(group) if missing else 0, size, files, targets * sum(largest), round(weights), targets)


def _sampled(model: Model) -> int:
    """Bytes of a file's samples."""
    places = model.header.layout.places
    every = sum(math.prod(place.shape) for place in places.values())
    chosen = sum(math.prod(places[key].shape) for key in sample_keys(model.header.layout))
    return round(model.key.size * chosen / max(every, 1))
