"""Who descends from whom, of families whose history is known."""

import dataclasses
import json
import time
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_modelsim.lineage.graph.building import build
from lib_modelsim.lineage.graph.evidence import GraphEvidence, SaidOrigin
from lib_modelsim.lineage.graph.graph import DESCENDANT, LIKELY, NEAREST, STEP, WEAK, FoldedModels, LineageGraph
from lib_modelsim.lineage.kinds import FINE_TUNE, FINE_TUNE_OF_A_MERGE, WEIGHTED_SUM
from lib_modelsim.lineage.recipe import BakedLora, MissingParent, ParentShare, Recipe
from tests.lineage.planted import Family, small_family

PROVEN_MIX = Recipe(
    "mix", "SDXL", WEIGHTED_SUM, parents=(ParentShare("red", 0.6), ParentShare("green", 0.4)), residual=0.001, sure=True
)


def evidence(family: Family, base: str | None = "sd-base", known: bool = False, **more) -> GraphEvidence:
    position = None if base is None else family.names.index(base)
    norms = family.norms if known else None
    return GraphEvidence(family.names, family.squares, norms, base=position, base_why="it is planted", **more)


def edges(graph: LineageGraph) -> dict[tuple[str, str], str]:
    """Directed edges → kind."""
    return {(edge.source, edge.target): edge.kind for edge in graph.edges if edge.directed}


def loose(graph: LineageGraph) -> dict[frozenset[str], str]:
    return {frozenset((edge.source, edge.target)): edge.kind for edge in graph.edges if not edge.directed}


def sound(graph: LineageGraph) -> None:
    """What holds of every graph."""
    names = [node.name for node in graph.nodes]
    ways = nx.DiGraph([(edge.source, edge.target) for edge in graph.edges if edge.directed])
    assert nx.is_directed_acyclic_graph(ways)
    assert len(set(names)) == len(names)
    for edge in graph.edges:
        assert {edge.source, edge.target} <= set(names)
        assert edge.evidence
        assert all(sentence.endswith(".") for sentence in edge.evidence)
        assert edge.strength in ("proven", "likely", "weak")


def test_a_planted_family_comes_out_of_its_distances():
    graph = build(evidence(small_family()))
    sound(graph)
    found = edges(graph)
    for origin, made in [("sd-base", "red"), ("sd-base", "green"), ("sd-base", "blue"), ("red", "red-2")]:
        assert found[origin, made] == DESCENDANT
    assert found["red-2", "red-2-more"] == DESCENDANT
    shares = {(edge.source, edge.target): edge.share for edge in graph.edges if edge.share is not None}
    assert shares["red", "mix"] == pytest.approx(0.6, abs=1e-4)
    assert shares["green", "mix"] == pytest.approx(0.4, abs=1e-4)
    assert shares["mix", "mix-again"] == pytest.approx(0.5, abs=1e-4)
    assert {origin for origin, made in found if made == "three"} == {"red", "green", "blue"}
    assert {origin for origin, made in found if made == "added"} == {"sd-base", "green", "blue"}
    assert len(found) == 5 + 2 + 3 + 2 + 3


def test_without_a_base_fine_tunes_have_no_direction_and_merges_have():
    graph = build(evidence(small_family(), None))
    sound(graph)
    assert {made for _, made in edges(graph)} >= {"mix", "three", "mix-again"}
    assert not [edge for edge in graph.edges if edge.directed and edge.kind in (DESCENDANT, STEP)]
    assert any("No base is known" in remark for remark in graph.remarks)


def test_sisters_are_not_said_to_come_from_each_other_though_they_are_nearest():
    """Both come from a model that is not here."""
    family = Family()
    family.base("sd-base")
    family.train("gone", "sd-base", 0.2)
    for name in ("one", "two"):
        family.train(name, "gone", 0.1)
    for name in ("x", "y"):
        family.train(name, "sd-base", 0.2)
    del family.models["gone"]
    graph = build(evidence(family))
    sound(graph)
    assert set(edges(graph)) == {("sd-base", name) for name in ("one", "two", "x", "y")}
    assert loose(graph) == {frozenset(("one", "two")): NEAREST}


def test_of_two_close_models_far_from_the_base_nobody_knows_which_was_first():
    family = Family()
    family.base("sd-base")
    family.train("far", "sd-base", 0.3)
    family.train("close", "far", 0.01)
    family.train("other", "sd-base", 0.3)
    graph = build(evidence(family))
    assert frozenset(("far", "close")) in loose(graph)
    assert len([made for _, made in edges(graph) if made in ("far", "close")]) == 1


