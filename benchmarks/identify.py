"""The exam of "find my model": who drew this picture, of 16 and of 65 artists, and of four real models.

python -m benchmarks.identify FOLDER MAKE_ARTISTS [--hubs 1000 1001 …] [--artists 16 65] [--degraded 1000 1001 1002]
                              [--pictures FOLDER_OF_MODELS] [--repeat 30] [--encoder builtin+efficientnet] [--quick]

FOLDER keeps the hubs that MAKE_ARTISTS draws, and their vectors: an hour on one core the first time. Hubs below 1000
are for choosing and tuning, those from 1000 on for reporting. FOLDER_OF_MODELS holds one folder of pictures for each
model; --quick leaves out all rankers but the default. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import minimize
from scipy.special import log_softmax

from benchmarks.rankers import RANKERS, KernelMean, NearestMean, NearestPicture
from lib_modelsim.identify.calibration import Calibration, self_test
from lib_modelsim.identify.examples import Examples
from lib_modelsim.identify.pseudo_prompt import PromptSpace
from lib_modelsim.identify.rankers import DEFAULT, Ranker
from lib_modelsim.pictures.degrading import degraded
from lib_modelsim.pictures.encoders.encoder import Encoder
from lib_modelsim.pictures.opening import open_picture
from lib_modelsim.workspace.finding.encoders import default_name, encoder_named

from .artists import EVERY, Hub, load_hub
from .open_set import print_curve

Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("tool", type=Path)
    parser.add_argument("--hubs", type=int, nargs="+", default=list(range(1000, 1005)))
    parser.add_argument("--artists", type=int, nargs="+", default=[16, 65])
    parser.add_argument("--degraded", type=int, nargs="*", default=[1000, 1001, 1002])
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--repeat", type=int, default=30)
    parser.add_argument("--encoder", default=default_name())
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    encoder = encoder_named(args.encoder, "cpu")
    print(f"Encoder: {encoder.name}")
    for count in args.artists:
        dirty = args.degraded if count == 16 else []
        hubs = [load_hub(args.folder, args.tool, hub, count, encoder, hub in dirty) for hub in args.hubs]
        print(f"\n### {count} artists, hubs {', '.join(str(hub) for hub in args.hubs)}\n")
        print_rankers(hubs, args.quick)
        if count == 16:
            print_strangers(hubs, args.pictures, encoder)
            print_curve([open_set(hub) for hub in hubs])
            if degraded_hubs := [hub for hub in hubs if hub.dirty]:
                print_degraded(degraded_hubs)
    if args.pictures:
        print_real(args.pictures, args.repeat, encoder)


def print_rankers(hubs: Sequence[Hub], quick: bool) -> None:
    """Every ranker's share of right answers, or the default's, mean over the hubs and its standard error."""
    print("| ranker | top-1 % | top-2 % | top-3 % | top-4 % | mean rank | self-test top-1 % |")
    print("|---|---|---|---|---|---|---|")
    asked = (DEFAULT,) if quick else RANKERS
    rankings = {ranker.name: [scores_of(ranker, hub) for hub in hubs] for ranker in asked}
    if not quick:
        rankings["weighted RKME, told the prompts"] = [told_the_prompts(hub) for hub in hubs]
        rankings["default and RKME together"] = [combined(hub) for hub in hubs]
    tests = {
        ranker.name: [100 * self_test(ranker, learned_from(hub)).found(1) for hub in hubs] for ranker in (DEFAULT,)
    }
    for name, scores in rankings.items():
        found = np.array([shares(one, hub.queries.shape[1]) for one, hub in zip(scores, hubs, strict=True)])
        cells = [with_error(found[:, i], 1 if i < 4 else 2) for i in range(5)]
        print(f"| {name} | {' | '.join(cells)} | {with_error(np.array(tests[name]), 1) if name in tests else ''} |")


def print_degraded(hubs: Sequence[Hub]) -> None:
    """What degrading does to the default's answers, with and without degraded pictures to learn from."""
    print(f"\nThe same with degraded queries (every {EVERY}th; hubs {', '.join(hub.name for hub in hubs)}):\n")
    print("| queries | top-1 % | top-4 % | learned from untouched pictures only: top-1 % | top-4 % |")
    print("|---|---|---|---|---|")
    rows = {"as the exam gives them": [hub.queries[:, ::EVERY] for hub in hubs]}
    rows |= {name: [hub.dirty[name] for hub in hubs] for name in hubs[0].dirty}
    learned = [[DEFAULT.learn(learned_from(hub, views)) for hub in hubs] for views in (2, 1)]
    for name, queries in rows.items():
        cells = []
        for rankings in learned:
            pairs = zip(rankings, queries, strict=True)
            found = np.array([shares(ranking.scores(flat(some)), some.shape[1]) for ranking, some in pairs])
            cells += [f"{found[:, 0].mean():.1f}", f"{found[:, 3].mean():.1f}"]
        print(f"| {name} | {' | '.join(cells)} |")


