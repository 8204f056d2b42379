"""A checkpoint file → diffusers' and transformers' modules with its weights. Nothing is asked of any hub.

The configurations follow from the shapes in the file, so that networks of any width are made, but for what no shape
tells: the number of attention heads, the normalisation groups (32 everywhere), and what SD 2.x predicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from ..checkpoints.diffusers_names import diffusers_names
from ..checkpoints.networks import find, networks, public_name
from ..checkpoints.networks.definition import DiffusersFacts
from ..checkpoints.reader import Checkpoint, Weight, open_checkpoint
from ..checkpoints.values import ValueReader
from ..errors import joined
from ..probes.engine import WITH_WEBUI, CheckpointFailed

_UNET, _VAE = "model.diffusion_model.", "first_stage_model."
_TOKENS = "text_model.embeddings.token_embedding.weight"


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


def _network_of(checkpoint: Checkpoint, device: torch.device) -> LoadedNetwork:
    path = checkpoint.path
    known = find(checkpoint.architecture)
    facts = known.drawing.diffusers if known is not None else None
    if facts is None:
        able = " and ".join(", ".join(_able()).rsplit(", ", 1))
        raise CheckpointFailed(
            f"diffusers can generate with {able} only",
            public_name(checkpoint.architecture),
            WITH_WEBUI,
        )
    dtype = torch.float32 if device.type == "cpu" else torch.float16
    unet = _part(checkpoint, "unet", _UNET)
    if unet["conv_in.weight"].stored.shape[1] != 4:
        raise CheckpointFailed("this model edits pictures and cannot generate from a prompt", path.name, "leave it out")
    vae = _part(checkpoint, "vae", _VAE)
    texts = [(kind, _part(checkpoint, kind, prefix)) for kind, prefix in facts.text_encoders]
    if len({_shape(part, _TOKENS)[0] for _, part in texts}) > 1:
        raise CheckpointFailed("its text encoders have different vocabularies", path.name, WITH_WEBUI)
    pooled = texts[-1][1]["text_projection.weight"].shape[1] if facts.pooled else 0
    keys = {tensor.key for tensor in checkpoint.tensors}
    network = LoadedNetwork(
        facts,
        _filled(UNet2DConditionModel, _unet_config(facts, unet, pooled), unet, device, dtype),
        _filled(AutoencoderKL, _vae_config(facts, vae), vae, device, torch.float32),
        tuple(_text_encoder(kind, weights, device, dtype) for kind, weights in texts),
        "v_prediction" if "v_pred" in keys else "epsilon",
        "ztsnr" in keys,
    )
    return network if facts.tells_prediction else _told_by_drawing(network)


def _able() -> list[str]:
    """The networks that diffusers can generate with, in order of their definitions."""
    return [network.name for network in networks() if network.drawing.diffusers is not None]


def _part(checkpoint: Checkpoint, kind: str, prefix: str) -> dict[str, Weight]:
    """diffusers' name → weight, of one part. Raises CheckpointFailed where it is not there."""
    weights = {key[len(prefix) :]: weight for key, weight in checkpoint.weights.items() if key.startswith(prefix)}
    if not weights:
        words = {"unet": "UNet", "vae": "VAE"}.get(kind, "text encoder")
        raise CheckpointFailed(f"the file has no {words}", checkpoint.path.name, "use a whole checkpoint")
    if kind == "clip":
        return weights
    names = diffusers_names(kind, weights.keys())
    return {names[name]: weight for name, weight in weights.items()}


