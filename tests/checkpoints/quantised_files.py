"""Weights as quantisers store them, each by the rule of its maker, written here anew: float32 matrices → tensors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

Tensors = dict[str, torch.Tensor]

NF4 = torch.tensor(
    [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
     -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
     0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]
)  # fmt: skip
"""bitsandbytes functional.py, create_normal_map."""

FP4 = torch.tensor([0, 0.0625, 8, 12, 4, 6, 2, 3, -0.0, -0.0625, -8, -12, -4, -6, -2, -3]) / 12
"""bitsandbytes functional.py, get_4bit_type."""

E2M1 = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])


def words(text: str) -> torch.Tensor:
    return torch.tensor(list(text.encode()), dtype=torch.uint8)


def nearest(values: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """The code of the level nearest to each value, uint8; a little at a time."""
    found = [(part[:, None] - levels).abs().argmin(1) for part in values.flatten().split(1 << 16)]
    return torch.cat(found).to(torch.uint8)


def packed(codes: torch.Tensor) -> torch.Tensor:
    return codes[::2] << 4 | codes[1::2]


def fp8_old(stem: str, w: torch.Tensor) -> Tensors:
    scale = w.abs().max() / 448
    return {f"{stem}.weight": (w / scale).to(torch.float8_e4m3fn), f"{stem}.scale_weight": scale}


def comfy_fp8(stem: str, w: torch.Tensor) -> Tensors:
    scale = w.abs().max() / 448
    return {
        f"{stem}.weight": (w / scale).to(torch.float8_e4m3fn),
        f"{stem}.weight_scale": scale,
        f"{stem}.comfy_quant": words(json.dumps({"format": "float8_e4m3fn"})),
    }


def comfy_int8(stem: str, w: torch.Tensor) -> Tensors:
    scale = w.abs().amax(1, keepdim=True) / 127
    return {
        f"{stem}.weight": (w / scale).round().clamp(-128, 127).to(torch.int8),
        f"{stem}.weight_scale": scale,
        f"{stem}.comfy_quant": words(json.dumps({"format": "int8_tensorwise", "convrot": False})),
    }


def nvfp4(stem: str, w: torch.Tensor) -> Tensors:
    rows, columns = w.shape
    one = w.abs().max() / (448 * 6)
    groups = w.reshape(rows, -1, 16)
    scales = (groups.abs().amax(-1) / 6 / one).clamp(max=448).to(torch.float8_e4m3fn)
    whole = (one * scales.float()).clamp(min=1e-30)
    codes = nearest(groups / whole[..., None], E2M1)
    padded = torch.zeros(-(-rows // 128) * 128, -(-(columns // 16) // 4) * 4, dtype=torch.uint8)
    padded[:rows, : columns // 16] = scales.view(torch.uint8)
    tiles = padded.reshape(padded.shape[0] // 128, 4, 32, padded.shape[1] // 4, 4).permute(0, 3, 2, 1, 4)
    return {
        f"{stem}.weight": packed(codes).reshape(rows, columns // 2),
        f"{stem}.weight_scale": tiles.reshape(padded.shape).contiguous().view(torch.float8_e4m3fn),
        f"{stem}.weight_scale_2": one,
        f"{stem}.comfy_quant": words(json.dumps({"format": "nvfp4"})),
    }


def four_bit(stem: str, w: torch.Tensor, kind: str = "nf4", nested: bool = False) -> Tensors:
    levels = {"nf4": NF4, "fp4": FP4}[kind]
    flat = torch.nn.functional.pad(w.flatten(), (0, -w.numel() % 64))
    absmax = flat.reshape(-1, 64).abs().amax(1)
    codes = nearest(flat.reshape(-1, 64) / absmax.clamp(min=1e-30)[:, None], levels)[: w.numel()]
    state = {"quant_type": kind, "blocksize": 64, "dtype": "bfloat16", "shape": list(w.shape)}
    key = f"{stem}.weight"
    found = {key: packed(codes)[:, None], f"{key}.quant_map": levels.clone()}
    if nested:
        offset = absmax.mean()
        outer = torch.nn.functional.pad(absmax - offset, (0, -len(absmax) % 256)).reshape(-1, 256)
        largest = outer.abs().amax(1)
        table = torch.cat([-torch.linspace(0, 1, 128).square().flip(0), torch.linspace(0, 1, 129)[1:].square()])
        inner = nearest(outer / largest[:, None].clamp(min=1e-30), table)[: len(absmax)]
        found |= {f"{key}.absmax": inner, f"{key}.nested_absmax": largest, f"{key}.nested_quant_map": table}
        state |= {"nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": offset.item()}
    else:
        found[f"{key}.absmax"] = absmax
    return found | {f"{key}.quant_state.bitsandbytes__{kind}": words(json.dumps(state))}


def llm_int8(stem: str, w: torch.Tensor) -> Tensors:
    largest = w.abs().amax(1)
    return {f"{stem}.weight": (w / largest[:, None] * 127).round().to(torch.int8), f"{stem}.SCB": largest}


def sdnq(stem: str, w: torch.Tensor, rank: int = 0) -> Tensors:
    found = {}
    if rank:
        u, s, v = torch.linalg.svd(w, full_matrices=False)
        up, down = (u[:, :rank] * s[:rank]).bfloat16(), v[:rank].contiguous().bfloat16()
        found = {f"{stem}.svd_up": up, f"{stem}.svd_down": down}
        w = w - up.float() @ down.float()
    scale = w.abs().amax(1, keepdim=True) / 127
    return found | {f"{stem}.weight": (w / scale).round().clamp(-128, 127).to(torch.int8), f"{stem}.scale": scale}


def sdnq_uint8(stem: str, w: torch.Tensor) -> Tensors:
    least, most = w.amin(1, keepdim=True), w.amax(1, keepdim=True)
    scale = (most - least) / 255
    codes = ((w - least) / scale).round().clamp(0, 255).to(torch.uint8)
    return {f"{stem}.weight": codes, f"{stem}.scale": scale, f"{stem}.zero_point": least}


def quanto(stem: str, w: torch.Tensor) -> Tensors:
    scale = (w.abs().amax(1, keepdim=True) / 127).bfloat16()
    codes = (w.bfloat16() / scale).round().clamp(-128, 127).to(torch.int8)
    one = torch.ones((), dtype=torch.bfloat16)
    return {
        f"{stem}.weight._data": codes,
        f"{stem}.weight._scale": scale,
        f"{stem}.input_scale": one,
        f"{stem}.output_scale": one.clone(),
    }


SCHEMES: dict[str, Callable[[str, torch.Tensor], Tensors]] = {
    "fp8 scaled, old": fp8_old,
    "fp8 scaled": comfy_fp8,
    "int8": comfy_int8,
    "nvfp4": nvfp4,
    "NF4": four_bit,
    "NF4 nested": lambda stem, w: four_bit(stem, w, nested=True),
    "FP4": lambda stem, w: four_bit(stem, w, "fp4"),
    "int8 bitsandbytes": llm_int8,
    "int8 SDNQ": sdnq,
    "int8 SDNQ with SVD": lambda stem, w: sdnq(stem, w, rank=8),
    "uint8 SDNQ": sdnq_uint8,
    "int8 quanto": quanto,
}
"""Name → what stores a matrix so."""

GGUF_TYPES = ("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "BF16", "F16")
"""Those that the package gguf can write."""


def quantised(scheme: str, weights: Tensors) -> Tensors:
    """All matrices so stored; vectors as they are."""
    found: Tensors = {}
    for key, w in weights.items():
        if w.ndim == 2:
            found |= SCHEMES[scheme](key.removesuffix(".weight"), w.float())
        else:
            found[key] = w
    return {key: tensor.contiguous() for key, tensor in found.items()}


def write_gguf(path: Path, weights: Tensors, kind: str, architecture: str = "flux", reverse: bool = False) -> Path:
    """A GGUF file with all matrices of this type, and vectors in float32."""
    import gguf

    writer = gguf.GGUFWriter(path, architecture)
    rows = list(weights.items())
    for key, w in reversed(rows) if reverse else rows:
        values = w.float().numpy()
        of = gguf.GGMLQuantizationType[kind] if w.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(key, gguf.quants.quantize(values, of), raw_dtype=of)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def network(seed: int = 0, layers: int = 3, width: int = 128, rows: int = 192) -> Tensors:
    """A made-up network: matrices of the size of trained ones, and norms."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for layer in range(layers):
        for part, shape in (("attn.qkv", (rows, width)), ("attn.out", (width, width)), ("mlp.fc", (rows, width))):
            values = torch.randn(shape, generator=generator) * 0.03
            found[f"blocks.{layer}.{part}.weight"] = values.bfloat16()
        found[f"blocks.{layer}.norm.weight"] = (1 + torch.randn(width, generator=generator) * 0.1).bfloat16()
    return found


def as_numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.float().numpy()
