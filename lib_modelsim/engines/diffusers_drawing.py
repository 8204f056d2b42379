"""Parameters and a network → pictures, step by step as a WebUI does it, with diffusers' schedulers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import diffusers
import torch
from PIL import Image
from transformers import CLIPTextModel

from ..errors import Sentence, joined
from ..probes.engine import WITH_WEBUI, PictureFailed
from ..probes.parameters import OPTIONS, OWN_VAE, Parameters
from . import prompt
from .diffusers_loading import LoadedNetwork
from .tokenizer import tokenizer

SAMPLERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "Euler": ("EulerDiscreteScheduler", {"timestep_spacing": "linspace"}, "Uniform"),
    "Euler a": ("EulerAncestralDiscreteScheduler", {"timestep_spacing": "linspace"}, "Uniform"),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {"timestep_spacing": "linspace"}, "Karras"),
    "DDIM": (
        "DDIMScheduler",
        {"timestep_spacing": "leading", "steps_offset": 1, "clip_sample": False, "set_alpha_to_one": False},
        "Uniform",
    ),
}
"""The WebUI's name of a sampler → diffusers' class, its configuration, and the schedule that "Automatic" means."""

_SCHEDULES: dict[str, dict[str, Any]] = {
    "Uniform": {},
    "Karras": {"use_karras_sigmas": True},
    "Exponential": {"use_exponential_sigmas": True},
    "Beta": {"use_beta_sigmas": True},
}

_NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}
"""v1-inference.yaml and all after it."""

_UNDERSTOOD = (
    *("emphasis", "comma_padding_backtrack", "eta_noise_seed_delta", "eta_ddim", "s_churn", "s_tmin", "s_tmax"),
    *("s_noise", "sdxl_crop_top", "sdxl_crop_left", "sdxl_clip_l_skip"),
)
"""The options of OPTIONS that are followed here."""


@dataclass(frozen=True)
class Condition:
    """What a prompt says to the network: `words` of shape [1, tokens, width], SDXL's `pooled` of shape [1, width]."""

    words: torch.Tensor
    pooled: torch.Tensor | None


