"""Cases that people reported: adapters taken for unknown checkpoints."""

from __future__ import annotations

from tests.command import run

CASE = "cases/weights/c13_oft"


def test_c13_oft_and_textual_inversions_are_named_by_scan(shared):
    rows = {row["name"]: row for row in run("scan", "--no-library", "--json", shared / CASE).document["checkpoints"]}
    assert rows["oft-flux"]["architecture"] == rows["oft-flux-2"]["architecture"] == "Flux OFT"
    assert rows["oft-flux"]["adapter"]["type"] == "OFT"
    assert rows["oft-flux"]["adapter"]["network"] == "Flux"
    assert "depends on the checkpoint" in rows["oft-flux"]["adapter"]["why_not_comparable"]
    assert rows["ti-sd1"]["architecture"] == "SD 1.x textual inversion"
    assert rows["ti-sdxl"]["architecture"] == "SDXL textual inversion"
    assert all(row["error"] is None and row["sha256"] for row in rows.values())


def test_c13_compare_gives_no_number_and_says_why(shared):
    found = run("compare", "--no-library", "--json", shared / CASE).document
    assert all(value is None for row in found["overall"] for value in row)
    reasons = {(reason["a"], reason["b"]): reason["reason"] for reason in found["reasons"]}
    assert "its change depends on the checkpoint" in reasons["oft-flux", "oft-flux"]
    assert reasons["ti-sd1", "ti-sdxl"] == "different networks: SD 1.x textual inversion and SDXL textual inversion"
