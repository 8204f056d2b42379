"""Asking for groups of pictures: what stands where there are none yet, and beginning the work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import ModelsimError
from .panel import Begin

if TYPE_CHECKING:
    from .session import Curator

NOT_GROUPED = {
    "title": "Not grouped yet",
    "text": "Pictures are grouped by what they show: each is encoded once, which takes a while, and is kept.",
}
"""What a panel says before the pictures are grouped."""

_STOPPED = "Stopped. What was encoded is kept: press the button again to go on."


def begin_grouping(action: Mapping[str, Any], curator: Curator, begin: Begin) -> None:
    """Group the pictures, and find the best of each category, and clusters. Raises ModelsimError for a number that
    cannot be."""
    from ...workspace.curating.judging import BEST, GroupsRequest

    count = _whole(action.get("best", BEST))
    request = GroupsRequest(count)
    request.require_right()
    curator.groups_request = request
    begin(curator.score_again, _STOPPED, "")


def _whole(typed: Any) -> int:  # noqa: ANN401 - the script's
    try:
        return int(typed)
    except (TypeError, ValueError):
        raise ModelsimError("this is no number of pictures", typed, "write one, such as 10") from None
