"""`curate`: its options, its document, and the way from them to the use case."""

from __future__ import annotations

import argparse
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelsimError
from ..saying import print_json, print_lines
from ..text import counted, readable, several
from .curate_groups import groups_document, groups_words
from .options import device_option, path, workspace
from .progress import progress_bars

if TYPE_CHECKING:  # each command imports its own use case only
    import numpy as np
    from numpy.typing import NDArray

    from ..workspace.curating.curate import Curated
    from ..workspace.curating.judging import GroupsRequest

_SHOWN = 10


def add_curate_arguments(curate: argparse.ArgumentParser) -> None:
    """What `curate` takes."""
    from ..curate.scorers.registry import kinds

    curate.usage = "%(prog)s DIR [options]"
    curate.add_argument(
        "folder", nargs="?", type=path, metavar="DIR", help="folder with pictures, or a gallery of probes"
    )
    curate.add_argument(
        "--score",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help=f"{', '.join(kind.usage for kind in kinds())}; can be repeated (default: those that need nothing but the "
        "picture)",
    )
    curate.add_argument(
        "--weight",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="how much a score counts in the mean of several (default: 1); with a negative one less is better",
    )
    curate.add_argument(
        "--encoder",
        metavar="E",
        help="for CLIP scores and groups: open_clip:ARCH/TAG or open_clip:ARCH/FILE.safetensors, for groups also what "
        "`find` takes (default: a CLIP that is here, else for groups what `find` uses)",
    )
    curate.add_argument("--download", action="store_true", help="allow the encoder's weights to be downloaded")
    device_option(curate)
    curate.add_argument(
        "--clusters", action="store_true", help="groups of alike pictures that score worse or better than all"
    )
    curate.add_argument(
        "--best", type=int, metavar="N", help="the best N pictures, of each category in turn"
    )
    curate.add_argument(
        "--min-drop",
        type=float,
        metavar="D",
        help="how far a cluster's mean must lie from that of all (default: 4.5 of the CLIP score, else one standard "
        "deviation)",
    )
    curate.add_argument("--min-support", type=int, metavar="N", help="least pictures of a cluster (default: 2)")
    curate.add_argument(
        "--top", type=int, default=_SHOWN, metavar="K", help=f"how many to list (default: {_SHOWN}; --json has all)"
    )


def run_curate(options: argparse.Namespace) -> int:
    """Scores, and the pictures with the best ones."""
    from ..workspace.curating.curate import CurateRequest, require_right
    from ..workspace.curating.encoding import to_download
    from ..workspace.finding.encoders import download

    if options.top < 1:
        raise ModelsimError("--top is out of range", options.top, "use 1 or more")
    weights = tuple(map(_weight, options.weight))
    folder, scores = _folder_and_scores(options)
    request = CurateRequest(scores, weights, options.encoder, _groups(options))
    require_right(request)
    with workspace(options) as use, progress_bars() as job:
        if options.download and (name := to_download(request, use.host)):
            request = replace(request, encoder=name)
            download(name, job)
        curated = use.curating.curate(folder, request, job)
    if options.json:
        print_json(_document(curated))
    else:
        print_lines(_words(curated, options.top))
    return 0


def _folder_and_scores(options: argparse.Namespace) -> tuple[Path, tuple[str, ...]]:
    """A folder that stands behind `--score NAME …` was read as one more name."""
    if options.folder is not None:
        return options.folder, tuple(options.score)
    if options.score and Path(options.score[-1]).is_dir():
        return Path(options.score[-1]), tuple(options.score[:-1])
    raise ModelsimError("no folder given", None, "give one with pictures: curate DIR")


def _groups(options: argparse.Namespace) -> GroupsRequest | None:
    """None where no option asks for groups."""
    from ..workspace.curating.judging import GroupsRequest

    given = {"best": options.best, "min_drop": options.min_drop, "min_support": options.min_support}
    asked = {name: value for name, value in given.items() if value is not None}
    return GroupsRequest(**asked) if asked or options.clusters else None


def _weight(text: str) -> tuple[str, float]:
    """NAME=NUMBER; a name may hold the sign, too."""
    name, _, number = text.rpartition("=")
    try:
        return name, float(number)
    except ValueError:
        fix = "write NAME=NUMBER, for example sharpness=0.5"
        raise ModelsimError("--weight is not understood", text, fix) from None


def _document(curated: Curated) -> dict[str, Any]:
    """The document of `curate`; null for what nobody knows."""
    pictures = [_shown(picture.path) for picture in curated.collection.pictures]
    scores = curated.scores.values()
    return {
        "scores": {
            each: {score.name: _number(score.values, i) for score in scores} for i, each in enumerate(pictures)
        },
        "overall": {each: _number(curated.overall, i) for i, each in enumerate(pictures)},
        "missing": {
            each: why
            for i, each in enumerate(pictures)
            if (why := {score.name: score.missing[i] for score in scores if i in score.missing})
        },
        "unreadable": {_shown(path): why for path, why in curated.collection.unreadable.items()},
        "units": {score.name: score.unit for score in scores},
        "category": {
            each: name for each, name in zip(pictures, curated.judged.category, strict=False) if name
        },
        **groups_document(curated.judged, curated.encoder),
        "remarks": [*curated.remarks, *curated.judged.remarks],
    }


def _shown(path: os.PathLike[str]) -> str:
    return readable(os.fspath(path))


def _number(values: NDArray[np.float64], i: int) -> float | None:
    return None if math.isnan(values[i]) else float(values[i])


def _words(curated: Curated, top: int) -> list[str]:
    """The same for a person: the best pictures, and how large each score is."""
    pictures, scores = curated.collection.pictures, list(curated.scores.values())
    ranked = curated.ranked()
    names = [score.name for score in scores]
    by = f"the mean of {several(names, len(names))}" if len(names) > 1 else names[0]
    lines = [f"{counted(len(pictures), 'picture')}; the best by {by}:"] if ranked else []
    for place, i in enumerate(ranked[:top], 1):
        numbers = ", ".join(f"{score.name} {_figure(score.values[i])}" for score in scores)
        mean = f"{curated.overall[i]:+.2f}  " if len(scores) > 1 else ""
        lines.append(f"  {place}. {mean}{_shown(pictures[i].path)}  ({numbers})")
    known = [value for value in curated.overall if not math.isnan(value)]
    mean = sum(known) / len(known) if known else math.nan
    return [*lines, *_ranges(curated), *curated.remarks, *groups_words(curated.judged, curated.encoder, mean)]


def _ranges(curated: Curated) -> list[str]:
    """What each score says, and its range here."""
    lines = []
    for score in curated.scores.values():
        known = sorted(value for value in score.values if not math.isnan(value))
        if known:
            unit = f" {score.unit}" if score.unit else ""
            spread = f"{_figure(known[0])} to {_figure(known[-1])}{unit}, median {_figure(known[len(known) // 2])}"
            lines.append(f"{score.name}: {spread}; larger: {score.says}")
    return lines


def _figure(value: float) -> str:
    """Three or more digits."""
    return "–" if math.isnan(value) else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
