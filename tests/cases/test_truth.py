"""Cases that people reported: what two files hold besides weights, numbers that are not finite, EMA copies."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from lib_modelsim import demo
from lib_modelsim.checkpoints.facts import Ema, Positions
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.catalogue.sameness import sameness_facts
from lib_modelsim.workspace.catalogue.scan import scan
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.relatives import relatives
from tests.command import run

CASES = "cases/weights"
SHAPES = demo.sd1_shapes(4, 16, 1)


@pytest.fixture
def scanned(shared, tmp_path):
    """A case's folder → the row of each file in the JSON of `scan`, and what is printed."""

    def of(case):
        command = ("scan", "--library", tmp_path / "library.sqlite", shared / CASES / case)
        rows = {row["name"]: row for row in run(*command, "--json").document["checkpoints"]}
        return rows, run(*command).out

    return of


def test_c06_a_marker_of_v_prediction_is_named(scanned):
    rows, text = scanned("c06_vpred")
    assert rows["noob-eps"]["facts"]["sampling"] == []
    assert rows["noob-vpred-marked"]["facts"]["markers"] == ["v_pred", "ztsnr"]
    assert "note: noob-vpred-marked: v-prediction (v_pred)\n" in text
    assert "note: noob-vpred-marked: zero-terminal SNR (ztsnr)\n" in text
    assert "v_pred, ztsnr only in this one" in text
    assert "could go" not in text


def test_c07_cosxl_is_named(scanned):
    rows, text = scanned("c07_cosxl")
    assert rows["cosxl"]["facts"]["sampling"] == ["EDM v-prediction, as CosXL (edm_vpred.sigma_max)"]
    assert rows["xl"]["facts"]["sampling"] == []
    assert "note: cosxl: EDM v-prediction, as CosXL" in text


def test_c08_broken_position_ids_are_told(scanned):
    rows, text = scanned("c08_position_ids")
    found = {name: row["facts"]["position_ids"] for name, row in rows.items()}
    assert found == {"broken": {"te": "broken"}, "good": {"te": "good"}, "none": {"te": "absent"}}
    assert "note: broken: text encoder: position_ids broken\n" in text
    assert "copy of broken" not in text
    assert "broken: copy of" not in text


def test_c20_scan_says_which_file_is_broken(scanned):
    rows, text = scanned("c20_nan")
    found = {
        name: {part: (own["nans"], own["infinities"]) for part, own in row["components"].items()}
        for name, row in rows.items()
    }
    numbers = rows["ok"]["components"]["unet"]["parameters"]
    assert found["ok"] == {"te": (0, 0), "unet": (0, 0), "vae": (0, 0)}
    assert found["all-nan-unet"]["unet"] == (numbers, 0)
    assert found["one-key-nan"]["unet"] == (64, 0)
    assert found["vae-overflow-f16"]["vae"] == (0, 72)
    assert "note: all-nan-unet: UNet: all NaN\n" in text
    assert "note: one-key-nan: UNet: 64 NaN\n" in text
    assert "note: vae-overflow-f16: VAE: 72 infinities\n" in text
    assert "note: ok" not in text


def test_c23_whose_weights_an_ema_copy_is(scanned):
    rows, text = scanned("c23_ema")
    assert {name: row["facts"]["ema"] for name, row in rows.items()} == {
        "v1-5-emaonly": None,
        "v1-5-pruned-with-ema": "beside",
    }
    assert "its EMA weights are those of v1-5-emaonly" in text
    assert "its UNet is the EMA copy in v1-5-pruned-with-ema" in text
    assert "note: v1-5-pruned-with-ema: with EMA" in text


# compare


@pytest.fixture
def compared(shared):
    """A case's folder → what `compare` prints, and its document."""

    def of(case, *options):
        command = ("compare", "--no-library", shared / CASES / case, *options)
        return run(*command).out, run(*command, "--json").document

    return of