def epochs(family: Family, count: int, origin: str, name: str = "train-ep{}") -> list[str]:
    names = [name.format(10 * (i + 1)) for i in range(count)]
    for before, each in zip([origin, *names], names, strict=False):
        family.train(each, before, 0.1)
    return names


@pytest.mark.parametrize("base", ["sd-base", None])
def test_epochs_are_one_series_from_the_first(base):
    family = Family()
    family.base("sd-base")
    names = epochs(family, 6, "sd-base")
    for other in ("x", "y"):
        family.train(other, "sd-base", 0.3)
    order = np.random.default_rng(3).permutation(len(family.models))
    family.models = {family.names[i]: family.models[family.names[i]] for i in order}
    graph = build(evidence(family, base))
    sound(graph)
    steps = [edge for edge in graph.edges if edge.kind == STEP]
    assert {(edge.source, edge.target) for edge in steps} == set(pairwise(names))
    assert {edge.strength for edge in steps} == {LIKELY}
    assert edges(graph)["sd-base", names[0]] == DESCENDANT


def test_numbers_that_run_against_the_base_do_not_turn_a_series_around():
    family = Family()
    family.base("sd-base")
    names = epochs(family, 5, "sd-base")
    backwards = dict(zip(names, reversed(names), strict=True))
    family.models = {backwards.get(name, name): value for name, value in family.models.items()}
    graph = build(evidence(family))
    assert (names[-1], names[-2]) in edges(graph)
    assert any("fall along it" in " ".join(edge.evidence) for edge in graph.edges)


def test_versions_that_do_not_follow_each_other_are_no_series():
    family = Family()
    family.base("sd-base")
    for i in range(5):
        family.train(f"mix-v{i}", "sd-base", 0.1)
    assert STEP not in edges(build(evidence(family))).values()


def test_copies_are_one_node_and_its_edges_are_not_doubled():
    family = small_family()
    family.models["red (1)"] = family.models["red"]
    family.models["mix-copy"] = family.models["mix"]
    graph = build(evidence(family))
    sound(graph)
    assert {group.models for group in graph.groups} == {("red", "red (1)"), ("mix", "mix-copy")}
    assert not {"red (1)", "mix-copy"} & {node.name for node in graph.nodes}
    assert len([edge for edge in graph.edges if edge.target == "mix"]) == 2


def test_what_nearly_coincides_in_a_matrix_is_one_node_that_says_what_it_does_not_know():
    family = small_family()
    family.train("red-16", "red", 0.0003)
    (group,) = build(evidence(family)).groups
    assert group.models == ("red", "red-16")
    assert "a matrix cannot tell" in group.why


def test_a_stranger_has_no_edge():
    family = small_family()
    family.models["alien"] = np.random.default_rng(5).standard_normal(len(family.models["red"]))
    for known in (False, True):
        graph = build(evidence(family, known=known, recipes=(PROVEN_MIX,) if known else ()))
        sound(graph)
        assert "alien" not in {name for edge in graph.edges for name in (edge.source, edge.target)}
        assert "alien" in {node.name for node in graph.nodes}
        assert any("alien" in remark for remark in graph.remarks)


def test_groups_without_a_common_origin_are_not_joined():
    family = small_family()
    family.base("another")
    family.train("its-child", "another")
    graph = build(evidence(family, known=True))
    sound(graph)
    for edge in graph.edges:
        assert len({"another", "its-child"} & {edge.source, edge.target}) in (0, 2)
    assert loose(graph)[frozenset(("another", "its-child"))] == NEAREST
    assert any("no common origin" in remark for remark in graph.remarks)


def test_of_twins_the_one_that_is_as_the_base_beside_the_unet_was_first():
    family = Family()
    family.base("sd-base")
    for name in ("red", "green"):
        family.train(name, "sd-base")
    family.models["red-other-vae"] = family.models["red"]
    besides = np.zeros((4, 4))
    besides[3, :3] = besides[:3, 3] = 50.0
    graph = build(evidence(family, known=True, besides=besides))
    sound(graph)
    assert edges(graph)["red", "red-other-vae"] == "component swap"
    assert ("sd-base", "red") in edges(graph)
    unknown = build(evidence(family, None, known=True, besides=besides))
    assert loose(unknown)[frozenset(("red", "red-other-vae"))] == "component swap"


def test_an_epoch_does_not_come_from_a_merge_of_a_later_one():
    family = Family()
    family.base("sd-base")
    family.train("other", "sd-base", 0.1)
    family.train("first", "sd-base", 0.1)
    family.train("second", "first", 0.03)
    family.train("third", "second", 0.03)
    family.merge("mix", other=0.43, third=0.57)
    found = edges(build(evidence(family, known=True)))
    assert {origin for origin, made in found if made == "mix"} == {"other", "third"}
    assert [origin for origin, made in found if made == "first"] == ["sd-base"]