def open_set(hub: Hub) -> tuple[Floats, NDArray[np.int64], Floats]:
    """With every fourth artist missing: scores [queries, artists] and artists [queries] of the others' queries, and
    the scores of the missing ones' queries."""
    missing = np.arange(len(hub.gallery)) % 4 == 3
    ranking = DEFAULT.learn(learned_from(hub).of_models(~missing))
    known, unknown = hub.queries[~missing], hub.queries[missing]
    artist = np.repeat(np.arange(len(known)), known.shape[1])
    return ranking.scores(flat(known)), artist, ranking.scores(flat(unknown))


def print_strangers(hubs: Sequence[Hub], pictures: Path | None, encoder: Encoder) -> None:
    """How often 'none of these' is answered when every fourth artist is not in the library, and to whose pictures."""
    found: dict[str, list[float]] = {}
    real = encoder.encode([picture for _, picture in pictures_of(pictures)]) if pictures else None
    for hub, other in zip(hubs, [*hubs[1:], hubs[0]], strict=True):
        missing = np.arange(len(hub.gallery)) % 4 == 3
        examples = learned_from(hub).of_models(~missing)
        ranking, calibration = DEFAULT.learn(examples), Calibration.of(self_test(DEFAULT, examples))
        strangers = {
            "artists of the library": flat(hub.queries[~missing]),
            "artists that it lacks, of the same roots": flat(hub.queries[missing]),
        }
        if other is not hub:
            strangers["artists of another hub"] = flat(other.queries)
        if real is not None:
            strangers["real pictures"] = real
        for whose, queries in strangers.items():
            pairs = zip(ranking.scores(queries), ranking.nearness(queries), strict=True)
            none = [calibration.is_none(scores, near) for scores, near in pairs]
            found.setdefault(whose, []).append(100 * float(np.mean(none)))
        found.setdefault("foretold by the self-test for artists that it lacks", []).append(100 * calibration.told_apart)
    print("\n| pictures of | answered 'none of these', % |\n|---|---|")
    for whose, percents in found.items():
        print(f"| {whose} | {with_error(np.array(percents), 1)} |")


def print_real(folder: Path, repeat: int, encoder: Encoder) -> None:
    """Leave-one-out over folders of real pictures; every picture is degraded at random before anything is learned."""
    drawn_by, pictures = zip(*pictures_of(folder), strict=True)
    names = tuple(sorted(set(drawn_by)))
    model = np.array([names.index(name) for name in drawn_by])
    generator, number = np.random.default_rng(0), np.arange(len(pictures))
    rankers: dict[str, Ranker] = {ranker.name: ranker for ranker in (DEFAULT, NearestMean(), NearestPicture())}
    found: dict[str, list[float]] = {name: [] for name in rankers}
    for _ in range(repeat):
        examples = Examples(
            names, encoder.encode([degraded(one, generator) for one in pictures]), model, number, ("",) * len(pictures)
        )
        for name, ranker in rankers.items():
            answers = [ranker.learn(examples.only(number != i)).scores(examples.vectors[i : i + 1])[0] for i in number]
            found[name].append(100 * float((np.argmax(answers, 1) == model).mean()))
    print(f"\n### {len(pictures)} real pictures of {len(names)} models, leave-one-out, {repeat} random re-encodings\n")
    print("| ranker | top-1 % |\n|---|---|")
    for name, values in found.items():
        print(f"| {name} | {with_error(np.array(values), 1)} |")


