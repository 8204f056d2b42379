"""What the style of a picture says, as a search that has learned from the gallery answers."""

from __future__ import annotations

from collections.abc import Sequence

from ...pictures.confirming import CopyAnswer
from ...text import likelihood, percent
from ..calibration import REFUSED, SelfTest
from ..search import Search, SearchResult
from .form import MOST_SURE, Evidence, Kind


def of_features(
    answer: SearchResult, search: Search, names: Sequence[str], encoder: str, seen: CopyAnswer | None = None
) -> Evidence:
    """What the style of the picture says; `names` are those of `answer.matches` in their order.

    `seen` says what it is to the picture most like it that the search has learned from, if any is. One that is that
    picture, or resembles it, bears no certainty: it is found for what it shows.
    """
    first = answer.matches[0]
    if search.test is None or search.calibration is None or first.probability is None or answer.known is None:
        alone = f"its style ({encoder}) cannot be compared: only {names[0]} has pictures"
        nearest = f"its style ({encoder}) is closest to {names[0]}"
        detail = f"{alone if len(names) == 1 else nearest}; a probability needs three models with two pictures each"
        return Evidence(Kind.FEATURES, names[0], None, detail, first.model)
    if answer.none_of_these and seen is not CopyAnswer.COPY:
        detail = (
            f"none of these: it is farther from all {len(names)} models with pictures here than "
            f"{percent(1 - REFUSED)} of their own pictures are; the closest is {names[0]}. If half of all pictures "
            f"come from elsewhere, it is {likelihood(1 - answer.known)} likely that none of these models made it; in a "
            f"test, {percent(search.calibration.told_apart)} of pictures by missing models were recognised ({encoder})"
        )
        return Evidence(Kind.FEATURES, None, min(1 - answer.known, MOST_SURE), detail)
    likely = modest([match.probability or 0.0 for match in answer.matches], search.test)
    shares = ", ".join(f"{name} {likelihood(share)}" for name, share in list(zip(names, likely, strict=True))[:4])
    detail = (
        f"its style ({encoder}) is closest to {names[0]}: {shares}, if one of your {len(names)} models made it, "
        f"which is {likelihood(answer.known)} likely. {search.test.sentence}"
    )
    if seen is CopyAnswer.COPY:
        detail += " The search was trained on this very picture, so this is no new evidence."
    elif seen is not None:
        detail += " The search was trained on a picture that resembles this one, so this is weak evidence."
    certainty = None if seen is not None else likely[0] * answer.known
    return Evidence(Kind.FEATURES, names[0], certainty, detail, first.model)


def modest(probabilities: Sequence[float], test: SelfTest) -> list[float]:
    """The probabilities as far as the test bears them: of n questions without one mistake the next may still be one in
    n + 2 (Laplace's rule of succession), and then any model is as good as another."""
    doubt = 1 / (len(test.scores) + 2)
    return [(1 - doubt) * probability + doubt / len(probabilities) for probability in probabilities]
