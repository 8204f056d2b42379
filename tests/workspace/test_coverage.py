"""Beside every overall number: how much of the network it speaks of; and no number where that is too little."""

from __future__ import annotations

import csv
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from lib_modelsim.checkpoints import blocks
from lib_modelsim.checkpoints.layout import Layout, Place
from lib_modelsim.cli import documents, text
from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.coverage import LEAST, coverage, share_in_words
from lib_modelsim.similarity.measures.bounds import SAME
from lib_modelsim.ui.families.detail import detail_panel
from lib_modelsim.ui.families.relatives import relatives_list
from lib_modelsim.workspace.catalogue.scan import scan
from lib_modelsim.workspace.comparing.compare import comparable, compare
from lib_modelsim.workspace.comparing.detail import detail
from lib_modelsim.workspace.comparing.differences import differences
from lib_modelsim.workspace.comparing.elements import elements
from lib_modelsim.workspace.comparing.relatives import relatives
from lib_modelsim.workspace.comparing.shares import covers
from lib_modelsim.workspace.comparing.verdicts import NONE, SAME_IN_PART, verdict
from lib_modelsim.workspace.families.classify import FamilyRequest, classify
from lib_modelsim.workspace.families.result_files import write_families
from lib_modelsim.workspace.families.results import results_of
from lib_modelsim.workspace.families.screen import heatmap_on_screen

UNET = "model.diffusion_model."
FIRST, LAST = UNET + "input_blocks.0.0.weight", UNET + "out.2.bias"


@pytest.fixture
def library():
    with Library(None) as library:
        yield library


def compared(paths, library, measure="cosine", base=None):
    return compare(paths, measure, base, library, Job(), "cpu")


def overall(found, a, b):
    return found.matrix.overall[found.matrix.models.index(a), found.matrix.models.index(b)]


def share(found, a, b):
    return found.coverage[found.matrix.models.index(a), found.matrix.models.index(b)]


# the cases that people reported


@pytest.mark.parametrize("name", ["c01_ponyv7", "c02_ltxv", "c03_hydit"])
@pytest.mark.parametrize("measure", ["cosine", "cosine-whole", "relative-l2", "l2", "asimilarity"])
def test_a_shared_vae_alone_is_no_comparison(shared, library, name, measure):
    found = compared([shared / "cases" / "weights" / name], library, measure)
    (relative,) = relatives(found, {}, "model-one")
    if relative.comparable:  # where the transformers are known
        assert relative.overall > 1.9 if found.matrix.is_distance else abs(relative.overall) < 0.2
    assert relative.verdict.text in (NONE, "unrelated")


@pytest.mark.parametrize("name", ["c01_ponyv7", "c02_ltxv", "c03_hydit"])
def test_scan_says_how_much_has_no_known_place(shared, library, name):
    found = scan([shared / "cases" / "weights" / name], library, Job(), quick=True)
    for row in documents.scan(found)["checkpoints"]:
        assert row["unplaced"] == 0 or row["unplaced"] > 0.5
        assert ("is not recognised" in "\n".join(text.scan(found))) == (row["unplaced"] > 0.5)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [("c31_norms_only", "flux1-dev", "flux2-klein"), ("c31b_sd35_norms", "sd35-large", "sd35-medium")],
)
@pytest.mark.parametrize("measure", ["cosine", "cosine-min", "cosine-whole", "l2", "relative-l2", "asimilarity"])
def test_a_handful_of_norm_scales_is_no_comparison(shared, library, name, one, other, measure):
    found = compared([shared / "cases" / "weights" / name], library, measure)
    assert np.isnan(overall(found, one, other))
    assert share(found, one, other) < 0.1
    reasons = [r.reason for r in found.reasons if {r.a, r.b} == {one, other}]
    assert reasons
    (relative,) = (r for r in relatives(found, {}, one) if r.name == other)
    assert relative.verdict.text == NONE
    assert other not in [found.matrix.models[i] for i in comparable(found)] or measure == "asimilarity"


