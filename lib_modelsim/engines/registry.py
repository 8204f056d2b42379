"""The engines that generate without a WebUI around us, by name. docs/extending.md shows how to add one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import ModelsimError, Sentence
from ..probes.engine import Engine, EngineCheckpoint


@dataclass(frozen=True)
class EngineKind:
    """One way to generate.

    `takes_files`: it generates with the files that we find, and is made with them; otherwise with a list of its own, of
    the program at an address. `make` is given the checkpoints, the device ("auto", "cpu", "cuda") and the address, and
    imports what it needs; it raises ModelsimError where something is missing.
    """

    name: str
    takes_files: bool
    make: Callable[[Sequence[EngineCheckpoint], str, str | None], Engine]


def _diffusers(checkpoints: Sequence[EngineCheckpoint], device: str, address: str | None) -> Engine:  # noqa: ARG001
    from .diffusers_engine import Diffusers  # torch comes with it

    return Diffusers(checkpoints, device)


def _webui(checkpoints: Sequence[EngineCheckpoint], device: str, address: str | None) -> Engine:  # noqa: ARG001
    from .webui_http import WebuiByHttp

    if address is None:
        fix = Sentence("name it with --webui http://127.0.0.1:7860", "enter one such as http://127.0.0.1:7860")
        raise ModelsimError("the address of the WebUI is missing", None, fix)
    return WebuiByHttp(address)


DIFFUSERS = EngineKind("diffusers", takes_files=True, make=_diffusers)
WEBUI = EngineKind("webui", takes_files=False, make=_webui)

_KINDS = {kind.name: kind for kind in (DIFFUSERS, WEBUI)}


def register(kind: EngineKind) -> None:
    """Add an engine, or take the place of one."""
    _KINDS[kind.name] = kind


def engine_kind(name: str) -> EngineKind:
    """The engine of this name. Raises ModelsimError where there is none."""
    if name not in _KINDS:
        raise ModelsimError("no such engine", name, f"use one of {', '.join(_KINDS)}")
    return _KINDS[name]
