"""A running WebUI as the engine that generates, by its HTTP API: `--api` of A1111, Forge and reForge.

Pictures are generated with overridden settings, which the WebUI itself puts back after each; so that whatever happens
to us, the user's settings file is not touched. What it forgets to put back is put back at the end.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import Any

from PIL import Image

from ..errors import ModelsimError, Sentence
from ..job import Cancelled, Job
from ..pictures.opening import opened
from ..pictures.records.infotext import parse
from ..probes.engine import CheckpointFailed, Drawn, EngineCheckpoint, OutOfMemory, PictureFailed
from ..probes.parameters import Parameters
from .http_api import PATIENCE, Api, Refused
from .webui_settings import (
    CHECKPOINT,
    LOADER,
    MODULES,
    STORAGE,
    chosen_modules,
    file_name,
    is_out_of_memory,
    keeps_alike,
    overridden,
    plain_names,
    refuse_remote,
    refuse_resized,
    request,
    stem,
    without_hash,
)

_POLL = 0.25
"""Seconds between two looks at whether to go on."""

_ATTEMPTS = 5
"""How often a picture is generated again when another job hides whether it was stopped."""


_OTHER_MODULES = "see its log; choose the text encoders and VAE there that this checkpoint needs, or none"
"""What to do where a file that we cannot read does not load with the modules that are chosen."""


class WebuiByHttp:
    """Generates with a running WebUI. Nothing is asked of it before it is needed."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        """`url` may carry the credentials of `--api-auth`: http://user:password@host:7860; `patience` is in seconds,
        for answers that generate nothing. Raises ModelsimError."""
        self._api = Api(url, patience)
        self._versions: list[str] = []

    @cached_property
    def name(self) -> str:
        options = _options(self._api)
        if _is_neo(options):
            return "Forge Neo"
        if "forge_preset" in options:
            return "Forge"
        return "reForge" if any(name.startswith("reforge_") for name in options) else "AUTOMATIC1111"

    @property
    def version(self) -> str:
        """From the last picture's infotext. Before the first the WebUI is asked, which takes it seconds; empty where it
        runs without its page and has no answer."""
        if not self._versions:
            try:
                self._versions.append(str(self._api.get("/internal/sysinfo").get("Version", "")))
            except Refused:
                return ""
        return self._versions[-1]

    @property
    def modules(self) -> tuple[str, ...]:
        return chosen_modules(_options(self._api))

    def checkpoints(self) -> list[EngineCheckpoint]:
        listed = self._api.get("/sdapi/v1/sd-models")
        titles, files = [each["title"] for each in listed], [each["filename"] for each in listed]
        return [
            EngineCheckpoint(title, name, _on_this_machine(file), each.get("sha256"))
            for title, name, file, each in zip(titles, plain_names(titles, files), files, listed, strict=True)
        ]

    def current(self) -> EngineCheckpoint | None:
        chosen = str(_options(self._api).get(CHECKPOINT) or "")
        return next((each for each in self.checkpoints() if without_hash(each.title) == without_hash(chosen)), None)

    def missing(self) -> None:
        """It runs."""

    def why_not(self, checkpoint: EngineCheckpoint) -> None:
        """Only the WebUI knows what it can load."""

    @contextmanager
    def session(self, job: Job) -> Iterator[_Session]:
        """Each picture stands in the WebUI's queue by itself, so that a person can draw between two."""
        session = _Session(self._api, self._versions, job)
        try:
            yield session
        finally:
            session.restore()


