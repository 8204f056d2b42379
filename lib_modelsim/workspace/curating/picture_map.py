"""The map of a collection: its pictures in two dimensions by what an encoder sees, kept until a picture changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from ...curate.collection import Collection
from ...curate.projections.pca import KIND as PCA
from ...curate.projections.projection import Projected, ProjectionKind, TooFewVectors, project
from ...curate.projections.registry import projection_kind
from ...job import Job
from ...pictures.encoders.encoder import Encoder
from ...pictures.features import FeatureStore, Wanted
from ...text import counted, percent


@dataclass(frozen=True)
class PictureMap:
    """`projected.points` [pictures, 2] in the order of the collection, NaN for one that cannot be opened. `method` is
    how it was made, which is PCA where the one asked for needs more pictures; `remarks` say so."""

    projected: Projected
    method: ProjectionKind
    encoder: str
    remarks: tuple[str, ...] = ()

    def told(self) -> str:
        """What the map shows, and how far its distances can be trusted."""
        shown = f"{self.method.label} of what {self.encoder} sees."
        if np.isnan(self.projected.kept):
            return f"{shown} Too few different pictures to say how faithful the map is."
        kept, chance = percent(self.projected.kept), percent(self.projected.chance)
        return (
            f"{shown} Of a picture's neighbours on the map {kept} are its neighbours for the encoder, too "
            f"(by chance: {chance}). {self.method.distances}"
        )


def picture_map(collection: Collection, encoder: Encoder, method: str, store: FeatureStore, job: Job) -> PictureMap:
    """The map by the projection of this name. Pictures that were not encoded yet are encoded.

    Raises ModelsimError for a projection that is unknown or not installed, Cancelled within a few pictures.
    """
    kind = projection_kind(method)
    pictures = collection.pictures
    wanted = Wanted([picture.path for picture in pictures], [encoder], fingerprints=False, keypoints=False)
    seen = store.look([wanted], job)
    contents = sorted({each.content for each in pictures if seen.contents.get(each.path) == each.content})
    try:
        found = _projected(contents, encoder, kind, store, job)
        remarks: tuple[str, ...] = ()
    except TooFewVectors as error:
        found, kind, remarks = _projected(contents, encoder, PCA, store, job), PCA, (f"{error.what}: PCA is shown",)
    place = {content: i for i, content in enumerate(contents)}
    missing = sum(picture.content not in place for picture in pictures)
    if missing:
        remarks = (*remarks, f"not on the map, as they cannot be opened or have changed: {counted(missing, 'picture')}")
    with_none = np.vstack([found.points, np.full((1, 2), np.nan, np.float32)])
    points = with_none[[place.get(picture.content, -1) for picture in pictures]]
    return PictureMap(Projected(points, found.kept, found.chance), kind, encoder.name, remarks)


def _projected(contents: list[str], encoder: Encoder, kind: ProjectionKind, store: FeatureStore, job: Job) -> Projected:
    """As the store keeps it of these very pictures, else computed."""
    if not contents:
        return Projected(np.zeros((0, 2), np.float32), float("nan"), float("nan"))
    method = f"map {kind.identity} of {encoder.identity}"
    of_these = hashlib.sha256("".join(contents).encode()).hexdigest()
    if (kept := store.computed(method, of_these)) is not None:
        return Projected(kept["points"], *map(float, kept["faithful"]))
    found = project(store.vectors(encoder, contents), kind, job)
    faithful = np.array([found.kept, found.chance])
    store.keep_computed(method, of_these, {"points": found.points, "faithful": faithful})
    return found
