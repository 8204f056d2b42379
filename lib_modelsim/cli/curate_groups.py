"""What `curate` says of models, prompts and groups of pictures: its document, and the same for a person."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from ..text import counted, readable, several

if TYPE_CHECKING:  # each command imports its own use case only
    from ..curate.best_prompts import PromptScores
    from ..curate.by_model import AgainstOthers, ModelScore, ModelScores
    from ..curate.choosing import Best, BestPicture
    from ..curate.clusters import Cluster, Clusters
    from ..workspace.curating.judging import Judged

_SHOWN = 5
"""Models, prompts and clusters that are shown; the document has all."""

_LETTERS = 60
"""Of a prompt that is shown."""


def groups_document(judged: Judged, encoder: str) -> dict[str, Any]:
    """The keys that `curate`'s document has besides the scores; null for what was not asked, or nobody knows."""
    best, clusters = judged.best, judged.clusters
    remarks = {
        "models": judged.models.remarks,
        "prompts": judged.prompts.remarks,
        "best": best.remarks if best else (),
        "clusters": clusters.remarks if clusters else (),
    }
    return {
        "encoder": encoder or None,
        "categories": None if best is None else [_category(*each) for each in judged.categories],
        "best": None if best is None else [_best(each) for each in best.chosen],
        "plain": None if best is None else _plain(best),
        "clusters": None if clusters is None else [_cluster(each) for each in clusters.told],
        "folded": None if clusters is None else [_cluster(each) for each in clusters.folded],
        "clusters_by": None if clusters is None else _clusters_by(clusters),
        "models": [_model(each) for each in judged.models.models],
        "prompts": [
            {
                "prompt": each.prompt,
                "mean": _number(each.mean),
                "n": each.n,
                "expected": _number(each.expected),
                "low": _number(each.low),
                "high": _number(each.high),
                "models": each.models,
            }
            for each in judged.prompts.prompts
        ],
        "remarks_on": {name: list(some) for name, some in remarks.items() if some},
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _shown(path: os.PathLike[str]) -> str:
    return readable(os.fspath(path))


def _category(name: str, count: int, mean: float) -> dict[str, Any]:
    return {"name": name, "n": count, "mean": _number(mean)}


def _best(each: BestPicture) -> dict[str, Any]:
    return {
        "category": each.category,
        "path": _shown(each.picture.path),
        "score": _number(each.score),
        "standing": _number(each.standing),
        "place": each.place,
    }


def _plain(best: Best) -> dict[str, Any]:
    return {
        "paths": [_shown(each.path) for each in best.plain],
        "in_both": best.in_both,
        "rank_correlation": _number(best.rank_correlation),
    }


def _cluster(each: Cluster) -> dict[str, Any]:
    return {
        "name": each.name,
        "members": [_shown(picture.path) for picture in each.members],
        "mean": _number(each.mean),
        "drop": _number(each.drop),
        "models": dict(each.models),
        "support": each.support,
        "p": _number(each.chance),
        "prompts": each.prompts,
        "examples": [_shown(picture.path) for picture in each.examples],
        "remark": each.remark or None,
    }


def _clusters_by(clusters: Clusters) -> dict[str, Any]:
    return {
        "min_support": clusters.min_support,
        "min_drop": _number(clusters.min_drop),
        "looked_at": clusters.looked_at,
    }


def _against(each: AgainstOthers) -> dict[str, Any]:
    return {
        "pictures": each.pictures,
        "prompts": each.prompts,
        "difference": _number(each.difference),
        "low": _number(each.low),
        "high": _number(each.high),
        "verdict": each.verdict,
    }


def _model(each: ModelScore) -> dict[str, Any]:
    return {
        "model": each.model,
        "n": each.n,
        "mean": _number(each.mean),
        **_against(each.whole),
        "categories": [{"category": one.category, **_against(one)} for one in each.categories],
        "style_range": {
            "over_seeds": _number(each.over_seeds),
            "over_prompts": _number(each.over_prompts),
            "prompts": each.shared,
        },
    }


# for a person


def groups_words(judged: Judged, encoder: str, mean: float) -> list[str]:
    """The best of each category, clusters, models and prompts; `mean` is that of all scores."""
    lines = []
    if judged.best is not None and judged.clusters is not None:
        lines += ["", f"Grouped by what {encoder} sees and by the words of prompts.", *judged.remarks]
        lines += [*_best_words(judged.best), *_clusters_words(judged.clusters, mean)]
    return [*lines, *_models_words(judged.models), *_prompts_words(judged.prompts)]


def _best_words(best: Best) -> list[str]:
    lines = ["The best of each category, by how far each stands above what is usual for its prompt and category:"]
    lines += [
        f"  {readable(each.category)}: {_shown(each.picture.path)} ({_figure(each.score)}, {each.standing:+.1f}; "
        f"place {each.place} by score alone)"
        for each in best.chosen
    ]
    if best.chosen:
        alike = "" if math.isnan(best.rank_correlation) else f"; rank correlation {best.rank_correlation:.2f}"
        lines.append(f"By score alone {best.in_both} of these {len(best.chosen)} would be chosen{alike}.")
    return [*(lines if best.chosen else []), *best.remarks]


def _chance(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def _clusters_words(clusters: Clusters, mean: float) -> list[str]:
    lines = []
    if clusters.told:
        said = f"(mean {_figure(mean)}); p: how often chance alone makes such a group"
        lines.append(f"Clusters that score worse or better than all {said}:")
    for each in clusters.told[:_SHOWN]:
        side = "below" if each.drop > 0 else "above"
        models = several([readable(f"{name} ({count})") for name, count in each.models], 3)
        lines.append(
            f"  {readable(each.name)}: {counted(len(each.members), 'picture')} of {counted(each.prompts, 'prompt')}, "
            f"mean {_figure(each.mean)}, {_figure(abs(each.drop))} {side}; p {_chance(each.chance)}"
            + (f"; {models}" if models else "")
        )
        lines += [f"    {each.remark}"] if each.remark else []
    more = len(clusters.told) - _SHOWN
    lines += [f"  and {counted(more, 'more cluster')}: --json has all"] if more > 0 else []
    if clusters.folded:
        lines.append(f"{counted(len(clusters.folded), 'more cluster')} may be chance: --json has them.")
    return [*lines, *clusters.remarks]


def _models_words(models: ModelScores) -> list[str]:
    lines = []
    if len(models.models) > 1:
        lines = ["Models, against the others on the same prompts:"]
        lines += [f"  {readable(each.model)}: {_verdict(each.whole)}{_where(each)}" for each in models.models]
    return [*lines, *models.remarks]


def _verdict(each: AgainstOthers) -> str:
    if math.isnan(each.low):
        return f"{each.verdict} ({counted(each.prompts, 'prompt')} in common)"
    return (
        f"{each.verdict}, {_signed(each.difference)} ({_signed(each.low)} to {_signed(each.high)}; "
        f"{counted(each.pictures, 'picture')} of {counted(each.prompts, 'prompt')})"
    )


def _where(model: ModelScore) -> str:
    parts = [f"{one.verdict} in {readable(one.category)}" for one in model.categories if one.verdict in _OUTSTANDING]
    return f"; {several(parts, 3)}" if parts else ""


_OUTSTANDING = ("better", "worse")


def _prompts_words(prompts: PromptScores) -> list[str]:
    lines = ["The best prompts:"] if len(prompts.prompts) > 1 else []
    for each in prompts.prompts[:_SHOWN] if lines else ():
        sure = "" if math.isnan(each.low) else f" ({_figure(each.low)} to {_figure(each.high)})"
        text = readable(each.prompt)
        short = text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"
        lines.append(f"  {short}: mean {_figure(each.mean)}{sure} of {counted(each.n, 'picture')}")
    return [*lines, *prompts.remarks]


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3g}"


def _signed(value: float) -> str:
    return f"{value:+.3g}"
