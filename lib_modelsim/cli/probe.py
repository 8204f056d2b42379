"""`probe` and `gallery`: their options, and the way from them to the services."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelsimError
from .options import data_folder, device_option, open_library, print_json
from .progress import progress_bars

if TYPE_CHECKING:  # each command imports its own service only
    from ..job import Job
    from ..library import Library
    from ..probes.engine import Engine
    from ..probes.gallery import Failure
    from ..workspace.probing.probes import Chosen

_STANDARD = "standard"


def add_probe_arguments(probe: argparse.ArgumentParser) -> None:
    """What `probe` takes."""
    suite_option(probe)
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
    gallery.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="[import] DIR",
        help="the gallery; after import: a folder of pictures with a sub-folder for each model, to take in",
    )
    gallery.add_argument(
        "--gallery", type=Path, metavar="DIR", help="import: where to (default: the gallery in the user's data folder)"
    )
    suite_option(gallery)


def run_probe(options: argparse.Namespace) -> int:
    """Draw what is missing, or say what that is."""
    from ..workspace.probing.probes import draw_plan, plan_suite
    from ..workspace.probing.suites import Suites
    from . import probe_documents as documents

    if options.batch < 1:
        raise ModelsimError("no such batch", options.batch, "use 1 or more")
    suite = Suites(data_folder() / "suites").named(options.suite)
    with open_library(options) as library, progress_bars() as job:
        engine, chosen = engine_for(options, library, job)
        if not chosen.checkpoints:
            if options.json:
                print_json(documents.nothing(chosen))
            else:
                print("\n".join(documents.unusable(chosen)))
            raise ModelsimError("no checkpoint to draw with", None, "give some with --models")
        plan = plan_suite(suite, chosen.checkpoints, engine, options.out, options.batch)
        failures: Sequence[Failure] = []
        if not options.dry_run and plan.missing:
            if sys.stderr.isatty():
                print("\n".join(documents.expected(plan, engine, options.out)), file=sys.stderr)
            failures = draw_plan(plan, engine, options.out, job).failures
            plan = plan_suite(suite, chosen.checkpoints, engine, options.out, options.batch)
    if options.json:
        print_json(documents.plan(plan, engine) | documents.left_out(plan, failures, chosen))
    else:
        lines = documents.expected(plan, engine, options.out) + documents.left_out_in_words(plan, failures, chosen)
        print("\n".join(lines))
    return 0


def engine_for(options: argparse.Namespace, library: Library, job: Job) -> tuple[Engine, Chosen]:
    """The engine that draws, and what it draws with."""
    from ..workspace.probing.probes import of_engine, on_disk

    if options.webui:
        from ..engines.webui_http import WebuiByHttp

        engine = WebuiByHttp(options.webui)
        return engine, of_engine(engine, options.models, library, job)
    from ..engines.diffusers_engine import Diffusers

    if not options.models:
        raise ModelsimError("no checkpoints given", None, "give some with --models, or a running WebUI with --webui")
    chosen = on_disk(options.models, library, job)
    return Diffusers(chosen.checkpoints, options.device), chosen


def run_gallery(options: argparse.Namespace) -> int:
    """What a gallery holds of a suite, or taking pictures in."""
    from ..workspace.probing.probes import sheet_of
    from ..workspace.probing.suites import Suites
    from . import probe_documents as documents

    *action, folder = options.folders
    if action == [Path("import")]:
        from .find import run_gallery_import

        return run_gallery_import(options, folder)
    if action:
        raise ModelsimError("one gallery at a time", folder, "use gallery DIR, or gallery import DIR")
    sheet = sheet_of(folder, Suites(data_folder() / "suites").named(options.suite))
    if options.json:
        print_json(documents.sheet(sheet))
    else:
        print("\n".join(documents.sheet_in_words(sheet)))
    return 0


def suite_option(parser: argparse.ArgumentParser) -> None:
    """`--suite`."""
    parser.add_argument(
        "--suite", default=_STANDARD, metavar="S", help=f"a suite's name or file (default: {_STANDARD}); see suite list"
    )
