"""The tree in the browser: every branch is seen, its scale is true; folding, search and stretching answer at once."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from lib_modelsim.families.linkage import build_tree
from lib_modelsim.figures.screen.tree import tree_drawing

from .test_javascript import (  # noqa: F401 - fixtures
    browser,
    expect_family,
    leaf,
    marked,
    names_of,
    open_page,
    playwright,
    pytestmark,
)

NARROW = 1e-4
"""How far the models of a class are from each other, of what the classes are."""

LAID_OUT = """(element) => {
    const data = JSON.parse(element.dataset.tree), { nodesOf, kinshipScale, trueScale } = modelsim.branches;
    const nodes = nodesOf(data), parents = nodes.filter(({ parent }) => parent && parent.height > 0);
    const told = (scale) => ({
        apart: parents.filter((node) => node.parent.height > node.height)
            .map((node) => scale.place(node.parent.height) - scale.place(node.height)),
        ticks: scale.ticks().map((tick) => [tick, scale.place(tick)]),
        heights: nodes.map(({ height }) => [height, scale.place(height)]),
        width: scale.width,
    });
    return { kinship: told(kinshipScale(nodes, 400)), true: told(trueScale(nodes, 400)) };
}"""
"""Of both scales: how far each node is from its parent, and where ticks and heights are, in pixels from the leaves."""


def narrow(n, k):
    """Classes that are far apart, of models that hardly differ, two of which are equal."""
    random = np.random.default_rng(n)
    points = random.normal(size=(k, 4))[np.arange(n) % k] + random.normal(size=(n, 4)) * NARROW * random.random((n, 1))
    points[n - 1] = points[n - 1 - k]
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    tree = build_tree(tuple(f"model {i} of class-{i % k}" for i in range(n)), distances)
    return tree, tree.cut(k).tolist()


@pytest.mark.parametrize(("n", "k"), [(3, 2), (15, 4), (300, 12)])
def test_every_branch_is_seen_and_the_ticks_are_true(open_page, n, k):  # noqa: F811
    page = open_page(tree_drawing(*narrow(n, k), "1 − r"))
    found = page.locator(".modelsim-tree").evaluate(LAID_OUT)
    for name, scale in found.items():
        print(f"{n} models, {name}: {min(scale['apart']):.2f} px from node to parent, {scale['width']:.0f} wide")
        ends = sorted([*scale["ticks"], *scale["heights"]])
        assert all(a[1] <= b[1] + 1e-6 for a, b in pairwise(ends)), "what is greater is farther left"
        assert len(scale["ticks"]) >= 3
    assert min(found["kinship"]["apart"]) >= 8
    assert min(found["true"]["apart"]) < 1 or n == 3, "where the true heights do not show them"
    tick, tallest = found["true"]["ticks"][1], found["true"]["heights"][-1][0]
    assert tick[1] == pytest.approx(400 * tick[0] / tallest)


def shown(page):
    """What stands at the rows, without signs."""
    return page.eval_on_selector_all(
        ".modelsim-leaf", "rows => rows.map(row => row.querySelector('text:not(.modelsim-reference)').textContent)"
    )


def bar(page, words):
    return page.locator(".modelsim-tree-bar button", has_text=words)


def drawn_again(page):
    page.evaluate("(d => { d.parentElement.innerHTML = d.outerHTML; })(document.querySelector('.modelsim-drawing'))")


@pytest.fixture
def page(open_page):  # noqa: F811
    """Four classes of six models, of which two are equal."""
    tree, classes = narrow(24, 4)
    same = ["model 19 of class-3", "model 23 of class-3"]
    return open_page(tree_drawing(tree, classes, "1 − r", same=[same], signs={same[1]: "copy"}))


def test_copies_and_classes_fold_into_a_row_and_open_again(page):
    names = names_of(page)
    page.locator(".modelsim-same").click()
    assert "model 19 of class-3 + 1 copy" in shown(page)
    assert len(shown(page)) == 23
    page.locator(".modelsim-box[data-class='2'] [data-fold]").click()
    assert "Class 2: 6 models" in shown(page)
    assert len(shown(page)) == 18
    assert page.evaluate("document.querySelector('.modelsim-triangle').getBBox().height") == 12, "two pixels a model"
    page.locator(".modelsim-folded[data-class='2']").click()
    expect_family(page, [name for name in names if name.endswith("class-1")])  # numbered from 1
    drawn_again(page)
    assert len(shown(page)) == 18, "it stays folded where the tree is drawn anew"
    bar(page, "Fold classes").click()
    assert len(shown(page)) == 4
    page.locator(".modelsim-leaf").first.focus()
    page.keyboard.press("ArrowRight")
    assert len(shown(page)) in (8, 9), "one is open; of one the copies are folded still"
    page.keyboard.press("f")
    assert len(shown(page)) == 4
    for words in ("Fold classes", "Fold copies"):
        bar(page, words).click()
    assert names_of(page) == names


def test_search_marks_what_it_finds_and_enter_opens_what_hides_it(page):
    bar(page, "Fold classes").click()
    field, count = page.locator(".modelsim-tree-search"), page.locator(".modelsim-tree-count")
    field.fill("CLASS-1 model")
    playwright.expect(count).to_have_text("6 found")
    assert page.locator(".modelsim-found").count() == 1, "the folded row that holds them"
    field.press("Enter")
    playwright.expect(count).to_have_text("1 of 6")
    assert (len(shown(page)), page.locator(".modelsim-found").count()) == (9, 6)
    first = page.locator(".modelsim-found-now").get_attribute("data-model")
    field.press("Shift+Enter")
    playwright.expect(count).to_have_text("6 of 6")
    field.press("Enter")
    assert page.locator(".modelsim-found-now").get_attribute("data-model") == first
    drawn_again(page)
    playwright.expect(field).to_be_focused()
    page.keyboard.type(" 5")
    playwright.expect(count).to_have_text("1 found")
    page.evaluate("modelsim.mark('model 2 of class-2')")
    assert marked(page, "chosen") == ["model 2 of class-2"], "what is chosen elsewhere is opened, too"


def test_the_scale_is_remembered_and_heights_are_drawn_out_alone(page):
    def tree_width():
        return page.evaluate("document.querySelector('.modelsim-branches').getBBox().width")

    def letters():
        return page.evaluate("document.querySelector('.modelsim-leaf text').getBoundingClientRect().height")

    def least():
        branches = "[...document.querySelectorAll('.modelsim-branch[data-height]:not([data-height=\"0\"])')]"
        return page.evaluate(f"Math.min(...{branches}.map(branch => branch.getBBox().width))")

    assert least() >= 8
    bar(page, "True heights").click()
    page.reload()
    assert bar(page, "True heights").get_attribute("aria-pressed") == "true"
    assert least() < 1
    wide, high = tree_width(), letters()
    row = leaf(page, 3).bounding_box()
    page.mouse.move(row["x"] - 40, row["y"] + 5)
    page.keyboard.down("Control")
    page.keyboard.down("Shift")
    page.mouse.wheel(0, -240)
    page.wait_for_function(f"document.querySelector('.modelsim-branches').getBBox().width > {1.5 * wide}")
    page.keyboard.up("Shift")
    assert leaf(page, 3).bounding_box()["height"] == pytest.approx(row["height"], abs=0.1), "rows stay"
    page.mouse.wheel(0, -240)
    higher = f"document.querySelector('.modelsim-leaf rect').height.baseVal.value > {1.5 * row['height']}"
    page.wait_for_function(higher)
    page.keyboard.up("Control")
    assert letters() == pytest.approx(high, abs=0.1), "letters are as large as before"
    page.locator("[data-zoom=fit]").click()
    assert tree_width() == pytest.approx(wide, abs=1)
    page.locator("[data-zoom=wider]").click()
    assert tree_width() == pytest.approx(1.25 * wide, rel=0.01)


def test_a_narrow_page_shows_the_tree_and_its_bar(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.evaluate("modelsim_tab.style.width = '370px'")
    page.wait_for_function("document.querySelector('.modelsim-tree .modelsim-svg').getBoundingClientRect().width < 420")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_names_of_hundreds_are_on_a_phone_without_scrolling(open_page):  # noqa: F811
    page = open_page(tree_drawing(*narrow(300, 12), "1 − r"))
    page.set_viewport_size({"width": 390, "height": 800})
    page.evaluate("modelsim_tab.style.width = '370px'")
    page.wait_for_function("document.querySelector('.modelsim-tree .modelsim-svg').getBoundingClientRect().width < 420")
    view = page.locator(".modelsim-tree .modelsim-view")
    assert view.evaluate("view => view.scrollWidth - view.clientWidth") <= 1
    assert leaf(page, 0).locator("text").first.evaluate("text => text.getBoundingClientRect().width") > 100


def test_a_leaf_is_left_out_by_a_key(page):
    leaf(page, 2).focus()
    page.keyboard.press("Delete")
    told = json.loads(page.locator("#modelsim_action_field textarea").input_value())
    assert (told["do"], told["name"]) == ("leave out", names_of(page)[2])
