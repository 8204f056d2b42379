"""Members of a group all resemble each other; what no group holds is told as a pair."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from lib_modelsim.curate.duplicates.groups import complete_link

KEYS = st.integers(0, 9)
PAIRS = st.dictionaries(
    st.tuples(KEYS, KEYS).filter(lambda pair: pair[0] < pair[1]), st.sampled_from([0.9, 0.95, 1.0]), max_size=40
)


def test_a_chain_makes_no_group():
    found = complete_link({("a", "b"): 0.99, ("b", "c"): 0.95})
    assert found.groups == (("a", "b"),)
    assert found.apart == (("b", "c"),)


def test_all_against_all_make_one():
    found = complete_link(dict.fromkeys(combinations("abcd", 2), 1.0))
    assert found.groups == (("a", "b", "c", "d"),)
    assert found.apart == ()


def test_nothing_makes_nothing():
    assert complete_link({}).groups == ()


@given(PAIRS)
def test_any_two_members_of_a_group_are_confirmed(pairs):
    for group in complete_link(pairs).groups:
        assert len(group) > 1
        assert all(pair in pairs for pair in combinations(group, 2))


@given(PAIRS)
def test_no_key_is_in_two_groups_and_no_pair_is_lost(pairs):
    found = complete_link(pairs)
    members = [key for group in found.groups for key in group]
    assert len(members) == len(set(members))
    inside = {pair for group in found.groups for pair in combinations(group, 2)}
    assert inside | set(found.apart) == set(pairs)
    assert not inside & set(found.apart)


@given(PAIRS)
def test_no_two_groups_could_be_one(pairs):
    groups = complete_link(pairs).groups
    for one, other in combinations(groups, 2):
        assert not all(tuple(sorted((a, b))) in pairs for a in one for b in other)


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_and_which_comes_first_change_nothing(pairs, random):
    turned = [(pair[::-1] if random.random() < 0.5 else pair, value) for pair, value in pairs.items()]
    random.shuffle(turned)
    assert complete_link(dict(turned)) == complete_link(pairs)
