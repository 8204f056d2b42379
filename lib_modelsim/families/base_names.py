"""What bases are called."""

from __future__ import annotations

import re

_NAMES = re.compile(
    r"(^|[^a-z0-9])base([^a-z0-9]|$)"
    r"|(^|[^a-z0-9])emaonly([^a-z0-9]|$)"
    r"|^(sd-?)?v1-[1-5](-pruned|[^0-9a-z]|$)"
    r"|^v2-[01]_(512|768)|^(512-base|768-v)-ema"
    r"|^stable[-_ ]?diffusion[-_ ]?(v?[123]|xl)"
    r"|^sd3(\.5)?_(medium|large)|^flux1-(dev|schnell)"
)


def named_as_base(name: str) -> bool:
    """Whether a model is called as bases are: "…base…", or as the published ones."""
    return _NAMES.search(name.lower()) is not None