def _unet_config(facts: DiffusersFacts, part: Mapping[str, Weight], pooled: int) -> dict[str, Any]:
    """`pooled` is the width of the vector that SDXL's second text encoder makes of the whole prompt."""
    levels = range(_count(part, r"down_blocks\.(\d+)\."))
    widths = [_shape(part, f"down_blocks.{level}.resnets.0.conv2.weight")[0] for level in levels]
    depths = [_count(part, rf"down_blocks\.{level}\.attentions\.0\.transformer_blocks\.(\d+)\.") for level in levels]
    query = next(name for name in part if name.endswith("attn2.to_k.weight"))
    linear = next(name for name in part if name.endswith(".proj_in.weight"))
    config = {
        "block_out_channels": widths,
        "layers_per_block": _count(part, r"down_blocks\.0\.resnets\.(\d+)\."),
        "down_block_types": ["CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in depths],
        "up_block_types": ["CrossAttnUpBlock2D" if depth else "UpBlock2D" for depth in reversed(depths)],
        "transformer_layers_per_block": [depth or 1 for depth in depths],
        "cross_attention_dim": _shape(part, query)[1],
        "use_linear_projection": len(part[linear].stored.shape) == 2,
        # diffusers takes the number of heads under this name
        "attention_head_dim": facts.heads or [max(1, width // 64) for width in widths],
    }
    if not facts.pooled:
        return config
    label = _shape(part, "add_embedding.linear_1.weight")[1]
    return config | {
        "addition_embed_type": "text_time",
        "projection_class_embeddings_input_dim": label,
        "addition_time_embed_dim": (label - pooled) // 6,  # six numbers: size, crop and target size
    }


def _vae_config(facts: DiffusersFacts, part: Mapping[str, Weight]) -> dict[str, Any]:
    levels = range(_count(part, r"encoder\.down_blocks\.(\d+)\."))
    return {
        "block_out_channels": [_shape(part, f"encoder.down_blocks.{n}.resnets.0.conv2.weight")[0] for n in levels],
        "down_block_types": ["DownEncoderBlock2D" for _ in levels],
        "up_block_types": ["UpDecoderBlock2D" for _ in levels],
        "layers_per_block": _count(part, r"encoder\.down_blocks\.0\.resnets\.(\d+)\."),
        "latent_channels": _shape(part, "post_quant_conv.weight")[0],
        "scaling_factor": facts.latent_scaling,
    }


def _text_encoder(
    kind: str, part: Mapping[str, Weight], device: torch.device, dtype: torch.dtype
) -> CLIPTextModel | CLIPTextModelWithProjection:
    vocabulary, width = _shape(part, _TOKENS)
    openclip = kind == "openclip"
    projected = openclip and "text_projection.weight" in part
    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=_shape(part, "text_model.encoder.layers.0.mlp.fc1.weight")[0],
        num_hidden_layers=_count(part, r"text_model\.encoder\.layers\.(\d+)\."),
        num_attention_heads=max(1, width // 64),
        max_position_embeddings=_shape(part, "text_model.embeddings.position_embedding.weight")[0],
        hidden_act="gelu" if openclip else "quick_gelu",
        projection_dim=_shape(part, "text_projection.weight")[1] if projected else width,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
    )
    model = _filled(
        CLIPTextModelWithProjection if projected else CLIPTextModel, {"config": config}, part, device, dtype
    )
    places = torch.arange(config.max_position_embeddings, device=device)
    model.text_model.embeddings.position_ids = places[None]  # not among the weights
    return model


def _filled(
    kind: Callable[..., nn.Module],
    config: Mapping[str, Any],
    part: Mapping[str, Weight],
    device: torch.device,
    dtype: torch.dtype,
) -> Any:  # noqa: ANN401 - a module of this kind
    """The module with the file's weights, on the device. Raises CheckpointFailed where they do not fit."""
    with torch.device("meta"):
        try:
            model = kind(**config)
        except ValueError as error:
            raise CheckpointFailed("the network in the file cannot be built", error, WITH_WEBUI) from error
    reader, state = ValueReader(), {}
    for name, place in model.state_dict().items():
        weight = part.get(name)
        if weight is None or weight.stored.count != place.numel():
            state_of = "lacks" if weight is None else "has in another shape"
            raise CheckpointFailed(f"the file {state_of} a weight", name, joined("download it again, or ", WITH_WEBUI))
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


def _shape(part: Mapping[str, Weight], name: str) -> tuple[int, ...]:
    if name not in part:
        raise CheckpointFailed("the file lacks a weight", name, joined("download it again, or ", WITH_WEBUI))
    return part[name].stored.shape


def _count(part: Mapping[str, Weight], pattern: str) -> int:
    """How many different numbers stand at one place of the names."""
    return len({found[1] for name in part if (found := re.match(pattern, name))})
