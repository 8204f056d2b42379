"""JSON → one network's definition, checked: a wrong field is told with its file and its name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from .definition import (
    NETWORK,
    DefinitionError,
    DiffusersFacts,
    Generation,
    KeyLayout,
    Network,
    NetworkVariant,
    PublishedModel,
    Role,
    Split,
)
from .keys import Marker, Markers


def read_definition(file: Path) -> Network:
    """The definition in this file. Raises DefinitionError, which names file and field."""
    return _network(file, _Fields(_merged(file), file.name))


def _merged(file: Path) -> dict[str, Any]:
    """The JSON object of a file; what it lacks is that of the definition which it names under `like`."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DefinitionError(f"{file.name}: not valid JSON ({error})") from error
    if not isinstance(found, dict):
        raise DefinitionError(f"{file.name}: not a JSON object")
    like = found.pop("like", None)
    if like is None:
        return found
    model = next((folder / f"{like}.json" for folder in (file.parent, Path(__file__).parent)
                  if (folder / f"{like}.json").is_file()), None)  # fmt: skip
    if model is None:
        raise DefinitionError(f"{file.name}: like: there is no {like}.json")
    return {**_merged(model), "known_models": [], **found}


PREFIXES = (NETWORK, "", "transformer/", "transformer.", "diffusion_model.", "net.", "model.", "model.model.")
"""What tools put before the names of a transformer: where a layout says nothing else, it takes all of these."""


@lru_cache(maxsize=1)
def _beside() -> tuple[tuple[re.Pattern, str, str | None], ...]:
    """The rules of text encoders and VAE that every network has behind its own: those of the unknown ones."""
    rules = _merged(Path(__file__).parent / "unknown.json")["rules"]
    return tuple(_rule(_Fields({}, "unknown.json: rules"), rule) for rule in rules)


_NEEDED = object()


class _Fields:
    """The fields of one JSON object, each taken once and checked; `done` finds what is left."""

    def __init__(self, content: object, where: str):
        self._where = where
        if not isinstance(content, dict):
            self.fail("", f"expected an object, got {content!r}")
        self._content = dict(content)

    def fail(self, name: str, what: str) -> None:
        raise DefinitionError(f"{self._where}: {name}{': ' if name else ''}{what}")

    def take(self, name: str, kind: type | tuple[type, ...], default: object = _NEEDED) -> Any:  # noqa: ANN401
        value = self._content.pop(name, default)
        if value is _NEEDED:
            self.fail(name, "missing")
        if value is not default and not isinstance(value, kind):
            self.fail(name, f"{value!r} is not {kind.__name__ if isinstance(kind, type) else 'of the right type'}")
        return value

    def each(self, name: str, make: Callable[[_Fields, Any], Any], default: object = ()) -> tuple:
        """The items of a list, each by `make(fields of errors, item)`."""
        items = self.take(name, list, default)
        return tuple(make(_Fields({}, f"{self._where}: {name}[{i}]"), item) for i, item in enumerate(items))

    def inner(self, name: str) -> _Fields | None:
        found = self.take(name, dict, None)
        return None if found is None else _Fields(found, f"{self._where}: {name}")

    def nested(self, content: object) -> _Fields:
        return _Fields(content, self._where)

    def pattern(self, text: object) -> re.Pattern:
        try:
            return re.compile(re.escape(NETWORK) + text[1:] if text[:1] == "~" else text)
        except (re.error, TypeError) as error:
            self.fail("", f"{text!r} is not a regular expression ({error})")
            raise

    def whole(self, text: object) -> re.Pattern:
        """A pattern that ends where the text does."""
        return re.compile(rf"(?:{self.pattern(text).pattern})\Z")

    def done(self) -> None:
        if self._content:
            self.fail(next(iter(self._content)), "no such field")


