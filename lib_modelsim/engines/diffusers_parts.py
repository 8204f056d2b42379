"""What diffusers would make of a checkpoint, decided from its header alone: neither torch nor diffusers is imported.

The configurations follow from the shapes in the file, so that networks of any width are made, but for what no shape
tells: the number of attention heads, the normalisation groups (32 everywhere), and what SD 2.x predicts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..checkpoints.diffusers_names import diffusers_names
from ..checkpoints.networks import find, networks, public_name
from ..checkpoints.networks.definition import DiffusersFacts
from ..checkpoints.reader import Checkpoint, Weight
from ..errors import joined
from ..probes.engine import WITH_WEBUI, CheckpointFailed

_UNET, _VAE = "model.diffusion_model.", "first_stage_model."
_TOKENS = "text_model.embeddings.token_embedding.weight"
_GROUPS = 32


@dataclass(frozen=True)
class NetworkPart:
    """diffusers' name → weight of one part of the file, and the configuration of the module that takes them."""

    weights: Mapping[str, Weight]
    config: Mapping[str, Any]


@dataclass(frozen=True)
class TextPart(NetworkPart):
    """A text encoder: of OpenCLIP's kind or OpenAI's, and whether a projection makes one vector of the prompt."""

    projected: bool


@dataclass(frozen=True)
class CheckpointParts:
    """All parts of a checkpoint that diffusers can generate with. `prediction` is what its keys tell."""

    facts: DiffusersFacts
    unet: NetworkPart
    vae: NetworkPart
    texts: tuple[TextPart, ...]
    prediction: str
    zero_terminal: bool

    @property
    def vocabulary(self) -> int:
        """How many tokens its text encoders know."""
        return self.texts[0].config["vocab_size"]


def parts_of(checkpoint: Checkpoint) -> CheckpointParts:
    """What is in the file for diffusers. Raises CheckpointFailed for what is no checkpoint, with all its parts, of a
    network that diffusers generates."""
    known = find(checkpoint.architecture)
    facts = known.drawing.diffusers if known is not None else None
    if facts is None:
        able = " and ".join(", ".join(_able()).rsplit(", ", 1))
        given = public_name(checkpoint.architecture)
        raise CheckpointFailed(f"diffusers can generate with {able} only", given, WITH_WEBUI)
    unet = _weights(checkpoint, "unet", _UNET)
    if _shape(unet, "conv_in.weight")[1] != 4:
        raise CheckpointFailed("this model edits pictures and cannot generate from a prompt", None, "leave it out")
    vae = _weights(checkpoint, "vae", _VAE)
    texts = [(kind, _weights(checkpoint, kind, prefix)) for kind, prefix in facts.text_encoders]
    if len({_shape(text, _TOKENS)[0] for _, text in texts}) > 1:
        raise CheckpointFailed("its text encoders have different vocabularies", None, WITH_WEBUI)
    pooled = _shape(texts[-1][1], "text_projection.weight")[1] if facts.pooled else 0
    keys = {tensor.key for tensor in checkpoint.tensors}
    return CheckpointParts(
        facts,
        NetworkPart(unet, _divided(_unet_config(facts, unet, pooled))),
        NetworkPart(vae, _divided(_vae_config(facts, vae))),
        tuple(_text(kind, weights) for kind, weights in texts),
        "v_prediction" if "v_pred" in keys else "epsilon",
        "ztsnr" in keys,
    )


def vae_of(checkpoint: Checkpoint) -> NetworkPart:
    """Its VAE alone. Raises CheckpointFailed as `parts_of`, for a file without one, or of another network."""
    known = find(checkpoint.architecture)
    facts = known.drawing.diffusers if known is not None else None
    if facts is None:
        raise CheckpointFailed("the VAE of this network is not known", public_name(checkpoint.architecture), WITH_WEBUI)
    vae = _weights(checkpoint, "vae", _VAE)
    return NetworkPart(vae, _divided(_vae_config(facts, vae)))


