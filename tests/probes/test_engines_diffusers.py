"""diffusers draws with the checkpoint file itself: tiny networks, real code, no hub."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace

import pytest

from lib_modelsim import demo
from lib_modelsim.engines import diffusers_engine, tokenizer
from lib_modelsim.engines.diffusers_engine import Diffusers
from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.pictures.records.infotext import parse
from lib_modelsim.probes.engine import CheckpointFailed, EngineCheckpoint, PictureFailed
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.probes.plan import make_plan
from lib_modelsim.probes.run import draw_missing
from lib_modelsim.probes.suite import SHIPPED, Suite, read_suite
from tests.probes import tiny_networks

pytest.importorskip("diffusers", reason="requirements/standalone.txt is not installed")

SMALL = Parameters(width=64, height=64, steps=3, noise="CPU")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module")
def family(folder):
    return [tiny_networks.write(folder, name, tiny_networks.sd1(), seed) for seed, name in enumerate(("a", "b", "c"))]


@pytest.fixture(scope="module")
def drawn(family):
    """Parameters → the pixels that the first of the family draws."""
    with Diffusers(family, "cpu").session(Job()) as session:
        session.load(family[0])
        yield lambda parameters: session.draw([parameters])[0].image.tobytes()


def cfg1_fast() -> Suite:
    """The shipped suite in the smallest size."""
    suite = read_suite(SHIPPED / "cfg1-fast.json")
    small = [
        replace(probe, parameters=replace(probe.parameters, width=64, height=64), forms={}) for probe in suite.probes
    ]
    return replace(suite, probes=tuple(small))


def pictures(suite, family, folder):
    engine = Diffusers(family, "cpu")
    with Gallery(folder) as gallery:
        outcome = draw_missing(make_plan(suite, family, engine, gallery), engine, gallery, Job())
    assert outcome.failures == []
    return [stored.path.read_bytes().split(b"IDAT", 1)[1] for stored in outcome.drawn]


def test_three_checkpoints_draw_the_whole_of_cfg1_fast_twice_and_bit_for_bit_the_same(family, tmp_path):
    first = pictures(cfg1_fast(), family, tmp_path / "first")
    assert first == pictures(cfg1_fast(), family, tmp_path / "second")
    assert len(set(first)) == 3


@pytest.mark.parametrize("shapes", [tiny_networks.sd2, tiny_networks.sdxl])
def test_other_architectures_draw_too(folder, shapes):
    checkpoint = tiny_networks.write(folder, shapes.__name__, shapes())
    prompted = replace(SMALL, prompt="a (cat:1.2)", negative_prompt="dog")
    with Diffusers([checkpoint], "cpu").session(Job()) as session:
        session.load(checkpoint)
        plain, worded = (session.draw([parameters])[0].image for parameters in (SMALL, prompted))
    assert plain.size == (64, 64)
    assert plain.tobytes() != worded.tobytes()


def test_everything_that_decides_a_picture_changes_it(drawn):
    start = replace(SMALL, prompt="a (cat) on a roof", negative_prompt="dog")
    changed = [
        start,
        replace(start, prompt="a (cat:0) on a roof"),
        replace(start, negative_prompt="(dog:0.5)"),
        replace(start, seed=2),
        replace(start, cfg_scale=1),
        replace(start, clip_skip=2),
        replace(start, sampler="DPM++ 2M"),
        replace(start, sampler="DDIM"),
        replace(start, scheduler="Karras"),
        replace(start, options={"emphasis": "No norm"}),
        replace(start, sampler="Euler a"),
        replace(start, sampler="Euler a", options={"eta_noise_seed_delta": 31337}),
    ]
    found = [drawn(parameters) for parameters in changed]
    assert len(set(found)) == len(found)


def test_at_cfg_1_the_negative_prompt_does_not_count(drawn):
    start = replace(SMALL, cfg_scale=1, prompt="a cat")
    assert drawn(start) == drawn(replace(start, negative_prompt="(bad:0), a dog"))


def test_a_picture_tells_how_it_was_drawn(family):
    with Diffusers(family, "cpu").session(Job()) as session:
        session.load(family[0])
        (drawn,) = session.draw([replace(SMALL, prompt="a cat")])
    record = parse(drawn.infotext)
    assert record.prompt == "a cat"
    assert record.settings["Model"] == "a"
    assert record.settings["Version"].startswith("diffusers ")
    assert drawn.checkpoint_title == family[0].title


def test_seeds_of_a_batch_draw_each_its_own_picture(family, drawn):
    batch = [replace(SMALL, seed=seed, batch=(5, 6)) for seed in (5, 6)]
    with Diffusers(family, "cpu").session(Job()) as session:
        session.load(family[0])
        first, second = (each.image.tobytes() for each in session.draw(batch))
    assert first != second


@pytest.mark.parametrize(
    "asked",
    [
        {"sampler": "DPM adaptive"},
        {"scheduler": "Align Your Steps"},
        {"sampler": "Euler a", "scheduler": "Karras"},
        {"vae": "other.safetensors"},
        {"noise": "NV"},
        {"options": {"tiling": True}},
        {"prompt": "a <lora:style:1> cat"},
        {"prompt": "a [cat:dog:0.5]"},
        {"prompt": "a [cat|dog]"},
        {"negative_prompt": "a cat AND a dog"},
    ],
)
def test_what_only_a_webui_draws_is_refused_in_one_line(drawn, asked):
    with pytest.raises(PictureFailed) as refused:
        drawn(replace(SMALL, **asked))
    assert len(str(refused.value).splitlines()) == 1


def test_it_stops_between_two_steps(family):
    asked = itertools.count()
    with Diffusers(family, "cpu").session(Job(cancelled=lambda: next(asked) > 3)) as session:
        session.load(family[0])
        with pytest.raises(Cancelled):
            session.draw([replace(SMALL, sampler="DDIM", steps=1000)])


def test_nan_is_no_picture_and_the_next_one_is_drawn(folder, family):
    broken = tiny_networks.write(
        folder, "nan", tiny_networks.sd1(), **{"first_stage_model.decoder.conv_out.bias": float("nan")}
    )
    with Diffusers([broken], "cpu").session(Job()) as session:
        session.load(broken)
        with pytest.raises(PictureFailed, match="the VAE produced NaN"):
            session.draw([SMALL])
        session.load(family[0])
        assert session.draw([SMALL])


def without(part):
    return {key: shape for key, shape in tiny_networks.sd1().items() if not key.startswith(part)}


FORESEEN = [
    (without("first_stage_model."), "no VAE"),
    (without("cond_stage_model."), "no text encoder"),
    (without("model.diffusion_model.input_blocks.0.0.weight"), "lacks a weight"),
    (tiny_networks.sd1() | {"model.diffusion_model.input_blocks.0.0.weight": (32, 9, 3, 3)}, "edits pictures"),
    (tiny_networks.sd1(tokens=300), "the vocabulary is not"),
    (demo.sd1_shapes(4, 16, 1), "a multiple of 32 channels"),
    ({"model.diffusion_model.joint_blocks.0.x_block.attn.proj.weight": (4, 4)}, "SD3"),
]
"""What cannot draw, by its header alone."""


@pytest.mark.parametrize(("shapes", "said"), FORESEEN)
def test_the_header_tells_before_that_a_file_cannot_draw(tmp_path, shapes, said):
    broken = tiny_networks.write(tmp_path, "broken", shapes)
    engine = Diffusers([broken], "cpu")
    foreseen = engine.why_not(broken)
    assert said in str(foreseen)
    with engine.session(Job()) as session, pytest.raises(CheckpointFailed) as refused:
        session.load(broken)
    assert str(refused.value) == str(foreseen)


def test_the_header_of_what_draws_says_nothing(family, tmp_path, monkeypatch):
    engine = Diffusers(family, "cpu")
    assert [engine.why_not(each) for each in family] == [None] * 3
    monkeypatch.setattr(tokenizer, "_list", lambda: None)
    assert engine.why_not(family[0]) is None, "bytes need no list"
    real = tiny_networks.write(tmp_path, "real", tiny_networks.sd1(tokens=49408))
    assert "the vocabulary of CLIP's text encoder is missing" in str(engine.why_not(real))


def test_headers_are_judged_without_torch_and_without_diffusers(family):
    code = (
        "import sys; from pathlib import Path\n"
        "from lib_modelsim.engines.diffusers_engine import Diffusers, EngineCheckpoint\n"
        "checkpoint = EngineCheckpoint('a', 'a', Path(sys.argv[1]))\n"
        "assert Diffusers([checkpoint]).why_not(checkpoint) is None\n"
        "assert not {'torch', 'diffusers', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, family[0].path], check=True)


@pytest.mark.parametrize(
    ("shapes", "said"), [*FORESEEN, (without("model.diffusion_model.out.2.bias"), "lacks a weight")]
)
def test_a_file_that_cannot_draw_says_why_and_the_next_one_draws(tmp_path, family, shapes, said):
    broken = tiny_networks.write(tmp_path, "broken", shapes)
    with Diffusers([broken], "cpu").session(Job()) as session:
        with pytest.raises(CheckpointFailed, match=said):
            session.load(broken)
        session.load(family[0])
        assert session.draw([SMALL])


def test_a_file_that_is_gone_or_elsewhere_is_told(tmp_path):
    gone = [EngineCheckpoint("gone", "gone", tmp_path / "gone.safetensors"), EngineCheckpoint("far", "far")]
    with Diffusers(gone, "cpu").session(Job()) as session:
        for checkpoint in gone:
            with pytest.raises(CheckpointFailed):
                session.load(checkpoint)


def test_missing_packages_are_told_in_one_line_when_it_is_to_draw(monkeypatch):
    monkeypatch.setattr(diffusers_engine, "find_spec", lambda name: None)
    engine = Diffusers([])
    with pytest.raises(ModelsimError, match=r"installing\.py\" torch diffusers transformers"), engine.session(Job()):
        pass
