"""The lineage of checkpoints on disk."""

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.cli.main import main
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Cancelled, Job, Progress
from lib_modelsim.library import Library
from lib_modelsim.workspace.workspace import Workspace

SHAPES = demo.sd1_shapes(4, 16, 1)


def run(capsys, *arguments) -> dict:
    assert main(["lineage", *map(str, arguments), "--json", "--no-library"]) == 0
    return json.loads(capsys.readouterr().out)


def directed(document: dict) -> set[tuple[str, str]]:
    return {(edge["from"], edge["to"]) for edge in document["edges"] if edge["directed"]}


def family() -> dict[str, dict]:
    base = demo.draw(SHAPES, seed=1)
    weights = {"v1-5-base": base}
    for i, name in enumerate(("red", "green", "blue")):
        weights[name] = demo.train(base, seed=10 + i, size=0.1)
    weights["red-2"] = demo.train(weights["red"], seed=20, size=0.1)
    return weights


def mixed(a: dict, b: dict, share: float) -> dict:
    return {key: (share * a[key].astype(np.float32) + (1 - share) * b[key].astype(np.float32)).astype(a[key].dtype)
            for key in a}  # fmt: skip


def saved(folder, weights: dict[str, dict]):
    folder.mkdir(parents=True, exist_ok=True)
    for name, each in weights.items():
        demo.save(folder / f"{name}.safetensors", each)
    return folder


def test_a_planted_library_comes_out(tmp_path, capsys):
    weights = family()
    weights["mix"] = mixed(weights["red"], weights["green"], 0.6)
    weights["red (1)"] = weights["red"]
    folder = saved(tmp_path, weights)
    (folder / "damaged.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00not json")
    document = run(capsys, folder)
    found = directed(document)
    assert {("v1-5-base", "red"), ("v1-5-base", "green"), ("v1-5-base", "blue"), ("red", "red-2")} <= found
    merged = {edge["from"]: edge for edge in document["edges"] if edge["to"] == "mix"}
    assert set(merged) == {"red", "green"}
    assert merged["red"]["share"] == pytest.approx(0.6, abs=0.01)
    assert [group["models"] for group in document["groups"]] == [["red", "red (1)"]]
    assert any("damaged" in error["path"] for error in document["errors"])
    assert nx.is_directed_acyclic_graph(nx.DiGraph(found))
    assert len({node["network"] for node in document["nodes"]}) == 1


def test_without_the_base_merges_have_a_direction_and_fine_tunes_have_none(tmp_path, capsys):
    weights = family()
    weights["mix"] = mixed(weights["red"], weights["green"], 0.6)
    del weights["v1-5-base"]
    document = run(capsys, saved(tmp_path, weights))
    assert directed(document) == {("red", "mix"), ("green", "mix")}
    assert any("No base is known" in remark for remark in document["remarks"])


def test_two_networks_are_two_graphs_and_are_written_apart(tmp_path, capsys):
    weights = family()
    folder = saved(tmp_path / "models", {name: weights[name] for name in ("v1-5-base", "red", "green")})
    wide = demo.draw(demo.sdxl_shapes(4, 16, (1, 1)), seed=3)
    saved(folder, {"other": wide, "other-2": demo.train(wide, seed=4, size=0.1)})
    document = run(capsys, folder, "--out", tmp_path / "out")
    networks = {node["name"]: node["network"] for node in document["nodes"]}
    for edge in document["edges"]:
        assert edge["from"].startswith("other") == edge["to"].startswith("other")
    assert networks.keys() == {"v1-5-base", "red", "green", "other", "other-2"}
    assert len({Path(path).parent for path in document["written"]}) == 2


def test_one_model_has_no_edge_and_says_why(tmp_path, capsys):
    document = run(capsys, saved(tmp_path, {"red": family()["red"]}))
    assert document["edges"] == []
    assert "nothing to compare it with" in document["remarks"][0]


def test_an_empty_folder_is_told(tmp_path, capsys):
    assert main(["lineage", str(tmp_path), "--no-library"]) == 2
    assert "there is no checkpoint here" in capsys.readouterr().err


def test_what_a_file_says_of_itself_stands_beside(tmp_path, capsys):
    weights = family()
    folder = saved(tmp_path, weights)
    demo.save(folder / "red-2.safetensors", weights["red-2"], metadata={"ss_sd_model_name": "red.safetensors"})
    document = run(capsys, folder)
    (edge,) = [edge for edge in document["edges"] if (edge["from"], edge["to"]) == ("red", "red-2")]
    assert "red-2 says so of itself." in edge["evidence"]


def test_a_second_run_reads_nothing_anew_and_says_the_same(tmp_path, capsys):
    folder = saved(tmp_path / "models", family())
    arguments = ["lineage", str(folder), "--json", "--library", str(tmp_path / "library.sqlite")]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert main(arguments) == 0
    assert capsys.readouterr().out == first


def test_the_tree_of_a_family_that_was_really_trained(trained_family, capsys):
    document = run(capsys, trained_family)
    assert directed(document) == {
        ("mini-base", "mini-ink"),
        ("mini-base", "mini-water"),
        ("mini-base", "mini-dots-lora"),
        ("mini-base", "mini-words"),
        ("mini-ink", "mini-ink-neon"),
        ("mini-water", "mini-water-sepia"),
    }


def test_a_stop_keeps_the_recipes_that_were_finished(tmp_path):
    folder = saved(tmp_path / "models", family())
    library = tmp_path / "library.sqlite"
    with Workspace(Folders([folder], tmp_path, Settings()), lambda: Library(library)) as use:
        index = use.read_index(Job())
        finished = False

        def report(progress: Progress) -> None:
            nonlocal finished
            if progress.what == "making recipes" and progress.done == 1:
                finished = bool(use.lineage.all_recalled(index.models))

        with pytest.raises(Cancelled):
            use.lineage.lineage(None, index, Job(report, lambda: finished))
        kept = set(use.lineage.all_recalled(index.models))
        assert 0 < len(kept) < len(index.models)


def test_zeros_are_nobodys_kin(tmp_path, capsys):
    weights = family()
    weights["zeros"] = {key: np.zeros_like(value) for key, value in weights["red"].items()}
    document = run(capsys, saved(tmp_path, weights))
    assert all("zeros" not in (edge["from"], edge["to"]) for edge in document["edges"])
