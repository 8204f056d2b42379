"""The models of an answer, each with what speaks for it, the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...identify.evidence.form import MOST_SURE, Evidence, Kind
from ...identify.evidence.style import modest
from ...identify.known_model import KnownModel
from ...identify.search import Match, Search, SearchResult
from .index import Learned


@dataclass(frozen=True)
class Ranked:
    """One model's card.

    `key` is its SHA-256, or "name:…" where nobody knows that; `path` is None where it is not in the library, `title`
    where no host lists it. `score` is the ranker's, comparable within one answer, None for a model without pictures
    in the gallery. `probability` holds if one of these models generated the picture; None where there is no honest
    number. `pictures` are the model's own that are nearest to the query; `evidence` is what names this model.
    """

    key: str
    model: str
    sha256: str | None = None
    path: Path | None = None
    title: str | None = None
    score: float | None = None
    probability: float | None = None
    pictures: tuple[Path, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def cards_of(
    answer: SearchResult | None,
    learned: Learned,
    known: Sequence[KnownModel],
    evidence: Sequence[Evidence],
    one_key: Mapping[str, str],
) -> list[Ranked]:
    """A card for each model of the gallery, by features, and for each other one that evidence names; `one_key` is the
    key that a model is known by where its pictures have another."""
    by_key = {model.key: model for model in reversed(known)}
    matches = answer.matches if answer is not None else ()
    names, cards = learned.names, []
    for match, probability in zip(matches, _probabilities(matches, learned.search), strict=True):
        key = one_key.get(match.model, match.model)
        paths = tuple(learned.picture(row).path for row in match.pictures)
        cards.append(_card(by_key.get(key), key, names[match.model], match.score, probability, paths))
    there = {card.key for card in cards} | {card.sha256 for card in cards}
    others = {piece.key: by_key[piece.key] for piece in evidence if piece.key in by_key and piece.key not in there}
    cards += [_card(model, key, model.name) for key, model in others.items() if key is not None]
    named = {piece.key for piece in evidence}
    return [
        replace(card, evidence=_naming(card, evidence)) if {card.key, card.sha256} & named - {None} else card
        for card in cards
    ]


def _probabilities(matches: Sequence[Match], search: Search | None) -> Sequence[float | None]:
    likely = [match.probability for match in matches]
    if search is None or search.test is None:
        return likely
    return modest([share or 0.0 for share in likely], search.test)


def _naming(card: Ranked, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The evidence that names this model."""
    return tuple(piece for piece in evidence if piece.key and piece.key in (card.key, card.sha256))


def _card(
    model: KnownModel | None,
    key: str,
    name: str,
    score: float | None = None,
    probability: float | None = None,
    pictures: tuple[Path, ...] = (),
) -> Ranked:
    """A gallery's checkpoint as the library knows it now, by hash or, where it was generated without one, by name."""
    own = None if key.startswith("name:") else key
    path, title = (model.path, model.title) if model is not None else (None, None)
    sha256 = own or (model.sha256 if model is not None else None)
    return Ranked(key, name, sha256, path, title, score, probability, pictures)


def rank(cards: Sequence[Ranked], evidence: Sequence[Evidence]) -> tuple[Ranked, ...]:
    """Cards by probability: what this evidence leaves open is shared out as their probabilities were.

    Several kinds that agree make surer than each does, up to MOST_SURE.
    """
    shares = [card.probability for card in cards]
    for kind in (Kind.PICTURE, Kind.RECORD, Kind.REGENERATED):
        shares = _with_evidence(shares, cards, _certainties(evidence, kind))
    sure = [share if share is None else min(share, MOST_SURE) for share in shares]
    ranked = [replace(card, probability=share) for card, share in zip(cards, sure, strict=True)]
    return tuple(sorted(ranked, key=lambda card: (-(card.probability or 0), card.score is None, -(card.score or 0))))


def _certainties(evidence: Sequence[Evidence], kind: Kind) -> dict[str, float]:
    """Key → certainty from this kind of evidence, in all at most MOST_SURE."""
    found: dict[str, float] = {}
    for piece in evidence:
        if piece.kind is kind and piece.key and piece.certainty is not None:
            found[piece.key] = max(found.get(piece.key, 0), piece.certainty)
    scale = min(1, MOST_SURE / sum(found.values())) if found else 1
    return {key: certainty * scale for key, certainty in found.items()}


def _with_evidence(
    shares: Sequence[float | None], cards: Sequence[Ranked], certain: Mapping[str, float]
) -> list[float | None]:
    own = [certain.get(card.key, certain.get(card.sha256 or "")) for card in cards]
    left = 1 - sum(certainty for certainty in own if certainty is not None)
    return [
        share if certainty is None and share is None else (certainty or 0) + left * (share or 0)
        for share, certainty in zip(shares, own, strict=True)
    ]


def without_probability(cards: Sequence[Ranked], first: Sequence[str | None]) -> tuple[Ranked, ...]:
    """Cards without a probability, as that is one of a single model's; those of the pictures' own models first."""
    order = {key: place for place, key in enumerate(first)}
    ranked = sorted(cards, key=lambda card: (order.get(card.key, len(order)), card.score is None, -(card.score or 0)))
    return tuple(replace(card, probability=None) for card in ranked)
