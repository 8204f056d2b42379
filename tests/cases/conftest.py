"""Asking about the pictures of cases."""

from __future__ import annotations

import pytest

from tests.command import run


@pytest.fixture
def found(shared, tmp_path):
    """A function: name of a case → what `find` says of its picture, with nothing else known."""

    def of(name):
        (picture,) = (shared / "cases" / "pictures" / name).glob("picture.*")
        told = run("find", picture, "--json", "--no-library", "--gallery", tmp_path / "empty")
        assert told.code == 0
        return told.document

    return of
