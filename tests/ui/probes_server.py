"""The page with an engine that draws a picture for each line on standard input.

    python -m tests.ui.probes_server FOLDER MODELS
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.page import build_page
from lib_modelsim.ui.server import free_socket, run
from tests.probes.fake_engine import FakeEngine


class Waiting(FakeEngine):
    """Each picture waits for its line."""

    @contextmanager
    def session(self, job):
        with super().session(job) as session:
            self.job = job
            yield session

    def draw(self, batch):
        self.job.report_within("step 4 of 20")
        sys.stdin.readline()
        return super().draw(batch)


class WaitingFolders(Folders):
    """Folders whose checkpoints it draws."""

    def engine(self, checkpoints):
        return Waiting(list(checkpoints))


def main(folder: Path, models: Path) -> None:
    host = WaitingFolders([models], folder, Settings(device="cpu"))
    backend = Backend(host, lambda: Library(folder / "library.sqlite"))
    run(build_page(backend), folder, free_socket(None), open_browser=False)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
