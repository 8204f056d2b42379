"""diffusers' names inside a UNet, a VAE or an OpenCLIP text encoder ↔ the original ones.

Every table maps a module ("down_blocks.0.resnets.1.conv1") or the beginning of a name; what follows it stays. The
two directions are one table read from either side. Names here have no prefix of the part they belong to.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "tables" / "diffusers.json"
TABLE: dict[str, dict[str, str]] = json.loads(_FILE.read_text(encoding="utf-8"))

_MOST = 8
"""Levels of a network, and layers of a level, that are looked for; real ones have 3 or 4, and 2 or 3."""


def original_names(kind: str, names: Collection[str]) -> dict[str, str]:
    """diffusers' name → original name, for the names of one part (`unet`, `vae`, `wan_vae`, `openclip`); original ones
    stay."""
    if kind == "openclip":
        return {name: _replaced(name, TABLE["openclip"], TABLE["openclip_layer"]) for name in names}
    modules = _modules_of_diffusers(kind, names)
    return {name: _renamed(name, modules) for name in names}


def diffusers_names(kind: str, names: Collection[str]) -> dict[str, str]:
    """Original name → diffusers' name of today, for the names of one part."""
    if kind == "openclip":
        return {name: _replaced(name, _inverse(TABLE["openclip"]), _inverse(TABLE["openclip_layer"])) for name in names}
    modules = _inverse(_modules_of_originals(kind, names))
    return {name: _renamed(name, modules) for name in names}


def _modules_of_diffusers(kind: str, names: Collection[str]) -> dict[str, str]:
    if kind == "wan_vae":
        return wan_vae_modules(_count(names, "decoder.up_blocks.0.resnets.{}.conv1.weight") or 3)
    if kind == "vae":
        return vae_modules(_count(names, "decoder.up_blocks.{}.resnets.0.conv1.weight") or 4)
    layers = _count(names, "down_blocks.0.resnets.{}.conv1.weight") or 2
    return unet_modules(layers, _which(names, "up_blocks.{}.attentions.0.norm.weight"))


def _modules_of_originals(kind: str, names: Collection[str]) -> dict[str, str]:
    if kind == "vae":
        return vae_modules(_count(names, "decoder.up.{}.block.0.conv1.weight") or 4)
    first_down = [i for i in range(1, _MOST) if f"input_blocks.{i}.0.op.weight" in names]
    layers = first_down[0] - 1 if first_down else 2
    attended = {block for block in range(_MOST) if f"output_blocks.{block * (layers + 1)}.1.norm.weight" in names}
    return unet_modules(layers, frozenset(attended))


