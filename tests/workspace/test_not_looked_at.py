"""Nothing is called the same, or compared in full, of which that is not known."""

from __future__ import annotations

import pytest

from lib_modelsim.checkpoints.identity import Content, Identity
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.scan import scan
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.families.classify import families_of
from lib_modelsim.workspace.families.family import TreeOptions
from lib_modelsim.workspace.families.report_page import not_looked_at
from lib_modelsim.workspace.families.results import results_of
from lib_modelsim.workspace.families.screen import same_weights


def identity(sha256, extras=(), **parts):
    content = {name: Content(exact, exact[0] * 4) for name, exact in parts.items()}
    return Identity(sha256, None, None, content, {name: Content(value, value) for name, value in extras})


def test_models_fold_as_the_same_weights_only_where_every_number_is():
    known = {
        "anna": identity("1", unet="u", te="t", vae="v"),
        "anna-fp32": identity("2", unet="u", te="t", vae="v"),
        "anna-vae": identity("3", unet="u", te="t", vae="w"),
        "almost": identity("4", unet="u'", te="t", vae="v"),
        "pruned": identity("5", unet="u"),
        "lora": identity("6", [("alpha", "1")], unet="f"),
        "lora-halved": identity("7", [("alpha", "2")], unet="f"),
    }
    assert same_weights([*known, "never hashed"], known) == [["anna", "anna-fp32"]]


@pytest.mark.parametrize(("measure", "told"), [("cosine", []), ("sampled-cosine-whole", ["4 % of a file"])])
def test_a_report_says_what_the_measure_passes_over(small_family, tmp_path, measure, told):
    with Library(tmp_path / "library.sqlite") as library:
        scan([small_family], library, Job())
        found = compare([small_family], measure, None, library, Job())
        (result,) = results_of(families_of(found, TreeOptions()), found.models, [], library)
    said = [note for note in not_looked_at(result) if " reads " in note]
    assert [f"{measure} reads {what}: the rest may differ" for what in told] == said
