"""`probe`: its options, and the way from them to the services."""

from __future__ import annotations

import argparse
import sys

from ..errors import ModelsimError
from ..saying import print_json, print_lines
from .options import device_option, exclude_option, generating_options, path, workspace
from .progress import progress_bars

_STANDARD = "standard"


def add_probe_arguments(probe: argparse.ArgumentParser) -> None:
    """What `probe` takes."""
    suite_option(probe)
    probe.add_argument(
        "--models", nargs="+", type=path, default=[], metavar="PATH", help="checkpoints, or folders with them"
    )
    exclude_option(probe)
    generating_options(probe)
    probe.add_argument("--out", type=path, required=True, metavar="DIR", help="the gallery")
    probe.add_argument("--dry-run", action="store_true", help="show what would be generated, and generate nothing")
    probe.add_argument("--batch", type=int, default=1, metavar="N", help="batch size (default: 1)")
    device_option(probe)


def run_probe(options: argparse.Namespace) -> int:
    """Generate what is missing, or say what that is."""
    from ..workspace.workspace import NothingGenerates
    from . import probe_documents as documents

    if options.batch < 1:
        raise ModelsimError("--batch is out of range", options.batch, "use 1 or more")
    if not (options.models or options.webui or options.generate_with):
        raise ModelsimError("no checkpoints given", None, "give some with --models, or a running WebUI with --webui")
    with workspace(options, options.models, options.out, options.exclude) as use, progress_bars() as job:
        suite, failures, nothing = use.suites.named_or_read(options.suite), (), None
        try:
            planned = use.plan(suite, options.models, options.batch, job)
        except NothingGenerates as error:
            if options.json:
                print_json(documents.nothing(error.chosen))
            else:
                print_lines(documents.unusable(error.chosen))
            raise
        if not options.dry_run and planned.plan.missing:
            if sys.stderr.isatty():
                print_lines(documents.expected(planned.plan, planned.engine, options.out), sys.stderr)
            failures, before = use.generate(planned, job), planned
            planned = use.planned_again(planned, options.batch)
            nothing = use.nothing_generated(before, planned, failures)
    plan, engine, chosen = planned.plan, planned.engine, planned.chosen
    if options.json:
        print_json(documents.plan(plan, engine) | documents.left_out(plan, failures, chosen))
    else:
        print_lines(documents.expected(plan, engine, options.out))
        print_lines(documents.left_out_in_words(plan, failures, chosen))
    if nothing is not None:
        raise nothing
    return 0


def suite_option(parser: argparse.ArgumentParser) -> None:
    """`--suite`."""
    parser.add_argument(
        "--suite",
        default=_STANDARD,
        metavar="S",
        help=f"name or file of a suite (default: {_STANDARD}); suite list shows them",
    )


def require_suite(options: argparse.Namespace) -> None:
    """For commands that may come to an end without the suite: a name that none has is a mistake all the same.

    Raises ModelsimError with the nearest name.
    """
    if options.suite != _STANDARD:
        with workspace(options) as use:
            use.suites.named_or_read(options.suite)
