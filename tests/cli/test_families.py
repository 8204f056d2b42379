"""`classify` from end to end: published distances of real models, references, bases, names, what each file holds."""

from __future__ import annotations

import csv
import json
import re
import shutil

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.checkpoints import networks

from ..command import run

QUICK = ("--dpi", 20, "--json")


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def classify(out, *arguments, figures=False):
    outcome = run("classify", *arguments, "--out", out, *QUICK, figures=figures)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.document


def subtrees(folder):
    """The set of names under every merge, from the first merge to the last, read from the files written."""
    names = [row[0] for row in rows(folder / "classes.csv")[1:]]
    clusters = []
    for first, second, _ in rows(folder / "linkage.csv")[1:]:
        sides = [{names[-int(i) - 1]} if int(i) < 0 else clusters[int(i) - 1] for i in (first, second)]
        clusters.append(sides[0] | sides[1])
    return clusters


# published distances of real models


def test_the_models_from_novelai_are_a_subtree_and_v1_5_joins_last(shared, tmp_path):
    file = shared / "data" / "distances" / "wdacnai0.json"
    document = classify(tmp_path, "--distances", file, "--base", "sd-v1-4", "--linkage", "ward.D2")
    found = subtrees(tmp_path)
    assert {"animefull-final-pruned.ckpt", "888886dc.ckpt", "nnai_221201.ckpt"} in found
    assert found[-1] - found[-2] == {"v1-5-pruned.ckpt"}
    assert document["base"] == "sd-v1-4.ckpt"
    assert "sd-v1-4.ckpt" not in (tmp_path / "distances.csv").read_text("utf-8")


def test_anything_and_animefull_pair_up_before_momoko_joins(shared, tmp_path):
    classify(tmp_path, "--distances", shared / "data" / "distances" / "any3.json")
    found = subtrees(tmp_path)
    with_momoko = next(i for i, names in enumerate(found) if "momoko-e.ckpt" in names)
    for pair in (
        {"anything-v4.0-pruned.safetensors", "anything-v4.5-pruned.safetensors"},
        {"animefull-final-pruned.ckpt", "Anything-V3.0-pruned-fp32.ckpt"},
    ):
        assert found.index(pair) < with_momoko


def test_merges_lie_in_the_order_of_their_shares(shared, tmp_path):
    document = classify(tmp_path, "--distances", shared / "data" / "distances" / "cwd.json", "--optimal-order")
    names = [row["model"] for row in document["classes"]]
    (order,) = rows(tmp_path / "order.csv")
    share = {"wd-1-4-anime_e2.ckpt": 1.0, "cjd-v2-1-1.safetensors": 0.0}
    shares = [
        share.get(name) or float((re.match(r"[\d.]+", name) or ["0"])[0]) for i in order for name in [names[int(i) - 1]]
    ]
    assert shares in (sorted(shares), sorted(shares, reverse=True))


def test_components_and_csv_give_the_same(shared, tmp_path):
    file = shared / "data" / "distances" / "any3.json"
    classify(tmp_path / "json", "--distances", file, "--component", "te", "--linkage", "average")
    classify(tmp_path / "csv", "--distances", tmp_path / "json" / "distances.csv", "--linkage", "average")
    assert rows(tmp_path / "json" / "linkage.csv") == rows(tmp_path / "csv" / "linkage.csv")
    assert rows(tmp_path / "json" / "distances.csv") == rows(tmp_path / "csv" / "distances.csv")
    assert not (tmp_path / "json" / "features.csv").exists()


# checkpoints


def test_a_base_makes_delta_cosine_the_distance(small_family, tmp_path):
    document = classify(tmp_path, small_family, "--base", "base.safetensors", "--no-library")
    compared = run(
        "compare", small_family, "--measure", "sampled-delta-cosine", "--base", "base", "--no-library", "--json"
    ).document
    (tree,) = document["trees"]
    assert (tree["measure"], tree["distance"], tree["base"]) == ("sampled-delta-cosine", "matrix", "base")
    header, *body = rows(tmp_path / "distances.csv")
    kept = [compared["models"].index(name) for name in header[1:]]
    assert header[1:] == ["anna", "bert", "carl", "stranger"]
    expected = 1 - np.array(compared["overall"], dtype=float)[np.ix_(kept, kept)]
    found = np.array(body)[:, 1:].astype(float)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    support = {row["model"]: row["support"] for row in document["classes"]}
    assert 0 <= support.pop("anna") == support.pop("carl") <= 1
    assert set(support.values()) == {None}, "a class of one is a branch of every tree"
    assert 0 <= abs(tree["cophenetic"]) <= 1