def _network(file: Path, fields: _Fields) -> Network:
    fields.take("source", str)
    role = fields.take("role", str, "network")
    if role.upper() not in Role.__members__:
        fields.fail("role", f"{role!r} must be one of adapter, network, part, unknown")
    markers = fields.take("recognise", dict, {})
    behind = _behind_prefix(markers)
    recognise = _Fields(markers, f"{file.name}: recognise")
    beside = _beside() if role == "network" else ()
    order = fields.each("order", _text)
    network = Network(
        file=file,
        name=fields.take("name", str),
        role=Role[role.upper()],
        markers=_markers(recognise),
        layouts=sum(fields.each("layouts", lambda inner, item: _layouts(inner, item, behind)), ()),
        rules=fields.each("rules", _rule) + beside,
        order=tuple(dict.fromkeys(("BASE", *order, "VAE"))) if beside else order,
        by_group=fields.take("by_group", bool, False),
        attention=fields.each("attention", _attention),
        variants=fields.each("variants", _variant),
        drawing=_drawing(fields.inner("drawing")),
        known_models=fields.each("known_models", _known_model),
        only_in_single_files=fields.each("only_in_single_files", _Fields.pattern),
        sub_blocks=fields.each("sub_blocks", _sub_block),
        variants_are_kinds=fields.take("variants_are_kinds", bool, False),
        prefix_by_width={int(width): to for width, to in fields.take("prefix_by_width", dict, {}).items()},
    )
    recognise.done()
    fields.done()
    _check_order(file, network)
    return network


def _check_order(file: Path, network: Network) -> None:
    for _, _, block in network.rules:
        word = re.split(r"\{|[0-9]", block or "")[0]
        if word and word not in network.order:
            raise DefinitionError(f"{file.name}: order: {word!r} of the block {block!r} is not in it")


def _text(fields: _Fields, item: object) -> str:
    if not isinstance(item, str):
        fields.fail("", f"{item!r} is not a string")
    return str(item)


def _texts(fields: _Fields, items: Iterable[object], count: int | None = None) -> tuple[str, ...]:
    found = tuple(_text(fields, item) for item in items)
    if count is not None and len(found) != count:
        fields.fail("", f"{count} names are needed, not {len(found)}")
    return found


def _markers(fields: _Fields) -> Markers:
    return Markers(fields.each("must", _marker), fields.each("must_not", _marker))


def _marker(fields: _Fields, item: object) -> Marker:
    if isinstance(item, str):
        return Marker(key=fields.pattern(item))
    fields = fields.nested(item)
    words = fields.each("contains", _text)
    others = fields.each("any", _marker)
    key = fields.take("key", str, None)
    shape = fields.take("shape", list, None)
    if [key is not None, bool(words), bool(others)].count(True) != 1:
        fields.fail("", "a marker has either key, contains or any")
    fields.done()
    pattern = None if key is None else fields.pattern(key)
    return Marker(pattern, None if shape is None else tuple(shape), words, others)


def _behind_prefix(markers: dict[str, Any]) -> dict[str, Any]:
    """The markers of a network as they hold behind its prefix."""
    return {
        name: [item[1:] for item in items if isinstance(item, str) and item.startswith("~")]
        for name, items in markers.items()
    }


def _layouts(fields: _Fields, item: object, markers: dict[str, Any]) -> tuple[KeyLayout, ...]:
    """The layout, and the same for each further part of a file that has these names: prefix → what stands for it."""
    also = item.get("also", {}) if isinstance(item, dict) else {}
    own = {name: value for name, value in item.items() if name != "also"} if isinstance(item, dict) else item
    layout = _layout(fields, own, markers)
    return (layout, *(replace(layout, prefixes=(prefix,), to=to) for prefix, to in also.items()))


