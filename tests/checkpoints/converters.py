"""The maker's files and what diffusers makes of them: key lists shrunk, random numbers, independent converters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping

import torch
from diffusers.loaders import single_file_utils

from .key_lists import key_list

Weights = dict[str, torch.Tensor]

SHRINK = 64
"""Every length that it divides is divided by it, so that what fits together still does."""


def drawn(name: str, seed: int = 0, shrink: int = SHRINK, leave: re.Pattern | None = None) -> Weights:
    """The tensors of this key list, shrunk, with random numbers, without a checkpoint's prefix and other parts, and
    without those in whose names `leave` is found."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for tensor in key_list(name).tensors:
        key = tensor.key.removeprefix("model.diffusion_model.").removeprefix("net.")
        if leave is not None and leave.search(key):
            continue
        shape = [n // shrink if n % shrink == 0 else n for n in tensor.shape]
        found[key] = torch.randn(shape, generator=generator).half()
    return found


def own_converter(name: str, *widths: int | tuple[int, int]) -> Callable[[Weights], Weights]:
    """diffusers' own converter; the widths that stand in its text are shrunk, too, or first another network's."""
    text = inspect.getsource(getattr(single_file_utils, name))
    for width in widths:
        written, meant = width if isinstance(width, tuple) else (width, width)
        text = text.replace(str(written), str(meant // SHRINK))
    found: dict[str, Callable] = {}
    exec(text, vars(single_file_utils) | found, found)
    return lambda weights: found[name](dict(weights))


def renamed(weights: Mapping[str, torch.Tensor], *pairs: tuple[str, str]) -> Weights:
    """Each text of a key replaced by its other, one pair after the other."""
    found = dict(weights)
    for old, new in pairs:
        found = {key.replace(old, new): value for key, value in found.items()}
    return found


def split(weights: Weights, old: str, *new: str, parts: int = 3) -> Weights:
    """Matrices with `old` in their names as `parts` of equal rows with `new` there."""
    found = {}
    for key, value in weights.items():
        pieces = dict(zip(new, value.chunk(parts), strict=True)) if old in key else {old: value}
        found |= {key.replace(old, name): piece for name, piece in pieces.items()}
    return found


def swapped(weights: Weights, start: str) -> Weights:
    """The halves of what begins so exchanged: the maker has shift before scale."""
    return {key: torch.cat(value.chunk(2)[::-1]) if key.startswith(start) else value for key, value in weights.items()}


TO_QKV = (".to_q.", ".to_k.", ".to_v.")


def z_image(weights: Weights) -> Weights:
    """convert_z_image_transformer_checkpoint_to_diffusers, which diffusers 0.35 lacks."""
    names = ((".attention.out.", ".attention.to_out.0."), ("q_norm", "norm_q"), ("k_norm", "norm_k"))
    outer = (("x_embedder.", "all_x_embedder.2-1."), ("final_layer.", "all_final_layer.2-1."))
    return split(renamed(weights, *names, *outer), ".qkv.", *TO_QKV)


def flux2(weights: Weights) -> Weights:
    """convert_flux2_transformer_checkpoint_to_diffusers, which diffusers 0.35 lacks."""
    weights = split(weights, "img_attn.qkv", "attn.to_q", "attn.to_k", "attn.to_v")
    weights = split(weights, "txt_attn.qkv", "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj")
    found = renamed(
        weights,
        ("double_blocks", "transformer_blocks"),
        ("single_blocks", "single_transformer_blocks"),
        ("img_attn.norm.query_norm.scale", "attn.norm_q.weight"),
        ("img_attn.norm.key_norm.scale", "attn.norm_k.weight"),
        ("txt_attn.norm.query_norm.scale", "attn.norm_added_q.weight"),
        ("txt_attn.norm.key_norm.scale", "attn.norm_added_k.weight"),
        ("img_attn.proj", "attn.to_out.0"),
        ("txt_attn.proj", "attn.to_add_out"),
        ("img_mlp.0", "ff.linear_in"),
        ("img_mlp.2", "ff.linear_out"),
        ("txt_mlp.0", "ff_context.linear_in"),
        ("txt_mlp.2", "ff_context.linear_out"),
        ("linear1", "attn.to_qkv_mlp_proj"),
        ("linear2", "attn.to_out"),
        (".norm.query_norm.scale", ".attn.norm_q.weight"),
        (".norm.key_norm.scale", ".attn.norm_k.weight"),
        ("img_in", "x_embedder"),
        ("txt_in", "context_embedder"),
        ("modulation_img.lin.", "modulation_img.linear."),
        ("modulation_txt.lin.", "modulation_txt.linear."),
        ("single_stream_modulation.lin.", "single_stream_modulation.linear."),
        ("time_in.in_layer", "time_guidance_embed.timestep_embedder.linear_1"),
        ("time_in.out_layer", "time_guidance_embed.timestep_embedder.linear_2"),
        ("guidance_in.in_layer", "time_guidance_embed.guidance_embedder.linear_1"),
        ("guidance_in.out_layer", "time_guidance_embed.guidance_embedder.linear_2"),
        ("final_layer.adaLN_modulation.1", "norm_out.linear"),
        ("final_layer.linear", "proj_out"),
    )
    return swapped(found, "norm_out.")


def hunyuan_image(weights: Weights) -> Weights:
    """As HunyuanVideo; its times have another name in diffusers, and there is a second text encoder."""
    text = own_converter("convert_hunyuan_video_transformer_to_diffusers", (3072, 3584))
    return renamed(
        text(weights),
        ("time_text_embed.timestep_embedder", "time_guidance_embed.timestep_embedder"),
        ("context_embedder.time_guidance_embed", "context_embedder.time_text_embed"),
        ("byt5_in.layernorm", "context_embedder_2.norm"),
        ("byt5_in.net.0.proj", "context_embedder_2.linear_1"),
        ("byt5_in.net.2", "context_embedder_2.linear_2"),
        ("byt5_in.fc3", "context_embedder_2.linear_3"),
    )


def krea2(weights: Weights) -> Weights:
    """convert_krea2_transformer_checkpoint_to_diffusers, which diffusers 0.35 lacks; DiffSynth's krea2_dit agrees."""
    found = renamed(
        {f".{key}": value for key, value in weights.items()},
        (".blocks.", ".transformer_blocks."),
        (".txtfusion.", ".text_fusion."),
        (".first.", ".img_in."),
        (".tmlp.0.", ".time_embed.linear_1."),
        (".tmlp.2.", ".time_embed.linear_2."),
        (".tproj.1.", ".time_mod_proj."),
        (".txtmlp.0.scale", ".txt_in.norm.weight"),
        (".txtmlp.1.", ".txt_in.linear_1."),
        (".txtmlp.3.", ".txt_in.linear_2."),
        (".last.norm.scale", ".final_layer.norm.weight"),
        (".last.modulation.lin", ".final_layer.scale_shift_table"),
        (".last.", ".final_layer."),
        (".attn.wq.", ".attn.to_q."),
        (".attn.wk.", ".attn.to_k."),
        (".attn.wv.", ".attn.to_v."),
        (".attn.wo.", ".attn.to_out.0."),
        (".attn.gate.", ".attn.to_gate."),
        (".attn.qknorm.qnorm.scale", ".attn.norm_q.weight"),
        (".attn.qknorm.knorm.scale", ".attn.norm_k.weight"),
        (".mlp.", ".ff."),
        (".prenorm.scale", ".norm1.weight"),
        (".postnorm.scale", ".norm2.weight"),
        (".mod.lin", ".scale_shift_table"),
    )
    return {
        key[1:]: value.reshape(6, -1) if key.endswith(".scale_shift_table") and value.dim() == 1 else value
        for key, value in found.items()
    }


def hunyuan_dit(weights: Weights) -> Weights:
    """scripts/convert_hunyuandit_to_diffusers.py."""
    weights = split(weights, ".Wqkv.", *TO_QKV)
    weights = split(weights, ".kv_proj.", ".to_k.", ".to_v.", parts=2)
    found = renamed(
        weights,
        (".norm2.", ".norm_of_three."),
        (".norm3.", ".norm2."),
        (".norm_of_three.", ".norm3."),
        (".norm1.", ".norm1.norm."),
        (".default_modulation.1.", ".norm1.linear."),
        (".attn2.q_proj.", ".attn2.to_q."),
        (".q_norm.", ".norm_q."),
        (".k_norm.", ".norm_k."),
        (".out_proj.", ".to_out.0."),
        (".mlp.fc1.", ".ff.net.0.proj."),
        (".mlp.fc2.", ".ff.net.2."),
        ("mlp_t5.0.", "text_embedder.linear_1."),
        ("mlp_t5.2.", "text_embedder.linear_2."),
        ("x_embedder.", "pos_embed."),
        ("pooler.", "time_extra_emb.pooler."),
        ("t_embedder.mlp.0.", "time_extra_emb.timestep_embedder.linear_1."),
        ("t_embedder.mlp.2.", "time_extra_emb.timestep_embedder.linear_2."),
        ("style_embedder.", "time_extra_emb.style_embedder."),
        ("extra_embedder.0.", "time_extra_emb.extra_embedder.linear_1."),
        ("extra_embedder.2.", "time_extra_emb.extra_embedder.linear_2."),
        ("final_layer.adaLN_modulation.1.", "norm_out.linear."),
        ("final_layer.linear.", "proj_out."),
    )
    return swapped(found, "norm_out.")


def pixart(weights: Weights) -> Weights:
    """scripts/convert_pixart_alpha_to_diffusers.py and convert_pixart_sigma_to_diffusers.py."""
    weights = {key: value for key, value in weights.items() if key not in ("y_embedder.y_embedding", "pos_embed")}
    weights = split(weights, ".attn.qkv.", *(f".attn1{name}" for name in TO_QKV))
    weights = split(weights, ".cross_attn.kv_linear.", ".attn2.to_k.", ".attn2.to_v.", parts=2)
    return renamed(
        weights,
        ("blocks.", "transformer_blocks."),
        (".attn.proj.", ".attn1.to_out.0."),
        (".cross_attn.proj.", ".attn2.to_out.0."),
        (".cross_attn.q_linear.", ".attn2.to_q."),
        (".mlp.fc1.", ".ff.net.0.proj."),
        (".mlp.fc2.", ".ff.net.2."),
        ("csize_embedder.mlp.0.", "adaln_single.emb.resolution_embedder.linear_1."),
        ("csize_embedder.mlp.2.", "adaln_single.emb.resolution_embedder.linear_2."),
        ("ar_embedder.mlp.0.", "adaln_single.emb.aspect_ratio_embedder.linear_1."),
        ("ar_embedder.mlp.2.", "adaln_single.emb.aspect_ratio_embedder.linear_2."),
        ("t_embedder.mlp.0.", "adaln_single.emb.timestep_embedder.linear_1."),
        ("t_embedder.mlp.2.", "adaln_single.emb.timestep_embedder.linear_2."),
        ("t_block.1.", "adaln_single.linear."),
        ("y_embedder.y_proj.fc", "caption_projection.linear_"),
        ("x_embedder.", "pos_embed."),
        ("final_layer.scale_shift_table", "scale_shift_table"),
        ("final_layer.linear.", "proj_out."),
    )


CONVERTERS: dict[str, Callable[[Weights], Weights]] = {
    "sd3-medium.original": own_converter("convert_sd3_transformer_checkpoint_to_diffusers"),
    "sd35-medium.original": own_converter("convert_sd3_transformer_checkpoint_to_diffusers"),
    "sd35-large.original": own_converter("convert_sd3_transformer_checkpoint_to_diffusers"),
    "flux-dev.original": own_converter("convert_flux_transformer_checkpoint_to_diffusers", 3072),
    "flux-schnell.original": own_converter("convert_flux_transformer_checkpoint_to_diffusers", 3072),
    "chroma.original": own_converter("convert_chroma_transformer_checkpoint_to_diffusers", 3072),
    "flux2-klein-4b.original": flux2,
    "flux2-dev.original": flux2,
    "zimage.original": z_image,
    "lumina2.original": own_converter("convert_lumina2_to_diffusers", 2304, 768),
    "cosmos-predict2-2b.original": own_converter("convert_cosmos_transformer_checkpoint_to_diffusers"),
    "wan21-t2v-1.3b.original": own_converter("convert_wan_transformer_to_diffusers"),
    "wan21-i2v-14b.original": own_converter("convert_wan_transformer_to_diffusers"),
    "wan21-flf2v-14b.original": own_converter("convert_wan_transformer_to_diffusers"),
    "wan21-vace-1.3b.original": own_converter("convert_wan_transformer_to_diffusers"),
    "wan22-ti2v-5b.original": own_converter("convert_wan_transformer_to_diffusers"),
    "auraflow-v03.original-bare": own_converter("convert_auraflow_transformer_checkpoint_to_diffusers"),
    "hunyuandit11.original": hunyuan_dit,
    "hunyuandit12.original": hunyuan_dit,
    "pixart-alpha-1024.original": pixart,
    "pixart-sigma-1024.original": pixart,
    "ltxv-2b-0.9.original": own_converter("convert_ltx_transformer_checkpoint_to_diffusers"),
    "cascade-stage-c.original": own_converter("convert_stable_cascade_unet_single_file_to_diffusers"),
    "cascade-stage-b.original": own_converter("convert_stable_cascade_unet_single_file_to_diffusers"),
    "hunyuanvideo-t2v.original": own_converter("convert_hunyuan_video_transformer_to_diffusers", 3072),
    "hunyuanimage21.original": hunyuan_image,
    "krea2.original": krea2,
}
"""Key list of the maker's names → what makes diffusers' names and numbers of it."""
