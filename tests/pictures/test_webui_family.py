"""Records of the WebUI's family, Civitai, Fooocus and its forks and of smaller programs, built as each writes them:
with Pillow or byte by byte, never with our own writer."""

from __future__ import annotations

import io
import json
import struct
import time

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.identify.evidence.records import of_records
from lib_modelsim.pictures.records.form import TITLE, Named
from lib_modelsim.pictures.records.infotext import parse
from lib_modelsim.pictures.records.reading import read_records

SHA256 = "0123456789" + "ab" * 27


def png(**texts: str) -> bytes:
    file, info = io.BytesIO(), PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword.replace("__", "-"), text)
    Image.new("RGB", (8, 8)).save(file, "png", pnginfo=info)
    return file.getvalue()


def with_exif(kind: str, **tags: str) -> bytes:
    """As Fooocus: texts of EXIF's first IFD, by number."""
    file, exif = io.BytesIO(), Image.Exif()
    for tag, text in tags.items():
        exif[int(tag[1:], 16)] = text
    Image.new("RGB", (8, 8)).save(file, kind, exif=exif)
    return file.getvalue()


def with_user_comment(kind: str, text: str) -> bytes:
    """As piexif's helper writes it: the Exif IFD alone, "UNICODE" and the high byte first."""
    comment = b"UNICODE\0" + text.encode("utf-16-be")
    exif = struct.pack(">HHHII", 1, 0x8769, 4, 1, 26) + bytes(4)
    exif += struct.pack(">HHHII", 1, 0x9286, 7, len(comment), 44) + bytes(4) + comment
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind, exif=b"Exif\0\0MM\0*" + struct.pack(">I", 8) + exif)
    return file.getvalue()


def only(source: bytes):
    found = read_records(source)
    assert found.remarks == ()
    (record,) = found.records
    return record


SETTINGS = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512"


# the infotext


@pytest.mark.parametrize(
    "prompt",
    [
        "{{{a red boat}}}, {best quality}",
        '{"a": "red boat"',
        "a boat\nSteps: 30, Sampler: DDIM, Seed: 9, Model: not_this_one\nby the lake",
        "Steps: to the lake, View: a boat, Model: a woman, Mood: calm",
        "Negative prompts are told below\nA Negative prompt: in the middle",
        "[a|b] boat: red, sail: white, lake: blue",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_prompt_may_look_like_anything(prompt, end):
    lines = [*prompt.split("\n"), "Negative prompt: blur", "Steps: less", f"{SETTINGS}, Model: lakeboat_v3"]
    record = only(png(parameters=end.join(lines)))
    assert record.checkpoints == (Named("lakeboat_v3"),)
    assert (record.prompt, record.negative_prompt) == (prompt, "blur\nSteps: less")


@pytest.mark.parametrize(
    "prompt",
    ["Steps: up, Model: Lisa, View: sunset", "Model: Lisa Ray, Camera: Canon, Lens: 50mm", "a, b: c, d: e, f: g"],
)
def test_a_prompt_alone_is_no_record(prompt):
    assert read_records(png(Comment=prompt)).records == ()


def test_what_stands_behind_the_settings_belongs_to_them():
    text = f"a boat\n{SETTINGS}, Model: lakeboat_v3, Version: v1.6.0\nTemplate: {{a|b}} boat\nNegative Template: blur"
    found = parse(text)
    assert (found.prompt, found.settings["Version"]) == ("a boat", "v1.6.0")
    assert (found.settings["Template"], found.settings["Negative Template"]) == ("{a|b} boat", "blur")
    assert only(png(parameters=text)).checkpoints == (Named("lakeboat_v3"),)


def test_a_record_whose_lines_were_joined():
    text = f"a (red:1.2) boat, best Negative prompt: blur, Steps: few {SETTINGS}, Model: lakeboat_v3"
    record = only(with_exif("jpeg", x010e=text))
    assert record.checkpoints == (Named("lakeboat_v3"),)
    assert (record.prompt, record.negative_prompt) == ("a (red:1.2) boat, best", "blur, Steps: few")
    found = parse(f"a boat {SETTINGS}")
    assert (found.prompt, found.settings["Steps"]) == ("a boat", "20")


def test_the_webui_s_own_model_counts_and_not_one_in_a_template():
    text = f"a\n{SETTINGS}, Model hash: 0123456789, Model: lakeboat_v3, Template: {{a}}, Model: none, Model hash: 1111"
    assert only(png(parameters=text)).checkpoints == (Named("lakeboat_v3", ("0123456789",)),)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("Model hash: 0123456789", Named("", ("0123456789",))),
        ('Hashes: {"model": "0123456789"}', Named("", ("0123456789",))),
        ('Hashes: {"Model:lakeboat_v3": "0123456789", "model": "0123456789"}', Named("lakeboat_v3", ("0123456789",))),
        ('Hashes: {"checkpoint:sub/lakeboat_v3.safetensors": "0123456789"}', Named("lakeboat_v3", ("0123456789",))),
        ('Model: lakeboat_v3, Hashes: {"model": "0123456789"}', Named("lakeboat_v3", ("0123456789",))),
        ("Model: dir\\lakeboat_v3.safetensors", Named("lakeboat_v3")),
        ("model: lakeboat_v3, Model Hash: 0123456789", Named("lakeboat_v3", ("0123456789",))),
        ("Model: , Model hash: N/A", None),
    ],
)
def test_a_model_by_its_hash_or_in_the_hashes(settings, expected):
    record = only(png(parameters=f"a\n{SETTINGS}, {settings}, Version: v1.10.1"))
    assert record.checkpoints == ((expected,) if expected else ())


