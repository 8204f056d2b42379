"""Parameters as an infotext and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import ModelsimError
from ..pictures.records.infotext import Infotext, parse, write
from .engine import EngineCheckpoint
from .parameters import OPTION_LABELS, OPTIONS, OWN_VAE, Parameters

_SCHEDULERS = ("Karras", "Exponential", "Polyexponential")
"""Until WebUI 1.9 they were part of the sampler's name."""

_VALUES: Mapping[str, tuple[str, Callable[[str], str | int | float]]] = {
    "Steps": ("steps", int),
    "Sampler": ("sampler", str),
    "Schedule type": ("scheduler", str),
    "CFG scale": ("cfg_scale", float),
    "Seed": ("seed", int),
    "Clip skip": ("clip_skip", int),
    "VAE": ("vae", str),
    "RNG": ("noise", str),
}
"""Label → field of Parameters and how its value is read."""


def infotext(parameters: Parameters, checkpoint: EngineCheckpoint, version: str) -> str:
    """What the WebUI would write under this picture; `version` is that of the engine.

    As there, an option with its default value is left out.
    """
    settings = {
        "Steps": parameters.steps,
        "Sampler": parameters.sampler,
        "Schedule type": parameters.scheduler,
        "CFG scale": parameters.cfg_scale,
        "Seed": parameters.seed,
        "Size": f"{parameters.width}x{parameters.height}",
        "Model hash": checkpoint.sha256[:10] if checkpoint.sha256 else None,
        "Model": checkpoint.name,
        "VAE": parameters.vae if parameters.vae != OWN_VAE else None,
        "Clip skip": parameters.clip_skip if parameters.clip_skip > 1 else None,
        "RNG": parameters.noise if parameters.noise != "GPU" else None,
        **{OPTION_LABELS[name]: value for name, value in parameters.options.items() if name in OPTION_LABELS},
        "Version": version,
    }
    texts = {label: _value(value) for label, value in settings.items() if value is not None}
    return write(Infotext(parameters.prompt, parameters.negative_prompt, texts))


def parameters_of(text: str) -> Parameters:
    """The Parameters that an infotext tells; what it does not tell has the WebUI's default.

    What cannot be asked for again (models, hires fix, extensions) is left out. Raises ModelsimError where a value is no
    picture's.
    """
    record = parse(text)
    if "Steps" not in record.settings:
        raise ModelsimError(
            "this is not an infotext", text.strip()[:60], "paste all of it, including its last line “Steps: …”"
        )
    found = dict(record.settings)
    sampler, _, scheduler = found.get("Sampler", "").rpartition(" ")
    if scheduler in _SCHEDULERS and "Schedule type" not in found:
        found |= {"Sampler": sampler, "Schedule type": scheduler}
    fields: dict[str, str | int | float] = {}
    for label, (name, read) in _VALUES.items():
        if label in found:
            fields[name] = _read(label, found[label], read)
    if "Size" in found:
        width, _, height = found["Size"].partition("x")
        fields |= {"width": _read("Size", width, int), "height": _read("Size", height, int)}
    options = {
        name: _read(label, found[label], _reader(OPTIONS[name]))
        for name, label in OPTION_LABELS.items()
        if label in found
    }
    return Parameters(record.prompt, record.negative_prompt, options=options, **fields)


def _value(value: str | int | float | bool) -> str:
    return format(value, ".17g") if isinstance(value, float) and value.is_integer() else str(value)


def _read(label: str, text: str, read: Callable[[str], str | int | float]) -> str | int | float:
    try:
        return read(text)
    except ValueError as error:
        raise ModelsimError(f"the infotext's {label!r} cannot be read", text, "correct it or remove it") from error


def _reader(default: str | int | float | bool) -> Callable[[str], str | int | float]:
    return (lambda text: text == "True") if isinstance(default, bool) else type(default)
