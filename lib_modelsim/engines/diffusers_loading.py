"""A checkpoint file → diffusers' and transformers' modules with its weights. Nothing is asked of any hub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from ..checkpoints.networks.definition import DiffusersFacts
from ..checkpoints.reader import Checkpoint, open_checkpoint
from ..checkpoints.values import ValueReader
from ..probes.engine import WITH_WEBUI, CheckpointFailed
from .diffusers_parts import NetworkPart, TextPart, lacks, parts_of, vae_of


@dataclass(frozen=True)
class LoadedNetwork:
    """A checkpoint that can generate. `facts` are those of its definition, `encoders` its text encoders; `prediction`
    is "epsilon" or "v_prediction", and `zero_terminal` whether its last step is all noise: SDXL models say both with
    keys of their own."""

    facts: DiffusersFacts
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    encoders: tuple[CLIPTextModel | CLIPTextModelWithProjection, ...]
    prediction: str
    zero_terminal: bool

    @property
    def device(self) -> torch.device:
        return self.unet.device

    @property
    def vocabulary(self) -> int:
        """How many tokens its text encoders know."""
        return self.encoders[0].config.vocab_size


def load_network(path: Path, device: torch.device) -> LoadedNetwork:
    """Read a checkpoint; on a GPU as float16, but for the VAE, whose numbers can be too large for it.

    Raises CheckpointFailed for what is no checkpoint, with all its parts, of a network that diffusers generates,
    CheckpointError for a file that cannot be read, torch's OutOfMemoryError.
    """
    with open_checkpoint(path) as checkpoint:
        network = _network_of(checkpoint, device)
        checkpoint.check()
    return network


def load_vae(path: Path, device: torch.device) -> AutoencoderKL:
    """The VAE of a checkpoint alone, in float32. Raises as `load_network`."""
    with open_checkpoint(path) as checkpoint:
        vae = _filled(AutoencoderKL, vae_of(checkpoint), device, torch.float32)
        checkpoint.check()
    return vae


def _network_of(checkpoint: Checkpoint, device: torch.device) -> LoadedNetwork:
    parts = parts_of(checkpoint)
    dtype = torch.float32 if device.type == "cpu" else torch.float16
    network = LoadedNetwork(
        parts.facts,
        _filled(UNet2DConditionModel, parts.unet, device, dtype),
        _filled(AutoencoderKL, parts.vae, device, torch.float32),
        tuple(_text_encoder(text, device, dtype) for text in parts.texts),
        parts.prediction,
        parts.zero_terminal,
    )
    return network if parts.facts.tells_prediction else _told_by_drawing(network)


def _text_encoder(
    part: TextPart, device: torch.device, dtype: torch.dtype
) -> CLIPTextModel | CLIPTextModelWithProjection:
    config = CLIPTextConfig(**part.config)
    kind = CLIPTextModelWithProjection if part.projected else CLIPTextModel
    model = _filled(kind, NetworkPart(part.weights, {"config": config}), device, dtype)
    places = torch.arange(config.max_position_embeddings, device=device)
    model.text_model.embeddings.position_ids = places[None]  # not among the weights
    return model


def _filled(
    kind: Callable[..., nn.Module],
    part: NetworkPart,
    device: torch.device,
    dtype: torch.dtype,
) -> Any:  # noqa: ANN401 - a module of this kind
    """The module with the file's weights, on the device. Raises CheckpointFailed where they do not fit."""
    with torch.device("meta"):
        try:
            model = kind(**part.config)
        except ValueError as error:
            raise CheckpointFailed("the network in the file cannot be built", error, WITH_WEBUI) from error
    reader, state = ValueReader(), {}
    for name, place in model.state_dict().items():
        weight = part.weights.get(name)
        if weight is None or weight.stored.count != place.numel():
            raise lacks(name, "lacks" if weight is None else "has in another shape")
        values = reader.flat(weight, 0, weight.stored.count).to(dtype, copy=True)
        # the one weight that transformers keeps transposed
        values = values.reshape(weight.stored.shape).T if name == "text_projection.weight" else values
        state[name] = values.reshape(place.shape).contiguous().to(device)
    model.load_state_dict(state, assign=True)
    return model.eval().requires_grad_(False)


def _told_by_drawing(network: LoadedNetwork) -> LoadedNetwork:
    """What an SD 2.x model predicts no shape tells: from noise of the last step one that predicts v answers with much
    less than what it got, one that predicts epsilon with the same (the WebUI's rule, sd_models_config.py)."""
    context = network.unet.config["cross_attention_dim"]
    with torch.no_grad():
        half = torch.full((1, 4, 8, 8), 0.5, device=network.device, dtype=network.unet.dtype)
        words = torch.full((1, 2, context), 0.5, device=network.device, dtype=network.unet.dtype)
        answer = network.unet(half, 999, words).sample
    prediction = "v_prediction" if (answer - half).mean().item() < -1 else "epsilon"
    return replace(network, prediction=prediction)
