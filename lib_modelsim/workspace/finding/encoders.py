"""Which encoder a person means, and whether it can be used now.

The registry's kinds, `builtin` and `open_clip:…` as shipped, and `host`: what the WebUI has in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ...errors import ModelsimError
from ...job import Job
from ...pictures.encoders.encoder import EncoderKind, Readiness
from ...pictures.encoders.registry import kind_named, kinds

if TYPE_CHECKING:
    from ...hosts.host import Host
    from ...pictures.encoders.encoder import Encoder

BUILT_IN = "builtin"
HOSTS = "host"
CLIP = "open_clip:"


def encoder_named(name: str, device: str = "auto", host: Host | None = None) -> Encoder:
    """The encoder, on a GPU in half precision where it can; nothing is loaded before it is used.

    `device` as a person chooses it. Raises ModelsimError for an unknown one, and for one that cannot be used now: its
    weights are not on this machine, or the host has none in memory.
    """
    kind, which = _kind(name, host)

    def chosen() -> str:
        from ...similarity.device import choose_device  # torch comes with it

        return choose_device(device).torch.type

    return kind.make(which, chosen)


def offered(host: Host) -> list[str]:
    """The names of the encoders to choose from; the host's where it is in memory."""
    there = [HOSTS] if host.encoders() else []
    names = [name for kind in kinds() for name in _names(kind)]
    return [BUILT_IN, *there, *(name for name in names if name != BUILT_IN)]


def label_of(name: str) -> str:
    """What the page calls an encoder: its kind's label, or which of its kind it is."""
    if name == HOSTS:
        return _HOSTS_LABEL
    labels = {kind.name: kind.label for kind in kinds() if not kind.takes}
    return labels.get(name, name.removeprefix(CLIP))


def name_of(label: str | None) -> str:
    """The encoder that a label or a typed text means; one that no kind knows is one of open_clip's."""
    typed = (label or "").strip()
    by_label = {label_of(name): name for name in (HOSTS, *(kind.name for kind in kinds() if not kind.takes))}
    if not typed or typed in by_label:
        return by_label.get(typed, BUILT_IN)
    known = typed.partition(":")[0] in [kind.name for kind in kinds()]
    return typed if known else f"{CLIP}{typed}"


def takes_turn(name: str) -> bool:
    """Whether it waits for the host's other work, as it may want the GPU; so does a name that nobody knows."""
    return all(kind.takes_turn for kind in kinds() if kind.name == name.partition(":")[0])


def readiness(name: str, host: Host) -> Readiness:
    """Whether it can be used; takes seconds for open_clip, which is imported. Nothing is downloaded."""
    try:
        kind, which = _kind(name, host)
        return kind.readiness(which)
    except ModelsimError as error:
        return Readiness(False, str(error))


def download(name: str, job: Job) -> None:
    """Fetch what `readiness` asked about, if it is not here. Raises Cancelled, and ModelsimError in one line."""
    if name != HOSTS:
        kind, which = kind_named(name)
        kind.download(which, job)


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


_HOSTS_LABEL = "the WebUI's CLIP"


def _kind(name: str, host: Host | None) -> tuple[EncoderKind, str]:
    return kind_named(name, [] if host is None else [_hosts_kind(host)])


def _hosts_kind(host: Host) -> EncoderKind:
    """What the host has in memory; to be used `at_work`."""

    def encoder() -> Encoder:
        found = host.encoders()
        if not found:
            fix = "press Interrogate CLIP in img2img once, or choose another encoder"
            raise ModelsimError("the WebUI has no CLIP in memory", None, fix)
        return found[0]

    return EncoderKind(
        HOSTS,
        _HOSTS_LABEL,
        make=lambda _which, _device: encoder(),
        readiness=lambda _which: Readiness(True, f"{encoder().name}: ready, loaded"),
    )


def _names(kind: EncoderKind) -> list[str]:
    return [f"{kind.name}:{which}" for which in kind.suggested] if kind.takes else [kind.name]
