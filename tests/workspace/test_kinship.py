"""Kinship of a gallery: each picture is looked at once, what cannot be compared is told."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.workspace.families.family import TreeOptions
from lib_modelsim.workspace.probing.kinship import families_of_pictures, family_order, kinship_of, similarity_order
from lib_modelsim.workspace.probing.probes import sheet_of
from tests.probes.galleries import fill, noise_of, small_suite

RED, BLUE = ("anna", "carl", "emil"), ("bert", "dora")


def look(checkpoint, parameters):
    """Two families, told by their colours and how fine they draw; emil copies anna."""
    name = "anna" if checkpoint.name == "emil" else checkpoint.name
    red = name in RED
    picture = noise_of(name + repr(parameters), (64, 64), 1 if red else 4)
    return Image.blend(picture, Image.new("RGB", picture.size, "red" if red else "blue"), 0.3)


def found(folder, suite=None, **more):
    return kinship_of(sheet_of(folder, suite or small_suite()), folder, Job(), **more)


class Brightness:
    """An encoder that counts what it is given."""

    name = identity = "brightness"

    def __init__(self):
        self.seen = 0

    def encode(self, pictures):
        self.seen += len(pictures)
        light = np.array([np.asarray(picture).mean() for picture in pictures], np.float32)
        return np.stack([np.cos(light), np.sin(light)], 1)


def test_relatives_lie_together_and_copies_are_the_same(tmp_path):
    fill(tmp_path, small_suite(), [*RED, *BLUE], look)
    pictures = found(tmp_path)
    place = pictures.matrix.models.index
    assert pictures.matrix.overall[place("anna"), place("emil")] == 1
    (family,), notes = families_of_pictures(pictures, TreeOptions(classes=2))
    assert notes == []
    classes = dict(zip(family.features.models, family.classes.tolist(), strict=True))
    assert len({classes[name] for name in RED}) == len({classes[name] for name in BLUE}) == 1
    assert (family.measure, family.distance, family.architecture) == ("pictures", "matrix", "SD 1.x")
    names = {row.checkpoint: row.name for row in pictures.rows}
    order = [names[key] for key in family_order(pictures)]
    assert set(order[:3]) in ({*RED}, {*BLUE, order[2]})
    assert [names[key] for key in similarity_order(pictures, "emil")][:2] == ["emil", "anna"]


def test_every_picture_is_looked_at_once_by_every_encoder(tmp_path):
    fill(tmp_path, small_suite(), ["anna", "bert", "carl"], look)
    encoder = Brightness()
    first = found(tmp_path, encoder=encoder)
    assert encoder.seen == 6
    again = found(tmp_path, encoder=encoder)
    assert encoder.seen == 6
    np.testing.assert_array_equal(again.matrix.values, first.matrix.values)
    assert not np.array_equal(found(tmp_path).matrix.values, first.matrix.values)


def test_a_picture_drawn_anew_is_looked_at_anew(tmp_path):
    fill(tmp_path, small_suite(), RED, look)
    encoder = Brightness()
    found(tmp_path, encoder=encoder)
    next((tmp_path / "pets").glob("anna*/cat*.png")).unlink()
    fill(tmp_path, small_suite(("cat",)), ["anna"], lambda c, p: Image.new("RGB", (64, 64), "red"))
    found(tmp_path, encoder=encoder)
    assert encoder.seen == 7


def test_what_was_looked_at_is_kept_when_the_job_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("lib_modelsim.pictures.features._TOGETHER", 1)
    fill(tmp_path, small_suite(), RED, look)
    encoder = Brightness()
    job = Job(cancelled=lambda: encoder.seen > 2)  # files are read before the first picture is looked at
    with pytest.raises(Cancelled):
        kinship_of(sheet_of(tmp_path, small_suite()), tmp_path, job, encoder)
    before = encoder.seen
    found(tmp_path, encoder=encoder)
    assert encoder.seen - before <= 6 - 3


def test_black_torn_and_missing_pictures_are_left_out_and_told(tmp_path):
    def draw(checkpoint, parameters):
        if checkpoint.name == "bert":
            return Image.new("RGB", (64, 64)) if "cat" in parameters.prompt else None
        return look(checkpoint, parameters)

    fill(tmp_path, small_suite(), ["anna", "bert", "carl", "dora"], draw)
    sheet = sheet_of(tmp_path, small_suite())
    torn = next(stored for (_, column), stored in sheet.pictures.items() if column.probe == "dog")
    torn.path.write_bytes(torn.path.read_bytes()[:99])
    pictures = kinship_of(sheet, tmp_path, Job())
    place = pictures.matrix.models.index
    assert np.isnan(pictures.matrix.overall[place("bert")]).all()
    assert not np.isnan(pictures.matrix.overall[place("anna"), place("dora")])
    assert [bad.path for bad in pictures.unreadable] == [torn.path]
    told = {(reason.a, reason.b): reason.reason for reason in pictures.reasons}
    assert told["bert", "bert"].startswith("2 of 2 pictures are missing, black")
    assert told["anna", "bert"].startswith("no picture that both")
    (family,), notes = families_of_pictures(pictures, TreeOptions())
    assert family.features.models == ("anna", "carl", "dora")
    assert notes == ["left out of the tree, no pictures in common with the others: bert"]


def test_architectures_have_trees_of_their_own(tmp_path):
    fill(tmp_path, small_suite(), RED, look)
    fill(tmp_path, small_suite(), BLUE, look, "SDXL")
    families, _ = families_of_pictures(found(tmp_path), TreeOptions(classes=3))
    assert [(family.architecture, len(family.features.models)) for family in families] == [("SD 1.x", 3), ("SDXL", 2)]


def test_of_two_alone_nothing_can_be_said_and_that_is_told(tmp_path):
    fill(tmp_path, small_suite(), ["anna", "bert"], look)
    pictures = found(tmp_path)
    assert pictures.matrix.overall[0, 1] == 0
    assert "needs three models or more" in pictures.reasons[0].reason


def test_one_checkpoint_is_none_to_compare(tmp_path):
    fill(tmp_path, small_suite(), ["anna"], look)
    with pytest.raises(ModelsimError, match="two checkpoints with pictures are needed, found 1"):
        found(tmp_path)


def test_a_damaged_memory_of_features_is_kept_beside_a_new_one(tmp_path, caplog):
    fill(tmp_path, small_suite(), RED, look)
    (tmp_path / "features.sqlite").write_bytes(b"no database" * 1000)
    found(tmp_path)
    assert "features.sqlite is now features damaged 1.sqlite" in caplog.messages[0]
    assert (tmp_path / "features damaged 1.sqlite").read_bytes() == b"no database" * 1000
