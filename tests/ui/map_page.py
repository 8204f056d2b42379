"""A map on a page without gradio: the page's own template, styles and scripts, and answers as the server gives them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib_modelsim.templates import render
from lib_modelsim.ui.curate.map_answers import colours_of, packed_points
from lib_modelsim.workspace.curating.colourings import Colouring

ROOT = Path(__file__).parents[2]

ANSWER = """
window.sent = [];
document.addEventListener("input", ({target}) => {
    if (!target.closest("#modelsim_map_field")) return;
    const {map, questions, at} = JSON.parse(target.value);
    sent.push(...questions);
    if (window.silent) return;
    const answers = questions.map((question) => ({...answerTo(question), question: question.name}));
    const place = document.createElement("i");
    place.dataset.mapAnswers = JSON.stringify({map, answers, at});
    setTimeout(() => document.querySelector("#modelsim_map_answers").replaceChildren(place), window.delay || 0);
});
function answerTo(question) {
    if (question.ask === "points") return served.points;
    if (question.ask === "colours") return {by: question.by, ...served.colours[question.by]};
    const at = question.at;
    return {at, name: served.names?.[at] ?? `${at}.png`, lines: [["model", "a model"]], url: served.url || ""};
}
window.acted = [];
window.modelsim.curate = window.modelsim.curate || {act: (panel, action) => acted.push({panel, ...action})};
"""


@dataclass(frozen=True)
class MapPage:
    """A map of `points` float32 [n, 2] with its colourings by name."""

    points: np.ndarray
    colours: dict[str, Colouring]
    key: str = "a-map"
    names: tuple[str, ...] = ()
    url: str = ""
    dark: bool = False
    width: str = "1000px"

    @property
    def bytes_sent(self) -> int:
        """What the browser gets for the first colouring."""
        first = next(iter(self.colours.values()))
        return len(json.dumps([packed_points(self.points), colours_of(first)]))

    def panel(self) -> str:
        about = {
            "count": len(self.points),
            "colours": [(name, by.label, by.version) for name, by in self.colours.items()],
        }
        return render(
            "ui/templates/curate_map.html", methods=[("pca", "PCA", True)], method="pca", missing=[], key=self.key,
            about=json.dumps(about), colours=about["colours"], count=f"{len(self.points)} pictures",
            told="PCA of what a test sees.", remarks=(),
        )  # fmt: skip

    def write(self, folder: Path) -> Path:
        """The page's file. Its scripts are loaded as a browser loads them, one by one from the project's folder."""
        served = {
            "points": packed_points(self.points),
            "colours": {name: colours_of(by) for name, by in self.colours.items()},
            "names": self.names,
            "url": self.url,
        }
        scripts = "".join(
            f'<script src="{path.as_uri()}"></script>'
            for path in sorted((ROOT / "javascript").glob("modelsim*.js"))
            if path.stem != "modelsim_curate"
        )
        ground, ink = ("#0b0f19", "#f3f4f6") if self.dark else ("#ffffff", "#1f2937")
        style = (ROOT / "style.css").read_text("utf-8")
        host = (
            f"body {{ --background-fill-primary: {ground}; --body-text-color: {ink}; --border-color-primary: #8886;"
            " --color-accent: #f97316; --button-secondary-background-fill: #8882;"
            f" background: {ground}; color: {ink}; font: 14px sans-serif; margin: 8px; }}"
        )
        fields = "".join(
            f"<div id={name} style='display:none'><textarea></textarea></div>"
            for name in ("modelsim_map_field", "modelsim_window_field")
        )
        file = folder / "map.html"
        file.write_text(
            f"<!doctype html><html><head><meta charset=utf-8>"
            f"<meta name=viewport content='width=device-width, initial-scale=1'><style>{host}{style}</style></head>"
            f"<body class='gradio-container'><div class=contain><div id=modelsim_tab style='max-width:{self.width}'>"
            f"<div id=panel></div></div></div>{fields}<div id=modelsim_map_answers hidden></div>{scripts}"
            f"<script>window.served = {json.dumps(served)};{ANSWER}"
            f"document.getElementById('panel').innerHTML = {json.dumps(self.panel())};</script>"
            "<div style='height:1500px'></div></body></html>",
            "utf-8",
        )
        return file
