"""What a picture's own records say, held against the models that we know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from ...pictures.records.form import AUTOV3, TITLE, UNCERTAIN, Named, PictureRecord, plain
from ...pictures.records.reading import Records
from ...text import percent
from ..known_model import LEGACY, NONE_CALLED_SO, NOT_YOURS, KnownModel, algorithm_name, called, hash_kind
from ..names import contradict
from .form import CERTAINTY, MOST_SURE, Evidence, Kind, at_most, told_once

_ALIKE = 0.6  # of two names' letters, in order: "dream_v7" and "dream_v8" agree in 0.88
_GUESSES = 3
_SHOWN = 20  # models that a picture was generated with
_AUTOV3 = 12  # digits
def of_records(records: Records, known: Sequence[KnownModel]) -> list[Evidence]:
    """What the records name, held against the models that we know."""
    every = [named for record in records.records for named in record.checkpoints]
    better = any(named.hashes or not named.alias for named in every)  # than what a service calls it
    most = _most(records)
    found = [
        _shared(at_most(piece, most), len(record.checkpoints))
        for record in records.records
        for named in record.checkpoints
        if named.hashes or not (named.alias and better)
        for piece in _named(record, named, known)
    ]
    found += [
        _none_alone(record) for record in records.records if (record.also or record.remark) and not record.checkpoints
    ]
    told = _disagreement(records, found, known)
    if told is not None:
        found = [at_most(piece, CERTAINTY["disagreement"]) for piece in found] + [told]
    return told_once(found)


def _named(record: PictureRecord, named: Named, known: Sequence[KnownModel]) -> list[Evidence]:
    networks = _others(record, named)
    source = f"its record ({record.program}, {record.place})"
    by_hash = [
        (model, digits, kind) for model in known for digits in named.hashes if (kind := model.hash_named(digits))
    ]
    of_that_name = called(named, [model for model, *_ in by_hash])
    by_hash = [each for each in by_hash if each[0] in of_that_name] or by_hash  # of twins the one it names
    if by_hash:
        files: dict[str, list[tuple[KnownModel, str, str]]] = {}
        for each in by_hash:
            files.setdefault(each[0].key, []).append(each)
        return [
            _made_by(each, len(files), source, _renamed(named, each[0][0], known) + networks) for each in files.values()
        ]
    by_name = called(named, known)
    if named.alias not in ("", TITLE) and not named.hashes:
        return [_by_alias(source, named, networks)]
    if by_name and not named.hashes:
        one_of_each = {model.key: model for model in reversed(by_name)}
        return [
            Evidence(
                Kind.RECORD,
                model.name,
                CERTAINTY["name"] / len(one_of_each),
                f"made by a model called {model.name}: {source} gives no hash, so another file of this name "
                f"cannot be ruled out{networks}",
                model.key,
                f"{source} gives its name without a hash{networks}",
            )
            for model in one_of_each.values()
        ]
    foreign = _foreign(source, named, by_name, known, networks)
    return [foreign] if foreign.key else [foreign, *_guess(named, known)]


def _most(records: Records) -> float:
    """How sure any record of a picture makes, where one says that there was another picture before, or that of the
    models that it tells none drew it alone."""
    over = [record for record in records.records if record.over]
    if any(not record.checkpoints for record in over):
        return CERTAINTY["disagreement"]
    return CERTAINTY["over another picture"] if over else MOST_SURE


def _shared(piece: Evidence, count: int) -> Evidence:
    """The evidence for one of several models of which a record says that they may have drawn the picture."""
    if count == 1 or piece.certainty is None:
        return piece
    return replace(piece, certainty=piece.certainty / count, detail=f"perhaps {piece.detail}")


def _none_alone(record: PictureRecord) -> Evidence:
    """A record that names only models which did a part of the work, or says why it can name none."""
    source = f"its record ({record.program}, {record.place})"
    told = filter(None, (_parts(record.also), record.remark))
    return Evidence(Kind.RECORD, None, None, f"{source} does not name the model that made it; {'; '.join(told)}")


def _others(record: PictureRecord, named: Named) -> str:
    """What else of models the record tells: others that drew it, those that had a part in it, its networks."""
    others = [str(each) for each in record.checkpoints if each != named]
    told = f"; it also names {' and '.join(others)}" if others else ""
    told += "".join(f"; {more}" for more in (_parts(record.also), record.remark) if more)
    return told + (f"; it was generated with {', '.join(_some(record.networks))}" if record.networks else "")


def _some(models: Sequence[Named]) -> list[str]:
    """As many as a person reads, and how many more there are."""
    more = [f"{len(models) - _SHOWN} more"] if len(models) > _SHOWN else []
    return [*map(str, models[:_SHOWN]), *more]


def _parts(also: Sequence[Named]) -> str:
    """The models of a picture that did a part of the work, each with its role."""
    told = [f"its {each.role} {each}" for each in also[:_SHOWN]]
    told += [f"{len(also) - _SHOWN} more"] if len(also) > _SHOWN else []
    return ", ".join([f"its {also[0].role} is {also[0]}", *told[1:]]) if also else ""


def _made_by(named: Sequence[tuple[KnownModel, str, str]], count: int, source: str, more: str) -> Evidence:
    """One file that a record's hashes mean: `named` are its model, perhaps with copies, the digits and their kind."""
    model = named[0][0]
    hashes = list(dict.fromkeys(f"its {kind} {hash_kind(digits)[1]}" for _, digits, kind in named))
    copies = sorted({copy.name for copy, *_ in named} - {model.name})
    because = f"{source} names {' and '.join(hashes)}"
    if copies:
        because += f", which {' and '.join(copies)} {'has' if len(copies) == 1 else 'have'}, too: the same file"
    if model.path is None:
        because += ", which has pictures here but no file"
    certainty = max(CERTAINTY.get(kind, CERTAINTY["hash"]) for *_, kind in named) / count
    detail = f"made by {model.name}: {because}{more}"
    return Evidence(Kind.RECORD, model.name, certainty, detail, model.key, f"{because}{more}")


