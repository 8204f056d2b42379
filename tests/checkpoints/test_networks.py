"""Networks: their definitions are checked, and tell every list of keys that the definitions are for."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from lib_modelsim.checkpoints import blocks, networks
from lib_modelsim.checkpoints.architecture import FOREIGN_SHARE, kind_of, recognise, variant_of
from lib_modelsim.checkpoints.hashing import identify
from lib_modelsim.checkpoints.names import common_names, in_every_layout
from lib_modelsim.checkpoints.networks import DefinitionError, Role
from lib_modelsim.checkpoints.networks.keys import Keys, Marker
from lib_modelsim.checkpoints.networks.reading import read_definition
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.checkpoints.stored import StoredTensor
from lib_modelsim.similarity.attention import Variant, attention_keys

from .key_lists import KeyList, key_list, names

PROBE = Variant(seed=1, linears=6, decoder_only=False)

DEFINED = {
    "Stable Diffusion 1.5": "SD 1.x",
    "Stable Diffusion 2": "SD 2.x",
    "Stable Diffusion 2.1": "SD 2.x",
    "Stable Diffusion x4 upscaler": "SD 2.x",
    "SDXL": "SDXL",
    "SSD-1B": "SSD-1B",
    "Segmind Vega": "Segmind Vega",
    "KOALA 1B": "KOALA",
    "KOALA 700M": "KOALA",
    "Kolors": "Kolors",
    "Stable Video Diffusion": "SVD",
    "SDXL refiner": "SDXL refiner",
    "SD3": "SD3",
    "SD3.5": "SD3",
    "Flux.1": "Flux",
    "Flux.1 lite 8B": "Flux",
    "Flex.2": "Flux",
    "AuraFlow": "AuraFlow",
    "AuraFlow 0.3, Pony v7": "AuraFlow",
    "Z-Image": "Z-Image",
    "Z-Image Omni": "Z-Image",
    "Lumina 2": "Lumina 2",
    "Chroma": "Chroma",
    "Chroma Radiance": "Chroma Radiance",
    "Flux.2": "Flux.2",
    "Qwen-Image": "Qwen-Image",
    "Qwen-Image Layered": "Qwen-Image",
    "Wan 2.1": "Wan",
    "Wan 2.1 / 2.2": "Wan",
    "Wan 2.2": "Wan",
    "Wan 2.2 Animate 2": "Wan Animate 2",
    "Wan 2.2 S2V": "Wan S2V",
    "Anima": "Anima",
    "Cosmos-Predict2": "Cosmos-Predict2",
    "HiDream-I1": "HiDream-I1",
    "HiDream-O1": "HiDream-O1",
    "HunyuanDiT": "HunyuanDiT",
    "HunyuanImage 2.1": "HunyuanImage 2.1",
    "HunyuanVideo": "HunyuanVideo",
    "HunyuanVideo 1.5": "HunyuanVideo 1.5",
    "Kandinsky 5": "Kandinsky 5",
    "Krea 2": "Krea 2",
    "OmniGen2": "OmniGen2",
    "PixArt-α": "PixArt-α",
    "PixArt-Σ": "PixArt-Σ",
    "Stable Cascade": "Stable Cascade",
    "cascade-stage-a.original": "VAE of Stable Cascade",
    "LTX-Video": "LTX-Video",
    "ERNIE-Image": "ERNIE-Image",
    "Flux.3": "Flux.3",
    "Qwen-Image 2.1": "Qwen-Image 2.1",
    "Ideogram 4": "Ideogram 4",
    "Bria Fibo 2": "Bria Fibo 2",
    "Boogu-Image": "Boogu-Image",
    "MOSS-Image": "MOSS-Image",
    "JoyAI-Image": "JoyAI-Image",
    "MiniMax-H3": "MiniMax-H3",
    "LongCat-Video": "LongCat-Video",
    "SenseNova-U1.5": "SenseNova-U1.5",
    "VAE of SD 1.x, 2.x, SDXL": "VAE of SD or SDXL",
    "VAE of Flux.1, Z-Image, Lumina 2, Chroma, HiDream": "VAE of Flux.1 or SD3",
    "VAE of Flux.1, Z-Image, Lumina 2, Chroma, HiDream, SD3": "VAE of Flux.1 or SD3",
    "VAE of Flux.2": "VAE of Flux.2",
    "VAE of Qwen-Image, Anima, Wan 2.1": "VAE of Wan 2.1 or Qwen-Image",
    "VAE of Wan 2.1, Qwen-Image, Anima": "VAE of Wan 2.1 or Qwen-Image",
    "VAE of Wan 2.2 5B": "VAE of Wan 2.2 5B",
    "VAE of Qwen-Image 2.1": "VAE of Qwen-Image 2.1",
    "CLIP-L text encoder": "text encoder CLIP-L",
    "OpenCLIP bigG text encoder": "text encoder CLIP-bigG",
    "OpenCLIP H text encoder": "text encoder OpenCLIP-H",
    "T5-XXL encoder": "text encoder T5-XXL",
    "UMT5-XXL encoder of Wan": "text encoder UMT5-XXL",
    "Pile-T5-XL encoder of AuraFlow": "text encoder Pile-T5-XL",
    "Qwen3-0.6B text encoder": "text encoder Qwen3 0.6B",
    "Qwen3-4B text encoder": "text encoder Qwen3 4B",
    "Qwen3-8B text encoder": "text encoder Qwen3 8B",
    "Qwen2.5-VL 7B text encoder": "text encoder Qwen2.5-VL 7B",
    "Gemma 2 2B text encoder": "text encoder Gemma 2 2B",
}
"""A list's network, or its own name where it is another part → the definition that tells it."""

