"""The VAE: encoder and decoder together, then the decoder alone on latents that stay."""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL
from torch.nn import functional

from .captions import drawn
from .networks import new_vae
from .styles import BASE_STYLES, STYLES
from .thumbnails import begin_with_thumbnails
from .training import Course, half, optimise

SCALE = 0.18215
"""By which SD 1.x multiplies latents."""


def train_vae(course: Course, device: str) -> AutoencoderKL:
    """A VAE of all styles, whose latents are white. A learning rate above 3e-4 destroys the thumbnails."""
    torch.manual_seed(0)
    vae = new_vae()
    begin_with_thumbnails(vae)
    vae.to(device)
    pictures, generator = drawn(2400, 1, tuple(STYLES))[0], torch.Generator().manual_seed(1)

    def loss_of() -> torch.Tensor:
        chosen = torch.randint(0, len(pictures), (_batch(device),), generator=generator)
        wanted = _values(pictures[chosen], device)
        with half(device):
            mean = vae.encode(wanted).latent_dist.mean.float()
            shown = vae.decode(mean + 0.1 * torch.randn(mean.shape, generator=generator).to(device)).sample.float()
        tame = (mean.mean((0, 2, 3)) ** 2).mean() + (mean.std((0, 2, 3)) - 1).pow(2).mean()
        return _difference(shown, wanted) + 0.01 * tame

    optimise(list(vae.parameters()), course, loss_of)
    _whiten(vae.eval(), drawn(256, 77, BASE_STYLES)[0], device)
    return vae


def train_decoder(vae: AutoencoderKL, pictures: torch.Tensor, seed: int, course: Course, device: str) -> None:
    """Train the decoder on, in place; the encoder and what the latents mean stay."""
    latents, generator = encode(vae, pictures, device) / SCALE, torch.Generator().manual_seed(seed)

    def loss_of() -> torch.Tensor:
        chosen = torch.randint(0, len(pictures), (_batch(device),), generator=generator)
        clean = latents[chosen.to(device)]
        with half(device):
            noise = torch.randn(clean.shape, generator=generator).to(device)
            shown = vae.decode(clean + 0.1 * noise).sample.float()
        return _difference(shown, _values(pictures[chosen], device))

    optimise([*vae.decoder.parameters(), *vae.post_quant_conv.parameters()], course, loss_of)


@torch.no_grad()
def encode(vae: AutoencoderKL, pictures: torch.Tensor, device: str) -> torch.Tensor:
    """uint8 [n, 128, 128, 3] → latents as the UNet takes them, float32 [n, 4, 16, 16]."""
    with half(device):
        means = [vae.encode(_values(part, device)).latent_dist.mean.float() for part in pictures.split(16)]
    return torch.cat(means) * SCALE


@torch.no_grad()
def _whiten(vae: AutoencoderKL, pictures: torch.Tensor, device: str) -> None:
    """Fold into the VAE what gives its latents, times 0.18215, mean 0 and covariance 1."""
    flat = (encode(vae, pictures, device) / SCALE).permute(1, 0, 2, 3).reshape(4, -1).double()
    mean = flat.mean(1)
    variances, directions = torch.linalg.eigh(torch.cov(flat))
    whitening = (directions / variances.sqrt()) @ directions.T / SCALE
    quant, post_quant = vae.quant_conv, vae.post_quant_conv
    inward, outward = quant.weight.double()[:, :, 0, 0], post_quant.weight.double()[:, :, 0, 0]
    bias = whitening @ (quant.bias.double()[:4] - mean)
    post_quant.bias.copy_(outward @ mean + post_quant.bias.double())
    post_quant.weight.copy_((outward @ torch.linalg.inv(whitening))[..., None, None])
    quant.weight.zero_()
    quant.weight[:4] = (whitening @ inward[:4])[..., None, None].float()
    quant.bias[:4], quant.bias[4:] = bias.float(), -8.0  # a posterior that is nearly a point


def _batch(device: str) -> int:
    return 2 if device == "cpu" else 16


def _values(pictures: torch.Tensor, device: str) -> torch.Tensor:
    """uint8 [n, 128, 128, 3] → [n, 3, 128, 128] from -1 to 1."""
    return pictures.permute(0, 3, 1, 2).float().to(device) / 127.5 - 1


def _difference(shown: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Of the pixels, of their edges, and of the colours of 8 × 8 pixels."""
    error = shown - wanted
    edges = (error[..., 1:] - error[..., :-1]).abs().mean() + (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    return error.abs().mean() + 0.5 * edges + 0.5 * functional.avg_pool2d(error, 8).abs().mean()
