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

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from ...errors import Sentence, joined
from ...identify.evidence.form import Evidence, Kind, told_once
from ...identify.evidence.pictures import SimilarPicture, closest, of_pictures
from ...identify.evidence.records import of_records
from ...identify.evidence.style import of_features
from ...identify.known_model import KnownModel, by_scan
from ...identify.search import Search, SearchResult
from ...pictures.interrogator import Interrogator, Prompt, interrogate
from .apart import Apart, as_one, by_records, by_style
from .index import Learned
from .models import keys_of_files, with_gallery
from .queries import OpenedQuery, Query, open_queries
from .ranking import Ranked, cards_of, rank, without_probability
from .reliability import Reliability, reliability
from .similar import remarks as not_looked_for
from .similar import similar_pictures

_ITSELF = "the same picture in the gallery"
_BY_PICTURES, _BY_TEXTS = (
    "a guess from the closest pictures in the gallery",
    "a guess from the closest prompts in the gallery",
)


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

    @property
    def elsewhere(self) -> bool:
        """Whether a record names a model that is none of these: what the ranking says holds only if it errs."""
        return any(piece.kind is Kind.RECORD and piece.key is None and piece.certainty for piece in self.evidence)


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
    evidence = _named_for(recorded, asked) + _named_for([of_pictures(each) for each in similar], asked)
    named = any(piece.key and piece.certainty for piece in evidence)
    answer, search = None, learned.search
    seeable = [each for each in asked if each.picture is not None]
    if search is not None and seeable:
        vectors = learned.encoder.encode([each.picture for each in seeable])
        apart = apart or by_style([each.name for each in seeable], vectors, learned)
        answer = search.answer(vectors)
        evidence.append(_of_style(answer, search, learned, list(chain.from_iterable(similar))))
        prompt = prompt or _guessed(answer, search)
    evidence = told_once([replace(piece, key=one_key.get(piece.key or "", piece.key)) for piece in evidence])
    cards = cards_of(answer, learned, known, evidence, one_key)
    if apart is not None:
        evidence = [_pooled(piece) if piece.kind is Kind.FEATURES else piece for piece in evidence]
        ranking = without_probability(cards, [one_key.get(group.key or "", group.key) for group in apart.groups])
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


def _of_style(answer: SearchResult, search: Search, learned: Learned, similar: Sequence[SimilarPicture]) -> Evidence:
    """What the search says, in the light of the pictures that it has learned from and that look like the queries."""
    called = [learned.names[match.model] for match in answer.matches]
    taught = {picture.path for picture in learned.pictures}
    alike = [each for each in similar if each.path in taught]
    seen = max(alike, key=lambda each: each.closeness).match.answer if alike else None
    return of_features(answer, search, called, learned.encoder.name, seen)


def _guessed(answer: SearchResult, search: Search) -> Prompt | None:
    """The prompt of the closest pictures; None where they have none."""
    if not answer.prompts or not answer.prompts[0][0]:
        return None
    return Prompt(answer.prompts[0][0], _BY_PICTURES if search.examples.texts is None else _BY_TEXTS)


def _pooled(piece: Evidence) -> Evidence:
    """What the style of pictures by several models is worth."""
    return replace(piece, certainty=None, detail=f"pooled, as if by one model: {piece.detail}")


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
    what = f"{files} never hashed and may be the model named in the record: "
    fix = Sentence("scan them, then search again", "press Show families on the page Families, then Find here")
    return [joined(what, fix)]


def _granted(evidence: Sequence[Evidence], granted: Sequence[KnownModel]) -> list[str]:
    """A file that was never hashed, and a record that names the pictures of its name."""
    named = {piece.key for piece in evidence if piece.kind is Kind.RECORD}
    return [
        f"{model.name} was never hashed: it is taken for the {model.name} [{model.key[:10]}] that has pictures here"
        for model in granted
        if model.key in named
    ]
