"""The WebUI that we run in as the engine that generates: its own process_images, in its turn, with its own weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event
from typing import Protocol

from PIL import Image

from ..beside import repeated
from ..errors import ModelsimError
from ..job import Cancelled, Job
from ..probes.engine import CheckpointFailed, Drawn, EngineCheckpoint, OutOfMemory, PictureFailed
from ..probes.parameters import Parameters
from .webui_loading import AtOnce, InTwoSteps, in_memory
from .webui_queue import Away
from .webui_settings import (
    CHECKPOINT,
    LOADER,
    STORAGE,
    chosen_modules,
    is_out_of_memory,
    overridden,
    plain_names,
    refuse_remote,
    refuse_resized,
    request,
)

_POLL = 0.2
"""Seconds between two looks at whether to go on."""


class _Listed(Protocol):
    """A checkpoint as the WebUI lists it."""

    path: Path
    title: str
    sha256: str | None


class _Around(Protocol):
    """What the engine asks of the WebUI around it (hosts/host.py says what each is)."""

    name: str
    cannot: Mapping[str, str]

    def listed(self) -> Sequence[_Listed]: ...

    def loaded_path(self) -> Path | None: ...

    def at_work(self, what: str, job: Job, away: Away = nullcontext) -> AbstractContextManager[Job]: ...


class WebUIDrawing:
    """Generates with the WebUI around us. No scripts of extensions take part, and the WebUI saves nothing itself."""

    def __init__(self, host: _Around) -> None:
        self._host, self.name = host, host.name

    @property
    def version(self) -> str:
        from modules.processing import program_version

        return program_version() or ""

    @property
    def modules(self) -> tuple[str, ...]:
        from modules import shared

        return chosen_modules(shared.opts.data)

    def checkpoints(self) -> list[EngineCheckpoint]:
        listed = self._host.listed()
        names = plain_names([each.title for each in listed], [str(each.path) for each in listed])
        return [
            EngineCheckpoint(each.title, name, each.path, each.sha256) for each, name in zip(listed, names, strict=True)
        ]

    def current(self) -> EngineCheckpoint | None:
        path = self._host.loaded_path()
        return next((each for each in self.checkpoints() if each.path == path), None)

    def missing(self) -> None:
        """It runs."""

    def why_not(self, checkpoint: EngineCheckpoint) -> None:
        """Only the WebUI knows what it can load."""

    @contextmanager
    def session(self, job: Job) -> Iterator[_Session]:
        """Turns in the WebUI's queue, from the first picture to the last; between two pictures others go first."""
        if "load" in self._host.cannot:
            raise ModelsimError("this WebUI cannot generate with several checkpoints", self._host.cannot["load"])
        with ExitStack() as stack:
            session: _Session | None = None

            def away() -> AbstractContextManager[object]:
                return nullcontext() if session is None else session.away()

            visible = stack.enter_context(self._host.at_work("generating probes", job, away))
            session = _Session(visible)
            stack.callback(session.restore)
            stack.enter_context(session.stopped_with(visible))
            yield session


