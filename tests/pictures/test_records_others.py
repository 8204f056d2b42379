"""Records of NovelAI, InvokeAI, SwarmUI, Draw Things, Mochi Diffusion, diffusers' spaces, each written as its program
writes it: by Pillow or byte by byte, after the programs' public sources."""

from __future__ import annotations

import gzip
import io
import json
import struct
from xml.sax.saxutils import escape

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.pictures.records.form import Named
from lib_modelsim.pictures.records.reading import read_records

from .exif import exif_block
from .scenes import scene

SHA = "0123456789abcdef" * 4


def png(*texts, picture=None, **more):
    """(keyword, text) … as tEXt, or iTXt where Latin-1 does not do."""
    info = PngInfo()
    for keyword, value in texts:
        info.add_text(keyword, value if isinstance(value, str) else json.dumps(value))
    return saved("png", picture, pnginfo=info, **more)


def saved(kind, picture=None, **options):
    file = io.BytesIO()
    (picture or scene(1, 64, 48)).save(file, kind, **options)
    return file.getvalue()


def exif(comment=None, order="<", **tags):
    """An EXIF block, byte by byte: ASCII tags of IFD0 by their number, and a UserComment in the Exif IFD."""
    return exif_block([(int(tag[1:], 16), 2, value.encode() + b"\0") for tag, value in tags.items()], comment, order)


def xmp_png(tool, comment, description=""):
    """As macOS writes a PNG's description, comment and software: into XMP."""
    words = "".join(
        f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{escape(value)}</rdf:li></rdf:Alt></{name}>'
        for name, value in (("exif:UserComment", comment), ("dc:description", description))
        if value
    )
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0.0"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:xmp="http://ns.adobe.com/xap/1.0/"><xmp:CreatorTool>{tool}</xmp:CreatorTool>{words}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet)
    return saved("png", pnginfo=info)


