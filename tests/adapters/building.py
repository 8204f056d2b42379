"""Small adapters as trainers write them, from one change given as factors: for tests that compare spellings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

Factors = dict[str, tuple[np.ndarray, np.ndarray]]
"""Module in diffusers' names (or the network's own) → up [out, r] and down [r, in]."""

ATTENTIONS = [f"down_blocks.{level}.attentions.{i}" for level in (0, 1, 2) for i in (0, 1)] + ["mid_block.attentions.0"]
WIDTHS = {"down_blocks.0": 320, "down_blocks.1": 640, "down_blocks.2": 1280, "mid_block": 1280}


def sd1_modules(every: int = 8, prompt: int = 768) -> dict[str, tuple[int, int]]:
    """Attention layers of SD 1.x → (outputs, inputs), each a so-manieth of its real width but the prompt's."""
    found = {}
    for at in ATTENTIONS:
        width = next(w for start, w in WIDTHS.items() if at.startswith(start)) // every
        for attention in ("attn1", "attn2"):
            for part in ("to_q", "to_k", "to_v", "to_out.0"):
                inner = prompt if attention == "attn2" and part in ("to_k", "to_v") else width
                found[f"{at}.transformer_blocks.0.{attention}.{part}"] = (width, inner)
    return found


def random_factors(modules: Mapping[str, tuple[int, int]], rank: int = 4, seed: int = 0) -> Factors:
    """Factors of a trained LoRA, more or less: both of them random."""
    rng = np.random.default_rng(seed)
    return {
        name: (rng.normal(size=(out, rank)).astype("f4") / 8, rng.normal(size=(rank, inner)).astype("f4") / 8)
        for name, (out, inner) in modules.items()
    }


def kohya(factors: Factors, alpha: float | None = None, prefix: str = "lora_unet_") -> dict[str, np.ndarray]:
    """kohya-ss/sd-scripts: underscores for dots."""
    found = {}
    for name, (up, down) in factors.items():
        flat = prefix + name.replace(".", "_")
        found |= {f"{flat}.lora_up.weight": up, f"{flat}.lora_down.weight": down}
        if alpha is not None:
            found[f"{flat}.alpha"] = np.array(alpha, "f4")
    return found


def peft(factors: Factors, prefix: str = "base_model.model.") -> dict[str, np.ndarray]:
    """huggingface/peft: lora_A is down, lora_B is up."""
    found = {}
    for name, (up, down) in factors.items():
        found |= {f"{prefix}{name}.lora_B.weight": up, f"{prefix}{name}.lora_A.weight": down}
    return found


def diffusers(factors: Factors, prefix: str = "unet.") -> dict[str, np.ndarray]:
    """huggingface/diffusers from 0.22 on."""
    found = {}
    for name, (up, down) in factors.items():
        found |= {f"{prefix}{name}.lora.up.weight": up, f"{prefix}{name}.lora.down.weight": down}
    return found


def processors(factors: Factors) -> dict[str, np.ndarray]:
    """huggingface/diffusers before 0.22: attention processors, whose last layer has no number."""
    found = {}
    for name, (up, down) in factors.items():
        module, _, part = name.replace(".to_out.0", ".to_out").rpartition(".")
        start = f"{module}.processor.{part}_lora"
        found |= {f"{start}.up.weight": up, f"{start}.down.weight": down}
    return found


def write(path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> Path:
    """As safetensors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, path, dict(metadata or {}))
    return path
