"""`suite list|show|import|export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelsimError
from ..saying import print_json, print_json_text, print_lines
from ..text import readable
from .options import workspace

if TYPE_CHECKING:  # each command imports its own service only
    from ..probes.suite import Probe, Suite
    from ..workspace.probing.suites import Suites


def add_suite_arguments(suite: argparse.ArgumentParser) -> None:
    """What `suite` takes."""
    suite.add_argument("action", choices=list(_ACTIONS), help="what to do")
    suite.add_argument(
        "what",
        nargs="?",
        metavar="NAME|FILE",
        help="show, export: name of a suite; import: a suite as JSON, a text file with one prompt per line, or an "
        "infotext as text or in a picture",
    )
    suite.add_argument("--name", help="import: name of the suite (default: the name of the file)")
    suite.add_argument("--replace", action="store_true", help="import: replace the suite of the same name")
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
        own = ["" if suites.is_shipped(suite.name) else ", your own" for suite in found]
        print_lines(f"{suite.name}: {_count(suite)}{o}. {suite.about}" for suite, o in zip(found, own, strict=True))
    return 0


def _show(suites: Suites, options: argparse.Namespace) -> int:
    from ..probes.suite import to_document

    suite = suites.named_or_read(options.what)
    if options.json:
        print_json(to_document(suite))
        return 0
    print_lines([f"{suite.name}: {_count(suite)}", suite.about, suite.source, *map(_probe, suite.probes)])
    return 0


def _import(suites: Suites, options: argparse.Namespace) -> int:
    suite = suites.from_file(Path(options.what), options.name)
    path = suites.save(suite, options.replace)
    if options.json:
        print_json(_summary(suite, suites) | {"path": readable(path)})
    else:
        print_lines([f"{suite.name}: {_count(suite)}"])
    return 0


def _export(suites: Suites, options: argparse.Namespace) -> int:
    from ..probes.suite import to_json
    from ..writing import write_text

    suite = suites.named_or_read(options.what)
    if options.out is None:
        print_json_text(to_json(suite).rstrip("\n"))
        return 0
    path = write_text(options.out, to_json(suite))
    if options.json:
        print_json({"path": readable(path)})
    else:
        print_lines([readable(path)])
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


def _probe(probe: Probe) -> str:
    """One line: name, category, seeds and prompt."""
    seeds, prompt = ", ".join(map(str, probe.seeds)), " ".join(probe.parameters.prompt.split())
    return f"{probe.name} [{probe.category or 'no category'}], seed {seeds}: {prompt or '(empty)'}"


def _pictures(suite: Suite) -> int:
    return sum(len(probe.seeds) for probe in suite.probes)


def _count(suite: Suite) -> str:
    pictures = _pictures(suite)
    return f"{pictures} picture{'s' if pictures > 1 else ''} per checkpoint"
