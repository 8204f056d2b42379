"""Models of known kinship, in memory: what the sampled measures and the verdicts are held against.

The trained family `minihub` of the project's shared data (written by its tools/train_minihub.py bake) with merges of it
as people make them, and mixtures of real LoRAs' effective changes in the shapes of SD 1.x.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from lib_modelsim.checkpoints import blocks
from lib_modelsim.checkpoints.memory import memory_checkpoint
from lib_modelsim.checkpoints.reader import Checkpoint, Weight

Tensors = dict[str, torch.Tensor]

BASE = "mini-base"


def trained_family(folder: Path) -> dict[str, Tensors]:
    """The seven trained models, and made from them: merges, add-differences, a half-strength LoRA, a light merge, the
    base in other precisions, and a stranger with the spread of each of the base's layers."""
    found = {
        path.stem: {k: v for k, v in load_file(path).items() if v.is_floating_point()}
        for path in sorted(folder.glob("*.safetensors"))
    }
    base, ink, water = found[BASE], found["mini-ink"], found["mini-water"]
    sepia, dots = found["mini-water-sepia"], found["mini-dots-lora"]

    def mixed(share: Callable[[str], float]) -> Tensors:
        return _half({k: (1 - share(k)) * ink[k].float() + share(k) * water[k].float() for k in base})

    def added(a: Tensors, b: Tensors, factor: float) -> Tensors:
        return _half({k: a[k].float() + factor * (b[k].float() - base[k].float()) for k in base})

    draw = torch.Generator().manual_seed(1)
    stranger = {k: torch.randn(v.shape, generator=draw) * v.float().std(correction=0) + v.float().mean()
                for k, v in base.items()}  # fmt: skip
    return found | {
        "ink 60 water 40": mixed(lambda key: 0.4),
        "ink 90 water 10": mixed(lambda key: 0.1),
        "ink water by block": mixed(_by_block),
        "ink + (sepia - base)": added(ink, sepia, 1),
        "ink + 0.5 lora": added(ink, dots, 0.5),
        "base + 0.5 lora": added(base, dots, 0.5),
        "base + 5 % ink": added(base, ink, 0.05),
        "base bf16": {k: v.bfloat16() for k, v in base.items()},
        "base fp8": {k: v.to(torch.float8_e4m3fn) for k, v in base.items()},
        "stranger": _half(stranger),
    }


def lora_family(loras: Path) -> list[Checkpoint]:
    """Two real LoRAs of rank 4 and mixtures of them, as models that hold what they change in SD 1.x's UNet; the first
    model is the base, nothing but zeros."""
    parts = [_effective(loras / "diffusers" / name) for name in ("catundchat.safetensors", "pokemon_fork.safetensors")]
    sizes = [float(sum((v.double() ** 2).sum() for v in part.values())) ** 0.5 for part in parts]
    shares = {"base": (0, 0), "a": (1, 0), "b": (0, 1), "a 60 b 40": (0.6, 0.4), "a 80 b 20": (0.8, 0.2), "sum": (1, 1)}
    return [
        _in_memory(name, {k: x / sizes[0] * parts[0][k] + y / sizes[1] * parts[1][k] for k in parts[0]})
        for name, (x, y) in shares.items()
    ]


def checkpoints(family: dict[str, Tensors]) -> list[Checkpoint]:
    """These tensors as checkpoints."""
    return [memory_checkpoint(name, tensors) for name, tensors in family.items()]


def _half(tensors: Tensors) -> Tensors:
    return {k: v.half() for k, v in tensors.items()}


def _by_block(key: str) -> float:
    """More of water the later the block, as many block weights of the hubs are."""
    block = blocks.place("SD 1.x", key)[1] or ""
    return {"I": 0.2, "O": 0.8}.get(block[:1], 0.5)


def _effective(path: Path) -> Tensors:
    """Layer → its change, up · down, of a LoRA of attention processors as diffusers writes it, whichever way."""
    factors = load_file(path)
    layers: Tensors = {}
    for key, down in factors.items():
        if key.endswith("lora.down.weight"):
            up = factors[key.removesuffix("down.weight") + "up.weight"]
            layer = key.removeprefix("unet.").replace("processor.", "").replace("to_out.0", "to_out")
            layers[re.sub("[._]lora.down", "", layer)] = up.float() @ down.float()
    return layers


def _in_memory(name: str, tensors: Tensors) -> Checkpoint:
    memory = memory_checkpoint(name, tensors)
    weights = {stored.key: Weight(stored.key, "unet", "M00", stored) for stored in memory.tensors}
    return replace(memory, architecture="SD 1.x", weights=weights)


def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of all pairs of this many models."""
    return np.triu_indices(count, 1)