def test_an_infotext_in_json():
    record = only(with_user_comment("webp", json.dumps({"parameters": f"a\n{SETTINGS}, Model: lakeboat_v3"})))
    assert (record.program, record.checkpoints, record.prompt) == ("WebUI", (Named("lakeboat_v3"),), "a")


def test_forge_s_modules_are_told_and_are_no_checkpoints():
    text = f"a\n{SETTINGS}, Model: flux1-dev, Module 1: ae, Module 2: clip_l, Module 3: t5xxl_fp16, Version: f2.0.1"
    record = only(png(parameters=text))
    assert record.checkpoints == (Named("flux1-dev"),)
    assert [each.name for each in record.networks] == ["ae", "clip_l", "t5xxl_fp16"]


def test_sd_next_says_so():
    text = (
        "a\nNegative prompt: \nSteps: 20, Size: 512x512, Seed: 5, CFG scale: 6, App: SD.Next, Version: 56a8aea, "
        "Pipeline: StableDiffusionXLPipeline, Operations: txt2img; refine, Model: lakeboat_v3, Model hash: 0123456789, "
        "Refiner: sd_xl_refiner_1.0"
    )
    record = only(with_user_comment("webp", text))
    assert (record.program, record.checkpoints) == ("SD.Next", (Named("lakeboat_v3", ("0123456789",)),))
    assert record.also == (Named("sd_xl_refiner_1.0", (), "refiner"),)


# Civitai


def civitai(resources: list[dict[str, object]], more: str = "") -> bytes:
    text = f"a\nNegative prompt: b\n{SETTINGS}{more}, Clip skip: 2, Created Date: 2026-01-04T01:27:21.2717070Z, "
    return with_user_comment("jpeg", text + f"Civitai resources: {json.dumps(resources)}, Civitai metadata: {{}}")


def test_civitai_s_generator_gives_titles_and_versions():
    checkpoint = {"type": "checkpoint", "modelVersionId": 12, "modelName": "Lake Boat", "modelVersionName": "v3"}
    lora = {"type": "lora", "weight": 0.8, "modelVersionId": 13, "modelName": "Ink", "modelVersionName": "v1"}
    record = only(civitai([lora, checkpoint]))
    assert (record.program, record.prompt) == ("Civitai", "a")
    assert record.checkpoints == (Named("Lake Boat", alias=TITLE, version="v3"),)
    assert record.networks == (Named("Ink", alias=TITLE, version="v1"),)
    with_hash = only(civitai([checkpoint], ", Model hash: 0123456789"))
    assert with_hash.checkpoints == (Named("Lake Boat", ("0123456789",), alias=TITLE, version="v3"),)
    with_file = only(civitai([checkpoint], ", Model hash: 0123456789, Model: lakeBoat_v3"))
    assert with_file.checkpoints == (Named("lakeBoat_v3", ("0123456789",)),)


def test_civitai_s_numbers_and_identifiers_are_no_file_names():
    (number,) = only(civitai([{"type": "checkpoint", "modelVersionId": 12}])).checkpoints
    assert (number.name, number.alias) == ("model version 12", "Civitai's number")
    urn = "urn:air:sdxl:checkpoint:civitai:101055@128078"
    (by_urn,) = only(civitai([{"air": urn, "weight": 1}])).checkpoints
    assert (by_urn.name, by_urn.alias) == (urn, "Civitai's identifier")
    urn = "urn:air:flux1:checkpoint:huggingface:org/boat@main/boat.safetensors"
    (as_model,) = only(png(parameters=f"a\n{SETTINGS}, Model: {urn}")).checkpoints
    assert (as_model.name, as_model.alias) == (urn, "Civitai's identifier")


