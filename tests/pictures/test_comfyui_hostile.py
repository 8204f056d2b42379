"""Graphs that nobody's ComfyUI wrote: circles, links to nowhere, inputs of any type, thousands of nodes."""

from __future__ import annotations

import json
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_modelsim.pictures.records.programs import comfyui
from lib_modelsim.pictures.records.texts import Text, Texts
from tests.effort import effort
from tests.pictures.comfy_graphs import loader, node

KINDS = [
    "KSampler",
    "KSamplerAdvanced",
    "SamplerCustomAdvanced",
    "CFGGuider",
    "CheckpointLoaderSimple",
    "UNETLoader",
    "LoraLoader",
    "ModelMergeSimple",
    "ImpactSwitch",
    "Any Switch (rgthree)",
    "Model Input Switch",
    "PrimitiveNode",
    "StringConcatenate",
    "Reroute",
    "SetNode",
    "GetNode",
    "FaceDetailer",
    "UltimateSDUpscale",
    "LoadImage",
    "SaveImage",
    "VAEDecode",
    "CR Select Model",
    "CR Model Merge Stack",
    "easy fullLoader",
    "easy kSampler",
    "Eff. Loader SDXL",
    "KSampler SDXL (Eff.)",
    "HighRes-Fix Script",
    "Anything Everywhere",
    "StableCascade_StageB_Conditioning",
    "",
    "Odd",
]
NAMES = [
    "model",
    "model1",
    "model2",
    "guider",
    "pipe",
    "basic_pipe",
    "sdxl_tuple",
    "positive",
    "negative",
    "latent_image",
    "samples",
    "images",
    "image",
    "ckpt_name",
    "unet_name",
    "denoise",
    "start_at_step",
    "add_noise",
    "select",
    "input1",
    "any_01",
    "on_true",
    "on_false",
    "boolean",
    "model_a",
    "ratio",
    "value",
    "text",
    "lora_name",
    "script",
    "sigmas",
    "stage_c",
    "hires_ckpt_name",
    "select_model",
    "",
    "switch_1",
    "refine_at_step",
    "any_thing",
]
KEYS = [str(number) for number in range(8)]

PLAIN = [None, True, False, 0, 1, -1, 10**30, 0.4, float("nan"), "", "a.safetensors", "None", "On", "x", [], {}]


class Anything:
    """Documents that look like ComfyUI's and are wrong in any place; the same number makes the same ones."""

    def __init__(self, seed):
        self.random = Random(seed)

    def one(self, *ways):
        return self.random.choice(ways)()

    def many(self, make, most):
        return [make() for _ in range(self.random.randint(0, most))]

    def plain(self):
        return self.random.choice(PLAIN)

    def link(self):
        return [self.random.choice([*KEYS, 3, "gone"]), self.random.choice([0, 0, 1, -1, 5, None, "x"])]

    def value(self):
        return self.one(self.plain, self.link, lambda: self.many(self.plain, 3), lambda: {"content": self.plain()})

    def inputs(self):
        return {self.random.choice(NAMES): self.one(self.link, self.value) for _ in range(self.random.randint(0, 8))}

    def node(self):
        kind = self.one(lambda: self.random.choice(KINDS), lambda: self.random.choice(KINDS), self.plain)
        return {"class_type": kind, "inputs": self.one(self.inputs, self.inputs, self.inputs, self.value)}

    def prompt(self):
        return {key: self.one(self.node, self.node, self.node, self.value) for key in KEYS}

    def slot(self):
        number = self.one(self.plain, lambda: self.random.randint(0, 9), lambda: self.random.randint(0, 9))
        kind = self.random.choice(["MODEL", "LATENT", None, 3])
        slot = {"name": self.random.choice(NAMES), "type": kind, "link": number}
        return self.one(lambda: slot, lambda: {**slot, "widget": {"name": "ckpt_name"}}, self.plain)

    def shown(self):
        kind = self.random.choice([*KINDS, *KINDS, "sub", "sub2", None, 4])
        values = self.one(lambda: self.many(self.value, 5), self.plain, lambda: {"value": self.value()})
        node = {
            "id": self.random.choice([*range(8), None]),
            "type": kind,
            "mode": self.random.choice([0, 0, 2, 4, "x"]),
        }
        node |= {"inputs": self.many(self.slot, 4), "outputs": self.many(self.slot, 2), "widgets_values": values}
        return {name: given for name, given in node.items() if self.random.random() < 0.9}

    def wire(self):
        ends = [self.random.randint(-20, 8) for _ in range(2)]
        link = [
            self.random.randint(0, 9),
            ends[0],
            self.random.randint(-1, 3),
            ends[1],
            self.random.randint(0, 3),
            "MODEL",
        ]
        names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        return self.one(lambda: link, lambda: link, lambda: dict(zip(names, link, strict=True)), self.value)

    def level(self):
        nodes = self.many(lambda: self.one(self.shown, self.shown, self.shown, self.plain), 8)
        return {
            "nodes": nodes,
            "links": self.one(lambda: self.many(self.wire, 10), lambda: self.many(self.wire, 10), self.plain),
        }

    def workflow(self):
        inner = [{"id": key, **self.level()} for key in ("sub", "sub2")]
        return {
            **self.level(),
            "definitions": self.one(lambda: {"subgraphs": inner}, lambda: {"subgraphs": inner}, self.plain),
        }


