"""Kills programs with −9 inside their writes, and looks at what survived.

    python -m benchmarks.kills [KILLS] [SEED]     200 and 1 where nothing else is said

A child writes item after item and says by a pipe when it enters a write and when it has left it (each part of a file's
bytes, flush to the disk, new name, deletion, and every statement of a transaction from its first to its end), and which
item is finished. Each of these takes some milliseconds more than it needs, so that the kill comes within. A kill counts
only where the last word was that a write goes on. Right is: every finished item is there and whole, and the next child
goes on from there.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from lib_modelsim import sqlite
from lib_modelsim.checkpoints.source import FileKey
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.probes.gallery import Gallery, Record, read_record
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.probes.suite import from_document
from lib_modelsim.ui.choices import Choices, keep_choices, read_choices
from lib_modelsim.workspace.curating.transfer import Way, plan_transfer, transfer
from lib_modelsim.workspace.probing.suites import Suites
from lib_modelsim.writing import write_bytes, write_csv, write_text

PAUSE = 0.004
"""Seconds that a write takes more."""

PARTS = 3
"""So many times a file's bytes are written."""


# in the child


def within(real: Callable) -> Callable:
    """The same, with a word before and after."""

    def told(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever it takes
        say("<")
        time.sleep(PAUSE)
        try:
            return real(*arguments, **more)
        finally:
            time.sleep(PAUSE)
            say(">")

    return told


def say(word: str) -> None:
    """To the one who kills."""
    os.write(1, f"{word}\n".encode())


class Parted(io.BufferedWriter):
    """A file whose bytes come in parts."""

    def write(self, data: bytes) -> int:
        """As a writer's."""
        say("<")
        size = len(data)
        for part in range(PARTS):
            super().write(data[size * part // PARTS : size * (part + 1) // PARTS])
            self.flush()
            time.sleep(PAUSE)
        say(">")
        return size


def parted_open(real: Callable) -> Callable:
    """`open`, of which files to be written come in parts."""

    def opened(file: Any, mode: str = "r", *arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - as open has it
        if mode in ("wb", "xb"):
            return Parted(io.FileIO(file, mode.replace("b", "")))
        return real(file, mode, *arguments, **more)

    return opened


class Slow(sqlite._Connection):
    """A connection that says when a transaction begins and when it has ended."""

    def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as sqlite3 has it
        """As a connection's."""
        begins, ends = statement.startswith("BEGIN"), statement.startswith(("COMMIT", "ROLLBACK"))
        alone = statement.startswith(("INSERT", "UPDATE", "DELETE")) and not self.in_transaction
        if begins or alone:
            say("<")
        if self.in_transaction or alone:
            time.sleep(PAUSE)
        try:
            return super().execute(statement, *arguments)
        finally:
            if ends or alone:
                time.sleep(PAUSE)
                say(">")


def slowly() -> None:
    """Every write of this process."""
    builtins.open = io.open = parted_open(open)
    for name in ("replace", "rename", "link", "unlink", "fsync"):
        setattr(os, name, within(getattr(os, name)))
    sqlite._Connection = Slow


def child(kind: str, folder: Path) -> None:
    """Write items of this kind until killed; each that is finished is told."""
    begin = max([*map(int, (folder / "finished").read_text().split()), -1]) + 1
    slowly()
    for number in KINDS[kind][0](folder, begin):
        say(str(number))


# what is written, and what must be there


def fill_library(folder: Path, begin: int) -> Iterator[int]:
    """A model and a number of it in each item."""
    with Library(folder / "library.sqlite") as library:
        library._db.execute("PRAGMA wal_autocheckpoint=2")
        for number in range(begin, 10_000):
            key = FileKey(f"/{number}.safetensors", number, number)
            model = library.remember_file(key, "1", f"header {number}", f"layout {number}", f"{number}" * 1000)
            library.remember_identity(key, model, f"{number:064}", {"name": number})
            library.remember_block("method", (model,), "IN00", {"x": np.full(2000, number)})
            yield number


def check_library(folder: Path, finished: list[int]) -> None:
    """All that was remembered."""
    with Library(folder / "library.sqlite") as library:
        assert library._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for number in finished:
            known = library.file(FileKey(f"/{number}.safetensors", number, number), "1")
            assert known is not None
            assert (known.sha256, known.header) == (f"{number:064}", f"header {number}")
            assert library.identity(known.model) == {"name": number}
            assert (library.results("method", [known.model])["IN00"].arrays["x"] == number).all()
    assert not list(folder.glob("* damaged *"))


def picture(number: int) -> Image.Image:
    """One of its own."""
    return Image.fromarray(np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8))


def draw(folder: Path, begin: int) -> Iterator[int]:
    """A picture in each item, as a probe run saves it."""
    with Gallery(folder / "gallery") as gallery, gallery.drawing():
        gallery.take_in()
        for number in range(begin, 10_000):
            parameters = {"prompt": "a cat", "seed": number, "steps": 1, "width": 64, "height": 64}
            Parameters(**parameters)
            record = Record(
                f"{number:064}", "c" * 64, "anna", "SD 1.x", "pets", "cat", parameters, "fake", "1", False, 1.0
            )
            gallery.save(gallery.folder / "pets" / "anna" / f"cat {number}.png", picture(number), "a cat", record)
            yield number


def check_gallery(folder: Path, finished: list[int]) -> None:
    """Every finished picture is whole, and the index knows no others than there are."""
    with Gallery(folder / "gallery") as gallery:
        gallery.take_in()
        seeds = {stored.record.seed: stored.path for stored in gallery.pictures()}
        assert gallery._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert set(finished) <= set(seeds)
    for seed, path in seeds.items():
        assert read_record(path).seed == seed


def export(folder: Path, begin: int) -> Iterator[int]:
    """The same table again and again, and one of its own in each item."""
    for number in range(begin, 10_000):
        for name in ("same", str(number)):
            write_csv(folder / "tables" / f"{name}.csv", [[number, i] for i in range(100)])
        yield number


def check_exports(folder: Path, finished: list[int]) -> None:
    """Each table is whole."""
    found = {path.stem: path.read_text() for path in (folder / "tables").glob("*.csv")}
    assert set(map(str, finished)) <= set(found)
    for name, text in found.items():
        number = int(text.partition(",")[0])
        assert text == "".join(f"{number},{i}\n" for i in range(100))
        assert number == int(name) if name != "same" else number >= max([0, *finished])


def carry(folder: Path, begin: int) -> Iterator[int]:
    """A picture copied and one moved in each item, with what stands beside them."""
    for number in range(begin, 10_000):
        for way in Way:
            source = folder / "pictures" / f"{way.value} {number}.png"
            if not source.exists() and not (folder / "carried" / source.name).exists():
                write_text(source.with_suffix(".txt"), f"caption {number}")
                write_bytes(source, b"%d" % number * 3000)
            transfer(plan_transfer([source], folder / "carried", way, True, []), Job())
        yield number


def check_carried(folder: Path, finished: list[int]) -> None:
    """Every picture is whole at one of the two places at least, with its caption; none is torn under its name."""
    for path in (folder / "carried").glob("*.png"):
        number = int(path.stem.split()[1])
        assert path.read_bytes() == b"%d" % number * 3000
    for number in finished:
        assert (folder / "carried" / f"move {number}.png").exists()
        assert (folder / "carried" / f"move {number}.txt").read_text() == f"caption {number}"
        assert not (folder / "pictures" / f"move {number}.png").exists()
        assert (folder / "carried" / f"copy {number}.png").exists()
        assert (folder / "pictures" / f"copy {number}.png").exists()


def choose(folder: Path, begin: int) -> Iterator[int]:
    """What was chosen."""
    for number in range(begin, 10_000):
        keep_choices(folder / "choices.json", Choices(classes=number, references=("a name",) * 50))
        yield number


def check_choices(folder: Path, finished: list[int]) -> None:
    """The last, or the next."""
    if finished:
        kept = read_choices(folder / "choices.json", Choices())
        assert kept.classes in (finished[-1], finished[-1] + 1)


def suite(number: int) -> dict:
    """A suite's document."""
    return {"name": "pets", "probes": [{"name": f"cat {i}", "prompt": f"a cat {number}"} for i in range(20)]}


def keep_suites(folder: Path, begin: int) -> Iterator[int]:
    """A suite that is changed again and again."""
    for number in range(begin, 10_000):
        Suites(folder / "suites").save(from_document(suite(number)), instead=True)
        yield number


def check_suites(folder: Path, finished: list[int]) -> None:
    """As it was last kept, or next."""
    if finished:
        kept = Suites(folder / "suites").named("pets")
        assert kept in [from_document(suite(finished[-1] + more)) for more in (0, 1)]


KINDS = {
    "library": (fill_library, check_library),
    "gallery": (draw, check_gallery),
    "exports": (export, check_exports),
    "moved and copied": (carry, check_carried),
    "choices": (choose, check_choices),
    "suites": (keep_suites, check_suites),
}


# the one who kills


def killed(kind: str, folder: Path, generator: random.Random) -> bool:
    """Kill a child of this kind once; whether it was inside a write. Raises AssertionError for what did not survive."""
    record = folder / "finished"
    command = [sys.executable, "-m", "benchmarks.kills", "--child", kind, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said, entries, wanted = b"", 0, generator.randrange(1, 40)
    while entries < wanted:
        some = os.read(process.stdout.fileno(), 1)
        if not some:
            raise AssertionError(process.stderr.read().decode())
        said += some
        entries += some == b"<"
    time.sleep(generator.uniform(0, 2 * PAUSE))
    process.send_signal(signal.SIGKILL)
    said += process.communicate()[0]
    words = said.decode().split("\n")[:-1]
    with open(record, "a") as file:
        file.writelines(f"{word}\n" for word in words if word.isdigit())
    KINDS[kind][1](folder, [int(word) for word in record.read_text().split()])
    return words.count("<") > words.count(">")


def campaign(kills: int, seed: int, folder: Path, kinds: tuple[str, ...] = tuple(KINDS)) -> tuple[Counter[str], int]:
    """Kind → kills inside a write, and how many others there were."""
    generator, inside, others = random.Random(seed), Counter(), 0
    while inside.total() < kills:
        kind = kinds[(inside.total() + others) % len(kinds)]
        place = folder / kind
        place.mkdir(exist_ok=True)
        (place / "finished").touch()
        if killed(kind, place, generator):
            inside[kind] += 1
        else:
            others += 1
    return inside, others


def main() -> None:
    """Print the counts."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
        return
    kills, seed = (*map(int, sys.argv[1:]), *(200, 1)[len(sys.argv) - 1 :])
    start = time.perf_counter()
    with TemporaryDirectory() as folder:
        inside, others = campaign(kills, seed, Path(folder))
        finished = {kind: len((Path(folder) / kind / "finished").read_text().split()) for kind in inside}
    told = {"kills inside a write": dict(inside), "kills between writes": others, "finished items, all there": finished}
    print(json.dumps(told, indent=1))
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
