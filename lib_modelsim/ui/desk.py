"""What the tab works on: one background thread with the library, one task in it at a time, and the answers it gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING

from ..checkpoints.identity import Identity
from ..errors import ModelsimError
from ..hosts.host import Host, Listed
from ..job import Job
from ..library import Library
from ..similarity.measures.pictures import PICTURES
from ..similarity.measures.registry import measure_named
from ..text import printable
from ..workspace.catalogue.index import Index, Model, read_index
from ..workspace.catalogue.scan import known_identity, scan
from ..workspace.catalogue.table import LibraryRow, State, library_rows
from ..workspace.comparing.compare import Comparison, compare_models
from .choices import Question
from .families.answers import Answer, How
from .tasks import Task, task_name

if TYPE_CHECKING:  # scipy and matplotlib come with them, on first use
    from ..families.support import Resampling
    from ..workspace.comparing.detail import Detail
    from ..workspace.families.class_labels import ClassName
    from ..workspace.families.family import Family
    from ..workspace.families.references import References
    from ..workspace.families.results import Result
    from ..workspace.probing.suites import Suites


class Desk:
    """The models of the host, the comparisons made of them, and what hashes say, by model name."""

    def __init__(self, host: Host, open_library: Callable[[], Library]) -> None:
        self.host = host
        self.index = Index()
        self.answers: dict[Question, Answer] = {}
        self.identities: dict[str, Identity] = {}
        self.rows: list[LibraryRow] = []
        self.memory = ""  # why the model in memory is no row, where that is to be told
        self.details: dict[tuple[Question, str | None, str | None], Detail] = {}
        self.turn = 0  # counts the tasks asked for; who follows one sees that there is a newer one
        self._open_library = open_library
        self._task: Task | None = None
        self._doing: object = None
        self._pool = ThreadPoolExecutor(1, "modelsim")  # SQLite wants one thread
        self._at_once = ThreadPoolExecutor(1, "modelsim at once")  # names and tables do not wait until files are hashed
        self._exports = TemporaryDirectory(prefix="modelsim", ignore_cleanup_errors=True)

    @cached_property
    def _library(self) -> Library:
        """The library of the thread for long work."""
        return self._open_library()

    @cached_property
    def _quick_library(self) -> Library:
        """The library of the thread for what is answered at once."""
        return self._open_library()

    @property
    def busy(self) -> bool:
        """Whether a task runs."""
        return self._task is not None and self._task.running

    # long work

    def read_index(self) -> Task:
        """Read the headers of what is new or has changed."""
        return self._run("index", self._read_index)

    def compare(self, question: Question) -> Task:
        """Read the headers anew and answer the question; a running task with the same question is joined."""
        name = task_name()
        return self._run(question, lambda job: self._compare(question, job, name), name)

    def hash_files(self) -> Task:
        """Hash the files that were not hashed before."""
        return self._run("hashes", self._hash)

    def compare_two(self, question: Question, name: str, other: str) -> Task:
        """Compare two models of an answer in detail."""
        task = task_name()
        return self._run(
            ("two", question, name, other), lambda job: self._compare_two((question, name, other), job, task), task
        )

    def load(self, name: str) -> Task:
        """Make a model the host's current checkpoint."""
        return self._run(("load", name), lambda job: self._load(name, job))

    def run(self, doing: object, work: Callable[[Job, Library], object]) -> Task:
        """Do other long work in the background thread; running work that does the same is joined."""
        return self._run(doing, lambda job: work(job, self._library))

    def stop(self) -> None:
        """Stop what runs."""
        if self._task is not None:
            self._task.stop()

    def close(self) -> None:
        """Stop what runs and close the libraries."""
        self.stop()
        for pool, name in ((self._pool, "_library"), (self._at_once, "_quick_library")):
            pool.submit(
                lambda name=name: self.__dict__[name].__exit__(None, None, None) if name in self.__dict__ else 0
            )
            pool.shutdown()
        self._exports.cleanup()

    def _run(self, doing: object, work: Callable[[Job], object], name: str | None = None) -> Task:
        if not self.busy or self._doing != doing:
            self.stop()
            self._task, self._doing = Task(self._pool, work, name), doing
        return self._task

    def _compare(self, question: Question, job: Job, task: str) -> None:
        self._read_index(job)
        if question.measure == PICTURES.name:
            self.answers[question] = Answer(self._compare_pictures(job))
            return
        settings = self.host.settings()
        with self.host.at_work("modelsim: comparing checkpoints", job, task) as shown:
            comparison = compare_models(
                self.index, question.measure, question.base, self._library, shown, settings.device, settings.memory
            )
            self.answers[question] = Answer(comparison, self._deltas(comparison, shown))

    def _compare_pictures(self, job: Job) -> Comparison:
        from ..workspace.probing.by_pictures import comparison_by_pictures

        return comparison_by_pictures(self.gallery, self.suites.all(), self.index.models, self.identities, job)

    @property
    def suites(self) -> Suites:
        """The suites of probes: shipped, and the person's own."""
        from ..workspace.probing.suites import Suites

        return Suites(self.host.data / "suites")

    @property
    def gallery(self) -> Path:
        """The folder of all pictures."""
        return (self.host.settings().output or self.host.data) / "gallery"

    def _deltas(self, comparison: Comparison, job: Job) -> dict[str, Resampling]:
        """Architecture → what the resampling of a measure with a base needs, asked of the library in its own thread."""
        if not measure_named(comparison.matrix.measure).needs_base:
            return {}
        from ..workspace.families.classify import families_of, with_deltas
        from ..workspace.families.family import TreeOptions

        try:
            found = families_of(comparison, TreeOptions())
        except ModelsimError:
            return {}  # why there is no tree is told where one is asked for
        found = [with_deltas(f, comparison, self._library, job, "cpu") for f in found if f.tree is not None]
        return {family.architecture or "": family.resampling() for family in found if family.resampling is not None}

    def _hash(self, job: Job) -> None:
        try:
            scan(self.host.paths(), self._library, job)
        finally:
            self._read_index(Job())  # what was hashed before a stop counts too

    def _compare_two(self, pair: tuple[Question, str, str], job: Job, task: str) -> None:
        from ..workspace.comparing.detail import detail

        question, name, other = pair
        comparison, settings = self.answers[question].comparison, self.host.settings()
        with self.host.at_work("modelsim: comparing two checkpoints", job, task) as shown:
            self.details[pair] = detail(
                comparison, (name, other), self._library, shown, settings.device, settings.memory
            )

    def _load(self, name: str, job: Job) -> None:
        model = self.model(name)
        if model is None:
            raise ModelsimError("no such checkpoint any more", name, "press Refresh")
        self.host.load(model.path, job)

    def _read_index(self, job: Job) -> None:
        index = read_index(self.host.paths(), self._library, job, self._hashes())
        models = [replace(model, name=printable(model.name)) for model in [*index.models, *self._in_memory(job)]]
        self._take(Index(models, index.unreadable), self._library)

    def _take(self, index: Index, library: Library) -> None:
        self.index = index
        known = {model.name: known_identity(model, library) for model in index.models}
        self.identities = {name: identity for name, identity in known.items() if identity is not None}

    def _in_memory(self, job: Job) -> list[Model]:
        """The model that the host has loaded, as one more, where its weights are no longer those of its file: merged,
        say, or with another VAE. Where they are, the file's row speaks for it, and nothing is compared twice."""
        self.memory = ""
        if "loaded" in self.host.cannot:
            return []
        from ..workspace.catalogue.loaded import changed_in_memory, loaded_model

        try:
            with self.host.at_work("modelsim: looking at the model in memory", job):
                changed = changed_in_memory(self.host)
                if changed is None or changed:
                    return [loaded_model(self.host, self._library)]
        except ModelsimError as error:
            self.memory = str(error)
        return []

    # at once

    def look(self) -> None:
        """See what files there are, and what the library knows of them; nothing is read."""
        rows = self._at_once.submit(
            lambda: library_rows(self.host.paths(), self._quick_library, self._hashes())
        ).result()
        if not self.index.models and not self.busy:
            self._at_once.submit(self._recall_index, rows).result()
        memory = [
            LibraryRow(model.name, model.path, State.INDEXED, size=model.key.size, header=model.header)
            for model in self.index.models
            if model.opener is not None
        ]
        self.rows = [replace(row, name=printable(row.name)) for row in rows] + memory

    def _recall_index(self, rows: Sequence[LibraryRow]) -> None:
        """After a start: the models that were indexed before, under the names of the table."""
        names = {row.path: printable(row.name) for row in rows if row.state is State.INDEXED}
        if names:
            index = read_index(list(names), self._quick_library, Job())
            self._take(Index([replace(model, name=names[model.path]) for model in index.models]), self._quick_library)

    def name_class(self, family: Family, number: int, name: str, remark: str) -> bool:
        """Remember what a person calls a class of the family; False where the library could not be written."""
        from ..workspace.families.class_labels import ClassEdit, ClassName, name_class

        words = ClassEdit(family.architecture, number, name, remark)
        self._at_once.submit(lambda: name_class(family, self.index.models, self._quick_library, words)).result()
        return self.class_names(family).get(number, ClassName()) == ClassName(name, remark)

    def class_names(self, family: Family) -> dict[int, ClassName]:
        """Class number → what a person calls it, for the classes that have a name or a remark."""
        from ..workspace.families.class_labels import class_names

        return self._at_once.submit(lambda: class_names(family, self.index.models, self._quick_library)).result()

    def _hashes(self) -> dict[Path, str]:
        """SHA-256 of the files that the host has hashed."""
        return {entry.path: entry.sha256 for entry in self.host.listed() if entry.sha256}

    def load_references(self, file: Path) -> References:
        """The models that a list names. Raises ModelsimError where the file cannot be read or names none of them."""
        from ..workspace.families.references import load_references

        return self._at_once.submit(lambda: load_references(file, self.index.models, self._quick_library)).result()

    def listed(self) -> dict[Path, Listed]:
        """What the host knows of its checkpoints, by path."""
        return {entry.path: entry for entry in self.host.listed()}

    def model(self, name: str | None) -> Model | None:
        """The indexed model of this name."""
        return next((model for model in self.index.models if model.name == name), None)

    def result(self, answer: Answer, how: How, family: Family) -> Result:
        """One of the answer's families with all that its files tell; to be weighed first may take seconds."""
        from ..workspace.families.results import Result

        models = {model.name: model for model in self.index.models}
        return Result(family, answer.weigh(how, family), self.class_names(family), models, self.identities)

    def export(self, answer: Answer, how: How, families: Sequence[Family]) -> Path:
        """All files of these families in one archive, which lasts as long as the desk. Raises ModelsimError where the
        disk refuses."""
        from ..workspace.families.results import write_archive

        results = [self.result(answer, how, family) for family in families]
        folder = self.host.settings().output or Path(self._exports.name)
        return write_archive(results, folder / f"modelsim {datetime.now():%Y-%m-%d %H%M%S}.zip")

    @property
    def unhashed(self) -> int:
        """Bytes that no scan has read yet."""
        files = (model for model in self.index.models if model.opener is None)
        return sum(model.key.size for model in files if model.name not in self.identities)


@lru_cache(maxsize=1)
def _import_for_trees() -> None:
    """Once, while a person looks at the table: the first tree would wait a third of a second for SciPy."""

    def bring() -> None:
        from ..workspace.families import classify  # noqa: F401

    Thread(target=bring, daemon=True).start()