def _by_alias(source: str, named: Named, networks: str) -> Evidence:
    """A model by what a service calls it, which can be compared with nothing that we know."""
    detail = f"{source} names its model only as {named}, {named.alias}: that cannot be compared with files{networks}"
    return Evidence(Kind.RECORD, named.name, None, detail)


def _renamed(named: Named, model: KnownModel, known: Sequence[KnownModel]) -> str:
    """What is wrong where the name is another model's."""
    if not named.name or called(named, [model]):
        return ""
    told = " ".join(filter(None, (named.name, named.version)))
    if called(named, known):
        return f", but calls it {told}, which is another file of yours: name and hash disagree"
    return f" and calls it {told}"


def _foreign(
    source: str, named: Named, by_name: Sequence[KnownModel], known: Sequence[KnownModel], networks: str
) -> Evidence:
    """A model that we do not have, as far as hashes are known."""
    unknown = next((model for model in by_name if not any(map(model.own, named.hashes))), None)
    if unknown is not None:
        detail = f"made by {named}: {source} says so; {_never_compared(named)}"
        again = f"{source} says {named}{networks}"
        return Evidence(Kind.RECORD, unknown.name, CERTAINTY["name"], detail + networks, unknown.key, again)
    maybe = any(model.path is not None and _may_have(model, named.hashes) for model in known)
    detail = f"made by {named}{'' if maybe else f', {NOT_YOURS}'}: {source} says so"
    if not named.hashes:
        what = f", a {named.alias}" if named.alias else ""
        detail = f"made by {named}{what}: {source} says so without a hash, and {NONE_CALLED_SO}"
    elif by_name:
        own = next(filter(None, map(by_name[0].own, named.hashes)), "")[:10]
        detail += f"; your file of this name is a different one [{own}]: name and hash disagree"
    elif maybe:
        detail += "; not all of your files could be compared"
    kind = "name" if not named.hashes else "legacy hash" if max(map(len, named.hashes)) == LEGACY else "hash"
    again = f"{source} says {named}{networks}"
    return Evidence(Kind.RECORD, named.name or str(named), CERTAINTY[kind], detail + networks, None, again)


