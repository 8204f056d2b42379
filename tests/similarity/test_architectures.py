"""Every architecture has every measure; between architectures there is a reason and never a number."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from lib_modelsim import demo
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.measures.of_adapters import CHANGE_COSINE
from lib_modelsim.similarity.measures.registry import measure_named, measures_of_weights
from lib_modelsim.workspace.comparing.compare import compare

UNET = "model.diffusion_model."


def sd3_shapes(width=16):
    """A few real key names of SD3: two joint blocks and what stands around them."""
    shapes = {
        "x_embedder.proj.weight": (width, 4, 2, 2),
        "final_layer.linear.weight": (64, width),
        "pos_embed": (1, 9, width),
    }
    for block, stream in itertools.product(range(3), ("x_block", "context_block")):
        stem = f"joint_blocks.{block}.{stream}."
        shapes |= {
            stem + "attn.qkv.weight": (3 * width, width),
            stem + "attn.qkv.bias": (3 * width,),
            stem + "mlp.fc1.weight": (4 * width, width),
        }
    return {UNET + key: shape for key, shape in shapes.items()} | {
        "first_stage_model.decoder.conv_in.weight": (8, 16, 3, 3)
    }


def flux_shapes(width=16):
    """A few real key names of Flux: two double blocks, two single blocks and what stands around them."""
    shapes = {"img_in.weight": (width, 64), "final_layer.linear.weight": (64, width)}
    for block in range(2):
        double, single = f"double_blocks.{block}.", f"single_blocks.{block}."
        shapes |= {
            double + "img_attn.qkv.weight": (3 * width, width),
            double + "txt_attn.qkv.weight": (3 * width, width),
        }
        shapes |= {single + "linear1.weight": (7 * width, width), single + "linear2.weight": (width, 5 * width)}
    return {UNET + key: shape for key, shape in shapes.items()}


SHAPES = {
    "SD 1.x": demo.sd1_shapes(4, 16, 1),
    "SD 2.x": demo.sd2_shapes(4, 16, 1),
    "SDXL": demo.sdxl_shapes(4, 16, (1, 1)),
    "SD3": sd3_shapes(),
    "Flux": flux_shapes(),
}

PROBED = {
    "SD 1.x": "IN01 IN02 IN04 IN05 IN07 IN08 M00 OUT03 OUT04 OUT05 OUT06 OUT07 OUT08 OUT09 OUT10 OUT11",
    "SD 2.x": "IN01 IN02 IN04 IN05 IN07 IN08 M00 OUT03 OUT04 OUT05 OUT06 OUT07 OUT08 OUT09 OUT10 OUT11",
    "SDXL": "IN04 IN05 IN07 IN08 M00 OUT00 OUT01 OUT02 OUT03 OUT04 OUT05",
    "SD3": "D00 D01 D02",
    "Flux": "D00 D01 S00 S01",
}

PROBED8 = {
    "SD 1.x": "OUT03 OUT04 OUT05 OUT06 OUT07 OUT08 OUT09 OUT10",
    "SD 2.x": "OUT03 OUT04 OUT05 OUT06 OUT07 OUT08 OUT09 OUT10",
    "SDXL": "OUT00 OUT01 OUT02 OUT03 OUT04",
    "SD3": "D01",
    "Flux": "S00",
}


@pytest.fixture(scope="module")
def trios(tmp_path_factory):
    """Per architecture a folder with a model, its fine-tune and a stranger."""
    folders = {}
    for architecture, shapes in SHAPES.items():
        folder = folders[architecture] = tmp_path_factory.mktemp(architecture)
        base, step = demo.draw(shapes, seed=1), demo.draw(shapes, seed=2)
        demo.save(folder / "base.safetensors", base)
        demo.save(
            folder / "tuned.safetensors", {key: values + np.float32(0.05) * step[key] for key, values in base.items()}
        )
        demo.save(folder / "stranger.safetensors", demo.draw(shapes, seed=3))
    return folders


@pytest.fixture(scope="module")
def library():
    """One for all tests: six measures come from one pass."""
    with Library(None) as library:
        yield library


@pytest.fixture
def measured(library):
    def measure(paths, measure, base=None, library=library):
        return compare(paths, measure, base, library, Job(), "cpu")

    return measure


@pytest.mark.parametrize("measure", [m.name for m in measures_of_weights() if m is not CHANGE_COSINE])
@pytest.mark.parametrize("architecture", SHAPES)
def test_every_architecture_has_every_measure(trios, measured, architecture, measure):
    needs_base = measure_named(measure).needs_base
    found = measured([trios[architecture]], measure, "base" if needs_base else None)
    assert {model.architecture for model in found.models} == {architecture}
    names = [model.name for model in found.models]
    matrix, (base, tuned, stranger) = found.matrix, map(names.index, ("base", "tuned", "stranger"))
    if needs_base:
        assert np.isfinite(matrix.values[tuned, stranger]).all()
        return
    assert np.isfinite(matrix.values).all()
    closer, farther = matrix.overall[base, tuned], matrix.overall[base, stranger]
    assert (closer < farther) if matrix.is_distance else (closer > farther)
    assert found.reasons == []


@pytest.mark.parametrize(("measure", "probed"), [("asimilarity", PROBED), ("asimilarity8", PROBED8)])
@pytest.mark.parametrize("architecture", SHAPES)
def test_the_blocks_that_the_probe_looks_at(trios, measured, architecture, measure, probed):
    assert " ".join(measured([trios[architecture]], measure).matrix.blocks) == probed[architecture]


def test_a_fused_matrix_is_probed_as_its_three_parts_would_be(trios, measured):
    """The probe of SDXL's separate matrices and of Flux's fused ones is one formula: here in plain numpy."""
    key, width = UNET + "double_blocks.0.img_attn.qkv.weight", 16
    probe = torch.randn([width, width], generator=torch.Generator().manual_seed(2244096)).double().numpy()
    rows = []
    for name in ("base", "tuned"):
        q, k, v = np.split(load_file(trios["Flux"] / f"{name}.safetensors")[key].astype(np.float64), 3)
        logits = (probe @ q.T) @ (probe @ k.T).T
        attention = np.exp(logits - logits.max(1, keepdims=True))
        attention = attention / attention.sum(1, keepdims=True) * (probe @ v.T).sum(0)
        rows.append(attention / np.linalg.norm(attention, axis=1, keepdims=True))
    found = measured([trios["Flux"] / "base.safetensors", trios["Flux"] / "tuned.safetensors"], "asimilarity")
    assert found.matrix.values[0, 1, 0] == pytest.approx((rows[0] * rows[1]).sum(1).mean(), abs=1e-5)


@pytest.mark.parametrize("measure", ["cosine", "l2", "asimilarity"])
def test_between_architectures_there_is_a_reason_and_no_number(trios, measured, measure):
    found = measured(list(trios.values()), measure)
    matrix, told = found.matrix, {frozenset((reason.a, reason.b)): reason.reason for reason in found.reasons}
    assert len(set(matrix.models)) == 3 * len(SHAPES)
    for (i, a), (j, b) in itertools.combinations(enumerate(found.models), 2):
        if a.architecture == b.architecture:
            assert np.isfinite(matrix.overall[i, j])
            assert frozenset((a.name, b.name)) not in told
        else:
            assert np.isnan(matrix.values[i, j]).all()
            assert np.isnan(matrix.overall[i, j])
            assert all(np.isnan(values[i, j]) for values in matrix.components.values())
            assert told[frozenset((a.name, b.name))] == f"different networks: {a.architecture} and {b.architecture}"


def test_each_architecture_has_the_numbers_it_has_alone(trios, measured):
    together = measured(list(trios.values()), "cosine", library=Library(None)).matrix
    row = 0
    for folder in trios.values():
        alone = measured([folder], "cosine").matrix
        rows, columns = list(range(row, row + 3)), [together.blocks.index(block) for block in alone.blocks]
        np.testing.assert_array_equal(together.values[np.ix_(rows, rows, columns)], alone.values)
        row += 3


def test_one_sdxl_among_sd1(trios, measured):
    found = measured([trios["SD 1.x"], trios["SDXL"] / "base.safetensors"], "asimilarity")
    assert np.isnan(found.matrix.overall[3, :3]).all()
    assert np.isfinite(found.matrix.overall[:3, :3]).all()


@pytest.mark.parametrize("measure", ["asimilarity", "cosine"])
def test_networks_of_other_widths_have_no_overall_number_and_say_why(trios, measured, tmp_path, measure):
    demo.save(tmp_path / "wide.safetensors", demo.draw(demo.sd1_shapes(6, 16, 1), seed=8))
    found = measured([trios["SD 1.x"], tmp_path], measure)
    told = [reason.reason for reason in found.reasons if {reason.a, reason.b} == {"base", "wide"}]
    assert any("in different shapes" in reason for reason in told)
    base, wide = found.matrix.models.index("base"), found.matrix.models.index("wide")
    assert np.isnan(found.matrix.overall[base, wide])
    if measure == "asimilarity":
        assert "their self-attention layers differ in names or shapes" in told
    else:
        assert any("too little to compare" in reason for reason in told)
        assert np.isfinite(found.matrix.components["te"][base, wide])
