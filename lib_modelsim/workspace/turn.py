"""Whether work on weights needs the host's turn: on the processor, on files, it goes on beside what people generate."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

from ..hosts.host import Host
from ..job import Job
from .catalogue.index import Model


def turn_for(models: Iterable[Model], host: Host, what: str, job: Job) -> AbstractContextManager[Job]:
    """The host's turn (`Host.at_work`) where the GPU is used, or the weights of the model that it has in memory."""
    if not host.is_webui:  # nobody else has a turn, and torch, which tells the GPU, takes seconds to import
        return nullcontext(job)
    from ..similarity.device import choose_device

    settings = host.settings()
    on_gpu = choose_device(settings.device, settings.memory).torch.type != "cpu"
    in_memory = any(model.opener is not None for model in models)
    return host.at_work(what, job) if on_gpu or in_memory else nullcontext(job)