def _may_have(model: KnownModel, hashes: Sequence[str]) -> bool:
    """Whether nobody knows any hash of this model that could be compared with these."""
    return not any(model.own(digits) or (len(digits) == LEGACY and model.legacy_hash) for digits in hashes)


def _never_compared(named: Named) -> str:
    """Why nobody knows whether the file of this name is the one."""
    kinds = {hash_kind(digits)[0] for digits in named.hashes}
    if not kinds - {""}:
        return "your file of this name was never hashed and may be that model"
    if kinds == {UNCERTAIN}:
        return "its hash may be of a whole folder, so your file of this name may be that model, or another"
    names = " or ".join(sorted("AutoV3" if kind == AUTOV3 else algorithm_name(kind) for kind in kinds if kind))
    return f"your file of this name has no {names} hash yet and may be that model"


def _guess(named: Named, known: Sequence[KnownModel]) -> list[Evidence]:
    """The models whose names are most like the one named, but for those of that very name."""
    of_that_name, told = called(named, known), plain(named.name + named.version)
    others = [model for model in known if model not in of_that_name]
    likeness = {model: SequenceMatcher(None, told, plain(model.last_name)).ratio() for model in others}
    close = sorted((model for model in others if likeness[model] >= _ALIKE), key=lambda model: -likeness[model])
    if not named.name or not close:
        return []
    names = ", ".join(f"{model.name} ({percent(likeness[model])} of the letters)" for model in close[:_GUESSES])
    detail = f"a guess: of your models, the closest by name are {names}"
    return [Evidence(Kind.RECORD, close[0].name, None, detail, close[0].key)]


def _disagreement(records: Records, found: Sequence[Evidence], known: Sequence[KnownModel]) -> Evidence | None:
    """Two records that name different models, or one that gives a model two hashes."""
    named = [record.checkpoints for record in records.records if record.checkpoints]
    first = [checkpoints[0] for checkpoints in named]
    different = [
        (some[0], others[0])
        for place, some in enumerate(named)
        for others in named[place + 1 :]
        if all(are_different(a, b, known) for a in some for b in others)
    ]
    if different:
        a, b = different[0]
        return Evidence(Kind.RECORD, None, None, f"its records disagree: one names {a}, another names {b}")
    odd = [each for each in first if _contradict_within(each)]
    keys = {piece.key for piece in found if piece.key and piece.certainty is not None}
    if odd and len(keys) != 1:
        return Evidence(Kind.RECORD, None, None, f"its record gives several hashes for one model: {odd[0]}")
    return None


def are_different(a: Named, b: Named, known: Sequence[KnownModel]) -> bool:
    """Whether two names cannot mean one file: hashes of one kind that differ, or names where there are no such hashes;
    not where both mean a file that we know."""
    if any(_has_hash(model, a) and _has_hash(model, b) for model in known):
        return False
    pairs = [(x, y) for x in a.hashes for y in b.hashes if _comparable(x, y)]
    if pairs:
        return not any(x.startswith(y) or y.startswith(x) for x, y in pairs)
    return contradict(a, b) and not any(model in called(b, known) for model in called(a, known))


def _has_hash(model: KnownModel, named: Named) -> bool:
    return any(model.hash_named(digits) for digits in named.hashes)


def _comparable(a: str, b: str) -> bool:
    """Whether two hashes are of one kind: legacy ones have 8 digits, AutoV3 12, the others begin a SHA-256; others say
    theirs."""
    (kind, x), (other, y) = hash_kind(a), hash_kind(b)
    return kind == other and all((len(x) == digits) == (len(y) == digits) for digits in (LEGACY, _AUTOV3))


def _contradict_within(named: Named) -> bool:
    pairs = [(a, b) for a in named.hashes for b in named.hashes if _comparable(a, b)]
    return any(not (a.startswith(b) or b.startswith(a)) for a, b in pairs)
