"""Tiny VAEs that are trained on procedural pictures in seconds, in checkpoints with the real names of their weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from scipy import ndimage

from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.demo.shapes import vae_shapes
from lib_modelsim.engines.diffusers_loading import load_vae
from lib_modelsim.engines.diffusers_parts import vae_of
from tests.probes import tiny_networks

SIDE = 32


def scene(number: int, side: int = SIDE) -> Image.Image:
    """Soft shapes in colours, with lines and some grain."""
    chance = np.random.default_rng([7, number])
    shapes = ndimage.gaussian_filter(chance.standard_normal((side, side, 3)), (side / 10, side / 10, 0))
    tones = shapes / np.abs(shapes).max()
    y, x = np.mgrid[:side, :side] / side
    angle, pitch = chance.uniform(0, np.pi), chance.uniform(15, 50)
    lines = 0.3 * np.sin((x * np.cos(angle) + y * np.sin(angle)) * pitch)[..., None] * (tones[..., :1] > 0)
    pixels = 0.5 + 0.4 * tones + lines * chance.uniform(0, 1, 3) + 0.02 * chance.standard_normal((side, side, 3))
    return Image.fromarray((255 * np.clip(pixels, 0, 1)).astype(np.uint8))


def train(folder: Path, name: str, seed: int, steps: int = 100) -> Path:
    """A checkpoint whose VAE has learned to draw such scenes again."""
    others = {key: shape for key, shape in tiny_networks.sd1().items() if not key.startswith("first_stage_model.")}
    random = tiny_networks.write(folder, name, others | vae_shapes(32, multipliers=(1, 1)), seed).path
    torch.manual_seed(seed)
    vae = load_vae(random, torch.device("cpu")).train().requires_grad_(True)
    for module in vae.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            module.reset_parameters()
    pictures = torch.stack([tensor(scene(1000 * seed + number)) for number in range(96)])
    optimiser = torch.optim.Adam(vae.parameters(), 2e-3)
    for step in range(steps):
        batch = pictures[torch.randint(len(pictures), (4,))]
        loss = (vae.decode(vae.encode(batch).latent_dist.mode()).sample - batch).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * (1 - step / steps)
    return _written(random, vae)


def tensor(picture: Image.Image) -> torch.Tensor:
    """float32 [3, height, width] from -1 to 1."""
    return torch.from_numpy(np.asarray(picture, np.float32) / 127.5 - 1).permute(2, 0, 1)


def drawn_by(path: Path, number: int, side: int = SIDE) -> Image.Image:
    """What this VAE decodes of a scene's latent with some noise, as no encoder makes it."""
    vae = load_vae(path, torch.device("cpu"))
    with torch.no_grad():
        latent = vae.encode(tensor(scene(number, side))[None]).latent_dist.mode()
        torch.manual_seed(number)
        found = vae.decode(latent + 0.1 * latent.std() * torch.randn_like(latent)).sample[0]
    values = ((found / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(values.permute(1, 2, 0).numpy())


def _written(path: Path, vae: torch.nn.Module) -> Path:
    """The file with the VAE's weights in the place of its own."""
    state = vae.state_dict()
    with open_checkpoint(path) as checkpoint:
        part = vae_of(checkpoint)
        stored = {weight.stored.key: (state[name], weight.stored.shape) for name, weight in part.weights.items()}
    weights = load_file(path)
    for key, (values, shape) in stored.items():
        weights[key] = values.detach().reshape(shape).to(weights[key].dtype).contiguous().clone()
    save_file(weights, path)
    return path
