"""Every network and layout of the shared key lists: recognised, placed, the same in every layout, a tree drawn.

python -m benchmarks.networks [docs/networks.md] [--only WORD]

Writes the table of docs/networks.md. Names, keys and blocks are told at full size, from the lists alone. For the rest
small files are written: every length above 64 that no definition asks for is divided by 64; fused matrices are put
together from their parts, so that they still divide. The first layout of a network gets random values, the others the
same by name. Where a published converter of diffusers takes the small file, its result is compared, too; it knows
nothing of this program.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from benchmarks.network_converters import converted
from lib_modelsim.checkpoints import blocks
from lib_modelsim.checkpoints.architecture import kind_of, variant_of
from lib_modelsim.checkpoints.hashing import identify
from lib_modelsim.checkpoints.identity import Identity
from lib_modelsim.checkpoints.names import common_names
from lib_modelsim.checkpoints.networks import networks, public_name
from lib_modelsim.checkpoints.networks.keys import Marker
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.checkpoints.stored import FLOATS, StoredTensor
from lib_modelsim.errors import CheckpointError, ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.joining import main_component
from lib_modelsim.workspace.families.classify import FamilyRequest, classify
from tests.checkpoints.key_lists import KeyList, key_list, names

SMALLER = 64
NEAR = 0.3
"""How far the members of the small families are apart, relative to their base."""

SAME_NETWORK = {
    "qwen-image-vae": "wan21-vae",
    "t5xxl-shared": "t5xxl",
    "sdxl-vpred": "sdxl",
    "sdxl-edm-vpred": "sdxl",
    "sd15-ema": "sd15",
    "flux-dev-aio": "flux-dev",
    "sd3-medium-clips": "sd3-medium",
    "sd3-medium-clips-t5": "sd3-medium",
    "sd3-comfy-save": "sd3-medium",
}
"""Stem of a list → stem of the one whose network it holds, too."""

Named = list[tuple[str, StoredTensor]]
Values = dict[str, np.ndarray]


@dataclass(frozen=True)
class Row:
    """A line of the table; what does not apply is "–"."""

    file: str
    network: str
    recognised: str
    placed: str
    blocks: str
    same: str = "–"
    tree: str = "–"

    @property
    def cells(self) -> tuple[str, ...]:
        return self.file, self.network, self.recognised, self.placed, self.blocks, self.same, self.tree


def told(found: KeyList) -> Row:
    """What a list is taken for at full size, and where its keys go."""
    try:
        named = common_names(found.tensors)
        shapes = {key: tensor.shape for key, tensor in named}
        kind, variant = public_name(kind_of(shapes)), variant_of(shapes)
    except CheckpointError as error:
        return Row(found.file, found.network, f"no: {error}", "–", "–")
    recognised = f"{kind} {variant}" if variant else kind
    if found.file.startswith(("adapter.", "quant.")):
        return Row(found.file, found.network, recognised, "–", "–")
    expected = {tensor.key for key, tensor in named if _counts(key, tensor)}
    placed = {t.key for key, t in named if t.key in expected and blocks.place(kind, key)[0] not in (None, "other")}
    own = [(blocks.place(kind, key), _makers(kind, block)) for key, t in named if (block := found.block(t.key))]
    right = sum(place == ("unet", block) for place, block in own)
    how = "–" if not own else "all" if right == len(own) else f"{right} of {len(own)}"
    return Row(found.file, found.network, recognised, f"{len(placed)} of {len(expected)}", how)


def _makers(kind: str, block: str) -> str:
    """The name that the network's maker gives a block, where diffusers has another."""
    return block.removeprefix("transformer_") if kind.startswith(("Cosmos-Predict2", "PixArt")) else block


def _counts(key: str, tensor: StoredTensor) -> bool:
    """Whether a tensor is a weight of one of the components: no buffer, no marker, no EMA copy."""
    buffer = key.startswith("model_ema.") or key.endswith("model_sampling.sigmas") or key in ("v_pred", "ztsnr")
    return not buffer and tensor.dtype in FLOATS and "." in key and not key.startswith("edm_vpred.")


# small files


def small_shapes(named: Named) -> dict[str, tuple[int, ...]]:
    """Common name → the shape that it has in the small files."""
    asked = [marker for network in networks() for marker in _with_shapes(_markers(network))]
    return {key: _smaller(key, tensor.shape, asked) for key, tensor in named}


def _markers(network: object) -> Iterator[Marker]:
    groups = [network.markers, *(each.markers for each in (*network.variants, *network.layouts))]
    for group in groups:
        yield from (*group.must, *group.must_not)


def _with_shapes(markers: Iterator[Marker]) -> Iterator[Marker]:
    for marker in markers:
        yield from _with_shapes(iter(marker.any))
        if marker.shape is not None:
            yield marker


