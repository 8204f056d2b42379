"""The model in the host's memory as one more model beside the files: merged there, say, and saved nowhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...checkpoints.header import header_of
from ...checkpoints.reader import open_checkpoint
from ...hosts.host import Host
from ...library import Library
from .index import HEADER_VERSION, Model

if TYPE_CHECKING:
    from ...checkpoints.reader import Checkpoint


def loaded_model(host: Host, library: Library) -> Model:
    """The model in memory, known to the library by its fingerprint: after a change of weights it is another model.

    It holds no tensor: the host's are asked for again whenever it is opened, so that the host can let go of them.
    Raises ModelsimError where the host has none or it cannot be read.
    """
    checkpoint = _look(host)
    key = checkpoint.identity
    header = header_of(checkpoint)
    layout = header.layout
    known_as = library.remember_file(key, HEADER_VERSION, header.to_json(), layout.digest, layout.to_json())
    return Model(key.path, checkpoint.path, key, known_as, header, partial(_look, host))


def changed_in_memory(host: Host) -> frozenset[str] | None:
    """The components (`unet`, `te`, `vae` …) whose weights in memory are not those of the file that the host loaded:
    after a merge, a LoRA or with another VAE. Empty where all are its own; None where the host names no file.

    A model whose UNet is its file's needs no comparison of its own: the file's holds for it. Raises ModelsimError
    where memory or file cannot be read.
    """
    from ...checkpoints.memory import changed_components

    path = host.loaded_path()
    if path is None:
        return None
    with open_checkpoint(path) as file:
        found = changed_components(_look(host), file)
        file.check()
    return found


def _look(host: Host) -> Checkpoint:
    from ...checkpoints.memory import memory_checkpoint  # torch comes with it

    loaded = host.loaded()
    return memory_checkpoint(loaded.title, loaded.tensors)
