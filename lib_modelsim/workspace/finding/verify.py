"""Generates the picture again with the likeliest models, and compares the results with it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from ...checkpoints.networks import find
from ...errors import ModelsimError, Sentence, joined
from ...identify.evidence.form import Evidence
from ...identify.evidence.regenerated import is_proof, of_regenerated
from ...job import Cancelled, Job, Stage
from ...pictures.alignment import prepare
from ...pictures.confirming import CopyMatch, confirm
from ...pictures.copies import likeness
from ...pictures.encoders.encoder import Encoder, Vectors
from ...pictures.opening import open_picture
from ...pictures.records.form import model_name
from ...pictures.records.infotext import parse
from ...pictures.records.programs.webui import PROGRAM as WEBUI
from ...pictures.records.reading import Records
from ...probes.engine import CheckpointFailed, Engine, EngineCheckpoint, EngineSession, PictureFailed
from ...probes.gallery import Pace, work
from ...probes.parameters import OPTION_LABELS, Parameters
from ...probes.recording import parameters_of
from ...probes.run import drew
from .find import Found
from .queries import OpenedQuery, Query, open_query
from .ranking import Ranked, rank

_WHOLE = "give the whole picture, or search without generating it again"

_TOLD = {
    *("Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Clip skip", "VAE", "RNG"),
    *("Model", "Model hash", "VAE hash", "Hashes", "Version", *OPTION_LABELS.values()),
}
"""Settings that we can ask for, and those that change no pixel. Any other (hires fix, a refiner, ControlNet …) changed
the picture in a way that ours will lack."""

_NEEDED = {"Steps", "Sampler", "Seed", "Size"}

_AREA = 1024 * 1024  # of networks that say nothing else
_GRID = 64  # latents of other sizes are drawn worse


@dataclass(frozen=True)
class DrawnAgain:
    """What a model generated. `likeness` −1 … 1 is of the pixels (`copies.likeness`), `nearness` −1 … 1 the cosine
    of the encoder's vectors, `match` what a comparison in detail says."""

    key: str
    model: str
    picture: Image.Image
    infotext: str
    likeness: float
    nearness: float
    match: CopyMatch


@dataclass(frozen=True)
class Verified:
    """`found` with the models that generated in front, the nearest first, and with the evidence of it; `pictures` in
    the same order. `exact`: all the record's settings were used, so that the same picture is proof. `failures`: who
    could not generate, and why."""

    found: Found
    pictures: tuple[DrawnAgain, ...]
    exact: bool
    failures: tuple[str, ...]


@dataclass(frozen=True)
class VerifyPlan:
    """What `verify` would generate: a picture with each of these models; `seconds` is what they are expected to take,
    None before this engine has generated any for the gallery."""

    pictures: tuple[tuple[str, Parameters], ...]
    seconds: float | None


def plan_verify(
    queries: Sequence[Query], found: Found, engine: Engine, pace: Pace | None, count: int = 4
) -> VerifyPlan:
    """What generating again would do. Raises ModelsimError as `verify`."""
    planned = _planned(_with_pixels(queries), found, engine, count)
    each = [parameters for _, _, parameters in planned]
    seconds = None if pace is None else pace.loading * len(each) + pace.seconds * sum(map(work, each))
    return VerifyPlan(tuple((card.model, parameters) for card, _, parameters in planned), seconds)


def verify(
    queries: Sequence[Query], found: Found, encoder: Encoder, engine: Engine, job: Job, count: int = 4
) -> Verified:
    """Generate the first query that has pixels again with the `count` likeliest models that this engine has; rank them
    by what came out.

    By pixels where the record's settings are used, otherwise by the encoder. Raises Cancelled within one picture, and
    ModelsimError where no model can generate; the engine is left as it was.
    """
    query = _with_pixels(queries)
    picture = query.picture
    candidates = _planned(query, found, engine, count)
    drawn, failures = [], []
    vector: Vectors | None = None
    prepared = prepare(picture)
    stage = Stage(job, "generating it again", len(candidates), "pictures")
    with engine.session(job) as session:
        for card, checkpoint, parameters in candidates:
            job.check()
            try:
                image, infotext = _draw(session, checkpoint, parameters)
            except (CheckpointFailed, PictureFailed) as error:
                failures.append(joined(card.model, ": ", str(error)))
            else:
                vector = encoder.encode([picture])[0] if vector is None else vector
                nearness = float(np.dot(vector, encoder.encode([open_picture(image)])[0]))
                match = confirm(prepared, prepare(image))
                alike = likeness(picture, image)
                drawn.append(DrawnAgain(card.key, card.model, image, infotext, alike, nearness, match))
            stage.advance(1)
    if not drawn:
        raise ModelsimError(
            "no model could generate it again", joined(*failures, between="; "), "see the reasons above"
        )
    exact = _full_settings(query.records)
    drawn.sort(key=lambda each: each.likeness if exact else each.nearness, reverse=True)
    return Verified(ranked_again(found, drawn, exact), tuple(drawn), exact, tuple(failures))


