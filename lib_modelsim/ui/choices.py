"""What a person has chosen in the tab: kept in a file, so that it survives a reload and a restart."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelsimError
from ..saying import logger_of
from ..similarity.measures.registry import DEFAULT, find_measure, measure_named
from ..workspace.workspace import Question
from ..writing import write_text
from .words import DISTANCES, LINKAGES

if TYPE_CHECKING:  # scipy comes with it
    from ..workspace.families.family import TreeOptions

VIEWS = "Library", "Tree", "Heat map", "Map", "Lineage", "Two trees"
LIBRARY, TREE, HEAT_MAP, MAP, LINEAGE, TWO_TREES = VIEWS

_log = logger_of(__name__)


@dataclass(frozen=True)
class Choices:
    """The controls of the families and what is shown of them, the search's encoder, and what generates; names of models
    are as in the index.

    `encoder` empty: the best that is there; `classes` None: automatic; `references` empty: all models; `distance` None:
    what suits the measure; `left_out` are models that are in no answer until they are brought back; `greeted` says that
    the greeting has gone; `webui` is the address of the WebUI that generates, empty for none, and without its login,
    which is kept nowhere; `vaes`: a search compares VAEs, too; `suite` is that of the probes, empty before one was
    chosen, `probe_models` the models that generate it, none for all.
    """

    measure: str = DEFAULT
    base: str | None = None
    classes: int | None = None
    references: tuple[str, ...] = ()
    distance: str | None = None
    linkage: str = "ward.D2"
    optimal_order: bool = False
    architecture: str | None = None
    view: str = LIBRARY
    chosen: str | None = None
    other: str | None = None
    encoder: str = ""
    left_out: tuple[str, ...] = ()
    export_paths: bool = False
    greeted: bool = False
    webui: str = ""
    vaes: bool = False
    suite: str = ""
    probe_models: tuple[str, ...] = ()

    @property
    def question(self) -> Question:
        """What has to be compared for it."""
        base = self.base if measure_named(self.measure).needs_base else None
        return Question(self.measure, base, without=self.left_out)

    @property
    def tree(self) -> TreeOptions:
        """How the trees are built; the number of classes is cut later, as it changes no tree."""
        from ..workspace.families.family import TreeOptions

        return TreeOptions(self.linkage, None, self.optimal_order, self.distance)


EVERYBODYS = {"encoder", "left_out", "export_paths", "greeted", "webui", "vaes"}
"""What is chosen for all browser windows; all else is each window's own."""

_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("base", "architecture", "chosen", "other"), (str, type(None))),
    "classes": (int, type(None)),
    "references": list,
    **dict.fromkeys(("left_out", "probe_models"), list),
    "optimal_order": bool,
    **dict.fromkeys(("export_paths", "greeted", "vaes"), bool),
    **dict.fromkeys(("encoder", "webui", "suite"), str),
}
"""What a choice may be in the file."""

_VALUES: dict[str, Collection[object]] = {
    "distance": DISTANCES.values(),
    "linkage": LINKAGES.values(),
    "view": VIEWS,
}
"""What a choice may be that is one of a few."""


def read_choices(file: Path, first: Choices) -> Choices:
    """The choices kept in a file, or `first` where there are none that can be used."""
    try:
        kept: dict[str, Any] = json.loads(file.read_text("utf-8"))
        known = {name: value for name, value in kept.items() if _makes_sense(name, value)}
        named = ("references", "left_out", "probe_models")
        lists = {name: tuple(filter(_is_text, known.get(name, ()))) for name in named}
        greeted = known.get("greeted", True)  # who has chosen something before there was a greeting needs none
        return replace(first, **{**known, **lists, "greeted": greeted})
    except FileNotFoundError:
        return first
    except (OSError, ValueError, TypeError, AttributeError) as error:
        _log.warning("the choices kept in %s cannot be used (%s); beginning anew", file, error)
        return first


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _makes_sense(name: str, value: object) -> bool:
    if name == "measure":
        return isinstance(value, str) and find_measure(value) is not None
    return value in _VALUES[name] if name in _VALUES else name in _KINDS and isinstance(value, _KINDS[name])


def keep_choices(file: Path, choices: Choices) -> None:
    """Write them; a disk that refuses costs a warning, not the work."""
    try:
        write_text(file, json.dumps(asdict(choices), indent=1))
    except (OSError, ModelsimError) as error:
        _log.warning("the choices could not be kept in %s: %s", file, error)
