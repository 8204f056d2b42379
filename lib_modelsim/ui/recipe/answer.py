"""A recipe as HTML: the sentence, the parents with their bars, how that is known, and what else there is to know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...checkpoints.identity import component_label
from ...lineage import kinds
from ...lineage.wording import words
from ...lineage.wording.block_words import number
from ...lineage.wording.document import document
from ...templates import render
from ...text import counted, several, size_text
from ..status import note
from ..view_state import ViewState
from ..words import capital, duration
from .bars import chart, signed
from .repeating import RepeatingScript, data_address, merger_fields, scripts_for

if TYPE_CHECKING:
    from markupsafe import Markup

    from ...lineage.recipe import Recipe
    from ...workspace.lineage.reading import RecipeReading
    from ...workspace.lineage.remembered import Recalled
    from .maker import KnownRecipe, Maker

_KEYS = 6
"""Single weights that are named; of more it says how many."""


def reading_words(known: KnownRecipe) -> str:
    """What has to be read before there is a recipe, as a line of a plan."""
    if known.reading is None:
        return known.why_not
    if known.changed:
        have = "has" if len(known.changed) == 1 else "have"
        return f"{several(known.changed)} {have} changed since, or went away: Make recipe reads what is there now."
    if known.recalled is not None and known.recalled.exact:
        return "Made before from the same models: nothing to read."
    return _reads(known.reading) if known.indexed else _reads_at_most(known.reading)


def _reads_at_most(reading: RecipeReading) -> str:
    files, most = counted(reading.whole, "file"), f"at most about {duration(reading.seconds)}"
    read = f"the headers of {files}, then at most all of them, {size_text(reading.size)}"
    return f"Not indexed yet: reads {read}; {most}."


def _reads(reading: RecipeReading) -> str:
    samples = f"samples of up to {counted(reading.sampled, 'file')}, {size_text(reading.samples)}"
    how_long = f"about {duration(reading.seconds)}"
    if reading.whole:
        read = f"reads {reading.whole:,} files, {size_text(reading.size)} of them, once, and {samples}"
        return f"Not all weights of these models were compared with each other yet: {read}; {how_long}."
    return f"From what is indexed; reads {samples}, {how_long}."


def recipe_panel(maker: Maker, session: ViewState, known: KnownRecipe) -> str:
    """What is known, or what to do."""
    if not maker.names:
        return note("No checkpoints found", "The page Families says where to put some.")
    if maker.chosen is None:
        return note("What is this checkpoint made of?", "Choose a model, then press Make recipe.")
    if known.recalled is None:
        return note(maker.chosen, "Not looked at yet. Press Make recipe; the line at the top shows how far it is.")
    found, backend = known.recalled.recipe, session.backend
    return recipe_card(known.recalled, scripts_for(found, backend), merger_fields(found, backend), known.changed)


def recipe_card(
    recalled: Recalled, scripts: Sequence[RepeatingScript] = (), merger: str = "", changed: Sequence[str] = ()
) -> Markup:
    """A recipe with all that is known of it; `merger` is what goes into the WebUI's own fields; files of models that
    have `changed` are others than those that it was made from."""
    found = recalled.recipe
    return render(
        "ui/templates/recipe.html",
        target=found.target,
        sentence=words.sentence(found).replace(" %", "\xa0%"),
        sure=found.sure,
        stale=_stale(recalled, changed),
        chart=chart(found),
        facts=_facts(found),
        components=_components(found),
        claim=found.claim,
        notes=[*words.limits(found), *_base_wanted(found)],
        scripts=scripts,
        merger=merger,
        data=data_address(json.dumps(document(found), indent=1), "application/json"),
    )


def _base_wanted(found: Recipe) -> list[str]:
    """How to name the base, where what is told depends on it."""
    if found.sure or found.base is not None or not found.parents:
        return []
    return ["if the model that these were all trained from is here, choose it in the field Base"]


def _stale(recalled: Recalled, changed: Sequence[str]) -> str:
    """What has changed since, where it was made from others."""
    if recalled.exact and not changed:
        return ""
    since = [f"changed since then, or gone: {several(changed)}"] if changed else []
    since += [f"new since then: {several(recalled.new)}"] if recalled.new else []
    since += [f"gone since then: {several(recalled.gone)}"] if recalled.gone else []
    return f"From an earlier look; {'; '.join(since) or 'with another base'}. Press Make recipe to look again."


def _facts(found: Recipe) -> list[tuple[str, str]]:
    """What there is to say beside the shares: a label and a text each."""
    named = found.method is not None and found.method.name == found.kind
    facts = [] if named else [("Kind", _label(found.kind))]
    if found.method is not None:
        facts += _method(found)
    if found.residual is not None and found.missing is None:
        facts.append(("Explained", words.explained_of(found)))
    if found.missing is not None:
        left = f"{100 * found.missing.unexplained:.0f} % of the way from the nearest parent is unexplained"
        facts.append(("A parent is missing", f"{left}. {capital(found.missing.why)}"))
    if found.trained_after:
        facts.append(("Trained after", f"changed by {100 * found.trained_after:.2f} % of its size"))
    for lora in found.lora:
        rank = "" if lora.rank is None else f", rank {lora.rank}"
        strength = "" if lora.strength is None else f", strength {signed(lora.strength)}"
        facts.append(("LoRA baked in", f"{lora.name or 'none that is here'}{rank}{strength}"))
    if found.keys:
        more = f" and {len(found.keys) - _KEYS} more" if len(found.keys) > _KEYS else ""
        facts.append(("Single weights changed", ", ".join(found.keys[:_KEYS]) + more))
    if found.base is not None:
        facts.append(("Base", found.base))
    return facts


def _method(found: Recipe) -> list[tuple[str, str]]:
    method = found.method
    parameters = [f"{name} {number(value)}" for name, value in method.parameters.items()]
    facts = [("Method", ", ".join([_label(method.name), *parameters]))]
    left = method.residual_in_roundings
    if left is not None:
        proof = "" if found.sure and left < 2 else ", which is no proof"
        facts.append(("How sure", f"leaves {left:.2f} roundings of the stored precision{proof}"))
    return facts + ([("Why", method.why)] if method.why else [])


def _label(kind: str) -> str:
    return "LoRA" if kind == kinds.LORA else capital(kind)


def _components(found: Recipe) -> list[tuple[str, str]]:
    """Component, and where it is from in words."""
    told = {
        "same": lambda origin: f"the same as in {several([origin.source, *origin.same_as])}",
        "merged": lambda _: "merged, as above",
        "changed": lambda origin: f"of {origin.source}, changed" if origin.source else "changed",
        "unknown": lambda _: "of none of these models",
    }
    return [
        (capital(component_label(name)), told[origin.kind](origin) if origin.kind in told else origin.kind)
        for name, origin in found.components.items()
    ]