def _divided(config: dict[str, Any]) -> dict[str, Any]:
    """Raises CheckpointFailed for channels that do not make whole groups of normalisation."""
    for width in config["block_out_channels"]:
        if width % _GROUPS:
            raise CheckpointFailed(f"diffusers needs a multiple of {_GROUPS} channels", width, WITH_WEBUI)
    return config


def _able() -> list[str]:
    """The networks that diffusers can generate with, in order of their definitions."""
    return [network.name for network in networks() if network.drawing.diffusers is not None]


def _weights(checkpoint: Checkpoint, kind: str, prefix: str) -> dict[str, Weight]:
    """diffusers' name → weight, of one part. Raises CheckpointFailed where it is not there."""
    weights = {key[len(prefix) :]: weight for key, weight in checkpoint.weights.items() if key.startswith(prefix)}
    if not weights:
        words = {"unet": "UNet", "vae": "VAE"}.get(kind, "text encoder")
        raise CheckpointFailed(f"the file has no {words}", None, "use a whole checkpoint")
    if kind == "clip":
        return weights
    names = diffusers_names(kind, weights.keys())
    return {names[name]: weight for name, weight in weights.items()}


def _unet_config(facts: DiffusersFacts, part: Mapping[str, Weight], pooled: int) -> dict[str, Any]:
    """`pooled` is the width of the vector that SDXL's second text encoder makes of the whole prompt."""
    levels = range(_count(part, r"down_blocks\.(\d+)\."))
    widths = [_shape(part, f"down_blocks.{level}.resnets.0.conv2.weight")[0] for level in levels]
    depths = [_count(part, rf"down_blocks\.{level}\.attentions\.0\.transformer_blocks\.(\d+)\.") for level in levels]
    config = {
        "block_out_channels": widths,
        "layers_per_block": _count(part, r"down_blocks\.0\.resnets\.(\d+)\."),
        "down_block_types": ["CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in depths],
        "up_block_types": ["CrossAttnUpBlock2D" if depth else "UpBlock2D" for depth in reversed(depths)],
        "transformer_layers_per_block": [depth or 1 for depth in depths],
        "cross_attention_dim": _first(part, "attn2.to_k.weight")[1],
        "use_linear_projection": len(_first(part, ".proj_in.weight")) == 2,
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


def _text(kind: str, part: Mapping[str, Weight]) -> TextPart:
    vocabulary, width = _shape(part, _TOKENS)
    openclip = kind == "openclip"
    projected = openclip and "text_projection.weight" in part
    config = {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": _shape(part, "text_model.encoder.layers.0.mlp.fc1.weight")[0],
        "num_hidden_layers": _count(part, r"text_model\.encoder\.layers\.(\d+)\."),
        "num_attention_heads": max(1, width // 64),
        "max_position_embeddings": _shape(part, "text_model.embeddings.position_embedding.weight")[0],
        "hidden_act": "gelu" if openclip else "quick_gelu",
        "projection_dim": _shape(part, "text_projection.weight")[1] if projected else width,
        "bos_token_id": vocabulary - 2,
        "eos_token_id": vocabulary - 1,
    }
    return TextPart(part, config, projected)


def _shape(part: Mapping[str, Weight], name: str) -> tuple[int, ...]:
    if name not in part:
        raise lacks(name)
    return part[name].stored.shape


def _first(part: Mapping[str, Weight], ending: str) -> tuple[int, ...]:
    """The shape of the first weight whose name ends so."""
    return _shape(part, next((name for name in part if name.endswith(ending)), f"*{ending}"))


def lacks(name: str, state: str = "lacks") -> CheckpointFailed:
    """The error for a weight that is not there, or is not as it must be."""
    return CheckpointFailed(f"the file {state} a weight", name, joined("download it again, or ", WITH_WEBUI))


def _count(part: Mapping[str, Weight], pattern: str) -> int:
    """How many different numbers stand at one place of the names."""
    return len({found[1] for name in part if (found := re.match(pattern, name))})
