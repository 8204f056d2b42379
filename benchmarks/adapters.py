"""All pairs of many LoRAs by what they change: time and peak memory.

    python -m benchmarks.adapters [--models 300] [--rank 32] [--layers N]

Writes a few LoRAs for SDXL's UNet (its eleven blocks with attention, 700 layers, float16) into a temporary folder and
opens them again and again as so many models, each with its layers of one shape exchanged among each other, so that no
two are alike; with --layers only so many layers, evenly chosen, are compared, and the
time of all is worked out from the multiplications that they need. Memory is that above Python with torch.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from lib_modelsim.adapters.header import header_of_file
from lib_modelsim.adapters.opened import OpenAdapter, Shared
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.job import Job
from lib_modelsim.workspace.comparing.adapter_pass import adapter_pass

DISTINCT = 3
"""Files written; their factors differ."""


def sdxl_layers() -> Iterator[tuple[str, int, int]]:
    """Module (kohya's name), outputs and inputs of the attention and feed-forward layers of SDXL's eleven blocks."""
    levels = [(f"input_blocks_{n}_1", 640, 2) for n in (4, 5)] + [(f"input_blocks_{n}_1", 1280, 10) for n in (7, 8)]
    levels += [("middle_block_1", 1280, 10)] + [(f"output_blocks_{n}_1", 1280, 10) for n in (0, 1, 2)]
    levels += [(f"output_blocks_{n}_1", 640, 2) for n in (3, 4, 5)]
    for module, width, depth in levels:
        for layer in range(depth):
            start = f"lora_unet_{module}_transformer_blocks_{layer}"
            for attention, prompt in (("attn1", width), ("attn2", 2048)):
                yield f"{start}_{attention}_to_q", width, width
                yield f"{start}_{attention}_to_k", width, prompt
                yield f"{start}_{attention}_to_v", width, prompt
                yield f"{start}_{attention}_to_out_0", width, width
            yield f"{start}_ff_net_0_proj", 8 * width, width
            yield f"{start}_ff_net_2", width, 4 * width


def write(path: Path, rank: int, seed: int) -> None:
    """One LoRA with random factors."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for name, rows, columns in sdxl_layers():
        tensors[f"{name}.lora_up.weight"] = (rng.standard_normal((rows, rank), "f4") / 50).astype("f2")
        tensors[f"{name}.lora_down.weight"] = (rng.standard_normal((rank, columns), "f4") / 50).astype("f2")
        tensors[f"{name}.alpha"] = np.array(rank / 2, "f2")
    save_file(tensors, path)


def exchanged(adapter: OpenAdapter, steps: int) -> OpenAdapter:
    """The adapter with the layers of each shape moved on by so many places."""
    by_shape: dict[tuple[int, ...], list[str]] = {}
    for key, layer in adapter.layers.items():
        by_shape.setdefault(layer.shape, []).append(key)
    layers = dict(adapter.layers)
    for keys in by_shape.values():
        for place, key in enumerate(keys):
            layers[key] = adapter.layers[keys[(place + steps) % len(keys)]]
    adapter.layers = layers
    return adapter


def peak() -> float:
    """Peak resident memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--layers", type=int, help="compare so many layers only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{n}.safetensors") for n in range(min(DISTINCT, options.models))]
        for seed, file in enumerate(files):
            write(file, options.rank, seed)
        torch.zeros(8, 8) @ torch.zeros(8, 8)
        before = peak()
        layout = header_of_file(open_checkpoint(files[0])).layout
        start = time.perf_counter()
        shared = Shared()
        opened_files = (OpenAdapter(open_checkpoint(files[n % len(files)]), shared) for n in range(options.models))
        models = [exchanged(adapter, n) for n, adapter in enumerate(opened_files)]
        opened = time.perf_counter() - start
        keys = list(layout.places)
        chosen = keys[:: max(1, len(keys) // options.layers)] if options.layers else keys
        blocks: dict[str, list[str]] = {}
        for key in chosen:
            blocks.setdefault(layout.places[key].block or "", []).append(key)
        start = time.perf_counter()
        for _ in adapter_pass(models, layout, blocks, Job(), "cpu"):
            pass
        seconds = time.perf_counter() - start
        work = [sum(sum(layout.places[key].shape) for key in some) for some in (keys, chosen)]
        print(f"{options.models} LoRAs of rank {options.rank}, {len(layout.blocks)} blocks, {len(keys)} layers")
        print(f"opened in {opened:.1f} s; {len(chosen)} layers compared in {seconds:.1f} s")
        print(f"all layers: {seconds * work[0] / work[1]:.0f} s; peak memory {peak() - before:.0f} MB")


if __name__ == "__main__":
    main()
