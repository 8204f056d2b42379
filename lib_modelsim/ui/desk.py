"""What the page works on: one background thread with the library, one task in it at a time, and the answers it gave."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING

from ..checkpoints.identity import Identity
from ..errors import ModelsimError
from ..job import Job, Progress
from ..library import Library
from ..service.compare import Comparison, compare_models
from ..service.index import Index, read_index
from ..service.scan import known_identity, scan
from .words import printable

if TYPE_CHECKING:  # scipy and matplotlib come with it, on first use
    from ..service.class_names import ClassName
    from ..service.family import Family, Trust
    from ..service.results import Result


@dataclass(frozen=True)
class Question:
    """What a comparison is asked for; `base` is a model's name, or None for the mean, with delta-cosine alone."""

    measure: str
    base: str | None = None


@dataclass(frozen=True)
class Answer:
    """A comparison and its families; `no_tree` says why there are none. How far to trust a family in some number of
    classes is known once the desk has weighed it."""

    comparison: Comparison
    families: list[Family]
    no_tree: str | None = None
    _trusts: dict[tuple[str | None, int], Trust] = field(default_factory=dict)

    def trust(self, family: Family) -> Trust | None:
        """How far to trust one of the families, in whatever classes; None where it was not weighed."""
        return self._trusts.get(_in_classes(family))

    def weigh(self, family: Family) -> Trust:
        """Compute how far to trust one of the families, unless it is known."""
        from ..service.family import trust_of

        if self.trust(family) is None:
            self._trusts[_in_classes(family)] = trust_of(family)
        return self._trusts[_in_classes(family)]


def _in_classes(family: Family) -> tuple[str | None, int]:
    return family.architecture, int(family.classes.max())


class Task:
    """Work in the background thread, which can be followed and stopped."""

    def __init__(self, pool: ThreadPoolExecutor, work: Callable[[Job], None]) -> None:
        self._stop = Event()
        self._progress: Progress | None = None
        self._since = 0.0
        self._future = pool.submit(work, Job(self._report, self._stop.is_set))

    def _report(self, progress: Progress) -> None:
        if self._progress is None or self._progress.what != progress.what:
            self._since = time.monotonic()
        self._progress = progress

    @property
    def running(self) -> bool:
        return not self._future.done()

    def stop(self) -> None:
        """Ask it to end; it does so within one item, and keeps what is finished."""
        self._stop.set()

    def follow(self, every: float = 0.2) -> Iterator[tuple[Progress | None, float]]:
        """The latest progress and the seconds since its stage began, time and again until the work is done.

        Raises what the work raised: Cancelled where it was stopped.
        """
        while wait([self._future], timeout=every).not_done:
            yield self._progress, time.monotonic() - self._since
        self._future.result()


class Desk:
    """The models of these folders, the comparisons made of them, and what hashes say, by model name."""

    def __init__(self, paths: Sequence[Path], device: str, open_library: Callable[[], Library]) -> None:
        """Raises ModelsimError where the library cannot be used."""
        self.paths = list(paths)
        self.index = Index()
        self.answers: dict[Question, Answer] = {}
        self.identities: dict[str, Identity] = {}
        self.turn = 0  # counts the questions; who follows a task sees that there is a newer one
        self._device = device
        self._task: Task | None = None
        self._doing: Question | None = None
        self._pool = ThreadPoolExecutor(1, "modelsim")  # SQLite wants one thread
        self._library = self._pool.submit(open_library).result()
        self._naming = ThreadPoolExecutor(1, "modelsim names")  # names of classes do not wait until files are hashed
        self._names = self._naming.submit(open_library).result()
        self._exports = TemporaryDirectory(prefix="modelsim", ignore_cleanup_errors=True)

    @property
    def busy(self) -> bool:
        """Whether a task runs."""
        return self._task is not None and self._task.running

    def compare(self, question: Question) -> Task:
        """Read the folders anew and answer the question; a running task with the same question is joined."""
        return self._run(question, lambda job: self._compare(question, job))

    def hash_files(self) -> Task:
        """Hash the files that were not hashed before."""
        return self._run(None, self._hash)

    def stop(self) -> None:
        """Stop what runs."""
        if self._task is not None:
            self._task.stop()

    def close(self) -> None:
        """Stop what runs and close the library."""
        self.stop()
        self._pool.submit(self._library.__exit__, None, None, None)
        self._naming.submit(self._names.__exit__, None, None, None)
        self._pool.shutdown()
        self._naming.shutdown()
        self._exports.cleanup()

    def name_class(self, family: Family, number: int, name: str, remark: str) -> bool:
        """Remember what a person calls a class of the family; False where the library could not be written."""
        from ..service.class_names import ClassName, Words, name_class

        words = Words(family.architecture, number, name, remark)
        self._naming.submit(name_class, family, self.index.models, self._names, words).result()
        return self.class_names(family).get(number, ClassName()) == ClassName(name, remark)

    def class_names(self, family: Family) -> dict[int, ClassName]:
        """Class number → what a person calls it, for the classes that have a name or a remark."""
        from ..service.class_names import class_names

        return self._naming.submit(class_names, family, self.index.models, self._names).result()

    def result(self, answer: Answer, family: Family) -> Result:
        """One of the answer's families with all that its files tell; to be weighed first may take seconds."""
        from ..service.results import Result

        models = {model.name: model for model in self.index.models}
        return Result(family, answer.weigh(family), self.class_names(family), models, self.identities)

    def export(self, answer: Answer, families: Sequence[Family]) -> Path:
        """All files of these families in one archive, which lasts as long as the desk. Raises ModelsimError where the
        disk refuses."""
        from ..service.results import write_archive

        results = [self.result(answer, family) for family in families]
        return write_archive(results, Path(self._exports.name) / f"modelsim {datetime.now():%Y-%m-%d %H%M%S}.zip")

    @property
    def unhashed(self) -> int:
        """Bytes that no scan has read yet."""
        return sum(model.key.size for model in self.index.models if model.name not in self.identities)

    def _run(self, doing: Question | None, work: Callable[[Job], None]) -> Task:
        if not self.busy or self._doing != doing:
            self.stop()
            self._task, self._doing = Task(self._pool, work), doing
        return self._task

    def _compare(self, question: Question, job: Job) -> None:
        self._read_index(job)
        comparison = compare_models(self.index, question.measure, question.base, self._library, job, self._device)
        self.answers[question] = self._with_families(comparison, job)

    def _hash(self, job: Job) -> None:
        try:
            scan(self.paths, self._library, job)
        finally:
            self._read_index(Job())  # what was hashed before a stop counts too

    def _read_index(self, job: Job) -> None:
        index = read_index(self.paths, self._library, job)
        self.index = Index([replace(model, name=printable(model.name)) for model in index.models], index.unreadable)
        known = {model.name: known_identity(model, self._library) for model in self.index.models}
        self.identities = {name: identity for name, identity in known.items() if identity is not None}

    def _with_families(self, comparison: Comparison, job: Job) -> Answer:
        from ..service.classify import families_of, with_deltas
        from ..service.family import TreeOptions

        try:
            found = families_of(comparison, TreeOptions())
        except ModelsimError as error:  # the numbers hold without a tree
            return Answer(comparison, [], str(error))
        found = [with_deltas(family, comparison, self._library, job, self._device) for family in found]
        return Answer(comparison, [_resampled_here(family) for family in found])


def _resampled_here(family: Family) -> Family:
    """The family with what its resampling asks of the library asked now, in the library's thread."""
    if family.resampling is None or family.tree is None:
        return family
    resampling = family.resampling()
    return replace(family, resampling=lambda: resampling)
