"""The page's process, started as people start it, and what a browser gets that has opened its address."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).parents[2]
GRADIO3 = Path(sys.prefix) / "gradio3"


@contextmanager
def served(*arguments, python_path=str(ROOT), forgetful=True, **variables):
    """The page's process and its address with the token, until it is interrupted."""
    command = [sys.executable, "-m", "lib_modelsim", "serve", "--no-browser", *map(str, arguments)]
    command += ["--no-library"] * forgetful
    environment = os.environ | {"PYTHONPATH": python_path, "PYTHONUTF8": "1"} | variables
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watchdog = threading.Timer(300, process.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        line = process.stdout.readline()
        watchdog.cancel()
        yield process, next((word for word in line.split() if word.startswith("http")), None)
    finally:
        process.kill()
        process.communicate()


def origin(address):
    """The address without path and token."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(address))


def client(address, opened=True):
    """A client of the page; one that has `opened` it holds its cookie."""
    found = httpx.Client(base_url=origin(address), timeout=60, trust_env=False)
    if opened:
        assert found.get(address).status_code == 200
    return found
