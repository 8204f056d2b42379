"""What is remembered stays right: whatever stops the process, damages the file, fills the disk or runs beside it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

from lib_modelsim import demo
from lib_modelsim.errors import ModelsimError
from lib_modelsim.library import FileKey, Library
from lib_modelsim.similarity import device
from lib_modelsim.workspace.workspace import Workspace

from .command import ROOT, run, run_process


@pytest.fixture
def library(tmp_path):
    folder = tmp_path / "own library"
    folder.mkdir()  # it is the person's to make: a mistyped path must not become a new library
    return folder / "library.sqlite"


@pytest.fixture
def family(small_family, tmp_path):
    """A copy of the family, to change."""
    return shutil.copytree(small_family, tmp_path / "models")


@pytest.fixture
def reads(monkeypatch):
    """The files whose tensors were read, in order."""
    from lib_modelsim.checkpoints.values import ValueReader

    read, names = ValueReader._read, []

    def counting(reader, stored, *place):
        names.append(stored.source.name)
        return read(reader, stored, *place)

    monkeypatch.setattr(ValueReader, "_read", counting)
    return names


@pytest.fixture
def pair(family):
    """Two of the family, where many runs are needed."""
    for name in ("bert", "carl", "stranger"):
        (family / f"{name}.safetensors").unlink()
    return family


def compared(*paths, library, measure="cosine", **more):
    outcome = run("compare", *paths, "--measure", measure, "--library", library, "--json", *more)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.document


def test_the_second_time_nothing_is_read(family, library, reads):
    first = compared(family, library=library)
    assert reads
    reads.clear()
    assert compared(family, library=library) == first
    assert compared(family, library=library, measure="l2")["measure"] == "l2"
    assert reads == []


def test_some_of_the_models_find_their_numbers_among_all(family, library, reads):
    whole = compared(family, library=library)
    reads.clear()
    part = compared(family / "stranger.safetensors", family / "anna.safetensors", library=library)
    rows = [whole["models"].index(name) for name in ("stranger", "anna")]
    assert part["values"] == [[whole["values"][i][j] for j in rows] for i in rows]
    assert reads == []


def test_a_changed_file_is_read_again(family, library):
    before = compared(family, library=library, measure="l2")
    os.utime(family / "anna.safetensors", ns=(1, 1))
    assert compared(family, library=library, measure="l2") == before
    demo.save(family / "anna.safetensors", demo.draw(demo.sd1_shapes(4, 16, 1), seed=9))
    after = compared(family, library=library, measure="l2")
    assert after == {**run("compare", family, "--measure", "l2", "--no-library", "--json").document}
    assert after != before


def test_a_renamed_file_is_known_once_it_was_scanned(family, library, reads):
    before = compared(family, library=library)
    run("scan", family, "--library", library, "--json")
    (family / "anna.safetensors").rename(family / "zoe.safetensors")
    run("scan", family, "--library", library, "--json")
    reads.clear()
    after = compared(family, library=library)
    order = [after["models"].index("zoe" if name == "anna" else name) for name in before["models"]]
    assert [[after["overall"][i][j] for j in order] for i in order] == before["overall"]
    assert reads == []


def test_scanned_copies_are_read_once(family, library, reads):
    shutil.copy(family / "anna.safetensors", family / "copy of anna.safetensors")
    run("scan", family, "--library", library, "--json")
    document = compared(family, library=library)
    assert len({name for name in reads if "anna" in name}) == 1
    a, b = map(document["models"].index, ("anna", "copy of anna"))
    assert document["values"][a][b] == [1] * len(document["blocks"])
    assert document["overall"][a] == document["overall"][b]


def test_two_copies_alone(family, library):
    shutil.copy(family / "anna.safetensors", family / "copy.safetensors")
    run("scan", family / "anna.safetensors", family / "copy.safetensors", "--library", library, "--json")
    document = compared(family / "anna.safetensors", family / "copy.safetensors", library=library, measure="l2")
    assert document["overall"] == [[0, 0], [0, 0]]


@pytest.mark.parametrize("options", [(), ("--measure", "cosine")], ids=["default", "cosine"])
def test_the_second_compare_imports_neither_torch_nor_scipy(family, library, options):
    assert run("compare", family, *options, "--library", library).code == 0
    loaded = "bool({'torch', 'scipy'} & set(sys.modules))"
    code = f"import sys; from lib_modelsim.cli.main import main; main(sys.argv[1:]); sys.exit({loaded})"
    command = [sys.executable, "-c", code, "compare", str(family), *options, "--library", str(library), "--json"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


# stopped, damaged, full, shared


def sound(library) -> bool:
    with sqlite3.connect(library) as db:
        return db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


STEP_BY_STEP = """
import sys
from lib_modelsim.cli.main import main
from lib_modelsim.library import Library
remember = Library.remember_block
def step_by_step(self, *arguments):
    remember(self, *arguments)
    print("remembered", file=sys.stderr, flush=True)
    sys.stdin.readline()
