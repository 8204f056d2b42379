"""What a file says of itself beside what was found: whether they agree, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...checkpoints.embedded import Origin, Parent
from ...text import several
from .. import kinds
from ..recipe import Claim, Recipe
from .claimed import Claimed, claimed_of

NEAR = 0.02
"""Shares that a program wrote and those that were found: mergers write two digits, some round them."""


@dataclass(frozen=True)
class NamedModel:
    """A model that a claim may name: its `name`, the names of its file without an ending, in lower case, and its hashes
    as far as they are known."""

    name: str
    file_names: frozenset[str]
    sha256: str | None = None


def claim_of(origin: Origin, recipe: Recipe, known: Sequence[NamedModel]) -> Claim | None:
    """The claim in a target's metadata against its recipe; None where there is none. `known` are the models that the
    recipe was looked for among."""
    claimed = claimed_of(origin)
    if claimed is None:
        return None
    found = [model_meant(parent, known) for parent in claimed.parents]
    names = tuple(model.name if model else _told(parent) for model, parent in zip(found, claimed.parents, strict=True))
    agrees, why = _compared(claimed, names, [model is not None for model in found], recipe)
    return Claim(claimed.text, names, agrees, why)


def _told(parent: Parent) -> str:
    return parent.name or (parent.sha256 or "")[:10] or "a model without a name"


def model_meant(parent: Parent, known: Sequence[NamedModel]) -> NamedModel | None:
    """The model that a file names: by hash where both have one, else by name; a file of that name with another hash is
    another. None where it is none of the known."""
    if parent.sha256 is not None:
        same = [model for model in known if model.sha256 == parent.sha256.lower()]
        if same:
            return same[0]
    wanted = plain(parent.name or "")
    for model in known:
        if wanted and wanted in model.file_names and (parent.sha256 is None or model.sha256 is None):
            return model
    return None


def plain(name: str) -> str:
    """A file's name as programs write it, without folders, a known ending and the WebUI's "[hash]", in lower case."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2].strip()
    head, bracket, tail = last.rpartition(" [")
    last = head if bracket and tail.endswith("]") else last
    stem, dot, ending = last.rpartition(".")
    return (stem if dot and ending.lower() in _ENDINGS else last).lower()


_ENDINGS = frozenset({"safetensors", "sft", "ckpt", "pt", "pth", "bin", "gguf"})


def _compared(claimed: Claimed, names: Sequence[str], here: Sequence[bool], recipe: Recipe) -> tuple[bool | None, str]:
    """Whether they agree, and the sentence why."""
    if not names:
        return None, "it names no model"
    gone = [name for name, is_here in zip(names, here, strict=True) if not is_here]
    if gone:
        return None, f"{several(gone)} {'is' if len(gone) == 1 else 'are'} not among the models here"
    if recipe.kind == kinds.UNKNOWN or not recipe.parents:
        return None, "what it is made of could not be told"
    why = (
        _parents_apart(claimed, names, recipe)
        or _method_apart(claimed, recipe)
        or _shares_apart(claimed, names, recipe)
    )
    if why:
        return (False, why) if recipe.sure else (None, f"{why}, but what was found is not proven")
    return True, "the same models" + (" with the same shares" if claimed.shares and _shared(recipe) else "")


def _alike(claimed: Claimed, recipe: Recipe) -> dict[str, str]:
    """Each model of the recipe, and each that would explain as much → the one that stands in it; the base of a way that
    takes differences from it, too."""
    found = {other: parent.model for parent in recipe.parents for other in (parent.model, *parent.same_as)}
    beside = {origin.source for origin in recipe.components.values()} | ({recipe.base} if not claimed.shares else set())
    return found | {name: name for name in beside if name and name not in found}


def _parents_apart(claimed: Claimed, names: Sequence[str], recipe: Recipe) -> str:
    alike = _alike(claimed, recipe)
    taking = [name for name, share in zip(names, claimed.shares, strict=False) if abs(share) > 1e-6] or list(names)
    absent = [name for name in taking if name not in alike]
    if absent:
        return f"{_none(absent)} found in it"
    told = {alike[name] for name in names}
    more = [parent.model for parent in recipe.parents if parent.model not in told and parent.model != recipe.base]
    donors = {origin.source for origin in recipe.components.values()}
    more = [name for name in more if not (name in donors and _share_of(recipe, name) is None)]
    return f"it does not name {several(more)}" if more else ""


def _none(names: Sequence[str]) -> str:
    return f"{several(names)} {'was' if len(names) == 1 else 'were'} not"


def _share_of(recipe: Recipe, name: str) -> float | None:
    return next((parent.share for parent in recipe.parents if parent.model == name), None)


def _shared(recipe: Recipe) -> bool:
    return all(parent.share is not None for parent in recipe.parents)


def _method_apart(claimed: Claimed, recipe: Recipe) -> str:
    """Of ways that leave other numbers, the one that is claimed and another that is proven."""
    method = claimed.method
    if method is None or recipe.kind == method or {method, recipe.kind} <= kinds.SUMS or claimed.trained:
        return ""
    if method == kinds.COPY and recipe.kind in _OF_ONE:
        return ""
    return f"it says {method}, and {recipe.kind} was found" if recipe.sure else ""


_OF_ONE = frozenset({kinds.COPY, kinds.CAST, kinds.SWAP, kinds.ADJUST})


def _shares_apart(claimed: Claimed, names: Sequence[str], recipe: Recipe) -> str:
    alike = _alike(claimed, recipe)
    said: dict[str, float] = {}
    for name, share in zip(names, claimed.shares, strict=False):
        said[alike.get(name, name)] = said.get(alike.get(name, name), 0.0) + share
    apart = [
        f"{name} {share:.2f}, found {found:.2f}"
        for name, share in said.items()
        if (found := _share_of(recipe, name)) is not None and abs(found - share) > NEAR
    ]
    return f"it says {_listed(apart)}" if apart and recipe.kind != kinds.SWAP else ""


def _listed(texts: Iterable[str]) -> str:
    return "; ".join(texts)
