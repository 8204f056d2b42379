"""A suite's grid as the script takes it: names, and where each picture is, in a few bytes a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ...probes.sheet import Sheet
from ..words import column_label


def sheet_document(sheet: Sheet, url_of: Callable[[Path], str]) -> str:
    """JSON with `rows` and `columns` by name, and `cells`: 0 where there is no picture, 1 where its address is the
    row's folder with the column's file, else its address, as pictures of another suite may belong to this one, too."""
    urls = [
        [url_of(stored.path) if stored is not None else "" for stored in sheet.of_checkpoint(row.checkpoint)]
        for row in sheet.rows
    ]
    folders = [next((url.rpartition("/")[0] + "/" for url in line if url), "") for line in urls]
    files = [next((url.rpartition("/")[2] for url in column if url), "") for column in zip(*urls, strict=True)]
    cells = [
        [0 if not url else 1 if url == folder + file else url for url, file in zip(line, files, strict=True)]
        for line, folder in zip(urls, folders, strict=True)
    ]
    document = {
        "rows": [row.name for row in sheet.rows],
        "columns": [column_label(column) for column in sheet.columns],
        "folders": folders,
        "files": files,
        "cells": cells,
    }
    return json.dumps(document, separators=(",", ":"))
