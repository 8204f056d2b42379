"""What is answered about pictures that models really generated, and that were trained: the demonstration's.

Bounds are some way below what was measured (docs/demonstration.md); each test prints what it found.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.demonstration import STRANGER, other_seed, places
from lib_modelsim.job import Job
from lib_modelsim.pictures.degrading import degraded


@pytest.fixture(scope="module")
def learned(demonstration):
    return demonstration.learned()


def told(what, asked, answers):
    """The place of the right model for each picture, printed."""
    found = places(asked, answers)
    print(f"{what}: first {np.mean(found == 1):.0%}, among four {np.mean(found <= 4):.0%} of {len(asked)}")
    return found


def test_the_model_of_a_picture_without_record_is_found(demonstration, learned):
    asked = demonstration.queries("other seeds", other_seed, 2)
    found = told("another seed", asked, [demonstration.ask(query.picture, learned) for query in asked])
    assert np.mean(found == 1) >= 0.4
    assert np.mean(found <= 4) >= 0.75


def test_it_is_found_after_being_cut_scaled_and_saved_as_jpeg(demonstration, learned):
    asked = demonstration.queries("other seeds", other_seed, 2)[::2]
    found = told("worn", asked, [demonstration.ask(degraded(query.picture), learned) for query in asked])
    assert np.mean(found <= 4) >= 0.7


def test_a_picture_of_the_gallery_is_recognised_without_its_record(demonstration, learned):
    row = demonstration.picture_of("tidewater_v3")
    found = demonstration.ask(row.picture, learned)
    assert found.ranking[0].model == row.model
    assert any(piece.kind.value == "picture" and piece.model == row.model for piece in found.evidence)


def test_a_record_names_the_model(demonstration, learned):
    row = demonstration.picture_of("inkwell_v2.1")
    found = demonstration.ask(row.file, learned)
    assert found.ranking[0].model == row.model
    assert any(piece.kind.value == "record" and piece.model == row.model for piece in found.evidence)


def test_generating_again_proves_who_made_it(demonstration, learned):
    asked = demonstration.queries("other seeds", other_seed, 2)[6:7]
    with demonstration.workspace("gallery") as use:
        known, _ = use.known_models(Job())
        for query in asked:
            found = use.find([query.file], learned, known, Job())
            best, second = use.verify([query.file], found, learned.encoder, Job(), len(demonstration.names)).pictures[
                :2
            ]
            print(f"{query.model}: {best.model} {best.likeness:.4f}, then {second.model} {second.likeness:.4f}")
            assert best.model == query.model
            assert best.likeness > 0.999 > second.likeness


def test_who_is_not_in_the_gallery_is_not_claimed(demonstration):
    """A style says how likely; it is never sure of a model that only looks most similar."""
    gallery = demonstration.gallery_without(STRANGER)
    learned = demonstration.learned(gallery)
    strange = [query for query in demonstration.queries("other seeds", other_seed, 2) if query.model == STRANGER]
    answers = [demonstration.ask(query.picture, learned, gallery) for query in strange]
    print("none of these:", [answer.none_of_these for answer in answers])
    print("certainties:", [answer.ranking[0].probability for answer in answers])
    assert all((answer.ranking[0].probability or 0) < 0.95 for answer in answers)