def _smaller(key: str, shape: tuple[int, ...], asked: Sequence[Marker]) -> tuple[int, ...]:
    tail = re.sub(r"^(model\.diffusion_model|first_stage_model|text_encoders\.\w+\.transformer)\.", "", key)
    kept = {
        place
        for marker in asked
        if marker.key.match(key) or marker.key.match(tail)
        for place, length in enumerate(marker.shape)
        if length is not None and place < len(shape) and shape[place] == length
    }
    return tuple(
        length if place in kept or length <= SMALLER else -(-length // SMALLER) for place, length in enumerate(shape)
    )


def drawn(shapes: Mapping[str, tuple[int, ...]], seed: int) -> Values:
    draw = np.random.default_rng(seed)
    return {key: draw.standard_normal(shape).astype(np.float16) for key, shape in shapes.items()}


def as_file(named: Named, values: Values) -> Values:
    """The tensors of a file with these parts, put together as it has them."""
    parts: dict[str, list[np.ndarray]] = {}
    for key, tensor in named:
        value = values[key]
        if tensor.strides is not None and value.ndim == 2:  # stored the other way round
            value = value.T
        parts.setdefault(tensor.key, []).append(value)
    whole = {key: np.concatenate(found) if len(found) > 1 else found[0] for key, found in parts.items()}
    return {key: np.ascontiguousarray(value) for key, value in whole.items()}


def save(values: Values, path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    save_file(values, path)
    return path


def same_as_first(named: Named, values: Values, first: Identity, folder: Path) -> str:
    """Whether a file of this layout with the same values is found the same."""
    lacking = {key: tensor.shape for key, tensor in named if key not in values}
    filled = values | drawn({key: _smaller(key, shape, ()) for key, shape in lacking.items()}, 9)
    found = _agree(first, identify(open_checkpoint(save(as_file(named, filled), folder / "other.safetensors"))))
    return f"no: {len(lacking)} tensors in this layout alone" if found == "no" and lacking else found


def _agree(first: Identity, second: Identity) -> str:
    main = main_component(first.content)
    if main not in second.content:
        return f"no: {main} is not found in it"
    return "yes" if first.content[main].exact == second.content[main].exact else "no"


def tree_of(named: Named, values: Values, folder: Path) -> str:
    """Whether the default classify draws a tree of five models of the network."""
    folder.mkdir()
    for seed in range(5):
        change = drawn({key: value.shape for key, value in values.items()}, 100 + seed)
        near = {key: (value + NEAR * change[key]).astype(np.float16) for key, value in values.items()}
        save(as_file(named, near), folder / f"model {seed}.safetensors")
    with Library(None) as library:
        try:
            found = classify([folder], FamilyRequest(), library, Job(), "cpu")
        except ModelsimError as error:
            return f"no: {str(error).replace(str(folder), '…')[:80]}"
    tall = [family for family in found.families if family.tree is not None]
    return "yes" if len(tall) == 1 and len(tall[0].features.models) >= 4 else "no"


def rows_of(stem: str, lists: Sequence[str]) -> Iterator[Row]:
    """The rows of all layouts of one network."""
    first: Identity | None = None
    values: Values = {}
    for name in lists:
        found = key_list(name)
        row = told(found)
        if name.startswith(("adapter.", "quant.")) or row.recognised.startswith("no"):
            yield row
            continue
        named = [(key, tensor) for key, tensor in common_names(found.tensors) if tensor.dtype in FLOATS]
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            if first is None:
                values = drawn(small_shapes(named), 1)
                file = save(as_file(named, values), folder / "first.safetensors")
                first, same = identify(open_checkpoint(file)), "–"
                others = [other for other in lists if other != name and not other.startswith(("adapter.", "quant."))]
                if others:
                    same = "the first"
                by = converted(stem, as_file(named, values))
                if by is not None:
                    agrees = _agree(first, identify(open_checkpoint(save(by, folder / "by.safetensors"))))
                    same += f"; by diffusers' converter: {agrees}"
            else:
                same = same_as_first(named, values, first, folder)
            small = values | drawn({k: _smaller(k, t.shape, ()) for k, t in named if k not in values}, 9)
            yield Row(*row.cells[:5], same, tree_of(named, {key: small[key] for key, _ in named}, folder / "family"))


def grouped() -> dict[str, list[str]]:
    """Stem → its lists; those of one network under several stems together."""
    found: dict[str, list[str]] = {}
    for name in names():
        stem = name if name.startswith(("adapter.", "quant.")) else name.partition(".")[0]
        # a stem may hold a dot: "wan21-t2v-1.3b.original"
        stem = name.rpartition(".")[0] if stem != name else stem
        found.setdefault(SAME_NETWORK.get(stem, stem), []).append(name)
    for stem, lists in found.items():
        lists.sort(key=lambda name: (not name.startswith(f"{stem}."), "diffusers" in name, "prefix" in name, name))
    return found


HEAD = """# Networks

Made by `python -m benchmarks.networks docs/networks.md`, which says how, from the key lists of the networks that people
hold in 2026. *Recognised* is what `scan` says; *keys* how many of the file's weights have a place in a component;
*blocks* whether every key of the network is in the block that its own tools count it to; *same* whether files of two
layouts with the same values are found the same to the bit; *tree* whether the default `classify` draws one of five
models. "–" does not apply: adapters and quantised files are recognised here, and compared by tests. A block has the
maker's name: what Cosmos-Predict2 and PixArt call `blocks` is `transformer_blocks` in diffusers.

"""


def document(rows: Sequence[Row]) -> str:
    """The page."""
    main = [row for row in rows if not row.file.startswith(("adapter.", "quant."))]
    counts = [
        ("of a network, text encoder or VAE", len(main)),
        ("recognised", sum(not row.recognised.startswith(("unknown", "no")) for row in main)),
        ("all keys placed", sum(len({*row.placed.split(" of ")}) == 1 for row in main)),
        ("all blocks right, or none asked for", sum(row.blocks in ("all", "–") for row in main)),
        ("tree drawn", sum(row.tree == "yes" for row in main)),
        ("not the same across layouts", sum(row.same.startswith("no") or row.same.endswith("no") for row in main)),
    ]
    lines = [HEAD + f"{len(rows)} lists: " + ", ".join(f"{n} {what}" for what, n in counts) + ".\n"]
    lines += ["| list | network | recognised | keys | blocks | same | tree |", "|---|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row.cells)} |" for row in rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    rows = []
    for stem, lists in grouped().items():
        if options.only in stem:
            for row in rows_of(stem, lists):
                print(" | ".join(row.cells), file=sys.stderr, flush=True)
                rows.append(row)
    if options.out:
        options.out.write_text(document(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