def test_a_fine_tune_of_a_merge_comes_from_the_merge():
    family = Family()
    family.base("sd-base")
    for name in ("one", "two", "x"):
        family.train(name, "sd-base")
    family.merge("mix", one=0.5, two=0.5)
    family.train("tuned", "mix", 0.08)
    found = edges(build(evidence(family, known=True)))
    assert [origin for origin, made in found if made == "tuned"] == ["mix"]


def test_a_merge_that_was_trained_on_has_its_parents_though_nothing_proves_it():
    family = Family()
    family.base("sd-base")
    for name in ("one", "two", "x"):
        family.train(name, "sd-base")
    family.merge("mix", one=0.5, two=0.5)
    family.train("tuned", "mix", 0.02)
    del family.models["mix"]
    halves = ParentShare("one", 0.5, 0.49, 0.51), ParentShare("two", 0.5, 0.49, 0.51)
    told = Recipe("tuned", "", FINE_TUNE_OF_A_MERGE, parents=halves, residual=0.15, trained_after=0.02)
    found = build(evidence(family, known=True, recipes=(told,)))
    to_it = {edge.source: edge.strength for edge in found.edges if edge.target == "tuned" and edge.directed}
    assert to_it == {"one": LIKELY, "two": LIKELY}


def test_recipes_give_shares_missing_parents_and_adapters():
    family = small_family()
    missing = dataclasses.replace(PROVEN_MIX, missing=MissingParent(0.3, "x"), lora=(BakedLora(8, "style", 0.7),))
    graph = build(evidence(family, known=True, recipes=(missing,), network="SDXL"))
    sound(graph)
    assert {node.name: node.missing for node in graph.nodes}["mix"] == 0.3
    (lora,) = [edge for edge in graph.edges if edge.source == "style"]
    assert (lora.target, lora.kind, lora.share) == ("mix", "lora", 0.7)
    assert {node.name: node.kind for node in graph.nodes}["style"] == "adapter"
    assert graph.network == "SDXL"


def test_no_model_comes_from_what_was_made_of_it():
    """red = 1.67 mix − 0.67 green holds as well as mix = 0.6 red + 0.4 green."""
    odd = Recipe(
        "red", "", WEIGHTED_SUM, parents=(ParentShare("mix", 1.6667), ParentShare("green", -0.6667)), sure=True
    )
    for recipes in ((odd, PROVEN_MIX), (PROVEN_MIX, odd)):
        graph = build(evidence(small_family(), known=True, recipes=recipes))
        sound(graph)
        assert edges(graph)["red", "mix"] == WEIGHTED_SUM
        assert ("mix", "red") not in edges(graph)


def test_a_fine_tune_by_its_recipe_is_called_so():
    family = Family()
    family.base("sd-base")
    for name in ("red", "green", "blue"):
        family.train(name, "sd-base")
    made = Recipe("red", "", FINE_TUNE, parents=(ParentShare("sd-base", 1.0),))
    found = edges(build(evidence(family, known=True, recipes=(made,))))
    assert found["sd-base", "red"] == FINE_TUNE
    assert found["sd-base", "green"] == DESCENDANT


def test_an_origin_that_may_be_a_merge_with_a_model_that_is_not_here_is_weak_and_says_so():
    family = Family()
    family.base("sd-base")
    for name in ("one", "gone", "x", "y"):
        family.train(name, "sd-base")
    family.merge("half", one=0.5, gone=0.5)
    del family.models["gone"]
    graph = build(evidence(family))
    (edge,) = [edge for edge in graph.edges if {edge.source, edge.target} == {"one", "half"}]
    assert edge.strength == WEAK
    assert "unless half is a merge of it with one that is not here" in " ".join(edge.evidence)


def test_known_copies_and_casts_keep_their_first():
    family = small_family()
    family.models["red-f8"] = family.models["red"] + 0.02 * np.random.default_rng(1).standard_normal(4096)
    same = (FoldedModels(("red", "red-f8"), "The same in another precision."),)
    graph = build(evidence(family, known=True, same=same))
    assert graph.groups == same
    assert "red-f8" not in {node.name for node in graph.nodes}


def test_what_a_file_says_of_itself_directs_what_the_numbers_leave_open():
    family = Family()
    family.base("one")
    family.train("two", "one", 0.1)
    said = {"one": SaidOrigin(("two",))}
    (edge,) = build(evidence(family, None, said=said)).edges
    assert (edge.source, edge.target, edge.strength) == ("two", "one", LIKELY)
    assert "Anyone can write that" in edge.evidence[-1]
    (without,) = build(evidence(family, None)).edges
    assert not without.directed