WHOLE = {name for name in DEFINED.values() if not re.match("SD |SDXL|VAE", name)}
"""Of their lists every key has a place, but for buffers and markers."""


ONE_NAME = re.compile(r"transformer_(?=blocks)")
"""What Cosmos-Predict2 and PixArt call `blocks` is `transformer_blocks` in diffusers; a block has the maker's name."""


def defined(found: KeyList) -> str | None:
    return DEFINED.get(found.file, DEFINED.get(found.network))


Row = tuple[str, str | None, str | None, str | None]


def told(found: KeyList, named: Sequence[tuple[str, StoredTensor]]) -> tuple[str, list[Row]]:
    """The architecture, and (key of the file, component, block, block of the list) of every tensor."""
    architecture = networks.public_name(kind_of({key: tensor.shape for key, tensor in named}))
    renamed = architecture == "Cosmos-Predict2" or architecture.startswith("PixArt")
    rows = [
        (
            tensor.key,
            *blocks.place(architecture, key),
            ONE_NAME.sub("", found.block(tensor.key) or "") or None if renamed else found.block(tensor.key),
        )
        for key, tensor in named
        if tensor.key != "scaled_fp8"  # a mark on the file, no weight
    ]
    return architecture, rows


@pytest.mark.parametrize("name", names())
def test_every_key_list_is_its_one_network_or_unknown(name):
    found = key_list(name)
    named = common_names(found.tensors)
    architecture, rows = told(found, named)
    if name.startswith("adapter."):
        assert architecture in ("LoRA", "unknown")
    elif defined(found) is None:
        assert architecture in ("unknown", "VAE of Stable Cascade")
    else:
        assert architecture == defined(found)
        wrong = [row for row in rows if row[3] is not None and row[1:3] != ("unet", row[3])]
        assert wrong == []
        if defined(found) in WHOLE:
            assert [row for row in rows if row[1] == "other" and not row[0].startswith("model.model_sampling.")] == []
    shapes = Keys({key: tensor.shape for key, tensor in named})
    holding = [network.name for network in networks.networks() if network.markers.must and network.markers.hold(shapes)]
    assert sum(networks.find(each).role is Role.NETWORK for each in holding) <= 1, "no list is two networks at once"


def test_there_are_as_many_lists_as_ever(shared):
    assert len(names()) >= 253