def iptc_jpeg(program, caption):
    """A JPEG with an APP13 segment: Photoshop's resource 0x0404 with IPTC's data sets 2:65 and 2:120."""
    sets = b"".join(
        b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(value)) + value
        for number, value in ((65, program.encode()), (120, caption.encode()))
    )
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(sets)) + sets + bytes(len(sets) % 2)
    plain = saved("jpeg")
    return plain[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + plain[2:]


def stealthy(text, channels):
    """A picture with a text, compressed, in the lowest bits of its alpha or of its colours."""
    signature = b"stealth_pngcomp" if channels == (3,) else b"stealth_rgbcomp"
    data = gzip.compress(text.encode())
    bits = np.unpackbits(np.frombuffer(signature + struct.pack(">I", 8 * len(data)) + data, np.uint8))
    pixels = np.array(scene(1, 96, 96).convert("RGBA")).transpose(1, 0, 2).copy()
    flat = pixels[..., channels].reshape(-1)
    flat[: len(bits)] = (flat[: len(bits)] & 0xFE) | bits
    pixels[..., channels] = flat.reshape(pixels[..., channels].shape)
    picture = Image.fromarray(pixels.transpose(1, 0, 2))
    return saved("png", picture if channels == (3,) else picture.convert("RGB"))


def only(source):
    found = read_records(source)
    assert found.remarks == ()
    (record,) = found.records
    return record


def told(record):
    return record.program, record.checkpoints, record.prompt, record.negative_prompt


# NovelAI

NOVELAI = {
    "Title": "NovelAI generated image",
    "Description": "a boat, tests",
    "Software": "NovelAI",
    "Source": "NovelAI Diffusion V4.5 4BDE2A90",
    "Generation time": "2.9",
    "Comment": json.dumps({"prompt": "a boat", "steps": 28, "uc": "blur", "v4_prompt": {"caption": {}}}),
}
OF_NOVELAI = ("NovelAI", (Named("NovelAI Diffusion V4.5", ("4bde2a90",)),), "a boat", "blur")


def test_novelai_s_png_texts():
    assert told(only(png(*NOVELAI.items()))) == OF_NOVELAI


@pytest.mark.parametrize("channels", [(3,), (0, 1, 2)], ids=["alpha", "colours"])
def test_novelai_s_hidden_text(channels):
    assert told(only(stealthy(json.dumps(NOVELAI), channels))) == OF_NOVELAI


@pytest.mark.parametrize("kind", ["webp", "jpeg"])
def test_novelai_s_webp_with_all_texts_as_one_object(kind):
    comment = {key: value for key, value in NOVELAI.items() if key != "Title"}
    block = exif(b"ASCII\0\0\0" + json.dumps(comment).encode(), x10D=NOVELAI["Title"], x131=NOVELAI["Source"])
    assert told(only(saved(kind, exif=block))) == OF_NOVELAI


def test_novelai_s_first_version_and_what_a_converter_leaves_of_a_record():
    record = only(png(("Software", "NovelAI"), ("Source", "Stable Diffusion 1D44365E"), ("Description", "a boat")))
    assert told(record) == ("NovelAI", (Named("Stable Diffusion", ("1d44365e",)),), "a boat", "")
    assert only(saved("webp", exif=exif(x131=NOVELAI["Source"]))).checkpoints == OF_NOVELAI[1]
    assert read_records(png(("Software", "NovelAI"))).remarks == (
        "PNG text “Software” is NovelAI's, but no record of NovelAI can be read",
    )


# InvokeAI

BLAKE3 = "blake3:" + "7c1631b481e15664" * 4
METADATA = {
    "generation_mode": "sdxl_txt2img",
    "positive_prompt": "a boat",
    "negative_prompt": "blur",
    "width": 1024,
    "seed": 1,
    "model": {"key": "179d", "hash": BLAKE3, "name": "lakeboat_v3", "base": "sdxl", "type": "main"},
    "loras": [{"model": {"hash": "blake3:12345678ab", "name": "ink", "base": "sdxl", "type": "lora"}, "weight": 0.7}],
    "refiner_model": {"hash": "blake3:" + "ab" * 32, "name": "refinerboat", "base": "sdxl-refiner", "type": "main"},
    "app_version": "6.10.0",
}
GRAPH = {
    "id": "sdxl_graph:a",
    "nodes": {
        "sdxl_model_loader:a": {"id": "a", "model": METADATA["model"], "type": "sdxl_model_loader"},
        "sdxl_refiner_model_loader:a": {"model": METADATA["refiner_model"], "type": "sdxl_refiner_model_loader"},
        "vae_loader:a": {"vae_model": {"name": "some vae"}, "type": "vae_loader"},
        "pos:a": {"id": "b", "value": "a boat", "type": "string"},
    },
    "edges": [],
}


def test_invokeai_s_metadata_with_its_own_hash():
    record = only(png(("invokeai_metadata", METADATA), ("invokeai_graph", GRAPH)))
    assert told(record) == ("InvokeAI", (Named("lakeboat_v3", (BLAKE3,)),), "a boat", "blur")
    assert record.networks == (Named("ink", ("blake3:12345678ab",)),)
    assert record.also == (Named("refinerboat", ("blake3:" + "ab" * 32,), "refiner"),)


def test_invokeai_s_graph_and_workflow_where_there_is_no_metadata():
    record = only(png(("invokeai_graph", GRAPH)))
    assert record.checkpoints == (Named("lakeboat_v3", (BLAKE3,)),)
    assert [each.role for each in record.also] == ["refiner"]
    model = {"name": "model", "label": "", "value": METADATA["model"]}
    loader = {"type": "invocation", "data": {"type": "sdxl_model_loader", "inputs": {"model": model}}}
    workflow = {"name": "", "nodes": [loader], "edges": [], "meta": {"version": "3.0.0"}}
    assert only(png(("invokeai_workflow", workflow))).checkpoints == (Named("lakeboat_v3", (BLAKE3,)),)


def test_invokeai_3_names_a_model_without_a_hash():
    model = {"model_name": "lakeboat_v3", "base_model": "sdxl", "model_type": "main"}
    lora = {"lora": {"model_name": "ink", "base_model": "sdxl"}, "weight": 0.7}
    document = {"generation_mode": "txt2img", "positive_prompt": "a boat", "negative_prompt": "", "model": model}
    record = only(png(("invokeai_metadata", {**document, "loras": [lora]})))
    assert (record.checkpoints, record.networks) == ((Named("lakeboat_v3"),), (Named("ink"),))


IMAGE = {"prompt": [{"prompt": "a boat [blur, fog]", "weight": 1.0}], "steps": 50, "sampler": "k_lms", "seed": 1}
VERSION_2 = {"model": "stable diffusion", "model_weights": "lakeboat", "app_id": "invoke-ai/InvokeAI", "image": IMAGE}


def test_invokeai_2_with_the_sha_256_of_a_file_or_later_of_a_folder():
    dream = ("Dream", '"a boat [blur, fog]" -s 50 -S 1 -W 512 -H 768 -C 5 -A k_lms')
    old = VERSION_2 | {"app_version": "2.2.4", "model_hash": SHA}
    record = only(png(dream, ("sd-metadata", old)))
    assert told(record) == ("InvokeAI", (Named("lakeboat", (SHA,)),), "a boat", "blur, fog")
    new = VERSION_2 | {"app_version": "2.3.0", "model_hash": SHA}
    assert only(png(dream, ("sd-metadata", new))).checkpoints == (Named("lakeboat", (f"uncertain:{SHA}",)),)


def test_invokeai_s_first_record_has_a_prompt_and_no_model():
    record = only(png(("Dream", r'"a \"red\" boat [blur]" -s50 -S1 -W512 -H512 -C7.5 -Ak_lms')))
    assert told(record) == ("InvokeAI", (), 'a "red" boat', "blur")


def test_a_broken_record_of_invokeai_is_told():
    assert "InvokeAI" in read_records(png(("invokeai_metadata", "no JSON"))).remarks[0]


# SwarmUI

SWARMUI = {
    "sui_image_params": {
        "prompt": "a boat",
        "negativeprompt": "blur",
        "model": "sdxl/lakeboat_v3.0",
        "refinermodel": "sdxl/refinerboat",
        "loras": "ink/wash,line",
        "seed": 1,
        "swarm_version": "0.9.7.4",
    },
    "sui_extra_data": {"date": "2026-01-03"},
    "sui_models": [
        {"name": "sdxl/lakeboat_v3.0.safetensors", "param": "model", "hash": "0x" + SHA},
        {"name": "sdxl/refinerboat.safetensors", "param": "refinermodel", "hash": None},
    ],
}


def of_swarmui(record):
    assert told(record) == ("SwarmUI", (Named("lakeboat_v3.0", (f"autov3:{SHA}",)),), "a boat", "blur")
    assert record.also == (Named("refinerboat", (), "refiner"),)
    assert record.networks == (Named("wash"), Named("line"))


def test_swarmui_s_png_jpeg_and_webp():
    indented = json.dumps(SWARMUI, indent=2)
    of_swarmui(only(png(("parameters", indented))))
    block = exif(b"UNICODE\0" + indented.encode("utf-16-le"))
    of_swarmui(only(saved("jpeg", exif=block)))
    of_swarmui(only(saved("webp", exif=block)))
    of_swarmui(only(saved("jpeg", exif=exif(x110=indented))))  # old versions: EXIF's Model
    of_swarmui(only(stealthy(indented, (3,))))


def test_swarmui_beside_its_comfyui_graph_comes_first_and_without_hashes_names_alone():
    loader = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl/lakeboat_v3.0.safetensors"}}
    ends = {"positive": ["6", 0], "negative": ["6", 0]}
    sampler = {"class_type": "KSampler", "inputs": {"model": ["4", 0], **ends}}
    graph = {"4": loader, "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a boat"}}, "10": sampler}
    plain = {"sui_image_params": {"prompt": "a boat", "model": "lakeboat_v3.0", "loras": ["ink"]}}
    found = read_records(png(("prompt", graph), ("parameters", plain)))
    assert [record.program for record in found.records] == ["SwarmUI", "ComfyUI"]
    assert {record.checkpoints for record in found.records} == {(Named("lakeboat_v3.0"),)}


