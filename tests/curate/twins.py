"""One small CLIP with random weights, twice: as open_clip keeps it, and as transformers does."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]

SIDE, PATCH, WIDTH, TEXT_WIDTH, HEADS, LAYERS, OUT = 32, 16, 64, 32, 2, 2, 16

NAME = "modelsim-twin"

CONFIG = {
    "embed_dim": OUT,
    "vision_cfg": {"image_size": SIDE, "layers": LAYERS, "width": WIDTH, "patch_size": PATCH},
    "text_cfg": {
        "context_length": 77,
        "vocab_size": 49408,
        "width": TEXT_WIDTH,
        "heads": HEADS,
        "layers": LAYERS,
    },
}

BYTES = 514
"""Tokens of a vocabulary of single bytes, with begin and end."""


def draw(tokens: int = 49408, seed: int = 0) -> Weights:
    """Random weights under open_clip's names; NumPy's generator gives the same ones everywhere."""
    generator = np.random.default_rng([14, seed])

    def matrix(*shape: int) -> NDArray[np.float32]:
        return (generator.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)

    def norm(name: str, width: int) -> Weights:
        return {f"{name}.weight": 1 + 0.1 * matrix(width) * width**0.5, f"{name}.bias": 0.1 * matrix(width)}

    def tower(name: str, width: int) -> Weights:
        found: Weights = {}
        for layer in (f"{name}.resblocks.{i}" for i in range(LAYERS)):
            found |= norm(f"{layer}.ln_1", width) | norm(f"{layer}.ln_2", width)
            for part, rows, columns in (
                ("attn.in_proj_", 3 * width, width),
                ("attn.out_proj.", width, width),
                ("mlp.c_fc.", 4 * width, width),
                ("mlp.c_proj.", width, 4 * width),
            ):
                found[f"{layer}.{part}weight"] = matrix(rows, columns)
                found[f"{layer}.{part}bias"] = 0.1 * matrix(rows)
        return found

    weights = {
        "visual.class_embedding": matrix(WIDTH),
        "visual.positional_embedding": matrix((SIDE // PATCH) ** 2 + 1, WIDTH),
        "visual.conv1.weight": matrix(WIDTH, 3, PATCH, PATCH) / PATCH,
        "visual.proj": matrix(WIDTH, OUT),
        "token_embedding.weight": matrix(tokens, TEXT_WIDTH),
        "positional_embedding": matrix(77, TEXT_WIDTH),
        "text_projection": matrix(TEXT_WIDTH, OUT),
        "logit_scale": np.array(2.66, np.float32),
    }
    weights |= tower("visual.transformer", WIDTH) | tower("transformer", TEXT_WIDTH)
    for name, width in (("visual.ln_pre", WIDTH), ("visual.ln_post", WIDTH), ("ln_final", TEXT_WIDTH)):
        weights |= norm(name, width)
    return weights


def write_for_open_clip(package, folder: Path, seed: int = 0) -> Path:
    """A file of these weights for the architecture `NAME`, which is made known."""
    from safetensors.numpy import save_file

    (folder / f"{NAME}.json").write_text(json.dumps(CONFIG))
    package.add_model_config(folder / f"{NAME}.json")
    save_file(draw(seed=seed), folder / "twin.safetensors")
    return folder / "twin.safetensors"


def of_transformers(weights: Weights):
    """The CLIPModel of these weights."""
    from transformers import CLIPConfig, CLIPModel

    tokens = len(weights["token_embedding.weight"])
    whole = {"num_hidden_layers": LAYERS, "hidden_act": "gelu", "projection_dim": OUT}
    text = {"hidden_size": TEXT_WIDTH, "intermediate_size": 4 * TEXT_WIDTH, "num_attention_heads": HEADS}
    ends = {"vocab_size": tokens, "bos_token_id": tokens - 2, "eos_token_id": tokens - 1}
    vision = {"hidden_size": WIDTH, "intermediate_size": 4 * WIDTH, "num_attention_heads": 1}
    size = {"image_size": SIDE, "patch_size": PATCH}
    config = CLIPConfig(
        text_config={**whole, **text, **ends}, vision_config={**whole, **vision, **size}, projection_dim=OUT
    )
    model = CLIPModel(config).eval()
    missing, unknown = model.load_state_dict(_renamed(weights), strict=False)
    assert not unknown
    assert all(key.endswith("position_ids") for key in missing)
    return model


def _renamed(weights: Weights) -> dict[str, torch.Tensor]:
    found = {
        "vision_model.embeddings.patch_embedding.weight": weights["visual.conv1.weight"],
        "vision_model.embeddings.class_embedding": weights["visual.class_embedding"],
        "vision_model.embeddings.position_embedding.weight": weights["visual.positional_embedding"],
        "text_model.embeddings.token_embedding.weight": weights["token_embedding.weight"],
        "text_model.embeddings.position_embedding.weight": weights["positional_embedding"],
        "visual_projection.weight": weights["visual.proj"].T,
        "text_projection.weight": weights["text_projection"].T,
        "logit_scale": weights["logit_scale"],
    }
    norms = {
        "visual.ln_pre": "vision_model.pre_layrnorm",
        "visual.ln_post": "vision_model.post_layernorm",
        "ln_final": "text_model.final_layer_norm",
    }
    parts = {
        "attn.out_proj": "self_attn.out_proj",
        "ln_1": "layer_norm1",
        "ln_2": "layer_norm2",
        "mlp.c_fc": "mlp.fc1",
        "mlp.c_proj": "mlp.fc2",
    }
    towers = {
        "visual.transformer.resblocks": "vision_model.encoder.layers",
        "transformer.resblocks": "text_model.encoder.layers",
    }
    for kind in ("weight", "bias"):
        found |= {f"{new}.{kind}": weights[f"{old}.{kind}"] for old, new in norms.items()}
        for tower, theirs in towers.items():
            for i in range(LAYERS):
                for old, new in parts.items():
                    found[f"{theirs}.{i}.{new}.{kind}"] = weights[f"{tower}.{i}.{old}.{kind}"]
                fused = np.split(weights[f"{tower}.{i}.attn.in_proj_{kind}"], 3)
                for name, each in zip("qkv", fused, strict=True):
                    found[f"{theirs}.{i}.self_attn.{name}_proj.{kind}"] = each
    return {name: torch.from_numpy(np.array(each)) for name, each in found.items()}


def processor(folder: Path, merges: list[str]):
    """transformers' CLIPProcessor for the twin; without merges its tokens are single bytes."""
    from transformers import CLIPImageProcessor, CLIPProcessor, CLIPTokenizerFast

    from lib_modelsim.engines.tokenizer import byte_letters

    letters = byte_letters()
    words = [*letters, *(f"{each}</w>" for each in letters), *("".join(each.split()) for each in merges)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
    tokenizer = CLIPTokenizerFast(str(folder / "vocab.json"), str(folder / "merges.txt"))
    pictures = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return CLIPProcessor(pictures, tokenizer)


def merges_of(package) -> list[str]:
    """The merges of CLIP's whole vocabulary, from the file that open_clip carries."""
    file = Path(package.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    return gzip.open(file, "rt", encoding="utf-8").read().split("\n")[1 : 49408 - BYTES + 1]


class OfTransformers:
    """The twin of transformers as an encoder, for where there is no open_clip; its tokens are bytes."""

    name = identity = "the twin of transformers"
    longest = 77

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.model = of_transformers(draw(BYTES, seed))
        self.processor = processor(folder, [])

    def encode(self, pictures):
        """float32 [pictures, OUT], rows of length 1."""
        pixels = self.processor(images=list(pictures), return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            return _unit(self.model.get_image_features(pixels))

    def encode_text(self, texts):
        """float32 [texts, OUT], rows of length 1."""
        tokens = self.processor(
            text=list(texts), return_tensors="pt", padding=True, truncation=True, max_length=self.longest
        )
        with torch.inference_mode():
            return _unit(self.model.get_text_features(tokens["input_ids"], tokens["attention_mask"]))

    def too_long(self, texts):
        """Whether a text is cut off."""
        return [len(self.processor(text=text)["input_ids"]) > self.longest for text in texts]


def _unit(features: torch.Tensor) -> NDArray[np.float32]:
    return (features / features.norm(dim=-1, keepdim=True)).numpy()
