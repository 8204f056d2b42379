"""The networks that are known: one JSON file each in this folder, and who asks which.

What reads them: `architecture` (which network is it?), `names` (its layouts), `blocks` (its components and blocks),
`similarity.attention` (its self-attention), and whoever generates with it. docs/extending.md shows how to add one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from ..adapter_facts import OF_UNKNOWN
from .definition import DefinitionError, KeyLayout, Network, PublishedModel, Role, Split
from .reading import read_definition

__all__ = [
    "UNKNOWN",
    "DefinitionError",
    "KeyLayout",
    "Network",
    "PublishedModel",
    "Registry",
    "Role",
    "Split",
    "find",
    "known_models",
    "networks",
    "public_name",
    "registered",
    "registry",
]

FOLDER = Path(__file__).parent

UNKNOWN = "unknown"


class Registry:
    """All definitions: adapters first, then networks, then parts of networks, each by file name."""

    def __init__(self, files: tuple[Path, ...]):
        found = [read_definition(file) for file in sorted(files, key=lambda file: file.name)]
        self.networks = tuple(sorted(found, key=lambda network: network.role.value))
        names = [network.name for network in self.networks]
        if len(set(names)) < len(names):
            raise ValueError(f"two definitions of {max(names, key=names.count)!r} in {files[0].parent}")

    def find(self, name: str) -> Network | None:
        """The network of this name, or None. `unknown` may be followed by the pattern of one unknown network, and a
        part's name by what it is one of ("VAE of Flux.2")."""
        found = self._by_name.get(UNKNOWN if name.startswith(UNKNOWN + " ") else name)
        return found or next((part for part in self._with_kinds if name.startswith(part.name + " ")), None)

    @cached_property
    def _with_kinds(self) -> tuple[Network, ...]:
        return tuple(network for network in self.networks if network.variants_are_kinds)

    @cached_property
    def _by_name(self) -> dict[str, Network]:
        return {network.name: network for network in self.networks}

    @cached_property
    def conditional_layouts(self) -> tuple[KeyLayout, ...]:
        """The layouts that apply only where their markers hold."""
        found = (layout for network in self.networks for layout in network.layouts if layout.conditional)
        return tuple(dict.fromkeys(found))  # networks with the names of another have its layouts, too

    @cached_property
    def layouts_by_prefix(self) -> dict[str, KeyLayout]:
        """Prefix → layout, of those that a prefix alone tells."""
        plain = (layout for network in self.networks for layout in network.layouts if not layout.conditional)
        return {prefix: layout for layout in plain for prefix in layout.prefixes}

    @cached_property
    def adapter_words(self) -> tuple[str, ...]:
        """The words in keys that tell an adapter."""
        adapters = (network for network in self.networks if network.role is Role.ADAPTER)
        return tuple(word for network in adapters for marker in network.markers.must for word in marker.contains)

    @cached_property
    def block_words(self) -> tuple[tuple[str, ...], ...]:
        """Each network's blocks without their numbers, in its order."""
        return tuple(network.order for network in self.networks)

    @cached_property
    def blocks_beside(self) -> frozenset[str]:
        """The blocks of text encoders and VAE, of which an overall number does not speak."""
        rules = (rule for network in self.networks for rule in network.rules)
        return frozenset(block for _, component, block in rules if block is not None and component != "unet")

    @cached_property
    def projections(self) -> dict[str, tuple[str, ...]]:
        """Name of a query module → names of query, key and value, where those are matrices of their own; and of the
        norm of a head, where a network shares heads."""
        found = [names for network in self.networks for _, names in network.attention if names is not None]
        return {names[0]: names for names in sorted(found, key=len)}


_registries: list[Registry] = []
"""The one in use is the last; the first is made when it is first asked for."""


def registry() -> Registry:
    """The definitions in this folder, and those that were registered."""
    if not _registries:
        _registries.append(Registry(tuple(sorted(FOLDER.glob("*.json")))))
    return _registries[-1]


@contextmanager
def registered(file: Path) -> Iterator[Network]:
    """For as long as this lasts, the network that this file defines is known, too. Raises DefinitionError."""
    extended = Registry((*(network.file for network in registry().networks), file))
    _registries.append(extended)
    try:
        yield next(network for network in extended.networks if network.file == file)
    finally:
        _registries.remove(extended)


def find(name: str) -> Network | None:
    """The network of this name, or None."""
    return registry().find(name)


def networks() -> tuple[Network, ...]:
    """All that are known."""
    return registry().networks


def public_name(name: str) -> str:
    """The name without the pattern that tells unknown networks apart."""
    return next((kind for kind in (UNKNOWN, OF_UNKNOWN) if name.startswith(kind + " ")), name)


def known_models() -> dict[str, PublishedModel]:
    """SHA-256 of a whole file → the well-known model that it is."""
    return {model.sha256: model for network in networks() for model in network.known_models}