# Draw Things

DRAW_THINGS = {
    "c": "a boat",
    "uc": "blur",
    "model": "lakeboat_v3_f16.ckpt",
    "sampler": "Euler A Trailing",
    "lora": [{"model": "ink_lora_f16.ckpt", "weight": 0.7}],
    "refiner": "refinerboat_q6p_q8p.ckpt",
    "scale": 4.5,
    "seed": 1,
    "size": "512x768",
    "steps": 20,
    "strength": 1,
    "v2": {"model": "lakeboat_v3_f16.ckpt", "sampler": 12},
}
IN_WORDS = """a boat, with a line
and another
-blur
Steps: 20, Sampler: Euler A Trailing, Guidance Scale: 4.5, Seed: 1, Size: 512x768, Model: lakeboat_v3_f16.ckpt, \
Strength: 1.0, Seed Mode: Scale Alike, Refiner: refinerboat_q6p_q8p.ckpt, Refiner Start: 70%, \
LoRA 1 Model: ink_lora_f16.ckpt, LoRA 1 Weight: 0.7, LoRA 2 Model: line_lora_f16.ckpt, LoRA 2 Weight: 1.0"""


def of_draw_things(record):
    assert (record.program, record.checkpoints) == ("Draw Things", (Named("lakeboat_v3_f16"),))
    assert record.also == (Named("refinerboat_q6p_q8p", (), "refiner"),)
    assert record.networks[0] == Named("ink_lora_f16")


