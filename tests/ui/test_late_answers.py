"""Answers that arrive in another order than they were made in: what was made last is what stays on the page."""

from __future__ import annotations

import json
import re
from threading import Event

import pytest

from .following import ended
from .test_page import address, browser, choose, expect, families, needs_chromium, one_page  # noqa: F401
from .test_states import by_id, opened, tab_over  # noqa: F401
from .test_states import families as compared

LATE = "a name that stays"


class Held:
    """Keeps answers from the browser until they are let go; each is made when it is asked for."""

    def __init__(self, page):
        self._page, self._wanted, self._held = page, set(), {}
        page.route("**/run/predict*", self._answer)

    def hold(self, event):
        """The next answer to an event."""
        self._wanted.add(event)

    def wait(self, event):
        """Until that answer is made."""
        while event not in self._held:
            self._page.wait_for_timeout(20)

    def let_go(self, event):
        route, answer = self._held.pop(event)
        route.fulfill(response=answer)

    def _answer(self, route):
        event, answer = json.loads(route.request.post_data)["fn_index"], route.fetch()
        if event not in self._wanted:
            route.fulfill(response=answer)
        else:
            self._wanted.remove(event)
            self._held[event] = route, answer


def events(page, part, trigger):
    """What one event of a part sets going, one after another; by their numbers."""
    config = page.evaluate("({...window.gradio_config})")
    (ident,) = (each["id"] for each in config["components"] if each["props"].get("elem_id") == part)
    after, chain = {}, []
    for number, event in enumerate(config["dependencies"]):
        if event["trigger_after"] is not None:
            after[event["trigger_after"]] = number
        if [ident, trigger] in event["targets"] or (event.get("trigger") == trigger and ident in event["targets"]):
            chain = [number]
    while chain[-1] in after:
        chain.append(after[chain[-1]])
    return chain


@needs_chromium
def test_a_name_stays_in_the_drawing_where_an_older_answer_arrives_after_it(families):  # noqa: F811
    """The last answer to Show families is made before the name is typed, and arrives after the answer to it, while the
    page asks whether it shows what is newest: gradio 3 asks nothing twice at a time."""
    page, drawing = families, families.locator("#modelsim_drawing svg").first
    older = events(page, "modelsim_generate", "click")[-1]
    check = events(page, "modelsim_families_seen", "change")[0]
    choose(page, "#modelsim_classes", "3")
    names = page.locator(".modelsim-classes tbody [data-field=name]")
    expect(names).to_have_count(3)
    page.wait_for_load_state("networkidle")
    held = Held(page)
    held.hold(older)
    page.locator("#modelsim_generate").click()
    held.wait(older)
    held.hold(check)
    names.nth(2).fill(LATE)
    names.nth(2).press("Enter")
    expect(drawing).to_contain_text(LATE, timeout=10_000)
    held.wait(check)
    held.let_go(older)
    page.wait_for_timeout(500)  # it has arrived by then, and what follows from it was asked for, or dropped
    held.let_go(check)
    expect(drawing).to_contain_text(LATE, timeout=10_000)
    page.unroute_all(behavior="wait")


EDITS = {
    "a name": {"do": "name", "name": "odd", "remark": ""},
    "a remark": {"do": "name", "name": "", "remark": "to be looked at"},
    "a model left out": {"do": "leave out", "name": "carl"},
    "a reference": {"do": "reference", "name": "anna"},
    "the greeting closed": {"do": "close greeting"},
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_answer_from_before_an_edit_is_known_as_older(tab_over, small_family, edit):  # noqa: F811
    """It may arrive last."""
    tab = tab_over(small_family)
    before = compared(tab)
    key = re.findall(r'data-class="(\w+)"', before["named_classes"])[-1]
    going_on = Event()
    tab.session.backend.run("other work", lambda *_: going_on.wait(), "Other work")  # what an edit begins waits
    try:
        after = by_id(tab.act(json.dumps({"class": key, **EDITS[edit]})))
        assert list(tab._settled(after["families_seen"], "Tree")) == [tab._newest.field]
        repaired = by_id(tab._settled(before["families_seen"], "Tree"))
        for part in ("drawing", "named_classes", "using", "greeting"):
            assert repaired[part] == after[part]
        assert tab._newest.is_in(repaired["families_seen"])
    finally:
        going_on.set()


def test_an_answer_from_before_the_hashes_is_known_as_older(tab_over, small_family, monkeypatch):  # noqa: F811
    monkeypatch.setattr("lib_modelsim.ui.backend.HASHED_UNASKED", 0)
    tab = tab_over(small_family)
    before = compared(tab)
    tab._hash()
    ended(tab.work)
    assert "hash" in by_id(tab._settled(before["families_seen"], "Tree"))["drawing"]


def test_a_card_and_a_table_of_classes_that_arrive_late_are_shown_anew(tab_over, small_family):  # noqa: F811
    tab = tab_over(small_family)
    seen = compared(tab)
    anna = by_id(tab._chosen.choose("anna"))
    carl = by_id(tab._chosen.choose("carl"))
    assert "carl" in by_id(tab._chosen.settled(anna["chosen_seen"]))["chosen"]
    assert list(tab._chosen.settled(carl["chosen_seen"])) == [tab._chosen.newest.field]
    assert tab._newest.is_in(seen["families_seen"]), "whichever is chosen, the drawing is the same"
    tab._weigh_shown()
    assert "Computing support" not in by_id(tab._settled_classes(seen["classes_seen"]))["named_classes"]
    assert list(tab._settled_classes(opened(tab)["classes_seen"])) == [tab._newest_classes.field]
