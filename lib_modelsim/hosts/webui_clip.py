"""The WebUI's own CLIP as an encoder, where its interrogator has it in memory already. Nothing is loaded for it.

Source: modules/interrogate.py of AUTOMATIC1111, Forge and reForge. The first moves the model to the GPU and back
itself, in half precision and under autocast; the others leave its place to their memory management.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ModelsimError

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from ..pictures.encoders.encoder import TextEncoder, Vectors

NAME = "the WebUI's CLIP"

_BATCH = 16
_SAMPLE = 64
"""Numbers of each weight that tell one CLIP from another."""


class WebUIClip:
    """Pictures and texts in the space of the interrogator's CLIP, ViT-L/14 as a rule. To be asked `at_work`."""

    name = NAME
    longest = 77

    def __init__(self, identity: str, known: bool = False) -> None:
        """`known`: whether the WebUI says that it is OpenAI's ViT-L/14, whose file OpenAI's package checks."""
        self.identity = identity
        self.architecture, self.training = ("ViT-L-14", "openai") if known else ("", "")

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """float32 [pictures, d], rows of length 1. Raises ModelsimError where the WebUI has put its CLIP away, or has
        another one by now, or no room for it."""
        import torch
        from modules import shared

        def prepared(part: Sequence[Image.Image]) -> torch.Tensor:
            return torch.stack([shared.interrogator.clip_preprocess(picture) for picture in part])

        return self._encoded("encode_image", prepared, pictures)

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        """float32 [texts, d], rows of length 1; what is longer than CLIP's 77 tokens is cut off. Raises as `encode`."""
        import clip  # OpenAI's package: the model is of it

        return self._encoded("encode_text", lambda part: clip.tokenize(list(part), truncate=True), texts)

    def too_long(self, texts: Sequence[str]) -> list[bool]:
        """Whether a text has more than 77 tokens, with those for begin and end."""
        return [_refuses(text) for text in texts]

    def _encoded(self, kind: str, prepared: Callable[[Any], torch.Tensor], items: Sequence[Any]) -> Vectors:
        import torch
        from modules import devices

        rows = []
        try:
            with _where_it_computes(self.identity) as (model, device), torch.no_grad(), devices.autocast():
                for start in range(0, len(items), _BATCH):
                    vectors = getattr(model, kind)(prepared(items[start : start + _BATCH]).to(device)).float()
                    rows.append((vectors / vectors.norm(dim=1, keepdim=True)).cpu().numpy())
        except torch.cuda.OutOfMemoryError as error:
            fix = "choose another encoder, or close other programs that use the GPU"
            raise ModelsimError(f"the GPU has no room for {NAME}", str(error).split(".")[0], fix) from error
        return np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)


def encoders() -> list[TextEncoder]:
    """The WebUI's CLIP, if it is in memory now; none outside of a WebUI, or where it has none of this kind."""
    try:
        model = _in_memory()
    except (ImportError, AttributeError):  # SD.Next has it elsewhere
        return []
    if model is None:
        return []
    from modules import interrogate

    return [WebUIClip(_identity(model), getattr(interrogate, "clip_model_name", None) == "ViT-L/14")]


def _refuses(text: str) -> bool:
    import clip

    try:
        clip.tokenize(text)
    except RuntimeError:  # "Input … is too long for context length 77"
        return True
    return False


def _in_memory() -> torch.nn.Module | None:
    from modules import shared

    owner = shared.interrogator
    return None if owner.clip_preprocess is None else owner.clip_model


def _identity(model: torch.nn.Module) -> str:
    """From some numbers of every weight, in half precision, as the published file has them and the GPU computes."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.named_parameters()):
        digest.update(f"{name} {tuple(weight.shape)}".encode())
        digest.update(weight.detach().flatten()[:_SAMPLE].cpu().half().numpy().tobytes())
    return f"clip {digest.hexdigest()}"


@contextmanager
def _where_it_computes(identity: str) -> Iterator[tuple[torch.nn.Module, torch.device]]:
    """The model on the device that the WebUI uses it on; afterwards it is where it was."""
    from modules import interrogate, shared

    owner, model = shared.interrogator, _in_memory()
    if model is None or _identity(model) != identity:
        fix = "press Interrogate CLIP in img2img once, or choose another encoder"
        raise ModelsimError(f"{NAME} is no longer in memory", None, fix)
    patcher = getattr(owner, "clip_patcher", None)
    if patcher is not None:  # its memory management takes it back when it needs the room
        manager = getattr(interrogate, "memory_management", None) or interrogate.model_management
        manager.load_models_gpu([patcher])
        yield model, owner.load_device
        return
    from modules import devices, lowvram

    before = next(model.parameters()).device
    lowvram.send_everything_to_cpu()  # with --lowvram and --medvram alone; each part comes back when it is needed
    try:
        yield model.to(devices.device_interrogate), devices.device_interrogate
    finally:
        model.to(before)
        if before != devices.device_interrogate:
            devices.torch_gc()