def test_draw_things_xmp_as_macos_writes_it():
    record = only(xmp_png("Draw Things", json.dumps(DRAW_THINGS), IN_WORDS))
    assert told(record) == ("Draw Things", (Named("lakeboat_v3_f16"),), "a boat", "blur")
    of_draw_things(record)


def test_draw_things_png_texts_and_exif():
    texts = ("Software", "Draw Things"), ("Description", IN_WORDS), ("Comment", json.dumps(DRAW_THINGS))
    of_draw_things(only(png(*texts)))
    of_draw_things(only(saved("jpeg", exif=exif(b"ASCII\0\0\0" + json.dumps(DRAW_THINGS).encode()))))


def test_draw_things_description_is_no_record_of_the_webui():
    record = only(xmp_png("Draw Things", "", IN_WORDS))
    of_draw_things(record)
    assert (record.prompt, record.negative_prompt) == ("a boat, with a line\nand another", "blur")
    assert len(record.networks) == 2
    assert record.infotext is None


# Mochi Diffusion

CAPTION = (
    "Include in Image: a boat; Model: T-Ford; Exclude from Image: blur; fog; Model: lakeboat_v3_split; Steps: 20; "
    "Guidance Scale: 11.0; Seed: 1; Size: 512x512; Scheduler: DPM-Solver++; ML Compute Unit: CPU & Neural Engine; "
    "Generator: Mochi Diffusion 5.0"
)


def test_mochi_diffusion_s_caption():
    record = only(iptc_jpeg("Mochi Diffusion", CAPTION.replace(" Model: T-Ford;", "")))
    assert told(record) == ("Mochi Diffusion", (Named("lakeboat_v3_split"),), "a boat", "blur; fog")
    assert only(iptc_jpeg("Mochi Diffusion", CAPTION)).checkpoints == (Named("lakeboat_v3_split"),)
    assert only(xmp_png("", "", CAPTION)).checkpoints == (Named("lakeboat_v3_split"),)


