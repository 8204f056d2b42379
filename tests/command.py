"""The command line as tests call it: in this process where speed counts, in one of its own where that is the point."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from lib_modelsim.cli.main import main

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and the two streams."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; fails where there is anything else, or a NaN in it."""
        return json.loads(self.out, parse_constant=lambda name: 1 / 0)


def run(*arguments: object, figures: bool = False) -> Outcome:
    """Run a command in this process; `classify` draws its `figures`, most of its work, only for who asks about them."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), nullcontext() if figures else _without_figures(arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
    return Outcome(code, out.getvalue(), err.getvalue())


def _without_figures(arguments: Sequence[object]) -> AbstractContextManager:
    if arguments[:1] != ("classify",):  # others need not import matplotlib
        return nullcontext()
    return patch("lib_modelsim.workspace.families.result_files.FIGURES", {})


def run_process(*arguments: object, timeout: float = 300, **options: Any) -> Outcome:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "lib_modelsim", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=timeout, check=False, **options)
    return Outcome(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
