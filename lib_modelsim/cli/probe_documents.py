"""The JSON documents of `probe` and `gallery`, and the same in words."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..probes.engine import Engine
from ..probes.gallery import Failure
from ..probes.plan import Plan, Planned
from ..probes.recording import infotext
from ..probes.sheet import Sheet
from ..text import readable
from ..workspace.probing.probes import Chosen
from .documents import errors


def plan(plan: Plan, engine: Engine) -> dict[str, Any]:
    """The document of `probe --dry-run`."""
    return {
        "suite": plan.suite.name,
        "engine": engine.name,
        "jobs": [_job(picture, engine) for picture in plan.pictures],
        "pictures": len(plan.pictures),
        "existing": len(plan.pictures) - len(plan.missing),
        "seconds": plan.seconds,
        "bytes": plan.bytes,
        "missing": str(missing) if (missing := engine.missing()) else None,
    }


def sheet(sheet: Sheet) -> dict[str, Any]:
    """The document of `gallery`: null for what is missing."""
    rows = []
    for row in sheet.rows:
        stored = zip(sheet.columns, sheet.of_checkpoint(row.checkpoint), strict=True)
        pictures = [
            column._asdict()
            | {"path": readable(each.path) if each else None, "black": each.record.black if each else None}
            for column, each in stored
        ]
        rows.append(row._asdict() | {"pictures": pictures})
    return {"suite": sheet.suite.name, "engine": sheet.engine, "checkpoints": rows}


def nothing(chosen: Chosen) -> dict[str, Any]:
    """The document of `probe` where no checkpoint can generate pictures."""
    return {"jobs": [], "pictures": 0, "existing": 0, "errors": errors(chosen.unusable)}


def _job(picture: Planned, engine: Engine) -> dict[str, Any]:
    return {
        "checkpoint": picture.checkpoint.name,
        "sha256": picture.checkpoint.sha256,
        "probe": picture.probe,
        "parameters": asdict(picture.parameters),
        "infotext": infotext(picture.parameters, picture.checkpoint, engine.version),
        "identity": picture.identity,
        "path": readable(picture.path),
        "done": picture.done,
    }


def left_out(plan: Plan, failures: Sequence[Failure], chosen: Chosen) -> dict[str, Any]:
    """What the document of `probe` says besides: what failed, and which files are no checkpoints or copies."""
    return {
        "failures": [{"checkpoint": each.checkpoint, "name": each.name, "error": each.error} for each in failures],
        "copies": [copy.name for copy in plan.copies],
        "originals": {copy.name: plan.generates_instead(copy) for copy in plan.copies},
        "errors": errors(chosen.unusable),
    }


def expected(plan: Plan, engine: Engine, folder: Path) -> list[str]:
    """How many pictures, and what the missing ones will take."""
    count, missing = len(plan.pictures), len(plan.missing)
    lines = [f"{plan.suite.name}: {count} pictures with {engine.name}, {count - missing} exist, {missing} missing"]
    if missing and plan.seconds is not None and plan.bytes is not None:
        free = shutil.disk_usage(folder).free
        sure = "" if plan.measured else " if these checkpoints are as fast as those before"
        lines.append(f"about {_duration(plan.seconds)}{sure}, {_size(plan.bytes)} on disk ({_size(free)} free)")
    elif missing:
        lines.append("the time is estimated once the first pictures exist")
    if missing and (lacking := engine.missing()):
        lines.append(f"nothing can be generated yet: {lacking}")
    return lines


def left_out_in_words(plan: Plan, failures: Sequence[Failure], chosen: Chosen) -> list[str]:
    """What was skipped, and what failed."""
    lines = [f"skipped: {copy.name}: a copy of {plan.generates_instead(copy)}" for copy in plan.copies]
    lines += unusable(chosen)
    return lines + [f"failed: {failure.name}: {failure.error}" for failure in failures]


def unusable(chosen: Chosen) -> list[str]:
    """The files that cannot generate pictures."""
    return [f"skipped: {readable(bad.path)}: {bad.error}" for bad in chosen.unusable]


def sheet_in_words(sheet: Sheet) -> list[str]:
    """How many pictures each checkpoint has."""
    lines = []
    for row in sheet.rows:
        there = [stored for stored in sheet.of_checkpoint(row.checkpoint) if stored]
        black = sum(stored.record.black for stored in there)
        lines.append(
            f"{row.name}: {len(there)} of {len(sheet.columns)} pictures" + (f", {black} black" if black else "")
        )
    return lines


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min" if minutes else "a minute"


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
