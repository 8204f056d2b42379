"""`probe` and `gallery`: arguments, documents and text."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import ModelsimError
from ..job import Job
from ..library import Library
from ..probes.engine import Engine
from ..probes.gallery import Failure
from ..probes.plan import Plan, Planned
from ..probes.recording import infotext
from ..probes.sheet import Sheet
from ..service.index import readable
from ..service.probe_suites import STANDARD, Suites
from ..service.probes import Chosen, draw_plan, of_engine, on_disk, plan_suite, sheet_of
from .documents import errors
from .options import data_folder, device_option, open_library, print_json
from .progress import progress_bars


def add_probe_arguments(probe: argparse.ArgumentParser) -> None:
    """What `probe` takes."""
    _suite_option(probe)
    probe.add_argument(
        "--models", nargs="+", type=Path, default=[], metavar="PATH", help="checkpoints, or folders with them"
    )
    probe.add_argument(
        "--webui", metavar="URL", help="draw with this running WebUI; http://user:password@host:7860 where it asks"
    )
    probe.add_argument("--out", type=Path, required=True, metavar="DIR", help="the gallery")
    probe.add_argument("--dry-run", action="store_true", help="say what would be drawn")
    probe.add_argument("--batch", type=int, default=1, metavar="N", help="pictures drawn at once (default: 1)")
    device_option(probe)


def add_gallery_arguments(gallery: argparse.ArgumentParser) -> None:
    """What `gallery` takes."""
    gallery.add_argument("folder", type=Path, metavar="DIR", help="the gallery")
    _suite_option(gallery)


def run_probe(options: argparse.Namespace) -> int:
    """Draw what is missing, or say what that is."""
    if options.batch < 1:
        raise ModelsimError("no such batch", options.batch, "use 1 or more")
    suite = Suites(data_folder() / "suites").named(options.suite)
    with open_library(options) as library, progress_bars() as job:
        engine, chosen = engine_for(options, library, job)
        if not chosen.checkpoints:
            _tell_unusable(chosen, options.json)
            raise ModelsimError("no checkpoint to draw with", None, "give some with --models")
        plan = plan_suite(suite, chosen.checkpoints, engine, options.out, options.batch)
        failures: Sequence[Failure] = []
        if not options.dry_run and plan.missing:
            print("\n".join(_expected(plan, engine, options.out)), file=sys.stderr)
            failures = draw_plan(plan, engine, options.out, job).failures
            plan = plan_suite(suite, chosen.checkpoints, engine, options.out, options.batch)
    if options.json:
        print_json(plan_document(plan, engine) | _left_out(plan, failures, chosen))
    else:
        print("\n".join([*_expected(plan, engine, options.out), *_left_out_lines(plan, failures, chosen)]))
    return 0


def engine_for(options: argparse.Namespace, library: Library, job: Job) -> tuple[Engine, Chosen]:
    """The engine that draws, and what it draws with."""
    if options.webui:
        from ..hosts.webui_http import WebuiByHttp

        engine = WebuiByHttp(options.webui)
        return engine, of_engine(engine, options.models, library, job)
    from ..hosts.diffusers_engine import Diffusers

    if not options.models:
        raise ModelsimError("no checkpoints given", None, "give some with --models, or a running WebUI with --webui")
    chosen = on_disk(options.models, library, job)
    return Diffusers(chosen.checkpoints, options.device), chosen


def run_gallery(options: argparse.Namespace) -> int:
    """What a gallery holds of a suite."""
    sheet = sheet_of(options.folder, Suites(data_folder() / "suites").named(options.suite))
    if options.json:
        print_json(sheet_document(sheet))
    else:
        for row in sheet.rows:
            there = [stored for stored in sheet.of_checkpoint(row.checkpoint) if stored]
            black = sum(stored.record.black for stored in there)
            print(f"{row.name}: {len(there)} of {len(sheet.columns)} pictures" + (f", {black} black" if black else ""))
    return 0


def plan_document(plan: Plan, engine: Engine) -> dict[str, Any]:
    """The document of `probe --dry-run`."""
    return {
        "suite": plan.suite.name,
        "engine": engine.name,
        "jobs": [_job(picture, engine) for picture in plan.pictures],
        "pictures": len(plan.pictures),
        "existing": len(plan.pictures) - len(plan.missing),
        "seconds": plan.seconds,
        "bytes": plan.bytes,
    }


def sheet_document(sheet: Sheet) -> dict[str, Any]:
    """The document of `gallery`: null for what was not drawn."""
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


def _suite_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--suite", default=STANDARD, metavar="S", help=f"a suite's name or file (default: {STANDARD}); see suite list"
    )


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


def _left_out(plan: Plan, failures: Sequence[Failure], chosen: Chosen) -> dict[str, Any]:
    return {
        "failures": [{"checkpoint": each.checkpoint, "name": each.name, "error": each.error} for each in failures],
        "copies": [copy.name for copy in plan.copies],
        "errors": errors(chosen.unusable),
    }


def _tell_unusable(chosen: Chosen, as_json: bool) -> None:
    if as_json:
        print_json({"jobs": [], "pictures": 0, "existing": 0, "errors": errors(chosen.unusable)})
    else:
        print("\n".join(f"{readable(bad.path)}: {bad.error}" for bad in chosen.unusable))


def _expected(plan: Plan, engine: Engine, folder: Path) -> list[str]:
    """How many pictures, and what the missing ones will take."""
    count, missing = len(plan.pictures), len(plan.missing)
    lines = [f"{plan.suite.name}: {count} pictures with {engine.name}, {count - missing} are there, {missing} missing"]
    if missing and plan.seconds is not None and plan.bytes is not None:
        free = shutil.disk_usage(folder).free
        lines.append(f"about {_duration(plan.seconds)}, {_size(plan.bytes)} on disk ({_size(free)} are free)")
    elif missing:
        lines.append("how long it takes will be known from the first pictures on")
    return lines


def _left_out_lines(plan: Plan, failures: Sequence[Failure], chosen: Chosen) -> list[str]:
    lines = [f"a copy of another one, left out: {copy.name}" for copy in plan.copies]
    lines += [f"left out: {readable(bad.path)}: {bad.error}" for bad in chosen.unusable]
    return lines + [f"not drawn: {failure.name}: {failure.error}" for failure in failures]


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min" if minutes else "a minute"


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
