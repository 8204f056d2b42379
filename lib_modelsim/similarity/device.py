"""Where the arithmetic happens, and how much memory it may take there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from ..saying import logger_of

log = logger_of(__name__)

CPU_BUDGET = 320 << 20
"""Bytes of working buffers on the CPU: with torch's own needs the process stays within 1.2 GB."""

LEAST_GPU = 1 << 30
"""Bytes that must be free on the GPU before it is used: the WebUI's loaded model keeps its place."""


@dataclass(frozen=True)
class Device:
    """A torch device and the bytes of buffers that a measure may hold on it."""

    torch: torch.device
    budget: int


CPU = Device(torch.device("cpu"), CPU_BUDGET)


LEAST_BUDGET = 16 << 20
"""Bytes below which pieces get so small that nothing is saved."""


def choose_device(name: str = "auto", memory: int | None = None) -> Device:
    """`auto` takes the GPU where there is one with room, `cpu` never does, `cuda` insists on it.

    `memory` is how many bytes the working buffers may take; None as many as are good, on a GPU up to half of what is
    free. torch and the interpreter come on top.
    """
    wanted = None if memory is None else max(memory, LEAST_BUDGET)
    if name == "cpu" or not torch.cuda.is_available():
        if name == "cuda":
            log.warning("no CUDA device found: using the CPU")
        return _cpu(wanted)
    free, _ = torch.cuda.mem_get_info()
    if name == "auto" and free < LEAST_GPU:
        log.warning("the GPU has only %d MB free: using the CPU", free >> 20)
        return _cpu(wanted)
    return Device(torch.device("cuda"), min(free // 2, 4 << 30 if wanted is None else wanted))


def _cpu(wanted: int | None) -> Device:
    return CPU if wanted is None else Device(CPU.torch, wanted)


def fallen_back(memory: int | None = None) -> Device:
    """The CPU, once the GPU had no room after all; that is told."""
    log.warning("the GPU ran out of memory: using the CPU")
    torch.cuda.empty_cache()
    return choose_device("cpu", memory)


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """torch's operations on one thread each, for as long as this lasts; then as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