def test_c06_c07_c08_compare_says_what_no_number_speaks_of(compared):
    text, document = compared("c06_vpred")
    assert "note: noob-vpred-marked: v-prediction (v_pred)\n" in text
    assert document["remarks"] == {"noob-vpred-marked": ["v-prediction (v_pred)", "zero-terminal SNR (ztsnr)"]}
    assert "note: cosxl: EDM v-prediction, as CosXL" in compared("c07_cosxl")[0]
    assert "note: broken: text encoder: position_ids broken\n" in compared("c08_position_ids")[0]


@pytest.mark.parametrize("measure", ["cosine", "relative-l2", "sampled-delta-cosine"])
def test_c20_one_line_for_each_broken_component(compared, measure):
    text, document = compared("c20_nan", "--measure", measure)
    notes = [line for line in text.splitlines() if "NaN" in line or "infin" in line]
    query = "model.diffusion_model.output_blocks.3.1.transformer_blocks.0.attn1.to_q.weight"
    assert notes == [
        "note: all-nan-unet: UNet: all NaN: left out",
        f"note: one-key-nan: UNet: 64 NaN in {query}: left out",
        "note: vae-overflow-f16: VAE: 72 infinities in first_stage_model.decoder.conv_in.weight: left out",
    ]
    names = document["models"]
    assert document["overall"][names.index("ok")][names.index("all-nan-unet")] is None
    missing = {
        (a, b)
        for a, row in zip(names, document["overall"], strict=True)
        for b, v in zip(names, row, strict=True)
        if v is None
    }
    told = {name for reason in document["reasons"] for name in (reason["a"], reason["b"])}
    assert all(a in told or b in told for a, b in missing)


def test_c20_what_is_not_compared_to_its_end_is_never_the_same(shared):
    with Library(None) as library:
        paths = [shared / CASES / "c20_nan" / f"{name}.safetensors" for name in ("ok", "one-key-nan")]
        for measure in ("cosine", "relative-l2", "sampled-relative-l2", "equal"):
            found = compare(paths, measure, None, library, Job(), "cpu")
            (other,) = relatives(found, {}, "ok")
            assert "what both hold" in other.verdict.text, measure
            assert other.coverage < 1


