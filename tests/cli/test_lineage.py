"""`lineage` and `recipe --distances` on the command line."""

import json

import pytest

from lib_modelsim.cli.main import main
from lib_modelsim.lineage.graph.series import rank_correlation


def run(capsys, *arguments) -> dict:
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def chain(document: dict) -> list[str]:
    """The models along directed edges, of a document that is one chain."""
    follows = {edge["from"]: edge["to"] for edge in document["edges"]}
    assert len(follows) == len(document["edges"])
    assert all(edge["directed"] for edge in document["edges"])
    (first,) = set(follows) - set(follows.values())
    order = [first]
    while order[-1] in follows:
        order.append(follows[order[-1]])
    return order


def test_nine_published_epochs_are_one_chain_with_their_origin_at_its_end(shared, capsys):
    document = run(capsys, "lineage", "--distances", shared / "data" / "distances" / "aobp.json")
    order = chain(document)
    epochs = [19, 39, 59, 64, 69, 74, 79, 89, 99]
    assert order == ["animefull-final-pruned.ckpt", *(f"ABPModel-ep{epoch}.safetensors" for epoch in epochs)]
    assert all(edge["evidence"] and edge["strength"] != "proven" for edge in document["edges"])
    assert document["groups"] == []


def test_ten_published_steps_are_one_chain_in_the_order_of_their_numbers(shared, capsys):
    order = chain(run(capsys, "lineage", "--distances", shared / "data" / "distances" / "am0.json"))
    correlation = rank_correlation([int(name[:2]) for name in order])
    print(f"rank correlation {correlation:.3f}")
    assert len(order) == 10
    assert correlation > 0.97


def test_published_merges_come_from_their_two_parents(shared, capsys):
    document = run(capsys, "lineage", "--distances", shared / "data" / "distances" / "cwd.json")
    merged = [edge for edge in document["edges"] if edge["kind"] == "weighted sum"]
    assert len(merged) == 24
    assert {edge["from"] for edge in merged} == {"wd-1-4-anime_e2.ckpt", "cjd-v2-1-1.safetensors"}
    assert all(edge["directed"] for edge in merged)


def test_a_difference_that_was_added_has_no_direction_where_each_of_four_may_be_it(shared, capsys):
    document = run(capsys, "lineage", "--distances", shared / "data" / "distances" / "any3.json")
    sides = [edge for edge in document["edges"] if edge["kind"] == "add-difference"]
    assert len(sides) == 4
    assert not any(edge["directed"] for edge in sides)
    assert [set(group["models"]) for group in document["groups"]] == [{"ACertainty.ckpt", "ACertainModel.ckpt"}]


def test_a_base_directs_and_other_bases_are_not_said_to_come_from_it(shared, capsys):
    document = run(capsys, "lineage", "--distances", shared / "data" / "distances" / "wdacnai0.json")
    edges = {(edge["from"], edge["to"]): edge for edge in document["edges"]}
    assert edges["sd-v1-4.ckpt", "wd-v1-3-full.ckpt"]["directed"]
    for other in ("sd-v1-2-full-ema.ckpt", "v1-5-pruned.ckpt"):
        assert not edges["sd-v1-4.ckpt", other]["directed"]


def test_the_shares_of_a_matrix_as_json(shared, capsys):
    document = run(capsys, "recipe", "--distances", shared / "data" / "distances" / "cwd.json")
    assert len(document["recipes"]) == 14
    assert any("neither shares by block nor the method" in remark for remark in document["remarks"])
    half = next(recipe for recipe in document["recipes"] if recipe["target"].startswith("0.5("))
    assert {parent["model"]: round(parent["share"], 3) for parent in half["parents"]} == {
        "cjd-v2-1-1.safetensors": 0.5,
        "wd-1-4-anime_e2.ckpt": 0.5,
    }


def matrix(path, metric: object = "l2", **more):
    values = [[0, 3, 4], [3, 0, 5], [4, 5, 0]]
    path.write_text(json.dumps({"models": ["a", "b", "c"], "metric": metric, "distances": {"unet": values}} | more))
    return path


def refused(capsys, *arguments) -> str:
    assert main([*map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("command", ["lineage", "recipe"])
def test_what_makes_no_sense_is_refused(tmp_path, capsys, command):
    file = matrix(tmp_path / "a.json")
    assert "no shares follow" in refused(capsys, command, "--distances", matrix(tmp_path / "b.json", "cosine"))
    assert "names a model twice" in refused(
        capsys, command, "--distances", matrix(tmp_path / "c.json", models=["a", "b", "a"])
    )
    assert "cannot be combined with PATH" in refused(capsys, command, tmp_path, "--distances", file)
    assert "no such component" in refused(capsys, command, "--distances", file, "--component", "vae")
    assert "--component needs --distances" in refused(capsys, command, tmp_path, "--component", "vae")
    assert "no checkpoint is given" in refused(capsys, command)
    assert refused(capsys, command, "--distances", tmp_path / "none.json")


def test_a_matrix_that_does_not_name_its_metric_is_taken_and_says_so(tmp_path, capsys):
    document = run(capsys, "lineage", "--distances", matrix(tmp_path / "a.json", None))
    assert any("does not say that its numbers are distances" in remark for remark in document["remarks"])


def test_a_base_that_is_named_directs(tmp_path, capsys):
    document = run(capsys, "lineage", "--distances", matrix(tmp_path / "a.json"), "--base", "a")
    assert {(edge["from"], edge["to"], edge["directed"]) for edge in document["edges"]} == {
        ("a", "b", True),
        ("a", "c", True),
    }
    assert "no model matches" in refused(capsys, "lineage", "--distances", tmp_path / "a.json", "--base", "x")


def test_two_models_are_not_said_to_be_kin(tmp_path, capsys):
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"models": ["a", "b"], "metric": "l2", "distances": {"unet": [[0, 3], [3, 0]]}}))
    (edge,) = run(capsys, "lineage", "--distances", file)["edges"]
    assert (edge["kind"], edge["directed"]) == ("nearest", False)


def test_the_graph_is_written_and_told(tmp_path, shared, capsys):
    file = shared / "data" / "distances" / "aobp.json"
    assert main(["lineage", "--distances", str(file), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "animefull-final-pruned.ckpt" in told
    assert len(list((tmp_path / "out").iterdir())) == 5
