"""Recipes as a person reads them aloud, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib_modelsim.lineage.recipe import (
    BakedLora,
    Claim,
    ComponentOrigin,
    FoundMethod,
    MissingParent,
    ParentShare,
    Recipe,
)
from lib_modelsim.lineage.wording import words
from lib_modelsim.lineage.wording.block_words import in_a_few_words, number, runs_of

MERGED = ComponentOrigin("merged")


def made(kind, *parents, sure=True, method=None, **fields):
    return Recipe("dreamMix_v3", "SD 1.x", kind, method, parents, sure=sure, coverage=1.0, **fields)


def parent(name, share=None, **more):
    return ParentShare(name, share, **more)


INKWELL, VELVET = parent("inkwell_v2", 0.6), parent("velvet_v3", 0.4)
BLOCKS = (
    {f"IN{i:02}": {"inkwell_v2": 0.8, "velvet_v3": 0.2} for i in range(12)}
    | {"M00": {"inkwell_v2": 0.4, "velvet_v3": 0.6}}
    | {f"OUT{i:02}": {"inkwell_v2": 0.4, "velvet_v3": 0.6} for i in range(12)}
)


SENTENCES = {
    "dreamMix_v3 = 0.60 inkwell_v2 + 0.40 velvet_v3, block-weighted (IN 0.8/0.2, M–OUT 0.4/0.6), VAE of harborlight; "
    "explained to 99.98 %; its own metadata agrees.": made(
        "block-weighted", INKWELL, VELVET, blocks=BLOCKS, residual=0.0002, claim=Claim("x", agrees=True),
        components={"unet": MERGED, "vae": ComponentOrigin("same", "harborlight")},
    ),
    "dreamMix_v3 = 0.60 inkwell_v2 + 0.40 velvet_v3; explained to 99.70 %.": made(
        "weighted sum", INKWELL, VELVET, residual=0.003
    ),
    "dreamMix_v3 = 0.60 inkwell_v2 + 0.40 velvet_v3; explained to the rounding of float16.": made(
        "weighted sum", INKWELL, VELVET, residual=0.003, method=FoundMethod("weighted sum", {}, 0.96), stored="F16"
    ),
    "dreamMix_v3 = 0.60 inkwell_v2 + 0.40 velvet_v3; explained to the rounding of its precision.": made(
        "weighted sum", INKWELL, VELVET, residual=0.003, method=FoundMethod("weighted sum", {}, 0.96)
    ),
    "dreamMix_v3 is perhaps 0.60 inkwell_v2 + 0.40 velvet_v3; explained to 93.1 %.": made(
        "weighted sum", INKWELL, VELVET, residual=0.069, sure=False
    ),
    "dreamMix_v3 = 1.50 inkwell_v2 − 0.50 velvet_v3.": made(
        "weighted sum", parent("inkwell_v2", 1.5), parent("velvet_v3", -0.5)
    ),
    "dreamMix_v3 = −0.25 inkwell_v2 + 1.25 velvet_v3.": made(
        "weighted sum", parent("inkwell_v2", -0.25), parent("velvet_v3", 1.25)
    ),
    "dreamMix_v3 = inkwell_v2 + 0.50 · (velvet_v3 − base).": made(
        "add-difference", parent("base", -0.5), parent("inkwell_v2", 1.0), parent("velvet_v3", 0.5)
    ),
    "dreamMix_v3 = inkwell_v2 + (velvet_v3 − base).": made(
        "add-difference", parent("inkwell_v2", 1.0), parent("velvet_v3", 1.0), parent("base", -1.0)
    ),
    "dreamMix_v3 = 0.60 inkwell_v2 (or inkwell-copy) + 0.40 velvet_v3.": made(
        "weighted sum", replace(INKWELL, same_as=("inkwell-copy",)), VELVET
    ),
    "dreamMix_v3 is perhaps 0.60 inkwell_v2; a parent is missing: 32 % unexplained.": made(
        "weighted sum", INKWELL, sure=False, missing=MissingParent(0.32, "why")
    ),
    "dreamMix_v3 = 0.60 inkwell_v2 + 0.40 velvet_v3; then trained, which changed its weights by 2.1 %.": made(
        "fine-tune of a merge", INKWELL, VELVET, trained_after=0.021
    ),
    "dreamMix_v3 is perhaps 0.60 inkwell_v2 + 0.40 velvet_v3; then perhaps trained: 2.1 % of its weights' "
    "size is left.": made("fine-tune of a merge", INKWELL, VELVET, trained_after=0.021, sure=False),
    "dreamMix_v3 has the same weights as inkwell_v2 in all that was compared.": made(
        "copy", parent("inkwell_v2", 1.0), residual=0.0, sure=False
    ),
    "dreamMix_v3 is perhaps inkwell_v2, adjusted in out.0.weight.": made(
        "adjust", parent("inkwell_v2", 1.0), keys=("out.0.weight",), residual=1.0, sure=False
    ),
    "dreamMix_v3 was trained from inkwell_v2; its training changed its weights by 4.0 %.": made(
        "fine-tune", parent("inkwell_v2", 1.0), trained_after=0.04
    ),
    "dreamMix_v3 = inkwell_v2, with the LoRA ink_style at 0.80.": made(
        "lora", parent("inkwell_v2", 1.0), lora=(BakedLora(16, "ink_style", 0.8),)
    ),
    "dreamMix_v3 = inkwell_v2, with a LoRA that is not here (rank 16).": made(
        "lora", parent("inkwell_v2", 1.0), lora=(BakedLora(16),)
    ),
    "dreamMix_v3 = inkwell_v2, with the LoRA ink_style at −0.50.": made(
        "lora", parent("inkwell_v2", 1.0), lora=(BakedLora(16, "ink_style", -0.5),)
    ),
    "dreamMix_v3 has the same weights as inkwell_v2.": made("copy", parent("inkwell_v2", 1.0), residual=0.0),
    "dreamMix_v3 is inkwell_v2 in another precision.": made("cast", parent("inkwell_v2", 1.0)),
    "dreamMix_v3 = inkwell_v2, VAE of harborlight.": made(
        "component swap", parent("inkwell_v2", 1.0), parent("harborlight"),
        components={"unet": ComponentOrigin("same", "inkwell_v2"), "vae": ComponentOrigin("same", "harborlight")},
    ),
    "dreamMix_v3 = inkwell_v2, adjusted in out.0.weight and out.2.bias.": made(
        "adjust", parent("inkwell_v2", 1.0), keys=("out.0.weight", "out.2.bias")
    ),
    "dreamMix_v3 = slerp of inkwell_v2 and velvet_v3 (alpha 0.3).": made(
        "slerp", parent("inkwell_v2", 0.7, role="A"), parent("velvet_v3", 0.3, role="B"),
        method=FoundMethod("slerp", {"alpha": 0.3}),
    ),
    "dreamMix_v3 = ties of inkwell_v2 and velvet_v3 over base (k 0.5, alpha 1).": made(
        "ties", parent("inkwell_v2", role="A"), parent("velvet_v3", role="B"), parent("base", role="C"),
        method=FoundMethod("ties", {"k": 0.5, "alpha": 1.0}),
    ),
    "dreamMix_v3 is kin to none of these checkpoints.": made("unrelated"),
    "What dreamMix_v3 is made of could not be told from these checkpoints.": made("unknown", sure=False),
    "dreamMix_v3 = 0.60 inkwell_v2 + 0.40 velvet_v3; its own metadata says something else.": made(
        "weighted sum", INKWELL, VELVET, claim=Claim("x", agrees=False)
    ),
    "dreamMix_v3 = 0.60 inkwell_v2 + 0.40 velvet_v3; what its own metadata says could not be checked.": made(
        "weighted sum", INKWELL, VELVET, claim=Claim("x")
    ),
    "dreamMix_v3 = 0.60 inkwell_v2 + 0.40 velvet_v3, VAE not explained.": made(
        "weighted sum", INKWELL, VELVET, components={"unet": MERGED, "vae": ComponentOrigin("unknown")}
    ),
}  # fmt: skip


@pytest.mark.parametrize("said", SENTENCES)
def test_the_sentence(said):
    assert words.sentence(SENTENCES[said]) == said


def test_a_method_that_the_words_do_not_know_is_told_by_its_name_whatever_shares_it_has():
    assert words.made_of(made("min", INKWELL, VELVET)) == "dreamMix_v3 = min of inkwell_v2 and velvet_v3"


def test_a_component_that_all_parents_share_is_not_told():
    components = {"vae": ComponentOrigin("same", "inkwell_v2", ("velvet_v3",)), "unet": MERGED}
    assert "VAE" not in words.sentence(made("weighted sum", INKWELL, VELVET, components=components))


@pytest.mark.parametrize(
    ("residual", "said"),
    [
        (0.0, "100 %"), (1e-9, "99.99 %"), (0.0002, "99.98 %"), (0.00999, "99.00 %"), (0.02, "98.0 %"),
        (0.1, "90.0 %"), (0.5, "50 %"), (1.0, "0 %"), (1.7, "0 %"),
    ],
)  # fmt: skip
def test_explained_is_never_rounded_up_to_all(residual, said):
    assert words.explained(residual) == said


def test_runs_of_blocks_by_name():
    parents = ["inkwell_v2", "velvet_v3"]
    assert [name for name, _ in runs_of(BLOCKS, parents)] == ["IN", "M–OUT"]
    first = {f"IN{i:02}": {"inkwell_v2": 1.0 if i < 4 else 0.0} for i in range(12)}
    assert [name for name, _ in runs_of(first, parents)] == ["IN00–IN03", "IN04–IN11"]
    varied = {f"IN{i:02}": {"inkwell_v2": i / 12, "velvet_v3": 1 - i / 12} for i in range(12)}
    assert in_a_few_words(varied, parents) == ""
    same = {f"IN{i:02}": {"inkwell_v2": 0.6, "velvet_v3": 0.4} for i in range(12)}
    assert in_a_few_words(same, parents) == ""


@pytest.mark.parametrize(("value", "said"), [(0.5, "0.5"), (1, "1"), (-0.25, "−0.25"), (-0.001, "0"), (10, "10")])
def test_numbers_are_short(value, said):
    assert number(value) == said


def test_the_table_of_blocks_and_what_stands_below():
    found = made(
        "block-weighted", replace(INKWELL, low=0.59, high=0.61), parent("velvet_v3", 0.01, low=-0.01, high=0.03),
        blocks=BLOCKS, method=FoundMethod("block-weighted", {}, 0.72, "nothing is left"),
        claim=Claim("the WebUI's merger: weighted sum of a and b", agrees=False, why="it says 0.5"),
    )  # fmt: skip
    assert words.blocks(found)[:2] == [("block", "inkwell_v2", "velvet_v3"), ("IN00", "0.80", "0.20")]
    assert words.evidence(found) == [
        "block-weighted leaves 0.72 roundings: nothing is left",
        "inkwell_v2: 0.6000, between 0.5900 and 0.6100",
        "velvet_v3: 0.0100, between −0.0100 and 0.0300, which cannot be told from 0",
        "its own metadata: the WebUI's merger: weighted sum of a and b; it says 0.5",
    ]
    assert words.limits(replace(found, coverage=0.875, remarks=("no base is known here",))) == [
        "87.5 % of the network was looked at, not the rest",
        "no base is known here",
    ]
    assert words.limits(found) == []
