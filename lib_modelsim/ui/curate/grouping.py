"""Asking for groups of pictures: what stands where there are none yet, and beginning the work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ...errors import ModelsimError
from ...templates import render
from ..status import note
from .panel import Begin

if TYPE_CHECKING:
    from .session import Curator

_NOT_GROUPED = (
    "Pictures are scored, and grouped by what they show. The first time may take minutes; what was computed is kept."
)


def no_folder() -> Markup:
    """What a panel says before there are pictures."""
    return note("No pictures yet", "Choose a folder above.")


def not_grouped(title: str, button: str) -> Markup:
    """What a panel says before the pictures are grouped: one button does all that it needs."""
    return render("ui/templates/curate_group.html", title=title, text=_NOT_GROUPED, button=button)


_STOPPED = "Stopped. What was encoded is kept: press the button again to go on."


def begin_grouping(action: Mapping[str, Any], curator: Curator, begin: Begin) -> None:
    """Group the pictures, and find the best of each category, and clusters. Raises ModelsimError for a number that
    cannot be."""
    from ...workspace.curating.judging import BEST, GroupsRequest

    count = _whole(action.get("best", BEST))
    request = GroupsRequest(count)
    request.require_right()
    curator.groups_request = request
    begin(curator.score_again, _STOPPED)


def _whole(typed: Any) -> int:  # noqa: ANN401 - the script's
    try:
        return int(typed)
    except (TypeError, ValueError):
        raise ModelsimError("this is no number of pictures", typed, "write one, such as 10") from None
