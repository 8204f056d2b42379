"""Which CLIP looks at pictures and prompts, where nobody names one: the best that is here. Nothing is downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import ModelsimError, Sentence
from ...installing import how_to_install
from ...pictures.encoders import open_clip
from ...pictures.encoders.encoder import EncoderError
from ...pictures.encoders.published_weights import PACKAGE, is_installed, published
from ..finding.encoders import CLIP, HOSTS, default_name, readiness
from .curate import CurateRequest, needs_clip, needs_openai

if TYPE_CHECKING:
    from ...hosts.host import Host

USUAL_CLIP = f"{CLIP}ViT-L-14/openai"
"""OpenAI's ViT-L/14: whose scores people know, what torchmetrics takes, and what aesthetic heads were trained on."""


def clip_here(host: Host, openai: bool = False) -> str | None:
    """The name of a CLIP that can be used at once: the one that the host has in memory, or published weights that are
    on this machine, with `openai` none but OpenAI's ViT-L/14; None where there is none. Takes seconds where open_clip
    is installed: it is imported."""
    if host.encoders():
        return HOSTS
    if not is_installed():
        return None
    others = [] if openai else [f"{CLIP}{which}" for which in open_clip.KIND.suggested]
    return next((name for name in (USUAL_CLIP, *others) if _is_here(name)), None)


def require_clip(host: Host, openai: bool = False) -> str:
    """As `clip_here`. Raises ModelsimError where there is none: it says what to fetch, and how large that is."""
    found = clip_here(host, openai)
    if found is not None:
        return found
    if not is_installed():
        raise ModelsimError("CLIP needs a package that is not installed", PACKAGE, how_to_install(PACKAGE))
    fetch = readiness(USUAL_CLIP, host).download
    fix = Sentence(
        "name one that you have, --encoder open_clip:ARCHITECTURE/FILE.safetensors"
        + (f", or add --download ({fetch})" if fetch else ""),
        "choose one that you have under Encoder" + (f", or press the button there ({fetch})" if fetch else ""),
    )
    raise ModelsimError(f"there is no {'ViT-L/14 of OpenAI' if openai else 'CLIP'} on this machine", None, fix)


def usual_encoder(host: Host) -> str:
    """The name of the encoder by which pictures are grouped and laid out on a map, where nobody names one: a CLIP that
    is here, else what "Find my model" uses."""
    return clip_here(host) or default_name()


def encoder_for(request: CurateRequest, host: Host) -> str | None:
    """The name of the encoder that a request takes; None where it needs none. Raises as `require_clip`."""
    if needs_clip(request):
        return request.encoder or require_clip(host, needs_openai(request))
    return None if request.groups is None else request.encoder or usual_encoder(host)


def to_download(request: CurateRequest, host: Host) -> str | None:
    """The name of the encoder that a person allows to be downloaded: the one that they name, else for a score by CLIP
    one that is here, which needs no download, or the usual one; None where the request takes none."""
    if request.encoder or not needs_clip(request):
        return request.encoder
    return clip_here(host, needs_openai(request)) or USUAL_CLIP


def _is_here(name: str) -> bool:
    architecture, _, tag = name.removeprefix(CLIP).partition("/")
    try:
        return published(architecture, tag).file is not None
    except EncoderError:  # a version of open_clip that does not know it, or takes it from no hub
        return False