def test_the_reason_says_how_much_and_why(shared, library):
    found = compared([shared / "cases" / "weights" / "c31b_sd35_norms"], library)
    assert "covers 1.8 % of the network, too little to compare (90 % is needed)" in "\n".join(text.compare(found))


# layouts alone

PLACES = st.dictionaries(
    st.sampled_from([f"{UNET}{name}" for name in "abcdefgh"]),
    st.tuples(st.sampled_from(["unet", "vae", "other"]), st.lists(st.integers(1, 4), min_size=1, max_size=2)),
    min_size=1,
)


def layout_of(places):
    return Layout.of("unknown", {key: Place(c, c.upper(), tuple(shape)) for key, (c, shape) in places.items()})


@given(st.lists(PLACES, min_size=1, max_size=4))
def test_coverage_is_symmetric_and_a_share(many):
    layouts = [layout_of(places) for places in many]
    found = coverage(layouts, "unet")
    assert found.shape == (len(many), len(many))
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_array_equal(found, found.T)


@given(PLACES, st.integers(1, 3))
def test_one_layout_covers_itself(places, copies):
    placed = {key: ("unet", shape) for key, (_, shape) in places.items()}
    assert (coverage([layout_of(placed)] * copies, "unet") == 1).all()


@given(PLACES, PLACES)
def test_coverage_is_what_both_hold_of_the_larger(one, other):
    a, b = ({k: tuple(shape) for k, (c, shape) in places.items() if c == "unet"} for places in (one, other))
    extra = [
        sum(np.prod(shape) for c, shape in places.values() if c == "other" and len(shape) > 1 and shape[-1] >= 1)
        for places in (one, other)
    ]
    both = sum(int(np.prod(a[k])) for k in a.keys() & b.keys() if a[k] == b[k])
    most = max(sum(int(np.prod(s)) for s in held.values()) + more for held, more in zip((a, b), extra, strict=True))
    found = coverage([layout_of(one), layout_of(other)], "unet")[0, 1]
    assert found == pytest.approx(both / most if most else 0)


def test_keys_that_were_not_compared_do_not_count():
    layout = layout_of({"a": ("unet", [3, 3]), "b": ("unet", [1, 1])})
    found = coverage([layout, layout], "unet", {1: frozenset({"a"})})
    np.testing.assert_allclose(found, [[1, 0.1], [0.1, 0.1]])


def test_with_a_base_only_its_keys_count():
    layout, base = layout_of({"a": ("unet", [3, 3]), "b": ("unet", [1])}), layout_of({"b": ("unet", [1])})
    assert coverage([layout, layout], "unet", base=base)[0, 1] == pytest.approx(0.1)


def test_matrices_that_are_not_read_count_as_not_compared():
    layout = layout_of({"a": ("unet", [3, 3])})
    assert coverage([layout, layout], "unet", unread=[1, 0]).tolist() == [[0.9, 0.9], [0.9, 1]]


def test_models_whose_numbers_nobody_knows_are_not_compared_by_their_norm_scales(shared, library):
    found = compared([shared / "cases" / "weights" / "c15_quantised"], library)
    assert len(found.models) >= 4
    assert np.isnan(found.matrix.overall).all()


def test_300_models_of_a_few_layouts_are_fast():
    places = {f"{UNET}{i}": Place("unet", "M00", (10, i + 1)) for i in range(2500)}
    few = [Layout.of("SDXL", {**places, FIRST: Place("unet", "IN00", (4, 4 + i))}) for i in range(4)]
    assert few[0].digest != few[1].digest
    coverage(few, "unet")
    started = time.process_time()
    one = coverage([few[i % 4] for i in range(4)], "unet")
    between = time.process_time()
    many = coverage([few[i % 4] for i in range(300)], "unet")
    assert time.process_time() - between < 5 * (between - started) + 0.1
    np.testing.assert_array_equal(many[:4, :4], one)


@pytest.mark.parametrize(
    ("value", "words"),
    [(1, "100 %"), (0.99999, "more than 99.9 %"), (0.9624, "96.2 %"), (0.8999, "89.9 %"), (1e-5, "less than 0.1 %")],
)
def test_shares_are_never_rounded_up(value, words):
    assert share_in_words(value) == words


