"""Which model the others are likely trained from: its name and its place must say so."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.families.bases import likely_base, named_as_base
from lib_modelsim.families.distance_files import read_distances


def star(families, seed=1, base=True):
    """Distances of a base and its fine-tunes, each with children: as many as `families` say."""
    generator = np.random.default_rng(seed)
    points = [np.zeros(2000)] if base else []
    for children in families:
        root = generator.standard_normal(2000)
        points += [root, *(root + 0.4 * generator.standard_normal(2000) for _ in range(children))]
    return between(points)


def between(points):
    points = np.asarray(points)
    return np.linalg.norm(points[:, None] - points[None, :], axis=-1)


def names(distances, **called):
    found = [f"model {i}" for i in range(len(distances))]
    for name, i in called.items():
        found[i] = name
    return found


@pytest.mark.parametrize(
    "name",
    [
        "v1-5-pruned-emaonly",
        "sd-v1-4-full-ema.ckpt",
        "sd_xl_base_1.0",
        "_x25-sd_xl_base_1.0",
        "mini-base",
        "512-base-ema",
        "v2-1_768-ema-pruned",
        "base",
        "sd3.5_medium",
        "flux1-dev",
    ],
)
def test_names_of_bases(name):
    assert named_as_base(name)


@pytest.mark.parametrize("name", ["animefull-final-pruned", "database", "01-VBP23-ep49-sd-v1-4", "wd-1-4-anime", "m1"])
def test_other_names(name):
    assert not named_as_base(name)


def test_a_name_needs_its_place_and_a_place_its_name():
    distances = star([1, 1, 0])
    assert likely_base(names(distances, base=0), distances).position == 0
    assert likely_base(names(distances), distances) is None
    assert likely_base(names(distances, base=2), distances) is None


def test_a_very_clear_place_needs_no_name():
    distances = star([2, 2, 1, 1])
    found = likely_base(names(distances), distances)
    assert (found.position, found.why) == (0, "it is in the middle of all the others")
    assert likely_base(names(distances[1:]), distances[1:, 1:]) is None


def test_a_merge_in_the_middle_is_no_base():
    generator = np.random.default_rng(2)
    one, other = generator.standard_normal((2, 2000))
    points = [0.5 * one + 0.5 * other, np.zeros(2000), one, other, one + 0.4 * generator.standard_normal(2000)]
    distances = between(points)
    assert likely_base(names(distances, merge_base=0, base=1), distances).position == 1
    assert likely_base(names(distances, base=0), distances) is None


def test_strangers_and_copies_do_not_mislead():
    distances = star([1, 1, 0])
    n = len(distances)
    copied = distances[np.ix_([*range(n), 0, 1, 1], [*range(n), 0, 1, 1])]
    far = np.pad(copied, (0, 1), constant_values=500.0)
    far[-1, -1] = 0
    assert likely_base(names(far, base=n), far).position == n  # the copy that is called so
    assert likely_base(names(far, base=n + 3), far) is None


def test_few_models_have_no_base():
    for n in range(3):
        distances = star([0] * n)[:n, :n]
        assert likely_base(["base"] * n, distances) is None


@pytest.mark.parametrize(
    ("file", "base"),
    [
        ("sdxl3", "_x25-sd_xl_base_1.0.safetensors"),
        ("wdacnai0", "sd-v1-4.ckpt"),
        ("nnai", None),  # all but the base itself come from one model
        ("am0", None),
        ("any3", None),
        ("aobp", None),
        ("cwd", None),
    ],
)
def test_published_distances(shared, file, base):
    """The last four are without their base; the names of one of them end in the base's."""
    table = read_distances(shared / "data" / "distances" / f"{file}.json")
    found = likely_base(table.models, table.values)
    assert (None if found is None else table.models[found.position]) == base
