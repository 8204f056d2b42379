"""What a number says in words, on families of known kinship."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from benchmarks import kin
from benchmarks.verdicts import NORM, PAIRS
from lib_modelsim.checkpoints.identity import Relation, Sameness
from lib_modelsim.families.distances import delta_cosine_distances
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.base import MEAN, Base
from lib_modelsim.similarity.measures.bounds import APART, BASE, CLOSE, NEARLY, SAME, SAME_CHANGE, UNRELATED
from lib_modelsim.similarity.measures.registry import all_measures, measure_named, measures_of_weights
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.relatives import relatives
from lib_modelsim.workspace.comparing.verdicts import NONE, explanation, verdict

from ..command import run

MEASURES = [measure.name for measure in measures_of_weights()]
BOUNDS = {measure.name: measure.bounds for measure in all_measures() if measure.bounds}


@pytest.fixture(scope="module")
def trained(trained_family, tmp_path_factory):
    """Measure → what it says of pairs of a family that was really trained; `size` beside a direction."""
    folder = tmp_path_factory.mktemp("kin")
    for name, tensors in kin.trained_family(trained_family).items():
        save_file({key: values.contiguous() for key, values in tensors.items()}, folder / f"{name}.safetensors")
    found = {}
    with Library(None) as library:
        for measure in MEASURES:
            base = kin.BASE if measure_named(measure).needs_base else None
            found[measure] = compare([folder], measure, base, library, Job(), "cpu")
    return found


def says(comparison, chosen, other):
    """The verdict that the ranked list has."""
    return next(r.verdict.text for r in relatives(comparison, {}, chosen) if r.name == other)


@pytest.mark.parametrize("measure", [m for m in MEASURES if m in BOUNDS and m != "equal"])
def test_what_was_trained_is_not_called_what_it_is_not(trained, measure):
    """No fine-tune, merge or add-difference is called a copy; nobody is a stranger but the stranger, and it is no
    relative; who was trained apart is not called close."""
    found = trained[measure]
    for a, b in [*PAIRS["merge, parents"], *PAIRS["add-difference, A and B"], ("mini-ink", "mini-ink-neon")]:
        said = says(found, a, b)
        assert said not in (SAME, NEARLY, UNRELATED, APART)
        assert not said.startswith(("nearly", "the same"))
    for a, b in PAIRS["tuned apart"]:
        assert says(found, a, b) in (BASE, APART, NONE)
    for chosen in ("mini-ink", "mini-water-sepia"):
        assert says(found, chosen, "stranger") in (UNRELATED, NONE)


@pytest.mark.parametrize("measure", ["cosine", "cosine-whole", "relative-l2", "sampled-relative-l2"])
def test_a_fine_tune_of_the_text_encoder_alone_is_called_so(trained, measure):
    same = "no difference in a sample of the UNet" if measure.startswith("sampled") else "the same UNet"
    assert says(trained[measure], "mini-base", "mini-words") == f"{same}, other text encoder"


def test_strangers_stand_behind_all_relatives(trained):
    ranked = [r for r in relatives(trained["sampled-delta-cosine"], {}, "mini-ink") if r.comparable]
    assert ranked[-1].name == "stranger"
    assert UNRELATED not in [r.verdict.text for r in ranked[:-1]]


def test_models_with_the_base_s_unet_say_why_they_have_no_direction(trained):
    found = trained["sampled-delta-cosine"]
    (told,) = [r.reason for r in relatives(found, {}, "mini-ink") if r.name == "mini-words"]
    same = "no difference in a sample of the UNet, other text encoder"
    assert told == f"{same} beside mini-base, the base: there is no change to compare"


def test_the_command_line_says_so_beside_an_overall_of_one(trained_family):
    pair = [trained_family / f"{name}.safetensors" for name in ("mini-base", "mini-words")]
    said = run("compare", *pair, "--no-library").out
    assert re.search("overall +1.0000\nmini-base and mini-words: same UNet, other text encoder", said)


@pytest.fixture(scope="module")
def known(peer_family):
    """Measure → what it says of a fine-tune and its copy, sibling, base, other fine-tune and a stranger."""
    others = ("copy", "sibling_a", "base", "finetune_b", "stranger")
    found = {}
    with Library(None) as library:
        for measure in MEASURES:
            matrix = compare([peer_family], measure, None, library, Job(), "cpu").matrix
            row = matrix.overall[matrix.models.index("finetune_a")]
            found[measure] = [verdict(measure, row[matrix.models.index(other)]).text for other in others]
    return found


@pytest.mark.parametrize("measure", ["cosine", "cosine-whole", "relative-l2"])
def test_weights_tell_copies_siblings_bases_and_strangers(known, measure):
    assert known[measure] == [SAME, CLOSE, BASE, BASE, UNRELATED]


@pytest.mark.parametrize("measure", ["asimilarity", "asimilarity8"])
def test_the_attention_probe_speaks_of_attention_alone(known, measure):
    assert known[measure] == ["the same self-attention", BASE, BASE, BASE, UNRELATED]  # trained apart: 0.96 to 0.98


def test_the_worst_keys_never_say_unrelated(known):
    assert known["cosine-min"] == [SAME, CLOSE, BASE, BASE, NONE]


def test_l2_has_no_verdict_and_says_why(known):
    assert set(known["l2"]) == {NONE}
    assert "no fixed scale" in verdict("l2", 0).why
    assert "no fixed scale" in explanation("l2")


def test_real_models_by_their_direction_from_the_base(shared):
    table = json.loads((shared / "data" / "distances" / "wdacnai0.json").read_text("utf-8"))
    names = [name.split(".")[0] for name in table["models"]]
    apart = delta_cosine_distances(np.array(table["distances"]["unet"]), table["models"].index("sd-v1-4.ckpt"))

    def said(a, b):
        return verdict("delta-cosine", 1 - apart[names.index(a), names.index(b)], Base("sd-v1-4")).text

    assert said("animefull-final-pruned", "888886dc").startswith("nearly the same change")
    assert said("ACertainty", "animefull-final-pruned") == "part of the change from the base is shared"
    assert said("wd-v1-3-full", "animefull-final-pruned") == "part of the change from the base is shared"
    assert said("v1-5-pruned", "animefull-final-pruned") == APART


def test_one_direction_is_not_one_change(trained, shared):
    """A merge with the base leaves it in the direction of the other parent, whatever its share."""
    for measure in ("delta-cosine", "sampled-delta-cosine"):
        said = says(trained[measure], "mini-ink", "base + 5 % ink")
        assert said.startswith("the same change from the base, one at 5 % of the other's size")
        assert says(trained[measure], "mini-ink", "ink 90 water 10") == SAME_CHANGE
    table = json.loads((shared / "data" / "distances" / "any3.json").read_text("utf-8"))
    names, l2 = [name.split(".")[0] for name in table["models"]], np.array(table["distances"]["unet"])
    base, merge, parent = (names.index(name) for name in ("animefull-final-pruned", "Anything-V3", "momoko-e"))
    direction = 1 - delta_cosine_distances(l2, base)[merge, parent]
    changes = l2[base, merge] / NORM, l2[base, parent] / NORM
    said = verdict("delta-cosine", direction, Base("base"), apart=l2[merge, parent] / NORM, changes=changes)
    assert direction > 0.99
    assert "one at 27 % of the other's size" in said.text


def test_steps_of_one_training_are_called_so(shared):
    table = json.loads((shared / "data" / "distances" / "aobp.json").read_text("utf-8"))
    names, l2 = [name.split(".")[0] for name in table["models"]], np.array(table["distances"]["unet"])
    base = names.index("animefull-final-pruned")
    direction = 1 - delta_cosine_distances(l2, base)
    alike = [(a, b) for a in range(9) for b in range(a) if direction[a, b] >= 0.99]
    assert len(alike) >= 15
    for a, b in alike:
        said = verdict("delta-cosine", direction[a, b], Base("x"), changes=(l2[base, a] / NORM, l2[base, b] / NORM))
        assert said.text == SAME_CHANGE


def test_a_base_that_is_a_stranger_to_both_gives_them_no_direction():
    """Two releases of one network and a base of another: as seen from there they are one."""
    base = Base("base")
    assert verdict("delta-cosine", 0.998, base, apart=0.09, changes=(1.25, 1.25)).text == BASE
    assert verdict("delta-cosine", 0.998, base, apart=0.005, changes=(0.09, 0.09)).text == SAME_CHANGE


@pytest.mark.parametrize("kind", ["narrow", "wide", "untrained", "norms of the base", "zeros"])
def test_random_weights_are_a_stranger_whatever_their_size(trained_family, tmp_path, kind):
    draw = torch.Generator().manual_seed(4)
    base = load_file(trained_family / "mini-base.safetensors")

    def drawn(weight):
        random = torch.randn(weight.shape, generator=draw)
        match kind:
            case "narrow" | "wide":
                return random * (0.02 if kind == "narrow" else 1)
            case "untrained":
                return torch.ones(weight.shape) if weight.ndim < 2 else random / weight[0].numel() ** 0.5
            case "norms of the base":
                return weight.float() if weight.ndim < 2 else random * weight.float().std()
        return random * 0

    made = {key: drawn(w).half() if w.is_floating_point() else w for key, w in base.items()}
    save_file(made, tmp_path / "random.safetensors")
    with Library(None) as library:
        found = compare([trained_family, tmp_path], "sampled-delta-cosine", kin.BASE, library, Job(), "cpu")
    said = {r.name: r.verdict.text for r in relatives(found, {}, "random") if r.comparable}
    assert len(said) == 5
    assert set(said.values()) == {UNRELATED}


def test_a_mean_is_no_base():
    assert verdict("delta-cosine", 0.99, MEAN).text == NONE
    assert verdict("delta-cosine", 0.99, MEAN, apart=0.03).text == CLOSE  # the size tells what no base can


def test_a_direction_does_not_make_relatives_of_strangers():
    base = Base("base")
    assert verdict("delta-cosine", -0.01, base, apart=0.09).text == APART
    assert verdict("delta-cosine", -0.01, base, apart=0.7).text == NONE
    assert verdict("delta-cosine", -0.01, base, apart=1.25).text == UNRELATED
    assert verdict("sampled-delta-cosine", -0.01, base, apart=1.25).text == UNRELATED


@pytest.mark.parametrize("measure", MEASURES)
def test_a_missing_number_says_nothing(measure):
    assert verdict(measure, float("nan")).text == NONE


@given(st.sampled_from(sorted(BOUNDS)), st.floats(-1, 3), st.floats(-1, 3))
def test_a_better_number_never_has_a_worse_verdict(measure, one, other):
    order = [bound.text for bound in BOUNDS[measure]]
    better, worse = sorted((one, other), reverse=not measure_named(measure).distance)
    texts = [verdict(measure, value).text for value in (better, worse)]
    if NONE not in texts:
        assert order.index(texts[0]) <= order.index(texts[1])


def test_between_relatives_and_strangers_there_is_none():
    assert [verdict(m, v).text for m, v in (("cosine", 0.5), ("relative-l2", 1), ("asimilarity", 0.2))] == [NONE] * 3


@pytest.mark.parametrize(
    ("relation", "text"),
    [
        (Relation(True, {}), "the same file"),
        (Relation(False, {"unet": Sameness.EXACT, "vae": Sameness.EXACT}), "the same weights"),
        (Relation(False, {"unet": Sameness.PRECISION}), "the same weights in another precision"),
        (Relation(False, {"unet": Sameness.EXACT, "vae": Sameness.OTHER}), "the same UNet, other VAE"),
        (Relation(False, {"unet": Sameness.OTHER, "vae": Sameness.EXACT}), CLOSE),
    ],
)
def test_hashes_know_better_than_numbers(relation, text):
    assert verdict("asimilarity", 0.992, relation=relation).text == text


@pytest.mark.parametrize("measure", sorted(BOUNDS))
def test_every_verdict_says_its_bounds_and_what_it_does_not_know(measure):
    for bound in BOUNDS[measure]:
        assert bound.text in explanation(measure)
        found = verdict(measure, bound.least)
        assert measure in found.why
        assert found.why.count(". ") >= 1
