"""Graphs of ComfyUI for tests, as ComfyUI itself writes them: by hand from the nodes' own sources."""

from __future__ import annotations

import io
import json

from PIL import Image, PngImagePlugin

from lib_modelsim.pictures.records.reading import read_records


def node(kind, **inputs):
    """One node of a graph that was run."""
    return {"class_type": kind, "inputs": inputs}


def loader(name="anna.safetensors"):
    return node("CheckpointLoaderSimple", ckpt_name=name)


def sampler(model, kind="KSampler", latent=("latent", 0), **more):
    """A sampler: `model` is the id of the node that gives it its model."""
    model = [model, 0] if isinstance(model, str) else model
    more = {"denoise": 1.0, "seed": 5, "steps": 20, **more} if kind == "KSampler" else more
    return node(
        kind, model=model, positive=["yes", 0], negative=["no", 0], latent_image=list(latent), **more
    )  # fmt: skip


def graph(**nodes):
    """A whole graph: prompts, latent, decoder and saver around these; the sampler that is saved is called `s`."""
    return {
        "yes": node("CLIPTextEncode", text="a lighthouse", clip=["clip", 0]),
        "no": node("CLIPTextEncode", text="blur", clip=["clip", 0]),
        "clip": node("CLIPLoader", clip_name="t5xxl_fp16.safetensors", type="sd3"),
        "vae": node("VAELoader", vae_name="ae.safetensors"),
        "latent": node("EmptyLatentImage", width=512, height=512, batch_size=1),
        "decoded": node("VAEDecode", samples=["s", 0], vae=["vae", 0]),
        "saved": node("SaveImage", images=["decoded", 0], filename_prefix="ComfyUI"),
        **nodes,
    }


def png(**texts):
    """A PNG with these texts, each an object or a text."""
    info = PngImagePlugin.PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text if isinstance(text, str) else json.dumps(text))
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "png", pnginfo=info)
    return file.getvalue()


def record(prompt):
    """The one record of a picture with this graph, and nothing that could not be read."""
    found = read_records(png(prompt=prompt))
    assert found.remarks == ()
    (only,) = found.records
    return only


def names(models):
    return [model.name for model in models]


def roles(models):
    return [(model.name, model.role) for model in models]
