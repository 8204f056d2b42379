"""What the tab works on: a workspace in a background thread, a queue of tasks for it, and the answers it gave."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from ..checkpoints.identity import Identity
from ..errors import ModelsimError, for_page
from ..hosts.host import Host
from ..job import Job
from ..library import Library
from ..memory import give_back
from ..saying import logger_of
from ..similarity.measures.pictures import PICTURES
from ..sqlite import DamagedFile
from ..text import counted, printable, several
from ..workspace.catalogue.index import Index, Model
from ..workspace.catalogue.table import LibraryRow, State
from ..workspace.workspace import Question, Workspace
from .ancestry import Ancestry
from .answers import Answer, How
from .jobs import Jobs
from .tasks import Lane, Task
from .words import capital

if TYPE_CHECKING:  # scipy and matplotlib come with them, on first use
    from ..families.support import Resampling
    from ..workspace.comparing.compare import Comparison
    from ..workspace.comparing.detail import Detail
    from ..workspace.curating.curating import Curating
    from ..workspace.families.class_labels import ClassName
    from ..workspace.families.family import Family
    from ..workspace.families.kept import KeptComparison, Since
    from ..workspace.families.references import References
    from ..workspace.families.results import Result
    from ..workspace.probing.suites import Suites


_log = logger_of(__name__)

T = TypeVar("T")

MODELS = "models"
"""Who shows what is known of all models: the owner of work that changes that."""

HASHED_UNASKED = 20e9
"""Bytes up to which files are hashed as soon as models were compared; more only when a button says so."""


class Backend:
    """The models of the host, the comparisons made of them, and what hashes say, by model name.

    Three threads, each with a workspace of its own, as SQLite wants one thread: one for each lane of long work, one for
    what is answered at once, so that names and tables do not wait until files are hashed.
    """

    def __init__(self, host: Host, open_library: Callable[[], Library]) -> None:
        self.host, self._open_library = host, open_library
        self.index = Index()
        self.answers: dict[Question, Answer] = {}
        self._bases: dict[Question, object] = {}  # what the answers since the start follow from
        self.identities: dict[str, Identity] = {}
        self.rows: list[LibraryRow] = []
        self.memory = ""  # why the model in memory is no row, where that is to be told
        self.details: dict[tuple[Question, str | None, str | None], Detail] = {}
        self.ancestry = Ancestry(self)
        self._before: tuple[Answer, KeptComparison] | None = None  # from before the start
        self._since: dict[Answer, Since] = {}  # as of the last look at the files
        self.none_before = ""  # why the comparison from before the start is not shown, where there is one
        self._recalled = False  # whether the comparison from before the start was asked for
        self.named = 0  # counts the classes named; with it one sees whether names are older
        self.left_out: tuple[str, ...] = ()  # names; no use case looks at these models
        self._quick = self._workspace()
        self._at_once = ThreadPoolExecutor(1, "modelsim at once")
        self._long = {lane: self._workspace() for lane in Lane}
        self._background = {lane: ThreadPoolExecutor(1, f"modelsim {lane.value}") for lane in Lane}
        self.jobs = Jobs(lambda lane, turn: self._background[lane].submit(turn), give_back)
        self._exports = TemporaryDirectory(prefix="modelsim", ignore_cleanup_errors=True)

    def _workspace(self) -> Workspace:
        return Workspace(self.host, self._open_library, leaving=self._leaving)

    @property
    def busy(self) -> bool:
        """Whether a task runs or waits."""
        return self.jobs.busy

    @property
    def suites(self) -> Suites:
        """The suites of probes: shipped, and the person's own."""
        return self._quick.suites

    @property
    def gallery(self) -> Path:
        """The folder of all pictures."""
        return self._quick.gallery

    @property
    def curating(self) -> Curating:
        """What people do with folders of pictures; any thread may ask."""
        return self._quick.curating

    def webui_at(self, address: str) -> tuple[str, int]:
        """The name of the WebUI at this address, and how many checkpoints it lists; asked in the caller's thread, for
        seconds. Raises ModelsimError where none answers."""
        return self._quick.webui_at(address)

    # long work

    def read_index(self) -> Task:
        """Read the headers of what is new or has changed."""
        return self.run("index", self._index_told, "Index new files")

    def compare(self, question: Question, window: str = "") -> Task:
        """Read the headers anew and answer the question, the newest of a browser window; then hash the files that were
        not, where they are few."""
        return self.run(question, partial(self._compare, question), "Compare models", series=("compare", window))

    def add_folder(self, typed: str) -> Task:
        """Look for checkpoints in a folder that a person typed, too."""
        return self._with_other_folders(("add", typed), lambda workspace: workspace.add_folder(typed))

    def remove_folder(self, folder: Path) -> Task:
        """Look there no longer."""
        return self._with_other_folders(("remove", folder), lambda workspace: workspace.remove_folder(folder))

    def show_demonstration(self) -> Task:
        """Show the demonstration beside the other folders."""
        return self._with_other_folders("demonstration", lambda workspace: workspace.show_demonstration())

    def leave_out(self, names: Collection[str]) -> None:
        """From now on without these models; one that is no longer among them comes back when headers are read."""
        self.left_out = tuple(names)
        kept = [model for model in self.index.models if model.name not in self.left_out]
        self.index = replace(self.index, models=kept)
        self.rows = self._marked(self.rows)

    def _leaving(self, files: Sequence[Path]) -> list[Path]:
        """Those of the files that belong to models left out; a link and what it leads to are two."""
        if not self.left_out:
            return []
        places = {_place(row.path) for row in self.rows if row.name in self.left_out}
        return [path for path in files if _place(path) in places]

    def _marked(self, rows: Sequence[LibraryRow]) -> list[LibraryRow]:
        return [replace(row, left_out=row.name in self.left_out) for row in rows]

    def hash_files(self, asked: bool = True) -> Task:
        """Hash the files that were not hashed before."""
        return self.run("hashes", self._hash, "Hash files", asked=asked)

    def compare_two(self, question: Question, name: str, other: str) -> Task:
        """Compare two models of an answer in detail."""
        pair = name, other
        title = f"Compare {name} with {other}"
        return self.run(("two", question, *pair), partial(self._compare_two, question, pair), title)

    def load(self, name: str) -> Task:
        """Make a model the host's current checkpoint."""
        return self.run(("load", name), partial(self._load, name), f"Load {name}")

    def run(
        self,
        key: Hashable,
        work: Callable[[Job, Workspace], object],
        title: str,
        series: Hashable = None,
        asked: bool = True,
        lane: Lane = Lane.READS,
    ) -> Task:
        """Put long work into the queue; Task says what is what. Work of the same key that runs or waits is joined."""
        own = self._long[lane]
        return self.jobs.add(Task(key, title, lambda job: own.heeding(work, job, own), series, asked, lane))

    def index_by(self, workspace: Workspace, job: Job) -> Index:
        """The models as they are now, for long work, in whose thread it is asked; new headers are read."""
        self._read_index(job, workspace)
        return self.index

    def close(self) -> None:
        """Stop what runs and close the libraries, each in its own thread."""
        self.jobs.close()
        lanes = [(self._background[lane], self._long[lane]) for lane in Lane]
        for pool, workspace in (*lanes, (self._at_once, self._quick)):
            pool.submit(workspace.close)
            pool.shutdown()
        self._exports.cleanup()

    def _index_told(self, job: Job, workspace: Workspace) -> str:
        self._read_index(job, workspace)
        return self._counts()

    def _counts(self) -> str:
        models, bad = len(self.index.models), len(self.index.unreadable)
        return counted(models, "model") + (f", {bad:,} not read" if bad else "") + "."

    def _compare(self, question: Question, job: Job, workspace: Workspace) -> str:
        self._read_index(job, workspace)
        basis = self._basis(question)
        if question not in self.answers or basis is None or self._bases.get(question) != basis:
            comparison = workspace.compare(question, self.index, job)
            answer = Answer(comparison, workspace.deltas(comparison, job))
            self._forget_details(question, comparison)
            self.answers[question], self._bases[question] = answer, basis
            workspace.keep_comparison(question, comparison)
        if len(self.index.models) > 1 and 0 < self.unhashed <= HASHED_UNASKED:
            self.jobs.show_to(self.hash_files(asked=False), MODELS)
        return self._counts()

    def _basis(self, question: Question) -> object:
        """All that an answer follows from: while it is the same, so is the answer. None where that cannot be told: of
        pictures, and of a model in memory."""
        index = self.index
        if question.measure == PICTURES.name or any(model.opener is not None for model in index.models):
            return None
        models = frozenset((model.name, model.id, model.key) for model in index.models)
        return models, frozenset((bad.path, bad.error) for bad in index.unreadable), frozenset(self.identities)

    def _forget_details(self, question: Question, comparison: Comparison) -> None:
        """What was told of two models is kept while both files are the same as then."""
        had = self.answers.get(question)
        before = {model.name: model.key for model in had.comparison.models} if had is not None else {}
        same = {model.name for model in comparison.models if before.get(model.name) == model.key}
        kept = {pair: detail for pair, detail in self.details.items() if pair[0] != question or same >= {*pair[1:]}}
        self.details = kept

    def _with_other_folders(self, doing: Hashable, change: Callable[[Workspace], object]) -> Task:
        """Change the folders and read the headers there; what was compared before was of other models."""

        def work(job: Job, workspace: Workspace) -> str:
            change(workspace)
            self.index, self.answers, self.details = Index(), {}, {}
            self._read_index(job, workspace)
            return self._counts()

        return self.run(doing, work, "Change the folders")

    def _hash(self, job: Job, workspace: Workspace) -> str:
        try:
            workspace.scan(job)
        finally:
            self._read_index(Job(), workspace)  # what was hashed before a stop counts too
        return self._counts()

    def _compare_two(self, question: Question, pair: tuple[str, str], job: Job, workspace: Workspace) -> None:
        comparison = self.answers[question].comparison
        self.details[(question, *pair)] = workspace.detail(comparison, pair, job)

    def _load(self, name: str, job: Job, workspace: Workspace) -> None:
        model = self.model(name)
        if model is None:
            raise ModelsimError("this checkpoint no longer exists", name, "press Refresh")
        workspace.load(model, job)

    def _read_index(self, job: Job, workspace: Workspace) -> None:
        index, self.memory = workspace.read_index(job), ""
        try:
            loaded = workspace.in_memory(job)
        except ModelsimError as error:
            loaded, self.memory = [], str(error)
        models = [replace(model, name=printable(model.name)) for model in [*index.models, *loaded]]
        kept = [model for model in models if model.name not in self.left_out]
        self._take(Index(kept, index.unreadable), workspace)

    def _take(self, index: Index, workspace: Workspace) -> None:
        self.index, self.identities = index, workspace.identities(index.models)
        self.ancestry.look(workspace, index.models)

    # at once

    def _at(self, question: Callable[..., T], *arguments: object) -> T:
        """What is answered in the thread for what is answered at once; a damaged library has made way for a new one."""
        try:
            return self._at_once.submit(self._quick.heeding, question, *arguments).result()
        except DamagedFile as error:
            _log.warning("%s", error)
            return self._at_once.submit(self._quick.heeding, question, *arguments).result()

    def look(self) -> None:
        """See what files there are, and what the library knows of them; nothing is read."""
        rows = self._at(self._quick.table)
        if not self.index.models and not self.busy:
            self._at(self._recall_index, rows)
        memory = [
            LibraryRow(model.name, model.path, State.INDEXED, size=model.key.size, header=model.header)
            for model in self.index.models
            if model.opener is not None
        ]
        self.rows = self._marked([*(replace(row, name=printable(row.name)) for row in rows), *memory])
        if not self._recalled:
            self._recalled = True
            self._at(self._recall_answer)
        self._since = {answer: since for answer in [*self.answers.values()] if (since := self._seen_now(answer))}

    def _recall_answer(self) -> None:
        """After a start: the last comparison from before, as the answer to its question."""
        try:
            recalled = self._quick.recall_comparison()
        except ModelsimError as error:
            self.none_before = capital(for_page(str(error)))
            return
        if recalled is None or recalled[0] in self.answers:
            return
        question, kept = recalled
        answer = Answer(kept.comparison, lambda: self._deltas_apart(kept.comparison))
        self._before = answer, kept
        self.answers = {question: answer, **self.answers}

    def _deltas_apart(self, comparison: Comparison) -> dict[str, Resampling]:
        """What resampling needs, from the library; it takes seconds, and nobody else waits for them."""
        with Workspace(self.host, self._open_library) as own:
            return own.deltas(comparison, Job())

    def since(self, answer: Answer | None) -> Since | None:
        """What has happened to the files since this answer; None where it was made since the start and none of its
        files is another."""
        return None if answer is None else self._since.get(answer)

    def _seen_now(self, answer: Answer) -> Since | None:
        from ..workspace.families.kept import KeptComparison, since

        if self._before is not None and self._before[0] is answer:
            there = [row.path for row in self.rows if row.state is not State.UNREADABLE and not row.left_out]
            return since(self._before[1], there)
        found = since(KeptComparison(answer.comparison, answer.made, {}), ())
        return None if found.same else found

    def _recall_index(self, rows: Sequence[LibraryRow]) -> None:
        """After a start: the models that were indexed before, under the names of the table."""
        known = {row.path: printable(row.name) for row in rows if row.state is State.INDEXED}
        names = {path: name for path, name in known.items() if name not in self.left_out}
        if names:
            index = self._quick.recall_index(list(names))
            self._take(Index([replace(model, name=names[model.path]) for model in index.models]), self._quick)

    def ask(self, question: Callable[[Workspace], T]) -> T:
        """What the workspace for what is answered at once says."""
        return self._at(question, self._quick)

    def name_class(self, family: Family, number: int, name: str, remark: str) -> bool:
        """Remember what a person calls a class of the family; False where the library could not be written."""
        from ..workspace.families.class_labels import ClassEdit, ClassName

        edit = ClassEdit(family.architecture, number, name, remark)
        self._at(self._quick.name_class, family, self.index.models, edit)
        self.named += 1
        return self.class_names(family).get(number, ClassName()) == ClassName(name, remark)

    def class_names(self, family: Family) -> dict[int, ClassName]:
        """Class number → what a person calls it, for the classes that have a name or a remark."""
        return self._at(self._quick.class_names, family, self.index.models)

    def load_references(self, file: Path) -> References:
        """The models that a list names. Raises ModelsimError where the file cannot be read or names none of them."""
        return self._at(self._quick.load_references, file, self.index.models)

    def model(self, name: str | None) -> Model | None:
        """The indexed model of this name."""
        return next((model for model in self.index.models if model.name == name), None)

    def result(self, answer: Answer, how: How, family: Family) -> Result:
        """One of the answer's families with all that its files tell; to be weighed first may take seconds."""
        from ..workspace.families.results import Result

        compared = {model.name: model.key for model in answer.comparison.models}
        models = {model.name: model for model in self.index.models if model.key == compared.get(model.name, model.key)}
        known = {name: identity for name, identity in self.identities.items() if name in models}
        other = [name for name in family.features.models if name not in models]
        changed = [f"changed or gone since they were compared: {several(other)}"] if other else []
        about = {"unreadable": tuple(self.index.unreadable), "left_out": tuple(self.left_out)}
        about["told"] = (*changed, *map(str, answer.told_of(family)))
        return Result(family, answer.weigh(how, family), self.class_names(family), models, known, **about)

    def export(self, answer: Answer, how: How, families: Sequence[Family], job: Job, paths: bool = False) -> Path:
        """All files of these families in one archive, which lasts as long as the backend; models with their `paths`, or
        by the names of their files alone. Raises ModelsimError where the disk refuses, Cancelled."""
        from ..workspace.families.result_files import write_archive

        results = [self.result(answer, how, family) for family in families]
        return write_archive(results, self.exports / f"modelsim {datetime.now():%Y-%m-%d %H%M%S}.zip", job, paths)

    @property
    def exports(self) -> Path:
        """The folder for what a person downloads: as the settings have it, or one that lasts as long as the backend."""
        return self.host.settings().output or Path(self._exports.name)

    @property
    def unhashed(self) -> int:
        """Bytes that no scan has read yet."""
        files = (model for model in self.index.models if model.opener is None)
        return sum(model.key.size for model in files if model.name not in self.identities)


def _place(path: Path) -> Path:
    """Where a file is, by whatever path: a link to it is another file."""
    return path.parent.resolve() / path.name
