"""What there is to know of an adapter besides its layers: the part of a header that checkpoints do not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

NAME = " LoRA"
"""What adapters that are compared by their change are called after their network's name: "SDXL LoRA", whatever form the
change is stored in."""

DORA = "DoRA"
"""What the kind of an adapter begins with that gives rows or columns a length of their own."""

OF_UNKNOWN = "LoRA of an unknown network"


@dataclass(frozen=True)
class AdapterFacts:
    """`kind` in its makers' words ("LoRA", "LoCon", "LoKr", "ControlNet"), `network` None where it is not known; the
    `ranks` and `alphas` of its layers, the commonest first; `blocks` that it changes, in network order; `layers` their
    number. `why_not` says why it cannot be compared, empty where it can; `caveats` what its numbers leave out; `unused`
    is the number of tensors that are of no layer."""

    kind: str
    network: str | None
    ranks: tuple[int, ...] = ()
    alphas: tuple[float, ...] = ()
    blocks: tuple[str, ...] = ()
    layers: int = 0
    why_not: str = ""
    caveats: tuple[str, ...] = ()
    unused: int = 0

    @property
    def relative(self) -> bool:
        """Whether what it makes of a checkpoint depends on more than the change that is compared."""
        return self.kind.startswith(DORA)

    @property
    def told(self) -> str:
        """What the name of its network does not say: "LoKr, rank 16 and 8"; of several ranks the commonest two."""
        kind = "" if self.why_not or self.kind == "LoRA" else self.kind
        ranks = f"rank {' and '.join(map(str, self.ranks[:2]))}" if self.ranks else ""
        more = " and others" if len(self.ranks) > 2 else ""
        return ", ".join(filter(None, (kind, ranks + more)))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> AdapterFacts:
        """The facts that `to_dict` was made of."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in found.items()})
