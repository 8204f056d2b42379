"""A LoRA beside the attention blocks of a UNet, under kohya's names."""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel

from lib_modelsim.demo.random_weights import Weights

RANK = 8


class LowRank(torch.nn.Module):
    """A linear layer or 1 × 1 convolution that stays, and two factors beside it; it begins as the layer alone."""

    def __init__(self, layer: torch.nn.Linear | torch.nn.Conv2d) -> None:
        super().__init__()
        self.layer = layer
        rows, columns = layer.weight.shape[:2]
        if isinstance(layer, torch.nn.Conv2d):
            self.down = torch.nn.Conv2d(columns, RANK, 1, bias=False)
            self.up = torch.nn.Conv2d(RANK, rows, 1, bias=False)
        else:
            self.down = torch.nn.Linear(columns, RANK, bias=False)
            self.up = torch.nn.Linear(RANK, rows, bias=False)
        torch.nn.init.zeros_(self.up.weight)
        self.to(layer.weight.device)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.layer(values) + self.up(self.down(values))


def add_lora(unet: UNet2DConditionModel) -> dict[str, LowRank]:
    """Put factors beside every linear layer and convolution of the attention blocks; diffusers' name → the two."""
    factors = {
        name: LowRank(layer)
        for name, layer in unet.named_modules()
        if ".attentions." in name and isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d))
    }
    for name, factor in factors.items():
        module, _, attribute = name.rpartition(".")
        setattr(unet.get_submodule(module), attribute, factor)
    return factors


def lora_weights(factors: dict[str, LowRank]) -> Weights:
    """The factors as kohya's trainer writes them (sd-scripts, networks/lora.py), float16; alpha is the rank."""
    weights = {}
    for name, factor in factors.items():
        key = "lora_unet_" + name.replace(".", "_")
        tensors = {
            "lora_down.weight": factor.down.weight,
            "lora_up.weight": factor.up.weight,
            "alpha": torch.tensor(float(RANK)),
        }
        weights |= {f"{key}.{part}": values.detach().half().cpu().numpy() for part, values in tensors.items()}
    return weights
