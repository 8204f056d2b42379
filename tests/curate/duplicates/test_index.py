"""Vectors in 64 bytes each: what is near is found among all, also after some were added and removed."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.curate.duplicates import index as module
from lib_modelsim.curate.duplicates.index import BYTES, VectorIndex


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """So that a few vectors fill several."""
    monkeypatch.setattr(module, "_CHUNK", 64)
    monkeypatch.setattr(module, "_BLOCK", 16)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def vectors(seed: int, count: int = 300, common: float = 2.0) -> np.ndarray:
    """As networks give them: with much that all of them have."""
    rng = np.random.default_rng(seed)
    return unit(rng.standard_normal((count, 256)) + common * np.random.default_rng(99).standard_normal(256))


def near(rows: np.ndarray, noise: float = 0.3) -> np.ndarray:
    return unit(rows + noise / 16 * np.random.default_rng(5).standard_normal(rows.shape))


@pytest.fixture
def filled():
    index = VectorIndex(vectors(0).mean(0))
    index.add(np.arange(300), vectors(0))
    return index


def test_near_vectors_are_found_first(filled):
    found = filled.search(near(vectors(0)), 5)
    assert found.keys[:, 0].tolist() == list(range(300))
    assert found.cosines[:, 0].min() > 0.5
    assert (np.diff(found.cosines, axis=1) <= 0).all()


def test_the_search_is_exact(filled):
    codes = filled.coded(vectors(1, 20)).astype(np.float64)
    stored = filled.coded(vectors(0)).astype(np.float64)
    cosines = unit(codes).astype(np.float64) @ unit(stored).astype(np.float64).T
    found = filled.search(vectors(1, 20), 10)
    assert np.allclose(found.cosines, -np.sort(-cosines, axis=1)[:, :10], atol=1e-5)


def test_a_picture_takes_64_bytes(filled):
    codes = filled.coded(vectors(0))
    assert (codes.nbytes, codes.itemsize) == (300 * BYTES, 1)
    assert BYTES == 64


def test_added_and_removed_pictures(filled):
    more = vectors(7, 100)
    filled.add(range(1000, 1100), more)
    assert filled.search(near(more), 1).keys[:, 0].tolist() == list(range(1000, 1100))
    gone = [0, 5, 63, 64, 299, 1099, 4711]
    filled.remove(gone)
    assert len(filled) == 394
    found = filled.search(near(vectors(0)), 3).keys
    assert not np.isin(found, gone).any()
    kept = np.setdiff1d(np.arange(300), gone)
    assert found[kept, 0].tolist() == kept.tolist()


def test_all_can_be_removed_and_added_again(filled):
    filled.remove(np.arange(300))
    assert len(filled) == 0
    assert filled.search(vectors(0, 2), 2).keys.tolist() == [[-1, -1], [-1, -1]]
    filled.add(range(300), vectors(0))
    assert filled.search(near(vectors(0)), 1).keys[:, 0].tolist() == list(range(300))


def test_fewer_than_asked_for():
    index = VectorIndex(np.zeros(256, np.float32))
    index.add([8], vectors(0, 1))
    found = index.search(vectors(0, 1), 3)
    assert found.keys.tolist() == [[8, -1, -1]]
    assert found.cosines[0, 0] == pytest.approx(1, abs=0.001)
    assert np.isneginf(found.cosines[0, 1:]).all()
