"""Our page among the WebUI's settings: what a person sets there, and reading it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..similarity.measures.registry import measures_of_weights
from .host import Settings

SECTION = ("modelsim", "modelsim")
"""The page's id and title."""

DEVICES = ("auto", "cpu", "cuda")


def add_settings(dropdown: Callable) -> None:
    """Offer our settings to the WebUI; `dropdown` is gradio's component, the other ones it picks by the default."""
    from modules.options import OptionInfo
    from modules.shared import opts

    usual = Settings()
    measures = {"choices": [measure.name for measure in measures_of_weights()]}
    options = {
        "measure": OptionInfo(usual.measure, "Default measure", dropdown, measures),
        "references": OptionInfo("", "Reference file").info(
            "a text file with one model name per line; empty: choose references on the page"
        ),
        "output": OptionInfo("", "Output folder").info("exports are saved there; empty: download only"),
        "device": OptionInfo(usual.device, "Device", dropdown, {"choices": list(DEVICES)}).info(
            "auto: the GPU if it has room beside the loaded model"
        ),
        "memory": OptionInfo(0, "Memory limit (GB)").info("0: whatever is free"),
        "index_new": OptionInfo(usual.index_new, "Index new checkpoints automatically"),
        "keep_encoder": OptionInfo(usual.keep_encoder, "Keep the encoder of “Find my model” in memory").info(
            "off: CLIP is loaded for each search and unloaded afterwards"
        ),
    }
    for name, option in options.items():
        option.section = SECTION
        opts.add_option(f"modelsim_{name}", option)


def read_settings(opts: object) -> Settings:
    """What a person has set. Without a page the host knows no settings of ours, and its file may hold anything: what
    makes no sense is as if it were not set."""
    usual = Settings()

    def of(name: str) -> object:
        return getattr(opts, f"modelsim_{name}", None)

    measure, memory = of("measure"), of("memory")
    gigabytes = memory if isinstance(memory, (int, float)) and 0 < memory < 2**20 else 0
    return Settings(
        measure=measure if measure in [known.name for known in measures_of_weights()] else usual.measure,
        references=_path(of("references")),
        output=_path(of("output")),
        device=of("device") if of("device") in DEVICES else usual.device,
        memory=round(gigabytes * 2**30) or None,
        index_new=of("index_new") is True,
        keep_encoder=of("keep_encoder") is True,
    )


def _path(text: object) -> Path | None:
    return Path(text.strip()).expanduser() if isinstance(text, str) and text.strip() else None
