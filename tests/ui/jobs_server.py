"""The page with jobs that the test begins and ends, by words on standard input: `add TITLE`, `finish TITLE`.

    python -m tests.ui.jobs_server FOLDER
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from threading import Event, Thread

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Progress
from lib_modelsim.library import Library
from lib_modelsim.ui.backend import MODELS, Backend
from lib_modelsim.ui.page import build_page
from lib_modelsim.ui.server import free_socket, run


def main(folder: Path) -> None:
    backend = Backend(Folders([folder], folder, Settings(device="cpu")), lambda: Library(folder / "library.sqlite"))
    finished: dict[str, Event] = defaultdict(Event)

    def add(title: str) -> None:
        def work(job, _):
            job.report(Progress("working", 1, 4, "steps"))
            while not finished[title].wait(0.02):
                job.check()
            return f"{title} has come out."

        backend.jobs.show_to(backend.run(title, work, title), MODELS)

    def listen() -> None:
        for line in sys.stdin:
            what, _, title = line.strip().partition(" ")
            add(title) if what == "add" else finished[title].set()

    Thread(target=listen, daemon=True).start()
    run(build_page(backend), folder, free_socket(None), open_browser=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