def test_a_known_base_that_was_scanned_is_taken(small_family, tmp_path):
    library = ("--library", tmp_path / "library.sqlite")
    files = run("scan", small_family, *library, "--json").document["checkpoints"]
    (sha256,) = [row["sha256"] for row in files if row["name"] == "base"]
    published = {"name": "SD 1.x base", "sha256": sha256, "source": "this test"}
    definition = {"name": "published", "source": "this test", "known_models": [published]}
    (tmp_path / "published.json").write_text(json.dumps(definition), encoding="utf-8")
    with networks.registered(tmp_path / "published.json"):
        document = classify(tmp_path / "out", small_family, *library)
    assert document["base"] == "base"
    assert document["trees"][0]["measure"] == "sampled-delta-cosine"
    assert "a known base of" in document["notes"][0]
    assert [row["model"] for row in document["classes"]] == ["anna", "bert", "carl", "stranger"]
    (hashes,) = [row for row in rows(tmp_path / "out" / "hashes.csv") if row[0] == "anna"]
    assert hashes[3:] == [
        row[key] for row in files if row["name"] == "anna" for key in ("sha256", "short_hash", "legacy_hash", "autov3")
    ]


def test_an_architecture_without_a_base_makes_do_beside_one_that_has(small_family, tmp_path):
    models = shutil.copytree(small_family, tmp_path / "models")
    (models / "base.safetensors").unlink()
    for i in range(2):
        demo.save(models / f"sd2 {i}.safetensors", demo.draw(demo.sd2_shapes(4, 16, 1), seed=i))
    document = classify(tmp_path / "out", models, "--measure", "delta-cosine", "--no-library")
    assert [(t["architecture"], t["measure"], t["base"]) for t in document["trees"]] == [
        ("SD 1.x", "delta-cosine", "mean"),
        ("SD 2.x", "sampled-relative-l2", None),
    ]
    told = "no base for SD 2.x, and too few models for a mean: compared by sampled-relative-l2"
    assert told in document["notes"]


@pytest.fixture
def two_foreign(small_family, tmp_path):
    """The small family, and two files of another width that can be compared only with each other."""
    models = shutil.copytree(small_family, tmp_path / "models")
    root = demo.draw(demo.sd1_shapes(8, 32, 1), seed=7)
    for i in range(2):
        demo.save(models / f"wide {i}.safetensors", demo.train(root, seed=8 + i, size=0.1))
    return models


@pytest.mark.parametrize("more", [(), ("--suggest-references", 3), ("--distance", "matrix")], ids=str)
def test_two_models_comparable_only_with_each_other_leave_the_tree_to_the_rest(two_foreign, tmp_path, more):
    document = classify(tmp_path / "out", two_foreign, "--measure", "asimilarity", "--no-library", *more)
    assert [row["model"] for row in document["classes"]] == ["anna", "base", "bert", "carl", "stranger"]
    assert "left out of the tree, can only be compared with each other: wide 0 and wide 1" in document["notes"]
    assert "wide" not in (tmp_path / "out" / "distances.csv").read_text("utf-8")


def test_rows_of_tables_without_a_distance_to_the_rest_are_left_out(tmp_path):
    (tmp_path / "d.csv").write_text("model,a,b,c,d,e\na,0,1,2,,\nb,1,0,3,,\nc,2,3,0,,\nd,,,,0,1\ne,,,,1,0\n")
    document = classify(tmp_path / "1", "--distances", tmp_path / "d.csv")
    assert [row["model"] for row in document["classes"]] == ["a", "b", "c"]
    assert document["trees"][0]["notes"] == ["left out of the tree, can only be compared with each other: d and e"]
    (tmp_path / "f.csv").write_text("model,x,y,z\na,1,2,3\nb,1,3,2\nc,3,1,2\nd,5,5,5\n")
    document = classify(tmp_path / "2", "--features", tmp_path / "f.csv")
    assert [row["model"] for row in document["classes"]] == ["a", "b", "c"]
    assert document["trees"][0]["notes"] == ["left out of the tree, cannot be compared with any other: d"]


def test_a_stranger_is_marked_in_every_table(small_family, tmp_path):
    document = classify(tmp_path, small_family, "--base", "base", "--measure", "delta-cosine", "--no-library")
    told = {row["model"]: row["stranger"] for row in document["classes"]}
    assert told == {"anna": False, "bert": True, "carl": False, "stranger": True}
    header, *body = rows(tmp_path / "classes.csv")
    column = header.index("stranger")
    assert {row[0] for row in body if row[column] == "yes"} == {"bert", "stranger"}
    assert "bert, stranger: no near relative here" in (tmp_path / "report.html").read_text("utf-8")
    cut = classify(tmp_path / "cut", small_family, "--base", "base", "--measure", "delta-cosine", "--classes", 2)
    assert not any(row["stranger"] for row in cut["classes"])


def test_references_from_a_file(small_family, tmp_path):
    models = shutil.copytree(small_family, tmp_path / "models")
    demo.save(models / "sd2.safetensors", demo.draw(demo.sd2_shapes(4, 16, 1), seed=1))
    (tmp_path / "references.txt").write_text("# who else\nbase.safetensors\nstranger\nnobody\ncarl\nsd2\n")
    document = classify(
        tmp_path / "out", models, "--measure", "cosine", "--references", tmp_path / "references.txt", "--no-library"
    )
    folder = tmp_path / "out" / "SD 1.x"
    assert (folder / "references.txt").read_text("utf-8") == "base\nstranger\ncarl\n"
    header, *body = rows(folder / "features.csv")
    assert {column.split("/")[0] for column in header[1:]} == {"base", "stranger", "carl"}
    (row,) = [row for row in body if row[0] == "base"]
    missing = {column.split("/")[0] for column, cell in zip(header, row, strict=True) if cell == ""}
    assert missing == {"base"}
    notes = " ".join([*document["notes"], *document["trees"][0]["notes"]])
    assert "no model matches: nobody" in notes
    assert "references of another network, left out: sd2" in notes


