"""Maps of vectors: the same whatever the order, in −1 … 1, and honest about what they keep."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from lib_modelsim.curate.projections.pca import KIND as PCA
from lib_modelsim.curate.projections.pca import principal
from lib_modelsim.curate.projections.projection import ProjectionKind, TooFewVectors, neighbours_kept, project
from lib_modelsim.curate.projections.registry import forget, projection_kind, projection_kinds, register
from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Cancelled, Job

NUMBERS = st.floats(-10, 10, width=32)
VECTORS = npst.arrays(np.float32, npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12), elements=NUMBERS)


def groups(n, d, count=4, seed=0):
    """Vectors of length 1 around some centres, and which centre each has."""
    random = np.random.default_rng(seed)
    which = random.integers(0, count, n)
    found = random.standard_normal((count, d))[which] * 2 + random.standard_normal((n, d))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32), which


@settings(deadline=None, max_examples=60)
@given(VECTORS, st.randoms(use_true_random=False))
def test_the_order_of_the_pictures_changes_nothing_and_all_lie_within_one(vectors, random):
    found = project(vectors, PCA, Job()).points
    assert found.shape == (len(vectors), 2)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1
    order = list(range(len(vectors)))
    random.shuffle(order)
    assert (project(vectors[order], PCA, Job()).points == found[order]).all()


@settings(deadline=None, max_examples=40)
@given(VECTORS, st.integers(1, 5))
def test_equal_pictures_lie_at_one_place_and_move_no_other(vectors, times):
    once = project(vectors, PCA, Job()).points
    found = project(np.repeat(vectors, times, axis=0), PCA, Job()).points
    assert (found == np.repeat(once, times, axis=0)).all()


@settings(deadline=None, max_examples=40)
@given(VECTORS, st.data())
def test_a_picture_without_a_vector_has_no_place_and_moves_no_other(vectors, data):
    place = data.draw(st.integers(0, len(vectors)))
    missing = data.draw(st.sampled_from([np.nan, np.inf]))
    with_one = np.insert(vectors, place, missing, axis=0)
    found = project(with_one, PCA, Job()).points
    assert np.isnan(found[place]).all()
    assert (np.delete(found, place, axis=0) == project(vectors, PCA, Job()).points).all()


def test_principal_components_are_those_of_a_full_decomposition():
    vectors, _ = groups(700, 96)
    centred = vectors - vectors.mean(0)
    left, sizes, right = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    found = principal(vectors)
    for axis in (0, 1):
        wanted = left[:, axis] * sizes[axis]
        sign = np.sign(right[axis, np.abs(right[axis]).argmax()])
        assert np.abs(found[:, axis] - sign * wanted).max() < 2e-3 * np.abs(wanted).max()


def test_both_directions_have_one_unit():
    random = np.random.default_rng(0)
    vectors = (random.standard_normal((500, 2)) * [10, 1]).astype(np.float32)
    spread = np.ptp(project(vectors, PCA, Job()).points, axis=0)
    assert spread[0] == pytest.approx(2)
    assert spread[1] < 0.4


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_few_pictures_have_a_map_and_nothing_is_said_of_their_neighbours(count):
    found = project(np.eye(count, 8, dtype=np.float32), PCA, Job())
    assert found.points.shape == (count, 2)
    assert np.isfinite(found.points).all()
    assert np.isnan([found.kept, found.chance]).all()


def test_all_pictures_alike_lie_in_the_middle():
    found = project(np.ones((50, 8), np.float32), PCA, Job())
    assert (found.points == 0).all()
    assert np.isnan(found.kept)


def test_kept_neighbours_tell_a_faithful_map_from_one_that_means_nothing():
    random = np.random.default_rng(1)
    plane = random.standard_normal((2000, 2)).astype(np.float32)
    turned = plane @ np.linalg.qr(random.standard_normal((64, 2)))[0].T.astype(np.float32)
    kept, chance = neighbours_kept(turned, plane)
    assert kept > 0.999
    assert chance == pytest.approx(20 / 1999)
    kept, chance = neighbours_kept(turned, plane[random.permutation(2000)])
    assert kept == pytest.approx(chance, abs=0.006)


def test_neighbours_in_many_dimensions_are_hardly_kept_and_that_is_said():
    vectors = np.random.default_rng(0).standard_normal((3000, 256)).astype(np.float32)
    found = project(vectors, PCA, Job())
    assert found.kept < 0.1


def test_neighbours_are_counted_as_a_full_sort_counts_them():
    vectors, _ = groups(120, 24)
    points = principal(vectors)
    near, same = 5, 0
    for i in range(120):
        others = np.delete(np.arange(120), i)
        nearest = [others[np.argsort(((rows[others] - rows[i]) ** 2).sum(1))[:near]] for rows in (vectors, points)]
        same += len(np.intersect1d(*nearest))
    assert neighbours_kept(vectors, points)[0] == pytest.approx(same / (120 * near))


def test_a_kind_that_is_not_installed_is_listed_and_says_what_to_install():
    assert [kind.name for kind in projection_kinds()][:3] == ["pca", "tsne", "umap"]
    kind = ProjectionKind("other", "Other", "other 1", PCA.place, "", missing=lambda: ("no-such-package",))
    register(kind)
    try:
        with pytest.raises(ModelsimError, match="Other needs a package that is not installed: no-such-package"):
            projection_kind("other")
        with pytest.raises(ValueError, match="there is a projection of this name"):
            register(kind)
    finally:
        forget("other")
    with pytest.raises(ModelsimError, match=r"there is no such projection: other\. Fix: use pca or tsne or umap"):
        projection_kind("other")


def test_a_stop_is_heard_before_anything_is_computed():
    with pytest.raises(Cancelled):
        project(groups(30, 8)[0], PCA, Job(cancelled=lambda: True))


@pytest.mark.parametrize("name", ["tsne", "umap"])
def test_neighbour_maps_keep_groups_together_and_are_the_same_in_any_order(name):
    kind = next(kind for kind in projection_kinds() if kind.name == name)
    if kind.missing():
        pytest.skip(f"{kind.missing()[0]} is not installed")
    vectors, which = groups(160, 32)
    vectors[3] = vectors[5]
    found = project(vectors, kind, Job())
    assert np.isfinite(found.points).all()
    assert np.abs(found.points).max() <= 1.000001
    apart = np.linalg.norm(found.points[:, None] - found.points, axis=2) + 9 * np.eye(160)
    assert (which[apart.argmin(1)] == which).mean() > 0.9
    order = np.random.default_rng(2).permutation(160)
    assert (project(vectors[order], kind, Job()).points == found.points[order]).all()
    with pytest.raises(TooFewVectors, match="needs at least 8 different pictures: 3"):
        project(vectors[:3], kind, Job())


def test_opentsne_and_scikit_learn_are_both_asked_as_they_want():
    if not (importlib.util.find_spec("openTSNE") and importlib.util.find_spec("sklearn")):
        pytest.skip("openTSNE and scikit-learn are not both installed")
    from lib_modelsim.curate.projections import tsne

    vectors, which = groups(120, 24)
    start = principal(vectors) * 1e-4
    for method in (
        lambda: tsne._by_opentsne(vectors, start, 20, Job()),
        lambda: tsne._by_scikit_learn(vectors, start, 20),
    ):
        points = method()
        apart = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(120)
        assert (which[apart.argmin(1)] == which).mean() > 0.9
