"""The command line and the page are two faces of one workspace: for the same library they give the same answer."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
from collections import Counter

import gradio as gr
import numpy as np
import pytest
from PIL import ImageOps

from lib_modelsim import demo
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.ui.answers import How
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.choices import Choices
from lib_modelsim.ui.curate.chosen_scores import ChosenScores
from lib_modelsim.ui.curate.session import Curator
from lib_modelsim.ui.find.encoder_choice import EncoderChoice
from lib_modelsim.ui.find.finder import Asked, Finder
from lib_modelsim.ui.probes.pictures import plan_words
from lib_modelsim.ui.probes.studio import Order, Studio
from lib_modelsim.ui.recipe.page import AUTOMATIC_BASE
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.tasks import TaskState
from lib_modelsim.ui.view_state import ViewState
from lib_modelsim.ui.windows import asked_by
from lib_modelsim.workspace.curating.looking import looked_at
from lib_modelsim.workspace.probing.holdings import holdings
from tests.command import run
from tests.pictures.scenes import scene
from tests.probes import tiny_networks
from tests.probes.galleries import noise_of
from tests.ui.following import ended
from tests.ui.test_duplicate_panels import Page
from tests.workspace.finding import draw_gallery
from tests.workspace.lineage import merged_family


@pytest.fixture(autouse=True)
def in_a_window():
    """Handlers are asked by one browser window."""
    with asked_by("a window"):
        yield


@pytest.fixture(scope="module")
def folder(small_family, tmp_path_factory):
    """Models of two networks, a copy, and a file that is none."""
    folder = tmp_path_factory.mktemp("two faces")
    for file in small_family.glob("*.safetensors"):
        shutil.copy(file, folder)
    shutil.copy(folder / "anna.safetensors", folder / "anna copy.safetensors")
    for name, seed in (("xl one", 1), ("xl two", 2)):
        demo.save(folder / f"{name}.safetensors", demo.draw(demo.sdxl_shapes(4, 16, (1, 1)), seed=seed))
    (folder / "page.safetensors").write_bytes(b"<!DOCTYPE html>" * 20)
    return folder


@pytest.fixture
def backend(folder, tmp_path):
    backend = Backend(Folders([folder], tmp_path / "data", Settings()), lambda: Library(tmp_path / "page.sqlite"))
    yield backend
    backend.close()


def finished(task) -> None:
    assert task.wait(120)
    assert task.state is TaskState.DONE, task.told


def partition(members: dict[str, object]) -> set[frozenset[str]]:
    """The classes as sets of models, whatever their numbers."""
    return {frozenset(name for name, own in members.items() if own == number) for number in members.values()}


@pytest.mark.parametrize("measure", [None, "asimilarity", "delta-cosine", "relative-l2"])
def test_families(folder, backend, tmp_path, measure):
    """The same measure and base for each network, the same trees, classes and strangers."""
    asked = ["--measure", measure] if measure else []
    told = run("classify", folder, "--out", tmp_path / "out", "--library", tmp_path / "cli.sqlite", "--json", *asked)
    assert told.code == 0, told.err

    choices = Choices(measure=measure) if measure else Choices()
    finished(backend.compare(choices.question))
    families = backend.answers[choices.question].families(How(choices.tree))

    def of_page(family) -> tuple:
        names = family.features.models
        classes = dict(zip(names, family.classes.tolist(), strict=True))
        return partition(classes), set(family.strangers), family.measure

    by_page = {family.architecture: of_page(family) for family in families}
    by_line = {}
    for tree in told.document["trees"]:
        rows = [row for row in told.document["classes"] if row["architecture"] == tree["architecture"]]
        classes = {row["model"]: row["class"] for row in rows}
        strangers = {row["model"] for row in rows if row["stranger"]}
        by_line[tree["architecture"]] = partition(classes), strangers, tree["measure"]
    assert by_page == by_line


@pytest.mark.parametrize("measure", [None, "delta-cosine"])
def test_the_base_and_the_numbers_of_a_comparison(folder, backend, tmp_path, measure):
    """A base that is likely is used by both, whether the measure was asked for or not."""
    asked = ["--measure", measure] if measure else []
    told = run("compare", folder, "--library", tmp_path / "cli.sqlite", "--json", *asked).document
    question = (Choices(measure=measure) if measure else Choices()).question
    finished(backend.compare(question))
    comparison = backend.answers[question].comparison
    assert comparison.base_model == told["base"] == "base"
    rows = [i for i, model in enumerate(comparison.models) if model.architecture == "SD 1.x"]
    ours = comparison.matrix.overall[np.ix_(rows, rows)]
    theirs = np.array(told["overall"], dtype=float)[np.ix_(rows, rows)]
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_a_model_left_out(folder, backend, tmp_path):
    """The same models, numbers and copies without it."""
    session = ViewState(backend)
    backend.look()
    for name in ("anna copy", "page"):
        session.leave_out(name)
    without = ("--exclude", "anna copy", "--exclude", "page", "--library", tmp_path / "cli.sqlite")
    told = run("compare", folder, "--measure", "cosine", "--json", *without).document
    session.choose(measure="cosine")
    question = session.choices.question
    finished(backend.compare(question))
    comparison = backend.answers[question].comparison
    assert [model.name for model in comparison.models] == told["models"]
    assert comparison.unreadable == told["errors"] == []
    finished(backend.hash_files())
    backend.look()
    assert run("scan", folder, "--json", *without).document["copies"] == []
    assert [row.name for row in backend.rows if row.copy and not row.left_out] == []
    assert {row.name for row in backend.rows if row.left_out} == {"anna copy", "page"}


def test_identical_files(folder, backend, tmp_path):
    lines = run("scan", folder, "--library", tmp_path / "cli.sqlite").out.splitlines()
    finished(backend.hash_files())
    backend.look()
    same = {row.name: row.same for row in backend.rows if row.same}
    assert set(same) == {"anna", "anna copy"}
    for name, facts in same.items():
        (line,) = (line for line in lines if line.startswith(f"{name}  "))
        assert line.endswith("; ".join(facts))
    assert f"  anna copy: {next(row.copy.told for row in backend.rows if row.copy)}" in lines
    assert "  anna copy: copy of anna, could go: " in "\n".join(lines)
    assert sum("not read: " in line for line in lines) == len(backend.index.unreadable) == 1


def test_two_models_key_by_key(folder, backend, tmp_path):
    two = [folder / "anna.safetensors", folder / "bert.safetensors"]
    told = run("compare", *two, "--measure", "cosine", "--elements", "--no-library", "--json").document
    question = Choices(measure="cosine").question
    finished(backend.compare(question))
    finished(backend.compare_two(question, "anna", "bert"))
    comparison = backend.answers[question].comparison
    a, b = (comparison.matrix.models.index(name) for name in ("anna", "bert"))
    # sums of float32 differ in the last digits with the models around
    assert comparison.matrix.overall[a, b] == pytest.approx(told["overall"][0][1], abs=1e-8)
    detail = backend.details[question, "anna", "bert"]
    by_line = {element["key"]: element["value"] for element in told["elements"]}
    assert detail.most
    for key in detail.most:
        assert key.cosine == pytest.approx(by_line[key.key], abs=1e-8)


def test_what_a_suite_would_generate(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    shapes = tiny_networks.sd1()
    for seed, name in enumerate(("one", "two")):
        tiny_networks.write(folder, name, shapes, seed)
    shutil.copy(folder / "one.safetensors", folder / "one copy.safetensors")
    no_vae = {key: shape for key, shape in shapes.items() if not key.startswith("first_stage_model.")}
    tiny_networks.write(folder, "no vae", no_vae)
    (folder / "page.safetensors").write_bytes(b"<!DOCTYPE html>" * 20)
    backend = Backend(Folders([folder], tmp_path / "data", Settings()), lambda: Library(tmp_path / "page.sqlite"))
    told = run("probe", "--suite", "cfg1-fast", "--models", folder, "--out", tmp_path / "g", "--dry-run", "--json")
    studio, order = Studio(backend), Order("cfg1-fast")
    finished(backend.hash_files())  # the page's estimate reads no file whole
    finished(studio.make_plan(order))
    planned = studio.planned[order]
    ours = {(each.checkpoint.sha256, each.probe, each.identity) for each in planned.plan.pictures}
    assert ours == {(job["sha256"], job["probe"], job["identity"]) for job in told.document["jobs"]}
    assert [bad.error for bad in planned.chosen.unusable] == [bad["error"] for bad in told.document["errors"]]
    assert told.document["originals"] == {"one copy": "one"}
    copies = {each.name: planned.plan.generates_instead(each) for each in planned.plan.copies}
    assert copies == told.document["originals"]
    assert len(ours) == len(planned.chosen.unusable) == 2
    words = plan_words(studio, order)
    assert "no vae.safetensors cannot generate images: the file has no VAE" in words
    assert "one copy is a copy of one and is skipped." in words
    backend.close()


def test_which_model_generated_a_picture(folder, backend, tmp_path):
    drew = draw_gallery(backend.gallery)
    picture = next(backend.gallery.glob(f"*/{drew[0].name}*/*.png"))
    finished(backend.read_index())
    told = run("find", picture, "--gallery", backend.gallery, "--library", tmp_path / "page.sqlite", "--json").document
    finder = Finder(EncoderChoice(ViewState(backend)))
    finder.take([Asked(picture.name, picture.read_bytes())])
    finished(finder.find())
    found = finder.answer.shown
    assert [(card.model, card.score, card.probability) for card in found.ranking] == [
        (card["model"], card["score"], card["probability"]) for card in told["ranking"]
    ]
    assert [(piece.kind.value, piece.model, piece.certainty) for piece in found.evidence] == [
        (piece["kind"], piece["model"], piece["certainty"]) for piece in told["evidence"]
    ]
    assert found.ranking
    assert found.none_of_these == told["none_of_these"]


def test_importing_pictures(backend, tmp_path):
    """The same pictures under the same names, and the same files skipped."""
    own = tmp_path / "own"
    for name in ("mine/1.png", "mine/2.png", "2023/1.png"):
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        noise_of(name, (32, 32)).save(own / name)
    (own / "2023" / "torn.png").write_bytes(b"no picture")
    to = ("--gallery", tmp_path / "cli gallery", "--library", tmp_path / "cli.sqlite", "--json")
    told = run("gallery", "import", own, "--as", "2023=anna", *to).document
    session = ViewState(backend)
    with gr.Blocks():
        page = Tab(session).pages["find"]
    for asked in ({"import": "look", "path": str(own)}, {"import": "take", "chosen": {"2023": "anna", "mine": "mine"}}):
        page.imports.act(json.dumps(asked), page.wiring)
        ended(page.wiring.work)
    by_page = Counter(held.model for held in holdings(backend.gallery) for _ in range(held.pictures))
    assert dict(by_page) == told["pictures"] == {"anna": 1, "mine": 2}
    assert len(told["errors"]) == page.imports.shown().count("Skipped: ") == 1


@pytest.fixture
def curate(backend):
    with gr.Blocks():
        return Page(Tab(ViewState(backend)))


def groups_on(page: str) -> list[set[str]]:
    """The paths of the pictures that stand side by side."""
    articles = page.split("<article")[1:]
    return [{html.unescape(path) for path in re.findall(r'<b title="([^"]*)"', each)} for each in articles]


def test_duplicates_of_pictures_and_repeats_of_another_folder(curate, tmp_path):
    own, training = tmp_path / "own", tmp_path / "training"
    for each in (own, training):
        each.mkdir()
    for number in (1, 2, 3):
        scene(number, 400, 400).save(own / f"{number}.png")
    ImageOps.mirror(scene(1, 400, 400)).save(own / "1 again.jpg", quality=85)
    shutil.copy(own / "2.png", own / "2 again.png")
    scene(3, 400, 400).resize((300, 300)).save(training / "page.jpg", quality=90)
    to = ("--library", tmp_path / "cli.sqlite", "--json")

    told = run("duplicates", own, *to).document
    curate.do("folder", "open", path=str(own))
    curate.do("duplicates", "find")
    assert groups_on(curate.html("duplicates")) == [set(group["paths"]) for group in told["groups"]]
    counts = told["counts"]
    assert f"{counts['pictures']} pictures compared: {counts['groups']} groups with {counts['in_groups']} pictures" in (
        curate.text("duplicates")
    )
    kept = [group["keep"] for group in told["groups"]]
    marked = re.findall(r'class="modelsim-kept">.*?<b title="([^"]*)"', curate.html("duplicates"))
    assert [html.unescape(path) for path in marked] == kept

    repeats = run("duplicates", own, "--against", training, "--verbatim", *to).document["verbatim"]
    curate.do("verbatim", "compare", training=str(training))
    text = curate.text("verbatim")
    assert all(model["told"] in text for model in repeats["models"])
    assert all(line in text for line in (*repeats["compared"], *repeats["not_shown"]))
    (one,) = repeats["models"][0]["repeats"]
    assert groups_on(curate.html("verbatim")) == [{one["picture"], one["original"]}]


def test_copies_among_checkpoints(folder, curate, tmp_path):
    told = run("duplicates", "--checkpoints", folder, "--library", tmp_path / "cli.sqlite", "--json").document
    curate.do("checkpoint_copies", "list")
    page = curate.html("checkpoint_copies")
    assert told["told"] in curate.text("checkpoint_copies")
    shown = [html.unescape(path) for path in re.findall(r'<td title="([^"]*)"', page)]
    assert shown == [path for group in told["groups"] for path in group["paths"]]
    assert len(told["errors"]) == 1
    assert "1 file that could not be read" in curate.text("checkpoint_copies")


def test_the_scores_and_the_best_of_a_folder_of_pictures(backend, tmp_path):
    """The same pictures, scores, mean and order, whether the page or the command line looks at the folder."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i in range(6):
        noise_of(f"picture {i}", (64, 64)).save(pictures / f"{i}.png")
    asked = ["--score", "sharpness", "--score", "contrast", "--weight", "contrast=0.5"]
    told = run("curate", pictures, *asked, "--library", tmp_path / "cli.sqlite", "--json")
    assert told.code == 0, told.err

    curator = Curator(ViewState(backend))
    finished(curator.open(str(pictures)))
    fields = {"use:sharpness": True, "use:contrast": True, "use:entropy": False, "weight:contrast": "0.5"}
    finished(curator.score(ChosenScores.of(fields).request()))
    names = ("sharpness", "contrast")
    assert {str(each.about.path): {name: each.scores[name] for name in names} for each in curator.pictures} == (
        told.document["scores"]
    )
    assert {str(each.about.path): each.scores["overall"] for each in curator.pictures} == told.document["overall"]
    shown = looked_at(curator.pictures, curator.look, curator.marks)
    overall = told.document["overall"]
    assert [str(each.about.path) for each in shown] == sorted(overall, key=lambda path: -overall[path])


def test_what_a_model_is_made_of(tmp_path):
    """The same recipe, and what a model was made of once is remembered by the other face."""
    folder = tmp_path / "models"
    folder.mkdir()
    merged_family.write(folder)
    backend = Backend(Folders([folder], tmp_path / "data", Settings()), lambda: Library(tmp_path / "page.sqlite"))
    with gr.Blocks():
        page = Tab(ViewState(backend)).pages["recipe"]
    page.look()
    page.take("mixed", AUTOMATIC_BASE)
    page.begin()
    ended(page.wiring.work)
    updates = page.look()
    (shown,) = (update for part, update in updates.items() if part.elem_id == "modelsim_recipe_answer")
    (data,) = re.findall(r'href="data:application/json[^,]*,([^"]*)"', shown)
    backend.close()
    asked = ("recipe", folder / "mixed.safetensors", folder, "--json", "--library")
    told = run(*asked, tmp_path / "cli.sqlite").document
    assert told | json.loads(base64.b64decode(data)) == told
    assert {parent["model"] for parent in told["parents"]} == {"anna", "bert"}
    assert run(*asked, tmp_path / "page.sqlite").document == told