def test_suggested_references_are_spread_out(small_family, tmp_path):
    document = classify(
        tmp_path,
        small_family,
        "--measure",
        "cosine",
        "--suggest-references",
        3,
        "--no-library",
        "--distance",
        "euclidean",
    )
    references = document["trees"][0]["references"]
    assert len(references) == 3
    assert "stranger" in references
    assert (tmp_path / "references.txt").read_text("utf-8").split() == references


def test_names_and_remarks_are_kept(small_family, tmp_path):
    common = (small_family, "--measure", "cosine", "--classes", 2, "--library", tmp_path / "l.sqlite")
    first = classify(tmp_path / "1", *common, "--name", "1=relatives = friends", "--remark", "1=all from <base>")
    second = classify(tmp_path / "2", *common)
    named = [{"model": r["model"], "name": r["name"], "remark": r["remark"]} for r in second["classes"]]
    assert named == [{"model": r["model"], "name": r["name"], "remark": r["remark"]} for r in first["classes"]]
    assert rows(tmp_path / "2" / "classes.csv")[1][:4] == ["anna", "1", "relatives = friends", "all from <base>"]
    page = (tmp_path / "2" / "report.html").read_text("utf-8")
    assert "all from &lt;base&gt;" in page
    for words in ("cosine", "all other models", "Pearson", "ward.D2", "modelsim", "numpy", "scipy"):
        assert words in page


def test_hostile_names_in_every_file(tmp_path):
    names = ["=1+1", '"; DROP', "<script>alert(1)</script>", "it's, (a:b);", "a/b", "$x^2$", "模型"]
    values = np.random.default_rng(1).standard_normal((len(names), 6))
    with (tmp_path / "f.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [["model", *"abcdef"], *([n, *v] for n, v in zip(names, values.tolist(), strict=True))]
        )
    classify(tmp_path / "out", "--features", tmp_path / "f.csv", "--classes", 2, figures=True)
    assert [row[0] for row in rows(tmp_path / "out" / "classes.csv")[1:]] == ["'=1+1", *names[1:]], "no formula"
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert report.count("<script") == 1, "our own"
    assert "alert(1)</" not in report
    assert "<script" not in (tmp_path / "out" / "heatmap.svg").read_text("utf-8")


def test_more_classes_than_models_are_as_many_as_there_are(small_family, tmp_path):
    (tmp_path / "d.csv").write_text("model,a,b,c\na,0,1,2\nb,1,0,3\nc,2,3,0\n")
    table = tmp_path / "d.csv"
    weights = [small_family, "--measure", "cosine"]
    for source, models in ((weights, 5), (["--distances", table], 3), (["--features", table], 3)):
        document = classify(tmp_path / "out", *source, "--classes", 99)
        assert {row["class"] for row in document["classes"]} == set(range(1, models + 1))
        (tree,) = document["trees"]
        assert f"99 classes were asked for, {models} came out" in " ".join(tree["notes"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["MODELS", "--distances", "D"], "exactly one of"),
        (["--distances", "D", "--features", "D"], "exactly one of"),
        (["--distances", "D", "--distance", "pearson"], "the file already holds distances"),
        (["--distances", "D", "--measure", "l2"], "cannot be combined with --measure"),
        (["--distances", "D", "--base", "x"], "no model matches"),
        (["--distances", "D", "--component", "unet"], "no components"),
        (["--distances", "D", "--classes", "0"], "cannot make this many classes"),
        (["--features", "D", "--base", "a"], "cannot be combined with --base"),
        (["--features", "D", "--references", "D"], "cannot be combined with --references"),
        (["--features", "D", "--distance", "matrix"], "no distances of its own"),
        (["--features", "D", "--distance", "manhattan"], "unknown distance"),
        (["--features", "D", "--name", "x"], "cannot read --name"),
        (["--features", "D", "--classes", "2", "--name", "3=x"], "no such class"),
        (["--features", "D", "--dpi", "0"], "--dpi is out of range"),
        (["MODELS", "--suggest-references", "9"], "cannot give this many references"),
        (["MODELS", "--suggest-references", "2"], "needs three references or more"),
        (["MODELS", "--references", "D"], "none of the references"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_one_line(small_family, tmp_path, arguments, told):
    (tmp_path / "d.csv").write_text("model,a,b,c\na,0,1,2\nb,1,0,3\nc,2,3,0\n")
    files = {"MODELS": small_family, "D": tmp_path / "d.csv"}
    outcome = run("classify", *(files.get(a, a) for a in arguments), "--out", tmp_path / "out", "--no-library")
    assert (outcome.code, outcome.out) == (2, "")
    assert told in outcome.err
    assert outcome.err.count("\n") == 1
