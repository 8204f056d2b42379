"""Which model a recipe is asked of, and which others it may be made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from ...checkpoints import networks
from ...errors import ModelsimError, Sentence
from ...lineage.recipe import Recipe
from ...lineage.scripts.program import MergeFiles
from ...text import counted, several
from ..catalogue.index import Model


def require_checkpoint(target: Model) -> None:
    """Raises ModelsimError where the file holds no checkpoint but an adapter, a text encoder or a VAE."""
    told = f"{target.name} ({target.header.network})"
    if target.header.adapter is not None:
        fix = Sentence(
            f"baked {target.path.name} PATH … finds the checkpoints that it is baked into",
            "look for the checkpoints that it is baked into",
        )
        raise ModelsimError("a recipe is of a checkpoint, and this is an adapter", told, fix)
    network = networks.find(target.architecture)
    if network is not None and network.role is networks.Role.PART:
        raise ModelsimError("a recipe is of a checkpoint, and this is a part of one", told, "choose a checkpoint")


def checkpoints_of(models: Sequence[Model]) -> list[Model]:
    """Those that a recipe can be asked of."""
    found = []
    for model in models:
        with suppress(ModelsimError):
            require_checkpoint(model)
            found.append(model)
    return found


def may_be_made_from(target: Model, models: Sequence[Model]) -> list[Model]:
    """The checkpoints of its network but itself. Raises ModelsimError where there is none."""
    others = [model for model in models if model.path != target.path]
    found = [model for model in others if model.architecture == target.architecture]
    if found:
        return found
    network = target.header.architecture
    apart = Counter(model.header.network for model in others)
    why = f"the other files here are {several([f'{n} × {name}' for name, n in apart.items()])}" if apart else ""
    raise ModelsimError(
        f"there is no other checkpoint of its network ({network}) that it may be made from",
        f"{target.name}; {why}" if why else target.name,
        "give the files or folders with what it may be made from",
    )


def require_base(base: Model, target: Model) -> None:
    """Raises ModelsimError where the base that was named cannot be one of the target."""
    if base.path == target.path:
        raise ModelsimError("the base cannot be the checkpoint itself", base.name, "name what it was trained from")
    if base.architecture != target.architecture:
        told = f"{base.name} is {base.header.network}, {target.name} is {target.header.network}"
        raise ModelsimError("the base is of another network", told, "choose one of the checkpoint's network")


def counted_models(models: Sequence[Model]) -> str:
    """ "3 checkpoints: a, b and c", for a person who has to choose one."""
    return f"{counted(len(models), 'checkpoint')}: {several([model.name for model in models])}"


def files_for(made: Recipe, models: Sequence[Model]) -> MergeFiles:
    """What a script for a recipe names."""
    target = next(model for model in models if model.name == made.target)
    main = next(iter(target.header.components.values()))
    places = target.header.layout.places
    return MergeFiles(
        {model.name: model.path for model in models},
        target.header.components.get("unet", main).dtype,
        {key: place.block or "" for key, place in places.items()},
        {key: place.component for key, place in places.items()},
    )