def test_c23_compare_says_whose_weights_an_ema_copy_is(compared):
    text, document = compared("c23_ema")
    assert "note: v1-5-pruned-with-ema: its EMA weights are those of v1-5-emaonly\n" in text
    assert document["remarks"]["v1-5-emaonly"] == ["its UNet is the EMA copy in v1-5-pruned-with-ema"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("alone", [False, True], ids=["beside the weights", "EMA only"])
def test_an_ema_copy_is_met_in_every_precision(tmp_path, dtype, alone):
    """With the names of LitEma: no dots, and the training's own counters beside."""
    weights = {key: torch.from_numpy(values) for key, values in demo.draw(SHAPES, seed=1).items()}
    averaged = {key: torch.from_numpy(values).half() for key, values in demo.draw(SHAPES, seed=2).items()}
    unet = [key for key in weights if key.startswith("model.diffusion_model.")]
    ema = {"model_ema." + key.removeprefix("model.").replace(".", ""): averaged[key].to(dtype) for key in unet}
    counters = {"model_ema.decay": torch.tensor(0.9999), "model_ema.num_updates": torch.tensor(1234)}
    full = {} if alone else {key: values.half() for key, values in weights.items()}
    save_file({**full, **ema, **counters}, tmp_path / "full.safetensors")
    save_file(averaged, tmp_path / "averaged.safetensors")
    with Library(None) as library:
        found = scan([tmp_path], library, Job())
    told = sameness_facts({model.name: identity for model, identity in found.found})
    halved = dtype == torch.bfloat16  # rounding to it is no rounding to float16
    assert ("full" in told) != halved
    if not halved:
        assert told["full"] == ["its EMA weights are those of averaged"]
        assert told["averaged"] == ["its UNet is the EMA copy in full"]
    facts = {model.name: model.header.facts.ema for model, _ in found.found}
    assert facts == {"full": Ema.ONLY if alone else Ema.BESIDE, "averaged": None}


def test_an_ema_copy_that_was_rounded_is_met(tmp_path):
    weights = {key: torch.from_numpy(values) for key, values in demo.draw(SHAPES, seed=1).items()}
    unet = [key for key in weights if key.startswith("model.diffusion_model.")]
    ema = {"model_ema." + key.removeprefix("model.").replace(".", ""): weights[key].float() for key in unet}
    save_file({**{key: values.half() * 2 for key, values in weights.items()}, **ema}, tmp_path / "full.safetensors")
    save_file({key: values.half() for key, values in weights.items()}, tmp_path / "averaged.safetensors")
    with Library(None) as library:
        found = scan([tmp_path], library, Job())
        told = sameness_facts({model.name: identity for model, identity in found.found})
    assert told["full"] == ["its EMA weights are those of averaged in another precision"]
    assert told["averaged"] == ["its UNet is the EMA copy in full in another precision"]
    text = run("compare", tmp_path, "--no-library").out
    assert "note: full: its EMA weights are those of averaged in another precision\n" in text


# the same facts in files of other kinds


def facts_of_folder(folder):
    with Library(None) as library:
        (model,) = read_index([folder], library, Job()).models
        return model.header.facts, model.header.remarks


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"prediction_type": "epsilon"}, ()),
        ({"prediction_type": "v_prediction"}, ("v-prediction by its scheduler",)),
        (
            {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True},
            ("v-prediction by its scheduler", "zero-terminal SNR by its scheduler"),
        ),
        ({"prediction_type": 7, "rescale_betas_zero_snr": False}, ("7-prediction by its scheduler",)),
        ({"prediction_type": "\x1b[31m" * 9}, ()),
    ],
)
def test_a_diffusers_folder_says_by_its_scheduler_how_it_samples(tmp_path, configuration, said):
    demo.save_diffusers_folder(tmp_path / "model", demo.draw(SHAPES, seed=1))
    (tmp_path / "model" / "scheduler").mkdir()
    (tmp_path / "model" / "scheduler" / "scheduler_config.json").write_text(json.dumps(configuration), "utf-8")
    assert facts_of_folder(tmp_path / "model")[0].sampling == said


def test_a_damaged_scheduler_is_a_remark(tmp_path):
    demo.save_diffusers_folder(tmp_path / "model", demo.draw(SHAPES, seed=1))
    (tmp_path / "model" / "scheduler").mkdir()
    (tmp_path / "model" / "scheduler" / "scheduler_config.json").write_text("{", "utf-8")
    facts, remarks = facts_of_folder(tmp_path / "model")
    assert facts.sampling == ()
    assert "scheduler_config.json is not valid JSON" in remarks[0]


@pytest.mark.parametrize("prediction", ["v", "epsilon", ""])
def test_metadata_say_how_a_file_samples(tmp_path, prediction):
    weights = {key: torch.from_numpy(values).half() for key, values in demo.draw(SHAPES, seed=1).items()}
    save_file(weights, tmp_path / "a.safetensors", {"modelspec.prediction_type": prediction})
    assert facts_of_folder(tmp_path)[0].sampling == (("v-prediction by its metadata",) if prediction == "v" else ())


@pytest.mark.parametrize(
    ("ids", "found"), [("good", "good"), ("floats", "good"), ("broken", "broken"), (None, "absent")]
)
@pytest.mark.parametrize("ending", ["safetensors", "ckpt"])
def test_position_ids_of_every_format(tmp_path, ids, found, ending):
    weights = {key: torch.from_numpy(values).half() for key, values in demo.draw(SHAPES, seed=1).items()}
    good = torch.arange(77).expand(1, -1)
    numbers = {"good": good, "floats": good.half(), "broken": (good * 0.999).half()}
    if ids is not None:
        weights["cond_stage_model.transformer.text_model.embeddings.position_ids"] = numbers[ids]
    if ending == "ckpt":
        torch.save({"state_dict": weights}, tmp_path / "a.ckpt")
    else:
        save_file({key: values.contiguous() for key, values in weights.items()}, tmp_path / "a.safetensors")
    assert facts_of_folder(tmp_path)[0].positions == {"te": Positions(found)}
