"""Pictures that are one picture, side by side, with what was done to each; and pairs that are no copies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...curate.duplicates.words import SAME_FILE, how_alike
from ...job import Job, Stage
from ...templates import render
from ...text import readable, size_text
from ..backend import Backend

if TYPE_CHECKING:
    from markupsafe import Markup

    from ...curate.duplicates.keeping import FileFacts
    from ...workspace.curating.duplicates import Duplicates, PicturePair
    from ...workspace.curating.thumbnails import Thumbnails

_TITLES = {
    SAME_FILE: "The same file",
    "copy": "Copies",
    "edited copy": "Copies that differ in an edited part",
    "part": "One shows a part of the other",
    "same layout": "The same layout",
    "too little to tell": "Too little to tell",
}
"""Kind of a group or pair → what stands above it."""

_PART = "part"
_EDITED = "edited copy"
"""The kind whose pictures a person looks at: the one that goes may be the one before the edit."""


@dataclass(frozen=True)
class Card:
    """Pictures that stand side by side, the one to keep first: `keep` is None where none is better for sure, and `why`
    says so; it is empty for what is no group. `similarity` 0 … 1 is the least of two of them."""

    kind: str
    paths: tuple[Path, ...]
    similarity: float
    keep: Path | None = None
    why: str = ""


@dataclass(frozen=True)
class Cards:
    """What is shown of an answer: `groups`, after them the pairs that no group holds; `alike` and `too_little` are told
    apart from these. `paths` are all pictures that can be chosen, by number, and `going` the numbers of those beside
    the ones to keep, but where a part was edited. `told` says of two contents, in this order, what was done."""

    groups: tuple[Card, ...]
    alike: tuple[Card, ...]
    too_little: tuple[Card, ...]
    paths: tuple[Path, ...]
    going: tuple[int, ...]
    told: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class ShownPictures:
    """What is known of pictures that are shown: what the header of the file says, and the address of a small copy."""

    facts: Mapping[Path, FileFacts]
    urls: Mapping[Path, str]
    models: Mapping[Path, str]


def cards_of(found: Duplicates) -> Cards:
    """The groups of an answer and its pairs."""
    groups = [Card(each.kind, each.paths, each.similarity, each.keep, each.why) for each in found.groups]
    groups += map(_of_pair, found.beyond_groups)
    numbers: dict[Path, int] = {}
    for card in groups:
        for path in card.paths:
            numbers.setdefault(path, len(numbers))
    sure = [card for card in groups if card.keep is not None and card.kind != _EDITED]
    going = {numbers[path] for card in sure for path in card.paths if path != card.keep}
    return Cards(
        tuple(groups),
        tuple(map(_of_pair, found.alike)),
        tuple(map(_of_pair, found.too_little)),
        tuple(numbers),
        tuple(sorted(going)),
        {pair.contents: pair.told for pair in (*found.pairs, *found.alike, *found.too_little)},
    )


def _of_pair(pair: PicturePair) -> Card:
    return Card(pair.kind, (pair.a, pair.b), pair.similarity)


def rendered(card: Card, number: int, cards: Cards, seen: ShownPictures) -> Markup:
    """The pictures of a group side by side, each with what was done to it."""
    numbers = {path: i for i, path in enumerate(cards.paths)} if number else {}
    first = card.paths[0]
    named = "the one to keep" if card.keep is not None else "the first one"
    members = [
        member(
            path,
            seen,
            number=numbers.get(path),
            told="" if path == first else _done(cards.told, seen.facts.get(first), seen.facts.get(path), named),
            keep=f"keep: {card.why}" if path == card.keep else "",
            hides=(str(numbers[first]), str(numbers[path])) if number and path != first and _hides(card) else None,
        )
        for path in card.paths
    ]
    title = _TITLES.get(card.kind, card.kind)
    counted = f"{number}. {title}: {len(card.paths)} pictures" if number else ""
    unsure = f"; {card.why}" if card.why and card.keep is None else ""
    part = " in that part" if card.kind == _PART else ""
    similarity = f"{how_alike(card.kind, card.similarity, len(card.paths))}{part}{unsure}" if number else ""
    return render("ui/templates/duplicate_group.html", title=counted, similarity=similarity, members=members)


def member(
    path: Path,
    seen: ShownPictures,
    told: str,
    keep: str = "",
    number: int | None = None,
    hides: tuple[str, str] | None = None,
) -> dict[str, object]:
    """A picture as the template takes it. `number` is that of the field by which it is chosen, `hides` are the numbers
    of a pair that can be hidden."""
    return {
        "number": number,
        "name": readable(path.name),
        "path": readable(path),
        "url": seen.urls.get(path, ""),
        "facts": _facts(seen.facts.get(path), seen.models.get(path, "")),
        "told": told,
        "keep": keep,
        "hides": hides,
    }


def _hides(card: Card) -> bool:
    """Files that are the same byte by byte are so whatever one says."""
    return card.kind != SAME_FILE


def _facts(facts: FileFacts | None, model: str) -> str:
    """Size, format and bytes, and which model made it."""
    if facts is None:
        return model
    said = f"{facts.size[0]} × {facts.size[1]}, {facts.format}, {size_text(facts.bytes)}"
    return f"{said}; {model}" if model else said


def _done(told: Mapping[tuple[str, str], str], first: FileFacts | None, other: FileFacts | None, named: str) -> str:
    """What was done to a picture, beside the first of its group."""
    if first is None or other is None:
        return ""
    pair = first.content, other.content
    one, two = named, "this one"
    if pair not in told:
        pair, one, two = pair[::-1], two, one
    return told.get(pair, "").replace("the first", one).replace("the second", two)


def look_at(paths: Iterable[Path], facts: dict[Path, FileFacts], thumbnails: Thumbnails, job: Job) -> None:
    """Take down what the headers of these files say, and make their small copies; of files that are there."""
    from ...curate.duplicates.keeping import file_facts
    from ...pictures.opening import PictureError, regular_file

    wanted = [path for path in paths if path not in facts]
    stage = Stage(job, "looking at the pictures found", len(wanted), "pictures")
    for path in wanted:
        with suppress(OSError, PictureError):  # gone, or another file by now: its name stands there
            content = hashlib.sha256(regular_file(path).read_bytes()).hexdigest()
            facts[path] = file_facts(path, content, record=False)
        stage.advance(1)
    thumbnails.make([(facts[path].content, path) for path in wanted if path in facts], job)


def shown_pictures(facts: Mapping[Path, FileFacts], models: Mapping[Path, str], backend: Backend) -> ShownPictures:
    """What is known of pictures that were looked at."""
    small = {path: backend.curating.thumbnails.path(each.content) for path, each in facts.items()}
    urls = {path: backend.host.picture_url(file) for path, file in small.items() if file.is_file()}
    return ShownPictures(facts, urls, models)


def paths_of(cards: Iterable[Card]) -> list[Path]:
    """The pictures of these cards, each once."""
    return list(dict.fromkeys(path for card in cards for path in card.paths))


def folded(cards: Sequence[Card], render_one: Callable[[Card], Markup], most: int) -> tuple[list[Markup], int]:
    """The first of these, and how many more there are."""
    return [render_one(card) for card in cards[:most]], max(len(cards) - most, 0)