# Fooocus and its forks

FOOOCUS = {
    "base_model": "lakeboat_v3",
    "base_model_hash": "0123456789",
    "loras": [["ink", 0.5, "0123456789ab"]],
    "metadata_scheme": "fooocus",
    "negative_prompt": "blur",
    "performance": "Speed",
    "prompt": "a boat",
    "refiner_model": "fine",
    "refiner_model_hash": "2222222222",
    "vae": "Default (model)",
    "version": "Fooocus v2.5.5",
}


def fooocus(scheme: str) -> str:
    a1111 = (
        f"a boat\nNegative prompt: blur\n{SETTINGS}, Sharpness: 2, Model: lakeboat_v3, Model hash: 0123456789, "
        'Performance: Speed, VAE: Default (model), Raw prompt: "a, boat", Refiner: fine, Refiner hash: 2222222222, '
        'Lora hashes: "ink: 0123456789ab", Lora weights: "ink: 0.5", Version: Fooocus v2.5.5'
    )
    return a1111 if scheme == "a1111" else json.dumps(FOOOCUS)


@pytest.mark.parametrize("scheme", ["fooocus", "a1111"])
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_fooocus_in_both_schemes_and_every_format(scheme, kind):
    written = fooocus(scheme)
    if kind == "png":
        source = png(parameters=written, fooocus_scheme=scheme)
    else:
        source = with_exif(kind, x9286=written, x0131="Fooocus v2.5.5", x927c=scheme)
    record = only(source)
    assert record.program == "Fooocus"
    assert record.checkpoints == (Named("lakeboat_v3", ("0123456789",)),)
    assert record.also == (Named("fine", ("2222222222",), "refiner"),)
    assert record.networks == (Named("ink", ("0123456789ab",)),)
    assert (record.prompt, record.negative_prompt) == ("a boat", "blur")


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_fooocusplus_and_simplesdxl(kind):
    document = {
        "Backend Engine": "SDXL-Fooocus",
        "Base Model": "lakeboat_v3.safetensors",
        "Base Model Hash": "0123456789",
        "LoRA 1": "ink : 0.5",
        "Metadata Scheme": "Fooocus",
        "Prompt": "a boat",
        "Refiner Model": "None",
        "VAE": "Default (model)",
        "Version": "SimpleSDXL2 v20",
    }
    text = json.dumps(document)
    record = only(png(Comment=text) if kind == "png" else with_exif(kind, x9286=text, x927c="simple"))
    assert record.program == "SimpleSDXL"
    assert record.checkpoints == (Named("lakeboat_v3", ("0123456789",)),)
    assert (record.also, record.networks, record.prompt) == ((), (Named("ink"),), "a boat")


def test_ruinedfooocus():
    document = {
        "Prompt": "a boat",
        "Negative": "blur",
        "base_model_name": "sub/lakeboat_v3.safetensors",
        "base_model_hash": SHA256.upper(),
        "loras": [["ab" * 32, "0.5 - ink.safetensors"]],
        "software": "RuinedFooocus",
    }
    record = only(png(parameters=json.dumps(document)))
    assert (record.program, record.negative_prompt) == ("RuinedFooocus", "blur")
    assert record.checkpoints == (Named("lakeboat_v3", (SHA256,)),)
    assert record.networks == (Named("ink", ("ab" * 32,)),)


# others