@cache
def unet_modules(layers: int, attended: frozenset[int]) -> Mapping[str, str]:
    """diffusers' module → original module of a UNet with so many resnets per level on the way down.

    `attended` are the levels on the way up that have attention: there the upsampler is the third module of its
    block, else the second.
    """
    modules = dict(TABLE["unet"])

    def resnet(new: str, old: str) -> None:
        modules.update({f"{new}.{a}": f"{old}.{b}" for a, b in TABLE["unet_resnet"].items()})

    def attention(new: str, old: str) -> None:
        modules[new] = old
        modules.update({f"{new}.{a}": f"{old}.{b}" for a, b in TABLE["unet_attention"].items()})

    resnet("mid_block.resnets.0", "middle_block.0")
    attention("mid_block.attentions.0", "middle_block.1")
    resnet("mid_block.resnets.1", "middle_block.2")
    for level in range(_MOST):
        first = level * (layers + 1)
        for layer in range(layers):
            resnet(f"down_blocks.{level}.resnets.{layer}", f"input_blocks.{first + layer + 1}.0")
            attention(f"down_blocks.{level}.attentions.{layer}", f"input_blocks.{first + layer + 1}.1")
        modules[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{first + layers + 1}.0.op"
        for layer in range(layers + 1):
            resnet(f"up_blocks.{level}.resnets.{layer}", f"output_blocks.{first + layer}.0")
            attention(f"up_blocks.{level}.attentions.{layer}", f"output_blocks.{first + layer}.1")
        place = 2 if level in attended else 1
        modules[f"up_blocks.{level}.upsamplers.0.conv"] = f"output_blocks.{first + layers}.{place}.conv"
    return modules


@cache
def vae_modules(levels: int) -> Mapping[str, str]:
    """diffusers' module → original module of a VAE; the original counts the levels of its decoder backwards."""
    modules = dict(TABLE["vae"])

    def resnet(new: str, old: str) -> None:
        modules.update({f"{new}.{a}": f"{old}.{b}" for a, b in TABLE["vae_resnet"].items()})

    for half in ("encoder", "decoder"):
        resnet(f"{half}.mid_block.resnets.0", f"{half}.mid.block_1")
        resnet(f"{half}.mid_block.resnets.1", f"{half}.mid.block_2")
        for new, old in TABLE["vae_attention"].items():
            modules[f"{half}.mid_block.attentions.0.{new}"] = f"{half}.mid.attn_1.{old}"
    for level in range(levels):
        up = levels - 1 - level
        for layer in range(_MOST):
            resnet(f"encoder.down_blocks.{level}.resnets.{layer}", f"encoder.down.{level}.block.{layer}")
            resnet(f"decoder.up_blocks.{level}.resnets.{layer}", f"decoder.up.{up}.block.{layer}")
        modules[f"encoder.down_blocks.{level}.downsamplers.0.conv"] = f"encoder.down.{level}.downsample.conv"
        modules[f"decoder.up_blocks.{level}.upsamplers.0.conv"] = f"decoder.up.{up}.upsample.conv"
    return modules


@cache
def wan_vae_modules(layers: int) -> Mapping[str, str]:
    """diffusers' module → original module of Wan's VAE with so many resnets per level on the way up; the original
    counts all layers of a half as one stack, diffusers those on the way down alone."""
    modules = dict(TABLE["wan_vae"])

    def resnet(new: str, old: str) -> None:
        modules.update({f"{new}.{a}": f"{old}.{b}" for a, b in TABLE["wan_vae_resnet"].items()})

    for half in ("encoder", "decoder"):
        resnet(f"{half}.mid_block.resnets.0", f"{half}.middle.0")
        modules[f"{half}.mid_block.attentions.0"] = f"{half}.middle.1"
        resnet(f"{half}.mid_block.resnets.1", f"{half}.middle.2")
    for layer in range(_MOST * (layers + 1)):
        resnet(f"encoder.down_blocks.{layer}", f"encoder.downsamples.{layer}")
    for level in range(_MOST):
        first = level * (layers + 1)
        for layer in range(layers):
            resnet(f"decoder.up_blocks.{level}.resnets.{layer}", f"decoder.upsamples.{first + layer}")
        modules[f"decoder.up_blocks.{level}.upsamplers.0"] = f"decoder.upsamples.{first + layers}"
    return modules


def _renamed(name: str, modules: Mapping[str, str]) -> str:
    """The name with its longest module that the table knows replaced."""
    module = name
    while module:
        module = module.rpartition(".")[0]
        if module in modules:
            return modules[module] + name[len(module) :]
    return name


def _replaced(name: str, starts: Mapping[str, str], inner: Mapping[str, str]) -> str:
    """The name with its beginning replaced, and in one of a layer its inner words too."""
    for start, replacement in starts.items():
        if name.startswith(start):
            name = replacement + name[len(start) :]
            for word, other in inner.items():
                name = name.replace(word, other)
            return name
    return name


def _inverse(table: Mapping[str, str]) -> dict[str, str]:
    return {right: left for left, right in table.items()}


def _which(names: Collection[str], pattern: str) -> frozenset[int]:
    return frozenset(n for n in range(_MOST) if pattern.format(n) in names)


def _count(names: Collection[str], pattern: str) -> int:
    return len(_which(names, pattern))
