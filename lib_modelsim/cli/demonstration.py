"""The demonstration beside the page: its family, written on first use, and its pictures, generated meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from safetensors import SafetensorError

from ..demo import write_demo_family
from ..errors import ModelsimError, Sentence

SUITE = "demonstration"

_APART: dict[str, object] = (
    {"creationflags": subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NEW_PROCESS_GROUP}
    if sys.platform == "win32"
    else {"start_new_session": True}
)
"""Ctrl-C is meant for the page, which then ends this one."""

_NO_ROOM = Sentence(
    "make room for half a gigabyte, name another folder with --demo, or your own models with --models",
    "make room for half a gigabyte there",
)


class Demonstration:
    """The family in `models` and its pictures in `gallery`; `library` and `device` are the page's."""

    def __init__(self, models: Path, gallery: Path, library: Path, device: str) -> None:
        self.models, self._gallery, self._library, self._device = models, gallery, library, device
        self._generating: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Write what is missing of the family, then generate what is missing of its pictures, in a process beside this
        one that leaves the machine to others. Returns as soon as the family is there. Raises ModelsimError where it
        cannot be written."""
        try:
            write_demo_family(self.models, lambda name: _tell(f"writing the demonstration family: {name}"))
        except (OSError, SafetensorError) as error:
            raise ModelsimError(f"the demonstration cannot be written ({error})", self.models, _NO_ROOM) from error
        if self._generating is None:
            self._generating = self._started()

    def end(self) -> None:
        """Stop generating; the next start goes on with what is missing."""
        if self._generating is not None and self._generating.poll() is None:
            self._generating.terminate()
            self._generating.wait()

    def _started(self) -> subprocess.Popen[bytes] | None:
        # SDXL's two have learned nothing and would only say so
        chosen = ["--models", str(self.models), "--exclude", "meridian*"]
        kept = ["--library", str(self._library.absolute()), "--out", str(self._gallery)]
        beside = [sys.executable, "-m", "lib_modelsim.cli.beside", str(os.getpid())]
        try:
            return subprocess.Popen(  # noqa: S603 - ourselves
                [*beside, "probe", "--suite", SUITE, "--device", self._device, *chosen, *kept],
                cwd=Path(__file__).parents[2],  # where the package is found
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **_APART,
            )
        except OSError as error:
            _tell(f"the demonstration's pictures are not generated: {error}")
            return None


def _tell(text: str) -> None:
    print(f"modelsim: {text}", file=sys.stderr, flush=True)
