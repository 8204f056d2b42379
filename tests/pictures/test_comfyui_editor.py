"""ComfyUI's editor: what it showed is read as it would be run, where no graph that was run stands in the picture."""

from __future__ import annotations

import json

from lib_modelsim.pictures.records.reading import read_records
from tests.pictures.comfy_graphs import graph, loader, names, png, record, roles, sampler


class Editor:
    """A workflow of the editor, made node by node as its own serialisation has them."""

    def __init__(self):
        self.nodes, self.links = [], []

    def add(self, key, kind, inputs=(), outputs=(), values=(), **more):
        """`inputs` are (name, type, (node, output) or None), `outputs` types."""
        slots = []
        for slot, (name, of, source) in enumerate(inputs):
            number = None
            if source is not None:
                number = len(self.links) + 1
                self.links.append([number, *source, key, slot, of])
            slots.append({"name": name, "type": of, "link": number})
        given = [{"name": of, "type": of, "links": []} for of in outputs]
        node = {"id": key, "type": kind, "mode": 0, "inputs": slots, "outputs": given, "widgets_values": list(values)}
        self.nodes.append({**node, **more})
        return self

    def document(self, **more):
        return {"last_node_id": 99, "nodes": self.nodes, "links": self.links, "version": 0.4, **more}


def plain(model=(1, 0), **more):
    """A checkpoint, a second one, prompts, a sampler, a decoder and a saver."""
    checkpoint = ("MODEL", "CLIP", "VAE")
    ways = [("model", "MODEL", model), ("positive", "CONDITIONING", (4, 0)), ("negative", "CONDITIONING", (5, 0)),
            ("latent_image", "LATENT", (6, 0))]  # fmt: skip
    settings = (5, "randomize", 20, 7.0, "euler", "normal", 1.0)
    return (
        Editor()
        .add(1, "CheckpointLoaderSimple", outputs=checkpoint, values=["sub/anna.safetensors"])
        .add(2, "CheckpointLoaderSimple", outputs=checkpoint, values=["ben.safetensors"])
        .add(4, "CLIPTextEncode", [("clip", "CLIP", (1, 1))], ["CONDITIONING"], ["a lighthouse"])
        .add(5, "CLIPTextEncode", [("clip", "CLIP", (1, 1))], ["CONDITIONING"], ["blur"])
        .add(6, "EmptyLatentImage", outputs=["LATENT"], values=[512, 512, 1])
        .add(7, "KSampler", ways, ["LATENT"], settings, **more)
        .add(8, "VAEDecode", [("samples", "LATENT", (7, 0)), ("vae", "VAE", (1, 2))], ["IMAGE"])
        .add(9, "SaveImage", [("images", "IMAGE", (8, 0))], values=["ComfyUI"])
    )


def shown(workflow, **more):
    document = workflow.document(**more) if isinstance(workflow, Editor) else workflow
    found = read_records(png(workflow=document))
    assert found.remarks == ()
    (only,) = found.records
    return only


def test_the_checkpoint_that_the_sampler_would_use():
    found = shown(plain())
    assert (names(found.checkpoints), found.also, found.remark) == (["anna"], (), "")
    assert (found.prompt, found.negative_prompt) == ("a lighthouse", "blur")


def test_what_was_run_counts_and_what_was_shown_only_where_that_tells_nothing():
    both = png(prompt=graph(load=loader("carl.ckpt"), s=sampler("load")), workflow=plain().document())
    assert [names(each.checkpoints) for each in read_records(both).records] == [["carl"]]
    nothing = png(prompt=graph(), workflow=plain().document())
    assert [names(each.checkpoints) for each in read_records(nothing).records] == [["anna"], []]


def test_reroutes_primitives_and_set_and_get():
    flow = plain(model=(20, 0)).add(20, "Reroute", [("", "*", (21, 0))], ["MODEL"])
    flow.add(21, "GetNode", outputs=["MODEL"], values=["the model"])
    flow.add(22, "SetNode", [("MODEL", "MODEL", (23, 0))], ["*"], ["the model"])
    named = {"name": "ckpt_name", "type": "COMBO", "widget": {"name": "ckpt_name"}, "link": 90}
    flow.add(23, "CheckpointLoaderSimple", outputs=["MODEL"], values=["stale.safetensors"])
    flow.nodes[-1]["inputs"] = [named]
    flow.links.append([90, 24, 0, 23, 0, "COMBO"])
    flow.add(24, "PrimitiveNode", outputs=["COMBO"], values=["carl.safetensors", "fixed"])
    assert names(shown(flow).checkpoints) == ["carl"]


