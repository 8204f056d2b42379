"""Models of a foreign shape among many: another network has a tree of its own, what can be compared with none of the
others is left out and told, what differs in one layer stays; and the tree of the others is as without them."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.families.classify import FamilyRequest, classify

OTHERS, FIRST = 60, "model.diffusion_model.input_blocks.0.0.weight"


def small(shapes):
    kept = (key for key in shapes if key.startswith("model.") and ("attn" in key or key == FIRST))
    return {key: shapes[key] for key in kept}


def write(folder, name, count, shapes, families=1, seed=0):
    bases = [demo.draw(shapes, seed=seed + number) for number in range(families)]
    for i in range(count):
        tuned = demo.train(bases[i % families], seed=seed + 100 + i, size=0.05)
        demo.save(folder / f"{name}-{i:03d}.safetensors", tuned)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The foreign ones come first by their names."""
    made = tmp_path_factory.mktemp("foreign")
    shapes = small(demo.sd1_shapes(1, 4, 1))
    (outputs, _, *kernel) = shapes[FIRST]
    write(made, "a network", 2, small(demo.sd2_shapes(1, 4, 1)), seed=10_000)
    write(made, "b wider", 2, small(demo.sd1_shapes(2, 4, 1)), seed=20_000)
    write(made, "c inpainting", 2, {**shapes, FIRST: (outputs, 9, *kernel)}, seed=30_000)
    write(made, "model", OTHERS, shapes, families=12)
    return made


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with Library(tmp_path_factory.mktemp("library") / "library.sqlite") as opened:
        yield opened


def families(paths, measure, library):
    found = classify(paths, FamilyRequest(measure=measure), library, Job(), "cpu")
    return {family.architecture: family for family in found.families}, [*found.notes, *_notes(found.families)]


def _notes(found):
    return [note for family in found for note in family.notes]


@pytest.mark.parametrize("measure", ["sampled-relative-l2", "asimilarity", "sampled-delta-cosine"])
def test_the_tree_of_the_others_is_as_without_the_foreign_ones(folder, library, measure):
    found, notes = families([folder], measure, library)
    models = found["SD 1.x"].features.models
    assert sum(name.startswith("model") for name in models) == OTHERS
    assert {"c inpainting-000", "c inpainting-001"} <= set(models), "all but its first layer is compared"
    assert not any(name.startswith(("a network", "b wider")) for name in models)
    assert set(found["SD 2.x"].features.models) == {"a network-000", "a network-001"}, "a tree of their own"
    assert any("can only be compared with each other: b wider-000 and b wider-001" in note for note in notes)
    assert any(note.startswith("b wider-000 and") for note in notes), "and why"
    paths = [path for path in sorted(folder.iterdir()) if not path.name.startswith(("a network", "b wider"))]
    alone, _ = families(paths, measure, library)
    assert alone["SD 1.x"].features.models == models
    np.testing.assert_allclose(found["SD 1.x"].distances, alone["SD 1.x"].distances, atol=1e-9)
