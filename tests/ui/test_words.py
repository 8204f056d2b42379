"""The words of the page: its own controls, not options of the command line."""

from __future__ import annotations

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.similarity.measures.registry import all_measures
from lib_modelsim.ui.status import message, note
from lib_modelsim.ui.words import for_page, measure_labels


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("choose another with --base", "choose another under Base"),
        ("generate some first: probe --out DIR", "generate some first on the page Probes"),
        ("generate one with: probe --out DIR; more", "generate one on the page Probes; more"),
        ("use --batch 1", "use Batch size 1"),
        ("press Download, or add --download", "press Download"),
        ("start the WebUI with --api", "start the WebUI with --api"),
    ],
)
def test_messages_name_the_page_s_controls(text, shown):
    assert for_page(text) == shown


def test_errors_and_empty_states_are_said_for_the_page():
    error = ModelsimError("there are fewer than three references", None, "use --distance matrix")
    for html in (message(str(error), "error"), note("No tree", str(error))):
        assert "--distance" not in html
        assert "set Distance between models to" in html


def test_every_measure_is_offered_once_with_a_capital():
    labels = measure_labels()
    assert sorted(labels.values()) == sorted(measure.name for measure in all_measures())
    assert all(label[0].isupper() for label in labels)
