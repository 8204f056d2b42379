"""Thousands of damaged pictures: whatever is wrong with one is one line, at once.

    python -m benchmarks.picture_fuzz [COUNT] [SEED]     8,000 and 1 where nothing else is said

All formats, the record of every program in every place, bytes and records mutated. Each is looked at as `find` does
(pixels, texts, records, evidence), as a gallery does, and shown small as the page does.
"""

from __future__ import annotations

import faulthandler
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lib_modelsim.errors import ModelsimError
from lib_modelsim.identify.evidence.records import of_records
from lib_modelsim.identify.known_model import KnownModel
from lib_modelsim.pictures.opening import LONGEST, open_picture
from lib_modelsim.pictures.records.reading import look_at, read_records
from lib_modelsim.probes.gallery import read_record
from lib_modelsim.ui.families.previews import inline
from tests.pictures.mutated import mutated_pictures

COUNT, SEED = 8_000, 1
PATIENCE = 60
"""Seconds after which a picture that is still looked at ends the run with a traceback."""

KNOWN = (
    KnownModel("boat_v3", Path("boat_v3.safetensors"), "6ce0161689" + "0" * 54),
    KnownModel("other", None, "1" * 64),
)


@dataclass
class Campaign:
    """What came of it. `slowest` in seconds of the processor; `strange` are exceptions that are not ours."""

    pictures: int = 0
    opened: int = 0
    record_alone: int = 0
    refused: int = 0
    slowest: tuple[float, str] = (0.0, "")
    programs: Counter = field(default_factory=Counter)
    strange: list[str] = field(default_factory=list)


def campaign(count: int = COUNT, seed: int = SEED) -> Campaign:
    """Look at so many; nothing that happens ends it."""
    found = Campaign()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mutated.png")
        for what, content in mutated_pictures(count, seed):
            path.write_bytes(content)
            began = time.process_time()
            try:
                _look(path, content, found)
            except Exception:  # noqa: BLE001 - that is what is looked for
                found.strange.append(f"{what}: {traceback.format_exc()}")
            found.slowest = max(found.slowest, (time.process_time() - began, what))
            found.pictures += 1
    return found


def _look(path: Path, content: bytes, found: Campaign) -> None:
    try:
        looked = look_at(path)
    except ModelsimError as error:
        if not (str(error).startswith(path.name) and str(error).isprintable()):
            raise AssertionError(f"not one line with the file's name: {error!r}") from error
        found.refused += 1
    else:
        found.opened += looked.picture is not None
        found.record_alone += looked.picture is None
        assert looked.picture is None or (looked.picture.mode == "RGB" and max(looked.picture.size) <= LONGEST)
        found.programs.update(record.program for record in looked.records.records)
        told = [looked.records.pasted or "", looked.records.prompt or "", *looked.records.remarks]
        told += [f"{piece.kind.value} {piece.model} {piece.detail}" for piece in of_records(looked.records, KNOWN)]
        assert all(isinstance(text, str) for text in told)
        if looked.picture is not None:
            inline(looked.picture, path.name, max(looked.picture.size))
    read_records(content)
    read_record(path)
    with suppress(ModelsimError):
        open_picture(content)


def main() -> None:
    count, seed = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((1, COUNT), (2, SEED)))
    faulthandler.enable()
    faulthandler.dump_traceback_later(PATIENCE + count, exit=True)
    found = campaign(count, seed)
    for strange in found.strange[:20]:
        print(strange)
    print(
        f"{found.pictures} pictures: {found.opened} opened, {found.record_alone} record alone, {found.refused} refused"
    )
    print(f"records read: {', '.join(f'{program} {count}' for program, count in found.programs.most_common())}")
    print(f"exceptions but our own: {len(found.strange)}; slowest: {found.slowest[0]:.2f} s ({found.slowest[1]})")


if __name__ == "__main__":
    main()
