"""sd-mecha: a Python script that calls the method that was found.

Source: ljleb/sd-mecha 1.1.8 (PyPI), sd_mecha/extensions/builtin/merge_methods (linear.py, ties.py, slicing.py,
wrappers.py), sd_mecha/merging.py. In this version `sd_mecha.add_difference` fails on what `ties_sum` gives, so that the
method itself is called, by `resolve`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ...text import printable
from .. import kinds
from ..recipe import ParentShare, Recipe
from ..wording import words
from ..wording.apart import difference_of
from .program import CannotRepeat, MergeFiles, MergeProgram, doubts, path_of, require_repeatable, shares, taken_whole
from .tables import shares_by_name

_NAME = "sd-mecha"

_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_DTYPES |= {"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}

_BY_NAME = '''
@sd_mecha.merge_method
def by_name(
    *models: sd_mecha.Parameter(sd_mecha.StateDict[torch.Tensor]), **kwargs
) -> sd_mecha.Return(torch.Tensor):
    key = kwargs["key"]
    begin = max((begin for begin in SHARES if key.startswith(begin)), key=len)
    return sum(share * model[key] for share, model in zip(SHARES[begin], models) if share)

'''


def write(recipe: Recipe, files: MergeFiles) -> str:
    """The script."""
    require_repeatable(recipe)
    if recipe.lora:
        raise CannotRepeat(f"a LoRA is baked into {recipe.target}, which this script for {_NAME} does not do")
    if files.dtype not in _DTYPES:
        raise CannotRepeat(f"{_NAME} writes no {files.dtype}")
    whole = taken_whole(recipe)
    models = list(dict.fromkeys([*(parent.model for parent in recipe.parents), *whole.values()]))
    letters = {model: f"m{i}" for i, model in enumerate(models, 1)}
    table, calls = _calls(recipe, files, letters)
    for model in models:
        if path_of(model, files).suffix.lower() != ".safetensors":
            raise CannotRepeat(f"{_NAME} reads .safetensors files alone, and {model} is none")
    # a name may hold what no source file may: repr() escapes it, and a comment is printable
    lines = [*(f"# {line}" for line in doubts(recipe)), f"# {printable(words.sentence(recipe))}"]
    lines += ["# Needs sd-mecha 1.1.8 from PyPI, in an environment of its own.", ""]
    lines += ["import sd_mecha", "import torch", ""]
    lines += [f"{letters[model]} = sd_mecha.model({_text(files.paths[model])})" for model in models]
    if table:
        lines += ["", "SHARES = {  # beginning of a weight's name: the share of each model; the longest counts"]
        lines += [f"    {begin!r}: {row!r}," for begin, row in table.items()]
        lines += ["}", "", *_BY_NAME.splitlines()]
    output = f'output={_text(f"{recipe.target} again.safetensors")}'
    lines += ["", *calls, f"sd_mecha.merge(recipe, {output}, output_dtype=torch.{_DTYPES[files.dtype]})"]
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    """A text as ASCII source, whatever is in it."""
    return ascii(str(value))


def _calls(recipe: Recipe, files: MergeFiles, letters: Mapping[str, str]) -> tuple[dict, list[str]]:
    """The table of shares, where one is needed, and the lines that make `recipe`."""
    whole = taken_whole(recipe)
    if recipe.kind in (kinds.COPY, kinds.CAST) and not whole:
        return {}, [f"recipe = {next(iter(letters.values()))}"]
    if recipe.kind in _FORMULAS:
        made = _FORMULAS[recipe.kind](recipe, letters)
        if not whole:
            return {}, made
        donors = list(dict.fromkeys(whole.values()))
        table = shares_by_name(_with_donors(recipe, donors), files, [_MADE, *donors])
        return table, [*made, f"recipe = by_name(recipe, {', '.join(letters[donor] for donor in donors)})"]
    if recipe.kind not in kinds.SUMS | {kinds.SWAP, kinds.COPY, kinds.CAST}:
        raise CannotRepeat(f"{_NAME} has no such method ({recipe.kind})")
    found = None if whole else shares(recipe)
    difference = difference_of(recipe) if found else None
    if difference is not None:
        a, b, c = (letters[model] for model in difference[:3])
        return {}, [f"recipe = sd_mecha.add_difference({a}, {b}, {c}, alpha={difference[3]:.4f})"]
    if found and len(found) == 2 and recipe.kind == kinds.WEIGHTED_SUM:
        a, b = found
        return {}, [f"recipe = sd_mecha.weighted_sum({letters[a]}, {letters[b]}, alpha={found[b]:.4f})"]
    return shares_by_name(recipe, files, list(letters)), [f"recipe = by_name({', '.join(letters.values())})"]


_MADE = "\0"
"""Stands for what the formula made in the table of shares; no file is called so."""


def _with_donors(recipe: Recipe, donors: list[str]) -> Recipe:
    """The recipe as a table sees it: all of what the formula made, and whole components of the donors."""
    parents = (ParentShare(_MADE, 1.0), *(ParentShare(donor, 0.0) for donor in donors))
    return replace(recipe, parents=parents, blocks={})


def _by_role(recipe: Recipe, letters: Mapping[str, str], roles: str) -> list[str]:
    held = {parent.role: letters[parent.model] for parent in recipe.parents}
    if not set(roles) <= held.keys():
        raise CannotRepeat(f"which parent of {recipe.target} takes which part is not known")
    return [held[role] for role in roles]


def _number(recipe: Recipe, name: str) -> str:
    parameters = recipe.method.parameters if recipe.method else {}
    if name not in parameters:
        raise CannotRepeat(f"the {name} of {recipe.kind} in {recipe.target} is not known")
    return f"{parameters[name]:.4f}"


def _slerp(recipe: Recipe, letters: Mapping[str, str]) -> list[str]:
    a, b = _by_role(recipe, letters, "AB")
    return [f"recipe = sd_mecha.slerp({a}, {b}, alpha={_number(recipe, 'alpha')})"]


def _geometric(recipe: Recipe, letters: Mapping[str, str]) -> list[str]:
    a, b = _by_role(recipe, letters, "AB")
    return [f"recipe = sd_mecha.geometric_sum({a}, {b}, alpha={_number(recipe, 'alpha')})"]


def _train_difference(recipe: Recipe, letters: Mapping[str, str]) -> list[str]:
    a, b, c = _by_role(recipe, letters, "ABC")
    mask = f"sd_mecha.train_difference_mask({a}, {b}, {c}, alpha={_number(recipe, 'alpha')})"
    return [f"mask = {mask}", f"recipe = sd_mecha.add_difference({a}, {b}, {c}, alpha=mask)"]


def _ties(recipe: Recipe, letters: Mapping[str, str]) -> list[str]:
    roles = [parent.role for parent in recipe.parents if parent.role and parent.role != "C"]
    base, *models = _by_role(recipe, letters, "C" + "".join(sorted(roles)))
    deltas = ", ".join(f"sd_mecha.subtract({model}, {base})" for model in models)
    vote = ", vote_sgn=True" if recipe.method and recipe.method.parameters.get("vote_sgn") else ""
    return [
        f"delta = sd_mecha.ties_sum({deltas}, k={_number(recipe, 'k')}{vote})",
        'add = sd_mecha.extensions.merge_methods.resolve("add_difference")',
        f"recipe = add({base}, delta, alpha={_number(recipe, 'alpha')})",
    ]


_FORMULAS: dict[str, Callable[[Recipe, Mapping[str, str]], list[str]]] = {
    "slerp": _slerp,
    "geometric": _geometric,
    "train-difference": _train_difference,
    "ties": _ties,
}

PROGRAM = MergeProgram(_NAME, "sd-mecha", ".py", write)
