"""All that decides one picture's pixels besides the checkpoint, and the identity that follows from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import ModelsimError

_TABLE: dict[str, tuple[Any, str | None]] = {
    name: (default, label)
    for name, (default, label) in json.loads((Path(__file__).parent / "options.json").read_text(encoding="utf-8"))[
        "options"
    ].items()
}

OPTIONS: Mapping[str, str | int | float | bool] = {name: default for name, (default, _) in _TABLE.items()}
"""Options of the WebUI that change the picture, at the values that it ships with."""

OPTION_LABELS: Mapping[str, str] = {name: label for name, (_, label) in _TABLE.items() if label}
"""Option → its label in the infotext, where it has one."""

NOISE_SOURCES = ("GPU", "CPU", "NV")

OWN_VAE = "own"


@dataclass(frozen=True)
class Parameters:
    """One picture, in the WebUI's words. Raises ModelsimError for values that no picture can have.

    - `sampler`, `scheduler`: the WebUI's names ("Euler", "DPM++ 2M"; "Automatic", "Karras").
    - `clip_skip`: 1 is CLIP's last layer.
    - `noise`: where the noise comes from, the WebUI's `randn_source`; "NV" is NVIDIA's on any machine.
    - `vae`: "own" for the checkpoint's, or the name of a VAE file.
    - `options`: those of OPTIONS that differ from there; whoever generates sets all the others to what OPTIONS says.
    - `batch`: the seeds of all pictures generated at once with this one, in their order; () where it was generated
      alone.
    - `modules`: the names of the files of the host's own, text encoders and VAE, with which a checkpoint generates that
      lacks its own; () for one that is whole. A run decides on them, no suite.

    An identity leaves out what has its default value: options and fields may be added, defaults never changed.
    """

    prompt: str = ""
    negative_prompt: str = ""
    sampler: str = "Euler"
    scheduler: str = "Automatic"
    steps: int = 20
    cfg_scale: float = 7.0
    seed: int = 1
    width: int = 512
    height: int = 512
    clip_skip: int = 1
    noise: str = "GPU"
    vae: str = OWN_VAE
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    batch: tuple[int, ...] = ()
    modules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for each in fields(self):
            if each.name not in ("options", "batch", "modules"):
                object.__setattr__(self, each.name, _as_default(each.name, getattr(self, each.name), each.default))
        object.__setattr__(self, "options", _own_options(self.options))
        object.__setattr__(self, "batch", tuple(self.batch))
        object.__setattr__(self, "modules", tuple(self.modules))
        _between("steps", self.steps, 1, 10_000)
        _between("clip_skip", self.clip_skip, 1, 12)
        _between("seed", self.seed, 0, 2**64 - 1)
        for side in ("width", "height"):
            _between(side, getattr(self, side), 64, 8192)
            if getattr(self, side) % 8:
                raise ModelsimError(f"{side} is not a multiple of 8", getattr(self, side), "use a multiple of 8")
        if self.noise not in NOISE_SOURCES:
            raise ModelsimError("unknown noise source", self.noise, f"use one of {', '.join(NOISE_SOURCES)}")

    def to_dict(self) -> dict[str, Any]:
        """The fields that differ from their defaults, in their order: what the same Parameters are made from."""
        changed = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in changed.items() if value != getattr(_DEFAULT, name)}

    def identity(self, engine: str) -> str:
        """SHA-256, 64 digits, of all that matters to the pixels besides the checkpoint, `engine` is its name."""
        what = {"engine": engine, **self.to_dict()}
        return hashlib.sha256(json.dumps(what, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _own_options(options: Mapping[str, object]) -> dict[str, str | int | float | bool]:
    """Those that differ from the defaults, sorted and in the defaults' types."""
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise ModelsimError("unknown option", unknown[0], f"use one of {', '.join(OPTIONS)}")
    typed = {name: _as_default(name, options[name], OPTIONS[name]) for name in sorted(options)}
    return {name: value for name, value in typed.items() if value != OPTIONS[name]}


def _as_default(name: str, value: object, default: str | int | float | bool) -> str | int | float | bool:
    """A value in its default's type: 1 is 1.0 for a number with decimals."""
    kind = type(default)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        words = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
        raise ModelsimError(f"{name} must be {words[kind]}", value, "correct the value")
    return value


def _between(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ModelsimError(f"{name} out of range", value, f"use {least} to {most}")


_DEFAULT = Parameters()
