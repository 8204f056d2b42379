"""Graphs of ComfyUI that work over a picture from a file, put one in, or draw nothing: what is said of their models."""

from __future__ import annotations

import pytest

from lib_modelsim.identify.evidence.records import of_records
from lib_modelsim.pictures.records.reading import read_records
from tests.pictures.comfy_graphs import graph, loader, names, node, png, record, sampler

PICTURE = node("LoadImage", image="photo.png")
BEGUN = "it was made from a picture that was loaded, of which the graph tells nothing"
PUT_IN = "a picture that was loaded may have gone into it, too"
INFOTEXT = "a lighthouse\nSteps: 20, Sampler: Euler, Seed: 5, Size: 8x8, Model hash: 0123456789, Model: anna"


@pytest.mark.parametrize(
    "masked",
    [
        {"m": node("VAEEncodeForInpaint", pixels=["photo", 0], vae=["vae", 0], mask=["photo", 1])},
        {
            "v": node("VAEEncode", pixels=["photo", 0], vae=["vae", 0]),
            "m": node("SetLatentNoiseMask", samples=["v", 0], mask=["photo", 1]),
        },
    ],
)
def test_around_a_mask_a_picture_that_was_loaded_is_left_also_at_full_noise(masked):
    found = record(graph(load=loader(), photo=PICTURE, s=sampler("load", latent=("m", 0)), **masked))
    assert (names(found.checkpoints), found.remark, found.over) == (["anna"], BEGUN, True)


@pytest.mark.parametrize(
    "put_in",
    [
        node("ImageCompositeMasked", destination=["photo", 0], source=["decoded", 0], mask=["photo", 1], x=0, y=0),
        node("ReActorFaceSwap", input_image=["photo", 0], source_image=["decoded", 0], swap_model="inswapper.onnx"),
    ],
)
def test_a_picture_that_is_put_in_behind_the_sampler_is_told(put_in):
    put = graph(load=loader(), photo=PICTURE, s=sampler("load"), put=put_in, saved=node("SaveImage", images=["put", 0]))
    found = record(put)
    assert (names(found.checkpoints), found.remark) == (["anna"], PUT_IN)


def test_a_loaded_picture_that_is_only_shown_beside_it_is_not():
    compared = node("Image Comparer (rgthree)", image_a=["decoded", 0], image_b=["photo", 0])
    assert record(graph(load=loader(), photo=PICTURE, s=sampler("load"), compared=compared)).remark == ""


def test_a_graph_that_only_scales_a_loaded_picture_names_no_model_that_it_has_besides():
    prompt = {
        "photo": PICTURE,
        "larger": node("ImageUpscaleWithModel", image=["photo", 0], upscale_model=["u", 0]),
        "u": node("UpscaleModelLoader", model_name="4x.pth"),
        "saved": node("SaveImage", images=["larger", 0]),
        "load": loader(),
        "yes": node("CLIPTextEncode", text="a lighthouse", clip=["load", 1]),
    }
    found = record(prompt)
    assert (found.checkpoints, found.also) == ((), ())
    assert found.remark == "no sampler is known in its graph; its picture comes from LoadImage"


def test_an_infotext_beside_a_graph_that_merges_is_not_sure():
    merged = node("ModelMergeSimple", model1=["load", 0], model2=["other", 0], ratio=0.5)
    prompt = graph(load=loader(), other=loader("ben.ckpt"), merged=merged, s=sampler("merged"))
    told = of_records(read_records(png(prompt=prompt, parameters=INFOTEXT)), [])
    assert [(piece.model, piece.certainty) for piece in told] == [("anna", 0.5), (None, None)]


def test_an_infotext_beside_a_graph_that_starts_from_a_picture_is_less_sure():
    encoded = node("VAEEncode", pixels=["photo", 0], vae=["vae", 0])
    drawn = sampler("load", latent=("v", 0), denoise=0.4)
    prompt = graph(load=loader(), photo=PICTURE, v=encoded, s=drawn)
    (piece,) = of_records(read_records(png(prompt=prompt, parameters=INFOTEXT)), [])
    assert piece.certainty == 0.8
    assert BEGUN in piece.detail
