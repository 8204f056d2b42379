"""Pictures that somebody has become a gallery: one folder for each model."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.errors import ModelsimError
from lib_modelsim.identify.known_model import KnownModel
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.probes.sheet import engines
from lib_modelsim.workspace.finding.find import find
from lib_modelsim.workspace.probing import gallery_import
from lib_modelsim.workspace.probing.gallery_import import undo_import
from lib_modelsim.workspace.probing.holdings import holdings
from lib_modelsim.workspace.probing.import_plan import plan_import
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


def import_pictures(folder: Path, gallery: Path, known, job: Job) -> gallery_import.Imported:
    return gallery_import.import_pictures(plan_import(folder, known), gallery, job)


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


def test_bad_files_of_every_kind_stop_nothing_and_are_named(tmp_path):
    folder = tmp_path / "pictures" / "anna"
    folder.mkdir(parents=True)
    whole = picture("1")
    texts = PngInfo()
    texts.add_text("parameters", "a\nSteps: 2, Seed: 1, Model: anna")
    whole.save(folder / "good.png", pnginfo=texts)
    (folder / "cut.png").write_bytes((folder / "good.png").read_bytes()[:2000])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "not.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n")
    (folder / "header.webp").write_bytes(b"RIFF\x10\0\0\0WEBPVP8 ")
    picture("2").save(folder / "camera.jfif", "jpeg")
    picture("3").save(folder / "moving.gif", save_all=True, append_images=[picture("4")])
    if os.name != "nt":
        os.mkfifo(folder / "fifo.png")
        (folder / "gone.png").symlink_to(folder / "nowhere.png")
    found = import_pictures(folder.parent, tmp_path / "gallery", [], Job())
    told = {bad.path.name: bad.error for bad in found.unreadable}
    assert set(told) == {"cut.png", "empty.jpg", "not.jpg", "header.webp"}
    assert all(error.startswith(f"{name} ") and "\n" not in error for name, error in told.items())
    assert (found.pictures, found.moving) == ({"anna": 3}, 1)
    assert len(stored(tmp_path / "gallery")) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_picture_whose_name_is_no_text_is_taken_in(tmp_path):
    folder = tmp_path / "pictures" / "anna"
    folder.mkdir(parents=True)
    picture("1").save(folder / "a.png")
    (folder / "a.png").rename(folder / "\udcff.png")
    found = import_pictures(folder.parent, tmp_path / "gallery", [], Job())
    assert found.pictures == {"anna": 1}
    assert [each.record.probe for each in stored(tmp_path / "gallery")] == ["\\xff"]


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


def put(folder: Path, *names: str, model: str = "") -> Path:
    """Pictures of these names, with a record that names a model."""
    texts = PngInfo()
    if model:
        texts.add_text("parameters", f"a house\nSteps: 20, Sampler: Euler, Seed: 5, Size: 64x48, Model: {model}")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture(name).save(folder / name, pnginfo=texts)
    return folder


def test_what_would_be_imported_is_told_with_names_and_numbers(pictures):
    plan = plan_import(pictures, [])
    assert (plan.pictures, plan.loose, plan.doubts) == ({"anna": 2, "bert": 3}, 1, ())
    assert plan.told == "5 pictures under 2 model names: anna (2) and bert (3)"
    assert plan.bytes["anna"] == sum(path.stat().st_size for path in (pictures / "anna").iterdir())


@pytest.mark.parametrize(
    "name",
    [
        "2023-05-01",
        "20230501",
        "Euler a",
        "DPM++ 2M Karras",
        "txt2img-images",
        "outputs",
        "512x768",
        "seed 12",
        "May 2023",
        "12 dec",
        "dpmpp_2m",
    ],
)
def test_dates_samplers_and_folders_of_outputs_are_no_models(tmp_path, name):
    put(tmp_path, f"{name}/1.png", "anything-v3/1.png")
    assert plan_import(tmp_path, []).doubts == (f"{name} does not look like a model's name",)


@pytest.mark.parametrize(
    "name",
    [
        "sd-v1-4",
        "dreamshaper_8",
        "v1-5-pruned-emaonly",
        "marsmix",
        "testament",
        "image-magic_v2",
        "lcm-lora-model",
        "dec of cards",
    ],
)
def test_names_of_models_are_no_dates(tmp_path, name):
    assert plan_import(put(tmp_path, f"{name}/1.png"), []).doubts == ()


def test_a_known_model_may_be_called_anything(tmp_path):
    put(tmp_path, "2023/1.png")
    assert plan_import(tmp_path, [KnownModel("2023", Path("2023.ckpt"))]).doubts == ()


def test_folders_none_of_which_is_a_checkpoint_that_is_known_are_doubted(tmp_path):
    put(tmp_path, "landscapes/1.png", "portraits/1.png")
    known = [KnownModel("anna", Path("anna.ckpt"))]
    assert plan_import(tmp_path, known).doubts == ("no folder has the name of one of your checkpoints",)
    put(tmp_path, "anna/1.png")
    assert plan_import(tmp_path, known).doubts == ()


def test_records_that_name_other_models_than_their_folder_are_told(tmp_path):
    put(tmp_path, "holidays/1.png", "holidays/2.png", model="anna")
    put(tmp_path, "bert/1.png", model="bert")
    assert plan_import(tmp_path, []).doubts == ("the records of pictures in holidays name anna",)
    put(tmp_path, "mixed/1.png", model="anna")
    put(tmp_path, "mixed/2.png", "mixed/3.png", model="mixed")
    assert len(plan_import(tmp_path, []).doubts) == 1, "one of three says nothing"


def test_the_last_import_is_undone_and_nothing_else(pictures, tmp_path):
    gallery = tmp_path / "gallery"
    import_pictures(pictures, gallery, [], Job())
    before = {each.path for each in stored(gallery)}
    (gallery / "imported" / "anna" / "mine.txt").write_text("a person's own")
    more = put(tmp_path / "more", "anna/9.png", "carl/1.png")
    import_pictures(more, gallery, [], Job())
    assert len(stored(gallery)) == 6
    assert undo_import(gallery) == {"anna": 1, "carl": 1}
    assert {each.path for each in stored(gallery)} == before
    assert not (gallery / "imported" / "carl").exists()
    assert sorted(path.name for path in more.rglob("*.png")) == ["1.png", "9.png"], "a person's own stay"
    assert undo_import(gallery) == {"anna": 2, "bert": 2}
    assert (gallery / "imported" / "anna" / "mine.txt").is_file()
    with pytest.raises(ModelsimError, match="nothing was imported"):
        undo_import(gallery)


def test_an_import_that_was_stopped_is_undone_as_far_as_it_came(pictures, tmp_path):
    done = []
    with pytest.raises(Cancelled):
        import_pictures(pictures, tmp_path / "gallery", [], Job(done.append, lambda: len(done) >= 2))
    assert undo_import(tmp_path / "gallery") == {"anna": 2}
    assert stored(tmp_path / "gallery") == []


def test_what_the_gallery_holds_has_sizes(pictures, tmp_path):
    import_pictures(pictures, tmp_path / "gallery", [], Job())
    anna, bert = holdings(tmp_path / "gallery")
    assert (anna.model, anna.pictures, anna.imported, bert.model) == ("anna", 2, 2, "bert")
    on_disk = sum(path.stat().st_size for path in (tmp_path / "gallery").rglob("*.png"))
    assert anna.bytes + bert.bytes == on_disk


def test_a_person_says_whose_pictures_a_sub_folder_holds(tmp_path):
    put(tmp_path, "2023-05-01/1.png", "2023-05-02/1.png", "mine/1.png", "Zoe/1.png")
    known = [KnownModel("anna", Path("anna.safetensors"), "a1" * 32), KnownModel("zoe", Path("zoe.safetensors"))]
    asked = plan_import(tmp_path, known)
    assert [(each.name, each.model, each.is_known) for each in asked.folders] == [
        ("2023-05-01", "2023-05-01", False),
        ("2023-05-02", "2023-05-02", False),
        ("Zoe", "zoe", True),
        ("mine", "mine", False),
    ]
    plan = plan_import(tmp_path, known, {"2023-05-01": "anna", "2023-05-02": "", "mine": "my own merge"})
    assert plan.pictures == {"anna": 1, "zoe": 1, "my own merge": 1}
    assert [each.model for each in plan.folders] == ["anna", "", "zoe", "my own merge"]
    assert plan.doubts == ()
    assert next(checkpoint.sha256 for checkpoint, _ in plan.files) == "a1" * 32
    with pytest.raises(ModelsimError, match="there is no such sub-folder with pictures: nobody"):
        plan_import(tmp_path, known, {"nobody": "anna"})
