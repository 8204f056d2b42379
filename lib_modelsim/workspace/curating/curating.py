"""The use cases of folders of pictures, composed once: scores, map, duplicates, what a person says of them, files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ModelsimError
from ...hosts.host import THUMBNAILS, Host
from ...job import Job
from ...reading import typed_folder
from .choosing_folder import Offered, folder_to_look_into, offered_folders, require_allowed

if TYPE_CHECKING:
    from ...curate.collection import Collection
    from ...pictures.features import FeatureStore
    from .captions import MergedCaptions
    from .curate import Curated, CurateRequest
    from .duplicates import Duplicates
    from .picture_map import PictureMap
    from .remembered import HiddenPair, Remembered
    from .thumbnails import Thumbnails
    from .transfer import Transfer, Way
    from .verbatim import VerbatimCopies


class Curating:
    """Pictures of any folder, in `host`; `gallery` says where our own ones are. Any thread may use it."""

    def __init__(self, host: Host, gallery: Callable[[], Path]) -> None:
        self._host, self._gallery = host, gallery

    # which folder

    def offered(self) -> list[Offered]:
        """The folders to choose from: our own gallery, and those into which the host saves."""
        return offered_folders(self._host, self._gallery())

    def folder(self, typed: str) -> Path:
        """The folder that a person typed, to be looked into. Raises ModelsimError that says what is wrong with it."""
        return folder_to_look_into(typed, self._host, self._gallery())

    def require_allowed(self, place: Path) -> None:
        """Raises ModelsimError where the host lets the page name no folders, and this lies in none that it offers."""
        require_allowed(place, self._host, self._gallery())

    def target(self, typed: str) -> Path:
        """The folder that files are put into, which need not be there. Raises ModelsimError for what is none, and as
        `require_allowed`."""
        target = typed_folder(typed)
        if "files" in self._host.cannot:
            raise ModelsimError("nothing may be put there", target, self._host.cannot["files"])
        self.require_allowed(target)
        return target

    # looking and scoring

    @cached_property
    def thumbnails(self) -> Thumbnails:
        """Small copies of pictures, which the page shows by `host.picture_url`."""
        from .thumbnails import Thumbnails

        return Thumbnails(self._host.data / THUMBNAILS)

    def feature_store(self, folder: Path) -> FeatureStore:
        """Where what encoders see in a folder's pictures is kept; a context manager. Raises ModelsimError where it
        cannot be used."""
        from .collecting import feature_store

        return feature_store(folder, self._host.data)

    def collect(self, folder: Path, job: Job) -> Collection:
        """The pictures under a folder, with what their records tell. Raises ModelsimError where there is none."""
        from .collecting import collect

        with self.feature_store(folder) as store:
            return collect(folder, store, job)

    def curate(self, folder: Path, request: CurateRequest, job: Job) -> Curated:
        """Score the pictures under a folder, and judge models, prompts and groups of pictures by it. Raises
        ModelsimError where there is none, and for a score that cannot be had; Cancelled within a few pictures, with
        what was scored kept."""
        from ..finding.encoders import encoder_named, in_turn
        from .curate import curate, needs_clip
        from .encoding import encoder_for
        from .tools import tools_for

        with self.feature_store(folder) as store:
            name = encoder_for(request, self._host)
            if name is None:
                return curate(folder, request, store, tools_for(self._host, folder), job)
            encoder = encoder_named(name, self._host.settings().device, self._host)
            tools = tools_for(self._host, folder, encoder if needs_clip(request) else None)
            with in_turn(name, encoder, self._host, job) as shown:
                return curate(folder, request, store, tools, shown, encoder if request.groups else None)

    def picture_map(self, collection: Collection, method: str, job: Job) -> PictureMap:
        """A collection's pictures in two dimensions by a projection of what the best encoder that is here sees. Raises
        ModelsimError for a projection that is unknown or not installed, Cancelled within a few pictures."""
        from ..finding.encoders import encoder_named, in_turn
        from .encoding import usual_encoder
        from .picture_map import picture_map

        name = usual_encoder(self._host)
        encoder = encoder_named(name, self._host.settings().device, self._host)
        with in_turn(name, encoder, self._host, job) as shown, self.feature_store(collection.folder) as store:
            return picture_map(collection, encoder, method, store, shown)

    # duplicates

    def duplicates(self, folder: Path, against: Sequence[Path], job: Job) -> Duplicates:
        """The pictures under a folder that are one picture, or with `against` those that are one of these folders'
        pictures, but for the pairs that are never to be shown again.

        Raises ModelsimError where there is no such folder or no picture in it, Cancelled within a few pictures; what
        was looked at and compared is kept.
        """
        from .compared_pairs import ComparedPairs
        from .duplicates import PairTools, duplicates

        with ComparedPairs(self._host.data) as compared, self.remembered() as remembered:
            tools = PairTools(self.feature_store, compared, frozenset(remembered.hidden_pairs()))
            return duplicates(folder, against, tools, job)

    def verbatim_copies(self, found: Duplicates) -> VerbatimCopies:
        """Of each model of a folder how many of its pictures repeat one of those that it was compared with, and which;
        `found` is what `duplicates` says of it and these."""
        from .verbatim import verbatim_copies

        return verbatim_copies(found)

    def merged_captions(self, found: Duplicates) -> MergedCaptions:
        """The captions beside a training folder's duplicates, merged for the picture to keep, with those that do not
        fit the others. Nothing is written."""
        from .captions import merged_captions

        return merged_captions(found)

    def write_captions(self, captions: MergedCaptions, out: Path) -> Sequence[Path]:
        """Write the merged captions into a folder of the person's choice. Raises ModelsimError where that would replace
        a file, before anything is written."""
        from .captions import write_captions

        return write_captions(captions, out)

    # what a person said

    def remembered(self) -> Remembered:
        """What a person said of pictures, opened: a context manager. Raises ModelsimError where it cannot be used."""
        from .remembered import Remembered

        return Remembered(self._host.data)

    def never_show(self, a: Path, b: Path) -> HiddenPair:
        """Never show these two pictures as a pair again, whatever they are called and wherever they lie. Raises
        ModelsimError where one cannot be read, or they are the same file."""
        from .remembered import never_show

        with self.remembered() as remembered:
            return never_show(a, b, remembered)

    def show_again(self, pair: HiddenPair) -> bool:
        """Show a pair again; whether it was hidden."""
        with self.remembered() as remembered:
            return remembered.show_again((pair.a, pair.b))

    def hidden_pairs(self) -> list[HiddenPair]:
        """The pairs that are never shown, the last one first."""
        with self.remembered() as remembered:
            return remembered.hidden()

    # files

    def plan_transfer(self, pictures: Sequence[Path], typed: str, way: Way, sidecars: bool = True) -> Transfer:
        """What it takes to copy or move pictures to the folder that a person typed; nothing is done yet. Raises
        ModelsimError for a folder that cannot take them, and where none can go there."""
        from .transfer import plan_transfer

        ours = self._gallery(), self._host.data
        plan = plan_transfer(pictures, self.target(typed), way, sidecars, ours)
        if not plan.units:
            raise ModelsimError(f"none of them can be {way.done}", None, plan.refused[0][1])
        return plan
