"""What the page of probes works on: the plans of runs, the runs themselves, and the grid."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ModelsimError
from ...job import Job, Progress
from ...workspace.workspace import NothingGenerates, ProbePlan, Workspace
from ..backend import Backend
from ..tasks import Lane, Task

if TYPE_CHECKING:  # Pillow and engines come with them
    from ...probes.gallery import Failure
    from ...probes.sheet import Sheet
    from ...workspace.catalogue.index import Unreadable
    from ...workspace.probing.grids import WrittenGrid


GENERATE = "Generate missing images"
"""What the button says; messages name it."""


PICTURES = "pictures"
"""Who shows them while a run goes on."""


@dataclass(frozen=True)
class Order:
    """What is to be generated: a suite, by name; models by name, none for all; so many pictures in a batch; by the
    WebUI at an address, where there is one."""

    suite: str
    models: tuple[str, ...] = ()
    batch: int = 1
    webui: str = ""


class Studio:
    """The pictures' side of the backend; long work goes through its queue."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.planned: dict[Order, ProbePlan] = {}
        self.refused: dict[Order, list[Unreadable]] = {}
        self.asking: set[Order] = set()
        self.failures: list[Failure] = []
        self.grid: WrittenGrid | None = None
        self.generated: dict[Order, int] = {}  # by runs that go on: so many of what was missing were dealt with
        self._drew: str | None = None  # the engine that generated last

    def make_plan(self, order: Order) -> Task:
        """Find out what an order would generate, from headers alone and the hashes that are known."""
        return self.backend.run(("plan", order), partial(self._plan, order, quick=True), f"Estimate {order.suite}")

    def ask_about(self, order: Order) -> None:
        """From now on the page asks whether to begin, as soon as it is known what would be generated."""
        self.planned.pop(order, None)
        self.asking.add(order)

    def asks(self, order: Order) -> bool:
        """Whether the page asks; not, where nothing would be generated."""
        return order in self.asking and order in self.planned and bool(self.planned[order].plan.missing)

    def generate(self, order: Order) -> Task:
        """Generate what is missing of an order, then compose the grid of its suite."""
        work, title = partial(self._generate, order), f"Generate {order.suite}"
        return self.backend.run(("generate", order), work, title, lane=Lane.GENERATES)

    def make_grid(self, order: Order) -> Task:
        """Compose the pictures of a suite: pages that can be saved, and a page that opens offline."""
        return self.backend.run(("grid", order), partial(self._make_grid, order), f"Make the grid of {order.suite}")

    def sheet(self, suite: str) -> Sheet | None:
        """What was generated of a suite, by the engine that generated last, or else the most; None where none was."""
        from ...workspace.probing.probes import sheet_of

        backend = self.backend
        for engine in (self._drew, None) if backend.gallery.is_dir() else ():
            with suppress(ModelsimError):  # nothing by this engine, or nothing at all
                return sheet_of(backend.gallery, backend.suites.named(suite), engine)
        return None

    def _plan(self, order: Order, job: Job, workspace: Workspace, quick: bool = False) -> ProbePlan:
        self.refused.pop(order, None)
        suite, paths = workspace.suites.named(order.suite), self._paths(order.models)
        try:
            planned = workspace.plan(suite, paths, order.batch, job, quick)
        except NothingGenerates as error:
            self.planned.pop(order, None)
            self.refused[order] = error.chosen.unusable
            raise
        self.planned[order] = planned
        return planned

    def _generate(self, order: Order, job: Job, workspace: Workspace) -> str:
        planned = self._plan(order, job, workspace)
        self.failures = []
        try:
            if planned.plan.missing:
                self._drew = planned.engine.name
                self.failures = list(workspace.generate(planned, self._telling(order, job)))
        finally:
            self.generated.pop(order, None)
            after = self._plan(order, Job(), workspace)
        if self.sheet(order.suite) is not None:
            self._make_grid(order, job, workspace)
        if nothing := workspace.nothing_generated(planned, after, self.failures):
            raise nothing
        return _outcome(len(planned.plan.missing) - len(after.plan.missing), self.failures)

    def _telling(self, order: Order, job: Job) -> Job:
        """The job of a run; each new picture is told to whoever looks at them."""

        def report(progress: Progress) -> None:
            job.report(progress)
            if progress.unit == "pictures" and progress.done != self.generated.get(order):
                self.generated[order] = progress.done
                self.backend.jobs.tell(PICTURES)

        return replace(job, report=report)

    def _paths(self, models: Sequence[str]) -> list[Path]:
        known = {model.name: model.path for model in self.backend.index.models}
        return [known[name] for name in models if name in known]

    def _make_grid(self, order: Order, job: Job, workspace: Workspace) -> None:
        sheet = self.sheet(order.suite)
        if sheet is None:
            raise ModelsimError("this suite has no images yet", order.suite, f"press {GENERATE}")
        self.grid = workspace.grid(sheet, job)


def _outcome(generated: int, failures: Sequence[Failure]) -> str:
    """What came out of a run, with the reason of the first failure; the page shows the others'."""
    if not failures:
        return f"{generated:,} generated."
    first = failures[0]
    return f"{generated:,} generated, {len(failures):,} failed: {first.name}: {first.error}"