class _Session:
    """The WebUI while it is ours. Overridden options stay until `restore`, so that no VAE is changed back and forth."""

    def __init__(self, job: Job) -> None:
        from modules import processing, sd_models, shared

        self._processing, self._models, self._shared, self._job = processing, sd_models, shared, job
        self._forge = hasattr(sd_models, "forge_model_reload")
        self._loaded: EngineCheckpoint | None = None
        self._drawing = Event()
        self._remember()

    def _remember(self) -> None:
        """What the user has, to be brought back. Raises as refuse_remote."""
        self._options = dict(self._shared.opts.data)
        self._in_memory = in_memory(self._models)
        self._touched: set[str] = set()
        self._emphasis: object = None
        refuse_remote(self._options)

    @contextmanager
    def away(self) -> Iterator[None]:
        """The user's time with the WebUI, between two pictures; what they change is theirs to keep."""
        self.restore()
        try:
            yield
        finally:
            self._remember()

    @contextmanager
    def stopped_with(self, job: Job) -> Iterator[None]:
        """The WebUI's own interrupt, when the job is stopped: the only thing that it checks while it generates."""

        def watch() -> None:
            if not self._drawing.is_set():
                return  # it would be somebody else's picture
            state = self._shared.state
            if count := state.sampling_steps:
                job.report_within(f"step {min(state.sampling_step + 1, count)} of {count}")
            if job.cancelled():
                state.interrupt()

        with repeated(watch, _POLL, "modelsim interrupts"):
            yield

    def load(self, checkpoint: EngineCheckpoint) -> None:
        """Raises as Session.load."""
        self._job.check()
        self._loaded = checkpoint
        state = self._shared.state
        counted = state.job_count, state.job_no
        try:
            (drawn,) = self._drawn([LOADER])
            state.job_count, state.job_no = counted  # it is none of the pictures that are counted
        except OutOfMemory:
            raise
        except PictureFailed as error:
            if self._forge:  # what could not be loaded would not be tried again
                self._models.model_data.forge_hash = ""
            raise CheckpointFailed(
                "the WebUI cannot generate with this checkpoint", error.value, "see its log"
            ) from error
        if not drawn.finished:
            raise Cancelled("the WebUI was interrupted", None, "start again: it continues where it stopped")
        if drawn.checkpoint_title != checkpoint.title:
            fix = "refresh the list of checkpoints and start again"
            raise CheckpointFailed("the WebUI generates with another checkpoint", drawn.checkpoint_title, fix)

    def draw(self, batch: Sequence[Parameters]) -> list[Drawn]:
        """Raises as Session.draw."""
        self._refuse_unknown("sampler", batch[0].sampler, _samplers())
        self._refuse_unknown("scheduler", batch[0].scheduler, _schedulers())
        return self._drawn(batch)

    def restore(self) -> None:
        """The user's options as they were, and their checkpoint in memory where there was one."""
        data = self._shared.opts.data
        for name in self._touched:
            if name in self._options:
                data[name] = self._options[name]
            else:
                data.pop(name, None)
        if self._touched:
            self._bring_back()
        if CHECKPOINT in self._options:  # loading wrote its own word for it
            data[CHECKPOINT] = self._options[CHECKPOINT]

    def _bring_back(self) -> None:
        """Load the user's checkpoint and VAE. Raises ModelsimError where that fails."""
        from modules import sd_vae

        way = InTwoSteps() if self._forge else AtOnce()
        try:
            if self._in_memory is None:
                way.restore(None)
                return
            way.bring()
            if not self._forge:
                sd_vae.reload_vae_weights()
        except Exception as error:  # whatever the WebUI raises
            fix = "choose another checkpoint in the WebUI's menu"
            raise ModelsimError("the WebUI cannot load its own checkpoint again", error, fix) from error

    def _refuse_unknown(self, kind: str, name: str, known: Sequence[str]) -> None:
        """The WebUI would take another one without a word."""
        if known and name not in known:
            raise PictureFailed(f"the WebUI has no such {kind}", name, f"use one of {', '.join(known)}")

    def _drawn(self, batch: Sequence[Parameters]) -> list[Drawn]:
        checkpoint, state = self._loaded, self._shared.state
        if checkpoint is None:
            raise CheckpointFailed("no checkpoint is loaded", None, "load one first")
        options = {**self._shared.opts.data_labels, **self._options}
        settings = overridden(batch[0], checkpoint, options, _vaes(self._forge))
        self._touched |= settings.keys()
        if self._forge:
            self._prepare_forge(settings)
        asked = request(batch) | {"seed": [each.seed for each in batch]}
        processing = self._processing.StableDiffusionProcessingTxt2Img(
            **asked,
            override_settings=settings,
            override_settings_restore_afterwards=False,
            do_not_save_samples=True,
            do_not_save_grid=True,
        )
        with closing(processing):
            self._drawing.set()
            try:
                processed = self._processing.process_images(processing)
            except Exception as error:  # whatever the WebUI raises
                raise self._failure(error, batch[0]) from error
            finally:
                self._drawing.clear()
        images = processed.images[processed.index_of_first_image :]
        finished = len(images) == len(batch) and not any(
            getattr(state, wish, False) for wish in ("interrupted", "skipped", "stopping_generation")
        )
        if not finished:
            blank = Image.new("RGB", (batch[0].width, batch[0].height))
            return [Drawn(blank, "", None, None, finished=False) for _ in batch]
        refuse_resized(images[0], batch[0])
        infotexts = processed.infotexts[processed.index_of_first_image :]
        title = self._title(checkpoint)
        return [
            Drawn(image.convert("RGB"), infotext, processed.sd_model_hash or None, title)
            for image, infotext in zip(images, infotexts, strict=True)
        ]

    def _prepare_forge(self, settings: Mapping[str, object]) -> None:
        """Options that Forge looks at only when it loads: another emphasis, or weights kept in another number of bits
        than those in memory, have the checkpoint loaded anew, also where it is the one that is chosen."""
        from modules_forge import main_entry

        if settings["emphasis"] != self._emphasis:
            self._models.model_data.forge_hash, self._emphasis = "", settings["emphasis"]
        if STORAGE not in settings:
            return
        kinds = main_entry.forge_unet_storage_dtype_options
        wanted, _ = kinds.get(settings[STORAGE], (None, False))
        if self._models.model_data.forge_loading_parameters.get("unet_storage_dtype") != wanted:
            self._shared.opts.data[STORAGE] = settings[STORAGE]
            main_entry.refresh_model_loading_parameters()

    def _title(self, checkpoint: EngineCheckpoint) -> str | None:
        """Of the checkpoint that is in memory."""
        info = in_memory(self._models)
        if info is None:
            return None
        return checkpoint.title if Path(info.filename) == checkpoint.path else info.title

    def _failure(self, error: Exception, parameters: Parameters) -> PictureFailed:
        from modules import devices

        kind = type(error).__name__
        if is_out_of_memory(kind, str(error)):
            devices.torch_gc()
            size = f"{parameters.width} × {parameters.height}"
            return OutOfMemory("out of memory", size, "use a smaller size")
        fix = "start the WebUI with --no-half" if kind == "NansException" else "see the WebUI's log"
        return PictureFailed("the WebUI cannot generate this picture", f"{kind}: {error}", fix)


def _samplers() -> list[str]:
    from modules import sd_samplers

    return [sampler.name for sampler in sd_samplers.all_samplers]


def _schedulers() -> list[str]:
    with suppress(ImportError):
        from modules import sd_schedulers

        return [name for each in sd_schedulers.schedulers for name in (each.label, each.name)]
    return []


def _vaes(forge: bool) -> Mapping[str, str]:
    """Name → file; Forge has them among its modules."""
    if forge:
        from modules_forge import main_entry

        if not main_entry.module_list:  # Forge Neo fills it when its page is opened first
            main_entry.refresh_models()
        return main_entry.module_list
    from modules import sd_vae

    return sd_vae.vae_dict
