"""The scores that a person chose, as they stand in the fields of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import ModelsimError

if TYPE_CHECKING:  # NumPy comes with it
    from ...workspace.curating.curate import CurateRequest

USE, WHICH, WEIGHT = "use:", "which:", "weight:"
"""Before the name of a score, in the names of the fields."""


@dataclass(frozen=True)
class ChosenScores:
    """What stands in the fields: the names of the scores, what follows the colon of one, how much it counts; and the
    encoder, "" for the best that is there."""

    names: tuple[str, ...] = ()
    which: tuple[tuple[str, str], ...] = ()
    weights: tuple[tuple[str, str], ...] = ()
    encoder: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> ChosenScores:
        """As the script sends them."""

        def under(start: str) -> tuple[tuple[str, str], ...]:
            named = ((name.removeprefix(start), value) for name, value in fields.items() if name.startswith(start))
            return tuple((name, str(value).strip()) for name, value in named)

        names = tuple(name for name, value in under(USE) if value == "True")
        return cls(names, under(WHICH), under(WEIGHT), str(fields.get("encoder", "")).strip())

    def request(self) -> CurateRequest:
        """What is to be computed. Raises ModelsimError for a weight that is no number."""
        from ...workspace.curating.curate import CurateRequest
        from ...workspace.finding.encoders import name_of

        which = dict(self.which)
        full = {name: f"{name}:{which[name]}" if which.get(name) else name for name in self.names}
        weights = [(full[name], _number(name, value)) for name, value in self.weights if name in full and value]
        counting = tuple((name, value) for name, value in weights if value != 1)
        return CurateRequest(tuple(full.values()), counting, name_of(self.encoder) or None)


def _number(name: str, typed: str) -> float:
    try:
        return float(typed.replace(",", "."))
    except ValueError:
        raise ModelsimError(f"the weight of {name} is no number", typed, "write one, such as 0.5 or -1") from None