def pictures_of(folder: Path) -> list[tuple[str, Image.Image]]:
    """Models and their pictures: a folder for each model."""
    models = sorted(folder.iterdir())
    return [(model.name, open_picture(path)) for model in models for path in sorted(model.iterdir())]


def learned_from(hub: Hub, views: int = 2) -> Examples:
    """The hub's gallery; of the views of a picture the untouched one first."""
    artists, _, pictures, length = hub.gallery.shape
    vectors = hub.gallery[:, :views].swapaxes(1, 2).reshape(-1, length)
    number = np.repeat(np.arange(artists * pictures), views)
    prompts = tuple(hub.prompts[i % pictures % len(hub.prompts)] for i in number)
    names = tuple(f"artist{i:02d}" for i in range(artists))
    return Examples(names, vectors, number // pictures, number, prompts)


def scores_of(ranker: Ranker, hub: Hub) -> Floats:
    """Scores of the hub's queries, [queries, artists]."""
    return ranker.learn(learned_from(hub)).scores(flat(hub.queries))


@dataclass(frozen=True)
class _Told:
    """An interrogator that cannot err: it was told the prompts of all queries [queries, words]."""

    prompts: Floats

    def pseudo_prompts(self, queries: NDArray[np.floating]) -> Floats:
        assert len(queries) == len(self.prompts)
        return self.prompts


def told_the_prompts(hub: Hub) -> Floats:
    """What the weights are worth at best: scores of weighted RKME with the queries' true prompts."""
    asked = PromptSpace.of(learned_from(hub).prompts).vectors(hub.asked * len(hub.queries))
    ranking = KernelMean("weighted RKME", weighted=True).learn(learned_from(hub))
    return replace(ranking, interrogator=_Told(asked)).scores(flat(hub.queries))


def combined(hub: Hub) -> Floats:
    """The two rankers' scores, added with the weights that make their self-tests likeliest."""
    examples = learned_from(hub)
    both = (DEFAULT, KernelMean("RKME", weighted=False))
    tests = [self_test(ranker, examples) for ranker in both]
    units = [1 / np.median(np.ptp(test.scores, axis=1)) for test in tests]

    def loss(logs: Floats) -> float:
        weighed = sum(np.exp(log) * unit * test.scores for log, unit, test in zip(logs, units, tests, strict=True))
        return -float(log_softmax(weighed, axis=1)[np.arange(len(weighed)), tests[0].model].mean())

    logs = minimize(loss, (2.0, 1.0), method="Nelder-Mead").x
    return sum(np.exp(log) * unit * scores_of(ranker, hub) for log, unit, ranker in zip(logs, units, both, strict=True))


def flat(queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """[artists, pictures, d] → [artists · pictures, d]."""
    return queries.reshape(-1, queries.shape[-1])


def shares(scores: Floats, each: int) -> list[float]:
    """Percent of right answers among the first 1 … 4, and the mean rank; `each` queries an artist, in order."""
    right = scores[np.arange(len(scores)), np.arange(len(scores)) // each]
    ranks = (scores >= right[:, None]).sum(1)
    return [100 * float((ranks <= first).mean()) for first in (1, 2, 3, 4)] + [float(ranks.mean())]


def with_error(values: Floats, digits: int) -> str:
    """The mean, and its standard error where there are several values."""
    error = f" ± {values.std(ddof=1) / len(values) ** 0.5:.{digits}f}" if len(values) > 1 else ""
    return f"{values.mean():.{digits}f}{error}"


if __name__ == "__main__":
    main()
