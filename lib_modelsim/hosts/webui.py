"""AUTOMATIC1111's WebUI and those made from it: Forge, Forge Neo, reForge, and SD.Next as far as it goes.

What a WebUI can do is asked of its modules, never of its version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..engines.webui_loading import load
from ..engines.webui_queue import Away, Turn
from ..errors import ModelsimError
from ..job import Job
from .beside import folders_beside
from .host import GALLERY, Listed, Loaded, Menu, Output, Settings
from .menu import checkpoint_menu
from .outputs import output_folders
from .settings import read_settings

if TYPE_CHECKING:
    from ..pictures.encoders.encoder import Encoder
    from ..pictures.interrogator import Interrogator
    from ..probes.engine import Engine, EngineCheckpoint

_OPEN = (
    "Others can open this WebUI (--listen, --share, --server-name), so the page takes no other folders and moves no "
    "files. Start it with --enable-insecure-extension-access to allow that to all of them."
)


class WebUI:
    """The WebUI that this process is. `data` lies where the WebUI keeps its own, which it serves to every browser that
    can reach it: nothing secret may be written there."""

    is_webui, draws_with_files = True, False
    folders = None
    gallery = GALLERY

    def __init__(self) -> None:
        """Raises ImportError outside of a WebUI."""
        from modules import paths, sd_models, shared

        self._models, self._shared = sd_models, shared
        self._forge = hasattr(sd_models, "forge_model_reload")
        self._here = local()  # a thread that has its turn gets no second one
        self.name = _name(self._forge)
        self._folder, self.data = Path(paths.models_path), Path(paths.data_path) / "modelsim"

    @property
    def cannot(self) -> Mapping[str, str]:
        """As of now: on some WebUIs it depends on the model that is loaded."""
        reasons = {}
        if getattr(self._shared.cmd_opts, "freeze_settings", False):
            reasons["load"] = "The WebUI was started with --freeze-settings, which also fixes its checkpoint."
        elif not (self._forge or hasattr(self._models, "reload_model_weights")):
            reasons["load"] = f"{self.name} does not let extensions load a checkpoint."
        if getattr(self._shared.cmd_opts, "disable_extension_access", False):  # as the WebUI's own page of extensions
            reasons["folders"] = reasons["files"] = _OPEN
        elif getattr(self._shared.cmd_opts, "hide_ui_dir_config", False):
            reasons["folders"] = "The WebUI was started with --hide-ui-dir-config, so the page takes no other folders."
        if self._forge:
            reasons["loaded"] = f"{self.name} changes the weights when it loads them and keeps no state dict to read."
        elif (model := self._in_memory()) is not None and not hasattr(model, "state_dict"):
            reasons["loaded"] = f"{self.name} keeps its model in a form that has no state dict to read."
        return reasons

    def settings(self) -> Settings:
        return read_settings(self._shared.opts)

    def paths(self) -> list[Path]:
        return [*(Path(info.filename) for info in self._infos()), *folders_beside(self._shared.cmd_opts, self._folder)]

    def listed(self) -> list[Listed]:
        """No hash is computed for it, which would take minutes and change the host's titles."""
        return [Listed(Path(info.filename), info.title, self._sha256(info)) for info in self._infos()]

    def refresh(self) -> None:
        self._models.list_models()

    def loaded_path(self) -> Path | None:
        info = self._current()
        return None if info is None else Path(info.filename)

    def loaded(self) -> Loaded:
        """Its tensors under the names that the file gives them: the WebUI wraps text encoders, and calls those of SDXL
        by two names."""
        if "loaded" in self.cannot:
            raise ModelsimError("the model in memory cannot be read", self.cannot["loaded"])
        model = self._in_memory()
        if model is None:
            raise ModelsimError(
                "the WebUI has no model in memory", None, "load a checkpoint or generate a picture first"
            )
        tensors = {key.replace(".wrapped.", "."): tensor for key, tensor in model.state_dict().items()}
        if any(getattr(tensor, "is_meta", False) for tensor in tensors.values()):
            raise ModelsimError("the WebUI is switching its model", None, "try again in a moment")
        if any(key.startswith("conditioner.") for key in tensors):
            tensors = {key: tensor for key, tensor in tensors.items() if not key.startswith("cond_stage_model.")}
        return Loaded(model.sd_checkpoint_info.title, tensors)

    def load(self, path: Path, job: Job = Job()) -> None:  # noqa: B008 - frozen
        if "load" in self.cannot:
            raise ModelsimError("the checkpoint cannot be loaded", self.cannot["load"])
        info = next((info for info in self._infos() if Path(info.filename) == path), None)
        if info is None or not path.exists():
            raise ModelsimError("the WebUI no longer lists this checkpoint", path, "refresh the list of checkpoints")
        with self.at_work(f"loading {info.name}", job):
            load(info)

    def menu(self) -> Menu | None:
        return checkpoint_menu(self._shared)

    @contextmanager
    def at_work(self, what: str, job: Job, away: Away = nullcontext) -> Iterator[Job]:
        turn = getattr(self._here, "turn", None)
        if turn is not None:
            with turn.leaving(away):
                yield job
            return
        from modules import call_queue

        with Turn(call_queue.queue_lock, self._shared.state, what, job) as turn, turn.leaving(away):
            self._here.turn = turn
            try:
                yield turn.job
            finally:
                self._here.turn = None

    def engine(self, checkpoints: Sequence[EngineCheckpoint]) -> Engine:  # noqa: ARG002 - it draws with those that it lists
        from ..engines.webui_inside import WebUIDrawing

        return WebUIDrawing(self)

    def generate_with(self, address: str) -> str:
        raise ModelsimError("this WebUI generates itself", address, "use the page of standalone.py")

    def interrogators(self) -> list[Interrogator]:
        from .interrogators import interrogators

        return interrogators()

    def encoders(self) -> list[Encoder]:
        from .webui_clip import encoders

        return list(encoders())

    def outputs(self) -> list[Output]:
        return output_folders(self._shared.opts)

    def picture_url(self, path: Path) -> str:
        """gradio serves what lies in the WebUI's data folder under `file=`."""
        return f"file={quote(path.as_posix())}"

    def _infos(self) -> list[Any]:
        return list(self._models.checkpoints_list.values())  # a copy: a first hash rebuilds the dict

    def _in_memory(self) -> Any:  # noqa: ANN401 - a model; not `shared.sd_model`, which loads one where there is none
        return self._models.model_data.sd_model

    def _current(self) -> Any:  # noqa: ANN401 - the host's CheckpointInfo
        """What Forge will generate with, else what is in memory, else what is chosen."""
        forges = getattr(self._models.model_data, "forge_loading_parameters", {}).get("checkpoint_info")
        current = forges or getattr(self._in_memory(), "sd_checkpoint_info", None)
        if current is not None:
            return current
        words = getattr(self._shared.opts, "sd_model_checkpoint", None)
        named = (info for info in self._infos() if words in (info.title, info.name, getattr(info, "short_title", None)))
        return next(named, None)

    def _sha256(self, info: Any) -> str | None:  # noqa: ANN401
        """From the host's cache, which knows whether the file has changed since; where it has none, as listed."""
        try:
            from modules.hashes import sha256_from_cache
        except ImportError:
            return info.sha256
        return sha256_from_cache(info.filename, f"checkpoint/{info.name}")


def _name(forge: bool) -> str:
    with suppress(ImportError):
        import modules_forge

        if not forge:
            return "reForge"
        with suppress(ImportError):
            import modules_forge.presets  # noqa: F401 - a file of Neo's own

            return "Forge Neo"
        return "Forge"
    with suppress(ImportError):
        from modules import sd_checkpoint  # noqa: F401 - a file of SD.Next's own

        return "SD.Next"
    return "AUTOMATIC1111"