def test_mochi_diffusion_without_its_model_and_without_its_caption():
    record = only(iptc_jpeg("Mochi Diffusion", "Include in Image: a boat; Generator: Mochi Diffusion 5.0"))
    assert told(record) == ("Mochi Diffusion", (), "a boat", "")
    assert "Mochi Diffusion" in read_records(iptc_jpeg("Mochi Diffusion", "my holidays")).remarks[0]


# Hugging Face spaces and other programs on top of diffusers

SPACE = {
    "prompt": "a boat",
    "negative_prompt": "blur",
    "resolution": "1024 x 1024",
    "guidance_scale": 5.5,
    "num_inference_steps": 24,
    "sampler": "Euler a",
    "use_upscaler": None,
}


@pytest.mark.parametrize(
    ("named", "model"),
    [
        ({"Model": "Lakeboat v3", "Model hash": SHA.upper()}, Named("Lakeboat v3", (SHA,))),
        ({"Model": {"Model": "Lakeboat v3", "Model hash": "e3c47aedb0"}}, Named("Lakeboat v3", ("e3c47aedb0",))),
        ({"model_id": "someone/lakeboat-xl-3.1"}, Named("lakeboat-xl-3.1")),
    ],
    ids=["as text", "as object", "a repository"],
)
def test_a_space_s_json(named, model):
    assert told(only(png(("parameters", SPACE | named)))) == ("Hugging Face space", (model,), "a boat", "blur")
    block = exif(b"UNICODE\0" + json.dumps(SPACE | named).encode("utf-16-be"), ">")
    assert only(saved("jpeg", exif=block)).checkpoints == (model,)


def test_a_space_that_names_no_model():
    assert told(only(png(("parameters", SPACE)))) == ("Hugging Face space", (), "a boat", "blur")


# what only looks like one


@pytest.mark.parametrize(
    "document",
    [
        {"model": 3, "generation_mode": [], "positive_prompt": {}, "loras": [1, {"model": 2}], "app_version": None},
        {"model_weights": "a", "model_hash": 7, "app_version": "2.3.999999999999999999999", "image": {"prompt": [3]}},
        {"nodes": {"a": 3, "b": {"type": "main_model_loader", "model": [1]}, "c": {"data": {"type": []}}}},
        {"sui_image_params": {"model": [], "loras": [1, None], "prompt": 3}, "sui_models": [{"name": {}, "hash": 1}]},
        {"c": "a", "uc": "b", "sampler": None, "model": 5, "lora": {"a": 1}, "refiner": []},
        {"Software": "NovelAI", "Source": 5, "Comment": [1]},
        {"Model": {"Model": []}, "Model hash": 3, "num_inference_steps": "x"},
    ],
)
def test_values_of_the_wrong_kind_do_no_harm(document):
    for record in read_records(png(("parameters", document))).records:
        assert all(each.name or each.hashes for each in record.checkpoints)


# the AI Horde's programs, imaginAIry


