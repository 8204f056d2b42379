"""The UNet's task: to tell the noise in a latent. Text encoders and LoRAs are trained by the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import UNet2DConditionModel

from .autoencoder import encode
from .captions import Captions, drawn, tokens
from .networks import Networks
from .text_encoder import encoded
from .training import Course, half, optimise

ALPHAS = torch.cumprod(1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2, 0)
_SNR = ALPHAS / (1 - ALPHAS)
_WEIGHTS = _SNR.clamp(max=5) / _SNR
"""Of the loss at each time: min-SNR (Hang and others 2023, arXiv:2303.09556) with its γ of 5."""


@dataclass(frozen=True)
class Lesson:
    """Pictures as latents, [n, 4, 16, 16], and their captions."""

    latents: torch.Tensor
    captions: Captions
    seed: int
    device: str

    def batch(self) -> tuple[int, int]:
        """Captions a step, and pictures that share one."""
        return (8, 4) if self.device == "cpu" else (32, 4)


def lesson(networks: Networks, count: int, seed: int, styles: tuple[str, ...], styled: float, device: str) -> Lesson:
    """Fresh pictures, encoded; `styled` is the chance that a caption names its style."""
    pictures, contents = drawn(count, seed, styles)
    return Lesson(encode(networks.vae, pictures, device), Captions(contents, seed + 1, styled), seed, device)


def train_unet(networks: Networks, parameters: list[torch.nn.Parameter], learned: Lesson, course: Course) -> None:
    """Train parameters of the UNet; the contexts of all captions are computed once."""
    contexts = encoded(networks.text, learned.captions.texts, learned.device)
    _train(networks.unet, parameters, learned, course, lambda places: contexts[places.to(learned.device)])


def train_words(networks: Networks, learned: Lesson, course: Course) -> None:
    """Train the text encoder, in place, through a UNet that stays as it is."""
    ids = torch.tensor([tokens(text) for text in learned.captions.texts], device=learned.device)

    def contexts_of(places: torch.Tensor) -> torch.Tensor:
        return networks.text(ids[places.to(learned.device)]).last_hidden_state

    _train(networks.unet, list(networks.text.parameters()), learned, course, contexts_of)


def _train(
    unet: UNet2DConditionModel,
    parameters: list[torch.nn.Parameter],
    learned: Lesson,
    course: Course,
    contexts_of: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    device, generator = learned.device, torch.Generator().manual_seed(learned.seed)
    rng = np.random.default_rng(learned.seed)

    def loss_of() -> torch.Tensor:
        pictures, places = learned.captions.batch(rng, *learned.batch())
        times = torch.randint(0, len(ALPHAS), pictures.shape, generator=generator)
        alphas = ALPHAS[times][:, None, None, None].to(device)
        latents = learned.latents[pictures.to(device)]
        noise = torch.randn(latents.shape, generator=generator).to(device)
        with half(device):
            noisy = alphas.sqrt() * latents + (1 - alphas).sqrt() * noise
            told = unet(noisy, times.to(device), contexts_of(places)).sample.float()
        return ((told - noise).pow(2).mean((1, 2, 3)) * _WEIGHTS[times].to(device)).mean()

    optimise(parameters, course, loss_of)
