"""The attention score ("ASimilarity"), both published variants, for all pairs from one evaluation per model.

For one self-attention with weights q, k, v (each [d, d]) and a fixed random input X ([d, d], standard normal):

    Q, K, V = X qᵀ, X kᵀ, X vᵀ
    P       = softmax(Q Kᵀ)                 no 1/√d, no heads
    A[i, j] = P[i, j] · Σ_t V[t, j]
    score(a, b) = mean over rows i of cos(A_a[i], A_b[i])

With the rows of A scaled to length 1/√d the score is an inner product, so n models need n evaluations and one Gram
matrix. Sources: the ASimilarityCalculator script and sdsim (8 blocks), hako-mikan/sd-webui-supermerger (16 blocks).

Their X is drawn block by block from one generator; between two blocks the peers create `nn.Linear` layers whose
initialisation draws from the same stream. It is advanced likewise here, so X depends on the widths of the blocks
before it and the scores agree with the peers'.

Beyond the peers, who know SD 1.x only, the natural extension: the first transformer block of every network block that
has self-attention, in network order. SD 2.x has the 16 blocks of SD 1.x; SDXL has IN04 IN05 IN07 IN08 M00 OUT00 …
OUT05. A transformer has every block of its stacks: where two streams attend together (SD3, Flux, HunyuanVideo,
AuraFlow, Qwen-Image, HiDream-I1) the picture's q, k and v; in single blocks those of both; the refiners of Lumina 2,
Z-Image, OmniGen 2 and Krea 2 and the text blocks of Kandinsky 5 as their layers; attention to the prompt alone and to
other inputs has none. In q, k and v rows keep the order of the published matrix. Where several heads of queries share
one of keys and values (Lumina 2, OmniGen 2, Krea 2, HiDream-O1, Boogu-Image), k and v are the matrices [d, d] in which
each head stands as often as queries use it, next to each other, as the networks themselves repeat them. The variant of
8 blocks keeps the decoder's half without the last block: of SD's OUT blocks, or of a transformer's second half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ..checkpoints.reader import Checkpoint
from ..checkpoints.values import ValueReader
from .attention import Variant, head_length, projections
from .device import Device


def attention_grams(
    models: Sequence[Checkpoint],
    layers: Mapping[str, str],
    variant: Variant,
    wanted: set[str],
    device: Device,
    tick: Callable[[int], None],
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Per block in network order: its name and the scores of all pairs, shape (n, n).

    `layers` is `attention_keys` of every one of the models, who must agree in these keys and their shapes; only
    blocks in `wanted` are evaluated (the others still advance the generator). `tick(bytes)` is called after each
    model's evaluation with the bytes read; it may raise to stop.
    """
    generator = torch.Generator().manual_seed(variant.seed)
    reader = ValueReader()
    for block, key in layers.items():
        width = models[0].weights[key].shape[1]
        inputs = torch.randn([width, width], generator=generator)
        for _ in range(variant.linears):
            torch.empty(width, width).uniform_(generator=generator)
        if block in wanted:
            yield block, _gram(models, key, inputs, reader, device, tick)


def _gram(
    models: Sequence[Checkpoint],
    key: str,
    inputs: torch.Tensor,
    reader: ValueReader,
    device: Device,
    tick: Callable[[int], None],
) -> NDArray[np.float64]:
    """Scores of all pairs in one block, shape (n, n).

    The features of n models are n · d² numbers: they are made for as many rows of the inputs at a time as the budget
    holds. Rows are independent, so nothing is computed twice; only the weights are read again.
    """
    width = len(inputs)
    inputs = inputs.to(device.torch)
    rows = max(1, min(width, device.budget // (4 * width * (len(models) + 4))))
    gram = torch.zeros(len(models), len(models), dtype=torch.float64)
    for first in range(0, width, rows):
        part = inputs[first : first + rows]
        features = torch.empty(len(models), len(part) * width, device=device.torch)
        for row, model in zip(features, models, strict=True):
            layer, head = projections(model.weights, key), head_length(model.weights, key)
            q, k, v = (_for_each_query(reader.matrix(weight).to(device.torch), width, head) for weight in layer)
            row.copy_(attention_features(part, inputs, q, k, v).flatten())
            tick(sum(weight.stored.count * weight.stored.item_bytes for weight in layer))
        gram += (features @ features.T).double().cpu()
    norms = gram.diagonal().sqrt()
    return (gram / torch.outer(norms, norms)).clamp(-1, 1).numpy()


def _for_each_query(matrix: torch.Tensor, rows: int, head: int | None) -> torch.Tensor:
    """Keys or values with each head as often as queries share it; shape [rows, d]."""
    if head is None or len(matrix) == rows:
        return matrix
    heads = matrix.reshape(-1, head, matrix.shape[1])
    return heads.repeat_interleave(rows // len(matrix), 0).reshape(rows, -1)


def attention_features(
    part: torch.Tensor, inputs: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor
) -> torch.Tensor:
    """Rows of A for some rows of the inputs, `part` ([r, d]), each scaled to length 1; shape [r, d]."""
    logits = ((part @ q.T) @ k) @ inputs.T  # [r, d]; this order costs the same however many rows
    attention = torch.softmax(logits, dim=-1) * (v @ inputs.sum(0))
    return torch.nn.functional.normalize(attention, dim=-1)
