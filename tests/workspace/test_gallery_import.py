"""Pictures that somebody has become a gallery: one folder for each model."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.errors import ModelsimError
from lib_modelsim.identify.evidence import KnownModel
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.probes.sheet import engines
from lib_modelsim.workspace.finding.find import find
from lib_modelsim.workspace.probing.gallery_import import import_pictures
from tests.probes.galleries import noise_of

from .finding import learn


def picture(seed: str, size: tuple[int, int] = (64, 48)) -> Image.Image:
    return noise_of(seed, size)


@pytest.fixture
def pictures(tmp_path):
    """Two models, one of them with pictures in two folders and a file that is no picture."""
    folder = tmp_path / "pictures"
    for name in ("anna/1.jpg", "anna/2.png", "bert/2023/1.webp", "bert/2024/1.webp"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture(name).save(folder / name)
    (folder / "bert" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "bert" / "notes.txt").write_text("no picture")
    (folder / "loose.png").write_bytes((folder / "anna" / "2.png").read_bytes())
    return folder


def stored(folder: Path):
    with Gallery(folder) as gallery:
        gallery.take_in()
        return gallery.pictures()


def test_sub_folders_are_models_and_what_is_no_picture_is_told(pictures, tmp_path):
    found = import_pictures(pictures, tmp_path / "gallery", [], Job())
    assert found.pictures == {"anna": 2, "bert": 2}
    assert [bad.path.name for bad in found.unreadable] == ["torn.png"]
    assert found.loose == 1
    assert {each.record.checkpoint for each in stored(tmp_path / "gallery")} == {"name:anna", "name:bert"}


def test_what_was_taken_in_is_not_taken_in_again(pictures, tmp_path):
    import_pictures(pictures, tmp_path / "gallery", [], Job())
    (pictures / "bert" / "torn.png").unlink()
    again = import_pictures(pictures, tmp_path / "gallery", [], Job())
    assert (again.pictures, again.known) == ({"anna": 0, "bert": 0}, 4)
    assert len(stored(tmp_path / "gallery")) == 4


def test_a_known_model_s_folder_is_that_model_by_name_ending_or_hash(tmp_path):
    known = [KnownModel("anna", Path("anna.ckpt"), "a1" * 32), KnownModel("bert", Path("bert.ckpt"), "b2" * 32)]
    for name in ("Anna.safetensors", "old name [b2b2b2b2b2]", f"gone [{'c3' * 32}]", "new v1.0.ckpt"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        picture(name).save(tmp_path / "pictures" / name / "1.png")
    found = import_pictures(tmp_path / "pictures", tmp_path / "gallery", known, Job())
    assert set(found.pictures) == {"anna", "bert", "gone", "new v1.0"}
    keys = {each.record.checkpoint for each in stored(tmp_path / "gallery")}
    assert keys == {"a1" * 32, "b2" * 32, "c3" * 32, "name:new v1.0"}


def test_the_pictures_records_tell_their_prompts(tmp_path):
    texts = PngInfo()
    texts.add_text("parameters", "a lighthouse\nSteps: 20, Sampler: Euler, Seed: 5, Size: 64x48, Model: anna")
    (tmp_path / "pictures" / "anna").mkdir(parents=True)
    picture("a").save(tmp_path / "pictures" / "anna" / "1.png", pnginfo=texts)
    import_pictures(tmp_path / "pictures", tmp_path / "gallery", [], Job())
    (each,) = stored(tmp_path / "gallery")
    assert each.record.drawn_with.prompt == "a lighthouse"


def test_imported_pictures_answer_and_stay_off_the_sheets(pictures, tmp_path):
    import_pictures(pictures, tmp_path / "gallery", [], Job())
    found = find([pictures / "bert" / "2023" / "1.webp"], learn(tmp_path / "gallery"), [])
    assert (found.evidence[0].kind.value, found.evidence[0].model) == ("picture", "bert")
    with Gallery(tmp_path / "gallery") as gallery:
        assert engines(gallery) == []


def test_stopped_in_the_middle_it_goes_on_where_it_was(pictures, tmp_path):
    done = []
    job = Job(done.append, lambda: len(done) >= 2)
    with pytest.raises(Cancelled):
        import_pictures(pictures, tmp_path / "gallery", [], job)
    assert len(stored(tmp_path / "gallery")) == 2
    assert import_pictures(pictures, tmp_path / "gallery", [], Job()).known == 2


def test_a_folder_without_pictures_is_refused_in_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "no such"):
        with pytest.raises(ModelsimError):
            import_pictures(folder, tmp_path / "gallery", [], Job())
