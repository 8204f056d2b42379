"""Which models can be in one tree."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lib_modelsim.families.groups import complete_group, connected_groups, largest_group


def distances(n, *missing):
    found = np.ones((n, n)) - np.eye(n)
    for i, j in missing:
        found[i, j] = found[j, i] = np.nan
    return found


def test_groups_that_nothing_connects_stand_apart_the_largest_first():
    apart = distances(5, *((i, j) for i in (0, 3) for j in (1, 2, 4)))
    assert connected_groups(~np.isnan(apart)) == [[1, 2, 4], [0, 3]]
    assert largest_group(apart) == [1, 2, 4]
    assert largest_group(distances(0)) == []


def test_who_lacks_most_goes_first():
    assert largest_group(distances(5, (0, 1), (0, 2), (3, 4))) == [1, 2, 4]
    assert complete_group(distances(3, (0, 2)), [0, 2]) == [2]


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.floats(0, 1))
def test_every_model_is_in_one_group_and_the_largest_lacks_nothing(seed, n, missing):
    drawn = np.triu(np.random.default_rng(seed).random((n, n)) < missing, 1)
    found = distances(n, *np.argwhere(drawn))
    groups = connected_groups(~np.isnan(found))
    assert sorted(i for group in groups for i in group) == list(range(n))
    for group in groups:
        others = [i for i in range(n) if i not in group]
        assert np.isnan(found[np.ix_(group, others)]).all()
    kept = largest_group(found)
    assert set(kept) <= set(groups[0])
    assert not np.isnan(found[np.ix_(kept, kept)]).any()
