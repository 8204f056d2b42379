"""In a WebUI, whose server is not ours, our handlers do nothing for another web page."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("gradio", reason="the page needs gradio")

from lib_modelsim.ui.foreign import is_foreign

HOST = {"host": "127.0.0.1:7860"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://localhost:7860"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:7860"},
        {"sec-fetch-site": "cross-site", "x-forwarded-for": "10.0.0.1"},
    ],
    ids=str,
)
def test_what_another_page_asks_is_told(headers):
    assert is_foreign(HOST | headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"},
        {"host": "a1b2.gradio.live", "origin": "https://a1b2.gradio.live"},
        {"origin": "https://sd.example.org", "sec-fetch-site": "same-origin", "x-forwarded-for": "10.0.0.1"},
    ],
    ids=str,
)
def test_what_our_page_asks_is_answered(headers):
    assert not is_foreign(HOST | headers)


SERVER = """
import json, sys
import gradio as gr
from fastapi.testclient import TestClient
from fastapi import FastAPI
from lib_modelsim.ui.wiring import Wiring

asked = []
with gr.Blocks() as page:
    window, field, shown = gr.Textbox(), gr.Textbox(), gr.Textbox()
    Wiring(None, None, window).at_once(field.input, lambda text: asked.append(text) or text, field, shown)
app = gr.mount_gradio_app(FastAPI(), page, path="")
statuses = []
own = {"origin": "http://testserver"}
with TestClient(app) as client:
    for text, headers in (("none", {}), ("own", own), ("foreign", {"origin": "https://elsewhere.example"})):
        body = {"fn_index": 0, "data": ["window", text], "session_hash": "any"}
        statuses.append(client.post("/run/predict", json=body, headers=headers).status_code)
print(json.dumps([asked, statuses]))
"""


def test_no_handler_answers_another_page(python_path):
    env = os.environ | {"PYTHONPATH": python_path}
    done = subprocess.run([sys.executable, "-c", SERVER], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [["none", "own"], [200, 200, 500]]
