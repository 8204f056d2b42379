"""An export is there as a whole or not at all: stopped, killed, or without room on the disk."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from lib_modelsim.families.features import FeatureTable
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.workspace.families.building import family_of_features
from lib_modelsim.workspace.families.family import TreeOptions
from lib_modelsim.workspace.families.result_files import write_archive
from lib_modelsim.workspace.families.results import results_of_table

from ..command import ROOT


def result(models=tuple("abcdef")):
    values = np.random.default_rng(1).standard_normal((len(models), 8))
    table = FeatureTable(tuple(models), tuple(f"{c}/x" for c in "abcdefgh"), values)
    return results_of_table(family_of_features(table, TreeOptions()), [])


def test_progress_is_told_and_a_stop_leaves_nothing(tmp_path):
    seen = []

    def stopped():
        return len(seen) > 3

    with pytest.raises(Cancelled):
        write_archive([result()], tmp_path / "all.zip", Job(seen.append, stopped))
    assert [each.done for each in seen] == [1, 2, 3, 4]
    assert seen[0].total > 8
    assert list(tmp_path.iterdir()) == []


_BEGINNING = """
import os, resource, signal, sys
from pathlib import Path
from lib_modelsim.job import Job
from lib_modelsim.workspace.families import result_files
from tests.workspace.test_export_whole import result
"""
_END = "result_files.write_archive([result()], Path(sys.argv[1]), Job())"
_KILLED = "result_files.write_family_figure = lambda *_: os.kill(os.getpid(), signal.SIGKILL)"
_FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"


@pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")
@pytest.mark.parametrize(("ending", "left"), [(_KILLED, 1), (_FULL, 0)], ids=["kill -9", "full disk"])
def test_no_half_archive_has_the_name_of_a_whole_one(tmp_path, ending, left):
    file = tmp_path / "all.zip"
    command = [sys.executable, "-c", f"{_BEGINNING}\n{ending}\n{_END}", file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=300)
    assert done.returncode != 0
    assert left or b"ModelsimError: cannot write" in done.stderr
    assert not file.exists()
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"] * left


def test_an_archive_holds_each_file_once(tmp_path):
    with zipfile.ZipFile(write_archive([result()], tmp_path / "all.zip", Job())) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    assert {"about.csv", "report.html", "features.csv", "heatmap.png"} <= set(names)
