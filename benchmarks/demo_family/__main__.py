"""Train the demonstration family and write its packed files.

python -m benchmarks.demo_family OUT [--minutes N] [--device cpu|cuda]

Stages are kept in OUT/work: interrupted, the same command goes on with the stage it was in. Remove a file there to
train that stage again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .stages import Family


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.demo_family",
        description="Train the demonstration family and write its packed files.",
    )
    parser.add_argument("folder", type=Path, metavar="OUT", help="where the packed files go; OUT/work keeps the stages")
    parser.add_argument("--minutes", type=float, default=100, help="of training, all stages together (default: 100)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    if not options.minutes > 0:
        parser.error("--minutes: more than 0")
    try:
        Family(options.folder, options.minutes, options.device).make()
    except KeyboardInterrupt:
        print("interrupted; the same command goes on with this stage")
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
