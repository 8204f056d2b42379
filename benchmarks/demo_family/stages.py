"""The stages in which the family is made, each kept and not repeated.

A stage's weights are kept in `work` under the names of single files, as float16. A fine-tune is trained from what its
parent's packed file unpacks to, and what is packed of it is the difference from that: no error adds up.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.numpy import load_file, save_file

from lib_modelsim.demo.packed import unpack
from lib_modelsim.demo.random_weights import Weights

from .autoencoder import train_decoder, train_vae
from .captions import drawn
from .denoising import lesson, train_unet, train_words
from .lora import add_lora, lora_weights
from .networks import Networks, loaded, networks, new_text_encoder, new_unet, new_vae, weights_of
from .packing import LORA, STRANGER, WHOLE, pack_change, pack_whole
from .styles import BASE_STYLES, STYLES
from .text_encoder import train_text_encoder
from .training import Course

BASE = "harborlight"

Train = Callable[[Weights, Course, str], Weights]
"""A parent's weights, how long, the device → the weights that were trained."""


@dataclass(frozen=True)
class Tune:
    """One that is trained from `parent`, for a share of all minutes."""

    parent: str
    train: Train
    share: float
    rate: float


@dataclass(frozen=True)
class Family:
    """Where the packed files go and the stages are kept, how long all of it takes, and on which device."""

    folder: Path
    minutes: float
    device: str

    def make(self) -> None:
        """Every packed file; stages that are kept are not trained again."""
        self.work.mkdir(parents=True, exist_ok=True)
        text = self.stage("text", lambda: self._text(0.04))
        vae = self.stage("vae", lambda: self._vae(0.12))
        vae = self.stage("decoder", lambda: decoder(vae, self.course("decoder", 0.06, 2e-4, 0.99), self.device, seed=3))
        parts = text | vae
        course = self.course(BASE, 0.38, 7e-4, _decay(self.device))
        unet = self.stage(BASE, lambda: from_nothing(parts, course, self.device, 4, BASE_STYLES))
        pack_whole(self.packed(BASE), unet | parts, WHOLE)
        for name in TUNES:
            self.tune(name)
        course, whole = self.course("granite", 0.12, 7e-4, 0.99), self.unpacked(BASE)
        stranger = self.stage("granite", lambda: from_nothing(whole, course, self.device, 79, ("pixel", "dots")))
        pack_whole(self.packed("granite"), stranger, STRANGER)

    def tune(self, name: str) -> None:
        tune, parent = TUNES[name], self.unpacked(TUNES[name].parent)
        course = self.course(name, tune.share, tune.rate, 0.99)
        weights = self.stage(name, lambda: tune.train(parent, course, self.device))
        if tune.train is lora_of_dots:
            pack_whole(self.packed(name), weights, LORA)
        else:
            pack_change(self.packed(name), weights, parent)

    def stage(self, name: str, train: Callable[[], Weights]) -> Weights:
        """Weights, trained once and kept whole or not at all."""
        kept = self.work / f"{name}.safetensors"
        if not kept.is_file():
            partial = kept.with_name(f"{kept.name}.{os.getpid()}.partial")
            save_file(train(), partial)
            partial.replace(kept)
        return load_file(kept)

    def course(self, name: str, share: float, rate: float, decay: float | None = None) -> Course:
        return Course(name, share * self.minutes, rate, decay)

    def packed(self, name: str) -> Path:
        return self.folder / f"{name}.pack"

    def unpacked(self, name: str) -> Weights:
        """What the packed file and those of its parents hold: a whole checkpoint."""
        tune = TUNES.get(name)
        return unpack(self.packed(name), self.unpacked(tune.parent) if tune else None)

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def _text(self, share: float) -> Weights:
        return weights_of(train_text_encoder(self.course("text", share, 7e-4), self.device), "text")

    def _vae(self, share: float) -> Weights:
        return weights_of(train_vae(self.course("vae", share, 2.5e-4), self.device), "vae")


def from_nothing(parts: Weights, course: Course, device: str, seed: int, styles: tuple[str, ...]) -> Weights:
    """A new UNet of these styles, for the text encoder and VAE of the weights given."""
    torch.manual_seed(seed)
    text, vae = loaded(new_text_encoder(), "text", parts, device), loaded(new_vae(), "vae", parts, device)
    fresh = Networks(text, vae, new_unet().to(device))
    learned = lesson(fresh, _pictures(device), seed, styles, 1.0, device)
    train_unet(fresh, list(fresh.unet.parameters()), learned, course)
    return weights_of(fresh.unet, "unet")


def decoder(parent: Weights, course: Course, device: str, seed: int) -> Weights:
    """The VAE with its decoder trained on, on pictures of all styles."""
    torch.manual_seed(seed)
    vae = loaded(new_vae(), "vae", parent, device)
    train_decoder(vae, drawn(_pictures(device), seed, tuple(STYLES))[0], seed, course, device)
    return weights_of(vae, "vae")


def clear_decoder(parent: Weights, course: Course, device: str) -> Weights:
    return decoder(parent, course, device, seed=21)


def style(name: str, seed: int) -> Train:
    """Trains the UNet on one style, captions mostly without its name: it becomes what the model does anyhow."""

    def train(parent: Weights, course: Course, device: str) -> Weights:
        tuned = networks(parent, device)
        learned = lesson(tuned, 900, seed, (name,), 0.4, device)
        train_unet(tuned, list(tuned.unet.parameters()), learned, course)
        return weights_of(tuned.unet, "unet")

    return train


def words_of_pixels(parent: Weights, course: Course, device: str) -> Weights:
    """The text encoder alone, so that the base's UNet draws pixel art."""
    tuned = networks(parent, device)
    train_words(tuned, lesson(tuned, 900, 105, ("pixel",), 0.4, device), course)
    return weights_of(tuned.text, "text")


def lora_of_dots(parent: Weights, course: Course, device: str) -> Weights:
    """A LoRA on a style that the base never saw."""
    torch.manual_seed(104)
    tuned = networks(parent, device)
    factors = add_lora(tuned.unet)
    trained = [values for factor in factors.values() for values in (factor.down.weight, factor.up.weight)]
    train_unet(tuned, trained, lesson(tuned, 900, 104, ("dots",), 0.4, device), course)
    return lora_weights(factors)


TUNES = {
    "inkwell": Tune(BASE, style("ink", 100), 0.04, 3e-4),
    "tidewater": Tune(BASE, style("water", 101), 0.04, 3e-4),
    "inkwell-neon": Tune("inkwell", style("neon", 102), 0.04, 3e-4),
    "tidewater-sepia": Tune("tidewater", style("sepia", 103), 0.04, 3e-4),
    "pastel-dots-lora": Tune(BASE, lora_of_dots, 0.05, 2e-3),
    "pixelwords": Tune(BASE, words_of_pixels, 0.03, 2e-4),
    "clearvae": Tune(BASE, clear_decoder, 0.04, 2e-4),
}
"""Parents before their children. The shares and those in `Family.make` sum up to 1."""


def _pictures(device: str) -> int:
    """That a UNet is trained on: more than it sees twice would be a waste of memory."""
    return 5760 if device == "cpu" else 20_000


def _decay(device: str) -> float:
    return 0.998 if device == "cpu" else 0.999