BOTH = sorted({name.removesuffix(".diffusers") for name in names() if name.endswith(".diffusers")} & {
    name.removesuffix(".original") for name in names() if name.endswith(".original")
})  # fmt: skip
"""What is listed by the maker's names and by diffusers'."""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("zimage.original", "zimage.original-prefix"),
        ("auraflow-v03.original", "auraflow-v03.original-bare"),
        ("qwen-image.diffusers", "qwen-image.original-prefix"),
        ("wan21-t2v-14b.original", "wan21-t2v-14b.original-prefix"),
        ("chroma.original", "chroma.original-prefix"),
        ("lumina2.original", "lumina2.original-prefix"),
        ("flux-dev.original", "flux-dev.original-prefix"),
        *((f"{name}.original", f"{name}.diffusers") for name in BOTH),
        ("sd15.diffusers-unet", "sd15.original"),
        ("svd.diffusers-unet", "svd.original-unet"),
        ("sdxl.diffusers-unet", "sdxl.original"),
    ],
)
def test_two_layouts_of_one_network_have_the_same_names_and_shapes(shared, first, second):
    def network(name: str) -> dict[str, tuple[int, ...]]:
        named = dict(common_names(key_list(name).tensors))
        architecture = recognise({key: tensor.shape for key, tensor in named.items()}).name
        found = {
            key: tensor.shape
            for key, tensor in named.items()
            if key.startswith("model.diffusion_model.") and in_every_layout(key, architecture)
        }
        return {key: shape[:2] if shape[2:] in ((1, 1), ()) else shape for key, shape in found.items()}

    assert network(first) == network(second)


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("sd15.original", None),
        ("sd15-inpaint.original", "inpainting"),
        ("sd15-pix2pix.diffusers-unet", "edit"),
        ("sd2-depth.original", "depth"),
        ("sdxl-vpred.original", "v-prediction"),
        ("sdxl-edm-vpred.original", "EDM v-prediction"),
        ("sdxl-inpaint.original", "inpainting"),
        ("flux-dev.original", None),
        ("flux-schnell.original", "schnell"),
        ("flux-fill.original", "Fill"),
        ("flux-depth.original", "Depth or Canny"),
        ("zimage-omni.diffusers", "Omni"),
        ("sd3-medium.original", "medium"),
        ("sd35-medium.diffusers", "SD3.5 medium"),
        ("sd2-x4-upscaler.unet-original", "x4 upscaler"),
        ("koala-700m.original", "700M"),
        ("koala-1b.original", "1B"),
        ("flux3-klein.published", "klein"),
        ("flux3-klein-base.published", "klein base"),
    ],
)
def test_variants_are_told(shared, name, variant):
    assert variant_of({key: tensor.shape for key, tensor in common_names(key_list(name).tensors)}) == variant


@pytest.mark.parametrize("name", ["sd35-medium", "sd35-large"])
def test_a_variant_with_a_name_of_its_own_is_called_by_it(shared, name):
    with open_checkpoint(shared / "cases" / "weights" / "c31b_sd35_norms" / f"{name}.safetensors") as model:
        assert model.layout.name == name.replace("sd35-", "SD3.5 ")


# what a file is called


VAE = {"first_stage_model.decoder.conv_in.weight": (100, 100), "first_stage_model.encoder.conv_in.weight": (100, 100)}
TEXT = {"cond_stage_model.transformer.text_model.final_layer_norm.weight": (20_000,)}


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        (VAE, "VAE"),
        (TEXT, "text encoder"),
        (VAE | {"loss.discriminator.main.0.weight": (500, 500)}, "VAE"),
        (VAE | {"logvar": (), "counter": (100,)}, "VAE"),
        (VAE | TEXT, "unknown"),
        (VAE | {"model.blocks.0.weight": (50, 50)}, "unknown"),
        (TEXT | {"model.blocks.0.weight": (50, 50)}, "unknown"),
        (VAE | TEXT | {"control_model.input_blocks.1.weight": (50, 50)}, "unknown"),
    ],
)
def test_a_part_is_called_so_only_where_it_is_all_there_is(shapes, expected):
    assert recognise(shapes).name == expected
    assert FOREIGN_SHARE < 0.05


def test_a_context_of_2048_alone_is_not_sdxl():
    shapes = {"model.diffusion_model.transformer_blocks.0.attn2.to_k.weight": (2048, 2048)}
    assert recognise(shapes).name == "unknown"


