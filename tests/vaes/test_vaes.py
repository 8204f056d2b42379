"""The VAE that a picture came out of is told where it can be, with tiny VAEs trained here, and not where it cannot."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("diffusers", reason="the VAE's network is diffusers'")

from PIL import Image, ImageOps

from lib_modelsim.identify.evidence.form import Kind
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.library import Library
from lib_modelsim.pictures.degrading import as_jpeg
from lib_modelsim.workspace.finding.models import scanned_models
from lib_modelsim.workspace.finding.queries import open_query
from lib_modelsim.workspace.finding.vaes import vae_evidence
from tests.command import run

from .training import drawn_by, scene, train

NAMES = ("anna", "bert", "carl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three models with a VAE each; they take seconds each to train, once for all tests."""
    folder = tmp_path_factory.mktemp("vaes")
    for seed, name in enumerate(NAMES, 1):
        train(folder, name, seed)
    return folder


@pytest.fixture(scope="module")
def library(folder, tmp_path_factory):
    with Library(tmp_path_factory.mktemp("library") / "library.sqlite") as library:
        library.known, _ = scanned_models([folder], library, Job())
        yield library


def told(library, picture: Image.Image, known=None):
    query = open_query(picture, "the picture")
    return vae_evidence([query], library.known if known is None else known, library, "cpu", Job())


CLEAR = {
    "as it came": lambda picture: picture,
    "JPEG 95": lambda picture: as_jpeg(picture, 95),
    "JPEG 80": lambda picture: as_jpeg(picture, 80),
}

ALTERED = {
    "halved": lambda picture: ImageOps.scale(picture, 0.5),
    "JPEG 20": lambda picture: as_jpeg(picture, 20),
    "cut": lambda picture: picture.crop((3, 5, 124, 127)),
    "blurred by scaling": lambda picture: ImageOps.scale(ImageOps.scale(picture, 0.6), 1.6),
}


@pytest.mark.parametrize("change", CLEAR)
@pytest.mark.parametrize("name", NAMES)
def test_a_picture_fits_the_vae_that_it_came_out_of(folder, library, name, change):
    picture = CLEAR[change](drawn_by(folder / f"{name}.safetensors", 50_001, 64))
    (piece,) = told(library, picture).evidence
    assert (piece.kind, piece.model, piece.certainty) == (Kind.VAE, name, None)
    assert piece.detail.startswith(f"its pixels fit the VAE of {name}: 1 of 3 models. ")
    assert piece.detail.endswith("A VAE that you do not have may fit as well")


@pytest.mark.parametrize("change", ALTERED)
def test_of_an_altered_picture_no_other_vae_is_named(folder, library, change):
    for name in NAMES:
        picture = ALTERED[change](drawn_by(folder / f"{name}.safetensors", 50_002, 128))
        found = told(library, picture)
        assert all(piece.model == name for piece in found.evidence)
        assert found.evidence or "that were tried: it may have been saved again" in found.remarks[0]


def test_a_picture_of_no_vae_or_of_one_that_is_not_there_fits_none(folder, library):
    assert told(library, scene(50_003, 64)).evidence == ()
    others = [model for model in library.known if model.name != "carl"]
    found = told(library, drawn_by(folder / "carl.safetensors", 50_001, 64), others)
    assert found.evidence == ()
    assert found.remarks[0].startswith("its pixels fit none of the 2 VAEs that were tried")


def test_what_cannot_be_compared_is_one_sentence(folder, library, tmp_path):
    picture = scene(1, 64)
    assert "smaller than 64 pixels" in told(library, scene(1, 32)).remarks[0]
    assert "not two different VAEs" in told(library, picture, library.known[:1]).remarks[0]
    with Library(None) as empty:
        found = vae_evidence([open_query(picture, "it")], library.known, empty, "cpu", Job())
    assert found.remarks[0] == "3 checkpoints not hashed yet, so not compared by VAE: scan first"
    with pytest.raises(Cancelled):
        vae_evidence([open_query(picture, "it")], library.known, library, "cpu", Job(cancelled=lambda: True))


def test_the_command_tells_all_models_that_have_the_vae(folder, tmp_path):
    models = shutil.copytree(folder, tmp_path / "models")
    shutil.copy(models / "bert.safetensors", models / "bert again.safetensors")
    drawn_by(folder / "bert.safetensors", 50_001, 64).save(tmp_path / "asked.png")
    ask = ("find", tmp_path / "asked.png", "--models", models, "--gallery", tmp_path / "none", "--no-library", "--json")
    assert [piece["kind"] for piece in run(*ask).document["evidence"]] == []
    (piece,) = run(*ask, "--vae").document["evidence"]
    assert (piece["kind"], piece["model"], piece["certainty"]) == ("vae", None, None)
    assert "the VAE of bert again and bert: 2 of 4 models." in piece["detail"]


def test_the_page_tells_the_same_where_it_is_asked_to(folder, tmp_path):
    pytest.importorskip("gradio", reason="the page needs gradio")
    from lib_modelsim.hosts.folders import Folders
    from lib_modelsim.hosts.host import Settings
    from lib_modelsim.ui.backend import Backend
    from lib_modelsim.ui.find.encoder_choice import EncoderChoice
    from lib_modelsim.ui.find.finder import Asked, Finder
    from lib_modelsim.ui.view_state import ViewState

    picture = tmp_path / "asked.png"
    drawn_by(folder / "bert.safetensors", 50_001, 64).save(picture)
    file = tmp_path / "library.sqlite"
    ask = ("find", picture, "--models", folder, "--gallery", tmp_path / "none", "--library", file, "--json", "--vae")
    (by_line,) = run(*ask).document["evidence"]
    settings = Settings(device="cpu")
    backend = Backend(Folders([folder], tmp_path / "data", settings), lambda: Library(file))
    choice = EncoderChoice(ViewState(backend))
    finder = Finder(choice)
    for wanted in (False, True):
        choice.compare_vaes(wanted)
        finder.take([Asked(picture.name, picture.read_bytes())])
        assert finder.find().wait(120)
        assert [piece.detail for piece in finder.answer.shown.evidence] == [by_line["detail"]] * wanted
    assert ViewState(backend).choices.vaes, "it is kept over a restart"
    backend.close()
