"""The key names and shapes of SD 1.x, SD 2.x and SDXL checkpoints, in any width: what random weights are drawn for.

Names and structure are those of the real single files (CompVis/stable-diffusion v1-inference.yaml,
Stability-AI/stablediffusion v2-inference.yaml, Stability-AI/generative-models sd_xl_base.yaml). Widths are free, but
for the context's, which tells the architecture. No network made of these numbers draws a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Shapes = dict[str, tuple[int, ...]]


def sd1_shapes(channels: int, text_width: int = 64, text_layers: int = 2) -> Shapes:
    """Key → shape of an SD 1.x checkpoint; `channels` is the UNet's model_channels (320 in real files)."""
    return {
        **unet_shapes(UnetLayout(channels, context=768)),
        **vae_shapes(max(channels // 4, 4)),
        **clip_shapes("cond_stage_model.transformer.", text_width, text_layers),
    }


def sd2_shapes(channels: int, text_width: int = 64, text_layers: int = 2) -> Shapes:
    """Key → shape of an SD 2.x checkpoint: linear projections, and OpenCLIP's text encoder."""
    return {
        **unet_shapes(UnetLayout(channels, context=1024, linear_projections=True)),
        **vae_shapes(max(channels // 4, 4)),
        **openclip_shapes("cond_stage_model.model.", text_width, text_layers),
    }


def sdxl_shapes(
    channels: int, text_width: int = 64, text_layers: tuple[int, int] = (2, 2), depths: tuple[int, int, int] = (0, 1, 2)
) -> Shapes:
    """Key → shape of an SDXL checkpoint.

    `depths` are the transformer blocks per level, (0, 2, 10) in real files; `text_layers` the layers of its two text
    encoders, (12, 32) in real files.
    """
    layout = UnetLayout(channels, multipliers=(1, 2, 4), depths=depths, middle_depth=depths[-1], context=2048,
                        linear_projections=True, label_width=8 * channels)  # fmt: skip
    return {
        **unet_shapes(layout),
        **vae_shapes(max(channels // 4, 4)),
        **clip_shapes("conditioner.embedders.0.transformer.", text_width, text_layers[0]),
        **openclip_shapes("conditioner.embedders.1.model.", text_width, text_layers[1]),
    }


@dataclass(frozen=True)
class UnetLayout:
    """What makes one UNet differ from another. Levels run from the full resolution to the smallest.

    `depths` are the transformer blocks behind every resnet of a level, 0 for no attention; `label_width` the width of
    the vector that SDXL makes of sizes and of the pooled text, None where there is none.
    """

    channels: int
    context: int
    multipliers: tuple[int, ...] = (1, 2, 4, 4)
    depths: tuple[int, ...] = (1, 1, 1, 0)
    middle_depth: int = 1
    linear_projections: bool = False
    label_width: int | None = None


def unet_shapes(layout: UnetLayout, prefix: str = "model.diffusion_model.") -> Shapes:
    """Key → shape of a UNet (openaimodel.py, `UNetModel`): two resnets per level down, three up."""
    net = _Shapes(prefix)
    channels, levels = layout.channels, len(layout.multipliers)
    for name, width in (("time_embed", channels), ("label_emb.0", layout.label_width)):
        if width is not None:
            net.linear(f"{name}.0", 4 * channels, width)
            net.linear(f"{name}.2", 4 * channels, 4 * channels)

    net.conv("input_blocks.0.0", channels, 4)
    width, skips, block = channels, [channels], 1
    for level, multiplier in enumerate(layout.multipliers):
        for _ in range(2):
            net.resnet(f"input_blocks.{block}.0", width, channels * multiplier, 4 * channels)
            width = channels * multiplier
            net.transformer(f"input_blocks.{block}.1", width, layout, layout.depths[level])
            skips.append(width)
            block += 1
        if level < levels - 1:
            net.conv(f"input_blocks.{block}.0.op", width, width)
            skips.append(width)
            block += 1

    net.resnet("middle_block.0", width, width, 4 * channels)
    net.transformer("middle_block.1", width, layout, layout.middle_depth)
    net.resnet("middle_block.2", width, width, 4 * channels)

    for block in range(3 * levels):
        level = levels - 1 - block // 3
        depth = layout.depths[level]
        net.resnet(f"output_blocks.{block}.0", width + skips.pop(), channels * layout.multipliers[level], 4 * channels)
        width = channels * layout.multipliers[level]
        net.transformer(f"output_blocks.{block}.1", width, layout, depth)
        if block % 3 == 2 and level > 0:
            net.conv(f"output_blocks.{block}.{2 if depth else 1}.conv", width, width)
    net.norm("out.0", width)
    net.conv("out.2", 4, width)
    return net.shapes


def vae_shapes(
    channels: int, prefix: str = "first_stage_model.", multipliers: Sequence[int] = (1, 2, 4, 4)
) -> Shapes:
    """Key → shape of the VAE (model.py, `Encoder` and `Decoder`); `channels` is its `ch`, 128 in real files, and
    `multipliers` its `ch_mult`."""
    net = _Shapes(prefix)
    widths = [channels * multiplier for multiplier in multipliers]

    net.conv("encoder.conv_in", channels, 3)
    width = channels
    for level, wider in enumerate(widths):
        for block in range(2):
            net.vae_resnet(f"encoder.down.{level}.block.{block}", width, wider)
            width = wider
        if level < len(widths) - 1:
            net.conv(f"encoder.down.{level}.downsample.conv", width, width)
    net.vae_middle("encoder.mid", width)
    net.norm("encoder.norm_out", width)
    net.conv("encoder.conv_out", 8, width)
    net.conv("quant_conv", 8, 8, size=1)

    net.conv("post_quant_conv", 4, 4, size=1)
    net.conv("decoder.conv_in", width, 4)
    net.vae_middle("decoder.mid", width)
    for level, narrower in reversed(list(enumerate(widths))):
        for block in range(3):
            net.vae_resnet(f"decoder.up.{level}.block.{block}", width, narrower)
            width = narrower
        if level > 0:
            net.conv(f"decoder.up.{level}.upsample.conv", width, width)
    net.norm("decoder.norm_out", width)
    net.conv("decoder.conv_out", 3, width)
    return net.shapes


def clip_shapes(prefix: str, width: int, layers: int, vocabulary: int = 512) -> Shapes:
    """Key → shape of CLIP's text encoder as transformers names it (`CLIPTextModel`)."""
    net = _Shapes(prefix + "text_model.")
    net.matrix("embeddings.token_embedding.weight", vocabulary, width)
    net.matrix("embeddings.position_embedding.weight", 77, width)
    for layer in range(layers):
        name = f"encoder.layers.{layer}"
        net.norm(f"{name}.layer_norm1", width)
        net.norm(f"{name}.layer_norm2", width)
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            net.linear(f"{name}.self_attn.{part}", width, width)
        net.linear(f"{name}.mlp.fc1", 4 * width, width)
        net.linear(f"{name}.mlp.fc2", width, 4 * width)
    net.norm("final_layer_norm", width)
    return net.shapes


def openclip_shapes(prefix: str, width: int, layers: int, vocabulary: int = 512) -> Shapes:
    """Key → shape of OpenCLIP's text encoder (open_clip, `TextTransformer`): q, k and v in one matrix."""
    net = _Shapes(prefix)
    net.matrix("token_embedding.weight", vocabulary, width)
    net.matrix("positional_embedding", 77, width)
    for layer in range(layers):
        name = f"transformer.resblocks.{layer}"
        net.norm(f"{name}.ln_1", width)
        net.norm(f"{name}.ln_2", width)
        net.matrix(f"{name}.attn.in_proj_weight", 3 * width, width)
        net.shapes[f"{prefix}{name}.attn.in_proj_bias"] = (3 * width,)
        net.linear(f"{name}.attn.out_proj", width, width)
        net.linear(f"{name}.mlp.c_fc", 4 * width, width)
        net.linear(f"{name}.mlp.c_proj", width, 4 * width)
    net.norm("ln_final", width)
    net.matrix("text_projection", width, width)
    net.shapes[prefix + "logit_scale"] = ()
    return net.shapes


class _Shapes:
    """Gathers key → shape, module by module."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.shapes: Shapes = {}

    def matrix(self, key: str, rows: int, columns: int) -> None:
        self.shapes[self.prefix + key] = (rows, columns)

    def linear(self, name: str, rows: int, columns: int, bias: bool = True) -> None:
        self.matrix(f"{name}.weight", rows, columns)
        if bias:
            self.shapes[f"{self.prefix}{name}.bias"] = (rows,)

    def conv(self, name: str, rows: int, columns: int, size: int = 3) -> None:
        self.shapes[f"{self.prefix}{name}.weight"] = (rows, columns, size, size)
        self.shapes[f"{self.prefix}{name}.bias"] = (rows,)

    def norm(self, name: str, width: int) -> None:
        self.shapes[f"{self.prefix}{name}.weight"] = (width,)
        self.shapes[f"{self.prefix}{name}.bias"] = (width,)

    def resnet(self, name: str, width: int, out: int, time_width: int) -> None:
        self.norm(f"{name}.in_layers.0", width)
        self.conv(f"{name}.in_layers.2", out, width)
        self.linear(f"{name}.emb_layers.1", out, time_width)
        self.norm(f"{name}.out_layers.0", out)
        self.conv(f"{name}.out_layers.3", out, out)
        if width != out:
            self.conv(f"{name}.skip_connection", out, width, size=1)

    def transformer(self, name: str, width: int, layout: UnetLayout, depth: int) -> None:
        if depth == 0:
            return
        self.norm(f"{name}.norm", width)
        for projection in ("proj_in", "proj_out"):
            if layout.linear_projections:
                self.linear(f"{name}.{projection}", width, width)
            else:
                self.conv(f"{name}.{projection}", width, width, size=1)
        for index in range(depth):
            block = f"{name}.transformer_blocks.{index}"
            for attention, keys in (("attn1", width), ("attn2", layout.context)):
                self.linear(f"{block}.{attention}.to_q", width, width, bias=False)
                self.linear(f"{block}.{attention}.to_k", width, keys, bias=False)
                self.linear(f"{block}.{attention}.to_v", width, keys, bias=False)
                self.linear(f"{block}.{attention}.to_out.0", width, width)
            self.linear(f"{block}.ff.net.0.proj", 8 * width, width)
            self.linear(f"{block}.ff.net.2", width, 4 * width)
            for number in (1, 2, 3):
                self.norm(f"{block}.norm{number}", width)

    def vae_resnet(self, name: str, width: int, out: int) -> None:
        self.norm(f"{name}.norm1", width)
        self.conv(f"{name}.conv1", out, width)
        self.norm(f"{name}.norm2", out)
        self.conv(f"{name}.conv2", out, out)
        if width != out:
            self.conv(f"{name}.nin_shortcut", out, width, size=1)

    def vae_middle(self, name: str, width: int) -> None:
        self.vae_resnet(f"{name}.block_1", width, width)
        self.norm(f"{name}.attn_1.norm", width)
        for part in ("q", "k", "v", "proj_out"):
            self.conv(f"{name}.attn_1.{part}", width, width, size=1)
        self.vae_resnet(f"{name}.block_2", width, width)
