"""The three networks as diffusers and transformers build them, and their weights under the names of single files.

Keys, tokens and noise are those of SD 1.x; the widths are small.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from transformers import CLIPTextConfig, CLIPTextModel

from lib_modelsim.checkpoints.diffusers_names import original_names
from lib_modelsim.demo.family import TEXT_INTERMEDIATE, WIDTHS
from lib_modelsim.demo.random_weights import Weights
from lib_modelsim.demo.webui_files import CONTEXT

from .captions import BEGIN, END, PLACES, VOCABULARY

PREFIXES = {
    "unet": "model.diffusion_model.",
    "vae": "first_stage_model.",
    "text": "cond_stage_model.transformer.",
}
"""Part → what its keys begin with in a single file."""


def new_text_encoder() -> CLIPTextModel:
    """One layer over a vocabulary of bytes."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=VOCABULARY,
            hidden_size=CONTEXT,
            intermediate_size=TEXT_INTERMEDIATE,
            num_hidden_layers=1,
            num_attention_heads=12,
            max_position_embeddings=PLACES,
            hidden_act="quick_gelu",
            projection_dim=CONTEXT,
            bos_token_id=BEGIN,
            eos_token_id=END,
        )
    )


def new_vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=tuple(WIDTHS.vae * multiplier for multiplier in WIDTHS.vae_multipliers),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=WIDTHS.vae_resnets,
        latent_channels=4,
    )


def new_unet() -> UNet2DConditionModel:
    """Its first answer is zero."""
    unet = UNet2DConditionModel(
        block_out_channels=tuple(WIDTHS.unet * multiplier for multiplier in WIDTHS.unet_multipliers),
        layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=CONTEXT,
        attention_head_dim=8,
    )
    torch.nn.init.zeros_(unet.conv_out.weight)
    torch.nn.init.zeros_(unet.conv_out.bias)
    unet.set_attn_processor(PlainAttention())
    return unet


class PlainAttention:
    """Attention in plain products, for contexts that several pictures in a row share.

    On a CPU, with 8 channels a head, torch's fused attention doubles the time of a whole step; keys and values of a
    shared context are computed once, which saves another seventh.
    """

    def __call__(
        self,
        attention: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        **_: object,
    ) -> torch.Tensor:
        """Hidden states [pictures, places, width], contexts [captions, 77, 768], in the order of the pictures."""
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        queries = attention.to_q(hidden_states).reshape(len(context), -1, hidden_states.shape[-1])
        query, key, value = (
            values.unflatten(-1, (attention.heads, -1)).transpose(1, 2)  # [captions, heads, places, 8]
            for values in (queries, attention.to_k(context), attention.to_v(context))
        )
        likeness = query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2)
        found = torch.softmax(likeness, -1, dtype=query.dtype) @ value
        return attention.to_out[0](found.transpose(1, 2).flatten(2).reshape(hidden_states.shape))


@dataclass(frozen=True)
class Networks:
    """The networks of one checkpoint, ready to be used; what is trained asks for gradients itself."""

    text: CLIPTextModel
    vae: AutoencoderKL
    unet: UNet2DConditionModel


def networks(weights: Weights, device: str) -> Networks:
    """The networks of a whole single file's weights."""
    return Networks(
        loaded(new_text_encoder(), "text", weights, device),
        loaded(new_vae(), "vae", weights, device),
        loaded(new_unet(), "unet", weights, device),
    )


def loaded(module: torch.nn.Module, part: str, weights: Weights, device: str) -> torch.nn.Module:
    """The module with its part of the weights, without gradients. Raises KeyError where one is missing."""
    old = module.state_dict()
    names = _names(part, old)
    module.load_state_dict(
        {key: torch.from_numpy(weights[names[key]]).float().reshape(values.shape) for key, values in old.items()}
    )
    return module.to(device).eval().requires_grad_(False)


def weights_of(module: torch.nn.Module, part: str) -> Weights:
    """The module's weights as single files have them, float16."""
    state = module.state_dict()
    names = _names(part, state)
    weights = {names[key]: values.detach().half().cpu() for key, values in state.items()}
    if part == "vae":  # its attention: linear layers here, 1 × 1 convolutions there
        attention = {key for key, values in weights.items() if ".attn_1." in key and values.ndim == 2}
        weights |= {key: weights[key][..., None, None] for key in attention}
    return {key: values.numpy() for key, values in weights.items()}


def _names(part: str, state: dict[str, torch.Tensor]) -> dict[str, str]:
    """The state dict's key → the single file's."""
    names = {key: key for key in state} if part == "text" else original_names(part, state.keys())
    return {key: PREFIXES[part] + name for key, name in names.items()}
