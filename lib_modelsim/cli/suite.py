"""`suite list|show|import|export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelsimError
from .options import print_json, workspace

if TYPE_CHECKING:  # each command imports its own service only
    from ..probes.suite import Suite
    from ..workspace.probing.suites import Suites


def add_suite_arguments(suite: argparse.ArgumentParser) -> None:
    """What `suite` takes."""
    suite.add_argument("action", choices=list(_ACTIONS), help="what to do")
    suite.add_argument(
        "what",
        nargs="?",
        metavar="NAME|FILE",
        help="show, export: a suite's name; import: a suite's JSON, a text file with one prompt a line, an infotext "
        "as text or in a picture",
    )
    suite.add_argument("--name", help="import: what to call it (default: as the file)")
    suite.add_argument("--replace", action="store_true", help="import: in the place of one of the same name")
    suite.add_argument("--out", type=Path, metavar="FILE", help="export: the file (default: stdout)")


def run_suite(options: argparse.Namespace) -> int:
    """One of the actions."""
    if options.action != "list" and options.what is None:
        raise ModelsimError(f"suite {options.action} needs a name or a file", None, "see suite --help")
    with workspace(options) as use:
        return _ACTIONS[options.action](use.suites, options)


def _list(suites: Suites, options: argparse.Namespace) -> int:
    found = suites.all()
    if options.json:
        print_json({"suites": [_summary(suite, suites) for suite in found]})
    else:
        for suite in found:
            print(
                f"{suite.name}: {_count(suite)}{'' if suites.is_shipped(suite.name) else ', your own'}. {suite.about}"
            )
    return 0


def _show(suites: Suites, options: argparse.Namespace) -> int:
    from ..probes.suite import to_document

    suite = suites.named(options.what)
    if options.json:
        print_json(to_document(suite))
        return 0
    print(f"{suite.name}: {_count(suite)}\n{suite.about}\n{suite.source}")
    for probe in suite.probes:
        seeds = ", ".join(map(str, probe.seeds))
        print(f"{probe.name} [{probe.category or 'no category'}], seed {seeds}: {probe.parameters.prompt or '(empty)'}")
    return 0


def _import(suites: Suites, options: argparse.Namespace) -> int:
    suite = suites.from_file(Path(options.what), options.name)
    path = suites.save(suite, options.replace)
    if options.json:
        print_json(_summary(suite, suites) | {"path": str(path)})
    else:
        print(f"{suite.name}: {_count(suite)}")
    return 0


def _export(suites: Suites, options: argparse.Namespace) -> int:
    from ..probes.suite import to_json
    from ..writing import write_text

    suite = suites.named(options.what)
    if options.out is None:
        print(to_json(suite), end="")
        return 0
    path = write_text(options.out, to_json(suite))
    if options.json:
        print_json({"path": str(path)})
    else:
        print(path)
    return 0


_ACTIONS = {"list": _list, "show": _show, "import": _import, "export": _export}


def _summary(suite: Suite, suites: Suites) -> dict[str, Any]:
    return {
        "name": suite.name,
        "about": suite.about,
        "source": suite.source,
        "probes": len(suite.probes),
        "pictures": _pictures(suite),
        "shipped": suites.is_shipped(suite.name),
    }


def _pictures(suite: Suite) -> int:
    return sum(len(probe.seeds) for probe in suite.probes)


def _count(suite: Suite) -> str:
    pictures = _pictures(suite)
    return f"{pictures} picture{'s' if pictures > 1 else ''} of each checkpoint"
