"""Where a WebUI saves the pictures that people make."""

from __future__ import annotations

from pathlib import Path

from .host import Output

_OPTIONS = {
    "outdir_samples": "all images",
    "outdir_txt2img_samples": "txt2img",
    "outdir_hires_samples": "hires. fix",
    "outdir_img2img_samples": "img2img",
    "outdir_control_samples": "control",
    "outdir_extras_samples": "extras",
    "outdir_save": "saved",
}
"""Option → what people call its folder. AUTOMATIC1111, Forge and reForge have all but two: "hires" is Forge Neo's,
"control" SD.Next's."""


def output_folders(opts: object) -> list[Output]:
    """Of the host's options, each folder once. Where one for all images is set, it stands first: the host saves there
    instead of the others, which may hold older ones."""
    found: dict[Path, str] = {}
    for option, name in _OPTIONS.items():
        typed = getattr(opts, option, None)
        if isinstance(typed, str) and typed.strip():
            found.setdefault(Path(typed.strip()).absolute(), name)  # the host's are relative to where it was started
    return [Output(name, folder) for folder, name in found.items()]
