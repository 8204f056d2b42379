"""The prompts of a sampler, and the LoRAs and the like on the way of its model."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from ...form import Named, named, once
from .graph import Graph, Node, fits, has, is_link
from .values import value

POSITIVE = ("positive", "conditioning", "cond1", "text_embeds", "cond_positive", "prompt_embeds")
NEGATIVE = ("negative", "neg_conditioning", "uncond", "cond_negative")

_CARRIES = ("guider", "pipe", "basic_pipe", "detailer_pipe", "sdxl_tuple", "context", "base_ctx", "text_embeds")
_TEXTS = (
    "populated_text", "text", "text_g", "text_l", "string", "prompt", "value", "wildcard_text", "clip_l", "t5xxl",
    "positive_g", "caption", "string_a",
)  # fmt: skip
_NO_TEXT = re.compile(
    r"^(model|vae|clip$|clip_vision|latent|image|pixels|samples|mask|control_net|seed|ip_?adapter|lora)", re.IGNORECASE
)

_NETWORK = re.compile(r"lora(_name)?(_?\d+)?|lora_?\d+_name|lora_name_\d+|hypernetwork_name", re.IGNORECASE)
_MENTIONED = re.compile(r"<(?:lora|lyco|lora2):([^:<>]{1,200})[:>]")
_STACKS = re.compile(r".*lora.*|.*stack.*|hooks?", re.IGNORECASE)


def prompts(graph: Graph, sampler: Node | None) -> tuple[str, str]:
    """The prompt and the negative prompt of a sampler; empty where none can be followed."""
    if sampler is None:
        return "", ""
    return _text(graph, sampler, POSITIVE), _text(graph, sampler, NEGATIVE)


def _text(graph: Graph, sampler: Node, side: tuple[str, ...]) -> str:
    """The text that is encoded in the nodes before a sampler, the nearest one's, on its positive or negative side."""
    seen: set[str] = set()
    waiting: deque[tuple[object, bool]] = deque(_onwards(sampler, side, False))
    while waiting and graph.step():
        here, entered = waiting.popleft()
        if isinstance(here, str) and entered and here.strip():
            return here
        source = graph.source(here)
        if source is None or source[0].key in seen or "ZeroOut" in source[0].kind:
            continue
        seen.add(source[0].key)
        waiting += _onwards(source[0], side, entered)
    return ""


def _onwards(node: Node, side: tuple[str, ...], entered: bool) -> Iterator[tuple[object, bool]]:
    """Where the text of one side may stand in a node or before it; what is not of a side only once one was entered."""
    inputs = {name.lower(): given for name, given in node.inputs.items()}
    own = [inputs[name] for name in (side[0], f"{side[0]}_prompt", f"{side[0]}_text", *side[1:]) if name in inputs]
    if own:
        yield from ((given, True) for given in own)
    elif not entered:
        yield from ((inputs[name], False) for name in _CARRIES if name in inputs)
    else:
        texts = [inputs[name] for name in _TEXTS if name in inputs and _is_text(inputs[name])]
        links = [given for name, given in inputs.items() if is_link(given) and not has(_NO_TEXT, name)]
        yield from ((given, True) for given in texts + links)


def _is_text(given: object) -> bool:
    return isinstance(given, str) or is_link(given)


def networks(graph: Graph, through: Iterable[Node]) -> tuple[Named, ...]:
    """LoRAs and hypernetworks of these nodes and of the stacks that are linked to them."""
    found: list[Named | None] = []
    seen: set[str] = set()
    waiting = deque(through)
    while waiting and graph.step():
        node = waiting.popleft()
        if node.key in seen:
            continue
        seen.add(node.key)
        found += [named(name) for name in _of_node(graph, node)]
        waiting += [
            source[0]
            for name, link in graph.links(node)
            if fits(_STACKS, name) and (source := graph.source(link)) is not None
        ]
    return once(found)


def _of_node(graph: Graph, node: Node) -> Iterator[str]:
    for called, given in node.inputs.items():
        if isinstance(given, dict) and "lora" in given:  # Power Lora Loader: {"on", "lora", "strength"}
            name = given["lora"] if given.get("on", True) else None
        elif fits(_NETWORK, called) and _is_on(node.inputs, called):
            name = value(graph, given)
        else:
            lora = "lora" in node.kind.lower() or "lora" in called.lower() or called == "populated_text"
            yield from _MENTIONED.findall(given) if isinstance(given, str) and lora else ()
            continue
        if isinstance(name, str) and name.strip().lower() not in ("", "none"):
            yield name


def _is_on(inputs: Mapping[str, object], called: str) -> bool:
    """Whether the LoRA of this input is switched on and of any strength."""
    place = "".join(re.findall(r"\d+", called))
    if inputs.get(f"switch_{place}") in ("Off", False) or inputs.get("toggle") is False:
        return False
    count = next((inputs[name] for name in ("lora_count", "num_loras") if isinstance(inputs.get(name), int)), None)
    if place and count is not None and int(place) > count:
        return False
    strengths = ("strength_model", "lora_model_strength", "strength", f"strength_{place}", f"model_weight_{place}")
    return not any(inputs.get(name) == 0 for name in strengths)