Library.remember_block = step_by_step
sys.exit(main(sys.argv[1:]))
"""
"""The command line, which waits for a line before it goes on to the next block."""


def started(*arguments, stdin=subprocess.PIPE):
    command = [sys.executable, "-c", STEP_BY_STEP, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def go_on(process):
    process.stdin.write("\n")
    process.stdin.flush()


def after_blocks(process, count):
    assert process.stderr.readline() == "remembered\n"
    for _ in range(count - 1):
        go_on(process)
        assert process.stderr.readline() == "remembered\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("blocks", "measure"), [(1, "cosine"), (9, "cosine"), (9, "sampled-delta-cosine"), (20, "cosine")]
)
def test_killed_at_any_moment_it_keeps_the_finished_blocks(family, library, reads, blocks, measure):
    undisturbed = run("compare", family, "--measure", measure, "--no-library", "--json").document
    process = started("compare", family, "--measure", measure, "--library", library, "--json")
    after_blocks(process, blocks)
    go_on(process)
    time.sleep(random.Random(blocks).uniform(0, 0.06))  # it is anywhere in the next block, or has finished that
    process.kill()
    process.communicate()
    assert sound(library)
    reads.clear()
    assert compared(family, library=library, measure=measure) == undisturbed
    with sqlite3.connect(library) as db:
        assert len(db.execute("SELECT DISTINCT block FROM blocks").fetchall()) == len(undisturbed["blocks"])
    assert 0 < reads.count("anna.safetensors") < 1000


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_is_one_line_and_130(family, library):
    process = started("compare", family, "--library", library, "--json")
    after_blocks(process, 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    told = [line for line in err.splitlines() if line != "remembered"]
    assert told == ["modelsim: stopped; finished work is kept, run the same command again to continue"]
    assert out == ""
    with sqlite3.connect(library) as db:
        assert db.execute("SELECT count(*) FROM blocks").fetchone()[0] >= 3


def test_damaged_bytes_never_change_an_answer(pair, library):
    """`benchmarks/damage.py` does this at 2,000 places."""
    good = compared(pair, library=library)
    raw, generator = library.read_bytes(), random.Random(7)
    for i in range(12):
        damaged = bytearray(raw)
        for _ in range(10):
            start = generator.randrange(len(raw))
            damaged[start : start + 200] = generator.randbytes(200)
        library.write_bytes(damaged[: generator.randrange(len(raw)) if i % 3 == 0 else None])
        for rest in library.parent.glob("*-wal"):
            rest.unlink()
        outcome = run("compare", pair, "--library", library, "--json")
        if outcome.code == 2:  # seen in the middle of the work: the next run has a new one
            assert "start again" in outcome.err
            assert (outcome.err.count("\n"), outcome.out) == (1, "")
            outcome = run("compare", pair, "--library", library, "--json")
        assert outcome.code == 0
        assert outcome.document == good
        assert outcome.err.count("\n") <= 1
    assert list(library.parent.glob("library damaged *.sqlite"))


def with_files(folder, order, monkeypatch):
    """A library of two files and a result of each, made in this order; ids are counted."""
    numbers = iter(range(1, 100))
    monkeypatch.setattr("lib_modelsim.library._new_id", lambda: next(numbers))
    file = folder / f"{order}.sqlite"
    with Library(file) as library:
        for name in order:
            key = FileKey(name, 1, 1)
            model = library.remember_file(key, "1", f"header of {name}", f"layout of {name}", name)
            library.remember_identity(key, model, name * 64, {"name": name})
            library.remember_block("method", (model,), name, {"x": np.array([ord(name)])})
            library.remember_other_hash(key, "md5", name)
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA journal_mode=DELETE")
        assert db.execute("PRAGMA page_size").fetchone() == (4096,)
    return file


def pages(file):
    raw = file.read_bytes()
    return [raw[start : start + 4096] for start in range(0, len(raw), 4096)]


def write_after_reading(library):
    library.file(FileKey("a", 1, 1), "1")
    library.remember_file(FileKey("c", 1, 1), "1", "header of c", "layout of c", "c")


def test_an_index_that_leads_to_another_s_row_gives_nothing(tmp_path, monkeypatch):
    """As a damaged page does: no file may be taken for another, no result for another's."""
    index_leaf = 0x0A
    tables, indices = (pages(with_files(tmp_path, order, monkeypatch)) for order in ("ab", "ba"))
    mixed = [of if mine[0] == index_leaf else mine for mine, of in zip(tables, indices, strict=True)]
    assert mixed != tables
    file = tmp_path / "mixed.sqlite"
    file.write_bytes(b"".join(mixed))
    with Library(file) as library:
        for name in "ab":
            found = library.file(FileKey(name, 1, 1), "1")
            assert found is None or found.header == f"header of {name}"
            assert library.other_hash(FileKey(name, 1, 1), "md5") in (None, name)
            assert library.layout(f"layout of {name}") in (None, name)
        for model, name in ((1, "a"), (2, "b")):
            results = library.results("method", (model,))
            assert set(results) <= {name}
            assert all(result.arrays["x"] == ord(name) for result in results.values())
            assert library.identity(model) in (None, {"name": name})
    library = Library(file)
    with pytest.raises(ModelsimError, match="start again"), library:
        write_after_reading(library)
    assert list(tmp_path.glob("mixed damaged 1.sqlite"))