class _Session:
    """The WebUI while we generate with it; what it says of its version in infotexts is added to `versions`."""

    def __init__(self, api: Api, versions: list[str], job: Job) -> None:
        self._api, self._versions, self._job = api, versions, job
        self._before = _options(api)
        self._vaes = _vaes(api, self._before)
        self._samplers = _names(api, "samplers", "name")
        self._schedulers = _names(api, "schedulers", "label", "name")
        listed = api.get("/sdapi/v1/sd-models")
        self._stems = {each["title"]: stem(each["filename"]) for each in listed}
        refuse_remote(self._before)
        self._chosen = _chosen(self._before, listed)
        self._touched: set[str] = set()
        self._loaded: EngineCheckpoint | None = None

    def load(self, checkpoint: EngineCheckpoint) -> None:
        """Raises as Session.load."""
        self._job.check()
        self._loaded = checkpoint
        try:
            (drawn,) = self._drawn([LOADER])
        except OutOfMemory:
            raise
        except PictureFailed as error:
            unseen = checkpoint.bare and checkpoint.path is None and self._before.get(MODULES)
            raise CheckpointFailed(error.what, error.value, _OTHER_MODULES if unseen else error.fix) from error
        if not drawn.finished:
            raise Cancelled("the WebUI was interrupted", None, "start again: it continues where it stopped")
        known = checkpoint.sha256 and drawn.checkpoint_hash
        if not (checkpoint.sha256.startswith(drawn.checkpoint_hash) if known else drawn.checkpoint_title):
            fix = "refresh the WebUI's list of checkpoints and start again"
            raise CheckpointFailed("the WebUI generates with another checkpoint", checkpoint.name, fix)

    def draw(self, batch: Sequence[Parameters]) -> list[Drawn]:
        """Raises as Session.draw."""
        first = batch[0]
        if [each.seed for each in batch] != list(range(first.seed, first.seed + len(batch))):
            seeds = ", ".join(str(each.seed) for each in batch)
            raise PictureFailed(
                "over HTTP, the seeds of a batch must be consecutive",
                seeds,
                Sentence("use --batch 1", "use Batch size 1"),
            )
        for kind, name, known in (
            ("sampler", first.sampler, self._samplers),
            ("scheduler", first.scheduler, self._schedulers),
        ):
            if known and name not in known:
                raise PictureFailed(f"the WebUI has no such {kind}", name, f"use one of {', '.join(sorted(known))}")
        return self._drawn(batch)

    def restore(self) -> None:
        """The user's options as they were, and the checkpoint that they name in memory again."""
        now = _options(self._api)
        changed = {name: self._before[name] for name in self._touched if now.get(name) != self._before.get(name)}
        chosen = self._before.get(CHECKPOINT)
        if changed:
            self._api.post("/sdapi/v1/options", changed)
        if self._loaded is not None and chosen and "forge_preset" not in self._before:  # Forge loads when it draws
            self._load_again(chosen)

    def _load_again(self, chosen: str) -> None:
        """A1111 loads what an option names when the option changes: it gets another word for the same, and then its
        own one again."""
        other = without_hash(chosen)
        listed = [each["title"] for each in self._api.get("/sdapi/v1/sd-models")]
        if other == chosen:
            other = next((title for title in listed if without_hash(title) == chosen), chosen)
        for word in (other, chosen):
            self._api.post("/sdapi/v1/options", {CHECKPOINT: word}, patience=None)

    def _drawn(self, batch: Sequence[Parameters]) -> list[Drawn]:
        checkpoint = self._loaded
        if checkpoint is None:
            raise CheckpointFailed("no checkpoint is loaded", None, "load one first")
        settings = overridden(batch[0], checkpoint, self._before, self._vaes)
        if "forge_preset" in self._before:
            self._refuse_what_forge_would_not_do(settings)
        self._touched |= settings.keys()
        question = {
            **request(batch),
            "override_settings": settings,
            "override_settings_restore_afterwards": True,
            "do_not_save_samples": True,
            "do_not_save_grid": True,
            "save_images": False,
        }
        for _ in range(_ATTEMPTS):
            try:
                answer = self._answer(question)
            except Refused as error:
                raise self._failure(error, batch[0]) from error
            stopped = self._was_stopped()
            if stopped is not None:
                return self._checked(batch, answer, stopped, checkpoint)
            self._job.check()
        raise PictureFailed("the WebUI is busy with other jobs, so the picture may be incomplete")

    def _refuse_what_forge_would_not_do(self, settings: dict[str, Any]) -> None:
        """Raises PictureFailed for an option that it looks at only when it loads, and for modules that it could not put
        back: those that its own list lacks, which Forge Neo fills when its page is opened first."""
        if settings["emphasis"] != self._before["emphasis"] and not _is_neo(self._before):
            fix = "choose it in Forge's settings, then switch to another checkpoint once to apply it"
            raise PictureFailed(
                "Forge still uses the emphasis from when it loaded the checkpoint", settings["emphasis"], fix
            )
        stored, chosen = self._before.get(STORAGE), settings[CHECKPOINT] == self._chosen
        if chosen and STORAGE in settings and not keeps_alike(settings[STORAGE], stored):
            fix = f"choose {settings[STORAGE]} there, or another checkpoint in its menu"
            raise PictureFailed("the WebUI keeps the checkpoint that is chosen in “Diffusion in Low Bits”", stored, fix)
        if settings[MODULES] == sorted(self._before[MODULES] or ()):
            del settings[MODULES]
        elif lost := [name for name in map(file_name, self._before[MODULES] or ()) if name not in self._vaes]:
            fix = "open its page once, or start it anew with these files in its folders"
            raise PictureFailed("the WebUI would forget its own modules", ", ".join(lost), fix)

    def _answer(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """What `txt2img` answers; stopped in the middle where the job is. Raises ModelsimError where the WebUI dies."""
        task = f"task({uuid.uuid4().hex})"
        answer: Future[Mapping[str, Any]] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._api.post("/sdapi/v1/txt2img", {**question, "force_task_id": task}, None))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                answer.set_exception(error)

        Thread(target=ask, name="modelsim generates", daemon=True).start()
        try:
            while wait([answer], _POLL).not_done:
                at_work = self._at_work(task)
                if at_work and self._job.cancelled():
                    self._api.post("/sdapi/v1/interrupt", {})
        except KeyboardInterrupt:
            self._api.post("/sdapi/v1/interrupt", {})
            raise
        return answer.result()

    def _at_work(self, task: str) -> bool:
        """Whether it is our picture that is being generated, and nobody else's: no live preview is made for this look.

        Raises ModelsimError where the WebUI does not answer any more.
        """
        try:
            return bool(self._api.post("/internal/progress", {"id_task": task, "live_preview": False})["active"])
        except Refused:  # without its page it does not tell
            return True

    def _was_stopped(self) -> bool | None:
        """Whether the picture just generated was stopped, by us or a person; None where the next job hides it."""
        state = self._api.get("/sdapi/v1/progress?skip_current_image=true")["state"]
        if state.get("job"):
            return None
        return any(state.get(wish) for wish in ("interrupted", "skipped", "stopping_generation"))

    def _checked(
        self, batch: Sequence[Parameters], answer: Mapping[str, Any], stopped: bool, checkpoint: EngineCheckpoint
    ) -> list[Drawn]:
        """Raises PictureFailed where an extension has changed what was asked for."""
        info, images = json.loads(answer["info"]), answer["images"]
        if stopped or len(images) < len(batch):
            blank = Image.new("RGB", (batch[0].width, batch[0].height))
            return [Drawn(blank, "", None, None, finished=False) for _ in batch]
        asked = {
            "all_prompts": [each.prompt for each in batch],
            "all_negative_prompts": [each.negative_prompt for each in batch],
            "all_seeds": [each.seed for each in batch],
        }
        changed = [name for name, value in asked.items() if info.get(name) != value]
        if changed:
            fix = "disable that extension in the WebUI"
            raise PictureFailed("an extension changes the picture's settings", str(info.get(changed[0])), fix)
        version = parse(info["infotexts"][0]).settings.get("Version")
        if version and version not in self._versions[-1:]:
            self._versions.append(version)
        pictures = [_image(image) for image in images]
        refuse_resized(pictures[0], batch[0])
        name, names = self._stems.get(checkpoint.title), list(self._stems.values())
        proven = name is not None and info.get("sd_model_name") == name and names.count(name) == 1
        title = checkpoint.title if proven else None
        return [
            Drawn(picture, infotext, info.get("sd_model_hash"), title)
            for picture, infotext in zip(pictures, info["infotexts"], strict=True)
        ]

    def _failure(self, error: Refused, parameters: Parameters) -> ModelsimError:
        """What the WebUI's refusal of a picture means; one that is none of the picture's ends the run."""
        if error.status in (401, 404):
            return error
        words = f"{error.what}: {error.value}"
        if is_out_of_memory(error.kind, words):
            size = f"{parameters.width} × {parameters.height}"
            return OutOfMemory("the WebUI ran out of memory", size, "use a smaller size")
        if error.kind == "AssertionError" and "settings" in words:
            self._loaded = None  # nothing was changed, and nothing can be put back
            return ModelsimError("the WebUI's settings are frozen", self._api.url, "start it without --freeze-settings")
        return PictureFailed(error.what, error.value, error.fix)


