"""Which encoder a person means, and whether it can be used now.

`builtin+efficientnet` and `efficientnet`, whose weights are read here; the registry's kinds, `builtin` and
`open_clip:…` as shipped; and `host`: what the WebUI has in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ...errors import ModelsimError, joined
from ...job import Job
from ...pictures.encoders import efficientnet, registry
from ...pictures.encoders.encoder import EncoderKind, HoldsModel, Readiness

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...hosts.host import Host
    from ...pictures.encoders.encoder import Encoder

BUILT_IN = "builtin"
HOSTS = "host"
CLIP = "open_clip:"


def _read_tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    from .weights import read_tensors

    return read_tensors(path)


_OWN = efficientnet.kinds_reading(_read_tensors)
BOTH = _OWN[0].name


def default_name() -> str:
    """The encoder that is used where nobody has chosen one: the best that can be used at once."""
    return BOTH if efficientnet.lacks() is None else BUILT_IN


def remarks_on(chosen: str | None) -> list[str]:
    """Where nobody has chosen an encoder and the default is the built-in descriptor alone: why, and what to do."""
    lacks = efficientnet.lacks()
    if chosen or lacks is None:
        return []
    return [joined("compared by the built-in descriptor alone: ", lacks, ". Fix: ", efficientnet.fix(lacks))]


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
    names = [name for kind in registry.kinds() for name in _names(kind) if name != BUILT_IN]
    return [BOTH, BUILT_IN, *(kind.name for kind in _OWN[1:]), *there, *names]


def label_of(name: str) -> str:
    """What the page calls an encoder: its kind's label, or which of its kind it is."""
    if name == HOSTS:
        return _HOSTS_LABEL
    labels = {kind.name: kind.label for kind in _kinds() if not kind.takes}
    return labels.get(name, name.removeprefix(CLIP))


def name_of(label: str | None) -> str:
    """The encoder that a label or a typed text means, "" for nothing, which leaves it to `default_name`; one that no
    kind knows is one of open_clip's."""
    typed = (label or "").strip()
    by_label = {label_of(name): name for name in (HOSTS, *(kind.name for kind in _kinds() if not kind.takes))}
    if not typed or typed in by_label:
        return by_label.get(typed, "")
    known = typed.partition(":")[0] in [kind.name for kind in _kinds()]
    return typed if known else f"{CLIP}{typed}"


def takes_turn(name: str) -> bool:
    """Whether it waits for the host's other work, as it may want the GPU; so does a name that nobody knows."""
    return all(kind.takes_turn for kind in _kinds() if kind.name == name.partition(":")[0])


def readiness(name: str, host: Host) -> Readiness:
    """Whether it can be used; takes seconds for open_clip, which is imported. Nothing is downloaded."""
    try:
        kind, which = _kind(name, host)
        found = kind.readiness(which)
    except ModelsimError as error:
        return Readiness(False, str(error))
    return _beside_better(found) if name == BUILT_IN else found


def _beside_better(found: Readiness) -> Readiness:
    """The descriptor's readiness, and what would find more."""
    better = _OWN[0].readiness("")
    if better.ready:
        return replace(found, words=f"{found.words}. {_OWN[0].label} finds more models: choose it above")
    words = f"{found.words}. EfficientNet-Lite0 beside it would find more models: {better.words}"
    return replace(found, words=words, download=better.download)


def download(name: str, job: Job) -> None:
    """Fetch what `readiness` asked about, if it is not here. Raises Cancelled, and ModelsimError in one line."""
    if name != HOSTS:
        kind, which = _kind(BOTH if name == BUILT_IN else name, None)
        kind.download(which, job)


def unload(encoder: Encoder) -> None:
    """An encoder that holds a model gives the memory back; used again it loads again."""
    if isinstance(encoder, HoldsModel):
        encoder.unload()


_USES: Counter[int] = Counter()
_COUNTING = Lock()


@contextmanager
def in_use(encoder: Encoder, keep: bool) -> Iterator[None]:
    """The time of its use; afterwards it is unloaded, unless it is to be kept, or another thread still uses it."""
    with _COUNTING:
        _USES[id(encoder)] += 1
    try:
        yield
    finally:
        with _COUNTING:
            _USES[id(encoder)] -= 1
            last = not _USES[id(encoder)]
            if last:
                del _USES[id(encoder)]
        if last and not keep:
            unload(encoder)


@contextmanager
def in_turn(name: str, encoder: Encoder, host: Host, job: Job) -> Iterator[Job]:
    """The time of its use: one that may want the GPU works in the host's turn, and gives memory back afterwards unless
    the settings say otherwise."""
    if not takes_turn(name):
        yield job
        return
    with host.at_work("modelsim: encoding pictures", job) as shown, in_use(encoder, host.settings().keep_encoder):
        yield shown


_HOSTS_LABEL = "the WebUI's CLIP"


def _kinds() -> list[EncoderKind]:
    return [*_OWN, *registry.kinds()]


def _kind(name: str, host: Host | None) -> tuple[EncoderKind, str]:
    return registry.kind_named(name, [*_OWN, *([] if host is None else [_hosts_kind(host)])])


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