# real files


def changed_copy(folder, weights, name, drop=(), **changes):
    save_file({k: changes.get(k, v).contiguous() for k, v in weights.items() if k not in drop}, folder / name)


@pytest.fixture
def pair(small_family, tmp_path):
    """`base`, `anna`, `inpainting` from it with a wider first layer, and one that lost its output blocks."""
    base, anna = (load_file(small_family / f"{name}.safetensors") for name in ("base", "anna"))
    save_file(base, tmp_path / "base.safetensors")
    save_file(anna, tmp_path / "anna.safetensors")
    wide = torch.cat([anna[FIRST], anna[FIRST]], 1)
    changed_copy(tmp_path, anna, "inpainting.safetensors", **{FIRST: wide})
    changed_copy(tmp_path, anna, "half.safetensors", drop=[k for k in anna if ".output_blocks." in k])
    return tmp_path


def test_another_first_layer_keeps_the_number_and_says_which(pair, library):
    found = compared([pair], library)
    assert overall(found, "anna", "inpainting") == 1
    assert LEAST < share(found, "anna", "inpainting") < 1
    (reason,) = (r.reason for r in found.reasons if {r.a, r.b} == {"anna", "inpainting"})
    assert reason.startswith("covers more than 99.9 %")
    assert FIRST in reason


def test_what_is_equal_in_part_is_not_called_the_same(pair, library):
    found = compared([pair], library)
    (relative,) = (r for r in relatives(found, {}, "anna") if r.name == "inpainting")
    assert relative.verdict.text == SAME_IN_PART
    assert "It covers more than 99.9 %" in relative.verdict.why
    assert "same weights" not in SAME


def test_half_a_network_has_no_number_but_its_own_blocks_do(pair, library):
    found = compared([pair], library)
    assert np.isnan(overall(found, "anna", "half"))
    assert np.isnan(found.matrix.components["unet"][0, list(found.matrix.models).index("half")])
    row = found.matrix.models.index("half"), found.matrix.models.index("anna")
    values = dict(zip(found.matrix.blocks, found.matrix.values[row], strict=True))
    assert values["IN05"] == 1
    assert overall(found, "half", "half") == 1


def test_coverage_is_in_the_documents_and_on_the_page(pair, library):
    found = compared([pair], library)
    document = documents.compare(found)
    assert np.array(document["coverage"]).shape == (4, 4)
    assert document["coverage"][0][0] == 1
    assert "covers more than 99.9 %" in "\n".join(text.compare(found))
    page = relatives_list(found, {}, "anna")
    assert "covers more than 99.9 %" in page
    assert "too little to compare" in page
    panel = detail_panel(detail(found, ("anna", "inpainting"), library, Job(), "cpu"))
    assert "cosine covers more than 99.9 %" in panel


def test_two_models_say_their_coverage_where_it_is_not_all(pair, library):
    both = [pair / "anna.safetensors", pair / "inpainting.safetensors"]
    assert "coverage" in "\n".join(text.compare(compared(both, library)))
    both[1] = pair / "base.safetensors"
    assert "coverage" not in "\n".join(text.compare(compared(both, library)))


def test_a_base_of_another_size_leaves_nothing_to_compare(pair, library):
    found = compared([pair], library, "delta-cosine", "half")
    assert np.isnan(overall(found, "anna", "base"))
    assert share(found, "anna", "base") < LEAST


def test_a_key_that_is_not_finite_is_not_covered(small_family, tmp_path, library):
    anna = load_file(small_family / "anna.safetensors")
    save_file(anna, tmp_path / "anna.safetensors")
    changed_copy(tmp_path, anna, "broken.safetensors", **{LAST: torch.full_like(anna[LAST], torch.nan)})
    for _ in range(2):  # from the files, and remembered
        found = compared([tmp_path], library)
        assert LEAST < share(found, "anna", "broken") < 1
        assert share(found, "anna", "anna") == 1
        assert share(found, "broken", "broken") < 1
        assert overall(found, "anna", "broken") == 1