def _image(text: str) -> Image.Image:
    with opened(base64.b64decode(text.rpartition(",")[2]), "the WebUI's picture") as image:
        return image.convert("RGB")


def _is_neo(options: Mapping[str, Any]) -> bool:
    """Whether it is Forge Neo, which has a checkpoint for each of its presets."""
    return "forge_checkpoint_sd" in options


def _chosen(options: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]) -> str | None:
    """The title of the checkpoint that is chosen. Raises ModelsimError where a Forge has none that it knows: it could
    not put its options back after a picture."""
    words = str(options.get(CHECKPOINT) or "")
    found = next((each["title"] for each in listed if words in _names_of(each)), None)
    if found is None and "forge_preset" in options:
        fix = "choose a checkpoint in the WebUI's menu, then start again"
        raise ModelsimError("the WebUI's own checkpoint is not there", words or "none is chosen", fix)
    return found


def _names_of(listed: Mapping[str, Any]) -> set[str]:
    """The words by which a Forge finds a checkpoint again, but for those with a hash of the old kind."""
    title, name, short = listed["title"], stem(listed["filename"]), listed.get("hash")
    return {title, without_hash(title), name, listed["model_name"], f"{name} [{short}]"} - {""}


def _options(api: Api) -> dict[str, Any]:
    return api.get("/sdapi/v1/options")


def _vaes(api: Api, options: Mapping[str, Any]) -> dict[str, str]:
    """Name → file of the VAEs, which Forge has among its modules."""
    route = "sd-modules" if "forge_preset" in options else "sd-vae"
    return {each["model_name"]: each["filename"] for each in api.get(f"/sdapi/v1/{route}")}


def _names(api: Api, route: str, *keys: str) -> set[str]:
    """All names of what a route lists; none where there is no such route."""
    try:
        listed = api.get(f"/sdapi/v1/{route}")
    except Refused as error:
        if error.status != 404:
            raise
        return set()
    return {each[key] for each in listed for key in keys if each.get(key)}


def _on_this_machine(file: str) -> Path | None:
    """The file, where the WebUI runs on this machine or shares its folders."""
    path = Path(file)
    return path if path.is_absolute() and path.exists() else None
