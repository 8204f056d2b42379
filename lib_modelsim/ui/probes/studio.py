"""What the page of probes works on: suites, the plan of a run, the run itself, and the gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ModelsimError
from ...job import Job
from ...library import Library
from ..desk import Desk
from ..tasks import Task

if TYPE_CHECKING:  # Pillow and engines come with them
    from ...probes.engine import Engine
    from ...probes.gallery import Failure
    from ...probes.plan import Plan
    from ...probes.sheet import Sheet
    from ...workspace.probing.grids import WrittenGrid
    from ...workspace.probing.probes import Chosen


@dataclass(frozen=True)
class Order:
    """What is to be drawn: a suite, by name; models by name, none for all; so many pictures at once."""

    suite: str
    models: tuple[str, ...] = ()
    batch: int = 1


@dataclass(frozen=True)
class OrderPlan:
    """An order's plan, and what cannot draw."""

    plan: Plan
    chosen: Chosen


class Studio:
    """The pictures' side of the desk; long work goes through its one background thread."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.planned: dict[Order, OrderPlan] = {}
        self.failures: list[Failure] = []
        self.grid: WrittenGrid | None = None

    def make_plan(self, order: Order) -> Task:
        """Find out what an order would draw; files never hashed before are."""
        return self.desk.run(("plan", order), lambda job, library: self._plan(order, job, library)[0])

    def draw(self, order: Order) -> Task:
        """Draw what is missing of an order, then compose the grid of its suite."""
        return self.desk.run(("draw", order), lambda job, library: self._draw(order, job, library))

    def make_grid(self, order: Order) -> Task:
        """Compose the pictures of a suite: pages that can be saved, and a page that opens offline."""
        return self.desk.run(("grid", order), lambda job, _: self._make_grid(order, job))

    def sheet(self, suite: str) -> Sheet | None:
        """What was drawn of a suite; None where nothing was."""
        from ...workspace.probing.probes import sheet_of

        try:
            return sheet_of(self.desk.gallery, self.desk.suites.named(suite)) if self.desk.gallery.is_dir() else None
        except ModelsimError:
            return None  # the gallery is empty

    def _plan(self, order: Order, job: Job, library: Library) -> tuple[Plan, Engine]:
        from ...workspace.probing.probes import plan_suite

        engine, chosen = self._engine(order, job, library)
        if not chosen.checkpoints:
            raise ModelsimError("no checkpoint to draw with", None, "put some beside the others, or choose others")
        plan = plan_suite(
            self.desk.suites.named(order.suite), chosen.checkpoints, engine, self.desk.gallery, order.batch
        )
        self.planned[order] = OrderPlan(plan, chosen)
        return plan, engine

    def _draw(self, order: Order, job: Job, library: Library) -> None:
        from ...workspace.probing.probes import draw_plan

        plan, engine = self._plan(order, job, library)
        self.failures = []
        try:
            if plan.missing:
                with self.desk.host.at_work("modelsim: drawing probes", job) as shown:
                    self.failures = list(draw_plan(plan, engine, self.desk.gallery, shown).failures)
        finally:
            self._plan(order, Job(), library)
        if self.sheet(order.suite) is not None:
            self._make_grid(order, job)

    def engine(self, job: Job, library: Library) -> Engine:
        """What draws with all checkpoints there are."""
        return self._engine(Order(""), job, library)[0]

    def _engine(self, order: Order, job: Job, library: Library) -> tuple[Engine, Chosen]:
        from ...workspace.probing.probes import of_engine, on_disk

        host, paths = self.desk.host, self._paths(order.models)
        if host.draws_with_files:
            chosen = on_disk(paths or host.paths(), library, job)
            return host.engine(chosen.checkpoints), chosen
        engine = host.engine(())
        return engine, of_engine(engine, paths, library, job)

    def _paths(self, models: Sequence[str]) -> list[Path]:
        known = {model.name: model.path for model in self.desk.index.models}
        return [known[name] for name in models if name in known]

    def _make_grid(self, order: Order, job: Job) -> None:
        from ...workspace.probing.grids import GridOptions, grid_folder, write_grid

        sheet = self.sheet(order.suite)
        if sheet is None:
            raise ModelsimError("nothing was drawn of this suite", order.suite, "press Draw what is missing")
        self.grid = write_grid(sheet, grid_folder(self.desk.gallery, sheet), GridOptions(), (), job)