def _layout(fields: _Fields, item: object, markers: dict[str, Any]) -> KeyLayout:
    if isinstance(item, dict) and "keys" in item and not item.keys() & {"must", "must_not"}:
        item = item | markers
    fields = fields.nested(item)
    fields.take("what", str, "")
    prefixes = fields.each("prefixes", _text, list(PREFIXES))
    if not prefixes:
        fields.fail("prefixes", "at least one is needed, an empty one for bare names")
    keys = fields.take("keys", str, None)
    layout = KeyLayout(
        prefixes=prefixes,
        to=fields.take("to", str, prefixes[0]),
        markers=_markers(fields),
        keys=None if keys is None else fields.pattern(keys),
        vocabulary=fields.take("vocabulary", str, None),
        rename=fields.each("rename", lambda inner, pair: (inner.whole(pair[0]), _text(inner, pair[1]))),
        split=fields.each("split", _split),
        flat=fields.each("flat", _Fields.pattern),
    )
    if not layout.conditional and "" in prefixes:
        fields.fail("must", "bare names need a marker")
    fields.done()
    return layout


def _split(fields: _Fields, item: object) -> Split:
    fields = fields.nested(item)
    into = fields.each("into", _text)
    shares = tuple(fields.take("shares", list, [1] * len(into)))
    split = Split(fields.pattern(fields.take("key", str)), into, shares, fields.take("unless", str, None))
    if len(into) < 2 or len(shares) != len(into) or not all(type(share) is int and share >= 0 for share in shares):
        fields.fail("shares", f"one whole number for each of {len(into)} names")
    fields.done()
    return split


def _rule(fields: _Fields, item: Any) -> tuple[re.Pattern, str, str | None]:  # noqa: ANN401
    if not isinstance(item, list) or len(item) != 3:
        fields.fail("", "a rule is [pattern, component, block]")
    pattern, component, block = item
    compiled = fields.pattern(pattern)
    if block is not None and "{" in _text(fields, block) and compiled.groups < 1:
        fields.fail("", f"the block {block!r} takes a number, and the pattern has no group")
    return compiled, _text(fields, component), block


def _sub_block(fields: _Fields, item: object) -> tuple[re.Pattern, str]:
    pattern, name = _texts(fields, item if isinstance(item, list) else [item], 2)
    return fields.pattern(pattern), name


def _attention(fields: _Fields, item: object) -> tuple[re.Pattern, tuple[str, ...] | None]:
    fields = fields.nested(item)
    key = fields.pattern(fields.take("key", str))
    separate = fields.take("separate", list, None)
    head = fields.take("head", str, None)
    fields.done()
    return key, None if separate is None else _texts(fields, separate, 3) + ((head,) if head else ())


def _variant(fields: _Fields, item: object) -> NetworkVariant:
    fields = fields.nested(item)
    variant = NetworkVariant(fields.take("name", str), _markers(fields))
    fields.done()
    return variant


def _known_model(fields: _Fields, item: object) -> PublishedModel:
    fields = fields.nested(item)
    fields.take("source", str)
    sha256 = fields.take("sha256", str)
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        fields.fail("sha256", "64 lower-case hexadecimal digits are needed")
    known = PublishedModel(fields.take("name", str), sha256, fields.take("starts_families", bool, True))
    fields.done()
    return known


def _drawing(fields: _Fields | None) -> Generation:
    if fields is None:
        return Generation()
    inner = fields.inner("diffusers")
    drawing = Generation(
        area=fields.take("area", int, None),
        diffusers=None if inner is None else _diffusers(inner),
    )
    fields.done()
    return drawing


def _diffusers(fields: _Fields) -> DiffusersFacts:
    found = DiffusersFacts(
        text_encoders=fields.each("text_encoders", lambda inner, pair: _texts(inner, pair, 2)),
        latent_scaling=fields.take("latent_scaling", float),
        heads=fields.take("heads", int, None),
        hidden_state=fields.take("hidden_state", str),
        pooled=fields.take("pooled", bool, False),
        tells_prediction=fields.take("tells_prediction", bool, True),
    )
    fields.done()
    return found
