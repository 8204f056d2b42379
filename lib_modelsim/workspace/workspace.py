"""The use cases of one library and one host, composed once: what a button does and what a command does.

The command line and the page are faces of it: they take words in and put words out, and hold no logic of their own.
Each method takes a Job, imports its use case when it is asked for (torch, SciPy and Pillow come with some) and says in
its docstring what it raises. A workspace belongs to one thread, as its library does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from ..checkpoints.identity import Identity
from ..errors import ModelsimError, joined
from ..hosts.host import Host, Listed
from ..job import Job
from ..library import Library
from ..similarity.measures.pictures import PICTURES
from ..similarity.measures.registry import DEFAULT_OF_FEW, measure_named
from .catalogue.index import Index, Model, read_index, recall_index
from .catalogue.leaving_out import Leaving, nothing
from .catalogue.scan import Scan, known_identity, scan
from .catalogue.table import LibraryRow, library_rows
from .turn import turn_for

if TYPE_CHECKING:
    from ..families.support import Resampling
    from ..hosts.folder_list import FolderList
    from ..identify.known_model import KnownModel
    from ..pictures.encoders.encoder import Encoder
    from ..probes.engine import Engine
    from ..probes.gallery import Failure
    from ..probes.plan import Plan
    from ..probes.sheet import Sheet
    from ..probes.suite import Suite
    from ..similarity.histogram import Histogram
    from .catalogue.checkpoint_copies import CheckpointCopies
    from .catalogue.index import Unreadable
    from .comparing.baked import Baked
    from .comparing.compare import Comparison
    from .comparing.detail import Detail
    from .comparing.elements import Element
    from .curating.curating import Curating
    from .families.class_labels import ClassEdit, ClassName
    from .families.classify import Classified, FamilyRequest
    from .families.family import Family
    from .families.kept import KeptComparison
    from .families.references import References
    from .families.results import Result
    from .finding.find import Found
    from .finding.index import GalleryIndex, Learned
    from .finding.queries import OpenedQuery, Query
    from .finding.verify import Verified, VerifyPlan
    from .lineage.lineages import Lineages
    from .probing.gallery_import import Imported
    from .probing.grids import GridOptions, WrittenGrid
    from .probing.holdings import Holding
    from .probing.import_plan import ImportPlan
    from .probing.kinship import Kinship
    from .probing.probes import Chosen
    from .probing.suites import Suites


_Found = TypeVar("_Found")

_SECONDS_TO_ANSWER = 10.0
"""How long a WebUI may take to say that it is there."""


@dataclass(frozen=True)
class Question:
    """What a comparison is asked for: a measure, None for what suits each architecture; `base` is a model's name, or
    None for a known one or the mean, for a measure that needs one. An architecture that can have neither is compared by
    `few`; None: then it has no numbers. `without` are names of models that are left out."""

    measure: str | None
    base: str | None = None
    few: str | None = DEFAULT_OF_FEW
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProbePlan:
    """What a run would generate, with which engine, and which checkpoints cannot."""

    plan: Plan
    engine: Engine
    chosen: Chosen


class NothingGenerates(ModelsimError):  # noqa: N818 - it says what is wrong
    """There is no checkpoint that can generate pictures; `chosen` says which cannot, and why."""

    def __init__(self, chosen: Chosen) -> None:
        why = {bad.error for bad in chosen.unusable}
        if len(why) == 1:
            super().__init__(joined("no checkpoint can generate pictures: ", why.pop()))
        else:
            super().__init__("no checkpoint can generate pictures", None, "add one, or choose others")
        self.chosen = chosen


class Workspace:
    """The checkpoints of `host`, what `library` remembers of them, and the gallery of their pictures.

    The library is opened when it is first asked for; what needs none may be asked by any thread. `gallery` None is the
    one that the host's settings name. `leaving` says which files are left out: no use case looks at them, and the table
    alone lists them. A context manager.
    """

    def __init__(
        self,
        host: Host,
        open_library: Callable[[], Library],
        gallery: Path | None = None,
        leaving: Leaving = nothing,
    ) -> None:
        self.host, self._open_library, self._gallery, self._leaving = host, open_library, gallery, leaving

    @cached_property
    def library(self) -> Library:
        """Opened in the thread that asks first. Raises ModelsimError where it cannot be used."""
        return self._open_library()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the library, which may have its own word on an error."""
        if "library" in self.__dict__:
            self.library.__exit__(kind, error, trace)

    def heeding(self, work: Callable[..., _Found], *arguments: object) -> _Found:
        """Work in a workspace that lasts. An error that comes from the library is told as that, and the library is
        opened anew after it: a damaged one has made way for a new one by then."""
        try:
            return work(*arguments)
        except Library.errors as error:
            library = self.__dict__.pop("library", None)
            if library is not None:
                library.__exit__(type(error), error, error.__traceback__)
            raise

    def close(self) -> None:
        """Close the library if it was opened."""
        self.__exit__(None, None, None)

    # catalogue

    def table(self) -> list[LibraryRow]:
        """A row for each checkpoint by what is known of it; no file is read."""
        return library_rows(self.host.paths(), self.library, self._hashes())

    def read_index(self, job: Job) -> Index:
        """The checkpoints with their headers; those that are new or have changed are read."""
        return read_index(self.host.paths(), self.library, job, self._hashes(), self._leaving)

    def recall_index(self, paths: Sequence[Path]) -> Index:
        """The checkpoints among these that were indexed before."""
        return recall_index(paths, self.library)

    def scan(self, job: Job, quick: bool = False) -> Scan:
        """The checkpoints with all their hashes; files not hashed before are read whole, unless `quick`."""
        return scan(self.host.paths(), self.library, job, quick, self._leaving)

    def identities(self, models: Sequence[Model]) -> dict[str, Identity]:
        """Name → what an earlier scan found out, for the models that were scanned."""
        known = {model.name: known_identity(model, self.library) for model in models}
        return {name: identity for name, identity in known.items() if identity is not None}

    def checkpoint_copies(self, job: Job, quick: bool = False) -> CheckpointCopies:
        """The checkpoints that are the same file, have the same weights or differ in the VAE alone, and what could be
        freed. Files not hashed before are read whole, unless `quick`: then they are named and nothing is said of them.
        """
        from .catalogue.checkpoint_copies import checkpoint_copies

        return checkpoint_copies(self.host.paths(), self.library, job, quick, self._leaving)

    def add_folder(self, typed: str) -> Path:
        """Look for checkpoints in this folder, too, also after a restart. Raises ModelsimError where it cannot be."""
        from .catalogue.adding import folder_to_add

        folders = self._folders
        folder = folder_to_add(typed, folders.own)
        if folder != folders.demonstration:
            folders.add(folder)
        elif not folders.shows_demonstration:
            folders.show_demonstration()
        return folder

    def remove_folder(self, folder: Path) -> None:
        """Look there no longer, unless it was given at the start; what is known of its models stays in the library.
        Raises ModelsimError where that cannot be kept."""
        self._folders.remove(folder)

    def show_demonstration(self) -> None:
        """Show the demonstration beside the other folders. Raises ModelsimError where it cannot be written."""
        self._folders.show_demonstration()

    @property
    def _folders(self) -> FolderList:
        """Raises ModelsimError where the host has folders of its own."""
        if self.host.folders is None:
            raise ModelsimError("no folders can be added", self.host.name, "use its own settings")
        return self.host.folders

    def in_memory(self, job: Job) -> list[Model]:
        """The model that the host has loaded, where its weights are no longer those of its file: merged, say, or with
        another VAE. Where they are, the file's row speaks for it, and nothing is compared twice.

        Raises ModelsimError where the host has one that cannot be read.
        """
        if "loaded" in self.host.cannot:
            return []
        from .catalogue.loaded import changed_in_memory, loaded_model

        with self.host.at_work("modelsim: looking at the model in memory", job):
            changed = changed_in_memory(self.host)
            return [loaded_model(self.host, self.library)] if changed is None or changed else []

    def load(self, model: Model, job: Job) -> None:
        """Make a model the host's current checkpoint. Raises ModelsimError where the host cannot."""
        self.host.load(model.path, job)

    def _hashes(self) -> dict[Path, str]:
        """SHA-256 of the files that the host has hashed."""
        return {entry.path: entry.sha256 for entry in self.host.listed() if entry.sha256}

    # comparing

    def compare(self, question: Question, index: Index, job: Job) -> Comparison:
        """All pairs by one measure, `pictures` included. Raises ModelsimError where what was asked for cannot be."""
        kept = [model for model in index.models if model.name not in question.without]
        index = replace(index, models=kept)
        if question.measure == PICTURES.name:
            from .probing.by_pictures import comparison_by_pictures

            known = self.identities(index.models)
            return comparison_by_pictures(self.gallery, self.suites.all(), index.models, known, job)
        from .comparing.by_choice import compare_by_choice
        from .comparing.compare import compare_models

        settings = self.host.settings()
        with turn_for(kept, self.host, "modelsim: comparing checkpoints", job) as shown:
            how = (question.base, self.library, shown, settings.device, settings.memory)
            measure, few = question.measure, question.few or question.measure or DEFAULT_OF_FEW
            if question.few is None and measure is not None and not measure_named(measure).needs_base:
                return compare_models(index, measure, *how)
            return compare_by_choice(index, measure, *how, few)

    def keep_comparison(self, question: Question, comparison: Comparison) -> None:
        """Keep it for the next start, as the last one; with a library that is forgotten nothing is kept."""
        if self.library.path is None:
            return
        from .families.kept import keep_comparison

        keep_comparison(self._kept, comparison, asdict(question), datetime.now())

    def recall_comparison(self) -> tuple[Question, KeptComparison] | None:
        """The last comparison from before the start, with its question; None where there is none. Raises
        ModelsimError where it cannot be used."""
        from .families.kept import recall_comparison

        kept = None if self.library.path is None else recall_comparison(self._kept, self.library)
        if kept is None:
            return None
        return Question(**{**kept.question, "without": tuple(kept.question["without"])}), kept

    @property
    def _kept(self) -> Path:
        return self.host.data / "last-comparison.npz"

    def ema_copies(self, models: Sequence[Model], job: Job) -> dict[str, list[str]]:
        """Model → whose weights the EMA copy in it is, and in whom its own weights are one; reads what that takes."""
        from .comparing.ema_copies import ema_copies

        return ema_copies(models, self.library, job)

    def baked(self, adapter: str, base: str | None, index: Index, job: Job) -> Baked:
        """Which checkpoints an adapter, named as the others are, is baked into. Raises ModelsimError where that cannot
        be told."""
        from .comparing.baked import baked
        from .comparing.compare import model_called

        found = model_called(adapter, index.models, self.library)
        origin = None if base is None else model_called(base, index.models, self.library)
        with turn_for(index.models, self.host, "modelsim: looking for an adapter", job) as shown:
            return baked(found, index, origin, self.library, shown)

    def detail(self, comparison: Comparison, pair: tuple[str, str], job: Job) -> Detail:
        """Two models of a comparison, key by key. Raises ModelsimError where they cannot be compared."""
        from .comparing.detail import detail

        settings = self.host.settings()
        models = [comparison.model(name) for name in pair]
        with turn_for(models, self.host, "modelsim: comparing two checkpoints", job) as shown:
            return detail(comparison, pair, self.library, shown, settings.device, settings.memory)

    def fine_blocks(self, comparison: Comparison, job: Job) -> Detail:
        """Two models in detail, whose `fine` has the sub-blocks that mergers number. Raises ModelsimError
        where there are not two of one network, or it has no sub-blocks."""
        from .comparing.detail import pair_of, require_fine

        pair = pair_of(comparison)
        found = self.detail(comparison, pair, job)
        require_fine(found, comparison.model(pair[0]).header.network)
        return found

    def elements(self, comparison: Comparison, job: Job) -> list[Element]:
        """The values of every key of a comparison of two models. Raises ModelsimError where there are not two."""
        from .comparing.elements import elements

        return elements(comparison, job, self.host.settings().device)

    def differences(self, comparison: Comparison, job: Job) -> list[Histogram]:
        """How large the differences of a comparison's two models are, a histogram per component. Raises ModelsimError
        where there are not two of one architecture, or one cannot be read."""
        from .comparing.differences import differences

        settings = self.host.settings()
        return differences(comparison, job, settings.device, settings.memory)

    # families

    def deltas(self, comparison: Comparison, job: Job) -> dict[str, Resampling]:
        """Architecture → what the resampling of a measure with a base needs, from what the library remembers."""
        measures = {comparison.matrix.measure, *(choice.measure for choice in comparison.choices.values())}
        with_base = {name for name in measures if measure_named(name).needs_base}
        if not with_base:
            return {}
        from .families.classify import families_of, with_deltas
        from .families.family import TreeOptions

        try:
            found = families_of(comparison, TreeOptions())
        except ModelsimError:
            return {}  # why there is no tree is told where one is asked for
        found = [
            with_deltas(family, comparison.of(family.architecture or ""), self.library, job, "cpu")
            for family in found
            if family.tree is not None and family.measure in with_base
        ]
        return {family.architecture or "": family.resampling() for family in found if family.resampling is not None}

    def class_names(self, family: Family, models: Sequence[Model]) -> dict[int, ClassName]:
        """Class number → what a person calls it, for the classes that have a name or a remark."""
        from .families.class_labels import class_names

        return class_names(family, models, self.library)

    def name_class(self, family: Family, models: Sequence[Model], edit: ClassEdit) -> None:
        """Remember what a person calls a class. Raises ModelsimError where there is no such class."""
        from .families.class_labels import name_class

        name_class(family, models, self.library, edit)

    def load_references(self, file: Path, models: Sequence[Model]) -> References:
        """The models that a list names. Raises ModelsimError where the file cannot be read or names none of them."""
        from .families.references import load_references

        return load_references(file, models, self.library)

    def results(self, classified: Classified, edits: Sequence[ClassEdit]) -> list[Result]:
        """The families with the names that the library keeps, the edits taken down first."""
        from .families.results import results_of

        about = {"unreadable": tuple(classified.unreadable), "told": tuple(classified.notes)}
        found = results_of(classified.families, classified.models, edits, self.library)
        return [replace(result, **about) for result in found]

    def classify(self, wanted: FamilyRequest, job: Job) -> Classified:
        """The families of the checkpoints, network by network. Raises ModelsimError where there can be none."""
        from .families.classify import classify

        return classify(self.host.paths(), wanted, self.library, job, self.host.settings().device, self._leaving)

    # probing

    @property
    def suites(self) -> Suites:
        """The suites of probes: shipped, and the person's own."""
        from .probing.suites import Suites

        return Suites(self.host.data / "suites")

    @property
    def gallery(self) -> Path:
        """The folder of all pictures."""
        return self._gallery or (self.host.settings().output or self.host.data) / self.host.gallery

    def engine(self, paths: Sequence[Path], job: Job, quick: bool = False) -> tuple[Engine, Chosen]:
        """What generates here, and the checkpoints it generates with: those at these paths, all where none are given.
        Files never hashed before are read, unless `quick`: then nobody knows whose copies they are.

        Raises ModelsimError where something is missing.
        """
        from .probing.probes import of_engine, on_disk

        if self.host.draws_with_files:
            chosen = on_disk(paths or self.host.paths(), self.library, job, self._leaving, quick)
            if self.host.draws_with_files:  # hashing takes minutes, in which a WebUI may have been chosen
                return self.host.engine(chosen.checkpoints), chosen
        engine = self.host.engine(())
        return engine, of_engine(engine, paths, self.library, job, self._leaving, quick)

    def webui_at(self, address: str) -> tuple[str, int]:
        """The name of the WebUI that answers at this address, and how many checkpoints it lists. Raises ModelsimError
        where none does within seconds."""
        from ..engines.webui_http import WebuiByHttp

        webui = WebuiByHttp(address, patience=_SECONDS_TO_ANSWER)
        return webui.name, len(webui.checkpoints())

    def plan(self, suite: Suite, paths: Sequence[Path], batch: int, job: Job, quick: bool = False) -> ProbePlan:
        """What is missing of a suite, with the checkpoints of `engine`. A checkpoint that cannot generate by
        its header is left out, with the reason. Raises NothingGenerates, ModelsimError as `engine` does."""
        from .probing.probes import plan_suite, that_can

        engine, chosen = self.engine(paths, job, quick)
        if not chosen.checkpoints:
            raise NothingGenerates(chosen)
        plan = plan_suite(suite, chosen.checkpoints, engine, self.gallery, batch)
        able = that_can(plan, engine, chosen, job)
        if not able.checkpoints:
            raise NothingGenerates(able)
        if len(able.checkpoints) < len(chosen.checkpoints):
            plan = plan_suite(suite, able.checkpoints, engine, self.gallery, batch)
        return ProbePlan(plan, engine, able)

    def planned_again(self, planned: ProbePlan, batch: int) -> ProbePlan:
        """The plan after some of it was generated."""
        from .probing.probes import plan_suite

        plan = plan_suite(planned.plan.suite, planned.chosen.checkpoints, planned.engine, self.gallery, batch)
        return replace(planned, plan=plan)

    def nothing_generated(
        self, before: ProbePlan, after: ProbePlan, failures: Sequence[Failure]
    ) -> ModelsimError | None:
        """What to say where `generate` has generated none of what was missing; None where it has."""
        from .probing.probes import nothing_generated

        return nothing_generated(before.plan, after.plan, failures)

    def generate(self, planned: ProbePlan, job: Job) -> Sequence[Failure]:
        """Generate what is missing of a plan, and say what failed. Raises Cancelled; what was finished is kept."""
        from .probing.probes import draw_plan

        with self.host.at_work("modelsim: generating probes", job) as shown:
            return draw_plan(planned.plan, planned.engine, self.gallery, shown).failures

    def sheet(self, suite: str, engine: str | None = None) -> Sheet:
        """What the gallery holds of a suite. Raises ModelsimError where that is nothing."""
        from .probing.probes import sheet_of

        if not self.gallery.is_dir():
            from ..probes.gallery import NO_PICTURES

            raise ModelsimError("there is no such folder", self.gallery, NO_PICTURES)
        return sheet_of(self.gallery, self.suites.named_or_read(suite), engine)

    def kinship(self, sheet: Sheet, job: Job) -> Kinship:
        """How alike the checkpoints of a sheet are by their pictures. Raises ModelsimError for fewer than two."""
        from .probing.kinship import kinship_of

        return kinship_of(sheet, self.gallery, job)

    def grid(
        self,
        sheet: Sheet,
        job: Job,
        options: GridOptions | None = None,
        order: Sequence[str] = (),
        out: Path | None = None,
    ) -> WrittenGrid:
        """Write a sheet as pages and as a page that opens offline, into `out` or into the gallery."""
        from .probing.grids import GridOptions, grid_folder, write_grid

        return write_grid(sheet, out or grid_folder(self.gallery, sheet), options or GridOptions(), order, job)

    def import_plan(self, folder: Path, job: Job, chosen: Mapping[str, str] | None = None) -> ImportPlan:
        """What taking in a folder with one sub-folder for each model would add, and what speaks against it; `chosen` is
        sub-folder → model. Raises ModelsimError where there is nothing to take in."""
        from .probing.import_plan import plan_import

        known, _ = self.known_models(job)
        return plan_import(folder, known, chosen)

    def take_in(self, plan: ImportPlan, job: Job) -> Imported:
        """Take a person's pictures into the gallery."""
        from .probing.gallery_import import import_pictures

        return import_pictures(plan, self.gallery, job)

    def undo_import(self) -> dict[str, int]:
        """Take out again what the last import added to the gallery; model → how many pictures. Raises ModelsimError
        where there was none."""
        from .probing.gallery_import import undo_import

        return undo_import(self.gallery)

    def holdings(self) -> list[Holding]:
        """What the gallery holds of each model. Raises ModelsimError where there is no gallery, or nothing in it."""
        from .probing.holdings import holdings

        return holdings(self.gallery)

    # finding

    def gallery_index(self, encoder: Encoder, suites: Sequence[str] = ("standard",)) -> GalleryIndex:
        """The gallery as an encoder sees it; to be kept, as it remembers what it learned. Raises ModelsimError for a
        suite that is neither here nor in the gallery."""
        from .finding.index import GalleryIndex
        from .probing.holdings import suites_drawn

        drawn = suites_drawn(self.gallery) if set(suites) - {"standard"} else []
        return GalleryIndex(self.gallery, encoder, [self.suites.name_of(suite, drawn) for suite in suites])

    def encoder(self, name: str) -> Encoder:
        """The encoder of this name; nothing is loaded yet. Raises ModelsimError where it cannot be used."""
        from .finding.encoders import encoder_named

        return encoder_named(name, self.host.settings().device, self.host)

    def encoder_in_use(self, name: str, encoder: Encoder, job: Job) -> AbstractContextManager[Job]:
        """The time in which an encoder is used. One that may want the GPU works in the host's turn, and gives memory
        back afterwards unless the settings say otherwise."""
        from .finding.encoders import in_turn

        return in_turn(name, encoder, self.host, job)

    def known_models(self, job: Job, read: bool = False) -> tuple[list[KnownModel], list[Unreadable]]:
        """The checkpoints that a picture's record may name, also those left out, and the files that could not be read:
        those that host and library know, or with `read` those of the host with all their hashes, for which new files
        are read whole."""
        from .finding.models import known_models, scanned_models

        if read:
            return scanned_models(self.host.paths(), self.library, job)
        if self.host.is_webui:
            return known_models(self.library, self.host.listed()), []
        listed = [Listed(model.path, model.name) for model in self.read_index(job).models]
        return known_models(self.library, listed), []

    def compute_hashes(self, pictures: Sequence[Query], known: Sequence[KnownModel], job: Job) -> None:
        """Where a record of these pictures names its model by another hash than SHA-256, compute that of one file after
        the other until the model is found, for `find`. Raises PictureError where none of them is a picture."""
        from .finding.other_hashes import with_other_hashes
        from .finding.queries import open_queries

        with_other_hashes(open_queries(pictures)[0], known, self.library, job, every=True)

    def find(
        self,
        pictures: Sequence[Query],
        learned: Learned,
        known: Sequence[KnownModel],
        job: Job,
        without: Sequence[str] = (),
        vaes: bool = False,
    ) -> Found:
        """Which models generated these pictures, with `vaes` also by the VAE that they came out of; models left out,
        here or by their keys in `without`, are known but no answer. Where a record names its model by another hash than
        SHA-256, that of files of the model's name is computed. Raises PictureError where none of them is a picture.
        """
        from .finding.find import find, leave_out
        from .finding.other_hashes import with_other_hashes
        from .finding.queries import open_queries

        asked, refused = open_queries(pictures)
        hashed = with_other_hashes(asked, known, self.library, job)
        left_out = self._leaving([model.path for model in known if model.path is not None])
        keys = {*without, *(model.key for model in known if model.path in left_out)}
        with self.host.at_work("modelsim: looking at a picture", job):
            found = leave_out(find(asked, learned, hashed.known, self.host.interrogators()), keys)
        if vaes:
            found = self._with_vae(found, asked, known, job)
        remarks = (*map(str, refused), *found.remarks, *hashed.remarks)
        return replace(found, remarks=remarks, to_read=hashed.to_read)

    def _with_vae(self, found: Found, asked: Sequence[OpenedQuery], known: Sequence[KnownModel], job: Job) -> Found:
        """An answer with what the VAEs of the models that are not left out tell."""
        from .finding.vaes import vae_evidence

        left_out = set(self._leaving([model.path for model in known if model.path is not None]))
        tried = [model for model in known if model.path not in left_out]
        with self.host.at_work("modelsim: comparing VAEs", job) as shown:
            told = vae_evidence(asked, tried, self.library, self.host.settings().device, shown)
        return replace(found, evidence=(*found.evidence, *told.evidence), remarks=(*found.remarks, *told.remarks))

    def plan_verify(self, pictures: Sequence[Query], found: Found, job: Job, top: int = 4) -> VerifyPlan:
        """What `verify` would generate, and how long that takes. Raises ModelsimError where nothing can generate."""
        from ..probes.gallery import Gallery
        from .finding.verify import plan_verify

        engine, _ = self.engine((), job)
        pace = None
        if self.gallery.is_dir():
            with Gallery(self.gallery) as gallery:
                pace = gallery.pace(engine.name)
        return plan_verify(pictures, found, engine, pace, top)

    def verify(self, pictures: Sequence[Query], found: Found, encoder: Encoder, job: Job, top: int = 4) -> Verified:
        """Let the likeliest models generate the picture again. Raises ModelsimError where nothing can generate."""
        from .finding.verify import verify

        engine, _ = self.engine((), job)
        with self.host.at_work("modelsim: generating a picture again", job) as shown:
            return verify(pictures, found, encoder, engine, shown, top)

    # recipes and lineage

    @cached_property
    def lineage(self) -> Lineages:
        """What checkpoints are made of, and who descends from whom."""
        from .lineage.lineages import Lineages

        return Lineages(self.host, lambda: self.library)

    # curating

    @cached_property
    def curating(self) -> Curating:
        """What people do with folders of pictures."""
        from .curating.curating import Curating

        return Curating(self.host, lambda: self.gallery)
