"""Names that tell files apart, and what a person may call a model."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_modelsim.errors import ModelsimError
from lib_modelsim.workspace.catalogue.index import match_model, model_names, plain_name
from lib_modelsim.workspace.catalogue.places import find_files

from ..command import run

PARTS = st.sampled_from(
    ["a", "b", "x", "x.ckpt", "x.safetensors", "x.ckpt.safetensors", "xl_1.0", "xl_1.0.safetensors", "X.safetensors"]
)


@given(
    st.lists(
        st.lists(PARTS, min_size=1, max_size=3).map(lambda parts: Path("/m", *parts)),
        min_size=1,
        max_size=8,
        unique=True,
    )
)
def test_no_two_files_have_one_name(paths):
    names = model_names(paths)
    assert len(set(names)) == len(names)
    if len({plain_name(path) for path in paths}) == len(paths):
        assert names == [plain_name(path) for path in paths]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("xl_1.0.safetensors", "xl_1.0"),
        ("xl_1.0", "xl_1.0"),
        ("v1.5.CKPT", "v1.5"),
        ("a.safetensors.bak", "a.safetensors.bak"),
        ("b.pt", "b"),
        ("c.pth", "c"),
        ("d.bin", "d"),
    ],
)
def test_known_endings_alone_are_cut(file, name):
    assert plain_name(Path(file)) == name


def test_folders_are_searched_in_a_steady_order(tmp_path):
    for name in ("b.safetensors", "A.ckpt", "sub/c.PT", "notes.txt", ".hidden/d.pt", "sub/q.gguf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "model_index.json").write_text("{}")
    files, missing = find_files([tmp_path])
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        "A.ckpt",
        "b.safetensors",
        "pipeline",
        "sub/c.PT",
        "sub/q.gguf",
    ]
    assert missing == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_that_leads_back_ends(tmp_path):
    (tmp_path / "a.pt").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [file.name for file in find_files([tmp_path])[0]] == ["a.pt"]


@pytest.mark.skipif(sys.platform != "linux", reason="names there are bytes")
def test_a_file_name_that_is_no_text(small_family, tmp_path):
    odd = os.fsencode(tmp_path) + b"/caf\xe9.safetensors"
    with Path(os.fsdecode(odd)).open("wb") as file:
        file.write((small_family / "anna.safetensors").read_bytes())
    outcome = run("compare", tmp_path, small_family / "base.safetensors", "--library", tmp_path / "l.sqlite", "--json")
    assert outcome.document["models"] == ["caf\\xe9", "base"]
    outcome = run(
        "classify", tmp_path, small_family, "--measure", "cosine", "--out", tmp_path / "out", "--no-library", "--json"
    )
    assert outcome.code == 0
    assert "caf\\xe9" in (tmp_path / "out" / "classes.csv").read_text("utf-8")


def test_a_model_by_name_part_or_hash():
    names, hashes = ["anna", "Anna Two", "bert"], [["0123456789ab"], ["012345678fff"], []]
    assert match_model("anna", names, hashes) == 0
    assert match_model("ANNA TWO.safetensors", names, hashes) == 1
    assert match_model("ber", names, hashes) == 2
    assert match_model("0123456789AB", names, hashes) == 0
    for query in ("ann", "01234567", "0123456", "nobody"):
        with pytest.raises(ModelsimError):
            match_model(query, names, hashes)