def test_tensorart_gives_the_true_name_beside_its_own_number():
    base = {"label": "v16", "type": "BASE_MODEL", "modelFileName": "lakeboat_v3", "hash": SHA256.upper()}
    lora = {"type": "LORA", "modelFileName": "ink", "hash": "AB" * 32}
    data = json.dumps({"prompt": "a boat", "negativePrompt": "blur", "baseModel": base, "models": [lora]})
    graph = {
        "2": {"class_type": "ECHOCheckpointLoaderSimple", "inputs": {"ckpt_name": "EMS-14-EMS.safetensors"}},
        "3": {"class_type": "KSampler", "inputs": {"model": ["2", 0], "positive": ["6", 0], "negative": ["6", 0]}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a boat"}},
    }
    found = read_records(png(generation_data=data + "\0", prompt=json.dumps(graph)))
    assert found.remarks == ()
    record, other = found.records
    assert (record.program, record.prompt, record.negative_prompt) == ("TensorArt", "a boat", "blur")
    assert (record.checkpoints, record.networks) == ((Named("lakeboat_v3", (SHA256,)),), (Named("ink", ("ab" * 32,)),))
    (alias,) = other.checkpoints
    assert (alias.name, alias.alias) == ("EMS-14-EMS", "TensorArt's own number")


def test_stabilitymatrix_and_the_infotext_beside_it():
    told = {
        "PositivePrompt": "a boat",
        "NegativePrompt": "",
        "ModelHash": SHA256.upper(),
        "ModelName": "lakeboat_v3.ckpt",
    }
    infotext = f"a boat\r\n\nNegative prompt: \r\n\n{SETTINGS}, Model hash: {SHA256.upper()}, Model: lakeboat_v3.ckpt"
    expected = (Named("lakeboat_v3", (SHA256,)),)
    record = only(png(parameters=infotext, parameters__json=json.dumps(told), smproj="{}"))
    assert (record.program, record.checkpoints, record.infotext) == ("StabilityMatrix", expected, infotext)
    record = only(png(parameters__json=json.dumps(told)))
    assert (record.program, record.checkpoints, record.prompt) == ("StabilityMatrix", expected, "a boat")


EASY = {
    "prompt": "a boat",
    "negative_prompt": "blur",
    "seed": 5,
    "use_stable_diffusion_model": "sub/lakeboat_v3",
    "use_vae_model": None,
    "num_inference_steps": 25,
    "use_lora_model": ["ink", "pen"],
}


def test_easy_diffusion_in_texts_and_in_json():
    spelled = {"Prompt": "a boat", "Negative Prompt": "blur", "Stable Diffusion model": "C:\\models\\lakeboat_v3"}
    for source, networks in (
        (png(**{key: str(value) for key, value in EASY.items()}), ["ink", "pen"]),
        (with_user_comment("jpeg", json.dumps(EASY)), ["ink", "pen"]),
        (png(**spelled), []),
        (with_user_comment("webp", json.dumps(spelled)), []),
    ):
        record = only(source)
        assert (record.program, record.checkpoints) == ("Easy Diffusion", (Named("lakeboat_v3"),))
        assert (record.prompt, record.negative_prompt) == ("a boat", "blur")
        assert [each.name for each in record.networks] == networks


def test_paddlenlp_and_not_the_picture_that_it_was_made_from():
    written = (
        "a boat\nview: of the lake\nNegative prompt: blur\nSteps: 50\nSampler: PNDM\nCFG scale: 7.5\nSeed: 5\n"
        "width: 512\nheight: 512\nmax_embeddings_multiples: 3\nmodel_name: runwayml/lakeboat-v3\n"
    )
    before = f"a cat\n{SETTINGS}, Model: otherboat_v1"
    record = only(png(Software="PaddleNLP", parameters=written, original_parameters=before))
    assert (record.program, record.checkpoints) == ("PaddleNLP", (Named("lakeboat-v3"),))
    assert (record.prompt, record.negative_prompt) == ("a boat\nview: of the lake", "blur")
    single = {"prompt": "a boat", "negative_prompt": "blur", "num_inference_steps": "50", "model_name": "lakeboat-v3"}
    record = only(png(**single))
    assert (record.program, record.checkpoints, record.prompt) == ("PaddleNLP", (Named("lakeboat-v3"),), "a boat")


# nothing good


@pytest.mark.parametrize(
    "hostile",
    [
        "ab: [, " * 600_000,
        "ab: {\n" * 600_000,
        "Steps: 20, " * 380_000,
        ("Steps: 20\n" * 400_000) + "a",
        "Negative prompt: " * 240_000,
        'ab: "\\", ' * 450_000,
        "ab: " + "[" * 4_000_000,
        "ab: " + '{"a":' * 800_000,
        "a " * 2_000_000,
        "<lora:" * 690_000,
        "Hashes: " + json.dumps({f"Model:{i}": "0123456789" for i in range(90_000)}) + f", {SETTINGS}",
        "ADetailer checkpoint " * 190_000,
        "".join(f"<lora:{i}:1> " for i in range(250_000)) + f"\n{SETTINGS}",
        f"a\n{SETTINGS}, Lora hashes: " + json.dumps(", ".join(f"{i}: 0123456789" for i in range(200_000))),
        f"a\n{SETTINGS}, Refiner: " + json.dumps("x [" * 1_000_000),
        json.dumps(FOOOCUS | {"loras": [[f"a{i}", 1, "0123456789"] for i in range(130_000)]}),
        json.dumps(FOOOCUS | {f"lora_combined_{i}": f"a{i} : 1" for i in range(100_000)}),
        json.dumps({"baseModel": {"modelFileName": "x"}, "models": [{"modelFileName": "a"}] * 150_000}),
        json.dumps({"use_stable_diffusion_model": "x", "use_lora_model": [f"a{i}" for i in range(300_000)]}),
        '{"use_stable_diffusion_model": "' + "[" * 9_000 + '"}',
        "\n" * 4_000_000,
        " " * 4_000_000 + "x",
    ],
    ids=range(22),
)
def test_no_settings_take_long(hostile):
    source = png(parameters=hostile, Comment=hostile[:1_000_000])
    start = time.process_time()
    of_records(read_records(source), [])
    assert time.process_time() - start < 4, "0.7 s for two texts where nothing else runs"


DREW = "a boat\nSteps: 20, Sampler: Euler a, Seed: 5, Size: 512x512, Model hash: 0123456789, Model: lakeboat_v3"


def test_a_grid_of_checkpoints_is_none_of_them_alone_although_its_record_is_the_first_cell_s():
    """AUTOMATIC1111 scripts/xyz_grid.py."""
    values = "lakeboat_v3.safetensors [0123456789], sub/otherboat.safetensors [9876543210]"
    axes = f', Script: X/Y/Z plot, X Type: Seed, X Values: "1,2", Y Type: Checkpoint name, Y Values: "{values}"'
    records = read_records(png(parameters=DREW + axes))
    (record,) = records.records
    assert record.checkpoints == (Named("lakeboat_v3", ("0123456789",)), Named("otherboat", ("9876543210",)))
    told = of_records(records, [])
    assert [(piece.model, piece.certainty) for piece in told] == [("lakeboat_v3", 0.495), ("otherboat", 0.495)]
    assert all("it is a grid of what these checkpoints draw" in piece.detail for piece in told)
    other = f', Script: X/Y/Z plot, X Type: Steps, X Values: "10,20", Y Type: Sampler, Y Values: "{values}"'
    assert [each.name for each in read_records(png(parameters=DREW + other)).records[0].checkpoints] == [
        "lakeboat_v3"
    ]


@pytest.mark.parametrize(
    ("more", "work"),
    [
        ("Denoising strength: 0.3", "img2img at a strength of 0.3"),
        ("Denoising strength: 1, Mask blur: 4", "inpainting"),
    ],
)
def test_what_worked_over_another_picture_is_not_sure_to_have_drawn_it(more, work):
    (piece,) = of_records(read_records(png(parameters=f"{DREW}, {more}")), [])
    assert (piece.model, piece.certainty) == ("lakeboat_v3", 0.8)
    assert piece.detail.endswith(
        f"; it was perhaps made from another picture ({work}), and what drew that is not told"
    )


@pytest.mark.parametrize(
    "more",
    [
        *("Denoising strength: 1", "Denoising strength: 0.4, Hires upscale: 2, Hires upscaler: Latent"),
        "Denoising strength: 0.7, First pass size: 512x512",
    ],
)
def test_a_second_pass_is_no_other_picture(more):
    (piece,) = of_records(read_records(png(parameters=f"{DREW}, {more}")), [])
    assert piece.certainty == 0.99
    assert "another picture" not in piece.detail


def test_settings_told_in_prose_are_no_record():
    said = "In this article we set Steps: 20, Sampler: DPM++, Model: lakeboat_v3 and got a good result."
    assert read_records(png(Description=said)).records == ()
    assert read_records(png(Comment="Training.\nSteps: 2000, Seed: 4, Model: lakeboat_v3")).records == ()
    assert read_records(png(parameters="a boat\nSteps: 20, Seed: 4, Model: lakeboat_v3")).records != ()


@pytest.mark.parametrize("digits", ["0000000000", "e3b0c44298"])
def test_the_hash_of_nothing_is_no_hash(digits):
    (record,) = read_records(png(parameters=DREW.replace("0123456789", digits))).records
    assert record.checkpoints == (Named("lakeboat_v3"),)


@pytest.mark.parametrize("name", ["Unknown", "N/A", "none"])
def test_a_model_that_the_program_did_not_know_is_none(name):
    settings = DREW.replace("Model hash: 0123456789, Model: lakeboat_v3", f"CFG scale: 7, Model: {name}")
    (record,) = read_records(png(parameters=settings)).records
    assert record.checkpoints == ()