def test_a_bypassed_node_lets_the_model_through_and_a_muted_sampler_draws_nothing():
    lora = [("model", "MODEL", (2, 0)), ("clip", "CLIP", (2, 1))]
    flow = plain(model=(30, 0)).add(30, "LoraLoader", lora, ["MODEL", "CLIP"], ["ink.safetensors", 1, 1], mode=4)
    found = shown(flow)
    assert (names(found.checkpoints), found.networks) == (["ben"], ())
    flow.nodes[-1]["mode"] = 0
    assert names(shown(flow).networks) == ["ink"]
    second = [("model", "MODEL", (2, 0)), ("latent_image", "LATENT", (7, 0))]
    settings = (5, "fixed", 20, 7.0, "euler", "normal", 0.4)
    flow = plain().add(31, "KSampler", second, ["LATENT"], settings)
    flow.nodes[6]["inputs"][0]["link"], flow.links = None, [link for link in flow.links if link[3:5] != [8, 0]]
    flow.links.append([77, 31, 0, 8, 0, "LATENT"])
    flow.nodes[6]["inputs"][0]["link"] = 77
    assert roles(shown(flow).also) == [("ben", "refiner")]
    flow.nodes[-1]["mode"] = 4
    assert shown(flow).also == ()


def test_a_subgraph_is_laid_open():
    inner = Editor().add(3, "LoraLoaderModelOnly", [("model", "MODEL", (-10, 0))], ["MODEL"], ["ink.safetensors", 0.5])
    inner.links.append([50, 3, 0, -20, 0, "MODEL"])
    links = [dict(zip(("id", "origin_id", "origin_slot", "target_id", "target_slot", "type"), link, strict=True))
             for link in inner.links]  # fmt: skip
    named = "0b7a0a0e-1f6e-4c9a-9d53-000000000001"
    subgraph = {"id": named, "name": "Patched", "nodes": inner.nodes, "links": links, "inputs": [], "outputs": []}
    flow = plain(model=(40, 0)).add(40, named, [("model", "MODEL", (2, 0))], ["MODEL"])
    found = shown(flow, definitions={"subgraphs": [subgraph]})
    assert (names(found.checkpoints), names(found.networks)) == (["ben"], ["ink"])


def test_a_loader_inside_a_subgraph_gets_its_name_from_outside():
    named = "0b7a0a0e-1f6e-4c9a-9d53-000000000002"
    widget = {"name": "ckpt_name", "type": "COMBO", "widget": {"name": "ckpt_name"}}
    inner = {"id": 3, "type": "CheckpointLoaderSimple", "inputs": [{**widget, "link": 51}],
             "outputs": [{"type": "MODEL"}], "widgets_values": ["stale.safetensors"]}  # fmt: skip
    names_of = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    inside = ([51, -10, 0, 3, 0, "COMBO"], [52, 3, 0, -20, 0, "MODEL"])
    links = [dict(zip(names_of, link, strict=True)) for link in inside]
    subgraph = {"id": named, "nodes": [inner], "links": links}
    flow = plain(model=(41, 0)).add(41, named, outputs=["MODEL"], values=["carl.safetensors"])
    flow.nodes[-1]["inputs"] = [{**widget, "link": None}]
    assert names(shown(flow, definitions={"subgraphs": [subgraph]}).checkpoints) == ["carl"]


def test_anything_everywhere_reaches_open_inputs():
    flow = plain(model=None).add(60, "Anything Everywhere", [("anything", "*", (2, 0))])
    assert names(shown(flow).checkpoints) == ["ben"]


def test_workflow_beside_the_graph_in_one_object_or_as_texts():
    run, show = graph(load=loader(), s=sampler("load")), plain().document()
    for wrapped in (
        {"prompt": run, "workflow": show},
        {"prompt": json.dumps(run), "workflow": json.dumps(show)},
        {"workflow": show},
        {"Prompt": run},
    ):
        (only,) = read_records(png(Comment=wrapped)).records
        assert (only.program, names(only.checkpoints)) == ("ComfyUI", ["anna"])


def test_the_values_of_a_node_by_the_names_of_its_inputs():
    flow = plain()
    widgets = [{"name": name, "type": "COMBO", "widget": {"name": name}, "link": None} for name in ("vae_name", "unet")]
    flow.nodes[0].update(type="Two Files", inputs=widgets, widgets_values=["ae.safetensors", "dora.safetensors"])
    assert names(shown(flow).checkpoints) == ["dora"]


def test_a_record_that_is_no_graph_is_none():
    for document in ({"nodes": []}, {"nodes": "a"}, {"prompt": "a cat"}, {"a": {"class_type": 3}}):
        assert read_records(png(Comment=document)).records == ()
    assert record({"1": {"class_type": "Note"}}).checkpoints == ()
