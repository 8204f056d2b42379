"""The whole-weight measures from a sample, beside the exact ones: errors and time, for samples of several kinds.

python -m benchmarks.sampled MINIHUB LORAS [FILE…]     the trained family, the folder of real LoRAs, and files of one
                                                       network, the first their base, which are read cold and timed
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from lib_modelsim.checkpoints.reader import Checkpoint, open_checkpoint
from lib_modelsim.similarity.device import CPU
from lib_modelsim.similarity.measures.delta import delta_cosine
from lib_modelsim.similarity.measures.l2 import relative_l2
from lib_modelsim.similarity.parts import Part, add_up
from lib_modelsim.similarity.sampling import SAMPLE, Sample, numbers
from lib_modelsim.similarity.weights import KeySummer

from .kin import BASE, checkpoints, lora_family, pairs, trained_family
from .measuring import forget

DRAWS = 20
"""Samples of each kind."""

KINDS = {
    "the default: 4 %, 16 chunks of 1,024 at least": {},
    "1 chunk a key at least": {"chunks": 1},
    "4 chunks a key, of 4,096 numbers at least": {"chunks": 4, "shortest": 4096},
    "8 chunks a key, of 2,048 numbers at least": {"chunks": 8, "shortest": 2048},
    "32 chunks a key, of 1,024 numbers at least": {"chunks": 32, "shortest": 1024},
    "2 % of a key": {"share": 0.02},
    "8 % of a key": {"share": 0.08},
    "4,096 numbers of a key at least": {"least": 4096},
    "4 % of small keys, too, in 8 chunks": {"least": 0, "shortest": 1, "chunks": 8},
    "4 % of small keys, too, in 16 chunks": {"least": 0, "shortest": 1},
}


def sums(models: Sequence[Checkpoint], sample: Sample | None) -> dict[str, list[Part]]:
    """The UNet's parts per block."""
    summer = KeySummer(models, CPU, lambda count: None, lambda broken: None, sample)
    by_block: dict[str, list[str]] = {}
    for key, weight in models[0].weights.items():
        if weight.component == "unet":
            by_block.setdefault(weight.block or "", []).append(key)
    return {block: add_up(Part.of_key("unet", one) for one in summer.sums(keys)) for block, keys in by_block.items()}


def share_read(models: Sequence[Checkpoint], sample: Sample) -> float:
    """Of the numbers of the UNet."""
    sizes = {w.key: w.stored.count for w in models[0].weights.values() if w.component == "unet"}
    return sum(numbers(sample.ranges(key, count)) for key, count in sizes.items()) / sum(sizes.values())


def errors(exact: dict[str, list[Part]], found: dict[str, list[Part]], n: int) -> tuple[float, ...]:
    """delta-cosine from model 0: largest and root-mean-square error of the pairs, the same per block; relative-l2:
    largest relative error."""
    pick = pairs(n)

    def everything(parts: dict[str, list[Part]]) -> list[Part]:
        return [part for own in parts.values() for part in own]

    def off(a: list[Part], b: list[Part]) -> np.ndarray:
        apart = np.abs(delta_cosine(a, n, 0) - delta_cosine(b, n, 0))[pick]
        return apart[~np.isnan(apart)]

    overall = off(everything(exact), everything(found))
    by_block = np.concatenate([off(exact[block], found[block]) for block in exact])
    true, made = (relative_l2(everything(parts), n)[pick] for parts in (exact, found))
    far = true > 0
    return (overall.max(), np.sqrt((overall**2).mean()), by_block.max(), np.sqrt((by_block**2).mean()),
            np.abs(made[far] / true[far] - 1).max())  # fmt: skip


def report(title: str, models: Sequence[Checkpoint]) -> None:
    """One line a kind of sample: the errors' mean over the draws, and the largest of any."""
    exact = sums(models, None)
    most, rms, block, *_ = errors(exact, sums(models, SAMPLE), len(models))
    print(f"\n{title}: {len(models)} models. The measures' own sample: delta-cosine off by {most:.4f} at most, "
          f"rms {rms:.4f}; per block {block:.4f} at most. {DRAWS} draws of each kind:")  # fmt: skip
    print(f"{'':44}{'read':>7}{'delta-cosine: largest':>24}{'(any draw)':>12}{'rms':>9}"
          f"{'per block: largest':>20}{'rms':>9}{'relative-l2':>13}")  # fmt: skip
    for name, options in KINDS.items():
        samples = [Sample(seed=seed, **options) for seed in range(DRAWS)]
        found = np.array([errors(exact, sums(models, sample), len(models)) for sample in samples])
        worst, (most, rms, block, block_rms, _) = found.max(0), found.mean(0)
        print(f"{name:44}{share_read(models, samples[0]):7.1%}{most:24.4f}{worst[0]:12.4f}{rms:9.4f}"
              f"{block:20.4f}{block_rms:9.4f}{worst[4]:13.2%}", flush=True)  # fmt: skip


def time_reading(files: Sequence[Path]) -> None:
    """Cold reads of real files, exact and sampled, and the errors of the sample that the measures take."""
    models = [open_checkpoint(path) for path in files]
    taken = {}
    for name, sample in {"whole": None, **{k: Sample(**options) for k, options in KINDS.items()}}.items():
        forget(files)
        start = perf_counter()
        parts = sums(models, sample)
        seconds = perf_counter() - start
        taken[name] = parts
        line = f"{name:44}{seconds:8.2f} s"
        if sample is not None:
            off = errors(taken["whole"], parts, len(models))
            chunks = sum(len(sample.ranges(key, w.stored.count)) for key, w in models[0].weights.items())
            line += f"{share_read(models, sample):8.1%} of the UNet, {chunks:6} reads a file, errors {np.round(off, 5)}"
        print(line, flush=True)


def main() -> None:
    minihub, loras, *files = (Path(argument) for argument in sys.argv[1:])
    family = trained_family(minihub)
    tuned = {name: family[name] for name in family if not name.startswith("base ") or "lora" in name}
    tuned = {BASE: family[BASE], **{name: tensors for name, tensors in tuned.items() if name != BASE}}
    report("the trained family and merges of it", checkpoints(tuned))
    report("two real LoRAs and their mixtures in the shapes of SD 1.x", lora_family(loras))
    if files:
        time_reading(files)
    print(f"\n{SAMPLE}")


if __name__ == "__main__":
    main()
