"""The numbers that two other programs print for the same files, through the command line."""

from __future__ import annotations

import csv
import json

import pytest

from ..command import run


@pytest.fixture(scope="module")
def peers(shared):
    return json.loads((shared / "data" / "peer_scores" / "channels32.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return tmp_path_factory.mktemp("library") / "library.sqlite"


@pytest.fixture(scope="module")
def compared(peer_family, library):
    """Measure → document, each compared once."""
    known = {}

    def of(measure: str) -> dict:
        if measure not in known:
            known[measure] = run("compare", peer_family, "--measure", measure, "--library", library, "--json").document
        return known[measure]

    return of


def value(document: dict, a: str, b: str, block: str) -> float:
    models, blocks = document["models"], document["blocks"]
    return document["values"][models.index(a)][models.index(b)][blocks.index(block)]


def overall(document: dict, a: str, b: str) -> float:
    models = document["models"]
    return document["overall"][models.index(a)][models.index(b)]


def worst(deviations: list[float], unit: str) -> float:
    print(f"worst of {len(deviations)} deviations: {max(deviations):.3g} {unit}")
    return max(deviations)


def test_asimilarity8_is_that_of_sdsim(compared, peers):
    document, deviations = compared("asimilarity8"), []
    for a, others in peers["sdsim"].items():
        for b, scores in others.items():
            mine = {str(int(block.removeprefix("OUT"))): value(document, a, b, block) for block in document["blocks"]}
            assert mine.keys() == scores.keys() - {"mean"}
            deviations += [abs(mine[block] - scores[block]) for block in mine]
            deviations.append(abs(overall(document, a, b) - scores["mean"]))
    assert worst(deviations, "of 1") < 1e-4


@pytest.mark.parametrize(
    ("measure", "theirs", "tolerance"),
    [
        ("asimilarity", "supermerger_asimilarity", 0.02),
        ("cosine", "supermerger_block_mean", 0.01),
        ("cosine-min", "supermerger_block_min", 0.01),
    ],
)
def test_block_values_are_those_of_supermerger(compared, peers, measure, theirs, tolerance):
    document, deviations = compared(measure), []
    for pair, rows in peers[theirs].items():
        for block, percent in rows:
            if block in document["blocks"]:
                deviations.append(abs(100 * value(document, *pair.split("|"), block) - percent))
    assert len(deviations) == sum(block != "VAE" for rows in peers[theirs].values() for block, _ in rows)
    assert worst(deviations, "percentage points") < tolerance


def test_values_of_every_key_are_those_of_supermerger(peer_family, peers):
    files = [peer_family / f"{name}.safetensors" for name in ("finetune_a", "mbw")]
    document = run("compare", *files, "--measure", "cosine", "--elements", "--no-library", "--json").document
    mine = {element["key"]: element for element in document["elements"]}
    rows = peers["supermerger_element"]["finetune_a|mbw"]
    assert all(mine[key]["block"] == block for block, key, _ in rows)
    assert worst([abs(100 * mine[key]["value"] - percent) for _, key, percent in rows], "percentage points") < 0.01


def test_the_copy_is_the_same_file(peer_family, library):
    rows = run(
        "scan", peer_family / "copy.safetensors", peer_family / "finetune_a.safetensors", "--library", library, "--json"
    ).document["checkpoints"]
    assert rows[0]["sha256"] == rows[1]["sha256"] is not None


@pytest.mark.parametrize(
    "measure", ["asimilarity", "asimilarity8", "cosine", "cosine-min", "cosine-whole", "l2", "relative-l2"]
)
def test_the_sibling_is_nearest(compared, measure):
    document = compared(measure)
    others = set(document["models"]) - {"finetune_a", "copy"}
    nearest = min if measure in ("l2", "relative-l2") else max
    assert nearest(others, key=lambda name: overall(document, "finetune_a", name)) == "sibling_a"


@pytest.mark.parametrize("measure", ["asimilarity", "cosine", "cosine-min", "cosine-whole", "l2", "relative-l2"])
def test_the_block_merge_equals_each_parent_in_its_half(compared, measure):
    document = compared(measure)
    for block in document["blocks"]:
        parent = {"IN": "finetune_a", "OUT": "finetune_b"}.get(block.rstrip("0123456789"))
        if parent and measure == "asimilarity":
            assert value(document, "mbw", parent, block) == pytest.approx(1, abs=1e-6)
        elif parent:
            assert value(document, "mbw", parent, block) == (0 if measure.endswith("l2") else 1)


@pytest.mark.parametrize("measure", ["cosine", "asimilarity"])
def test_the_stranger_joins_last(peer_family, library, tmp_path, measure):
    out = run("classify", peer_family, "--measure", measure, "--out", tmp_path, "--library", library, "--json")
    names = [row["model"] for row in out.document["classes"]]
    with (tmp_path / "linkage.csv").open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert -(names.index("stranger") + 1) in (int(last["merge1"]), int(last["merge2"]))
