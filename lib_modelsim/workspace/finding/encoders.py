"""Which encoder a person means, and whether it can be used now.

`builtin`, `open_clip:ARCHITECTURE/TAG`, `open_clip:ARCHITECTURE/FILE.safetensors`, `host` (what the WebUI has loaded).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ...errors import ModelsimError
from ...job import Job
from ...pictures.published_weights import how_to_install, is_installed, published

if TYPE_CHECKING:
    from ...hosts.host import Host
    from ...pictures.encoder import Encoder

BUILT_IN = "builtin"
HOSTS = "host"
CLIP = "open_clip:"

SUGGESTED = (
    f"{CLIP}ViT-B-32/laion2b_s34b_b79k",
    f"{CLIP}ViT-L-14/datacomp_xl_s13b_b90k",
    f"{CLIP}ViT-H-14/laion2b_s32b_b79k",
)
"""Small, usual and large: CLIPs that every open_clip knows by a tag."""

_ARCHITECTURE_AND_WEIGHTS = "ARCHITECTURE/TAG or ARCHITECTURE/FILE.safetensors"


@dataclass(frozen=True)
class Readiness:
    """Whether an encoder can be used now; `words` say why not. `download` is what a click would download, and how
    large it is, where that is all that it lacks."""

    ready: bool
    words: str
    download: str | None = None


def encoder_named(name: str, device: str = "auto") -> Encoder:
    """The encoder, in half precision on a GPU; nothing is loaded before it is used.

    Raises ModelsimError for an unknown one, for the host's (see `hosts_encoder`), and for weights that are not on this
    machine.
    """
    if name == BUILT_IN:
        from ...pictures.encoder import DescriptorEncoder

        return DescriptorEncoder()
    architecture, weights = _named(name)
    from ...pictures.open_clip_encoder import open_clip_encoder  # torch comes with it
    from ...similarity.device import choose_device

    found = Path(weights).expanduser() if _is_file(weights) else published(architecture, weights)
    return open_clip_encoder(architecture, found, choose_device(device).torch.type, half=True)


def hosts_encoder(host: Host) -> Encoder:
    """What the host has in memory; to be used `at_work`. Raises ModelsimError where it has none."""
    found = host.encoders()
    if not found:
        fix = "press Interrogate CLIP in img2img once, or choose another encoder"
        raise ModelsimError("the WebUI has no CLIP in memory", None, fix)
    return found[0]


def readiness(name: str, host: Host) -> Readiness:
    """Whether it can be used; takes seconds for open_clip, which is imported. Nothing is downloaded."""
    if name == BUILT_IN:
        return Readiness(True, "needs no download; about 80 ms of one core a picture")
    try:
        if name == HOSTS:
            return Readiness(True, f"{hosts_encoder(host).name}: ready, it is in memory")
        architecture, weights = _named(name)
        if not is_installed():
            return Readiness(False, f"the package open_clip_torch is not installed. Fix: {how_to_install()}")
        if not _is_file(weights) and (found := published(architecture, weights)).file is None:
            return Readiness(False, f"the weights {weights} are not on this machine", found.question)
        return Readiness(True, f"{encoder_named(name, 'cpu').name}: ready; it is loaded when it is used")
    except ModelsimError as error:
        return Readiness(False, str(error))


def download(name: str, job: Job) -> None:
    """Fetch the published weights that `readiness` asked about, if they are not here. Raises Cancelled, and
    ModelsimError in one line."""
    if name in (BUILT_IN, HOSTS):
        return
    architecture, weights = _named(name)
    if not _is_file(weights) and (found := published(architecture, weights)).file is None:
        found.download(job)


@runtime_checkable
class _HoldsModel(Protocol):
    def unload(self) -> None: ...


def unload(encoder: Encoder) -> None:
    """An encoder that holds a model gives the memory back; used again it loads again."""
    if isinstance(encoder, _HoldsModel):
        encoder.unload()


@contextmanager
def in_use(encoder: Encoder, keep: bool) -> Iterator[None]:
    """The time of its use; afterwards it is unloaded, unless it is to be kept."""
    try:
        yield
    finally:
        if not keep:
            unload(encoder)


def _named(name: str) -> tuple[str, str]:
    """Architecture, and tag or file."""
    architecture, _, weights = name.removeprefix(CLIP).partition("/")
    if not name.startswith(CLIP) or not architecture or not weights:
        raise ModelsimError("no such encoder", name, f"use {BUILT_IN}, or {CLIP} with {_ARCHITECTURE_AND_WEIGHTS}")
    return architecture, weights


def _is_file(weights: str) -> bool:
    return weights.endswith(".safetensors")
