"""What the command line prints for people, line by line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from ..checkpoints.embedded import SAYS, claims, origin
from ..checkpoints.identity import Identity
from ..similarity.coverage import share_in_words
from ..similarity.measures.of_adapters import CHANGE_COSINE
from ..text import counted, percent, printable, readable, size_text, size_unit
from ..workspace.catalogue.index import Unreadable
from ..workspace.catalogue.originals import Copy, in_words
from ..workspace.catalogue.remarks import remarks
from ..workspace.catalogue.sameness import sameness_facts
from ..workspace.comparing.verdicts import same_main

if TYPE_CHECKING:  # each command imports its own service only
    from ..families.merges import Merge
    from ..similarity.matrix import SimilarityMatrix
    from ..workspace.catalogue.scan import Scan
    from ..workspace.comparing.compare import Comparison
    from ..workspace.comparing.detail import SubBlock
    from ..workspace.comparing.elements import Element
    from ..workspace.comparing.scores import Reason
    from ..workspace.families.classify import Classified
    from ..workspace.families.results import Result
    from ..workspace.probing.kinship import Kinship

MOST_COLUMNS = 8
"""Models up to which a square table is shown rather than a ranking of pairs."""

REPORT = "report.html"
"""The file of `classify` that a person opens first."""

_WIDEST = 60
"""Letters up to which a column is as wide as its longest cell."""

_DIFFERENT = "different networks: "
"""How the reason of a pair of two networks begins (`workspace/comparing/compare.py`, `difference`)."""

MOST_NOTES = 20
"""Lines of notes under a comparison."""


def scan(found: Scan) -> list[str]:
    """A table of the checkpoints, folder by folder where there are several; what they and their copies take, and what
    to do next."""
    known = {model.name: identity for model, identity in found.found if identity}
    same = sameness_facts(known)
    unit = size_unit(model.key.size for model, _ in found.found)
    folders: dict[str, list[tuple[str, ...]]] = {}
    for model, identity in found.found:
        header = model.header
        main = header.components.get("unet") or next(iter(header.components.values()), None)
        folders.setdefault(_folder(model.path), []).append(
            (
                model.name,
                header.network,
                header.format,
                size_text(model.key.size, unit),
                main.dtype if main else "",
                _hash(identity),
                "; ".join([*(each.told for each in model.also_at), *same.get(model.name, [])]),
            )
        )
    rows = [row for of_folder in folders.values() for row in of_folder]
    if not rows:
        return bad_lines(found.unreadable)
    rows_of = table([("name", "network", "format", "size", "precision", "hash", "same as"), *rows], right=_SIZE)
    lines, below = rows_of[:1], iter(rows_of[1:])
    for folder, of_folder in folders.items():
        lines += ["", f"{folder}:"] if len(folders) > 1 else []
        lines += [next(below) for _ in of_folder]
    lines += [*_remarks(found), *_claims(found), *bad_lines(found.unreadable)]
    return lines + _summed_up(found, list(folders), known)


_SIZE = (3,)
"""The column of numbers in the table of `scan`."""


def _folder(path: Path) -> str:
    """Where a checkpoint lies, in the words of whoever named the path; the current folder by its full name."""
    folder = path.parent if path.parent != Path() else path.absolute().parent
    return readable(folder)


def _summed_up(found: Scan, folders: Sequence[str], known: Mapping[str, Identity]) -> list[str]:
    """How many checkpoints there are, where, what they and their copies take, and what to do next."""
    sizes = {model.name: model.key.size for model, _ in found.found}
    where = f"in {folders[0]}" if len(folders) == 1 else f"in {len(folders)} folders"
    lines = ["", f"{counted(len(sizes), 'checkpoint')} {where}: {size_text(sum(sizes.values()))}"]
    if len(known) < len(sizes):
        lines.append("Copies were not looked for in all of them: run scan without --quick to find them.")
    lines += _copies(found.copies())
    if len(sizes) > 1:
        lines.append("Next: classify PATH … --out DIR shows which are related; compare PATH … how similar they are.")
    return lines


def _copies(found: Sequence[Copy]) -> list[str]:
    """How many files could go, and of each copy what it is a copy of."""
    lines = [f"  {copy.name}: {copy.told}" for copy in found[:MOST_NOTES]]
    more = [f"  … {len(found) - MOST_NOTES} more; --json has all of them"] if len(found) > MOST_NOTES else []
    return [f"copies: {in_words(found)}", *lines, *more] if found else []


def _remarks(found: Scan) -> list[str]:
    """A line for whatever there is to know of a file beyond the table."""
    return [
        f"note: {model.name}: {said}" for model, identity in found.found for said in remarks(model.header, identity)
    ]


def _claims(found: Scan) -> list[str]:
    """What a single file says of itself; of many there is no room, --json has it."""
    told = claims(origin(found.found[0][0].header.metadata)) if len(found.found) == 1 else []
    return ["", f"{SAYS}:", *(f"  {label}: {text}" for label, text in told)] if told else []


def compare(
    found: Comparison | Kinship,
    elements: Sequence[Element] | None = None,
    fine: Sequence[SubBlock] | None = None,
    ema: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[str]:
    """For two models their blocks, for a few a square table, for many the pairs from the closest on; each
    network by itself where not all were compared by the same measure."""
    if len({choice.measure for choice in found.choices.values()}) > 1:
        lines = [line for kind in found.choices for line in ("", kind, *_values(found.of(kind)))][1:]
    else:
        lines = _values(found)
    if fine is not None:
        rows = ((each.name, _number(each.relative), _number(each.cosine)) for each in fine)
        lines += ["", *table([("sub-block", "relative l2", "cosine"), *rows], right=(1, 2))]
    if elements is not None:
        lines += [
            "",
            *table(
                [
                    ("key", "value"),
                    *((e.key, "not comparable" if e.value is None else _number(e.value)) for e in elements),
                ],
                right=(1,),
            ),
        ]
    lines += [f"note: {choice.note}" for choice in found.choices.values() if choice.note]
    lines += _merges(found.merges)
    lines += [rounding.text for rounding in found.roundings]
    remarks = [(name, said) for by_model in (found.remarks, ema) for name, all_ in by_model.items() for said in all_]
    lines += _first([f"note: {name}: {said}" for name, said in remarks])
    return [*lines, *_notes(found.reasons), *bad_lines(found.unreadable)]


def _values(found: Comparison | Kinship) -> list[str]:
    matrix = found.matrix
    lines = [matrix.measure + (f", base {found.base.told(matrix.models)}" if found.base else "")]
    n, bounded = len(matrix.models), not matrix.is_distance
    if n == 2:
        rows = [
            (block, _number(value, bounded))
            for block, value in zip(matrix.blocks, matrix.values[0, 1], strict=True)
            if not np.isnan(value)
        ]
        rows += [(name, _number(values[0, 1], bounded)) for name, values in matrix.components.items()]
        rows.append(("overall", _number(matrix.overall[0, 1], bounded)))
        if matrix.coverage is not None and matrix.coverage[0, 1] < 1:
            rows.append(("coverage", share_in_words(matrix.coverage[0, 1])))
        lines += table([(f"{matrix.models[0]} and {matrix.models[1]}", ""), *rows], right=(1,))
        return lines + _same_mains(matrix)
    if n <= MOST_COLUMNS:
        head = ("", *(str(i + 1) for i in range(n)))
        told = [[_number(value, bounded) for value in row] for row in matrix.overall]
        rows = [(f"{i + 1} {name}", *told[i]) for i, name in enumerate(matrix.models)]
        return lines + table([head, *rows], right=range(1, n + 1)) + _same_mains(matrix)
    pairs = [(matrix.overall[i, j], i, j) for i in range(n) for j in range(i) if not np.isnan(matrix.overall[i, j])]
    pairs.sort(reverse=not matrix.is_distance)
    lines += table([("overall", "", "", ""), *(_pair(matrix, i, j) for _, i, j in pairs[:40])], right=(0,))
    return lines + ([f"… {len(pairs) - 40} more pairs; --json has all of them"] if len(pairs) > 40 else [])


def _same_mains(matrix: SimilarityMatrix) -> list[str]:
    """A line for each pair whose number speaks of a part that is the same, while others differ."""
    n = len(matrix.models)
    return [
        f"{matrix.models[i]} and {matrix.models[j]}: {same}"
        for j in range(n)
        for i in range(j)
        if (same := same_main(matrix, i, j))
    ]


def classify(results: Sequence[Result], written: Sequence[Path], found: Classified | None = None) -> list[str]:
    """The classes with their names and support, what was left out, and where the files are."""
    lines = []
    for result in results:
        family = result.family
        lines.append(result.title)
        for number in range(1, int(family.classes.max()) + 1):
            members = [model for model, c in zip(family.features.models, family.classes, strict=True) if c == number]
            name, support = result.name(number).name, result.support(number)
            trust = "" if np.isnan(support) else f" (support {percent(support)})"
            about = (f" {name}" if name else "") + (
                " (stranger: no close relative here)" if number in family.strange_classes else trust
            )
            lines.append(f"  class {number}{about}: {', '.join(members)}")
        lines += [f"  {line}" for line in [*_merges(family.merges), *(f"note: {note}" for note in family.notes)]]
    lines += [f"note: {note}" for note in found.notes] if found else []
    return [*lines, *(bad_lines(found.unreadable) if found else []), *_written(written)]


def _written(paths: Sequence[Path]) -> list[str]:
    """The reports, which show everything, then what else there is, folder by folder."""
    lines = [f"Open {readable(path)}" for path in paths if path.name == REPORT]
    folders: dict[Path, list[str]] = {}
    for path in paths:
        if path.name != REPORT:
            folders.setdefault(path.parent, []).append(readable(path.name))
    return lines + [f"Also in {readable(folder)}: {', '.join(names)}" for folder, names in folders.items()]


def _merges(merges: Sequence[Merge]) -> list[str]:
    """A line for each model that is perhaps a merge."""
    more = len(merges) - MOST_NOTES
    lines = [f"{merge.model}: {merge.text}" for merge in merges[:MOST_NOTES]]
    return [*lines, *([f"… {more} more that are perhaps merges; --json has all of them"] if more > 0 else [])]


def _pair(matrix: SimilarityMatrix, i: int, j: int) -> tuple[str, str, str, str]:
    """A line of the ranking, with the coverage where it is not all, and what is the same where all of the UNet is."""
    share = 1.0 if matrix.coverage is None else matrix.coverage[i, j]
    whole = "changes" if matrix.measure == CHANGE_COSINE.name else "network"
    covered = f"({share_in_words(share)} of the {whole})" if share < 1 else ""
    about = " ".join(filter(None, (same_main(matrix, i, j), covered)))
    return _number(matrix.overall[i, j], not matrix.is_distance), matrix.models[i], matrix.models[j], about


def _hash(identity: Identity | None) -> str:
    return identity.short_hash if identity else ""


def _number(value: float, bounded: bool = False) -> str:
    """Four decimals; of very small and very large numbers, which those would hide, the leading digits. A cosine that
    four decimals do not show is none: "0.0000"."""
    if np.isnan(value):
        return "–"
    if bounded and abs(value) < 1:
        return f"{value:.4f}".replace("-0.0000", "0.0000")
    return f"{value:.4f}" if value == 0 or 5e-5 <= abs(value) < 1e6 else f"{value:.3g}"


def _notes(reasons: Sequence[Reason]) -> list[str]:
    """A line for each different reason, with the models it concerns or their number; one for all pairs of different
    networks, of which a mixed folder has many."""
    apart = sum(reason.reason.startswith(_DIFFERENT) for reason in reasons)
    more = [f"note: {apart:,} pairs are of different networks, which are never compared"] if apart > 1 else []
    alike: dict[str, list[Reason]] = {}
    for reason in reasons:
        if more and reason.reason.startswith(_DIFFERENT):
            continue
        alike.setdefault(reason.reason, []).append(reason)
    lines = []
    for text, found in alike.items():
        first = found[0]
        who = first.a if first.a == first.b else f"{first.a} and {first.b}"
        lines.append(f"note: {who if len(found) == 1 else f'{len(found)} times'}: {text}")
    return [*_first(lines), *more]


def _first(notes: list[str]) -> list[str]:
    return notes if len(notes) <= MOST_NOTES else [*notes[:MOST_NOTES], "… --json has all notes"]


def bad_lines(unreadable: Iterable[Unreadable]) -> list[str]:
    """A line for each file that could not be read."""
    return [
        f"not read: {bad.error}" if printable(bad.path) in bad.error else f"not read: {readable(bad.path)}: {bad.error}"
        for bad in unreadable
    ]


def table(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Columns side by side; the columns `right`, which are numbers, flush right, all others flush left. A very long
    name moves its own line, not all of them."""
    rows = [[printable(cell) for cell in row] for row in rows]
    lengths = [[len(row[i]) for row in rows] for i in range(len(rows[0]))]
    widths = [max((length for length in each if length <= _WIDEST), default=0) for each in lengths]
    return [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