def test_hordeng_and_artbot():
    worker = {"id": "1", "name": "somebody's"}
    settings = {"prompt": "a boat", "negativePrompt": "blur", "sampler": "k_dpm_fast", "model": "Lakeboat XL (SDXL)"}
    document = {"id": "2", "worker": worker, "requestId": "3", **settings, "generator": "HordeNG"}
    expected = "AI Horde", (Named("Lakeboat XL (SDXL)"),), "a boat", "blur"
    assert told(only(saved("jpeg", exif=exif(x10E=json.dumps(document))))) == expected
    words = "a boat,\nSteps: 20, Sampler: k_euler, CFG scale: 5, Seed: 37, Size: 448x1024, model: Lakeboat XL (SDXL)"
    for picture in (png(("Comment", words)), saved("jpeg", comment=words.encode())):
        record = only(picture)
        assert told(record) == ("AI Horde", (Named("Lakeboat XL (SDXL)"),), "a boat,", "")
        assert record.infotext is None


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (
            {"model": "/models/lakeboat_v3.ckpt", "sampler_type": "k_euler", "prompts": [{"text": "a boat"}]},
            "lakeboat_v3",
        ),
        (
            {
                "model_weights": {"name": "Lakeboat 3", "aliases": ["lb3"]},
                "solver_type": "ddim",
                "prompt": [{"text": "a boat", "weight": 1}],
                "negative_prompt": [{"text": "blur", "weight": 1}],
            },
            "Lakeboat 3",
        ),
    ],
    ids=["13", "14"],
)
def test_imaginairy(model, name):
    block = Image.Exif()
    block[0x9286] = json.dumps({"prompt": model | {"prompt_strength": 7.5}})  # as Pillow writes it: ASCII, in IFD0
    block[0x0131] = "Imaginairy / Stable Diffusion custom weights"
    record = only(saved("jpeg", exif=block))
    assert (record.program, record.checkpoints, record.prompt) == ("imaginAIry", (Named(name),), "a boat")


# modelsim's own


def test_our_own_record_also_where_a_converter_has_put_it():
    document = json.dumps({"checkpoint": SHA, "checkpoint_name": "lakeboat_v3"})
    assert told(only(png(("modelsim", document)))) == ("modelsim", (Named("lakeboat_v3", (SHA,)),), "", "")
    assert only(saved("jpeg", exif=exif(b"ASCII\0\0\0" + document.encode()))).checkpoints == (
        Named("lakeboat_v3", (SHA,)),
    )
    assert "modelsim" in read_records(png(("modelsim", "no JSON"))).remarks[0]


# what was begun from another picture


def begun(record):
    assert record.over == bool(record.remark)
    return record.remark.partition("another picture (")[2].partition(")")[0]


def test_of_a_picture_that_was_made_from_another_one_that_is_said():
    novelai = dict(NOVELAI)
    for request, work in (("Img2ImgRequest", "img2img"), ("NativeInfillingRequest", "inpainting"), ("Other", "")):
        novelai["Comment"] = json.dumps({"prompt": "a boat", "request_type": request})
        assert begun(only(png(*novelai.items()))) == work
    for mode, work in (("sdxl_img2img", "img2img"), ("flux_outpaint", "outpainting"), ("txt2img", ""), (7, "")):
        assert begun(only(png(("invokeai_metadata", METADATA | {"generation_mode": mode})))) == work
    version_2 = VERSION_2 | {"image": IMAGE | {"type": "inpaint"}}
    assert begun(only(png(("sd-metadata", version_2)))) == "inpainting"
    for creativity, work in ((0.6, "img2img at a strength of 0.6"), (1, ""), ("0.6", ""), (True, "")):
        settings = SWARMUI["sui_image_params"] | {"initimagecreativity": creativity}
        assert begun(only(png(("parameters", SWARMUI | {"sui_image_params": settings})))) == work
    drawn = json.dumps(DRAW_THINGS | {"strength": 0.7})
    assert begun(only(xmp_png("Draw Things", drawn))) == "img2img at a strength of 0.7"
    in_words = IN_WORDS.replace("Strength: 1.0, Seed", "Strength: 0.7, Seed")
    assert begun(only(xmp_png("Draw Things", "", in_words))) == "img2img at a strength of 0.7"
    caption = CAPTION.replace("Scheduler:", "Starting Image: harbour.png; Scheduler:")
    assert begun(only(iptc_jpeg("Mochi Diffusion", caption))) == "a starting image"
    for plain in (xmp_png("Draw Things", json.dumps(DRAW_THINGS), IN_WORDS), iptc_jpeg("Mochi Diffusion", CAPTION)):
        assert begun(only(plain)) == ""
