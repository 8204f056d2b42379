"""The map of a folder's pictures: kept until one changes, and honest about what it does not show."""

import numpy as np
import pytest
from PIL import Image

from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.curating import encoding
from lib_modelsim.workspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setattr(encoding, "usual_encoder", lambda host: "builtin")  # the quickest one
    with Workspace(Folders([], tmp_path / "data", Settings()), lambda: Library(None)) as found:
        yield found


@pytest.fixture
def folder(tmp_path):
    random, found = np.random.default_rng(0), tmp_path / "pictures"
    found.mkdir()
    for n in range(24):
        tiles = random.integers(0, 256, (6, 6, 3), np.uint8)
        Image.fromarray(tiles).resize((96, 96), Image.Resampling.NEAREST).save(found / f"{n:02d}.png")
    return found


def mapped(workspace, folder, method="pca", told=None):
    collection = workspace.curating.collect(folder, Job())
    job = Job() if told is None else Job(told.append)
    return workspace.curating.picture_map(collection, method, job)


def test_each_picture_has_a_place_and_the_map_says_how_faithful_it_is(workspace, folder):
    found = mapped(workspace, folder)
    points = found.projected.points
    assert points.shape == (24, 2)
    assert np.abs(points).max() == pytest.approx(1)
    words = found.told()
    assert words.startswith("PCA of what built-in descriptor sees. Of a picture's neighbours on the map ")
    assert f"{100 * found.projected.kept:.0f} % are its neighbours" in words
    assert "(by chance: 22 %)" in words
    assert found.remarks == ()


def test_a_second_look_computes_nothing_until_a_picture_changes(workspace, folder, monkeypatch):
    first = mapped(workspace, folder).projected.points
    monkeypatch.setattr("lib_modelsim.workspace.curating.picture_map.project", None)
    assert (mapped(workspace, folder).projected.points == first).all()
    (folder / "00.png").rename(folder / "99.png")
    assert (mapped(workspace, folder).projected.points == np.roll(first, -1, axis=0)).all(), "a name is no change"
    monkeypatch.undo()
    Image.new("RGB", (96, 96), "red").save(folder / "03.png")
    assert not np.allclose(mapped(workspace, folder).projected.points, np.roll(first, -1, axis=0))


def test_what_cannot_be_opened_has_no_place_and_is_counted(workspace, folder):
    (folder / "05.png").write_bytes((folder / "05.png").read_bytes()[:60])
    found = mapped(workspace, folder)
    assert np.isnan(found.projected.points).all(1).nonzero()[0].tolist() == [5]
    assert found.remarks == ("not on the map, as they cannot be opened or have changed: 1 picture",)


def test_copies_of_a_file_lie_at_one_place(workspace, folder):
    (folder / "twin.png").write_bytes((folder / "07.png").read_bytes())
    points = mapped(workspace, folder).projected.points
    assert (points[24] == points[7]).all()


def test_of_three_pictures_nothing_is_said_of_neighbours(workspace, folder):
    for path in sorted(folder.iterdir())[3:]:
        path.unlink()
    assert "Too few different pictures to say how faithful the map is." in mapped(workspace, folder).told()


def test_an_unknown_projection_is_refused(workspace, folder):
    with pytest.raises(ModelsimError, match="there is no such projection: tsn"):
        mapped(workspace, folder, "tsn")
