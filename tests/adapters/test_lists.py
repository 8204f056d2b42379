"""Every kind of adapter that people hold, by its list of names and shapes: kind, network, layers, blocks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lib_modelsim.adapters.header import header_of_file
from lib_modelsim.adapters.reading import read_adapter
from lib_modelsim.adapters.spelling import with_dots
from lib_modelsim.checkpoints.reader import checkpoint_of
from lib_modelsim.checkpoints.source import FileKey, Source
from tests.checkpoints.key_lists import key_list
from tests.effort import effort

SD1, SD2, XL = "SD 1.x LoRA", "SD 2.x LoRA", "SDXL LoRA"

LAYERS = {
    "lora-kohya-sd15": (SD1, "LoRA", (16,), 17),
    "lora-kohya-sd15-c3lier": (SD1, "LoCon", (16, 8), 25),
    "lora-kohya-sd21": (SD2, "LoRA", (16,), 22),
    "lora-kohya-sdxl": (XL, "LoRA", (16,), 17),
    "lora-diffusers-sdxl": (XL, "LoRA", (16,), 11),
    "lora-diffusers-sd15": (SD1, "LoRA", (16,), 17),
    "lora-diffusers-processor-sd15": (SD1, "LoRA", (16,), 16),
    "lora-cloneofsimo-sd15": (SD1, "LoRA", (4,), 17),
    "lora-peft-sd15": (SD1, "LoRA", (16,), 17),
    "dora-peft-sd15": (SD1, "DoRA (LoRA)", (16,), 16),
    "loha-peft-sd15": (SD1, "LoHa", (16,), 16),
    "lokr-peft-sd15": (SD1, "LoKr", (16,), 16),
    "lycoris-locon-sd15": (SD1, "LoCon", (16, 8), 26),
    "lycoris-locon-sdxl": (XL, "LoCon", (16, 8), 19),
    "lycoris-locon-train-norm-sd15": (SD1, "LoCon", (16, 8), 26),
    "lycoris-locon-use-tucker-sd15": (SD1, "LoCon", (16, 8), 26),
    "lycoris-loha-sd15": (SD1, "LoHa", (16, 8), 26),
    "lycoris-loha-use-tucker-sd15": (SD1, "LoHa", (16, 8), 26),
    "lycoris-lokr-sd15": (SD1, "LoKr", (16, 8), 26),
    "lycoris-lokr-full-matrix-sd15": (SD1, "LoKr", (), 26),
    "lycoris-lokr-dora-wd-sd15": (SD1, "DoRA (LoKr)", (16, 8), 26),
    "lycoris-lora-dora-wd-sd15": (SD1, "DoRA (LoCon)", (16, 8), 26),
    "lycoris-full-sd15": (SD1, "whole difference", (), 26),
    "lora-kohya-flux": ("Flux LoRA", "LoRA", (16,), 58),
    "lora-kohya-flux-file": ("Flux LoRA", "LoRA", (16,), 57),
    "lora-aitoolkit-flux": ("Flux LoRA", "LoRA", (16,), 57),
    "lora-diffusers-flux": ("Flux LoRA", "LoRA", (32,), 57),
    "lora-xlabs-flux": ("Flux LoRA", "LoRA", (16,), 3),
    "dora-onetrainer-flux": ("Flux LoRA", "DoRA (LoRA)", (4,), 58),
    "lora-kohya-flux2-klein-9b": ("Flux.2 LoRA", "LoRA", (16,), 32),
    "lora-kohya-sd35-large": ("SD3 LoRA", "LoRA", (16,), 39),
    "lora-peft-sd35-large": ("SD3 LoRA", "LoRA", (16,), 38),
    "lora-kohya-lumina2": ("Lumina 2 LoRA", "LoRA", (16,), 31),
    "lora-kohya-zimage": ("Z-Image LoRA", "LoRA", (16,), 30),
    "lokr-kohya-zimage": ("Z-Image LoRA", "LoKr", (16,), 30),
    "lora-kohya-qwen-image": ("Qwen-Image LoRA", "LoRA", (16,), 60),
    "lora-peft-qwen-image": ("Qwen-Image LoRA", "LoRA", (16,), 60),
    "lora-kohya-wan14b": ("Wan LoRA", "LoRA", (16,), 40),
    "lora-kohya-anima": ("Anima LoRA", "LoRA", (16,), 29),
    "lora-kohya-krea2": ("Krea 2 LoRA", "LoRA", (16,), 31),
}
"""List → network, kind, ranks, number of blocks."""

NAMED = {
    "oft-kohya-sdxl": "SDXL OFT",
    "oft-peft-sd15": "SD 1.x OFT",
    "lycoris-diag-oft-sd15": "SD 1.x OFT",
    "lycoris-ia3-sd15": "SD 1.x IA³",
    "lycoris-glora-sd15": "SD 1.x GLoRA",
    "animatediff-sdxl": "SDXL AnimateDiff motion module",
    "animatediff-v2-sd15": "SD 1.x AnimateDiff motion module",
    "animatediff-v3-sd15": "SD 1.x AnimateDiff motion module",
    "control-lora-sdxl": "SDXL Control-LoRA",
    "lora-control-flux": "Flux Control-LoRA",
    "controlnet-instantx-flux": "Flux ControlNet",
    "controlnet-xlabs-flux": "Flux ControlNet",
    "controlnet-sd1": "SD 1.x ControlNet",
    "controlnet-sd1-diffusers": "SD 1.x ControlNet",
    "controlnet-sd2": "SD 2.x ControlNet",
    "controlnet-sd2-diffusers": "SD 2.x ControlNet",
    "controlnet-sdxl": "SDXL ControlNet",
    "controlnet-sdxl-diffusers": "SDXL ControlNet",
    "hypernetwork-sd15": "SD 1.x hypernetwork",
    "ip-adapter-sd15": "SD 1.x IP-Adapter",
    "ip-adapter-sdxl": "SDXL IP-Adapter",
    "ip-adapter-xlabs-flux": "Flux IP-Adapter",
    "t2i-adapter-sd1": "SD 1.x T2I-Adapter",
    "t2i-adapter-sdxl": "SDXL T2I-Adapter",
    "ti-diffusers": "SD 1.x textual inversion",
    "ti-sd15-pt": "SD 1.x textual inversion",
    "ti-sd15-safetensors": "SD 1.x textual inversion",
    "ti-sd21-pt": "SD 2.x textual inversion",
    "ti-sdxl": "SDXL textual inversion",
}
"""List → what it is called; no numbers are made of these."""


class Zeros(Source):
    """Bytes of a file that is all zeros."""

    name, size, identity = "zeros", 1 << 50, FileKey("zeros", 0, 0)

    def read_into(self, offset, buffer):
        buffer[:] = bytes(len(buffer))

    def check(self):
        pass


def checkpoint(shared, name):
    source = Zeros()
    tensors = [replace(tensor, source=source) for tensor in key_list(f"adapter.{name}").tensors]
    return checkpoint_of(Path(name), "safetensors", tensors, {}, source.identity)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_read_and_placed(shared, name):
    opened = checkpoint(shared, name)
    header, adapter = header_of_file(opened), read_adapter(opened)
    network, kind, ranks, blocks = LAYERS[name]
    facts = header.adapter
    assert (header.architecture, facts.kind, facts.ranks, len(header.layout.blocks)) == (network, kind, ranks, blocks)
    assert adapter.others == ()
    assert all(place.block and place.component != "other" for place in header.layout.places.values())


@pytest.mark.parametrize("name", NAMED)
def test_what_is_no_list_of_layers_is_named_and_not_compared(shared, name):
    header = header_of_file(checkpoint(shared, name))
    assert header.architecture == NAMED[name]
    assert header.adapter.why_not
    assert not header.layout.places


def test_every_list_is_tried(shared):
    lists = {path.stem.removeprefix("adapter.") for path in (shared / "data" / "networks").glob("adapter.*.json")}
    assert lists == LAYERS.keys() | NAMED.keys()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lora-kohya-flux-file", "lora-diffusers-flux"),
        ("lora-diffusers-processor-sd15", "dora-peft-sd15"),
    ],
)
def test_two_spellings_have_the_same_layers(shared, one, other):
    a, b = (header_of_file(checkpoint(shared, name)).layout.places for name in (one, other))
    assert a == b


def test_names_with_underscores_for_dots_are_read_back(shared):
    """Modules of networks whose adapters have kohya's names."""
    for name in ("flux-dev.original", "sdxl.diffusers-unet", "sd35-large.original-bare", "wan21-i2v-14b.original"):
        modules = {
            t.key.removesuffix(".weight").removeprefix("model.diffusion_model.")
            for t in key_list(name).tensors
            if len(t.shape) > 1 and t.key.endswith(".weight") and not t.key.startswith(("cond", "first_stage"))
        }
        assert modules
        assert {with_dots(module.replace(".", "_")) for module in modules} == modules


@pytest.mark.parametrize("name", ["lora-kohya-sdxl", "lora-kohya-flux"])
def test_a_header_is_some_hundred_steps_a_tensor(shared, name):
    """Of a few hundred adapters headers are read at each comparison."""
    opened = checkpoint(shared, name)
    header_of_file(opened)
    assert effort(lambda: header_of_file(opened)) < 400 * len(opened.tensors)
