"""Fixtures of the tests of file formats."""

import pytest

from lib_modelsim.checkpoints.reader import open_checkpoint

from .literal_files import FOUR, pickled, zip_file


@pytest.fixture
def opened(tmp_path):
    def open_bytes(raw, file_name="model.ckpt"):
        path = tmp_path / file_name
        path.write_bytes(raw)
        return open_checkpoint(path)

    return open_bytes


@pytest.fixture
def read(opened):
    """A function: the body of a pickle → the checkpoint that holds it, with the four numbers as storage 0."""
    return lambda body, **options: opened(zip_file(pickled(body), {"0": FOUR}, **options))
