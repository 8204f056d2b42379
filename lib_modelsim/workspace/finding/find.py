"""Which model generated this picture: pictures in, evidence and ranked models out.

    index = GalleryIndex(folder, DescriptorEncoder())  # find_index: kept for each gallery and encoder
    learned = index.learned(job)                       # takes in what is new; minutes the first time
    known = known_models(library, host.listed())       # find_models: which hashes and files there are
    found = find([path], learned, known)               # one encoding and some milliseconds
    found = not_this(found, found.ranking[0].key)      # the next one, please
    again = verify([path], found, learned.encoder, engine, job)  # find_verify: generates, and ranks by what came out

Nothing of the query is kept anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from ...identify.evidence.form import MOST_SURE, Evidence, Kind, told_once
from ...identify.evidence.pictures import SimilarPicture, closest, of_pictures
from ...identify.evidence.records import of_records
from ...identify.evidence.style import modest, of_features
from ...identify.known_model import KnownModel, by_scan
from ...identify.search import Match, Search, SearchResult
from ...pictures.interrogator import Interrogator, Prompt, interrogate
from .apart import Apart, as_one, by_records, by_style
from .index import Learned
from .models import keys_of_files, with_gallery
from .queries import OpenedQuery, Query, open_queries
from .reliability import Reliability, reliability
from .similar import remarks as not_looked_for
from .similar import similar_pictures

_ITSELF = "the same picture in the gallery"
_BY_PICTURES, _BY_TEXTS = (
    "a guess from the closest pictures in the gallery",
    "a guess from the closest prompts in the gallery",
)


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


@dataclass(frozen=True)
class Found:
    """An answer. `evidence` is all of it, the strongest first; `ranking` every model, the likeliest first.

    - `none_of_these`: the query is farther from every model than nearly all of their own pictures are, and neither a
      record nor a picture names one of them.
    - `prompt`: what it was generated from, as far as somebody has a word; its `source` says who.
    - `infotext`: what the WebUI's "paste" takes: the record's settings, or the prompt alone.
    - `encoder`: its name; `reliability` is None where the gallery is too small to test the search on.
    - `similar`: pictures of the gallery that are the first query or look like it, the closest first, one of each model.
    - `remarks`: what could not be read or asked, one line each.
    - `apart`: where several pictures look like several models'; there are no probabilities then.
    - `to_read`: bytes of checkpoints that may be the model named in the record, and whose hash of that kind nobody
      knows; 0 where there are none.
    """

    evidence: tuple[Evidence, ...]
    ranking: tuple[Ranked, ...]
    none_of_these: bool
    prompt: Prompt | None
    encoder: str
    reliability: Reliability | None
    remarks: tuple[str, ...] = ()
    infotext: str | None = None
    apart: Apart | None = None
    to_read: int = 0
    similar: tuple[SimilarPicture, ...] = ()


def find(
    queries: Sequence[Query],
    learned: Learned,
    known: Sequence[KnownModel],
    interrogators: Sequence[Interrogator] = (),
) -> Found:
    """Rank the models by one picture, or by several by the same model, and say why.

    Works without a gallery and without any known model. Raises PictureError where none of the queries is a picture; one
    among several that is none becomes a remark.
    """
    asked, refused = open_queries(queries)
    remarks = [*chain.from_iterable(each.records.remarks for each in asked), *map(str, refused)]
    known, granted = with_gallery(known, learned.names)
    one_key = keys_of_files(known, learned.names)
    similar = [similar_pictures(each.picture, learned) for each in asked]
    prompt, failures = _prompt(asked[0], similar[0], learned, interrogators)
    recorded = [of_records(each.records, known) for each in asked]
    apart = by_records(asked, recorded, known)
    evidence = _named_for(recorded, asked)
    evidence += _named_for([of_pictures(each) for each in similar], asked)
    named = any(piece.key and piece.certainty for piece in evidence)
    answer, search = None, learned.search
    seeable = [each for each in asked if each.picture is not None]
    if search is not None and seeable:
        vectors = learned.encoder.encode([each.picture for each in seeable])
        apart = apart or by_style([each.name for each in seeable], vectors, learned)
        answer = search.answer(vectors)
        names = learned.names
        called = [names[match.model] for match in answer.matches]
        taught = {picture.path for picture in learned.pictures}
        alike = [each for each in chain.from_iterable(similar) if each.path in taught]
        seen = max(alike, key=lambda each: each.closeness).match.answer if alike else None
        evidence.append(of_features(answer, search, called, learned.encoder.name, seen))
        if prompt is None and answer.prompts and answer.prompts[0][0]:
            prompt = Prompt(answer.prompts[0][0], _BY_PICTURES if search.examples.texts is None else _BY_TEXTS)
    evidence = told_once([replace(piece, key=one_key.get(piece.key or "", piece.key)) for piece in evidence])
    cards = _cards(answer, learned, known, evidence, one_key)
    if apart is not None:
        evidence = [_pooled(piece) if piece.kind is Kind.FEATURES else piece for piece in evidence]
        ranking = _not_pooled(cards, [one_key.get(group.key or "", group.key) for group in apart.groups])
    else:
        ranking = rank(cards, evidence)
        remarks += [as_one(len(asked))] if len(asked) > 1 else []
    return Found(
        tuple(evidence),
        ranking,
        answer is not None and answer.none_of_these and not named and apart is None,
        prompt,
        learned.encoder.name,
        reliability(learned),
        (
            *remarks,
            *_granted(evidence, granted),
            *_never_hashed(asked, evidence, known),
            *failures,
            *not_looked_for(learned),
            *learned.unreadable,
        ),
        asked[0].records.pasted or (prompt.text if prompt is not None else None),
        apart,
        similar=tuple(closest(similar[0])),
    )


def _pooled(piece: Evidence) -> Evidence:
    """What the style of pictures by several models is worth."""
    return replace(piece, certainty=None, detail=f"pooled, as if by one model: {piece.detail}")


def _not_pooled(cards: Sequence[Ranked], first: Sequence[str | None]) -> tuple[Ranked, ...]:
    """Cards without a probability, as that is one of a single model's; those of the pictures' own models first."""
    order = {key: place for place, key in enumerate(first)}
    ranked = sorted(cards, key=lambda card: (order.get(card.key, len(order)), card.score is None, -(card.score or 0)))
    return tuple(replace(card, probability=None) for card in ranked)


def not_this(found: Found, key: str) -> Found:
    """The answer if this model did not generate the picture. The search itself learns nothing from it.

    What was said of it is left out with it, but for the style, which the others' probabilities come from.
    """
    rest = [card for card in found.ranking if card.key != key]
    shares = sum(card.probability or 0 for card in rest)
    kept = tuple(
        replace(card, probability=card.probability / shares if card.probability and shares else card.probability)
        for card in rest
    )
    said = (
        _before_it_was_left_out(piece) if piece.key == key else piece
        for piece in found.evidence
        if piece.key != key or piece.kind is Kind.FEATURES
    )
    return replace(found, ranking=kept, evidence=tuple(said))


def leave_out(found: Found, keys: Collection[str]) -> Found:
    """The answer without the models of these keys, which a remark names."""
    gone = [card for card in found.ranking if card.key in keys or card.sha256 in keys]
    for card in gone:
        found = not_this(found, card.key)
    told = [f"left out of this answer: {', '.join(card.model for card in gone)}"] if gone else []
    return replace(found, remarks=(*told, *found.remarks))


def _before_it_was_left_out(piece: Evidence) -> Evidence:
    return Evidence(piece.kind, None, None, f"before {piece.model} was excluded: {piece.detail}")


def _named_for(found: Sequence[Sequence[Evidence]], asked: Sequence[OpenedQuery]) -> list[Evidence]:
    """The evidence of each query; where there are several it says of which it speaks."""
    of: dict[Evidence, list[str]] = {}
    for pieces, each in zip(found, asked, strict=True):
        for piece in pieces:
            of.setdefault(piece, []).append(each.name)
    if len(asked) == 1:
        return list(of)
    return [replace(piece, detail=f"{', '.join(names)}: {piece.detail}", again="") for piece, names in of.items()]


def _prompt(
    asked: OpenedQuery, similar: Sequence[SimilarPicture], learned: Learned, interrogators: Sequence[Interrogator]
) -> tuple[Prompt | None, list[str]]:
    """The picture's prompt: from its own record, the same picture in the gallery, or an interrogator."""
    same = [picture for picture in similar if picture.match.is_copy]
    drawn = {picture.path: picture.prompt for picture in learned.gallery} if same else {}
    kept = next(filter(None, (drawn[picture.path] for picture in same)), None)
    if kept is not None and asked.records.prompt is None:
        return Prompt(kept, _ITSELF), []
    return interrogate(asked.picture, asked.records, interrogators)


def _never_hashed(asked: Sequence[OpenedQuery], evidence: Sequence[Evidence], known: Sequence[KnownModel]) -> list[str]:
    """A model that is said to be missing may be a file whose hash nobody knows."""
    missing = any(piece.kind is Kind.RECORD and piece.key is None and piece.certainty for piece in evidence)
    named = [model for each in asked for record in each.records.records for model in record.checkpoints]
    missing &= any(by_scan(digits) for model in named for digits in model.hashes or ("",))
    unknown = sum(model.path is not None and model.sha256 is None for model in known)
    if not missing or not unknown:
        return []
    files = "1 of your checkpoints was" if unknown == 1 else f"{unknown} of your checkpoints were"
    return [f"{files} never hashed and may be the model named in the record: scan them, then search again"]


def _granted(evidence: Sequence[Evidence], granted: Sequence[KnownModel]) -> list[str]:
    """A file that was never hashed, and a record that names the pictures of its name."""
    named = {piece.key for piece in evidence if piece.kind is Kind.RECORD}
    return [
        f"{model.name} was never hashed: it is taken for the {model.name} [{model.key[:10]}] that has pictures here"
        for model in granted
        if model.key in named
    ]


def _cards(
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
