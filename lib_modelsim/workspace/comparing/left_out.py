"""Keys that are left out of a comparison, in words: a line for each component, never one for each key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...checkpoints.header import Header
from ...checkpoints.identity import component_label
from ...similarity.parts import NonFinite
from ..catalogue.remarks import count_in_words


def left_out_in_words(header: Header, found: Sequence[NonFinite]) -> Iterator[str]:
    """Of one model: "UNet: all NaN: left out", "VAE: 12 infinities in 2 of 248 keys: left out"."""
    places = header.layout.places
    by_component: dict[tuple[str, bool], list[NonFinite]] = {}
    for one in found:
        large = not (one.nans or one.infinities)
        by_component.setdefault((places[one.key].component, large), []).append(one)
    for (component, large), own in sorted(by_component.items()):
        keys = sum(place.component == component for place in places.values())
        where = f"in {own[0].key}" if len(own) == 1 else f"in {len(own):,} of {keys:,} keys"
        if large:
            yield f"{component_label(component)}: numbers too large or too small to square {where}: left out"
            continue
        numbers = header.components[component].parameters if component in header.components else 0
        words = count_in_words(sum(one.nans for one in own), sum(one.infinities for one in own), numbers)
        yield f"{component_label(component)}: {words}{'' if words.startswith('all') else f' {where}'}: left out"