def read(keyword, document):
    return comfyui.read(Texts([Text("PNG text", keyword, json.dumps(document))]))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_no_graph_raises_anything(seed):
    made = Anything(seed)
    for _ in range(10):
        read("prompt", made.prompt())


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_no_workflow_raises_anything(seed):
    made = Anything(seed)
    for _ in range(10):
        read("workflow", made.workflow())


MANY = 20_000
MOST_CALLS = 3_000_000
"""Of functions; an idle machine makes about as many in half a second."""


def samplers():
    rest = {str(i): node("KSampler", model=["m", 0], latent_image=[str(i - 1), 0], denoise=0.5) for i in range(MANY)}
    return {"m": loader(), **rest}


def adapters():
    rest = {str(i): node("LoraLoader", model=[str(i - 1), 0], lora_name="x.safetensors") for i in range(MANY)}
    return {**rest, "s": node("KSampler", model=[str(MANY - 1), 0])}


def batches():
    ways = range(10)
    return {
        str(i): node("ImageBatch", **{f"image{w}": [str((i * 7 + w) % MANY), 0] for w in ways}) for i in range(MANY)
    } | {str(i): node("KSampler", model=["1", 0], latent_image=[str(i + 1), 0]) for i in range(0, MANY, 2)}


def switches():
    rest = {
        str(i): node("ImpactSwitch", select=[str(i + 1), 0], input1=[str(i + 1), 0], input2=[str(i + 2), 0])
        for i in range(MANY)
    }
    return {**rest, "s": node("KSampler", model=["0", 0], positive=["0", 0])}


def texts():
    rest = {
        f"j{i}": node("StringConcat", a=[f"j{i + 1}", 0], b=[f"j{i + 1}", 0], c=[f"j{i + 1}", 0]) for i in range(60)
    }
    return {**rest, "0": node("CheckpointLoaderSimple", ckpt_name=["j0", 0]), "s": node("KSampler", model=["0", 0])}


def circle():
    return {
        "a": node("KSampler", model=["a", 0], latent_image=["b", 0]),
        "b": node("KSampler", model=["b", 0], latent_image=["a", 0]),
    }


def loaders():
    return {str(i): loader(f"m{i}.safetensors") for i in range(MANY)}


def merges():
    parts = {f"l{i}": loader(f"m{i}.safetensors") for i in range(MANY // 2)}
    rest = {
        str(i): node("ModelMergeSimple", model1=[str(i + 1), 0], model2=[f"l{i}", 0], ratio=0.5)
        for i in range(MANY // 2 - 1)
    }
    return {**parts, **rest, "s": node("KSampler", model=["0", 0])}


def wide():
    return {
        "s": node("KSampler", model=["l", 0]),
        "l": node("UnknownLoader", **{f"model{i}": f"m{i}.ckpt" for i in range(100_000)}),
    }


@pytest.mark.parametrize("graph", [samplers, adapters, batches, switches, texts, circle, loaders, merges, wide])
def test_a_huge_or_tangled_graph_is_read_in_time(graph):
    document = json.dumps(graph())
    text = Texts([Text("PNG text", "prompt", document)])
    next(text.objects())  # parsing is the reader's own
    found = []
    assert effort(lambda: found.extend(comfyui.read(text))) < MOST_CALLS
    assert all(len(record.checkpoints) <= 12 for record in found)


def test_a_graph_too_tangled_is_said_so():
    (record,) = read("prompt", samplers())
    assert "its graph is too tangled to be followed whole" in record.remark


def test_a_bomb_of_subgraphs_and_a_long_way_of_reroutes_end():
    def level(deep):
        return {"id": f"u{deep}", "nodes": [{"id": i, "type": f"u{deep + 1}"} for i in range(10)], "links": []}

    bomb = {"nodes": [{"id": 1, "type": "u0"}], "definitions": {"subgraphs": [level(deep) for deep in range(14)]}}
    way = [{"id": i, "type": "Reroute", "inputs": [{"name": "", "link": i}]} for i in range(MANY - 10)]
    way += [{"id": -1, "type": "KSampler", "inputs": [{"name": "model", "link": MANY - 11}]}]
    long = {"nodes": way, "links": [[i, i - 1, 0, i, 0, "*"] for i in range(1, MANY)]}
    start = time.process_time()
    read("workflow", bomb)
    read("workflow", long)
    assert time.process_time() - start < 4
