"""Graphs that nobody's ComfyUI wrote: circles, links to nowhere, inputs of any type, thousands of nodes."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_modelsim.pictures.records import comfyui
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

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["a.safetensors", "None", "On", "x"])
links = st.tuples(st.sampled_from(KEYS) | st.integers(0, 9), st.integers(-1, 5) | plain).map(list)
values = st.recursive(
    plain | links, lambda more: st.lists(more, max_size=3) | st.dictionaries(st.text(), more, max_size=2)
)
inputs = st.dictionaries(st.sampled_from(NAMES), links | values, max_size=8)
nodes = st.fixed_dictionaries({"class_type": st.sampled_from(KINDS) | plain, "inputs": inputs | values})
prompts = st.dictionaries(st.sampled_from(KEYS), nodes | values, max_size=8)

slots = (
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.sampled_from(NAMES) | plain,
                "type": st.sampled_from(["MODEL", "LATENT"]) | plain,
                "link": plain | st.integers(0, 9),
            },
            optional={"widget": st.just({"name": "ckpt_name"}) | plain},
        )
        | plain,
        max_size=4,
    )
    | plain
)
shown = st.fixed_dictionaries(
    {"id": st.integers(0, 7) | plain, "type": st.sampled_from([*KINDS, "sub", "sub2"]) | plain, "inputs": slots},
    optional={
        "mode": st.sampled_from([0, 2, 4]) | plain,
        "outputs": slots,
        "widgets_values": st.lists(values, max_size=5) | st.dictionaries(st.text(), plain, max_size=3) | plain,
    },
)
wires = (
    st.lists(
        st.tuples(
            st.integers(0, 9),
            st.integers(-20, 8),
            st.integers(-1, 3),
            st.integers(-20, 8),
            st.integers(0, 3),
            st.just("MODEL"),
        ).map(list)
        | values,
        max_size=10,
    )
    | plain
)
level = st.fixed_dictionaries({"nodes": st.lists(shown | plain, max_size=8), "links": wires})
subgraphs = st.lists(
    level.flatmap(lambda each: st.sampled_from(["sub", "sub2"]).map(lambda key: {"id": key, **each})), max_size=3
)
workflows = st.tuples(level, subgraphs | plain).map(lambda two: {**two[0], "definitions": {"subgraphs": two[1]}})


def read(keyword, document):
    return comfyui.read(Texts([Text("PNG text", keyword, json.dumps(document))]))


@settings(max_examples=150, deadline=None)
@given(prompts)
def test_no_graph_raises_anything(document):
    read("prompt", document)


@settings(max_examples=150, deadline=None)
@given(workflows)
def test_no_workflow_raises_anything(document):
    read("workflow", document)


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