@pytest.mark.parametrize(
    "content",
    [b"no database at all, but long enough to be looked at" * 10, b"SQLite format 3\0" + bytes(4000)],
    ids=["text", "zeros"],
)
def test_a_damaged_library_is_kept_beside_a_new_one(pair, library, content, caplog):
    for number in (1, 2):
        library.write_bytes(content)
        caplog.clear()
        outcome = run("compare", pair, "--library", library, "--json")
        assert outcome.code == 0
        aside = library.with_name(f"library damaged {number}.sqlite")
        (told,) = caplog.messages
        assert f"{library} is now {aside.name}; a new one is in its place" in told
        assert aside.read_bytes() == content
        assert compared(pair, library=library) == outcome.document
        assert sound(library)


def test_a_workspace_that_lasts_opens_a_new_library_after_damage(tmp_path):
    file = tmp_path / "library.sqlite"
    workspace = Workspace(None, lambda: Library(file))

    def reads_a_damaged_page():
        assert workspace.library.files() == []
        raise sqlite3.DatabaseError("database disk image is malformed")

    with pytest.raises(ModelsimError, match="start again"):
        workspace.heeding(reads_a_damaged_page)
    assert (tmp_path / "library damaged 1.sqlite").exists()
    assert workspace.library.files() == []
    workspace.close()
    assert sound(file)


def test_a_file_of_another_kind_is_left_alone(pair, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a library at all" * 50)
    outcome = run("compare", pair, "--library", text, "--json")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "--no-library" in outcome.err
    assert text.read_text() == "not a library at all" * 50
    assert list(tmp_path.glob("notes*")) == [text]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_pipe_or_a_device_is_no_library(pair, tmp_path):
    pipe = tmp_path / "library.sqlite"
    os.mkfifo(pipe)
    for path in (pipe, "/dev/zero"):
        outcome = run("compare", pair, "--library", path, "--json")
        assert outcome.code == 2
        assert "not a regular file" in outcome.err
        assert outcome.err.count("\n") == 1


def test_a_folder_is_no_library(family, tmp_path):
    outcome = run("compare", family, "--library", tmp_path, "--json")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("limit", [0, 30_000, 100_000], ids=lambda limit: f"{limit} bytes")
def test_a_full_disk_costs_the_memory_of_results_alone(pair, library, limit):
    import resource

    def small_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    outcome = run_process("compare", pair, "--library", library, "--json", preexec_fn=small_disk)
    assert outcome.code == 0
    assert outcome.document == run("compare", pair, "--no-library", "--json").document
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("modelsim: the library could not save this")
    assert compared(pair, library=library) == outcome.document


def test_an_id_that_was_never_written_names_nobody_later(tmp_path):
    """While the disk refuses, models get ids for this run alone: results under them must not outlive it."""
    file = tmp_path / "library.sqlite"
    with Library(file) as library:
        library.remember_block("method", (-1, 3), "IN00", {"x": np.zeros(2)})
        assert library.results("method", (-1, 3)) == {}


def test_two_processes_share_a_library(pair, library):
    processes = [
        started("compare", pair, "--library", library, "--measure", measure, "--json", stdin=subprocess.DEVNULL)
        for measure in ("cosine", "l2", "cosine")
    ]
    outs = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outs
    assert json.loads(outs[0][0]) == json.loads(outs[2][0]) == compared(pair, library=library)
    assert all(set(err.splitlines()) <= {"remembered"} for _, err in outs)
    assert sound(library)


def test_two_processes_that_hash_the_same_file_agree_on_its_model(tmp_path):
    """Each found the file new and gave it an id; the hash makes them one."""
    file = tmp_path / "library.sqlite"
    with Library(file) as a, Library(file) as b:
        one = a.remember_file(FileKey("one", 1, 1), "1", "{}", "d", "[]")
        two = b.remember_file(FileKey("two", 1, 1), "1", "{}", "d", "[]")
        assert one != two
        assert a.remember_identity(FileKey("one", 1, 1), one, "abc", {}) == one
        assert b.remember_identity(FileKey("two", 1, 1), two, "abc", {}) == one
        assert a.file(FileKey("two", 1, 1), "1").model == one


def test_a_library_of_the_future_is_left_alone(family, library):
    with sqlite3.connect(library) as db:
        db.execute("PRAGMA user_version=1000")
    outcome = run("compare", family, "--library", library)
    assert outcome.code == 2
    assert "newer modelsim" in outcome.err


def test_working_in_smaller_pieces_changes_nothing(family, monkeypatch):
    """The budget decides how much is read at a time, never what comes out."""
    documents = []
    for budget in (320 << 20, 50_000):
        monkeypatch.setattr(device, "CPU", device.Device(device.CPU.torch, budget))
        documents.append(
            [run("compare", family, "--measure", m, "--no-library", "--json").document for m in ("l2", "asimilarity")]
        )
    for whole, pieces in zip(*documents, strict=True):
        np.testing.assert_allclose(
            np.array(pieces["values"], float), np.array(whole["values"], float), rtol=1e-5, atol=1e-6
        )
