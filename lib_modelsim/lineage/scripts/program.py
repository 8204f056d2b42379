"""What every program has in common: what is written for it, from what, and when nothing can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import ModelsimError
from .. import kinds
from ..recipe import ComponentOrigin, Recipe


@dataclass(frozen=True)
class MergeFiles:
    """What a script names: `paths` of the models and adapters by name, `dtype` that most of the target is stored in as
    safetensors spells it, `blocks` the block of each weight by its common name, and `components` its component."""

    paths: Mapping[str, Path]
    dtype: str = "F16"
    blocks: Mapping[str, str] = field(default_factory=dict)
    components: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MergeProgram:
    """A program that merges. `write(recipe, files)` gives the text of a script, and raises CannotRepeat where the
    program, or any, cannot repeat the merge; `ending` is that of the script's file."""

    name: str
    short: str
    ending: str
    write: Callable[[Recipe, MergeFiles], str]

    def file_name(self, target: str) -> str:
        """A script's file in a folder of several."""
        plain = "".join("_" if c in '/\\:*?"<>|' or not c.isprintable() else c for c in target)
        return f"{plain}.{self.short}{self.ending}"


class CannotRepeat(ModelsimError):  # noqa: N818 - it says what is wrong
    """Why a merge is not written as a script."""


def require_repeatable(recipe: Recipe) -> None:
    """Raises CannotRepeat for what no script can repeat: what is not known, and what is drawn by chance."""
    target = recipe.target
    if recipe.missing is not None:
        raise CannotRepeat(f"{target} has a parent that is not here, so no script can make it again", None, None)
    if recipe.trained_after is not None or recipe.kind in (kinds.FINE_TUNE, kinds.FINE_TUNE_OF_A_MERGE):
        raise CannotRepeat(f"{target} was trained, which no script can repeat", None, None)
    if not recipe.parents or recipe.kind in (kinds.UNKNOWN, kinds.UNRELATED):
        raise CannotRepeat(f"what {target} is made of is not known, so there is nothing to write", None, None)
    if recipe.kind in ("dare", "della"):
        raise CannotRepeat(f"{recipe.kind} leaves out numbers by chance, so no script can make {target} again")
    if recipe.kind == kinds.COPY and not differing(recipe):
        raise CannotRepeat(f"{target} is a copy of {recipe.parents[0].model}, so there is nothing to merge")
    if recipe.keys:
        raise CannotRepeat(f"single weights of {target} were changed apart ({recipe.keys[0]} …), which no script repeats")


def doubts(recipe: Recipe) -> list[str]:
    """What a script says in its first lines where the recipe is not proven; nothing where it is."""
    return [] if recipe.sure else [f"NOT PROVEN: this is the best that was found for {recipe.target}, and may be wrong."]


def differing(recipe: Recipe) -> dict[str, ComponentOrigin]:
    """The components that are another model's than the rest, or that nobody here has."""
    only = recipe.parents[0].model if len(recipe.parents) == 1 or recipe.kind == kinds.SWAP else None
    return {
        name: origin
        for name, origin in recipe.components.items()
        if origin.kind != "merged" and not (origin.kind == "same" and origin.source == only)
    }


def taken_whole(recipe: Recipe) -> dict[str, str]:
    """Component → the model that it is taken from whole. Raises CannotRepeat where one is nobody's, or changed."""
    found = {}
    for name, origin in differing(recipe).items():
        if origin.kind != "same" or origin.source is None:
            raise CannotRepeat(f"where a component ({name}) of {recipe.target} is from is not known")
        found[name] = origin.source
    return found


def shares(recipe: Recipe) -> dict[str, float] | None:
    """Model → its share in all blocks; None where they differ by block, or the method has none."""
    own = {parent.model: parent.share for parent in recipe.parents}
    if None in own.values():
        return None
    whole = set(taken_whole(recipe))
    for block, held in recipe.blocks.items():
        if block == "VAE" and "vae" in whole or block == "BASE" and any(name.startswith("te") for name in whole):
            continue
        if any(abs(held.get(model, 0.0) - share) > _SAME for model, share in own.items()):
            return None
    return own


_SAME = 0.01
"""Shares of a block that differ less from the overall ones are those."""


def path_of(model: str, files: MergeFiles) -> Path:
    """Raises CannotRepeat where a model has no file here."""
    if model not in files.paths:
        raise CannotRepeat(f"{model} has no file here")
    return files.paths[model]
