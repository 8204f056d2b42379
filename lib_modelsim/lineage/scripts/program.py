"""What every program has in common: what is written for it, from what, and when nothing can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...checkpoints.identity import component_label
from ...errors import ModelsimError
from ...text import printable
from .. import kinds
from ..recipe import Recipe
from ..wording.apart import differing


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
        raise CannotRepeat(f"{target} has a parent that is not here, so no script can make it again")
    if recipe.trained_after is not None or recipe.kind in (kinds.FINE_TUNE, kinds.FINE_TUNE_OF_A_MERGE):
        raise CannotRepeat(f"{target} was trained, which no script can repeat")
    if not recipe.parents or recipe.kind in (kinds.UNKNOWN, kinds.UNRELATED):
        raise CannotRepeat(f"what {target} is made of is not known, so there is nothing to write")
    if recipe.kind in ("dare", "della"):
        raise CannotRepeat(f"{recipe.kind} leaves out numbers by chance, so no script can make {target} again")
    if recipe.kind == kinds.COPY and not differing(recipe):
        raise CannotRepeat(f"{target} is a copy of {recipe.parents[0].model}, so there is nothing to merge")
    if recipe.keys:
        key = f"{recipe.keys[0]} …" if len(recipe.keys) > 1 else recipe.keys[0]
        raise CannotRepeat(f"single weights of {target} were changed apart ({key}), which no script repeats")


def doubts(recipe: Recipe) -> list[str]:
    """What a script says in its first line where the recipe is not proven; nothing where it is."""
    said = f"NOT PROVEN: the best that was found for {printable(recipe.target)}, and it may be wrong"
    return [] if recipe.sure else [said]


def taken_whole(recipe: Recipe) -> dict[str, str]:
    """Component → the model that it is taken from whole. Raises CannotRepeat where one is nobody's, or changed."""
    found = {}
    for name, origin in differing(recipe).items():
        if origin.kind != "same" or origin.source is None:
            raise CannotRepeat(f"where the {component_label(name)} of {recipe.target} is from is not known")
        found[name] = origin.source
    return found


def shares(recipe: Recipe) -> dict[str, float] | None:
    """Model → its share in all blocks but those of components taken whole; None where they differ by block, or the
    method has none."""
    taken = taken_whole(recipe)
    own = {parent.model: parent.share for parent in recipe.parents if parent.share is not None}
    if any(p.share is None and p.model not in taken.values() for p in recipe.parents):
        return None
    apart = {block for name in recipe.components if name in taken or recipe.components[name].kind == "same"
             for block in _BLOCKS_OF.get(name[:2], ())}  # fmt: skip
    for block, held in recipe.blocks.items():
        if block not in apart and any(abs(held.get(model, 0.0) - share) > _SAME for model, share in own.items()):
            return None
    return own


_BLOCKS_OF = {"va": ("VAE",), "te": ("BASE",)}
"""How a component's name begins → the blocks that hold nothing else."""

_SAME = 0.01
"""Shares of a block that differ less from the overall ones are those."""


def path_of(model: str, files: MergeFiles) -> Path:
    """Raises CannotRepeat where a model has no file here."""
    if model not in files.paths:
        raise CannotRepeat(f"{model} has no file here")
    return files.paths[model]
