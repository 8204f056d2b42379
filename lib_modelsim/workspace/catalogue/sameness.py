"""Which checkpoints are, in fact, the same: hashes → a sentence for each model.

A text encoder or VAE alone in a file is looked for inside every checkpoint, too: "same VAE as ae".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from ...checkpoints.identity import AGREEING, Identity, Relation, Sameness, component_label, relation, same_content
from ...similarity.joining import main_component

_NAMED = 3
"""Models that one fact names; of more it tells how many."""


def sameness_facts(identities: Mapping[str, Identity]) -> dict[str, list[str]]:
    """Model → "same file as …", "same weights as …", "same UNet as …", the strongest first; only models with a fact."""
    found = {}
    holders: dict[str, list[str]] = {}
    for name, identity in identities.items():
        for mark in (*_marks(identity), *(f"part {mark}" for mark in _marks_of_parts(identity))):
            holders.setdefault(mark, []).append(name)
    alone = {name for name, identity in identities.items() if _is_part(identity)}
    for name, identity in identities.items():
        others = {other for mark in _marks(identity) for other in holders[mark]} - {name}
        same: dict[tuple[int, str, str], list[str]] = {}
        for label, other in _parts(name, holders, identities, alone):
            same.setdefault((4, label, ""), []).append(other)
        for other in sorted(others, key=str.lower):
            strongest = _strongest(relation(identity, identities[other]))
            if strongest is not None:
                same.setdefault(strongest, []).append(other)
        told = [
            f"{label} as {_several(same[rank, label, but])}" + (f" ({but})" if but else "")
            for rank, label, but in sorted(same)
        ]
        told += ema_facts(name, identities)
        if told:
            found[name] = told
    return found


def ema_facts(name: str, identities: Mapping[str, Identity]) -> list[str]:
    """Whose weights the EMA copy in a model is, and in whom its own weights are an EMA copy."""
    return [words.format(_several(others)) for words, others in _by_ema(name, identities)]


def _by_ema(name: str, identities: Mapping[str, Identity]) -> Iterator[tuple[str, list[str]]]:
    """In words, with a place for the names, whose weights its EMA copy is, and of whose EMA copy it was made."""
    own = identities[name]
    for words, mine, theirs in (
        ("its EMA weights are those of {}", own.ema, lambda other: other.as_ema),
        ("its UNet is the EMA copy in {}", own.as_ema, lambda other: other.ema),
    ):
        found: dict[str, list[str]] = {}
        for other in sorted(identities.keys() - {name}, key=str.lower) if mine is not None else ():
            sameness = same_content(mine, theirs(identities[other]))
            if sameness.agrees:
                found.setdefault(sameness.value.format(words).removeprefix("same "), []).append(other)
        yield from found.items()


def _marks(identity: Identity) -> Iterator[str]:
    """Hashes of which two models share at least one if a fact holds between them as wholes."""
    yield identity.sha256
    main = main_component(identity.content)
    if main is not None:
        yield from {identity.content[main].exact, identity.content[main].float16}


def _marks_of_parts(identity: Identity) -> set[str]:
    """Hashes of all components but the network itself."""
    parts = (content for name, content in identity.content.items() if name not in ("unet", "other"))
    return {mark for content in parts for mark in (content.exact, content.float16)}


def _is_part(identity: Identity) -> bool:
    """Whether a text encoder or VAE is all that the file holds."""
    return len(identity.content) == 1 and bool(_marks_of_parts(identity))


def _parts(
    name: str, holders: Mapping[str, list[str]], identities: Mapping[str, Identity], alone: Set[str]
) -> Iterator[tuple[str, str]]:
    """("same VAE", other model), where one of the two is a part `alone` and the other holds it beside more."""
    if not alone:
        return
    near = {other for mark in _marks_of_parts(identities[name]) for other in holders.get(f"part {mark}", ())}
    for other in sorted(near - alone if name in alone else near & alone, key=str.lower):
        part, whole = (name, other) if name in alone else (other, name)
        ((kind, content),) = identities[part].content.items()
        alike = (held for called, held in identities[whole].content.items() if called[:2] == kind[:2])
        same = [same_content(content, held) for held in alike]
        agreeing = [each for each in AGREEING if each in same]
        if agreeing:
            yield agreeing[0].value.format(component_label("te" if kind.startswith("te") else kind)), other


def _strongest(facts: Relation) -> tuple[int, str, str] | None:
    """The most that can be said, with its rank and what keeps the two from being the same, of two models that share a
    mark; None where they share but a part while tensors that no rule places differ: those may be the network."""
    if facts.same_file:
        return 0, "same file", ""
    if facts.same_weights:
        return 1, "same weights", ""
    but = "; ".join(facts.differences("this one", "the other"))
    if facts.all_weights_agree:
        return 2, facts.text.partition(";")[0], but
    main = main_component(facts.components)
    sameness = facts.components.get(main, Sameness.OTHER)
    if not sameness.agrees or not facts.network_known:
        return None
    return 3, sameness.value.format(component_label(main)), but


def _several(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
