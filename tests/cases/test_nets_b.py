"""Forms of SD's networks that share its widths: each by its own name, and compared with its like alone."""

from __future__ import annotations

import itertools

from ..command import run


def test_svd_and_kolors_are_no_sd_and_no_sdxl(shared):
    folder = shared / "cases" / "weights" / "c28_svd_kolors"
    rows = run("scan", folder, "--no-library", "--json").document["checkpoints"]
    assert {row["name"]: row["architecture"] for row in rows} == {
        "kolors": "Kolors",
        "sd21": "SD 2.x",
        "svd": "SVD",
        "xl": "SDXL",
    }
    outcome = run("compare", folder, "--no-library", "--json").document
    for a, b in itertools.combinations(range(4), 2):
        assert outcome["overall"][a][b] is None
    reasons = {reason["reason"] for reason in outcome["reasons"]}
    assert "different networks: Kolors and SDXL" in reasons
    assert "different networks: SD 2.x and SVD" in reasons
