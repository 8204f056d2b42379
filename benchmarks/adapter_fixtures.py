"""Small adapters written by their trainers' own library, and the change that it makes of them: the files that
tests/adapters/test_written_by_trainers.py reads.

    pip install lycoris-lora einops toml
    python -m benchmarks.adapter_fixtures tests/adapters/written
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from lycoris.modules.locon import LoConModule
from lycoris.modules.loha import LohaModule
from lycoris.modules.lokr import LokrModule
from safetensors.torch import save_file

NAME = "lora_unet_down_blocks_0_resnets_0_conv1"


def change_of(module: torch.nn.Module, layer: torch.nn.Module, columns: int) -> torch.Tensor:
    """What the module changes in the layer's weight, [out, columns]: its output with it less that without it, for each
    input that is 1 in one place and 0 elsewhere."""
    inputs = torch.eye(columns)
    if isinstance(layer, torch.nn.Conv2d):
        inputs = inputs.reshape(columns, layer.in_channels, *layer.kernel_size)
    without = layer(inputs)
    module.apply_to()
    found = layer(inputs) - without
    module.restore()
    return found.detach().reshape(columns, -1).T.contiguous()


def main(folder: Path) -> None:
    """Write them all."""
    torch.manual_seed(0)
    layers = {"linear": (torch.nn.Linear(16, 12), 16), "conv": (torch.nn.Conv2d(8, 12, 3), 72)}
    expected = {}
    for kind in (LoConModule, LohaModule, LokrModule):
        for shape, (layer, columns) in layers.items():
            for tucker in (False, True) if shape == "conv" else (False,):
                extra = {"factor": 2} if kind is LokrModule else {}
                module = kind(NAME, layer, 1.0, lora_dim=2, alpha=1, use_tucker=tucker, **extra)
                for parameter in module.parameters():
                    torch.nn.init.normal_(parameter)
                name = f"{kind.__name__.removesuffix('Module').lower()}-{shape}{'-tucker' if tucker else ''}"
                tensors = {f"{NAME}.{key}": value.detach().contiguous() for key, value in module.state_dict().items()}
                save_file(tensors, folder / f"{name}.safetensors")
                expected[name] = change_of(module, layer, columns)
    save_file(expected, folder / "expected" / "changes.safetensors")


if __name__ == "__main__":
    Path(sys.argv[1], "expected").mkdir(parents=True, exist_ok=True)
    main(Path(sys.argv[1]))
