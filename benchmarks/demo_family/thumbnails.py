"""Where a VAE begins: weights by which it encodes a picture as its 16 × 16 thumbnail, and draws that.

From random weights it would spend its first hour learning just this.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers import AutoencoderKL
from diffusers.models.autoencoders.vae import Decoder, Encoder

_CONSTANT = 4.0
_GAIN = 2.0
_BORDER = 6.0
_MEAN_SQUARE = 0.262
"""Of the border's pattern, on 16 × 16."""


@torch.no_grad()
def begin_with_thumbnails(vae: AutoencoderKL) -> None:
    """Set the weights of a VAE of the demonstration's widths.

    Residual branches are off. Three channels carry red, green and blue, through norm and SiLU as pairs of both signs,
    for SiLU(v) - SiLU(-v) = v.
    """
    for module in vae.modules():
        last = {"ResnetBlock2D": "conv2", "Attention": "to_out.0"}.get(type(module).__name__)
        for weight in module.get_submodule(last).parameters() if last else ():
            weight.zero_()
    _begin_encoder(vae.encoder)
    _begin_decoder(vae.decoder)
    for conv in (vae.quant_conv, vae.post_quant_conv):
        conv.weight[:], conv.bias[:] = torch.eye(len(conv.weight))[..., None, None], 0


def _begin_encoder(encoder: Encoder) -> None:
    """In groups of four, constants beside the pairs keep the norm from eating the scale."""
    for level, carried in ((0, 3), (1, 3), (2, 12)):
        conv = encoder.down_blocks[level].downsamplers[0].conv
        conv.weight[:carried], conv.bias[:carried] = 0, 0
        for channel in range(carried):
            conv.weight[channel, channel, :2, :2] = 0.25
    wider = encoder.down_blocks[2].resnets[0].conv_shortcut
    encoder.conv_out.weight[3] *= 2
    encoder.conv_out.weight[3, :12] = 0
    for colour in range(3):
        _set_row(encoder.conv_in, colour, [(colour, 1)])
        _set_row(wider, 4 * colour, [(colour, 1)])
        _set_row(wider, 4 * colour + 1, [(colour, -1)])
        _set_row(wider, 4 * colour + 2, [], _CONSTANT)
        _set_row(wider, 4 * colour + 3, [], -_CONSTANT)
        _set_row(encoder.conv_out, colour, [(4 * colour, _GAIN), (4 * colour + 1, -_GAIN)])
    encoder.conv_norm_out.weight[:12] = _CONSTANT / 2**0.5


def _begin_decoder(decoder: Decoder) -> None:
    """Its last norm has two channels a group, which cannot keep a flat colour: a pattern at the border does it."""
    narrower = decoder.up_blocks[2].resnets[0].conv_shortcut
    torch.nn.init.normal_(decoder.conv_out.weight, 0, 0.01)
    decoder.conv_out.weight[:, :8], decoder.conv_out.bias[:] = 0, 0
    for colour in range(3):
        _set_row(decoder.conv_in, colour, [(colour, 1 / _GAIN)])
        for place, sign in enumerate((1, -1)):
            _set_row(narrower, 2 * colour + place, [(colour, sign), (3, sign * _BORDER)])
        for source, value in ((2 * colour, 1), (2 * colour + 1, -1), (6, -_BORDER), (7, _BORDER)):
            decoder.conv_out.weight[colour, source, 1, 1] = value
    _begin_border(decoder)
    _set_row(narrower, 6, [(3, 1)])
    _set_row(narrower, 7, [(3, -1)])
    for level, carried in ((0, 4), (1, 4), (2, 8)):
        for channel in range(carried):
            _set_row(decoder.up_blocks[level].upsamplers[0].conv, channel, [(channel, 1)])
    decoder.conv_norm_out.weight[:6] = (_BORDER**2 * _MEAN_SQUARE + 0.3) ** 0.5
    decoder.conv_norm_out.weight[6:8] = _MEAN_SQUARE**0.5


def _begin_border(decoder: Decoder) -> None:
    """Channel 3 holds a pattern that zero padding makes: 0 inside, 1 at the border."""
    _set_row(decoder.conv_in, 3, [])
    first = decoder.mid_block.resnets[0]
    first.norm2.weight[127], first.norm2.bias[127] = 0, 5
    first.conv2.weight[3, 127] = -1 / 3 / torch.nn.functional.silu(torch.tensor(5.0))
    first.conv2.bias[3] = 3


def _set_row(conv: torch.nn.Conv2d, out: int, taps: Sequence[tuple[int, float]], bias: float = 0.0) -> None:
    """One output channel: input channels by their factors, at the kernel's middle."""
    conv.weight[out], conv.bias[out], middle = 0, bias, conv.weight.shape[-1] // 2
    for source, value in taps:
        conv.weight[out, source, middle, middle] = value
