"""Changing the checkpoint of a WebUI as its own menu does, and back again where that fails.

Both ways load at once, so that a file that cannot be loaded is told now and does not spoil the next picture.
"""

from __future__ import annotations

from contextlib import nullcontext
from inspect import signature
from typing import Any

from ..errors import ModelsimError

OPTION = "sd_model_checkpoint"


class AtOnce:
    """A1111, reForge, SD.Next: the option says which checkpoint, `reload_model_weights` loads it."""

    options = (OPTION,)
    """What says which checkpoint is the current one."""

    def __init__(self) -> None:
        from modules import sd_models, shared

        self._models, self._shared = sd_models, shared

    def choose(self, info: Any) -> None:  # noqa: ANN401 - the host's CheckpointInfo
        """Set the option. Raises AssertionError or RuntimeError where it may not be changed."""
        setattr(self._shared.opts, OPTION, info.title)

    def bring(self) -> None:
        """Load what is chosen; a first load that is under way, outside of the queue, is waited for."""
        with getattr(self._models.model_data, "lock", nullcontext()):
            pass
        self._models.reload_model_weights()

    def restore(self, info: Any) -> None:  # noqa: ANN401
        """Load what was loaded: anew from its file, as a failed change leaves it taken apart."""
        if info is not None:
            reload = self._models.reload_model_weights
            anew = "forced_reload" if "forced_reload" in signature(reload).parameters else "force"  # SD.Next's word
            reload(info=info, **{anew: True})


class InTwoSteps:
    """Forge and Forge Neo: the menu chooses what the next picture loads, `forge_model_reload` loads it."""

    def __init__(self) -> None:
        from modules import sd_models, shared
        from modules_forge import main_entry

        self._models, self._opts, self._menu = sd_models, shared.opts, main_entry

    @property
    def options(self) -> tuple[str, ...]:
        """What says which checkpoint is the current one: Forge Neo's page shows that of its preset when it is opened,
        while what draws is the other one."""
        of_preset = f"forge_checkpoint_{getattr(self._opts, 'forge_preset', None)}"
        return (OPTION, of_preset) if of_preset in self._opts.data_labels else (OPTION,)

    def choose(self, info: Any) -> None:  # noqa: ANN401
        """Set the options, as the menu words it. Raises AssertionError where they may not be changed."""
        short = getattr(self._opts, "sd_checkpoint_dropdown_use_short", False)
        for option in self.options:
            self._opts.set(option, info.short_title if short else info.name)

    def bring(self) -> None:
        """Load what is chosen."""
        self._menu.refresh_model_loading_parameters()
        self._models.forge_model_reload()

    def restore(self, info: Any) -> None:  # noqa: ANN401
        """Load what was loaded; without that, a failure would be met again with the next picture."""
        self._models.model_data.forge_hash = ""
        if info is not None:
            self.bring()
        else:
            self._menu.refresh_model_loading_parameters()
            self._models.model_data.sd_model = self._models.FakeInitialModel()


def load(info: Any) -> None:  # noqa: ANN401
    """Make this checkpoint the host's current one, in its turn. Raises ModelsimError where it fails, with the old one
    in its place."""
    from modules import sd_models, shared

    way = InTwoSteps() if hasattr(sd_models, "forge_model_reload") else AtOnce()
    before, options = in_memory(sd_models), {option: shared.opts.data.get(option) for option in way.options}
    try:
        way.choose(info)
    except (AssertionError, RuntimeError) as error:
        fix = "start the WebUI without --freeze-settings and similar options"
        raise ModelsimError("the WebUI does not change its checkpoint", error, fix) from error
    try:
        way.bring()
        now = in_memory(sd_models)
        if now is None or now.filename != info.filename:
            raise RuntimeError(f"{now and now.name} was loaded instead")  # noqa: TRY301 - put right like all others
        shared.opts.save(shared.config_filename)
    except Exception as error:
        shared.opts.data.update(options)
        way.restore(before)
        shared.opts.data.update(options)  # loading wrote its own
        raise ModelsimError(
            "the WebUI cannot load this checkpoint", f"{info.name} ({type(error).__name__}: {error})", "see its log"
        ) from error


def in_memory(sd_models: Any) -> Any:  # noqa: ANN401
    """The CheckpointInfo of the model that is loaded; None where there is none. Loads nothing, as `shared.sd_model`
    would."""
    return getattr(sd_models.model_data.sd_model, "sd_checkpoint_info", None)
