"""A recipe is made once: the same question has its answer in the library, another one has not."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace

import pytest
from safetensors.numpy import load_file, save_file

from lib_modelsim.checkpoints import reader
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.lineage.recipe import (
    BakedLora,
    Claim,
    ComponentOrigin,
    FoundMethod,
    MissingParent,
    ParentShare,
    Recipe,
)
from lib_modelsim.workspace.lineage import lineages
from lib_modelsim.workspace.lineage.reading import SECONDS_A_RECIPE, SPEED
from lib_modelsim.workspace.lineage.remembered import RecipeInputs, recall, recipe_of, remember, rules
from lib_modelsim.workspace.workspace import Workspace
from tests.test_architecture import ROOT, imports
from tests.workspace.lineage import merged_family


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    return merged_family.write(folder)


@pytest.fixture
def opened(folder, tmp_path):
    """Makes workspaces over the folder, each with the same library file."""
    made = []

    def workspace():
        host = Folders([folder], tmp_path / "data", Settings(device="cpu"))
        made.append(Workspace(host, lambda: Library(tmp_path / "library.sqlite")))
        return made[-1]

    yield workspace
    for each in made:
        each.close()


def made(use, target="mixed", base=None):
    return use.lineage.recipe(target, base, use.read_index(Job()), Job())


def test_the_same_question_is_answered_without_reading_also_in_another_run(opened, monkeypatch):
    first = made(opened())
    assert first.parents
    monkeypatch.setattr(lineages, "recipe", lambda *_: pytest.fail("it was made again"))
    monkeypatch.setattr(reader, "open_checkpoint", lambda *_: pytest.fail("a file was opened"))
    assert made(opened()) == first


def test_another_candidate_is_another_question_and_the_old_answer_says_so(opened, folder):
    use = opened()
    first = made(use)
    shutil.copy(folder / "bert.safetensors", folder / "dora.safetensors")
    index = use.read_index(Job())
    known = use.lineage.recalled("mixed", None, index)
    assert (known.recipe, known.exact, known.new, known.gone) == (first, False, ("dora",), ())
    assert use.lineage.reading("mixed", None, index).sampled
    again = made(use)
    assert use.lineage.recalled("mixed", None, index).exact
    (folder / "dora.safetensors").unlink()
    assert made(use) == first
    assert use.lineage.all_recalled(use.read_index(Job()).models) == {"mixed": first}
    assert again is not None


def test_a_renamed_parent_is_not_called_by_its_old_name(opened, folder):
    made(opened())
    (folder / "anna.safetensors").rename(folder / "annabel.safetensors")
    use = opened()
    index = use.read_index(Job())
    assert use.lineage.recalled("mixed", None, index) is None
    assert use.lineage.all_recalled(index.models) == {}
    assert "annabel" in [parent.model for parent in made(use).parents]


def test_of_two_earlier_answers_the_one_from_more_models_is_told(opened):
    use = opened()
    index = use.read_index(Job())
    (target,) = (model for model in index.models if model.name == "mixed")
    others = [model for model in index.models if model.name != "mixed"]
    recipe = Recipe("mixed", "SD 1.x", "weighted sum")
    for count in (3, 1):
        remember(RecipeInputs(target, others[:count], None), replace(recipe, coverage=count / 10), use.library)
    assert recall(RecipeInputs(target, others, None), use.library).recipe.coverage == 0.3


def test_what_is_to_be_read_is_told_before(opened):
    use = opened()
    index = use.read_index(Job())
    before = use.lineage.reading("mixed", None, index)
    assert before.whole == len(index.models) == 6
    assert before.size == sum(model.key.size for model in index.models)
    assert before.seconds > before.size / SPEED + SECONDS_A_RECIPE
    everyone = use.lineage.reading_all(index)
    assert everyone.seconds > everyone.recipes * SECONDS_A_RECIPE > SECONDS_A_RECIPE
    made(use)
    after = use.lineage.reading("mixed", None, index)
    assert (after.whole, after.size, after.sampled, after.seconds) == (0, 0, 0, 0)
    other = use.lineage.reading("sorted", None, index)
    assert (other.whole, other.size, other.sampled) == (0, 0, 6)
    assert 0 < other.samples <= before.size


def test_a_recipe_comes_back_as_it_was():
    recipe = Recipe(
        "a", "SD 1.x", "block-weighted", FoundMethod("weighted sum", {"alpha": 0.4}, 0.3, "why"),
        (ParentShare("b", 0.6, 0.5, 0.7, "A", ("c", "d")), ParentShare("e")), {"IN00": {"b": 1.1, "e": -0.1}},
        {"unet": ComponentOrigin("merged"), "vae": ComponentOrigin("same", "b")}, ("key",), 0.1,
        MissingParent(0.3, "why"), 0.01, (BakedLora(8, "l", 0.7),), Claim("text", ("b",), True, "why"), 0.9, "base",
        True, ("remark",),
    )  # fmt: skip
    library = Library(None)
    library.remember_recipe("1", 1, "inputs", "{}")
    assert library.recipes("1", 1) == [(1, "inputs", "{}")]
    assert library.recipes("2", 1) == []
    assert recipe_of(json.loads(json.dumps(asdict(recipe)))) == recipe


def test_a_remembered_recipe_stands_beside_what_the_file_says(opened, folder):
    tensors = load_file(folder / "mixed.safetensors")
    said = {"modelspec.title": "mixed", "sd_merge_recipe": json.dumps({"type": "webui", "primary_model_name": "anna"})}
    save_file(tensors, folder / "mixed.safetensors", metadata=said)
    use = opened()
    first = made(use)
    assert first.claim is not None
    assert use.lineage.recalled("mixed", None, use.read_index(Job())).recipe == first


def test_what_a_recipe_is_made_by_decides_whether_it_is_remembered_and_what_tells_it_does_not():
    """Every file of the two rooms that making a recipe imports is in the version, and the methods are."""
    waiting, reached = [ROOT / "lib_modelsim/workspace/lineage/recipe.py"], set()
    while waiting:
        file = waiting.pop()
        if file in reached:
            continue
        reached.add(file)
        for name in imports(file):
            places = [ROOT / f"{dotted.replace('.', '/')}.py" for dotted in (name, name.rpartition(".")[0])]
            waiting += [place for place in places if place.is_file() and "lineage" in place.parts]
    within = {path.relative_to(ROOT / "lib_modelsim").as_posix() for path in rules()}
    assert {path.relative_to(ROOT / "lib_modelsim").as_posix() for path in reached} <= within
    assert "lineage/methods/ties.py" in within
    assert not [name for name in within if name.startswith(("lineage/graph/", "lineage/scripts/", "lineage/wording/"))]