def test_a_date_is_a_hint_and_none_where_two_are_merely_nearest():
    family = Family()
    family.base("sd-base")
    family.train("far", "sd-base", 0.3)
    family.train("close", "far", 0.01)
    family.train("other", "sd-base", 0.3)
    said = {"close": SaidOrigin(date="2023-01-02"), "far": SaidOrigin(date="2023-02-01")}
    (edge,) = [e for e in build(evidence(family, said=said)).edges if {e.source, e.target} == {"far", "close"}]
    assert (edge.source, edge.strength, edge.directed) == ("close", WEAK, True)
    assert "A hint only" in edge.evidence[-1]
    pair = Family()
    pair.base("one")
    pair.train("two", "one")
    dated = {"one": SaidOrigin(date="2023-01-02"), "two": SaidOrigin(date="2023-02-01")}
    assert not build(evidence(pair, None, said=dated)).edges[0].directed


def test_outliers_are_a_hint_where_those_of_known_direction_agree():
    family = Family()
    family.base("sd-base")
    for name in ("far", "other", "third", "fourth"):
        family.train(name, "sd-base", 0.3)
    family.train("close", "far", 0.01)
    rising = {"sd-base": 2.0, "far": 2.2, "other": 2.1, "third": 2.1, "fourth": 2.1, "close": 2.3}

    def between(kurtosis):
        graph = build(evidence(family, outliers=lambda: kurtosis))
        sound(graph)
        (edge,) = [e for e in graph.edges if {e.source, e.target} == {"far", "close"}]
        return (edge.source, edge.target) if edge.directed else None

    assert between(rising) == ("far", "close")
    assert between({name: 5 - value for name, value in rising.items()}) == ("far", "close")
    assert between(rising | {"other": 1.9}) is None
    assert between({}) is None


@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one_make_a_graph_without_edges(count):
    family = Family()
    for i in range(count):
        family.base(f"m{i}")
    squares = family.squares if count else np.zeros((0, 0))
    graph = build(GraphEvidence(family.names, squares))
    assert len(graph.nodes) == count
    assert graph.edges == ()


def test_two_groups_without_a_distance_are_told():
    family = small_family()
    squares = family.squares
    squares[:2, 2:], squares[2:, :2] = np.nan, np.nan
    graph = build(GraphEvidence(family.names, squares))
    sound(graph)
    assert any("no distance to the others" in remark for remark in graph.remarks)


def test_three_hundred_models_are_quick():
    draw = np.random.default_rng(2)
    family = Family()
    family.base("sd-base")
    for i in range(299):
        origins = family.names
        if draw.random() < 0.4 and i > 4:
            first, second = draw.choice(len(origins), 2, replace=False)
            family.merge(f"m{i}x", **{origins[first]: 0.6, origins[second]: 0.4})
        else:
            family.train(f"m{i}y", origins[int(draw.integers(len(origins)))] if draw.random() < 0.5 else "sd-base", 0.1)
    known = evidence(family)
    begun = time.perf_counter()
    graph = build(known)
    print(f"{len(graph.nodes)} models, {len(graph.edges)} edges in {time.perf_counter() - begun:.1f} s")
    sound(graph)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_any_family_makes_a_graph_that_is_sound_and_always_the_same(data):
    draw = np.random.default_rng(data.draw(st.integers(0, 1000)))
    family = Family(draw)
    family.base("base-model")
    for i in range(data.draw(st.integers(0, 9))):
        origins = data.draw(st.lists(st.sampled_from(family.names), min_size=1, max_size=3, unique=True))
        kind = data.draw(st.sampled_from(["train", "merge", "copy", "stranger"]))
        if kind == "train":
            family.train(f"m{i}", origins[0], data.draw(st.floats(0.001, 0.5)))
        elif kind == "merge":
            shares = data.draw(st.lists(st.floats(-1, 2), min_size=len(origins), max_size=len(origins)))
            shares[0] = 1 - sum(shares[1:])
            family.merge(f"m{i}", **dict(zip(origins, shares, strict=True)))
        elif kind == "copy":
            family.models[f"m{i}"] = family.models[origins[0]]
        else:
            family.base(f"m{i}")
    base = "base-model" if data.draw(st.booleans()) else None
    known = evidence(family, base, known=data.draw(st.booleans()))
    graph = build(known)
    sound(graph)
    assert build(known) == graph
    every = [name for group in graph.groups for name in group.models[1:]] + [node.name for node in graph.nodes]
    assert sorted(every) == sorted(family.names)
    json.dumps([dataclasses.asdict(edge) for edge in graph.edges], allow_nan=False)