def test_a_tree_has_no_place_for_what_is_not_covered(pair, small_family, library):
    save_file(load_file(small_family / "bert.safetensors"), pair / "inpainting.safetensors")
    found = classify([pair], FamilyRequest(measure="cosine"), library, Job(), "cpu")
    (family,) = found.families
    assert "half" not in family.features.models
    assert family.coverage.shape == (3, 3)
    assert any("half" in note for note in found.notes)


def test_cells_and_tables_of_a_family_say_the_coverage(pair, library):
    paths = [pair / f"{name}.safetensors" for name in ("anna", "base", "inpainting")]
    found = classify(paths, FamilyRequest(measure="relative-l2"), library, Job(), "cpu")
    (family,) = found.families
    assert "more than 99.9 % of the network" in heatmap_on_screen(family, {})
    write_families(results_of(found.families, found.models, [], library), pair / "out", Job(), dpi=20)
    with open(pair / "out" / "coverage.csv", newline="", encoding="utf-8") as file:
        rows = {row["model"]: row for row in csv.DictReader(file)}
    assert LEAST < float(rows["anna"]["inpainting"]) < 1
    assert float(rows["anna"]["anna"]) == 1
    assert "Coverage: the share that was compared" in (pair / "out" / "report.html").read_text("utf-8")


@pytest.mark.parametrize("measure", ["l2", "cosine", "sampled-relative-l2"])
def test_below_the_bound_no_key_of_the_network_has_a_value_and_nothing_is_drawn(pair, small_family, library, measure):
    both = [small_family / "anna.safetensors", pair / "half.safetensors"]
    found = compared(both, library, measure)
    assert np.isnan(overall(found, "anna", "half"))
    told = elements(found, Job(), "cpu")
    assert {each.value for each in told if each.component == "unet"} == {None}
    assert any(each.value is not None for each in told if each.component != "unet")
    with pytest.raises(ModelsimError, match=r"no histogram: .* covers [0-9.]+ % of the network, too little to compare"):
        differences(found, Job(), "cpu")


def test_the_attention_score_covers_the_layers_that_it_reads(pair, library):
    found = compared([pair], library, "asimilarity")
    assert share(found, "anna", "inpainting") == 1
    assert share(found, "anna", "half") == 0
    assert covers("asimilarity", 0.95) == "covers 95 % of the self-attention layers that it reads"
    assert "the rest may differ" in verdict("asimilarity", 1, coverage=1).why


def test_below_the_bound_there_is_no_verdict(library):
    assert verdict("cosine", 1, coverage=LEAST - 0.01).text == NONE
    assert "too little" in verdict("cosine", 1, coverage=LEAST - 0.01).why
    assert verdict("cosine", 0.99, coverage=LEAST).text != NONE


def test_pictures_have_no_coverage():
    assert verdict("pictures", 0.9, coverage=None).text == NONE


@pytest.mark.parametrize("prefix", ["", "model.", "net.", "model.diffusion_model."])
def test_a_wrong_recogniser_that_places_a_few_scales_gives_no_number(tmp_path, monkeypatch, library, prefix):
    placed = f"{prefix}norm.scale"

    def place(architecture, key):
        return ("unet", "OUT") if key == placed else ("other", None)

    monkeypatch.setattr(blocks, "place", place)
    for seed, name in enumerate(("one", "other")):
        draw = torch.Generator().manual_seed(seed)
        weights = {f"{prefix}layers.{i}.weight": torch.randn(8, 8, generator=draw) for i in range(4)}
        save_file({**weights, placed: torch.ones(8)}, tmp_path / f"{name}.safetensors")
    for measure in ("cosine", "cosine-whole", "l2"):
        found = compared([tmp_path], library, measure)
        assert np.isnan(found.matrix.overall).all()
        assert np.isnan(found.matrix.components["unet"]).all()
        assert relatives(found, {}, "one")[0].verdict.text == NONE
