"""A part of the campaign of benchmarks/damage.py."""

from __future__ import annotations

from benchmarks.damage import campaign


def test_whatever_is_damaged_no_answer_is_another(tmp_path):
    counts, _ = campaign(60, 2, tmp_path)
    assert not [outcome for outcome in counts if outcome.startswith("WRONG")]
    assert len(counts) > 2
