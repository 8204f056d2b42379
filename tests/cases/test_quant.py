"""Quantised files that people asked about: named for what they are, compared where an open rule decodes them."""

from __future__ import annotations

import json

import pytest

from lib_modelsim.cli.main import main


@pytest.fixture
def asked(shared, capsys):
    """The JSON document of a command over a case's folder."""

    def ask(command, case, *options):
        arguments = [command, "--no-library", "--json", *options, str(shared / "cases" / "weights" / case)]
        assert main(arguments) == 0
        return json.loads(capsys.readouterr().out)

    return ask


def precisions(document):
    return {
        row["name"]: {part: component["dtype"] for part, component in row["components"].items()}
        for row in document["checkpoints"]
    }


def test_c15_files_that_nobody_can_compare_are_listed_hashed_and_told_apart(asked):
    found = asked("scan", "c15_quantised")
    assert len(found["checkpoints"]) == 6
    assert all(row["error"] is None and len(row["sha256"]) == 64 for row in found["checkpoints"])
    assert sorted(copy["same"] for copy in found["copies"]) == ["same file"] * 3
    named = {name: set(parts.values()) for name, parts in precisions(found).items()}
    assert named["flux1-dev-bnb-nf4"] == {"NF4"}
    assert named["svdq-copy"] == named["svdq-int4_r32-flux.1-dev"] == {"SVDQuant"}
    assert {row["format"] for row in found["checkpoints"]} == {"gguf", "safetensors"}
    barred = {row["name"]: list(row["barred"].values()) for row in found["checkpoints"]}
    assert barred["flux1-dev-bnb-nf4"] == ["NF4 cannot be compared: its shape is missing"]


def test_c15_compare_gives_reasons_and_no_number(asked):
    found = asked("compare", "c15_quantised")
    assert {value for row in found["overall"] for value in row} == {None}
    told = {reason["reason"] for reason in found["reasons"] if reason["a"] == reason["b"]}
    assert any(reason.startswith("SVDQuant cannot be compared: ") for reason in told)
    assert any(reason.startswith("NF4 cannot be compared: ") for reason in told)


def test_c16_a_scaled_text_encoder_does_not_close_the_transformer(asked):
    found = precisions(asked("scan", "c16_scaled"))
    for name in ("zimage-aio-te-scaled-a", "zimage-aio-te-scaled-b"):
        assert found[name]["unet"] == "BF16"
        assert any(part.startswith("te") for part in found[name])
    assert found["zimage-fp8-comfy_quant"]["unet"] == "fp8 scaled"
    assert found["zimage-nvfp4"]["unet"] == "nvfp4"
    compared = asked("compare", "c16_scaled", "--measure", "cosine")
    place = {name: i for i, name in enumerate(compared["models"])}
    a, b, fp8, nvfp4 = (place[f"zimage-{name}"] for name in ("aio-te-scaled-a", "aio-te-scaled-b",
                                                            "fp8-comfy_quant", "nvfp4"))  # fmt: skip
    assert compared["overall"][a][b] is not None
    assert compared["overall"][a][fp8] is not None
    assert compared["overall"][a][nvfp4] is None  # its block scales do not stand as ComfyUI writes them


def test_c34_integers_with_scales_are_compared_as_the_weights_that_they_stand_for(asked):
    compared = asked("compare", "c34_integer", "--measure", "cosine")
    place = {name: i for i, name in enumerate(compared["models"])}
    truth = compared["overall"][place["float-attention-merge"]][place["float-base"]]
    for kind in ("quanto-int8", "sdnq-int8"):
        value = compared["overall"][place[f"{kind}-attention-merge"]][place[f"{kind}-base"]]
        assert value == pytest.approx(truth, abs=1e-4)
    proven = {(one["coarse"], one["fine"]): one["text"] for one in compared["roundings"]}
    assert set(proven) == {
        (f"{kind}-int8-{model}", f"float-{model}")
        for kind in ("quanto", "sdnq")
        for model in ("base", "attention-merge")
    }
    assert set(proven.values()) == {"same weights in another precision, off by 0.29 %"}
