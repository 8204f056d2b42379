"""What a person has to know of one file besides its weights, in words: the same on the command line and on the page."""

from __future__ import annotations

from collections.abc import Mapping

from ...checkpoints.adapter_facts import AdapterFacts
from ...checkpoints.embedded import origin
from ...checkpoints.extras import EMA
from ...checkpoints.facts import Ema
from ...checkpoints.header import Header
from ...checkpoints.identity import MOST_UNPLACED, Identity, component_label
from ...similarity.coverage import share_in_words
from ...text import printable


def remarks(header: Header, identity: Identity | None) -> list[str]:
    """All there is to know of it (`found_out`), and what an adapter says of itself; nothing of an ordinary file."""
    said = adapter_says(header.metadata) if header.adapter is not None else []
    return [*found_out(header, identity), *said]


def found_out(header: Header, identity: Identity | None) -> list[str]:
    """How it samples, whether it has an EMA copy, damaged `position_ids`, numbers that are not finite (known once it
    was hashed), what of it cannot be compared, how much is not recognised, and what is odd about it."""
    found = [*besides_weights(header), *not_finite_in_words(header, identity)]
    found += [f"{component_label(name)}: {why}" for name, why in header.barred.items()]
    if header.adapter is not None:
        found += adapter_in_words(header.adapter)
    if header.unplaced > MOST_UNPLACED:
        found.append(f"{share_in_words(header.unplaced)} of the network is not recognised or cannot be read")
    return [*found, *header.remarks]


def besides_weights(header: Header) -> list[str]:
    """How a file samples, its EMA copy, and damaged `position_ids`: no number of a comparison speaks of these."""
    found = list(header.facts.sampling)
    if header.facts.ema is not None:
        found.append("EMA copy only: without the weights themselves" if header.facts.ema is Ema.ONLY else "with EMA")
    return [*found, *(f"{component_label(name)}: position_ids broken" for name in header.facts.damaged)]


def adapter_in_words(facts: AdapterFacts) -> list[str]:
    """Why it cannot be compared, and what its numbers leave out."""
    found = [f"not comparable: {facts.why_not}"] if facts.why_not else []
    found += facts.caveats
    if facts.unused:
        found.append(f"{facts.unused} of its tensors belong to no layer and are left out")
    return found


def adapter_says(metadata: Mapping[str, str]) -> list[str]:
    """What the trainer of an adapter wrote down, in a sentence."""
    said = origin(metadata)
    parts = [f"trained from {said.base}"] if said.base else []
    parts += [f"to be called by {metadata[_TRIGGER][:_LONGEST]}"] if metadata.get(_TRIGGER, "").strip() else []
    parts += [f"its commonest tags {', '.join(list(said.tags)[:_TAGS])}"] if said.tags else []
    return [printable(f"says of itself: {'; '.join(parts)}")] if parts else []


_TAGS, _TRIGGER, _LONGEST = 5, "modelspec.trigger_phrase", 100


def not_finite_in_words(header: Header, identity: Identity | None) -> list[str]:
    """A few words for each component with numbers that are not finite: "UNet: all NaN", "VAE: 12 infinities"."""
    found = []
    for name, (nans, infinities) in (identity.not_finite if identity is not None else {}).items():
        component = header.components.get(name)
        label = name if name == EMA else component_label(name)
        found.append(f"{label}: {count_in_words(nans, infinities, component.parameters if component else 0)}")
    return found


def count_in_words(nans: int, infinities: int, numbers: int) -> str:
    """ "all NaN", "3 NaN and 1 infinity" of so many numbers."""
    if nans == numbers or infinities == numbers:
        return "all NaN" if nans else "all infinite"
    words = [f"{nans:,} NaN"] if nans else []
    words += [f"{infinities:,} {'infinity' if infinities == 1 else 'infinities'}"] if infinities else []
    return " and ".join(words)