def draw(
    network: LoadedNetwork, batch: Sequence[Parameters], before_step: Callable[[int, int], None]
) -> list[Image.Image]:
    """The pictures of one batch, alike in all but their seeds; `before_step` takes the number of every step, from 1 on,
    and how many there are.

    Raises PictureFailed for what only a WebUI can generate, and for NaN.
    """
    parameters = batch[0]
    _refuse(parameters, network.device)
    scheduler = _scheduler(parameters, network)
    generators = [_generator(each, network.device) for each in batch]
    shape = (4, parameters.height // 8, parameters.width // 8)
    noise = [torch.randn(shape, generator=generator, device=generator.device) for generator in generators]
    if delta := int(_option(parameters, "eta_noise_seed_delta")):
        generators = [_generator(replace(each, seed=each.seed + delta), network.device) for each in batch]
    latents = torch.stack(noise).to(network.device) * scheduler.init_noise_sigma
    positive = _condition(network, parameters, parameters.prompt)
    # at CFG 1 the negative prompt does not count
    negative = None if parameters.cfg_scale == 1 else _negative(network, parameters)
    extra = _step_options(parameters, generators)
    for number, step in enumerate(scheduler.timesteps, 1):
        before_step(number, len(scheduler.timesteps))
        scaled = scheduler.scale_model_input(latents, step)
        answer = _predict(network, parameters, scaled, step, positive)
        if negative is not None:
            without = _predict(network, parameters, scaled, step, negative)
            answer = without + parameters.cfg_scale * (answer - without)
        latents = scheduler.step(answer, step, latents, **extra).prev_sample
    return [_decoded(network, each) for each in latents]


def _refuse(parameters: Parameters, device: torch.device) -> None:
    """Raises PictureFailed rather than generating something else."""
    fix = WITH_WEBUI
    if parameters.vae != OWN_VAE:
        raise PictureFailed("diffusers generates with the checkpoint's own VAE only", parameters.vae, fix)
    if parameters.noise == "NV" and device.type != "cuda":
        raise PictureFailed("the noise source NV needs an NVIDIA card", None, "use CPU")
    other = [name for name in parameters.options if name not in _UNDERSTOOD]
    if other:
        raise PictureFailed("diffusers has no such option", other[0], fix)
    if _option(parameters, "emphasis") not in prompt.EMPHASES:
        raise PictureFailed("unknown emphasis", _option(parameters, "emphasis"), f"use {', '.join(prompt.EMPHASES)}")


def _option(parameters: Parameters, name: str) -> Any:  # noqa: ANN401 - of the type that OPTIONS has
    return parameters.options.get(name, OPTIONS[name])


def _scheduler(parameters: Parameters, network: LoadedNetwork) -> Any:  # noqa: ANN401 - they share no class
    if parameters.sampler not in SAMPLERS:
        raise PictureFailed("diffusers has no such sampler", parameters.sampler, f"use {', '.join(SAMPLERS)}")
    name, config, automatic = SAMPLERS[parameters.sampler]
    kind = getattr(diffusers, name)
    # the WebUI's DDIM has the one schedule, whatever is chosen
    chosen = automatic if parameters.sampler == "DDIM" else parameters.scheduler.replace("Automatic", automatic)
    schedule = _SCHEDULES.get(chosen)
    if schedule is None or not set(schedule) <= set(signature(kind).parameters):
        fix = joined("use Automatic, or ", WITH_WEBUI)
        raise PictureFailed(f"diffusers has no such schedule for {parameters.sampler}", parameters.scheduler, fix)
    zero = {"rescale_betas_zero_snr": True} if network.zero_terminal else {}
    scheduler = kind(**_NOISE, **config, **schedule, **zero, prediction_type=network.prediction)
    scheduler.set_timesteps(parameters.steps, device=network.device)
    scheduler.timesteps = scheduler.timesteps.clamp(max=999)  # DDIM's offset goes beyond with 1000 steps
    return scheduler


def _generator(parameters: Parameters, device: torch.device) -> torch.Generator:
    """torch's on the CPU; on NVIDIA's cards "GPU" and "NV" are the same."""
    where = "cpu" if parameters.noise == "CPU" else device
    return torch.Generator(where).manual_seed(parameters.seed)


def _step_options(parameters: Parameters, generators: list[torch.Generator]) -> dict[str, Any]:
    """What the step of this sampler takes; the churn's upper limit of 0 stands for none."""
    if parameters.sampler == "Euler":
        names = ("s_churn", "s_tmin", "s_noise")
        churn = {name: float(_option(parameters, name)) for name in names}
        return churn | {"s_tmax": float(_option(parameters, "s_tmax")) or float("inf"), "generator": generators}
    if parameters.sampler == "DDIM":
        return {"eta": float(_option(parameters, "eta_ddim")), "generator": generators}
    return {"generator": generators}


def _negative(network: LoadedNetwork, parameters: Parameters) -> Condition:
    """SDXL's negative prompt is zero where it is empty (the WebUI's sd_models_xl.py)."""
    found = _condition(network, parameters, parameters.negative_prompt)
    if not network.facts.pooled or parameters.negative_prompt:
        return found
    return Condition(torch.zeros_like(found.words), torch.zeros_like(found.pooled))


def _condition(network: LoadedNetwork, parameters: Parameters, text: str) -> Condition:
    emphasis = str(_option(parameters, "emphasis"))
    found = prompt.parts(text, emphasis)
    encoded = [_encoded(network, parameters, found, place) for place in range(len(network.encoders))]
    words = torch.cat([torch.cat(vectors, dim=1) for vectors, _ in encoded], dim=2)
    return Condition(words, encoded[-1][1] if network.facts.pooled else None)


def _encoded(
    network: LoadedNetwork, parameters: Parameters, found: Sequence[prompt.Part], place: int
) -> tuple[list[torch.Tensor], torch.Tensor | None]:
    """One text encoder's vectors of each chunk, and the pooled vector of the first."""
    encoder = network.encoders[place]
    size, openclip = network.vocabulary, encoder.config.hidden_act == "gelu"
    tokenize = tokenizer(size)
    begin, end, pad = size - 2, size - 1, 0 if openclip else size - 1  # OpenCLIP fills up with zeros
    backtrack = int(_option(parameters, "comma_padding_backtrack"))
    vectors, pooled = [], None
    for chunk in prompt.chunks(found, tokenize, next(iter(tokenize(",")), None), backtrack):
        rest = prompt.CHUNK - len(chunk.tokens)
        tokens = torch.tensor([[begin, *chunk.tokens, end, *([pad] * rest)]], device=network.device)
        weights = torch.tensor([1.0, *chunk.weights, *([1.0] * (rest + 1))], device=network.device)
        answer = encoder(input_ids=tokens, output_hidden_states=True)
        layer = _layer(network, encoder, parameters, place, answer.hidden_states)
        vectors.append(prompt.scaled(layer.float(), weights, str(_option(parameters, "emphasis"))))
        pooled = getattr(answer, "text_embeds", None) if pooled is None else pooled
    return vectors, pooled


def _layer(
    network: LoadedNetwork,
    encoder: CLIPTextModel,
    parameters: Parameters,
    place: int,
    states: Sequence[torch.Tensor],
) -> torch.Tensor:
    """The layer that the WebUI feeds the network with: the last one or as clip skip says in SD 1.x; the last but one in
    SD 2.x, of which diffusers' folders have dropped the last; the last but one, as it is, in SDXL."""
    norm = encoder.text_model.final_layer_norm
    if network.facts.hidden_state == "clip skip":
        return norm(states[-min(parameters.clip_skip, len(states))])
    if network.facts.hidden_state == "last but one, normalised":
        return norm(states[-1 if len(states) == 24 else -2])
    skips = place == 0 and bool(_option(parameters, "sdxl_clip_l_skip"))
    return states[-min(parameters.clip_skip, len(states)) if skips else -2]


def _predict(
    network: LoadedNetwork, parameters: Parameters, latents: torch.Tensor, step: torch.Tensor, condition: Condition
) -> torch.Tensor:
    """The network's answer for the whole batch."""
    unet, count = network.unet, len(latents)
    added = None
    if condition.pooled is not None:
        top, left = int(_option(parameters, "sdxl_crop_top")), int(_option(parameters, "sdxl_crop_left"))
        size = (parameters.height, parameters.width)
        ids = torch.tensor([[*size, top, left, *size]], device=latents.device, dtype=unet.dtype)
        added = {"text_embeds": condition.pooled.to(unet.dtype).expand(count, -1), "time_ids": ids.expand(count, -1)}
    words = condition.words.to(unet.dtype).expand(count, -1, -1)
    return unet(latents.to(unet.dtype), step, words, added_cond_kwargs=added).sample.float()


def _decoded(network: LoadedNetwork, latents: torch.Tensor) -> Image.Image:
    """Raises PictureFailed where there is NaN."""
    colours = network.vae.decode(latents[None] / network.vae.config.scaling_factor).sample[0]
    if torch.isnan(colours).any():
        where = "UNet" if torch.isnan(latents).any() else "VAE"
        again = "download the checkpoint again, or use "
        fix = Sentence(f"{again}--device cpu", f"{again}the CPU as the device")
        raise PictureFailed(f"the {where} produced NaN instead of a picture", None, fix)
    values = ((colours / 2 + 0.5).clamp(0, 1) * 255).to(torch.uint8)
    return Image.fromarray(values.permute(1, 2, 0).cpu().numpy())
