"""The record of every program, as small documents, and endless ways to damage one (from a seeded generator)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

INFOTEXT = """\
a boat, <lora:ink style:0.7>
Negative prompt: blur
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512, Model hash: 6ce0161689, Model: boat_v3, \
VAE hash: 735e4c3a44, VAE: vae.safetensors, Lora hashes: "ink style: 0123456789ab", Refiner: fine [2222222222], \
Hashes: {"model": "6ce0161689"}, Civitai resources: [{"type": "checkpoint", "modelVersionId": 128078, \
"modelName": "SDXL", "modelVersionName": "v1.0", "air": "urn:air:sdxl:checkpoint:civitai:101055@128078"}], \
Version: v1.10.1"""

GRAPH = {
    "3": {
        "class_type": "KSampler",
        "inputs": {"seed": 5, "steps": 20, "model": ["10", 0], "positive": ["6", 0], "negative": ["7", 0]},
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "SDXL\\dream_xl_1.0.safetensors"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["20", 0], "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blur", "clip": ["4", 1]}},
    "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "ink.safetensors", "model": ["4", 0], "clip": ["4", 1]}},
    "20": {"class_type": "String", "inputs": {"value": "a boat"}},
    "30": {"class_type": "ModelMergeSimple", "inputs": {"model1": ["4", 0], "model2": ["31", 0], "ratio": 0.5}},
    "31": {"class_type": "UNETLoader", "inputs": {"unet_name": ["32", 0]}},
    "32": {"class_type": "PrimitiveString", "inputs": {"value": "flux.safetensors"}},
}
WORKFLOW = {
    "nodes": [
        {"id": 1, "type": "CheckpointLoaderSimple", "widgets_values": ["dream_xl_1.0.safetensors"], "outputs": []},
        {"id": 2, "type": "KSampler", "inputs": [{"name": "model", "link": 1}], "widgets_values": [5, "fixed", 20]},
        {"id": 3, "type": "Power Lora Loader (rgthree)", "widgets_values": [{"lora": "ink.safetensors", "on": True}]},
    ],
    "links": [[1, 1, 0, 2, 0, "MODEL"]],
}
NOVELAI = {"prompt": "a boat", "uc": "blur", "steps": 28, "v4_prompt": {"caption": {"base_caption": "a boat"}}}
INVOKEAI = {
    "positive_prompt": "a boat",
    "negative_prompt": "blur",
    "model": {"name": "boat", "hash": "blake3:" + "ab" * 32, "base": "sdxl", "type": "main", "key": "1"},
    "loras": [{"model": {"name": "ink"}, "weight": 0.7}],
}
FOOOCUS = {
    "base_model": "boat_v3",
    "base_model_hash": "0123456789",
    "prompt": "a boat",
    "negative_prompt": "",
    "refiner_model": "fine",
    "loras": [["ink", 0.7, "0123456789"]],
    "metadata_scheme": "fooocus",
    "styles": "[]",
}
SWARM = {
    "sui_image_params": {"prompt": "a boat", "model": "boat_v3", "loras": ["ink"], "lorahashes": ["0x12"], "seed": 5},
    "sui_models": [{"name": "boat_v3.safetensors", "param": "model", "hash": "0x" + "ab" * 32}],
}
DRAWTHINGS = {
    "c": "a boat",
    "uc": "blur",
    "model": "boat_v3_f16.ckpt",
    "sampler": "Euler a",
    "lora": [{"model": "ink"}],
}
MOCHI = "Include in Image: a boat; Exclude from Image: ; Model: boat_v3; Steps: 20; Generator: Mochi Diffusion 5.0"
EASY = {"use_stable_diffusion_model": "boat_v3", "prompt": "a boat", "use_lora_model": ["ink"], "negative_prompt": ""}
SPACE = {"prompt": "a boat", "num_inference_steps": 28, "Model": {"Model": "Animagine XL", "Model hash": "0123456789"}}
TENSORART = {"prompt": "a boat", "baseModel": {"modelFileName": "boat_v3", "hash": "AB" * 32}, "models": [{"hash": 1}]}
MATRIX = {"PositivePrompt": "a boat", "ModelName": "boat_v3.safetensors", "ModelHash": "ab" * 32, "Seed": 5}
OURS = {"checkpoint": "ab" * 32, "checkpoint_name": "boat_v3"}
PADDLE = "a boat\nNegative prompt: blur\nSteps: 50\nSeed: 1\nmodel_name: runwayml/stable-diffusion-v1-5"
HORDE = {"worker": {"name": "x"}, "requestId": "1", "prompt": "a boat", "model": "Deliberate"}
IMAGINAIRY = {
    "prompt": {"prompts": [{"text": "a boat", "weight": 1}], "model_weights": {"name": "boat"}, "solver_type": "ddim"}
}

Texts = list[tuple[str, Any]]

RECORDS: list[Texts] = [
    [("parameters", INFOTEXT)],
    [("prompt", GRAPH), ("workflow", WORKFLOW)],
    [("workflow", WORKFLOW)],
    [("Software", "NovelAI"), ("Source", "NovelAI Diffusion V4 37442FCA"), ("Comment", NOVELAI)],
    [("invokeai_metadata", INVOKEAI), ("invokeai_graph", {"nodes": {"1": {"model": INVOKEAI["model"]}}})],
    [("sd-metadata", {"model_weights": "sd-1.5", "model_hash": "CC6CB27103", "image": {"prompt": "a boat"}})],
    [("parameters", FOOOCUS), ("fooocus_scheme", "fooocus")],
    [("parameters", SWARM)],
    [("Comment", DRAWTHINGS)],
    [("caption", MOCHI)],
    [("parameters", EASY)],
    [("use_stable_diffusion_model", "boat_v3"), ("prompt", "a boat"), ("use_lora_model", "['ink']")],
    [("parameters", SPACE)],
    [("generation_data", TENSORART)],
    [("parameters-json", MATRIX), ("parameters", INFOTEXT)],
    [("modelsim", OURS), ("parameters", INFOTEXT)],
    [("parameters", HORDE)],
    [("UserComment", IMAGINAIRY)],
    [("parameters", PADDLE), ("Software", "PaddleNLP")],
]
"""Keyword → text, or a document that is written as JSON, of each program."""

HOSTILE = [
    None, True, [], {}, "", 0, -1, 1e308, 10**40, 3.5, "\0", "\ud800", "a" * 5000, [[[[[[]]]]]], {"": {"": {"": 0}}},
    ["1", 0], ["1"], [1, 2, 3], "None", "[" * 400, "x.safetensors", "0123456789", "../../etc/passwd", "\u202e", "<b>",
]  # fmt: skip


def mutated_document(random: Random, document: Any) -> Any:
    """The same with one value exchanged, taken out, or put where it does not belong."""
    document = json.loads(json.dumps(document))
    places = list(_places(document))
    if not places:
        return random.choice(HOSTILE)
    inside, key = random.choice(places)
    what = random.randrange(5)
    if what == 0:
        del inside[key]
    elif what == 1:
        other, other_key = random.choice(places)
        inside[key] = json.loads(json.dumps(other.get(other_key) if isinstance(other, dict) else other))
    elif what == 2 and isinstance(inside, dict):
        inside[str(random.choice(["", "1", "model", "class_type", "inputs", "name", "hash"]))] = inside[key]
    else:
        inside[key] = random.choice(HOSTILE)
    return document


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    for key in (
        list(document) if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    ):
        yield document, key
        yield from _places(document[key])


def mutated_text(random: Random, text: str) -> str:
    """The same with a part taken out, repeated, exchanged for what means something to a reader, or deep in brackets."""
    start = random.randrange(len(text) + 1)
    end = min(len(text), start + random.choice([0, 1, 3, 20, 200]))
    more = random.choice(
        ['"', "{", "}", "[", "]", ":", ",", "\\", "\n", "\0", "Steps: ", "Model: ", "é", "一", "\ud800"]
    )
    filling = random.choice(["", more, more * 50, text[start:end] * 30, "[" * 3000, '{"a":' * 3000, ", Model: x" * 500])
    return text[:start] + filling + text[end:]


def written(random: Random, texts: Texts) -> dict[str, str]:
    """A record's texts, in two of three cases with one of them mutated."""
    which = random.randrange(len(texts)) if random.random() < 0.67 else None
    found = {}
    for i, (keyword, value) in enumerate(texts):
        changed = mutated_document(random, value) if i == which and not isinstance(value, str) else value
        text = changed if isinstance(changed, str) else json.dumps(changed)
        if i == which and (isinstance(value, str) or random.random() < 0.3):
            text = mutated_text(random, text)
        found[keyword] = text
    return found