def _with_pixels(queries: Sequence[Query]) -> OpenedQuery:
    query = next((opened for each in queries if (opened := open_query(each)).picture is not None), None)
    if query is None:
        raise ModelsimError("the picture's pixels cannot be read, so nothing can be compared with it", None, _WHOLE)
    return query


def _planned(
    query: OpenedQuery, found: Found, engine: Engine, count: int
) -> list[tuple[Ranked, EngineCheckpoint, Parameters]]:
    """Who is to generate, with what, and how."""
    return [
        (card, checkpoint, _settings(query.records, found, query.picture.size, checkpoint.architecture))
        for card, checkpoint in _candidates(found, engine, count)
    ]


def _candidates(found: Found, engine: Engine, count: int) -> list[tuple[Ranked, EngineCheckpoint]]:
    """The first cards that the engine has a checkpoint for, by hash, by file, or by name where neither is known."""
    available = engine.checkpoints()
    pairs = [(card, _checkpoint(card, available)) for card in found.ranking]
    drawable = [(card, checkpoint) for card, checkpoint in pairs if checkpoint is not None]
    if not drawable:
        fix = Sentence(
            "name their folder (--models), or choose another engine", "add their folder, or use a WebUI that has them"
        )
        raise ModelsimError(f"{engine.name} has none of the {len(pairs)} ranked models", None, fix)
    return drawable[:count]


def _checkpoint(card: Ranked, available: Sequence[EngineCheckpoint]) -> EngineCheckpoint | None:
    for each in available:
        if card.sha256 is not None and each.sha256 is not None:
            if card.sha256 == each.sha256:
                return each
        elif (card.path is not None and card.path == each.path) or card.model == each.name:
            return each
    return None


def _settings(records: Records, found: Found, size: tuple[int, int], architecture: str | None) -> Parameters:
    """The record's settings as far as they can be asked for, else the prompt that was told or guessed in a size of the
    query's shape."""
    if records.drawable is not None:
        with suppress(ModelsimError):  # a sampler's number or a size that no picture has: the prompt is left
            return parameters_of(records.drawable.infotext or "")
    network = find(architecture or "")
    area = (network.drawing.area if network is not None else None) or _AREA
    scale = (area / (size[0] * size[1])) ** 0.5
    width, height = (max(_GRID, _GRID * round(side * scale / _GRID)) for side in size)
    return Parameters(found.prompt.text if found.prompt else "", width=min(width, 2048), height=min(height, 2048))


def _full_settings(records: Records) -> bool:
    """Whether the record's settings are all there is to the picture, and can be asked for."""
    record = records.drawable
    if record is None or record.infotext is None or record.program != WEBUI:  # others' noise is another
        return False
    settings = parse(record.infotext).settings
    vae = model_name(settings.get("VAE", ""))
    if not _NEEDED <= set(settings) <= _TOLD or any(network.name != vae for network in record.networks):
        return False
    try:
        parameters_of(record.infotext)
    except ModelsimError:
        return False
    return True


def _draw(session: EngineSession, checkpoint: EngineCheckpoint, parameters: Parameters) -> tuple[Image.Image, str]:
    session.load(checkpoint)
    (drawn,) = session.draw([parameters])
    if not drawn.finished:
        raise Cancelled("the engine was stopped", None, "start again")
    if not drew(drawn, checkpoint):
        other = drawn.checkpoint_title or drawn.checkpoint_hash or "one that the engine does not name"
        raise CheckpointFailed(
            "the engine used another checkpoint instead",
            other,
            "refresh the engine's list of checkpoints and try again",
        )
    return drawn.image.convert("RGB"), drawn.infotext


def ranked_again(found: Found, drawn: Sequence[DrawnAgain], exact: bool) -> Found:
    """An answer with the models that generated in front, the nearest first; with proof, the probabilities follow it."""
    same = [each for each in drawn if exact and is_proof(each.match)]
    evidence = [_evidence(each, exact, len(same) - 1, len(drawn)) for each in same or drawn[:1]]
    order = {each.key: place for place, each in enumerate(drawn)}
    cards = [
        replace(card, evidence=(*card.evidence, *(piece for piece in evidence if piece.key == card.key)))
        for card in found.ranking
    ]
    weighed = rank(cards, evidence)
    ranking = tuple(sorted(weighed, key=lambda card: order.get(card.key, len(order))))
    return replace(found, evidence=(*found.evidence, *evidence), ranking=ranking)


def _evidence(each: DrawnAgain, exact: bool, rivals: int, of: int) -> Evidence:
    return of_regenerated(each.model, each.key, each.likeness, each.match, exact, rivals, of)