def stack(stem: str, layers: int = 4, **others: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {f"{stem}.{n}.attn.weight": (8, 8) for n in range(layers)} | others


def test_unknown_networks_are_told_apart_by_their_layers():
    one, other = stack("blocks"), stack("layers")
    assert networks.public_name(kind_of(one)) == networks.public_name(kind_of(other)) == "unknown"
    assert kind_of(one) != kind_of(other)
    assert kind_of(one) == kind_of(one | VAE) == kind_of(one | TEXT) == kind_of(one | {"head.weight": (2, 2)})
    assert kind_of(one) != kind_of(stack("blocks", layers=60))
    assert kind_of(VAE | TEXT) == "unknown"
    assert kind_of({"emb_params": (2, 8)}) != kind_of({"clip_g": (2, 8)})
    assert blocks.place(kind_of(one), "blocks.3.attn.weight") == ("unet", "blocks.3")


# definitions


def test_every_definition_has_its_source_and_is_used():
    for file in networks.FOLDER.glob("*.json"):
        assert networks.find(read_definition(file).name).file == file
        assert json.loads(file.read_text(encoding="utf-8"))["source"]
    assert networks.find("no such network") is None


def definition(**changes) -> dict:
    content = {
        "name": "Toy",
        "source": "made up",
        "recognise": {"must": [r"model\.diffusion_model\.toys\."]},
        "layouts": [
            {"prefixes": ["", "model.diffusion_model."], "to": "model.diffusion_model.", "must": [r"toys\.\d+\."]}
        ],
        "rules": [[r"model\.diffusion_model\.toys\.([0-9]{1,3})\.", "unet", "toys.{:02d}"]],
        "order": ["IN", "toys.", "OUT"],
        "attention": [{"key": r"model\.diffusion_model\.toys\.\d+\.q\.weight", "separate": ["q", "k", "v"]}],
    }
    return {key: value for key, value in (content | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": None}, r"toy.json: name: missing"),
        ({"name": 5}, r"toy.json: name: 5 is not str"),
        ({"source": None}, r"toy.json: source: missing"),
        ({"rool": "x"}, r"toy.json: rool: no such field"),
        ({"role": "thing"}, r"toy.json: role: 'thing' must be one of"),
        ({"recognise": {"must": ["("]}}, r"toy.json: recognise: must\[0\]: '\(' is not a regular expression"),
        ({"recognise": {"must": [{"shape": [1]}]}}, r"toy.json: recognise: must\[0\]: a marker has either"),
        ({"rules": [["a", "unet"]]}, r"toy.json: rules\[0\]: a rule is"),
        ({"rules": [["a", "unet", "D{:02d}"]]}, r"toy.json: rules\[0\]: the block 'D\{:02d\}' takes a number"),
        ({"order": []}, r"toy.json: order: 'toys.' of the block"),
        ({"layouts": [{"prefixes": []}]}, r"toy.json: layouts\[0\]: prefixes: at least one"),
        ({"layouts": [{"prefixes": [""]}]}, r"toy.json: layouts\[0\]: must: bare names need a marker"),
        ({"attention": [{"key": "a", "separate": ["q"]}]}, r"toy.json: attention\[0\]: 3 names"),
        ({"known_models": [{"name": "a", "source": "b", "sha256": "c"}]}, r"toy.json: known_models\[0\]: sha256: 64"),
        ({"like": "nothing"}, r"toy.json: like: there is no nothing.json"),
    ],
)
def test_a_wrong_definition_is_told_with_file_and_field(tmp_path, changes, message):
    file = tmp_path / "toy.json"
    file.write_text(json.dumps(definition(**changes)), encoding="utf-8")
    with pytest.raises(DefinitionError, match=message):
        read_definition(file)


def test_a_broken_file_is_told(tmp_path):
    file = tmp_path / "toy.json"
    file.write_text("{", encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"toy.json: not valid JSON"):
        read_definition(file)


def saved(path: Path, weights: dict[str, np.ndarray]) -> Path:
    save_file({key: np.ascontiguousarray(values) for key, values in weights.items()}, path)
    return path


def toy(seed: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    names = [f"toys.{n}.{part}.weight" for n in range(12) for part in "qkvo"] + ["toys.3.norm.bias"]
    return {name: generator.standard_normal((8, 8)).astype(np.float32) for name in names}


def test_one_file_adds_a_network(tmp_path):
    file = tmp_path / "toy.json"
    file.write_text(json.dumps(definition()), encoding="utf-8")
    bare = saved(tmp_path / "bare.safetensors", toy(1))
    whole = saved(tmp_path / "whole.safetensors", {f"model.diffusion_model.{k}": v for k, v in toy(1).items()})
    assert networks.public_name(open_checkpoint(bare).architecture) == "unknown"
    with networks.registered(file) as network:
        one, other = open_checkpoint(bare), open_checkpoint(whole)
        assert one.architecture == other.architecture == network.name == "Toy"
        assert one.layout == other.layout
        assert one.layout.blocks == tuple(f"toys.{n:02d}" for n in range(12))
        assert len(attention_keys(one.layout, PROBE)) == 12
        assert blocks.order(["OUT", "toys.11", "toys.02", "IN"]) == ["IN", "toys.02", "toys.11", "OUT"]
    assert networks.find("Toy") is None


def test_the_documented_example_is_the_real_definition():
    text = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
    section = text.partition("## Add a network\n")[2].partition("\n## ")[0]
    example = json.loads(re.search(r"```json\n(.*?)```", section, re.DOTALL)[1])
    assert example == json.loads((networks.FOLDER / "qwen_image.json").read_text(encoding="utf-8"))
    assert len(section.strip().splitlines()) < 30


def test_blocks_of_all_networks_have_one_order():
    assert blocks.order(["VAE", "OUT08", "S01", "D00", "M00", "IN02", "BASE", "IN00"]) == [
        *("BASE", "IN00", "IN02", "M00", "D00", "S01", "OUT08", "VAE")
    ]
    mixed = ["OUT", "layers.10", "layers.02", "noise_refiner.00", "context_refiner.01", "IN", "zebra.3", "zebra.20"]
    assert blocks.order(mixed) == [
        *("IN", "noise_refiner.00", "context_refiner.01", "layers.02", "layers.10", "OUT", "zebra.3", "zebra.20")
    ]
    for network in networks.networks():
        assert blocks.order(f"{word}" for word in network.order) == list(network.order)


@pytest.mark.parametrize(
    ("pattern", "key", "found"),
    [
        (r"ab+\.", "abb.x", True),
        (r"ab?c", "ac", True),
        (r"a|b", "b", True),
        (r"a\.(?:b|c)", "a.c", True),
        (r"a\d{2}", "a12", True),
        (r"a\.b", "axb", False),
        (r"b", "ab", False),
    ],
)
def test_a_marker_finds_its_key_however_it_begins(pattern, key, found):
    assert Marker(re.compile(pattern)).holds(Keys({"0": (1,), key: (2, 3), "zz": (1,)})) is found


# the same Z-Image under three names


@pytest.fixture(scope="module")
def z_image(shared):
    return shared / "cases" / "weights" / "c09_zimage"


@pytest.mark.parametrize("other", ["zimage-diffusers-keys", "zimage-aio"])
def test_a_z_image_is_the_same_under_the_names_of_every_tool(z_image, other):
    one, two = (open_checkpoint(z_image / f"{name}.safetensors") for name in ("zimage-comfy", other))
    assert one.architecture == two.architecture == "Z-Image"
    assert identify(one).content["unet"] == identify(two).content["unet"]
    assert attention_keys(one.layout, PROBE) == attention_keys(two.layout, PROBE)
    assert len(attention_keys(one.layout, PROBE)) == 10


def test_a_merge_of_the_attention_alone_is_another_z_image(z_image):
    one, two = (
        open_checkpoint(z_image / f"{name}.safetensors")
        for name in ("zimage-diffusers-keys", "attention-lora-merged-comfy")
    )
    assert identify(one).content["unet"] != identify(two).content["unet"]
