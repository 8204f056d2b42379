"""`find`: its options, and the way from them to the services."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import ModelsimError
from ..saying import print_json, print_lines
from ..text import brief, likelihood, percent
from .options import device_option, exclude_option, generating_options, path, workspace
from .progress import progress_bars

if TYPE_CHECKING:  # each command imports its own service only
    from ..workspace.finding.find import Found
    from ..workspace.finding.index import Learned

_SHOWN = 4


def add_find_arguments(find: argparse.ArgumentParser) -> None:
    """What `find` takes."""
    find.add_argument("images", nargs="*", type=path, metavar="IMAGE", help="a picture, or several by the same model")
    find.add_argument(
        "--gallery", type=path, metavar="DIR", help="gallery to learn from (default: the one in the user's data folder)"
    )
    find.add_argument(
        "--models",
        nargs="+",
        type=path,
        default=[],
        metavar="PATH",
        help="checkpoints that may have made it; new ones are hashed",
    )
    exclude_option(find)
    find.add_argument(
        "--verify", action="store_true", help="generate the picture again with the likeliest models, and rank again"
    )
    generating_options(find)
    find.add_argument(
        "--top",
        type=int,
        metavar="K",
        help=f"number of models to show and to verify (default: {_SHOWN}; --json shows all)",
    )
    find.add_argument(
        "--suite",
        action="append",
        metavar="S",
        help="learn from the pictures of this suite where a model has any (default: standard); can be repeated",
    )
    find.add_argument(
        "--encoder",
        metavar="E",
        help="builtin+efficientnet (default where its weights are installed), builtin, efficientnet, "
        "open_clip:ARCH/TAG, or open_clip:ARCH/FILE.safetensors",
    )
    find.add_argument(
        "--vae",
        action="store_true",
        help="also find the VAE that the picture came out of, where your checkpoints have different ones; loads each",
    )
    find.add_argument("--download", action="store_true", help="allow the encoder's weights to be downloaded")
    find.add_argument(
        "--all-hashes",
        action="store_true",
        help="where a record names its model by another hash than SHA-256 (InvokeAI's BLAKE3), compute it for all "
        "checkpoints, not only for those of the model's name: reads them whole",
    )
    find.add_argument(
        "--self-test", action="store_true", help="test how well the search recognises the gallery's own pictures"
    )
    device_option(find)


def run_find(options: argparse.Namespace) -> int:
    """Which model made it, or how reliable the search is."""
    from ..workspace.finding.encoders import BOTH, default_name, download, remarks_on
    from ..workspace.finding.models import keys_meant
    from ..workspace.finding.queries import open_queries

    _check(options)
    queries, refused = open_queries(options.images) if options.images else ([], [])  # before minutes of learning
    with workspace(options, options.models, options.gallery) as use, progress_bars() as job:
        if options.download:
            download(options.encoder or BOTH, job)
        encoder = options.encoder or default_name()
        index = use.gallery_index(use.encoder(encoder), options.suite or ("standard",))
        learned = index.learned(job)
        if options.self_test:
            return _print_self_test(learned, options)
        known, unreadable = use.known_models(job, read=bool(options.models))
        remarks = [f"skipped: {bad.path.name}: {bad.error}" for bad in unreadable]
        remarks += remarks_on(options.encoder) if learned.pictures else []
        if not known and not options.models:
            remarks.append("no checkpoints are known yet: give their folder with --models")
        without = keys_meant(options.exclude, known, learned.names)
        if options.all_hashes:
            use.compute_hashes(queries, known, job)
        found = use.find(queries, learned, known, job, without, options.vae)
        verified = None
        if options.verify:
            verified = use.verify(queries, found, learned.encoder, job, options.top or _SHOWN)
    found = verified.found if verified is not None else found
    if not learned.pictures:
        ways = f"generate some with probe --out {index.folder}, or import some with gallery import"
        remarks.append(f"no pictures to compare the style with: {ways}")
    remarks = [*map(str, refused), *found.remarks, *remarks, *(verified.failures if verified is not None else ())]
    found = replace(found, remarks=tuple(remarks))
    if options.json:
        print_json(_document(found, options.top))
    else:
        print_lines(_words(found, options.top or _SHOWN))
    return 0


def _check(options: argparse.Namespace) -> None:
    """What cannot be done is told before anything is learned."""
    if not options.images and not options.self_test:
        raise ModelsimError("no picture given", None, "give one, or use --self-test")
    if options.top is not None and options.top < 1:
        raise ModelsimError("--top is out of range", options.top, "use 1 or more")
    if options.verify and not (options.models or options.webui or options.generate_with):
        fix = "give checkpoints with --models, or a running WebUI with --webui"
        raise ModelsimError("nothing to generate the picture with", None, fix)


def _document(found: Found, top: int | None) -> dict[str, Any]:
    """The document of `find`; null for what nobody knows."""
    tested = found.reliability
    return {
        "evidence": [
            {"kind": each.kind.value, "model": each.model, "certainty": each.certainty, "detail": each.detail}
            for each in found.evidence
        ],
        "ranking": [
            {"model": card.model, "sha256": card.sha256, "score": card.score, "probability": card.probability}
            for card in found.ranking[:top]
        ],
        "interrogated_prompt": found.prompt.text if found.prompt else None,
        "encoder": found.encoder,
        "self_test": tested and {"top1": tested.top1, "top4": tested.top4, "n_models": tested.n_models},
        "none_of_these": found.none_of_these,
        "apart": found.apart
        and {
            "by": found.apart.by,
            "models": [{"model": each.model, "images": list(each.pictures)} for each in found.apart.groups],
        },
        "remarks": list(found.remarks),
    }


def _words(found: Found, top: int) -> list[str]:
    """The same for a person."""
    lines = [f"{each.kind.value}: {brief(each.detail)}" for each in found.evidence]
    if found.apart is not None:
        lines = [found.apart.sentence, *lines]
    if not lines:
        lines = ["no evidence: the picture has no record that names a model"]
    if found.ranking:
        lines.append(f"{_condition(found)}:")
    for place, card in enumerate(found.ranking[:top], 1):
        share = "" if card.probability is None else f"  {likelihood(card.probability)}"
        lines.append(f"  {place}. {card.model}{f' [{card.sha256[:10]}]' if card.sha256 else ''}{share}")
    if found.prompt:
        lines.append(f"prompt ({found.prompt.source}): {' '.join(found.prompt.text.split())}")
    return [*lines, *found.remarks]


def _condition(found: Found) -> str:
    """Under which the ranking holds."""
    if found.apart is not None:
        return "your models, those of the pictures first"
    return (
        "likeliest of your models, if it is one of them"
        if found.none_of_these or found.elsewhere
        else "likeliest of your models"
    )


def _print_self_test(learned: Learned, options: argparse.Namespace) -> int:
    """The leave-one-out table."""
    from ..workspace.finding.reliability import reliability, table

    rows, whole = table(learned), reliability(learned)
    if options.json:
        models = [vars(row) for row in rows]
        tested = whole and {"top1": whole.top1, "top4": whole.top4, "n_models": whole.n_models}
        print_json({"self_test": tested, "encoder": learned.encoder.name, "models": models})
        return 0
    width = max(len(row.model) for row in rows)
    lines = [f"{'model':{width}}  pictures  top-1  top-4  mean rank"]
    for row in rows:
        shares = "  ".join(f"{percent(share):>5}" for share in (row.top1, row.top4))
        lines.append(f"{row.model:{width}}  {row.pictures:8}  {shares}  {row.mean_rank:9.1f}")
    print_lines([*lines, whole.sentence if whole else ""])
    return 0
