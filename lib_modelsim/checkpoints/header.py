"""What the headers alone say of a checkpoint: the row of `scan --quick`, and all that planning a comparison needs."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from ..text import counted
from .adapter_facts import AdapterFacts
from .facts import Facts, facts_of
from .layout import OTHER, Layout
from .networks import public_name
from .reader import Checkpoint


@dataclass(frozen=True)
class Component:
    """One component's number of parameters, what the most of them are stored as (a dtype as safetensors spells it, or
    what a quantised format is called), its bytes."""

    parameters: int
    dtype: str
    bytes: int


@dataclass(frozen=True)
class Header:
    """Format, components, embedded metadata and layout of a checkpoint, how many numbers its matrices hold that are not
    read as weights, and what changes its pictures besides weights. `remarks` are sentences on what is odd about its
    files and does no harm. `barred` says of a component why some of its weights cannot be compared; `closed` is how
    many numbers of the network those hold. Of an adapter the layout is that of the weights which it changes, and
    `adapter` says what it is."""

    format: str
    components: dict[str, Component]
    metadata: dict[str, str]
    layout: Layout
    unread: int = 0
    remarks: tuple[str, ...] = ()
    facts: Facts = field(default_factory=Facts)
    barred: dict[str, str] = field(default_factory=dict)
    closed: int = 0
    adapter: AdapterFacts | None = None

    @property
    def uncompared(self) -> int:
        """Numbers of the network that no comparison can take in."""
        return self.unread + self.closed

    @property
    def unplaced(self) -> float:
        """How much of the network has no known place, 0 … 1, or is not read."""
        return self.layout.unplaced(self.unread)

    @property
    def bare(self) -> bool:
        """Whether it holds a network without a text encoder or without a VAE, which then come from other files."""
        texts = any(name.startswith("te") for name in self.components)
        return "unet" in self.components and not (texts and "vae" in self.components)

    @property
    def architecture(self) -> str:
        """The network's name, or `unknown`; `layout.architecture` tells unknown ones apart."""
        return public_name(self.layout.architecture)

    @property
    def network(self) -> str:
        """The network with its variant: "SDXL inpainting"; of an adapter with its kind: "SDXL LoRA (LoKr, rank 8)"."""
        told = "" if self.adapter is None else self.adapter.told
        return public_name(self.layout.name) + (f" ({told})" if told else "")

    def to_json(self) -> str:
        """Everything but the layout, which models share."""
        components = {name: asdict(component) for name, component in self.components.items()}
        return json.dumps(
            {
                "format": self.format,
                "components": components,
                "metadata": self.metadata,
                "unread": self.unread,
                "remarks": self.remarks,
                "facts": self.facts.to_dict(),
                "barred": self.barred,
                "closed": self.closed,
                "adapter": self.adapter.to_dict() if self.adapter is not None else None,
            }
        )

    @classmethod
    def from_json(cls, text: str, layout: Layout) -> Header:
        """The header that `to_json` wrote, with its layout."""
        found = json.loads(text)
        components = {name: Component(**values) for name, values in found["components"].items()}
        return cls(
            found["format"],
            components,
            found["metadata"],
            layout,
            unread=found.get("unread", 0),
            remarks=tuple(found.get("remarks", ())),
            facts=Facts.from_dict(found["facts"]) if "facts" in found else Facts(),
            barred=found.get("barred", {}),
            closed=found.get("closed", 0),
            adapter=AdapterFacts.from_dict(found["adapter"]) if found.get("adapter") else None,
        )


LARGEST_METADATA = 8 << 20
"""Characters of embedded metadata that are kept; the largest real ones, tag counts of big training sets, stay below
2 MiB."""


def _bounded(metadata: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The metadata without the longest texts where they are too much to keep, and a remark on what is left out."""
    found, left = {}, LARGEST_METADATA
    for key in sorted(metadata, key=lambda key: len(metadata[key])):
        left -= len(key) + len(metadata[key])
        if left < 0:
            break
        found[key] = metadata[key]
    more = len(metadata) - len(found)
    remarks = (
        [f"{counted(more, 'text')} of its metadata left out: more than {LARGEST_METADATA >> 20} MB"] if more else []
    )
    return (found if more else dict(metadata)), remarks


def header_of(checkpoint: Checkpoint) -> Header:
    """The header of an opened checkpoint."""
    dtypes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sizes: Counter[str] = Counter()
    for weight in (*checkpoint.weights.values(), *checkpoint.barred.values()):
        dtypes[weight.component][weight.stored.precision] += weight.stored.count
        sizes[weight.component] += weight.stored.bytes_in_file
    components = {
        name: Component(count.total(), count.most_common(1)[0][0], sizes[name])
        for name, count in sorted(dtypes.items())
    }
    metadata, left_out = _bounded(checkpoint.metadata)
    unread = sum(weight.stored.count for weight in checkpoint.unread.values())
    main = "unet" if "unet" in components else next(iter(components), None)
    return Header(
        checkpoint.format,
        components,
        metadata,
        checkpoint.layout,
        unread=unread,
        remarks=(*checkpoint.remarks, *left_out),
        facts=facts_of(checkpoint),
        barred=dict(checkpoint.why_barred),
        closed=sum(w.stored.count for w in checkpoint.barred.values() if w.component in (main, OTHER)),
    )
